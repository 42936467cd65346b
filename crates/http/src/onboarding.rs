//! Adding an agent over HTTP: the admin makes a command, and the script that it runs asks for the
//! rest with the command's token.

use actix_web::{HttpRequest, HttpResponse, Responder, get, post, web};
use openmoss_domain::onboarding::{Arrangement, Onboarding, OnboardingStatus, Runtime, WakeBy};
use openmoss_domain::prompt::Language;
use openmoss_domain::{AgentId, Role, Timestamp};
use openmoss_service::ServiceError;
use openmoss_service::onboarding::{Connected, MadeCommand, Plan, script};
use openmoss_service::skill::role_skill;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call::{Answer, Call, Request};
use crate::input::id;
use crate::problem::Problem;
use crate::vocabulary;

/// How an agent shall be connected.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OnboardingCreate)]
#[serde(deny_unknown_fields)]
struct MakeBody {
    #[schema(value_type = vocabulary::Runtime)]
    runtime: Runtime,
    #[schema(value_type = vocabulary::WakeBy)]
    wake_by: WakeBy,
    /// How often the timer asks; says nothing without one.
    #[serde(default = "every_minutes")]
    #[schema(minimum = 1, maximum = 1440, default = 10)]
    every_minutes: u32,
    /// Of the agent's prompt.
    #[serde(default = "english")]
    #[schema(value_type = vocabulary::Language, default = "en")]
    language: Language,
    /// The agent's folder on its machine; absent: one that suits the runtime.
    #[schema(max_length = 500)]
    directory: Option<String>,
}

const fn every_minutes() -> u32 {
    10
}

const fn english() -> Language {
    Language::English
}

/// A command to run on the agent's machine.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OnboardingCommand)]
struct CommandView {
    /// Shown this once.
    command: String,
    #[schema(value_type = vocabulary::Time)]
    expires_at: Timestamp,
}

impl From<MadeCommand> for CommandView {
    fn from(made: MadeCommand) -> Self {
        Self { command: made.command.expose().to_owned(), expires_at: made.expires_at }
    }
}

/// What became of the command that was made for an agent last.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgentOnboarding)]
struct OnboardingView {
    #[schema(value_type = uuid::Uuid)]
    agent_id: AgentId,
    #[schema(value_type = vocabulary::OnboardingStatus)]
    status: OnboardingStatus,
    #[schema(value_type = vocabulary::Runtime)]
    runtime: Runtime,
    #[schema(value_type = vocabulary::WakeBy)]
    wake_by: WakeBy,
    every_minutes: u32,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
    #[schema(value_type = vocabulary::Time)]
    expires_at: Timestamp,
    /// When it was run.
    #[schema(value_type = Option<vocabulary::Time>)]
    used_at: Option<Timestamp>,
}

impl OnboardingView {
    fn at(now: Timestamp, one: &Onboarding) -> Self {
        Self {
            agent_id: one.agent_id,
            status: one.status(now),
            runtime: one.arrangement.runtime,
            wake_by: one.arrangement.wake_by,
            every_minutes: one.arrangement.every_minutes,
            created_at: one.created_at,
            expires_at: one.expires_at(),
            used_at: one.used_at,
        }
    }
}

/// Whom a command connects.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OnboardingAgent)]
struct AgentView {
    #[schema(value_type = uuid::Uuid)]
    id: AgentId,
    name: String,
    #[schema(value_type = vocabulary::Role)]
    role: Role,
}

/// What a command will do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OnboardingPlan)]
struct PlanView {
    agent: AgentView,
    #[schema(value_type = vocabulary::Runtime)]
    runtime: Runtime,
    #[schema(value_type = vocabulary::WakeBy)]
    wake_by: WakeBy,
    every_minutes: u32,
    /// The skill of its role.
    skill: String,
    /// What else agents of its role are given.
    more_skills: Vec<String>,
}

impl From<Plan> for PlanView {
    fn from(plan: Plan) -> Self {
        let Arrangement { runtime, wake_by, every_minutes, .. } = plan.arrangement;
        let skill = role_skill(plan.agent.role);
        let agent = AgentView { id: plan.agent.id, name: plan.agent.name, role: plan.agent.role };
        Self { agent, runtime, wake_by, every_minutes, skill, more_skills: plan.more_skills }
    }
}

/// What a command gets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OnboardingDone)]
struct ConnectedView {
    /// The agent's key; the one that it had is refused from now on.
    api_key: String,
    /// What the agent is told.
    prompt: String,
}

impl From<Connected> for ConnectedView {
    fn from(connected: Connected) -> Self {
        Self { api_key: connected.key.expose().to_owned(), prompt: connected.prompt }
    }
}

/// A shell script.
struct Script(String);

impl Responder for Script {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().content_type("text/x-shellscript; charset=utf-8").body(self.0)
    }
}

fn token(request: &Request) -> Result<String, Problem> {
    let missing =
        ServiceError::Unauthenticated("the onboarding token is needed, as X-Onboarding-Token");
    Ok(request.header("x-onboarding-token").ok_or(missing)?)
}

/// Makes a command that connects an agent on its machine: good once, for an hour. It takes the place
/// of the one that was made before; the agent's key stays as it is until it is run.
#[utoipa::path(tag = "Admin", params(("agent_id" = String, Path)), request_body = MakeBody, responses((status = 200, body = CommandView)), security(("admin" = [])))]
#[post("/api/admin/agents/{agent_id}/onboarding")]
async fn make_agent_onboarding(call: Call, path: web::Path<String>) -> Answer<CommandView> {
    call.admin(move |known| {
        let agent_id = id("agent", &path)?;
        let body: MakeBody = known.request.json()?;
        let MakeBody { runtime, wake_by, every_minutes, language, directory } = body;
        let arrangement = Arrangement { runtime, wake_by, every_minutes, language };
        let base_url = &known.request.base_url;
        let made =
            known.service.make_onboarding(agent_id, arrangement, directory.as_deref(), base_url)?;
        Ok(made.into())
    })
    .await
}

/// What became of the command that was made for an agent last.
#[utoipa::path(tag = "Admin", params(("agent_id" = String, Path)), responses((status = 200, body = OnboardingView)), security(("admin" = [])))]
#[get("/api/admin/agents/{agent_id}/onboarding")]
async fn find_agent_onboarding(call: Call, path: web::Path<String>) -> Answer<OnboardingView> {
    call.admin(move |known| {
        let found = known.service.find_onboarding(id("agent", &path)?)?;
        Ok(OnboardingView::at(known.service.now(), &found))
    })
    .await
}

/// What the command with this token will do; changes nothing.
#[utoipa::path(tag = "Agents", responses((status = 200, body = PlanView)), security(("onboarding" = [])))]
#[get("/api/onboarding")]
async fn plan_onboarding(call: Call) -> Answer<PlanView> {
    call.public(|service, request| {
        Ok(service.plan_onboarding(&token(request)?, request.address)?.into())
    })
    .await
}

/// Runs the command with this token: the agent gets a new key, and the token is void.
#[utoipa::path(tag = "Agents", responses((status = 200, body = ConnectedView)), security(("onboarding" = [])))]
#[post("/api/onboarding")]
async fn run_onboarding(call: Call) -> Answer<ConnectedView> {
    call.public(|service, request| {
        let token = token(request)?;
        Ok(service.run_onboarding(&token, request.address, &request.base_url)?.into())
    })
    .await
}

/// The script that commands run. It holds no secret, and is the same for everybody.
#[utoipa::path(tag = "Agents", responses((status = 200, body = String, content_type = "text/x-shellscript")), security(()))]
#[get("/onboard.sh")]
async fn find_script(call: Call) -> Result<Script, Problem> {
    let script = call.public(|_, request| Ok(script(&request.base_url))).await?;
    Ok(Script(script.into_inner()))
}

pub(crate) fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(make_agent_onboarding)
        .service(find_agent_onboarding)
        .service(plan_onboarding)
        .service(run_onboarding)
        .service(find_script);
}
