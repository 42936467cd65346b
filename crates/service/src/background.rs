//! What a server does beside answering: jobs that come round again, and the passing on of events.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::Service;
use crate::error::ServiceError;

/// How long new events are gathered before they are passed on together.
const GATHER_FOR: Duration = Duration::from_millis(5);

/// Work that comes round again. A failure is logged, and the next round comes all the same.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    /// What it does, for the log and the thread's name.
    pub name: &'static str,
    /// The time between two rounds; the first is at once.
    pub every: Duration,
    /// One round.
    pub run: fn(&Service) -> Result<(), ServiceError>,
}

/// Every job of a server.
pub const JOBS: &[Job] = &[
    Job { name: "settings", every: Duration::from_secs(3), run: Service::refresh_settings },
    Job { name: "patrol", every: Duration::from_secs(2), run: Service::patrol_in_turn },
    Job { name: "signs of life", every: Duration::from_secs(5), run: Service::keep_signs },
    Job { name: "tidying", every: Duration::from_hours(1), run: Service::tidy_up },
    Job { name: "request log", every: Duration::from_millis(500), run: Service::keep_request_log },
    Job { name: "recurrence", every: Duration::from_secs(5), run: Service::open_due_rounds },
    Job { name: "forgetting", every: Duration::from_secs(10), run: Service::forget_old_requests },
    Job {
        name: "notifications",
        every: Duration::from_secs(1),
        run: Service::deliver_notifications,
    },
    Job { name: "waking", every: Duration::from_secs(1), run: Service::keep_agents_awake },
    Job { name: "outbox", every: Duration::from_hours(1), run: Service::forget_what_was_sent },
];

/// Threads that work beside the requests. Dropping it ends them, after the step of a round they are in.
#[derive(Debug)]
pub struct Background {
    service: Arc<Service>,
    stop: Arc<Stop>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Stop {
    has_come: Mutex<bool>,
    bell: Condvar,
}

impl Stop {
    fn come(&self) {
        *self.has_come.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.bell.notify_all();
    }

    /// Whether it came within this time.
    fn came_within(&self, time: Duration) -> bool {
        let come = self.has_come.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.bell.wait_timeout_while(come, time, |come| !*come);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Background {
    /// Starts everything that a server does beside answering.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(service: &Arc<Service>) -> std::io::Result<Self> {
        Self::with(service, JOBS)
    }

    /// Passes events on and runs `jobs`, for who wants only some of them.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn with(service: &Arc<Service>, jobs: &'static [Job]) -> std::io::Result<Self> {
        let stop = Arc::new(Stop::default());
        service.closing.store(false, Ordering::Relaxed);
        let mut background =
            Self { service: Arc::clone(service), stop: Arc::clone(&stop), threads: Vec::new() };
        // Before anybody can write: what is written from now on is passed on.
        attempt("events", || service.pass_on_events());
        background.spawn("events", pass_on_events)?;
        for job in jobs {
            background.spawn(job.name, move |service, stop| repeat(job, service, stop))?;
        }
        Ok(background)
    }

    fn spawn(
        &mut self,
        name: &'static str,
        run: impl FnOnce(&Service, &Stop) + Send + 'static,
    ) -> std::io::Result<()> {
        let (service, stop) = (Arc::clone(&self.service), Arc::clone(&self.stop));
        let builder = thread::Builder::new().name(format!("openmoss-{name}"));
        self.threads.push(builder.spawn(move || run(&service, &stop))?);
        Ok(())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.service.closing.store(true, Ordering::Relaxed);
        self.stop.come();
        self.service.live.ring();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a background thread ended in a panic");
            }
        }
        // What was noted since the last round.
        attempt("request log", || self.service.write_requests());
    }
}

fn repeat(job: &Job, service: &Service, stop: &Stop) {
    loop {
        attempt(job.name, || (job.run)(service));
        if stop.came_within(job.every) {
            return;
        }
    }
}

fn pass_on_events(service: &Service, stop: &Stop) {
    while !stop.came_within(GATHER_FOR) {
        service.live.wait();
        attempt("events", || service.pass_on_events());
    }
}

impl Service {
    /// Whether a round should leave the rest to the next start.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }
}

/// One round. What goes wrong in it is told, and ends nothing else.
fn attempt(name: &str, round: impl FnOnce() -> Result<(), ServiceError>) {
    match catch_unwind(AssertUnwindSafe(round)) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(job = name, %error, "a background job failed"),
        Err(_) => tracing::error!(job = name, "a background job panicked"),
    }
}
