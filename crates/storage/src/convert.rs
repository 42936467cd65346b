//! Stored text to domain values and back.

use std::str::FromStr;

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::Text;

use crate::error::StorageError;

/// Reads stored text as a domain value; a bad row is `Corrupt`, never a panic.
pub(crate) fn parse<T: FromStr>(
    table: &'static str,
    id: &str,
    column: &str,
    text: &str,
) -> Result<T, StorageError> {
    let parsed = text.parse().ok();
    parsed.ok_or_else(|| corrupt(table, id, format!("{column} holds {text:?}")))
}

/// The same for a column that may be empty.
pub(crate) fn parse_optional<T: FromStr>(
    table: &'static str,
    id: &str,
    column: &str,
    text: Option<&str>,
) -> Result<Option<T>, StorageError> {
    text.map(|text| parse(table, id, column, text)).transpose()
}

/// Reads a stored number as another integer type.
pub(crate) fn number<T, N>(
    table: &'static str,
    id: &str,
    column: &str,
    stored: N,
) -> Result<T, StorageError>
where
    N: Copy + std::fmt::Display,
    T: TryFrom<N>,
{
    let fitting = T::try_from(stored).ok();
    fitting.ok_or_else(|| corrupt(table, id, format!("{column} holds {stored}")))
}

/// Reads a stored JSON text.
pub(crate) fn json<T: serde::de::DeserializeOwned>(
    table: &'static str,
    id: &str,
    column: &str,
    text: &str,
) -> Result<T, StorageError> {
    serde_json::from_str(text).map_err(|error| corrupt(table, id, format!("{column}: {error}")))
}

/// A token of an enum as part of the statement itself, for a filter: so PostgreSQL plans by how rare
/// it is, and both know that a partial index covers it.
pub(crate) fn token(token: &'static str) -> SqlLiteral<Text> {
    sql(&format!("'{token}'"))
}

/// Writes a value as JSON text. The domain's types have no keys that JSON cannot hold.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

pub(crate) fn corrupt(table: &'static str, id: &str, reason: String) -> StorageError {
    StorageError::Corrupt { table, id: id.to_owned(), reason }
}
