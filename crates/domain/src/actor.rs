//! Who acts.

use serde::{Deserialize, Serialize};

use crate::id::AgentId;
use crate::token::token_enum;

token_enum! {
    /// What an agent is there for; fixed for each agent.
    Role {
        /// Breaks a goal into modules and sub-tasks, unblocks, delivers.
        Planner = "planner",
        /// Claims sub-tasks and does them.
        Executor = "executor",
        /// Judges submissions.
        Reviewer = "reviewer",
        /// Watches that nothing stalls.
        Patrol = "patrol",
    }
}

token_enum! {
    /// An actor's kind: one of the four roles, a human admin, or the server itself.
    ActorKind {
        /// An agent with this role.
        Planner = "planner",
        /// An agent with this role.
        Executor = "executor",
        /// An agent with this role.
        Reviewer = "reviewer",
        /// An agent with this role.
        Patrol = "patrol",
        /// A human with the admin password, or the admin's command line.
        Admin = "admin",
        /// The server: patrol, scheduler, automatic steps.
        System = "system",
    }
}

impl From<Role> for ActorKind {
    fn from(role: Role) -> Self {
        match role {
            Role::Planner => Self::Planner,
            Role::Executor => Self::Executor,
            Role::Reviewer => Self::Reviewer,
            Role::Patrol => Self::Patrol,
        }
    }
}

/// Who acts: an agent, an admin, or the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Actor {
    /// An authenticated agent.
    Agent {
        /// Which one.
        id: AgentId,
        /// Its role.
        role: Role,
    },
    /// A human admin.
    Admin,
    /// The server itself.
    System,
}

impl Actor {
    /// The kind, which is all that most rules look at.
    #[must_use]
    pub fn kind(self) -> ActorKind {
        match self {
            Self::Agent { role, .. } => role.into(),
            Self::Admin => ActorKind::Admin,
            Self::System => ActorKind::System,
        }
    }

    /// The agent's id, if an agent acts.
    #[must_use]
    pub fn agent_id(self) -> Option<AgentId> {
        match self {
            Self::Agent { id, .. } => Some(id),
            Self::Admin | Self::System => None,
        }
    }
}
