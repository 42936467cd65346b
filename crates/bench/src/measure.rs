//! The parts of the benchmark, and what they share.

pub(crate) mod admin;
pub(crate) mod connections;
pub(crate) mod cycles;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod reads;
pub(crate) mod trivial;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::args::{Args, Part};
use crate::server::Server;
use crate::stats::{Load, median};
use crate::wrk::{self, Questions};

/// Connections that read at the same time.
const CONNECTIONS: u16 = 16;

/// How, with what and where to measure.
pub(crate) struct Bench {
    pub(crate) program: PathBuf,
    pub(crate) dir: PathBuf,
    pub(crate) load: Duration,
    pub(crate) sizes: Vec<usize>,
    pub(crate) repeat: u8,
    pub(crate) is_quick: bool,
}

impl Bench {
    pub(crate) fn new(args: &Args) -> Result<Self> {
        let own = std::env::current_exe()?;
        let folder = own.parent().context("this program lies in no folder")?;
        let program = args.server.clone().unwrap_or_else(|| folder.join("openmoss"));
        if !program.exists() {
            bail!(
                "{} is missing; build it with: cargo build --release -p openmoss --features postgres",
                program.display()
            );
        }
        if args.parts().any(|part| part != Part::C && part != Part::D) {
            wrk::check()?;
        }
        let dir = args.dir.clone().unwrap_or_else(|| folder.join("../bench"));
        std::fs::create_dir_all(&dir)?;
        Ok(Self {
            program: program.canonicalize()?,
            dir: dir.canonicalize()?,
            load: args.load(),
            sizes: args.sizes(),
            repeat: args.repeat,
            is_quick: args.is_quick(),
        })
    }

    /// Starts the server under test.
    fn serve(&self, database: &str) -> Result<Server> {
        Server::start(&self.program, &self.dir, database)
    }

    /// Asks one question, or several in turn, from sixteen connections.
    fn ask(&self, server: &Server, paths: &[String], key: Option<&str>) -> Result<Load> {
        let header = key.map(|key| ("Authorization", format!("Bearer {key}")));
        self.ask_for(server, &Questions { paths, header, connections: CONNECTIONS })
    }

    /// The same for other questions.
    fn ask_for(&self, server: &Server, questions: &Questions<'_>) -> Result<Load> {
        median(
            self.repeat,
            |load: &Load| load.rate,
            || wrk::run(server, questions, self.load, &self.dir),
        )
    }
}
