//! (e) A thousand agents that stay connected.

use std::time::Instant;

use anyhow::Result;

use crate::client::{Client, bearer};
use crate::fill;
use crate::measure::Bench;
use crate::report::Row;
use crate::server::Server;
use crate::wrk::{self, Questions};

const CONNECTIONS: u16 = 1_000;
/// How often each connection asks.
const ROUNDS: usize = 5;

pub(crate) fn run(bench: &Bench) -> Result<Vec<Row>> {
    let size = bench.sizes.first().copied().unwrap_or(1_000);
    let filled = fill::database(&bench.dir, size)?;
    let server = bench.serve(&filled.path.display().to_string())?;
    let paths: Vec<_> = filled.ids.iter().map(|id| format!("/api/sub-tasks/{id}")).collect();
    let (rate, errors) = in_step(&server, &paths, &filled.key)?;
    let what = format!("{CONNECTIONS} open connections, {ROUNDS} requests on each");
    let in_step = Row::value('e', what, "answers/s", rate).errors(errors).faultless();
    let header = Some(("Authorization", format!("Bearer {}", filled.key)));
    let questions = Questions { paths: &paths, header, connections: CONNECTIONS };
    let load = wrk::run(&server, &questions, bench.load, &bench.dir)?;
    let what = format!("{CONNECTIONS} connections that ask all the time");
    let memory = server.memory("VmRSS")?;
    server.stop()?;
    Ok(vec![
        in_step,
        Row::load('e', what, "answers/s", load).faultless(),
        Row::value('e', format!("resident memory with {CONNECTIONS} connections"), "MiB", memory),
    ])
}

/// All ask, then all are answered, and nobody hangs up in between.
fn in_step(server: &Server, paths: &[String], key: &str) -> Result<(f64, u64)> {
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(Client::connect(&server.address)?);
    }
    let header = bearer(Some(key));
    let (mut answers, mut errors) = (0.0, 0);
    let begun = Instant::now();
    for round in 0..ROUNDS {
        let mut paths = paths.iter().cycle().skip(round);
        for client in &mut clients {
            let path = paths.next().map_or("/api/health", String::as_str);
            // A connection that cannot be written to is counted below, where nothing comes back.
            drop(client.send("GET", path, &header, ""));
        }
        for client in &mut clients {
            match client.receive() {
                Ok(answer) if answer.status == 200 => answers += 1.0,
                Ok(_) | Err(_) => errors += 1,
            }
        }
    }
    Ok((answers / begun.elapsed().as_secs_f64(), errors))
}
