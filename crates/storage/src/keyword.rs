//! Looking for a word in a column, alike on both backends.

use diesel::dsl::{AsExprOf, sql};
use diesel::expression::{SqlLiteral, UncheckedBind};
use diesel::sql_types::{Bool, Text};

use crate::connection::AnyConnection;
use crate::store::Reader;

/// A condition for a filter.
pub(crate) type Contains =
    SqlLiteral<Bool, UncheckedBind<SqlLiteral<Bool>, AsExprOf<String, Text>>>;

/// Whether `column` (a name from our schema) has `keyword` somewhere in it. ASCII letters count in
/// any case, and nothing in the keyword is a wildcard.
pub(crate) fn contains(reader: &Reader, column: &'static str, keyword: &str) -> Contains {
    let begin = match reader.connection {
        AnyConnection::Sqlite(_) => format!("instr(lower({column}), "),
        // In this collation only ASCII letters have two cases, as in SQLite.
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(_) => format!("strpos(lower({column} COLLATE \"C\"), "),
    };
    sql(&begin).bind::<Text, _>(keyword.to_ascii_lowercase()).sql(") > 0")
}
