//! The few places where SQLite and PostgreSQL differ.
//!
//! - upserts (`counter`, `setting`): the derive's dialect knows none, both backends do;
//! - locks (`task::find_locked`, `setting::lock`, `idempotency::lock`): PostgreSQL only, SQLite has
//!   one writer;
//! - the fence of the event log (`event`): PostgreSQL only, sequences are not commit order there;
//! - picking work that nobody else is picking (`sub_task::next_claimable`): PostgreSQL only.

/// Runs one query text on whichever backend the connection is.
macro_rules! each_backend {
    ($connection:expr, $c:ident => $body:expr) => {
        match $connection {
            #[cfg(feature = "postgres")]
            $crate::connection::AnyConnection::Postgres($c) => $body,
            $crate::connection::AnyConnection::Sqlite($c) => $body,
        }
    };
}

pub(crate) use each_backend;
