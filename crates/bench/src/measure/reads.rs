//! (b) What agents ask for when they wake up.

use anyhow::Result;

use crate::fill;
use crate::measure::Bench;
use crate::report::Row;

/// What the issue asks of a page of twenty.
const PAGES_AIM: f64 = 10_000.0;

/// `trivial` is the rate of a bare handler, if it was measured: one sub-task shall come to a third.
pub(crate) fn run(bench: &Bench, trivial: Option<f64>) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for &size in &bench.sizes {
        let filled = fill::database(&bench.dir, size)?;
        let server = bench.serve(&filled.path.display().to_string())?;
        let key = Some(filled.key.as_str());
        for list in ["available", "mine"] {
            let paths = [format!("/api/sub-tasks/{list}?page_size=20")];
            let load = bench.ask(&server, &paths, key)?;
            let what = format!("{list}, 20 of {size} sub-tasks");
            rows.push(Row::load('b', what, "pages/s", load).at_least(PAGES_AIM));
        }
        let paths: Vec<_> = filled.ids.iter().map(|id| format!("/api/sub-tasks/{id}")).collect();
        let load = bench.ask(&server, &paths, key)?;
        let row = Row::load('b', format!("one of {size} sub-tasks"), "answers/s", load);
        rows.push(match trivial {
            Some(rate) => row.at_least((rate / 3.0).round()),
            None => row,
        });
        let what = format!("resident memory after reading from {size} sub-tasks");
        rows.push(Row::value('b', what, "MiB", server.memory("VmRSS")?));
        server.stop()?;
    }
    Ok(rows)
}
