//! Executors that die: processes of their own, killed at random moments.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use rand::Rng as _;

use super::client::{Client, Credential, SubTask};
use super::executor::{Executor, Habit};
use super::narrator::Narrator;
use super::team::{Team, Trouble};
use crate::error::CliError;
use crate::exit_code::ExitCode;

/// How often one executor is killed; after the last time it stays dead.
const DEATHS: u32 = 4;
/// How long it lives, and how long it is dead, in milliseconds.
const LIFE: Range<u64> = 80..900;
const DEATH: Range<u64> = 200..6000;
/// How long it lives after it began something, and then is dead: for longer than its lease.
const AT_WORK: Range<u64> = 0..150;
const LONG_DEATH: Range<u64> = 6000..9000;
/// How long it may take to begin something.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How much slower it thinks than the others, so that death finds it at work.
const SLOWER: f64 = 4.0;
/// Where the executor's process finds its key: not among the arguments, which everybody can read.
const KEY: &str = "OPENMOSS_KEY";

/// How much faster: a lease of two hours is over in less than four seconds.
pub(super) const FASTER: u32 = 2000;

/// An executor that is killed again and again.
pub(super) struct Mortal<'a> {
    pub(super) name: &'a str,
    pub(super) client: &'a Client,
    pub(super) team: &'a Team<'a>,
    pub(super) workspace: &'a Path,
    /// How many were killed, in all.
    pub(super) deaths: &'a AtomicU32,
}

impl Mortal<'_> {
    /// Lives and dies until the end, or until it stays dead.
    pub(super) fn live(&self) -> Result<(), Trouble> {
        let failed = |what: &str, why: &dyn std::fmt::Display| {
            Trouble::Other(format!("cannot {what} a process: {why}"))
        };
        for death in 1..=DEATHS {
            let mut child = self.spawn().map_err(|error| failed("start", &error))?;
            // Every other time it dies whenever it may be, else at work.
            let is_at_work = death % 2 == 1 && self.begins_something()?;
            self.team.pause(random(if is_at_work { AT_WORK } else { LIFE }));
            if let Some(status) = child.try_wait().map_err(|error| failed("watch", &error))? {
                return Err(failed("keep", &status));
            }
            child.kill().map_err(|error| failed("kill", &error))?;
            child.wait().map_err(|error| failed("bury", &error))?;
            if self.team.is_over() {
                break;
            }
            self.deaths.fetch_add(1, Ordering::Relaxed);
            let for_good = if death == DEATHS { " for good" } else { "" };
            self.team.narrator.say(&format!("{} is killed{for_good}", self.name));
            self.team.pause(random(if is_at_work { LONG_DEATH } else { DEATH }));
        }
        Ok(())
    }

    /// Waits until it has work in progress; whether it has.
    fn begins_something(&self) -> Result<bool, Trouble> {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE && !self.team.is_over() {
            let path = "/api/sub-tasks/mine?status=in_progress";
            if !self.client.get_newest::<SubTask>(path, 1)?.is_empty() {
                return Ok(true);
            }
            self.team.pause(LOOK_EVERY);
        }
        Ok(false)
    }

    fn spawn(&self) -> std::io::Result<Child> {
        Command::new(std::env::current_exe()?)
            .arg("demo-executor")
            .args(["--url", self.client.url(), "--name", self.name])
            .arg("--workspace")
            .arg(self.workspace)
            .args(["--speed", &(self.team.speed / SLOWER).to_string()])
            .env(KEY, self.client.key())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    }
}

fn random(millis: Range<u64>) -> Duration {
    Duration::from_millis(rand::rng().random_range(millis))
}

/// An executor of the demo in a process of its own
#[derive(Args)]
pub(crate) struct ExecutorArgs {
    /// The server
    #[arg(long)]
    url: String,
    /// What it is called
    #[arg(long)]
    name: String,
    /// The folder that the whole team sees
    #[arg(long)]
    workspace: PathBuf,
    /// How fast it thinks
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
}

/// Works until it is killed, or the server is gone.
pub(crate) fn run_executor(args: &ExecutorArgs) -> Result<ExitCode, CliError> {
    let key = std::env::var(KEY)
        .map_err(|why| CliError::Usage(format!("{KEY} must hold the agent's key: {why}")))?;
    let client = Client::new(&args.url, Credential::Agent(key));
    let narrator = Narrator::start();
    let team = Team::new(&narrator, args.speed);
    let (name, workspace) = (args.name.as_str(), args.workspace.as_path());
    let executor =
        Executor { name, client: &client, team: &team, workspace, habit: Habit::Careful };
    executor.work().map_err(|trouble| CliError::Failed(trouble.to_string()))?;
    Ok(ExitCode::Done)
}
