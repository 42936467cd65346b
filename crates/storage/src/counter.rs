//! Counts that are kept, not taken: how many rows of a kind lie in a scope.
//!
//! Writes note differences; they are added up and written once at the end of the transaction (on
//! SQLite: of the whole group), in a fixed order, so that two transactions cannot wait for each
//! other here.

use std::collections::BTreeMap;

use diesel::prelude::*;
#[cfg(feature = "postgres")]
use diesel::sql_types::{BigInt, SmallInt, Text};
use openmoss_domain::{AgentId, ModuleId, Severity, TaskId};

use crate::connection::AnyConnection;
use crate::dialect::each_backend;
use crate::error::StorageError;
use crate::schema::counter;
use crate::statement::Statement;
use crate::store::Reader;
#[cfg(feature = "postgres")]
use crate::store::Writer;

/// Over how many rows one number is spread on PostgreSQL.
#[cfg(feature = "postgres")]
const SHARDS: u128 = 16;
/// How many rows one transaction folds: writers of the same counts wait for it. More than
/// [`SHARDS`], so that each piece gets further.
#[cfg(feature = "postgres")]
const ROWS_PER_FOLD: i64 = 200;
/// The key for sub-tasks that can be claimed right now.
pub const CLAIMABLE: &str = "claimable";

/// What is counted where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Tasks by status and kind, as `planning:once`.
    Tasks,
    /// All sub-tasks by status, priority and kind, as `done:high:once`, and those that are claimable.
    SubTasks,
    /// A task's sub-tasks by status.
    Task(TaskId),
    /// A module's sub-tasks by status.
    Module(ModuleId),
    /// An agent's sub-tasks by status.
    Agent(AgentId),
    /// Agents by role and status, as `executor:active`.
    Agents,
    /// Patrol records of one severity by status.
    Patrol(Severity),
    /// Score changes by their sign, agents by the sign of their score, and the sum of all scores.
    Scores,
    /// Entries of the activity log by action.
    Logs,
    /// Reviews by result.
    Reviews,
    /// Messages of the outbox by status.
    Deliveries,
}

impl Scope {
    fn text(self) -> String {
        match self {
            Self::Tasks => "tasks".to_owned(),
            Self::SubTasks => "sub_tasks".to_owned(),
            Self::Task(id) => format!("task:{id}"),
            Self::Module(id) => format!("module:{id}"),
            Self::Agent(id) => format!("agent:{id}"),
            Self::Agents => "agents".to_owned(),
            Self::Patrol(severity) => format!("patrol:{severity}"),
            Self::Scores => "scores".to_owned(),
            Self::Logs => "logs".to_owned(),
            Self::Reviews => "reviews".to_owned(),
            Self::Deliveries => "deliveries".to_owned(),
        }
    }
}

/// Differences of a transaction.
#[derive(Debug, Default)]
pub(crate) struct Deltas(BTreeMap<(Scope, &'static str), i64>);

impl Deltas {
    pub(crate) fn add(&mut self, scope: Scope, key: &'static str, n: i64) {
        *self.0.entry((scope, key)).or_default() += n;
    }

    /// Takes in what another transaction of the same group noted.
    pub(crate) fn merge(&mut self, other: Self) {
        for ((scope, key), n) in other.0 {
            self.add(scope, key, n);
        }
    }

    pub(crate) fn flush(self, reader: &mut Reader) -> Result<(), StorageError> {
        let shard = shard_of(&reader.connection);
        for ((scope, key), n) in self.0 {
            if n != 0 {
                add_to_row(&mut reader.connection, scope, key, shard, n)?;
            }
        }
        Ok(())
    }
}

fn shard_of(connection: &AnyConnection) -> i16 {
    match connection {
        AnyConnection::Sqlite(_) => 0,
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(_) => {
            i16::try_from(uuid::Uuid::new_v4().as_u128() % SHARDS).unwrap_or(0)
        }
    }
}

fn add_to_row(
    connection: &mut AnyConnection,
    scope: Scope,
    key: &str,
    shard: i16,
    n: i64,
) -> Result<(), StorageError> {
    let statement: Statement<'_> =
        Statement::new("INSERT INTO counter (scope, key, shard, n) VALUES (")
            .value(scope.text())
            .sql(", ")
            .value(key)
            .sql(", ")
            .value(shard)
            .sql(", ")
            .value(n)
            .sql(") ON CONFLICT (scope, key, shard) DO UPDATE SET n = counter.n + excluded.n");
    each_backend!(connection, c => statement.execute(c))?;
    Ok(())
}

/// Drops rows that count nothing.
pub(crate) fn compact(connection: &mut AnyConnection) -> Result<(), StorageError> {
    diesel::delete(counter::table.filter(counter::n.eq(0))).execute(connection)?;
    Ok(())
}

/// Folds the rows over which counts are spread into one each, and drops those that count nothing, for
/// a piece of the table from this scope and key on; where the next piece begins, which is where
/// this one ends, for it may end within a number. Rows that a writer holds are left as they are, so
/// nobody is waited for here, and a reader sees the same sum before and after.
#[cfg(feature = "postgres")]
pub(crate) fn fold(
    writer: &mut Writer,
    from: &(String, String),
) -> Result<Option<(String, String)>, StorageError> {
    let free: Statement<'_, (Text, Text, SmallInt, BigInt)> =
        Statement::new("SELECT scope, key, shard, n FROM counter WHERE (scope, key) >= (")
            .value(from.0.as_str())
            .sql(", ")
            .value(from.1.as_str())
            .sql(") ORDER BY scope, key, shard LIMIT ")
            .value(ROWS_PER_FOLD)
            .sql(" FOR UPDATE SKIP LOCKED");
    let free: Vec<(String, String, i16, i64)> = free.load(&mut writer.connection)?;
    let mut spread: BTreeMap<(&str, &str), Vec<(i16, i64)>> = BTreeMap::new();
    for (scope, key, shard, n) in &free {
        spread.entry((scope, key)).or_default().push((*shard, *n));
    }
    for ((scope, key), rows) in spread {
        let total: i64 = rows.iter().map(|(_, n)| n).sum();
        let kept = rows.first().filter(|_| total != 0).map(|(shard, _)| *shard);
        if kept.is_some() && rows.len() == 1 {
            continue;
        }
        let row = || counter::scope.eq(scope).and(counter::key.eq(key));
        let gone: Vec<i16> =
            rows.iter().map(|(shard, _)| *shard).filter(|shard| Some(*shard) != kept).collect();
        diesel::delete(counter::table.filter(row().and(counter::shard.eq_any(gone))))
            .execute(&mut writer.connection)?;
        if let Some(shard) = kept {
            diesel::update(counter::table.filter(row().and(counter::shard.eq(shard))))
                .set(counter::n.eq(total))
                .execute(&mut writer.connection)?;
        }
    }
    let is_last = i64::try_from(free.len()).is_ok_and(|rows| rows < ROWS_PER_FOLD);
    Ok(free.into_iter().last().filter(|_| !is_last).map(|(scope, key, ..)| (scope, key)))
}

/// The counts of a scope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<String, i64>);

impl Counts {
    /// The count for a key; 0 if there is none.
    #[must_use]
    pub fn get(&self, key: &str) -> i64 {
        self.0.get(key).copied().unwrap_or(0)
    }
}

/// All counts of `scope`.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn counts(reader: &mut Reader, scope: Scope) -> Result<Counts, StorageError> {
    let query =
        counter::table.filter(counter::scope.eq(scope.text())).select((counter::key, counter::n));
    let rows: Vec<(String, i64)> = each_backend!(&mut reader.connection, c => query.load(c))?;
    let mut counts = Counts::default();
    for (key, n) in rows {
        *counts.0.entry(key).or_default() += n;
    }
    Ok(counts)
}

/// All counts of each of several scopes, in their order.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn counts_of_each(reader: &mut Reader, scopes: &[Scope]) -> Result<Vec<Counts>, StorageError> {
    let texts: Vec<String> = scopes.iter().map(|scope| scope.text()).collect();
    let rows: Vec<(String, String, i64)> = counter::table
        .filter(counter::scope.eq_any(&texts))
        .select((counter::scope, counter::key, counter::n))
        .load(&mut reader.connection)?;
    let mut found: BTreeMap<String, Counts> = BTreeMap::new();
    for (scope, key, n) in rows {
        *found.entry(scope).or_default().0.entry(key).or_default() += n;
    }
    Ok(texts.iter().map(|scope| found.remove(scope).unwrap_or_default()).collect())
}

/// One count of `scope`.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn count(reader: &mut Reader, scope: Scope, key: &str) -> Result<i64, StorageError> {
    let query = counter::table
        .filter(counter::scope.eq(scope.text()).and(counter::key.eq(key)))
        .select(counter::n);
    let rows: Vec<i64> = each_backend!(&mut reader.connection, c => query.load(c))?;
    Ok(rows.into_iter().sum())
}
