//! Agents over HTTP: registration, the admin's list, and what an agent fetches for itself.

use actix_web::{get, post, put, web};
use openmoss_domain::{Agent, AgentId, AgentStatus, Persona, PersonaEdit, Role};
use openmoss_service::agent::{NewAgent, REGISTRANT, Registered};
use openmoss_service::{Context, ServiceError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::call::{Answer, Call};
use crate::input::{FilterValue, id, text_or_empty};
use crate::problem::Problem;
use crate::tools::Text;
use crate::vocabulary;

/// An agent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Agent)]
pub(crate) struct AgentView {
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
}

impl From<Agent> for AgentView {
    fn from(one: Agent) -> Self {
        Self {
            id: one.id,
            name: one.name,
            role: one.role,
            description: one.description,
            status: one.status,
            total_score: one.total_score,
            capabilities: one.capabilities.into(),
            avatar: one.persona.avatar,
        }
    }
}

/// How an agent shows itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Persona)]
struct PersonaView {
    /// An emoji, or one of the drawn faces `face-1` to `face-12`; null: one is drawn from its id.
    avatar: Option<String>,
    /// One line in its own words.
    signature: String,
    /// How it works, as tags in any language.
    work_style: Vec<String>,
}

impl From<Persona> for PersonaView {
    fn from(one: Persona) -> Self {
        Self { avatar: one.avatar, signature: one.signature, work_style: one.work_style }
    }
}

/// What of a persona changes; what is absent or null stays, and what is empty is cleared.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PersonaChange)]
struct PersonaBody {
    /// One emoji, or one of `face-1` to `face-12`.
    avatar: Option<String>,
    #[schema(max_length = 120)]
    signature: Option<String>,
    /// Replaces all tags; each has at most 24 characters.
    #[schema(value_type = Option<Vec<String>>, max_items = 6)]
    work_style: Option<Vec<String>>,
}

impl From<PersonaBody> for PersonaEdit {
    fn from(body: PersonaBody) -> Self {
        Self { avatar: body.avatar, signature: body.signature, work_style: body.work_style }
    }
}

/// A new agent.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AgentCreate)]
struct CreateBody {
    /// Unique among agents.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[schema(value_type = vocabulary::Role)]
    role: Role,
    #[serde(default, deserialize_with = "text_or_empty")]
    #[schema(value_type = Option<String>, max_length = 65_536)]
    description: String,
    /// What it can do, as tags such as `python`.
    #[schema(value_type = Option<Vec<String>>, max_items = 16)]
    capabilities: Option<Vec<String>>,
}

impl From<CreateBody> for NewAgent {
    fn from(body: CreateBody) -> Self {
        Self {
            name: body.name,
            role: body.role,
            description: body.description,
            capabilities: body.capabilities.unwrap_or_default(),
        }
    }
}

/// A new agent and its key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgentRegistered)]
struct RegisteredView {
    #[schema(value_type = uuid::Uuid)]
    id: AgentId,
    name: String,
    #[schema(value_type = vocabulary::Role)]
    role: Role,
    /// Shown this once.
    api_key: String,
    message: String,
}

impl From<Registered> for RegisteredView {
    fn from(one: Registered) -> Self {
        Self {
            id: one.agent.id,
            name: one.agent.name,
            role: one.agent.role,
            api_key: one.key.expose().to_owned(),
            message: "Keep the API key: it is shown only now.".to_owned(),
        }
    }
}

/// A new key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgentKeyReset)]
struct KeyView {
    #[schema(value_type = uuid::Uuid)]
    agent_id: AgentId,
    /// Shown this once.
    new_api_key: String,
    message: String,
}

/// Whether an agent may work.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AgentStatusChange)]
struct StatusBody {
    #[schema(value_type = vocabulary::AgentStatus)]
    status: AgentStatus,
}

/// Which agents.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AgentQuery {
    /// Of this role.
    role: Option<String>,
    /// In this status.
    status: Option<String>,
}

fn agent_id(path: &web::Path<String>) -> Result<AgentId, Problem> {
    id("agent", path)
}

/// An agent registers itself; the answer is the only time that its key is shown.
#[utoipa::path(tag = "Agents", request_body = CreateBody, responses((status = 200, body = RegisteredView)), security(("registration" = [])))]
#[post("/api/agents/register")]
async fn register_agent(call: Call) -> Answer<RegisteredView> {
    call.public(|service, request| {
        let token = request.header("x-registration-token").ok_or(ServiceError::Unauthenticated(
            "the registration token is needed, as X-Registration-Token",
        ))?;
        let body: CreateBody = request.json()?;
        let idempotency = request.idempotency(&token)?;
        let cx = Context { idempotency, ..Context::of(REGISTRANT) };
        Ok(service.register_agent(&cx, &token, request.address, &body.into())?.into())
    })
    .await
}

/// Creates an agent; the answer is the only time that its key is shown.
#[utoipa::path(tag = "Agents", request_body = CreateBody, responses((status = 200, body = RegisteredView)), security(("admin" = [])))]
#[post("/api/agents")]
async fn create_agent(call: Call) -> Answer<RegisteredView> {
    create(call).await
}

/// The same as `POST /api/agents`.
#[utoipa::path(tag = "Admin", request_body = CreateBody, responses((status = 200, body = RegisteredView)), security(("admin" = [])))]
#[post("/api/admin/agents")]
async fn create_agent_as_admin(call: Call) -> Answer<RegisteredView> {
    create(call).await
}

async fn create(call: Call) -> Answer<RegisteredView> {
    call.admin(|known| {
        let body: CreateBody = known.request.json()?;
        Ok(known.service.create_agent(&known.cx, &body.into())?.into())
    })
    .await
}

/// All agents, oldest first.
#[utoipa::path(tag = "Agents", params(AgentQuery), responses((status = 200, body = Vec<AgentView>)))]
#[get("/api/agents")]
async fn list_agents(call: Call) -> Answer<Vec<AgentView>> {
    call.actor(|known| {
        let asked: AgentQuery = known.request.query()?;
        let role = FilterValue::parse(asked.role.as_deref()).optional();
        let status = FilterValue::parse(asked.status.as_deref()).optional();
        let (Ok(role), Ok(status)) = (role, status) else {
            return Ok(Vec::new());
        };
        Ok(known.service.list_agents(role, status)?.into_iter().map(AgentView::from).collect())
    })
    .await
}

/// Enables or disables an agent.
#[utoipa::path(tag = "Agents", params(("agent_id" = String, Path)), request_body = StatusBody, responses((status = 200, body = AgentView)), security(("admin" = [])))]
#[put("/api/agents/{agent_id}/status")]
async fn set_agent_status(call: Call, path: web::Path<String>) -> Answer<AgentView> {
    set_status(call, path).await
}

/// The same as `PUT /api/agents/{agent_id}/status`.
#[utoipa::path(tag = "Admin", params(("agent_id" = String, Path)), request_body = StatusBody, responses((status = 200, body = AgentView)), security(("admin" = [])))]
#[put("/api/admin/agents/{agent_id}/status")]
async fn set_agent_status_as_admin(call: Call, path: web::Path<String>) -> Answer<AgentView> {
    set_status(call, path).await
}

async fn set_status(call: Call, path: web::Path<String>) -> Answer<AgentView> {
    call.admin(move |known| {
        let body: StatusBody = known.request.json()?;
        let id = agent_id(&path)?;
        Ok(known.service.set_agent_status(&known.cx, id, body.status)?.into())
    })
    .await
}

/// Gives an agent a new key; the old one is refused at once.
#[utoipa::path(tag = "Admin", params(("agent_id" = String, Path)), responses((status = 200, body = KeyView)), security(("admin" = [])))]
#[post("/api/admin/agents/{agent_id}/reset-key")]
async fn reset_agent_key(call: Call, path: web::Path<String>) -> Answer<KeyView> {
    call.admin(move |known| {
        let reset = known.service.reset_agent_key(&known.cx, agent_id(&path)?)?;
        Ok(KeyView {
            agent_id: reset.agent.id,
            new_api_key: reset.key.expose().to_owned(),
            message: "Keep the API key: it is shown only now.".to_owned(),
        })
    })
    .await
}

/// The skill of the caller's role, with the caller's key filled in.
#[utoipa::path(tag = "Agents", responses((status = 200, body = String, content_type = "text/plain")), security(("agent" = []), ("agent_key" = [])))]
#[get("/api/agents/me/skill")]
async fn find_my_skill(call: Call) -> Result<Text, Problem> {
    let key = call.agent_key();
    let skill = call.agent(move |known, agent| Ok(known.service.skill(agent.role, &key)?));
    Ok(Text(skill.await?.into_inner()))
}

/// How the caller shows itself.
#[utoipa::path(tag = "Agents", responses((status = 200, body = PersonaView)), security(("agent" = []), ("agent_key" = [])))]
#[get("/api/agents/me/persona")]
async fn find_my_persona(call: Call) -> Answer<PersonaView> {
    call.short().agent(|_, agent| Ok(agent.persona.clone().into())).await
}

/// The caller changes how it shows itself to people.
#[utoipa::path(tag = "Agents", request_body = PersonaBody, responses((status = 200, body = PersonaView)), security(("agent" = []), ("agent_key" = [])))]
#[put("/api/agents/me/persona")]
async fn edit_my_persona(call: Call) -> Answer<PersonaView> {
    call.agent(|known, agent| {
        let body: PersonaBody = known.request.json()?;
        let edited = known.service.edit_persona(&known.cx, agent.id, &body.into())?;
        Ok(edited.persona.into())
    })
    .await
}

pub(crate) fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(register_agent)
        .service(create_agent)
        .service(list_agents)
        .service(find_my_skill)
        .service(find_my_persona)
        .service(edit_my_persona)
        .service(set_agent_status)
        .service(create_agent_as_admin)
        .service(set_agent_status_as_admin)
        .service(reset_agent_key);
}
