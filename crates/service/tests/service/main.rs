//! Every use case, on both backends.
#![cfg(test)]

mod refusal;

mod achievement;
mod admin;
mod agent;
mod agent_deletion;
mod dashboard;
mod dependency;
mod idempotency;
mod import;
mod lifecycle;
mod log;
mod next;
mod note;
mod notification;
mod patrol;
mod plan;
mod recurrence;
mod request;
mod review;
mod rule;
mod settings;
mod setup;
mod submission;
mod task;
mod task_policy;
mod transfer;
mod usage;
mod waiting;
mod wake;
mod watch;
