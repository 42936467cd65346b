//! Who works with whom: one row for each pair and direction, added to when it happens.

use diesel::prelude::*;
use openmoss_domain::{AgentId, Timestamp};

use crate::convert::parse;
use crate::dialect::each_backend;
use crate::error::StorageError;
use crate::page::{Page, Window};
use crate::schema::partner;
use crate::statement::Statement;
use crate::store::{Reader, Writer};

const TABLE: &str = "partner";

/// What two agents did together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Together {
    /// The one judged work of the other.
    Review,
    /// Work went from the one to the other.
    HandOver,
}

/// An agent with whom another one works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partner {
    /// Who.
    pub agent_id: AgentId,
    /// Verdicts of the one on work of the other.
    pub reviews: i64,
    /// How often work went from the one to the other.
    pub hand_overs: i64,
    /// When they last had to do with each other.
    pub last_at: Timestamp,
}

/// Notes that two agents had to do with each other. Nobody is a partner of itself.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn note(
    writer: &mut Writer,
    one: AgentId,
    other: AgentId,
    what: Together,
    now: Timestamp,
) -> Result<(), StorageError> {
    if one == other {
        return Ok(());
    }
    let numbers = match what {
        Together::Review => "1, 0, ",
        Together::HandOver => "0, 1, ",
    };
    // Always in the same order, so that no two transactions wait for each other here.
    let (low, high) = (one.min(other).to_string(), one.max(other).to_string());
    let at = now.as_micros();
    let statement: Statement<'_> = Statement::new(
        "INSERT INTO partner (agent_id, partner_id, reviews, hand_overs, last_at) VALUES (",
    )
    .value(low.as_str())
    .sql(", ")
    .value(high.as_str())
    .sql(", ")
    .sql(numbers)
    .value(at)
    .sql("), (")
    .value(high.as_str())
    .sql(", ")
    .value(low.as_str())
    .sql(", ")
    .sql(numbers)
    .value(at)
    .sql(
        ") ON CONFLICT (agent_id, partner_id) DO UPDATE SET \
         reviews = partner.reviews + excluded.reviews, \
         hand_overs = partner.hand_overs + excluded.hand_overs, last_at = excluded.last_at",
    );
    each_backend!(&mut writer.connection, c => statement.execute(c))?;
    Ok(())
}

/// With whom an agent works, most often first. Its partners are counted and sorted: they are at most
/// the team.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list(
    reader: &mut Reader,
    agent: AgentId,
    window: Window,
) -> Result<Page<Partner>, StorageError> {
    let id = agent.to_string();
    let total = partner::table
        .filter(partner::agent_id.eq(&id))
        .count()
        .get_result(&mut reader.connection)?;
    let rows: Vec<(String, i64, i64, i64)> = partner::table
        .filter(partner::agent_id.eq(&id))
        .select((partner::partner_id, partner::reviews, partner::hand_overs, partner::last_at))
        .order((
            (partner::reviews + partner::hand_overs).desc(),
            partner::last_at.desc(),
            partner::partner_id.asc(),
        ))
        .limit(window.limit)
        .offset(window.offset)
        .load(&mut reader.connection)?;
    let items = rows.into_iter().map(|(other, reviews, hand_overs, last_at)| {
        Ok(Partner {
            agent_id: parse(TABLE, &id, "partner_id", &other)?,
            reviews,
            hand_overs,
            last_at: Timestamp::from_micros(last_at),
        })
    });
    Ok(Page { items: items.collect::<Result<_, StorageError>>()?, total })
}

/// Forgets an agent, as the one and as the other.
pub(crate) fn delete_all(writer: &mut Writer, agent: AgentId) -> Result<(), StorageError> {
    let id = agent.to_string();
    diesel::delete(partner::table.filter(partner::agent_id.eq(&id)))
        .execute(&mut writer.connection)?;
    diesel::delete(partner::table.filter(partner::partner_id.eq(&id)))
        .execute(&mut writer.connection)?;
    Ok(())
}
