//! The steps of a sub-task's life over HTTP.

use actix_web::{post, web};
use openmoss_service::sub_task::NextClaim;

use crate::call::{Answer, Call};
use crate::input::{id, optional_id};
use crate::sub_tasks::bodies::{
    AdoptBody, BlockBody, ClaimNextBody, HeartbeatBody, ReassignBody, ReworkBody, SessionBody,
    StartBody, SubmitBody,
};
use crate::sub_tasks::sub_task_id;
use crate::sub_tasks::views::{ClaimNextView, HeartbeatView, SubTaskView};

/// Takes the sub-task that should be done next: one call instead of a list and a claim.
#[utoipa::path(tag = "Sub-tasks", request_body = ClaimNextBody, responses((status = 200, body = ClaimNextView)), security(("agent" = []), ("agent_key" = [])))]
#[post("/api/sub-tasks/claim-next")]
pub(super) async fn claim_next_sub_task(call: Call) -> Answer<ClaimNextView> {
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

/// Takes a pending sub-task. Claiming one's own again is harmless.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), request_body = StartBody, responses((status = 200, body = SubTaskView)), security(("agent" = []), ("agent_key" = [])))]
#[post("/api/sub-tasks/{sub_task_id}/claim")]
pub(super) async fn claim_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
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
pub(super) async fn start_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
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
pub(super) async fn bind_session(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
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
pub(super) async fn heartbeat_sub_task(
    call: Call,
    path: web::Path<String>,
) -> Answer<HeartbeatView> {
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
        HeartbeatView::of(known.service, &after)
    })
    .await
}

/// Hands in. A deliverable that comes after its sender lost the sub-task is kept, and the answer
/// is 409.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), request_body = SubmitBody, responses((status = 200, body = SubTaskView)), security(("agent" = []), ("agent_key" = [])))]
#[post("/api/sub-tasks/{sub_task_id}/submit")]
pub(super) async fn submit_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.agent(move |known, _| {
        let mut body: SubmitBody = known.request.json()?;
        let usage = body.take_usage()?;
        let (deliverable, attempt) = body.into_deliverable();
        let (id, cx) = (sub_task_id(&path)?, &known.cx);
        known.view(known.service.submit_with_usage(cx, id, &deliverable, attempt, usage)?)
    })
    .await
}

/// Approves without a score; better send a review record.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), responses((status = 200, body = SubTaskView)))]
#[post("/api/sub-tasks/{sub_task_id}/complete")]
pub(super) async fn complete_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.actor(move |known| {
        known.view(known.service.complete_sub_task(&known.cx, sub_task_id(&path)?)?)
    })
    .await
}

/// Sends back without a score; better send a review record.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), request_body = ReworkBody, responses((status = 200, body = SubTaskView)))]
#[post("/api/sub-tasks/{sub_task_id}/rework")]
pub(super) async fn rework_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
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
pub(super) async fn block_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.actor(move |known| {
        let obstacle = known.request.json::<BlockBody>()?.into_obstacle();
        known.view(known.service.block_sub_task(&known.cx, sub_task_id(&path)?, &obstacle)?)
    })
    .await
}

/// Puts an assigned sub-task back into the queue.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), responses((status = 200, body = SubTaskView)))]
#[post("/api/sub-tasks/{sub_task_id}/release")]
pub(super) async fn release_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.actor(move |known| {
        known.view(known.service.release_sub_task(&known.cx, sub_task_id(&path)?)?)
    })
    .await
}

/// Puts a blocked sub-task back into the queue.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), responses((status = 200, body = SubTaskView)))]
#[post("/api/sub-tasks/{sub_task_id}/requeue")]
pub(super) async fn requeue_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.actor(move |known| {
        known.view(known.service.requeue_sub_task(&known.cx, sub_task_id(&path)?)?)
    })
    .await
}

/// Puts into review what a former owner handed in too late. Its sender is the owner again; whoever
/// has the sub-task now loses it.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), request_body = AdoptBody, responses((status = 200, body = SubTaskView)))]
#[post("/api/sub-tasks/{sub_task_id}/adopt")]
pub(super) async fn adopt_submission(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.actor(move |known| {
        let body: AdoptBody = known.request.json()?;
        let (id, late) = (sub_task_id(&path)?, id("submission", &body.submission_id)?);
        known.view(known.service.adopt_submission(&known.cx, id, late)?)
    })
    .await
}

/// Does finished or cancelled work again.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), responses((status = 200, body = SubTaskView)))]
#[post("/api/sub-tasks/{sub_task_id}/reopen")]
pub(super) async fn reopen_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.actor(move |known| {
        known.view(known.service.reopen_sub_task(&known.cx, sub_task_id(&path)?)?)
    })
    .await
}

/// Gives a pending one to an executor.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), request_body = ReassignBody, responses((status = 200, body = SubTaskView)))]
#[post("/api/sub-tasks/{sub_task_id}/assign")]
pub(super) async fn assign_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.actor(move |known| {
        let body: ReassignBody = known.request.json()?;
        let to = id("agent", &body.agent_id)?;
        known.view(known.service.assign_sub_task(&known.cx, sub_task_id(&path)?, to)?)
    })
    .await
}

/// Gives it to another executor.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), request_body = ReassignBody, responses((status = 200, body = SubTaskView)))]
#[post("/api/sub-tasks/{sub_task_id}/reassign")]
pub(super) async fn reassign_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
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
pub(super) async fn cancel_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.actor(move |known| {
        known.view(known.service.cancel_sub_task(&known.cx, sub_task_id(&path)?)?)
    })
    .await
}
