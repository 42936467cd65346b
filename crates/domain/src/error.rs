//! Why the domain says no.

mod wording;

use serde::{Deserialize, Serialize};

use crate::actor::ActorKind;
use crate::capability::Capabilities;
use crate::dependency::open_prerequisites;
use crate::id::{AgentId, SubTaskId};
use crate::patrol::{PatrolAction, PatrolStatus};
use crate::sub_task::{Action, Status};
use crate::task::{TaskAction, TaskStatus};
use crate::usage::Stop;

/// A text that is not one of an enum's tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be one of: {expected}")]
pub struct UnknownToken {
    /// The accepted tokens, comma separated.
    pub expected: String,
}

/// One field of the input that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// Where: a field name, or a path such as `modules[0].sub_tasks[2].name`.
    pub field: String,
    /// What would be right, as a clause without the field's name.
    pub message: String,
}

impl FieldError {
    /// Names a field and says what would be right.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// Collects every field error of an input, so that one answer names them all.
#[derive(Debug, Default)]
pub struct Fields(Vec<FieldError>);

impl Fields {
    /// Notes one error.
    pub fn push(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldError::new(field, message));
    }

    /// Keeps the value of a check, or notes its error and gives the type's default instead.
    pub fn keep<T: Default>(&mut self, checked: Result<T, FieldError>) -> T {
        checked.unwrap_or_else(|error| {
            self.0.push(error);
            T::default()
        })
    }

    /// `Ok` if nothing was noted.
    ///
    /// # Errors
    /// [`DomainError::Invalid`] with everything that was noted.
    pub fn finish(self) -> Result<(), DomainError> {
        if self.0.is_empty() { Ok(()) } else { Err(DomainError::Invalid(self.0)) }
    }
}

/// A refusal. Its `Display` is a whole sentence that tells an agent what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// The sub-task's status does not allow the action.
    #[error(
        "cannot {} a sub-task whose status is {status}; {}",
        wording::verb(*action),
        wording::allowed(allowed)
    )]
    NotAllowedFrom {
        /// The status now.
        status: Status,
        /// What was tried.
        action: Action,
        /// What this actor could do instead.
        allowed: Vec<Action>,
    },
    /// The actor's role may never do this.
    #[error(
        "{} may not {} a sub-task; leave that to {}",
        wording::who(*actor),
        wording::verb(*action),
        wording::permitted(*action)
    )]
    RoleNotAllowed {
        /// Who tried.
        actor: ActorKind,
        /// What was tried.
        action: Action,
    },
    /// Somebody else owns the sub-task, or the caller's attempt is over.
    #[error("{}", wording::not_owner(*owner, *attempt))]
    NotOwner {
        /// Who owns it now.
        owner: Option<AgentId>,
        /// The attempt now.
        attempt: u32,
    },
    /// A reviewer tried to judge what it delivered itself.
    #[error("a reviewer may not review its own work; leave it to another reviewer")]
    OwnWork,
    /// A reviewer approved the same deliverable before.
    #[error(
        "you approved this already; {missing} more approvals of other reviewers are needed, so leave it to them"
    )]
    ApprovedAlready {
        /// How many are missing.
        missing: u32,
    },
    /// Unfinished prerequisites.
    #[error("{}; take another sub-task until then", open_prerequisites(*open))]
    PrerequisitesOpen {
        /// How many are not done.
        open: u32,
    },
    /// A prerequisite was cancelled, so it will never be done.
    #[error(
        "the prerequisite {id} is cancelled; replace depends_on, or reopen that sub-task first"
    )]
    PrerequisiteCancelled {
        /// Which one.
        id: SubTaskId,
    },
    /// The sub-task asks for more than the executor can do.
    #[error("this sub-task needs capabilities that you do not have: {missing}; take another one")]
    CapabilitiesMissing {
        /// What it lacks.
        missing: Capabilities,
    },
    /// The executor has as much in hand as it may.
    #[error(
        "you have {limit} sub-tasks in hand, and may have no more; finish or release one first"
    )]
    OpenWorkLimit {
        /// How many it may have.
        limit: u32,
    },
    /// The task's status keeps its work back.
    #[error(
        "the task of this sub-task does not hand out work now; take a sub-task of another task"
    )]
    TaskHeld,
    /// A budget is used up.
    #[error("{stop}")]
    BudgetReached {
        /// Which, and how far.
        stop: Stop,
    },
    /// The task's budget is used up, so its work is kept back.
    #[error(
        "the budget of this task is used up; take work of another task, or ask an admin for more"
    )]
    TaskStopped,
    /// The task's status does not allow the action.
    #[error("cannot {} a task whose status is {status}{}", wording::task_verb(*action), wording::task_advice(*status))]
    TaskNotAllowedFrom {
        /// The status now.
        status: TaskStatus,
        /// What was tried.
        action: TaskAction,
    },
    /// The actor may not do this to a task.
    #[error(
        "{} may not {} a task; leave that to {}",
        wording::who(*actor),
        wording::task_verb(*action),
        wording::task_permitted(*action)
    )]
    TaskRoleNotAllowed {
        /// Who tried.
        actor: ActorKind,
        /// What was tried.
        action: TaskAction,
    },
    /// The actor has no say about this sub-task.
    #[error(
        "a note is for an admin, a planner, a reviewer or the owner of the sub-task; ask the planner \
         to write it"
    )]
    NoteNotAllowed,
    /// The actor may not do this with a patrol record.
    #[error("only {allowed} may do this with a patrol record; tell one of them")]
    PatrolRoleNotAllowed {
        /// Who may.
        allowed: &'static str,
    },
    /// The record's status does not allow the action.
    #[error("cannot {action} a patrol record whose status is {status}; read it again")]
    PatrolNotAllowedFrom {
        /// The status now.
        status: PatrolStatus,
        /// What was tried.
        action: PatrolAction,
    },
    /// The receiver has it already.
    #[error("this notification was delivered; there is nothing to try again")]
    AlreadyDelivered,
    /// An agent tried to change its own score.
    #[error("an agent may not change its own score; ask an admin")]
    OwnScore,
    /// Fields of the input break rules.
    #[error("{}", wording::fields(.0))]
    Invalid(Vec<FieldError>),
}

impl DomainError {
    /// A single wrong field.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, message)])
    }
}

impl From<FieldError> for DomainError {
    fn from(error: FieldError) -> Self {
        Self::Invalid(vec![error])
    }
}
