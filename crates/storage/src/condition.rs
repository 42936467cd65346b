//! Conditions of lists that are put together at run time.
//!
//! Where a planner must not take an index, its column stands behind a unary plus: SQLite knows no
//! statistics and takes any equality for a rare one. PostgreSQL knows better, and is only kept
//! from walking a whole table in the wanted order for a few rows.

use diesel::Connection;
use diesel::dsl::sql;
use diesel::expression::BoxableExpression;
use diesel::expression_methods::BoolExpressionMethods;
use diesel::sql_types::{Bool, Text};
use openmoss_domain::{Keyword, SortOrder};

use crate::connection::AnyConnection;
use crate::store::Reader;

/// What the derive makes of both backends.
pub(crate) type Backend = <AnyConnection as Connection>::Backend;
/// A condition on a table.
pub(crate) type Condition<Table> = Box<dyn BoxableExpression<Table, Backend, SqlType = Bool>>;

/// All of these; what is always true for none.
pub(crate) fn all<Table: 'static>(conditions: Vec<Condition<Table>>) -> Condition<Table> {
    let both =
        |a: Condition<Table>, b: Condition<Table>| -> Condition<Table> { Box::new(a.and(b)) };
    conditions.into_iter().reduce(both).unwrap_or_else(|| Box::new(sql::<Bool>("1 = 1")))
}

/// A condition without values, in SQL of ours.
pub(crate) fn literal<Table: 'static>(text: &str) -> Condition<Table> {
    Box::new(sql::<Bool>(text))
}

/// What stands before a column that SQLite shall not look up in an index.
pub(crate) fn unindexed(reader: &Reader) -> &'static str {
    match reader.connection {
        AnyConnection::Sqlite(_) => "+",
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(_) => "",
    }
}

/// Whether one of these texts, each a column or other SQL of ours, contains the keyword: ASCII
/// letters in either case, no wildcards, alike on both backends.
pub(crate) fn contains<Table: 'static>(
    reader: &Reader,
    texts: &[&str],
    keyword: &Keyword,
) -> Condition<Table> {
    let search = Contains::new(reader, keyword);
    let has = |text: &&str| -> Condition<Table> {
        let before = sql::<Bool>(&search.before(text));
        Box::new(before.bind::<Text, _>(search.value.clone()).sql(search.after))
    };
    let either =
        |a: Condition<Table>, b: Condition<Table>| -> Condition<Table> { Box::new(a.or(b)) };
    texts.iter().map(has).reduce(either).unwrap_or_else(|| literal("1 = 0"))
}

/// The parts of the same in SQL, for a condition that needs it more than once: what stands before
/// the value, the value, and what stands after it.
pub(crate) struct Contains {
    opening: &'static str,
    between: &'static str,
    pub(crate) value: String,
    pub(crate) after: &'static str,
}

impl Contains {
    pub(crate) fn new(reader: &Reader, keyword: &Keyword) -> Self {
        match reader.connection {
            AnyConnection::Sqlite(_) => Self {
                opening: "(",
                between: " LIKE ",
                value: pattern(keyword.as_str()),
                after: " ESCAPE '\\')",
            },
            // In this collation only ASCII letters have two cases, as they have for SQLite.
            #[cfg(feature = "postgres")]
            AnyConnection::Postgres(_) => Self {
                opening: "(strpos(lower(",
                between: " COLLATE \"C\"), ",
                value: keyword.as_str().to_ascii_lowercase(),
                after: ") > 0)",
            },
        }
    }

    pub(crate) fn before(&self, text: &str) -> String {
        format!("{}{text}{}", self.opening, self.between)
    }
}

/// A `LIKE` pattern for texts that contain this, with `\` before what would be a wildcard.
pub(crate) fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// A direction in SQL.
pub(crate) const fn direction(order: SortOrder) -> &'static str {
    match order {
        SortOrder::Asc => "ASC",
        SortOrder::Desc => "DESC",
    }
}

/// The place of a column's token in a list of tokens, for sorting by meaning.
pub(crate) fn place_of(column: &str, tokens: impl Iterator<Item = &'static str>) -> String {
    let whens = tokens.enumerate().map(|(place, token)| format!("WHEN '{token}' THEN {place}"));
    format!("CASE {column} {} END", whens.collect::<Vec<_>>().join(" "))
}
