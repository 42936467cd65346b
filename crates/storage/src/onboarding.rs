//! The commands that connect agents: one for each agent at most, with the hash of its token.

use diesel::prelude::*;
use openmoss_domain::onboarding::{Arrangement, Onboarding};
use openmoss_domain::{AgentId, Timestamp};

use crate::convert::{number, parse};
use crate::error::StorageError;
use crate::schema::onboarding;
use crate::store::{Reader, Writer};
use crate::sub_task::Swap;

const TABLE: &str = "onboarding";

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = onboarding)]
struct OnboardingRow {
    agent_id: String,
    token_hash: String,
    runtime: String,
    wake_by: String,
    every_minutes: i32,
    language: String,
    created_at: i64,
    used_at: Option<i64>,
}

impl TryFrom<OnboardingRow> for Onboarding {
    type Error = StorageError;

    fn try_from(row: OnboardingRow) -> Result<Self, StorageError> {
        let id = row.agent_id.as_str();
        Ok(Self {
            agent_id: parse(TABLE, id, "agent_id", id)?,
            arrangement: Arrangement {
                runtime: parse(TABLE, id, "runtime", &row.runtime)?,
                wake_by: parse(TABLE, id, "wake_by", &row.wake_by)?,
                every_minutes: number(TABLE, id, "every_minutes", row.every_minutes)?,
                language: parse(TABLE, id, "language", &row.language)?,
            },
            created_at: Timestamp::from_micros(row.created_at),
            used_at: row.used_at.map(Timestamp::from_micros),
            token_hash: row.token_hash,
        })
    }
}

/// Stores a command in place of the one that its agent had.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn replace(writer: &mut Writer, new: &Onboarding) -> Result<(), StorageError> {
    let Arrangement { runtime, wake_by, every_minutes, language } = new.arrangement;
    let row = OnboardingRow {
        agent_id: new.agent_id.to_string(),
        token_hash: new.token_hash.clone(),
        runtime: runtime.to_string(),
        wake_by: wake_by.to_string(),
        every_minutes: i32::try_from(every_minutes).unwrap_or(i32::MAX),
        language: language.to_string(),
        created_at: new.created_at.as_micros(),
        used_at: new.used_at.map(Timestamp::as_micros),
    };
    delete(writer, new.agent_id)?;
    diesel::insert_into(onboarding::table).values(row).execute(&mut writer.connection)?;
    Ok(())
}

/// The command of this agent, if one was made.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find(reader: &mut Reader, agent: AgentId) -> Result<Option<Onboarding>, StorageError> {
    onboarding::table
        .filter(onboarding::agent_id.eq(agent.to_string()))
        .select(OnboardingRow::as_select())
        .first(&mut reader.connection)
        .optional()?
        .map(Onboarding::try_from)
        .transpose()
}

/// The command with this token, if there is one; it may be used or too old.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find_by_token(
    reader: &mut Reader,
    token_hash: &str,
) -> Result<Option<Onboarding>, StorageError> {
    onboarding::table
        .filter(onboarding::token_hash.eq(token_hash))
        .select(OnboardingRow::as_select())
        .first(&mut reader.connection)
        .optional()?
        .map(Onboarding::try_from)
        .transpose()
}

/// Notes that the command with this token is run now; lost if somebody else ran it before.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn use_up(writer: &mut Writer, token_hash: &str, now: Timestamp) -> Result<Swap, StorageError> {
    let is_unused = onboarding::token_hash.eq(token_hash).and(onboarding::used_at.is_null());
    let used = diesel::update(onboarding::table.filter(is_unused))
        .set(onboarding::used_at.eq(now.as_micros()))
        .execute(&mut writer.connection)?;
    Ok(if used == 0 { Swap::Lost } else { Swap::Swapped })
}

/// Forgets the command of this agent.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn delete(writer: &mut Writer, agent: AgentId) -> Result<(), StorageError> {
    diesel::delete(onboarding::table.filter(onboarding::agent_id.eq(agent.to_string())))
        .execute(&mut writer.connection)?;
    Ok(())
}
