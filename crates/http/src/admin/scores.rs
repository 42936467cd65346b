//! Scores for the admin: all in a few numbers, the leaderboard, and every change.

use actix_web::get;
use openmoss_domain::agent::LeaderboardSort;
use openmoss_domain::score::{ScoreChange, ScoreSign};
use openmoss_domain::{
    Agent, AgentId, AgentStatus, Keyword, Role, ScoreLogId, SortOrder, SubTaskId, Timestamp,
};
use openmoss_service::agent::Listed;
use openmoss_service::agent::admin::LeaderboardQuery;
use openmoss_service::score::{ChangeQuery, ScoreSummary};
use openmoss_service::{ByTime, Page};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::{Answer, Call};
use crate::input::{FilterValue, keyword};
use crate::page::{AdminPageQuery, PageView};
use crate::vocabulary;

/// All scores in a few numbers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AllScores)]
struct SummaryView {
    total_agents: i64,
    positive_score_agents: i64,
    zero_score_agents: i64,
    negative_score_agents: i64,
    /// The highest score; 0 without agents.
    top_score: i64,
    /// To two decimals; 0 without agents.
    average_score: f64,
    #[schema(value_type = Option<vocabulary::Time>)]
    last_score_at: Option<Timestamp>,
}

impl From<ScoreSummary> for SummaryView {
    fn from(one: ScoreSummary) -> Self {
        Self {
            total_agents: one.agents,
            positive_score_agents: one.above,
            zero_score_agents: one.agents - one.above - one.below,
            negative_score_agents: one.below,
            top_score: one.top,
            average_score: one.average(),
            last_score_at: one.last_at,
        }
    }
}

/// A place on the leaderboard, with all about it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeaderboardItem)]
struct PlaceView {
    /// 1 for the highest score; equal ones share a rank, and none is left out.
    rank: i64,
    #[schema(value_type = uuid::Uuid)]
    agent_id: AgentId,
    agent_name: String,
    /// An emoji, or one of the drawn faces `face-1` to `face-12`; null: one is drawn from its id.
    avatar: Option<String>,
    #[schema(value_type = vocabulary::Role)]
    role: Role,
    #[schema(value_type = vocabulary::AgentStatus)]
    status: AgentStatus,
    total_score: i64,
    reward_count: i64,
    penalty_count: i64,
    total_records: i64,
    #[schema(value_type = Option<vocabulary::Time>)]
    last_score_at: Option<Timestamp>,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
}

impl From<(Listed, i64)> for PlaceView {
    fn from((one, rank): (Listed, i64)) -> Self {
        Self {
            rank,
            agent_id: one.agent.id,
            agent_name: one.agent.name,
            avatar: one.agent.persona.avatar,
            role: one.agent.role,
            status: one.agent.status,
            total_score: one.agent.total_score,
            reward_count: one.rewards,
            penalty_count: one.penalties,
            total_records: one.rewards + one.penalties,
            last_score_at: one.last_score_at,
            created_at: one.agent.created_at,
        }
    }
}

type LeaderboardItemPage = PageView<PlaceView>;

/// A score change and whose score it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScoreChangeItem)]
struct ChangeView {
    #[schema(value_type = uuid::Uuid)]
    id: ScoreLogId,
    #[schema(value_type = uuid::Uuid)]
    agent_id: AgentId,
    agent_name: String,
    #[schema(value_type = Option<uuid::Uuid>)]
    sub_task_id: Option<SubTaskId>,
    reason: String,
    score_delta: i64,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
}

impl From<(ScoreChange, Option<Agent>)> for ChangeView {
    fn from((one, agent): (ScoreChange, Option<Agent>)) -> Self {
        Self {
            id: one.id,
            agent_id: one.agent_id,
            agent_name: agent.map(|agent| agent.name).unwrap_or_default(),
            sub_task_id: one.sub_task_id,
            reason: one.reason,
            score_delta: one.delta,
            created_at: one.created_at,
        }
    }
}

type ScoreChangeItemPage = PageView<ChangeView>;

/// Which places, in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LeaderboardParams {
    /// Of agents of this role.
    #[param(inline, required = false, value_type = vocabulary::Role)]
    role: Option<Role>,
    /// Of agents in this status.
    #[param(inline, required = false, value_type = vocabulary::AgentStatus)]
    status: Option<AgentStatus>,
    /// Of agents with this in their name or description, ASCII letters in any case.
    #[serde(default, deserialize_with = "keyword")]
    #[param(value_type = Option<String>, max_length = 500)]
    keyword: Option<Keyword>,
    /// With this score or a higher one.
    score_min: Option<i64>,
    /// With this score or a lower one.
    score_max: Option<i64>,
    /// The score unless said otherwise; equal ones are in the order of their ids. The first rank is
    /// the highest score.
    #[param(inline, required = false, value_type = vocabulary::LeaderboardSort)]
    sort_by: Option<LeaderboardSort>,
    /// Which end comes first, the largest or newest unless said otherwise.
    #[param(inline, required = false, value_type = vocabulary::SortOrder)]
    sort_order: Option<SortOrder>,
}

/// Which changes, in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ChangeParams {
    /// Of this agent's score.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    agent_id: FilterValue<AgentId>,
    /// For this sub-task.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    sub_task_id: FilterValue<SubTaskId>,
    /// Only rewards, or only penalties.
    #[param(inline, required = false, value_type = vocabulary::ScoreSign)]
    score_sign: Option<ScoreSign>,
    /// With this in their reason, ASCII letters in any case.
    #[serde(default, deserialize_with = "keyword")]
    #[param(value_type = Option<String>, max_length = 500)]
    keyword: Option<Keyword>,
    /// Which end of time comes first, the newest unless said otherwise.
    #[param(inline, required = false, value_type = vocabulary::SortOrder)]
    sort_order: Option<SortOrder>,
}

impl ChangeParams {
    /// `Err(())` when nothing can match.
    fn into_query(self) -> Result<ChangeQuery, ()> {
        Ok(ChangeQuery {
            agent_id: self.agent_id.optional()?,
            sub_task_id: self.sub_task_id.optional()?,
            sign: self.score_sign,
            keyword: self.keyword,
        })
    }
}

/// All scores in a few numbers.
#[utoipa::path(tag = "Admin", responses((status = 200, body = SummaryView)), security(("admin" = [])))]
#[get("/api/admin/scores/summary")]
async fn summarize_scores(call: Call) -> Answer<SummaryView> {
    call.admin(|known| Ok(known.service.summarize_scores()?.into())).await
}

/// Agents by score, with filters.
#[utoipa::path(tag = "Admin", params(AdminPageQuery, LeaderboardParams), responses((status = 200, body = LeaderboardItemPage)), security(("admin" = [])))]
#[get("/api/admin/scores/leaderboard")]
async fn search_leaderboard(call: Call) -> Answer<LeaderboardItemPage> {
    call.admin(|known| {
        let (page, asked): (AdminPageQuery, LeaderboardParams) = known.request.list_query()?;
        let sort = asked.sort_by.unwrap_or(LeaderboardSort::TotalScore);
        let order = asked.sort_order.unwrap_or(SortOrder::Desc);
        let query = LeaderboardQuery {
            role: asked.role,
            status: asked.status,
            keyword: asked.keyword,
            score_min: asked.score_min,
            score_max: asked.score_max,
        };
        page.answer(|window| Ok(known.service.search_leaderboard(query, sort, order, window)?))
    })
    .await
}

/// Every score change.
#[utoipa::path(tag = "Admin", params(AdminPageQuery, ChangeParams), responses((status = 200, body = ScoreChangeItemPage)), security(("admin" = [])))]
#[get("/api/admin/scores/logs")]
async fn search_score_changes(call: Call) -> Answer<ScoreChangeItemPage> {
    call.admin(|known| {
        let (page, asked): (AdminPageQuery, ChangeParams) = known.request.list_query()?;
        let order = ByTime::both(asked.sort_order.unwrap_or(SortOrder::Desc));
        let query = asked.into_query();
        page.answer(|window| {
            let Ok(query) = query else {
                return Ok(Page::empty());
            };
            Ok(known.service.search_score_changes(&query, order, window)?)
        })
    })
    .await
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(summarize_scores).service(search_leaderboard).service(search_score_changes);
}
