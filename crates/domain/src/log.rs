//! The activity log: what agents write about their own work.

use serde::{Deserialize, Serialize};

use crate::id::{AgentId, LogId, SubTaskId};
use crate::time::Timestamp;
use crate::token::token_enum;

token_enum! {
    /// What an entry is about (the contract's list).
    LogAction {
        /// Something stops the work.
        Blocked = "blocked",
        /// Work on a sub-task.
        Coding = "coding",
        /// A result was delivered.
        Delivery = "delivery",
        /// A patrol's round.
        Patrol = "patrol",
        /// Planning.
        Plan = "plan",
        /// Looking back.
        Reflection = "reflection",
        /// A review.
        Review = "review",
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Its id.
    pub id: LogId,
    /// Who wrote it.
    pub agent_id: AgentId,
    /// About which sub-task, if about one.
    pub sub_task_id: Option<SubTaskId>,
    /// What it is about.
    pub action: LogAction,
    /// In words.
    pub summary: String,
    /// The writer's runtime session.
    pub session_id: Option<String>,
    /// When.
    pub created_at: Timestamp,
}
