//! `apply`: the only way from one state of a sub-task to the next.

use crate::actor::Actor;
use crate::capability::Capabilities;
use crate::error::DomainError;
use crate::event::{Event, EventKind, Payload};
use crate::id::AgentId;
use crate::policy::Policy;
use crate::sub_task::rules::{self, Permit};
use crate::sub_task::{Action, BlockedCause, Command, Edit, Progress, Status, SubTask};
use crate::time::Timestamp;

/// What a command leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transition {
    /// The same again: the actor repeats its own step. Nothing is written.
    Unchanged,
    /// A new state and what happened.
    Changed {
        /// The new state, one version later.
        next: Box<SubTask>,
        /// What happened; nothing for a bare sign of life.
        event: Option<Event>,
    },
}

impl SubTask {
    /// Decides what `command` by `actor` leads to.
    ///
    /// # Errors
    /// The first rule that says no, in the order that the module's comment gives.
    pub fn apply(
        &self,
        command: &Command,
        actor: Actor,
        now: Timestamp,
        policy: &Policy,
    ) -> Result<Transition, DomainError> {
        let action = command.action();
        let may_as_owner = self.is_owned_by(actor) && rules::owner_may_ever(action);
        if !may_as_owner && !rules::role_may_ever(action, actor.kind()) {
            return Err(DomainError::RoleNotAllowed { actor: actor.kind(), action });
        }
        self.check_attempt(command)?;
        if self.repeats_own_step(command, actor) {
            return Ok(Transition::Unchanged);
        }
        let row = self.permitted_row(action, actor)?;
        if self.status != row.to {
            self.check_conditions(action)?;
        }
        let next = self.stepped(command, row.to, actor, now, policy);
        let event = self.event(command, &next, actor, now);
        Ok(Transition::Changed { next: Box::new(next), event })
    }

    fn check_attempt(&self, command: &Command) -> Result<(), DomainError> {
        match command.attempt() {
            Some(attempt) if attempt != self.attempt => {
                Err(DomainError::NotOwner { owner: self.owner, attempt: self.attempt })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// A retry after a lost answer must not look like a conflict.
    fn repeats_own_step(&self, command: &Command, actor: Actor) -> bool {
        if !self.is_owned_by(actor) {
            return false;
        }
        let (led_to, session) = match command {
            Command::Claim { session } => (Status::Assigned, session.as_deref()),
            Command::Start { session, .. } => (Status::InProgress, session.as_deref()),
            Command::Submit { .. } => (Status::Review, None),
            Command::Assign { .. }
            | Command::Release
            | Command::Approve
            | Command::Reject { .. }
            | Command::Block { .. }
            | Command::Reassign { .. }
            | Command::Requeue
            | Command::Cancel
            | Command::Reopen
            | Command::Adopt { .. }
            | Command::Edit(_)
            | Command::Heartbeat { .. }
            | Command::Session { .. } => return false,
        };
        self.status == led_to && !self.is_new_session(session)
    }

    fn is_new_session(&self, session: Option<&str>) -> bool {
        session.is_some() && session != self.session_id.as_deref()
    }

    fn permitted_row(
        &self,
        action: Action,
        actor: Actor,
    ) -> Result<&'static rules::Rule, DomainError> {
        let is_owner = self.is_owned_by(actor);
        let row = rules::find(self.effective_status(action, is_owner), action);
        let permits = |permit| row.is_some_and(|row| row.by.contains(&permit));
        match row {
            Some(row) if row.by.iter().any(|by| by.covers(actor.kind(), is_owner)) => Ok(row),
            _ if is_owner && permits(Permit::Reviewer) => Err(DomainError::OwnWork),
            // Whoever lost a sub-task must hear first that it is not theirs any more.
            _ if !is_owner && (permits(Permit::Owner) || rules::is_owners_alone(action)) => {
                Err(DomainError::NotOwner { owner: self.owner, attempt: self.attempt })
            }
            _ => Err(DomainError::NotAllowedFrom {
                status: self.status,
                action,
                allowed: self.allowed_actions(actor),
            }),
        }
    }

    /// The owner may claim or start again to bind a new session: that is its own step repeated,
    /// so the row that led here permits it.
    fn effective_status(&self, action: Action, is_owner: bool) -> Status {
        match (action, self.status) {
            (Action::Claim, Status::Assigned) if is_owner => Status::Pending,
            (Action::Start, Status::InProgress) if is_owner => Status::Assigned,
            (_, status) => status,
        }
    }

    fn check_conditions(&self, action: Action) -> Result<(), DomainError> {
        if !matches!(action, Action::Claim | Action::Start | Action::Adopt) {
            return Ok(());
        }
        if self.held {
            return Err(DomainError::TaskHeld);
        }
        if self.open_prerequisites > 0 {
            return Err(DomainError::PrerequisitesOpen { open: self.open_prerequisites });
        }
        Ok(())
    }

    fn stepped(
        &self,
        command: &Command,
        to: Status,
        actor: Actor,
        now: Timestamp,
        policy: &Policy,
    ) -> Self {
        let mut next = self.clone();
        next.status = to;
        next.version = self.version.next();
        next.updated_at = now;
        if self.status != to {
            next.lease_expires_at = None;
            next.blocked = None;
        }
        match command {
            Command::Claim { session } => {
                next.take_owner(actor.agent_id());
                next.session_id.clone_from(session);
                next.lease_expires_at = Some(now.plus(policy.lease));
            }
            Command::Assign { to } | Command::Reassign { to } => {
                next.take_owner(Some(*to));
                next.session_id = None;
                // A lease is a sign of life, and the one who is given work has given none yet.
                next.lease_expires_at = None;
            }
            Command::Start { session, .. } => {
                if session.is_some() {
                    next.session_id.clone_from(session);
                }
                next.lease_expires_at = Some(now.plus(policy.lease));
            }
            Command::Session { session } => {
                next.session_id = Some(session.clone());
                next.lease_expires_at = Some(now.plus(policy.lease));
            }
            Command::Heartbeat { progress, percent, .. } => {
                if progress.is_some() || percent.is_some() {
                    next.progress = Some(self.progressed(progress.as_deref(), *percent));
                }
                next.lease_expires_at = Some(now.plus(policy.lease));
            }
            Command::Submit { .. } => {}
            Command::Approve => next.completed_at = Some(now),
            Command::Reject { rework_agent } => {
                next.rework_count += 1;
                if rework_agent.is_some() {
                    next.take_owner(*rework_agent);
                }
            }
            Command::Block { kind, detail, waits_for } => {
                next.session_id = None;
                next.blocked = Some(BlockedCause {
                    kind: *kind,
                    detail: detail.clone(),
                    waits_for: waits_for.clone(),
                    from: self.status,
                });
            }
            Command::Cancel => next.session_id = None,
            Command::Release | Command::Requeue | Command::Reopen => next.return_to_queue(),
            Command::Adopt { from } => {
                next.take_owner(Some(*from));
                next.session_id = None;
            }
            Command::Edit(edit) => next.edit(edit),
        }
        next
    }

    /// What the owner said now, and where it is silent, what it said last.
    fn progressed(&self, text: Option<&str>, percent: Option<u8>) -> Progress {
        let last = self.progress.as_ref();
        Progress {
            text: text.or(last.map(|last| last.text.as_str())).unwrap_or_default().to_owned(),
            percent: percent.or(last.and_then(|last| last.percent)),
        }
    }

    fn take_owner(&mut self, owner: Option<AgentId>) {
        // The attempt fences the former owner, so it grows only when there is another one.
        let is_same = self.owner == owner && self.attempt > 0;
        if !is_same {
            self.attempt += 1;
            self.session_id = None;
            self.progress = None;
        }
        self.owner = owner;
    }

    fn return_to_queue(&mut self) {
        self.owner = None;
        self.session_id = None;
        self.progress = None;
        self.completed_at = None;
    }

    fn edit(&mut self, edit: &Edit) {
        let replace = |field: &mut String, value: &Option<String>| {
            if let Some(value) = value {
                field.clone_from(value);
            }
        };
        replace(&mut self.name, &edit.name);
        replace(&mut self.description, &edit.description);
        replace(&mut self.deliverable, &edit.deliverable);
        replace(&mut self.acceptance, &edit.acceptance);
        if let Some(priority) = edit.priority {
            self.priority = priority;
        }
        if let Some(needed) = &edit.required_capabilities {
            self.required_capabilities = Capabilities::of(needed.clone());
        }
        if let Some((all, open)) = edit.prerequisites {
            self.prerequisites = all;
            self.open_prerequisites = open;
        }
    }

    fn event(&self, command: &Command, next: &Self, actor: Actor, now: Timestamp) -> Option<Event> {
        let mut payload = Payload::status(self.status, next.status).attempt(next.attempt);
        if let Some(previous) = self.owner.filter(|_| self.owner != next.owner) {
            // Whoever lost the sub-task is told by this event and no other.
            payload = payload.with("previous_owner", previous.to_string());
        }
        let (kind, payload) = match command {
            Command::Claim { .. } | Command::Start { .. } if self.status == next.status => {
                (EventKind::SubTaskSession, payload)
            }
            Command::Claim { .. } => (EventKind::SubTaskClaimed, payload),
            Command::Assign { .. } => (EventKind::SubTaskAssigned, payload),
            Command::Release => (EventKind::SubTaskReleased, payload),
            Command::Start { .. } => (EventKind::SubTaskStarted, payload),
            Command::Submit { .. } => (EventKind::SubTaskSubmitted, payload),
            Command::Approve => (EventKind::SubTaskApproved, payload),
            Command::Reject { .. } => (EventKind::SubTaskRejected, payload),
            Command::Block { kind, detail, .. } => (
                EventKind::SubTaskBlocked,
                payload.with("cause", kind.as_str()).with("detail", detail.as_str()),
            ),
            Command::Reassign { .. } => (EventKind::SubTaskReassigned, payload),
            Command::Requeue => (EventKind::SubTaskRequeued, payload),
            Command::Cancel => (EventKind::SubTaskCancelled, payload),
            Command::Reopen => (EventKind::SubTaskReopened, payload),
            Command::Adopt { .. } => (EventKind::SubTaskAdopted, payload),
            Command::Edit(_) => (EventKind::SubTaskEdited, payload),
            Command::Heartbeat { progress: None, percent: None, .. } => return None,
            Command::Heartbeat { progress, percent, .. } => {
                let Progress { text, percent } = self.progressed(progress.as_deref(), *percent);
                (
                    EventKind::SubTaskProgress,
                    payload.with("progress", text).with("percent", percent),
                )
            }
            Command::Session { .. } => (EventKind::SubTaskSession, payload),
        };
        // Who is touched: the owner after the step, or the one who just lost it.
        let agent_id = next.owner.or(self.owner);
        Some(Event {
            kind,
            at: now,
            actor,
            task_id: Some(self.task_id),
            sub_task_id: Some(self.id),
            agent_id,
            payload,
        })
    }
}
