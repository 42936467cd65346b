//! What reviewers and planners can do next: each question looks at the near end of an index.

use diesel::prelude::*;
use diesel::sql_types::Text;
use openmoss_domain::sub_task::Status;
use openmoss_domain::{AgentId, SubTask, SubTaskId, TaskId, TaskStatus};

use crate::convert::{parse, token};
use crate::dialect::each_backend;
use crate::error::StorageError;
use crate::schema::sub_task;
use crate::statement::Statement;
use crate::store::Reader;
use crate::sub_task::{OPEN, SubTaskRow, find_many, rows};

/// How many tasks of a status are looked at, the newest ones.
const TASKS_MAX: i64 = 500;
/// Statuses of work that an agent has in hand.
const IN_HAND: &[&str] = &["assigned", "in_progress", "rework"];

/// Sub-tasks in review that `reviewer` may judge and has not approved yet since they were handed in,
/// longest waiting first.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_in_review(
    reader: &mut Reader,
    reviewer: AgentId,
    limit: i64,
) -> Result<Vec<SubTask>, StorageError> {
    // The reviews of one sub-task are few. Said plainly, SQLite would go through all approvals, or all
    // reviews of the reviewer, since the sub-task was handed in.
    let statement: Statement<'_, Text> = Statement::new(
        "SELECT id FROM sub_task WHERE status = 'review' \
         AND (assigned_agent IS NULL OR assigned_agent <> ",
    )
    .value(reviewer.to_string())
    .sql(
        ") AND NOT EXISTS (SELECT 1 FROM review_record WHERE review_record.sub_task_id = sub_task.id \
         AND review_record.result <> 'rejected' \
         AND sub_task.updated_at - review_record.created_at <= 0 \
         AND COALESCE(review_record.reviewer_agent, '') = ",
    )
    .value(reviewer.to_string())
    .sql(") ORDER BY updated_at, id LIMIT ")
    .value(limit);
    let found: Vec<String> = each_backend!(&mut reader.connection, c => statement.load(c))?;
    let ids: Vec<SubTaskId> =
        found.iter().map(|id| parse("sub_task", id, "id", id)).collect::<Result<_, _>>()?;
    let mut waiting = find_many(reader, &ids)?;
    waiting.sort_by_key(|one| (one.updated_at, one.id));
    Ok(waiting)
}

/// Blocked sub-tasks, longest blocked first.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_blocked(reader: &mut Reader, limit: i64) -> Result<Vec<SubTask>, StorageError> {
    let found: Vec<SubTaskRow> = sub_task::table
        .filter(sub_task::status.eq(token(Status::Blocked.as_str())))
        .select(SubTaskRow::as_select())
        .order((sub_task::updated_at.asc(), sub_task::id.asc()))
        .limit(limit)
        .load(&mut reader.connection)?;
    rows(found)
}

/// How many sub-tasks `owner` has in hand, `most` at most.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn count_in_hand(reader: &mut Reader, owner: AgentId, most: u32) -> Result<u32, StorageError> {
    let statement: Statement<'_, Text> =
        Statement::new("SELECT id FROM sub_task WHERE assigned_agent = ")
            .value(owner.to_string())
            .sql(" AND status IN (")
            .tokens(IN_HAND)
            .sql(") LIMIT ")
            .value(i64::from(most));
    let held: Vec<String> = each_backend!(&mut reader.connection, c => statement.load(c))?;
    Ok(u32::try_from(held.len()).unwrap_or(most))
}

/// Tasks in `status` without any sub-task, oldest first: goals that nobody broke down yet.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_unplanned(
    reader: &mut Reader,
    status: TaskStatus,
    limit: i64,
) -> Result<Vec<TaskId>, StorageError> {
    let statement = newest_in(status)
        .sql(
            " WHERE NOT EXISTS (SELECT 1 FROM sub_task WHERE sub_task.task_id = newest.id) \
             ORDER BY newest.created_at, newest.id LIMIT ",
        )
        .value(limit);
    ids(reader, statement)
}

/// Tasks in `status` whose sub-tasks are over, at least one of them done, oldest first: what is
/// ready to be delivered. While rounds of its work are to come, it is not.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_all_done(
    reader: &mut Reader,
    status: TaskStatus,
    limit: i64,
) -> Result<Vec<TaskId>, StorageError> {
    let statement = newest_in(status)
        .sql(
            " WHERE NOT EXISTS (SELECT 1 FROM sub_task WHERE sub_task.task_id = newest.id \
             AND sub_task.status IN (",
        )
        .tokens(OPEN)
        .sql(
            ")) AND EXISTS (SELECT 1 FROM sub_task WHERE sub_task.task_id = newest.id \
             AND sub_task.status = 'done') AND NOT EXISTS (SELECT 1 FROM series \
             WHERE series.task_id = newest.id AND (next_due IS NOT NULL OR queued_since IS NOT NULL)) \
             ORDER BY newest.created_at, newest.id LIMIT ",
        )
        .value(limit);
    ids(reader, statement)
}

/// `SELECT id` from the newest tasks in `status`, up to its `WHERE`.
fn newest_in(status: TaskStatus) -> Statement<'static, Text> {
    Statement::new("SELECT newest.id FROM (SELECT id, created_at FROM task WHERE status = ")
        .tokens(&[status.as_str()])
        .sql(" ORDER BY created_at DESC, id DESC LIMIT ")
        .value(TASKS_MAX)
        .sql(") AS newest")
}

fn ids(reader: &mut Reader, statement: Statement<'_, Text>) -> Result<Vec<TaskId>, StorageError> {
    let found: Vec<String> = each_backend!(&mut reader.connection, c => statement.load(c))?;
    found.iter().map(|id| parse("task", id, "id", id)).collect()
}
