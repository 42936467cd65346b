//! The setup wizard over HTTP.

use actix_web::{get, post};
use openmoss_service::settings::NotificationSettings;
use openmoss_service::setup::{Setup, SetupCaller};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::call::{Answer, Call};
use crate::input::FromObject;

/// How far the setup is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SetupStatus)]
struct StatusView {
    /// Whether the wizard is done.
    initialized: bool,
    /// Whether an external address is set.
    has_external_url: bool,
}

/// What the wizard asks.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SetupInitialize)]
struct InitializeBody {
    #[schema(min_length = 6, max_length = 72, format = Password)]
    admin_password: String,
    /// Needed when a password is set already.
    #[schema(format = Password)]
    current_password: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    project_name: String,
    /// Where agents work.
    #[schema(min_length = 1, max_length = 500)]
    workspace_root: String,
    /// For self-registration; a random one when empty.
    #[schema(max_length = 500)]
    registration_token: Option<String>,
    /// Whether agents may register themselves.
    #[schema(default = true)]
    allow_registration: Option<bool>,
    #[schema(value_type = Option<NotificationBody>)]
    notification: Option<FromObject<NotificationBody>>,
    /// The address that agents use.
    external_url: Option<String>,
}

/// What agents are told about notifications.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SetupNotification)]
struct NotificationBody {
    #[serde(default)]
    enabled: bool,
    /// Each as `kind:target`.
    #[serde(default)]
    channels: Vec<String>,
    #[serde(default)]
    events: Vec<String>,
}

/// What the wizard did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SetupInitialized)]
struct InitializedView {
    message: String,
    /// For self-registration.
    registration_token: String,
}

impl From<InitializeBody> for Setup {
    fn from(body: InitializeBody) -> Self {
        Self {
            admin_password: body.admin_password,
            current_password: body.current_password,
            project_name: body.project_name,
            workspace_root: body.workspace_root,
            registration_token: body.registration_token,
            allow_registration: body.allow_registration.unwrap_or(true),
            notification: body.notification.map(|FromObject(notification)| NotificationSettings {
                enabled: notification.enabled,
                channels: notification.channels,
                events: notification.events,
            }),
            external_url: body.external_url,
        }
    }
}

/// Who may run the wizard from another host.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes a header")]
struct SetupHeaders {
    /// Printed at start; not needed from the same host.
    #[param(rename = "X-Setup-Token", nullable = false)]
    token: Option<String>,
}

/// Whether the setup is done.
#[utoipa::path(tag = "Setup", responses((status = 200, body = StatusView)), security(()))]
#[get("/api/setup/status")]
async fn setup_status(call: Call) -> Answer<StatusView> {
    call.public(|service, _| {
        Ok(StatusView {
            initialized: service.is_initialized()?,
            has_external_url: !service.settings().server.external_url.is_empty(),
        })
    })
    .await
}

/// Sets password, project, workspace and registration token, once. From another host it needs the
/// token that the server printed at start, as `X-Setup-Token`.
#[utoipa::path(tag = "Setup", request_body = InitializeBody, params(SetupHeaders), responses((status = 200, body = InitializedView)), security(()))]
#[post("/api/setup/initialize")]
async fn initialize(call: Call) -> Answer<InitializedView> {
    call.public(|service, request| {
        let body: InitializeBody = request.json()?;
        let token = request.header("x-setup-token");
        let caller = SetupCaller { address: request.address, token: token.as_deref() };
        let token = service.initialize(caller, &body.into())?;
        Ok(InitializedView {
            message: "The setup is done; log in with the admin password.".to_owned(),
            registration_token: token.expose().to_owned(),
        })
    })
    .await
}

pub(crate) fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(setup_status).service(initialize);
}
