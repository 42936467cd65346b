//! Sub-tasks: work in hand must be in somebody's hands.

use super::{Converted, Converter};
use crate::capability::Capabilities;
use crate::id::{AgentId, ModuleId, TaskId};
use crate::import::finding::Finding;
use crate::import::raw::Raw;
use crate::import::reading::Reading;
use crate::sub_task::{BlockedCause, BlockedKind, Priority, Status, SubTask, WorkKind};
use crate::text::NAME_CHARS_MAX;
use crate::time::Timestamp;
use crate::version::Version;

/// A sub-task as it is brought over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedSubTask {
    /// The sub-task.
    pub sub_task: SubTask,
    /// Who owns its first attempt, or did so until it was brought over.
    pub first_owner: Option<AgentId>,
}

impl Converter {
    /// A unit of work.
    pub fn sub_task(&mut self, raw: &Raw) -> Converted<ImportedSubTask> {
        let mut reading = Reading::of(raw);
        let value = self.read_sub_task(&mut reading);
        if let Some(ImportedSubTask { sub_task, .. }) = &value {
            self.sub_tasks.insert(sub_task.id);
        }
        Converted { value, notes: reading.notes }
    }

    fn read_sub_task(&mut self, reading: &mut Reading<'_>) -> Option<ImportedSubTask> {
        let id = reading.id()?;
        if self.sub_tasks.contains(&id) {
            reading.note(Finding::DuplicateId, "id");
            return None;
        }
        let task_id = reading.parent("task_id", |id| self.tasks.contains_key(id))?;
        let held = self.tasks.get(&task_id).is_some_and(|status| status.holds_work(&self.policy));
        let (created_at, updated_at) = self.times(reading);
        let first_owner = reading.link("assigned_agent", |id| self.agents.contains_key(id));
        let (status, blocked) = self.status(reading, first_owner);
        let owner = first_owner.filter(|_| status != Status::Pending);
        let session_id = reading.session("current_session_id");
        if !matches!(reading.raw.get("recurring_config").map(str::trim), None | Some("" | "null")) {
            reading.note(Finding::Schedule, "recurring_config");
        }
        let sub_task = SubTask {
            id,
            task_id,
            module_id: self.module_of(reading, task_id),
            name: reading.name("sub-task", NAME_CHARS_MAX),
            description: reading.text("description"),
            deliverable: reading.text("deliverable"),
            acceptance: reading.text("acceptance"),
            kind: reading.word("type").unwrap_or(WorkKind::Once),
            priority: reading.word("priority").unwrap_or(Priority::Medium),
            status,
            required_capabilities: Capabilities::default(),
            owner,
            session_id: session_id.filter(|_| keeps_session(status)),
            attempt: u32::from(first_owner.is_some()),
            version: Version::FIRST,
            rework_count: small(reading.number("rework_count", 0, i64::from(i32::MAX), 0)),
            lease_expires_at: has_lease(status).then(|| self.now.plus(self.policy.lease)),
            blocked,
            progress: None,
            prerequisites: 0,
            open_prerequisites: 0,
            held,
            notes: 0,
            created_at,
            updated_at,
            completed_at: self.completed_at(reading, status, updated_at),
        };
        Some(ImportedSubTask { sub_task, first_owner })
    }

    fn module_of(&self, reading: &mut Reading<'_>, task_id: TaskId) -> Option<ModuleId> {
        let module = reading.link("module_id", |id| self.modules.contains_key(id))?;
        if self.modules.get(&module) != Some(&task_id) {
            reading.note(Finding::ForeignModule, "module_id");
            return None;
        }
        Some(module)
    }

    /// Where the sub-task stands, and why if it is blocked. Work in hand must have an owner who can
    /// do it; else it is in the queue again.
    fn status(
        &self,
        reading: &mut Reading<'_>,
        owner: Option<AgentId>,
    ) -> (Status, Option<BlockedCause>) {
        let from = if owner.is_some() { Status::Assigned } else { Status::Pending };
        let cause = |kind, detail| Some(BlockedCause { kind, detail, waits_for: None, from });
        let Some(status) = reading.word("status") else {
            reading.note(Finding::UnknownStatus, "status");
            let word: String =
                reading.raw.get("status").unwrap_or_default().chars().take(50).collect();
            let detail = format!("its status was {word:?} in the system that it comes from");
            return (Status::Blocked, cause(BlockedKind::NeedsInput, detail));
        };
        let obstacle = match status {
            Status::Pending => owner.map(|_| Finding::NeedlessOwner),
            Status::Assigned | Status::InProgress | Status::Rework => {
                match owner.map(|owner| self.agents.get(&owner)) {
                    None => Some(Finding::NoOwner),
                    Some(Some(true)) => None,
                    Some(_) => Some(Finding::IdleOwner),
                }
            }
            Status::Blocked => {
                let detail = "blocked in the system that it comes from, which kept no reason";
                return (status, cause(BlockedKind::Other, detail.to_owned()));
            }
            Status::Review | Status::Done | Status::Cancelled => None,
        };
        if let Some(finding) = obstacle {
            let is_status = finding != Finding::NeedlessOwner;
            reading.note(finding, if is_status { "status" } else { "assigned_agent" });
            return (Status::Pending, None);
        }
        (status, None)
    }

    fn completed_at(
        &self,
        reading: &mut Reading<'_>,
        status: Status,
        updated_at: Timestamp,
    ) -> Option<Timestamp> {
        let given = reading.time("completed_at", &self.place);
        let is_done = status == Status::Done;
        if given.is_some() != is_done {
            reading.note(Finding::Completion, "completed_at");
        }
        is_done.then(|| given.unwrap_or(updated_at))
    }
}

/// As after the steps that lead there.
const fn keeps_session(status: Status) -> bool {
    match status {
        Status::Assigned | Status::InProgress | Status::Review | Status::Rework | Status::Done => {
            true
        }
        Status::Pending | Status::Blocked | Status::Cancelled => false,
    }
}

/// As after the steps that lead there.
const fn has_lease(status: Status) -> bool {
    match status {
        Status::Assigned | Status::InProgress => true,
        Status::Pending
        | Status::Review
        | Status::Rework
        | Status::Blocked
        | Status::Done
        | Status::Cancelled => false,
    }
}

fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(0)
}
