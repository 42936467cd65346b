//! The server as its clients see it: a real one on a port of its own, asked over TCP.
//!
//! Each file is about one resource or one promise. What holds for every answer is checked in one
//! place, `support/form.rs`, for every call that any test makes.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that finds something else than it looks for has failed, and should say where"
)]

mod support;

mod admin;
mod admin_agents;
mod admin_dashboard;
mod admin_reviews;
mod admin_scores;
mod admin_sub_tasks;
mod admin_tasks;
mod admin_writes;
mod agents;
mod authentication;
mod config;
mod contract;
mod event_stream;
mod events;
mod fallback;
mod feed;
mod idempotency;
mod logs;
mod mcp;
mod next;
mod notes;
mod notifications;
mod onboarding;
mod openapi;
mod paging;
mod patrol;
mod personas;
mod plans;
mod policies;
mod problems;
mod prompts;
mod recurrence;
mod request_log;
mod reviews;
mod robustness;
mod rules;
mod scores;
mod secrecy;
mod server;
mod sessions;
mod setup;
mod skills;
mod sub_tasks;
mod tasks;
mod tools;
mod usage;
mod wake;
