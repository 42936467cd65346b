//! Submissions: never changed, never deleted.

use std::collections::HashMap;

use diesel::prelude::*;
use openmoss_domain::{Deliverable, SubTaskId, Submission, SubmissionId, Timestamp};

use crate::convert::{json, number, parse, to_json};
use crate::error::StorageError;
use crate::page::{Page, Window};
use crate::schema::submission;
use crate::store::{Reader, Writer};

const TABLE: &str = "submission";

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = submission, treat_none_as_default_value = false)]
struct SubmissionRow {
    id: String,
    sub_task_id: String,
    agent_id: String,
    attempt: i32,
    is_late: bool,
    summary: String,
    artifacts: String,
    created_at: i64,
}

impl TryFrom<SubmissionRow> for Submission {
    type Error = StorageError;

    fn try_from(row: SubmissionRow) -> Result<Self, StorageError> {
        let id = row.id.as_str();
        Ok(Self {
            id: parse(TABLE, id, "id", id)?,
            sub_task_id: parse(TABLE, id, "sub_task_id", &row.sub_task_id)?,
            agent_id: parse(TABLE, id, "agent_id", &row.agent_id)?,
            attempt: number(TABLE, id, "attempt", row.attempt)?,
            is_late: row.is_late,
            deliverable: Deliverable {
                artifacts: json(TABLE, id, "artifacts", &row.artifacts)?,
                summary: row.summary,
            },
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

/// Stores a submission.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn insert(writer: &mut Writer, new: &Submission) -> Result<(), StorageError> {
    let row = SubmissionRow {
        id: new.id.to_string(),
        sub_task_id: new.sub_task_id.to_string(),
        agent_id: new.agent_id.to_string(),
        attempt: i32::try_from(new.attempt).unwrap_or(i32::MAX),
        is_late: new.is_late,
        summary: new.deliverable.summary.clone(),
        artifacts: to_json(&new.deliverable.artifacts),
        created_at: new.created_at.as_micros(),
    };
    diesel::insert_into(submission::table).values(row).execute(&mut writer.connection)?;
    Ok(())
}

/// The submission with this id.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find(reader: &mut Reader, id: SubmissionId) -> Result<Option<Submission>, StorageError> {
    submission::table
        .filter(submission::id.eq(id.to_string()))
        .select(SubmissionRow::as_select())
        .first(&mut reader.connection)
        .optional()?
        .map(Submission::try_from)
        .transpose()
}

/// The newest submission of a sub-task.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find_latest(
    reader: &mut Reader,
    sub_task: SubTaskId,
) -> Result<Option<Submission>, StorageError> {
    let window = Window { offset: 0, limit: 1 };
    Ok(newest_first(reader, sub_task, window)?.into_iter().next())
}

/// When the newest submission of a sub-task came that was not late.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn last_in_time(
    reader: &mut Reader,
    sub_task: SubTaskId,
) -> Result<Option<Timestamp>, StorageError> {
    let of = submission::sub_task_id.eq(sub_task.to_string());
    let last: Option<i64> = submission::table
        .filter(of.and(submission::is_late.eq(false)))
        .select(submission::created_at)
        .order((submission::created_at.desc(), submission::id.desc()))
        .first(&mut reader.connection)
        .optional()?;
    Ok(last.map(Timestamp::from_micros))
}

/// The newest submission of each of a few sub-tasks that was not late; those without one are left
/// out.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn latest_of_each(
    reader: &mut Reader,
    sub_tasks: &[SubTaskId],
) -> Result<HashMap<SubTaskId, Submission>, StorageError> {
    // Ids are in the order of time. They come without the texts, of which there may be many.
    let all: Vec<(String, String)> = submission::table
        .filter(submission::sub_task_id.eq_any(sub_tasks.iter().map(ToString::to_string)))
        .filter(submission::is_late.eq(false))
        .select((submission::sub_task_id, submission::id))
        .load(&mut reader.connection)?;
    let mut newest: HashMap<&str, &str> = HashMap::new();
    for (sub_task, id) in &all {
        let known = newest.entry(sub_task).or_insert(id);
        *known = (*known).max(id);
    }
    let ids: Vec<String> = newest.into_values().map(str::to_owned).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<SubmissionRow> = submission::table
        .filter(submission::id.eq_any(ids))
        .select(SubmissionRow::as_select())
        .load(&mut reader.connection)?;
    let found = rows.into_iter().map(Submission::try_from);
    found.map(|one| one.map(|one| (one.sub_task_id, one))).collect()
}

/// A page of the submissions of a sub-task, newest first.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list(
    reader: &mut Reader,
    sub_task: SubTaskId,
    window: Window,
) -> Result<Page<Submission>, StorageError> {
    // One sub-task has few: the count is an index range of its own rows.
    let total: i64 = submission::table
        .filter(submission::sub_task_id.eq(sub_task.to_string()))
        .count()
        .get_result(&mut reader.connection)?;
    Ok(Page { items: newest_first(reader, sub_task, window)?, total })
}

fn newest_first(
    reader: &mut Reader,
    sub_task: SubTaskId,
    window: Window,
) -> Result<Vec<Submission>, StorageError> {
    let rows: Vec<SubmissionRow> = submission::table
        .filter(submission::sub_task_id.eq(sub_task.to_string()))
        .select(SubmissionRow::as_select())
        .order((submission::created_at.desc(), submission::id.desc()))
        .limit(window.limit)
        .offset(window.offset)
        .load(&mut reader.connection)?;
    rows.into_iter().map(Submission::try_from).collect()
}
