//! Admin sessions: only the hash of a token is kept.

use diesel::prelude::*;
use openmoss_domain::{SessionId, Timestamp};

use crate::convert::parse;
use crate::error::StorageError;
use crate::page::{Page, Window};
use crate::schema::admin_session;
use crate::store::{Reader, Writer};

const TABLE: &str = "admin_session";
/// Most sessions at once: a login beyond ends the one that would end next.
pub const SESSIONS_MAX: i64 = 100;

/// A session of the admin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// SHA-256 of its token.
    pub token_hash: String,
    /// When somebody logged in.
    pub created_at: Timestamp,
    /// When it ends, unless it is used before.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Timestamp,
    /// From where the login came; none for the command line.
    pub address: Option<String>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = admin_session)]
struct SessionRow {
    id: String,
    token_hash: String,
    created_at: i64,
    expires_at: i64,
    last_used_at: i64,
    address: Option<String>,
}

impl TryFrom<SessionRow> for Session {
    type Error = StorageError;

    fn try_from(row: SessionRow) -> Result<Self, StorageError> {
        Ok(Self {
            id: parse(TABLE, &row.id, "id", &row.id)?,
            token_hash: row.token_hash,
            created_at: Timestamp::from_micros(row.created_at),
            expires_at: Timestamp::from_micros(row.expires_at),
            last_used_at: Timestamp::from_micros(row.last_used_at),
            address: row.address,
        })
    }
}

/// Stores a session. Where there are too many then, those that would end next end now.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn insert(writer: &mut Writer, new: &Session) -> Result<(), StorageError> {
    let row = SessionRow {
        id: new.id.to_string(),
        token_hash: new.token_hash.clone(),
        created_at: new.created_at.as_micros(),
        expires_at: new.expires_at.as_micros(),
        last_used_at: new.last_used_at.as_micros(),
        address: new.address.clone(),
    };
    diesel::insert_into(admin_session::table).values(row).execute(&mut writer.connection)?;
    let beyond: Vec<String> = admin_session::table
        .filter(admin_session::expires_at.ge(0))
        .select(admin_session::id)
        .order(admin_session::expires_at.desc())
        .offset(SESSIONS_MAX)
        .limit(SESSIONS_MAX)
        .load(&mut writer.connection)?;
    if !beyond.is_empty() {
        diesel::delete(admin_session::table.filter(admin_session::id.eq_any(beyond)))
            .execute(&mut writer.connection)?;
    }
    Ok(())
}

/// The session with this token, if there is one; it may be over.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find(reader: &mut Reader, token_hash: &str) -> Result<Option<Session>, StorageError> {
    admin_session::table
        .filter(admin_session::token_hash.eq(token_hash))
        .select(SessionRow::as_select())
        .first(&mut reader.connection)
        .optional()?
        .map(Session::try_from)
        .transpose()
}

/// A page of the sessions that are not over at `now`, first what ends last.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list(
    reader: &mut Reader,
    now: Timestamp,
    window: Window,
) -> Result<Page<Session>, StorageError> {
    let is_live = admin_session::expires_at.gt(now.as_micros());
    // There are at most SESSIONS_MAX.
    let total = admin_session::table.filter(is_live).count().get_result(&mut reader.connection)?;
    let rows: Vec<SessionRow> = admin_session::table
        .filter(is_live)
        .select(SessionRow::as_select())
        .order(admin_session::expires_at.desc())
        .limit(window.limit)
        .offset(window.offset)
        .load(&mut reader.connection)?;
    let items = rows.into_iter().map(Session::try_from).collect::<Result<_, _>>()?;
    Ok(Page { items, total })
}

/// Notes that a session was used, and when it ends now.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn touch(
    writer: &mut Writer,
    token_hash: &str,
    last_used_at: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StorageError> {
    diesel::update(admin_session::table.filter(admin_session::token_hash.eq(token_hash)))
        .set((
            admin_session::last_used_at.eq(last_used_at.as_micros()),
            admin_session::expires_at.eq(expires_at.as_micros()),
        ))
        .execute(&mut writer.connection)?;
    Ok(())
}

/// Ends the session with this token.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn delete(writer: &mut Writer, token_hash: &str) -> Result<(), StorageError> {
    diesel::delete(admin_session::table.filter(admin_session::token_hash.eq(token_hash)))
        .execute(&mut writer.connection)?;
    Ok(())
}

/// Ends the session with this id; whether there was one.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn delete_by_id(writer: &mut Writer, id: SessionId) -> Result<bool, StorageError> {
    let ended = diesel::delete(admin_session::table.filter(admin_session::id.eq(id.to_string())))
        .execute(&mut writer.connection)?;
    Ok(ended > 0)
}

/// Ends every session but the one with this token; without one, every session. Says how many.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn delete_others(writer: &mut Writer, kept: Option<&str>) -> Result<usize, StorageError> {
    let ended = match kept {
        Some(hash) => {
            diesel::delete(admin_session::table.filter(admin_session::token_hash.ne(hash)))
                .execute(&mut writer.connection)?
        }
        None => diesel::delete(admin_session::table).execute(&mut writer.connection)?,
    };
    Ok(ended)
}

/// Forgets sessions that ended before `now`.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn delete_expired(writer: &mut Writer, now: Timestamp) -> Result<usize, StorageError> {
    let expired = admin_session::table.filter(admin_session::expires_at.lt(now.as_micros()));
    Ok(diesel::delete(expired).execute(&mut writer.connection)?)
}
