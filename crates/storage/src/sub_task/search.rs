//! The admin's lists of sub-tasks: filtered by anything, sorted by anything.
//!
//! Counters tell beforehand how long a list is, and that decides how it is read:
//! - what lies in one task, in one module or with one agent is found by that, and sorted;
//! - of what lies anywhere, a list of at most [`SORT_MAX`] rows is found by its rarest property and
//!   sorted; a longer one is dense among all sub-tasks, which are walked in the wanted order;
//! - sorted by status, a list is the lists of each status one after the other;
//! - a keyword looks into the texts of a task, a module or an agent; elsewhere an index finds where
//!   it may be (see [`crate::text`]), unless that is nearly everywhere.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer};
use openmoss_domain::sub_task::{Priority, Status, WorkKind};
use openmoss_domain::{Keyword, SortOrder, SubTask, SubTaskId, SubTaskSort};

use super::{Facets, Filter, TABLE, find_many};
use crate::condition::{Condition, all, contains, direction, literal, place_of, unindexed};
use crate::convert::parse;
use crate::counter::{Counts, Scope, counts};
use crate::error::StorageError;
use crate::page::{COUNTED_MAX, Page, Window};
use crate::schema::sub_task;
use crate::store::Reader;
use crate::text::{self, Candidates};

/// Up to how many rows are sorted where no index has them in the wanted order.
const SORT_MAX: i64 = 5_000;
/// How many rows with a keyword are read at once: most keywords have fewer.
const FOUND_AT_ONCE: i64 = 1_000;

/// Which sub-tasks, in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Of which task, module, owner and status.
    pub filter: Filter,
    /// Of this priority.
    pub priority: Option<Priority>,
    /// Once or recurring.
    pub kind: Option<WorkKind>,
    /// With this in name or description.
    pub keyword: Option<Keyword>,
    /// Sorted by this; those that are alike in it by when they were created.
    pub sort: SubTaskSort,
    /// Which end comes first.
    pub order: SortOrder,
}

/// A page of the sub-tasks that a search finds.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn search(
    reader: &mut Reader,
    search: &Search,
    window: Window,
) -> Result<Page<SubTask>, StorageError> {
    let (ids, total) = if let Some(keyword) = &search.keyword {
        with_keyword(reader, search, keyword, window)?
    } else if search.is_narrow() {
        let total = narrow_total(reader, search)?;
        (ids(reader, search, &search.narrow_access(), within(window, total))?, total)
    } else {
        anywhere(reader, search, window)?
    };
    Ok(Page { items: in_order(reader, &ids)?, total })
}

/// The window, or an empty one when it lies behind the end.
fn within(window: Window, total: i64) -> Window {
    if window.offset < total { window } else { Window { offset: 0, limit: 0 } }
}

/// What narrows a list that is not limited to a task, a module or an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Property {
    Status,
    Priority,
    Recurring,
}

/// How a list is read.
#[derive(Debug, Clone, Default)]
struct Access {
    /// The one property that may be looked up in an index.
    by: Option<Property>,
    /// Those that may have the keyword.
    among: Option<Candidates>,
    /// What is found is sorted, not walked in order.
    is_sorted: bool,
}

impl Search {
    fn is_narrow(&self) -> bool {
        let Filter { task_id, module_id, owner, status: _ } = self.filter;
        task_id.is_some() || module_id.is_some() || owner.is_some()
    }

    fn facets(&self) -> Facets {
        Facets { status: self.filter.status, priority: self.priority, kind: self.kind }
    }

    /// All of the same status or priority are sorted by when they were created.
    fn sort(&self) -> SubTaskSort {
        let is_alike = match self.sort {
            SubTaskSort::Status => self.filter.status.is_some(),
            SubTaskSort::Priority => self.priority.is_some(),
            SubTaskSort::CreatedAt | SubTaskSort::UpdatedAt | SubTaskSort::ReworkCount => false,
        };
        if is_alike { SubTaskSort::CreatedAt } else { self.sort }
    }

    fn narrow_access(&self) -> Access {
        // Only with a task or an owner is the status in an index.
        let has_status = self.filter.task_id.is_some() || self.filter.owner.is_some();
        let by = has_status.then_some(Property::Status);
        Access { by, is_sorted: self.sort() != SubTaskSort::CreatedAt, among: None }
    }

    fn access(&self, counts: &Counts) -> Access {
        let facets = self.facets();
        let rarest = facets.rarest(counts);
        let is_short = facets.count(counts) <= SORT_MAX;
        let is_by_change = self.sort() == SubTaskSort::UpdatedAt && facets.status.is_some();
        if self.sort() == SubTaskSort::CreatedAt {
            // Each property has its rows in this order.
            Access { by: rarest, ..Access::default() }
        } else if is_by_change && (!is_short || rarest == Some(Property::Status)) {
            // The status has them in the order of their changes, too.
            Access { by: Some(Property::Status), ..Access::default() }
        } else if is_short && rarest.is_some() {
            Access { by: rarest, is_sorted: true, among: None }
        } else {
            Access::default()
        }
    }

    /// The texts of a task, a module or an agent are read, and those of a property that few have;
    /// else the index of texts is asked. Where it knows no better, a property that most have is not
    /// worth an index either: reading the table is quicker.
    fn access_to_texts(
        &self,
        reader: &mut Reader,
        keyword: &Keyword,
    ) -> Result<Access, StorageError> {
        if self.is_narrow() {
            return Ok(self.narrow_access());
        }
        let counts = counts(reader, Scope::SubTasks)?;
        let number = self.facets().count(&counts);
        let by = self.facets().rarest(&counts);
        if by.is_some() && number <= SORT_MAX {
            return Ok(Access { by, ..Access::default() });
        }
        if let Some(found) = text::candidates(reader, text::OF_SUB_TASKS, keyword)? {
            return Ok(Access { by: None, is_sorted: true, among: Some(found) });
        }
        let all = Facets::default().count(&counts);
        Ok(Access { by: by.filter(|_| number * 4 < all), ..Access::default() })
    }

    fn conditions(&self, reader: &Reader, access: &Access) -> Condition<sub_task::table> {
        let mut found: Vec<Condition<sub_task::table>> = Vec::new();
        if let Some(id) = self.filter.task_id {
            found.push(Box::new(sub_task::task_id.eq(id.to_string())));
        }
        if let Some(id) = self.filter.module_id {
            found.push(Box::new(sub_task::module_id.assume_not_null().eq(id.to_string())));
        }
        if let Some(id) = self.filter.owner {
            found.push(Box::new(sub_task::assigned_agent.assume_not_null().eq(id.to_string())));
        }
        let column = |property: Property| {
            if access.by == Some(property) { "" } else { unindexed(reader) }
        };
        if let Some(status) = self.filter.status {
            let before = column(Property::Status);
            found.push(literal(&format!("{before}sub_task.status = '{status}'")));
        }
        if let Some(priority) = self.priority {
            let (before, rank) = (column(Property::Priority), rank(priority));
            found.push(literal(&format!("{before}sub_task.priority_rank = {rank}")));
        }
        if let Some(kind) = self.kind {
            let before = column(Property::Recurring);
            found.push(literal(&format!("{before}sub_task.kind = '{kind}'")));
        }
        if let Some(candidates) = &access.among {
            found.push(candidates.include("sub_task.id"));
        }
        if let Some(keyword) = &self.keyword {
            found.push(contains(reader, &["sub_task.name", "sub_task.description"], keyword));
        }
        all(found)
    }

    fn ordering(&self, is_sorted: bool) -> String {
        let (before, to) = (if is_sorted { "+" } else { "" }, direction(self.order));
        let created = format!("sub_task.created_at {to}, sub_task.id {to}");
        match self.sort() {
            SubTaskSort::CreatedAt => format!("{before}{created}"),
            SubTaskSort::UpdatedAt => format!("{before}sub_task.updated_at {to}, sub_task.id {to}"),
            SubTaskSort::Priority => format!("{before}sub_task.priority_rank {to}, {created}"),
            SubTaskSort::ReworkCount => format!("{before}sub_task.rework_count {to}, {created}"),
            SubTaskSort::Status => {
                let statuses = Status::ALL.iter().map(|status| status.as_str());
                format!("{} {to}, {created}", place_of("sub_task.status", statuses))
            }
        }
    }
}

/// The value of the generated column `priority_rank`.
const fn rank(priority: Priority) -> u8 {
    match priority {
        Priority::High => 0,
        Priority::Medium => 1,
        Priority::Low => 2,
    }
}

impl Facets {
    /// The property that the fewest sub-tasks have, if there is one that an index has.
    fn rarest(self, counts: &Counts) -> Option<Property> {
        let none = Self::default();
        let status = self.status.map(|_| (Property::Status, Self { status: self.status, ..none }));
        let priority =
            self.priority.map(|_| (Property::Priority, Self { priority: self.priority, ..none }));
        let kind = self.kind.filter(|kind| *kind == WorkKind::Recurring);
        let recurring = kind.map(|_| (Property::Recurring, Self { kind, ..none }));
        let present = [status, priority, recurring].into_iter().flatten();
        present.min_by_key(|(_, alone)| alone.count(counts)).map(|(property, _)| property)
    }
}

fn anywhere(
    reader: &mut Reader,
    search: &Search,
    window: Window,
) -> Result<(Vec<SubTaskId>, i64), StorageError> {
    let counts = counts(reader, Scope::SubTasks)?;
    let total = search.facets().count(&counts);
    let found = if search.sort() == SubTaskSort::Status {
        status_by_status(reader, search, &counts, window)?
    } else {
        ids(reader, search, &search.access(&counts), within(window, total))?
    };
    Ok((found, total))
}

/// The lists of each status one after the other, as far as the window shows them.
fn status_by_status(
    reader: &mut Reader,
    search: &Search,
    counts: &Counts,
    window: Window,
) -> Result<Vec<SubTaskId>, StorageError> {
    let mut statuses = Status::ALL.to_vec();
    if search.order.is_descending() {
        statuses.reverse();
    }
    let (mut found, mut skip) = (Vec::new(), window.offset);
    for status in statuses {
        let filter = Filter { status: Some(status), ..search.filter };
        let part = Search { filter, ..search.clone() };
        let length = part.facets().count(counts);
        if skip >= length {
            skip -= length;
            continue;
        }
        let left = window.limit - i64::try_from(found.len()).unwrap_or(window.limit);
        if left <= 0 {
            break;
        }
        found.extend(ids(
            reader,
            &part,
            &part.access(counts),
            Window { offset: skip, limit: left },
        )?);
        skip = 0;
    }
    Ok(found)
}

/// How many a task, a module or an agent has: from counters, or counted within the smallest of
/// those.
fn narrow_total(reader: &mut Reader, search: &Search) -> Result<i64, StorageError> {
    if search.priority.is_none() && search.kind.is_none() {
        return super::total(reader, search.filter);
    }
    count(reader, search, &search.narrow_access())
}

fn count(reader: &mut Reader, search: &Search, access: &Access) -> Result<i64, StorageError> {
    let query = sub_task::table.filter(search.conditions(reader, access)).count();
    Ok(query.get_result(&mut reader.connection)?)
}

/// How many are found, up to [`COUNTED_MAX`].
fn count_some(reader: &mut Reader, search: &Search, access: &Access) -> Result<i64, StorageError> {
    let found: Vec<i32> = sub_task::table
        .filter(search.conditions(reader, access))
        .select(sql::<Integer>("1"))
        .limit(COUNTED_MAX)
        .load(&mut reader.connection)?;
    Ok(i64::try_from(found.len()).unwrap_or(COUNTED_MAX))
}

/// Where few rows may have the keyword, those are compared and sorted. Else one that few texts have
/// is found in one reading of them, with how many there are, and one that many have is found soon,
/// wherever one looks.
fn with_keyword(
    reader: &mut Reader,
    search: &Search,
    keyword: &Keyword,
    window: Window,
) -> Result<(Vec<SubTaskId>, i64), StorageError> {
    let access = search.access_to_texts(reader, keyword)?;
    if access.among.is_some() {
        let total = count_some(reader, search, &access)?;
        return Ok((ids(reader, search, &access, within(window, total))?, total));
    }
    let first: Vec<String> = sub_task::table
        .filter(search.conditions(reader, &access))
        .select(sub_task::id)
        .limit(FOUND_AT_ONCE)
        .load(&mut reader.connection)?;
    let number = i64::try_from(first.len()).unwrap_or(FOUND_AT_ONCE);
    if number < FOUND_AT_ONCE {
        return Ok((sorted(reader, search, first, window)?, number));
    }
    let total = count_some(reader, search, &access)?;
    let access = if search.is_narrow() {
        search.narrow_access()
    } else {
        search.access(&counts(reader, Scope::SubTasks)?)
    };
    Ok((ids(reader, search, &access, within(window, total))?, total))
}

/// Those of `found` that the window shows, in the order of the search.
fn sorted(
    reader: &mut Reader,
    search: &Search,
    found: Vec<String>,
    window: Window,
) -> Result<Vec<SubTaskId>, StorageError> {
    let rows: Vec<String> = sub_task::table
        .filter(sub_task::id.eq_any(found))
        .select(sub_task::id)
        .order(sql::<Bool>(&search.ordering(true)))
        .limit(window.limit)
        .offset(window.offset)
        .load(&mut reader.connection)?;
    rows.iter().map(|id| parse(TABLE, id, "id", id)).collect()
}

fn ids(
    reader: &mut Reader,
    search: &Search,
    access: &Access,
    window: Window,
) -> Result<Vec<SubTaskId>, StorageError> {
    if window.limit == 0 {
        return Ok(Vec::new());
    }
    let rows: Vec<String> = sub_task::table
        .filter(search.conditions(reader, access))
        .select(sub_task::id)
        .order(sql::<Bool>(&search.ordering(access.is_sorted)))
        .limit(window.limit)
        .offset(window.offset)
        .load(&mut reader.connection)?;
    rows.iter().map(|id| parse(TABLE, id, "id", id)).collect()
}

/// The sub-tasks with these ids, in this order.
fn in_order(reader: &mut Reader, ids: &[SubTaskId]) -> Result<Vec<SubTask>, StorageError> {
    let found = find_many(reader, ids)?.into_iter().map(|one| (one.id, one));
    let mut found: HashMap<SubTaskId, SubTask> = found.collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}
