//! The database of an existing Python installation, to be brought over.

use std::path::{Path, PathBuf};

use crate::raw::Raw;

const AWKWARD: &str = include_str!("upstream.sql");

/// A database of an existing installation, in a folder of its own.
#[derive(Debug)]
pub struct OldInstallation {
    folder: tempfile::TempDir,
}

impl OldInstallation {
    /// One with a row of every kind that is awkward. Its local times are those of Europe/Berlin.
    #[must_use]
    pub fn awkward() -> Self {
        let old = Self { folder: tempfile::tempdir().expect("a folder for temporary files") };
        old.raw().run(AWKWARD);
        old
    }

    /// One with tables and no rows.
    #[must_use]
    pub fn empty() -> Self {
        let old = Self::awkward();
        let mut raw = old.raw();
        for table in raw.texts("SELECT name AS text FROM sqlite_master WHERE type = 'table'") {
            raw.run(&format!("DELETE FROM \"{table}\""));
        }
        old
    }

    /// The database file.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder().join("tasks.db")
    }

    /// The folder that it lies in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A connection, to make it more awkward.
    #[must_use]
    pub fn raw(&self) -> Raw {
        let mut raw = Raw::open(self.path().to_str().expect("a path in UTF-8"));
        // As the old server has it: keys are declared, and nobody looks.
        raw.run("PRAGMA foreign_keys = OFF");
        raw
    }

    /// The key of the agent with this number.
    #[must_use]
    pub fn key(number: u32) -> String {
        format!("ak_{number:032}")
    }

    /// Files of rows that were not taken as they are.
    #[must_use]
    pub fn remarks(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder()).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl")).collect()
    }
}
