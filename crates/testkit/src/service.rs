//! A service on a fresh database, with settings in memory and a clock that a test moves.

use std::ops::Deref;
use std::sync::Arc;

use openmoss_domain::EventKind;
use openmoss_service::event::Filter;
use openmoss_service::settings::{Settings, SettingsError, SettingsLayers, Sourced, keys};
use openmoss_service::{Recorded, Service};
use serde_json::Value;

use crate::clock::FixedClock;
use crate::database::TestDb;

/// Settings from memory, and over them what is stored in the database.
#[derive(Debug, Clone, Default)]
pub struct MemoryLayers(pub Settings);

impl SettingsLayers for MemoryLayers {
    fn effective(&self, stored: &Value) -> Result<Settings, SettingsError> {
        let wrong = |error: serde_json::Error| SettingsError(error.to_string());
        let mut merged = serde_json::to_value(&self.0).map_err(wrong)?;
        for (section, values) in stored.as_object().into_iter().flatten() {
            let target = merged.get_mut(section).and_then(Value::as_object_mut);
            let target = target.ok_or_else(|| SettingsError(format!("no section {section}")))?;
            target.extend(values.as_object().cloned().unwrap_or_default());
        }
        let settings: Settings = serde_json::from_value(merged).map_err(wrong)?;
        settings.check()?;
        Ok(settings)
    }

    fn sources(&self, stored: &Value) -> Result<Vec<Sourced>, SettingsError> {
        let wrong = |error: serde_json::Error| SettingsError(error.to_string());
        let values = serde_json::to_value(self.effective(stored)?).map_err(wrong)?;
        let rows = keys::all().filter_map(|(key, _)| {
            let (section, name) = key.split_once('.')?;
            let is_stored = stored.get(section).and_then(|values| values.get(name)).is_some();
            let value = values.get(section)?.get(name)?.clone();
            let value = match value.as_array() {
                Some(items) => keys::shown_list(key, items),
                None if keys::is_secret(key) => Value::from("***"),
                None => value,
            };
            let source = if is_stored { "database" } else { "default" }.to_owned();
            Some(Sourced { key: key.to_owned(), value, source })
        });
        Ok(rows.collect())
    }

    fn fixed_by(&self, _: &str) -> Option<String> {
        None
    }
}

/// A service on a fresh database. Reads as the [`Service`] it holds.
pub struct TestService {
    /// The service.
    pub service: Service,
    /// Its clock.
    pub clock: Arc<FixedClock>,
    pub(crate) named: std::sync::atomic::AtomicUsize,
}

impl Deref for TestService {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}

impl TestService {
    /// A service with the default settings.
    #[must_use]
    pub fn open(db: &TestDb) -> Self {
        Self::open_with(db, |_| {})
    }

    /// A service whose settings `change` changed.
    #[must_use]
    pub fn open_with(db: &TestDb, change: impl FnOnce(&mut Settings)) -> Self {
        let clock = Arc::new(FixedClock::default());
        Self::open_at(db, clock, change)
    }

    /// The same with a clock of one's own: a second start of the server, or a second replica.
    #[must_use]
    pub fn open_at(
        db: &TestDb,
        clock: Arc<FixedClock>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut settings = Settings::default();
        db.url().clone_into(&mut settings.database.path);
        if db.is_postgres() {
            settings.database.url = openmoss_service::settings::Secret::new(db.url());
        }
        change(&mut settings);
        let layers = Arc::new(MemoryLayers(settings));
        let opened = Service::open(layers, clock.clone());
        Self { service: opened.expect("a service"), clock, named: 0.into() }
    }

    /// A service as a command opens it: nothing is put into an empty database.
    #[must_use]
    pub fn attach(db: &TestDb) -> Self {
        let mut settings = Settings::default();
        db.url().clone_into(&mut settings.database.path);
        if db.is_postgres() {
            settings.database.url = openmoss_service::settings::Secret::new(db.url());
        }
        let clock = Arc::new(FixedClock::default());
        let attached = Service::attach(Arc::new(MemoryLayers(settings)), clock.clone());
        Self { service: attached.expect("a service"), clock, named: 0.into() }
    }

    /// The whole event log, or what of it concerns one thing, oldest first.
    #[must_use]
    pub fn events(&self, filter: Filter) -> Vec<Recorded> {
        let mut events: Vec<Recorded> = Vec::new();
        loop {
            let after = events.last().map_or(0, |event| event.seq);
            let page = self.list_events(filter, after, 500).expect("a page of events");
            if page.is_empty() {
                return events;
            }
            events.extend(page);
        }
    }

    /// The kinds of those events.
    #[must_use]
    pub fn kinds(&self, filter: Filter) -> Vec<EventKind> {
        self.events(filter).iter().map(|event| event.kind).collect()
    }
}
