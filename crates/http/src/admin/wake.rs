//! Where agents are woken, over HTTP.

use actix_web::{delete, get, post, put, web};
use openmoss_domain::next::NextAction;
use openmoss_domain::outbox::DeliveryStatus;
use openmoss_domain::wake::{WakeKind, WakeUp};
use openmoss_domain::{AgentId, SubTaskId, Timestamp, WakeUpId};
use openmoss_service::settings::Secret;
use openmoss_service::wake::{NewTarget, SeenTarget};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::notifications::TriedView;
use crate::call::{Answer, Call};
use crate::input::id;
use crate::page::{AdminPageQuery, PageView};
use crate::problem::Problem;
use crate::tools::MessageView;
use crate::vocabulary;

/// Where an agent is woken.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WakeTarget)]
struct TargetView {
    /// How; null: it is woken nowhere.
    #[schema(value_type = Option<vocabulary::WakeKind>)]
    kind: Option<WakeKind>,
    /// The gateway's address; of a webhook only where it lies.
    url: Option<String>,
    /// Whether a token or a signing secret is set. It is never shown.
    has_secret: bool,
    /// What the agent is called in its OpenClaw.
    runtime_agent: Option<String>,
    /// The mapped hook of the gateway; null: the one for agents.
    hook: Option<String>,
    /// Whether it was woken and has not called since.
    is_outstanding: bool,
    /// When it was last woken.
    #[schema(value_type = Option<vocabulary::Time>)]
    woken_at: Option<Timestamp>,
    /// How many wake-ups in a row it did not answer.
    unanswered: u32,
}

impl From<Option<SeenTarget>> for TargetView {
    fn from(found: Option<SeenTarget>) -> Self {
        let has = found.as_ref();
        Self {
            kind: has.map(|one| one.kind),
            has_secret: has.is_some_and(|one| one.has_secret),
            is_outstanding: has.is_some_and(|one| one.is_outstanding),
            woken_at: has.and_then(|one| one.woken_at),
            unanswered: has.map_or(0, |one| one.unanswered),
            runtime_agent: has.and_then(|one| one.runtime_agent.clone()),
            hook: has.and_then(|one| one.hook.clone()),
            url: found.map(|one| one.url),
        }
    }
}

/// Where an agent shall be woken.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WakeTargetChange)]
struct TargetBody {
    #[schema(value_type = vocabulary::WakeKind)]
    kind: WakeKind,
    /// The gateway's address, such as `http://127.0.0.1:18789`, or the webhook's.
    #[schema(min_length = 1, max_length = 500)]
    url: String,
    /// The gateway's `hooks.token`, or what signs the webhook. Left out, the one that is there stays,
    /// as long as the place is the same.
    #[schema(max_length = 500, format = Password)]
    secret: Option<String>,
    /// What the agent is called in its OpenClaw.
    #[schema(max_length = 100)]
    runtime_agent: Option<String>,
    /// The mapped hook of the gateway; left out: the one for agents.
    #[schema(max_length = 100)]
    hook: Option<String>,
}

/// One wake-up.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WakeUp)]
struct WakeUpView {
    /// The idempotency key that the runtime gets.
    #[schema(value_type = uuid::Uuid)]
    id: WakeUpId,
    #[schema(value_type = uuid::Uuid)]
    agent_id: AgentId,
    /// What there is to do.
    #[schema(value_type = vocabulary::NextAction)]
    action: NextAction,
    /// With which sub-task, if it is the agent's own.
    #[schema(value_type = Option<uuid::Uuid>)]
    sub_task_id: Option<SubTaskId>,
    #[schema(value_type = vocabulary::DeliveryStatus)]
    status: DeliveryStatus,
    tries: u32,
    /// When it is tried next, while it is pending.
    #[schema(value_type = Option<vocabulary::Time>)]
    next_try_at: Option<Timestamp>,
    /// Why the last try failed.
    last_error: Option<String>,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
    /// When the runtime took it, or it was given up.
    #[schema(value_type = Option<vocabulary::Time>)]
    finished_at: Option<Timestamp>,
    /// When the agent called after it.
    #[schema(value_type = Option<vocabulary::Time>)]
    answered_at: Option<Timestamp>,
}

impl From<WakeUp> for WakeUpView {
    fn from(one: WakeUp) -> Self {
        let sending = one.sending;
        let is_pending = sending.status == DeliveryStatus::Pending;
        Self {
            id: one.id,
            agent_id: one.agent_id,
            action: one.action,
            sub_task_id: one.sub_task_id,
            status: sending.status,
            tries: sending.tries,
            next_try_at: is_pending.then_some(sending.next_try_at),
            last_error: sending.last_error,
            created_at: one.created_at,
            finished_at: sending.finished_at,
            answered_at: one.answered_at,
        }
    }
}

type WakeUpPage = PageView<WakeUpView>;

fn agent_id(path: &web::Path<String>) -> Result<AgentId, Problem> {
    id("agent", path)
}

/// Where an agent is woken when there is work for it, and how it stands with that.
#[utoipa::path(tag = "Admin", params(("agent_id" = String, Path)), responses((status = 200, body = TargetView)), security(("admin" = [])))]
#[get("/api/admin/agents/{agent_id}/wake")]
async fn find_wake_target(call: Call, path: web::Path<String>) -> Answer<TargetView> {
    call.admin(move |known| Ok(known.service.find_wake_target(agent_id(&path)?)?.into())).await
}

/// Says where an agent is woken when there is work for it.
#[utoipa::path(tag = "Admin", params(("agent_id" = String, Path)), request_body = TargetBody, responses((status = 200, body = TargetView)), security(("admin" = [])))]
#[put("/api/admin/agents/{agent_id}/wake")]
async fn set_wake_target(call: Call, path: web::Path<String>) -> Answer<TargetView> {
    call.admin(move |known| {
        let body: TargetBody = known.request.json()?;
        let new = NewTarget {
            kind: body.kind,
            url: body.url,
            secret: body.secret.map(Secret::new),
            runtime_agent: body.runtime_agent,
            hook: body.hook,
        };
        Ok(Some(known.service.set_wake_target(&known.cx, agent_id(&path)?, &new)?).into())
    })
    .await
}

/// Wakes an agent nowhere any more.
#[utoipa::path(tag = "Admin", params(("agent_id" = String, Path)), responses((status = 200, body = MessageView)), security(("admin" = [])))]
#[delete("/api/admin/agents/{agent_id}/wake")]
async fn delete_wake_target(call: Call, path: web::Path<String>) -> Answer<MessageView> {
    call.admin(move |known| {
        known.service.delete_wake_target(&known.cx, agent_id(&path)?)?;
        Ok(MessageView::new("The agent is woken nowhere."))
    })
    .await
}

/// Wakes an agent now, and says what came of it.
#[utoipa::path(tag = "Admin", params(("agent_id" = String, Path)), responses((status = 200, body = TriedView)), security(("admin" = [])))]
#[post("/api/admin/agents/{agent_id}/wake/test")]
async fn test_wake_target(call: Call, path: web::Path<String>) -> Answer<TriedView> {
    call.admin(move |known| Ok(known.service.try_wake_target(agent_id(&path)?)?.into())).await
}

/// An agent's wake-ups, newest first.
#[utoipa::path(tag = "Admin", params(("agent_id" = String, Path), AdminPageQuery), responses((status = 200, body = WakeUpPage)), security(("admin" = [])))]
#[get("/api/admin/agents/{agent_id}/wake/deliveries")]
async fn list_wake_ups(call: Call, path: web::Path<String>) -> Answer<WakeUpPage> {
    call.admin(move |known| {
        let page: AdminPageQuery = known.request.query()?;
        let id = agent_id(&path)?;
        page.answer(|window| Ok(known.service.list_wake_ups(id, window)?))
    })
    .await
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(find_wake_target)
        .service(set_wake_target)
        .service(delete_wake_target)
        .service(test_wake_target)
        .service(list_wake_ups);
}
