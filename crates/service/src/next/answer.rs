//! The answer to "what now?": everything that an agent needs, each part bounded, empty parts left out.

use std::time::Duration;

use openmoss_domain::sub_task::{BlockedCause, Priority, Progress, Status};
use openmoss_domain::{
    ActorKind, AgentId, Artifact, NextAction, Note, PatrolRecord, PatrolRecordId, Review,
    ReviewResult, Severity, SubTask, SubTaskId, SubmissionId, TaskId, TaskStatus, Timestamp,
};
use serde::Serialize;
use serde_json::Value;

/// What an agent should do now, with everything for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NextWork {
    /// What to do.
    pub action: NextAction,
    /// Why there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When there is nothing: after how many seconds to ask again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_check_seconds: Option<u32>,
    /// The goal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskBrief>,
    /// The unit of work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_task: Option<WorkBrief>,
    /// What people and agents wrote on it, the newest ten, oldest of them first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<NoteBrief>,
    /// The last reviews of it, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reviews: Vec<ReviewBrief>,
    /// What was handed in for it, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub submissions: Vec<Delivered>,
    /// What its prerequisites delivered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prerequisites: Vec<Delivered>,
    /// What the task's sub-tasks delivered, when it is to be put together.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deliverables: Vec<Delivered>,
    /// What is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub patrol_records: Vec<PatrolBrief>,
    /// The rules that apply, merged; left out while the caller knows them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// Send it with the next call, and unchanged rules are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules_etag: Option<String>,
    /// How the caller's score changed since it was last given work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<ScoreNews>,
    /// How to report back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub report: Vec<Report>,
    /// When there is nothing for the caller: what there is for others.
    #[serde(skip)]
    pub left: Left,
}

/// What there is for others when there is nothing for the caller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Left {
    /// Nothing that is known of.
    #[default]
    Nothing,
    /// Something that the caller cannot or may not take.
    ForOthers,
    /// Something for which so many reached at once that the caller should do so again.
    Contested,
}

/// A goal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskBrief {
    /// Its id.
    pub id: TaskId,
    /// One line.
    pub name: String,
    /// The goal in words; cut where it is only the background.
    pub description: String,
    /// How far it is.
    pub status: TaskStatus,
}

/// A unit of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkBrief {
    /// Its id.
    pub id: SubTaskId,
    /// One line.
    pub name: String,
    /// The part of the goal that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// What to do.
    pub description: String,
    /// What to hand in.
    pub deliverable: String,
    /// How it is judged.
    pub acceptance: String,
    /// How soon.
    pub priority: Priority,
    /// Where it stands.
    pub status: Status,
    /// Name it when you report back.
    pub attempt: u32,
    /// How often it was sent back.
    pub rework_count: u32,
    /// Until when the claim holds without a sign of life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_expires_at: Option<Timestamp>,
    /// What its owner last said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// Why it is blocked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked_cause: Option<BlockedCause>,
    /// What its executor must be able to do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub required_capabilities: Vec<String>,
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoteBrief {
    /// As what the author wrote it.
    pub author: ActorKind,
    /// In words.
    pub text: String,
    /// When.
    pub created_at: Timestamp,
}

/// A review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewBrief {
    /// 1 for the first one.
    pub round: u32,
    /// Approved or rejected.
    pub result: ReviewResult,
    /// 1 to 5.
    pub score: u8,
    /// What to mend.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub issues: String,
    /// Anything else.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub comment: String,
}

/// What was handed in for a sub-task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// Of which one.
    pub sub_task_id: SubTaskId,
    /// Its name.
    pub name: String,
    /// Which agent handed it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
    /// In which attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Whether its sender had lost the sub-task before.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// Its id, if it came late: whoever adopts it names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submission_id: Option<SubmissionId>,
    /// What was done.
    pub summary: String,
    /// Where it is, or itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
    /// Whether texts were cut or left out; `/api/sub-tasks/{id}/submissions` has them all.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// A patrol record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PatrolBrief {
    /// Its id.
    pub id: PatrolRecordId,
    /// Of what kind.
    pub kind: String,
    /// How bad.
    pub severity: Severity,
    /// What is wrong.
    pub description: String,
    /// About which sub-task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_task_id: Option<SubTaskId>,
    /// About which agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
    /// Since when.
    pub created_at: Timestamp,
}

/// How a score changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScoreNews {
    /// The sum now.
    pub total: i64,
    /// The last changes, newest first.
    pub changes: Vec<ScoreStep>,
}

/// One change of a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScoreStep {
    /// By how much.
    pub delta: i64,
    /// Why.
    pub reason: String,
}

/// A way to report back.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// What it says.
    pub purpose: &'static str,
    /// With the client script.
    pub command: String,
    /// Over HTTP.
    pub method: &'static str,
    /// Over HTTP.
    pub path: String,
    /// The body as an example.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub body: Value,
}

impl NextWork {
    /// Something to do, without anything for it yet.
    pub(super) fn of(action: NextAction) -> Self {
        Self {
            action,
            reason: None,
            next_check_seconds: None,
            task: None,
            sub_task: None,
            notes: Vec::new(),
            reviews: Vec::new(),
            submissions: Vec::new(),
            prerequisites: Vec::new(),
            deliverables: Vec::new(),
            patrol_records: Vec::new(),
            rules: None,
            rules_etag: None,
            score: None,
            report: Vec::new(),
            left: Left::Nothing,
        }
    }

    /// Nothing to do, and why.
    pub(super) fn idle(reason: &str, next_check: Duration, left: Left) -> Self {
        Self {
            left,
            reason: Some(reason.to_owned()),
            next_check_seconds: Some(seconds(next_check)),
            ..Self::of(NextAction::Idle)
        }
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.action == NextAction::Idle
    }
}

/// Whole seconds.
pub(super) fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

impl WorkBrief {
    pub(super) fn of(sub_task: SubTask, module: Option<String>) -> Self {
        Self {
            id: sub_task.id,
            name: sub_task.name,
            module,
            description: sub_task.description,
            deliverable: sub_task.deliverable,
            acceptance: sub_task.acceptance,
            priority: sub_task.priority,
            status: sub_task.status,
            attempt: sub_task.attempt,
            rework_count: sub_task.rework_count,
            lease_expires_at: sub_task.lease_expires_at,
            progress: sub_task.progress,
            blocked_cause: sub_task.blocked,
            required_capabilities: sub_task.required_capabilities.into(),
        }
    }
}

impl From<Note> for NoteBrief {
    fn from(note: Note) -> Self {
        Self { author: note.author_kind, text: note.text, created_at: note.created_at }
    }
}

impl From<Review> for ReviewBrief {
    fn from(review: Review) -> Self {
        Self {
            round: review.round,
            result: review.result,
            score: review.score,
            issues: review.issues,
            comment: review.comment,
        }
    }
}

impl From<PatrolRecord> for PatrolBrief {
    fn from(record: PatrolRecord) -> Self {
        Self {
            id: record.id,
            kind: record.kind,
            severity: record.severity,
            description: record.description,
            sub_task_id: record.sub_task_id,
            agent_id: record.agent_id,
            created_at: record.created_at,
        }
    }
}
