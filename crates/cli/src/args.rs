//! The command line. Each group of commands has its own arguments beside its code.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::command::{admin, agent, config, db, skills, sub_task, task};
use crate::fast_clock::FastClock;
use crate::{demo, exit_code};

const EXAMPLES: &str = "\
Examples:
  openmoss                                  serve here, with ./config.yaml and ./data/tasks.db
  openmoss --host 127.0.0.1 --port 8080     serve this machine only, on another port
  openmoss --database postgres://u:p@h/moss serve from PostgreSQL, as one of many replicas
  openmoss demo                             watch a team of agents do a real job
  openmoss agent create scout --role executor
  openmoss task list --json
  openmoss help sub-task                    what can be done with sub-tasks

Environment:
  OPENMOSS_CONFIG           the configuration file, as --config
  OPENMOSS_<SECTION>__<KEY> any setting, such as OPENMOSS_SERVER__PORT (docs/configuration.md)
  OPENMOSS_LOG              what is logged, such as debug or openmoss_http=trace (else RUST_LOG)

";

/// A coordination server for teams of AI agents.
///
/// Without a command it serves: the HTTP API, the dashboard and everything else in one process.
/// The other commands act on the same data directly, whether a server is running or not.
#[derive(Parser)]
#[command(
    name = "openmoss",
    version,
    after_help = "See `openmoss --help` for examples and exit codes.",
    after_long_help = format!("{EXAMPLES}{}", exit_code::TABLE),
    max_term_width = 100
)]
struct Arguments {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    listen: ListenArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Under which heading help shows what every command takes.
const PLACE: &str = "Configuration and data";

/// Where the configuration and the data are.
#[derive(Args, Default)]
pub(crate) struct PlaceArgs {
    /// The configuration file
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = PLACE,
        help = "The configuration file [default: $OPENMOSS_CONFIG, else config.yaml]"
    )]
    pub(crate) config: Option<PathBuf>,
    /// The database, instead of the configured one.
    #[arg(
        long,
        global = true,
        value_name = "PATH|URL",
        help_heading = PLACE,
        help = "The database instead of the configured one: a path, sqlite://PATH or postgres://…"
    )]
    pub(crate) database: Option<String>,
}

/// Where the server listens.
#[derive(Args, Default)]
pub(crate) struct ListenArgs {
    /// The address to listen on, such as 127.0.0.1 or 0.0.0.0 [default: server.host]
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Option<String>,
    /// The TCP port; 0 takes a free one [default: server.port]
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
    /// Time runs faster, for simulations: since when, in microseconds, and how much
    #[arg(long, hide = true, value_name = "MICROS:FACTOR")]
    pub(crate) fast_clock: Option<FastClock>,
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve the API and the dashboard (what `openmoss` alone does)
    ///
    /// When it is ready, one line on stdout says so: `OpenMOSS is ready at http://…`. Logs go to
    /// stderr. SIGTERM or Ctrl-C finishes the running requests and stops; a second one stops at
    /// once.
    Serve(ListenArgs),
    Demo(demo::DemoArgs),
    #[command(hide = true)]
    DemoExecutor(demo::ExecutorArgs),
    Config(config::ConfigArgs),
    Agent(agent::AgentArgs),
    Task(task::TaskArgs),
    SubTask(sub_task::SubTaskArgs),
    Admin(admin::AdminArgs),
    Skills(skills::SkillsArgs),
    Db(db::DbArgs),
}

impl Command {
    /// What is logged while no variable chooses.
    pub(crate) const fn default_log_filter(&self) -> &'static str {
        match self {
            Self::Serve(_) => "info,actix_server=warn",
            Self::Demo(_)
            | Self::DemoExecutor(_)
            | Self::Config(_)
            | Self::Agent(_)
            | Self::Task(_)
            | Self::SubTask(_)
            | Self::Admin(_)
            | Self::Skills(_)
            | Self::Db(_) => "warn",
        }
    }
}

/// The command line, understood.
pub(crate) struct Cli {
    /// Where the configuration and the data are.
    pub(crate) place: PlaceArgs,
    /// What to do.
    pub(crate) command: Command,
}

impl Cli {
    /// Parses this process's command line; help and mistakes end the process.
    pub(crate) fn parse_or_exit() -> Self {
        let parsed = Self::understand(Arguments::parse());
        parsed.unwrap_or_else(|error| error.exit())
    }

    /// `--host` and `--port` may stand before `serve`, and before nothing else.
    fn understand(arguments: Arguments) -> Result<Self, clap::Error> {
        let Arguments { place, listen, command } = arguments;
        let command = match command {
            None => Command::Serve(listen),
            Some(Command::Serve(after)) => Command::Serve(ListenArgs {
                host: after.host.or(listen.host),
                port: after.port.or(listen.port),
                fast_clock: after.fast_clock.or(listen.fast_clock),
            }),
            Some(_) if listen.host.is_some() || listen.port.is_some() => {
                let message = "--host and --port before the command are for serving only";
                return Err(Arguments::command().error(ErrorKind::ArgumentConflict, message));
            }
            Some(other) => other,
        };
        Ok(Self { place, command })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Cli, clap::Error> {
        let words = std::iter::once("openmoss").chain(words.iter().copied());
        Cli::understand(Arguments::try_parse_from(words)?)
    }

    #[test]
    fn verify_cli() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn no_command_serves() {
        let cli = parse(&["--port", "0", "--database", "x.db"]).ok().unwrap();
        assert_eq!(cli.place.database.as_deref(), Some("x.db"));
        assert!(matches!(
            cli.command,
            Command::Serve(ListenArgs { port: Some(0), host: None, .. })
        ));
    }

    #[test]
    fn the_place_may_stand_before_and_after_the_command() {
        for words in [["--config", "c.yaml", "serve"], ["serve", "--config", "c.yaml"]] {
            let cli = parse(&words).ok().unwrap();
            assert_eq!(cli.place.config, Some(PathBuf::from("c.yaml")));
        }
    }

    #[test]
    fn where_to_listen_is_for_serving_only() {
        let cli = parse(&["--host", "::1", "serve", "--port", "1"]).ok().unwrap();
        assert!(matches!(
            cli.command,
            Command::Serve(ListenArgs { host: Some(_), port: Some(1), .. })
        ));
        let error = parse(&["--port", "1", "task", "list"]).err().unwrap();
        assert_eq!(error.exit_code(), 2);
    }
}
