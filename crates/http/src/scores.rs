//! Scores over HTTP.

use actix_web::{get, post, web};
use openmoss_domain::score::ScoreChange;
use openmoss_domain::{Agent, AgentId, Role, ScoreLogId, SubTaskId, Timestamp};
use openmoss_service::{Page, Standing};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call::{Answer, Call, Known};
use crate::input::{id, lenient_integer, optional_id};
use crate::page::{PageQuery, PageView};
use crate::problem::Problem;
use crate::vocabulary;

/// A place on the leaderboard.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeaderboardPlace)]
struct PlaceView {
    rank: usize,
    #[schema(value_type = uuid::Uuid)]
    agent_id: AgentId,
    agent_name: String,
    #[schema(value_type = vocabulary::Role)]
    role: Role,
    total_score: i64,
}

/// Where an agent stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScoreSummary)]
struct StandingView {
    #[schema(value_type = uuid::Uuid)]
    agent_id: AgentId,
    agent_name: String,
    total_score: i64,
    /// 1 + the number of agents with a higher score.
    rank: i64,
    total_agents: i64,
    reward_count: i64,
    penalty_count: i64,
    total_records: i64,
}

impl From<(Agent, Standing)> for StandingView {
    fn from((agent, standing): (Agent, Standing)) -> Self {
        Self {
            agent_id: agent.id,
            agent_name: agent.name,
            total_score: standing.total,
            rank: standing.rank,
            total_agents: standing.agents,
            reward_count: standing.rewards,
            penalty_count: standing.penalties,
            total_records: standing.rewards + standing.penalties,
        }
    }
}

/// A score change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScoreChange)]
pub(crate) struct ChangeView {
    #[schema(value_type = uuid::Uuid)]
    id: ScoreLogId,
    #[schema(value_type = uuid::Uuid)]
    agent_id: AgentId,
    #[schema(value_type = Option<uuid::Uuid>)]
    sub_task_id: Option<SubTaskId>,
    reason: String,
    score_delta: i64,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
}

impl From<ScoreChange> for ChangeView {
    fn from(one: ScoreChange) -> Self {
        Self {
            id: one.id,
            agent_id: one.agent_id,
            sub_task_id: one.sub_task_id,
            reason: one.reason,
            score_delta: one.delta,
            created_at: one.created_at,
        }
    }
}

pub(crate) type ScoreChangePage = PageView<ChangeView>;

/// A score change and the new total.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScoreAdjusted)]
struct AdjustedView {
    #[schema(value_type = uuid::Uuid)]
    id: ScoreLogId,
    #[schema(value_type = uuid::Uuid)]
    agent_id: AgentId,
    #[schema(value_type = Option<uuid::Uuid>)]
    sub_task_id: Option<SubTaskId>,
    reason: String,
    score_delta: i64,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
    current_total_score: i64,
}

/// A change by hand.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ScoreAdjust)]
struct AdjustBody {
    #[schema(format = Uuid)]
    agent_id: String,
    /// Not 0.
    #[serde(deserialize_with = "lenient_integer")]
    #[schema(minimum = -1_000_000, maximum = 1_000_000)]
    score_delta: i64,
    #[schema(min_length = 1, max_length = 100)]
    reason: String,
    #[schema(format = Uuid)]
    sub_task_id: Option<String>,
}

fn adjust(known: &Known<'_>) -> Result<(ScoreChange, i64), Problem> {
    let body: AdjustBody = known.request.json()?;
    let agent = id("agent", &body.agent_id)?;
    let sub_task = optional_id("sub_task", body.sub_task_id.as_deref())?;
    let (delta, reason) = (body.score_delta, body.reason.as_str());
    Ok(known.service.adjust_score(&known.cx, agent, delta, reason, sub_task)?)
}

/// All agents by score, highest first.
#[utoipa::path(tag = "Scores", responses((status = 200, body = Vec<PlaceView>)))]
#[get("/api/scores/leaderboard")]
async fn list_leaderboard(call: Call) -> Answer<Vec<PlaceView>> {
    call.actor(|known| {
        let place = |(index, agent): (usize, Agent)| PlaceView {
            rank: index + 1,
            agent_id: agent.id,
            agent_name: agent.name,
            role: agent.role,
            total_score: agent.total_score,
        };
        Ok(known.service.list_leaderboard()?.into_iter().enumerate().map(place).collect())
    })
    .await
}

/// Where the caller stands.
#[utoipa::path(tag = "Scores", responses((status = 200, body = StandingView)), security(("agent" = []), ("agent_key" = [])))]
#[get("/api/scores/me")]
async fn find_my_standing(call: Call) -> Answer<StandingView> {
    call.agent(|known, agent| Ok(known.service.find_standing(agent.id)?.into())).await
}

/// The caller's score changes, newest first.
#[utoipa::path(tag = "Scores", params(PageQuery), responses((status = 200, body = ScoreChangePage)), security(("agent" = []), ("agent_key" = [])))]
#[get("/api/scores/me/logs")]
async fn list_my_score_changes(call: Call) -> Answer<ScoreChangePage> {
    call.agent(|known, agent| {
        let page: PageQuery = known.request.query()?;
        page.answer(|window| Ok(known.service.list_score_changes(agent.id, window)?))
    })
    .await
}

/// An agent's score changes, newest first; nothing for an unknown agent.
#[utoipa::path(tag = "Scores", params(("agent_id" = String, Path), PageQuery), responses((status = 200, body = ScoreChangePage)))]
#[get("/api/scores/{agent_id}/logs")]
async fn list_score_changes(call: Call, path: web::Path<String>) -> Answer<ScoreChangePage> {
    call.actor(move |known| {
        let page: PageQuery = known.request.query()?;
        let Ok(id) = path.parse() else {
            return Ok(page.answer_nothing());
        };
        page.answer(|window| -> Result<Page<ScoreChange>, Problem> {
            Ok(known.service.list_score_changes(id, window)?)
        })
    })
    .await
}

/// Where an agent stands.
#[utoipa::path(tag = "Scores", params(("agent_id" = String, Path)), responses((status = 200, body = StandingView)), security(("admin" = [])))]
#[get("/api/scores/{agent_id}")]
async fn find_standing(call: Call, path: web::Path<String>) -> Answer<StandingView> {
    call.admin(move |known| Ok(known.service.find_standing(id("agent", &path)?)?.into())).await
}

/// Changes a score by hand, for reviewers and planners. Nobody changes its own.
#[utoipa::path(tag = "Scores", request_body = AdjustBody, responses((status = 200, body = ChangeView)), security(("agent" = []), ("agent_key" = [])))]
#[post("/api/scores/adjust")]
async fn adjust_score(call: Call) -> Answer<ChangeView> {
    let roles = &[Role::Reviewer, Role::Planner];
    call.role(roles, "reviewer, planner", |known| Ok(adjust(known)?.0.into())).await
}

/// Changes a score by hand.
#[utoipa::path(tag = "Admin", request_body = AdjustBody, responses((status = 200, body = AdjustedView)), security(("admin" = [])))]
#[post("/api/admin/scores/adjust")]
async fn adjust_score_as_admin(call: Call) -> Answer<AdjustedView> {
    call.admin(|known| {
        let (change, total) = adjust(known)?;
        Ok(AdjustedView {
            id: change.id,
            agent_id: change.agent_id,
            sub_task_id: change.sub_task_id,
            reason: change.reason,
            score_delta: change.delta,
            created_at: change.created_at,
            current_total_score: total,
        })
    })
    .await
}

pub(crate) fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(list_leaderboard)
        .service(find_my_standing)
        .service(list_my_score_changes)
        .service(list_score_changes)
        .service(adjust_score)
        .service(find_standing)
        .service(adjust_score_as_admin);
}
