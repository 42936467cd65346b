//! Tasks.

mod search;

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use openmoss_domain::sub_task::WorkKind;
use openmoss_domain::{Task, TaskId, TaskStatus, Timestamp, Version};
use serde::Serialize;

use crate::connection::AnyConnection;
use crate::convert::{corrupt, parse, token};
use crate::counter::{Counts, Deltas, Scope, counts};
use crate::error::StorageError;
use crate::page::{Page, Window};
use crate::schema::task;
use crate::statement::Changes;
use crate::store::{Reader, Writer};
use crate::sub_task::Swap;

pub use search::{Search, search};

const TABLE: &str = "task";

#[derive(Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = task, treat_none_as_default_value = false)]
pub(crate) struct TaskRow {
    id: String,
    name: String,
    description: String,
    kind: String,
    status: String,
    version: i64,
    created_at: i64,
    updated_at: i64,
    is_stopped: bool,
}

impl TryFrom<TaskRow> for Task {
    type Error = StorageError;

    fn try_from(row: TaskRow) -> Result<Self, StorageError> {
        let id = row.id.as_str();
        let bad_version = || corrupt(TABLE, id, format!("version holds {}", row.version));
        Ok(Self {
            id: parse(TABLE, id, "id", id)?,
            kind: parse::<WorkKind>(TABLE, id, "kind", &row.kind)?,
            status: parse::<TaskStatus>(TABLE, id, "status", &row.status)?,
            version: Version::from_stored(row.version).ok_or_else(bad_version)?,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
            is_stopped: row.is_stopped,
            name: row.name,
            description: row.description,
        })
    }
}

impl From<&Task> for TaskRow {
    fn from(task: &Task) -> Self {
        Self {
            id: task.id.to_string(),
            name: task.name.clone(),
            description: task.description.clone(),
            kind: task.kind.to_string(),
            status: task.status.to_string(),
            version: task.version.get(),
            created_at: task.created_at.as_micros(),
            updated_at: task.updated_at.as_micros(),
            is_stopped: task.is_stopped,
        }
    }
}

/// The key under which a task of this status and kind is counted.
const fn key(status: TaskStatus, kind: WorkKind) -> &'static str {
    match (status, kind) {
        (TaskStatus::Planning, WorkKind::Once) => "planning:once",
        (TaskStatus::Planning, WorkKind::Recurring) => "planning:recurring",
        (TaskStatus::Active, WorkKind::Once) => "active:once",
        (TaskStatus::Active, WorkKind::Recurring) => "active:recurring",
        (TaskStatus::InProgress, WorkKind::Once) => "in_progress:once",
        (TaskStatus::InProgress, WorkKind::Recurring) => "in_progress:recurring",
        (TaskStatus::Completed, WorkKind::Once) => "completed:once",
        (TaskStatus::Completed, WorkKind::Recurring) => "completed:recurring",
        (TaskStatus::Archived, WorkKind::Once) => "archived:once",
        (TaskStatus::Archived, WorkKind::Recurring) => "archived:recurring",
        (TaskStatus::Cancelled, WorkKind::Once) => "cancelled:once",
        (TaskStatus::Cancelled, WorkKind::Recurring) => "cancelled:recurring",
    }
}

/// How many tasks have this status and kind, from [`Scope::Tasks`].
#[must_use]
pub fn count(counts: &Counts, status: Option<TaskStatus>, kind: Option<WorkKind>) -> i64 {
    let statuses = TaskStatus::ALL.iter().filter(|one| status.is_none_or(|only| only == **one));
    let keys = statuses.flat_map(|status| WorkKind::ALL.iter().map(move |kind| (*status, *kind)));
    let keys = keys.filter(|(_, one)| kind.is_none_or(|only| only == *one));
    keys.map(|(status, kind)| counts.get(key(status, kind))).sum()
}

/// How strongly a task is held until the transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Its status must not change meanwhile: something is being added to it.
    Shared,
    /// Nobody else may decide about it meanwhile.
    Exclusive,
}

/// The task with this id.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find(reader: &mut Reader, id: TaskId) -> Result<Option<Task>, StorageError> {
    task::table
        .filter(task::id.eq(id.to_string()))
        .select(TaskRow::as_select())
        .first(&mut reader.connection)
        .optional()?
        .map(Task::try_from)
        .transpose()
}

/// Several tasks by id; those that do not exist are left out.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find_many(
    reader: &mut Reader,
    ids: &[TaskId],
) -> Result<HashMap<TaskId, Task>, StorageError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let texts = ids.iter().map(ToString::to_string);
    let rows: Vec<TaskRow> = task::table
        .filter(task::id.eq_any(texts))
        .select(TaskRow::as_select())
        .load(&mut reader.connection)?;
    let found = rows.into_iter().map(|row| Task::try_from(row).map(|task| (task.id, task)));
    found.collect()
}

/// The task with this id, locked until the transaction ends. SQLite has one writer anyway.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find_locked(
    writer: &mut Writer,
    id: TaskId,
    lock: Lock,
) -> Result<Option<Task>, StorageError> {
    match &mut writer.reader.connection {
        AnyConnection::Sqlite(_) => {
            let _ = lock;
        }
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(c) => {
            let row = task::table.filter(task::id.eq(id.to_string())).select(task::id);
            let _: Vec<String> = match lock {
                Lock::Shared => row.for_share().load(c)?,
                Lock::Exclusive => row.for_update().load(c)?,
            };
        }
    }
    find(writer, id)
}

/// Stores a new task.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn insert(writer: &mut Writer, new: &Task) -> Result<(), StorageError> {
    diesel::insert_into(task::table).values(row(new)).execute(&mut writer.connection)?;
    count_new(&mut writer.deltas, new);
    Ok(())
}

/// What is stored of it.
pub(crate) fn row(new: &Task) -> TaskRow {
    TaskRow::from(new)
}

/// Counts a task that was not there before.
pub(crate) fn count_new(deltas: &mut Deltas, new: &Task) {
    deltas.add(Scope::Tasks, key(new.status, new.kind), 1);
}

/// Replaces `before` by `next` if nobody changed it since `before` was read.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn compare_and_set(
    writer: &mut Writer,
    before: &Task,
    next: &Task,
) -> Result<Swap, StorageError> {
    let versions = (before.version, next.version);
    let swap = Changes::default()
        .note(task::name, before.name.as_str(), next.name.as_str())
        .note(task::description, before.description.as_str(), next.description.as_str())
        .note(task::status, before.status.as_str(), next.status.as_str())
        .note(task::is_stopped, before.is_stopped, next.is_stopped)
        .note(task::updated_at, before.updated_at.as_micros(), next.updated_at.as_micros())
        .compare_and_set(writer, "UPDATE task SET ", before.id.to_string(), versions)?;
    if swap == Swap::Lost {
        return Ok(swap);
    }
    writer.deltas.add(Scope::Tasks, key(before.status, before.kind), -1);
    writer.deltas.add(Scope::Tasks, key(next.status, next.kind), 1);
    Ok(swap)
}

/// A page of tasks, newest first.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list(
    reader: &mut Reader,
    status: Option<TaskStatus>,
    window: Window,
) -> Result<Page<Task>, StorageError> {
    let total = count(&counts(reader, Scope::Tasks)?, status, None);
    let mut query = task::table
        .select(TaskRow::as_select())
        .order((task::created_at.desc(), task::id.desc()))
        .limit(window.limit)
        .offset(window.offset)
        .into_boxed();
    if let Some(status) = status {
        query = query.filter(task::status.eq(token(status.as_str())));
    }
    let rows: Vec<TaskRow> = query.load(&mut reader.connection)?;
    let items = rows.into_iter().map(Task::try_from).collect::<Result<_, _>>()?;
    Ok(Page { items, total })
}

/// Ids of all tasks in `status`.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn ids_in_status(reader: &mut Reader, status: TaskStatus) -> Result<Vec<TaskId>, StorageError> {
    let rows: Vec<String> = task::table
        .filter(task::status.eq(status.as_str()))
        .select(task::id)
        .load(&mut reader.connection)?;
    rows.iter().map(|id| parse(TABLE, id, "id", id)).collect()
}

/// Ids of all tasks whose budget is used up.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn ids_stopped(reader: &mut Reader) -> Result<Vec<TaskId>, StorageError> {
    let rows: Vec<String> =
        task::table.filter(task::is_stopped).select(task::id).load(&mut reader.connection)?;
    rows.iter().map(|id| parse(TABLE, id, "id", id)).collect()
}

/// The names of these tasks, without those that do not exist.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn names(
    reader: &mut Reader,
    ids: &BTreeSet<TaskId>,
) -> Result<HashMap<TaskId, String>, StorageError> {
    let texts = ids.iter().map(ToString::to_string);
    let rows: Vec<(String, String)> = task::table
        .filter(task::id.eq_any(texts))
        .select((task::id, task::name))
        .load(&mut reader.connection)?;
    rows.into_iter().map(|(id, name)| Ok((parse(TABLE, &id, "id", &id)?, name))).collect()
}
