//! What the server's own patrol asks: each question is a bounded range of an index.

use std::collections::{BTreeSet, HashMap};

use diesel::dsl::max;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use openmoss_domain::sub_task::Status;
use openmoss_domain::{
    AgentId, AgentStatus, PatrolRecord, PatrolStatus, Role, SubTask, SubTaskId, TaskId, Timestamp,
};

use crate::convert::{parse, token};
use crate::dialect::each_backend;
use crate::error::StorageError;
use crate::patrol::PatrolRow;
use crate::schema::{agent, patrol_record, score_log, sub_task};
use crate::statement::Statement;
use crate::store::Reader;
use crate::sub_task::{OPEN, SubTaskRow, rows};

/// How many of the latest score changes are looked through for agents that were marked down.
const LATEST_SCORES: i64 = 200;

/// Sub-tasks in `status` that have not changed since `until`, longest first; from behind `after`,
/// the last one of the page before.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_unchanged(
    reader: &mut Reader,
    status: Status,
    until: Timestamp,
    after: Option<(Timestamp, SubTaskId)>,
    limit: i64,
) -> Result<Vec<SubTask>, StorageError> {
    let mut query = sub_task::table
        .filter(sub_task::status.eq(token(status.as_str())))
        .filter(sub_task::updated_at.le(until.as_micros()))
        .select(SubTaskRow::as_select())
        .order((sub_task::updated_at.asc(), sub_task::id.asc()))
        .limit(limit)
        .into_boxed();
    if let Some((at, id)) = after {
        let at = at.as_micros();
        let is_behind = sub_task::updated_at
            .gt(at)
            .or(sub_task::updated_at.eq(at).and(sub_task::id.gt(id.to_string())));
        query = query.filter(sub_task::updated_at.ge(at)).filter(is_behind);
    }
    rows(query.load(&mut reader.connection)?)
}

/// Sub-tasks in `status`, those that changed last first.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_last_changed(
    reader: &mut Reader,
    status: Status,
    limit: i64,
) -> Result<Vec<SubTask>, StorageError> {
    let found = sub_task::table
        .filter(sub_task::status.eq(token(status.as_str())))
        .select(SubTaskRow::as_select())
        .order((sub_task::updated_at.desc(), sub_task::id.desc()))
        .limit(limit)
        .load(&mut reader.connection)?;
    rows(found)
}

/// The oldest sub-tasks that can be claimed.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_oldest_claimable(
    reader: &mut Reader,
    limit: i64,
) -> Result<Vec<SubTask>, StorageError> {
    let query = sub_task::table
        .filter(sub_task::claimable)
        .order((sub_task::created_at.asc(), sub_task::id.asc()))
        .limit(limit);
    let found: Vec<SubTaskRow> =
        each_backend!(&mut reader.connection, c => query.select(SubTaskRow::as_select()).load(c))?;
    rows(found)
}

/// When these agents last called; those that never did are left out.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn called_at(
    reader: &mut Reader,
    ids: &BTreeSet<AgentId>,
) -> Result<HashMap<AgentId, Timestamp>, StorageError> {
    let found: Vec<(String, i64)> = agent::table
        .filter(agent::id.eq_any(ids.iter().map(ToString::to_string)))
        .filter(agent::last_request_at.gt(0))
        .select((agent::id, agent::last_request_at))
        .load(&mut reader.connection)?;
    let parsed =
        |(id, at): (String, i64)| Ok((parse("agent", &id, "id", &id)?, Timestamp::from_micros(at)));
    found.into_iter().map(parsed).collect()
}

/// When an active agent of this role last called, or came to the team.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn last_call_of(reader: &mut Reader, role: Role) -> Result<Option<Timestamp>, StorageError> {
    let (called, joined): (Option<i64>, Option<i64>) = agent::table
        .filter(agent::role.eq(role.as_str()))
        .filter(agent::status.eq(AgentStatus::Active.as_str()))
        .select((max(agent::last_request_at), max(agent::created_at)))
        .first(&mut reader.connection)?;
    Ok(called.max(joined).map(Timestamp::from_micros))
}

/// The owners of what is in progress and has changed since `since`.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn owners_at_work(
    reader: &mut Reader,
    since: Timestamp,
) -> Result<BTreeSet<AgentId>, StorageError> {
    let owners: Vec<Option<String>> = sub_task::table
        .filter(sub_task::status.eq(token(Status::InProgress.as_str())))
        .filter(sub_task::updated_at.ge(since.as_micros()))
        .select(sub_task::assigned_agent)
        .distinct()
        .load(&mut reader.connection)?;
    owners.iter().flatten().map(|id| parse("agent", id, "id", id)).collect()
}

/// How many goals nobody has broken down yet, up to a hundred.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn count_unplanned_tasks(reader: &mut Reader) -> Result<i64, StorageError> {
    let statement: Statement<'_, BigInt> = Statement::new(
        "SELECT COUNT(*) FROM (SELECT 1 FROM task WHERE status = 'planning' \
         AND NOT EXISTS (SELECT 1 FROM sub_task WHERE task_id = task.id) LIMIT 100) AS unplanned",
    );
    Ok(statement.get_result(&mut reader.connection)?)
}

/// The agents that were marked down among the latest score changes.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_marked_down(reader: &mut Reader) -> Result<BTreeSet<AgentId>, StorageError> {
    let latest: Vec<(String, i64)> = score_log::table
        .select((score_log::agent_id, score_log::score_delta))
        .order((score_log::created_at.desc(), score_log::score_delta.desc()))
        .limit(LATEST_SCORES)
        .load(&mut reader.connection)?;
    let down = latest.iter().filter(|(_, delta)| *delta < 0);
    down.map(|(id, _)| parse("score_log", id, "agent_id", id)).collect()
}

/// The last score changes of an agent, newest first.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn latest_deltas(
    reader: &mut Reader,
    id: AgentId,
    limit: i64,
) -> Result<Vec<i64>, StorageError> {
    Ok(score_log::table
        .filter(score_log::agent_id.eq(id.to_string()))
        .select(score_log::score_delta)
        .order((score_log::created_at.desc(), score_log::id.desc()))
        .limit(limit)
        .load(&mut reader.connection)?)
}

/// The server's own records in `status` that name a condition, oldest first; from behind `after`.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_own_records(
    reader: &mut Reader,
    status: PatrolStatus,
    after: Option<&PatrolRecord>,
    limit: i64,
) -> Result<Vec<PatrolRecord>, StorageError> {
    let mut query = patrol_record::table
        .filter(patrol_record::status.eq(token(status.as_str())))
        .filter(patrol_record::opened_by_kind.eq("system"))
        .filter(patrol_record::dedup_key.is_not_null())
        .select(PatrolRow::as_select())
        .order((patrol_record::created_at.asc(), patrol_record::id.asc()))
        .limit(limit)
        .into_boxed();
    if let Some(last) = after {
        let at = last.created_at.as_micros();
        let is_behind = patrol_record::created_at
            .gt(at)
            .or(patrol_record::created_at.eq(at).and(patrol_record::id.gt(last.id.to_string())));
        query = query.filter(patrol_record::created_at.ge(at)).filter(is_behind);
    }
    let found: Vec<PatrolRow> = query.load(&mut reader.connection)?;
    found.into_iter().map(PatrolRecord::try_from).collect()
}

/// Open tasks of which all work is over, and some of it done.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_finished_tasks(reader: &mut Reader) -> Result<Vec<TaskId>, StorageError> {
    let statement: Statement<'_, Text> = Statement::new(
        "SELECT id FROM task WHERE status IN ('planning', 'active', 'in_progress') \
         AND EXISTS (SELECT 1 FROM sub_task WHERE task_id = task.id AND status = 'done') \
         AND NOT EXISTS (SELECT 1 FROM sub_task WHERE task_id = task.id AND status IN (",
    )
    .tokens(OPEN)
    .sql(
        ")) AND NOT EXISTS (SELECT 1 FROM series WHERE task_id = task.id \
         AND (next_due IS NOT NULL OR queued_since IS NOT NULL))",
    );
    let ids: Vec<String> = statement.load(&mut reader.connection)?;
    ids.iter().map(|id| parse("task", id, "id", id)).collect()
}
