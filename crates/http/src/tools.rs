//! Health, the client script, and what agents are told about notifications.

use actix_web::{HttpRequest, HttpResponse, Responder, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::call::{Answer, Call};
use crate::problem::Problem;

/// The version of the HTTP contract that existing clients know.
const API_VERSION: &str = "1.0.0";

/// A plain text answer.
pub(crate) struct Text(pub(crate) String);

impl Responder for Text {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(self.0)
    }
}

/// A sentence.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub(crate) struct MessageView {
    message: String,
}

impl MessageView {
    pub(crate) fn new(message: &str) -> Self {
        Self { message: message.to_owned() }
    }
}

/// Alive.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
struct HealthView {
    /// `ok`.
    status: String,
    /// The project's name.
    service: String,
    /// Of the HTTP contract that existing clients know.
    version: String,
    /// Of this server.
    server_version: String,
}

/// What agents are told about notifications that they deliver themselves.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationConfig)]
struct NotificationView {
    enabled: bool,
    channels: Vec<String>,
    events: Vec<String>,
}

/// Whether the server is alive.
#[utoipa::path(tag = "Health", responses((status = 200, body = HealthView)), security(()))]
#[get("/api/health")]
async fn health(call: Call) -> Answer<HealthView> {
    // Alive even when the database is slow: no place in the pool, no query.
    Ok(actix_web::web::Json(HealthView {
        status: "ok".to_owned(),
        service: call.service().settings().project.name.clone(),
        version: API_VERSION.to_owned(),
        server_version: env!("CARGO_PKG_VERSION").to_owned(),
    }))
}

/// Whether the server can do its work: 503 when the database is away.
#[utoipa::path(tag = "Health", responses((status = 200, body = MessageView)), security(()))]
#[get("/api/ready")]
async fn ready(call: Call) -> Answer<MessageView> {
    call.public(|service, _| {
        service.check_ready()?;
        Ok(MessageView::new("Ready."))
    })
    .await
}

/// The client script, with this server's address in it.
#[utoipa::path(tag = "Agents", responses((status = 200, body = String, content_type = "text/plain")), security(("agent" = []), ("agent_key" = [])))]
#[get("/api/tools/cli")]
async fn find_client(call: Call) -> Result<Text, Problem> {
    let client =
        call.agent(|known, _| Ok(known.service.client(&known.request.base_url)?.text)).await?;
    Ok(Text(client.into_inner()))
}

/// What agents are told about notifications.
#[utoipa::path(tag = "Agents", responses((status = 200, body = NotificationView)), security(("agent" = []), ("agent_key" = [])))]
#[get("/api/config/notification")]
async fn notification(call: Call) -> Answer<NotificationView> {
    call.agent(|known, _| {
        let settings = &known.service.settings().notification;
        Ok(NotificationView {
            enabled: settings.enabled,
            channels: settings.channels_of_agents(),
            events: settings.events.clone(),
        })
    })
    .await
}

pub(crate) fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(health).service(ready).service(find_client).service(notification);
}
