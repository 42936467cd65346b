//! What models cost: sums by day, by agent and day, by task and day, and by task; and the budgets that
//! an admin gave to single agents and tasks.
//!
//! Each sum is one row, added to in the transaction that reports: whoever adds sees the new sum, so that a
//! budget is used up exactly once.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use openmoss_domain::usage::{BudgetScope, Cost, OwnCap, Sums, Usage};
use openmoss_domain::{AgentId, TaskId, Timestamp};

use crate::convert::parse;
use crate::dialect::each_backend;
use crate::error::StorageError;
use crate::page::{COUNTED_MAX, Page, Window};
use crate::schema::{budget, usage_sum};
use crate::statement::Statement;
use crate::store::{Reader, Writer};

/// Of what a sum is one. A day is one of the configured time zone, such as `2026-11-25`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SumOf<'a> {
    /// Of everybody on a day.
    Day(&'a str),
    /// Of an agent on a day.
    Agent(AgentId, &'a str),
    /// Of a task on a day.
    Task(TaskId, &'a str),
    /// Of a task from its beginning.
    WholeTask(TaskId),
}

impl SumOf<'_> {
    /// Kind, day and id, as they are stored.
    fn key(self) -> (&'static str, String, String) {
        match self {
            Self::Day(day) => ("day", day.to_owned(), String::new()),
            Self::Agent(id, day) => ("agent", day.to_owned(), id.to_string()),
            Self::Task(id, day) => ("task", day.to_owned(), id.to_string()),
            Self::WholeTask(id) => ("whole_task", String::new(), id.to_string()),
        }
    }
}

type SumColumns = (i64, i64, i64, i64);

fn sums((reports, input_tokens, output_tokens, cost): SumColumns) -> Sums {
    Sums { reports, input_tokens, output_tokens, cost: Cost::from_micros(cost) }
}

/// Adds a report to a sum; the new sum.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn add(writer: &mut Writer, of: SumOf<'_>, usage: &Usage) -> Result<Sums, StorageError> {
    let (kind, day, id) = of.key();
    let statement: Statement<'_, (BigInt, BigInt, BigInt, BigInt)> = Statement::new(
        "INSERT INTO usage_sum \
         (kind, day, id, reports, input_tokens, output_tokens, tokens, cost) VALUES (",
    )
    .value(kind)
    .sql(", ")
    .value(day)
    .sql(", ")
    .value(id)
    .sql(", 1, ")
    .value(usage.input_tokens)
    .sql(", ")
    .value(usage.output_tokens)
    .sql(", ")
    .value(usage.sums().tokens())
    .sql(", ")
    .value(usage.cost.as_micros())
    .sql(
        ") ON CONFLICT (kind, day, id) DO UPDATE SET reports = usage_sum.reports + 1, \
         input_tokens = usage_sum.input_tokens + excluded.input_tokens, \
         output_tokens = usage_sum.output_tokens + excluded.output_tokens, \
         tokens = usage_sum.tokens + excluded.tokens, cost = usage_sum.cost + excluded.cost \
         RETURNING reports, input_tokens, output_tokens, cost",
    );
    let row: SumColumns = each_backend!(&mut writer.connection, c => statement.get_result(c))?;
    Ok(sums(row))
}

/// A sum; nothing was used if there is none.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find(reader: &mut Reader, of: SumOf<'_>) -> Result<Sums, StorageError> {
    let (kind, day, id) = of.key();
    let key = usage_sum::kind.eq(kind).and(usage_sum::day.eq(day)).and(usage_sum::id.eq(id));
    let row: Option<SumColumns> = usage_sum::table
        .filter(key)
        .select((
            usage_sum::reports,
            usage_sum::input_tokens,
            usage_sum::output_tokens,
            usage_sum::cost,
        ))
        .first(&mut reader.connection)
        .optional()?;
    Ok(row.map(sums).unwrap_or_default())
}

/// What was used on each day from `since` on, newest first; days without a report are left out.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_days(
    reader: &mut Reader,
    since: &str,
    limit: i64,
) -> Result<Vec<(String, Sums)>, StorageError> {
    let rows: Vec<(String, SumColumns)> = usage_sum::table
        .filter(usage_sum::kind.eq("day").and(usage_sum::day.ge(since)))
        .select((
            usage_sum::day,
            (
                usage_sum::reports,
                usage_sum::input_tokens,
                usage_sum::output_tokens,
                usage_sum::cost,
            ),
        ))
        .order(usage_sum::day.desc())
        .limit(limit)
        .load(&mut reader.connection)?;
    Ok(rows.into_iter().map(|(day, row)| (day, sums(row))).collect())
}

/// What each agent used from the day `since` on; the dearest first.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_agents(
    reader: &mut Reader,
    since: &str,
    window: Window,
) -> Result<Page<(AgentId, Sums)>, StorageError> {
    list(reader, "agent", since, window)
}

/// What each task used from the day `since` on; the dearest first.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_tasks(
    reader: &mut Reader,
    since: &str,
    window: Window,
) -> Result<Page<(TaskId, Sums)>, StorageError> {
    list(reader, "task", since, window)
}

/// Adds up what lies in a range of the index: as many rows as the days have names.
fn list<T: std::str::FromStr>(
    reader: &mut Reader,
    kind: &'static str,
    since: &str,
    window: Window,
) -> Result<Page<(T, Sums)>, StorageError> {
    let total: Statement<'_, BigInt> =
        Statement::new("SELECT COUNT(DISTINCT id) FROM usage_sum WHERE kind = ")
            .value(kind)
            .sql(" AND day >= ")
            .value(since);
    let total: i64 = total.get_result(&mut reader.connection)?;
    let rows: Statement<'_, (Text, BigInt, BigInt, BigInt, BigInt)> = Statement::new(
        "SELECT id, CAST(SUM(reports) AS BIGINT), CAST(SUM(input_tokens) AS BIGINT), \
         CAST(SUM(output_tokens) AS BIGINT), CAST(SUM(cost) AS BIGINT) \
         FROM usage_sum WHERE kind = ",
    )
    .value(kind)
    .sql(" AND day >= ")
    .value(since)
    .sql(" GROUP BY id ORDER BY SUM(cost) DESC, SUM(tokens) DESC, id LIMIT ")
    .value(window.limit)
    .sql(" OFFSET ")
    .value(window.offset);
    let rows: Vec<(String, i64, i64, i64, i64)> = rows.load(&mut reader.connection)?;
    let item = |(id, reports, input, output, cost): (String, i64, i64, i64, i64)| {
        Ok((parse("usage_sum", &id, "id", &id)?, sums((reports, input, output, cost))))
    };
    let items = rows.into_iter().map(item).collect::<Result<_, StorageError>>()?;
    Ok(Page { items, total })
}

/// The tasks that used at least this much, of either kind; of one that is 0, none.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn tasks_beyond(
    reader: &mut Reader,
    tokens: i64,
    cost: Cost,
) -> Result<Vec<TaskId>, StorageError> {
    let mut found = Vec::new();
    let whole = || {
        // As the index says it, so that both know that it covers this.
        usage_sum::table.filter(usage_sum::kind.eq(crate::convert::token("whole_task")))
    };
    if tokens > 0 {
        let ids: Vec<String> = whole()
            .filter(usage_sum::tokens.ge(tokens))
            .select(usage_sum::id)
            .load(&mut reader.connection)?;
        found.extend(ids);
    }
    if cost.as_micros() > 0 {
        let ids: Vec<String> = whole()
            .filter(usage_sum::cost.ge(cost.as_micros()))
            .select(usage_sum::id)
            .load(&mut reader.connection)?;
        found.extend(ids);
    }
    found.iter().map(|id| parse("usage_sum", id, "id", id)).collect()
}

/// Whose budget it is, of those that have one of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetOf {
    /// An agent's, for a day.
    Agent(AgentId),
    /// A task's.
    Task(TaskId),
}

impl BudgetOf {
    fn key(self) -> (&'static str, String) {
        match self {
            Self::Agent(id) => (BudgetScope::Agent.as_str(), id.to_string()),
            Self::Task(id) => (BudgetScope::Task.as_str(), id.to_string()),
        }
    }
}

/// The cap of one's own of an agent or a task; it says nothing if there is none.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find_cap(reader: &mut Reader, of: BudgetOf) -> Result<OwnCap, StorageError> {
    let (kind, id) = of.key();
    let row: Option<(Option<i64>, Option<i64>)> = budget::table
        .filter(budget::kind.eq(kind).and(budget::id.eq(id)))
        .select((budget::tokens, budget::cost))
        .first(&mut reader.connection)
        .optional()?;
    let (tokens, cost) = row.unwrap_or_default();
    Ok(OwnCap { tokens, cost: cost.map(Cost::from_micros) })
}

/// Gives an agent or a task a cap of its own; one that says nothing is forgotten.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn set_cap(
    writer: &mut Writer,
    of: BudgetOf,
    cap: OwnCap,
    now: Timestamp,
) -> Result<(), StorageError> {
    let (kind, id) = of.key();
    let key = budget::kind.eq(kind).and(budget::id.eq(&id));
    diesel::delete(budget::table.filter(key)).execute(&mut writer.connection)?;
    if cap.is_any() {
        diesel::insert_into(budget::table)
            .values((
                budget::kind.eq(kind),
                budget::id.eq(&id),
                budget::tokens.eq(cap.tokens),
                budget::cost.eq(cap.cost.map(Cost::as_micros)),
                budget::updated_at.eq(now.as_micros()),
            ))
            .execute(&mut writer.connection)?;
    }
    Ok(())
}

/// Every agent with a cap of its own.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn agent_caps(reader: &mut Reader) -> Result<Vec<(AgentId, OwnCap)>, StorageError> {
    let page = list_caps(reader, Window { offset: 0, limit: COUNTED_MAX })?.items;
    let of_agent = |(of, cap)| match of {
        BudgetOf::Agent(id) => Some((id, cap)),
        BudgetOf::Task(_) => None,
    };
    Ok(page.into_iter().filter_map(of_agent).collect())
}

/// A page of those that have a cap of their own, agents first. Counted up to ten thousand.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_caps(
    reader: &mut Reader,
    window: Window,
) -> Result<Page<(BudgetOf, OwnCap)>, StorageError> {
    let ids: Vec<String> =
        budget::table.select(budget::id).limit(COUNTED_MAX).load(&mut reader.connection)?;
    let total = i64::try_from(ids.len()).unwrap_or(COUNTED_MAX);
    let rows: Vec<(String, String, Option<i64>, Option<i64>)> = budget::table
        .select((budget::kind, budget::id, budget::tokens, budget::cost))
        .order((budget::kind.asc(), budget::id.asc()))
        .limit(window.limit)
        .offset(window.offset)
        .load(&mut reader.connection)?;
    let item = |(kind, id, tokens, cost): (String, String, Option<i64>, Option<i64>)| {
        let cap = OwnCap { tokens, cost: cost.map(Cost::from_micros) };
        let of = match parse("budget", &id, "kind", &kind)? {
            BudgetScope::Agent => BudgetOf::Agent(parse("budget", &id, "id", &id)?),
            BudgetScope::Task | BudgetScope::Day => {
                BudgetOf::Task(parse("budget", &id, "id", &id)?)
            }
        };
        Ok((of, cap))
    };
    let items = rows.into_iter().map(item).collect::<Result<_, StorageError>>()?;
    Ok(Page { items, total })
}
