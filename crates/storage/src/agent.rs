//! Agents and the hashes of their keys.

pub mod listed;

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use openmoss_domain::sub_task::Status;
use openmoss_domain::{Agent, AgentId, AgentStatus, Capabilities, Persona, Role, Timestamp};
use serde::Serialize;

use crate::connection::AnyConnection;
use crate::convert::parse;
use crate::counter::{Deltas, Scope, counts};
use crate::error::StorageError;
use crate::schema::{activity_log, agent, patrol_record, request_day, request_log, review_record};
use crate::store::{Reader, Writer};
use crate::sub_task::Swap;

const TABLE: &str = "agent";
/// Most agents in an answer; the contract's lists have no pages.
const LIST_MAX: i64 = 1_000;
/// The unique index that refuses a second agent of the same name.
pub const NAME_UNIQUE: &str = "agent_name_unique";

#[derive(Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = agent, treat_none_as_default_value = false)]
pub(crate) struct AgentRow {
    id: String,
    name: String,
    role: String,
    description: String,
    status: String,
    total_score: i64,
    created_at: i64,
    capabilities: String,
    avatar: String,
    signature: String,
    work_style: String,
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
            capabilities: Capabilities::from_text(&row.capabilities),
            persona: Persona {
                avatar: Some(row.avatar).filter(|name| !name.is_empty()),
                signature: row.signature,
                work_style: row.work_style.lines().map(str::to_owned).collect(),
            },
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
        capabilities: new.capabilities.to_text(),
        avatar: avatar_text(&new.persona).to_owned(),
        signature: new.persona.signature.clone(),
        work_style: work_style_text(&new.persona),
    }
}

fn avatar_text(persona: &Persona) -> &str {
    persona.avatar.as_deref().unwrap_or_default()
}

/// Tags hold no line breaks.
fn work_style_text(persona: &Persona) -> String {
    persona.work_style.join("\n")
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

/// What active executors can do, each different set once; those who can do nothing in particular
/// are left out.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_able(reader: &mut Reader) -> Result<Vec<Capabilities>, StorageError> {
    let texts: Vec<String> = agent::table
        .filter(
            agent::role
                .eq(Role::Executor.as_str())
                .and(agent::status.eq(AgentStatus::Active.as_str()))
                .and(agent::capabilities.ne("")),
        )
        .select(agent::capabilities)
        .distinct()
        .load(&mut reader.connection)?;
    Ok(texts.iter().map(|text| Capabilities::from_text(text)).collect())
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

/// Enables or disables an agent that was just read as `before`, if its role and status are still the same.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn set_status(
    writer: &mut Writer,
    before: &Agent,
    status: AgentStatus,
) -> Result<Swap, StorageError> {
    let changed = diesel::update(
        agent::table.filter(
            agent::id
                .eq(before.id.to_string())
                .and(agent::role.eq(before.role.as_str()))
                .and(agent::status.eq(before.status.as_str())),
        ),
    )
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

/// The names of these agents, without those that do not exist.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn names(
    reader: &mut Reader,
    ids: &BTreeSet<AgentId>,
) -> Result<HashMap<AgentId, String>, StorageError> {
    let texts = ids.iter().map(ToString::to_string);
    let rows: Vec<(String, String)> = agent::table
        .filter(agent::id.eq_any(texts))
        .select((agent::id, agent::name))
        .load(&mut reader.connection)?;
    rows.into_iter().map(|(id, name)| Ok((parse(TABLE, &id, "id", &id)?, name))).collect()
}

/// These agents, without those that do not exist.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find_many(
    reader: &mut Reader,
    ids: &BTreeSet<AgentId>,
) -> Result<HashMap<AgentId, Agent>, StorageError> {
    let texts = ids.iter().map(ToString::to_string);
    let rows: Vec<AgentRow> = agent::table
        .filter(agent::id.eq_any(texts))
        .select(AgentRow::as_select())
        .load(&mut reader.connection)?;
    let agents = rows.into_iter().map(Agent::try_from);
    agents.map(|agent| agent.map(|agent| (agent.id, agent))).collect()
}

/// Changes name, role, description, capabilities and persona of an agent that was just read as `before`, if it is
/// still the same. A taken name is [`StorageError::Unique`].
///
/// # Errors
/// [`StorageError`] from the database.
pub fn compare_and_set(
    writer: &mut Writer,
    before: &Agent,
    after: &Agent,
) -> Result<Swap, StorageError> {
    let is_same = agent::name
        .eq(&before.name)
        .and(agent::role.eq(before.role.as_str()))
        .and(agent::description.eq(&before.description))
        .and(agent::capabilities.eq(before.capabilities.to_text()))
        .and(agent::avatar.eq(avatar_text(&before.persona)))
        .and(agent::signature.eq(&before.persona.signature))
        .and(agent::work_style.eq(work_style_text(&before.persona)))
        .and(agent::status.eq(before.status.as_str()));
    let changed =
        diesel::update(agent::table.filter(agent::id.eq(before.id.to_string()).and(is_same)))
            .set((
                agent::name.eq(&after.name),
                agent::role.eq(after.role.as_str()),
                agent::description.eq(&after.description),
                agent::capabilities.eq(after.capabilities.to_text()),
                agent::avatar.eq(avatar_text(&after.persona)),
                agent::signature.eq(&after.persona.signature),
                agent::work_style.eq(work_style_text(&after.persona)),
            ))
            .execute(&mut writer.connection)?;
    if changed == 0 {
        return Ok(Swap::Lost);
    }
    writer.deltas.add(Scope::Agents, count_key(before.role, before.status), -1);
    writer.deltas.add(Scope::Agents, count_key(after.role, before.status), 1);
    Ok(Swap::Swapped)
}

/// Lets nobody point at this agent until the transaction ends. SQLite has one writer anyway.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn lock(writer: &mut Writer, id: AgentId) -> Result<(), StorageError> {
    match &mut writer.reader.connection {
        AnyConnection::Sqlite(_) => {
            let _ = id;
        }
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(c) => {
            let locked = agent::table.filter(agent::id.eq(id.to_string())).select(agent::id);
            locked.for_update().first::<String>(c).optional()?;
        }
    }
    Ok(())
}

/// How much points at an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Related {
    /// Sub-tasks that it owns, finished ones too.
    pub sub_tasks: i64,
    /// Reviews that it gave.
    pub reviews: i64,
    /// Changes of its score.
    pub score_changes: i64,
    /// What it wrote into the activity log.
    pub activities: i64,
    /// What it asked, as far as that is still kept.
    pub requests: i64,
    /// Patrol records about it.
    pub patrol_records: i64,
}

/// How much points at this agent; each number is an index range of one agent, or kept.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn related(reader: &mut Reader, id: AgentId) -> Result<Related, StorageError> {
    let owned = counts(reader, Scope::Agent(id))?;
    let id = id.to_string();
    let score_changes: Option<(i64, i64)> = agent::table
        .filter(agent::id.eq(&id))
        .select((agent::reward_count, agent::penalty_count))
        .first(&mut reader.connection)
        .optional()?;
    let (rewards, penalties) = score_changes.unwrap_or_default();
    Ok(Related {
        sub_tasks: Status::ALL.iter().map(|status| owned.get(status.as_str())).sum(),
        reviews: review_record::table
            .filter(review_record::reviewer_agent.eq(&id))
            .count()
            .get_result(&mut reader.connection)?,
        score_changes: rewards + penalties,
        activities: activity_log::table
            .filter(activity_log::agent_id.eq(&id))
            .count()
            .get_result(&mut reader.connection)?,
        requests: request_log::table
            .filter(request_log::agent_id.eq(&id))
            .count()
            .get_result(&mut reader.connection)?,
        patrol_records: patrol_record::table
            .filter(patrol_record::agent_id.eq(&id))
            .count()
            .get_result(&mut reader.connection)?,
    })
}

/// Deletes an agent that was locked and read in this transaction, and its logs. It must own no
/// sub-task any more.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn delete(writer: &mut Writer, gone: &Agent) -> Result<(), StorageError> {
    crate::score::delete_all(writer, gone.id)?;
    crate::log::delete_all(writer, gone.id)?;
    crate::onboarding::delete(writer, gone.id)?;
    crate::wake::delete_all(writer, gone.id)?;
    crate::track_record::delete_all(writer, gone.id)?;
    crate::partner::delete_all(writer, gone.id)?;
    let id = gone.id.to_string();
    diesel::delete(request_day::table.filter(request_day::agent_id.eq(&id)))
        .execute(&mut writer.connection)?;
    diesel::delete(request_log::table.filter(request_log::agent_id.eq(&id)))
        .execute(&mut writer.connection)?;
    diesel::delete(agent::table.filter(agent::id.eq(&id))).execute(&mut writer.connection)?;
    writer.deltas.add(Scope::Agents, count_key(gone.role, gone.status), -1);
    Ok(())
}

/// How many agents there are.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn count_all(reader: &mut Reader) -> Result<i64, StorageError> {
    let count = count_by_role(reader)?;
    let statuses =
        |role: &Role| AgentStatus::ALL.iter().map(|status| count(*role, *status)).sum::<i64>();
    Ok(Role::ALL.iter().map(statuses).sum())
}
