//! A fresh database for one test, gone when the test is over.

#[cfg(feature = "postgres")]
mod postgres;

use openmoss_storage::{Location, Store, StoreOptions};

use crate::raw::Raw;

/// A fresh database: a new file in a folder of its own, or a copy of an empty one with the newest
/// schema on the server that `TEST_DATABASE_URL` names. Dropped with everything in it.
#[derive(Debug)]
pub struct TestDb {
    url: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Folder(tempfile::TempDir),
    #[cfg(feature = "postgres")]
    Server {
        name: String,
        server: postgres::Server,
    },
}

impl TestDb {
    /// A file: in memory, SQLite has neither a second connection nor a log to sync.
    #[must_use]
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let path = folder.path().join("openmoss.db");
        let url = path.to_str().expect("a path in UTF-8").to_owned();
        Self { url, place: Place::Folder(folder) }
    }

    /// A database on the server that `TEST_DATABASE_URL` names; none, with a note, when it is not
    /// set. In CI that is a failure: tests must not be skipped where nobody reads the note.
    #[cfg(feature = "postgres")]
    #[must_use]
    pub fn postgres() -> Option<Self> {
        let Ok(server) = std::env::var("TEST_DATABASE_URL") else {
            assert!(
                std::env::var_os("CI").is_none(),
                "TEST_DATABASE_URL must name a PostgreSQL server in CI"
            );
            eprintln!(
                "skipped: to run on PostgreSQL, TEST_DATABASE_URL=$(tools/test-postgres) cargo …"
            );
            return None;
        };
        let server = postgres::Server::new(server);
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        server.copy_template(&name);
        Some(Self { url: server.url_of(&name), place: Place::Server { name, server } })
    }

    /// Whether it is on PostgreSQL.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        match self.place {
            Place::Folder(_) => false,
            #[cfg(feature = "postgres")]
            Place::Server { .. } => true,
        }
    }

    /// What `database.url` would hold.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The folder of a SQLite file.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        match &self.place {
            Place::Folder(folder) => folder.path(),
            #[cfg(feature = "postgres")]
            Place::Server { .. } => panic!("a database on a server has no folder"),
        }
    }

    /// How a store on it is opened.
    #[must_use]
    pub fn options(&self) -> StoreOptions {
        let location = Location::parse(&self.url).expect("a location");
        StoreOptions { location, connections: 8, queue_max: 1_024 }
    }

    /// A store on it, with the newest schema.
    #[must_use]
    pub fn store(&self) -> Store {
        Store::open(&self.options()).expect("an open store")
    }

    /// Takes the schema away: as it is before any program opened it.
    pub fn make_bare(&self) {
        if self.is_postgres() {
            self.raw().run("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
        }
    }

    /// A connection past all rules, to look at what is really there.
    #[must_use]
    pub fn raw(&self) -> Raw {
        Raw::open(&self.url)
    }
}

#[cfg(feature = "postgres")]
impl Drop for TestDb {
    fn drop(&mut self) {
        if let Place::Server { name, server } = &self.place {
            server.drop(name);
        }
    }
}
