//! `openmoss db`: the data as a whole.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use openmoss_service::{Service, SystemClock};
use serde::Serialize;

use crate::args::PlaceArgs;
use crate::command::{export, import};
use crate::config::Purpose;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::output::{self, Format};
use crate::place;

/// Migrate, export, import, back up and check the database
#[derive(Args)]
#[command(after_help = "\
Examples:
  openmoss db import --from /opt/old/data/tasks.db --config /opt/old/config.yaml --dry-run
  openmoss db migrate --database postgres://user:password@host/moss
  openmoss db backup /backups/openmoss-$(date +%F).db
  openmoss db check && echo all is well")]
pub(crate) struct DbArgs {
    #[command(subcommand)]
    command: DbCommand,
}

#[derive(Subcommand)]
enum DbCommand {
    /// Bring the database up to this version, creating it if there is none
    ///
    /// The server does the same at every start; this is for doing it ahead of time.
    Migrate,
    /// Copy a SQLite database into a new file while it is in use
    Backup {
        /// The new file; it must not exist
        target: PathBuf,
    },
    /// Write the whole content as JSON lines, for `openmoss db import`
    ///
    /// Works while a server runs, and between SQLite and PostgreSQL. Admin sessions and secrets in
    /// clear are left out; keys and the password go as hashes.
    Export(export::ExportArgs),
    /// Bring an existing Python installation over, or the content of an export
    ///
    /// Of an existing installation: all tables with their ids; agents' keys keep working. With --config, the settings of that
    /// config.yaml come too; the own configuration is then ./config.yaml or `$OPENMOSS_CONFIG`. Stop
    /// the old server first; its files are only read. What does not fit is repaired or set aside,
    /// and said: docs/migration.md has the rules.
    Import(import::ImportArgs),
    /// Run the database's own integrity check; exit code 1 when it finds something
    Check {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs a command of this group.
pub(crate) fn run(place: &PlaceArgs, args: &DbArgs) -> Result<ExitCode, CliError> {
    match &args.command {
        DbCommand::Migrate => migrate(place),
        DbCommand::Backup { target } => back_up(place, target),
        DbCommand::Export(args) => export::run(place, args),
        DbCommand::Import(args) => import::run(place, args),
        DbCommand::Check { json } => check(place, Format::of(*json)),
    }
}

fn migrate(place: &PlaceArgs) -> Result<ExitCode, CliError> {
    let layers = place::load(place, None, None, Purpose::Inspect)?.layers;
    drop(Service::attach(Arc::new(layers), Arc::new(SystemClock))?);
    output::print("the database is up to date")?;
    Ok(ExitCode::Done)
}

fn back_up(place: &PlaceArgs, target: &Path) -> Result<ExitCode, CliError> {
    let service = place::open(place)?;
    if target.exists() {
        return Err(CliError::Exists(target.to_owned()));
    }
    service.backup(target)?;
    output::print(&format!("copied to {}", target.display()))?;
    Ok(ExitCode::Done)
}

#[derive(Serialize)]
struct Checked {
    findings: Vec<String>,
}

fn check(place: &PlaceArgs, format: Format) -> Result<ExitCode, CliError> {
    let checked = Checked { findings: place::open(place)?.check_database()? };
    format.print(&checked, |checked| {
        if checked.findings.is_empty() {
            return "the database is well".to_owned();
        }
        checked.findings.join("\n")
    })?;
    Ok(if checked.findings.is_empty() { ExitCode::Done } else { ExitCode::Failed })
}
