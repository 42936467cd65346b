//! Tasks and modules as an admin reads them.

use actix_web::{get, web};
use openmoss_domain::sub_task::{Status, WorkKind};
use openmoss_domain::{
    Keyword, ModuleId, ModuleSort, SortOrder, TaskId, TaskSort, TaskStatus, Timestamp,
};
use openmoss_service::task::{ListedModule, ListedTask, Search};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::{Answer, Call};
use crate::input::{id, keyword};
use crate::page::{AdminPageQuery, PageView};
use crate::vocabulary;

/// A goal, and how much work is in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminTask)]
struct TaskView {
    #[schema(value_type = uuid::Uuid)]
    id: TaskId,
    name: String,
    description: String,
    #[serde(rename = "type")]
    #[schema(value_type = vocabulary::WorkKind)]
    kind: WorkKind,
    #[schema(value_type = vocabulary::TaskStatus)]
    status: TaskStatus,
    module_count: i64,
    sub_task_count: i64,
    pending_count: i64,
    assigned_count: i64,
    in_progress_count: i64,
    review_count: i64,
    rework_count: i64,
    blocked_count: i64,
    done_count: i64,
    cancelled_count: i64,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
    #[schema(value_type = vocabulary::Time)]
    updated_at: Timestamp,
}

impl From<ListedTask> for TaskView {
    fn from(listed: ListedTask) -> Self {
        let (one, work) = (listed.task, listed.work);
        Self {
            id: one.id,
            name: one.name,
            description: one.description,
            kind: one.kind,
            status: one.status,
            module_count: listed.modules,
            sub_task_count: work.all(),
            pending_count: work.of(Status::Pending),
            assigned_count: work.of(Status::Assigned),
            in_progress_count: work.of(Status::InProgress),
            review_count: work.of(Status::Review),
            rework_count: work.of(Status::Rework),
            blocked_count: work.of(Status::Blocked),
            done_count: work.of(Status::Done),
            cancelled_count: work.of(Status::Cancelled),
            created_at: one.created_at,
            updated_at: one.updated_at,
        }
    }
}

type TaskPage = PageView<TaskView>;

/// A part of a goal, and how much work is in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminModule)]
struct ModuleView {
    #[schema(value_type = uuid::Uuid)]
    id: ModuleId,
    #[schema(value_type = uuid::Uuid)]
    task_id: TaskId,
    task_name: String,
    name: String,
    description: String,
    sub_task_count: i64,
    pending_count: i64,
    assigned_count: i64,
    in_progress_count: i64,
    review_count: i64,
    rework_count: i64,
    blocked_count: i64,
    done_count: i64,
    cancelled_count: i64,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
}

impl From<ListedModule> for ModuleView {
    fn from(listed: ListedModule) -> Self {
        let (one, work) = (listed.module, listed.work);
        Self {
            id: one.id,
            task_id: one.task_id,
            task_name: listed.task_name,
            name: one.name,
            description: one.description,
            sub_task_count: work.all(),
            pending_count: work.of(Status::Pending),
            assigned_count: work.of(Status::Assigned),
            in_progress_count: work.of(Status::InProgress),
            review_count: work.of(Status::Review),
            rework_count: work.of(Status::Rework),
            blocked_count: work.of(Status::Blocked),
            done_count: work.of(Status::Done),
            cancelled_count: work.of(Status::Cancelled),
            created_at: one.created_at,
        }
    }
}

type ModulePage = PageView<ModuleView>;

/// Which tasks, in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TaskQuery {
    /// In this status.
    #[param(inline, required = false, value_type = vocabulary::TaskStatus)]
    status: Option<TaskStatus>,
    /// Once or recurring.
    #[serde(rename = "type")]
    #[param(inline, required = false, value_type = vocabulary::WorkKind)]
    kind: Option<WorkKind>,
    /// With this in name or description, in either case.
    #[serde(default, deserialize_with = "keyword")]
    #[param(value_type = Option<String>, max_length = 500)]
    keyword: Option<Keyword>,
    /// Sorted by this; by when they were created unless said otherwise.
    #[param(inline, required = false, value_type = vocabulary::TaskSort)]
    sort_by: Option<TaskSort>,
    /// Which end comes first; the largest or newest unless said otherwise.
    #[param(inline, required = false, value_type = vocabulary::SortOrder)]
    sort_order: Option<SortOrder>,
}

/// In which order.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ModuleQuery {
    /// Sorted by this; by when they were created unless said otherwise.
    #[param(inline, required = false, value_type = vocabulary::ModuleSort)]
    sort_by: Option<ModuleSort>,
    /// Which end comes first; the largest or newest unless said otherwise.
    #[param(inline, required = false, value_type = vocabulary::SortOrder)]
    sort_order: Option<SortOrder>,
}

/// Tasks, with how much work is in each.
#[utoipa::path(tag = "Admin", params(TaskQuery, AdminPageQuery), responses((status = 200, body = TaskPage)), security(("admin" = [])))]
#[get("/api/admin/tasks")]
async fn search_tasks(call: Call) -> Answer<TaskPage> {
    call.admin(|known| {
        let (page, asked): (AdminPageQuery, TaskQuery) = known.request.list_query()?;
        let search = Search {
            status: asked.status,
            kind: asked.kind,
            keyword: asked.keyword,
            sort: asked.sort_by.unwrap_or(TaskSort::CreatedAt),
            order: asked.sort_order.unwrap_or(SortOrder::Desc),
        };
        page.answer(|window| Ok(known.service.search_tasks(&search, window)?))
    })
    .await
}

/// One task, with how much work is in it.
#[utoipa::path(tag = "Admin", params(("task_id" = String, Path)), responses((status = 200, body = TaskView)), security(("admin" = [])))]
#[get("/api/admin/tasks/{task_id}")]
async fn find_listed_task(call: Call, path: web::Path<String>) -> Answer<TaskView> {
    call.admin(move |known| Ok(known.service.find_listed_task(id("task", &path)?)?.into())).await
}

/// Modules of a task, with how much work is in each.
#[utoipa::path(tag = "Admin", params(("task_id" = String, Path), ModuleQuery, AdminPageQuery), responses((status = 200, body = ModulePage)), security(("admin" = [])))]
#[get("/api/admin/tasks/{task_id}/modules")]
async fn search_modules(call: Call, path: web::Path<String>) -> Answer<ModulePage> {
    call.admin(move |known| {
        let (page, asked): (AdminPageQuery, ModuleQuery) = known.request.list_query()?;
        let sort = asked.sort_by.unwrap_or(ModuleSort::CreatedAt);
        let order = (sort, asked.sort_order.unwrap_or(SortOrder::Desc));
        let of = id("task", &path)?;
        page.answer(|window| Ok(known.service.search_modules(of, order, window)?))
    })
    .await
}

/// One module, with how much work is in it.
#[utoipa::path(tag = "Admin", params(("module_id" = String, Path)), responses((status = 200, body = ModuleView)), security(("admin" = [])))]
#[get("/api/admin/modules/{module_id}")]
async fn find_listed_module(call: Call, path: web::Path<String>) -> Answer<ModuleView> {
    call.admin(move |known| Ok(known.service.find_listed_module(id("module", &path)?)?.into()))
        .await
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(search_tasks)
        .service(find_listed_task)
        .service(search_modules)
        .service(find_listed_module);
}
