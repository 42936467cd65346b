//! Score log and totals.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Text};
use openmoss_domain::score::{ScoreChange, ScoreSign};
use openmoss_domain::{AgentId, Keyword, SubTaskId, Timestamp};
use serde::Serialize;

use crate::condition::{Condition, all, contains, unindexed};
use crate::convert::{parse, parse_optional};
use crate::counter::{Deltas, Scope, counts};
use crate::error::StorageError;
use crate::page::{ByTime, COUNTED_MAX, Page, Window};
use crate::schema::{agent, score_log};
use crate::store::{Reader, Writer};
use crate::text::{self, Candidates};

const TABLE: &str = "score_log";
/// What is counted in [`Scope::Scores`].
const REWARDS: &str = "rewards";
const PENALTIES: &str = "penalties";
const AGENTS_ABOVE: &str = "agents_above";
const AGENTS_BELOW: &str = "agents_below";
const SUM: &str = "sum";

#[derive(Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = score_log, treat_none_as_default_value = false)]
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
    let total: i64 = diesel::update(agent::table.filter(agent::id.eq(change.agent_id.to_string())))
        .set((
            agent::total_score.eq(agent::total_score + change.delta),
            agent::reward_count.eq(agent::reward_count + reward),
            agent::penalty_count.eq(agent::penalty_count + penalty),
            agent::last_score_at.eq(change.created_at.as_micros()),
        ))
        .returning(agent::total_score)
        .get_result(&mut writer.connection)?;
    note_total(&mut writer.deltas, total - change.delta, total);
    count_new(&mut writer.deltas, change);
    Ok(())
}

/// Counts a change that was not there before.
pub(crate) fn count_new(deltas: &mut Deltas, new: &ScoreChange) {
    deltas.add(Scope::Scores, REWARDS, i64::from(new.delta > 0));
    deltas.add(Scope::Scores, PENALTIES, i64::from(new.delta < 0));
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

/// Counts that an agent's total changed.
pub(crate) fn note_total(deltas: &mut Deltas, before: i64, after: i64) {
    let is_above = |total: i64| i64::from(total > 0);
    let is_below = |total: i64| i64::from(total < 0);
    deltas.add(Scope::Scores, AGENTS_ABOVE, is_above(after) - is_above(before));
    deltas.add(Scope::Scores, AGENTS_BELOW, is_below(after) - is_below(before));
    deltas.add(Scope::Scores, SUM, after - before);
}

/// Forgets an agent's changes, as if its total had returned to 0.
pub(crate) fn delete_all(writer: &mut Writer, id: AgentId) -> Result<(), StorageError> {
    let Some(standing) = standing(writer, id)? else {
        return Ok(());
    };
    diesel::delete(score_log::table.filter(score_log::agent_id.eq(id.to_string())))
        .execute(&mut writer.connection)?;
    note_total(&mut writer.deltas, standing.total, 0);
    writer.deltas.add(Scope::Scores, REWARDS, -standing.rewards);
    writer.deltas.add(Scope::Scores, PENALTIES, -standing.penalties);
    Ok(())
}

/// Which changes a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this agent's score.
    pub agent_id: Option<AgentId>,
    /// For this sub-task.
    pub sub_task_id: Option<SubTaskId>,
    /// Only rewards, or only penalties.
    pub sign: Option<ScoreSign>,
    /// With this in their reason.
    pub keyword: Option<Keyword>,
}

impl Filter {
    /// Those that may have the keyword, where that is not asked of one agent or sub-task.
    fn among(&self, reader: &mut Reader) -> Result<Option<Candidates>, StorageError> {
        match &self.keyword {
            Some(keyword) if self.agent_id.is_none() && self.sub_task_id.is_none() => {
                text::candidates(reader, text::OF_SCORES, keyword)
            }
            _ => Ok(None),
        }
    }

    fn condition(
        &self,
        reader: &Reader,
        among: Option<&Candidates>,
    ) -> Condition<score_log::table> {
        let mut conditions: Vec<Condition<score_log::table>> = Vec::new();
        if let Some(id) = self.agent_id {
            // A sub-task has fewer changes than an agent.
            let plus = if self.sub_task_id.is_some() { unindexed(reader) } else { "" };
            let is = sql::<Bool>(&format!("{plus}agent_id = "));
            conditions.push(Box::new(is.bind::<Text, _>(id.to_string())));
        }
        if let Some(id) = self.sub_task_id {
            let is = sql::<Bool>("sub_task_id = ");
            conditions.push(Box::new(is.bind::<Text, _>(id.to_string())));
        }
        match self.sign {
            Some(ScoreSign::Positive) => conditions.push(Box::new(score_log::score_delta.gt(0))),
            Some(ScoreSign::Negative) => conditions.push(Box::new(score_log::score_delta.lt(0))),
            None => {}
        }
        if let Some(among) = among {
            conditions.push(among.include("score_log.id"));
        }
        if let Some(keyword) = &self.keyword {
            conditions.push(contains(reader, &["reason"], keyword));
        }
        all(conditions)
    }

    /// From what is kept; only what is about one sub-task or has a keyword is counted, up to
    /// [`COUNTED_MAX`].
    fn total(&self, reader: &mut Reader, among: Option<&Candidates>) -> Result<i64, StorageError> {
        if self.sub_task_id.is_some() || self.keyword.is_some() {
            let found: Vec<i32> = score_log::table
                .filter(self.condition(reader, among))
                .select(sql::<Integer>("1"))
                .limit(COUNTED_MAX)
                .load(&mut reader.connection)?;
            return Ok(i64::try_from(found.len()).unwrap_or(COUNTED_MAX));
        }
        let (rewards, penalties) = if let Some(id) = self.agent_id {
            let standing = standing(reader, id)?;
            standing.map_or((0, 0), |standing| (standing.rewards, standing.penalties))
        } else {
            let kept = counts(reader, Scope::Scores)?;
            (kept.get(REWARDS), kept.get(PENALTIES))
        };
        Ok(match self.sign {
            Some(ScoreSign::Positive) => rewards,
            Some(ScoreSign::Negative) => penalties,
            None => rewards + penalties,
        })
    }
}

/// A page of score changes by time, those of one moment by their ids.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn search(
    reader: &mut Reader,
    filter: &Filter,
    order: ByTime,
    window: Window,
) -> Result<Page<ScoreChange>, StorageError> {
    let among = filter.among(reader)?;
    let total = filter.total(reader, among.as_ref())?;
    let rows: Vec<ScoreRow> = score_log::table
        .filter(filter.condition(reader, among.as_ref()))
        .select(ScoreRow::as_select())
        .order(sql::<BigInt>(&order.sql(among.is_some())))
        .limit(window.limit)
        .offset(window.offset)
        .load(&mut reader.connection)?;
    let items = rows.into_iter().map(ScoreChange::try_from).collect::<Result<_, _>>()?;
    Ok(Page { items, total })
}

/// All scores in a few numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Agents above 0.
    pub above: i64,
    /// Agents below 0.
    pub below: i64,
    /// The sum of all scores.
    pub sum: i64,
    /// The highest score, if there is an agent.
    pub top: Option<i64>,
    /// When a score last changed.
    pub last_at: Option<Timestamp>,
}

/// All scores in a few numbers, none of which is counted here.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn summary(reader: &mut Reader) -> Result<Summary, StorageError> {
    let kept = counts(reader, Scope::Scores)?;
    Ok(Summary {
        above: kept.get(AGENTS_ABOVE),
        below: kept.get(AGENTS_BELOW),
        sum: kept.get(SUM),
        top: highest(reader)?,
        last_at: last_change_at(reader)?,
    })
}

/// The highest score, if there is an agent.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn highest(reader: &mut Reader) -> Result<Option<i64>, StorageError> {
    let by_score = agent::table.select(agent::total_score).order(agent::total_score.desc());
    Ok(by_score.first(&mut reader.connection).optional()?)
}

/// Whether an agent has so many points, and more than each other one; somebody else must be there.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn leads(reader: &mut Reader, id: AgentId, points_min: i64) -> Result<bool, StorageError> {
    let best: Vec<(String, i64)> = agent::table
        .select((agent::id, agent::total_score))
        .order(agent::total_score.desc())
        .limit(2)
        .load(&mut reader.connection)?;
    let [(first, most), (_, next)] = best.as_slice() else {
        return Ok(false);
    };
    Ok(*first == id.to_string() && *most >= points_min && most > next)
}

/// When a score last changed.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn last_change_at(reader: &mut Reader) -> Result<Option<Timestamp>, StorageError> {
    let by_time =
        score_log::table.select(score_log::created_at).order(score_log::created_at.desc());
    let last: Option<i64> = by_time.first(&mut reader.connection).optional()?;
    Ok(last.map(Timestamp::from_micros))
}
