//! The human admin: login and sessions.

use std::net::IpAddr;
use std::time::Duration;

use openmoss_domain::{Actor, DomainError, Event, EventKind, SessionId, Timestamp};
pub use openmoss_storage::session::Session;
use openmoss_storage::{Page, Window, session};
use serde_json::Value;

use crate::Service;
use crate::context::Context;
use crate::credential::{
    PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, hash, hash_password, is_password, new_admin_token,
};
use crate::error::ServiceError;
use crate::id::fresh;
use crate::settings::{Secret, fixed, keys};
use crate::step::append;

/// After this time a use of a session is noted: a look at the dashboard is not a write.
const USE_NOTED_AFTER: Duration = Duration::from_mins(1);

/// A session as the admin sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenSession {
    /// The session.
    pub session: Session,
    /// Whether it is the one through which the admin looks.
    pub is_own: bool,
}

impl Service {
    /// Checks the admin password and opens a session. Its token is shown this once.
    pub fn log_in(&self, password: &str, address: Option<IpAddr>) -> Result<Secret, ServiceError> {
        let settings = self.settings();
        if settings.admin.password.is_empty() {
            return Err(ServiceError::Forbidden(
                "no admin password is set yet; finish the setup wizard, or run openmoss admin set-password",
            ));
        }
        let attempt = self.throttle.attempt(address)?;
        self.check_password(password, "the admin password is wrong")?;
        attempt.succeeded();
        let token = new_admin_token();
        let now = self.now();
        let session = Session {
            id: SessionId::from_uuid(fresh()),
            token_hash: hash(token.expose().as_bytes()),
            created_at: now,
            expires_at: self.session_expiry(),
            last_used_at: now,
            address: address.map(|address| address.to_string()),
        };
        self.store.write(move |writer| -> Result<(), ServiceError> {
            Ok(session::insert(writer, &session)?)
        })?;
        Ok(token)
    }

    fn check_password(&self, password: &str, refusal: &'static str) -> Result<(), ServiceError> {
        let stored = self.settings().admin.password.clone();
        let is_right = self.throttle.one_at_a_time(|| is_password(password, &stored));
        if is_right { Ok(()) } else { Err(ServiceError::Forbidden(refusal)) }
    }

    fn session_length(&self) -> Duration {
        Duration::from_hours(u64::from(self.settings().admin.session_hours))
    }

    fn session_expiry(&self) -> Timestamp {
        self.now().plus(self.session_length())
    }

    /// Ends the session with this token; an unknown one is over already.
    pub fn log_out(&self, token: &str) -> Result<(), ServiceError> {
        let token_hash = hash(token.as_bytes());
        self.store.write(move |writer| -> Result<(), ServiceError> {
            Ok(session::delete(writer, &token_hash)?)
        })
    }

    /// The admin whose session token this is. A session in use lives on.
    ///
    /// # Errors
    /// [`ServiceError::NoAdminSession`].
    pub fn authenticate_admin(&self, token: &str) -> Result<Actor, ServiceError> {
        let token_hash = hash(token.as_bytes());
        let found = self.read(|reader| Ok(session::find(reader, &token_hash)?))?;
        let now = self.now();
        let found =
            found.filter(|found| found.expires_at > now).ok_or(ServiceError::NoAdminSession)?;
        if found.last_used_at.plus(USE_NOTED_AFTER) <= now {
            let is_half_over = found.expires_at < now.plus(self.session_length() / 2);
            let expiry = if is_half_over { self.session_expiry() } else { found.expires_at };
            self.store.write(move |writer| -> Result<(), ServiceError> {
                Ok(session::touch(writer, &token_hash, now, expiry)?)
            })?;
        }
        Ok(Actor::Admin)
    }

    /// A page of the sessions that are not over.
    pub fn list_sessions(
        &self,
        cx: &Context,
        window: Window,
    ) -> Result<Page<SeenSession>, ServiceError> {
        let own = cx.session_hash();
        let page = self.read(|reader| Ok(session::list(reader, self.now(), window)?))?;
        let seen = |session: Session| SeenSession {
            is_own: own.as_deref() == Some(session.token_hash.as_str()),
            session,
        };
        Ok(Page { items: page.items.into_iter().map(seen).collect(), total: page.total })
    }

    /// Ends a session, also one's own.
    pub fn revoke_session(&self, cx: &Context, id: SessionId) -> Result<(), ServiceError> {
        let event = Event::new(EventKind::AdminSessionsEnded, cx.actor, self.now())
            .with("session_id", id.to_string());
        self.write(cx, move |writer| {
            if !session::delete_by_id(writer, id)? {
                return Err(ServiceError::not_found("session"));
            }
            append(writer, &event)
        })
    }

    /// Ends every session but the one through which this comes. Says how many.
    pub fn revoke_other_sessions(&self, cx: &Context) -> Result<usize, ServiceError> {
        let own = cx.session_hash();
        let event = Event::new(EventKind::AdminSessionsEnded, cx.actor, self.now());
        self.write(cx, move |writer| {
            let ended = session::delete_others(writer, own.as_deref())?;
            if ended > 0 {
                append(writer, &event.clone().with("others", ended))?;
            }
            Ok(ended)
        })
    }

    /// Sets the admin password and ends every session but the one through which this comes.
    pub fn set_admin_password(&self, cx: &Context, password: &str) -> Result<(), ServiceError> {
        check_new_password("password", password)?;
        self.store_password(cx, "password", password)
    }

    /// Changes the admin password for whoever knows the old one, and ends every other
    /// session.
    ///
    /// # Errors
    /// Names the wrong field: an old password that is not the one, a new one that breaks the
    /// rules or could not be in force. Too many tries from one address are refused.
    pub fn change_admin_password(
        &self,
        cx: &Context,
        address: Option<IpAddr>,
        old: &str,
        new: &str,
    ) -> Result<(), ServiceError> {
        check_new_password("new_password", new)?;
        let attempt = self.throttle.attempt(address)?;
        let stored = self.settings().admin.password.clone();
        if !self.throttle.one_at_a_time(|| is_password(old, &stored)) {
            // Not 403: to the dashboard that means that its session is over.
            return Err(DomainError::field("old_password", "is not the current password").into());
        }
        attempt.succeeded();
        self.store_password(cx, "new_password", new)
    }

    fn store_password(&self, cx: &Context, field: &str, new: &str) -> Result<(), ServiceError> {
        let Some(hash) = self.hash_unless_fixed(field, new)? else {
            return Ok(());
        };
        let change = (keys::PASSWORD, Value::String(hash.expose().to_owned()));
        self.change_settings(cx, vec![change], |_| Ok(()))
    }

    /// What is to be stored for a new password; nothing when it is the one that the environment
    /// sets anyhow.
    ///
    /// # Errors
    /// When the environment sets another one: the new one could not be in force.
    pub(crate) fn hash_unless_fixed(
        &self,
        field: &str,
        new: &str,
    ) -> Result<Option<Secret>, ServiceError> {
        let Some(source) = self.layers.fixed_by(keys::PASSWORD) else {
            return self.throttle.one_at_a_time(|| hash_password(new)).map(Some);
        };
        let stored = self.settings().admin.password.clone();
        if self.throttle.one_at_a_time(|| is_password(new, &stored)) {
            return Ok(None);
        }
        Err(DomainError::field(field, fixed(&source)).into())
    }
}

/// The rules for a new admin password.
pub(crate) fn check_new_password(field: &str, password: &str) -> Result<(), ServiceError> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        let message = format!("must have at least {PASSWORD_CHARS_MIN} characters");
        return Err(DomainError::field(field, message).into());
    }
    if password.len() > PASSWORD_BYTES_MAX {
        let message = format!("must have at most {PASSWORD_BYTES_MAX} bytes in UTF-8");
        return Err(DomainError::field(field, message).into());
    }
    Ok(())
}
