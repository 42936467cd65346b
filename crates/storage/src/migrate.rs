//! Schema migrations: embedded, forward only, run at start.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::connection::{AnyConnection, Location, Purpose, open};
use crate::error::StorageError;
use crate::store::Reader;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
#[cfg(feature = "postgres")]
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
/// Replicas that start at once migrate one after the other; any fixed number will do.
#[cfg(feature = "postgres")]
const MIGRATION_LOCK: i64 = 0x006f_7065_6e6d_6f73;

pub(crate) fn open_and_migrate(location: &Location) -> Result<AnyConnection, StorageError> {
    if let Location::Sqlite(path) = location {
        make_folder(path)?;
        // With a connection that only reads: the other kind turns the file to WAL first of all.
        refuse_foreign(&mut open(location, Purpose::Read)?)?;
    }
    let mut connection = open(location, Purpose::Write)?;
    match &mut connection {
        // One transaction, so that two programs that start at once do not both begin.
        AnyConnection::Sqlite(c) => c.immediate_transaction(|c| run(c, &SQLITE))?,
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(c) => {
            // The limits are for requests; a migration and the wait for one may take their time.
            c.batch_execute("SET statement_timeout = 0; SET lock_timeout = 0")?;
            c.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"))?;
            let result = run(c, &POSTGRES);
            c.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})"))?;
            result?;
        }
    }
    Ok(connection)
}

fn make_folder(path: &Path) -> Result<(), StorageError> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    std::fs::create_dir_all(folder).map_err(|error| {
        StorageError::Unavailable(format!("cannot make the folder {}: {error}", folder.display()))
    })
}

fn run<C, DB>(connection: &mut C, source: &EmbeddedMigrations) -> Result<(), StorageError>
where
    DB: diesel::backend::Backend,
    C: MigrationHarness<DB>,
    EmbeddedMigrations: MigrationSource<DB>,
{
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        StorageError::Unavailable(format!("a migration failed: {error}"))
    };
    let known: Vec<MigrationVersion<'static>> = MigrationSource::<DB>::migrations(source)
        .map_err(failed)?
        .iter()
        .map(|migration| migration.name().version().as_owned())
        .collect();
    let applied = connection.applied_migrations().map_err(failed)?;
    if let Some(unknown) = applied.iter().find(|version| !known.contains(version)) {
        return Err(StorageError::FromTheFuture(unknown.to_string()));
    }
    connection.run_pending_migrations(EmbeddedClone(source)).map(drop).map_err(failed)
}

/// `run_pending_migrations` wants the source by value.
struct EmbeddedClone<'a>(&'a EmbeddedMigrations);

impl<DB> MigrationSource<DB> for EmbeddedClone<'_>
where
    DB: diesel::backend::Backend,
    EmbeddedMigrations: MigrationSource<DB>,
{
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<DB>>>> {
        self.0.migrations()
    }
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// The existing Python system keeps its data under the same default path: never write into that.
fn refuse_foreign(connection: &mut AnyConnection) -> Result<(), StorageError> {
    let tables: Vec<Name> =
        diesel::sql_query("SELECT name FROM sqlite_master WHERE type = 'table'")
            .load(connection)?;
    let has = |name: &str| tables.iter().any(|table| table.name == name);
    if tables.is_empty() || has("__diesel_schema_migrations") {
        return Ok(());
    }
    let whose =
        if has("reward_log") { "of the existing Python system" } else { "of another program" };
    Err(StorageError::Foreign(format!(
        "the database file is one {whose}; move it away, or set database.path to a new file"
    )))
}

pub(crate) fn vacuum_into(reader: &mut Reader, target: &Path) -> Result<(), StorageError> {
    match &mut reader.connection {
        AnyConnection::Sqlite(c) => {
            let target = target.to_string_lossy().into_owned();
            // The reading connections refuse to write anything, also into another file.
            c.batch_execute("PRAGMA query_only = OFF")?;
            let result = diesel::sql_query("VACUUM INTO ?").bind::<Text, _>(target).execute(c);
            c.batch_execute("PRAGMA query_only = ON")?;
            result?;
            Ok(())
        }
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(_) => {
            Err(StorageError::Unavailable("use pg_dump to back up PostgreSQL".to_owned()))
        }
    }
}

#[derive(QueryableByName)]
struct Finding {
    #[diesel(sql_type = Text, column_name = integrity_check)]
    text: String,
}

pub(crate) fn integrity(reader: &mut Reader) -> Result<Vec<String>, StorageError> {
    match &mut reader.connection {
        AnyConnection::Sqlite(c) => {
            let rows: Vec<Finding> = diesel::sql_query("PRAGMA integrity_check").load(c)?;
            Ok(rows.into_iter().map(|row| row.text).filter(|text| text != "ok").collect())
        }
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(c) => {
            diesel::sql_query("SELECT 1").execute(c)?;
            Ok(Vec::new())
        }
    }
}
