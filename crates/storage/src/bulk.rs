//! Rows of any table as JSON objects, many at once: for export and import.
//!
//! Which columns a table has is asked of the database, so a new column is carried without a word
//! here, and a new table with one line in [`TABLES`].

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel::sqlite::SqliteConnection;
use serde_json::{Map, Value};

use crate::connection::AnyConnection;
use crate::dialect::each_backend;
use crate::error::StorageError;
use crate::statement::{self, Statement};
use crate::store::{Reader, Writer};

/// A row: column names and values.
pub type Object = Map<String, Value>;

/// A table whose rows are content.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its primary key, which is also the order of its rows.
    pub key: &'static [&'static str],
    /// What its rows are read from, if not from itself.
    source: Option<&'static str>,
    /// Whether the database counts its key up by itself.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(dead_code, reason = "only PostgreSQL's sequences need to be set behind the rows")
    )]
    is_numbered: bool,
}

const fn table(name: &'static str, key: &'static [&'static str]) -> Table {
    Table { name, key, source: None, is_numbered: false }
}

/// Every table of content, what others refer to before those that do.
pub const TABLES: &[Table] = &[
    table("task", &["id"]),
    table("module", &["id"]),
    table("task_policy", &["task_id"]),
    table("agent", &["id"]),
    table("track_record", &["agent_id"]),
    table("contribution", &["agent_id", "task_id"]),
    table("achievement", &["agent_id", "kind"]),
    table("partner", &["agent_id", "partner_id"]),
    table("sub_task", &["id"]),
    table("prerequisite", &["sub_task_id", "prerequisite_id"]),
    table("series", &["id"]),
    table("series_round", &["series_id", "number"]),
    table("ownership", &["sub_task_id", "attempt"]),
    table("submission", &["id"]),
    table("note", &["id"]),
    table("review_record", &["id"]),
    table("score_log", &["id"]),
    table("activity_log", &["id"]),
    table("rule", &["id"]),
    table("patrol_record", &["id"]),
    table("request_log", &["id"]),
    table("usage_sum", &["kind", "day", "id"]),
    table("budget", &["kind", "id"]),
    table("request_day", &["agent_id", "day"]),
    Table { name: "event", key: &["seq"], source: None, is_numbered: true },
    // One row a number: over how many it is spread is the backend's own affair.
    Table {
        name: "counter",
        key: &["scope", "key", "shard"],
        source: Some(
            "(SELECT scope, key, CAST(0 AS SMALLINT) AS shard, CAST(SUM(n) AS BIGINT) AS n \
             FROM counter GROUP BY scope, key HAVING SUM(n) <> 0) AS summed",
        ),
        is_numbered: false,
    },
    table("setting", &["key"]),
];

/// Tables that hold no content, and why. A test compares both lists with the schema.
pub const LEFT_OUT: &[(&str, &str)] = &[
    ("admin_session", "a session is a login on the server where it was opened"),
    ("delivery", "what is not sent yet is sent by the server on which it happened"),
    ("onboarding", "a command is good for an hour, on the server where it was made"),
    ("wake_target", "it holds tokens of other systems; set them anew"),
    ("wake_up", "wake-ups are of the server that makes them"),
    ("idempotency", "remembered answers serve the retries of one day"),
    ("turn", "whose turn a job is, of the servers that run now"),
];

/// The table of this name, if it is one of content.
#[must_use]
pub fn find_table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

/// A column that is not derived from others.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Column {
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The database's word for what it holds.
    #[diesel(sql_type = Text)]
    kind: String,
    /// Whether it may be NULL.
    #[diesel(sql_type = Bool)]
    is_nullable: bool,
    /// Whether the schema fills it in where a row does not.
    #[diesel(sql_type = Bool)]
    has_default: bool,
}

impl Column {
    /// Whether a row may do without it.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        self.is_nullable || self.has_default
    }

    /// Whether it may hold `value`. SQLite would take anything.
    #[must_use]
    pub fn may_hold(&self, value: &Value) -> bool {
        match value {
            Value::Null => self.is_nullable,
            Value::Bool(_) => self.is_bool(),
            Value::String(_) => self.kind == "text",
            Value::Number(number) => {
                number.is_i64() && matches!(&*self.kind, "bigint" | "integer" | "smallint")
            }
            Value::Array(_) | Value::Object(_) => false,
        }
    }

    /// SQLite keeps true and false as numbers.
    fn is_bool(&self) -> bool {
        self.kind == "boolean"
    }
}

const SQLITE_COLUMNS: &str = "SELECT name, lower(type) AS kind, \
     \"notnull\" = 0 AS is_nullable, dflt_value IS NOT NULL AS has_default \
     FROM pragma_table_xinfo(?) WHERE hidden = 0";
#[cfg(feature = "postgres")]
const POSTGRES_COLUMNS: &str = "SELECT column_name::text AS name, \
     data_type::text AS kind, \
     is_nullable = 'YES' AS is_nullable, column_default IS NOT NULL AS has_default \
     FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1 \
     AND is_generated = 'NEVER'";

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// The columns of a table that are not derived, by name.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn columns(reader: &mut Reader, table: &Table) -> Result<Vec<Column>, StorageError> {
    let mut columns: Vec<Column> = match &mut reader.connection {
        AnyConnection::Sqlite(c) => {
            diesel::sql_query(SQLITE_COLUMNS).bind::<Text, _>(table.name).load(c)?
        }
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(c) => {
            diesel::sql_query(POSTGRES_COLUMNS).bind::<Text, _>(table.name).load(c)?
        }
    };
    columns.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(columns)
}

/// How many rows the table has. Counts them.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn count(reader: &mut Reader, table: &Table) -> Result<i64, StorageError> {
    let sql = format!("SELECT COUNT(*) AS n FROM {}", table.from());
    let row: Number =
        each_backend!(&mut reader.connection, c => diesel::sql_query(sql).get_result(c))?;
    Ok(row.n)
}

/// Whether the table has no row.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn is_empty(reader: &mut Reader, table: &Table) -> Result<bool, StorageError> {
    let sql =
        format!("SELECT COUNT(*) AS n FROM (SELECT 1 FROM {} LIMIT 1) AS first_row", table.from());
    let row: Number =
        each_backend!(&mut reader.connection, c => diesel::sql_query(sql).get_result(c))?;
    Ok(row.n == 0)
}

/// The next rows after `after`, or the first, in the order of the key.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn page(
    reader: &mut Reader,
    table: &Table,
    columns: &[Column],
    after: Option<&Object>,
    limit: i64,
) -> Result<Vec<Object>, StorageError> {
    let key = quoted(table.key);
    let after_key = match (&reader.connection, after) {
        (_, None) => String::new(),
        (AnyConnection::Sqlite(_), Some(_)) => {
            format!("WHERE ({key}) > ({})", extracted(table.key.iter().copied(), "?1"))
        }
        #[cfg(feature = "postgres")]
        (AnyConnection::Postgres(_), Some(_)) => format!(
            "WHERE ({key}) > (SELECT {key} FROM json_populate_record(NULL::{}, $1::json))",
            table.name
        ),
    };
    let tail = format!("{after_key} ORDER BY {key} LIMIT {limit}");
    let given = after.map(|row| Value::Object(row.clone()).to_string()).unwrap_or_default();
    read(reader, table, columns, &tail, after.is_some().then_some(given))
}

/// Those of `rows` that are there, found by their key.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find(
    reader: &mut Reader,
    table: &Table,
    columns: &[Column],
    rows: &[Object],
) -> Result<Vec<Object>, StorageError> {
    let key = quoted(table.key);
    let wanted = match &reader.connection {
        AnyConnection::Sqlite(_) => {
            format!("SELECT {} FROM json_each(?1)", extracted(table.key.iter().copied(), "value"))
        }
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(_) => {
            format!("SELECT {key} FROM json_populate_recordset(NULL::{}, $1::json)", table.name)
        }
    };
    let keys: Vec<Value> = rows.iter().map(|row| Value::Object(key_of(table, row))).collect();
    let tail = format!("WHERE ({key}) IN ({wanted})");
    read(reader, table, columns, &tail, Some(Value::Array(keys).to_string()))
}

/// The part of a row that is its key.
#[must_use]
pub fn key_of(table: &Table, row: &Object) -> Object {
    let value = |name: &&str| row.get(*name).cloned().unwrap_or(Value::Null);
    table.key.iter().map(|name| ((*name).to_owned(), value(name))).collect()
}

/// Stores rows, all with the columns of the first; the others get what the schema says.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn insert(writer: &mut Writer, table: &Table, rows: &[Object]) -> Result<(), StorageError> {
    let Some(first) = rows.first() else { return Ok(()) };
    let names: Vec<&str> = first.keys().map(String::as_str).collect();
    match &mut writer.reader.connection {
        AnyConnection::Sqlite(c) => insert_each(c, table, &names, rows)?,
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(c) => {
            let name = table.name;
            let columns = quoted(&names);
            let text = serde_json::to_string(rows).unwrap_or_default();
            let sql = format!(
                "INSERT INTO {name} ({columns}) SELECT {columns} \
                 FROM json_populate_recordset(NULL::{name}, $1::json)"
            );
            diesel::sql_query(sql).bind::<Text, _>(text).execute(c)?;
            if table.is_numbered {
                let key = table.key.first().copied().unwrap_or_default();
                let sql = format!(
                    "SELECT setval(pg_get_serial_sequence('{name}', '{key}'), MAX({key})) AS n \
                     FROM {name}"
                );
                let _: Number = diesel::sql_query(sql).get_result(c)?;
            }
        }
    }
    Ok(())
}

/// Row by row: for a statement that stores several, SQLite keeps a copy of each page it touches, to
/// take the first rows back if the last one fails; here the whole transaction fails.
fn insert_each(
    connection: &mut SqliteConnection,
    table: &Table,
    names: &[&str],
    rows: &[Object],
) -> Result<(), StorageError> {
    let start = format!("INSERT INTO {} ({}) VALUES (", table.name, quoted(names));
    for row in rows {
        let mut insert: Statement<'_> = Statement::new(start.clone());
        for (place, name) in names.iter().enumerate() {
            let separator = if place == 0 { "" } else { ", " };
            insert = insert.sql(separator).value(field(row.get(*name)));
        }
        insert.sql(")").execute(connection)?;
    }
    Ok(())
}

/// What a field is in SQLite. No table has a column of fractions.
fn field(value: Option<&Value>) -> statement::Value<'_> {
    match value {
        None | Some(Value::Null) => None::<&str>.into(),
        Some(Value::Bool(yes)) => i64::from(*yes).into(),
        Some(Value::String(text)) => text.as_str().into(),
        Some(Value::Number(number)) => {
            number.as_i64().map_or_else(|| number.to_string().into(), Into::into)
        }
        Some(other @ (Value::Array(_) | Value::Object(_))) => other.to_string().into(),
    }
}

/// The newest migration that the database has.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn schema_version(reader: &mut Reader) -> Result<String, StorageError> {
    let sql = "SELECT MAX(version) AS line FROM __diesel_schema_migrations";
    let row: Line =
        each_backend!(&mut reader.connection, c => diesel::sql_query(sql).get_result(c))?;
    Ok(row.line)
}

impl Table {
    fn from(&self) -> &'static str {
        self.source.unwrap_or(self.name)
    }
}

fn read(
    reader: &mut Reader,
    table: &Table,
    columns: &[Column],
    tail: &str,
    given: Option<String>,
) -> Result<Vec<Object>, StorageError> {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let from = table.from();
    let lines: Vec<Line> = match &mut reader.connection {
        AnyConnection::Sqlite(c) => {
            let pairs: Vec<_> = names.iter().map(|name| format!("'{name}', \"{name}\"")).collect();
            let sql =
                format!("SELECT json_object({}) AS line FROM {from} {tail}", pairs.join(", "));
            let query = diesel::sql_query(sql).into_boxed();
            match given {
                Some(given) => query.bind::<Text, _>(given).load(c)?,
                None => query.load(c)?,
            }
        }
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(c) => {
            let (columns, key) = (quoted(&names), quoted(table.key));
            let sql = format!(
                "SELECT row_to_json(found)::text AS line FROM (SELECT {columns} FROM {from} {tail}) \
                 AS found ORDER BY {key}"
            );
            let query = diesel::sql_query(sql).into_boxed();
            match given {
                Some(given) => query.bind::<Text, _>(given).load(c)?,
                None => query.load(c)?,
            }
        }
    };
    lines.iter().map(|line| object(table, columns, &line.line)).collect()
}

fn object(table: &Table, columns: &[Column], line: &str) -> Result<Object, StorageError> {
    let unreadable = |error: serde_json::Error| {
        StorageError::Unavailable(format!("a row of {} cannot be read: {error}", table.name))
    };
    let mut row: Object = serde_json::from_str(line).map_err(unreadable)?;
    for column in columns.iter().filter(|column| column.is_bool()) {
        if let Some(value) = row.get_mut(&column.name)
            && let Some(number) = value.as_i64()
        {
            *value = Value::Bool(number != 0);
        }
    }
    Ok(row)
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

fn extracted<'a>(names: impl Iterator<Item = &'a str>, of: &str) -> String {
    names.map(|name| format!("json_extract({of}, '$.\"{name}\"')")).collect::<Vec<_>>().join(", ")
}
