//! Admin sessions: only the hash of a token is kept.

use diesel::prelude::*;
use openmoss_domain::{SessionId, Timestamp};

use crate::error::StorageError;
use crate::schema::admin_session;
use crate::store::{Reader, Writer};

/// Stores a session.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn insert(
    writer: &mut Writer,
    id: SessionId,
    token_hash: &str,
    created_at: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StorageError> {
    diesel::insert_into(admin_session::table)
        .values((
            admin_session::id.eq(id.to_string()),
            admin_session::token_hash.eq(token_hash),
            admin_session::created_at.eq(created_at.as_micros()),
            admin_session::expires_at.eq(expires_at.as_micros()),
        ))
        .execute(&mut writer.connection)?;
    Ok(())
}

/// When the session with this token ends, if there is one.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find_expiry(
    reader: &mut Reader,
    token_hash: &str,
) -> Result<Option<Timestamp>, StorageError> {
    let found: Option<i64> = admin_session::table
        .filter(admin_session::token_hash.eq(token_hash))
        .select(admin_session::expires_at)
        .first(&mut reader.connection)
        .optional()?;
    Ok(found.map(Timestamp::from_micros))
}

/// Moves a session's end.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn set_expiry(
    writer: &mut Writer,
    token_hash: &str,
    expires_at: Timestamp,
) -> Result<(), StorageError> {
    diesel::update(admin_session::table.filter(admin_session::token_hash.eq(token_hash)))
        .set(admin_session::expires_at.eq(expires_at.as_micros()))
        .execute(&mut writer.connection)?;
    Ok(())
}

/// Ends one session.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn delete(writer: &mut Writer, token_hash: &str) -> Result<(), StorageError> {
    diesel::delete(admin_session::table.filter(admin_session::token_hash.eq(token_hash)))
        .execute(&mut writer.connection)?;
    Ok(())
}

/// Ends every session.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn delete_all(writer: &mut Writer) -> Result<usize, StorageError> {
    Ok(diesel::delete(admin_session::table).execute(&mut writer.connection)?)
}

/// Forgets sessions that ended before `now`.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn delete_expired(writer: &mut Writer, now: Timestamp) -> Result<usize, StorageError> {
    let expired = admin_session::table.filter(admin_session::expires_at.lt(now.as_micros()));
    Ok(diesel::delete(expired).execute(&mut writer.connection)?)
}
