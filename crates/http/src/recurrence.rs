//! Work that comes round again, over HTTP: its schedule, its rounds, pause, resume and end.

use actix_web::{delete, get, post, put, web};
use openmoss_domain::recurrence::{CatchUp, Overlap, Recurrence};
use openmoss_domain::series::{Rounds, Series as Domain, SeriesEdit};
use openmoss_domain::sub_task::Priority;
use openmoss_domain::{SeriesId, SubTaskId, Task, TaskId, Timestamp};
use openmoss_service::Page;
use openmoss_service::series::{Round, RoundId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::{Answer, Call};
use crate::input::{FromObject, id, text_or_empty};
use crate::page::{PageQuery, PageView};
use crate::problem::Problem;
use crate::sub_tasks::views::SubTaskPage;
use crate::tasks::TaskView;
use crate::vocabulary;

/// A schedule on which work comes round again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RecurrenceSet)]
pub(crate) struct RecurrenceBody {
    /// Five fields: minute, hour, day of the month, month, day of the week.
    #[schema(min_length = 1, max_length = 100, example = "0 9 * * 1-5")]
    cron: String,
    /// The IANA name of the zone in whose time it is meant; `server.timezone` if absent.
    #[serde(default, deserialize_with = "text_or_empty")]
    #[schema(value_type = Option<String>, example = "Asia/Shanghai")]
    timezone: String,
    /// What happens when the last round still runs.
    #[schema(value_type = Option<vocabulary::Overlap>, default = "skip")]
    overlap: Option<Overlap>,
    /// What happens to rounds that were due while the server was away.
    #[schema(value_type = Option<vocabulary::CatchUp>, default = "one")]
    catch_up: Option<CatchUp>,
    /// No round is due after this.
    #[schema(value_type = Option<vocabulary::Time>)]
    until: Option<Timestamp>,
}

impl From<RecurrenceBody> for Recurrence {
    fn from(body: RecurrenceBody) -> Self {
        Self {
            cron: body.cron,
            timezone: body.timezone,
            overlap: body.overlap.unwrap_or(Overlap::Skip),
            catch_up: body.catch_up.unwrap_or(CatchUp::One),
            until: body.until,
        }
    }
}

/// A change of a series; absent or null fields are kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SeriesEdit)]
struct SeriesBody {
    /// The schedule, as a whole.
    #[schema(value_type = Option<RecurrenceBody>)]
    recurrence: Option<FromObject<RecurrenceBody>>,
    /// Of the rounds to come.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    #[schema(max_length = 65_536)]
    description: Option<String>,
    #[schema(max_length = 65_536)]
    deliverable: Option<String>,
    #[schema(max_length = 65_536)]
    acceptance: Option<String>,
    #[schema(value_type = Option<vocabulary::Priority>)]
    priority: Option<Priority>,
}

/// The same for a series of tasks, which has no texts of its own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TaskSeriesEdit)]
struct TaskSeriesBody {
    /// The schedule, as a whole.
    #[schema(value_type = RecurrenceBody)]
    recurrence: FromObject<RecurrenceBody>,
}

fn recurrence(body: Option<FromObject<RecurrenceBody>>) -> Option<Recurrence> {
    body.map(|FromObject(body)| body.into())
}

/// Work that comes round again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Series)]
pub(crate) struct SeriesView {
    #[schema(value_type = uuid::Uuid)]
    id: SeriesId,
    cron: String,
    timezone: String,
    #[schema(value_type = vocabulary::Overlap)]
    overlap: Overlap,
    #[schema(value_type = vocabulary::CatchUp)]
    catch_up: CatchUp,
    /// No round is due after this.
    #[schema(value_type = Option<vocabulary::Time>)]
    until: Option<Timestamp>,
    /// Whether somebody paused it.
    paused: bool,
    /// How many rounds there were.
    round_count: u32,
    /// When rounds are due next, at most five; none while it is paused or over.
    #[schema(value_type = Vec<vocabulary::Time>)]
    next_times: Vec<Timestamp>,
    /// Since when a round waits for the last one to be over.
    #[schema(value_type = Option<vocabulary::Time>)]
    queued_since: Option<Timestamp>,
    /// What each round is made of; null for tasks, each of which is made like the one before.
    template: Option<TemplateView>,
}

/// What each round is made of.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SeriesTemplate)]
struct TemplateView {
    name: String,
    description: String,
    deliverable: String,
    acceptance: String,
    #[schema(value_type = vocabulary::Priority)]
    priority: Priority,
    /// The executor that each round is given to.
    #[schema(value_type = Option<uuid::Uuid>)]
    assigned_agent: Option<openmoss_domain::AgentId>,
}

impl From<Domain> for SeriesView {
    fn from(one: Domain) -> Self {
        let next_times = one.next_times();
        let template = match one.rounds {
            Rounds::Tasks => None,
            Rounds::SubTasks { template, .. } => Some(TemplateView {
                name: template.draft.name,
                description: template.draft.description,
                deliverable: template.draft.deliverable,
                acceptance: template.draft.acceptance,
                priority: template.draft.priority,
                assigned_agent: template.assigned_agent,
            }),
        };
        Self {
            id: one.id,
            cron: one.recurrence.cron,
            timezone: one.recurrence.timezone,
            overlap: one.recurrence.overlap,
            catch_up: one.recurrence.catch_up,
            until: one.recurrence.until,
            paused: one.is_paused,
            round_count: one.round,
            next_times,
            queued_since: one.pending.queued,
            template,
        }
    }
}

/// A task as a round.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskRound)]
struct TaskRoundView {
    /// Its number; the first has 1.
    round: u32,
    /// When it was due.
    #[schema(value_type = vocabulary::Time)]
    due: Timestamp,
    task: TaskView,
}

impl From<(Round, Task)> for TaskRoundView {
    fn from((round, task): (Round, Task)) -> Self {
        Self { round: round.number, due: round.due, task: task.into() }
    }
}

type TaskRoundPage = PageView<TaskRoundView>;

/// A schedule to look ahead in.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PreviewQuery {
    /// Five fields: minute, hour, day of the month, month, day of the week.
    cron: String,
    /// The IANA name of a time zone; `server.timezone` if absent.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    timezone: String,
    /// No round is due after this.
    #[param(value_type = Option<vocabulary::Time>)]
    until: Option<Timestamp>,
}

/// What a schedule comes to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecurrencePreview)]
struct PreviewView {
    /// The next times, at most five.
    #[schema(value_type = Vec<vocabulary::Time>)]
    next_times: Vec<Timestamp>,
}

/// When rounds of a schedule would be due. Changes nothing.
#[utoipa::path(tag = "Recurring work", params(PreviewQuery), responses((status = 200, body = PreviewView)))]
#[get("/api/recurrence/preview")]
async fn preview_recurrence(call: Call) -> Answer<PreviewView> {
    call.actor(|known| {
        let asked: PreviewQuery = known.request.query()?;
        let recurrence = Recurrence {
            cron: asked.cron,
            timezone: asked.timezone,
            overlap: Overlap::Skip,
            catch_up: CatchUp::One,
            until: asked.until,
        };
        Ok(PreviewView { next_times: known.service.preview_recurrence(&recurrence)? })
    })
    .await
}

fn sub_task(path: &web::Path<String>) -> Result<RoundId, Problem> {
    id::<SubTaskId>("sub_task", path).map(RoundId::SubTask)
}

fn task(path: &web::Path<String>) -> Result<RoundId, Problem> {
    id::<TaskId>("task", path).map(RoundId::Task)
}

/// The series that a sub-task is a round of.
#[utoipa::path(tag = "Recurring work", params(("sub_task_id" = String, Path)), responses((status = 200, body = SeriesView)))]
#[get("/api/sub-tasks/{sub_task_id}/recurrence")]
async fn find_recurrence(call: Call, path: web::Path<String>) -> Answer<SeriesView> {
    call.actor(move |known| Ok(known.service.find_series(sub_task(&path)?)?.into())).await
}

/// Changes the schedule, and the texts of the rounds to come. A recurring sub-task without a
/// schedule becomes the first round.
#[utoipa::path(tag = "Recurring work", params(("sub_task_id" = String, Path)), request_body = SeriesBody, responses((status = 200, body = SeriesView)))]
#[put("/api/sub-tasks/{sub_task_id}/recurrence")]
async fn set_recurrence(call: Call, path: web::Path<String>) -> Answer<SeriesView> {
    call.actor(move |known| {
        let body: SeriesBody = known.request.json()?;
        let edit = SeriesEdit {
            recurrence: recurrence(body.recurrence),
            name: body.name,
            description: body.description,
            deliverable: body.deliverable,
            acceptance: body.acceptance,
            priority: body.priority,
        };
        Ok(known.service.set_recurrence(&known.cx, sub_task(&path)?, &edit)?.into())
    })
    .await
}

/// Opens no rounds until the series is resumed. The round that runs goes on.
#[utoipa::path(tag = "Recurring work", params(("sub_task_id" = String, Path)), responses((status = 200, body = SeriesView)))]
#[post("/api/sub-tasks/{sub_task_id}/recurrence/pause")]
async fn pause_recurrence(call: Call, path: web::Path<String>) -> Answer<SeriesView> {
    call.actor(move |known| Ok(known.service.pause_series(&known.cx, sub_task(&path)?)?.into()))
        .await
}

/// Opens rounds again, from the next time on.
#[utoipa::path(tag = "Recurring work", params(("sub_task_id" = String, Path)), responses((status = 200, body = SeriesView)))]
#[post("/api/sub-tasks/{sub_task_id}/recurrence/resume")]
async fn resume_recurrence(call: Call, path: web::Path<String>) -> Answer<SeriesView> {
    call.actor(move |known| Ok(known.service.resume_series(&known.cx, sub_task(&path)?)?.into()))
        .await
}

/// Opens no rounds any more. The round that runs goes on.
#[utoipa::path(tag = "Recurring work", params(("sub_task_id" = String, Path)), responses((status = 200, body = SeriesView)))]
#[delete("/api/sub-tasks/{sub_task_id}/recurrence")]
async fn end_recurrence(call: Call, path: web::Path<String>) -> Answer<SeriesView> {
    call.actor(move |known| Ok(known.service.end_series(&known.cx, sub_task(&path)?)?.into())).await
}

/// The rounds of the series that a sub-task belongs to, newest first.
#[utoipa::path(tag = "Recurring work", params(("sub_task_id" = String, Path), PageQuery), responses((status = 200, body = SubTaskPage)))]
#[get("/api/sub-tasks/{sub_task_id}/rounds")]
async fn list_rounds(call: Call, path: web::Path<String>) -> Answer<SubTaskPage> {
    call.actor(move |known| {
        let page: PageQuery = known.request.query()?;
        let (actor, id) = (known.cx.actor, id("sub_task", &path)?);
        page.answer(|window| Ok(known.service.list_rounds_of_sub_task(actor, id, window)?))
    })
    .await
}

/// The series that a task is a round of.
#[utoipa::path(tag = "Recurring work", params(("task_id" = String, Path)), responses((status = 200, body = SeriesView)))]
#[get("/api/tasks/{task_id}/recurrence")]
async fn find_task_recurrence(call: Call, path: web::Path<String>) -> Answer<SeriesView> {
    call.actor(move |known| Ok(known.service.find_series(task(&path)?)?.into())).await
}

/// Changes the schedule. A recurring task without one becomes the first round.
#[utoipa::path(tag = "Recurring work", params(("task_id" = String, Path)), request_body = TaskSeriesBody, responses((status = 200, body = SeriesView)))]
#[put("/api/tasks/{task_id}/recurrence")]
async fn set_task_recurrence(call: Call, path: web::Path<String>) -> Answer<SeriesView> {
    call.actor(move |known| {
        let body: TaskSeriesBody = known.request.json()?;
        let edit =
            SeriesEdit { recurrence: recurrence(Some(body.recurrence)), ..SeriesEdit::default() };
        Ok(known.service.set_recurrence(&known.cx, task(&path)?, &edit)?.into())
    })
    .await
}

/// Opens no rounds until the series is resumed. The round that runs goes on.
#[utoipa::path(tag = "Recurring work", params(("task_id" = String, Path)), responses((status = 200, body = SeriesView)))]
#[post("/api/tasks/{task_id}/recurrence/pause")]
async fn pause_task_recurrence(call: Call, path: web::Path<String>) -> Answer<SeriesView> {
    call.actor(move |known| Ok(known.service.pause_series(&known.cx, task(&path)?)?.into())).await
}

/// Opens rounds again, from the next time on.
#[utoipa::path(tag = "Recurring work", params(("task_id" = String, Path)), responses((status = 200, body = SeriesView)))]
#[post("/api/tasks/{task_id}/recurrence/resume")]
async fn resume_task_recurrence(call: Call, path: web::Path<String>) -> Answer<SeriesView> {
    call.actor(move |known| Ok(known.service.resume_series(&known.cx, task(&path)?)?.into())).await
}

/// Opens no rounds any more. The round that runs goes on.
#[utoipa::path(tag = "Recurring work", params(("task_id" = String, Path)), responses((status = 200, body = SeriesView)))]
#[delete("/api/tasks/{task_id}/recurrence")]
async fn end_task_recurrence(call: Call, path: web::Path<String>) -> Answer<SeriesView> {
    call.actor(move |known| Ok(known.service.end_series(&known.cx, task(&path)?)?.into())).await
}

/// The rounds of the series that a task belongs to, newest first.
#[utoipa::path(tag = "Recurring work", params(("task_id" = String, Path), PageQuery), responses((status = 200, body = TaskRoundPage)))]
#[get("/api/tasks/{task_id}/rounds")]
async fn list_task_rounds(call: Call, path: web::Path<String>) -> Answer<TaskRoundPage> {
    call.actor(move |known| {
        let page: PageQuery = known.request.query()?;
        let id = id("task", &path)?;
        page.answer(|window| -> Result<Page<(Round, Task)>, Problem> {
            Ok(known.service.list_rounds_of_task(id, window)?)
        })
    })
    .await
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(preview_recurrence)
        .service(find_recurrence)
        .service(set_recurrence)
        .service(pause_recurrence)
        .service(resume_recurrence)
        .service(end_recurrence)
        .service(list_rounds)
        .service(find_task_recurrence)
        .service(set_task_recurrence)
        .service(pause_task_recurrence)
        .service(resume_task_recurrence)
        .service(end_task_recurrence)
        .service(list_task_rounds);
}
