//! The few places where SQLite and PostgreSQL differ.
//!
//! - upserts (`setting`): the derive's dialect knows none, both backends do;
//! - a list of any length as one value (`prerequisite::find_all`): JSON or an array;
//! - locks (`task::find_locked`, `setting::lock`, `idempotency::lock`): PostgreSQL only, SQLite has
//!   one writer;
//! - the fence of the event log (`event`): PostgreSQL only, sequences are not commit order there;
//! - picking work that nobody else is picking (`sub_task::next_claimable`): PostgreSQL only.

/// Runs one query text on whichever backend the connection is. Besides what it is needed for, the
/// statements that run most go through it: the derived connection writes a statement's text out anew,
/// twice each time, where the backend's own knows it by its type.
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
