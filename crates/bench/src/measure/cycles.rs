//! (c) Work from claim to done: eight executors and two reviewers over HTTP, each on one keep-alive
//! connection, each waiting for its answer before it asks again.

mod team;

use anyhow::Result;
use tempfile::TempDir;

use crate::measure::{Bench, postgres};
use crate::report::Row;
use crate::server::{Server, own_cpu};
use crate::stats::{Load, median};
use team::{KINDS, Run, Team};

/// What the issue asks on SQLite.
const FINISHED_AIM: f64 = 1_000.0;
const DATABASE_URL: &str = "TEST_DATABASE_URL";

pub(crate) fn run(bench: &Bench) -> Result<Vec<Row>> {
    let scratch = TempDir::new_in(&bench.dir)?;
    let mut number = 0;
    let measured = measured(bench, || {
        number += 1;
        on(bench, &scratch.path().join(format!("{number}.db")).display().to_string())
    })?;
    let mut rows = rows("SQLite", &measured, Some(FINISHED_AIM));
    let Some(url) = std::env::var(DATABASE_URL).ok().filter(|url| !url.is_empty()) else {
        let why = format!("skipped: {DATABASE_URL} is not set");
        rows.push(Row::skipped('c', "life cycles on PostgreSQL", why));
        return Ok(rows);
    };
    let measured = self::measured(bench, || {
        let database = postgres::Database::create(&url)?;
        on(bench, &database.url)
    });
    match measured {
        Ok(measured) => rows.extend(self::rows("PostgreSQL", &measured, None)),
        // A server without PostgreSQL is a choice of its builder, not a failure.
        Err(error) => {
            let why = format!("skipped: {error:#}");
            rows.push(Row::skipped('c', "life cycles on PostgreSQL", why));
        }
    }
    Ok(rows)
}

struct Measured {
    run: Run,
    server_cpu: f64,
    generator_cpu: f64,
    memory: f64,
}

fn measured(bench: &Bench, once: impl FnMut() -> Result<Measured>) -> Result<Measured> {
    median(bench.repeat, |measured: &Measured| measured.run.finished_per_second(), once)
}

fn on(bench: &Bench, database: &str) -> Result<Measured> {
    let server: Server = bench.serve(database)?;
    // Twice as long as a read: a database in write has its ups and downs.
    let load = bench.load * 2;
    let team = Team::gather(&server, load)?;
    let (server_before, own_before) = (server.cpu()?, own_cpu()?);
    let run = team.work(load)?;
    let seconds = run.all.as_secs_f64();
    let server_cpu = (server.cpu()? - server_before) / seconds;
    let generator_cpu = (own_cpu()? - own_before) / seconds;
    let memory = server.memory("VmRSS")?;
    server.stop()?;
    Ok(Measured { run, server_cpu, generator_cpu, memory })
}

fn rows(backend: &str, measured: &Measured, aim: Option<f64>) -> Vec<Row> {
    let run = &measured.run;
    let whole = Load {
        rate: run.finished_per_second(),
        errors: run.errors.iter().sum(),
        server_cpu: measured.server_cpu,
        generator_cpu: measured.generator_cpu,
        ..Load::default()
    };
    let row = Row::load('c', format!("life cycles on {backend}"), "finished/s", whole);
    let mut rows = vec![match aim {
        Some(aim) => row.at_least(aim),
        None => row,
    }];
    for (kind, name) in KINDS.iter().enumerate() {
        let load = run.load(kind);
        rows.push(Row::load('c', format!("{backend}: {name}"), "requests/s", load).errors(0));
    }
    let what = format!("resident memory after life cycles on {backend}");
    rows.push(Row::value('c', what, "MiB", measured.memory));
    rows
}
