//! What an agent sees of what it should do. The service's own types are answered as they are; these
//! describe them, because the service cannot know about OpenAPI.

use openmoss_domain::NextAction;
use openmoss_service::next::HasWork;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::sub_tasks::views::{ArtifactView, BlockedCauseView, ProgressView};
use crate::vocabulary;

/// Whether there is work.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HasWork)]
pub(super) struct HasWorkView {
    has_work: bool,
    /// What; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = vocabulary::NextAction, required = false)]
    action: Option<NextAction>,
    /// After how many seconds to ask again; 0 is at once.
    next_check_seconds: u32,
}

impl From<HasWork> for HasWorkView {
    fn from(one: HasWork) -> Self {
        Self {
            has_work: one.action.is_some(),
            action: one.action,
            next_check_seconds: one.next_check_seconds,
        }
    }
}

/// What to do now, with everything for it. Empty parts are left out.
#[derive(ToSchema)]
#[schema(as = NextWork)]
#[expect(dead_code, reason = "describes a type of the service")]
pub(super) struct NextView {
    action: vocabulary::NextAction,
    /// Why there is nothing.
    #[schema(value_type = String, required = false)]
    reason: Option<String>,
    /// When there is nothing: after how many seconds to ask again.
    #[schema(value_type = u32, required = false)]
    next_check_seconds: Option<u32>,
    /// The goal.
    #[schema(value_type = TaskBriefView, required = false)]
    task: Option<TaskBriefView>,
    /// The unit of work.
    #[schema(value_type = WorkBriefView, required = false)]
    sub_task: Option<WorkBriefView>,
    /// The newest ten notes on it, oldest of them first.
    #[schema(required = false)]
    notes: Vec<NoteBriefView>,
    /// The last reviews of it, newest first.
    #[schema(required = false)]
    reviews: Vec<ReviewBriefView>,
    /// What was handed in for it, newest first.
    #[schema(required = false)]
    submissions: Vec<DeliveredView>,
    /// What its prerequisites delivered.
    #[schema(required = false)]
    prerequisites: Vec<DeliveredView>,
    /// What the task's sub-tasks delivered, when it is to be delivered.
    #[schema(required = false)]
    deliverables: Vec<DeliveredView>,
    /// What is wrong.
    #[schema(required = false)]
    patrol_records: Vec<PatrolBriefView>,
    /// The merged rules; left out while `rules_etag` names them.
    #[schema(value_type = String, required = false)]
    rules: Option<String>,
    /// Send it with the next call.
    #[schema(value_type = String, required = false)]
    rules_etag: Option<String>,
    /// How the caller's score changed since it was last given work.
    #[schema(value_type = ScoreNewsView, required = false)]
    score: Option<ScoreNewsView>,
    /// How to report back.
    #[schema(required = false)]
    report: Vec<ReportView>,
}

/// A goal, in short.
#[derive(ToSchema)]
#[schema(as = TaskBrief)]
#[expect(dead_code, reason = "describes a type of the service")]
struct TaskBriefView {
    id: uuid::Uuid,
    name: String,
    description: String,
    status: vocabulary::TaskStatus,
}

/// A unit of work, in short.
#[derive(ToSchema)]
#[schema(as = WorkBrief)]
#[expect(dead_code, reason = "describes a type of the service")]
struct WorkBriefView {
    id: uuid::Uuid,
    name: String,
    /// The name of its part of the goal.
    #[schema(value_type = String, required = false)]
    module: Option<String>,
    description: String,
    deliverable: String,
    acceptance: String,
    priority: vocabulary::Priority,
    status: vocabulary::SubTaskStatus,
    /// Name it when you report back.
    attempt: u32,
    rework_count: u32,
    #[schema(value_type = vocabulary::Time, required = false)]
    lease_expires_at: Option<vocabulary::Time>,
    #[schema(value_type = ProgressView, required = false)]
    progress: Option<ProgressView>,
    #[schema(value_type = BlockedCauseView, required = false)]
    blocked_cause: Option<BlockedCauseView>,
    #[schema(required = false)]
    required_capabilities: Vec<String>,
}

/// A note, in short.
#[derive(ToSchema)]
#[schema(as = NoteBrief)]
#[expect(dead_code, reason = "describes a type of the service")]
struct NoteBriefView {
    author: vocabulary::ActorKind,
    text: String,
    created_at: vocabulary::Time,
}

/// A review, in short.
#[derive(ToSchema)]
#[schema(as = ReviewBrief)]
#[expect(dead_code, reason = "describes a type of the service")]
struct ReviewBriefView {
    round: u32,
    result: vocabulary::ReviewResult,
    score: u8,
    #[schema(required = false)]
    issues: String,
    #[schema(required = false)]
    comment: String,
}

/// What was handed in for a sub-task; long texts are cut.
#[derive(ToSchema)]
#[schema(as = Delivered)]
#[expect(dead_code, reason = "describes a type of the service")]
struct DeliveredView {
    sub_task_id: uuid::Uuid,
    name: String,
    #[schema(value_type = uuid::Uuid, required = false)]
    agent_id: Option<uuid::Uuid>,
    #[schema(value_type = u32, required = false)]
    attempt: Option<u32>,
    /// True if its sender had lost the sub-task before.
    #[schema(required = false)]
    late: bool,
    summary: String,
    #[schema(required = false)]
    artifacts: Vec<ArtifactView>,
    /// True if something was cut or left out; the sub-task's submissions have all of it.
    #[schema(required = false)]
    cut: bool,
}

/// A patrol record, in short.
#[derive(ToSchema)]
#[schema(as = PatrolBrief)]
#[expect(dead_code, reason = "describes a type of the service")]
struct PatrolBriefView {
    id: uuid::Uuid,
    kind: String,
    severity: vocabulary::Severity,
    description: String,
    #[schema(value_type = uuid::Uuid, required = false)]
    sub_task_id: Option<uuid::Uuid>,
    #[schema(value_type = uuid::Uuid, required = false)]
    agent_id: Option<uuid::Uuid>,
    created_at: vocabulary::Time,
}

/// How a score changed.
#[derive(ToSchema)]
#[schema(as = ScoreNews)]
#[expect(dead_code, reason = "describes a type of the service")]
struct ScoreNewsView {
    total: i64,
    /// The last changes, newest first.
    changes: Vec<ScoreStepView>,
}

/// One change of a score, in short.
#[derive(ToSchema)]
#[schema(as = ScoreStep)]
#[expect(dead_code, reason = "describes a type of the service")]
struct ScoreStepView {
    delta: i64,
    reason: String,
}

/// A way to report back.
#[derive(ToSchema)]
#[schema(as = Report)]
#[expect(dead_code, reason = "describes a type of the service")]
struct ReportView {
    purpose: String,
    /// With the client script.
    command: String,
    method: String,
    path: String,
    /// An example; absent where no body is needed.
    #[schema(value_type = std::collections::HashMap<String, Value>, required = false)]
    body: Value,
}
