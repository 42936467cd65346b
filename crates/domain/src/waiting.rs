//! Why an open sub-task does not move: no work is stuck silently.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::capability::Capabilities;
use crate::dependency::open_prerequisites;
use crate::policy::Policy;
use crate::sub_task::{Status, SubTask};
use crate::time::Timestamp;
use crate::token::token_enum;

token_enum! {
    /// What a sub-task waits for.
    WaitingKind {
        /// Other sub-tasks must be done first.
        Prerequisites = "prerequisites",
        /// The task's status keeps its work back.
        TaskStatus = "task_status",
        /// A budget is used up.
        Budget = "budget",
        /// No active executor exists that could do it.
        NoExecutor = "no_executor",
        /// It can be claimed, and nobody has.
        Claim = "claim",
        /// The owner has not started yet.
        OwnerStart = "owner_start",
        /// The owner works on it.
        Owner = "owner",
        /// The owner has not been heard of since its lease ran out.
        OwnerSilent = "owner_silent",
        /// A reviewer must look at it.
        Review = "review",
        /// It was handed in, and no active reviewer exists.
        NoReviewer = "no_reviewer",
        /// The owner must mend it.
        OwnerRework = "owner_rework",
        /// It is blocked; the cause says why.
        Unblock = "unblock",
    }
}

impl WaitingKind {
    /// What would help.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Prerequisites => "finish what it waits for, or edit its depends_on",
            Self::TaskStatus => "set the task to active",
            Self::NoExecutor => "register or enable an executor",
            Self::Claim => "wake an executor",
            Self::Budget => "raise the budget",
            Self::OwnerStart | Self::OwnerRework => "wake the owner, or reassign the work",
            Self::Owner => "nothing: the owner is at work",
            Self::OwnerSilent => {
                "nothing: the server gives it to the next executor; or reassign it now"
            }
            Self::Review => "wake a reviewer",
            Self::NoReviewer => "register or enable a reviewer",
            Self::Unblock => "the planner must reassign, requeue or cancel it",
        }
    }
}

/// What is around a sub-task: what it cannot know of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// How many executors are active.
    pub active_executors: i64,
    /// How many reviewers are active.
    pub active_reviewers: i64,
    /// What active executors can do, each different set once.
    pub able: Arc<[Capabilities]>,
}

/// What a sub-task waits for, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingFor {
    /// What it waits for.
    pub kind: WaitingKind,
    /// In words, with what would help.
    pub detail: String,
    /// Since when.
    pub since: Timestamp,
}

/// What `sub_task` waits for; `None` when it is over.
#[must_use]
pub fn waiting_for(
    sub_task: &SubTask,
    around: &Surroundings,
    now: Timestamp,
    policy: &Policy,
) -> Option<WaitingFor> {
    let expired = sub_task.lease_expires_at.filter(|expiry| *expiry <= now);
    let (kind, detail) = why(sub_task, around, expired.is_some())?;
    let since = expired
        .filter(|_| kind == WaitingKind::OwnerSilent)
        .map_or(sub_task.updated_at, |expiry| expiry.minus(policy.lease));
    Some(WaitingFor { kind, detail, since })
}

/// The same where a budget is used up: its task's, or everybody's for today.
#[must_use]
pub fn behind_budget(
    waiting: WaitingFor,
    is_task_stopped: bool,
    is_day_used_up: bool,
) -> WaitingFor {
    let words = if waiting.kind == WaitingKind::TaskStatus && is_task_stopped {
        "the budget of its task is used up; an admin can raise it"
    } else if waiting.kind == WaitingKind::Claim && is_day_used_up {
        "everybody's budget for today is used up; it goes on tomorrow, or when an admin raises it"
    } else {
        return waiting;
    };
    WaitingFor { kind: WaitingKind::Budget, detail: words.to_owned(), ..waiting }
}

fn why(
    sub_task: &SubTask,
    around: &Surroundings,
    is_owner_silent: bool,
) -> Option<(WaitingKind, String)> {
    let (kind, detail) = match sub_task.status {
        Status::Done | Status::Cancelled => return None,
        Status::Pending => {
            return Some(cannot_begin(sub_task).unwrap_or_else(|| claim(sub_task, around)));
        }
        Status::Assigned | Status::Rework if let Some(reason) = cannot_begin(sub_task) => {
            return Some(reason);
        }
        Status::Assigned | Status::InProgress if is_owner_silent => {
            (WaitingKind::OwnerSilent, "the owner's lease ran out without a sign of life")
        }
        Status::Assigned => (WaitingKind::OwnerStart, "the owner has not started yet"),
        Status::InProgress => (WaitingKind::Owner, "the owner works on it"),
        Status::Review if around.active_reviewers == 0 => {
            (WaitingKind::NoReviewer, "no active reviewer exists; register or enable one")
        }
        Status::Review => (WaitingKind::Review, "a reviewer must look at it"),
        Status::Rework => (WaitingKind::OwnerRework, "the owner must mend it and submit again"),
        Status::Blocked => return Some((WaitingKind::Unblock, blocked(sub_task))),
    };
    Some((kind, detail.to_owned()))
}

/// What keeps it from being claimed or started, whoever would.
fn cannot_begin(sub_task: &SubTask) -> Option<(WaitingKind, String)> {
    if sub_task.held {
        let detail = "its task does not hand out work; set the task to active";
        return Some((WaitingKind::TaskStatus, detail.to_owned()));
    }
    if sub_task.open_prerequisites > 0 {
        let detail = open_prerequisites(sub_task.open_prerequisites);
        return Some((WaitingKind::Prerequisites, detail));
    }
    None
}

fn claim(sub_task: &SubTask, around: &Surroundings) -> (WaitingKind, String) {
    if around.active_executors == 0 {
        let detail = "no active executor exists; register or enable one";
        return (WaitingKind::NoExecutor, detail.to_owned());
    }
    let needed = &sub_task.required_capabilities;
    if !needed.is_empty() && !around.able.iter().any(|able| able.cover(needed)) {
        let detail = format!(
            "no active executor has the capabilities {needed}; give them to one, or require less"
        );
        return (WaitingKind::NoExecutor, detail);
    }
    (WaitingKind::Claim, "an executor must claim it".to_owned())
}

fn blocked(sub_task: &SubTask) -> String {
    let Some(cause) = &sub_task.blocked else {
        return "the planner must reassign, requeue or cancel it".to_owned();
    };
    let mut detail = format!("{}: {}", cause.kind, cause.detail);
    if let Some(what) = &cause.waits_for {
        detail.push_str("; waits for ");
        detail.push_str(what);
    }
    detail
}
