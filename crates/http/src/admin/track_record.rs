//! What an agent earned, and with whom it works, for the admin.

use actix_web::{get, web};
use openmoss_domain::{Achievement, Agent, AgentId, Role, Timestamp};
use openmoss_service::achievement::Standing;
use openmoss_service::partner::Partner;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::{Answer, Call};
use crate::input::id;
use crate::page::{AdminPageQuery, PageView};
use crate::vocabulary;

/// How an agent stands with an achievement.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AchievementStanding)]
struct StandingView {
    #[schema(value_type = vocabulary::Achievement)]
    kind: Achievement,
    /// Null: not yet.
    #[schema(value_type = Option<vocabulary::Time>)]
    earned_at: Option<Timestamp>,
    /// How much of the goal is there; a streak may end again.
    progress: i64,
    goal: i64,
}

impl From<Standing> for StandingView {
    fn from(one: Standing) -> Self {
        Self {
            kind: one.kind,
            earned_at: one.earned_at,
            progress: one.progress,
            goal: one.kind.goal(),
        }
    }
}

/// An agent with whom another one works.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Partner)]
struct PartnerView {
    #[schema(value_type = uuid::Uuid)]
    agent_id: AgentId,
    agent_name: String,
    #[schema(value_type = vocabulary::Role)]
    role: Role,
    /// An emoji, or one of the drawn faces `face-1` to `face-12`; null: one is drawn from its id.
    avatar: Option<String>,
    /// Verdicts of the one on work of the other.
    review_count: i64,
    /// How often work went from the one to the other.
    hand_over_count: i64,
    /// When they last had to do with each other.
    #[schema(value_type = vocabulary::Time)]
    last_at: Timestamp,
}

impl From<(Partner, Agent)> for PartnerView {
    fn from((partner, agent): (Partner, Agent)) -> Self {
        Self {
            agent_id: agent.id,
            agent_name: agent.name,
            role: agent.role,
            avatar: agent.persona.avatar,
            review_count: partner.reviews,
            hand_over_count: partner.hand_overs,
            last_at: partner.last_at,
        }
    }
}

type PartnerPage = PageView<PartnerView>;

/// What an agent earned, and how far it is with what its role can earn.
#[utoipa::path(tag = "Admin", params(("agent_id" = String, Path)), responses((status = 200, body = Vec<StandingView>)), security(("admin" = [])))]
#[get("/api/admin/agents/{agent_id}/achievements")]
async fn list_achievements(call: Call, path: web::Path<String>) -> Answer<Vec<StandingView>> {
    call.admin(move |known| {
        let standings = known.service.list_achievements(id("agent", &path)?)?;
        Ok(standings.into_iter().map(StandingView::from).collect())
    })
    .await
}

/// With whom an agent works, most work together first.
#[utoipa::path(tag = "Admin", params(("agent_id" = String, Path), AdminPageQuery), responses((status = 200, body = PartnerPage)), security(("admin" = [])))]
#[get("/api/admin/agents/{agent_id}/partners")]
async fn list_partners(call: Call, path: web::Path<String>) -> Answer<PartnerPage> {
    call.admin(move |known| {
        let page: AdminPageQuery = known.request.query()?;
        let agent_id = id("agent", &path)?;
        page.answer(|window| Ok(known.service.list_partners(agent_id, window)?))
    })
    .await
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_achievements).service(list_partners);
}
