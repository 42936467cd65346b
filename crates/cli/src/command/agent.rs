//! `openmoss agent`: who works here.

use clap::{Args, Subcommand};
use openmoss_domain::{Agent, AgentStatus, Role};
use openmoss_service::Service;
use openmoss_service::agent::{NewAgent, Registered};
use serde::Serialize;

use super::{as_admin, find_agent, tokens};
use crate::args::PlaceArgs;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::output::{Format, List, card, left, moment, right, table};
use crate::place;

/// List, create, disable, enable agents and renew their keys
///
/// Agents may be named by id or by name.
#[derive(Args)]
#[command(after_help = "\
Examples:
  openmoss agent list --role executor
  openmoss agent create scout --role executor --description 'reads the web'
  openmoss agent create scout --role executor --json | jq -r .api_key
  openmoss agent disable scout")]
pub(crate) struct AgentArgs {
    #[command(subcommand)]
    command: AgentCommand,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum AgentCommand {
    /// List agents, oldest first
    List {
        /// Only agents of this role
        #[arg(long, value_parser = tokens(Role::ALL, Role::as_str))]
        role: Option<Role>,
        /// Only agents in this status
        #[arg(long, value_parser = tokens(AgentStatus::ALL, AgentStatus::as_str))]
        status: Option<AgentStatus>,
    },
    /// Create an agent and print its API key, which is shown this once
    Create {
        /// A name that no other agent has
        name: String,
        /// What the agent is there for
        #[arg(long, value_parser = tokens(Role::ALL, Role::as_str))]
        role: Role,
        /// In words
        #[arg(long, default_value = "")]
        description: String,
        /// What it can do, such as python; repeat it for several
        #[arg(long)]
        capability: Vec<String>,
    },
    /// Refuse an agent's key until it is enabled again
    Disable {
        /// Its id or name
        agent: String,
    },
    /// Accept a disabled agent's key again
    Enable {
        /// Its id or name
        agent: String,
    },
    /// Give an agent a new API key and print it; the old one is refused from now on
    ResetKey {
        /// Its id or name
        agent: String,
    },
}

/// Runs a command of this group.
pub(crate) fn run(place: &PlaceArgs, args: &AgentArgs) -> Result<ExitCode, CliError> {
    let service = place::open(place)?;
    let format = Format::of(args.json);
    match &args.command {
        AgentCommand::List { role, status } => list(&service, *role, *status, format)?,
        AgentCommand::Create { name, role, description, capability } => {
            let (name, description) = (name.clone(), description.clone());
            let capabilities = capability.clone();
            let new = NewAgent { name, role: *role, description, capabilities };
            print_key(&service.create_agent(&as_admin(), &new)?, format)?;
        }
        AgentCommand::Disable { agent } => {
            set_status(&service, agent, AgentStatus::Disabled, format)?;
        }
        AgentCommand::Enable { agent } => set_status(&service, agent, AgentStatus::Active, format)?,
        AgentCommand::ResetKey { agent } => {
            let id = find_agent(&service, agent)?.id;
            print_key(&service.reset_agent_key(&as_admin(), id)?, format)?;
        }
    }
    Ok(ExitCode::Done)
}

/// An agent as commands print it.
#[derive(Serialize)]
struct AgentView {
    id: String,
    name: String,
    role: Role,
    status: AgentStatus,
    description: String,
    total_score: i64,
    created_at: String,
    /// Only when it was just made.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
}

impl From<Agent> for AgentView {
    fn from(agent: Agent) -> Self {
        Self {
            id: agent.id.to_string(),
            name: agent.name,
            role: agent.role,
            status: agent.status,
            description: agent.description,
            total_score: agent.total_score,
            created_at: agent.created_at.to_string(),
            api_key: None,
        }
    }
}

fn list(
    service: &Service,
    role: Option<Role>,
    status: Option<AgentStatus>,
    format: Format,
) -> Result<(), CliError> {
    let agents = service.list_agents(role, status)?;
    let created: Vec<_> = agents.iter().map(|agent| moment(agent.created_at)).collect();
    let items: Vec<AgentView> = agents.into_iter().map(AgentView::from).collect();
    let total = i64::try_from(items.len()).unwrap_or(i64::MAX);
    format.print(&List { items, total }, |list| {
        let row = |(agent, created): (&AgentView, &String)| {
            [
                left(&agent.name),
                left(agent.role),
                left(agent.status),
                right(agent.total_score),
                left(created),
                left(&agent.id),
            ]
        };
        let rows = list.items.iter().zip(&created).map(row);
        table(["NAME", "ROLE", "STATUS", "SCORE", "CREATED", "ID"], rows).to_string()
    })
}

fn set_status(
    service: &Service,
    agent: &str,
    status: AgentStatus,
    format: Format,
) -> Result<(), CliError> {
    let id = find_agent(service, agent)?.id;
    let changed = service.set_agent_status(&as_admin(), id, status)?;
    format.print(&AgentView::from(changed), |agent| {
        format!("{} ({}) is {}", agent.name, agent.role, agent.status)
    })
}

fn print_key(registered: &Registered, format: Format) -> Result<(), CliError> {
    let api_key = Some(registered.key.expose().to_owned());
    let view = AgentView { api_key, ..registered.agent.clone().into() };
    format.print(&view, |agent| {
        let key = agent.api_key.clone().unwrap_or_default();
        card([
            ("name", agent.name.clone()),
            ("role", agent.role.to_string()),
            ("id", agent.id.clone()),
            ("API key", format!("{key}   (shown this once)")),
        ])
    })
}
