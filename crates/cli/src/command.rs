//! The admin's commands: each acts as the admin, through the services, in this process.

pub(crate) mod admin;
pub(crate) mod agent;
pub(crate) mod config;
pub(crate) mod db;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod skills;
pub(crate) mod sub_task;
pub(crate) mod task;

use std::str::FromStr;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use openmoss_domain::{Actor, Agent, AgentId};
use openmoss_service::{Context, Service, ServiceError, Window};

use crate::error::CliError;

/// Which part of a list to show.
#[derive(Args)]
pub(crate) struct WindowArgs {
    /// Show at most this many
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=1000))]
    limit: i64,
    /// Leave out this many first
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    offset: i64,
}

impl WindowArgs {
    const fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }
}

/// As whom every command acts.
fn as_admin() -> Context {
    Context::of(Actor::Admin)
}

/// A parser for an enum's tokens, which help and mistakes then list.
fn tokens<T>(all: &'static [T], token: fn(T) -> &'static str) -> impl TypedValueParser<Value = T>
where
    T: Copy + FromStr + Send + Sync + 'static,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    PossibleValuesParser::new(all.iter().map(move |value| token(*value)))
        .try_map(|text| text.parse::<T>())
}

/// The agent with this id, or of this name.
fn find_agent(service: &Service, id_or_name: &str) -> Result<Agent, CliError> {
    let found = match id_or_name.parse::<AgentId>() {
        Ok(id) => service.find_agent(id),
        Err(_) => service.find_agent_by_name(id_or_name),
    };
    if let Err(ServiceError::NotFound { .. }) = found {
        return Err(CliError::NotFound(format!(
            "there is no agent with the id or name {id_or_name:?}; see openmoss agent list"
        )));
    }
    Ok(found?)
}
