//! Where a sub-task stands in its life.

use crate::token::token_enum;

token_enum! {
    /// The status of a sub-task.
    Status {
        /// Waits for somebody to claim it.
        Pending = "pending",
        /// Has an owner who has not started yet.
        Assigned = "assigned",
        /// The owner works on it.
        InProgress = "in_progress",
        /// Handed in, waits for a reviewer.
        Review = "review",
        /// Sent back to the owner.
        Rework = "rework",
        /// Cannot go on; the cause says why.
        Blocked = "blocked",
        /// Approved.
        Done = "done",
        /// Given up.
        Cancelled = "cancelled",
    }
}

impl Status {
    /// Whether the work is over. Only `reopen` leaves such a status.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Done | Self::Cancelled => true,
            Self::Pending
            | Self::Assigned
            | Self::InProgress
            | Self::Review
            | Self::Rework
            | Self::Blocked => false,
        }
    }
}

token_enum! {
    /// How soon a sub-task should be done.
    Priority {
        /// Before the others.
        High = "high",
        /// Usual.
        Medium = "medium",
        /// When nothing else is left.
        Low = "low",
    }
}

token_enum! {
    /// Whether work is done once or comes back.
    WorkKind {
        /// One round.
        Once = "once",
        /// Comes back on a schedule.
        Recurring = "recurring",
    }
}
