//! The queue: work that can be claimed right now, and what an agent has in hand.
//!
//! One index holds the queue, sorted by what the work asks for, then by priority, task and age. So
//! whoever looks for work goes from one set of capabilities to the next that it covers, and reads one
//! row of each: as many rows as there are different sets with work, however long the queue is.

use std::cmp::Reverse;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, SmallInt, Text};
use openmoss_domain::sub_task::{Priority, Status};
use openmoss_domain::{AgentId, Capabilities, SubTask, SubTaskId, TaskId};

use super::{SubTaskRow, TABLE, find, list_claimable, rows};
use crate::connection::AnyConnection;
use crate::convert::parse;
use crate::dialect::each_backend;
use crate::error::StorageError;
use crate::page::{COUNTED_MAX, Page, Window};
use crate::schema::sub_task;
use crate::statement::Statement;
use crate::store::{Reader, Writer};

/// Most different sets of capabilities that one look takes in. Whoever covers more finds work in
/// these.
const NEEDS_MAX: usize = 64;
/// How much of what an agent has in hand is looked at. Sorted by priority it would be read from an
/// index of all work.
const IN_HAND_MAX: i64 = 50;

/// Work that can be claimed right now and asks for the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// What it asks for.
    pub capabilities: Capabilities,
    /// The rank of its highest priority; 0 is the highest of all.
    rank: i16,
}

/// Which work is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What whoever wants it can do.
    pub able: &'a Capabilities,
    /// Of this task only.
    pub task_id: Option<TaskId>,
    /// Of the tasks after this one, if they have some of the same priority: so that tasks take turns.
    pub after: Option<TaskId>,
}

/// What the work that can be claimed right now asks for, as far as `able` covers it.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn ready_needs(reader: &mut Reader, able: &Capabilities) -> Result<Vec<Need>, StorageError> {
    let (mut needs, mut from) = (Vec::new(), Some(String::new()));
    while let Some(lowest) = from.filter(|_| needs.len() < NEEDS_MAX) {
        let statement: Statement<'_, (Text, SmallInt)> = Statement::new(
            "SELECT required_capabilities, priority_rank FROM sub_task \
             WHERE claimable AND required_capabilities >= ",
        )
        .value(lowest)
        .sql(" ORDER BY required_capabilities, priority_rank, task_id, created_at, id LIMIT 1");
        let first: Vec<(String, i16)> =
            each_backend!(&mut reader.connection, c => statement.load(c))?;
        let Some((text, rank)) = first.into_iter().next() else { break };
        let capabilities = Capabilities::from_text(&text);
        from = able.next_covered(&capabilities);
        if able.cover(&capabilities) {
            needs.push(Need { capabilities, rank });
        }
    }
    Ok(needs)
}

/// Whether some of the work that can be claimed right now asks for capabilities.
fn asks_for_some(reader: &mut Reader) -> Result<bool, StorageError> {
    let statement: Statement<'_, SmallInt> = Statement::new(
        "SELECT priority_rank FROM sub_task WHERE claimable AND required_capabilities > '' \
         ORDER BY required_capabilities, priority_rank, task_id, created_at, id LIMIT 1",
    );
    let first: Vec<i16> = each_backend!(&mut reader.connection, c => statement.load(c))?;
    Ok(!first.is_empty())
}

/// The sub-task that should be claimed next: by priority; then what asks for most, because fewest
/// can do it; then the tasks take turns; then oldest first. On PostgreSQL it is locked, and those
/// that others are just claiming are passed over.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn next_claimable(
    writer: &mut Writer,
    wanted: Wanted<'_>,
) -> Result<Option<SubTask>, StorageError> {
    let mut needs = ready_needs(writer, wanted.able)?;
    needs.sort_by_key(|need| (need.rank, Reverse(need.capabilities.len())));
    for head in heads(&needs, wanted) {
        if let Some(id) = head.find(writer)? {
            return find(writer, id);
        }
    }
    Ok(None)
}

/// Where to look, in this order.
fn heads<'a>(needs: &'a [Need], wanted: Wanted<'a>) -> Vec<Head<'a>> {
    let of = |need: &'a Need| Head { needed: &need.capabilities, rank: None, task: Which::Any };
    if let Some(id) = wanted.task_id {
        let ranks = 0..Priority::ALL.len();
        let ranks = ranks.filter_map(|rank| i16::try_from(rank).ok());
        let by_rank = ranks.flat_map(|rank| needs.iter().map(move |need| (rank, need)));
        return by_rank
            .map(|(rank, need)| Head { rank: Some(rank), task: Which::Only(id), ..of(need) })
            .collect();
    }
    // Behind the last task that had its turn, else from the first one on: there also what has a
    // lower priority, if others are just claiming all the rest.
    let turns = needs.iter().flat_map(|need| {
        let behind = wanted.after.map(Which::After);
        let behind = behind.map(|task| Head { rank: Some(need.rank), task, ..of(need) });
        behind.into_iter().chain([of(need)])
    });
    turns.collect()
}

/// A place in the queue from which the first one is taken.
#[derive(Clone, Copy)]
struct Head<'a> {
    needed: &'a Capabilities,
    rank: Option<i16>,
    task: Which,
}

#[derive(Clone, Copy)]
enum Which {
    Any,
    Only(TaskId),
    After(TaskId),
}

impl Head<'_> {
    fn find(self, writer: &mut Writer) -> Result<Option<SubTaskId>, StorageError> {
        let mut statement: Statement<'_, Text> =
            Statement::new("SELECT id FROM sub_task WHERE claimable AND required_capabilities = ")
                .value(self.needed.to_text());
        if let Some(rank) = self.rank {
            statement = statement.sql(" AND priority_rank = ").value(rank);
        }
        statement = match self.task {
            Which::Any => statement,
            Which::Only(id) => statement.sql(" AND task_id = ").value(id.to_string()),
            Which::After(id) => statement.sql(" AND task_id > ").value(id.to_string()),
        };
        statement = statement.sql(" ORDER BY priority_rank, task_id, created_at, id LIMIT 1");
        let found: Vec<String> = match &mut writer.reader.connection {
            AnyConnection::Sqlite(c) => statement.load(c)?,
            #[cfg(feature = "postgres")]
            AnyConnection::Postgres(c) => statement.sql(" FOR UPDATE SKIP LOCKED").load(c)?,
        };
        found.first().map(|id| parse(TABLE, id, "id", id)).transpose()
    }
}

/// A page of sub-tasks that can be claimed right now by whoever is `able`, newest first. Where some
/// work asks for capabilities, the list is counted up to ten thousand.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_claimable_by(
    reader: &mut Reader,
    able: &Capabilities,
    window: Window,
) -> Result<Page<SubTask>, StorageError> {
    if !asks_for_some(reader)? {
        return list_claimable(reader, window);
    }
    let needs = ready_needs(reader, able)?;
    let texts: Vec<String> = needs.iter().map(|need| need.capabilities.to_text()).collect();
    let mut total = 0;
    for text in &texts {
        total += count_ready(reader, text)?;
    }
    let found: Vec<SubTaskRow> = sub_task::table
        .filter(sub_task::claimable.and(sub_task::required_capabilities.eq_any(texts)))
        .select(SubTaskRow::as_select())
        .order((sub_task::created_at.desc(), sub_task::id.desc()))
        .limit(window.limit)
        .offset(window.offset)
        .load(&mut reader.connection)?;
    Ok(Page { items: rows(found)?, total: total.min(COUNTED_MAX) })
}

fn count_ready(reader: &mut Reader, needed: &str) -> Result<i64, StorageError> {
    let statement: Statement<'_, BigInt> = Statement::new(
        "SELECT COUNT(*) FROM (SELECT 1 FROM sub_task WHERE claimable AND required_capabilities = ",
    )
    .value(needed)
    .sql(" LIMIT ")
    .value(COUNTED_MAX)
    .sql(") AS ready");
    Ok(each_backend!(&mut reader.connection, c => statement.get_result(c))?)
}

/// The most urgent sub-task that `owner` has in `status` and can work on: of an active task, and
/// with all prerequisites done, unless it is in progress already. Looks at the oldest fifty.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn in_hand(
    reader: &mut Reader,
    owner: AgentId,
    status: Status,
) -> Result<Option<SubTask>, StorageError> {
    let statement: Statement<'_, (Text, SmallInt)> =
        Statement::new("SELECT id, priority_rank FROM sub_task WHERE assigned_agent = ")
            .value(owner.to_string())
            .sql(" AND status = ")
            .tokens(&[status.as_str()]);
    // A budget that is used up keeps nobody from finishing what is begun.
    let statement = statement
        .sql(if status == Status::InProgress {
            " AND (NOT held OR EXISTS (SELECT 1 FROM task WHERE task.id = task_id AND is_stopped \
             AND task.status IN ('planning', 'active', 'in_progress')))"
        } else {
            " AND NOT held AND open_prerequisites = 0"
        })
        .sql(" ORDER BY created_at, id LIMIT ")
        .value(IN_HAND_MAX);
    let found: Vec<(String, i16)> = each_backend!(&mut reader.connection, c => statement.load(c))?;
    // Of equal ones the first, which is the oldest.
    match found.iter().min_by_key(|(_, rank)| *rank) {
        Some((id, _)) => find(reader, parse(TABLE, id, "id", id)?),
        None => Ok(None),
    }
}
