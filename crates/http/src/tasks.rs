//! Tasks, modules and plans over HTTP.

use actix_web::{get, post, put, web};
use openmoss_domain::plan::{Plan, PlannedModule, PlannedSubTask};
use openmoss_domain::sub_task::{Draft, Priority, WorkKind};
use openmoss_domain::{
    FieldError, Module, ModuleId, SubTaskId, Task, TaskId, TaskStatus, Timestamp,
};
use openmoss_service::plan::Planned;
use openmoss_service::{Context, Service, ServiceError};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use crate::call::{Answer, Call, Known};
use crate::input::{FilterValue, FromObject, id, text_or_empty};
use crate::page::{PageQuery, PageView};
use crate::problem::Problem;
use crate::recurrence::RecurrenceBody;
use crate::vocabulary;

/// A goal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Task)]
pub(crate) struct TaskView {
    #[schema(value_type = uuid::Uuid)]
    id: TaskId,
    name: String,
    description: String,
    #[serde(rename = "type")]
    #[schema(value_type = vocabulary::WorkKind)]
    kind: WorkKind,
    #[schema(value_type = vocabulary::TaskStatus)]
    status: TaskStatus,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
    #[schema(value_type = vocabulary::Time)]
    updated_at: Timestamp,
}

impl From<Task> for TaskView {
    fn from(one: Task) -> Self {
        Self {
            id: one.id,
            name: one.name,
            description: one.description,
            kind: one.kind,
            status: one.status,
            created_at: one.created_at,
            updated_at: one.updated_at,
        }
    }
}

type TaskPage = PageView<TaskView>;

/// A part of a goal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Module)]
struct ModuleView {
    #[schema(value_type = uuid::Uuid)]
    id: ModuleId,
    #[schema(value_type = uuid::Uuid)]
    task_id: TaskId,
    name: String,
    description: String,
}

impl From<Module> for ModuleView {
    fn from(one: Module) -> Self {
        Self { id: one.id, task_id: one.task_id, name: one.name, description: one.description }
    }
}

/// A new goal.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TaskCreate)]
pub(crate) struct CreateBody {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    #[serde(default, deserialize_with = "text_or_empty")]
    #[schema(value_type = Option<String>, max_length = 65_536)]
    description: String,
    #[serde(rename = "type")]
    #[schema(value_type = Option<vocabulary::WorkKind>, default = "once")]
    kind: Option<WorkKind>,
    /// The schedule on which it comes round again; this one is the first round.
    #[schema(value_type = Option<RecurrenceBody>)]
    recurrence: Option<FromObject<RecurrenceBody>>,
}

impl CreateBody {
    pub(crate) fn create(self, service: &Service, cx: &Context) -> Result<Task, ServiceError> {
        let kind = self.kind.unwrap_or(WorkKind::Once);
        let recurrence = self.recurrence.map(|FromObject(body)| body.into());
        service.create_recurring_task(cx, &self.name, &self.description, kind, recurrence)
    }
}

/// A change; absent or null fields are kept, and so is a name for an empty one.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TaskEdit)]
struct EditBody {
    #[schema(max_length = 200)]
    name: Option<String>,
    #[schema(max_length = 65_536)]
    description: Option<String>,
}

/// The new status.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TaskStatusChange)]
pub(crate) struct StatusBody {
    #[schema(schema_with = settable_status)]
    status: TaskStatus,
}

impl StatusBody {
    pub(crate) fn into_status(self) -> Result<TaskStatus, Problem> {
        if self.status == TaskStatus::Cancelled {
            return Err(Problem::field("status", "cannot be cancelled here; POST to …/cancel"));
        }
        Ok(self.status)
    }
}

/// Every status but `cancelled`, which has an endpoint of its own.
fn settable_status() -> Object {
    let settable = TaskStatus::ALL.iter().filter(|status| **status != TaskStatus::Cancelled);
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(settable.map(|status| status.as_str())))
        .build()
}

/// A new part of a goal.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ModuleCreate)]
struct ModuleBody {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    #[serde(default, deserialize_with = "text_or_empty")]
    #[schema(value_type = Option<String>, max_length = 65_536)]
    description: String,
}

/// In which status.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TaskQuery {
    /// In this status.
    status: Option<String>,
}

/// A whole tree of modules and sub-tasks: created all at once, or not at all.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Plan)]
pub(crate) struct PlanBody {
    #[serde(default)]
    #[schema(max_items = 200, value_type = Vec<PlanModuleBody>)]
    modules: Vec<FromObject<PlanModuleBody>>,
    /// Sub-tasks without a module.
    #[serde(default)]
    #[schema(max_items = 2000, value_type = Vec<PlanSubTaskBody>)]
    sub_tasks: Vec<FromObject<PlanSubTaskBody>>,
}

/// A module of a plan.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlanModule)]
struct PlanModuleBody {
    /// The name under which the answer names it.
    #[serde(default, rename = "ref")]
    #[schema(max_length = 200)]
    reference: String,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    #[serde(default)]
    #[schema(max_length = 65_536)]
    description: String,
    #[serde(default)]
    #[schema(value_type = Vec<PlanSubTaskBody>)]
    sub_tasks: Vec<FromObject<PlanSubTaskBody>>,
}

/// A sub-task of a plan.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlanSubTask)]
struct PlanSubTaskBody {
    /// The name by which other sub-tasks of the plan refer to it.
    #[serde(default, rename = "ref")]
    #[schema(max_length = 200)]
    reference: String,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    #[serde(default)]
    #[schema(max_length = 65_536)]
    description: String,
    /// What to hand in.
    #[serde(default)]
    #[schema(max_length = 65_536)]
    deliverable: String,
    /// How it will be judged.
    #[serde(default)]
    #[schema(max_length = 65_536)]
    acceptance: String,
    #[schema(value_type = Option<vocabulary::Priority>, default = "medium")]
    priority: Option<Priority>,
    #[serde(rename = "type")]
    #[schema(value_type = Option<vocabulary::WorkKind>, default = "once")]
    kind: Option<WorkKind>,
    /// The executor that it is given to at once.
    #[schema(format = Uuid)]
    assigned_agent: Option<String>,
    /// What its executor must be able to do, as tags such as `python`.
    #[serde(default)]
    #[schema(max_items = 16)]
    required_capabilities: Vec<String>,
    /// Refs of this plan, or ids of existing sub-tasks of the same task.
    #[serde(default)]
    #[schema(max_items = 2000)]
    depends_on: Vec<String>,
    /// The schedule on which it comes round again; this one is the first round.
    #[schema(value_type = Option<RecurrenceBody>)]
    recurrence: Option<FromObject<RecurrenceBody>>,
}

impl PlanBody {
    pub(crate) fn into_plan(self) -> Result<Plan, Problem> {
        let mut plan = Plan::default();
        let mut errors = Vec::new();
        for (index, FromObject(module)) in self.modules.into_iter().enumerate() {
            for (inner, FromObject(body)) in module.sub_tasks.into_iter().enumerate() {
                let place = format!("modules[{index}].sub_tasks[{inner}]");
                plan.sub_tasks.push(body.into_planned(place, Some(index), &mut errors));
            }
            plan.modules.push(PlannedModule {
                reference: module.reference,
                name: module.name,
                description: module.description,
            });
        }
        for (index, FromObject(body)) in self.sub_tasks.into_iter().enumerate() {
            plan.sub_tasks.push(body.into_planned(
                format!("sub_tasks[{index}]"),
                None,
                &mut errors,
            ));
        }
        if errors.is_empty() { Ok(plan) } else { Err(Problem::invalid(errors)) }
    }
}

impl PlanSubTaskBody {
    fn into_planned(
        self,
        place: String,
        module: Option<usize>,
        errors: &mut Vec<FieldError>,
    ) -> PlannedSubTask {
        let agent = self.assigned_agent.as_deref().filter(|text| !text.is_empty());
        let assigned_agent = agent.and_then(|text| text.parse().ok());
        if agent.is_some() && assigned_agent.is_none() {
            let field = format!("{place}.assigned_agent");
            errors.push(FieldError::new(field, "is not the id of an agent"));
        }
        PlannedSubTask {
            place,
            reference: self.reference,
            module,
            draft: Draft {
                name: self.name,
                description: self.description,
                deliverable: self.deliverable,
                acceptance: self.acceptance,
                kind: self.kind.unwrap_or(WorkKind::Once),
                priority: self.priority.unwrap_or(Priority::Medium),
                recurrence: self.recurrence.map(|FromObject(body)| body.into()),
                required_capabilities: self.required_capabilities,
            },
            assigned_agent,
            depends_on: self.depends_on,
        }
    }
}

/// What a plan became.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlanCreated)]
struct PlannedView {
    #[schema(value_type = uuid::Uuid)]
    task_id: TaskId,
    modules: Vec<PlannedModuleView>,
    sub_tasks: Vec<PlannedSubTaskView>,
}

/// A module that a plan became.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlanCreatedModule)]
struct PlannedModuleView {
    #[serde(rename = "ref")]
    reference: String,
    #[schema(value_type = uuid::Uuid)]
    id: ModuleId,
    name: String,
}

/// A sub-task that a plan became.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlanCreatedSubTask)]
struct PlannedSubTaskView {
    #[serde(rename = "ref")]
    reference: String,
    #[schema(value_type = uuid::Uuid)]
    id: SubTaskId,
    name: String,
    #[schema(value_type = Option<uuid::Uuid>)]
    module_id: Option<ModuleId>,
    #[schema(value_type = vocabulary::SubTaskStatus)]
    status: openmoss_domain::sub_task::Status,
    #[schema(value_type = Vec<uuid::Uuid>)]
    depends_on: Vec<SubTaskId>,
}

impl From<Planned> for PlannedView {
    fn from(planned: Planned) -> Self {
        let module = |(reference, one): (String, Module)| PlannedModuleView {
            reference,
            id: one.id,
            name: one.name,
        };
        let sub_task = |one: openmoss_service::plan::PlannedSubTask| PlannedSubTaskView {
            reference: one.reference,
            id: one.sub_task.id,
            name: one.sub_task.name,
            module_id: one.sub_task.module_id,
            status: one.sub_task.status,
            depends_on: one.depends_on,
        };
        Self {
            task_id: planned.task_id,
            modules: planned.modules.into_iter().map(module).collect(),
            sub_tasks: planned.sub_tasks.into_iter().map(sub_task).collect(),
        }
    }
}

fn task_id(path: &web::Path<String>) -> Result<TaskId, Problem> {
    id("task", path)
}

/// States a goal; it begins in `planning`.
#[utoipa::path(tag = "Tasks", request_body = CreateBody, responses((status = 200, body = TaskView)))]
#[post("/api/tasks")]
async fn create_task(call: Call) -> Answer<TaskView> {
    call.actor(create).await
}

/// The same for an admin, beside the admin's list.
#[utoipa::path(tag = "Admin", request_body = CreateBody, responses((status = 200, body = TaskView)), security(("admin" = [])))]
#[post("/api/admin/tasks")]
async fn create_task_as_admin(call: Call) -> Answer<TaskView> {
    call.admin(create).await
}

fn create(known: &Known<'_>) -> Result<TaskView, Problem> {
    Ok(known.request.json::<CreateBody>()?.create(known.service, &known.cx)?.into())
}

/// Tasks, newest first.
#[utoipa::path(tag = "Tasks", params(TaskQuery, PageQuery), responses((status = 200, body = TaskPage)))]
#[get("/api/tasks")]
async fn list_tasks(call: Call) -> Answer<TaskPage> {
    call.actor(|known| {
        let page: PageQuery = known.request.query()?;
        let asked: TaskQuery = known.request.query()?;
        let Ok(status) = FilterValue::parse(asked.status.as_deref()).optional() else {
            return Ok(page.answer_nothing());
        };
        page.answer(|window| Ok(known.service.list_tasks(status, window)?))
    })
    .await
}

/// One task.
#[utoipa::path(tag = "Tasks", params(("task_id" = String, Path)), responses((status = 200, body = TaskView)))]
#[get("/api/tasks/{task_id}")]
async fn find_task(call: Call, path: web::Path<String>) -> Answer<TaskView> {
    call.actor(move |known| Ok(known.service.find_task(task_id(&path)?)?.into())).await
}

/// Changes name and description; absent or null fields are kept.
#[utoipa::path(tag = "Tasks", params(("task_id" = String, Path)), request_body = EditBody, responses((status = 200, body = TaskView)))]
#[put("/api/tasks/{task_id}")]
async fn edit_task(call: Call, path: web::Path<String>) -> Answer<TaskView> {
    call.actor(move |known| {
        let body: EditBody = known.request.json()?;
        let (name, description) = (body.name.as_deref(), body.description.as_deref());
        let id = task_id(&path)?;
        Ok(known.service.edit_task(&known.cx, id, name, description)?.into())
    })
    .await
}

/// Moves a task to another status. To cancel, use the cancel endpoint.
#[utoipa::path(tag = "Tasks", params(("task_id" = String, Path)), request_body = StatusBody, responses((status = 200, body = TaskView)))]
#[put("/api/tasks/{task_id}/status")]
async fn move_task(call: Call, path: web::Path<String>) -> Answer<TaskView> {
    call.actor(move |known| {
        let status = known.request.json::<StatusBody>()?.into_status()?;
        Ok(known.service.move_task(&known.cx, task_id(&path)?, status)?.into())
    })
    .await
}

/// Gives a task up; its work is kept back from then on.
#[utoipa::path(tag = "Tasks", params(("task_id" = String, Path)), responses((status = 200, body = TaskView)))]
#[post("/api/tasks/{task_id}/cancel")]
async fn cancel_task(call: Call, path: web::Path<String>) -> Answer<TaskView> {
    call.actor(move |known| {
        let id = task_id(&path)?;
        Ok(known.service.move_task(&known.cx, id, TaskStatus::Cancelled)?.into())
    })
    .await
}

/// Adds a module; names may repeat.
#[utoipa::path(tag = "Tasks", params(("task_id" = String, Path)), request_body = ModuleBody, responses((status = 200, body = ModuleView)))]
#[post("/api/tasks/{task_id}/modules")]
async fn create_module(call: Call, path: web::Path<String>) -> Answer<ModuleView> {
    call.actor(move |known| {
        let body: ModuleBody = known.request.json()?;
        let id = task_id(&path)?;
        Ok(known.service.create_module(&known.cx, id, &body.name, &body.description)?.into())
    })
    .await
}

/// Changes a module's name and description; absent or null fields are kept.
#[utoipa::path(tag = "Tasks", params(("module_id" = String, Path)), request_body = EditBody, responses((status = 200, body = ModuleView)))]
#[put("/api/modules/{module_id}")]
async fn edit_module(call: Call, path: web::Path<String>) -> Answer<ModuleView> {
    call.actor(move |known| {
        let body: EditBody = known.request.json()?;
        let (name, description) = (body.name.as_deref(), body.description.as_deref());
        let id = id("module", &path)?;
        Ok(known.service.edit_module(&known.cx, id, name, description)?.into())
    })
    .await
}

/// The modules of a task; none for an unknown task.
#[utoipa::path(tag = "Tasks", params(("task_id" = String, Path)), responses((status = 200, body = Vec<ModuleView>)))]
#[get("/api/tasks/{task_id}/modules")]
async fn list_modules(call: Call, path: web::Path<String>) -> Answer<Vec<ModuleView>> {
    call.actor(move |known| {
        let Ok(id) = path.parse() else {
            return Ok(Vec::new());
        };
        Ok(known.service.list_modules(id)?.into_iter().map(ModuleView::from).collect())
    })
    .await
}

/// Creates a whole tree of modules and sub-tasks with their dependencies: all or nothing, and
/// every error with its place.
#[utoipa::path(tag = "Tasks", params(("task_id" = String, Path)), request_body = PlanBody, responses((status = 200, body = PlannedView)))]
#[post("/api/tasks/{task_id}/plan")]
async fn create_plan(call: Call, path: web::Path<String>) -> Answer<PlannedView> {
    call.actor(move |known| {
        let plan = known.request.json::<PlanBody>()?.into_plan()?;
        Ok(known.service.create_plan(&known.cx, task_id(&path)?, &plan)?.into())
    })
    .await
}

pub(crate) fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(create_task)
        .service(create_task_as_admin)
        .service(list_tasks)
        .service(find_task)
        .service(edit_task)
        .service(move_task)
        .service(cancel_task)
        .service(create_module)
        .service(edit_module)
        .service(list_modules)
        .service(create_plan);
}
