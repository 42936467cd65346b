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
    #[schema(value_type = Option<vocabulary::NextAction>)]
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
    reason: Option<String>,
    /// When there is nothing: after how many seconds to ask again.
    next_check_seconds: Option<u32>,
    /// The goal.
    task: Option<TaskBriefView>,
    /// The unit of work.
    sub_task: Option<WorkBriefView>,
    /// The newest ten notes on it, oldest of them first.
    notes: Option<Vec<NoteBriefView>>,
    /// The last reviews of it, newest first.
    reviews: Option<Vec<ReviewBriefView>>,
    /// What was handed in for it, newest first.
    submissions: Option<Vec<DeliveredView>>,
    /// What its prerequisites delivered.
    prerequisites: Option<Vec<DeliveredView>>,
    /// What the task's sub-tasks delivered, when it is to be delivered.
    deliverables: Option<Vec<DeliveredView>>,
    /// What is wrong.
    patrol_records: Option<Vec<PatrolBriefView>>,
    /// The merged rules; left out while `rules_etag` names them.
    rules: Option<String>,
    /// Send it with the next call.
    rules_etag: Option<String>,
    /// How the caller's score changed since it was last given work.
    score: Option<ScoreNewsView>,
    /// How to report back.
    report: Option<Vec<ReportView>>,
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
    module: Option<String>,
    description: String,
    deliverable: String,
    acceptance: String,
    priority: vocabulary::Priority,
    status: vocabulary::SubTaskStatus,
    /// Name it when you report back.
    attempt: u32,
    rework_count: u32,
    lease_expires_at: Option<vocabulary::Time>,
    progress: Option<ProgressView>,
    blocked_cause: Option<BlockedCauseView>,
    required_capabilities: Option<Vec<String>>,
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
    issues: Option<String>,
    comment: Option<String>,
}

/// What was handed in for a sub-task; long texts are cut.
#[derive(ToSchema)]
#[schema(as = Delivered)]
#[expect(dead_code, reason = "describes a type of the service")]
struct DeliveredView {
    sub_task_id: uuid::Uuid,
    name: String,
    agent_id: Option<uuid::Uuid>,
    attempt: Option<u32>,
    /// True if its sender had lost the sub-task before.
    late: Option<bool>,
    /// Its id, if it came late: whoever adopts it names it.
    submission_id: Option<uuid::Uuid>,
    summary: String,
    artifacts: Option<Vec<ArtifactView>>,
    /// True if something was cut or left out; the sub-task's submissions have all of it.
    cut: Option<bool>,
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
    sub_task_id: Option<uuid::Uuid>,
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
    body: Option<std::collections::HashMap<String, Value>>,
}
