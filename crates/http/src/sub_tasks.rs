//! Sub-tasks over HTTP.

mod bodies;

use actix_web::{get, post, put, web};
use openmoss_domain::sub_task::{BlockedCause, Progress, SubTask as Domain};
use openmoss_domain::submission::Submission;
use openmoss_domain::waiting::WaitingFor;
use openmoss_domain::{Artifact, SubTaskId, Timestamp};
use openmoss_service::Page;
use openmoss_service::sub_task::{Filter, NextClaim};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use bodies::{
    BlockBody, ClaimNextBody, CreateBody, EditBody, HeartbeatBody, ReassignBody, ReworkBody,
    SessionBody, StartBody, SubmitBody,
};

use crate::call::{Answer, Call};
use crate::input::{FilterValue, id, optional_id};
use crate::page::{PageQuery, PageView};
use crate::problem::Problem;
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
}

fn null() -> Object {
    ObjectBuilder::new().schema_type(Type::Null).build()
}

/// Why a sub-task is blocked.
#[derive(ToSchema)]
#[schema(as = BlockedCause)]
#[expect(dead_code, reason = "describes a domain type, which cannot know about OpenAPI")]
struct BlockedCauseView {
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
struct ProgressView {
    text: String,
    #[schema(minimum = 0, maximum = 100)]
    percent: Option<u8>,
}

/// What a sub-task waits for.
#[derive(ToSchema)]
#[schema(as = WaitingFor)]
#[expect(dead_code, reason = "describes a domain type, which cannot know about OpenAPI")]
struct WaitingForView {
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
            blocked_cause: one.blocked,
            progress: one.progress,
            waiting_for: seen.waiting_for,
            allowed_actions: seen.allowed_actions,
        }
    }
}

type SubTaskPage = PageView<SubTaskView>;

/// A deliverable.
#[derive(ToSchema)]
#[schema(as = Artifact)]
#[expect(dead_code, reason = "describes a domain type, which cannot know about OpenAPI")]
struct ArtifactView {
    kind: vocabulary::ArtifactKind,
    /// A path, an address or the text itself.
    value: String,
    /// May be empty.
    title: String,
}

/// What was handed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Submission)]
struct SubmissionView {
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

type SubmissionPage = PageView<SubmissionView>;

/// Which sub-tasks.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SubTaskQuery {
    /// Of this task.
    task_id: Option<String>,
    /// Of this module.
    module_id: Option<String>,
    /// In this status.
    status: Option<String>,
}

/// In which status.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct StatusQuery {
    /// In this status.
    status: Option<String>,
}

/// Of which task.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LatestQuery {
    /// Of this task.
    task_id: String,
}

fn sub_task_id(path: &web::Path<String>) -> Result<SubTaskId, Problem> {
    id("sub_task", path)
}

/// Creates a sub-task; with `assigned_agent` it is given to that executor at once.
#[utoipa::path(tag = "Sub-tasks", request_body = CreateBody, responses((status = 200, body = SubTaskView)))]
#[post("/api/sub-tasks")]
async fn create_sub_task(call: Call) -> Answer<SubTaskView> {
    call.actor(|known| {
        let new = known.request.json::<CreateBody>()?.into_new()?;
        known.view(known.service.create_sub_task(&known.cx, &new)?)
    })
    .await
}

/// Sub-tasks, newest first.
#[utoipa::path(tag = "Sub-tasks", params(SubTaskQuery, PageQuery), responses((status = 200, body = SubTaskPage)))]
#[get("/api/sub-tasks")]
async fn list_sub_tasks(call: Call) -> Answer<SubTaskPage> {
    call.actor(|known| {
        let page: PageQuery = known.request.query()?;
        let asked: SubTaskQuery = known.request.query()?;
        let filter = || -> Result<Filter, ()> {
            Ok(Filter {
                task_id: FilterValue::parse(asked.task_id.as_deref()).optional()?,
                module_id: FilterValue::parse(asked.module_id.as_deref()).optional()?,
                owner: None,
                status: FilterValue::parse(asked.status.as_deref()).optional()?,
            })
        };
        let Ok(filter) = filter() else {
            return Ok(page.answer_nothing());
        };
        let actor = known.cx.actor;
        page.answer(|window| Ok(known.service.list_sub_tasks(actor, filter, window)?))
    })
    .await
}

/// The caller's own sub-tasks, newest first.
#[utoipa::path(tag = "Sub-tasks", params(StatusQuery, PageQuery), responses((status = 200, body = SubTaskPage)), security(("agent" = []), ("agent_key" = [])))]
#[get("/api/sub-tasks/mine")]
async fn list_my_sub_tasks(call: Call) -> Answer<SubTaskPage> {
    call.agent(|known, agent| {
        let page: PageQuery = known.request.query()?;
        let asked: StatusQuery = known.request.query()?;
        let Ok(status) = FilterValue::parse(asked.status.as_deref()).optional() else {
            return Ok(page.answer_nothing());
        };
        let filter = Filter { owner: Some(agent.id), status, ..Filter::default() };
        page.answer(|window| Ok(known.service.list_sub_tasks(agent.actor(), filter, window)?))
    })
    .await
}

/// Sub-tasks that can be claimed right now, newest first.
#[utoipa::path(tag = "Sub-tasks", params(PageQuery), responses((status = 200, body = SubTaskPage)))]
#[get("/api/sub-tasks/available")]
async fn list_available_sub_tasks(call: Call) -> Answer<SubTaskPage> {
    call.actor(|known| {
        let page: PageQuery = known.request.query()?;
        let actor = known.cx.actor;
        page.answer(|window| Ok(known.service.list_claimable_sub_tasks(actor, window)?))
    })
    .await
}

/// The caller's most recently changed sub-task of a task.
#[utoipa::path(tag = "Sub-tasks", params(LatestQuery), responses((status = 200, body = SubTaskView)), security(("agent" = []), ("agent_key" = [])))]
#[get("/api/sub-tasks/latest")]
async fn find_latest_sub_task(call: Call) -> Answer<SubTaskView> {
    call.agent(|known, agent| {
        let asked: LatestQuery = known.request.query()?;
        let task_id = id("sub_task", &asked.task_id)?;
        Ok(known.service.find_latest_sub_task(agent.actor(), agent.id, task_id)?.into())
    })
    .await
}

/// Takes the sub-task that should be done next: one call instead of a list and a claim.
#[utoipa::path(tag = "Sub-tasks", request_body = ClaimNextBody, responses((status = 200, body = ClaimNextView)), security(("agent" = []), ("agent_key" = [])))]
#[post("/api/sub-tasks/claim-next")]
async fn claim_next_sub_task(call: Call) -> Answer<ClaimNextView> {
    call.agent(|known, _| {
        let body: ClaimNextBody = known.request.json()?;
        let task_id = optional_id("task", body.task_id.as_deref())?;
        match known.service.claim_next(&known.cx, task_id, body.session_id.as_deref())? {
            NextClaim::Claimed(sub_task) => {
                Ok(ClaimNextView { sub_task: Some(known.view(*sub_task)?), reason: None })
            }
            NextClaim::Nothing => Ok(ClaimNextView {
                sub_task: None,
                reason: Some("Nothing can be claimed now; ask again later.".to_owned()),
            }),
        }
    })
    .await
}

/// What could be claimed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClaimNext)]
struct ClaimNextView {
    /// The caller's now; null if there was nothing.
    sub_task: Option<SubTaskView>,
    /// Why there was nothing.
    reason: Option<String>,
}

/// One sub-task.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), responses((status = 200, body = SubTaskView)))]
#[get("/api/sub-tasks/{sub_task_id}")]
async fn find_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.actor(move |known| {
        Ok(known.service.find_sub_task(known.cx.actor, sub_task_id(&path)?)?.into())
    })
    .await
}

/// Changes texts, priority and prerequisites; absent or null fields are kept.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), request_body = EditBody, responses((status = 200, body = SubTaskView)))]
#[put("/api/sub-tasks/{sub_task_id}")]
async fn edit_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.actor(move |known| {
        let (edit, depends_on) = known.request.json::<EditBody>()?.into_edit()?;
        let id = sub_task_id(&path)?;
        known.view(known.service.edit_sub_task(&known.cx, id, &edit, depends_on)?)
    })
    .await
}

/// Takes a pending sub-task. Claiming one's own again is harmless.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), request_body = StartBody, responses((status = 200, body = SubTaskView)), security(("agent" = []), ("agent_key" = [])))]
#[post("/api/sub-tasks/{sub_task_id}/claim")]
async fn claim_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.agent(move |known, _| {
        let body: StartBody = known.request.json()?;
        let (id, session) = (sub_task_id(&path)?, body.session_id.as_deref());
        known.view(known.service.claim_sub_task(&known.cx, id, session)?)
    })
    .await
}

/// Begins, or begins again after a rejection.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), request_body = StartBody, responses((status = 200, body = SubTaskView)), security(("agent" = []), ("agent_key" = [])))]
#[post("/api/sub-tasks/{sub_task_id}/start")]
async fn start_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.agent(move |known, _| {
        let body: StartBody = known.request.json()?;
        let (id, session) = (sub_task_id(&path)?, body.session_id.as_deref());
        known.view(known.service.start_sub_task(&known.cx, id, session, body.attempt)?)
    })
    .await
}

/// Binds the owner's new runtime session.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), request_body = SessionBody, responses((status = 200, body = SubTaskView)), security(("agent" = []), ("agent_key" = [])))]
#[post("/api/sub-tasks/{sub_task_id}/session")]
async fn bind_session(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.agent(move |known, _| {
        let body: SessionBody = known.request.json()?;
        let id = sub_task_id(&path)?;
        known.view(known.service.bind_session(&known.cx, id, &body.session_id)?)
    })
    .await
}

/// Shows that the owner still works on it; the answer says whether to go on.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), request_body = HeartbeatBody, responses((status = 200, body = HeartbeatView)), security(("agent" = []), ("agent_key" = [])))]
#[post("/api/sub-tasks/{sub_task_id}/heartbeat")]
async fn heartbeat_sub_task(call: Call, path: web::Path<String>) -> Answer<HeartbeatView> {
    call.agent(move |known, _| {
        let body: HeartbeatBody = known.request.json()?;
        let id = sub_task_id(&path)?;
        let progress = body.progress.as_deref();
        let after = known.service.heartbeat_sub_task(
            &known.cx,
            id,
            progress,
            body.percent()?,
            body.attempt,
        )?;
        let stop = "The task was completed, archived or cancelled; hand in what you have and stop.";
        Ok(HeartbeatView {
            lease_expires_at: after.lease_expires_at,
            cancelled: after.held,
            stop_reason: after.held.then(|| stop.to_owned()),
        })
    })
    .await
}

/// Whether to go on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Heartbeat)]
struct HeartbeatView {
    /// Until when the claim holds now.
    #[schema(value_type = Option<vocabulary::Time>)]
    lease_expires_at: Option<Timestamp>,
    /// Whether the work should stop.
    cancelled: bool,
    /// Why.
    stop_reason: Option<String>,
}

/// Hands in. A deliverable that comes after its sender lost the sub-task is kept, and the answer
/// is 409.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), request_body = SubmitBody, responses((status = 200, body = SubTaskView)), security(("agent" = []), ("agent_key" = [])))]
#[post("/api/sub-tasks/{sub_task_id}/submit")]
async fn submit_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.agent(move |known, _| {
        let (deliverable, attempt) = known.request.json::<SubmitBody>()?.into_deliverable();
        let id = sub_task_id(&path)?;
        known.view(known.service.submit_sub_task(&known.cx, id, &deliverable, attempt)?)
    })
    .await
}

/// What was handed in, newest first; late submissions too.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path), PageQuery), responses((status = 200, body = SubmissionPage)))]
#[get("/api/sub-tasks/{sub_task_id}/submissions")]
async fn list_submissions(call: Call, path: web::Path<String>) -> Answer<SubmissionPage> {
    call.actor(move |known| {
        let page: PageQuery = known.request.query()?;
        let id = sub_task_id(&path)?;
        page.answer(|window| -> Result<Page<Submission>, Problem> {
            Ok(known.service.list_submissions(id, window)?)
        })
    })
    .await
}

/// Approves without a score; better send a review record.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), responses((status = 200, body = SubTaskView)))]
#[post("/api/sub-tasks/{sub_task_id}/complete")]
async fn complete_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.actor(move |known| {
        known.view(known.service.complete_sub_task(&known.cx, sub_task_id(&path)?)?)
    })
    .await
}

/// Sends back without a score; better send a review record.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), request_body = ReworkBody, responses((status = 200, body = SubTaskView)))]
#[post("/api/sub-tasks/{sub_task_id}/rework")]
async fn rework_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.actor(move |known| {
        let body: ReworkBody = known.request.json()?;
        let agent = optional_id("agent", body.rework_agent.as_deref())?;
        known.view(known.service.rework_sub_task(&known.cx, sub_task_id(&path)?, agent)?)
    })
    .await
}

/// Says that it cannot go on, and why.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), request_body = BlockBody, responses((status = 200, body = SubTaskView)))]
#[post("/api/sub-tasks/{sub_task_id}/block")]
async fn block_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.actor(move |known| {
        let obstacle = known.request.json::<BlockBody>()?.into_obstacle();
        known.view(known.service.block_sub_task(&known.cx, sub_task_id(&path)?, &obstacle)?)
    })
    .await
}

/// Puts an assigned sub-task back into the queue.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), responses((status = 200, body = SubTaskView)))]
#[post("/api/sub-tasks/{sub_task_id}/release")]
async fn release_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.actor(move |known| {
        known.view(known.service.release_sub_task(&known.cx, sub_task_id(&path)?)?)
    })
    .await
}

/// Puts a blocked sub-task back into the queue.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), responses((status = 200, body = SubTaskView)))]
#[post("/api/sub-tasks/{sub_task_id}/requeue")]
async fn requeue_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.actor(move |known| {
        known.view(known.service.requeue_sub_task(&known.cx, sub_task_id(&path)?)?)
    })
    .await
}

/// Does finished or cancelled work again.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), responses((status = 200, body = SubTaskView)))]
#[post("/api/sub-tasks/{sub_task_id}/reopen")]
async fn reopen_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.actor(move |known| {
        known.view(known.service.reopen_sub_task(&known.cx, sub_task_id(&path)?)?)
    })
    .await
}

/// Gives it to another executor.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), request_body = ReassignBody, responses((status = 200, body = SubTaskView)))]
#[post("/api/sub-tasks/{sub_task_id}/reassign")]
async fn reassign_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.actor(move |known| {
        let body: ReassignBody = known.request.json()?;
        let to = id("agent", &body.agent_id)?;
        known.view(known.service.reassign_sub_task(&known.cx, sub_task_id(&path)?, to)?)
    })
    .await
}

/// Gives it up.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), responses((status = 200, body = SubTaskView)))]
#[post("/api/sub-tasks/{sub_task_id}/cancel")]
async fn cancel_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.actor(move |known| {
        known.view(known.service.cancel_sub_task(&known.cx, sub_task_id(&path)?)?)
    })
    .await
}

pub(crate) fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    // Fixed names before the id, which would match them too.
    config
        .service(create_sub_task)
        .service(list_sub_tasks)
        .service(list_my_sub_tasks)
        .service(list_available_sub_tasks)
        .service(find_latest_sub_task)
        .service(claim_next_sub_task)
        .service(find_sub_task)
        .service(edit_sub_task)
        .service(claim_sub_task)
        .service(start_sub_task)
        .service(bind_session)
        .service(heartbeat_sub_task)
        .service(submit_sub_task)
        .service(list_submissions)
        .service(complete_sub_task)
        .service(rework_sub_task)
        .service(block_sub_task)
        .service(release_sub_task)
        .service(requeue_sub_task)
        .service(reopen_sub_task)
        .service(reassign_sub_task)
        .service(cancel_sub_task);
}
