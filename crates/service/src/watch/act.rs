//! What the patrol does: one transaction for each action, and each looks again before it acts.

use std::collections::BTreeSet;
use std::time::Duration;

use openmoss_domain::patrol::{Finding, PatrolAction};
use openmoss_domain::sub_task::BlockedKind;
use openmoss_domain::watch::{Remedy, Sighting, Signs, Watch};
use openmoss_domain::{
    Command, PatrolRecordId, Severity, SubTask, SubTaskId, TaskId, TaskStatus, Timestamp,
};
use openmoss_storage::task::Lock;
use openmoss_storage::{Reader, Writer, event, series, sub_task, task};

use super::look::{Look, called_at};
use super::system;
use crate::Service;
use crate::error::ServiceError;
use crate::id::fresh;
use crate::patrol;
use crate::step::Stepper;
use crate::task::move_task;

impl Service {
    /// Takes the work from an owner that fell silent, and opens the record of it; what was done,
    /// or nothing if the owner came back meanwhile.
    pub(super) fn mend(
        &self,
        look: &Look,
        sighting: &Sighting,
    ) -> Result<Option<Remedy>, ServiceError> {
        let Some(id) = sighting.sub_task_id else { return Ok(None) };
        let stepper = self.stepper(&system());
        let record_id = PatrolRecordId::from_uuid(fresh());
        let (away, thresholds, key) = (look.away, look.thresholds, sighting.key.clone());
        self.write(&system(), move |writer| {
            let Some(current) = sub_task::find(writer, id)? else { return Ok(None) };
            let signs = signs(writer, &current)?;
            let (now, policy) = (stepper.now, &stepper.policy);
            let watch = Watch { now, away, thresholds: &thresholds, policy };
            let again = watch.inspect(&current, &signs).into_iter().find(|one| one.key == key);
            let Some((again, remedy)) = again.and_then(|one| Some((one.clone(), one.remedy?)))
            else {
                return Ok(None);
            };
            take_away(writer, stepper, id, remedy, again.description.clone())?;
            patrol::open(writer, stepper, record_id, finding(&again))?;
            Ok(Some(remedy))
        })
    }

    /// Opens a record, unless one stands for the condition already; whether it did.
    pub(super) fn report(&self, sighting: &Sighting) -> Result<bool, ServiceError> {
        Ok(self.open_patrol_record(&system(), &finding(sighting))?.is_new)
    }

    /// Resolves a record whose condition is gone.
    pub(super) fn close(&self, id: PatrolRecordId) -> Result<(), ServiceError> {
        self.step_patrol_record(&system(), id, PatrolAction::Resolve, "").map(drop)
    }

    /// Completes a task that nobody closed within the grace period; whether it did.
    pub(super) fn complete_finished(
        &self,
        id: TaskId,
        now: Timestamp,
    ) -> Result<bool, ServiceError> {
        let grace = self.settings().policy.complete_after_seconds;
        if grace == 0 {
            return Ok(false);
        }
        let finished_at = self.read(|reader| finished_at(reader, id))?;
        if finished_at.is_none_or(|at| at.until(now) < Duration::from_secs(grace)) {
            return Ok(false);
        }
        let stepper = self.stepper(&system());
        self.write(&system(), move |writer| {
            let Some(found) = task::find_locked(writer, id, Lock::Exclusive)? else {
                return Ok(false);
            };
            let is_left = sub_task::has_open(writer, id)? || series::has_pending(writer, id)?;
            if !found.status.is_open() || is_left {
                return Ok(false);
            }
            move_task(writer, stepper, &found, TaskStatus::Completed)?;
            Ok(true)
        })
    }
}

fn signs(reader: &mut Reader, sub_task: &SubTask) -> Result<Signs, ServiceError> {
    let Some(owner) = sub_task.owner else { return Ok(Signs::default()) };
    let called = called_at(reader, &BTreeSet::from([owner]))?;
    Ok(Signs { owner_called_at: called.get(&owner).copied(), ..Signs::default() })
}

fn finding(sighting: &Sighting) -> Finding {
    let action_taken = match sighting.remedy {
        Some(Remedy::Requeue) => "taken from its owner and put back into the queue",
        Some(Remedy::Block) => "taken from its owner; the planner must decide",
        None => "",
    };
    Finding {
        kind: sighting.condition.as_str().to_owned(),
        severity: if sighting.is_critical { Severity::Critical } else { Severity::Warning },
        task_id: sighting.task_id,
        sub_task_id: sighting.sub_task_id,
        agent_id: sighting.agent_id,
        description: sighting.description.clone(),
        action_taken: action_taken.to_owned(),
        dedup_key: Some(sighting.key.clone()),
    }
}

fn take_away(
    writer: &mut Writer,
    stepper: Stepper,
    id: SubTaskId,
    remedy: Remedy,
    detail: String,
) -> Result<(), ServiceError> {
    let kind = BlockedKind::Timeout;
    match remedy {
        Remedy::Requeue => stepper.take_back(writer, id, kind, detail).map(drop),
        Remedy::Block => {
            let command = Command::Block { kind, detail, waits_for: None };
            stepper.step(writer, id, &command).map(drop)
        }
    }
}

/// When the work of a task was over. Tasks that were imported have no event of it, and count from
/// their last change.
fn finished_at(reader: &mut Reader, id: TaskId) -> Result<Option<Timestamp>, ServiceError> {
    if let Some(over) = event::all_done_at(reader, id)? {
        return Ok(Some(over));
    }
    Ok(task::find(reader, id)?.map(|task| task.updated_at))
}
