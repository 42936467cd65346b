//! What the tests of several crates share: a fresh database on each backend, a clock that is moved
//! by hand, a service on both, and a team that works through it. For tests only.
//!
//! Nothing here writes a state of its own: agents, tasks and sub-tasks come to be as in production,
//! through the use cases, so no test can begin in an impossible state.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a test that cannot be set up has failed, and should say where"
)]

mod books;
mod clock;
mod database;
mod raw;
mod receiver;
mod service;
mod statements;
mod team;
mod threads;
mod upstream;

pub use books::{counter_differences, differences, rounds};
pub use clock::{FixedClock, START};
pub use database::TestDb;
pub use raw::Raw;
pub use receiver::{Mail, MailServer, Manner, Received, Receiver};
pub use service::{MemoryLayers, TestService};
pub use statements::record_statements;
pub use team::{NewWork, by, draft};
pub use threads::at_once;
pub use upstream::OldInstallation;

/// Makes of each function `fn(&TestDb)` a test on SQLite, `sqlite::name`, and one on PostgreSQL,
/// `postgres::name`, where this crate is built with its feature `postgres`.
#[macro_export]
macro_rules! on_each_backend {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $test() {
                super::$test(&$crate::TestDb::sqlite());
            })+
        }

        #[cfg(feature = "postgres")]
        mod postgres {
            $(#[test]
            fn $test() {
                if let Some(db) = $crate::TestDb::postgres() {
                    super::$test(&db);
                }
            })+
        }
    };
}
