//! Bringing an existing Python installation over: its rows in one transaction, its settings after.
//!
//! The rules stand in the domain. Here rows are read, converted, stored and counted, and whatever
//! was not taken as it is, is written to a file.

mod remarks;
mod report;
mod run;

use std::path::PathBuf;
use std::sync::Arc;

use chrono_tz::Tz;
use openmoss_domain::import::place;
use openmoss_domain::{DomainError, Event, EventKind, Policy, Timestamp};
use openmoss_storage::import::Target;
use openmoss_storage::upstream::Upstream;
use serde_json::Value;

use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;
use crate::settings::Changes;
use crate::step::append;

pub use report::{Example, FindingReport, Report, TableReport};
use run::Run;

/// Keys of settings that are brought over: all that the existing system's dashboard can change, and
/// the password.
pub const SETTINGS: &[&str] = &[
    "admin.password",
    "agent.allow_registration",
    "agent.registration_token",
    "notification.channels",
    "notification.enabled",
    "notification.events",
    "project.name",
    "server.external_url",
    "webui.feed_retention_days",
    "webui.public_feed",
    "workspace.root",
];

/// Hears how far it is.
pub trait Progress: Send + Sync {
    /// So many rows are to be read; called again when the transaction has to start over.
    fn begin(&self, rows: u64);
    /// So many more were read.
    fn advance(&self, rows: u64);
}

/// What is to be brought over.
#[derive(Debug, Clone)]
pub struct Import {
    source: PathBuf,
    zone: Tz,
}

impl Import {
    /// From the database file `source`, whose times are those of `zone`, an IANA name.
    ///
    /// # Errors
    /// When there is no such zone.
    pub fn new(source: PathBuf, zone: &str) -> Result<Self, ServiceError> {
        let Ok(zone) = zone.parse() else {
            let message = "must be an IANA zone name such as UTC or Asia/Shanghai";
            return Err(DomainError::field("timezone", message).into());
        };
        Ok(Self { source, zone })
    }

    /// Whether the file can be read.
    ///
    /// # Errors
    /// When it cannot.
    pub fn check(&self) -> Result<(), ServiceError> {
        Ok(Upstream::open(&self.source).map(drop)?)
    }

    /// What an import into a database that does not exist yet would do. Writes nothing.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn plan(
        &self,
        policy: Policy,
        now: Timestamp,
        progress: &dyn Progress,
    ) -> Result<Report, ServiceError> {
        self.run(policy, now, String::new(), Tz::UTC).bring(&mut Target::nowhere(), None, progress)
    }

    fn run(&self, policy: Policy, now: Timestamp, shipped_rule: String, days: Tz) -> Run {
        let (source, zone) = (self.source.clone(), self.zone);
        let place = Arc::new(move |local| place(&zone, local));
        Run { source, policy, now, shipped_rule, days, place }
    }
}

impl Service {
    /// What [`Service::import`] would do. Writes nothing.
    pub fn plan_import(
        &self,
        import: &Import,
        progress: &dyn Progress,
    ) -> Result<Report, ServiceError> {
        let run = import.run(self.policy(), self.now(), self.global_rule_example()?, self.zone());
        self.read(|reader| run.bring(&mut Target::look(reader), None, progress))
    }

    /// Brings everything over in one transaction, or nothing. What is there already and the same is
    /// skipped; what is there and differs is an error. Rows that were not taken as they are go to a
    /// new file in `folder`, which the report names.
    pub fn import(
        &self,
        cx: &Context,
        import: &Import,
        folder: PathBuf,
        progress: Arc<dyn Progress>,
    ) -> Result<Report, ServiceError> {
        let (now, actor) = (self.now(), cx.actor);
        let run = import.run(self.policy(), now, self.global_rule_example()?, self.zone());
        self.store.write(move |writer| -> Result<Report, ServiceError> {
            let bring = |target: &mut Target<'_>| run.bring(target, Some(&folder), &*progress);
            let report = Target::write(writer, bring)?;
            if let Some(clash) = report.clash() {
                return Err(ServiceError::AlreadyExists(clash));
            }
            if report.is_any_new() {
                let event = report
                    .tables
                    .iter()
                    .fold(Event::new(EventKind::Imported, actor, now), |event, table| {
                        event.with(table.table.as_str(), table.new)
                    });
                append(writer, &event)?;
            }
            Ok(report)
        })
    }

    /// Takes settings of another installation into force, given as `section.key` and value; those
    /// that are no [`SETTINGS`] or in force already are left alone. Returns the keys that changed.
    pub fn import_settings(
        &self,
        cx: &Context,
        given: &[(String, Value)],
    ) -> Result<Vec<&'static str>, ServiceError> {
        let in_force = serde_json::to_value(&*self.settings()).unwrap_or_default();
        let is_in_force = |key: &str, value: &Value| {
            key.split_once('.').and_then(|(section, leaf)| in_force.get(section)?.get(leaf))
                == Some(value)
        };
        let known = |(key, value): &(String, Value)| {
            let known = SETTINGS.iter().copied().find(|known| known == key)?;
            (!is_in_force(key, value)).then(|| (known, value.clone()))
        };
        let mut changes: Changes = given.iter().filter_map(known).collect();
        let keys: Vec<&'static str> = changes.iter().map(|(key, _)| *key).collect();
        if keys.is_empty() {
            return Ok(keys);
        }
        if keys.contains(&"admin.password") {
            // Whoever has a password has been through the wizard.
            changes.push(("setup.initialized", true.into()));
        }
        self.change_settings(cx, changes, |_| Ok(()))?;
        Ok(keys)
    }
}
