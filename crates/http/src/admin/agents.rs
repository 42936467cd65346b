//! Agents for the admin: looking through them, changing and deleting one.

use actix_web::{delete, get, put, web};
use openmoss_domain::agent::AgentSort;
use openmoss_domain::sub_task::Status;
use openmoss_domain::{
    Agent, AgentId, AgentStatus, Keyword, PersonaEdit, Role, SortOrder, Timestamp,
};
use openmoss_service::agent::Related;
use openmoss_service::agent::admin::{AgentEdit, AgentQuery, SeenAgent};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::agents::AgentView;
use crate::call::{Answer, Call};
use crate::input::{days, id, keyword};
use crate::page::{AdminPageQuery, PageView};
use crate::vocabulary;

/// An agent and its work.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgentListItem)]
struct ListedView {
    #[schema(value_type = uuid::Uuid)]
    id: AgentId,
    name: String,
    #[schema(value_type = vocabulary::Role)]
    role: Role,
    description: String,
    #[schema(value_type = vocabulary::AgentStatus)]
    status: AgentStatus,
    total_score: i64,
    /// What it can do.
    capabilities: Vec<String>,
    /// An emoji, or one of the drawn faces `face-1` to `face-12`; null: one is drawn from its id.
    avatar: Option<String>,
    /// 1 for the highest score; equal ones share a rank, and none is left out.
    rank: i64,
    /// Sub-tasks that are not over.
    open_sub_task_count: i64,
    assigned_count: i64,
    in_progress_count: i64,
    review_count: i64,
    rework_count: i64,
    blocked_count: i64,
    /// When it last called; seen within a second.
    #[schema(value_type = Option<vocabulary::Time>)]
    last_request_at: Option<Timestamp>,
    /// When it last wrote the activity log.
    #[schema(value_type = Option<vocabulary::Time>)]
    last_activity_at: Option<Timestamp>,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
}

impl From<SeenAgent> for ListedView {
    fn from(seen: SeenAgent) -> Self {
        let agent = &seen.listed.agent;
        Self {
            id: agent.id,
            name: agent.name.clone(),
            role: agent.role,
            description: agent.description.clone(),
            status: agent.status,
            total_score: agent.total_score,
            capabilities: agent.capabilities.clone().into(),
            avatar: agent.persona.avatar.clone(),
            rank: seen.rank,
            open_sub_task_count: seen.open_work(),
            assigned_count: seen.work(Status::Assigned),
            in_progress_count: seen.work(Status::InProgress),
            review_count: seen.work(Status::Review),
            rework_count: seen.work(Status::Rework),
            blocked_count: seen.work(Status::Blocked),
            last_request_at: seen.listed.last_request_at,
            last_activity_at: seen.listed.last_activity_at,
            created_at: agent.created_at,
        }
    }
}

type AgentListItemPage = PageView<ListedView>;

/// An agent, its work and its scores.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgentDetail)]
struct DetailView {
    #[schema(value_type = uuid::Uuid)]
    id: AgentId,
    name: String,
    #[schema(value_type = vocabulary::Role)]
    role: Role,
    description: String,
    #[schema(value_type = vocabulary::AgentStatus)]
    status: AgentStatus,
    total_score: i64,
    /// What it can do.
    capabilities: Vec<String>,
    /// An emoji, or one of the drawn faces `face-1` to `face-12`; null: one is drawn from its id.
    avatar: Option<String>,
    /// One line in its own words.
    signature: String,
    /// How it works, as tags in any language.
    work_style: Vec<String>,
    /// 1 for the highest score; equal ones share a rank, and none is left out.
    rank: i64,
    total_agents: i64,
    reward_count: i64,
    penalty_count: i64,
    total_reward_records: i64,
    /// Sub-tasks that are not over.
    open_sub_task_count: i64,
    assigned_count: i64,
    in_progress_count: i64,
    review_count: i64,
    rework_count: i64,
    blocked_count: i64,
    done_count: i64,
    cancelled_count: i64,
    /// When it last called; seen within a second.
    #[schema(value_type = Option<vocabulary::Time>)]
    last_request_at: Option<Timestamp>,
    /// When it last wrote the activity log.
    #[schema(value_type = Option<vocabulary::Time>)]
    last_activity_at: Option<Timestamp>,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
}

impl From<(SeenAgent, i64)> for DetailView {
    fn from((seen, total_agents): (SeenAgent, i64)) -> Self {
        let agent = &seen.listed.agent;
        let (rewards, penalties) = (seen.listed.rewards, seen.listed.penalties);
        Self {
            id: agent.id,
            name: agent.name.clone(),
            role: agent.role,
            description: agent.description.clone(),
            status: agent.status,
            total_score: agent.total_score,
            capabilities: agent.capabilities.clone().into(),
            avatar: agent.persona.avatar.clone(),
            signature: agent.persona.signature.clone(),
            work_style: agent.persona.work_style.clone(),
            rank: seen.rank,
            total_agents,
            reward_count: rewards,
            penalty_count: penalties,
            total_reward_records: rewards + penalties,
            open_sub_task_count: seen.open_work(),
            assigned_count: seen.work(Status::Assigned),
            in_progress_count: seen.work(Status::InProgress),
            review_count: seen.work(Status::Review),
            rework_count: seen.work(Status::Rework),
            blocked_count: seen.work(Status::Blocked),
            done_count: seen.work(Status::Done),
            cancelled_count: seen.work(Status::Cancelled),
            last_request_at: seen.listed.last_request_at,
            last_activity_at: seen.listed.last_activity_at,
            created_at: agent.created_at,
        }
    }
}

/// Which agents, in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AgentParams {
    /// Of this role.
    #[param(inline, required = false, value_type = vocabulary::Role)]
    role: Option<Role>,
    /// In this status.
    #[param(inline, required = false, value_type = vocabulary::AgentStatus)]
    status: Option<AgentStatus>,
    /// With this in their name or description, ASCII letters in any case.
    #[serde(default, deserialize_with = "keyword")]
    #[param(value_type = Option<String>, max_length = 500)]
    keyword: Option<Keyword>,
    /// That called within so many days.
    #[serde(default, deserialize_with = "days")]
    #[param(value_type = Option<i64>, minimum = 1)]
    last_request_within_days: Option<u32>,
    /// That wrote the activity log within so many days.
    #[serde(default, deserialize_with = "days")]
    #[param(value_type = Option<i64>, minimum = 1)]
    last_activity_within_days: Option<u32>,
    /// The time of creation unless said otherwise; equal ones are in the order of their ids.
    #[param(inline, required = false, value_type = vocabulary::AgentSort)]
    sort_by: Option<AgentSort>,
    /// Which end comes first, the largest or newest unless said otherwise.
    #[param(inline, required = false, value_type = vocabulary::SortOrder)]
    sort_order: Option<SortOrder>,
}

/// What changes; what is absent, null or, of the name, empty stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AgentChange)]
struct EditBody {
    #[schema(max_length = 100)]
    name: Option<String>,
    #[schema(value_type = Option<vocabulary::Role>)]
    role: Option<Role>,
    /// An empty one clears it.
    #[schema(max_length = 65_536)]
    description: Option<String>,
    /// Replaces what it can do; tags such as `python`.
    #[schema(value_type = Option<Vec<String>>, max_items = 16)]
    capabilities: Option<Vec<String>>,
    /// One emoji, or one of `face-1` to `face-12`; an empty one clears it.
    avatar: Option<String>,
    /// An empty one clears it.
    #[schema(max_length = 120)]
    signature: Option<String>,
    /// Replaces its work-style tags; each has at most 24 characters.
    #[schema(value_type = Option<Vec<String>>, max_items = 6)]
    work_style: Option<Vec<String>>,
}

/// How many rows a deletion touches.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgentRelatedCounts)]
struct RelatedView {
    #[schema(value_type = uuid::Uuid)]
    agent_id: AgentId,
    agent_name: String,
    /// Sub-tasks that it owns: they lose their owner, and open ones go back to the queue.
    sub_task_count: i64,
    /// Reviews that it gave: they stay.
    review_count: i64,
    reward_count: i64,
    activity_count: i64,
    /// Patrol records about it: they stay.
    patrol_count: i64,
    request_count: i64,
}

impl From<(Agent, Related)> for RelatedView {
    fn from((agent, related): (Agent, Related)) -> Self {
        Self {
            agent_id: agent.id,
            agent_name: agent.name,
            sub_task_count: related.sub_tasks,
            review_count: related.reviews,
            reward_count: related.score_changes,
            activity_count: related.activities,
            patrol_count: related.patrol_records,
            request_count: related.requests,
        }
    }
}

/// The name of the agent that shall be deleted.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AgentDelete)]
struct DeleteBody {
    /// Letter by letter.
    confirm_name: String,
}

/// What a deletion touched.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgentDeleted)]
struct DeletedView {
    message: String,
    agent_name: String,
    sub_task_count: i64,
    review_count: i64,
    reward_count: i64,
    activity_count: i64,
    patrol_count: i64,
    request_count: i64,
}

impl From<(Agent, Related)> for DeletedView {
    fn from(deleted: (Agent, Related)) -> Self {
        let counted = RelatedView::from(deleted);
        Self {
            message: "Deleted. Its open work is back in the queue; its reviews stay.".to_owned(),
            agent_name: counted.agent_name,
            sub_task_count: counted.sub_task_count,
            review_count: counted.review_count,
            reward_count: counted.reward_count,
            activity_count: counted.activity_count,
            patrol_count: counted.patrol_count,
            request_count: counted.request_count,
        }
    }
}

/// Agents with their work.
#[utoipa::path(tag = "Admin", params(AdminPageQuery, AgentParams), responses((status = 200, body = AgentListItemPage)), security(("admin" = [])))]
#[get("/api/admin/agents")]
async fn search_agents(call: Call) -> Answer<AgentListItemPage> {
    call.admin(|known| {
        let (page, asked): (AdminPageQuery, AgentParams) = known.request.list_query()?;
        let sort = asked.sort_by.unwrap_or(AgentSort::CreatedAt);
        let order = asked.sort_order.unwrap_or(SortOrder::Desc);
        let query = AgentQuery {
            role: asked.role,
            status: asked.status,
            keyword: asked.keyword,
            last_request_within_days: asked.last_request_within_days,
            last_activity_within_days: asked.last_activity_within_days,
        };
        page.answer(|window| Ok(known.service.search_agents(query, sort, order, window)?))
    })
    .await
}

/// An agent with its work and its scores.
#[utoipa::path(tag = "Admin", params(("agent_id" = String, Path)), responses((status = 200, body = DetailView)), security(("admin" = [])))]
#[get("/api/admin/agents/{agent_id}")]
async fn look_at_agent(call: Call, path: web::Path<String>) -> Answer<DetailView> {
    call.admin(move |known| Ok(known.service.look_at_agent(id("agent", &path)?)?.into())).await
}

/// Changes an agent's name, role, description, capabilities or persona.
#[utoipa::path(tag = "Admin", params(("agent_id" = String, Path)), request_body = EditBody, responses((status = 200, body = AgentView)), security(("admin" = [])))]
#[put("/api/admin/agents/{agent_id}")]
async fn edit_agent(call: Call, path: web::Path<String>) -> Answer<AgentView> {
    call.admin(move |known| {
        let body: EditBody = known.request.json()?;
        let edit = AgentEdit {
            name: body.name,
            role: body.role,
            description: body.description,
            capabilities: body.capabilities,
            persona: PersonaEdit {
                avatar: body.avatar,
                signature: body.signature,
                work_style: body.work_style,
            },
        };
        Ok(known.service.edit_agent(&known.cx, id("agent", &path)?, &edit)?.into())
    })
    .await
}

/// How many rows a deletion of this agent would touch.
#[utoipa::path(tag = "Admin", params(("agent_id" = String, Path)), responses((status = 200, body = RelatedView)), security(("admin" = [])))]
#[get("/api/admin/agents/{agent_id}/related-counts")]
async fn count_related(call: Call, path: web::Path<String>) -> Answer<RelatedView> {
    call.admin(move |known| Ok(known.service.count_related(id("agent", &path)?)?.into())).await
}

/// Deletes an agent with its logs. Its open work goes back to the queue; its reviews stay.
#[utoipa::path(tag = "Admin", params(("agent_id" = String, Path)), request_body = DeleteBody, responses((status = 200, body = DeletedView)), security(("admin" = [])))]
#[delete("/api/admin/agents/{agent_id}")]
async fn delete_agent(call: Call, path: web::Path<String>) -> Answer<DeletedView> {
    call.admin(move |known| {
        let agent_id = id("agent", &path)?;
        let body: DeleteBody = known.request.json()?;
        Ok(known.service.delete_agent(&known.cx, agent_id, &body.confirm_name)?.into())
    })
    .await
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(search_agents)
        .service(count_related)
        .service(look_at_agent)
        .service(edit_agent)
        .service(delete_agent);
}
