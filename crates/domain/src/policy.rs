//! What an operator may choose about the rules.

use std::time::Duration;

/// The operator's choices that the state machines need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How long a claim holds without a sign of life.
    pub lease: Duration,
    /// Whether sub-tasks of a task that is still `planning` may be claimed. Existing planners
    /// rely on it (contract, section 15), so the default is yes.
    pub claim_while_planning: bool,
    /// How many sub-tasks an executor may have in hand (assigned, in progress or in rework) when it
    /// takes another one; 0 is no limit. Whoever assigns work decides for itself.
    pub max_open_per_agent: u32,
}

impl Default for Policy {
    /// A lease of two hours: the silence after which the existing patrol prompt calls an owner dead.
    fn default() -> Self {
        Self { lease: Duration::from_hours(2), claim_while_planning: true, max_open_per_agent: 0 }
    }
}
