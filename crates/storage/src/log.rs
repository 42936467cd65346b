//! The activity log.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Text};
use openmoss_domain::log::{LogAction, LogEntry};
use openmoss_domain::{AgentId, Keyword, SubTaskId, Timestamp};
use serde::Serialize;

use crate::condition::{Condition, all, contains, literal, unindexed};
use crate::convert::{parse, parse_optional};
use crate::counter::{Deltas, Scope, counts};
use crate::error::StorageError;
use crate::page::{ByTime, COUNTED_MAX, Page, Window};
use crate::schema::{activity_log, agent};
use crate::store::{Reader, Writer};
use crate::text::{self, Candidates};

const TABLE: &str = "activity_log";

#[derive(Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = activity_log, treat_none_as_default_value = false)]
pub(crate) struct LogRow {
    id: String,
    agent_id: String,
    sub_task_id: Option<String>,
    action: String,
    summary: String,
    session_id: Option<String>,
    created_at: i64,
}

impl TryFrom<LogRow> for LogEntry {
    type Error = StorageError;

    fn try_from(row: LogRow) -> Result<Self, StorageError> {
        let id = row.id.as_str();
        Ok(Self {
            id: parse(TABLE, id, "id", id)?,
            agent_id: parse(TABLE, id, "agent_id", &row.agent_id)?,
            sub_task_id: parse_optional(TABLE, id, "sub_task_id", row.sub_task_id.as_deref())?,
            action: parse::<LogAction>(TABLE, id, "action", &row.action)?,
            created_at: Timestamp::from_micros(row.created_at),
            summary: row.summary,
            session_id: row.session_id,
        })
    }
}

/// What is stored of it.
pub(crate) fn row(new: &LogEntry) -> LogRow {
    LogRow {
        id: new.id.to_string(),
        agent_id: new.agent_id.to_string(),
        sub_task_id: new.sub_task_id.map(|id| id.to_string()),
        action: new.action.to_string(),
        summary: new.summary.clone(),
        session_id: new.session_id.clone(),
        created_at: new.created_at.as_micros(),
    }
}

/// Writes an entry, and when its writer was last active.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn append(writer: &mut Writer, entry: &LogEntry) -> Result<(), StorageError> {
    let row = row(entry);
    diesel::insert_into(activity_log::table).values(row).execute(&mut writer.connection)?;
    diesel::update(agent::table.filter(agent::id.eq(entry.agent_id.to_string())))
        .set(agent::last_activity_at.eq(entry.created_at.as_micros()))
        .execute(&mut writer.connection)?;
    count_new(&mut writer.deltas, entry);
    Ok(())
}

/// Counts an entry that was not there before.
pub(crate) fn count_new(deltas: &mut Deltas, new: &LogEntry) {
    deltas.add(Scope::Logs, new.action.as_str(), 1);
}

/// Which entries a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter {
    /// About this sub-task.
    pub sub_task_id: Option<SubTaskId>,
    /// By this agent.
    pub agent_id: Option<AgentId>,
    /// Of this kind.
    pub action: Option<LogAction>,
    /// Not older than this.
    pub since: Timestamp,
}

/// Entries, newest first.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list(
    reader: &mut Reader,
    filter: Filter,
    limit: i64,
) -> Result<Vec<LogEntry>, StorageError> {
    let mut query = activity_log::table
        .filter(activity_log::created_at.ge(filter.since.as_micros()))
        .select(LogRow::as_select())
        .order((activity_log::created_at.desc(), activity_log::id.desc()))
        .limit(limit)
        .into_boxed();
    if let Some(id) = filter.sub_task_id {
        query = query.filter(activity_log::sub_task_id.eq(id.to_string()));
    }
    if let Some(id) = filter.agent_id {
        query = query.filter(activity_log::agent_id.eq(id.to_string()));
    }
    if let Some(action) = filter.action {
        query = query.filter(activity_log::action.eq(action.as_str()));
    }
    let rows: Vec<LogRow> = query.load(&mut reader.connection)?;
    rows.into_iter().map(LogEntry::try_from).collect()
}

/// Forgets everything that an agent wrote.
pub(crate) fn delete_all(writer: &mut Writer, id: AgentId) -> Result<(), StorageError> {
    let of_agent = activity_log::agent_id.eq(id.to_string());
    for action in LogAction::ALL {
        let written = of_agent.clone().and(activity_log::action.eq(action.as_str()));
        let n =
            diesel::delete(activity_log::table.filter(written)).execute(&mut writer.connection)?;
        writer.deltas.add(Scope::Logs, action.as_str(), -i64::try_from(n).unwrap_or(0));
    }
    Ok(())
}

/// Which entries a search finds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// By this agent.
    pub agent_id: Option<AgentId>,
    /// About this sub-task.
    pub sub_task_id: Option<SubTaskId>,
    /// Of this kind.
    pub action: Option<LogAction>,
    /// Not older than this.
    pub since: Option<Timestamp>,
    /// With this in their summary.
    pub keyword: Option<Keyword>,
}

impl Search {
    /// Those that may have the keyword, where that is not asked of one agent or sub-task.
    fn among(&self, reader: &mut Reader) -> Result<Option<Candidates>, StorageError> {
        match &self.keyword {
            Some(keyword) if self.agent_id.is_none() && self.sub_task_id.is_none() => {
                text::candidates(reader, text::OF_ACTIVITIES, keyword)
            }
            _ => Ok(None),
        }
    }

    fn condition(
        &self,
        reader: &Reader,
        among: Option<&Candidates>,
    ) -> Condition<activity_log::table> {
        // What is about a sub-task is less than what an agent wrote, and that less than all of a
        // kind: SQLite has no statistics that tell it so.
        let plus = |is_hidden: bool| if is_hidden { unindexed(reader) } else { "" };
        let mut conditions: Vec<Condition<activity_log::table>> = Vec::new();
        let mut is = |plus: &str, column: &str, text: String| {
            let is = sql::<Bool>(&format!("{plus}{column} = "));
            conditions.push(Box::new(is.bind::<Text, _>(text)));
        };
        if let Some(id) = self.sub_task_id {
            is("", "sub_task_id", id.to_string());
        }
        if let Some(id) = self.agent_id {
            is(plus(self.sub_task_id.is_some()), "agent_id", id.to_string());
        }
        if let Some(action) = self.action {
            // In the statement itself, so that PostgreSQL plans by how rare it is.
            let plus = plus(self.sub_task_id.is_some() || among.is_some());
            conditions.push(literal(&format!("{plus}action = '{action}'")));
        }
        if let Some(since) = self.since {
            let since_then = sql::<Bool>(&format!("{}created_at >= ", plus(among.is_some())));
            conditions.push(Box::new(since_then.bind::<BigInt, _>(since.as_micros())));
        }
        if let Some(among) = among {
            conditions.push(among.include("activity_log.id"));
        }
        if let Some(keyword) = &self.keyword {
            conditions.push(contains(reader, &["summary"], keyword));
        }
        all(conditions)
    }

    /// Entries of everybody are counted when they are written; those of one agent, about one
    /// sub-task or of some days are an index range, and those with a keyword are counted up to
    /// [`COUNTED_MAX`].
    fn total(&self, reader: &mut Reader, among: Option<&Candidates>) -> Result<i64, StorageError> {
        if *self == (Self { action: self.action, ..Self::default() }) {
            let kept = counts(reader, Scope::Logs)?;
            let number = |action: &LogAction| kept.get(action.as_str());
            let all = || LogAction::ALL.iter().map(number).sum();
            return Ok(self.action.as_ref().map_or_else(all, number));
        }
        let found = activity_log::table.filter(self.condition(reader, among));
        if self.keyword.is_none() {
            return Ok(found.count().get_result(&mut reader.connection)?);
        }
        let found: Vec<i32> =
            found.select(sql::<Integer>("1")).limit(COUNTED_MAX).load(&mut reader.connection)?;
        Ok(i64::try_from(found.len()).unwrap_or(COUNTED_MAX))
    }
}

/// A page of entries by time, those of one moment by their ids.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn search(
    reader: &mut Reader,
    search: &Search,
    order: ByTime,
    window: Window,
) -> Result<Page<LogEntry>, StorageError> {
    let among = search.among(reader)?;
    let total = search.total(reader, among.as_ref())?;
    let rows: Vec<LogRow> = activity_log::table
        .filter(search.condition(reader, among.as_ref()))
        .select(LogRow::as_select())
        .order(sql::<BigInt>(&order.sql(among.is_some())))
        .limit(window.limit)
        .offset(window.offset)
        .load(&mut reader.connection)?;
    let items = rows.into_iter().map(LogEntry::try_from).collect::<Result<_, _>>()?;
    Ok(Page { items, total })
}
