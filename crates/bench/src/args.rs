//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

/// Sizes of the database that lists are read from, unless others are asked for.
const ROWS_DEFAULT: [usize; 2] = [1_000, 100_000];

/// Measure the release binary against its aims.
///
/// Build it first: cargo build --release -p openmoss --features postgres. Life cycles are measured
/// on PostgreSQL, too, when `TEST_DATABASE_URL` names a server (tools/test-postgres --durable starts
/// one).
#[derive(Debug, Parser)]
#[command(name = "openmoss-bench", max_term_width = 100)]
pub(crate) struct Args {
    /// Short: a smoke test, not a measurement
    #[arg(long)]
    quick: bool,
    /// Sub-tasks in the database that (b) reads from [default: 1000,100000]
    #[arg(long, value_name = "N", value_delimiter = ',')]
    rows: Vec<usize>,
    /// Only these parts [default: all]
    #[arg(long, value_name = "PARTS", value_delimiter = ',', value_enum)]
    only: Vec<Part>,
    /// Print JSON instead of a Markdown table
    #[arg(long)]
    pub(crate) json: bool,
    /// How long each load lasts [default: 4, with --quick 1]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: Option<u64>,
    /// Measure each load this often and show the median
    #[arg(long, value_name = "TIMES", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=99))]
    pub(crate) repeat: u8,
    /// The server to measure [default: openmoss beside this program]
    #[arg(long, value_name = "PATH")]
    pub(crate) server: Option<PathBuf>,
    /// Where databases are made and kept [default: target/bench]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What this program also is.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve one constant answer, as the measure of what actix can do on this machine
    #[command(hide = true)]
    Bare,
}

/// The parts of the benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    A,
    B,
    C,
    D,
    E,
    Admin,
}

impl Part {
    pub(crate) const fn letter(self) -> char {
        match self {
            Self::A => 'a',
            Self::B => 'b',
            Self::C => 'c',
            Self::D => 'd',
            Self::E => 'e',
            Self::Admin => 'f',
        }
    }

    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::A => "requests that need no database",
            Self::B => "lists and single sub-tasks",
            Self::C => "whole life cycles",
            Self::D => "memory and start",
            Self::E => "many open connections",
            Self::Admin => "what the admin looks at",
        }
    }
}

impl Args {
    /// The parts that were asked for, in their order.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Part> {
        let parts = [Part::A, Part::B, Part::C, Part::D, Part::E, Part::Admin];
        parts.into_iter().filter(|part| self.only.is_empty() || self.only.contains(part))
    }

    pub(crate) fn load(&self) -> Duration {
        Duration::from_secs(self.seconds.unwrap_or(if self.quick { 1 } else { 4 }))
    }

    /// Sizes of the database for reading, smallest first.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        let default: &[usize] =
            if self.quick { ROWS_DEFAULT.get(..1).unwrap_or_default() } else { &ROWS_DEFAULT };
        let mut sizes = if self.rows.is_empty() { default.to_vec() } else { self.rows.clone() };
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    pub(crate) const fn is_quick(&self) -> bool {
        self.quick
    }
}
