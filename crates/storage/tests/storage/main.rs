//! Everything that storage promises, on both backends.
#![cfg(test)]

mod rows;

mod bulk;
mod counter;
mod event_log;
mod request;
mod round_trip;
mod schema;
mod sub_task;
mod transaction;
