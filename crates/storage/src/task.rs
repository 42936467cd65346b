//! Tasks.

use diesel::prelude::*;
use openmoss_domain::sub_task::WorkKind;
use openmoss_domain::{Task, TaskId, TaskStatus, Timestamp, Version};
use serde::Serialize;

use crate::connection::AnyConnection;
use crate::convert::{corrupt, parse, token};
use crate::counter::{Deltas, Scope, counts};
use crate::error::StorageError;
use crate::page::{Page, Window};
use crate::schema::task;
use crate::store::{Reader, Writer};
use crate::sub_task::Swap;

const TABLE: &str = "task";

#[derive(Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = task)]
pub(crate) struct TaskRow {
    id: String,
    name: String,
    description: String,
    kind: String,
    status: String,
    version: i64,
    created_at: i64,
    updated_at: i64,
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
        }
    }
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
    deltas.add(Scope::Tasks, new.status.as_str(), 1);
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
    let target = task::table
        .filter(task::id.eq(before.id.to_string()).and(task::version.eq(before.version.get())));
    let changed =
        diesel::update(target).set(TaskRow::from(next)).execute(&mut writer.connection)?;
    if changed == 0 {
        return Ok(Swap::Lost);
    }
    writer.deltas.add(Scope::Tasks, before.status.as_str(), -1);
    writer.deltas.add(Scope::Tasks, next.status.as_str(), 1);
    Ok(Swap::Swapped)
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
    let counts = counts(reader, Scope::Tasks)?;
    let sum = |status: &TaskStatus| counts.get(status.as_str());
    let total = status.map_or_else(|| TaskStatus::ALL.iter().map(sum).sum(), |status| sum(&status));
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
