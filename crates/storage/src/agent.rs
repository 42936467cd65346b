//! Agents and the hashes of their keys.

use diesel::prelude::*;
use openmoss_domain::{Agent, AgentId, AgentStatus, Role, Timestamp};
use serde::Serialize;

use crate::convert::parse;
use crate::counter::{Deltas, Scope, counts};
use crate::error::StorageError;
use crate::schema::agent;
use crate::store::{Reader, Writer};
use crate::sub_task::Swap;

const TABLE: &str = "agent";
/// Most agents in an answer; the contract's lists have no pages.
const LIST_MAX: i64 = 1_000;
/// The unique index that refuses a second agent of the same name.
pub const NAME_UNIQUE: &str = "agent_name_unique";

#[derive(Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = agent)]
pub(crate) struct AgentRow {
    id: String,
    name: String,
    role: String,
    description: String,
    status: String,
    total_score: i64,
    created_at: i64,
}

impl TryFrom<AgentRow> for Agent {
    type Error = StorageError;

    fn try_from(row: AgentRow) -> Result<Self, StorageError> {
        Ok(Self {
            id: parse(TABLE, &row.id, "id", &row.id)?,
            role: parse::<Role>(TABLE, &row.id, "role", &row.role)?,
            status: parse::<AgentStatus>(TABLE, &row.id, "status", &row.status)?,
            total_score: row.total_score,
            created_at: Timestamp::from_micros(row.created_at),
            name: row.name,
            description: row.description,
        })
    }
}

/// What is stored of it.
pub(crate) fn row(new: &Agent) -> AgentRow {
    AgentRow {
        id: new.id.to_string(),
        name: new.name.clone(),
        role: new.role.to_string(),
        description: new.description.clone(),
        status: new.status.to_string(),
        total_score: new.total_score,
        created_at: new.created_at.as_micros(),
    }
}

fn count_key(role: Role, status: AgentStatus) -> &'static str {
    match (role, status) {
        (Role::Planner, AgentStatus::Active) => "planner:active",
        (Role::Planner, AgentStatus::Disabled) => "planner:disabled",
        (Role::Executor, AgentStatus::Active) => "executor:active",
        (Role::Executor, AgentStatus::Disabled) => "executor:disabled",
        (Role::Reviewer, AgentStatus::Active) => "reviewer:active",
        (Role::Reviewer, AgentStatus::Disabled) => "reviewer:disabled",
        (Role::Patrol, AgentStatus::Active) => "patrol:active",
        (Role::Patrol, AgentStatus::Disabled) => "patrol:disabled",
    }
}

/// How many agents of each role are in each status.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn count_by_role(
    reader: &mut Reader,
) -> Result<impl Fn(Role, AgentStatus) -> i64 + use<>, StorageError> {
    let counts = counts(reader, Scope::Agents)?;
    Ok(move |role, status| counts.get(count_key(role, status)))
}

/// The agent with this id.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find(reader: &mut Reader, id: AgentId) -> Result<Option<Agent>, StorageError> {
    agent::table
        .filter(agent::id.eq(id.to_string()))
        .select(AgentRow::as_select())
        .first(&mut reader.connection)
        .optional()?
        .map(Agent::try_from)
        .transpose()
}

/// The agent whose key has this hash.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find_by_key(reader: &mut Reader, key_hash: &str) -> Result<Option<Agent>, StorageError> {
    agent::table
        .filter(agent::key_hash.eq(key_hash))
        .select(AgentRow::as_select())
        .first(&mut reader.connection)
        .optional()?
        .map(Agent::try_from)
        .transpose()
}

/// The agent of this name.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find_by_name(reader: &mut Reader, name: &str) -> Result<Option<Agent>, StorageError> {
    agent::table
        .filter(agent::name.eq(name))
        .select(AgentRow::as_select())
        .first(&mut reader.connection)
        .optional()?
        .map(Agent::try_from)
        .transpose()
}

/// Stores a new agent. A taken name is [`StorageError::Unique`].
///
/// # Errors
/// [`StorageError`] from the database.
pub fn insert(writer: &mut Writer, new: &Agent, key_hash: &str) -> Result<(), StorageError> {
    let row = row(new);
    diesel::insert_into(agent::table)
        .values((
            row,
            agent::key_hash.eq(key_hash),
            agent::reward_count.eq(0),
            agent::penalty_count.eq(0),
        ))
        .execute(&mut writer.connection)?;
    count_new(&mut writer.deltas, new);
    Ok(())
}

/// Counts an agent that was not there before.
pub(crate) fn count_new(deltas: &mut Deltas, new: &Agent) {
    deltas.add(Scope::Agents, count_key(new.role, new.status), 1);
}

/// Enables or disables an agent that was just read as `before`, if its status is still the same.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn set_status(
    writer: &mut Writer,
    before: &Agent,
    status: AgentStatus,
) -> Result<Swap, StorageError> {
    let changed =
        diesel::update(agent::table.filter(
            agent::id.eq(before.id.to_string()).and(agent::status.eq(before.status.as_str())),
        ))
        .set(agent::status.eq(status.as_str()))
        .execute(&mut writer.connection)?;
    if changed == 0 {
        return Ok(Swap::Lost);
    }
    writer.deltas.add(Scope::Agents, count_key(before.role, before.status), -1);
    writer.deltas.add(Scope::Agents, count_key(before.role, status), 1);
    Ok(Swap::Swapped)
}

/// Replaces an agent's key; the old one is refused from now on.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn set_key(writer: &mut Writer, id: AgentId, key_hash: &str) -> Result<(), StorageError> {
    diesel::update(agent::table.filter(agent::id.eq(id.to_string())))
        .set(agent::key_hash.eq(key_hash))
        .execute(&mut writer.connection)?;
    Ok(())
}

/// Agents, oldest first, at most a thousand.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list(
    reader: &mut Reader,
    role: Option<Role>,
    status: Option<AgentStatus>,
) -> Result<Vec<Agent>, StorageError> {
    let mut query = agent::table
        .select(AgentRow::as_select())
        .order((agent::created_at.asc(), agent::id.asc()))
        .limit(LIST_MAX)
        .into_boxed();
    if let Some(role) = role {
        query = query.filter(agent::role.eq(role.as_str()));
    }
    if let Some(status) = status {
        query = query.filter(agent::status.eq(status.as_str()));
    }
    let rows: Vec<AgentRow> = query.load(&mut reader.connection)?;
    rows.into_iter().map(Agent::try_from).collect()
}

/// Agents by score, highest first, oldest first among equals, at most a thousand.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_by_score(reader: &mut Reader) -> Result<Vec<Agent>, StorageError> {
    let rows: Vec<AgentRow> = agent::table
        .select(AgentRow::as_select())
        .order((agent::total_score.desc(), agent::created_at.asc()))
        .limit(LIST_MAX)
        .load(&mut reader.connection)?;
    rows.into_iter().map(Agent::try_from).collect()
}

/// Whether any agent exists.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn has_any(reader: &mut Reader) -> Result<bool, StorageError> {
    let query = agent::table.select(agent::id).limit(1);
    Ok(query.first::<String>(&mut reader.connection).optional()?.is_some())
}
