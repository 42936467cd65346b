//! The first-run wizard.

use std::net::IpAddr;

use openmoss_domain::{Actor, Fields, text};
use serde_json::json;

use crate::Service;
use crate::admin::check_new_password;
use crate::context::Context;
use crate::credential::{is_password, is_same, random_hex};
use crate::error::ServiceError;
use crate::settings::bounds::{check_channels, check_entries, check_external_url};
use crate::settings::{Changes, NotificationSettings, Secret, keys};

const DONE: ServiceError = ServiceError::Forbidden("the setup is done already; log in instead");

/// Who runs the wizard.
#[derive(Debug, Clone, Copy)]
pub struct SetupCaller<'a> {
    /// From where.
    pub address: Option<IpAddr>,
    /// The one-time token that was printed at start, if the caller sent it.
    pub token: Option<&'a str>,
}

/// What the wizard asks, as it came in.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The new admin password.
    pub admin_password: String,
    /// The old one, needed when agents exist and a password is set.
    pub current_password: Option<String>,
    /// What the project is called.
    pub project_name: String,
    /// Where agents work.
    pub workspace_root: String,
    /// The token for self-registration; a random one when empty.
    pub registration_token: Option<String>,
    /// Whether agents may register themselves.
    pub allow_registration: bool,
    /// What agents are told about notifications; `None` keeps what is set.
    pub notification: Option<NotificationSettings>,
    /// The address that agents use; `None` keeps what is set.
    pub external_url: Option<String>,
}

impl Service {
    /// Whether the wizard is done. An installation that has agents was set up before.
    pub fn is_initialized(&self) -> Result<bool, ServiceError> {
        if self.settings().setup.initialized {
            return Ok(true);
        }
        if self.settings().admin.password.is_empty() {
            return Ok(false);
        }
        self.read(|reader| Ok(openmoss_storage::agent::has_any(reader)?))
    }

    /// The one-time token with which the wizard can be run from another host.
    #[must_use]
    pub fn setup_token(&self) -> &Secret {
        &self.setup_token
    }

    /// Runs the wizard, once. Returns the registration token in force.
    pub fn initialize(
        &self,
        caller: SetupCaller<'_>,
        setup: &Setup,
    ) -> Result<Secret, ServiceError> {
        let stranger = caller.address.filter(|address| !address.is_loopback());
        let attempt = self.throttle.attempt(stranger)?;
        if self.is_initialized()? {
            return Err(DONE);
        }
        if stranger.is_some()
            && !caller.token.is_some_and(|token| is_same(token, self.setup_token.expose()))
        {
            return Err(ServiceError::Forbidden(
                "setup from another host needs the token that the server printed at start, as X-Setup-Token",
            ));
        }
        self.check_current_password(setup)?;
        attempt.succeeded();
        let (changes, token) = self.changes(setup)?;
        // Of two that run it at once, the second comes too late.
        self.change_settings(&Context::of(Actor::Admin), changes, |before| {
            if before.setup.initialized { Err(DONE) } else { Ok(()) }
        })?;
        Ok(token)
    }

    /// Whoever takes over an installation that has a password must know it.
    fn check_current_password(&self, setup: &Setup) -> Result<(), ServiceError> {
        let stored = self.settings().admin.password.clone();
        if stored.is_empty() {
            return Ok(());
        }
        let current = setup.current_password.as_deref().unwrap_or_default();
        if self.throttle.one_at_a_time(|| is_password(current, &stored)) {
            return Ok(());
        }
        Err(ServiceError::Forbidden("a password is set already; send it as current_password"))
    }

    fn changes(&self, setup: &Setup) -> Result<(Changes, Secret), ServiceError> {
        let mut fields = Fields::default();
        let name = fields.keep(text::name("project_name", &setup.project_name));
        let root =
            fields.keep(text::line("workspace_root", &setup.workspace_root, text::LINE_CHARS_MAX));
        let settings = self.settings();
        let token = setup.registration_token.as_deref().map(str::trim).unwrap_or_default();
        let token = if token.is_empty() && self.layers.fixed_by(keys::REGISTRATION_TOKEN).is_some()
        {
            settings.agent.registration_token.expose().to_owned()
        } else if token.is_empty() {
            random_hex(16)
        } else {
            fields.keep(text::line("registration_token", token, text::LINE_CHARS_MAX))
        };
        let url = setup.external_url.as_deref().map(|url| url.trim().trim_end_matches('/'));
        let mut note = |field: &str, checked: Result<(), String>| {
            if let Err(wrong) = checked {
                fields.push(field, wrong);
            }
        };
        note("external_url", check_external_url(url.unwrap_or_default()));
        if let Some(notification) = &setup.notification {
            let channels = &notification.channels;
            let wrong = check_entries(channels).and_then(|()| check_channels(channels));
            note("notification.channels", wrong);
            note("notification.events", check_entries(&notification.events));
        }
        fields.finish()?;
        check_new_password("admin_password", &setup.admin_password)?;
        let mut changes = vec![
            ("project.name", json!(name)),
            ("workspace.root", json!(root)),
            ("agent.registration_token", json!(token)),
            ("agent.allow_registration", json!(setup.allow_registration)),
            ("setup.initialized", json!(true)),
        ];
        if let Some(hash) = self.hash_unless_fixed("admin_password", &setup.admin_password)? {
            changes.push((keys::PASSWORD, json!(hash.expose())));
        }
        if let Some(notification) = &setup.notification {
            changes.push(("notification.enabled", json!(notification.enabled)));
            changes.push(("notification.channels", json!(notification.channels)));
            changes.push(("notification.events", json!(notification.events)));
        }
        if let Some(url) = url {
            changes.push(("server.external_url", json!(url)));
        }
        Ok((changes, Secret::new(token)))
    }
}
