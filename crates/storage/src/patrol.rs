//! Patrol records.

use diesel::prelude::*;
use openmoss_domain::{
    AgentId, PatrolRecord, PatrolRecordId, PatrolStatus, Severity, SubTaskId, TaskId, Timestamp,
};

use crate::convert::{parse, parse_optional, token};
use crate::counter::{Scope, counts};
use crate::dialect::each_backend;
use crate::error::StorageError;
use crate::page::{COUNTED_MAX, Page, Window};
use crate::schema::patrol_record;
use crate::store::{Reader, Writer};
use crate::sub_task::Swap;

const TABLE: &str = "patrol_record";

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = patrol_record)]
pub(crate) struct PatrolRow {
    id: String,
    kind: String,
    severity: String,
    task_id: Option<String>,
    sub_task_id: Option<String>,
    agent_id: Option<String>,
    description: String,
    action_taken: String,
    status: String,
    dedup_key: Option<String>,
    opened_by_kind: String,
    opened_by: Option<String>,
    created_at: i64,
    resolved_at: Option<i64>,
}

impl TryFrom<PatrolRow> for PatrolRecord {
    type Error = StorageError;

    fn try_from(row: PatrolRow) -> Result<Self, StorageError> {
        let id = row.id.as_str();
        Ok(Self {
            id: parse(TABLE, id, "id", id)?,
            severity: parse(TABLE, id, "severity", &row.severity)?,
            task_id: parse_optional(TABLE, id, "task_id", row.task_id.as_deref())?,
            sub_task_id: parse_optional(TABLE, id, "sub_task_id", row.sub_task_id.as_deref())?,
            agent_id: parse_optional(TABLE, id, "agent_id", row.agent_id.as_deref())?,
            status: parse(TABLE, id, "status", &row.status)?,
            opened_by_kind: parse(TABLE, id, "opened_by_kind", &row.opened_by_kind)?,
            opened_by: parse_optional(TABLE, id, "opened_by", row.opened_by.as_deref())?,
            created_at: Timestamp::from_micros(row.created_at),
            resolved_at: row.resolved_at.map(Timestamp::from_micros),
            kind: row.kind,
            description: row.description,
            action_taken: row.action_taken,
            dedup_key: row.dedup_key,
        })
    }
}

impl From<&PatrolRecord> for PatrolRow {
    fn from(record: &PatrolRecord) -> Self {
        Self {
            id: record.id.to_string(),
            kind: record.kind.clone(),
            severity: record.severity.to_string(),
            task_id: record.task_id.map(|id| id.to_string()),
            sub_task_id: record.sub_task_id.map(|id| id.to_string()),
            agent_id: record.agent_id.map(|id| id.to_string()),
            description: record.description.clone(),
            action_taken: record.action_taken.clone(),
            status: record.status.to_string(),
            dedup_key: record.dedup_key.clone(),
            opened_by_kind: record.opened_by_kind.to_string(),
            opened_by: record.opened_by.map(|id| id.to_string()),
            created_at: record.created_at.as_micros(),
            resolved_at: record.resolved_at.map(Timestamp::as_micros),
        }
    }
}

/// Stores a record, unless one that is not resolved has its key; whether it did. Of two at once, one
/// does.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn insert(writer: &mut Writer, new: &PatrolRecord) -> Result<bool, StorageError> {
    let row = PatrolRow::from(new);
    let added = each_backend!(&mut writer.reader.connection, c =>
        diesel::insert_into(patrol_record::table).values(row).on_conflict_do_nothing().execute(c))?;
    if added == 0 {
        return Ok(false);
    }
    writer.deltas.add(Scope::Patrol(new.severity), new.status.as_str(), 1);
    Ok(true)
}

/// The record with this id.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find(reader: &mut Reader, id: PatrolRecordId) -> Result<Option<PatrolRecord>, StorageError> {
    patrol_record::table
        .filter(patrol_record::id.eq(id.to_string()))
        .select(PatrolRow::as_select())
        .first(&mut reader.connection)
        .optional()?
        .map(PatrolRecord::try_from)
        .transpose()
}

/// The record of this condition that is not resolved, if there is one.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find_by_key(reader: &mut Reader, key: &str) -> Result<Option<PatrolRecord>, StorageError> {
    patrol_record::table
        .filter(
            patrol_record::dedup_key
                .eq(key)
                // As the index says it, and not as a parameter: so both know that it covers this.
                .and(patrol_record::status.ne(token(PatrolStatus::Resolved.as_str()))),
        )
        .select(PatrolRow::as_select())
        .first(&mut reader.connection)
        .optional()?
        .map(PatrolRecord::try_from)
        .transpose()
}

/// Replaces `before` by `next`, which differ in what became of the finding, if nobody did since
/// `before` was read.
///
/// # Errors
/// [`StorageError::Unique`] when another record that is not resolved has the key by now.
pub fn compare_and_set(
    writer: &mut Writer,
    before: &PatrolRecord,
    next: &PatrolRecord,
) -> Result<Swap, StorageError> {
    let target = patrol_record::table.filter(
        patrol_record::id
            .eq(before.id.to_string())
            .and(patrol_record::status.eq(before.status.as_str())),
    );
    let changed = diesel::update(target)
        .set((
            patrol_record::status.eq(next.status.as_str()),
            patrol_record::action_taken.eq(&next.action_taken),
            patrol_record::resolved_at.eq(next.resolved_at.map(Timestamp::as_micros)),
        ))
        .execute(&mut writer.connection)?;
    if changed == 0 {
        return Ok(Swap::Lost);
    }
    writer.deltas.add(Scope::Patrol(before.severity), before.status.as_str(), -1);
    writer.deltas.add(Scope::Patrol(next.severity), next.status.as_str(), 1);
    Ok(Swap::Swapped)
}

/// Which records a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// In this status.
    pub status: Option<PatrolStatus>,
    /// This bad.
    pub severity: Option<Severity>,
    /// Of this kind.
    pub kind: Option<String>,
    /// About this goal.
    pub task_id: Option<TaskId>,
    /// About this sub-task.
    pub sub_task_id: Option<SubTaskId>,
    /// About this agent.
    pub agent_id: Option<AgentId>,
}

/// A page of records, newest first. A list by kind, task, sub-task or agent is counted up to ten
/// thousand.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list(
    reader: &mut Reader,
    filter: &Filter,
    window: Window,
) -> Result<Page<PatrolRecord>, StorageError> {
    let total = total(reader, filter)?;
    let rows: Vec<PatrolRow> = filtered(filter)
        .select(PatrolRow::as_select())
        .order((patrol_record::created_at.desc(), patrol_record::id.desc()))
        .limit(window.limit)
        .offset(window.offset)
        .load(&mut reader.connection)?;
    let items = rows.into_iter().map(PatrolRecord::try_from).collect::<Result<_, _>>()?;
    Ok(Page { items, total })
}

fn total(reader: &mut Reader, filter: &Filter) -> Result<i64, StorageError> {
    let Filter { status, severity, kind: None, task_id: None, sub_task_id: None, agent_id: None } =
        filter
    else {
        let ids: Vec<String> = filtered(filter)
            .select(patrol_record::id)
            .limit(COUNTED_MAX)
            .load(&mut reader.connection)?;
        return Ok(i64::try_from(ids.len()).unwrap_or(COUNTED_MAX));
    };
    let mut total = 0;
    for one in Severity::ALL.iter().filter(|one| severity.is_none_or(|asked| asked == **one)) {
        let counts = counts(reader, Scope::Patrol(*one))?;
        let of = |status: &PatrolStatus| counts.get(status.as_str());
        total += status.map_or_else(|| PatrolStatus::ALL.iter().map(of).sum(), |one| of(&one));
    }
    Ok(total)
}

type Query<'a> = patrol_record::BoxedQuery<'a, crate::connection::MultiBackend>;

fn filtered(filter: &Filter) -> Query<'_> {
    let mut query = patrol_record::table.into_boxed();
    if let Some(status) = filter.status {
        query = query.filter(patrol_record::status.eq(token(status.as_str())));
    }
    if let Some(severity) = filter.severity {
        query = query.filter(patrol_record::severity.eq(token(severity.as_str())));
    }
    if let Some(kind) = &filter.kind {
        query = query.filter(patrol_record::kind.eq(kind));
    }
    if let Some(id) = filter.task_id {
        query = query.filter(patrol_record::task_id.eq(id.to_string()));
    }
    if let Some(id) = filter.sub_task_id {
        query = query.filter(patrol_record::sub_task_id.eq(id.to_string()));
    }
    if let Some(id) = filter.agent_id {
        query = query.filter(patrol_record::agent_id.eq(id.to_string()));
    }
    query
}
