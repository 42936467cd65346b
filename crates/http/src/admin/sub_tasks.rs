//! Sub-tasks as an admin reads them.

use actix_web::{get, web};
use openmoss_domain::sub_task::{BlockedCause, Priority, Progress, Status, WorkKind};
use openmoss_domain::waiting::WaitingFor;
use openmoss_domain::{
    Action, AgentId, Keyword, ModuleId, SortOrder, SubTask, SubTaskId, SubTaskSort, TaskId,
    Timestamp,
};
use openmoss_service::sub_task::{Filter, ListedSubTask, Search, WholeSubTask};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::{Answer, Call, Known};
use crate::input::{FilterValue, id, keyword};
use crate::page::{AdminPageQuery, PageView};
use crate::problem::Problem;
use crate::recurrence::SeriesView;
use crate::reviews::ReviewView;
use crate::sub_tasks::views::{BlockedCauseView, ProgressView, SubmissionView, WaitingForView};
use crate::vocabulary;

/// A sub-task in an admin's list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminSubTask)]
struct ListedView {
    #[schema(value_type = uuid::Uuid)]
    id: SubTaskId,
    #[schema(value_type = uuid::Uuid)]
    task_id: TaskId,
    task_name: String,
    #[schema(value_type = Option<uuid::Uuid>)]
    module_id: Option<ModuleId>,
    module_name: Option<String>,
    name: String,
    description: String,
    #[serde(rename = "type")]
    #[schema(value_type = vocabulary::WorkKind)]
    kind: WorkKind,
    #[schema(value_type = vocabulary::SubTaskStatus)]
    status: Status,
    #[schema(value_type = vocabulary::Priority)]
    priority: Priority,
    /// The owner.
    #[schema(value_type = Option<uuid::Uuid>)]
    assigned_agent: Option<AgentId>,
    assigned_agent_name: Option<String>,
    current_session_id: Option<String>,
    rework_count: u32,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
    #[schema(value_type = vocabulary::Time)]
    updated_at: Timestamp,
    #[schema(value_type = Option<vocabulary::Time>)]
    completed_at: Option<Timestamp>,
}

impl From<ListedSubTask> for ListedView {
    fn from(listed: ListedSubTask) -> Self {
        let one = listed.sub_task;
        Self {
            id: one.id,
            task_id: one.task_id,
            task_name: listed.task_name,
            module_id: one.module_id,
            module_name: listed.module_name,
            name: one.name,
            description: one.description,
            kind: one.kind,
            status: one.status,
            priority: one.priority,
            assigned_agent: one.owner,
            assigned_agent_name: listed.owner_name,
            current_session_id: one.session_id,
            rework_count: one.rework_count,
            created_at: one.created_at,
            updated_at: one.updated_at,
            completed_at: one.completed_at,
        }
    }
}

type ListedPage = PageView<ListedView>;

/// A sub-task that comes before or after another.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RelatedSubTask)]
struct RelatedView {
    #[schema(value_type = uuid::Uuid)]
    id: SubTaskId,
    name: String,
    #[schema(value_type = vocabulary::SubTaskStatus)]
    status: Status,
}

impl From<SubTask> for RelatedView {
    fn from(one: SubTask) -> Self {
        Self { id: one.id, name: one.name, status: one.status }
    }
}

/// A sub-task with everything around it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminSubTaskDetail)]
struct WholeView {
    #[schema(value_type = uuid::Uuid)]
    id: SubTaskId,
    #[schema(value_type = uuid::Uuid)]
    task_id: TaskId,
    task_name: String,
    #[schema(value_type = Option<uuid::Uuid>)]
    module_id: Option<ModuleId>,
    module_name: Option<String>,
    name: String,
    description: String,
    deliverable: String,
    acceptance: String,
    #[serde(rename = "type")]
    #[schema(value_type = vocabulary::WorkKind)]
    kind: WorkKind,
    #[schema(value_type = vocabulary::SubTaskStatus)]
    status: Status,
    #[schema(value_type = vocabulary::Priority)]
    priority: Priority,
    /// The owner.
    #[schema(value_type = Option<uuid::Uuid>)]
    assigned_agent: Option<AgentId>,
    assigned_agent_name: Option<String>,
    current_session_id: Option<String>,
    rework_count: u32,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
    #[schema(value_type = vocabulary::Time)]
    updated_at: Timestamp,
    #[schema(value_type = Option<vocabulary::Time>)]
    completed_at: Option<Timestamp>,
    /// Grows by one with every change.
    version: i64,
    /// Grows whenever another agent becomes the owner.
    attempt: u32,
    /// Until when the owner need not be heard of.
    #[schema(value_type = Option<vocabulary::Time>)]
    lease_expires_at: Option<Timestamp>,
    /// Why it is blocked.
    #[schema(value_type = Option<BlockedCauseView>)]
    blocked_cause: Option<BlockedCause>,
    /// What the owner last said.
    #[schema(value_type = Option<ProgressView>)]
    progress: Option<Progress>,
    /// Why it does not move; null when it is over.
    #[schema(value_type = Option<WaitingForView>)]
    waiting_for: Option<WaitingFor>,
    /// What the admin can do with it now.
    #[schema(value_type = Vec<vocabulary::SubTaskAction>)]
    allowed_actions: Vec<Action>,
    /// Which round of recurring work it is; null if it is none.
    round: Option<u32>,
    /// The schedule on which it comes round again.
    recurrence: Option<SeriesView>,
    /// What must be done before it, at most 200.
    depends_on: Vec<RelatedView>,
    /// What waits for it, at most 200.
    dependents: Vec<RelatedView>,
    /// What was handed in, newest first, at most 50.
    submissions: Vec<SubmissionView>,
    /// How it was judged, newest first, at most 50.
    reviews: Vec<ReviewView>,
}

impl From<WholeSubTask> for WholeView {
    fn from(whole: WholeSubTask) -> Self {
        let one = whole.listed.sub_task;
        Self {
            id: one.id,
            task_id: one.task_id,
            task_name: whole.listed.task_name,
            module_id: one.module_id,
            module_name: whole.listed.module_name,
            name: one.name,
            description: one.description,
            deliverable: one.deliverable,
            acceptance: one.acceptance,
            kind: one.kind,
            status: one.status,
            priority: one.priority,
            assigned_agent: one.owner,
            assigned_agent_name: whole.listed.owner_name,
            current_session_id: one.session_id,
            rework_count: one.rework_count,
            created_at: one.created_at,
            updated_at: one.updated_at,
            completed_at: one.completed_at,
            version: one.version.get(),
            attempt: one.attempt,
            lease_expires_at: one.lease_expires_at,
            blocked_cause: one.blocked,
            progress: one.progress,
            waiting_for: whole.seen.waiting_for,
            allowed_actions: whole.seen.allowed_actions,
            round: whole.seen.round.map(|round| round.number),
            recurrence: whole.seen.series.map(SeriesView::from),
            depends_on: whole.prerequisites.into_iter().map(RelatedView::from).collect(),
            dependents: whole.dependents.into_iter().map(RelatedView::from).collect(),
            submissions: whole.submissions.into_iter().map(SubmissionView::from).collect(),
            reviews: whole.reviews.into_iter().map(ReviewView::from).collect(),
        }
    }
}

/// Of which task and module.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PlaceQuery {
    /// Of this task.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    task_id: FilterValue<TaskId>,
    /// Of this module.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    module_id: FilterValue<ModuleId>,
}

/// Of which module.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ModuleQuery {
    /// Of this module.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    module_id: FilterValue<ModuleId>,
}

/// Which sub-tasks, in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SearchQuery {
    /// In this status.
    #[param(inline, required = false, value_type = vocabulary::SubTaskStatus)]
    status: Option<Status>,
    /// Of this owner.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    assigned_agent: FilterValue<AgentId>,
    /// Of this priority.
    #[param(inline, required = false, value_type = vocabulary::Priority)]
    priority: Option<Priority>,
    /// Once or recurring.
    #[serde(rename = "type")]
    #[param(inline, required = false, value_type = vocabulary::WorkKind)]
    kind: Option<WorkKind>,
    /// With this in name or description, in either case.
    #[serde(default, deserialize_with = "keyword")]
    #[param(value_type = Option<String>, max_length = 500)]
    keyword: Option<Keyword>,
    /// Sorted by this; by when they were created unless said otherwise.
    #[param(inline, required = false, value_type = vocabulary::SubTaskSort)]
    sort_by: Option<SubTaskSort>,
    /// Which end comes first; the largest or newest unless said otherwise.
    #[param(inline, required = false, value_type = vocabulary::SortOrder)]
    sort_order: Option<SortOrder>,
}

impl SearchQuery {
    /// The search in one place; none if nobody can own what is searched for.
    fn within(self, task_id: Option<TaskId>, module_id: Option<ModuleId>) -> Option<Search> {
        let owner = self.assigned_agent.optional().ok()?;
        Some(Search {
            filter: Filter { task_id, module_id, owner, status: self.status },
            priority: self.priority,
            kind: self.kind,
            keyword: self.keyword,
            sort: self.sort_by.unwrap_or(SubTaskSort::CreatedAt),
            order: self.sort_order.unwrap_or(SortOrder::Desc),
        })
    }
}

/// A task or module that a list is filtered by; a malformed id is that of none.
fn place<T>(kind: &'static str, asked: FilterValue<T>) -> Result<Option<T>, Problem>
where
    T: std::str::FromStr,
{
    asked.optional().map_err(|()| openmoss_service::ServiceError::NotFound { kind }.into())
}

fn answer(
    known: &Known<'_>,
    task_id: Option<TaskId>,
    module_id: Option<ModuleId>,
) -> Result<ListedPage, Problem> {
    let (page, asked): (AdminPageQuery, SearchQuery) = known.request.list_query()?;
    page.answer(|window| {
        let Some(search) = asked.within(task_id, module_id) else {
            return Ok(openmoss_service::Page::empty());
        };
        Ok(known.service.search_sub_tasks(&search, window)?)
    })
}

/// Sub-tasks of all tasks.
#[utoipa::path(tag = "Admin", params(PlaceQuery, SearchQuery, AdminPageQuery), responses((status = 200, body = ListedPage)), security(("admin" = [])))]
#[get("/api/admin/sub-tasks")]
async fn search_sub_tasks(call: Call) -> Answer<ListedPage> {
    call.admin(|known| {
        let asked: PlaceQuery = known.request.query()?;
        answer(known, place("task", asked.task_id)?, place("module", asked.module_id)?)
    })
    .await
}

/// Sub-tasks of a task.
#[utoipa::path(tag = "Admin", params(("task_id" = String, Path), ModuleQuery, SearchQuery, AdminPageQuery), responses((status = 200, body = ListedPage)), security(("admin" = [])))]
#[get("/api/admin/tasks/{task_id}/sub-tasks")]
async fn search_sub_tasks_of_task(call: Call, path: web::Path<String>) -> Answer<ListedPage> {
    call.admin(move |known| {
        let asked: ModuleQuery = known.request.query()?;
        answer(known, Some(id("task", &path)?), place("module", asked.module_id)?)
    })
    .await
}

/// Sub-tasks of a module.
#[utoipa::path(tag = "Admin", params(("module_id" = String, Path), SearchQuery, AdminPageQuery), responses((status = 200, body = ListedPage)), security(("admin" = [])))]
#[get("/api/admin/modules/{module_id}/sub-tasks")]
async fn search_sub_tasks_of_module(call: Call, path: web::Path<String>) -> Answer<ListedPage> {
    call.admin(move |known| answer(known, None, Some(id("module", &path)?))).await
}

/// A sub-task with everything around it.
#[utoipa::path(tag = "Admin", params(("sub_task_id" = String, Path)), responses((status = 200, body = WholeView)), security(("admin" = [])))]
#[get("/api/admin/sub-tasks/{sub_task_id}")]
async fn find_whole_sub_task(call: Call, path: web::Path<String>) -> Answer<WholeView> {
    call.admin(move |known| {
        let id = id("sub_task", &path)?;
        Ok(known.service.find_whole_sub_task(known.cx.actor, id)?.into())
    })
    .await
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(search_sub_tasks)
        .service(search_sub_tasks_of_task)
        .service(search_sub_tasks_of_module)
        .service(find_whole_sub_task);
}
