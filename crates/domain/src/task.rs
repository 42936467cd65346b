//! A task: a goal that a human stated, and how far it is.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::actor::{Actor, ActorKind};
use crate::error::DomainError;
use crate::event::{Event, EventKind};
use crate::id::TaskId;
use crate::policy::Policy;
use crate::sub_task::WorkKind;
use crate::time::Timestamp;
use crate::token::token_enum;
use crate::version::Version;

token_enum! {
    /// The status of a task.
    TaskStatus {
        /// The planner breaks it down.
        Planning = "planning",
        /// The plan stands.
        Active = "active",
        /// Work has begun.
        InProgress = "in_progress",
        /// Delivered.
        Completed = "completed",
        /// Delivered and put away.
        Archived = "archived",
        /// Given up.
        Cancelled = "cancelled",
    }
}

impl TaskStatus {
    /// Whether work may still be done.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Planning | Self::Active | Self::InProgress)
    }

    /// Whether work of a task in this status is kept back under `policy`.
    #[must_use]
    pub const fn holds_work(self, policy: &Policy) -> bool {
        match self {
            Self::Planning => !policy.claim_while_planning,
            Self::Active | Self::InProgress => false,
            Self::Completed | Self::Archived | Self::Cancelled => true,
        }
    }
}

token_enum! {
    /// What can be done to a task.
    TaskAction {
        /// Change name or description.
        Edit = "edit",
        /// Back to planning.
        Plan = "plan",
        /// The plan stands.
        Activate = "activate",
        /// Work has begun.
        Begin = "begin",
        /// Deliver.
        Complete = "complete",
        /// Put away.
        Archive = "archive",
        /// Give up.
        Cancel = "cancel",
        /// Add a module or a sub-task.
        Extend = "extend",
    }
}

impl TaskAction {
    /// The step that leads to `status`.
    #[must_use]
    pub const fn towards(status: TaskStatus) -> Self {
        match status {
            TaskStatus::Planning => Self::Plan,
            TaskStatus::Active => Self::Activate,
            TaskStatus::InProgress => Self::Begin,
            TaskStatus::Completed => Self::Complete,
            TaskStatus::Archived => Self::Archive,
            TaskStatus::Cancelled => Self::Cancel,
        }
    }
}

/// One row of the table of a task's steps.
#[derive(Debug, Clone, Copy)]
pub struct TaskRule {
    /// The step.
    pub action: TaskAction,
    /// From which statuses.
    pub from: &'static [TaskStatus],
    /// To which status; `None` stays.
    pub to: Option<TaskStatus>,
    /// Who may.
    pub by: &'static [ActorKind],
}

use TaskStatus::{Active, Archived, Cancelled, Completed, InProgress, Planning};

const STEER: &[ActorKind] = &[ActorKind::Planner, ActorKind::Admin, ActorKind::System];
const OPEN: &[TaskStatus] = &[Planning, Active, InProgress];
/// Neither put away nor given up.
const AT_HAND: &[TaskStatus] = &[Planning, Active, InProgress, Completed];

/// Everything that may happen to a task. The existing system lets a planner move a task from any
/// status to any other, cancelled included; here archived and cancelled are left by an admin only.
pub const TASK_RULES: &[TaskRule] = &[
    TaskRule { action: TaskAction::Edit, from: OPEN, to: None, by: STEER },
    TaskRule { action: TaskAction::Extend, from: AT_HAND, to: None, by: STEER },
    TaskRule { action: TaskAction::Plan, from: AT_HAND, to: Some(Planning), by: STEER },
    TaskRule { action: TaskAction::Activate, from: AT_HAND, to: Some(Active), by: STEER },
    TaskRule { action: TaskAction::Begin, from: AT_HAND, to: Some(InProgress), by: STEER },
    TaskRule { action: TaskAction::Complete, from: OPEN, to: Some(Completed), by: STEER },
    TaskRule { action: TaskAction::Archive, from: AT_HAND, to: Some(Archived), by: STEER },
    TaskRule { action: TaskAction::Cancel, from: OPEN, to: Some(Cancelled), by: STEER },
    TaskRule {
        action: TaskAction::Activate,
        from: &[Archived, Cancelled],
        to: Some(Active),
        by: &[ActorKind::Admin],
    },
];

/// A goal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// One line.
    pub name: String,
    /// The goal in words.
    pub description: String,
    /// Once or recurring.
    pub kind: WorkKind,
    /// How far it is.
    pub status: TaskStatus,
    /// Whether its budget is used up: its work is kept back then.
    #[serde(default)]
    pub is_stopped: bool,
    /// Grows by one with every write.
    pub version: Version,
    /// When it was stated.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A change of a task's texts, already checked; `None` keeps what is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskEdit {
    /// One line.
    pub name: Option<String>,
    /// The goal in words.
    pub description: Option<String>,
}

impl Task {
    /// A new task in `planning`. The texts must have been checked.
    #[must_use]
    pub fn create(
        id: TaskId,
        name: String,
        description: String,
        kind: WorkKind,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            name,
            description,
            kind,
            status: Planning,
            is_stopped: false,
            version: Version::FIRST,
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether its work is kept back under `policy`.
    #[must_use]
    pub const fn holds_work(&self, policy: &Policy) -> bool {
        self.is_stopped || self.status.holds_work(policy)
    }

    /// Checks that `actor` may take `action` now.
    ///
    /// # Errors
    /// [`DomainError::TaskRoleNotAllowed`] or [`DomainError::TaskNotAllowedFrom`].
    pub fn check(
        &self,
        action: TaskAction,
        actor: Actor,
    ) -> Result<&'static TaskRule, DomainError> {
        check_role(action, actor)?;
        TASK_RULES
            .iter()
            .filter(|rule| rule.action == action && rule.by.contains(&actor.kind()))
            .find(|rule| rule.from.contains(&self.status))
            .ok_or(DomainError::TaskNotAllowedFrom { status: self.status, action })
    }

    /// Moves to `status`; `None` if it is there already, except that to cancel twice is an error,
    /// as it is for existing clients.
    ///
    /// # Errors
    /// As [`Task::check`].
    pub fn move_to(
        &self,
        status: TaskStatus,
        actor: Actor,
        now: Timestamp,
    ) -> Result<Option<(Self, Event)>, DomainError> {
        let action = TaskAction::towards(status);
        check_role(action, actor)?;
        if self.status == status && self.status != Cancelled {
            return Ok(None);
        }
        self.check(action, actor)?;
        let mut next = self.clone();
        next.status = status;
        next.version = self.version.next();
        next.updated_at = now;
        let event = Event::new(EventKind::TaskStatusChanged, actor, now)
            .task(self.id)
            .with("from", self.status.as_str())
            .with("to", status.as_str());
        Ok(Some((next, event)))
    }

    /// Changes texts; `None` if nothing would change.
    ///
    /// # Errors
    /// As [`Task::check`].
    pub fn edit(
        &self,
        edit: TaskEdit,
        actor: Actor,
        now: Timestamp,
    ) -> Result<Option<(Self, Event)>, DomainError> {
        self.check(TaskAction::Edit, actor)?;
        let mut next = self.clone();
        next.name = edit.name.unwrap_or(next.name);
        next.description = edit.description.unwrap_or(next.description);
        if next == *self {
            return Ok(None);
        }
        next.version = self.version.next();
        next.updated_at = now;
        Ok(Some((next, Event::new(EventKind::TaskEdited, actor, now).task(self.id))))
    }
}

/// Who may not do it in any status learns nothing about the task.
fn check_role(action: TaskAction, actor: Actor) -> Result<(), DomainError> {
    let actor = actor.kind();
    if TASK_RULES.iter().any(|rule| rule.action == action && rule.by.contains(&actor)) {
        Ok(())
    } else {
        Err(DomainError::TaskRoleNotAllowed { actor, action })
    }
}

/// The table as Markdown, for the documentation.
#[must_use]
pub fn to_markdown() -> String {
    let mut text = String::from("| from | action | to | who |\n|---|---|---|---|\n");
    for rule in TASK_RULES {
        let from: Vec<_> = rule.from.iter().map(|status| status.as_str()).collect();
        let by: Vec<_> = rule.by.iter().map(|kind| kind.as_str()).collect();
        let to = rule.to.map_or("the same", TaskStatus::as_str);
        // Writing to a String cannot fail.
        let _ =
            writeln!(text, "| {} | {} | {to} | {} |", from.join(", "), rule.action, by.join(", "));
    }
    text
}
