//! Sub-tasks over HTTP: creating, changing and reading them.

pub(crate) mod bodies;
pub(crate) mod notes;
mod steps;
pub(crate) mod views;

use actix_web::{get, post, put, web};
use openmoss_domain::SubTaskId;
use openmoss_domain::submission::Submission;
use openmoss_service::Page;
use openmoss_service::sub_task::Filter;
use serde::Deserialize;
use utoipa::IntoParams;

use bodies::{CreateBody, EditBody};
use views::{SubTaskPage, SubTaskView, SubmissionPage};

use crate::call::{Answer, Call, Known};
use crate::input::{FilterValue, id};
use crate::page::PageQuery;
use crate::problem::Problem;

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
    call.actor(create).await
}

/// The same for an admin, beside the admin's list.
#[utoipa::path(tag = "Admin", request_body = CreateBody, responses((status = 200, body = SubTaskView)), security(("admin" = [])))]
#[post("/api/admin/sub-tasks")]
async fn create_sub_task_as_admin(call: Call) -> Answer<SubTaskView> {
    call.admin(create).await
}

fn create(known: &Known<'_>) -> Result<SubTaskView, Problem> {
    let new = known.request.json::<CreateBody>()?.into_new()?;
    known.view(known.service.create_sub_task(&known.cx, &new)?)
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
    call.short_page()
        .agent(|known, agent| {
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
    call.short_page()
        .actor(|known| {
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
    call.short()
        .agent(|known, agent| {
            let asked: LatestQuery = known.request.query()?;
            let task_id = id("sub_task", &asked.task_id)?;
            Ok(known.service.find_latest_sub_task(agent.actor(), agent.id, task_id)?.into())
        })
        .await
}

/// One sub-task.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), responses((status = 200, body = SubTaskView)))]
#[get("/api/sub-tasks/{sub_task_id}")]
async fn find_sub_task(call: Call, path: web::Path<String>) -> Answer<SubTaskView> {
    call.short()
        .actor(move |known| {
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

pub(crate) fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    // Fixed names before the id, which would match them too.
    config
        .service(create_sub_task)
        .service(create_sub_task_as_admin)
        .service(list_sub_tasks)
        .service(list_my_sub_tasks)
        .service(list_available_sub_tasks)
        .service(find_latest_sub_task)
        .service(steps::claim_next_sub_task)
        .service(find_sub_task)
        .service(edit_sub_task)
        .service(steps::claim_sub_task)
        .service(steps::start_sub_task)
        .service(steps::bind_session)
        .service(steps::heartbeat_sub_task)
        .service(steps::submit_sub_task)
        .service(list_submissions)
        .service(notes::add_note)
        .service(notes::list_notes)
        .service(steps::complete_sub_task)
        .service(steps::rework_sub_task)
        .service(steps::block_sub_task)
        .service(steps::release_sub_task)
        .service(steps::requeue_sub_task)
        .service(steps::adopt_submission)
        .service(steps::reopen_sub_task)
        .service(steps::assign_sub_task)
        .service(steps::reassign_sub_task)
        .service(steps::cancel_sub_task);
}
