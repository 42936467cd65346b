//! What clients see of sub-tasks.

use openmoss_domain::sub_task::{BlockedCause, Progress, SubTask as Domain};
use openmoss_domain::submission::Submission;
use openmoss_domain::waiting::WaitingFor;
use openmoss_domain::{Artifact, SubTaskId, Timestamp};
use openmoss_service::Service;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use crate::page::PageView;
use crate::problem::Problem;
use crate::recurrence::SeriesView;
use crate::sub_tasks::notes::NoteView;
use crate::vocabulary;

/// A sub-task as a client sees it: the fields of the contract, and ours after them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SubTask)]
pub(crate) struct SubTaskView {
    #[schema(value_type = uuid::Uuid)]
    id: SubTaskId,
    #[schema(value_type = uuid::Uuid)]
    task_id: openmoss_domain::TaskId,
    #[schema(value_type = Option<uuid::Uuid>)]
    module_id: Option<openmoss_domain::ModuleId>,
    name: String,
    description: String,
    deliverable: String,
    acceptance: String,
    #[serde(rename = "type")]
    #[schema(value_type = vocabulary::WorkKind)]
    kind: openmoss_domain::sub_task::WorkKind,
    #[schema(value_type = vocabulary::SubTaskStatus)]
    status: openmoss_domain::sub_task::Status,
    #[schema(value_type = vocabulary::Priority)]
    priority: openmoss_domain::sub_task::Priority,
    /// The owner.
    #[schema(value_type = Option<uuid::Uuid>)]
    assigned_agent: Option<openmoss_domain::AgentId>,
    current_session_id: Option<String>,
    rework_count: u32,
    /// Always null; kept for existing clients.
    #[schema(schema_with = null)]
    recurring_config: (),
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
    #[schema(value_type = vocabulary::Time)]
    updated_at: Timestamp,
    #[schema(value_type = Option<vocabulary::Time>)]
    completed_at: Option<Timestamp>,
    /// Grows by one with every change.
    version: i64,
    /// Grows whenever another agent becomes the owner. Name it in start, submit and heartbeat to be
    /// told when the work is not yours any more.
    attempt: u32,
    /// Until when the claim holds without a sign of life.
    #[schema(value_type = Option<vocabulary::Time>)]
    lease_expires_at: Option<Timestamp>,
    /// What must be done before it.
    #[schema(value_type = Vec<uuid::Uuid>)]
    depends_on: Vec<SubTaskId>,
    /// How many of those are not done.
    open_prerequisites: u32,
    /// What its executor must be able to do.
    required_capabilities: Vec<String>,
    /// Why it is blocked.
    #[schema(value_type = Option<BlockedCauseView>)]
    blocked_cause: Option<BlockedCause>,
    /// What the owner last said.
    #[schema(value_type = Option<ProgressView>)]
    progress: Option<Progress>,
    /// Why it does not move; null when it is over.
    #[schema(value_type = Option<WaitingForView>)]
    waiting_for: Option<WaitingFor>,
    /// What the caller can do with it now.
    #[schema(value_type = Vec<vocabulary::SubTaskAction>)]
    allowed_actions: Vec<openmoss_domain::Action>,
    /// How many notes there are.
    note_count: u32,
    /// The newest ten notes, oldest of them first; null in lists.
    notes: Option<Vec<NoteView>>,
    /// Which round of recurring work it is; null if it is none.
    round: Option<u32>,
    /// The schedule on which it comes round again; null in lists.
    #[schema(value_type = Option<SeriesView>)]
    recurrence: Option<SeriesView>,
}

fn null() -> Object {
    ObjectBuilder::new().schema_type(Type::Null).build()
}

/// Why a sub-task is blocked.
#[derive(ToSchema)]
#[schema(as = BlockedCause)]
#[expect(dead_code, reason = "describes a domain type, which cannot know about OpenAPI")]
pub(crate) struct BlockedCauseView {
    kind: vocabulary::BlockedKind,
    detail: String,
    waits_for: Option<String>,
    /// The status before.
    from: vocabulary::SubTaskStatus,
}

/// How far the owner is.
#[derive(ToSchema)]
#[schema(as = Progress)]
#[expect(dead_code, reason = "describes a domain type, which cannot know about OpenAPI")]
pub(crate) struct ProgressView {
    text: String,
    #[schema(minimum = 0, maximum = 100)]
    percent: Option<u8>,
}

/// What a sub-task waits for.
#[derive(ToSchema)]
#[schema(as = WaitingFor)]
#[expect(dead_code, reason = "describes a domain type, which cannot know about OpenAPI")]
pub(crate) struct WaitingForView {
    kind: vocabulary::WaitingKind,
    detail: String,
    since: vocabulary::Time,
}

impl From<openmoss_service::sub_task::SubTaskView> for SubTaskView {
    fn from(seen: openmoss_service::sub_task::SubTaskView) -> Self {
        let one: Domain = seen.sub_task;
        Self {
            id: one.id,
            task_id: one.task_id,
            module_id: one.module_id,
            name: one.name,
            description: one.description,
            deliverable: one.deliverable,
            acceptance: one.acceptance,
            kind: one.kind,
            status: one.status,
            priority: one.priority,
            assigned_agent: one.owner,
            current_session_id: one.session_id,
            rework_count: one.rework_count,
            recurring_config: (),
            created_at: one.created_at,
            updated_at: one.updated_at,
            completed_at: one.completed_at,
            version: one.version.get(),
            attempt: one.attempt,
            lease_expires_at: one.lease_expires_at,
            depends_on: seen.depends_on,
            open_prerequisites: one.open_prerequisites,
            required_capabilities: one.required_capabilities.into(),
            blocked_cause: one.blocked,
            progress: one.progress,
            waiting_for: seen.waiting_for,
            allowed_actions: seen.allowed_actions,
            note_count: one.notes,
            notes: seen.notes.map(|notes| notes.into_iter().map(NoteView::from).collect()),
            round: seen.round.map(|round| round.number),
            recurrence: seen.series.map(SeriesView::from),
        }
    }
}

pub(crate) type SubTaskPage = PageView<SubTaskView>;

/// A deliverable.
#[derive(ToSchema)]
#[schema(as = Artifact)]
#[expect(dead_code, reason = "describes a domain type, which cannot know about OpenAPI")]
pub(crate) struct ArtifactView {
    kind: vocabulary::ArtifactKind,
    /// A path, an address or the text itself.
    value: String,
    /// May be empty.
    title: String,
}

/// What was handed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Submission)]
pub(crate) struct SubmissionView {
    #[schema(value_type = uuid::Uuid)]
    id: openmoss_domain::SubmissionId,
    #[schema(value_type = uuid::Uuid)]
    sub_task_id: SubTaskId,
    #[schema(value_type = uuid::Uuid)]
    agent_id: openmoss_domain::AgentId,
    attempt: u32,
    /// Whether the sender had lost the sub-task before.
    late: bool,
    summary: String,
    #[schema(value_type = Vec<ArtifactView>)]
    artifacts: Vec<Artifact>,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
}

impl From<Submission> for SubmissionView {
    fn from(one: Submission) -> Self {
        Self {
            id: one.id,
            sub_task_id: one.sub_task_id,
            agent_id: one.agent_id,
            attempt: one.attempt,
            late: one.is_late,
            summary: one.deliverable.summary,
            artifacts: one.deliverable.artifacts,
            created_at: one.created_at,
        }
    }
}

pub(super) type SubmissionPage = PageView<SubmissionView>;

/// What could be claimed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClaimNext)]
pub(super) struct ClaimNextView {
    /// The caller's now; null if there was nothing.
    pub(super) sub_task: Option<SubTaskView>,
    /// Why there was nothing.
    pub(super) reason: Option<String>,
}

/// Whether to go on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Heartbeat)]
pub(crate) struct HeartbeatView {
    /// Until when the claim holds now.
    #[schema(value_type = Option<vocabulary::Time>)]
    pub(crate) lease_expires_at: Option<Timestamp>,
    /// Whether the work should stop.
    cancelled: bool,
    /// Why.
    pub(crate) stop_reason: Option<String>,
}

impl HeartbeatView {
    /// What the owner of `one` is told after its sign of life.
    pub(crate) fn of(service: &Service, one: &Domain) -> Result<Self, Problem> {
        let stop_reason = service.stop_reason(one)?;
        let (lease_expires_at, cancelled) = (one.lease_expires_at, stop_reason.is_some());
        Ok(Self { lease_expires_at, cancelled, stop_reason })
    }
}
