//! What can go wrong below the rules.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// A failure of storage itself. Rules never fail here.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database cannot be opened or reached.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// The connection broke off before anything was kept, such as one that was idle while the server
    /// was started again.
    #[error("the connection to the database was lost: {0}")]
    ConnectionLost(String),
    /// Too many writes wait already.
    #[error("too many writes are waiting")]
    Overloaded,
    /// Another program holds the database, or transactions keep colliding.
    #[error("the database is busy")]
    Busy,
    /// A unique index refused a row; the name tells which.
    #[error("a unique index refused the row: {0}")]
    Unique(String),
    /// A stored row that breaks an invariant.
    #[error("the row {id} of table {table} is corrupt: {reason}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row's id.
        id: String,
        /// What is wrong.
        reason: String,
    },
    /// A row that something shall point at was deleted meanwhile.
    #[error("what a row shall point at does not exist any more")]
    Dangling,
    /// The database was written by a newer version of this program.
    #[error(
        "the database has migration {0}, which this version does not know; use a newer openmoss"
    )]
    FromTheFuture(String),
    /// The file belongs to another program, or cannot be read as what it should be.
    #[error("{0}")]
    Foreign(String),
    /// A panic inside a transaction; it was rolled back.
    #[error("a transaction was rolled back after an internal error")]
    Panicked,
    /// Any other refusal of the database.
    #[error("the database refused a statement: {0}")]
    Database(DieselError),
}

/// What a transaction's own error type tells storage.
pub trait Failure: From<StorageError> + Send + 'static {
    /// The storage error inside, if that is what it is.
    fn storage(&self) -> Option<&StorageError>;
}

impl Failure for StorageError {
    fn storage(&self) -> Option<&StorageError> {
        Some(self)
    }
}

impl StorageError {
    /// Whether the same transaction may succeed when it is simply run again.
    #[cfg(feature = "postgres")]
    pub(crate) fn is_transient(&self) -> bool {
        if let Self::Database(DieselError::DatabaseError(kind, info)) = self {
            matches!(kind, DatabaseErrorKind::SerializationFailure) || is_deadlock(info.as_ref())
        } else {
            matches!(self, Self::Busy)
        }
    }

    /// Whether the connection should not be used again.
    pub(crate) fn is_fatal_for_connection(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::ConnectionLost(_))
    }
}

/// Whether PostgreSQL ended a transaction because two waited for each other. Diesel does not show the
/// code of the error, and its words are in the server's language. But names of lock modes are the
/// same in all, and no other error tells for two processes for which lock each waits.
#[cfg(feature = "postgres")]
fn is_deadlock(info: &(dyn diesel::result::DatabaseErrorInformation + Send + Sync)) -> bool {
    let names_a_lock = |line: &&str| line.contains("ShareLock") || line.contains("ExclusiveLock");
    info.details().is_some_and(|details| details.lines().filter(names_a_lock).count() >= 2)
}

impl From<DieselError> for StorageError {
    fn from(error: DieselError) -> Self {
        let DieselError::DatabaseError(kind, info) = error else {
            return Self::Database(error);
        };
        let message = info.message();
        if matches!(kind, DatabaseErrorKind::UniqueViolation) {
            Self::Unique(info.constraint_name().unwrap_or(message).to_owned())
        } else if matches!(kind, DatabaseErrorKind::ForeignKeyViolation) {
            Self::Dangling
        } else if matches!(
            kind,
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand
        ) {
            Self::ConnectionLost(message.to_owned())
        } else if message.contains("database is locked") {
            Self::Busy
        } else if message.contains("file is not a database") {
            let advice = "move it away, or set database.path to a new file";
            Self::Foreign(format!("the database file is not one of SQLite; {advice}"))
        } else if message.contains("due to lock timeout") {
            Self::Overloaded
        } else {
            Self::Database(DieselError::DatabaseError(kind, info))
        }
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use diesel::result::DatabaseErrorInformation;

    use super::*;

    /// What a server says.
    struct Said {
        message: &'static str,
        details: Option<&'static str>,
    }

    impl DatabaseErrorInformation for Said {
        fn message(&self) -> &str {
            self.message
        }
        fn details(&self) -> Option<&str> {
            self.details
        }
        fn hint(&self) -> Option<&str> {
            None
        }
        fn table_name(&self) -> Option<&str> {
            None
        }
        fn column_name(&self) -> Option<&str> {
            None
        }
        fn constraint_name(&self) -> Option<&str> {
            None
        }
        fn statement_position(&self) -> Option<i32> {
            None
        }
    }

    fn is_transient(message: &'static str, details: Option<&'static str>) -> bool {
        let said = Box::new(Said { message, details });
        let error = DieselError::DatabaseError(DatabaseErrorKind::Unknown, said);
        StorageError::from(error).is_transient()
    }

    #[test]
    fn a_deadlock_is_recognised_in_any_language() {
        assert!(is_transient(
            "Verklemmung entdeckt",
            Some(
                "Prozess 18 wartet auf ShareLock auf Transaktion 7; blockiert von Prozess 19.\n\
                 Prozess 19 wartet auf ExclusiveLock auf Tupel (0,1); blockiert von Prozess 18."
            ),
        ));
        assert!(!is_transient("relation fehlt", Some("Tabelle lock existiert nicht.")));
        assert!(!is_transient("eine Sperre fehlt", Some("Prozess 18 wartet auf ShareLock.")));
        assert!(!is_transient("Division durch Null", None));
    }
}
