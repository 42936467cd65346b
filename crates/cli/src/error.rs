//! Why a command did not do what it was asked to, and with which exit code it says so.

use std::io;
use std::path::PathBuf;

use openmoss_domain::DomainError;
use openmoss_service::settings::SettingsError;
use openmoss_service::{ServiceError, StorageError};

use crate::config::ConfigError;
use crate::exit_code::ExitCode;

/// A failed command. `Display` is the whole message for whoever typed it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// A value on the command line that clap could not judge.
    #[error("{0}")]
    Usage(String),
    /// The configuration cannot be loaded.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The configuration cannot be in force.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// There is no database yet.
    #[error(
        "there is no database at {}; start the server once (openmoss serve), or name another with \
         --database",
        .0.display()
    )]
    NoDatabase(PathBuf),
    /// A use case failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// What the command names does not exist, in words.
    #[error("{0}")]
    NotFound(String),
    /// A target that must be new exists.
    #[error("{} exists already; name a new file", .0.display())]
    Exists(PathBuf),
    /// The system refused.
    #[error("{what}: {source}")]
    Io {
        /// What was tried, as the beginning of a sentence.
        what: String,
        /// How the system refused it.
        source: io::Error,
    },
    /// A signal came before it was done.
    #[error("ended by a signal before it was done")]
    Interrupted,
    /// Anything else that did not come out as it should.
    #[error("{0}")]
    Failed(String),
}

impl CliError {
    /// Names what the system refused.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// With which code the program ends.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::Usage,
            Self::Config(_) | Self::Settings(_) => ExitCode::Configuration,
            Self::NoDatabase(_) => ExitCode::DatabaseUnavailable,
            Self::Service(error) => of_service(error),
            Self::NotFound(_) => ExitCode::NotFound,
            Self::Exists(_) => ExitCode::Conflict,
            Self::Interrupted => ExitCode::Interrupted,
            Self::Io { .. } | Self::Failed(_) => ExitCode::Failed,
        }
    }
}

fn of_service(error: &ServiceError) -> ExitCode {
    match error {
        ServiceError::Domain(refusal) => of_domain(refusal),
        ServiceError::NotFound { .. } => ExitCode::NotFound,
        ServiceError::AlreadyExists(_)
        | ServiceError::BuiltIn(_)
        | ServiceError::Unreadable { .. }
        | ServiceError::NotWritable { .. }
        | ServiceError::ConcurrentChange
        | ServiceError::IdempotencyKeyReused
        | ServiceError::LateSubmission { .. } => ExitCode::Conflict,
        ServiceError::Settings(_) => ExitCode::Configuration,
        ServiceError::Storage(error) => of_storage(error),
        ServiceError::Unauthenticated(_)
        | ServiceError::Forbidden(_)
        | ServiceError::NoAdminSession
        | ServiceError::AgentDisabled
        | ServiceError::RoleNotAllowed { .. }
        | ServiceError::Throttled { .. }
        | ServiceError::File(_)
        | ServiceError::Internal(_) => ExitCode::Failed,
    }
}

fn of_domain(refusal: &DomainError) -> ExitCode {
    match refusal {
        DomainError::Invalid(_) => ExitCode::Usage,
        DomainError::NotAllowedFrom { .. }
        | DomainError::TaskNotAllowedFrom { .. }
        | DomainError::NotOwner { .. }
        | DomainError::PrerequisitesOpen { .. }
        | DomainError::PrerequisiteCancelled { .. }
        | DomainError::PatrolNotAllowedFrom { .. }
        | DomainError::ApprovedAlready { .. }
        | DomainError::BudgetReached { .. }
        | DomainError::TaskStopped
        | DomainError::CapabilitiesMissing { .. }
        | DomainError::OpenWorkLimit { .. }
        | DomainError::TaskHeld => ExitCode::Conflict,
        DomainError::RoleNotAllowed { .. }
        | DomainError::TaskRoleNotAllowed { .. }
        | DomainError::NoteNotAllowed
        | DomainError::PatrolRoleNotAllowed { .. }
        | DomainError::OwnWork
        | DomainError::AlreadyDelivered
        | DomainError::OwnScore => ExitCode::Failed,
    }
}

fn of_storage(error: &StorageError) -> ExitCode {
    match error {
        StorageError::Unique(_) => ExitCode::Conflict,
        StorageError::Unavailable(_)
        | StorageError::ConnectionLost(_)
        | StorageError::Overloaded
        | StorageError::Busy
        | StorageError::Corrupt { .. }
        | StorageError::FromTheFuture(_)
        | StorageError::Foreign(_)
        | StorageError::Dangling
        | StorageError::Panicked
        | StorageError::Database(_) => ExitCode::DatabaseUnavailable,
    }
}
