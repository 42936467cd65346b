//! The one loop by which a sub-task changes: read, apply, compare and set, append, follow up.

use crate::id::fresh;
use crate::sub_task::prerequisites::cancelled_prerequisite;
use openmoss_domain::sub_task::{BlockedKind, Status};
use openmoss_domain::{
    Action, Actor, Command, DomainError, Event, EventId, EventKind, Policy, SubTask, SubTaskId,
    Task, TaskId, TaskStatus, Timestamp, Transition,
};
use openmoss_storage::task::Lock;
use openmoss_storage::{StorageError, Swap, Writer, event, prerequisite, series, sub_task, task};

use crate::error::ServiceError;
use crate::partner::note_hand_over;
use crate::sub_task::prerequisites::refuse_cancelled_prerequisite;

/// How often a lost race is decided again from fresh state.
pub(crate) const TRIES: usize = 5;

/// What every step of one transaction shares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stepper {
    pub(crate) actor: Actor,
    pub(crate) now: Timestamp,
    pub(crate) policy: Policy,
}

/// A sub-task before and after a step.
#[derive(Debug, Clone)]
pub(crate) struct Stepped {
    pub(crate) before: SubTask,
    pub(crate) after: SubTask,
}

impl Stepped {
    /// Whether anything was written.
    pub(crate) fn is_changed(&self) -> bool {
        self.before.version != self.after.version
    }
}

impl Stepper {
    /// The server acting by itself, at the same time.
    fn system(self) -> Self {
        Self { actor: Actor::System, ..self }
    }

    /// Carries out `command`. A lost race is decided again from fresh state, so that the loser
    /// hears what is true now and not that it was slow.
    pub(crate) fn step(
        self,
        writer: &mut Writer,
        id: SubTaskId,
        command: &Command,
    ) -> Result<Stepped, ServiceError> {
        let is_locked = Self::lock_task(writer, id, command)?;
        for _ in 0..TRIES {
            let before = sub_task::find(writer, id)?.ok_or(ServiceError::not_found("sub_task"))?;
            match self.decide(writer, &before, command)? {
                Transition::Unchanged => {
                    return Ok(Stepped { after: before.clone(), before });
                }
                Transition::Changed { next, event } => {
                    if sub_task::compare_and_set(writer, &before, &next)? == Swap::Lost {
                        continue;
                    }
                    if let Some(event) = event {
                        append(writer, &event)?;
                    }
                    let mut stepped = Stepped { before, after: *next };
                    note_hand_over(writer, self, &stepped.before, &stepped.after)?;
                    self.follow_up(writer, &stepped, is_locked)?;
                    if stepped.after.status == Status::Rework && stepped.after.owner.is_none() {
                        let detail = "nobody owns it: its owner was deleted".to_owned();
                        stepped.after =
                            self.system().take_back(writer, id, BlockedKind::Other, detail)?;
                    }
                    return Ok(stepped);
                }
            }
        }
        Err(ServiceError::ConcurrentChange)
    }

    /// As [`Stepper::step`], for a sign of life or a deliverable. An owner that fell silent, lost
    /// its work and comes back before anybody else took it simply goes on.
    pub(crate) fn step_or_go_on(
        self,
        writer: &mut Writer,
        id: SubTaskId,
        command: &Command,
    ) -> Result<Stepped, ServiceError> {
        let refusal = match self.step(writer, id, command) {
            Err(ServiceError::Domain(refusal)) => refusal,
            other => return other,
        };
        let free = sub_task::find(writer, id)?.filter(SubTask::is_claimable);
        let (Some(free), Some(agent)) = (free, self.actor.agent_id()) else {
            return Err(refusal.into());
        };
        let named = command.attempt().unwrap_or(free.attempt);
        let last = sub_task::last_attempt_of(writer, id, agent)?;
        if (last, named) != (Some(free.attempt), free.attempt) {
            return Err(refusal.into());
        }
        let start = Command::Start { session: None, attempt: None };
        Self::lock_task(writer, id, &start)?;
        self.step(writer, id, &Command::Claim { session: None })?;
        self.step(writer, id, &start)?;
        self.step(writer, id, &command.clone().without_attempt())
    }

    /// What `command` leads to. Work that is held says whether for its task's status or its budget.
    fn decide(
        self,
        writer: &mut Writer,
        before: &SubTask,
        command: &Command,
    ) -> Result<Transition, ServiceError> {
        let refusal = match before.apply(command, self.actor, self.now, &self.policy) {
            Ok(transition) => return Ok(transition),
            Err(refusal) => refusal,
        };
        if refusal == DomainError::TaskHeld
            && let Some(task) = task::find(writer, before.task_id)?
            && task.is_stopped
            && task.status.is_open()
        {
            return Err(DomainError::TaskStopped.into());
        }
        Err(refusal.into())
    }

    /// Puts work back into the queue that somebody has in hand, or should have. What waits for
    /// cancelled work stays blocked instead, with `kind` and `detail` as its cause.
    pub(crate) fn take_back(
        self,
        writer: &mut Writer,
        id: SubTaskId,
        kind: BlockedKind,
        detail: String,
    ) -> Result<SubTask, ServiceError> {
        let command = Command::Block { kind, detail, waits_for: None };
        let blocked = self.step(writer, id, &command)?.after;
        match refuse_cancelled_prerequisite(writer, id) {
            Ok(()) => Ok(self.step(writer, id, &Command::Requeue)?.after),
            Err(ServiceError::Domain(DomainError::PrerequisiteCancelled { .. })) => Ok(blocked),
            Err(other) => Err(other),
        }
    }

    /// Locks the task for a step that changes what others of its sub-tasks wait for, or the task
    /// itself; whether it did. Always the task before its sub-tasks: otherwise two transactions
    /// could wait for each other.
    fn lock_task(
        writer: &mut Writer,
        id: SubTaskId,
        command: &Command,
    ) -> Result<bool, ServiceError> {
        let action = command.action();
        let is_felt = matches!(action, Action::Approve | Action::Cancel | Action::Reopen);
        if !is_felt && action != Action::Start {
            return Ok(false);
        }
        let id = sub_task::find(writer, id)?.ok_or(ServiceError::not_found("sub_task"))?.task_id;
        // Only the first start changes the task.
        let is_active =
            |task: Option<Task>| task.is_some_and(|task| task.status == TaskStatus::Active);
        let is_locked = is_felt || is_active(task::find(writer, id)?);
        if is_locked {
            task::find_locked(writer, id, Lock::Exclusive)?;
        }
        Ok(is_locked)
    }

    /// What else must be true after a step, in the same transaction.
    fn follow_up(
        self,
        writer: &mut Writer,
        stepped: &Stepped,
        is_task_locked: bool,
    ) -> Result<(), ServiceError> {
        let (before, after) = (&stepped.before, &stepped.after);
        if before.status == after.status {
            return Ok(());
        }
        match after.status {
            Status::InProgress => self.note_first_start(writer, after, is_task_locked)?,
            Status::Done => self.release_dependents(writer, after)?,
            Status::Cancelled => self.block_dependents(writer, after)?,
            Status::Pending if before.status == Status::Done => {
                self.hold_dependents(writer, after)?;
            }
            Status::Pending if before.status == Status::Cancelled => {
                self.unblock_dependents(writer, after)?;
            }
            Status::Pending
            | Status::Assigned
            | Status::Review
            | Status::Rework
            | Status::Blocked => {}
        }
        if after.status.is_terminal() {
            self.note_all_done(writer, after.task_id)?;
        }
        Ok(())
    }

    /// The first start moves an active task to `in_progress`.
    fn note_first_start(
        self,
        writer: &mut Writer,
        started: &SubTask,
        is_task_locked: bool,
    ) -> Result<(), ServiceError> {
        let Some(before) = task::find(writer, started.task_id)? else {
            return Ok(());
        };
        if before.status != TaskStatus::Active {
            return Ok(());
        }
        if !is_task_locked {
            // It was activated a moment ago. To lock it now would be to lock it after a sub-task,
            // so the transaction is run again.
            return Err(StorageError::Busy.into());
        }
        let moved = before.move_to(TaskStatus::InProgress, Actor::System, self.now)?;
        // Losing the race means that somebody else moved the task: nothing is left to do.
        if let Some((next, event)) = moved
            && task::compare_and_set(writer, &before, &next)? == Swap::Swapped
        {
            append(writer, &event)?;
        }
        Ok(())
    }

    fn release_dependents(self, writer: &mut Writer, done: &SubTask) -> Result<(), ServiceError> {
        for id in prerequisite::dependents(writer, done.id)? {
            let after = self.change_open(writer, id, |open| open.saturating_sub(1))?;
            if after.is_claimable() {
                let ready = Event::new(EventKind::SubTaskReady, Actor::System, self.now)
                    .sub_task(after.task_id, after.id);
                append(writer, &ready)?;
            }
        }
        Ok(())
    }

    fn hold_dependents(self, writer: &mut Writer, reopened: &SubTask) -> Result<(), ServiceError> {
        for id in prerequisite::dependents(writer, reopened.id)? {
            self.change_open(writer, id, |open| open + 1)?;
        }
        Ok(())
    }

    fn change_open(
        self,
        writer: &mut Writer,
        id: SubTaskId,
        change: impl Fn(u32) -> u32,
    ) -> Result<SubTask, ServiceError> {
        for _ in 0..TRIES {
            let before = sub_task::find(writer, id)?.ok_or(ServiceError::not_found("sub_task"))?;
            let next = before.with_open_prerequisites(change(before.open_prerequisites), self.now);
            if sub_task::compare_and_set(writer, &before, &next)? == Swap::Swapped {
                return Ok(next);
            }
        }
        Err(ServiceError::ConcurrentChange)
    }

    /// Work that waits for cancelled work would wait for ever: it is blocked, with the cause.
    fn block_dependents(
        self,
        writer: &mut Writer,
        cancelled: &SubTask,
    ) -> Result<(), ServiceError> {
        for id in prerequisite::dependents(writer, cancelled.id)? {
            let dependent =
                sub_task::find(writer, id)?.ok_or(ServiceError::not_found("sub_task"))?;
            if !matches!(dependent.status, Status::Pending | Status::Assigned | Status::Rework) {
                continue;
            }
            self.block_behind(writer, id, cancelled)?;
        }
        Ok(())
    }

    fn block_behind(
        self,
        writer: &mut Writer,
        id: SubTaskId,
        cancelled: &SubTask,
    ) -> Result<(), ServiceError> {
        let command = Command::Block {
            kind: BlockedKind::Dependency,
            detail: format!("the prerequisite {:?} was cancelled", cancelled.name),
            waits_for: Some(cancelled.id.to_string()),
        };
        self.system().step(writer, id, &command).map(drop)
    }

    /// Work that was blocked because this prerequisite was cancelled goes back into the queue, unless
    /// another prerequisite is cancelled, too: then that one is the cause from now on.
    fn unblock_dependents(
        self,
        writer: &mut Writer,
        reopened: &SubTask,
    ) -> Result<(), ServiceError> {
        let cause = reopened.id.to_string();
        for id in prerequisite::dependents(writer, reopened.id)? {
            let dependent =
                sub_task::find(writer, id)?.ok_or(ServiceError::not_found("sub_task"))?;
            let is_behind = dependent.blocked.is_some_and(|blocked| {
                blocked.kind == BlockedKind::Dependency
                    && blocked.waits_for.as_ref() == Some(&cause)
            });
            if !is_behind {
                continue;
            }
            self.system().step(writer, id, &Command::Requeue)?;
            if let Some(other) = cancelled_prerequisite(writer, id)? {
                self.block_behind(writer, id, &other)?;
            }
        }
        Ok(())
    }

    /// When the last open sub-task of a task is over, the planner is told to deliver. The lock on
    /// the task keeps two that end at the same moment from each seeing the other still open. While
    /// rounds are still to come, not all is done.
    pub(crate) fn note_all_done(
        self,
        writer: &mut Writer,
        task_id: TaskId,
    ) -> Result<(), ServiceError> {
        if sub_task::has_open(writer, task_id)? || series::has_pending(writer, task_id)? {
            return Ok(());
        }
        let event = Event::new(EventKind::TaskAllDone, Actor::System, self.now).task(task_id);
        append(writer, &event)
    }
}

/// Appends an event under a fresh id.
pub(crate) fn append(writer: &mut Writer, new: &Event) -> Result<(), ServiceError> {
    Ok(event::append(writer, EventId::from_uuid(fresh()), new)?)
}

/// Swaps a task or says that somebody else was quicker.
pub(crate) fn swapped(swap: Swap) -> Result<(), ServiceError> {
    match swap {
        Swap::Swapped => Ok(()),
        Swap::Lost => Err(ServiceError::ConcurrentChange),
    }
}
