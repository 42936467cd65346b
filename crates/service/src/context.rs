//! Who asks, and whether the same was asked before.

use std::time::Duration;

use openmoss_domain::{Actor, Timestamp};
use openmoss_storage::Writer;
use openmoss_storage::idempotency::{Remembered, find, insert, lock};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::credential::hash;
use crate::error::ServiceError;
use crate::ledger::Ledger;

/// How long an answer is remembered for a repeat of its request.
pub(crate) const REMEMBERED_FOR: Duration = Duration::from_hours(24);

/// The first parameter of every use case that changes something.
#[derive(Debug, Clone)]
pub struct Context {
    /// Who asks.
    pub actor: Actor,
    /// The caller's idempotency key, if it sent one.
    pub idempotency: Option<Idempotency>,
    /// The session through which an admin came: it is not ended with the others.
    pub session: Option<OwnSession>,
}

/// The session of whoever asks, by the hash of its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnSession(pub(crate) String);

impl OwnSession {
    /// The session with this token.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(hash(token.as_bytes()))
    }
}

impl Context {
    /// A context of `actor` without an idempotency key.
    #[must_use]
    pub fn of(actor: Actor) -> Self {
        Self { actor, idempotency: None, session: None }
    }

    /// The hash of the own session's token.
    pub(crate) fn session_hash(&self) -> Option<String> {
        self.session.as_ref().map(|OwnSession(hash)| hash.clone())
    }
}

/// A request that may be repeated.
#[derive(Debug, Clone)]
pub struct Idempotency {
    token: String,
    fingerprint: String,
}

impl Idempotency {
    /// `caller` and `key` together say which request this is, `request` what it asks for; all
    /// three are kept as hashes only.
    #[must_use]
    pub fn new(caller: &str, key: &str, request: &[u8]) -> Self {
        Self { token: hash(format!("{caller}\n{key}").as_bytes()), fingerprint: hash(request) }
    }
}

pub(crate) fn write_once<T, F>(
    store: &Ledger,
    key: Idempotency,
    now: Timestamp,
    run: F,
) -> Result<T, ServiceError>
where
    T: Serialize + DeserializeOwned + Send + 'static,
    F: Fn(&mut Writer) -> Result<T, ServiceError> + Send + 'static,
{
    store.write(move |writer| {
        lock(writer, &key.token)?;
        if let Some(answer) = recall(&key, find(writer, &key.token)?)? {
            return Ok(answer);
        }
        let value = run(writer)?;
        let answer =
            serde_json::to_string(&value).map_err(|error| ServiceError::remember(&error))?;
        let remembered = Remembered { fingerprint: key.fingerprint.clone(), answer };
        insert(writer, &key.token, &remembered, now)?;
        Ok(value)
    })
}

fn recall<T: DeserializeOwned>(
    key: &Idempotency,
    found: Option<Remembered>,
) -> Result<Option<T>, ServiceError> {
    let Some(remembered) = found else {
        return Ok(None);
    };
    if remembered.fingerprint != key.fingerprint {
        return Err(ServiceError::IdempotencyKeyReused);
    }
    serde_json::from_str(&remembered.answer)
        .map(Some)
        .map_err(|error| ServiceError::remember(&error))
}
