//! The server over HTTP. The only crate that knows HTTP, JSON bodies and OpenAPI.
//!
//! A handler extracts, calls one use case, and maps what comes of it. Who calls is decided in
//! `call`, what a refusal looks like in `problem`, and the way out of async is
//! `call::Call::run` alone. Deliberately absent: rules and SQL.

mod admin;
mod agents;
mod call;
mod diagnosis;
mod documentation;
mod events;
mod fallback;
mod feed;
mod input;
mod logs;
mod mcp;
mod next;
mod onboarding;
mod page;
mod patrol;
mod policies;
mod problem;
mod queue;
mod recurrence;
mod request_log;
mod reviews;
mod routes;
mod rules;
mod scores;
mod server;
mod setup;
mod skills;
mod sub_tasks;
mod tasks;
mod tools;
mod usage;
mod versioned;
mod vocabulary;
mod webui;

pub use documentation::document;
pub use problem::CODES;
pub use server::{Server, ServerOptions};
