//! What an operator can set, with its defaults. Where each value comes from is decided outside:
//! [`SettingsLayers`] merges defaults, file, stored changes, environment and flags.

pub(crate) mod bounds;

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use openmoss_domain::{Event, EventKind, Policy};
use openmoss_storage::{Reader, session, setting};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use bounds::{check_entries, check_external_url};

use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;
use crate::step::append;

/// A text that is not printed by accident: `Debug` shows three stars. It is serialised in clear,
/// because layers are merged as serialised values; never serialise settings into an answer.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text in clear.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// All settings. The names are those of `config.yaml` (contract, section 9) and ours beside them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Who we are.
    pub project: ProjectSettings,
    /// The human admin.
    pub admin: AdminSettings,
    /// How agents come in.
    pub agent: AgentSettings,
    /// What agents are told about notifications.
    pub notification: NotificationSettings,
    /// Where the server listens and how it is reached.
    pub server: ServerSettings,
    /// Where data is kept.
    pub database: DatabaseSettings,
    /// Where agents work.
    pub workspace: WorkspaceSettings,
    /// The dashboard and its feed.
    pub webui: WebuiSettings,
    /// Whether the wizard is done.
    pub setup: SetupSettings,
    /// The rules that an operator may choose.
    pub policy: PolicySettings,
    /// Where editable texts (skills, prompts, rules) lie.
    pub content: ContentSettings,
}

/// `project.*`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectSettings {
    /// Shown in the dashboard, in answers of `/api/health`, and in rules.
    pub name: String,
}

impl Default for ProjectSettings {
    fn default() -> Self {
        Self { name: "OpenMOSS".to_owned() }
    }
}

/// `admin.*`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdminSettings {
    /// `bcrypt:<hash>`; empty: nobody can log in yet. A plain one in the file is replaced at start.
    pub password: Secret,
    /// How long a session lasts after its last use.
    pub session_hours: u32,
}

impl Default for AdminSettings {
    fn default() -> Self {
        Self { password: Secret::default(), session_hours: 24 * 7 }
    }
}

/// `agent.*`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentSettings {
    /// What a self-registering agent must send; empty: nobody can.
    pub registration_token: Secret,
    /// Whether agents may register themselves.
    pub allow_registration: bool,
}

impl Default for AgentSettings {
    fn default() -> Self {
        Self { registration_token: Secret::default(), allow_registration: true }
    }
}

/// `notification.*`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotificationSettings {
    /// Whether agents should send notifications.
    pub enabled: bool,
    /// Where to, as `kind:target`.
    pub channels: Vec<String>,
    /// About what.
    pub events: Vec<String>,
}

/// `server.*`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerSettings {
    /// TCP port; 0 takes a free one.
    pub port: u16,
    /// Address to listen on.
    pub host: String,
    /// The address that agents and browsers use, without a slash at the end.
    pub external_url: String,
    /// IANA name of the zone whose midnight begins "today".
    pub timezone: String,
    /// Requests that wait for the database before new ones get 503.
    pub queue_max: usize,
    /// How long a stop waits for running requests.
    pub shutdown_seconds: u64,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            port: 6565,
            host: "0.0.0.0".to_owned(),
            external_url: String::new(),
            timezone: "UTC".to_owned(),
            queue_max: 4096,
            shutdown_seconds: 30,
        }
    }
}

/// `database.*`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DatabaseSettings {
    /// `sqlite` or `postgres`; with a `url` the scheme decides.
    #[serde(rename = "type")]
    pub kind: String,
    /// The SQLite file.
    pub path: String,
    /// `postgres://…` or `sqlite://PATH`; wins over `path` when set.
    pub url: Secret,
    /// Connections for reading (SQLite) or in all (PostgreSQL).
    pub connections: u32,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        Self {
            kind: "sqlite".to_owned(),
            path: "./data/tasks.db".to_owned(),
            url: Secret::default(),
            connections: 8,
        }
    }
}

/// `workspace.*`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkspaceSettings {
    /// The agents' working directory, put into rules and prompts.
    pub root: String,
}

impl Default for WorkspaceSettings {
    fn default() -> Self {
        Self { root: "./workspace".to_owned() }
    }
}

/// `webui.*`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WebuiSettings {
    /// Whether the activity feed is public.
    pub public_feed: bool,
    /// How long request logs are kept.
    pub feed_retention_days: u32,
    /// Kept for existing files; the dashboard is part of the program.
    pub auto_update: bool,
    /// Kept for existing files.
    pub github_repo: String,
}

impl Default for WebuiSettings {
    fn default() -> Self {
        Self {
            public_feed: false,
            feed_retention_days: 7,
            auto_update: false,
            github_repo: String::new(),
        }
    }
}

/// `setup.*`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SetupSettings {
    /// Whether the wizard is done.
    pub initialized: bool,
}

/// `policy.*`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicySettings {
    /// How long a claim holds without a sign of life.
    pub lease_seconds: u64,
    /// Whether sub-tasks of a task in `planning` may be claimed.
    pub claim_while_planning: bool,
}

impl Default for PolicySettings {
    fn default() -> Self {
        let policy = Policy::default();
        Self {
            lease_seconds: policy.lease.as_secs(),
            claim_while_planning: policy.claim_while_planning,
        }
    }
}

impl From<&PolicySettings> for Policy {
    fn from(settings: &PolicySettings) -> Self {
        Self {
            lease: Duration::from_secs(settings.lease_seconds),
            claim_while_planning: settings.claim_while_planning,
        }
    }
}

/// `content.*`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContentSettings {
    /// The folder with `skills/`, `prompts/` and `rules/`; what is missing there comes from the
    /// program itself.
    pub root: String,
}

impl Default for ContentSettings {
    fn default() -> Self {
        Self { root: ".".to_owned() }
    }
}

/// Settings that cannot be in force, in words that name the key and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(pub String);

/// Merges every layer into what is in force.
pub trait SettingsLayers: Send + Sync {
    /// The settings in force when `stored` (an object of sections, from the database) lies
    /// between the file and the environment.
    ///
    /// # Errors
    /// A value of the wrong type or an impossible one.
    fn effective(&self, stored: &Value) -> Result<Settings, SettingsError>;
}

impl Settings {
    /// Checks what types cannot say.
    ///
    /// # Errors
    /// The first impossible value, with what would be right.
    pub fn check(&self) -> Result<(), SettingsError> {
        let fail = |text: &str| Err(SettingsError(text.to_owned()));
        if self.project.name.trim().is_empty() {
            return fail("project.name must not be empty");
        }
        if self.server.host.parse::<std::net::IpAddr>().is_err() && self.server.host != "localhost"
        {
            return fail(
                "server.host must be an IP address such as 0.0.0.0 or 127.0.0.1, or localhost",
            );
        }
        let of_key = |key: &str, checked: Result<(), String>| {
            checked.map_err(|wrong| SettingsError(format!("{key} {wrong}")))
        };
        of_key("server.external_url", check_external_url(&self.server.external_url))?;
        of_key("notification.channels", check_entries(&self.notification.channels))?;
        of_key("notification.events", check_entries(&self.notification.events))?;
        if self.server.timezone.parse::<chrono_tz::Tz>().is_err() {
            return fail("server.timezone must be an IANA zone name such as UTC or Asia/Shanghai");
        }
        if self.server.queue_max == 0 {
            return fail("server.queue_max must be at least 1");
        }
        if !(1..=256).contains(&self.database.connections) {
            return fail("database.connections must be 1 to 256");
        }
        if !matches!(self.database.kind.as_str(), "sqlite" | "postgres") {
            return fail("database.type must be sqlite or postgres");
        }
        if self.database.kind == "postgres" && self.database.url.is_empty() {
            return fail("database.url must be set when database.type is postgres");
        }
        if self.database.url.is_empty() && self.database.path.trim().is_empty() {
            return fail("database.path must not be empty");
        }
        if !(60..=30 * 24 * 3600).contains(&self.policy.lease_seconds) {
            return fail("policy.lease_seconds must be 60 to 2592000");
        }
        if !(1..=24 * 365).contains(&self.admin.session_hours) {
            return fail("admin.session_hours must be 1 to 8760");
        }
        if !(1..=3650).contains(&self.webui.feed_retention_days) {
            return fail("webui.feed_retention_days must be 1 to 3650");
        }
        Ok(())
    }
}

/// Settings to store, each under a key such as `project.name`.
pub(crate) type Changes = Vec<(&'static str, Value)>;
/// Says whether a change may be made to the settings that are in force before it.
pub(crate) type Permission = fn(&Settings) -> Result<(), ServiceError>;

/// All stored settings as one object of sections.
pub(crate) fn stored(reader: &mut Reader) -> Result<Value, ServiceError> {
    let mut sections = Map::new();
    for (key, text) in setting::list(reader)? {
        let Some((section, name)) = key.split_once('.') else {
            continue;
        };
        let value = serde_json::from_str(&text)
            .map_err(|error| ServiceError::Internal(format!("stored setting {key}: {error}")))?;
        let section = sections.entry(section).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(values) = section {
            values.insert(name.to_owned(), value);
        }
    }
    Ok(Value::Object(sections))
}

impl Service {
    /// What is stored of the settings, as one object of sections; for `openmoss config show`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn stored_settings(&self) -> Result<Value, ServiceError> {
        self.read(stored)
    }

    /// Stores changes of settings, if `permission` says so, and takes them into force at once. A
    /// new password ends every admin session but the one through which it came. Nothing is stored
    /// when the result could not be in force.
    pub(crate) fn change_settings(
        &self,
        cx: &Context,
        changes: Changes,
        permission: Permission,
    ) -> Result<(), ServiceError> {
        // One after the other, so that what was stored last is what is in force.
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let keys: Vec<Value> = changes.iter().map(|(key, _)| (*key).into()).collect();
        let event = Event::new(EventKind::SettingsChanged, cx.actor, self.now()).with("keys", keys);
        let (now, layers) = (self.now(), Arc::clone(&self.layers));
        let own_session = cx.session_hash();
        let effective = self.store.write(move |writer| -> Result<Settings, ServiceError> {
            setting::lock(writer)?;
            permission(&layers.effective(&stored(writer)?)?)?;
            for (key, value) in &changes {
                setting::set(writer, key, &value.to_string(), now)?;
            }
            if changes.iter().any(|(key, _)| *key == "admin.password") {
                session::delete_others(writer, own_session.as_deref())?;
            }
            let effective = layers.effective(&stored(writer)?)?;
            append(writer, &event)?;
            Ok(effective)
        })?;
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(effective);
        Ok(())
    }

    /// Takes into force what another process stored: a second replica, or the command line. Cheap;
    /// run it every few seconds.
    ///
    /// # Errors
    /// When the database cannot be read, or what is stored cannot be in force; then the settings
    /// stay as they are.
    pub fn refresh_settings(&self) -> Result<(), ServiceError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let effective = self.layers.effective(&self.stored_settings()?)?;
        if effective != *self.settings() {
            *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(effective);
        }
        Ok(())
    }
}
