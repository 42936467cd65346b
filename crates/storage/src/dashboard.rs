//! Numbers of a time, from index ranges, and what every agent is doing.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use openmoss_domain::{AgentId, AgentStatus, ReviewResult, Role, Timestamp};

use crate::convert::parse;
use crate::error::StorageError;
use crate::schema::{
    activity_log, agent, counter, request_log, review_record, score_log, sub_task,
};
use crate::store::Reader;

/// Most agents that are compared.
const AGENTS_MAX: i64 = 10_000;
/// Work that somebody has in hand.
const IN_HAND: [&str; 5] = ["assigned", "in_progress", "review", "rework", "blocked"];

/// What happened from one point in time until before another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Happened {
    /// Sub-tasks created.
    pub created: i64,
    /// Sub-tasks approved.
    pub completed: i64,
    /// Reviews that approved.
    pub approved: i64,
    /// Reviews that rejected.
    pub rejected: i64,
    /// Sum of score changes above 0.
    pub gained: i64,
    /// Sum of score changes below 0.
    pub lost: i64,
    /// Requests in the request log.
    pub requests: i64,
    /// Entries of the activity log.
    pub entries: i64,
}

/// What happened from `from` until before `until`.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn happened(
    reader: &mut Reader,
    from: Timestamp,
    until: Timestamp,
) -> Result<Happened, StorageError> {
    let (from, until) = (from.as_micros(), until.as_micros());
    let c = &mut reader.connection;
    let created = sub_task::created_at.ge(from).and(sub_task::created_at.lt(until));
    let completed = sub_task::completed_at.ge(from).and(sub_task::completed_at.lt(until));
    let asked = request_log::created_at.ge(from).and(request_log::created_at.lt(until));
    let written = activity_log::created_at.ge(from).and(activity_log::created_at.lt(until));
    let mut happened = Happened {
        created: sub_task::table.filter(created).count().get_result(c)?,
        completed: sub_task::table.filter(completed).count().get_result(c)?,
        requests: request_log::table.filter(asked).count().get_result(c)?,
        entries: activity_log::table.filter(written).count().get_result(c)?,
        ..Happened::default()
    };
    (happened.approved, happened.rejected) = reviews(reader, from, until)?;
    (happened.gained, happened.lost) = scores(reader, from, until)?;
    Ok(happened)
}

/// How many reviews approved and how many rejected.
fn reviews(reader: &mut Reader, from: i64, until: i64) -> Result<(i64, i64), StorageError> {
    let mut count = |result: ReviewResult| -> Result<i64, StorageError> {
        let said = review_record::created_at
            .ge(from)
            .and(review_record::created_at.lt(until))
            .and(review_record::result.eq(result.as_str()));
        Ok(review_record::table.filter(said).count().get_result(&mut reader.connection)?)
    };
    Ok((count(ReviewResult::Approved)?, count(ReviewResult::Rejected)?))
}

/// The sums of the changes above and below 0.
fn scores(reader: &mut Reader, from: i64, until: i64) -> Result<(i64, i64), StorageError> {
    let sum = |sign: &str| {
        let case = format!("CASE WHEN score_delta {sign} 0 THEN score_delta ELSE 0 END");
        // PostgreSQL's sum of big integers is of another type.
        sql::<Nullable<BigInt>>(&format!("CAST(SUM({case}) AS BIGINT)"))
    };
    let (gained, lost): (Option<i64>, Option<i64>) = score_log::table
        .filter(score_log::created_at.ge(from).and(score_log::created_at.lt(until)))
        .select((sum(">"), sum("<")))
        .first(&mut reader.connection)?;
    Ok((gained.unwrap_or(0), lost.unwrap_or(0)))
}

/// How many sub-tasks were approved since `since`.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn completed_since(reader: &mut Reader, since: Timestamp) -> Result<i64, StorageError> {
    Ok(sub_task::table
        .filter(sub_task::completed_at.ge(since.as_micros()))
        .count()
        .get_result(&mut reader.connection)?)
}

/// The sum of all score changes since `since`.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn score_since(reader: &mut Reader, since: Timestamp) -> Result<i64, StorageError> {
    let (gained, lost) = scores(reader, since.as_micros(), i64::MAX)?;
    Ok(gained + lost)
}

/// How many reviews said `result` since `since`.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn reviews_since(
    reader: &mut Reader,
    result: ReviewResult,
    since: Timestamp,
) -> Result<i64, StorageError> {
    Ok(review_record::table
        .filter(
            review_record::created_at
                .ge(since.as_micros())
                .and(review_record::result.eq(result.as_str())),
        )
        .count()
        .get_result(&mut reader.connection)?)
}

/// An agent and what it is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentAtWork {
    /// The agent.
    pub id: AgentId,
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// Whether it may work.
    pub status: AgentStatus,
    /// Its score.
    pub total_score: i64,
    /// How much work it has in hand.
    pub in_hand: i64,
    /// When it last asked for anything.
    pub last_request_at: Option<Timestamp>,
    /// When it last wrote the activity log.
    pub last_activity_at: Option<Timestamp>,
}

impl AgentAtWork {
    /// When it was last heard of.
    #[must_use]
    pub fn last_seen(&self) -> Option<Timestamp> {
        self.last_request_at.max(self.last_activity_at)
    }
}

/// All agents and what they are doing, oldest first.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn agents_at_work(reader: &mut Reader) -> Result<Vec<AgentAtWork>, StorageError> {
    type Row = (String, String, String, String, i64, i64, i64);
    let rows: Vec<Row> = agent::table
        .select((
            agent::id,
            agent::name,
            agent::role,
            agent::status,
            agent::total_score,
            agent::last_request_at,
            agent::last_activity_at,
        ))
        .order(agent::created_at)
        .limit(AGENTS_MAX)
        .load(&mut reader.connection)?;
    let work = work_in_hand(reader, rows.iter().map(|row| format!("agent:{}", row.0)))?;
    let ever = |at: i64| (at > 0).then(|| Timestamp::from_micros(at));
    rows.into_iter()
        .map(|(id, name, role, status, total_score, asked, wrote)| {
            Ok(AgentAtWork {
                id: parse("agent", &id, "id", &id)?,
                name,
                role: parse("agent", &id, "role", &role)?,
                status: parse("agent", &id, "status", &status)?,
                total_score,
                in_hand: work.get(&format!("agent:{id}")).copied().unwrap_or(0),
                last_request_at: ever(asked),
                last_activity_at: ever(wrote),
            })
        })
        .collect()
}

/// How much work each of these agents has in hand, by the scope of its counters.
fn work_in_hand(
    reader: &mut Reader,
    agents: impl Iterator<Item = String>,
) -> Result<HashMap<String, i64>, StorageError> {
    let rows: Vec<(String, i64)> = counter::table
        .filter(counter::scope.eq_any(agents).and(counter::key.eq_any(IN_HAND)))
        .group_by(counter::scope)
        .select((counter::scope, sql::<BigInt>("CAST(SUM(n) AS BIGINT)")))
        .load(&mut reader.connection)?;
    Ok(rows.into_iter().collect())
}
