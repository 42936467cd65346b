//! The admin's list of tasks: filtered by anything, sorted by anything. There are far fewer tasks
//! than sub-tasks, so a list that no index has in the wanted order is sorted.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use openmoss_domain::sub_task::WorkKind;
use openmoss_domain::{Keyword, SortOrder, Task, TaskSort, TaskStatus};

use super::{TaskRow, count};
use crate::condition::{Condition, all, contains, direction, literal, place_of};
use crate::connection::AnyConnection;
use crate::counter::{Scope, counts};
use crate::error::StorageError;
use crate::page::{Page, Window};
use crate::schema::task;
use crate::store::Reader;

/// Which tasks, in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// In this status.
    pub status: Option<TaskStatus>,
    /// Once or recurring.
    pub kind: Option<WorkKind>,
    /// With this in name or description.
    pub keyword: Option<Keyword>,
    /// Sorted by this; those that are alike in it by when they were created.
    pub sort: TaskSort,
    /// Which end comes first.
    pub order: SortOrder,
}

/// A page of the tasks that a search finds.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn search(
    reader: &mut Reader,
    search: &Search,
    window: Window,
) -> Result<Page<Task>, StorageError> {
    let total = if search.keyword.is_some() {
        let query = task::table.filter(search.conditions(reader)).count();
        query.get_result(&mut reader.connection)?
    } else {
        count(&counts(reader, Scope::Tasks)?, search.status, search.kind)
    };
    if window.offset >= total {
        return Ok(Page { items: Vec::new(), total });
    }
    let rows: Vec<TaskRow> = task::table
        .filter(search.conditions(reader))
        .select(TaskRow::as_select())
        .order(sql::<Bool>(&search.ordering(reader)))
        .limit(window.limit)
        .offset(window.offset)
        .load(&mut reader.connection)?;
    let items = rows.into_iter().map(Task::try_from).collect::<Result<_, _>>()?;
    Ok(Page { items, total })
}

impl Search {
    fn conditions(&self, reader: &Reader) -> Condition<task::table> {
        let mut found: Vec<Condition<task::table>> = Vec::new();
        if let Some(status) = self.status {
            found.push(literal(&format!("task.status = '{status}'")));
        }
        if let Some(kind) = self.kind {
            found.push(literal(&format!("task.kind = '{kind}'")));
        }
        if let Some(keyword) = &self.keyword {
            found.push(contains(reader, &["task.name", "task.description"], keyword));
        }
        all(found)
    }

    /// Whether only some tasks are listed: they are sorted, instead of being looked for among all in
    /// the wanted order. To keep an index from being used for it, a number stands behind a plus, and
    /// a text is joined with nothing.
    const fn is_filtered(&self) -> bool {
        self.status.is_some() || self.kind.is_some() || self.keyword.is_some()
    }

    fn ordering(&self, reader: &Reader) -> String {
        let (to, is_filtered) = (direction(self.order), self.is_filtered());
        let (number, name) = if is_filtered { ("+", " || ''") } else { ("", "") };
        let created = format!("task.created_at {to}, task.id {to}");
        match self.sort {
            TaskSort::CreatedAt => created,
            TaskSort::UpdatedAt => format!("{number}task.updated_at {to}, task.id {to}"),
            TaskSort::Name => {
                // Byte by byte, whatever PostgreSQL's own order of texts is.
                let collation = match reader.connection {
                    AnyConnection::Sqlite(_) => "",
                    #[cfg(feature = "postgres")]
                    AnyConnection::Postgres(_) => " COLLATE \"C\"",
                };
                format!("(task.name{name}){collation} {to}, task.id {to}")
            }
            TaskSort::Status => {
                let statuses = TaskStatus::ALL.iter().map(|status| status.as_str());
                format!("{} {to}, {created}", place_of("task.status", statuses))
            }
        }
    }
}
