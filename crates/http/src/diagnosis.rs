//! Why a task does not move, over HTTP.

use actix_web::{get, web};
use openmoss_domain::sub_task::Status;
use openmoss_domain::waiting::WaitingFor;
use openmoss_domain::{AgentId, ModuleId, SubTask, SubTaskId, TaskId, TaskStatus};
use openmoss_service::task::{Diagnosis, Waiting};
use serde::Serialize;
use utoipa::ToSchema;

use crate::call::{Answer, Call};
use crate::input::id;
use crate::sub_tasks::views::WaitingForView;
use crate::vocabulary;

/// What a task waits for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Diagnosis)]
struct DiagnosisView {
    #[schema(value_type = uuid::Uuid)]
    task_id: TaskId,
    task_name: String,
    #[schema(value_type = vocabulary::TaskStatus)]
    status: TaskStatus,
    /// What keeps the task from being finished.
    sentence: String,
    /// How many sub-tasks are open.
    open: i64,
    /// The newest open sub-tasks of each status, at most fifty of each; where somebody should look
    /// first comes first.
    sub_tasks: Vec<WaitingView>,
    /// Whether more are open than are listed.
    has_more: bool,
}

/// What an open sub-task waits for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DiagnosedSubTask)]
struct WaitingView {
    #[schema(value_type = uuid::Uuid)]
    id: SubTaskId,
    name: String,
    #[schema(value_type = Option<uuid::Uuid>)]
    module_id: Option<ModuleId>,
    #[schema(value_type = vocabulary::SubTaskStatus)]
    status: Status,
    #[schema(value_type = Option<uuid::Uuid>)]
    assigned_agent: Option<AgentId>,
    assigned_agent_name: Option<String>,
    #[schema(value_type = WaitingForView)]
    waiting_for: WaitingFor,
    /// What would help.
    help: &'static str,
    /// What must be done before it and is not, at most ten of it.
    prerequisites: Vec<PrerequisiteView>,
}

/// What must be done before.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenPrerequisite)]
struct PrerequisiteView {
    #[schema(value_type = uuid::Uuid)]
    id: SubTaskId,
    name: String,
    #[schema(value_type = vocabulary::SubTaskStatus)]
    status: Status,
}

impl From<SubTask> for PrerequisiteView {
    fn from(one: SubTask) -> Self {
        Self { id: one.id, name: one.name, status: one.status }
    }
}

impl From<Waiting> for WaitingView {
    fn from(one: Waiting) -> Self {
        Self {
            id: one.sub_task.id,
            name: one.sub_task.name,
            module_id: one.sub_task.module_id,
            status: one.sub_task.status,
            assigned_agent: one.sub_task.owner,
            assigned_agent_name: one.owner_name,
            help: one.waiting_for.kind.help(),
            waiting_for: one.waiting_for,
            prerequisites: one.prerequisites.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Diagnosis> for DiagnosisView {
    fn from(one: Diagnosis) -> Self {
        let listed = i64::try_from(one.sub_tasks.len()).unwrap_or(i64::MAX);
        Self {
            task_id: one.task.id,
            task_name: one.task.name,
            status: one.task.status,
            sentence: one.sentence,
            open: one.open,
            has_more: one.open > listed,
            sub_tasks: one.sub_tasks.into_iter().map(Into::into).collect(),
        }
    }
}

/// Why the task does not move: for each open sub-task what it waits for, since when, and what
/// would help; for the task a sentence.
#[utoipa::path(tag = "Tasks", params(("task_id" = String, Path)), responses((status = 200, body = DiagnosisView)))]
#[get("/api/tasks/{task_id}/diagnosis")]
async fn diagnose_task(call: Call, path: web::Path<String>) -> Answer<DiagnosisView> {
    call.actor(move |known| Ok(known.service.diagnose_task(id("task", &path)?)?.into())).await
}

pub(crate) fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(diagnose_task);
}
