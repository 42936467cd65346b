//! The two doors: [`Store::read`] and [`Store::write`].

use std::time::Duration;

use diesel::r2d2::Pool;

use crate::connection::{AnyConnection, Location, Manager, Purpose};
use crate::counter::Deltas;
use crate::error::{Failure, StorageError};
use crate::migrate;
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
    readers: Pool<Manager>,
    backend: Backend,
}

enum Backend {
    Sqlite(GroupWriter),
    #[cfg(feature = "postgres")]
    Postgres(Pool<Manager>),
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
        let pool = |purpose| {
            Pool::builder()
                .max_size(options.connections)
                .min_idle(Some(1))
                .connection_timeout(POOL_TIMEOUT)
                .test_on_check_out(false)
                .build_unchecked(Manager { location: options.location.clone(), purpose })
        };
        match options.location {
            Location::Sqlite(_) => {
                crate::counter::compact(&mut connection)?;
                let writer = GroupWriter::start(connection, options.queue_max)?;
                Ok(Self { readers: pool(Purpose::Read), backend: Backend::Sqlite(writer) })
            }
            #[cfg(feature = "postgres")]
            Location::Postgres(_) => {
                let pool = pool(Purpose::Write);
                Ok(Self { readers: pool.clone(), backend: Backend::Postgres(pool) })
            }
            #[cfg(not(feature = "postgres"))]
            Location::Postgres(_) => {
                Err(StorageError::Unavailable("built without PostgreSQL".to_owned()))
            }
        }
    }

    /// Runs `query` on a connection that only reads. Each statement sees what was committed when
    /// it began.
    ///
    /// # Errors
    /// What `query` fails with, or [`StorageError`] when no connection is to be had.
    pub fn read<T, E: Failure>(
        &self,
        query: impl FnOnce(&mut Reader) -> Result<T, E>,
    ) -> Result<T, E> {
        with_pooled(&self.readers, |connection| {
            let mut reader = Reader { connection };
            let result = query(&mut reader);
            (reader.connection, result)
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
            Backend::Postgres(pool) => postgres::write(pool, &transaction),
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
fn with_pooled<T, E: Failure>(
    pool: &Pool<Manager>,
    run: impl FnOnce(AnyConnection) -> (AnyConnection, Result<T, E>),
) -> Result<T, E> {
    let mut pooled = pool.get().map_err(|error| {
        tracing::warn!(%error, "no database connection is to be had");
        E::from(StorageError::Unavailable("no connection is free".to_owned()))
    })?;
    let Some(connection) = pooled.connection.take() else {
        return Err(StorageError::Unavailable("the connection is gone".to_owned()).into());
    };
    // If `run` panics, the connection stays taken, and the pool drops the empty shell.
    let (connection, result) = run(connection);
    pooled.connection = Some(connection);
    if let Err(error) = &result {
        pooled.is_broken = error.storage().is_some_and(StorageError::is_fatal_for_connection);
    }
    result
}

#[cfg(feature = "postgres")]
mod postgres {
    //! One transaction a write, run again after a collision.

    use diesel::connection::SimpleConnection;
    use diesel::r2d2::Pool;

    use super::{Manager, Reader, TRANSACTION_TRIES, Writer, with_pooled};
    use crate::connection::AnyConnection;
    use crate::counter::Deltas;
    use crate::error::{Failure, StorageError};

    pub(super) fn write<T, E: Failure>(
        pool: &Pool<Manager>,
        transaction: &dyn Fn(&mut Writer) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut tries = 1;
        loop {
            let result = with_pooled(pool, |connection| once(connection, transaction));
            let collided = matches!(&result, Err(error) if error.storage().is_some_and(StorageError::is_transient));
            if !collided {
                return result;
            }
            if tries == TRANSACTION_TRIES {
                return Err(StorageError::Busy.into());
            }
            // Twins that collided once must not collide in step again.
            let spread = uuid::Uuid::new_v4().as_u128() % 8;
            let pause = u64::from(tries) * u64::try_from(spread).unwrap_or(0);
            std::thread::sleep(std::time::Duration::from_millis(pause));
            tries += 1;
        }
    }

    fn once<T, E: Failure>(
        connection: AnyConnection,
        transaction: &dyn Fn(&mut Writer) -> Result<T, E>,
    ) -> (AnyConnection, Result<T, E>) {
        let mut writer = Writer { reader: Reader { connection }, deltas: Deltas::default() };
        // The transaction number is drawn before any sequence number, which is what the fence of
        // the event log relies on.
        let begun = writer.connection.batch_execute("BEGIN; SELECT pg_current_xact_id()");
        let result = begun
            .map_err(|error| E::from(error.into()))
            .and_then(|()| transaction(&mut writer))
            .and_then(|value| {
                let deltas = std::mem::take(&mut writer.deltas);
                deltas.flush(&mut writer.reader)?;
                let commit = writer.connection.batch_execute("COMMIT");
                commit.map_err(|error| E::from(error.into())).map(|()| value)
            });
        if result.is_err() && writer.connection.batch_execute("ROLLBACK").is_err() {
            tracing::warn!("a transaction could not be rolled back; its connection is dropped");
        }
        (writer.reader.connection, result)
    }
}
