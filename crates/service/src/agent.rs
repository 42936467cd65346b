//! Agents: how they come in, and who they are.

pub mod admin;

use std::net::IpAddr;

use crate::id::fresh;
use openmoss_domain::agent::AGENT_NAME_CHARS_MAX;
use openmoss_domain::{
    Actor, Agent, AgentId, AgentStatus, Capabilities, Event, EventKind, Fields, Persona, Role, text,
};
use openmoss_storage::{StorageError, agent};
use serde::{Deserialize, Serialize};

use crate::Service;
use crate::context::Context;
use crate::credential::{hash, is_same, new_api_key};
use crate::error::ServiceError;
use crate::settings::Secret;
use crate::step::{append, swapped};

pub use openmoss_storage::agent::Related;
pub use openmoss_storage::agent::listed::Listed;

/// A new agent, as it came in.
#[derive(Debug, Clone)]
pub struct NewAgent {
    /// Unique among agents.
    pub name: String,
    /// What it is there for.
    pub role: Role,
    /// In words.
    pub description: String,
    /// What it can do, as tags.
    pub capabilities: Vec<String>,
}

/// An agent and its key, which is shown this once.
#[derive(Debug)]
pub struct Registered {
    /// The agent.
    pub agent: Agent,
    /// Its key in clear.
    pub key: Secret,
}

/// What a remembered registration holds: never the key.
#[derive(Clone, Serialize, Deserialize)]
struct Created {
    agent: Agent,
    key_hash: String,
}

impl Service {
    /// The agent whose key this is.
    ///
    /// # Errors
    /// [`ServiceError::Unauthenticated`] or [`ServiceError::AgentDisabled`].
    pub fn authenticate_agent(&self, key: &str) -> Result<Agent, ServiceError> {
        let hash = hash(key.as_bytes());
        let found = self.directory.find(&self.store, &hash)?;
        let found = found.ok_or(ServiceError::Unauthenticated(
            "the API key is not known; send it as Authorization: Bearer <key>",
        ))?;
        match found.status {
            AgentStatus::Active => Ok(found),
            AgentStatus::Disabled => Err(ServiceError::AgentDisabled),
        }
    }

    /// An agent registers itself with the registration token.
    pub fn register_agent(
        &self,
        cx: &Context,
        token: &str,
        address: Option<IpAddr>,
        new: &NewAgent,
    ) -> Result<Registered, ServiceError> {
        let settings = self.settings();
        if !settings.agent.allow_registration {
            return Err(ServiceError::Forbidden(
                "self-registration is switched off; ask the admin to create the agent",
            ));
        }
        let expected = settings.agent.registration_token.expose();
        if expected.is_empty() || !is_same(token, expected) {
            // Only wrong tokens count: fifty agents of one host may register at once.
            drop(self.throttle.attempt(address)?);
            return Err(ServiceError::Forbidden("the registration token is wrong; ask the admin"));
        }
        self.create_agent(cx, new)
    }

    /// Creates an agent. A repeat with the same idempotency key gets a fresh key for the same
    /// agent: the first answer was lost, and keys are not kept.
    pub fn create_agent(&self, cx: &Context, new: &NewAgent) -> Result<Registered, ServiceError> {
        let mut fields = Fields::default();
        let name = fields.keep(text::line("name", &new.name, AGENT_NAME_CHARS_MAX));
        let description = fields.keep(text::text("description", &new.description));
        let capabilities = Capabilities::checked("capabilities", &new.capabilities, &mut fields);
        fields.finish()?;
        let key = new_api_key();
        let key_hash = hash(key.expose().as_bytes());
        let created = Agent {
            id: AgentId::from_uuid(fresh()),
            name,
            role: new.role,
            description,
            status: AgentStatus::Active,
            capabilities,
            persona: Persona::default(),
            total_score: 0,
            created_at: self.now(),
        };
        let event = Event::new(EventKind::AgentRegistered, cx.actor, created.created_at)
            .agent(created.id)
            .with("name", created.name.as_str())
            .with("role", created.role.as_str());
        let wanted = key_hash.clone();
        let name = created.name.clone();
        let stored = self.write(cx, move |writer| {
            agent::insert(writer, &created, &wanted)?;
            append(writer, &event)?;
            Ok(Created { agent: created.clone(), key_hash: wanted.clone() })
        });
        let stored = stored.map_err(|error| name_taken(error, &name))?;
        self.directory.forget();
        if stored.key_hash != key_hash {
            return self.reset_agent_key(&Context::of(cx.actor), stored.agent.id);
        }
        Ok(Registered { agent: stored.agent, key })
    }

    /// Gives an agent a new key; the old one is refused from now on.
    pub fn reset_agent_key(&self, cx: &Context, id: AgentId) -> Result<Registered, ServiceError> {
        let key = new_api_key();
        let key_hash = hash(key.expose().as_bytes());
        let event = Event::new(EventKind::AgentKeyReset, cx.actor, self.now()).agent(id);
        let agent = self.store.write(move |writer| -> Result<Agent, ServiceError> {
            let found = agent::find(writer, id)?.ok_or(ServiceError::not_found("agent"))?;
            agent::set_key(writer, id, &key_hash)?;
            append(writer, &event)?;
            Ok(found)
        })?;
        self.directory.forget();
        Ok(Registered { agent, key })
    }

    /// Enables or disables an agent. What it owns stays with it, and is found by its lease.
    pub fn set_agent_status(
        &self,
        cx: &Context,
        id: AgentId,
        status: AgentStatus,
    ) -> Result<Agent, ServiceError> {
        let event = Event::new(EventKind::AgentStatusChanged, cx.actor, self.now())
            .agent(id)
            .with("to", status.as_str());
        let changed = self.write(cx, move |writer| {
            let before = agent::find(writer, id)?.ok_or(ServiceError::not_found("agent"))?;
            if before.status == status {
                return Ok(before);
            }
            swapped(agent::set_status(writer, &before, status)?)?;
            append(writer, &event)?;
            Ok(Agent { status, ..before })
        })?;
        self.directory.forget();
        Ok(changed)
    }

    /// All agents, oldest first.
    pub fn list_agents(
        &self,
        role: Option<Role>,
        status: Option<AgentStatus>,
    ) -> Result<Vec<Agent>, ServiceError> {
        self.read(|reader| Ok(agent::list(reader, role, status)?))
    }

    /// The agent with this id.
    pub fn find_agent(&self, id: AgentId) -> Result<Agent, ServiceError> {
        self.read(|reader| agent::find(reader, id)?.ok_or(ServiceError::not_found("agent")))
    }

    /// The agent of this name, for the command line.
    pub fn find_agent_by_name(&self, name: &str) -> Result<Agent, ServiceError> {
        self.read(|reader| {
            agent::find_by_name(reader, name)?.ok_or(ServiceError::not_found("agent"))
        })
    }
}

/// As whom a stranger with the registration token acts: not as an agent yet.
pub const REGISTRANT: Actor = Actor::System;

fn name_taken(error: ServiceError, name: &str) -> ServiceError {
    let is_taken = matches!(
        &error,
        ServiceError::Storage(StorageError::Unique(index)) if index.contains("name")
    );
    if is_taken {
        let text = format!("an agent named {name:?} exists already; choose another name");
        return ServiceError::AlreadyExists(text);
    }
    error
}
