//! The tables of the existing system, and their rows as they come out of the file.

use crate::token::token_enum;

token_enum! {
    /// A table of the existing system. The order is the one in which they are brought over: what
    /// others refer to comes first.
    UpstreamTable {
        /// Goals.
        Task = "task",
        /// Parts of goals.
        Module = "module",
        /// Agents, with their keys in clear.
        Agent = "agent",
        /// Units of work.
        SubTask = "sub_task",
        /// Reviews.
        ReviewRecord = "review_record",
        /// Score changes.
        RewardLog = "reward_log",
        /// What agents wrote about their work.
        ActivityLog = "activity_log",
        /// Rule texts.
        Rule = "rule",
        /// Findings of patrols; no version ever wrote one.
        PatrolRecord = "patrol_record",
        /// HTTP requests of agents.
        RequestLog = "request_log",
    }
}

impl UpstreamTable {
    /// Its columns, in the order of [`Raw`]'s values.
    #[must_use]
    pub const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Task => {
                &["id", "name", "description", "type", "status", "created_at", "updated_at"]
            }
            Self::Module => &["id", "task_id", "name", "description", "created_at"],
            Self::Agent => &[
                "id",
                "name",
                "role",
                "description",
                "status",
                "api_key",
                "total_score",
                "created_at",
            ],
            Self::SubTask => &[
                "id",
                "task_id",
                "module_id",
                "name",
                "description",
                "deliverable",
                "acceptance",
                "type",
                "status",
                "priority",
                "assigned_agent",
                "current_session_id",
                "rework_count",
                "recurring_config",
                "created_at",
                "updated_at",
                "completed_at",
            ],
            Self::ReviewRecord => &[
                "id",
                "sub_task_id",
                "reviewer_agent",
                "round",
                "result",
                "score",
                "issues",
                "comment",
                "rework_agent",
                "created_at",
            ],
            Self::RewardLog => {
                &["id", "agent_id", "sub_task_id", "reason", "score_delta", "created_at"]
            }
            Self::ActivityLog => {
                &["id", "agent_id", "sub_task_id", "action", "summary", "session_id", "created_at"]
            }
            Self::Rule => {
                &["id", "scope", "task_id", "sub_task_id", "content", "created_at", "updated_at"]
            }
            Self::PatrolRecord => &[
                "id",
                "type",
                "severity",
                "sub_task_id",
                "agent_id",
                "description",
                "action_taken",
                "status",
                "created_at",
                "resolved_at",
            ],
            Self::RequestLog => &[
                "id",
                "timestamp",
                "method",
                "path",
                "agent_id",
                "agent_name",
                "agent_role",
                "request_body",
                "response_status",
            ],
        }
    }

    /// Whether a database without this table is one of the existing system all the same: older
    /// versions had not all of them.
    #[must_use]
    pub const fn may_be_absent(self) -> bool {
        match self {
            Self::PatrolRecord | Self::RequestLog | Self::Rule | Self::ActivityLog => true,
            Self::Task
            | Self::Module
            | Self::Agent
            | Self::SubTask
            | Self::ReviewRecord
            | Self::RewardLog => false,
        }
    }

    /// The column whose values must not be repeated anywhere, if there is one.
    #[must_use]
    pub const fn secret_column(self) -> Option<&'static str> {
        if matches!(self, Self::Agent) { Some("api_key") } else { None }
    }
}

/// A row as it is in the file: every value as text, in the order of [`UpstreamTable::columns`].
#[derive(Clone, PartialEq, Eq)]
pub struct Raw {
    /// Of which table.
    pub table: UpstreamTable,
    /// Its values.
    pub values: Vec<Option<String>>,
}

impl Raw {
    /// The value of a column; `None` if it is NULL or there is no such column.
    #[must_use]
    pub fn get(&self, column: &str) -> Option<&str> {
        let index = self.table.columns().iter().position(|name| *name == column)?;
        self.values.get(index)?.as_deref()
    }

    /// Column names and values, the secret one hidden.
    pub fn shown(&self) -> impl Iterator<Item = (&'static str, Option<&str>)> {
        let secret = self.table.secret_column();
        let values = self.values.iter().map(Option::as_deref);
        self.table.columns().iter().copied().zip(values).map(move |(column, value)| {
            let is_hidden = Some(column) == secret && value.is_some();
            (column, if is_hidden { Some("***") } else { value })
        })
    }
}

/// The secret column is hidden.
impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ", self.table)?;
        f.debug_map().entries(self.shown()).finish()
    }
}
