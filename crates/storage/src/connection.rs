//! One connection type for both backends, and how connections are made.
#![expect(
    clippy::disallowed_methods,
    reason = "the derive connects by trying each backend, which we never call; `open`, which \
              dispatches on the scheme, is the one place that connects"
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use crate::error::StorageError;

/// How long SQLite waits for another program that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a thread waits that must not.
const BUSY_TIMEOUT_HERE: Duration = Duration::from_millis(20);
/// How many pages of 4 KiB the log may have before it is copied into the database: each page that
/// changed often is copied once.
const LOG_PAGES: u32 = 4_000;
/// How many it may have when readers kept it from being begun anew: then the writer waits for them.
pub(crate) const LOG_PAGES_MAX: i64 = 4 * LOG_PAGES as i64;
/// How large the log's file may stay when it was copied, in bytes.
const LOG_BYTES_MAX: u32 = 32 << 20;

/// A connection to either backend.
#[derive(diesel::MultiConnection)]
pub(crate) enum AnyConnection {
    /// PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(diesel::pg::PgConnection),
    /// SQLite.
    Sqlite(SqliteConnection),
}

/// Where the data lies.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL URL. It may hold a password, so it is never printed.
    Postgres(String),
}

impl Location {
    /// Reads `postgres://…`, `postgresql://…`, `sqlite://PATH` or a plain path. The scheme decides,
    /// never a trial: a mistyped URL must not become a file.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] for an unknown scheme, or for PostgreSQL when this program
    /// was built without it.
    pub fn parse(text: &str) -> Result<Self, StorageError> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return if cfg!(feature = "postgres") {
                Ok(Self::Postgres(text.to_owned()))
            } else {
                Err(StorageError::Unavailable(
                    "this openmoss was built without PostgreSQL; build it with --features postgres"
                        .to_owned(),
                ))
            };
        }
        if let Some(path) = text.strip_prefix("sqlite://") {
            return Ok(Self::Sqlite(path.into()));
        }
        if text.contains("://") {
            let scheme = text.split("://").next().unwrap_or_default();
            return Err(StorageError::Unavailable(format!(
                "the database scheme {scheme:?} is not known; use postgres:// or a file path"
            )));
        }
        Ok(Self::Sqlite(text.into()))
    }
}

impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(_) => f.write_str("postgres://***"),
        }
    }
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Read,
    /// Reading by a thread that must not wait.
    ReadHere,
    Write,
}

/// Opens a connection.
pub(crate) fn open(location: &Location, purpose: Purpose) -> Result<AnyConnection, StorageError> {
    let unavailable = |error: ConnectionError| StorageError::Unavailable(without_secrets(&error));
    match location {
        Location::Sqlite(path) => {
            let path = path_text(path)?;
            let mut connection = SqliteConnection::establish(path).map_err(unavailable)?;
            connection.batch_execute(&pragmas(purpose))?;
            Ok(AnyConnection::Sqlite(connection))
        }
        #[cfg(feature = "postgres")]
        Location::Postgres(url) => {
            let url = without_kerberos_encryption(url);
            let mut connection = diesel::pg::PgConnection::establish(&url).map_err(unavailable)?;
            // Statements of one line each: nothing that an agent sends can make one run for long.
            connection.batch_execute("SET statement_timeout = '30s'; SET lock_timeout = '10s'")?;
            connection.batch_execute(SPEAK_ENGLISH)?;
            Ok(AnyConnection::Postgres(connection))
        }
        #[cfg(not(feature = "postgres"))]
        Location::Postgres(_) => {
            Err(StorageError::Unavailable("built without PostgreSQL".to_owned()))
        }
    }
}

/// Statements that empty the log of SQLite, waiting for readers only a moment.
pub(crate) fn empty_log() -> String {
    let (moment, usual) = (BUSY_TIMEOUT_HERE.as_millis(), BUSY_TIMEOUT.as_millis());
    format!(
        "PRAGMA busy_timeout = {moment}; PRAGMA wal_checkpoint(TRUNCATE); \
         PRAGMA busy_timeout = {usual}"
    )
}

/// For the log, and for the one message that is told by its words. Not everybody may choose the
/// language of a session, and nothing depends on it that matters.
#[cfg(feature = "postgres")]
const SPEAK_ENGLISH: &str = "DO $$ BEGIN PERFORM set_config('lc_messages', 'C', false);
    EXCEPTION WHEN insufficient_privilege THEN NULL; END $$";

/// Asks for no encryption by Kerberos unless the URL says something about it. The library would try
/// it on every connection, and when the program ends while a pool connects, Kerberos aborts it.
#[cfg(feature = "postgres")]
fn without_kerberos_encryption(url: &str) -> std::borrow::Cow<'_, str> {
    if url.contains("gssencmode=") {
        return url.into();
    }
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}gssencmode=disable").into()
}

fn path_text(path: &Path) -> Result<&str, StorageError> {
    path.to_str().ok_or_else(|| {
        StorageError::Unavailable(format!("the path {} is not valid UTF-8", path.display()))
    })
}

/// A refused login repeats nothing of the URL, but be sure.
fn without_secrets(error: &ConnectionError) -> String {
    let text = error.to_string();
    if text.contains("://") { "the connection was refused".to_owned() } else { text }
}

/// The file is not mapped: what every connection has mapped would count as the server's memory, and
/// a fault of the disk would end the process instead of being an error.
fn pragmas(purpose: Purpose) -> String {
    let busy = if purpose == Purpose::ReadHere { BUSY_TIMEOUT_HERE } else { BUSY_TIMEOUT };
    let common = format!(
        "PRAGMA busy_timeout = {}; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;",
        busy.as_millis()
    );
    match purpose {
        Purpose::Write => format!(
            "{common} PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
             PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = {LOG_PAGES}; \
             PRAGMA journal_size_limit = {LOG_BYTES_MAX};"
        ),
        Purpose::Read => format!("{common} PRAGMA query_only = ON; PRAGMA cache_size = -2048;"),
        Purpose::ReadHere => format!("{common} PRAGMA query_only = ON; PRAGMA cache_size = -8192;"),
    }
}

#[cfg(test)]
mod tests {
    use diesel::sql_types::{BigInt, Text};

    use super::*;

    #[derive(QueryableByName)]
    struct Synchronous {
        #[diesel(sql_type = BigInt)]
        synchronous: i64,
    }

    #[derive(QueryableByName)]
    struct JournalMode {
        #[diesel(sql_type = Text)]
        journal_mode: String,
    }

    #[derive(QueryableByName)]
    struct ForeignKeys {
        #[diesel(sql_type = BigInt)]
        foreign_keys: i64,
    }

    fn connections() -> (tempfile::TempDir, AnyConnection, AnyConnection) {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(folder.path().join("a.db"));
        let writing = open(&location, Purpose::Write).unwrap();
        let reading = open(&location, Purpose::Read).unwrap();
        (folder, writing, reading)
    }

    #[test]
    fn what_sqlite_commits_is_on_the_disk() {
        let (_folder, mut writing, mut reading) = connections();
        let found: Synchronous =
            diesel::sql_query("PRAGMA synchronous").get_result(&mut writing).unwrap();
        assert_eq!(found.synchronous, 2, "FULL");
        for connection in [&mut writing, &mut reading] {
            let found: JournalMode =
                diesel::sql_query("PRAGMA journal_mode").get_result(connection).unwrap();
            assert_eq!(found.journal_mode, "wal");
            let found: ForeignKeys =
                diesel::sql_query("PRAGMA foreign_keys").get_result(connection).unwrap();
            assert_eq!(found.foreign_keys, 1);
        }
    }

    #[test]
    fn no_connection_maps_the_file_or_waits_long_where_it_must_not() {
        #[derive(QueryableByName)]
        struct Mapped {
            #[diesel(sql_type = BigInt)]
            mmap_size: i64,
        }
        #[derive(QueryableByName)]
        struct Waits {
            #[diesel(sql_type = BigInt)]
            timeout: i64,
        }
        let (folder, _writing, _reading) = connections();
        let location = Location::Sqlite(folder.path().join("a.db"));
        for (purpose, waits) in
            [(Purpose::Read, 5_000), (Purpose::Write, 5_000), (Purpose::ReadHere, 20)]
        {
            let mut connection = open(&location, purpose).unwrap();
            let mapped: Mapped =
                diesel::sql_query("PRAGMA mmap_size").get_result(&mut connection).unwrap();
            assert_eq!(mapped.mmap_size, 0);
            let found: Waits =
                diesel::sql_query("PRAGMA busy_timeout").get_result(&mut connection).unwrap();
            assert_eq!(found.timeout, waits);
        }
    }

    #[test]
    fn a_reading_connection_writes_nothing() {
        let (_folder, mut writing, mut reading) = connections();
        writing.batch_execute("CREATE TABLE t (n INTEGER)").unwrap();
        assert!(reading.batch_execute("INSERT INTO t VALUES (1)").is_err());
        writing.batch_execute("INSERT INTO t VALUES (1)").unwrap();
    }
}
