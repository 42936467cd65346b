//! An agent: a program with one role that works through this server.

use serde::{Deserialize, Serialize};

use crate::actor::{Actor, Role};
use crate::capability::Capabilities;
use crate::id::AgentId;
use crate::persona::Persona;
use crate::time::Timestamp;
use crate::token::token_enum;

/// Longest name of an agent, in characters (the contract's limit).
pub const AGENT_NAME_CHARS_MAX: usize = 100;

token_enum! {
    /// Whether an agent may work.
    AgentStatus {
        /// It may.
        Active = "active",
        /// Its key is refused.
        Disabled = "disabled",
    }
}

token_enum! {
    /// What the admin's list of agents is sorted by.
    AgentSort {
        /// When they were created.
        CreatedAt = "created_at",
        /// Their names, byte by byte.
        Name = "name",
        /// Their scores.
        TotalScore = "total_score",
        /// When they last called.
        LastRequestAt = "last_request_at",
        /// When they last wrote the activity log.
        LastActivityAt = "last_activity_at",
    }
}

token_enum! {
    /// What the admin's leaderboard is sorted by.
    LeaderboardSort {
        /// Their scores.
        TotalScore = "total_score",
        /// Their ranks: the first is the highest score.
        Rank = "rank",
        /// When they were created.
        CreatedAt = "created_at",
        /// When their scores last changed.
        LastScoreAt = "last_score_at",
    }
}

/// An agent. Its key is not here: storage keeps only the key's hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// Unique among agents.
    pub name: String,
    /// What it is there for.
    pub role: Role,
    /// In words.
    pub description: String,
    /// Whether it may work.
    pub status: AgentStatus,
    /// What it can do.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// How it shows itself.
    #[serde(default)]
    pub persona: Persona,
    /// The sum of its score log.
    pub total_score: i64,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Agent {
    /// The agent as one who acts.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        Actor::Agent { id: self.id, role: self.role }
    }

    /// Whether work can be given to it.
    #[must_use]
    pub fn can_own_work(&self) -> bool {
        self.role == Role::Executor && self.status == AgentStatus::Active
    }
}
