//! The dashboard's version. It is part of the program, so there is nothing to look up or to fetch.

use actix_web::{get, post};
use openmoss_domain::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::{Answer, Call};
use crate::vocabulary;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The dashboard's version.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebuiVersion)]
struct VersionView {
    /// That of this program.
    current_version: String,
    /// Always null: this server asks nobody outside.
    latest_version: Option<String>,
    /// Always false: a newer dashboard comes with a newer program.
    update_available: bool,
    /// Always `none`.
    update_type: String,
    /// Always null.
    #[schema(value_type = Option<vocabulary::Time>)]
    checked_at: Option<Timestamp>,
    /// Always null.
    error: Option<String>,
}

impl VersionView {
    fn of_this_program() -> Self {
        Self {
            current_version: VERSION.to_owned(),
            latest_version: None,
            update_available: false,
            update_type: "none".to_owned(),
            checked_at: None,
            error: None,
        }
    }
}

/// What came of an update of the dashboard.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebuiUpdate)]
struct UpdateView {
    /// Always false.
    success: bool,
    message: String,
    version: String,
}

/// The dashboard's version, which is the program's.
#[utoipa::path(tag = "Admin", responses((status = 200, body = VersionView)), security(()))]
#[get("/api/webui/version")]
async fn webui_version(call: Call) -> Answer<VersionView> {
    call.public(|_, _| Ok(VersionView::of_this_program())).await
}

/// The same as `GET /api/webui/version`.
#[utoipa::path(tag = "Admin", responses((status = 200, body = VersionView)), security(("admin" = [])))]
#[get("/api/webui/version/check")]
async fn check_webui_version(call: Call) -> Answer<VersionView> {
    call.admin(|_| Ok(VersionView::of_this_program())).await
}

/// Says how the dashboard is updated: with the program.
#[utoipa::path(tag = "Admin", responses((status = 200, body = UpdateView)), security(("admin" = [])))]
#[post("/api/admin/webui/update")]
async fn update_webui(call: Call) -> Answer<UpdateView> {
    call.admin(|_| {
        let message =
            "The dashboard is part of the program; a newer one comes with a newer program.";
        let (message, version) = (message.to_owned(), VERSION.to_owned());
        Ok(UpdateView { success: false, message, version })
    })
    .await
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(webui_version).service(check_webui_version).service(update_webui);
}
