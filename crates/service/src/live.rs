//! New events, passed on inside this process as soon as they are durable.
//!
//! One thread reads the log for everybody who wants to know at once: streams, agents that wait for
//! work, workers. Events of other processes on the same database are found by looking again after
//! [`LOOK_EVERY`].

use std::sync::{Condvar, Mutex, PoisonError, RwLock};
use std::time::Duration;

use openmoss_storage::event::{Filter, latest, list_after};

use crate::error::ServiceError;
use crate::{Recorded, Service};

/// How late an event of another process may be noticed.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Events read at once.
const BATCH_MAX: i64 = 500;

/// Is called with new events, oldest first. It must be quick: all listeners share one thread.
pub type Listener = Box<dyn Fn(&[Recorded]) + Send + Sync>;

/// Who wants to know, and how far they know.
#[derive(Default)]
pub(crate) struct Live {
    has_rung: Mutex<bool>,
    bell: Condvar,
    listeners: RwLock<Vec<Listener>>,
    /// The last event that was passed on; none before the first look.
    last: Mutex<Option<i64>>,
}

impl Live {
    pub(crate) fn listen(&self, listener: Listener) {
        self.listeners.write().unwrap_or_else(PoisonError::into_inner).push(listener);
    }

    /// Says that something may have been written.
    pub(crate) fn ring(&self) {
        *self.has_rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.bell.notify_all();
    }

    /// Waits until the bell rings, [`LOOK_EVERY`] at most.
    pub(crate) fn wait(&self) {
        let rung = self.has_rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.bell.wait_timeout_while(rung, LOOK_EVERY, |rung| !*rung);
        let (mut rung, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *rung = false;
    }
}

impl Service {
    /// Calls `listener` with every event that is written from now on, by whichever process. It
    /// hears them while a [`Background`](crate::Background) runs.
    pub fn on_events(&self, listener: Listener) {
        self.live.listen(listener);
    }

    /// The number of the newest event that can be read; 0 if there is none.
    pub fn latest_event(&self) -> Result<i64, ServiceError> {
        self.read(|reader| Ok(latest(reader)?))
    }

    /// Passes on what was written since the last time. The first time there is nothing to pass on.
    pub(crate) fn pass_on_events(&self) -> Result<(), ServiceError> {
        let mut last = self.live.last.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mut after) = *last else {
            *last = Some(self.latest_event()?);
            return Ok(());
        };
        loop {
            let events =
                self.read(|reader| Ok(list_after(reader, Filter::default(), after, BATCH_MAX)?))?;
            let Some(newest) = events.last() else {
                return Ok(());
            };
            after = newest.seq;
            *last = Some(after);
            let listeners = self.live.listeners.read().unwrap_or_else(PoisonError::into_inner);
            for listener in listeners.iter() {
                listener(&events);
            }
        }
    }
}
