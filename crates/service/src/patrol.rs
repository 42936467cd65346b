//! Patrol records: what somebody who watches found, and what became of it.

use openmoss_domain::patrol::{Finding, PatrolAction};
use openmoss_domain::{Deed, DomainError, PatrolRecord, PatrolRecordId, text};
pub use openmoss_storage::patrol::Filter;
use openmoss_storage::{Page, StorageError, Swap, Window, Writer, agent, patrol, sub_task, task};
use serde::{Deserialize, Serialize};

use crate::Service;
use crate::achievement::credit;
use crate::context::Context;
use crate::error::ServiceError;
use crate::id::fresh;
use crate::step::{Stepper, TRIES, append};

/// What came of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The record: a new one, or the one that stands for the same condition already.
    pub record: PatrolRecord,
    /// Whether it is new.
    pub is_new: bool,
}

impl Service {
    /// Opens a record of a finding, unless one with its key is not resolved yet: then that one is
    /// the answer, and nothing changes.
    pub fn open_patrol_record(
        &self,
        cx: &Context,
        finding: &Finding,
    ) -> Result<Opened, ServiceError> {
        let finding = finding.checked()?;
        let stepper = self.stepper(cx);
        let id = PatrolRecordId::from_uuid(fresh());
        self.write(cx, move |writer| open(writer, stepper, id, finding.clone()))
    }

    /// Says that the condition is gone.
    pub fn resolve_patrol_record(
        &self,
        cx: &Context,
        id: PatrolRecordId,
        action_taken: &str,
    ) -> Result<PatrolRecord, ServiceError> {
        self.step_patrol_record(cx, id, PatrolAction::Resolve, action_taken)
    }

    /// Leaves the condition as it is: it is not reported again until it is over.
    pub fn ignore_patrol_record(
        &self,
        cx: &Context,
        id: PatrolRecordId,
        action_taken: &str,
    ) -> Result<PatrolRecord, ServiceError> {
        self.step_patrol_record(cx, id, PatrolAction::Ignore, action_taken)
    }

    /// Says that the condition is not gone, or shall not be left.
    pub fn reopen_patrol_record(
        &self,
        cx: &Context,
        id: PatrolRecordId,
    ) -> Result<PatrolRecord, ServiceError> {
        self.step_patrol_record(cx, id, PatrolAction::Reopen, "")
    }

    pub(crate) fn step_patrol_record(
        &self,
        cx: &Context,
        id: PatrolRecordId,
        action: PatrolAction,
        action_taken: &str,
    ) -> Result<PatrolRecord, ServiceError> {
        let said = text::text("action_taken", action_taken).map_err(DomainError::from)?;
        let stepper = self.stepper(cx);
        let stepped = self.write(cx, move |writer| step(writer, stepper, id, action, &said));
        stepped.map_err(|error| {
            if !matches!(error, ServiceError::Storage(StorageError::Unique(_))) {
                return error;
            }
            let newer = "a newer record of the same condition is not resolved; work with that one";
            ServiceError::AlreadyExists(newer.to_owned())
        })
    }

    /// The record with this id.
    pub fn find_patrol_record(&self, id: PatrolRecordId) -> Result<PatrolRecord, ServiceError> {
        self.read(|reader| {
            patrol::find(reader, id)?.ok_or(ServiceError::not_found("patrol_record"))
        })
    }

    /// A page of records, newest first.
    pub fn list_patrol_records(
        &self,
        filter: &Filter,
        window: Window,
    ) -> Result<Page<PatrolRecord>, ServiceError> {
        self.read(|reader| Ok(patrol::list(reader, filter, window)?))
    }
}

/// Opens a record of a finding that was checked, unless one stands for its condition already.
pub(crate) fn open(
    writer: &mut Writer,
    stepper: Stepper,
    id: PatrolRecordId,
    finding: Finding,
) -> Result<Opened, ServiceError> {
    let finding = placed(writer, finding)?;
    let (new, event) = PatrolRecord::open(id, finding, stepper.actor, stepper.now)?;
    if patrol::insert(writer, &new)? {
        append(writer, &event)?;
        if let Some(finder) = stepper.actor.agent_id() {
            credit(writer, stepper, finder, Deed::Found)?;
        }
        return Ok(Opened { record: new, is_new: true });
    }
    let known = new.dedup_key.as_deref().map(|key| patrol::find_by_key(writer, key));
    match known.transpose()?.flatten() {
        Some(record) => Ok(Opened { record, is_new: false }),
        // It was resolved a moment ago, so there is room for a new one.
        None => Err(StorageError::Busy.into()),
    }
}

/// The same with the task of the sub-task that it is about; everything that it names exists.
fn placed(writer: &mut Writer, finding: Finding) -> Result<Finding, ServiceError> {
    let mut task_id = finding.task_id;
    if let Some(id) = finding.sub_task_id {
        let about = sub_task::find(writer, id)?.ok_or(ServiceError::not_found("sub_task"))?;
        if task_id.is_some_and(|named| named != about.task_id) {
            return Err(DomainError::field("task_id", "is not the task of the sub-task").into());
        }
        task_id = Some(about.task_id);
    } else if let Some(id) = task_id {
        task::find(writer, id)?.ok_or(ServiceError::not_found("task"))?;
    }
    if let Some(id) = finding.agent_id {
        agent::find(writer, id)?.ok_or(ServiceError::not_found("agent"))?;
    }
    Ok(Finding { task_id, ..finding })
}

/// A lost race is decided again, so that the loser hears what is true now.
fn step(
    writer: &mut Writer,
    stepper: Stepper,
    id: PatrolRecordId,
    action: PatrolAction,
    action_taken: &str,
) -> Result<PatrolRecord, ServiceError> {
    for _ in 0..TRIES {
        let before = patrol::find(writer, id)?.ok_or(ServiceError::not_found("patrol_record"))?;
        let stepped = before.step(action, action_taken, stepper.actor, stepper.now)?;
        let Some((next, event)) = stepped else {
            return Ok(before);
        };
        if patrol::compare_and_set(writer, &before, &next)? == Swap::Swapped {
            append(writer, &event)?;
            return Ok(next);
        }
    }
    Err(ServiceError::ConcurrentChange)
}
