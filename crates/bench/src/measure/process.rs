//! (d) What the process costs while nobody asks, and how soon it answers.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use crate::measure::Bench;
use crate::report::Row;
use crate::stats::percentile;

/// What the issue asks.
const MEMORY_AIM: f64 = 40.0;
const START_AIM: f64 = 200.0;
/// How long it may settle before its memory counts as idle.
const SETTLE: Duration = Duration::from_secs(1);

pub(crate) fn run(bench: &Bench) -> Result<Vec<Row>> {
    let times = if bench.is_quick { 2 } else { 7 };
    let scratch = TempDir::new_in(&bench.dir)?;
    let path = |number: usize| scratch.path().join(format!("{number}.db"));
    let first = start(bench, (0..times).map(path))?;
    let again = start(bench, std::iter::repeat_n(path(0), times))?;
    let server = bench.serve(&path(0).display().to_string())?;
    std::thread::sleep(SETTLE);
    let (resident, own) = (server.memory("VmRSS")?, server.memory("RssAnon")?);
    server.stop()?;
    Ok(vec![
        Row::value('d', "first start to first answer (median)", "ms", first).at_most(START_AIM),
        Row::value('d', "next start to first answer (median)", "ms", again),
        Row::value('d', "resident memory, idle", "MiB", resident).at_most(MEMORY_AIM),
        Row::value('d', "of it not from files", "MiB", own),
    ])
}

/// The median time to the first answer, in milliseconds.
fn start(bench: &Bench, databases: impl Iterator<Item = impl AsRef<Path>>) -> Result<f64> {
    let mut samples = Vec::new();
    for database in databases {
        let server = bench.serve(&database.as_ref().display().to_string())?;
        samples.push(server.start);
        server.stop()?;
    }
    Ok(percentile(&mut samples, 0.5).as_secs_f64() * 1e3)
}
