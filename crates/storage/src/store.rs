//! The two doors: [`Store::read`] and [`Store::write`].

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::r2d2::Pool;
use openmoss_domain::{Event, EventId};

use crate::connection::{self, AnyConnection, Location, Purpose};
use crate::counter::Deltas;
use crate::error::{Failure, StorageError};
use crate::migrate;
use crate::own;
use crate::pool::{End, Living, Manager};
use crate::writer::GroupWriter;

/// How long a read waits for a free connection before it gives up.
const POOL_TIMEOUT: Duration = Duration::from_secs(10);
/// How often PostgreSQL's transactions are run again after a collision.
#[cfg(feature = "postgres")]
const TRANSACTION_TRIES: u32 = 8;

/// How to open a store.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Where the data lies.
    pub location: Location,
    /// Connections for reading (SQLite) or in all (PostgreSQL).
    pub connections: u32,
    /// Writes that may wait before new ones are refused.
    pub queue_max: usize,
}

/// A connection inside [`Store::read`].
pub struct Reader {
    pub(crate) connection: AnyConnection,
}

/// A connection inside a transaction of [`Store::write`]. It reads as a [`Reader`] does.
pub struct Writer {
    pub(crate) reader: Reader,
    pub(crate) deltas: Deltas,
    /// What was appended in this transaction, if somebody wants to know.
    pub(crate) noted: Option<Vec<(EventId, Event)>>,
}

impl Writer {
    /// Keeps what is appended to the event log from now on in this transaction, for
    /// [`Writer::noted_events`].
    pub fn note_events(&mut self) {
        self.noted = Some(Vec::new());
    }

    /// What was appended since [`Writer::note_events`], oldest first.
    pub fn noted_events(&mut self) -> Vec<(EventId, Event)> {
        self.noted.take().unwrap_or_default()
    }
}

impl std::ops::Deref for Writer {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

impl std::ops::DerefMut for Writer {
    fn deref_mut(&mut self) -> &mut Reader {
        &mut self.reader
    }
}

/// The data, on either backend.
pub struct Store {
    /// Which store of this process it is.
    number: u64,
    location: Location,
    readers: Pool<Manager>,
    backend: Backend,
    // After all that holds connections.
    _end: End,
}

static STORES: AtomicU64 = AtomicU64::new(0);

enum Backend {
    Sqlite(GroupWriter),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Writers),
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens the database, bringing its schema up to date.
    ///
    /// # Errors
    /// When it cannot be reached, belongs to another program, or comes from a newer version.
    pub fn open(options: &StoreOptions) -> Result<Self, StorageError> {
        let mut connection = migrate::open_and_migrate(&options.location)?;
        let living = Living::default();
        let pool = |purpose| {
            let location = options.location.clone();
            Pool::builder()
                .max_size(options.connections)
                .min_idle(Some(1))
                .connection_timeout(POOL_TIMEOUT)
                .test_on_check_out(false)
                .build_unchecked(Manager { location, purpose, living: living.clone() })
        };
        let (readers, backend) = match options.location {
            Location::Sqlite(_) => {
                crate::counter::compact(&mut connection)?;
                let writer = GroupWriter::start(connection, options.queue_max)?;
                (pool(Purpose::Read), Backend::Sqlite(writer))
            }
            #[cfg(feature = "postgres")]
            Location::Postgres(_) => {
                let pool = pool(Purpose::Write);
                let writers = postgres::Writers::new(pool.clone(), options.queue_max);
                (pool, Backend::Postgres(writers))
            }
            #[cfg(not(feature = "postgres"))]
            Location::Postgres(_) => {
                return Err(StorageError::Unavailable("built without PostgreSQL".to_owned()));
            }
        };
        let number = STORES.fetch_add(1, Ordering::Relaxed);
        let location = options.location.clone();
        Ok(Self { number, location, readers, backend, _end: End(living) })
    }

    /// Whether this thread can read at once. On SQLite it gets a connection of its own, which its
    /// reads use from then on; on PostgreSQL an answer is a network away, so it cannot.
    pub fn can_read_here(&self) -> bool {
        match self.backend {
            Backend::Sqlite(_) => {}
            #[cfg(feature = "postgres")]
            Backend::Postgres(_) => return false,
        }
        if own::is_here(self.number) {
            return true;
        }
        match connection::open(&self.location, Purpose::ReadHere) {
            Ok(connection) => {
                own::put(self.number, connection);
                true
            }
            Err(error) => {
                tracing::warn!(%error, "a thread got no connection of its own");
                false
            }
        }
    }

    /// Runs `query` on a connection that only reads. Each statement sees what was committed when
    /// it began. It may run more than once: when a connection turns out to be lost, on another.
    ///
    /// # Errors
    /// What `query` fails with, or [`StorageError`] when no connection is to be had.
    pub fn read<T, E: Failure>(
        &self,
        mut query: impl FnMut(&mut Reader) -> Result<T, E>,
    ) -> Result<T, E> {
        let Some(connection) = own::take(self.number) else {
            return on_a_live_one(&self.readers, || {
                with_pooled(&self.readers, |connection| {
                    let mut reader = Reader { connection };
                    let result = query(&mut reader);
                    (Some(reader.connection), result)
                })
            });
        };
        let mut reader = Reader { connection };
        let result = query(&mut reader);
        if !result.as_ref().err().is_some_and(is_fatal) {
            own::put(self.number, reader.connection);
        }
        result
    }

    /// As [`Store::read`], but every statement sees what was committed when the first one began,
    /// and `query` runs once, whatever happens to its connection.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn read_snapshot<T, E: Failure>(
        &self,
        query: impl FnOnce(&mut Reader) -> Result<T, E>,
    ) -> Result<T, E> {
        let snapshot = |reader: &mut Reader| {
            let begin = match reader.connection {
                AnyConnection::Sqlite(_) => "BEGIN",
                #[cfg(feature = "postgres")]
                AnyConnection::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            };
            reader.connection.batch_execute(begin).map_err(StorageError::from)?;
            let result = query(reader);
            reader.connection.batch_execute("COMMIT").map_err(StorageError::from)?;
            result
        };
        // Once: what was read may be written somewhere already.
        with_pooled(&self.readers, |connection| {
            let mut reader = Reader { connection };
            let result = snapshot(&mut reader);
            (Some(reader.connection), result)
        })
    }

    /// Runs `transaction` and commits it; a failure keeps nothing. It may run more than once, so
    /// it must make no ids, read no clock and publish nothing. The answer comes after the commit
    /// is durable.
    ///
    /// # Errors
    /// What `transaction` fails with, or [`StorageError`] when it could not be committed.
    pub fn write<T, E, F>(&self, transaction: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
        F: Fn(&mut Writer) -> Result<T, E> + Send + 'static,
    {
        match &self.backend {
            Backend::Sqlite(writer) => writer.write(transaction),
            #[cfg(feature = "postgres")]
            Backend::Postgres(writers) => writers.write(&transaction),
        }
    }

    /// Makes one row of those over which counts are spread, as far as nobody writes them just now.
    /// Cheap beside writes; run it now and then. SQLite's counts are not spread.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn compact_counters(&self) -> Result<(), StorageError> {
        match &self.backend {
            Backend::Sqlite(_) => Ok(()),
            #[cfg(feature = "postgres")]
            Backend::Postgres(_) => {
                let mut next = Some((String::new(), String::new()));
                while let Some(from) = next {
                    next = self.write(move |writer| crate::counter::fold(writer, &from))?;
                }
                Ok(())
            }
        }
    }

    /// Copies a SQLite database into a new file while it is in use.
    ///
    /// # Errors
    /// When the target exists or cannot be written, or on PostgreSQL, which has `pg_dump`.
    pub fn backup(&self, target: &std::path::Path) -> Result<(), StorageError> {
        if target.exists() {
            let text = format!("{} exists already; name a new file", target.display());
            return Err(StorageError::Unavailable(text));
        }
        self.read(|reader| migrate::vacuum_into(reader, target))
    }

    /// Whether the database answers and its own checks find nothing. Lists what they find.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn check(&self) -> Result<Vec<String>, StorageError> {
        self.read(migrate::integrity)
    }
}

/// Lends a pooled connection by value, because an enum's variant cannot be lent through `Deref`.
/// The pool drops one that does not come back.
fn with_pooled<T, E: Failure>(
    pool: &Pool<Manager>,
    run: impl FnOnce(AnyConnection) -> (Option<AnyConnection>, Result<T, E>),
) -> Result<T, E> {
    let mut pooled = pool.get().map_err(|error| {
        tracing::warn!(%error, "no database connection is to be had");
        E::from(StorageError::Unavailable("no connection is free".to_owned()))
    })?;
    let Some(connection) = pooled.connection.take() else {
        return Err(StorageError::Unavailable("the connection is gone".to_owned()).into());
    };
    // If `run` panics, the connection stays taken.
    let (connection, result) = run(connection);
    pooled.connection = connection;
    if let Err(error) = &result {
        pooled.is_broken = is_fatal(error);
    }
    result
}

/// Tries again on another connection when one was lost before anything was kept. After a restart of
/// the server every idle one is lost, so each of them may be tried once.
fn on_a_live_one<T, E: Failure>(
    pool: &Pool<Manager>,
    mut attempt: impl FnMut() -> Result<T, E>,
) -> Result<T, E> {
    for _ in 0..pool.max_size() {
        let result = attempt();
        let storage = result.as_ref().err().and_then(Failure::storage);
        if !matches!(storage, Some(StorageError::ConnectionLost(_))) {
            return result;
        }
    }
    attempt()
}

fn is_fatal<E: Failure>(error: &E) -> bool {
    error.storage().is_some_and(StorageError::is_fatal_for_connection)
}

#[cfg(feature = "postgres")]
mod postgres {
    //! One transaction a write, run again after a collision.

    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use diesel::connection::SimpleConnection;
    use diesel::r2d2::Pool;

    use super::{Manager, Reader, TRANSACTION_TRIES, Writer, on_a_live_one, with_pooled};
    use crate::connection::AnyConnection;
    use crate::counter::Deltas;
    use crate::error::{Failure, StorageError};
    use crate::event::fence;

    /// Commits, unless a statement failed and the failure was swallowed: then PostgreSQL would
    /// take a bare COMMIT, and roll back without an error.
    const COMMIT: &str = "SELECT 1; COMMIT";

    /// A pool, and how many writes run on it or wait for it.
    pub(super) struct Writers {
        pool: Pool<Manager>,
        at_once_max: usize,
        at_once: AtomicUsize,
    }

    /// One of those writes.
    struct Place<'a>(&'a AtomicUsize);

    impl Drop for Place<'_> {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }

    impl Writers {
        pub(super) fn new(pool: Pool<Manager>, queue_max: usize) -> Self {
            let running = usize::try_from(pool.max_size()).unwrap_or(usize::MAX);
            let at_once_max = queue_max.saturating_add(running);
            Self { pool, at_once_max, at_once: AtomicUsize::new(0) }
        }

        pub(super) fn write<T, E: Failure>(
            &self,
            transaction: &dyn Fn(&mut Writer) -> Result<T, E>,
        ) -> Result<T, E> {
            let before = self.at_once.fetch_add(1, Ordering::Relaxed);
            let _place = Place(&self.at_once);
            if before >= self.at_once_max {
                return Err(StorageError::Overloaded.into());
            }
            let mut tries = 1;
            loop {
                let result = on_a_live_one(&self.pool, || {
                    with_pooled(&self.pool, |connection| once(connection, transaction))
                });
                let storage = result.as_ref().err().and_then(Failure::storage);
                if !storage.is_some_and(StorageError::is_transient) {
                    return result;
                }
                if tries == TRANSACTION_TRIES {
                    return Err(StorageError::Busy.into());
                }
                // Twins that collided once must not collide in step again.
                let spread = uuid::Uuid::new_v4().as_u128() % 8;
                let pause = u64::from(tries) * u64::try_from(spread).unwrap_or(0);
                std::thread::sleep(Duration::from_millis(pause));
                tries += 1;
            }
        }
    }

    fn once<T, E: Failure>(
        connection: AnyConnection,
        transaction: &dyn Fn(&mut Writer) -> Result<T, E>,
    ) -> (Option<AnyConnection>, Result<T, E>) {
        let reader = Reader { connection };
        let mut writer = Writer { reader, deltas: Deltas::default(), noted: None };
        let outcome = catch_unwind(AssertUnwindSafe(|| run(&mut writer, transaction)));
        let result = outcome.unwrap_or_else(|_| Err(StorageError::Panicked.into()));
        if result.is_err() && writer.connection.batch_execute("ROLLBACK").is_err() {
            tracing::warn!("a transaction could not be rolled back; its connection is dropped");
            return (None, result);
        }
        (Some(writer.reader.connection), result)
    }

    fn run<T, E: Failure>(
        writer: &mut Writer,
        transaction: &dyn Fn(&mut Writer) -> Result<T, E>,
    ) -> Result<T, E> {
        writer.connection.batch_execute(fence::BEGIN).map_err(StorageError::from)?;
        let value = transaction(writer)?;
        std::mem::take(&mut writer.deltas).flush(&mut writer.reader)?;
        let committed = writer.connection.batch_execute(COMMIT).map_err(StorageError::from);
        if let Err(StorageError::ConnectionLost(cause)) = committed {
            // Nobody knows whether it was kept, so it must not be run again.
            return Err(StorageError::Unavailable(cause).into());
        }
        committed?;
        Ok(value)
    }
}
