//! First answers to requests that may be repeated.

use diesel::prelude::*;
use openmoss_domain::Timestamp;

use crate::connection::AnyConnection;
use crate::error::StorageError;
use crate::schema::idempotency;
use crate::store::{Reader, Writer};

/// A remembered answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// What the request was, as a hash.
    pub fingerprint: String,
    /// What came of it, as JSON.
    pub answer: String,
}

/// Lets a twin of this request wait until this transaction ends: it shall find the first answer
/// before it does anything. SQLite has one writer anyway.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn lock(writer: &mut Writer, token: &str) -> Result<(), StorageError> {
    match &mut writer.reader.connection {
        AnyConnection::Sqlite(_) => {
            let _ = token;
            Ok(())
        }
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(c) => {
            diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
                .bind::<diesel::sql_types::Text, _>(token)
                .execute(c)?;
            Ok(())
        }
    }
}

/// What came of the request with this token, if it was made before.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find(reader: &mut Reader, token: &str) -> Result<Option<Remembered>, StorageError> {
    let found: Option<(String, String)> = idempotency::table
        .filter(idempotency::token.eq(token))
        .select((idempotency::fingerprint, idempotency::answer))
        .first(&mut reader.connection)
        .optional()?;
    Ok(found.map(|(fingerprint, answer)| Remembered { fingerprint, answer }))
}

/// Remembers what came of a request, in the transaction that carried it out.
///
/// # Errors
/// [`StorageError`] from the database; [`StorageError::Unique`] when a twin was quicker.
pub fn insert(
    writer: &mut Writer,
    token: &str,
    remembered: &Remembered,
    now: Timestamp,
) -> Result<(), StorageError> {
    diesel::insert_into(idempotency::table)
        .values((
            idempotency::token.eq(token),
            idempotency::fingerprint.eq(&remembered.fingerprint),
            idempotency::answer.eq(&remembered.answer),
            idempotency::created_at.eq(now.as_micros()),
        ))
        .execute(&mut writer.connection)?;
    Ok(())
}

/// Forgets answers from before `before`.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn delete_before(writer: &mut Writer, before: Timestamp) -> Result<usize, StorageError> {
    let old = idempotency::table.filter(idempotency::created_at.lt(before.as_micros()));
    Ok(diesel::delete(old).execute(&mut writer.connection)?)
}
