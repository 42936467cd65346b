//! What one agent did, for the admin.

use actix_web::{get, web};
use openmoss_domain::request::{RequestEntry, RequestMethod};
use openmoss_domain::{RequestId, Timestamp};
use openmoss_service::request::RequestQuery;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::{Answer, Call};
use crate::input::id;
use crate::page::{AdminPageQuery, PageView};
use crate::problem::Problem;
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
    #[serde(default, deserialize_with = "crate::input::optional_days")]
    #[param(minimum = 1)]
    days: Option<u32>,
    /// By this method, in any case: GET, POST, PUT, PATCH or DELETE.
    method: Option<String>,
    /// With this in their path.
    path_keyword: Option<String>,
}

impl RequestParams {
    fn into_query(self) -> Result<RequestQuery, Problem> {
        let method = self.method.filter(|method| !method.is_empty());
        let method = method.map(|method| method.to_ascii_uppercase().parse::<RequestMethod>());
        let method =
            method.transpose().map_err(|error| Problem::field("method", error.to_string()))?;
        Ok(RequestQuery {
            days: self.days,
            method,
            path_keyword: self
                .path_keyword
                .map(|keyword| keyword.trim().to_owned())
                .filter(|keyword| !keyword.is_empty()),
        })
    }
}

/// What an agent asked of this server, newest first.
#[utoipa::path(tag = "Admin", params(("agent_id" = String, Path), AdminPageQuery, RequestParams), responses((status = 200, body = AgentRequestPage)), security(("admin" = [])))]
#[get("/api/admin/agents/{agent_id}/request-logs")]
async fn list_agent_requests(call: Call, path: web::Path<String>) -> Answer<AgentRequestPage> {
    call.admin(move |known| {
        let query = known.request.query::<RequestParams>()?.into_query()?;
        let agent_id = id("agent", &path)?;
        known
            .request
            .query::<AdminPageQuery>()?
            .answer(|window| Ok(known.service.list_requests(agent_id, query, window)?))
    })
    .await
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_agent_requests);
}
