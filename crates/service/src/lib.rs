//! The use cases of the server: one public function for each thing that an actor can do.
//!
//! Each is one transaction: load, authorise, ask the domain, write, append events. Everything here
//! is synchronous; whoever serves requests decides where it runs.
//!
//! Deliberately absent: SQL, HTTP, JSON bodies, status codes.

mod background;
mod clock;
pub mod content;
mod context;
mod credential;
mod directory;
mod error;
mod id;
mod ledger;
mod live;
mod names;
mod outward;
mod step;
mod throttle;

pub mod achievement;
pub mod admin;
pub mod agent;
pub mod dashboard;
pub mod event;
pub mod feed;
pub mod import;
pub mod log;
pub mod next;
pub mod note;
pub mod notification;
pub mod onboarding;
pub mod partner;
pub mod patrol;
pub mod plan;
pub mod prompt;
pub mod request;
pub mod review;
pub mod rule;
pub mod score;
pub mod series;
pub mod settings;
pub mod setup;
pub mod skill;
pub mod sub_task;
pub mod task;
pub mod task_policy;
pub mod transfer;
pub mod usage;
pub mod wake;
pub mod watch;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use openmoss_domain::{Policy, Timestamp};
use openmoss_storage::{Location, Reader, Store, StoreOptions, Writer};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use background::{Background, JOBS, Job};
pub use clock::{Clock, SystemClock};
pub use context::{Context, Idempotency, OwnSession};
use directory::Directory;
pub use error::ServiceError;
use ledger::Ledger;
pub use live::Listener;
use live::Live;
pub use openmoss_storage::event::Recorded;
pub use openmoss_storage::score::Standing;
pub use openmoss_storage::{ByTime, Page, StorageError, Window};
use settings::{Secret, Settings, SettingsLayers};
use throttle::Throttle;

/// Everything that the use cases need, shared by all requests.
pub struct Service {
    store: Ledger,
    clock: Arc<dyn Clock>,
    layers: Arc<dyn SettingsLayers>,
    settings: RwLock<Arc<Settings>>,
    changing: Mutex<()>,
    throttle: Throttle,
    directory: Directory,
    live: Live,
    /// Whether the background jobs are to end: a round that may take long looks.
    closing: AtomicBool,
    alarm: wake::Alarm,
    requests: request::Buffer,
    past_days: dashboard::PastDays,
    pace: watch::Pace,
    signs: sub_task::sign::Signs,
    turns: next::Turns,
    desk: next::Desk,
    setup_token: Secret,
    library: content::Library,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Service")
    }
}

impl Service {
    /// Opens the service as a server does: as [`Service::attach`], and makes true what must be
    /// true before the first request.
    ///
    /// # Errors
    /// When the database or the settings cannot be used.
    pub fn open(
        layers: Arc<dyn SettingsLayers>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ServiceError> {
        let service = Self::attach(layers, clock)?;
        service.prepare()?;
        Ok(service)
    }

    /// Opens the database that `layers` name, brings its schema up to date, and takes the settings
    /// that are stored in it into force. Nothing else is changed: a server may run beside.
    ///
    /// # Errors
    /// When the database or the settings cannot be used.
    pub fn attach(
        layers: Arc<dyn SettingsLayers>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ServiceError> {
        let base = layers.opening()?;
        let store = Store::open(&StoreOptions {
            location: location(&base)?,
            connections: base.database.connections,
            queue_max: base.server.queue_max,
        })?;
        let stored = store.read(settings::stored)?;
        let settings = layers.effective(&stored)?;
        let library = content::Library::new(&settings.content.root);
        let store = Ledger::new(store, &settings);
        let settings = RwLock::new(Arc::new(settings));
        let (live, alarm) = (Live::default(), wake::Alarm::default());
        live.listen(alarm.listener());
        let setup_token = Secret::new(credential::random_hex(16));
        Ok(Self {
            store,
            clock,
            layers,
            settings,
            changing: Mutex::new(()),
            throttle: Throttle::new(),
            directory: Directory::default(),
            live,
            closing: AtomicBool::new(false),
            alarm,
            requests: request::Buffer::default(),
            past_days: dashboard::PastDays::default(),
            pace: watch::Pace::default(),
            signs: sub_task::sign::Signs::default(),
            turns: next::Turns::default(),
            desk: next::Desk::default(),
            setup_token,
            library,
        })
    }

    /// What must be true before the first request.
    fn prepare(&self) -> Result<(), ServiceError> {
        self.import_global_rule()?;
        self.apply_policy_to_planning_tasks()?;
        self.apply_budgets()?;
        self.tidy_up()
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The current time, as every decision sees it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn policy(&self) -> Policy {
        (&self.settings().policy).into()
    }

    fn read<T>(
        &self,
        query: impl FnMut(&mut Reader) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        self.store.read(query)
    }

    /// Runs a use case in one transaction. When the caller sent an idempotency key, what came of
    /// it is remembered in the same transaction, and a repeat gets it instead of a second effect.
    fn write<T, F>(&self, cx: &Context, run: F) -> Result<T, ServiceError>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        F: Fn(&mut Writer) -> Result<T, ServiceError> + Send + 'static,
    {
        let written = match &cx.idempotency {
            None => self.store.write(run),
            Some(key) => context::write_once(&self.store, key.clone(), self.now(), run),
        };
        self.live.ring();
        written
    }

    /// Whether this thread can read at once, without waiting for a connection or a network: so that a
    /// thread that must not wait may do short reads itself.
    #[must_use]
    pub fn can_read_here(&self) -> bool {
        self.store.can_read_here()
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub fn check_ready(&self) -> Result<(), ServiceError> {
        self.read(|reader| Ok(openmoss_storage::agent::has_any(reader).map(drop)?))
    }

    /// Copies a SQLite database into a new file while it is in use.
    ///
    /// # Errors
    /// When the target exists or cannot be written, or on PostgreSQL.
    pub fn backup(&self, target: &std::path::Path) -> Result<(), ServiceError> {
        Ok(self.store.backup(target)?)
    }

    /// What the database's own integrity check finds; nothing when all is well.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn check_database(&self) -> Result<Vec<String>, ServiceError> {
        Ok(self.store.check()?)
    }

    /// Forgets what has expired, admin sessions and remembered answers, and tidies up the counters.
    /// Cheap; run it now and then.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn tidy_up(&self) -> Result<(), ServiceError> {
        let now = self.now();
        self.store.write(move |writer| -> Result<(), ServiceError> {
            openmoss_storage::session::delete_expired(writer, now)?;
            let before = now.minus(context::REMEMBERED_FOR);
            openmoss_storage::idempotency::delete_before(writer, before)?;
            Ok(())
        })?;
        Ok(self.store.compact_counters()?)
    }
}

fn location(settings: &Settings) -> Result<Location, ServiceError> {
    let database = &settings.database;
    let text = if database.url.is_empty() { &database.path } else { database.url.expose() };
    Ok(Location::parse(text)?)
}
