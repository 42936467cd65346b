//! The connections of a store's pools, none of which outlives the store.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use diesel::r2d2::{ManageConnection, R2D2Connection};

use crate::connection::{self, AnyConnection, Location, Purpose};
use crate::error::StorageError;

/// How long the end of a store waits for its last connection. One to a server that does not answer
/// may be under way for longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Makes connections for a pool. `AnyConnection::establish` is not used: it would try each backend
/// in turn, and SQLite takes any text for a file name.
#[derive(Debug)]
pub(crate) struct Manager {
    pub(crate) location: Location,
    pub(crate) purpose: Purpose,
    pub(crate) living: Living,
}

/// A pooled connection, and whether it should be dropped instead of being used again.
pub(crate) struct Pooled {
    pub(crate) connection: Option<AnyConnection>,
    pub(crate) is_broken: bool,
    // After the connection, which it counts.
    _life: Life,
}

impl ManageConnection for Manager {
    type Connection = Pooled;
    type Error = StorageError;

    fn connect(&self) -> Result<Pooled, StorageError> {
        let life = self.living.begin()?;
        let connection = connection::open(&self.location, self.purpose)?;
        Ok(Pooled { connection: Some(connection), is_broken: false, _life: life })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), StorageError> {
        match &mut pooled.connection {
            Some(connection) => Ok(R2D2Connection::ping(connection)?),
            None => Err(StorageError::Unavailable("the connection is gone".to_owned())),
        }
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.is_broken || pooled.connection.is_none()
    }
}

/// Counts connections from before they are made until after they ended.
///
/// A pool makes them in threads of its own, which nobody can join. When the process ends, OpenSSL,
/// which PostgreSQL's library uses, frees what it has; a thread that connects at that moment
/// crashes the process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Living(Arc<Counted>);

#[derive(Debug, Default)]
struct Counted {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    connections: usize,
    is_closed: bool,
}

impl Counted {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Living {
    fn begin(&self) -> Result<Life, StorageError> {
        let mut state = self.0.state();
        if state.is_closed {
            return Err(StorageError::Unavailable("the store is closed".to_owned()));
        }
        state.connections += 1;
        Ok(Life(Arc::clone(&self.0)))
    }
}

/// One connection, made or in the making.
#[derive(Debug)]
struct Life(Arc<Counted>);

impl Drop for Life {
    fn drop(&mut self) {
        self.0.state().connections -= 1;
        self.0.ended.notify_all();
    }
}

/// The last field of a store: waits for the connections of the pools before it.
#[derive(Debug)]
pub(crate) struct End(pub(crate) Living);

impl Drop for End {
    fn drop(&mut self) {
        let counted = &self.0.0;
        let mut state = counted.state();
        state.is_closed = true;
        let waited =
            counted.ended.wait_timeout_while(state, PATIENCE, |state| state.connections > 0);
        if waited.is_ok_and(|(_, result)| result.timed_out()) {
            tracing::warn!("a database connection outlives its store");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn the_end_waits_for_a_connection_in_the_making_and_lets_none_begin() {
        let living = Living::default();
        let (life, is_over) = (living.begin().unwrap(), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(50));
                is_over.store(true, Ordering::SeqCst);
                drop(life);
            });
            drop(End(living.clone()));
            assert!(is_over.load(Ordering::SeqCst));
        });
        assert!(matches!(living.begin(), Err(StorageError::Unavailable(_))));
    }
}
