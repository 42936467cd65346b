//! Score log and totals.

use diesel::prelude::*;
use openmoss_domain::score::ScoreChange;
use openmoss_domain::{AgentId, Timestamp};
use serde::Serialize;

use crate::convert::{parse, parse_optional};
use crate::error::StorageError;
use crate::page::{Page, Window};
use crate::schema::{agent, score_log};
use crate::store::{Reader, Writer};

const TABLE: &str = "score_log";

#[derive(Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = score_log)]
pub(crate) struct ScoreRow {
    id: String,
    agent_id: String,
    sub_task_id: Option<String>,
    reason: String,
    score_delta: i64,
    created_at: i64,
}

impl TryFrom<ScoreRow> for ScoreChange {
    type Error = StorageError;

    fn try_from(row: ScoreRow) -> Result<Self, StorageError> {
        let id = row.id.as_str();
        Ok(Self {
            id: parse(TABLE, id, "id", id)?,
            agent_id: parse(TABLE, id, "agent_id", &row.agent_id)?,
            sub_task_id: parse_optional(TABLE, id, "sub_task_id", row.sub_task_id.as_deref())?,
            reason: row.reason.clone(),
            delta: row.score_delta,
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

/// What is stored of it.
pub(crate) fn row(new: &ScoreChange) -> ScoreRow {
    ScoreRow {
        id: new.id.to_string(),
        agent_id: new.agent_id.to_string(),
        sub_task_id: new.sub_task_id.map(|id| id.to_string()),
        reason: new.reason.clone(),
        score_delta: new.delta,
        created_at: new.created_at.as_micros(),
    }
}

/// Writes a score change and adds it to the agent's total, in the same transaction.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn append(writer: &mut Writer, change: &ScoreChange) -> Result<(), StorageError> {
    let row = row(change);
    diesel::insert_into(score_log::table).values(row).execute(&mut writer.connection)?;
    let reward = i64::from(change.delta > 0);
    let penalty = i64::from(change.delta < 0);
    diesel::update(agent::table.filter(agent::id.eq(change.agent_id.to_string())))
        .set((
            agent::total_score.eq(agent::total_score + change.delta),
            agent::reward_count.eq(agent::reward_count + reward),
            agent::penalty_count.eq(agent::penalty_count + penalty),
            agent::last_score_at.eq(change.created_at.as_micros()),
        ))
        .execute(&mut writer.connection)?;
    Ok(())
}

/// An agent's score among all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its total.
    pub total: i64,
    /// 1 + the number of agents with a higher total.
    pub rank: i64,
    /// How many agents there are.
    pub agents: i64,
    /// How many changes were above 0.
    pub rewards: i64,
    /// How many changes were below 0.
    pub penalties: i64,
}

/// Where an agent stands.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn standing(reader: &mut Reader, id: AgentId) -> Result<Option<Standing>, StorageError> {
    let found: Option<(i64, i64, i64)> = agent::table
        .filter(agent::id.eq(id.to_string()))
        .select((agent::total_score, agent::reward_count, agent::penalty_count))
        .first(&mut reader.connection)
        .optional()?;
    let Some((total, rewards, penalties)) = found else {
        return Ok(None);
    };
    // Agents are few (the lists of the contract show them all); both counts use an index.
    let above: i64 = agent::table
        .filter(agent::total_score.gt(total))
        .count()
        .get_result(&mut reader.connection)?;
    let agents: i64 = agent::table.count().get_result(&mut reader.connection)?;
    Ok(Some(Standing { total, rank: above + 1, agents, rewards, penalties }))
}

/// A page of an agent's score changes, newest first.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list(
    reader: &mut Reader,
    id: AgentId,
    window: Window,
) -> Result<Page<ScoreChange>, StorageError> {
    let Some(standing) = standing(reader, id)? else {
        return Ok(Page::empty());
    };
    let rows: Vec<ScoreRow> = score_log::table
        .filter(score_log::agent_id.eq(id.to_string()))
        .select(ScoreRow::as_select())
        .order((score_log::created_at.desc(), score_log::id.desc()))
        .limit(window.limit)
        .offset(window.offset)
        .load(&mut reader.connection)?;
    let items = rows.into_iter().map(ScoreChange::try_from).collect::<Result<_, _>>()?;
    Ok(Page { items, total: standing.rewards + standing.penalties })
}

/// The sum of an agent's score log, for tests and checks: it must equal the agent's total.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn sum_of_log(reader: &mut Reader, id: AgentId) -> Result<i64, StorageError> {
    let deltas: Vec<i64> = score_log::table
        .filter(score_log::agent_id.eq(id.to_string()))
        .select(score_log::score_delta)
        .load(&mut reader.connection)?;
    Ok(deltas.into_iter().sum())
}
