//! `openmoss demo`: a real job, done by scripted agents that know nothing but the HTTP API.
//!
//! Each agent is a thread with its own API key. What they do is what the role prompts ask of
//! models; the thinking is replaced by code that reads the files.

mod chaos;
mod client;
mod document;
mod executor;
mod host;
mod index;
mod job;
mod library;
mod narrator;
mod patrol;
mod planner;
mod report;
mod reviewer;
mod team;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

use clap::Args;

use chaos::{FASTER, Mortal};
use executor::{Executor, Habit};
use host::{Home, Host};
use library::Library;
use narrator::Narrator;
use openmoss_service::{Clock, SystemClock};
use patrol::Patrol;
use planner::{Delivered, Planner};
use report::{Job, Report};
use reviewer::Reviewer;
use team::{End, Team, Trouble};

use crate::args::PlaceArgs;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::fast_clock::FastClock;
use crate::output::Format;
use crate::signals::Signals;

/// With how many sub-tasks the first executor is careless before it learns.
const CARELESS_FOR: u32 = 2;
/// How often the end is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long the job may take, besides the thinking, in all and for each file.
const PATIENCE: Duration = Duration::from_mins(2);
const PATIENCE_PER_FILE: Duration = Duration::from_secs(1);
/// The largest text to think about, in words, for the patience.
const WORDS_MAX: usize = 10_000;

/// Watch a team of scripted agents do a real job over the API
///
/// Starts a server on a fresh database and a team: a planner, executors, a reviewer and a patrol
/// agent. They read a folder of Markdown and text files, describe each one (title, headings, words,
/// links that lead nowhere), review each other's work, and deliver one index of all files. One
/// executor is careless at first, so that there is something to send back. No model is used and
/// nothing leaves this machine.
#[derive(Args)]
#[command(after_help = "\
Examples:
  openmoss demo                          index ./docs, then keep the dashboard open
  openmoss demo --dir ~/notes --speed 0.1   slowly, to watch it in the dashboard
  openmoss demo --chaos                  half of the executors die, and the job is done all the same
  openmoss demo --exit --json            as a test: exit code 0 only if all came out right")]
pub(crate) struct DemoArgs {
    /// The folder of texts [default: ./docs, else this folder]
    #[arg(long, value_name = "PATH")]
    dir: Option<PathBuf>,
    /// How many executors work
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=32))]
    executors: u8,
    /// How fast the agents think; 0.1 is ten times slower, to watch
    #[arg(long, default_value_t = 1.0, value_name = "X", value_parser = parse_speed)]
    speed: f64,
    /// Half of the executors are killed at random moments, and time runs 2,000 times as fast
    #[arg(long)]
    chaos: bool,
    /// End after the job, with exit code 0 only if everything came out right
    #[arg(long)]
    exit: bool,
    /// Keep the data in this new SQLite file
    #[arg(long, value_name = "FILE", conflicts_with = "database")]
    data: Option<PathBuf>,
    /// The TCP port of the demo's server [default: a free one]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) use chaos::{ExecutorArgs, run_executor};

fn parse_speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok().filter(|speed| (0.01..=1000.0).contains(speed));
    speed.ok_or_else(|| "must be a number from 0.01 to 1000".to_owned())
}

/// Runs the demo.
pub(crate) fn run(place: &PlaceArgs, args: &DemoArgs) -> Result<ExitCode, CliError> {
    let signals = Signals::listen().map_err(CliError::io("cannot listen for signals"))?;
    let library = open_library(args.dir.as_deref())?;
    let home = Home::make(place.database.as_deref(), args.data.as_deref())?;
    let clock: Arc<dyn Clock> =
        if args.chaos { Arc::new(FastClock::start(FASTER)) } else { Arc::new(SystemClock) };
    let result = Host::start(&home, args.port, &library.root, args.executors.into(), clock)
        .and_then(|host| show(host, &home, &library, args, &signals));
    home.clean_up();
    result
}

fn open_library(folder: Option<&Path>) -> Result<Library, CliError> {
    let usual = Path::new("docs");
    let here = Path::new(".");
    let folder = folder.unwrap_or(if usual.is_dir() { usual } else { here });
    let what = format!("cannot read the folder {}", folder.display());
    let library = Library::read(folder).map_err(CliError::io(what))?;
    if library.paths.is_empty() {
        return Err(CliError::Failed(format!(
            "there are no Markdown or text files below {}; name another folder with --dir",
            library.root.display()
        )));
    }
    Ok(library)
}

/// The job, its result, and then the server for as long as a person likes to look.
fn show(
    host: Host,
    home: &Home,
    library: &Library,
    args: &DemoArgs,
    signals: &Signals,
) -> Result<ExitCode, CliError> {
    let narrator = Narrator::start();
    greet(&narrator, &host, library);
    let outcome = do_job(&host, home, library, args, signals, &narrator);
    narrator.finish();
    let report = match outcome {
        Ok(report) => report,
        Err(error) => {
            host.stop()?;
            return Err(error);
        }
    };
    Format::of(args.json).print(&report, Report::to_text)?;
    if !args.exit {
        invite(&host, home);
        signals.wait();
    }
    host.stop()?;
    Ok(if report.problems.is_empty() { ExitCode::Done } else { ExitCode::Failed })
}

fn greet(narrator: &Narrator, host: &Host, library: &Library) {
    narrator.say(&format!("The demo's server is at {}", host.url));
    narrator.say(&format!("The admin password is {}", host.admin_password.expose()));
    let (count, root) = (library.paths.len(), library.root.display());
    narrator.say(&format!("The job: index {count} files of {root}"));
    if library.left_out > 0 {
        narrator.say(&format!("{} more files are left out", library.left_out));
    }
}

fn invite(host: &Host, home: &Home) {
    eprintln!();
    eprintln!("The server keeps running: open {}", host.url);
    eprintln!("The admin password is {}", host.admin_password.expose());
    let data = if home.is_temporary() { "; its data goes with it, the index stays" } else { "" };
    eprintln!("Ctrl-C stops it{data}");
}

fn do_job(
    host: &Host,
    home: &Home,
    library: &Library,
    args: &DemoArgs,
    signals: &Signals,
    narrator: &Narrator,
) -> Result<Report, CliError> {
    let team = Team::new(narrator, args.speed);
    let begin = Instant::now();
    let deaths = AtomicU32::new(0);
    let mortals = if args.chaos { usize::from(args.executors / 2) } else { 0 };
    let delivered = work_together(&team, host, home, library, (mortals, &deaths), signals);
    let duration = begin.elapsed();
    let delivered = match (team.end(), delivered) {
        (Some(End::Delivered), Some(delivered)) => delivered,
        (Some(End::Interrupted), _) => return Err(CliError::Interrupted),
        (Some(End::Failed(why)), _) => return Err(CliError::Failed(why)),
        (None | Some(End::Delivered), _) => {
            return Err(CliError::Failed("the demo ended without a delivery".to_owned()));
        }
    };
    let job = Job {
        url: &host.url,
        task_id: &delivered.task_id,
        files: library.paths.len(),
        index: delivered.path.display().to_string(),
        duration,
        requests: host.agents.requests(),
        deaths: args.chaos.then(|| deaths.into_inner()),
    };
    let report = Report::make(&host.agents.planner, job);
    let mut report = report.map_err(|trouble| CliError::Failed(trouble.to_string()))?;
    report.problems.extend(delivered.problems(library));
    Ok(report)
}

/// Every agent in its own thread, until the planner has delivered or something is wrong.
fn work_together(
    team: &Team<'_>,
    host: &Host,
    home: &Home,
    library: &Library,
    (mortals, deaths): (usize, &AtomicU32),
    signals: &Signals,
) -> Option<Delivered> {
    let agents = &host.agents;
    let workspace = &library.root;
    let planner = Planner { client: &agents.planner, team, library, index_path: &home.index };
    let reviewer = Reviewer { client: &agents.reviewer, team, workspace };
    let patrol = Patrol { client: &agents.patrol, team };
    std::thread::scope(|scope| {
        for (number, (name, client)) in agents.executors.iter().enumerate() {
            // The careless one lives: its mistakes are part of the story.
            if number >= agents.executors.len() - mortals {
                let mortal = Mortal { name, client, team, workspace, deaths };
                scope.spawn(move || team.run(name, || mortal.live()));
                continue;
            }
            let habit = if number == 0 { Habit::CarelessFor(CARELESS_FOR) } else { Habit::Careful };
            let executor = Executor { name, client, team, workspace, habit };
            scope.spawn(move || team.run(name, || executor.work()));
        }
        scope.spawn(|| team.run("reviewer", || reviewer.work()));
        scope.spawn(|| team.run("patrol", || patrol.work()));
        let planner = scope.spawn(|| deliver(team, &planner));
        watch(team, signals, patience(library, team.speed));
        planner.join().ok().flatten()
    })
}

fn deliver(team: &Team<'_>, planner: &Planner<'_>) -> Option<Delivered> {
    let mut delivered = None;
    team.run("planner", || {
        delivered = Some(planner.work()?);
        team.finish(End::Delivered);
        Ok::<(), Trouble>(())
    });
    delivered
}

/// Waits for the end, and makes it when a signal comes or it takes too long.
fn watch(team: &Team<'_>, signals: &Signals, patience: Duration) {
    let begin = Instant::now();
    while !team.is_over() {
        if signals.came_within(LOOK_EVERY) {
            team.finish(End::Interrupted);
        }
        if begin.elapsed() > patience {
            let seconds = patience.as_secs();
            team.finish(End::Failed(format!("the job is not done after {seconds} seconds")));
        }
    }
}

fn patience(library: &Library, speed: f64) -> Duration {
    let files = u32::try_from(library.paths.len()).unwrap_or(u32::MAX);
    let for_a_file = PATIENCE_PER_FILE + 3 * team::thinking_time(WORDS_MAX, speed);
    PATIENCE + for_a_file.saturating_mul(files)
}
