//! What the agents' threads share: when to stop, how fast to work, what to tell.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::client::ClientError;
use super::narrator::Narrator;

/// How long an agent that got no work waits before it asks again, besides the waiting at the server.
const BREATH: Duration = Duration::from_millis(20);

/// Why an agent could not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The server refused, or did not answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

/// What the agents' threads share.
pub(super) struct Team<'a> {
    pub(super) narrator: &'a Narrator,
    /// Thinking takes this many times less than it would.
    pub(super) speed: f64,
    end: Mutex<Option<End>>,
    ended: Condvar,
}

/// How the work ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The planner has delivered.
    Delivered,
    /// A signal came.
    Interrupted,
    /// An agent could not go on.
    Failed(String),
}

impl<'a> Team<'a> {
    /// A team that begins.
    pub(super) fn new(narrator: &'a Narrator, speed: f64) -> Self {
        Self { narrator, speed, end: Mutex::new(None), ended: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Option<End>> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the work ended, if it has.
    pub(super) fn end(&self) -> Option<End> {
        self.lock().clone()
    }

    /// Whether to stop.
    pub(super) fn is_over(&self) -> bool {
        self.lock().is_some()
    }

    /// Ends the work. What is said first counts.
    pub(super) fn finish(&self, end: End) {
        self.lock().get_or_insert(end);
        self.ended.notify_all();
    }

    /// Waits, but not beyond the end.
    pub(super) fn pause(&self, duration: Duration) {
        let guard = self.lock();
        let waiting = self.ended.wait_timeout_while(guard, duration, |end| end.is_none());
        drop(waiting);
    }

    /// Keeps an agent from asking without pause.
    pub(super) fn catch_breath(&self) {
        self.pause(BREATH);
    }

    /// Pretends to think about so many words.
    pub(super) fn think(&self, words: usize) {
        self.pause(thinking_time(words, self.speed));
    }

    /// Runs an agent until the end; its trouble is everybody's.
    pub(super) fn run(&self, name: &str, work: impl FnOnce() -> Result<(), Trouble>) {
        // A panic must not leave the others waiting.
        let _guard = FailOnPanic { team: self, name };
        if let Err(trouble) = work() {
            self.finish(End::Failed(format!("{name}: {trouble}")));
        }
    }
}

struct FailOnPanic<'a> {
    team: &'a Team<'a>,
    name: &'a str,
}

impl Drop for FailOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.team.finish(End::Failed(format!("{}: a fault of the demo itself", self.name)));
        }
    }
}

/// A model would take about this long, a hundred times slower.
pub(super) fn thinking_time(words: usize, speed: f64) -> Duration {
    let millis = 60 + u64::try_from(words / 10).unwrap_or(u64::MAX).min(240);
    Duration::from_millis(millis).div_f64(speed)
}
