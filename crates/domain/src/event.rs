//! What happened: the rows of the append-only event log.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::actor::Actor;
use crate::id::{AgentId, SubTaskId, TaskId};
use crate::sub_task::Status;
use crate::time::Timestamp;
use crate::token::token_enum;

token_enum! {
    /// The kind of an event: the past of the action that caused it.
    EventKind {
        /// A goal was stated.
        TaskCreated = "task_created",
        /// A goal's texts changed.
        TaskEdited = "task_edited",
        /// A goal's status changed.
        TaskStatusChanged = "task_status_changed",
        /// The last open sub-task of a goal is over: the planner should deliver.
        TaskAllDone = "all_done",
        /// An admin decided what a goal's sub-tasks must have.
        TaskPolicySet = "task_policy_set",
        /// A part of a goal was created.
        ModuleCreated = "module_created",
        /// A part of a goal got other texts.
        ModuleEdited = "module_edited",
        /// A sub-task was created.
        SubTaskCreated = "sub_task_created",
        /// An executor took it.
        SubTaskClaimed = "sub_task_claimed",
        /// It was given to an executor.
        SubTaskAssigned = "sub_task_assigned",
        /// It was put back.
        SubTaskReleased = "sub_task_released",
        /// Work began.
        SubTaskStarted = "sub_task_started",
        /// The owner said how far it is.
        SubTaskProgress = "sub_task_progress",
        /// The owner's runtime session changed.
        SubTaskSession = "sub_task_session_bound",
        /// It was handed in.
        SubTaskSubmitted = "sub_task_submitted",
        /// A former owner handed in after losing it; the deliverable is kept.
        SubTaskSubmittedLate = "sub_task_submitted_late",
        /// It was approved.
        SubTaskApproved = "sub_task_approved",
        /// A reviewer approved it, and others must, too.
        SubTaskApprovalGiven = "sub_task_approval_given",
        /// It was sent back.
        SubTaskRejected = "sub_task_rejected",
        /// It cannot go on.
        SubTaskBlocked = "sub_task_blocked",
        /// It was given to another executor.
        SubTaskReassigned = "sub_task_reassigned",
        /// A blocked one returned to the queue.
        SubTaskRequeued = "sub_task_requeued",
        /// It was given up.
        SubTaskCancelled = "sub_task_cancelled",
        /// It shall be done again.
        SubTaskReopened = "sub_task_reopened",
        /// What a former owner handed in too late was put into review.
        SubTaskAdopted = "sub_task_adopted",
        /// Its texts, priority or prerequisites changed.
        SubTaskEdited = "sub_task_edited",
        /// Its last open prerequisite was done: it can be claimed.
        SubTaskReady = "sub_task_ready",
        /// Work got a schedule on which it comes round again, or another one.
        RecurrenceSet = "recurrence_set",
        /// No round is opened until somebody resumes.
        RecurrencePaused = "recurrence_paused",
        /// Rounds are opened again.
        RecurrenceResumed = "recurrence_resumed",
        /// No round is opened any more.
        RecurrenceEnded = "recurrence_ended",
        /// The next round was due and was opened.
        RoundOpened = "round_opened",
        /// A round was due and was left out; the reason is in the payload.
        RoundSkipped = "round_skipped",
        /// An agent said what its model used.
        UsageReported = "usage_reported",
        /// A budget is used up: no new work is handed out.
        BudgetReached = "budget_reached",
        /// An admin gave an agent or a task a budget of its own, or took it away.
        BudgetSet = "budget_set",
        /// Somebody wrote a note on it.
        NoteAdded = "note_added",
        /// Somebody who watches found something wrong.
        PatrolRecordOpened = "patrol_record_opened",
        /// What was wrong is so no more.
        PatrolRecordResolved = "patrol_record_resolved",
        /// What is wrong is known and left as it is.
        PatrolRecordIgnored = "patrol_record_ignored",
        /// What is wrong is to be looked at again.
        PatrolRecordReopened = "patrol_record_reopened",
        /// An agent was created.
        AgentRegistered = "agent_registered",
        /// An agent was enabled or disabled.
        AgentStatusChanged = "agent_status_changed",
        /// An agent's name, role or description changed.
        AgentEdited = "agent_edited",
        /// An agent's avatar, signature or work style changed.
        AgentPersonaSet = "agent_persona_set",
        /// An agent earned an achievement; which one is in the payload.
        AchievementEarned = "achievement_earned",
        /// An agent was deleted; its name is in the payload.
        AgentDeleted = "agent_deleted",
        /// An agent got a new key.
        AgentKeyReset = "agent_key_reset",
        /// A score changed.
        ScoreChanged = "score_changed",
        /// A rule was created, changed or deleted.
        RuleChanged = "rule_changed",
        /// The wizard or an admin changed settings.
        SettingsChanged = "settings_changed",
        /// An admin ended sessions of the admin.
        AdminSessionsEnded = "admin_sessions_ended",
        /// The content of an existing installation was brought over.
        Imported = "imported",
        /// An admin changed a file: a prompt or a skill.
        ContentChanged = "content_changed",
    }
}

/// What else is worth knowing: a flat JSON object, never secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Payload(pub Map<String, Value>);

impl Payload {
    /// The usual start: from which status to which.
    #[must_use]
    pub fn status(from: Status, to: Status) -> Self {
        Self::default().with("from", from.as_str()).with("to", to.as_str())
    }

    /// Adds the attempt.
    #[must_use]
    pub fn attempt(self, attempt: u32) -> Self {
        self.with("attempt", attempt)
    }

    /// Adds one value.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }
}

/// One event. The log gives it its sequence number and id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// The goal that it concerns.
    pub task_id: Option<TaskId>,
    /// The sub-task that it concerns.
    pub sub_task_id: Option<SubTaskId>,
    /// The agent that it concerns, which is often not the one who acted.
    pub agent_id: Option<AgentId>,
    /// Details.
    pub payload: Payload,
}

impl Event {
    /// An event about nothing in particular yet.
    #[must_use]
    pub fn new(kind: EventKind, actor: Actor, at: Timestamp) -> Self {
        let payload = Payload::default();
        Self { kind, at, actor, task_id: None, sub_task_id: None, agent_id: None, payload }
    }

    /// Concerns this goal.
    #[must_use]
    pub fn task(mut self, id: TaskId) -> Self {
        self.task_id = Some(id);
        self
    }

    /// Concerns this sub-task of a goal.
    #[must_use]
    pub fn sub_task(mut self, task_id: TaskId, id: SubTaskId) -> Self {
        self.task_id = Some(task_id);
        self.sub_task_id = Some(id);
        self
    }

    /// Concerns this agent.
    #[must_use]
    pub fn agent(mut self, id: AgentId) -> Self {
        self.agent_id = Some(id);
        self
    }

    /// Adds one detail.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.payload = self.payload.with(key, value);
        self
    }
}
