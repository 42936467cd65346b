//! The admin's session: login and logout.

use actix_web::post;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::{Answer, Call};
use crate::tools::MessageView;

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

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(log_in).service(log_out);
}
