//! The steps of a sub-task's life, but for handing in.

use openmoss_domain::sub_task::{BlockedKind, Status};
use openmoss_domain::{
    Action, AgentId, Capabilities, Command, DomainError, Fields, SubTask, SubTaskId, TaskId, text,
};
use openmoss_storage::Writer;
use openmoss_storage::sub_task::{self as stored, Wanted};
use serde::{Deserialize, Serialize};

use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;
use crate::step::Stepper;
use crate::sub_task::prerequisites::refuse_cancelled_prerequisite;
use crate::sub_task::{check_role, find_able, find_worker, refuse_beyond_able, refuse_more_work};

/// Why a sub-task cannot go on, as it came in.
#[derive(Debug, Clone)]
pub struct Obstacle {
    /// What kind of thing it waits for.
    pub kind: BlockedKind,
    /// In words.
    pub detail: String,
    /// What exactly.
    pub waits_for: Option<String>,
}

/// What `claim_next` found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum NextClaim {
    /// This one is the caller's now.
    Claimed(Box<SubTask>),
    /// There was none.
    Nothing,
}

impl Service {
    fn transition(
        &self,
        cx: &Context,
        id: SubTaskId,
        command: Command,
    ) -> Result<SubTask, ServiceError> {
        let stepper = self.stepper(cx);
        self.write(cx, move |writer| Ok(stepper.step(writer, id, &command)?.after))
    }

    /// Takes a pending sub-task.
    pub fn claim_sub_task(
        &self,
        cx: &Context,
        id: SubTaskId,
        session: Option<&str>,
    ) -> Result<SubTask, ServiceError> {
        self.check_budget_for(cx.actor, Some(id))?;
        let command = Command::Claim { session: checked_session(session)? };
        let stepper = self.stepper(cx);
        self.write(cx, move |writer| {
            let wanted = stored::find(writer, id)?.ok_or(ServiceError::not_found("sub_task"))?;
            check_role(Action::Claim, stepper.actor)?;
            // Whoever repeats its own claim takes nothing, and what is taken is no more to be had.
            if wanted.status == Status::Pending {
                refuse_beyond_able(writer, stepper.actor, &wanted)?;
                refuse_more_work(writer, stepper)?;
            }
            Ok(stepper.step(writer, id, &command)?.after)
        })
    }

    /// Takes the sub-task that should be done next, of one task or of any.
    pub fn claim_next(
        &self,
        cx: &Context,
        task_id: Option<TaskId>,
        session: Option<&str>,
    ) -> Result<NextClaim, ServiceError> {
        let command = Command::Claim { session: checked_session(session)? };
        check_role(Action::Claim, cx.actor)?;
        self.check_budget_for(cx.actor, None)?;
        let (stepper, after) = (self.stepper(cx), self.turns.last());
        let claim = self.write(cx, move |writer| {
            refuse_more_work(writer, stepper)?;
            let taken = take_from_queue(writer, stepper, &command, (task_id, after))?;
            let taken = taken.map(|taken| NextClaim::Claimed(Box::new(taken)));
            Ok(taken.unwrap_or(NextClaim::Nothing))
        })?;
        if let NextClaim::Claimed(taken) = &claim {
            self.turns.took(taken.task_id);
        }
        Ok(claim)
    }

    /// Begins, or begins again after a rejection.
    pub fn start_sub_task(
        &self,
        cx: &Context,
        id: SubTaskId,
        session: Option<&str>,
        attempt: Option<u32>,
    ) -> Result<SubTask, ServiceError> {
        let session = checked_session(session)?;
        self.transition(cx, id, Command::Start { session, attempt })
    }

    /// Binds the owner's new runtime session.
    pub fn bind_session(
        &self,
        cx: &Context,
        id: SubTaskId,
        session: &str,
    ) -> Result<SubTask, ServiceError> {
        let session = text::line("session_id", session, text::SESSION_CHARS_MAX)
            .map_err(DomainError::from)?;
        self.transition(cx, id, Command::Session { session })
    }

    /// Shows a sign of life, with progress if there is some. The answer says whether to go on.
    pub fn heartbeat_sub_task(
        &self,
        cx: &Context,
        id: SubTaskId,
        progress: Option<&str>,
        percent: Option<u8>,
        attempt: Option<u32>,
    ) -> Result<SubTask, ServiceError> {
        let mut fields = Fields::default();
        let progress = progress.map(|progress| fields.keep(text::text("progress", progress)));
        if percent.is_some_and(|percent| percent > 100) {
            fields.push("percent", "must be 0 to 100");
        }
        fields.finish()?;
        let command = Command::Heartbeat { progress, percent, attempt };
        let stepper = self.stepper(cx);
        self.write(cx, move |writer| Ok(stepper.step_or_go_on(writer, id, &command)?.after))
    }

    /// Why the owner of this sub-task should stop, if it should: its task is over. A budget that is
    /// used up stops nobody who works already.
    pub fn stop_reason(&self, sub_task: &SubTask) -> Result<Option<String>, ServiceError> {
        if !sub_task.held || self.find_task(sub_task.task_id)?.status.is_open() {
            return Ok(None);
        }
        let reason =
            "The task was completed, archived or cancelled; hand in what you have and stop.";
        Ok(Some(reason.to_owned()))
    }

    /// Says that it cannot go on, and why.
    pub fn block_sub_task(
        &self,
        cx: &Context,
        id: SubTaskId,
        obstacle: &Obstacle,
    ) -> Result<SubTask, ServiceError> {
        let mut fields = Fields::default();
        let detail = fields.keep(text::text("detail", &obstacle.detail));
        let waits_for = obstacle
            .waits_for
            .as_deref()
            .filter(|what| !what.trim().is_empty())
            .map(|what| fields.keep(text::line("waits_for", what, text::LINE_CHARS_MAX)));
        fields.finish()?;
        self.transition(cx, id, Command::Block { kind: obstacle.kind, detail, waits_for })
    }

    /// Puts an assigned sub-task back into the queue.
    pub fn release_sub_task(&self, cx: &Context, id: SubTaskId) -> Result<SubTask, ServiceError> {
        self.transition(cx, id, Command::Release)
    }

    /// Puts a blocked sub-task back into the queue.
    pub fn requeue_sub_task(&self, cx: &Context, id: SubTaskId) -> Result<SubTask, ServiceError> {
        check_role(Action::Requeue, cx.actor)?;
        let stepper = self.stepper(cx);
        self.write(cx, move |writer| {
            refuse_cancelled_prerequisite(writer, id)?;
            Ok(stepper.step(writer, id, &Command::Requeue)?.after)
        })
    }

    /// Does finished or cancelled work again.
    pub fn reopen_sub_task(&self, cx: &Context, id: SubTaskId) -> Result<SubTask, ServiceError> {
        self.transition(cx, id, Command::Reopen)
    }

    /// Gives it up.
    pub fn cancel_sub_task(&self, cx: &Context, id: SubTaskId) -> Result<SubTask, ServiceError> {
        self.transition(cx, id, Command::Cancel)
    }

    /// Gives a pending one to an executor.
    pub fn assign_sub_task(
        &self,
        cx: &Context,
        id: SubTaskId,
        to: AgentId,
    ) -> Result<SubTask, ServiceError> {
        self.give(cx, id, to, Command::Assign { to })
    }

    /// Gives it to another executor.
    pub fn reassign_sub_task(
        &self,
        cx: &Context,
        id: SubTaskId,
        to: AgentId,
    ) -> Result<SubTask, ServiceError> {
        self.give(cx, id, to, Command::Reassign { to })
    }

    fn give(
        &self,
        cx: &Context,
        id: SubTaskId,
        to: AgentId,
        command: Command,
    ) -> Result<SubTask, ServiceError> {
        check_role(command.action(), cx.actor)?;
        let stepper = self.stepper(cx);
        self.write(cx, move |writer| {
            find_worker(writer, "agent_id", to)?;
            refuse_cancelled_prerequisite(writer, id)?;
            Ok(stepper.step(writer, id, &command)?.after)
        })
    }
}

/// Takes what should be done next, of one task or of the task whose turn it is.
pub(crate) fn take_from_queue(
    writer: &mut Writer,
    stepper: Stepper,
    command: &Command,
    (task_id, after): (Option<TaskId>, Option<TaskId>),
) -> Result<Option<SubTask>, ServiceError> {
    let able = match stepper.actor.agent_id() {
        Some(id) => find_able(writer, id)?,
        None => Capabilities::default(),
    };
    let wanted = Wanted { able: &able, task_id, after };
    let Some(next) = stored::next_claimable(writer, wanted)? else {
        return Ok(None);
    };
    Ok(Some(stepper.step(writer, next.id, command)?.after))
}

pub(crate) fn checked_session(session: Option<&str>) -> Result<Option<String>, ServiceError> {
    Ok(text::session("session_id", session).map_err(DomainError::from)?)
}
