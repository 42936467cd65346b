//! Handing in: what came is kept, in time or too late.

use openmoss_domain::sub_task::Status;
use openmoss_domain::usage::Usage;
use openmoss_domain::{
    Action, AgentId, Command, Deliverable, DomainError, Event, EventKind, Fields, SubTask,
    SubTaskId, Submission, SubmissionId,
};
use openmoss_storage::sub_task as stored;
use openmoss_storage::{Writer, agent, submission};
use serde::{Deserialize, Serialize};

use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;
use crate::id::fresh;
use crate::step::{Stepped, Stepper, append};
use crate::sub_task::check_role;
use crate::usage::{Report, report_within};

/// What came of handing in.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Submitted {
    Accepted(Box<SubTask>),
    /// The sender had lost the sub-task. The deliverable is kept, so the transaction must be, too.
    Late {
        submission: SubmissionId,
        owner: Option<AgentId>,
        attempt: u32,
    },
}

impl Service {
    /// Hands in. Whoever lost the sub-task meanwhile gets [`ServiceError::LateSubmission`], and
    /// the deliverable is kept all the same.
    pub fn submit_sub_task(
        &self,
        cx: &Context,
        id: SubTaskId,
        deliverable: &Deliverable,
        attempt: Option<u32>,
    ) -> Result<SubTask, ServiceError> {
        self.submit_with_usage(cx, id, deliverable, attempt, None)
    }

    /// The same, with what it cost; a repeat of a submit costs nothing again.
    pub fn submit_with_usage(
        &self,
        cx: &Context,
        id: SubTaskId,
        deliverable: &Deliverable,
        attempt: Option<u32>,
        usage: Option<Usage>,
    ) -> Result<SubTask, ServiceError> {
        let deliverable = deliverable.checked()?;
        let usage = usage.map(|usage| {
            let mut fields = Fields::default();
            let usage = usage.checked("usage.", &mut fields);
            fields.finish().map(|()| usage)
        });
        let usage = usage.transpose()?;
        let (stepper, caps) = (self.stepper(cx), self.caps());
        let submitted = self.write(cx, move |writer| {
            let submitted = match stepper.step_or_go_on(writer, id, &Command::Submit { attempt }) {
                Ok(step) => {
                    keep_deliverable(writer, stepper, &step, &deliverable)?;
                    if !step.is_changed() {
                        return Ok(Submitted::Accepted(Box::new(step.after)));
                    }
                    Submitted::Accepted(Box::new(step.after))
                }
                Err(ServiceError::Domain(refusal)) => {
                    let late = Late { deliverable: &deliverable, attempt, refusal };
                    keep_late(writer, stepper, id, late)?
                }
                Err(other) => return Err(other),
            };
            if let (Some(usage), Some(from)) = (usage.clone(), stepper.actor.agent_id()) {
                let report = Report { sub_task_id: Some(id), task_id: None, usage };
                report_within(writer, stepper, &caps, from, &report)?;
            }
            Ok(submitted)
        })?;
        match submitted {
            Submitted::Accepted(sub_task) => Ok(*sub_task),
            Submitted::Late { submission, owner, attempt } => {
                Err(ServiceError::LateSubmission { submission, owner, attempt })
            }
        }
    }
}

impl Service {
    /// Puts into review what a former owner handed in too late: its sender is the owner again, and
    /// whoever has the sub-task now loses it.
    pub fn adopt_submission(
        &self,
        cx: &Context,
        id: SubTaskId,
        late: SubmissionId,
    ) -> Result<SubTask, ServiceError> {
        check_role(Action::Adopt, cx.actor)?;
        let stepper = self.stepper(cx);
        let new = SubmissionId::from_uuid(fresh());
        self.write(cx, move |writer| {
            let late = submission::find(writer, late)?
                .filter(|late| late.sub_task_id == id && late.is_late)
                .ok_or(ServiceError::not_found("submission"))?;
            agent::find(writer, late.agent_id)?.ok_or(ServiceError::not_found("agent"))?;
            let step = stepper.step(writer, id, &Command::Adopt { from: late.agent_id })?;
            // The one in review is the newest, so it is handed in again.
            let adopted = Submission {
                id: new,
                attempt: step.after.attempt,
                is_late: false,
                created_at: stepper.now,
                ..late
            };
            submission::insert(writer, &adopted)?;
            Ok(step.after)
        })
    }
}

/// Keeps what came with an accepted submit. A repeated submit adds something only when it says
/// something new.
fn keep_deliverable(
    writer: &mut Writer,
    stepper: Stepper,
    step: &Stepped,
    deliverable: &Deliverable,
) -> Result<(), ServiceError> {
    let Some(agent_id) = stepper.actor.agent_id() else {
        return Ok(());
    };
    if !step.is_changed() {
        let last = submission::find_latest(writer, step.after.id)?;
        let is_known = last.is_some_and(|last| last.deliverable == *deliverable);
        if is_known || deliverable.is_empty() {
            return Ok(());
        }
    }
    submission::insert(
        writer,
        &Submission {
            id: SubmissionId::from_uuid(fresh()),
            sub_task_id: step.after.id,
            agent_id,
            attempt: step.after.attempt,
            is_late: false,
            deliverable: deliverable.clone(),
            created_at: stepper.now,
        },
    )?;
    Ok(())
}

/// What came with a submit that was refused.
struct Late<'a> {
    deliverable: &'a Deliverable,
    /// The attempt that the sender named.
    attempt: Option<u32>,
    refusal: DomainError,
}

/// Keeps what a former owner hands in too late; anybody else's submit is refused as it was.
fn keep_late(
    writer: &mut Writer,
    stepper: Stepper,
    id: SubTaskId,
    late: Late<'_>,
) -> Result<Submitted, ServiceError> {
    let (Some(agent_id), Some(current)) = (stepper.actor.agent_id(), stored::find(writer, id)?)
    else {
        return Err(late.refusal.into());
    };
    let last_attempt = stored::last_attempt_of(writer, id, agent_id)?;
    let (Some(last_attempt), false) = (last_attempt, late.deliverable.is_empty()) else {
        return Err(late.refusal.into());
    };
    // The owner of a sub-task that is merely not started can start it and submit: nothing is lost.
    let can_start = matches!(current.status, Status::Assigned | Status::Rework);
    if current.is_owned_by(stepper.actor)
        && can_start
        && !matches!(late.refusal, DomainError::NotOwner { .. })
    {
        return Err(late.refusal.into());
    }
    let attempt = late.attempt.filter(|named| (1..last_attempt).contains(named));
    let new = Submission {
        id: SubmissionId::from_uuid(fresh()),
        sub_task_id: id,
        agent_id,
        attempt: attempt.unwrap_or(last_attempt),
        is_late: true,
        deliverable: late.deliverable.clone(),
        created_at: stepper.now,
    };
    let kept =
        |submission| Submitted::Late { submission, owner: current.owner, attempt: current.attempt };
    // A retry brings nothing new.
    let last = submission::find_latest(writer, id)?;
    let is_same = |last: &Submission| {
        let Submission { id, created_at, .. } = *last;
        *last == Submission { id, created_at, ..new.clone() }
    };
    if let Some(last) = last.filter(is_same) {
        return Ok(kept(last.id));
    }
    submission::insert(writer, &new)?;
    let event = Event::new(EventKind::SubTaskSubmittedLate, stepper.actor, stepper.now)
        .sub_task(current.task_id, id)
        .agent(agent_id)
        .with("attempt", new.attempt)
        .with("submission_id", new.id.to_string());
    append(writer, &event)?;
    Ok(kept(new.id))
}
