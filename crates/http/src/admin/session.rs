//! The admin's session: login and logout.

use actix_web::{delete, get, post, web};
use openmoss_domain::{SessionId, Timestamp};
use openmoss_service::admin::SeenSession;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::{Answer, Call};
use crate::input::id;
use crate::page::{AdminPageQuery, PageView};
use crate::tools::MessageView;
use crate::vocabulary;

/// The admin password.
#[derive(Deserialize, ToSchema)]
#[schema(as = AdminLogin)]
struct LoginBody {
    #[schema(format = Password)]
    password: String,
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminSession)]
struct SessionView {
    /// Send it as `X-Admin-Token`.
    token: String,
    message: String,
}

/// Opens a session.
#[utoipa::path(tag = "Admin", request_body = LoginBody, responses((status = 200, body = SessionView)), security(()))]
#[post("/api/admin/login")]
async fn log_in(call: Call) -> Answer<SessionView> {
    call.public(|service, request| {
        let body: LoginBody = request.json()?;
        let token = service.log_in(&body.password, request.address)?;
        Ok(SessionView { token: token.expose().to_owned(), message: "Logged in.".to_owned() })
    })
    .await
}

/// Ends the session.
#[utoipa::path(tag = "Admin", responses((status = 200, body = MessageView)), security(("admin" = [])))]
#[post("/api/admin/logout")]
async fn log_out(call: Call) -> Answer<MessageView> {
    call.admin(|known| {
        let token = known.request.header("x-admin-token").unwrap_or_default();
        known.service.log_out(&token)?;
        Ok(MessageView::new("Logged out."))
    })
    .await
}

/// A session of the admin, without its token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenAdminSession)]
struct OpenSessionView {
    #[schema(value_type = uuid::Uuid)]
    id: SessionId,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
    /// To the minute.
    #[schema(value_type = vocabulary::Time)]
    last_used_at: Timestamp,
    /// When it ends, unless it is used before.
    #[schema(value_type = vocabulary::Time)]
    expires_at: Timestamp,
    /// From where the login came.
    address: Option<String>,
    /// Whether this is the one that asks.
    is_current: bool,
}

impl From<SeenSession> for OpenSessionView {
    fn from(seen: SeenSession) -> Self {
        let one = seen.session;
        Self {
            id: one.id,
            created_at: one.created_at,
            last_used_at: one.last_used_at,
            expires_at: one.expires_at,
            address: one.address,
            is_current: seen.is_own,
        }
    }
}

type SessionPage = PageView<OpenSessionView>;

/// How many sessions ended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminSessionsEnded)]
struct EndedView {
    ended: usize,
}

/// The sessions that are not over, first what ends last.
#[utoipa::path(tag = "Admin", params(AdminPageQuery), responses((status = 200, body = SessionPage)), security(("admin" = [])))]
#[get("/api/admin/sessions")]
async fn list_sessions(call: Call) -> Answer<SessionPage> {
    call.admin(|known| {
        let page: AdminPageQuery = known.request.query()?;
        page.answer(|window| Ok(known.service.list_sessions(&known.cx, window)?))
    })
    .await
}

/// Ends a session, also the one that asks.
#[utoipa::path(tag = "Admin", params(("session_id" = String, Path)), responses((status = 200, body = MessageView)), security(("admin" = [])))]
#[delete("/api/admin/sessions/{session_id}")]
async fn revoke_session(call: Call, path: web::Path<String>) -> Answer<MessageView> {
    call.admin(move |known| {
        known.service.revoke_session(&known.cx, id("session", &path)?)?;
        Ok(MessageView::new("The session is over."))
    })
    .await
}

/// Ends every session but the one that asks.
#[utoipa::path(tag = "Admin", responses((status = 200, body = EndedView)), security(("admin" = [])))]
#[post("/api/admin/sessions/revoke-others")]
async fn revoke_other_sessions(call: Call) -> Answer<EndedView> {
    call.admin(|known| Ok(EndedView { ended: known.service.revoke_other_sessions(&known.cx)? }))
        .await
}

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(log_in)
        .service(log_out)
        .service(list_sessions)
        .service(revoke_session)
        .service(revoke_other_sessions);
}
