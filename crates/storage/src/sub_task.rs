//! Sub-tasks.

mod facets;
mod queue;
mod search;

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::Bool;
use openmoss_domain::sub_task::{Priority, Status, WorkKind};
use openmoss_domain::{
    AgentId, Capabilities, ModuleId, SubTask, SubTaskId, TaskId, Timestamp, Version,
};
use serde::Serialize;

use crate::convert::{json, number, parse, parse_optional, to_json, token};
use crate::counter::{CLAIMABLE, Deltas, Scope, count, counts};
use crate::dialect::each_backend;
use crate::error::StorageError;
use crate::page::{Page, Window};
use crate::schema::{ownership, sub_task};
use crate::statement::{Changes, Statement};
use crate::store::{Reader, Writer};

pub use facets::Facets;
pub use queue::{Need, Wanted, in_hand, list_claimable_by, next_claimable, ready_needs};
pub use search::{Search, search};

const TABLE: &str = "sub_task";
/// Every status in which work is not over.
pub(crate) const OPEN: &[&str] =
    &["pending", "assigned", "in_progress", "review", "rework", "blocked"];

#[derive(Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = sub_task, treat_none_as_default_value = false)]
pub(crate) struct SubTaskRow {
    id: String,
    task_id: String,
    module_id: Option<String>,
    name: String,
    description: String,
    deliverable: String,
    acceptance: String,
    kind: String,
    priority: String,
    status: String,
    assigned_agent: Option<String>,
    session_id: Option<String>,
    attempt: i32,
    version: i64,
    rework_count: i32,
    lease_expires_at: Option<i64>,
    blocked: Option<String>,
    progress: Option<String>,
    prerequisites: i32,
    open_prerequisites: i32,
    held: bool,
    notes: i32,
    created_at: i64,
    updated_at: i64,
    completed_at: Option<i64>,
    required_capabilities: String,
}

impl TryFrom<SubTaskRow> for SubTask {
    type Error = StorageError;

    fn try_from(row: SubTaskRow) -> Result<Self, StorageError> {
        let id = row.id.as_str();
        Ok(Self {
            id: parse(TABLE, id, "id", id)?,
            task_id: parse(TABLE, id, "task_id", &row.task_id)?,
            module_id: parse_optional(TABLE, id, "module_id", row.module_id.as_deref())?,
            kind: parse::<WorkKind>(TABLE, id, "kind", &row.kind)?,
            priority: parse::<Priority>(TABLE, id, "priority", &row.priority)?,
            status: parse::<Status>(TABLE, id, "status", &row.status)?,
            owner: parse_optional(TABLE, id, "assigned_agent", row.assigned_agent.as_deref())?,
            attempt: number(TABLE, id, "attempt", row.attempt)?,
            version: version(id, row.version)?,
            rework_count: number(TABLE, id, "rework_count", row.rework_count)?,
            lease_expires_at: row.lease_expires_at.map(Timestamp::from_micros),
            blocked: row.blocked.map(|text| json(TABLE, id, "blocked", &text)).transpose()?,
            progress: row.progress.map(|text| json(TABLE, id, "progress", &text)).transpose()?,
            prerequisites: number(TABLE, id, "prerequisites", row.prerequisites)?,
            open_prerequisites: number(TABLE, id, "open_prerequisites", row.open_prerequisites)?,
            held: row.held,
            notes: number(TABLE, id, "notes", row.notes)?,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
            completed_at: row.completed_at.map(Timestamp::from_micros),
            required_capabilities: Capabilities::from_text(&row.required_capabilities),
            name: row.name,
            description: row.description,
            deliverable: row.deliverable,
            acceptance: row.acceptance,
            session_id: row.session_id,
        })
    }
}

fn version(id: &str, stored: i64) -> Result<Version, StorageError> {
    Version::from_stored(stored)
        .ok_or_else(|| crate::convert::corrupt(TABLE, id, format!("version holds {stored}")))
}

/// Numbers of the domain fit 31 bits by its own limits; a bigger one would be a bug upstream and
/// is stored as the largest.
fn stored(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

impl From<&SubTask> for SubTaskRow {
    fn from(sub_task: &SubTask) -> Self {
        Self {
            id: sub_task.id.to_string(),
            task_id: sub_task.task_id.to_string(),
            module_id: sub_task.module_id.map(|id| id.to_string()),
            name: sub_task.name.clone(),
            description: sub_task.description.clone(),
            deliverable: sub_task.deliverable.clone(),
            acceptance: sub_task.acceptance.clone(),
            kind: sub_task.kind.to_string(),
            priority: sub_task.priority.to_string(),
            status: sub_task.status.to_string(),
            assigned_agent: sub_task.owner.map(|id| id.to_string()),
            session_id: sub_task.session_id.clone(),
            attempt: stored(sub_task.attempt),
            version: sub_task.version.get(),
            rework_count: stored(sub_task.rework_count),
            lease_expires_at: sub_task.lease_expires_at.map(Timestamp::as_micros),
            blocked: sub_task.blocked.as_ref().map(to_json),
            progress: sub_task.progress.as_ref().map(to_json),
            prerequisites: stored(sub_task.prerequisites),
            open_prerequisites: stored(sub_task.open_prerequisites),
            held: sub_task.held,
            notes: stored(sub_task.notes),
            created_at: sub_task.created_at.as_micros(),
            updated_at: sub_task.updated_at.as_micros(),
            completed_at: sub_task.completed_at.map(Timestamp::as_micros),
            required_capabilities: sub_task.required_capabilities.to_text(),
        }
    }
}

/// What differs between two states of a sub-task, apart from its version. What it belongs to, its
/// kind and its birth never change.
fn changes<'a>(before: &'a SubTask, next: &'a SubTask) -> Changes<'a> {
    let text_of = |id: AgentId| id.to_string();
    Changes::default()
        .note(sub_task::name, before.name.as_str(), next.name.as_str())
        .note(sub_task::description, before.description.as_str(), next.description.as_str())
        .note(sub_task::deliverable, before.deliverable.as_str(), next.deliverable.as_str())
        .note(sub_task::acceptance, before.acceptance.as_str(), next.acceptance.as_str())
        .note(sub_task::priority, before.priority.as_str(), next.priority.as_str())
        .note(sub_task::status, before.status.as_str(), next.status.as_str())
        .note(sub_task::assigned_agent, before.owner.map(text_of), next.owner.map(text_of))
        .note(sub_task::session_id, before.session_id.as_deref(), next.session_id.as_deref())
        .note(sub_task::attempt, stored(before.attempt), stored(next.attempt))
        .note(sub_task::rework_count, stored(before.rework_count), stored(next.rework_count))
        .note(
            sub_task::lease_expires_at,
            before.lease_expires_at.map(Timestamp::as_micros),
            next.lease_expires_at.map(Timestamp::as_micros),
        )
        .note(
            sub_task::blocked,
            before.blocked.as_ref().map(to_json),
            next.blocked.as_ref().map(to_json),
        )
        .note(
            sub_task::progress,
            before.progress.as_ref().map(to_json),
            next.progress.as_ref().map(to_json),
        )
        .note(sub_task::prerequisites, stored(before.prerequisites), stored(next.prerequisites))
        .note(
            sub_task::open_prerequisites,
            stored(before.open_prerequisites),
            stored(next.open_prerequisites),
        )
        .note(sub_task::held, before.held, next.held)
        .note(
            sub_task::required_capabilities,
            before.required_capabilities.to_text(),
            next.required_capabilities.to_text(),
        )
        .note(sub_task::updated_at, before.updated_at.as_micros(), next.updated_at.as_micros())
        .note(
            sub_task::completed_at,
            before.completed_at.map(Timestamp::as_micros),
            next.completed_at.map(Timestamp::as_micros),
        )
}

/// What came of a compare-and-set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Swap {
    /// The row had the expected version and is changed.
    Swapped,
    /// Somebody else was quicker; nothing is changed.
    Lost,
}

/// The sub-task with this id.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find(reader: &mut Reader, id: SubTaskId) -> Result<Option<SubTask>, StorageError> {
    let query = sub_task::table.filter(sub_task::id.eq(id.to_string()));
    let found: QueryResult<SubTaskRow> =
        each_backend!(&mut reader.connection, c => query.select(SubTaskRow::as_select()).first(c));
    found.optional()?.map(SubTask::try_from).transpose()
}

/// Several sub-tasks by id, in no order; ids that do not exist are left out.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find_many(reader: &mut Reader, ids: &[SubTaskId]) -> Result<Vec<SubTask>, StorageError> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(500) {
        let texts: Vec<String> = chunk.iter().map(ToString::to_string).collect();
        let rows: Vec<SubTaskRow> = sub_task::table
            .filter(sub_task::id.eq_any(texts))
            .select(SubTaskRow::as_select())
            .load(&mut reader.connection)?;
        for row in rows {
            found.push(row.try_into()?);
        }
    }
    Ok(found)
}

/// Stores a new sub-task.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn insert(writer: &mut Writer, new: &SubTask) -> Result<(), StorageError> {
    diesel::insert_into(sub_task::table).values(row(new)).execute(&mut writer.connection)?;
    count_new(&mut writer.deltas, new);
    note_owner(writer, None, new)
}

/// What is stored of it.
pub(crate) fn row(new: &SubTask) -> SubTaskRow {
    SubTaskRow::from(new)
}

/// Counts a sub-task that was not there before.
pub(crate) fn count_new(deltas: &mut Deltas, new: &SubTask) {
    add_to_counts(deltas, new, 1);
}

/// Replaces `before` by `next` if nobody changed it since `before` was read.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn compare_and_set(
    writer: &mut Writer,
    before: &SubTask,
    next: &SubTask,
) -> Result<Swap, StorageError> {
    let versions = (before.version, next.version);
    let swap = changes(before, next).compare_and_set(
        writer,
        "UPDATE sub_task SET ",
        before.id.to_string(),
        versions,
    )?;
    if swap == Swap::Lost {
        return Ok(swap);
    }
    add_to_counts(&mut writer.deltas, before, -1);
    add_to_counts(&mut writer.deltas, next, 1);
    note_owner(writer, Some(before), next)?;
    Ok(swap)
}

fn add_to_counts(deltas: &mut Deltas, sub_task: &SubTask, n: i64) {
    deltas.add(Scope::SubTasks, facets::key(sub_task), n);
    let scopes = [
        Some(Scope::Task(sub_task.task_id)),
        sub_task.module_id.map(Scope::Module),
        sub_task.owner.map(Scope::Agent),
    ];
    for scope in scopes.into_iter().flatten() {
        deltas.add(scope, sub_task.status.as_str(), n);
    }
    if sub_task.is_claimable() {
        deltas.add(Scope::SubTasks, CLAIMABLE, n);
        deltas.add(Scope::Task(sub_task.task_id), CLAIMABLE, n);
    }
}

fn note_owner(
    writer: &mut Writer,
    before: Option<&SubTask>,
    next: &SubTask,
) -> Result<(), StorageError> {
    let is_new = before.is_none_or(|before| before.attempt != next.attempt);
    let Some(owner) = next.owner.filter(|_| is_new) else {
        return Ok(());
    };
    diesel::insert_into(ownership::table)
        .values((
            ownership::sub_task_id.eq(next.id.to_string()),
            ownership::attempt.eq(stored(next.attempt)),
            ownership::agent_id.eq(owner.to_string()),
            ownership::since.eq(next.updated_at.as_micros()),
        ))
        .execute(&mut writer.connection)?;
    Ok(())
}

/// The last attempt of a sub-task that this agent owned, if it ever did.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn last_attempt_of(
    reader: &mut Reader,
    id: SubTaskId,
    agent: AgentId,
) -> Result<Option<u32>, StorageError> {
    let attempt: Option<i32> = ownership::table
        .filter(
            ownership::sub_task_id
                .eq(id.to_string())
                .and(ownership::agent_id.eq(agent.to_string())),
        )
        .select(ownership::attempt)
        .order(ownership::attempt.desc())
        .first(&mut reader.connection)
        .optional()?;
    attempt.map(|attempt| number("ownership", &id.to_string(), "attempt", attempt)).transpose()
}

/// Which sub-tasks a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this task.
    pub task_id: Option<TaskId>,
    /// Of this module.
    pub module_id: Option<ModuleId>,
    /// Of this owner.
    pub owner: Option<AgentId>,
    /// In this status.
    pub status: Option<Status>,
}

/// A page of sub-tasks, newest first.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list(
    reader: &mut Reader,
    filter: Filter,
    window: Window,
) -> Result<Page<SubTask>, StorageError> {
    let total = total(reader, filter)?;
    if window.offset >= total {
        return Ok(Page { items: Vec::new(), total });
    }
    let found: QueryResult<Vec<SubTaskRow>> = each_backend!(&mut reader.connection, c => {
        let mut query = sub_task::table
            .select(SubTaskRow::as_select())
            .order((sub_task::created_at.desc(), sub_task::id.desc()))
            .limit(window.limit)
            .offset(window.offset)
            .into_boxed();
        if let Some(id) = filter.task_id {
            query = query.filter(sub_task::task_id.eq(id.to_string()));
        }
        if let Some(id) = filter.module_id {
            query = query.filter(sub_task::module_id.eq(id.to_string()));
        }
        if let Some(id) = filter.owner {
            query = query.filter(sub_task::assigned_agent.eq(id.to_string()));
        }
        if let Some(status) = filter.status {
            query = query.filter(sub_task::status.eq(token(status.as_str())));
        }
        query.load(c)
    });
    rows(found?).map(|items| Page { items, total })
}

pub(crate) fn rows(rows: Vec<SubTaskRow>) -> Result<Vec<SubTask>, StorageError> {
    rows.into_iter().map(SubTask::try_from).collect()
}

/// The length of a filtered list, from counters. Only a filter by two of task, module and owner at
/// once has none; then the smaller of the two lists is the bound, and it is counted.
fn total(reader: &mut Reader, filter: Filter) -> Result<i64, StorageError> {
    let scope = match (filter.task_id, filter.module_id, filter.owner) {
        (None, None, None) => {
            let facets = Facets { status: filter.status, ..Facets::default() };
            return Ok(facets.count(&counts(reader, Scope::SubTasks)?));
        }
        (Some(id), None, None) => Scope::Task(id),
        (None, Some(id), None) => Scope::Module(id),
        (None, None, Some(id)) => Scope::Agent(id),
        _ => return counted(reader, filter),
    };
    let counts = counts(reader, scope)?;
    let sum = |status: &Status| counts.get(status.as_str());
    Ok(filter.status.map_or_else(|| Status::ALL.iter().map(sum).sum(), |status| sum(&status)))
}

fn counted(reader: &mut Reader, filter: Filter) -> Result<i64, StorageError> {
    let mut query = sub_task::table.count().into_boxed();
    if let Some(id) = filter.task_id {
        query = query.filter(sub_task::task_id.eq(id.to_string()));
    }
    if let Some(id) = filter.module_id {
        query = query.filter(sub_task::module_id.eq(id.to_string()));
    }
    if let Some(id) = filter.owner {
        query = query.filter(sub_task::assigned_agent.eq(id.to_string()));
    }
    if let Some(status) = filter.status {
        query = query.filter(sub_task::status.eq(token(status.as_str())));
    }
    Ok(query.get_result(&mut reader.connection)?)
}

/// A page of sub-tasks that can be claimed right now, newest first.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_claimable(reader: &mut Reader, window: Window) -> Result<Page<SubTask>, StorageError> {
    let total = count(reader, Scope::SubTasks, CLAIMABLE)?;
    let query = sub_task::table
        .filter(sub_task::claimable)
        .order((sub_task::created_at.desc(), sub_task::id.desc()))
        .limit(window.limit)
        .offset(window.offset);
    let found: Vec<SubTaskRow> =
        each_backend!(&mut reader.connection, c => query.select(SubTaskRow::as_select()).load(c))?;
    rows(found).map(|items| Page { items, total })
}

/// The owner's most recently changed sub-task of a task.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find_latest(
    reader: &mut Reader,
    owner: AgentId,
    task_id: TaskId,
) -> Result<Option<SubTask>, StorageError> {
    sub_task::table
        .filter(
            sub_task::assigned_agent
                .eq(owner.to_string())
                .and(sub_task::task_id.eq(task_id.to_string())),
        )
        .select(SubTaskRow::as_select())
        .order(sub_task::updated_at.desc())
        .first(&mut reader.connection)
        .optional()?
        .map(SubTask::try_from)
        .transpose()
}

/// Whether any sub-task of the task is not over yet.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn has_open(reader: &mut Reader, task_id: TaskId) -> Result<bool, StorageError> {
    let statement: Statement<'_, Bool> =
        Statement::new("SELECT EXISTS (SELECT 1 FROM sub_task WHERE task_id = ")
            .value(task_id.to_string())
            .sql(" AND status IN (")
            .tokens(OPEN)
            .sql("))");
    Ok(statement.get_result(&mut reader.connection)?)
}

/// The first sub-tasks of a task, in the order in which they were created. For transactions, where
/// the length of a list is not known.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_first(
    reader: &mut Reader,
    task_id: TaskId,
    limit: i64,
) -> Result<Vec<SubTask>, StorageError> {
    let found: Vec<SubTaskRow> = sub_task::table
        .filter(sub_task::task_id.eq(task_id.to_string()))
        .select(SubTaskRow::as_select())
        .order((sub_task::created_at.asc(), sub_task::id.asc()))
        .limit(limit)
        .load(&mut reader.connection)?;
    rows(found)
}

/// Keeps the work of a task back, or hands it out again. Returns how many sub-tasks changed.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn set_held(
    writer: &mut Writer,
    task_id: TaskId,
    held: bool,
    now: Timestamp,
) -> Result<usize, StorageError> {
    // What changed is counted by the statement that changes it: a claim may come in between two.
    let changed: Vec<(String, i32)> = diesel::update(
        sub_task::table
            .filter(sub_task::task_id.eq(task_id.to_string()).and(sub_task::held.eq(!held))),
    )
    .set((
        sub_task::held.eq(held),
        sub_task::version.eq(sub_task::version + 1),
        sub_task::updated_at.eq(now.as_micros()),
    ))
    .returning((sub_task::status, sub_task::open_prerequisites))
    .get_results(&mut writer.connection)?;
    let ready = changed.iter().filter(|(status, open)| status == "pending" && *open == 0).count();
    let ready = i64::try_from(ready).unwrap_or(i64::MAX);
    let delta = if held { -ready } else { ready };
    writer.deltas.add(Scope::SubTasks, CLAIMABLE, delta);
    writer.deltas.add(Scope::Task(task_id), CLAIMABLE, delta);
    Ok(changed.len())
}

/// Takes the owner's name from everything that it cannot work on any more: what is over, in review
/// or blocked. Whoever ever owned an attempt stays on record.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn forget_owner(writer: &mut Writer, owner: AgentId) -> Result<(), StorageError> {
    const LEFT: [&str; 4] = ["review", "blocked", "done", "cancelled"];
    let changed: Vec<String> =
        diesel::update(sub_task::table.filter(
            sub_task::assigned_agent.eq(owner.to_string()).and(sub_task::status.eq_any(LEFT)),
        ))
        .set((
            sub_task::assigned_agent.eq(None::<String>),
            sub_task::session_id.eq(None::<String>),
            sub_task::version.eq(sub_task::version + 1),
        ))
        .returning(sub_task::status)
        .get_results(&mut writer.connection)?;
    for status in Status::ALL {
        let n = changed.iter().filter(|changed| *changed == status.as_str()).count();
        let n = i64::try_from(n).unwrap_or(i64::MAX);
        writer.deltas.add(Scope::Agent(owner), status.as_str(), -n);
    }
    Ok(())
}

/// Some of the sub-tasks that `owner` has in `status`. For transactions: the lengths of lists are
/// counters, and what others did in the same group of SQLite's commits is not in them yet.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_owned(
    reader: &mut Reader,
    owner: AgentId,
    status: Status,
    limit: i64,
) -> Result<Vec<SubTaskId>, StorageError> {
    let ids: Vec<String> = sub_task::table
        .filter(
            sub_task::assigned_agent
                .eq(owner.to_string())
                .and(sub_task::status.eq(token(status.as_str()))),
        )
        .select(sub_task::id)
        .order((sub_task::created_at.desc(), sub_task::id.desc()))
        .limit(limit)
        .load(&mut reader.connection)?;
    ids.iter().map(|id| parse(TABLE, id, "id", id)).collect()
}

/// What an agent works on right now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtWork {
    /// The sub-task.
    pub id: SubTaskId,
    /// Its name.
    pub name: String,
    /// Its part of the goal.
    pub module_id: Option<ModuleId>,
}

/// What each agent has in progress; of several, the one that changed last.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn at_work(reader: &mut Reader) -> Result<HashMap<AgentId, AtWork>, StorageError> {
    type Row = (Option<String>, String, String, Option<String>, i64);
    let rows: Vec<Row> = sub_task::table
        .filter(sub_task::status.eq(token(Status::InProgress.as_str())))
        .select((
            sub_task::assigned_agent,
            sub_task::id,
            sub_task::name,
            sub_task::module_id,
            sub_task::updated_at,
        ))
        .load(&mut reader.connection)?;
    let mut found: HashMap<AgentId, (i64, AtWork)> = HashMap::new();
    for (owner, id, name, module_id, changed_at) in rows {
        let owner = parse_optional(TABLE, &id, "assigned_agent", owner.as_deref())?;
        let module_id = parse_optional(TABLE, &id, "module_id", module_id.as_deref())?;
        let work = AtWork { id: parse(TABLE, &id, "id", &id)?, name, module_id };
        if let Some(owner) = owner
            && found.get(&owner).is_none_or(|(last, _)| *last < changed_at)
        {
            found.insert(owner, (changed_at, work));
        }
    }
    Ok(found.into_iter().map(|(owner, (_, work))| (owner, work)).collect())
}
