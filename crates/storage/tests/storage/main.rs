//! Everything that storage promises, on both backends.
#![cfg(test)]

mod rows;

mod agent_list;
mod bulk;
mod counter;
mod event_log;
mod request;
mod round_trip;
mod schema;
mod search;
mod sub_task;
mod text;
mod transaction;
