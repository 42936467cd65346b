//! The activity log.

use diesel::prelude::*;
use openmoss_domain::log::{LogAction, LogEntry};
use openmoss_domain::{AgentId, SubTaskId, Timestamp};
use serde::Serialize;

use crate::convert::{parse, parse_optional};
use crate::error::StorageError;
use crate::schema::{activity_log, agent};
use crate::store::{Reader, Writer};

const TABLE: &str = "activity_log";

#[derive(Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = activity_log)]
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
    Ok(())
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
