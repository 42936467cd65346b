//! A sub-task and the one function that changes it.
//!
//! Checks come in a fixed order, and the first that says no is the answer:
//! 1. is the action ever open to this kind of actor, or to the owner if the actor is it;
//! 2. is the attempt that the caller names the one of now;
//! 3. does the owner repeat its own last step: then nothing changes, and nothing else is checked;
//! 4. is the action the owner's alone, and the actor somebody else;
//! 5. does the status allow the action to this kind of actor;
//! 6. is the actor the one who may do it here: the owner, or a reviewer who is not the owner;
//! 7. the conditions of claim and start: the task hands out work, the prerequisites are done.
//!
//! So an agent of the wrong role learns nothing about the sub-task, and a former owner learns that
//! it should stop before it learns anything else.

mod apply;
mod command;
pub mod rules;
mod status;

use serde::{Deserialize, Serialize};

pub use apply::Transition;
pub use command::{Action, BlockedCause, BlockedKind, Command};
pub use rules::{RULES, allowed_actions};
pub use status::{Priority, Status, WorkKind};

use crate::actor::Actor;
use crate::capability::Capabilities;
use crate::error::{DomainError, Fields};
use crate::id::{AgentId, ModuleId, SubTaskId, TaskId};
use crate::recurrence::Recurrence;
use crate::text;
use crate::time::Timestamp;
use crate::version::Version;

/// What an owner last said about its progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// In words.
    pub text: String,
    /// 0 to 100.
    pub percent: Option<u8>,
}

/// Everything about a sub-task. The fields are public to be read; only [`SubTask::create`] and
/// [`SubTask::apply`] make new values, storage restores stored ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubTask {
    /// Its id.
    pub id: SubTaskId,
    /// The goal it belongs to.
    pub task_id: TaskId,
    /// The part of the goal it belongs to.
    pub module_id: Option<ModuleId>,
    /// One line.
    pub name: String,
    /// What to do.
    pub description: String,
    /// What to hand in.
    pub deliverable: String,
    /// How the reviewer will judge it.
    pub acceptance: String,
    /// Once or recurring.
    pub kind: WorkKind,
    /// How soon.
    pub priority: Priority,
    /// What its executor must be able to do.
    #[serde(default)]
    pub required_capabilities: Capabilities,
    /// Where it stands.
    pub status: Status,
    /// The agent that holds it, or held it last when it is over.
    pub owner: Option<AgentId>,
    /// The owner's runtime session.
    pub session_id: Option<String>,
    /// Grows by one whenever an agent becomes owner that was not the owner just before; 0 before
    /// the first owner.
    pub attempt: u32,
    /// Grows by one with every write.
    pub version: Version,
    /// How often it was sent back.
    pub rework_count: u32,
    /// Until when the owner's claim holds without a sign of life.
    pub lease_expires_at: Option<Timestamp>,
    /// Why it is blocked; only while it is.
    pub blocked: Option<BlockedCause>,
    /// What the owner last said about its progress.
    pub progress: Option<Progress>,
    /// How many sub-tasks must be done before this one.
    pub prerequisites: u32,
    /// How many of those are not done yet.
    pub open_prerequisites: u32,
    /// Whether the task's status keeps its work back.
    pub held: bool,
    /// How many notes there are about it. Storage counts them: a note changes nothing else, and
    /// makes no new version.
    pub notes: u32,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was approved.
    pub completed_at: Option<Timestamp>,
}

/// What a new sub-task is made of, as it came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// One line.
    pub name: String,
    /// What to do.
    pub description: String,
    /// What to hand in.
    pub deliverable: String,
    /// How it will be judged.
    pub acceptance: String,
    /// Once or recurring.
    pub kind: WorkKind,
    /// How soon.
    pub priority: Priority,
    /// On which schedule it comes round again; it is recurring then.
    #[serde(default)]
    pub recurrence: Option<Recurrence>,
    /// What its executor must be able to do, as tags.
    pub required_capabilities: Vec<String>,
}

impl Draft {
    /// The same with checked texts, the name trimmed; notes every wrong field, below `place`.
    #[must_use]
    pub fn checked(&self, place: &str, fields: &mut Fields) -> Self {
        Self {
            name: fields.keep(text::name(&format!("{place}name"), &self.name)),
            description: fields.keep(text::text(&format!("{place}description"), &self.description)),
            deliverable: fields.keep(text::text(&format!("{place}deliverable"), &self.deliverable)),
            acceptance: fields.keep(text::text(&format!("{place}acceptance"), &self.acceptance)),
            kind: if self.recurrence.is_some() { WorkKind::Recurring } else { self.kind },
            priority: self.priority,
            recurrence: self
                .recurrence
                .as_ref()
                .map(|recurrence| recurrence.checked_at(&format!("{place}recurrence."), fields)),
            required_capabilities: needs(place, &self.required_capabilities, fields),
        }
    }
}

/// A change of texts, priority and needs; `None` keeps what is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    /// One line.
    pub name: Option<String>,
    /// What to do.
    pub description: Option<String>,
    /// What to hand in.
    pub deliverable: Option<String>,
    /// How it will be judged.
    pub acceptance: Option<String>,
    /// How soon.
    pub priority: Option<Priority>,
    /// What its executor must be able to do.
    pub required_capabilities: Option<Vec<String>>,
    /// The new numbers of prerequisites and open ones, if the list was replaced.
    pub prerequisites: Option<(u32, u32)>,
}

impl Edit {
    /// The same with checked texts, the name trimmed.
    ///
    /// # Errors
    /// [`DomainError::Invalid`] with every wrong field.
    pub fn checked(&self) -> Result<Self, DomainError> {
        let mut fields = Fields::default();
        let needed = self.required_capabilities.as_deref();
        let needed = needed.map(|tags| needs("", tags, &mut fields));
        let mut keep = |field: &str, raw: Option<&String>, is_name: bool| {
            raw.map(|raw| {
                fields.keep(if is_name { text::name(field, raw) } else { text::text(field, raw) })
            })
        };
        let edit = Self {
            name: keep("name", self.name.as_ref(), true),
            description: keep("description", self.description.as_ref(), false),
            deliverable: keep("deliverable", self.deliverable.as_ref(), false),
            acceptance: keep("acceptance", self.acceptance.as_ref(), false),
            priority: self.priority,
            required_capabilities: needed,
            prerequisites: self.prerequisites,
        };
        fields.finish().map(|()| edit)
    }
}

/// The tags of what an executor must be able to do, checked.
fn needs(place: &str, tags: &[String], fields: &mut Fields) -> Vec<String> {
    let field = format!("{place}required_capabilities");
    Capabilities::checked(&field, tags, fields).into()
}

/// Where a new sub-task belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The goal.
    pub task_id: TaskId,
    /// The part of the goal.
    pub module_id: Option<ModuleId>,
    /// Whether the goal's status keeps its work back.
    pub held: bool,
    /// How many prerequisites it has.
    pub prerequisites: u32,
    /// How many of those are not done.
    pub open_prerequisites: u32,
}

impl SubTask {
    /// A new, pending sub-task. The draft must have been checked.
    #[must_use]
    pub fn create(id: SubTaskId, draft: Draft, place: Place, now: Timestamp) -> Self {
        Self {
            id,
            task_id: place.task_id,
            module_id: place.module_id,
            name: draft.name,
            description: draft.description,
            deliverable: draft.deliverable,
            acceptance: draft.acceptance,
            kind: draft.kind,
            priority: draft.priority,
            required_capabilities: Capabilities::of(draft.required_capabilities),
            status: Status::Pending,
            owner: None,
            session_id: None,
            attempt: 0,
            version: Version::FIRST,
            rework_count: 0,
            lease_expires_at: None,
            blocked: None,
            progress: None,
            prerequisites: place.prerequisites,
            open_prerequisites: place.open_prerequisites,
            held: place.held,
            notes: 0,
            created_at: now,
            updated_at: now,
            completed_at: None,
        }
    }

    /// Its texts again, for another one like it.
    #[must_use]
    pub fn draft(&self) -> Draft {
        Draft {
            name: self.name.clone(),
            description: self.description.clone(),
            deliverable: self.deliverable.clone(),
            acceptance: self.acceptance.clone(),
            kind: self.kind,
            priority: self.priority,
            recurrence: None,
            required_capabilities: self.required_capabilities.clone().into(),
        }
    }

    /// The same with another number of open prerequisites: one of them was done or reopened.
    #[must_use]
    pub fn with_open_prerequisites(&self, open: u32, now: Timestamp) -> Self {
        let version = self.version.next();
        Self { open_prerequisites: open, version, updated_at: now, ..self.clone() }
    }

    /// Whether an executor could claim it right now. Storage keeps the same condition as a
    /// generated column, so that the queue is an index.
    #[must_use]
    pub fn is_claimable(&self) -> bool {
        self.status == Status::Pending && self.open_prerequisites == 0 && !self.held
    }

    /// Whether `actor` owns it.
    #[must_use]
    pub fn is_owned_by(&self, actor: Actor) -> bool {
        rules::is_owner(actor, self.owner)
    }

    /// What `actor` can do with it now: the table's rows, less what the conditions refuse.
    /// Repeating one's own last step is not among them, although it is not refused either.
    #[must_use]
    pub fn allowed_actions(&self, actor: Actor) -> Vec<Action> {
        let mut actions = allowed_actions(self.status, actor.kind(), self.is_owned_by(actor));
        let can_begin = self.open_prerequisites == 0 && !self.held;
        actions.retain(|action| can_begin || !matches!(action, Action::Claim | Action::Start));
        // Only where there is a late submission, which a sub-task does not know of.
        actions.retain(|action| *action != Action::Adopt);
        actions
    }
}
