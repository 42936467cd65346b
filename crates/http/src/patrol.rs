//! Patrol records over HTTP: for patrol agents, and for the admin in their place.

use actix_web::{get, post, web};
use openmoss_domain::patrol::Finding;
use openmoss_domain::{
    ActorKind, AgentId, PatrolRecord, PatrolRecordId, PatrolStatus, Severity, SubTaskId, TaskId,
    Timestamp,
};
use openmoss_service::patrol::{Filter, Opened};
use openmoss_service::watch::Round;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::call::{Answer, Call};
use crate::input::{FilterValue, id, optional_id, text_or_empty};
use crate::page::{PageQuery, PageView};
use crate::problem::Problem;
use crate::vocabulary;

/// A finding of somebody who watches, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PatrolRecord)]
struct PatrolView {
    #[schema(value_type = uuid::Uuid)]
    id: PatrolRecordId,
    /// Of what kind, as one word.
    #[serde(rename = "type")]
    kind: String,
    #[schema(value_type = vocabulary::Severity)]
    severity: Severity,
    #[schema(value_type = Option<uuid::Uuid>)]
    task_id: Option<TaskId>,
    #[schema(value_type = Option<uuid::Uuid>)]
    sub_task_id: Option<SubTaskId>,
    /// The agent that it is about.
    #[schema(value_type = Option<uuid::Uuid>)]
    agent_id: Option<AgentId>,
    description: String,
    action_taken: String,
    #[schema(value_type = vocabulary::PatrolStatus)]
    status: PatrolStatus,
    /// Names the condition: while a record with it is not resolved, there is no second one.
    dedup_key: Option<String>,
    /// As what the finder acted.
    #[schema(value_type = vocabulary::ActorKind)]
    opened_by_kind: ActorKind,
    /// The agent that found it; null if an admin or the server did.
    #[schema(value_type = Option<uuid::Uuid>)]
    opened_by: Option<AgentId>,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
    #[schema(value_type = Option<vocabulary::Time>)]
    resolved_at: Option<Timestamp>,
}

impl From<PatrolRecord> for PatrolView {
    fn from(one: PatrolRecord) -> Self {
        Self {
            id: one.id,
            kind: one.kind,
            severity: one.severity,
            task_id: one.task_id,
            sub_task_id: one.sub_task_id,
            agent_id: one.agent_id,
            description: one.description,
            action_taken: one.action_taken,
            status: one.status,
            dedup_key: one.dedup_key,
            opened_by_kind: one.opened_by_kind,
            opened_by: one.opened_by,
            created_at: one.created_at,
            resolved_at: one.resolved_at,
        }
    }
}

type PatrolPage = PageView<PatrolView>;

/// What came of a finding.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PatrolOpened)]
struct OpenedView {
    record: PatrolView,
    /// False when the record stood for the same condition already.
    is_new: bool,
}

impl From<Opened> for OpenedView {
    fn from(opened: Opened) -> Self {
        Self { record: opened.record.into(), is_new: opened.is_new }
    }
}

/// A new finding.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PatrolCreate)]
pub(crate) struct CreateBody {
    /// Of what kind, as one word such as `silent_owner`.
    #[serde(rename = "type")]
    #[schema(pattern = "^[a-z0-9_]{1,30}$")]
    kind: String,
    #[schema(value_type = Option<vocabulary::Severity>, default = "warning")]
    severity: Option<Severity>,
    #[schema(format = Uuid)]
    task_id: Option<String>,
    #[schema(format = Uuid)]
    sub_task_id: Option<String>,
    /// The agent that it is about.
    #[schema(format = Uuid)]
    agent_id: Option<String>,
    #[schema(min_length = 1, max_length = 65_536)]
    description: String,
    /// What was done about it.
    #[serde(default, deserialize_with = "text_or_empty")]
    #[schema(value_type = Option<String>, max_length = 65_536)]
    action_taken: String,
    /// Names the condition: a repeat gets the record that is not resolved yet.
    #[schema(max_length = 200)]
    dedup_key: Option<String>,
}

impl CreateBody {
    pub(crate) fn into_finding(self) -> Result<Finding, Problem> {
        Ok(Finding {
            severity: self.severity.unwrap_or(Severity::Warning),
            task_id: optional_id("task", self.task_id.as_deref())?,
            sub_task_id: optional_id("sub_task", self.sub_task_id.as_deref())?,
            agent_id: optional_id("agent", self.agent_id.as_deref())?,
            kind: self.kind,
            description: self.description,
            action_taken: self.action_taken,
            dedup_key: self.dedup_key,
        })
    }
}

/// What was done about it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PatrolClose)]
struct CloseBody {
    /// Replaces what the record says, unless it is empty.
    #[serde(default, deserialize_with = "text_or_empty")]
    #[schema(value_type = Option<String>, max_length = 65_536)]
    action_taken: String,
}

/// Which records.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PatrolQuery {
    /// In this status.
    status: Option<String>,
    /// This bad.
    severity: Option<String>,
    /// Of this kind.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    kind: Option<String>,
    /// About this task.
    task_id: Option<String>,
    /// About this sub-task.
    sub_task_id: Option<String>,
    /// About this agent.
    agent_id: Option<String>,
}

impl PatrolQuery {
    /// The filter, or nothing when no record can match.
    fn filter(&self) -> Result<Filter, ()> {
        let kind = self.kind.as_deref().filter(|kind| !kind.is_empty());
        Ok(Filter {
            status: FilterValue::parse(self.status.as_deref()).optional()?,
            severity: FilterValue::parse(self.severity.as_deref()).optional()?,
            kind: kind.map(str::to_owned),
            task_id: FilterValue::parse(self.task_id.as_deref()).optional()?,
            sub_task_id: FilterValue::parse(self.sub_task_id.as_deref()).optional()?,
            agent_id: FilterValue::parse(self.agent_id.as_deref()).optional()?,
        })
    }
}

fn record_id(path: &web::Path<String>) -> Result<PatrolRecordId, Problem> {
    id("patrol_record", path)
}

/// Reports a finding. A repeat with the same `dedup_key` gets the record that is there.
#[utoipa::path(tag = "Patrol", request_body = CreateBody, responses((status = 200, body = OpenedView)))]
#[post("/api/patrol-records")]
async fn open_patrol_record(call: Call) -> Answer<OpenedView> {
    call.actor(|known| {
        let finding = known.request.json::<CreateBody>()?.into_finding()?;
        Ok(known.service.open_patrol_record(&known.cx, &finding)?.into())
    })
    .await
}

/// Patrol records, newest first. Agents of every role may look.
#[utoipa::path(tag = "Patrol", params(PatrolQuery, PageQuery), responses((status = 200, body = PatrolPage)))]
#[get("/api/patrol-records")]
async fn list_patrol_records(call: Call) -> Answer<PatrolPage> {
    call.actor(|known| {
        let page: PageQuery = known.request.query()?;
        let asked: PatrolQuery = known.request.query()?;
        let Ok(filter) = asked.filter() else {
            return Ok(page.answer_nothing());
        };
        page.answer(|window| Ok(known.service.list_patrol_records(&filter, window)?))
    })
    .await
}

/// One patrol record.
#[utoipa::path(tag = "Patrol", params(("record_id" = String, Path)), responses((status = 200, body = PatrolView)))]
#[get("/api/patrol-records/{record_id}")]
async fn find_patrol_record(call: Call, path: web::Path<String>) -> Answer<PatrolView> {
    call.actor(move |known| Ok(known.service.find_patrol_record(record_id(&path)?)?.into())).await
}

/// Says that the condition is gone.
#[utoipa::path(tag = "Patrol", params(("record_id" = String, Path)), request_body = CloseBody, responses((status = 200, body = PatrolView)))]
#[post("/api/patrol-records/{record_id}/resolve")]
async fn resolve_patrol_record(call: Call, path: web::Path<String>) -> Answer<PatrolView> {
    call.actor(move |known| {
        let body: CloseBody = known.request.json()?;
        let (id, said) = (record_id(&path)?, body.action_taken);
        Ok(known.service.resolve_patrol_record(&known.cx, id, &said)?.into())
    })
    .await
}

/// Leaves the condition as it is: it is not reported again until it is over.
#[utoipa::path(tag = "Patrol", params(("record_id" = String, Path)), request_body = CloseBody, responses((status = 200, body = PatrolView)))]
#[post("/api/patrol-records/{record_id}/ignore")]
async fn ignore_patrol_record(call: Call, path: web::Path<String>) -> Answer<PatrolView> {
    call.actor(move |known| {
        let body: CloseBody = known.request.json()?;
        let (id, said) = (record_id(&path)?, body.action_taken);
        Ok(known.service.ignore_patrol_record(&known.cx, id, &said)?.into())
    })
    .await
}

/// Says that the condition is not gone after all.
#[utoipa::path(tag = "Patrol", params(("record_id" = String, Path)), responses((status = 200, body = PatrolView)), security(("admin" = [])))]
#[post("/api/patrol-records/{record_id}/reopen")]
async fn reopen_patrol_record(call: Call, path: web::Path<String>) -> Answer<PatrolView> {
    call.admin(move |known| {
        Ok(known.service.reopen_patrol_record(&known.cx, record_id(&path)?)?.into())
    })
    .await
}

/// What came of one look round.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PatrolRound)]
struct RoundView {
    /// How many conditions there are.
    conditions: usize,
    /// How many records were opened.
    opened: usize,
    /// How many records were resolved, because their condition is gone.
    resolved: usize,
    /// How many sub-tasks were taken from silent owners and put back into the queue.
    requeued: usize,
    /// How many were taken from silent owners and left to the planner.
    blocked: usize,
    /// How many finished tasks were completed.
    completed: usize,
}

impl From<Round> for RoundView {
    fn from(round: Round) -> Self {
        let Round { conditions, opened, resolved, requeued, blocked, completed } = round;
        Self { conditions, opened, resolved, requeued, blocked, completed }
    }
}

/// Lets the server look round now: recover the work of silent owners, open and resolve records,
/// complete what is over. It does so by itself every `patrol.every_seconds`.
#[utoipa::path(tag = "Patrol", responses((status = 200, body = RoundView)), security(("admin" = [])))]
#[post("/api/admin/patrol/run")]
async fn run_patrol(call: Call) -> Answer<RoundView> {
    call.admin(|known| Ok(known.service.patrol_now(&known.cx)?.into())).await
}

pub(crate) fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(open_patrol_record)
        .service(list_patrol_records)
        .service(find_patrol_record)
        .service(resolve_patrol_record)
        .service(ignore_patrol_record)
        .service(reopen_patrol_record)
        .service(run_patrol);
}
