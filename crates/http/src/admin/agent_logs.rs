//! What one agent did, for the admin.

use actix_web::{get, web};
use openmoss_domain::log::LogAction;
use openmoss_domain::request::{RequestEntry, RequestMethod};
use openmoss_domain::{Keyword, RequestId, SortOrder, SubTaskId, Timestamp};
use openmoss_service::log::LogSearch;
use openmoss_service::request::RequestQuery;
use openmoss_service::score::ChangeQuery;
use openmoss_service::{ByTime, Page};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::{Answer, Call};
use crate::input::{FilterValue, days, id, keyword, text_or_empty};
use crate::logs::LogEntryPage;
use crate::page::{AdminPageQuery, PageView};
use crate::scores::ScoreChangePage;
use crate::vocabulary;

/// A call of an agent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgentRequest)]
struct RequestView {
    #[schema(value_type = uuid::Uuid)]
    id: RequestId,
    #[schema(value_type = vocabulary::Time)]
    timestamp: Timestamp,
    method: String,
    path: String,
    response_status: u16,
    /// The query as a JSON object, or the body; secrets are masked, and a long one is cut.
    request_body: Option<String>,
    /// How long the answer took, in milliseconds.
    duration_ms: u32,
}

impl From<RequestEntry> for RequestView {
    fn from(one: RequestEntry) -> Self {
        Self {
            id: one.id,
            timestamp: one.created_at,
            method: one.method,
            path: one.path,
            response_status: one.status,
            request_body: one.sent,
            duration_ms: one.duration_ms,
        }
    }
}

type AgentRequestPage = PageView<RequestView>;

/// Which calls.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RequestParams {
    /// Of so many last days.
    #[serde(default, deserialize_with = "days")]
    #[param(value_type = Option<i64>, minimum = 1)]
    days: Option<u32>,
    /// By this method, in any case: GET, POST, PUT, PATCH or DELETE.
    #[serde(default, deserialize_with = "method")]
    #[param(value_type = Option<String>)]
    method: Option<RequestMethod>,
    /// With this in their path, ASCII letters in any case.
    #[serde(default, deserialize_with = "keyword")]
    #[param(value_type = Option<String>, max_length = 500)]
    path_keyword: Option<Keyword>,
}

impl RequestParams {
    fn into_query(self) -> RequestQuery {
        RequestQuery { days: self.days, method: self.method, path_keyword: self.path_keyword }
    }
}

/// A method in any case; an empty one is none.
fn method<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<RequestMethod>, D::Error> {
    let text = text_or_empty(reader)?.to_ascii_uppercase();
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(D::Error::custom) }
}

/// Which score changes of the agent, in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ScoreParams {
    /// For this sub-task.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    sub_task_id: FilterValue<SubTaskId>,
    /// Which end of time comes first, the newest unless said otherwise; those of one moment are in
    /// the order of their ids.
    #[param(inline, required = false, value_type = vocabulary::SortOrder)]
    sort_order: Option<SortOrder>,
}

/// Which entries of the agent.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ActivityParams {
    /// Of this kind; there are none of an unknown one.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    action: FilterValue<LogAction>,
    /// Of so many last days; more than 60 count as 60.
    #[serde(default, deserialize_with = "days")]
    #[param(value_type = Option<i64>, minimum = 1)]
    days: Option<u32>,
    /// About this sub-task.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    sub_task_id: FilterValue<SubTaskId>,
}

/// Changes of an agent's score.
#[utoipa::path(tag = "Admin", params(("agent_id" = String, Path), AdminPageQuery, ScoreParams), responses((status = 200, body = ScoreChangePage)), security(("admin" = [])))]
#[get("/api/admin/agents/{agent_id}/score-logs")]
async fn list_agent_score_changes(call: Call, path: web::Path<String>) -> Answer<ScoreChangePage> {
    call.admin(move |known| {
        let (page, asked): (AdminPageQuery, ScoreParams) = known.request.list_query()?;
        let agent_id = known.service.find_agent(id("agent", &path)?)?.id;
        let order = ByTime::ids_ascending(asked.sort_order.unwrap_or(SortOrder::Desc));
        let sub_task = asked.sub_task_id.optional();
        page.answer(|window| {
            let Ok(sub_task_id) = sub_task else {
                return Ok(Page::empty());
            };
            let query =
                ChangeQuery { agent_id: Some(agent_id), sub_task_id, ..ChangeQuery::default() };
            Ok(known.service.list_found_score_changes(&query, order, window)?)
        })
    })
    .await
}

/// What an agent wrote into the activity log, newest first.
#[utoipa::path(tag = "Admin", params(("agent_id" = String, Path), AdminPageQuery, ActivityParams), responses((status = 200, body = LogEntryPage)), security(("admin" = [])))]
#[get("/api/admin/agents/{agent_id}/activity-logs")]
async fn list_agent_activities(call: Call, path: web::Path<String>) -> Answer<LogEntryPage> {
    call.admin(move |known| {
        let (page, asked): (AdminPageQuery, ActivityParams) = known.request.list_query()?;
        let agent_id = known.service.find_agent(id("agent", &path)?)?.id;
        let action = asked.action.optional();
        let sub_task = asked.sub_task_id.optional();
        page.answer(|window| {
            let (Ok(action), Ok(sub_task_id)) = (action, sub_task) else {
                return Ok(Page::empty());
            };
            let search = LogSearch {
                agent_id: Some(agent_id),
                sub_task_id,
                action,
                days: asked.days,
                keyword: None,
            };
            Ok(known.service.list_found_logs(search, window)?)
        })
    })
    .await
}

/// What an agent asked of this server, newest first.
#[utoipa::path(tag = "Admin", params(("agent_id" = String, Path), AdminPageQuery, RequestParams), responses((status = 200, body = AgentRequestPage)), security(("admin" = [])))]
#[get("/api/admin/agents/{agent_id}/request-logs")]
async fn list_agent_requests(call: Call, path: web::Path<String>) -> Answer<AgentRequestPage> {
    call.admin(move |known| {
        let (page, asked): (AdminPageQuery, RequestParams) = known.request.list_query()?;
        let (query, agent_id) = (asked.into_query(), id("agent", &path)?);
        page.answer(|window| Ok(known.service.list_requests(agent_id, query, window)?))
    })
    .await
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_agent_score_changes)
        .service(list_agent_activities)
        .service(list_agent_requests);
}
