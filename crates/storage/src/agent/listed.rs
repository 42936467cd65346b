//! Agents as an admin looks through them: filtered, sorted, with what is kept beside each.

use std::collections::BTreeMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use openmoss_domain::{Agent, AgentId, AgentStatus, Keyword, Role, SortOrder, Timestamp};

use super::{AgentRow, count_by_role};
use crate::condition::{Condition, all, contains, direction, literal, unindexed};
use crate::error::StorageError;
use crate::page::{Page, Window};
use crate::schema::agent;
use crate::store::Reader;

#[derive(Queryable, Selectable)]
#[diesel(table_name = agent)]
struct ListedRow {
    #[diesel(embed)]
    agent: AgentRow,
    reward_count: i64,
    penalty_count: i64,
    last_request_at: i64,
    last_activity_at: i64,
    last_score_at: i64,
}

/// An agent and what is kept beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The agent.
    pub agent: Agent,
    /// How many changes of its score were above 0.
    pub rewards: i64,
    /// How many were below 0.
    pub penalties: i64,
    /// When it last called.
    pub last_request_at: Option<Timestamp>,
    /// When it last wrote the activity log.
    pub last_activity_at: Option<Timestamp>,
    /// When its score last changed.
    pub last_score_at: Option<Timestamp>,
}

impl TryFrom<ListedRow> for Listed {
    type Error = StorageError;

    fn try_from(row: ListedRow) -> Result<Self, StorageError> {
        // 0 is never: so both databases put those who never did at the same end.
        let time = |stored: i64| (stored != 0).then(|| Timestamp::from_micros(stored));
        Ok(Self {
            agent: row.agent.try_into()?,
            rewards: row.reward_count,
            penalties: row.penalty_count,
            last_request_at: time(row.last_request_at),
            last_activity_at: time(row.last_activity_at),
            last_score_at: time(row.last_score_at),
        })
    }
}

/// Which agents a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this role.
    pub role: Option<Role>,
    /// In this status.
    pub status: Option<AgentStatus>,
    /// With this in their name or description.
    pub keyword: Option<Keyword>,
    /// That called since then.
    pub requested_since: Option<Timestamp>,
    /// That wrote the activity log since then.
    pub active_since: Option<Timestamp>,
    /// With this score or a higher one.
    pub score_min: Option<i64>,
    /// With this score or a lower one.
    pub score_max: Option<i64>,
}

/// What a list of agents is sorted by. Equal ones are in the order of their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderBy {
    /// When they were created.
    CreatedAt,
    /// Their names, byte by byte.
    Name,
    /// Their scores.
    TotalScore,
    /// When they last called.
    LastRequestAt,
    /// When they last wrote the activity log.
    LastActivityAt,
    /// When their scores last changed.
    LastScoreAt,
}

impl OrderBy {
    const fn column(self) -> &'static str {
        match self {
            Self::CreatedAt => "created_at",
            Self::Name => "name",
            Self::TotalScore => "total_score",
            Self::LastRequestAt => "last_request_at",
            Self::LastActivityAt => "last_activity_at",
            Self::LastScoreAt => "last_score_at",
        }
    }
}

impl Filter {
    /// The sort order's index is walked, whatever the filter: agents are few.
    fn condition(&self, reader: &Reader) -> Condition<agent::table> {
        let plus = unindexed(reader);
        let is = |column: &str, token: &str| literal(&format!("{plus}{column} = '{token}'"));
        let compared = |column: &str, number: i64| -> Condition<agent::table> {
            Box::new(sql::<Bool>(&format!("{plus}{column} ")).bind::<BigInt, _>(number))
        };
        let micros = |time: Option<Timestamp>| time.map(Timestamp::as_micros);
        let conditions = [
            self.role.map(|role| is("role", role.as_str())),
            self.status.map(|status| is("status", status.as_str())),
            self.keyword.as_ref().map(|word| contains(reader, &["name", "description"], word)),
            micros(self.requested_since).map(|since| compared("last_request_at >=", since)),
            micros(self.active_since).map(|since| compared("last_activity_at >=", since)),
            self.score_min.map(|score| compared("total_score >=", score)),
            self.score_max.map(|score| compared("total_score <=", score)),
        ];
        all(conditions.into_iter().flatten().collect())
    }

    /// Whether the counters by role and status know the number.
    fn is_counted(&self) -> bool {
        *self == Self { role: self.role, status: self.status, ..Self::default() }
    }

    fn total(&self, reader: &mut Reader) -> Result<i64, StorageError> {
        if !self.is_counted() {
            let number = agent::table.filter(self.condition(reader)).count();
            return Ok(number.get_result(&mut reader.connection)?);
        }
        let count = count_by_role(reader)?;
        let roles = Role::ALL.iter().filter(|role| self.role.is_none_or(|asked| asked == **role));
        let statuses = || {
            let is_asked =
                |status: &&AgentStatus| self.status.is_none_or(|asked| asked == **status);
            AgentStatus::ALL.iter().filter(is_asked)
        };
        Ok(roles.flat_map(|role| statuses().map(|status| count(*role, *status))).sum())
    }
}

/// A page of agents.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list(
    reader: &mut Reader,
    filter: &Filter,
    by: OrderBy,
    order: SortOrder,
    window: Window,
) -> Result<Page<Listed>, StorageError> {
    let total = filter.total(reader)?;
    let rows: Vec<ListedRow> = agent::table
        .filter(filter.condition(reader))
        .select(ListedRow::as_select())
        .order(sql::<BigInt>(&format!("{} {}, id ASC", by.column(), direction(order))))
        .limit(window.limit)
        .offset(window.offset)
        .load(&mut reader.connection)?;
    let items = rows.into_iter().map(Listed::try_from).collect::<Result<_, _>>()?;
    Ok(Page { items, total })
}

/// The agent with this id.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find(reader: &mut Reader, id: AgentId) -> Result<Option<Listed>, StorageError> {
    agent::table
        .filter(agent::id.eq(id.to_string()))
        .select(ListedRow::as_select())
        .first(&mut reader.connection)
        .optional()?
        .map(Listed::try_from)
        .transpose()
}

/// The rank of each of these scores among those of all agents: 1 for the highest, equal ones share
/// one, and none is left out. One walk along the index, from the top to the lowest of them.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn ranks(reader: &mut Reader, scores: &[i64]) -> Result<BTreeMap<i64, i64>, StorageError> {
    let Some(lowest) = scores.iter().min() else {
        return Ok(BTreeMap::new());
    };
    let above: Vec<i64> = agent::table
        .filter(agent::total_score.gt(lowest))
        .select(agent::total_score)
        .distinct()
        .order(agent::total_score.desc())
        .load(&mut reader.connection)?;
    let rank = |score: i64| above.partition_point(|other| *other > score) + 1;
    Ok(scores
        .iter()
        .map(|score| (*score, i64::try_from(rank(*score)).unwrap_or(i64::MAX)))
        .collect())
}
