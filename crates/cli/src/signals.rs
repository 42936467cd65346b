//! Signals that ask the program to stop.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use crate::exit_code::ExitCode;

/// The first signal can be waited for; a second one ends the process at once.
pub(crate) struct Signals(Receiver<()>);

impl Signals {
    /// Listens from now on.
    pub(crate) fn listen() -> io::Result<Self> {
        let (sender, receiver) = channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        // Handlers are in place when this returns: no signal is missed after it.
        let mut stops = {
            let _guard = runtime.enter();
            Stops::new()?
        };
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || runtime.block_on(watch(&mut stops, &sender)))?;
        Ok(Self(receiver))
    }

    /// Waits for a signal.
    pub(crate) fn wait(&self) {
        // Without the watching thread nobody could stop the program any more.
        let _ = self.0.recv();
    }

    /// Whether a signal came within `patience`.
    pub(crate) fn came_within(&self, patience: Duration) -> bool {
        match self.0.recv_timeout(patience) {
            // Without the watching thread nobody could stop the program any more.
            Ok(()) | Err(RecvTimeoutError::Disconnected) => true,
            Err(RecvTimeoutError::Timeout) => false,
        }
    }
}

async fn watch(stops: &mut Stops, sender: &Sender<()>) {
    stops.next().await;
    if sender.send(()).is_err() {
        std::process::exit(ExitCode::Interrupted.number().into());
    }
    stops.next().await;
    tracing::warn!("asked a second time; ending at once");
    std::process::exit(ExitCode::Interrupted.number().into());
}

#[cfg(unix)]
struct Stops {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Stops {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Stops;

#[cfg(not(unix))]
impl Stops {
    #[expect(clippy::unnecessary_wraps, reason = "the same signature as on unix")]
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
