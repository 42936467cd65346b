//! What an operator can set, with its defaults. Where each value comes from is decided outside:
//! [`SettingsLayers`] merges defaults, file, stored changes, environment and flags.

pub(crate) mod bounds;
mod change;
mod edit;
pub mod keys;
mod skills;

use std::fmt;
use std::time::Duration;

use openmoss_domain::prompt::Language;
use openmoss_domain::requirements::{APPROVALS_MAX, Requirements};
use openmoss_domain::watch::Thresholds;
use openmoss_domain::{FieldError, Policy};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use bounds::{check_channels, check_entries, check_external_url};
pub(crate) use change::{Changes, fixed, stored};
pub use edit::SECTIONS;
pub use skills::SkillSettings;

use crate::notification::MODES;
use crate::notification::channel::is_for_agents;
pub use crate::notification::masked;

/// Largest budget that can be set here; an agent or a task may have a larger one of its own.
const BUDGET_MAX: u64 = 1_000_000_000;

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
    /// What the server watches for by itself.
    pub patrol: PatrolSettings,
    /// How much may be used before no new work is handed out.
    pub budget: BudgetSettings,
    /// Which skills agents get beside the one of their role.
    pub skills: SkillSettings,
    /// Where editable texts (skills, prompts, rules) lie.
    pub content: ContentSettings,
    /// How the server itself reaches people and agents.
    pub delivery: DeliverySettings,
    /// The mail server for channels of kind `email:`.
    pub smtp: SmtpSettings,
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
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotificationSettings {
    /// Whether people are notified, by the server and by agents.
    pub enabled: bool,
    /// Where to, as `kind:target`. Those of the server hold secrets: show them masked.
    pub channels: Vec<String>,
    /// About what.
    pub events: Vec<String>,
}

impl NotificationSettings {
    /// The channels that agents deliver to. The server's own hold secrets, and are none of theirs.
    #[must_use]
    pub fn channels_of_agents(&self) -> Vec<String> {
        self.channels.iter().filter(|entry| is_for_agents(entry)).cloned().collect()
    }
}

impl fmt::Debug for NotificationSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let channels: Vec<_> = self.channels.iter().map(|entry| masked(entry)).collect();
        f.debug_struct("NotificationSettings")
            .field("enabled", &self.enabled)
            .field("channels", &channels)
            .field("events", &self.events)
            .finish()
    }
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
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the file")]
#[serde(default)]
pub struct PolicySettings {
    /// How long a claim holds without a sign of life.
    pub lease_seconds: u64,
    /// Whether sub-tasks of a task in `planning` may be claimed.
    pub claim_while_planning: bool,
    /// After how long the server completes a task of which all work is done; 0: never.
    pub complete_after_seconds: u64,
    /// Whether everything below is required, and nothing is claimed while a task is planned.
    pub strict: bool,
    /// Whether each new sub-task must be in a module.
    pub require_module: bool,
    /// Whether each must have a description.
    pub require_description: bool,
    /// Whether each must say what to hand in.
    pub require_deliverable: bool,
    /// Whether each must say how it will be judged.
    pub require_acceptance: bool,
    /// How many reviewers must approve what is handed in.
    pub approvals: u32,
    /// How many sub-tasks an executor may have in hand when it takes another one; 0 is no limit.
    pub max_open_per_agent: u32,
}

impl Default for PolicySettings {
    fn default() -> Self {
        let policy = Policy::default();
        Self {
            lease_seconds: policy.lease.as_secs(),
            claim_while_planning: policy.claim_while_planning,
            complete_after_seconds: 24 * 3600,
            strict: false,
            require_module: false,
            require_description: false,
            require_deliverable: false,
            require_acceptance: false,
            approvals: Requirements::default().approvals,
            max_open_per_agent: policy.max_open_per_agent,
        }
    }
}

impl From<&PolicySettings> for Policy {
    fn from(settings: &PolicySettings) -> Self {
        Self {
            lease: Duration::from_secs(settings.lease_seconds),
            claim_while_planning: settings.claim_while_planning && !settings.strict,
            max_open_per_agent: settings.max_open_per_agent,
        }
    }
}

/// `patrol.*`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PatrolSettings {
    /// Whether the server watches by itself.
    pub enabled: bool,
    /// The time between two looks.
    pub every_seconds: u64,
    /// How long an owner at work may be silent before it is a warning.
    pub silent_seconds: u64,
    /// How long work in review, blocked or not begun may stay unchanged.
    pub unchanged_seconds: u64,
    /// How long claimable work may stay unclaimed, and a role away while there is work for it.
    pub unclaimed_seconds: u64,
    /// How often work may be sent back.
    pub rework_count: u32,
    /// How many penalties in a row an agent may get.
    pub penalties: u32,
    /// How many owners may be lost before the planner must decide.
    pub attempts_max: u32,
}

impl Default for PatrolSettings {
    fn default() -> Self {
        let thresholds = Thresholds::default();
        Self {
            enabled: true,
            every_seconds: 60,
            silent_seconds: thresholds.silent.as_secs(),
            unchanged_seconds: thresholds.unchanged.as_secs(),
            unclaimed_seconds: thresholds.unclaimed.as_secs(),
            rework_count: thresholds.rework_count,
            penalties: thresholds.penalties,
            attempts_max: thresholds.attempts_max,
        }
    }
}

impl From<&PatrolSettings> for Thresholds {
    fn from(settings: &PatrolSettings) -> Self {
        Self {
            silent: Duration::from_secs(settings.silent_seconds),
            unchanged: Duration::from_secs(settings.unchanged_seconds),
            unclaimed: Duration::from_secs(settings.unclaimed_seconds),
            rework_count: settings.rework_count,
            penalties: settings.penalties,
            attempts_max: settings.attempts_max,
        }
    }
}

/// `budget.*`; 0 is no limit. Money is in whole units of whatever currency the team counts in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BudgetSettings {
    /// Tokens of everybody on a day.
    pub day_tokens: u64,
    /// Money of everybody on a day.
    pub day_cost: u64,
    /// Tokens of one agent on a day.
    pub agent_day_tokens: u64,
    /// Money of one agent on a day.
    pub agent_day_cost: u64,
    /// Tokens of one task.
    pub task_tokens: u64,
    /// Money of one task.
    pub task_cost: u64,
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

/// `delivery.*`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeliverySettings {
    /// In which language notifications are written.
    pub language: String,
    /// What signs the bodies that `webhook:` channels get, where the channel names no secret itself.
    pub webhook_secret: Secret,
    /// Whether addresses may be called that only this server can reach.
    pub allow_private: bool,
    /// The same for waking agents.
    pub allow_private_wake: bool,
    /// How long a receiver may take to answer.
    pub timeout_seconds: u32,
    /// How long the outbox is kept.
    pub history_days: u32,
}

impl Default for DeliverySettings {
    fn default() -> Self {
        Self {
            language: Language::English.as_str().to_owned(),
            webhook_secret: Secret::default(),
            allow_private: false,
            allow_private_wake: true,
            timeout_seconds: 10,
            history_days: 30,
        }
    }
}

/// `smtp.*`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SmtpSettings {
    /// The mail server; empty: no mail is sent.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// `starttls`, `tls` or `none`.
    pub tls: String,
    /// Who logs in; empty: nobody does.
    pub user: String,
    /// With what.
    pub password: Secret,
    /// From whom mails come.
    pub from: String,
}

impl Default for SmtpSettings {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 587,
            tls: "starttls".to_owned(),
            user: String::new(),
            password: Secret::default(),
            from: String::new(),
        }
    }
}

/// Settings that cannot be in force, in words that name the key and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(pub String);

/// A value in force, and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sourced {
    /// `section.key`
    pub key: String,
    /// The value; `***` for a secret that is set.
    pub value: Value,
    /// Where it comes from: `default`, the file's path, `database`,
    /// `environment OPENMOSS_SERVER__PORT` or `flag --port`.
    pub source: String,
}

/// Merges every layer into what is in force.
pub trait SettingsLayers: Send + Sync {
    /// The settings in force when `stored` (an object of sections, from the database) lies
    /// between the file and the environment.
    ///
    /// # Errors
    /// A value of the wrong type or an impossible one.
    fn effective(&self, stored: &Value) -> Result<Settings, SettingsError>;

    /// What is needed before the stored settings can be read: `database.*` and `server.queue_max`.
    /// Another wrong value is in nobody's way here, because a stored one may be in force over it.
    ///
    /// # Errors
    /// An impossible value among those.
    fn opening(&self) -> Result<Settings, SettingsError> {
        self.effective(&Value::Object(serde_json::Map::new()))
    }

    /// Every value in force with its source, by key. Impossible values are shown too.
    ///
    /// # Errors
    /// A stored value of the wrong type that nothing overrides.
    fn sources(&self, stored: &Value) -> Result<Vec<Sourced>, SettingsError>;

    /// What sets `key` above everything stored, such as `environment OPENMOSS_SERVER__PORT`: a
    /// value that is stored for it could not be in force.
    fn fixed_by(&self, key: &str) -> Option<String>;
}

impl Settings {
    /// Checks what types cannot say.
    ///
    /// # Errors
    /// The first impossible value, with what would be right.
    pub fn check(&self) -> Result<(), SettingsError> {
        match self.problems().into_iter().next() {
            None => Ok(()),
            Some(FieldError { field, message }) => Err(SettingsError(format!("{field} {message}"))),
        }
    }

    /// Every impossible value: its key, and what would be right.
    #[must_use]
    pub fn problems(&self) -> Vec<FieldError> {
        let mut problems = Vec::new();
        let mut must = |is_so: bool, key: &str, rule: &str| {
            if !is_so {
                problems.push(FieldError::new(key, rule));
            }
        };
        let name = self.project.name.trim();
        must(!name.is_empty(), "project.name", "must not be empty");
        must(
            is_host(&self.server.host),
            "server.host",
            "must be an IP address such as 0.0.0.0 or 127.0.0.1, or localhost",
        );
        let url = check_external_url(&self.server.external_url).err();
        must(url.is_none(), "server.external_url", &url.unwrap_or_default());
        let notification = &self.notification;
        for (key, entries) in [
            ("notification.channels", &notification.channels),
            ("notification.events", &notification.events),
        ] {
            let wrong = check_entries(entries).err();
            must(wrong.is_none(), key, &wrong.unwrap_or_default());
        }
        let wrong = check_channels(&notification.channels).err();
        must(wrong.is_none(), "notification.channels", &wrong.unwrap_or_default());
        must(
            self.server.timezone.parse::<chrono_tz::Tz>().is_ok(),
            "server.timezone",
            "must be an IANA zone name such as UTC or Asia/Shanghai",
        );
        must(self.server.queue_max > 0, "server.queue_max", "must be at least 1");
        let database = &self.database;
        must((1..=256).contains(&database.connections), "database.connections", "must be 1 to 256");
        must(
            matches!(database.kind.as_str(), "sqlite" | "postgres"),
            "database.type",
            "must be sqlite or postgres",
        );
        must(
            database.kind != "postgres" || !database.url.is_empty(),
            "database.url",
            "must be set when database.type is postgres",
        );
        must(
            !database.url.is_empty() || !database.path.trim().is_empty(),
            "database.path",
            "must not be empty",
        );
        self.check_work(&mut must);
        must(
            (1..=24 * 365).contains(&self.admin.session_hours),
            "admin.session_hours",
            "must be 1 to 8760",
        );
        must(
            (1..=3650).contains(&self.webui.feed_retention_days),
            "webui.feed_retention_days",
            "must be 1 to 3650",
        );
        problems.extend(self.delivery_problems());
        problems.extend(self.skills.problems());
        problems
    }

    fn delivery_problems(&self) -> Vec<FieldError> {
        let mut problems = Vec::new();
        let mut must = |is_so: bool, key: &str, rule: &str| {
            if !is_so {
                problems.push(FieldError::new(key, rule));
            }
        };
        must(
            self.delivery.language.parse::<Language>().is_ok(),
            "delivery.language",
            &format!("must be one of: {}", Language::tokens()),
        );
        must(
            (1..=3650).contains(&self.delivery.history_days),
            "delivery.history_days",
            "must be 1 to 3650",
        );
        must(
            (1..=60).contains(&self.delivery.timeout_seconds),
            "delivery.timeout_seconds",
            "must be 1 to 60",
        );
        must(
            MODES.contains(&self.smtp.tls.as_str()),
            "smtp.tls",
            &format!("must be one of: {}", MODES.join(", ")),
        );
        must(
            self.smtp.host.is_empty() || self.smtp.from.contains('@'),
            "smtp.from",
            "must be the address of a mailbox when smtp.host is set",
        );
        problems
    }

    /// Notes what is impossible in the rules of the work itself.
    fn check_work(&self, must: &mut impl FnMut(bool, &str, &str)) {
        must(
            (60..=30 * 24 * 3600).contains(&self.policy.lease_seconds),
            "policy.lease_seconds",
            "must be 60 to 2592000",
        );
        let longest = 30 * 24 * 3600;
        must(
            self.policy.complete_after_seconds <= 365 * 24 * 3600,
            "policy.complete_after_seconds",
            "must be 0 to 31536000; 0 is never",
        );
        let patrol = &self.patrol;
        must(
            (5..=3600).contains(&patrol.every_seconds),
            "patrol.every_seconds",
            "must be 5 to 3600",
        );
        for (key, seconds) in [
            ("patrol.silent_seconds", patrol.silent_seconds),
            ("patrol.unchanged_seconds", patrol.unchanged_seconds),
            ("patrol.unclaimed_seconds", patrol.unclaimed_seconds),
        ] {
            must((60..=longest).contains(&seconds), key, "must be 60 to 2592000");
        }
        for (key, count) in [
            ("patrol.rework_count", patrol.rework_count),
            ("patrol.penalties", patrol.penalties),
            ("patrol.attempts_max", patrol.attempts_max),
        ] {
            must((1..=100).contains(&count), key, "must be 1 to 100");
        }
        let budget = &self.budget;
        for (key, number) in [
            ("budget.day_tokens", budget.day_tokens),
            ("budget.day_cost", budget.day_cost),
            ("budget.agent_day_tokens", budget.agent_day_tokens),
            ("budget.agent_day_cost", budget.agent_day_cost),
            ("budget.task_tokens", budget.task_tokens),
            ("budget.task_cost", budget.task_cost),
        ] {
            must(number <= BUDGET_MAX, key, "must be 0 to 1000000000; 0 is no limit");
        }
        must(
            (1..=APPROVALS_MAX).contains(&self.policy.approvals),
            "policy.approvals",
            "must be 1 to 10",
        );
    }
}

fn is_host(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok()
}
