//! Taking and beginning: decided again inside the transaction, so that of many one wins.

use openmoss_domain::{Command, DomainError, NextAction, SubTask, TaskStatus};
use openmoss_storage::{Writer, task};
use serde::{Deserialize, Serialize};

use super::look::own;
use super::{NextAsk, Seeker};
use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;
use crate::step::Stepper;
use crate::sub_task::{refuse_more_work, take_from_queue};

/// What the caller has now.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Taken {
    action: NextAction,
    sub_task: Box<SubTask>,
    /// Whether it is still to be begun.
    is_to_start: bool,
}

impl Service {
    /// Goes on with what is the agent's own, or takes one from the queue, and begins it. None if
    /// others were quicker.
    pub(super) fn take(
        &self,
        cx: &Context,
        me: Seeker,
        ask: &NextAsk,
    ) -> Result<Option<(NextAction, SubTask)>, ServiceError> {
        let (stepper, after) = (self.stepper(cx), self.turns.last());
        let (start, session) = (ask.start, ask.session.clone());
        let hand = Hand { stepper, start, session: session.clone() };
        let taken = self.write(cx, move |writer| match own(writer, me.id)? {
            Some((action, found)) => hand.go_on(writer, action, found),
            None => hand.claim(writer, after),
        });
        let taken = match taken {
            Ok(taken) => taken,
            Err(error) if is_lost_race(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        if taken.action == NextAction::Claim {
            self.turns.took(taken.sub_task.task_id);
        }
        if !taken.is_to_start {
            return Ok(Some((taken.action, *taken.sub_task)));
        }
        let begun = self.start_sub_task(
            &Context::of(cx.actor),
            taken.sub_task.id,
            session.as_deref(),
            Some(taken.sub_task.attempt),
        );
        match begun {
            Ok(begun) => Ok(Some((taken.action, begun))),
            Err(error) if is_lost_race(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether somebody else changed what the look had found.
fn is_lost_race(error: &ServiceError) -> bool {
    matches!(
        error,
        ServiceError::ConcurrentChange
            | ServiceError::Domain(
                DomainError::NotAllowedFrom { .. }
                    | DomainError::NotOwner { .. }
                    | DomainError::TaskHeld
                    | DomainError::PrerequisitesOpen { .. }
                    | DomainError::OpenWorkLimit { .. }
            )
    )
}

/// What one transaction takes with.
#[derive(Clone)]
struct Hand {
    stepper: Stepper,
    start: bool,
    session: Option<String>,
}

impl Hand {
    fn start(&self) -> Command {
        Command::Start { session: self.session.clone(), attempt: None }
    }

    /// Begins what is the agent's own, or shows a sign of life for what it has begun.
    fn go_on(
        &self,
        writer: &mut Writer,
        action: NextAction,
        found: SubTask,
    ) -> Result<Taken, ServiceError> {
        let sub_task = if action == NextAction::Continue {
            let begun = self.stepper.step(writer, found.id, &self.start())?;
            if begun.is_changed() {
                // A new session renews the lease, too.
                begun.after
            } else {
                let sign = Command::Heartbeat { progress: None, percent: None, attempt: None };
                self.stepper.step(writer, found.id, &sign)?.after
            }
        } else if self.start {
            self.stepper.step(writer, found.id, &self.start())?.after
        } else {
            found
        };
        Ok(Taken { action, sub_task: Box::new(sub_task), is_to_start: false })
    }

    /// Takes one from the queue. The first start of a task moves the task, which has to be locked
    /// before its sub-tasks are: that start is a transaction of its own.
    fn claim(
        &self,
        writer: &mut Writer,
        after: Option<openmoss_domain::TaskId>,
    ) -> Result<Taken, ServiceError> {
        refuse_more_work(writer, self.stepper)?;
        let command = Command::Claim { session: self.session.clone() };
        let claimed = take_from_queue(writer, self.stepper, &command, (None, after))?;
        // So that nothing is remembered under the caller's idempotency key: it waits, and asks again.
        let claimed = claimed.ok_or(ServiceError::ConcurrentChange)?;
        let task = task::find(writer, claimed.task_id)?;
        let moves_task = task.is_some_and(|task| task.status == TaskStatus::Active);
        let is_to_start = self.start && moves_task;
        let sub_task = if self.start && !is_to_start {
            self.stepper.step(writer, claimed.id, &self.start())?.after
        } else {
            claimed
        };
        Ok(Taken { action: NextAction::Claim, sub_task: Box::new(sub_task), is_to_start })
    }
}
