//! A server in its own process: start, look at, stop.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use tempfile::TempDir;

use crate::client::Client;

/// What stands before the address in the one line that a server prints.
pub(crate) const READY: &str = "OpenMOSS is ready at ";
/// With this, agents register themselves.
pub(crate) const REGISTRATION_TOKEN: &str = "benchmark";
/// How long a server may take to be ready, and to stop.
const START_MAX: Duration = Duration::from_mins(1);
const STOP_MAX: Duration = Duration::from_mins(1);
/// Clock ticks in a second, as Linux shows processor time on every platform that we support.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running server.
pub(crate) struct Server {
    process: Child,
    pub(crate) url: String,
    pub(crate) address: String,
    /// From the start of the process to the first answer.
    pub(crate) start: Duration,
    /// Its working directory, with its log; goes when the server goes.
    _home: Option<TempDir>,
}

impl Server {
    /// Starts the program under test on `database`, a path or URL.
    pub(crate) fn start(program: &Path, dir: &Path, database: &str) -> Result<Self> {
        let home = TempDir::with_prefix_in("server-", dir)?;
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("OPENMOSS_") {
                command.env_remove(name);
            }
        }
        command
            .current_dir(home.path())
            .env("OPENMOSS_AGENT__REGISTRATION_TOKEN", REGISTRATION_TOKEN)
            // It would take what the filled database holds from thousands of owners that never come.
            .env("OPENMOSS_PATROL__ENABLED", "false")
            .args(["serve", "--host", "127.0.0.1", "--port", "0", "--database", database])
            .arg("--config")
            .arg(home.path().join("config.yaml"));
        Self::spawn(command, Some(home))
    }

    /// Starts the bare handler.
    pub(crate) fn start_bare() -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bare");
        Self::spawn(command, None)
    }

    fn spawn(mut command: Command, home: Option<TempDir>) -> Result<Self> {
        let log = home.as_ref().map(|home| home.path().join("server.log"));
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        if let Some(log) = &log {
            command.stderr(File::create(log)?);
        }
        let begun = Instant::now();
        let mut process = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let stdout = process.stdout.take().ok_or_else(|| anyhow!("the server has no stdout"))?;
        let url = match ready_line(stdout) {
            Ok(url) => url,
            Err(error) => {
                // It may have ended by itself, which is what its log explains.
                drop(process.kill());
                process.wait()?;
                return Err(error.context(explain(log)));
            }
        };
        let address = url.trim_start_matches("http://").to_owned();
        let answer = Client::connect(&address)?.get("/api/health", None)?;
        let start = begun.elapsed();
        if answer.status != 200 {
            bail!("/api/health answered {}", answer.status);
        }
        Ok(Self { process, url, address, start, _home: home })
    }

    /// A line of `/proc/PID/status`, such as `VmRSS`, in MiB.
    pub(crate) fn memory(&self, name: &str) -> Result<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        Ok(kib.ok_or_else(|| anyhow!("/proc does not show {name}"))? / 1024.0)
    }

    /// Processor time used so far, in seconds.
    pub(crate) fn cpu(&self) -> Result<f64> {
        Ok(ticks(&self.process.id().to_string(), &[14, 15])? / TICKS_PER_SECOND)
    }

    /// Stops it as an operator would, and waits for its end.
    pub(crate) fn stop(mut self) -> Result<()> {
        let id = self.process.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().context("cannot run kill")?;
        let begun = Instant::now();
        while begun.elapsed() < STOP_MAX {
            if self.process.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("the server did not stop within {STOP_MAX:?}")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `stop` there is nobody to kill, which is no failure.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Processor time of this process and of the load generators that it waited for, in seconds.
pub(crate) fn own_cpu() -> Result<f64> {
    Ok(ticks("self", &[14, 15, 16, 17])? / TICKS_PER_SECOND)
}

/// The sum of some fields of `/proc/PID/stat`, numbered as in its manual.
fn ticks(process: &str, fields: &[usize]) -> Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The second field, the name in brackets, may hold spaces.
    let after = text.rsplit(") ").next().unwrap_or_default();
    let values: Vec<&str> = after.split_whitespace().collect();
    let field = |number: &usize| values.get(number - 3)?.parse::<f64>().ok();
    fields.iter().map(field).sum::<Option<f64>>().ok_or_else(|| anyhow!("cannot read {text:?}"))
}

/// Waits for the line that names the address.
fn ready_line(stdout: std::process::ChildStdout) -> Result<String> {
    let (found, url) = mpsc::channel();
    std::thread::spawn(move || {
        // Reads to the end, so that the server never writes into a closed pipe.
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(url) = line.strip_prefix(READY) {
                drop(found.send(url.trim().to_owned()));
            }
        }
    });
    url.recv_timeout(START_MAX).context("the server did not say that it is ready")
}

fn explain(log: Option<PathBuf>) -> String {
    let text = log.and_then(|log| std::fs::read_to_string(log).ok()).unwrap_or_default();
    let last: Vec<&str> = text.lines().rev().take(5).collect();
    format!("its last lines: {}", last.into_iter().rev().collect::<Vec<_>>().join(" / "))
}
