//! Everything that is kept, on SQLite or PostgreSQL, behind one set of functions.
//!
//! What this crate promises, on both backends:
//! - [`Store::read`] and [`Store::write`] are the only doors.
//! - A write is one transaction: all of it is kept, or nothing; when it is answered, it is durable.
//! - A changed row is compared and set on its version; a lost race is a value, not an error.
//! - Events are read in an order in which none can appear behind one that was read.
//!
//! Deliberately absent: rules about who may do what, and anything of HTTP.

mod condition;
mod connection;
mod convert;
mod dialect;
mod error;
mod index;
mod migrate;
mod own;
mod pool;
mod schema;
mod statement;
mod store;
mod text;
mod writer;

pub mod agent;
pub mod bulk;
pub mod counter;
pub mod dashboard;
pub mod delivery;
pub mod event;
pub mod idempotency;
pub mod import;
pub mod log;
pub mod module;
pub mod next;
pub mod note;
pub mod onboarding;
pub mod page;
pub mod partner;
pub mod patrol;
pub mod prerequisite;
pub mod request;
pub mod review;
pub mod rule;
pub mod score;
pub mod series;
pub mod session;
pub mod setting;
pub mod sub_task;
pub mod submission;
pub mod task;
pub mod task_policy;
pub mod track_record;
pub mod turn;
pub mod upstream;
pub mod usage;
pub mod wake;
pub mod watch;

pub use connection::Location;
pub use error::{Failure, StorageError};
pub use page::{ByTime, Page, Window};
pub use store::{Reader, Store, StoreOptions, Writer};
pub use sub_task::Swap;
