//! The activity log over HTTP.

use actix_web::{get, post};
use openmoss_domain::log::{LogAction, LogEntry};
use openmoss_domain::{AgentId, LogId, SubTaskId, Timestamp};
use openmoss_service::log::{LogQuery, NewLogEntry};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::call::{Answer, Call, Known};
use crate::input::{FilterValue, text_or_empty};
use crate::page::PageView;
use crate::problem::Problem;
use crate::vocabulary;

/// How many days back without a wish (the contract's number).
const DAYS_DEFAULT: i64 = 7;

/// An entry.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LogEntry)]
pub(crate) struct LogView {
    #[schema(value_type = uuid::Uuid)]
    id: LogId,
    #[schema(value_type = uuid::Uuid)]
    agent_id: AgentId,
    #[schema(value_type = Option<uuid::Uuid>)]
    sub_task_id: Option<SubTaskId>,
    #[schema(value_type = vocabulary::LogAction)]
    action: LogAction,
    summary: String,
    session_id: Option<String>,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
}

impl From<LogEntry> for LogView {
    fn from(one: LogEntry) -> Self {
        Self {
            id: one.id,
            agent_id: one.agent_id,
            sub_task_id: one.sub_task_id,
            action: one.action,
            summary: one.summary,
            session_id: one.session_id,
            created_at: one.created_at,
        }
    }
}

pub(crate) type LogEntryPage = PageView<LogView>;

/// A new entry.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = LogCreate)]
struct CreateBody {
    #[schema(format = Uuid)]
    sub_task_id: Option<String>,
    #[schema(value_type = vocabulary::LogAction)]
    action: LogAction,
    #[serde(default, deserialize_with = "text_or_empty")]
    #[schema(value_type = Option<String>, max_length = 65_536)]
    summary: String,
    #[schema(max_length = 200)]
    session_id: Option<String>,
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LogParams {
    /// About this sub-task.
    sub_task_id: Option<String>,
    /// By this agent.
    agent_id: Option<String>,
    /// Of this kind.
    action: Option<String>,
    /// How many days back, taken into 1 to 60.
    #[param(default = 7)]
    days: Option<i64>,
    /// How many at most, taken into 1 to 500; 0 means 20.
    #[param(default = 20)]
    limit: Option<i64>,
}

/// Which of the caller's own entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct MyLogParams {
    /// Of this kind.
    action: Option<String>,
    /// How many days back, taken into 1 to 60.
    #[param(default = 7)]
    days: Option<i64>,
    /// How many at most, taken into 1 to 500; 0 means 20.
    #[param(default = 20)]
    limit: Option<i64>,
}

impl LogParams {
    /// `Err(())` when nothing can match.
    fn into_query(self) -> Result<LogQuery, ()> {
        Ok(LogQuery {
            sub_task_id: FilterValue::parse(self.sub_task_id.as_deref()).optional()?,
            agent_id: FilterValue::parse(self.agent_id.as_deref()).optional()?,
            action: FilterValue::parse(self.action.as_deref()).optional()?,
            days: self.days.unwrap_or(DAYS_DEFAULT),
            limit: self.limit.unwrap_or(0),
        })
    }
}

fn list(known: &Known<'_>, query: Result<LogQuery, ()>) -> Result<Vec<LogView>, Problem> {
    let Ok(query) = query else {
        return Ok(Vec::new());
    };
    Ok(known.service.list_logs(query)?.into_iter().map(LogView::from).collect())
}

/// Writes an entry. About a sub-task that the caller owns, it counts as a sign of life.
#[utoipa::path(tag = "Activity log", request_body = CreateBody, responses((status = 200, body = LogView)), security(("agent" = []), ("agent_key" = [])))]
#[post("/api/logs")]
async fn append_log(call: Call) -> Answer<LogView> {
    call.agent(|known, _| {
        let body: CreateBody = known.request.json()?;
        let sub_task = body.sub_task_id.as_deref().filter(|text| !text.is_empty());
        let unknown = |_| Problem::field("sub_task_id", "names a sub-task that does not exist");
        let new = NewLogEntry {
            sub_task_id: sub_task.map(str::parse).transpose().map_err(unknown)?,
            action: body.action,
            summary: body.summary,
            session_id: body.session_id,
        };
        Ok(known.service.append_log(&known.cx, &new)?.into())
    })
    .await
}

/// Everybody's entries, newest first.
#[utoipa::path(tag = "Activity log", params(LogParams), responses((status = 200, body = Vec<LogView>)))]
#[get("/api/logs")]
async fn list_logs(call: Call) -> Answer<Vec<LogView>> {
    call.actor(|known| list(known, known.request.query::<LogParams>()?.into_query())).await
}

/// The caller's own entries, newest first.
#[utoipa::path(tag = "Activity log", params(MyLogParams), responses((status = 200, body = Vec<LogView>)), security(("agent" = []), ("agent_key" = [])))]
#[get("/api/logs/mine")]
async fn list_my_logs(call: Call) -> Answer<Vec<LogView>> {
    call.agent(|known, agent| {
        let asked: MyLogParams = known.request.query()?;
        let params = LogParams {
            sub_task_id: None,
            agent_id: Some(agent.id.to_string()),
            action: asked.action,
            days: asked.days,
            limit: asked.limit,
        };
        list(known, params.into_query())
    })
    .await
}

pub(crate) fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(append_log).service(list_logs).service(list_my_logs);
}
