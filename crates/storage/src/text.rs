//! Rows by a keyword anywhere in their texts, through the groups of three characters that each
//! text has (decision 0020).
//!
//! SQLite keeps those in tables of their own that triggers fill, PostgreSQL with `pg_trgm`. What has
//! all groups of a keyword may have them in another order, so lists compare texts all the same.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::SqliteConnection;
use openmoss_domain::Keyword;

use crate::condition::Condition;
#[cfg(feature = "postgres")]
use crate::condition::pattern;
use crate::connection::AnyConnection;
use crate::dialect::each_backend;
use crate::error::StorageError;
use crate::statement::Statement;
use crate::store::Reader;

/// Characters in a group.
const GROUP_CHARS: usize = 3;
/// How many groups of a long keyword are looked up: a few, spread over it, tell texts apart, and
/// each costs a reading of the numbers of all rows that have it.
const GROUPS_MAX: usize = 8;
/// How many candidates are worth comparing one by one and sorting.
const CANDIDATES_MAX: i64 = 5_000;
/// How many groups may begin with a keyword that is shorter than one; with more of them, so many
/// rows have it that it is soon found without.
const BEGINNINGS_MAX: i64 = 256;

/// The texts of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Texts {
    /// SQLite's table of groups.
    groups: &'static str,
    /// PostgreSQL's table with an index, and what that is of.
    #[cfg(feature = "postgres")]
    indexed: (&'static str, &'static str),
}

/// Names and descriptions.
pub(crate) const OF_SUB_TASKS: Texts = Texts {
    groups: "sub_task_text",
    #[cfg(feature = "postgres")]
    indexed: ("sub_task_text", "words"),
};
/// What reviewers wrote.
pub(crate) const OF_REVIEWS: Texts = Texts {
    groups: "review_text",
    #[cfg(feature = "postgres")]
    indexed: ("review_record", "lower((issues || chr(10) || comment) COLLATE \"C\")"),
};
/// What agents wrote into their log.
pub(crate) const OF_ACTIVITIES: Texts = Texts {
    groups: "activity_text",
    #[cfg(feature = "postgres")]
    indexed: ("activity_log", "lower(summary COLLATE \"C\")"),
};
/// Why scores changed.
pub(crate) const OF_SCORES: Texts = Texts {
    groups: "score_text",
    #[cfg(feature = "postgres")]
    indexed: ("score_log", "lower(reason COLLATE \"C\")"),
};

/// Rows that may have a keyword, and all that have it: a query for their ids, with a value.
#[derive(Debug, Clone)]
pub(crate) struct Candidates {
    ids: String,
    value: String,
}

impl Candidates {
    /// Whether a row is one of them whose id is in `column`.
    pub(crate) fn include<Table: 'static>(&self, column: &str) -> Condition<Table> {
        let is_in = sql(&format!("{column} IN ({}", self.ids));
        Box::new(is_in.bind::<Text, _>(self.value.clone()).sql(")"))
    }

    /// The same at the end of a statement.
    pub(crate) fn including<'a, Row>(
        self,
        statement: Statement<'a, Row>,
        column: &str,
    ) -> Statement<'a, Row> {
        statement.sql(format!("{column} IN ({}", self.ids)).value(self.value).sql(")")
    }

    fn are_few(&self, reader: &mut Reader) -> Result<bool, StorageError> {
        let counted: Statement<'_, BigInt> =
            Statement::new(format!("SELECT COUNT(*) FROM ({}", self.ids))
                .value(self.value.as_str())
                .sql(" LIMIT ")
                .value(CANDIDATES_MAX)
                .sql(") AS found");
        let number: i64 = each_backend!(&mut reader.connection, c => counted.get_result(c))?;
        Ok(number < CANDIDATES_MAX)
    }
}

/// The candidates for a keyword; nothing if they are so many that they are soon met by reading the
/// texts themselves, or if no index can tell.
///
/// # Errors
/// [`StorageError`] from the database.
pub(crate) fn candidates(
    reader: &mut Reader,
    texts: Texts,
    keyword: &Keyword,
) -> Result<Option<Candidates>, StorageError> {
    let keyword = keyword.as_str().to_ascii_lowercase();
    let is_short = keyword.chars().count() < GROUP_CHARS;
    let found = match &mut reader.connection {
        AnyConnection::Sqlite(c) if is_short => texts.with_beginning(c, &keyword)?,
        AnyConnection::Sqlite(_) => Some(texts.in_groups(&groups(&keyword), " AND ")),
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(_) => (!is_short).then(|| texts.like(&keyword)),
    };
    match found {
        Some(found) if found.are_few(reader)? => Ok(Some(found)),
        _ => Ok(None),
    }
}

impl Texts {
    fn in_groups(self, groups: &[String], operator: &str) -> Candidates {
        let table = self.groups;
        // Of no group is a phrase without words, which nothing has.
        let groups = if groups.is_empty() { &[String::new()] } else { groups };
        let quoted = groups.iter().map(|group| format!("\"{}\"", group.replace('"', "\"\"")));
        Candidates {
            ids: format!(
                "SELECT {table}_row.id FROM {table} \
                 CROSS JOIN {table}_row ON {table}_row.number = {table}.rowid WHERE {table} MATCH "
            ),
            value: quoted.collect::<Vec<_>>().join(operator),
        }
    }

    /// A keyword that is shorter than a group begins one wherever it stands.
    fn with_beginning(
        self,
        connection: &mut SqliteConnection,
        keyword: &str,
    ) -> Result<Option<Candidates>, StorageError> {
        let table = self.groups;
        let last = char::MAX;
        let terms: Statement<'_, Text> =
            Statement::new(format!("SELECT term FROM {table}_group WHERE term >= "))
                .value(keyword)
                .sql(" AND term <= ")
                .value(format!("{keyword}{last}{last}"))
                .sql(" LIMIT ")
                .value(BEGINNINGS_MAX + 1);
        let found: Vec<String> = terms.load(connection)?;
        let is_rare = i64::try_from(found.len()).is_ok_and(|number| number <= BEGINNINGS_MAX);
        Ok(is_rare.then(|| self.in_groups(&found, " OR ")))
    }

    #[cfg(feature = "postgres")]
    fn like(self, keyword: &str) -> Candidates {
        let (table, words) = self.indexed;
        Candidates {
            ids: format!("SELECT {table}.id FROM {table} WHERE {words} LIKE "),
            value: pattern(keyword),
        }
    }
}

/// Groups of a keyword, spread over it.
fn groups(keyword: &str) -> Vec<String> {
    let chars: Vec<char> = keyword.chars().collect();
    let all: Vec<String> = chars.windows(GROUP_CHARS).map(String::from_iter).collect();
    let step = all.len().div_ceil(GROUPS_MAX);
    all.into_iter().step_by(step).collect()
}
