//! Patrol records: what somebody who watches found wrong, and what became of it.
//!
//! A finding that a program can make again and again has a key. While a record with that key is
//! not resolved there is no second one: an open one stands for the condition, and an ignored one
//! says that a human knows about it. Only the end of the condition frees the key.

use serde::{Deserialize, Serialize};

use crate::actor::{Actor, ActorKind};
use crate::error::{DomainError, FieldError, Fields};
use crate::event::{Event, EventKind};
use crate::id::{AgentId, PatrolRecordId, SubTaskId, TaskId};
use crate::text;
use crate::time::Timestamp;
use crate::token::token_enum;

/// Longest word for the kind of a finding (the contract's column width).
pub const KIND_CHARS_MAX: usize = 30;
/// Longest key of a condition, in characters.
pub const KEY_CHARS_MAX: usize = 200;

token_enum! {
    /// How bad it is.
    Severity {
        /// Worth knowing.
        Info = "info",
        /// Somebody should look.
        Warning = "warning",
        /// Work stands still.
        Critical = "critical",
    }
}

token_enum! {
    /// What became of a finding.
    PatrolStatus {
        /// Nothing yet.
        Open = "open",
        /// The condition is gone.
        Resolved = "resolved",
        /// The condition is known and left as it is.
        Ignored = "ignored",
    }
}

token_enum! {
    /// What can be done with a patrol record.
    PatrolAction {
        /// The condition is gone.
        Resolve = "resolve",
        /// Leave it as it is.
        Ignore = "ignore",
        /// It is not gone, or should not be left.
        Reopen = "reopen",
    }
}

use PatrolStatus::{Ignored, Open, Resolved};

/// One row of the table of a record's steps.
#[derive(Debug, Clone, Copy)]
pub struct PatrolRule {
    /// The step.
    pub action: PatrolAction,
    /// From which statuses.
    pub from: &'static [PatrolStatus],
    /// To which status.
    pub to: PatrolStatus,
    /// Who may.
    pub by: &'static [ActorKind],
}

const WATCHERS: &str = "a patrol agent or an admin";
const WATCH: &[ActorKind] = &[ActorKind::Patrol, ActorKind::Admin, ActorKind::System];

/// Everything that may happen to a patrol record.
pub const PATROL_RULES: &[PatrolRule] = &[
    PatrolRule { action: PatrolAction::Resolve, from: &[Open, Ignored], to: Resolved, by: WATCH },
    PatrolRule {
        action: PatrolAction::Ignore,
        from: &[Open],
        to: Ignored,
        by: &[ActorKind::Patrol, ActorKind::Admin],
    },
    PatrolRule {
        action: PatrolAction::Reopen,
        from: &[Resolved, Ignored],
        to: Open,
        by: &[ActorKind::Admin],
    },
];

/// A finding and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatrolRecord {
    /// Its id.
    pub id: PatrolRecordId,
    /// Of what kind, as one word. The contract leaves the words open.
    pub kind: String,
    /// How bad it is.
    pub severity: Severity,
    /// The goal that it concerns.
    pub task_id: Option<TaskId>,
    /// The sub-task that it concerns.
    pub sub_task_id: Option<SubTaskId>,
    /// The agent that it concerns.
    pub agent_id: Option<AgentId>,
    /// What is wrong, in words.
    pub description: String,
    /// What was done about it, in words.
    pub action_taken: String,
    /// What became of it.
    pub status: PatrolStatus,
    /// The key of the condition, if it has one.
    pub dedup_key: Option<String>,
    /// As what the finder acted.
    pub opened_by_kind: ActorKind,
    /// Which agent found it, if one did.
    pub opened_by: Option<AgentId>,
    /// When it was found.
    pub created_at: Timestamp,
    /// When the condition was gone.
    pub resolved_at: Option<Timestamp>,
}

/// A new finding, as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Of what kind, as one word.
    pub kind: String,
    /// How bad it is.
    pub severity: Severity,
    /// The goal that it concerns.
    pub task_id: Option<TaskId>,
    /// The sub-task that it concerns.
    pub sub_task_id: Option<SubTaskId>,
    /// The agent that it concerns.
    pub agent_id: Option<AgentId>,
    /// What is wrong, in words.
    pub description: String,
    /// What was done about it, in words.
    pub action_taken: String,
    /// The key of the condition; `None`: each call is a finding of its own.
    pub dedup_key: Option<String>,
}

impl Finding {
    /// The same with checked texts.
    ///
    /// # Errors
    /// [`DomainError::Invalid`] with every wrong field.
    pub fn checked(&self) -> Result<Self, DomainError> {
        let mut fields = Fields::default();
        let kind = fields.keep(word("type", &self.kind));
        let description = fields.keep(text::text("description", &self.description));
        if self.description.trim().is_empty() {
            fields.push("description", "must not be empty");
        }
        let action_taken = fields.keep(text::text("action_taken", &self.action_taken));
        let key = self.dedup_key.as_deref().filter(|key| !key.trim().is_empty());
        let dedup_key = key.map(|key| fields.keep(text::line("dedup_key", key, KEY_CHARS_MAX)));
        fields.finish()?;
        Ok(Self { kind, description, action_taken, dedup_key, ..*self })
    }
}

/// One word of lower-case letters, digits and underscores, so that equal kinds are equal texts.
fn word(field: &str, raw: &str) -> Result<String, FieldError> {
    let word = text::line(field, raw, KIND_CHARS_MAX)?;
    let is_word = word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if is_word {
        Ok(word)
    } else {
        let message = "must be one word of lower-case letters, digits and underscores";
        Err(FieldError::new(field, message))
    }
}

impl PatrolRecord {
    /// Opens a record. The finding must have been checked.
    ///
    /// # Errors
    /// [`DomainError::PatrolRoleNotAllowed`] for whoever does not watch.
    pub fn open(
        id: PatrolRecordId,
        finding: Finding,
        actor: Actor,
        now: Timestamp,
    ) -> Result<(Self, Event), DomainError> {
        if !WATCH.contains(&actor.kind()) {
            return Err(DomainError::PatrolRoleNotAllowed { allowed: WATCHERS });
        }
        let new = Self {
            id,
            kind: finding.kind,
            severity: finding.severity,
            task_id: finding.task_id,
            sub_task_id: finding.sub_task_id,
            agent_id: finding.agent_id,
            description: finding.description,
            action_taken: finding.action_taken,
            status: Open,
            dedup_key: finding.dedup_key,
            opened_by_kind: actor.kind(),
            opened_by: actor.agent_id(),
            created_at: now,
            resolved_at: None,
        };
        let event = new.event(EventKind::PatrolRecordOpened, actor, now);
        Ok((new, event))
    }

    /// Takes a step; `None` if it was taken already. `action_taken` replaces what was said to have
    /// been done, unless it is empty.
    ///
    /// # Errors
    /// [`DomainError::PatrolRoleNotAllowed`] or [`DomainError::PatrolNotAllowedFrom`].
    pub fn step(
        &self,
        action: PatrolAction,
        action_taken: &str,
        actor: Actor,
        now: Timestamp,
    ) -> Result<Option<(Self, Event)>, DomainError> {
        let rule = PATROL_RULES
            .iter()
            .find(|rule| rule.action == action && rule.by.contains(&actor.kind()))
            .ok_or(DomainError::PatrolRoleNotAllowed {
                allowed: if action == PatrolAction::Reopen { "an admin" } else { WATCHERS },
            })?;
        if self.status == rule.to {
            return Ok(None);
        }
        if !rule.from.contains(&self.status) {
            return Err(DomainError::PatrolNotAllowedFrom { status: self.status, action });
        }
        let mut next = self.clone();
        next.status = rule.to;
        next.resolved_at = (rule.to == Resolved).then_some(now);
        if !action_taken.trim().is_empty() {
            action_taken.clone_into(&mut next.action_taken);
        }
        let kind = match action {
            PatrolAction::Resolve => EventKind::PatrolRecordResolved,
            PatrolAction::Ignore => EventKind::PatrolRecordIgnored,
            PatrolAction::Reopen => EventKind::PatrolRecordReopened,
        };
        let event = next.event(kind, actor, now);
        Ok(Some((next, event)))
    }

    fn event(&self, kind: EventKind, actor: Actor, now: Timestamp) -> Event {
        let event = Event::new(kind, actor, now)
            .with("record_id", self.id.to_string())
            .with("type", self.kind.as_str())
            .with("severity", self.severity.as_str());
        let (task_id, sub_task_id) = (self.task_id, self.sub_task_id);
        Event { task_id, sub_task_id, agent_id: self.agent_id, ..event }
    }
}
