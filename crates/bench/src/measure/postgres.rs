//! A database of its own on the server that tests use.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// A database that goes when this does.
pub(crate) struct Database {
    server: String,
    name: String,
    pub(crate) url: String,
}

impl Database {
    /// Creates it beside the one that `server` names.
    pub(crate) fn create(server: &str) -> Result<Self> {
        let name = format!("openmoss_bench_{}", std::process::id());
        let (before, query) = server.split_once('?').unwrap_or((server, ""));
        let (base, _) = before.rsplit_once('/').context("the URL names no database")?;
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        let url = format!("{base}/{name}{query}");
        let database = Self { server: server.to_owned(), name, url };
        database.run(&format!("CREATE DATABASE {}", database.name))?;
        Ok(database)
    }

    fn run(&self, sql: &str) -> Result<()> {
        let output = Command::new("psql")
            .args(["--no-psqlrc", "--quiet", "--command", sql, &self.server])
            .output()
            .context("psql is needed: apt-get install postgresql-client")?;
        if !output.status.success() {
            bail!("psql: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Err(error) = self.run(&format!("DROP DATABASE {} WITH (FORCE)", self.name)) {
            eprintln!("the database {} stays: {error:#}", self.name);
        }
    }
}
