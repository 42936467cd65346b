//! The feed: what the agents are doing, for everybody when the settings say so, and for the admin.

use actix_web::get;
use openmoss_domain::request::RequestEntry;
use openmoss_domain::{Agent, AgentId, AgentStatus, RequestId, Role, SubTaskId, Timestamp};
use openmoss_service::feed::{AgentCard, FeedQuery};
use openmoss_service::{Service, ServiceError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::{Answer, Call, Request};
use crate::input::FilterValue;
use crate::problem::Problem;
use crate::vocabulary;

/// How many calls are shown without a wish, and at most (the contract's numbers).
const LIMIT_DEFAULT: i64 = 50;
const LIMIT_MAX: i64 = 200;

/// Who looks at the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Viewer {
    Everybody,
    Admin,
}

impl Viewer {
    /// The admin sees the feed at any time, everybody else while it is public.
    fn of(service: &Service, request: &Request) -> Result<Self, Problem> {
        let is_public = service.settings().webui.public_feed;
        match request.header("x-admin-token") {
            Some(token) => match service.authenticate_admin(&token) {
                Ok(_) => Ok(Self::Admin),
                Err(ServiceError::NoAdminSession) if is_public => Ok(Self::Everybody),
                Err(error) => Err(error.into()),
            },
            None if is_public => Ok(Self::Everybody),
            None => Err(ServiceError::Forbidden(
                "the feed is not public; log in as the admin, who may make it so",
            )
            .into()),
        }
    }

    /// What this viewer sees of what came with a call.
    fn sent(self, entry: &RequestEntry) -> Option<String> {
        match self {
            Self::Admin => entry.sent.clone(),
            Self::Everybody => entry.public_sent(),
        }
    }
}

/// Whether the feed is public.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FeedStatus)]
struct StatusView {
    enabled: bool,
}

/// A call of an agent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FeedRequest)]
struct CallView {
    #[schema(value_type = uuid::Uuid)]
    id: RequestId,
    #[schema(value_type = vocabulary::Time)]
    timestamp: Timestamp,
    method: String,
    path: String,
    #[schema(value_type = uuid::Uuid)]
    agent_id: AgentId,
    agent_name: Option<String>,
    #[schema(value_type = Option<vocabulary::Role>)]
    agent_role: Option<Role>,
    /// For the admin what is kept of the query or body; for everybody only results, scores, actions
    /// and statuses, or null.
    request_body: Option<String>,
    response_status: u16,
}

impl CallView {
    fn of((entry, agent): (RequestEntry, Option<Agent>), viewer: Viewer) -> Self {
        Self {
            request_body: viewer.sent(&entry),
            id: entry.id,
            timestamp: entry.created_at,
            method: entry.method,
            path: entry.path,
            agent_id: entry.agent_id,
            agent_role: agent.as_ref().map(|agent| agent.role),
            agent_name: agent.map(|agent| agent.name),
            response_status: entry.status,
        }
    }
}

/// An agent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FeedAgent)]
struct AgentView {
    #[schema(value_type = uuid::Uuid)]
    id: AgentId,
    name: String,
    #[schema(value_type = vocabulary::Role)]
    role: Role,
    #[schema(value_type = vocabulary::AgentStatus)]
    status: AgentStatus,
    total_score: i64,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
}

impl From<Agent> for AgentView {
    fn from(one: Agent) -> Self {
        Self {
            id: one.id,
            name: one.name,
            role: one.role,
            status: one.status,
            total_score: one.total_score,
            created_at: one.created_at,
        }
    }
}

/// What an agent works on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SubTaskBrief)]
struct WorkView {
    #[schema(value_type = uuid::Uuid)]
    id: SubTaskId,
    name: String,
    module_name: Option<String>,
}

/// A recent call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecentAction)]
struct RecentView {
    method: String,
    path: String,
    /// As in `FeedRequest`.
    request_body: Option<String>,
    response_status: u16,
    #[schema(value_type = vocabulary::Time)]
    timestamp: Timestamp,
}

/// What an agent did today and is doing now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgentCard)]
struct CardView {
    #[schema(value_type = uuid::Uuid)]
    id: AgentId,
    name: String,
    /// An emoji, or one of the drawn faces `face-1` to `face-12`; null: one is drawn from its id.
    avatar: Option<String>,
    #[schema(value_type = vocabulary::Role)]
    role: Role,
    total_score: i64,
    /// Its calls since midnight.
    today_request_count: i64,
    /// What it handed in since midnight.
    today_submit_count: i64,
    /// The reviews that it recorded since midnight.
    today_review_count: i64,
    current_sub_task: Option<WorkView>,
    /// Its newest calls, at most five, newest first.
    recent_actions: Vec<RecentView>,
}

impl CardView {
    fn of(card: AgentCard, viewer: Viewer) -> Self {
        let recent = |entry: RequestEntry| RecentView {
            request_body: viewer.sent(&entry),
            method: entry.method,
            path: entry.path,
            response_status: entry.status,
            timestamp: entry.created_at,
        };
        Self {
            id: card.agent.id,
            name: card.agent.name,
            avatar: card.agent.persona.avatar,
            role: card.agent.role,
            total_score: card.agent.total_score,
            today_request_count: card.today.requests,
            today_submit_count: card.today.submissions,
            today_review_count: card.today.reviews,
            current_sub_task: card.work.map(|(work, module_name)| WorkView {
                id: work.id,
                name: work.name,
                module_name,
            }),
            recent_actions: card.recent.into_iter().map(recent).collect(),
        }
    }
}

/// Which calls.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CallParams {
    /// Later than this ISO time; without an offset it is one of the server's time zone.
    after: Option<String>,
    /// Of this agent.
    agent_id: Option<String>,
    /// How many at most.
    #[param(default = 50, minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Whether the feed is public.
#[utoipa::path(tag = "Feed", responses((status = 200, body = StatusView)), security(()))]
#[get("/api/feed/status")]
async fn feed_status(call: Call) -> Answer<StatusView> {
    call.public(|service, _| Ok(StatusView { enabled: service.settings().webui.public_feed })).await
}

/// The agents' calls, newest first.
#[utoipa::path(tag = "Feed", params(CallParams), responses((status = 200, body = Vec<CallView>)), security((), ("admin" = [])))]
#[get("/api/feed/logs")]
async fn list_feed(call: Call) -> Answer<Vec<CallView>> {
    call.public(|service, request| {
        let viewer = Viewer::of(service, request)?;
        let asked: CallParams = request.query()?;
        let limit = asked.limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::field("limit", format!("must be 1 to {LIMIT_MAX}")));
        }
        let after = asked.after.filter(|after| !after.is_empty());
        let after = after.map(|after| service.read_time(&after)).transpose()?;
        let Ok(agent_id) = FilterValue::parse(asked.agent_id.as_deref()).optional() else {
            return Ok(Vec::new());
        };
        let calls = service.list_feed(FeedQuery { after, agent_id, limit })?;
        Ok(calls.into_iter().map(|call| CallView::of(call, viewer)).collect())
    })
    .await
}

/// The agents by score, highest first.
#[utoipa::path(tag = "Feed", responses((status = 200, body = Vec<AgentView>)), security((), ("admin" = [])))]
#[get("/api/feed/agents")]
async fn list_feed_agents(call: Call) -> Answer<Vec<AgentView>> {
    call.public(|service, request| {
        Viewer::of(service, request)?;
        Ok(service.list_leaderboard()?.into_iter().map(AgentView::from).collect())
    })
    .await
}

/// What each agent did today and is doing now.
#[utoipa::path(tag = "Feed", responses((status = 200, body = Vec<CardView>)), security((), ("admin" = [])))]
#[get("/api/feed/agent-summary")]
async fn list_agent_cards(call: Call) -> Answer<Vec<CardView>> {
    call.public(|service, request| {
        let viewer = Viewer::of(service, request)?;
        let cards = service.list_agent_cards()?;
        Ok(cards.into_iter().map(|card| CardView::of(card, viewer)).collect())
    })
    .await
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(feed_status)
        .service(list_feed)
        .service(list_feed_agents)
        .service(list_agent_cards);
}
