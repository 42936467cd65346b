//! What can be asked of a sub-task.

use serde::{Deserialize, Serialize};

use crate::id::AgentId;
use crate::sub_task::{Edit, Status};
use crate::token::token_enum;

token_enum! {
    /// The name of a [`Command`].
    Action {
        /// Take a pending sub-task.
        Claim = "claim",
        /// Give a pending sub-task to an executor.
        Assign = "assign",
        /// Put an assigned sub-task back.
        Release = "release",
        /// Begin, or begin again after a rejection.
        Start = "start",
        /// Hand in.
        Submit = "submit",
        /// Accept what was handed in.
        Approve = "approve",
        /// Send back what was handed in.
        Reject = "reject",
        /// Say that it cannot go on, and why.
        Block = "block",
        /// Give it to another executor.
        Reassign = "reassign",
        /// Put a blocked sub-task back into the queue.
        Requeue = "requeue",
        /// Give it up.
        Cancel = "cancel",
        /// Do finished or given-up work again.
        Reopen = "reopen",
        /// Take what a former owner handed in too late as what was to be handed in.
        Adopt = "adopt",
        /// Change its texts, priority or prerequisites.
        Edit = "edit",
        /// Say that one still works on it.
        Heartbeat = "heartbeat",
        /// Bind the owner's new runtime session.
        Session = "session",
    }
}

token_enum! {
    /// What kind of thing a blocked sub-task waits for.
    BlockedKind {
        /// Another sub-task.
        Dependency = "dependency",
        /// An answer or a decision by a person.
        NeedsInput = "needs_input",
        /// Access, a key, a quota, a machine.
        Resource = "resource",
        /// An error that the owner could not solve.
        Technical = "technical",
        /// The owner fell silent.
        Timeout = "timeout",
        /// None of these; the detail says.
        Other = "other",
    }
}

/// Why a sub-task is blocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockedCause {
    /// What kind of thing it waits for.
    pub kind: BlockedKind,
    /// In words, for planner and humans.
    pub detail: String,
    /// What exactly: an id, a name, a time; free text.
    pub waits_for: Option<String>,
    /// The status before it was blocked.
    pub from: Status,
}

/// One intent; there is no "set status".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Take it.
    Claim {
        /// The claimer's runtime session.
        session: Option<String>,
    },
    /// Give it to `to`, who must be an active executor (the service checks that).
    Assign {
        /// The new owner.
        to: AgentId,
    },
    /// Put it back.
    Release,
    /// Begin.
    Start {
        /// The owner's runtime session, if it is a new one.
        session: Option<String>,
        /// The attempt that the caller believes to be in.
        attempt: Option<u32>,
    },
    /// Hand in.
    Submit {
        /// The attempt that the caller believes to be in.
        attempt: Option<u32>,
    },
    /// Accept.
    Approve,
    /// Send back.
    Reject {
        /// Who shall mend it, if not the owner.
        rework_agent: Option<AgentId>,
    },
    /// Say that it cannot go on.
    Block {
        /// What kind of thing it waits for.
        kind: BlockedKind,
        /// In words.
        detail: String,
        /// What exactly.
        waits_for: Option<String>,
    },
    /// Give it to `to`, who must be an active executor (the service checks that).
    Reassign {
        /// The new owner.
        to: AgentId,
    },
    /// Put a blocked one back into the queue.
    Requeue,
    /// Give it up.
    Cancel,
    /// Do it again.
    Reopen,
    /// Put into review what `from`, a former owner, handed in too late.
    Adopt {
        /// Who handed it in; the owner again.
        from: AgentId,
    },
    /// Change its texts.
    Edit(Edit),
    /// Sign of life.
    Heartbeat {
        /// What the owner is at, in words.
        progress: Option<String>,
        /// How far, 0 to 100.
        percent: Option<u8>,
        /// The attempt that the caller believes to be in.
        attempt: Option<u32>,
    },
    /// Bind a new runtime session.
    Session {
        /// The session's id.
        session: String,
    },
}

impl Command {
    /// The command's name.
    #[must_use]
    pub const fn action(&self) -> Action {
        match self {
            Self::Claim { .. } => Action::Claim,
            Self::Assign { .. } => Action::Assign,
            Self::Release => Action::Release,
            Self::Start { .. } => Action::Start,
            Self::Submit { .. } => Action::Submit,
            Self::Approve => Action::Approve,
            Self::Reject { .. } => Action::Reject,
            Self::Block { .. } => Action::Block,
            Self::Reassign { .. } => Action::Reassign,
            Self::Requeue => Action::Requeue,
            Self::Cancel => Action::Cancel,
            Self::Reopen => Action::Reopen,
            Self::Adopt { .. } => Action::Adopt,
            Self::Edit(_) => Action::Edit,
            Self::Heartbeat { .. } => Action::Heartbeat,
            Self::Session { .. } => Action::Session,
        }
    }

    /// The same in whatever attempt it is.
    #[must_use]
    pub fn without_attempt(mut self) -> Self {
        if let Self::Start { attempt, .. }
        | Self::Submit { attempt }
        | Self::Heartbeat { attempt, .. } = &mut self
        {
            *attempt = None;
        }
        self
    }

    /// The attempt that the caller named, if the command can name one.
    #[must_use]
    pub const fn attempt(&self) -> Option<u32> {
        match self {
            Self::Start { attempt, .. }
            | Self::Submit { attempt }
            | Self::Heartbeat { attempt, .. } => *attempt,
            Self::Claim { .. }
            | Self::Assign { .. }
            | Self::Release
            | Self::Approve
            | Self::Reject { .. }
            | Self::Block { .. }
            | Self::Reassign { .. }
            | Self::Requeue
            | Self::Cancel
            | Self::Reopen
            | Self::Adopt { .. }
            | Self::Edit(_)
            | Self::Session { .. } => None,
        }
    }
}
