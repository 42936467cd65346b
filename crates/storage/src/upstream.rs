//! The database file of an existing Python installation, read and never written.

use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::deserialize::{self, FromSql, QueryableByName};
use diesel::prelude::*;
use diesel::row::{Field, NamedRow};
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};
use openmoss_domain::import::{Raw, UpstreamTable};

use crate::error::StorageError;

/// Rows that are read at once.
const PAGE: i64 = 500;

/// The database file of an existing installation, as it was when it was opened.
pub struct Upstream {
    connection: SqliteConnection,
    tables: Vec<(UpstreamTable, Vec<bool>)>,
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Upstream")
    }
}

/// A row of the file: its place, then its columns.
struct Row {
    rowid: i64,
    values: Vec<Option<String>>,
}

impl QueryableByName<Sqlite> for Row {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        let mut values = Vec::with_capacity(row.field_count().saturating_sub(1));
        for index in 1..row.field_count() {
            let field = diesel::row::Row::get(row, index).ok_or("a column is missing")?;
            let value = field.value();
            values.push(<Option<String> as FromSql<
                diesel::sql_types::Nullable<Text>,
                Sqlite,
            >>::from_nullable_sql(value)?);
        }
        let rowid = NamedRow::get::<BigInt, i64>(row, "place")?;
        Ok(Self { rowid, values })
    }
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

impl Upstream {
    /// Opens the file, and holds it as it is now.
    ///
    /// # Errors
    /// When it is absent, is not a database of the existing system, or a server still writes to it.
    #[expect(clippy::disallowed_methods, reason = "only this can open a file just for reading")]
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        let shown = path.display();
        if !path.is_file() {
            let text = format!("there is no database file at {shown}");
            return Err(StorageError::Foreign(text));
        }
        refuse_open(path)?;
        let unavailable =
            |reason: &dyn std::fmt::Display| StorageError::Foreign(format!("{shown}: {reason}"));
        let mut connection =
            SqliteConnection::establish(&uri(path)).map_err(|error| unavailable(&error))?;
        // One transaction: a server that runs on cannot change what is read in between.
        connection
            .batch_execute("PRAGMA query_only = ON; BEGIN")
            .map_err(|error| of_file(&error, path))?;
        let tables = tables(&mut connection, path)?;
        Ok(Self { connection, tables })
    }

    /// How many rows a table has; 0 for one that is absent.
    ///
    /// # Errors
    /// [`StorageError`] from the database.
    pub fn count(&mut self, table: UpstreamTable) -> Result<u64, StorageError> {
        if !self.tables.iter().any(|(known, _)| *known == table) {
            return Ok(0);
        }
        let sql = format!("SELECT COUNT(*) AS n FROM \"{table}\"");
        let row: Number = diesel::sql_query(sql).get_result(&mut self.connection)?;
        Ok(u64::try_from(row.n).unwrap_or(0))
    }

    /// The next rows of a table after `after`, in the order in which they were written, and after
    /// what to ask next. No rows: that was all.
    ///
    /// # Errors
    /// [`StorageError`] from the database.
    pub fn page(
        &mut self,
        table: UpstreamTable,
        after: Option<i64>,
    ) -> Result<(Vec<Raw>, Option<i64>), StorageError> {
        let Some((_, present)) = self.tables.iter().find(|(known, _)| *known == table) else {
            return Ok((Vec::new(), after));
        };
        let columns = table.columns().iter().zip(present).map(|(name, is_present)| {
            if *is_present { format!("CAST(\"{name}\" AS TEXT)") } else { "NULL".to_owned() }
        });
        let columns: Vec<_> = columns.collect();
        let sql = format!(
            "SELECT rowid AS place, {} FROM \"{table}\" WHERE rowid > ? ORDER BY rowid LIMIT {PAGE}",
            columns.join(", ")
        );
        let rows: Vec<Row> = diesel::sql_query(sql)
            .bind::<BigInt, _>(after.unwrap_or(i64::MIN))
            .load(&mut self.connection)?;
        let last = rows.last().map(|row| row.rowid).or(after);
        Ok((rows.into_iter().map(|row| Raw { table, values: row.values }).collect(), last))
    }
}

/// A file beside says that a server is in the middle of a write, died in one, or keeps its newest
/// changes there; what is in the database file alone would be the state of some time ago.
fn refuse_open(path: &Path) -> Result<(), StorageError> {
    for (suffix, what) in
        [("-journal", "an unfinished write"), ("-wal", "changes that are not in it yet")]
    {
        let mut beside = path.as_os_str().to_owned();
        beside.push(suffix);
        let beside = PathBuf::from(beside);
        if std::fs::metadata(&beside).is_ok_and(|file| file.len() > 0) {
            return Err(StorageError::Foreign(format!(
                "{} holds {what}: the old server still runs or was killed; stop it, or start and \
                 stop it once more, then try again",
                beside.display()
            )));
        }
    }
    Ok(())
}

/// The file as a URI that opens it for reading only.
fn uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    for c in path.to_string_lossy().chars() {
        match c {
            '%' => uri.push_str("%25"),
            '?' => uri.push_str("%3f"),
            '#' => uri.push_str("%23"),
            c => uri.push(c),
        }
    }
    uri + "?mode=ro"
}

fn of_file(error: &diesel::result::Error, path: &Path) -> StorageError {
    let text = error.to_string();
    let shown = path.display();
    if text.contains("not a database") {
        StorageError::Foreign(format!("{shown} is not a SQLite database"))
    } else if text.contains("locked") {
        StorageError::Foreign(format!(
            "{shown} is locked: the old server is writing to it; stop it and try again"
        ))
    } else {
        StorageError::Foreign(format!("{shown}: {text}"))
    }
}

/// The tables that the file has, and which of our columns each has.
fn tables(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<Vec<(UpstreamTable, Vec<bool>)>, StorageError> {
    let shown = path.display();
    let names =
        |connection: &mut SqliteConnection, sql: &str| -> Result<Vec<String>, StorageError> {
            let rows: Vec<Name> =
                diesel::sql_query(sql).load(connection).map_err(|error| of_file(&error, path))?;
            Ok(rows.into_iter().map(|row| row.name).collect())
        };
    let found = names(connection, "SELECT name FROM sqlite_master WHERE type = 'table'")?;
    if found.iter().any(|name| name == "__diesel_schema_migrations") {
        return Err(StorageError::Foreign(format!(
            "{shown} is a database of this program already; use it as it is, or move its content \
             with openmoss db export"
        )));
    }
    let mut tables = Vec::new();
    for table in UpstreamTable::ALL.iter().copied() {
        if !found.iter().any(|name| name == table.as_str()) {
            if table.may_be_absent() {
                continue;
            }
            return Err(StorageError::Foreign(format!(
                "{shown} is not a database of OpenMOSS: it has no table {table}"
            )));
        }
        let columns = names(connection, &format!("SELECT name FROM pragma_table_info('{table}')"))?;
        let present: Vec<bool> =
            table.columns().iter().map(|name| columns.iter().any(|found| found == name)).collect();
        if present.first() != Some(&true) {
            return Err(StorageError::Foreign(format!(
                "{shown} is not a database of OpenMOSS: its table {table} has no ids"
            )));
        }
        tables.push((table, present));
    }
    Ok(tables)
}
