//! Databases on a PostgreSQL server, copied from a template: migrating each anew would be most of
//! what the tests do there.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use openmoss_storage::{Location, Store, StoreOptions};

use crate::raw::Raw;

/// Where the migrations lie that the template is made by.
const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../storage/migrations/postgres");

/// A server, by the URL of a database on it that may always be connected to.
#[derive(Debug)]
pub(super) struct Server {
    url: String,
}

impl Server {
    pub(super) fn new(url: String) -> Self {
        Self { url }
    }

    /// The URL of another database on it.
    pub(super) fn url_of(&self, database: &str) -> String {
        let (place, options) = self.url.split_once('?').unwrap_or((&self.url, ""));
        let (server, _) = place.rsplit_once('/').expect("postgres://…/database");
        let separator = if options.is_empty() { "" } else { "?" };
        format!("{server}/{database}{separator}{options}")
    }

    /// Makes a database that is empty, with the newest schema.
    pub(super) fn copy_template(&self, name: &str) {
        let template = template_name();
        let mut raw = Raw::open(&self.url);
        if !exists(&mut raw, &template) {
            self.make_template(&mut raw, &template);
        }
        raw.run(&format!("CREATE DATABASE {name} TEMPLATE {template}"));
    }

    /// Under another name until it is finished: who finds the template finds it whole.
    fn make_template(&self, raw: &mut Raw, template: &str) {
        raw.run("SELECT pg_advisory_lock(hashtext('openmoss test template'))");
        if !exists(raw, template) {
            let unfinished = format!("{template}_unfinished");
            self.drop(&unfinished);
            raw.run(&format!("CREATE DATABASE {unfinished}"));
            let location = Location::parse(&self.url_of(&unfinished)).expect("a location");
            let options = StoreOptions { location, connections: 1, queue_max: 1 };
            drop(Store::open(&options).expect("an open store"));
            // Connections end a moment after whoever held them.
            raw.run(&format!(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                    WHERE datname = '{unfinished}'"
            ));
            raw.run(&format!("ALTER DATABASE {unfinished} RENAME TO {template}"));
        }
        raw.run("SELECT pg_advisory_unlock(hashtext('openmoss test template'))");
    }

    /// Drops a database with everybody who is still connected to it.
    pub(super) fn drop(&self, name: &str) {
        if !Raw::open(&self.url).can_run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")) {
            eprintln!("the database {name} is still in use and stays behind");
        }
    }
}

fn exists(raw: &mut Raw, database: &str) -> bool {
    let sql = format!("SELECT COUNT(*) AS n FROM pg_database WHERE datname = '{database}'");
    raw.number(&sql) > 0
}

/// Another one for other migrations.
fn template_name() -> String {
    let folders = std::fs::read_dir(MIGRATIONS).expect("the migrations");
    let up = |folder: &Path| std::fs::read(folder.join("up.sql")).expect("a migration");
    let all: BTreeMap<_, _> = folders
        .map(|entry| entry.expect("a migration").path())
        .map(|folder| (folder.file_name().map(ToOwned::to_owned), up(&folder)))
        .collect();
    let mut hasher = DefaultHasher::new();
    all.hash(&mut hasher);
    format!("openmoss_template_{:016x}", hasher.finish())
}
