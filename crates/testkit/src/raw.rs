//! A connection past all rules, for looking and for preparing what the program would never do.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::SqliteConnection;

/// A connection past all rules.
pub struct Raw(Backend);

enum Backend {
    Sqlite(SqliteConnection),
    #[cfg(feature = "postgres")]
    Postgres(diesel::pg::PgConnection),
}

#[derive(QueryableByName)]
struct TextRow {
    #[diesel(sql_type = Text)]
    text: String,
}

#[derive(QueryableByName)]
struct NumberRow {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct SqlitePlan {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[cfg(feature = "postgres")]
#[derive(QueryableByName)]
struct PostgresPlan {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    detail: String,
}

/// Runs one query on whichever backend it is.
macro_rules! each {
    ($raw:expr, $c:ident => $body:expr) => {
        match &mut $raw.0 {
            Backend::Sqlite($c) => $body,
            #[cfg(feature = "postgres")]
            Backend::Postgres($c) => $body,
        }
    };
}

impl Raw {
    /// Connects to a file or, for `postgres://…`, to a server.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the scheme was dispatched on")]
    pub fn open(url: &str) -> Self {
        #[cfg(feature = "postgres")]
        if url.starts_with("postgres") {
            let c = diesel::pg::PgConnection::establish(url).expect("a connection to PostgreSQL");
            return Self(Backend::Postgres(c));
        }
        let mut c = SqliteConnection::establish(url).expect("a connection to SQLite");
        c.batch_execute("PRAGMA busy_timeout = 10000").expect("a pragma");
        Self(Backend::Sqlite(c))
    }

    /// Runs statements.
    pub fn run(&mut self, sql: &str) {
        each!(self, c => c.batch_execute(sql)).unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    /// Runs statements; whether the database took them.
    pub fn can_run(&mut self, sql: &str) -> bool {
        each!(self, c => c.batch_execute(sql)).is_ok()
    }

    /// The rows of a query whose one column is called `text`.
    pub fn texts(&mut self, sql: &str) -> Vec<String> {
        let rows: QueryResult<Vec<TextRow>> = each!(self, c => diesel::sql_query(sql).load(c));
        let rows = rows.unwrap_or_else(|error| panic!("{error}: {sql}"));
        rows.into_iter().map(|row| row.text).collect()
    }

    /// The number in the one row of a query, in a column called `n`.
    pub fn number(&mut self, sql: &str) -> i64 {
        let row: QueryResult<NumberRow> = each!(self, c => diesel::sql_query(sql).get_result(c));
        row.unwrap_or_else(|error| panic!("{error}: {sql}")).n
    }

    /// How the database would run a statement with any values for its `binds` placeholders.
    pub fn plan(&mut self, sql: &str, binds: usize) -> Vec<String> {
        match &mut self.0 {
            Backend::Sqlite(c) => {
                // Placeholders without a value are NULL, at which the planner does not look.
                let _ = binds;
                let rows: QueryResult<Vec<SqlitePlan>> =
                    diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(c);
                let rows = rows.unwrap_or_else(|error| panic!("{error}: {sql}"));
                rows.into_iter().map(|row| row.detail).collect()
            }
            #[cfg(feature = "postgres")]
            Backend::Postgres(c) => {
                let values = vec!["NULL"; binds].join(", ");
                let values = if binds == 0 { String::new() } else { format!("({values})") };
                c.batch_execute(&format!(
                    "SET plan_cache_mode = force_generic_plan; DEALLOCATE ALL; PREPARE asked AS {sql}"
                ))
                .unwrap_or_else(|error| panic!("{error}: {sql}"));
                let rows: QueryResult<Vec<PostgresPlan>> =
                    diesel::sql_query(format!("EXPLAIN EXECUTE asked{values}")).load(c);
                let rows = rows.unwrap_or_else(|error| panic!("{error}: {sql}"));
                rows.into_iter().map(|row| row.detail).collect()
            }
        }
    }
}
