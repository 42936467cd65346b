//! The closed list of ways in which a use case fails. `Display` is a whole sentence for whoever
//! asked, except for internal ones, whose text is for the log alone.

use std::time::Duration;

use openmoss_domain::{AgentId, DomainError, SubmissionId};
use openmoss_storage::{Failure, StorageError};

use crate::settings::SettingsError;

/// A failed use case.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// A rule says no.
    #[error(transparent)]
    Domain(#[from] DomainError),
    /// No such thing.
    #[error("there is no {kind} with this id")]
    NotFound {
        /// Of what: `task`, `sub_task`, `module`, `agent`, `review`, `rule`, …
        kind: &'static str,
    },
    /// A name or a single place is taken.
    #[error("{0}")]
    AlreadyExists(String),
    /// Somebody else changed the same thing again and again.
    #[error("somebody else changed this at the same moment; read it again and decide anew")]
    ConcurrentChange,
    /// An idempotency key came with another request.
    #[error("this Idempotency-Key was used for another request; use a new key for each request")]
    IdempotencyKeyReused,
    /// A deliverable that came after its sender had lost the sub-task. It is kept.
    #[error("{}", late_sentence(*owner, *attempt))]
    LateSubmission {
        /// Under which id the deliverable is kept.
        submission: SubmissionId,
        /// Who owns the sub-task now.
        owner: Option<AgentId>,
        /// The attempt now.
        attempt: u32,
    },
    /// Nobody that is known.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// Known, and not allowed.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The admin session is missing, unknown or over.
    #[error("the admin session is missing or over; log in again")]
    NoAdminSession,
    /// The agent was disabled.
    #[error("this agent is disabled; ask the admin to enable it")]
    AgentDisabled,
    /// The agent's role may not do this.
    #[error("a {role} may not do this; it is for: {allowed}")]
    RoleNotAllowed {
        /// The caller's role.
        role: &'static str,
        /// Who may.
        allowed: &'static str,
    },
    /// Too many tries.
    #[error("too many tries; wait {} seconds", retry_after.as_secs())]
    Throttled {
        /// How long to wait.
        retry_after: Duration,
    },
    /// A file is part of the program and cannot be deleted or renamed.
    #[error(
        "{0} is part of the program and cannot be deleted or renamed; an edited copy of it can"
    )]
    BuiltIn(String),
    /// A file that cannot be used as it is.
    #[error("{path} cannot be read: {reason}; put it right first")]
    Unreadable {
        /// Its path below `content.root`.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The system refuses to write below `content.root`.
    #[error("{path} cannot be written: {reason}; the server must be able to write to content.root")]
    NotWritable {
        /// Its path below `content.root`.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// Settings that cannot be in force.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A file cannot be written or read.
    #[error("{0}")]
    File(String),
    /// Storage failed.
    #[error(transparent)]
    Storage(StorageError),
    /// A fault of the program.
    #[error("{0}")]
    Internal(String),
}

impl ServiceError {
    /// A missing thing of this kind.
    pub(crate) const fn not_found(kind: &'static str) -> Self {
        Self::NotFound { kind }
    }

    /// An answer that could not be remembered or recalled.
    pub(crate) fn remember(error: &serde_json::Error) -> Self {
        Self::Internal(format!("a remembered answer cannot be read or written: {error}"))
    }
}

impl From<StorageError> for ServiceError {
    fn from(error: StorageError) -> Self {
        if matches!(error, StorageError::Dangling) {
            // An agent was deleted while something was given to it.
            return Self::ConcurrentChange;
        }
        Self::Storage(error)
    }
}

impl Failure for ServiceError {
    fn storage(&self) -> Option<&StorageError> {
        if let Self::Storage(error) = self { Some(error) } else { None }
    }
}

fn late_sentence(owner: Option<AgentId>, attempt: u32) -> String {
    let now = owner.map_or_else(
        || "nobody owns this sub-task now".to_owned(),
        |owner| format!("agent {owner} owns this sub-task now"),
    );
    format!(
        "{now} (attempt {attempt}); stop working on it. What you handed in is kept as a late \
         submission, and planner and reviewer can see it"
    )
}
