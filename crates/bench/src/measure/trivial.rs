//! (a) What needs no database: the ceiling of everything else.

use anyhow::Result;
use tempfile::TempDir;

use crate::measure::Bench;
use crate::report::Row;
use crate::server::Server;

pub(crate) fn run(bench: &Bench) -> Result<Vec<Row>> {
    let paths = ["/api/health".to_owned()];
    let bare = Server::start_bare()?;
    let bare_load = bench.ask(&bare, &paths, None)?;
    drop(bare);
    let scratch = TempDir::new_in(&bench.dir)?;
    let server = bench.serve(&scratch.path().join("empty.db").display().to_string())?;
    let load = bench.ask(&server, &paths, None)?;
    server.stop()?;
    Ok(vec![
        Row::load('a', "a bare handler", "requests/s", bare_load),
        Row::load('a', "/api/health", "requests/s", load),
    ])
}
