//! What the server can do, measured: `openmoss-bench` starts the release binary, loads it, and
//! prints a table against the aims.
//!
//! The server runs in its own process, as users run it. Load comes from `wrk` where a request is
//! always the same, and from [`client`] where one request follows from another. Databases for
//! reading are filled through the storage functions and kept for the next run.
//!
//! Deliberately absent: micro-benchmarks, and a verdict by exit status. The exit status is 1 when
//! a request failed, not when an aim was missed: machines differ, errors must not.

mod args;
mod bare;
mod client;
mod fill;
mod machine;
mod measure;
mod report;
mod server;
mod stats;
mod texts;
mod wrk;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser as _;

use args::{Args, Command, Part};
use measure::{Bench, admin, connections, cycles, process, reads, trivial};
use report::Report;

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    if let Some(Command::Bare) = args.command {
        return bare::serve().map(|()| ExitCode::SUCCESS);
    }
    let bench = Bench::new(&args)?;
    let mut report = Report::new(machine::describe(&bench.dir)?);
    for part in args.parts() {
        eprintln!("({}) {}", part.letter(), part.sentence());
        let rows = match part {
            Part::A => trivial::run(&bench),
            Part::B => reads::run(&bench, report.rate("a bare handler")),
            Part::C => cycles::run(&bench),
            Part::D => process::run(&bench),
            Part::E => connections::run(&bench),
            Part::Admin => admin::run(&bench),
        };
        report.add(rows.with_context(|| format!("part {} failed", part.letter()))?);
    }
    report.end();
    if args.json {
        println!("{:#}", report.json());
    } else {
        println!("{}", report.markdown());
    }
    Ok(if report.errors() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
