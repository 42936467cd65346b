//! Where agents are woken, and their wake-ups.

use diesel::prelude::*;
use diesel::upsert::excluded;
use openmoss_domain::outbox::{DeliveryStatus, Sending};
use openmoss_domain::wake::{Sleeper, WakeState, WakeTarget, WakeUp};
use openmoss_domain::{AgentId, AgentStatus, NextAction, Timestamp, WakeUpId};

use crate::convert::{number, parse, parse_optional, token};
use crate::dialect::each_backend;
use crate::error::StorageError;
use crate::page::{COUNTED_MAX, Page, Window};
use crate::schema::{agent, wake_target, wake_up};
use crate::store::{Reader, Writer};
use crate::sub_task::Swap;

const TARGET: &str = "wake_target";
const TABLE: &str = "wake_up";
/// Most agents that are woken by one server.
const SLEEPERS_MAX: i64 = 1_000;

#[derive(Queryable, Selectable)]
#[diesel(table_name = wake_target)]
struct TargetRow {
    agent_id: String,
    kind: String,
    url: String,
    secret: String,
    runtime_agent: Option<String>,
    hook: Option<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = wake_target)]
struct StateRow {
    agent_id: String,
    outstanding: Option<String>,
    action: Option<String>,
    woken_at: i64,
    unanswered: i32,
    not_before: i64,
}

impl TryFrom<TargetRow> for WakeTarget {
    type Error = StorageError;

    fn try_from(row: TargetRow) -> Result<Self, StorageError> {
        let id = row.agent_id.as_str();
        Ok(Self {
            agent_id: parse(TARGET, id, "agent_id", id)?,
            kind: parse(TARGET, id, "kind", &row.kind)?,
            url: row.url,
            secret: row.secret,
            runtime_agent: row.runtime_agent,
            hook: row.hook,
        })
    }
}

impl TryFrom<StateRow> for WakeState {
    type Error = StorageError;

    fn try_from(row: StateRow) -> Result<Self, StorageError> {
        let id = row.agent_id.as_str();
        Ok(Self {
            outstanding: parse_optional(TARGET, id, "outstanding", row.outstanding.as_deref())?,
            action: parse_optional(TARGET, id, "action", row.action.as_deref())?,
            woken_at: time(row.woken_at),
            unanswered: number(TARGET, id, "unanswered", row.unanswered)?,
            not_before: Timestamp::from_micros(row.not_before),
        })
    }
}

/// 0 stands for never.
fn time(micros: i64) -> Option<Timestamp> {
    (micros != 0).then_some(Timestamp::from_micros(micros))
}

fn micros(time: Option<Timestamp>) -> i64 {
    time.map_or(0, Timestamp::as_micros)
}

fn small(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Says where an agent is woken, in place of what was said before. It counts as never woken there.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn set_target(writer: &mut Writer, target: &WakeTarget) -> Result<(), StorageError> {
    let new = WakeState::NEW;
    let row = (
        wake_target::agent_id.eq(target.agent_id.to_string()),
        wake_target::kind.eq(target.kind.as_str()),
        wake_target::url.eq(&target.url),
        wake_target::secret.eq(&target.secret),
        wake_target::runtime_agent.eq(target.runtime_agent.as_deref()),
        wake_target::hook.eq(target.hook.as_deref()),
        wake_target::woken_at.eq(micros(new.woken_at)),
        wake_target::unanswered.eq(small(new.unanswered)),
        wake_target::not_before.eq(new.not_before.as_micros()),
    );
    each_backend!(&mut writer.reader.connection, c => diesel::insert_into(wake_target::table)
        .values(row)
        .on_conflict(wake_target::agent_id)
        .do_update()
        .set((
            wake_target::kind.eq(excluded(wake_target::kind)),
            wake_target::url.eq(excluded(wake_target::url)),
            wake_target::secret.eq(excluded(wake_target::secret)),
            wake_target::runtime_agent.eq(excluded(wake_target::runtime_agent)),
            wake_target::hook.eq(excluded(wake_target::hook)),
            wake_target::outstanding.eq(None::<String>),
            wake_target::action.eq(None::<String>),
            wake_target::woken_at.eq(excluded(wake_target::woken_at)),
            wake_target::unanswered.eq(excluded(wake_target::unanswered)),
            wake_target::not_before.eq(excluded(wake_target::not_before)),
        ))
        .execute(c))?;
    Ok(())
}

/// Wakes the agent nowhere any more; whether it was woken anywhere.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn delete_target(writer: &mut Writer, agent_id: AgentId) -> Result<bool, StorageError> {
    let target = wake_target::table.filter(wake_target::agent_id.eq(agent_id.to_string()));
    Ok(diesel::delete(target).execute(&mut writer.connection)? > 0)
}

/// Forgets everything about the waking of an agent.
pub(crate) fn delete_all(writer: &mut Writer, agent_id: AgentId) -> Result<(), StorageError> {
    delete_target(writer, agent_id)?;
    let wake_ups = wake_up::table.filter(wake_up::agent_id.eq(agent_id.to_string()));
    diesel::delete(wake_ups).execute(&mut writer.connection)?;
    Ok(())
}

/// Where an agent is woken, and how it stands with that.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find_target(
    reader: &mut Reader,
    agent_id: AgentId,
) -> Result<Option<(WakeTarget, WakeState)>, StorageError> {
    let found: Option<(TargetRow, StateRow)> = wake_target::table
        .filter(wake_target::agent_id.eq(agent_id.to_string()))
        .select((TargetRow::as_select(), StateRow::as_select()))
        .first(&mut reader.connection)
        .optional()?;
    found.map(|(target, state)| Ok((target.try_into()?, state.try_into()?))).transpose()
}

/// Every active agent that is woken somewhere, who was woken longest ago first. Whether it is at
/// work is left open.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_sleepers(reader: &mut Reader) -> Result<Vec<Sleeper>, StorageError> {
    // Who is active is asked of each row: as a condition it would make SQLite walk all agents.
    let rows: Vec<(StateRow, String, String, i64)> = wake_target::table
        .inner_join(agent::table)
        .order((wake_target::woken_at.asc(), wake_target::agent_id.asc()))
        .limit(SLEEPERS_MAX)
        .select((StateRow::as_select(), agent::status, agent::role, agent::last_request_at))
        .load(&mut reader.connection)?;
    rows.into_iter()
        .filter(|(_, status, _, _)| status == AgentStatus::Active.as_str())
        .map(|(state, _, role, last_call)| {
            let id = state.agent_id.clone();
            Ok(Sleeper {
                agent_id: parse(TARGET, &id, "agent_id", &id)?,
                role: parse("agent", &id, "role", &role)?,
                last_call: time(last_call),
                is_at_work: false,
                state: state.try_into()?,
            })
        })
        .collect()
}

/// Replaces how it stands with an agent's waking, if it still is as it was when `before` was read.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn compare_and_set_state(
    writer: &mut Writer,
    agent_id: AgentId,
    before: &WakeState,
    next: &WakeState,
) -> Result<Swap, StorageError> {
    let is_same = wake_target::woken_at
        .eq(micros(before.woken_at))
        .and(wake_target::not_before.eq(before.not_before.as_micros()));
    let target =
        wake_target::table.filter(wake_target::agent_id.eq(agent_id.to_string()).and(is_same));
    let changed = diesel::update(target)
        .set((
            wake_target::outstanding.eq(next.outstanding.map(|id| id.to_string())),
            wake_target::action.eq(next.action.map(NextAction::as_str)),
            wake_target::woken_at.eq(micros(next.woken_at)),
            wake_target::unanswered.eq(small(next.unanswered)),
            wake_target::not_before.eq(next.not_before.as_micros()),
        ))
        .execute(&mut writer.connection)?;
    Ok(if changed == 0 { Swap::Lost } else { Swap::Swapped })
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = wake_up, treat_none_as_default_value = false)]
struct WakeUpRow {
    id: String,
    agent_id: String,
    action: String,
    sub_task_id: Option<String>,
    status: String,
    tries: i32,
    next_try_at: i64,
    last_error: Option<String>,
    created_at: i64,
    finished_at: Option<i64>,
    answered_at: Option<i64>,
}

impl TryFrom<WakeUpRow> for WakeUp {
    type Error = StorageError;

    fn try_from(row: WakeUpRow) -> Result<Self, StorageError> {
        let id = row.id.as_str();
        Ok(Self {
            id: parse(TABLE, id, "id", id)?,
            agent_id: parse(TABLE, id, "agent_id", &row.agent_id)?,
            action: parse(TABLE, id, "action", &row.action)?,
            sub_task_id: parse_optional(TABLE, id, "sub_task_id", row.sub_task_id.as_deref())?,
            created_at: Timestamp::from_micros(row.created_at),
            sending: Sending {
                status: parse(TABLE, id, "status", &row.status)?,
                tries: number(TABLE, id, "tries", row.tries)?,
                next_try_at: Timestamp::from_micros(row.next_try_at),
                last_error: row.last_error,
                finished_at: row.finished_at.map(Timestamp::from_micros),
            },
            answered_at: row.answered_at.map(Timestamp::from_micros),
        })
    }
}

impl From<&WakeUp> for WakeUpRow {
    fn from(one: &WakeUp) -> Self {
        Self {
            id: one.id.to_string(),
            agent_id: one.agent_id.to_string(),
            action: one.action.to_string(),
            sub_task_id: one.sub_task_id.map(|id| id.to_string()),
            status: one.sending.status.to_string(),
            tries: small(one.sending.tries),
            next_try_at: one.sending.next_try_at.as_micros(),
            last_error: one.sending.last_error.clone(),
            created_at: one.created_at.as_micros(),
            finished_at: one.sending.finished_at.map(Timestamp::as_micros),
            answered_at: one.answered_at.map(Timestamp::as_micros),
        }
    }
}

/// Stores a wake-up.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn insert(writer: &mut Writer, new: &WakeUp) -> Result<(), StorageError> {
    let row = WakeUpRow::from(new);
    each_backend!(&mut writer.reader.connection, c => {
        diesel::insert_into(wake_up::table).values(row).execute(c)
    })?;
    Ok(())
}

/// The wake-up with this id.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find(reader: &mut Reader, id: WakeUpId) -> Result<Option<WakeUp>, StorageError> {
    wake_up::table
        .filter(wake_up::id.eq(id.to_string()))
        .select(WakeUpRow::as_select())
        .first(&mut reader.connection)
        .optional()?
        .map(WakeUp::try_from)
        .transpose()
}

/// Wake-ups that are to be tried now, the one that waits longest first.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_due(
    reader: &mut Reader,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<WakeUp>, StorageError> {
    let rows: Vec<WakeUpRow> = wake_up::table
        .filter(wake_up::status.eq(token(DeliveryStatus::Pending.as_str())))
        .filter(wake_up::next_try_at.le(now.as_micros()))
        .select(WakeUpRow::as_select())
        .order((wake_up::next_try_at.asc(), wake_up::id.asc()))
        .limit(limit)
        .load(&mut reader.connection)?;
    rows.into_iter().map(WakeUp::try_from).collect()
}

/// Replaces how far a wake-up is, if it still is as it was when `before` was read.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn compare_and_set(
    writer: &mut Writer,
    before: &WakeUp,
    next: &Sending,
) -> Result<Swap, StorageError> {
    let (id, before) = (before.id, &before.sending);
    let is_same = wake_up::status
        .eq(before.status.as_str())
        .and(wake_up::tries.eq(small(before.tries)))
        .and(wake_up::next_try_at.eq(before.next_try_at.as_micros()));
    let changed =
        diesel::update(wake_up::table.filter(wake_up::id.eq(id.to_string()).and(is_same)))
            .set((
                wake_up::status.eq(next.status.as_str()),
                wake_up::tries.eq(small(next.tries)),
                wake_up::next_try_at.eq(next.next_try_at.as_micros()),
                wake_up::last_error.eq(next.last_error.as_deref()),
                wake_up::finished_at.eq(next.finished_at.map(Timestamp::as_micros)),
            ))
            .execute(&mut writer.connection)?;
    Ok(if changed == 0 { Swap::Lost } else { Swap::Swapped })
}

/// Notes when the agent called after a wake-up.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn set_answered(writer: &mut Writer, id: WakeUpId, at: Timestamp) -> Result<(), StorageError> {
    diesel::update(wake_up::table.filter(wake_up::id.eq(id.to_string())))
        .set(wake_up::answered_at.eq(at.as_micros()))
        .execute(&mut writer.connection)?;
    Ok(())
}

/// A page of an agent's wake-ups, newest first. Counted up to ten thousand.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list(
    reader: &mut Reader,
    agent_id: AgentId,
    window: Window,
) -> Result<Page<WakeUp>, StorageError> {
    let of_agent = || wake_up::table.filter(wake_up::agent_id.eq(agent_id.to_string()));
    let ids: Vec<String> =
        of_agent().select(wake_up::id).limit(COUNTED_MAX).load(&mut reader.connection)?;
    let rows: Vec<WakeUpRow> = of_agent()
        .select(WakeUpRow::as_select())
        .order((wake_up::created_at.desc(), wake_up::id.desc()))
        .limit(window.limit)
        .offset(window.offset)
        .load(&mut reader.connection)?;
    let items = rows.into_iter().map(WakeUp::try_from).collect::<Result<_, _>>()?;
    Ok(Page { items, total: i64::try_from(ids.len()).unwrap_or(COUNTED_MAX) })
}

/// Deletes at most `limit` wake-ups that were over before `before`; returns how many.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn delete_before(
    writer: &mut Writer,
    before: Timestamp,
    limit: i64,
) -> Result<usize, StorageError> {
    let old: Vec<String> = wake_up::table
        .filter(wake_up::status.ne(token(DeliveryStatus::Pending.as_str())))
        .filter(wake_up::finished_at.lt(before.as_micros()))
        .select(wake_up::id)
        .order((wake_up::finished_at.asc(), wake_up::id.asc()))
        .limit(limit)
        .load(&mut writer.connection)?;
    if old.is_empty() {
        return Ok(0);
    }
    let deleted = diesel::delete(wake_up::table.filter(wake_up::id.eq_any(old)));
    Ok(deleted.execute(&mut writer.connection)?)
}
