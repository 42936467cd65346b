//! The state machine of a sub-task: one table that code, answers, documentation and tests read.

use std::fmt::Write as _;

use crate::actor::{Actor, ActorKind};
use crate::id::AgentId;
use crate::sub_task::{Action, Status};

/// Who may take a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// The agent that owns the sub-task, whatever its role.
    Owner,
    /// Any executor.
    Executor,
    /// Any planner.
    Planner,
    /// A reviewer who does not own the sub-task.
    Reviewer,
    /// Any patrol agent.
    Patrol,
    /// A human admin.
    Admin,
    /// The server itself.
    System,
}

impl Permit {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Executor => "executor",
            Self::Planner => "planner",
            Self::Reviewer => "reviewer (not the owner)",
            Self::Patrol => "patrol",
            Self::Admin => "admin",
            Self::System => "system",
        }
    }

    /// Whether this permit covers an actor of `kind` that owns the sub-task or does not.
    #[must_use]
    pub fn covers(self, kind: ActorKind, is_owner: bool) -> bool {
        match self {
            Self::Owner => is_owner,
            Self::Executor => kind == ActorKind::Executor,
            Self::Planner => kind == ActorKind::Planner,
            Self::Reviewer => kind == ActorKind::Reviewer && !is_owner,
            Self::Patrol => kind == ActorKind::Patrol,
            Self::Admin => kind == ActorKind::Admin,
            Self::System => kind == ActorKind::System,
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The status before.
    pub from: Status,
    /// The step.
    pub action: Action,
    /// The status after.
    pub to: Status,
    /// Who may take it.
    pub by: &'static [Permit],
}

const fn rule(from: Status, action: Action, to: Status, by: &'static [Permit]) -> Rule {
    Rule { from, action, to, by }
}

use Action::{
    Adopt, Approve, Assign, Block, Cancel, Claim, Edit, Heartbeat, Reassign, Reject, Release,
    Reopen, Requeue, Session, Start, Submit,
};
use Permit::{Admin, Executor, Owner, Patrol, Planner, Reviewer, System};
use Status::{Assigned, Blocked, Cancelled, Done, InProgress, Pending, Review, Rework};

const STEER: &[Permit] = &[Planner, Admin];
const JUDGE: &[Permit] = &[Reviewer, Admin];
const ADOPT: &[Permit] = &[Planner, Reviewer, Admin];
const STOP: &[Permit] = &[Owner, Planner, Patrol, Admin, System];

/// Everything that may happen to a sub-task.
pub const RULES: &[Rule] = &[
    rule(Pending, Claim, Assigned, &[Executor]),
    // By the server for a new round of work that is always given to the same executor.
    rule(Pending, Assign, Assigned, &[Planner, Admin, System]),
    rule(Pending, Reassign, Assigned, STEER),
    // Only for a cancelled prerequisite: nobody has the work in hand yet.
    rule(Pending, Block, Blocked, &[System]),
    rule(Pending, Edit, Pending, STEER),
    rule(Pending, Adopt, Review, ADOPT),
    rule(Pending, Cancel, Cancelled, STEER),
    rule(Assigned, Start, InProgress, &[Owner]),
    rule(Assigned, Release, Pending, &[Owner, Planner, Admin, System]),
    rule(Assigned, Reassign, Assigned, STEER),
    rule(Assigned, Block, Blocked, STOP),
    rule(Assigned, Heartbeat, Assigned, &[Owner]),
    rule(Assigned, Edit, Assigned, STEER),
    rule(Assigned, Adopt, Review, ADOPT),
    rule(Assigned, Cancel, Cancelled, STEER),
    rule(InProgress, Submit, Review, &[Owner]),
    rule(InProgress, Block, Blocked, STOP),
    rule(InProgress, Heartbeat, InProgress, &[Owner]),
    rule(InProgress, Session, InProgress, &[Owner]),
    rule(InProgress, Adopt, Review, ADOPT),
    rule(InProgress, Cancel, Cancelled, STEER),
    rule(Review, Approve, Done, JUDGE),
    rule(Review, Reject, Rework, JUDGE),
    rule(Review, Cancel, Cancelled, STEER),
    rule(Rework, Start, InProgress, &[Owner]),
    rule(Rework, Reassign, Assigned, STEER),
    rule(Rework, Block, Blocked, STOP),
    rule(Rework, Edit, Rework, STEER),
    rule(Rework, Adopt, Review, ADOPT),
    rule(Rework, Cancel, Cancelled, STEER),
    rule(Blocked, Reassign, Assigned, STEER),
    rule(Blocked, Requeue, Pending, &[Planner, Admin, System]),
    rule(Blocked, Edit, Blocked, STEER),
    rule(Blocked, Adopt, Review, ADOPT),
    rule(Blocked, Cancel, Cancelled, STEER),
    rule(Done, Reopen, Pending, STEER),
    rule(Cancelled, Reopen, Pending, STEER),
];

/// The table's own laws, checked when this crate is compiled.
#[expect(clippy::indexing_slicing, reason = "a wrong index fails the build, not the program")]
const _: () = {
    let mut i = 0;
    while i < RULES.len() {
        let row = &RULES[i];
        assert!(!row.by.is_empty(), "a rule that nobody may use");
        assert!(
            !row.from.is_terminal() || matches!(row.action, Reopen),
            "only reopen leaves a terminal status"
        );
        let mut j = i + 1;
        while j < RULES.len() {
            let other = &RULES[j];
            assert!(
                row.from as u8 != other.from as u8 || row.action as u8 != other.action as u8,
                "two rules for one status and action"
            );
            j += 1;
        }
        i += 1;
    }
};

/// The row for `action` in `status`, if there is one.
#[must_use]
pub fn find(status: Status, action: Action) -> Option<&'static Rule> {
    RULES.iter().find(|row| row.from == status && row.action == action)
}

/// What an actor of this kind could do in this status, in the table's order.
#[must_use]
pub fn allowed_actions(status: Status, kind: ActorKind, is_owner: bool) -> Vec<Action> {
    RULES
        .iter()
        .filter(|row| row.from == status && row.by.iter().any(|by| by.covers(kind, is_owner)))
        .map(|row| row.action)
        .collect()
}

/// Whether an actor of this kind may take `action` in any status at all. An executor may become
/// owner, so what the owner may is open to every executor in this sense.
#[must_use]
pub fn role_may_ever(action: Action, kind: ActorKind) -> bool {
    permits(action)
        .any(|by| by.covers(kind, false) || (by == Permit::Owner && kind == ActorKind::Executor))
}

/// Whether the owner, whatever its role, may take `action` in any status at all.
pub(super) fn owner_may_ever(action: Action) -> bool {
    permits(action).any(|by| by == Permit::Owner)
}

/// Whether `action` is open to nobody but the owner.
pub(super) fn is_owners_alone(action: Action) -> bool {
    permits(action).all(|by| by == Permit::Owner)
}

/// Every permit for `action`, in the table's order; one may come more than once.
pub(crate) fn permits(action: Action) -> impl Iterator<Item = Permit> {
    RULES.iter().filter(move |row| row.action == action).flat_map(|row| row.by).copied()
}

/// Whether `actor` owns a sub-task whose owner is `owner`.
#[must_use]
pub fn is_owner(actor: Actor, owner: Option<AgentId>) -> bool {
    owner.is_some() && actor.agent_id() == owner
}

/// The table as Markdown, for the documentation.
#[must_use]
pub fn to_markdown() -> String {
    let mut text = String::from("| from | action | to | who |\n|---|---|---|---|\n");
    for row in RULES {
        let by: Vec<_> = row.by.iter().map(|by| by.as_str()).collect();
        // Writing to a String cannot fail.
        let _ =
            writeln!(text, "| {} | {} | {} | {} |", row.from, row.action, row.to, by.join(", "));
    }
    text
}

/// The table as a Mermaid state diagram, for the documentation. Steps that stay are left out.
#[must_use]
pub fn to_mermaid() -> String {
    let mut text = String::from("stateDiagram-v2\n    [*] --> pending\n");
    for row in RULES.iter().filter(|row| row.from != row.to) {
        let _ = writeln!(text, "    {} --> {}: {}", row.from, row.to, row.action);
    }
    for status in Status::ALL.iter().filter(|status| status.is_terminal()) {
        let _ = writeln!(text, "    {status} --> [*]");
    }
    text
}
