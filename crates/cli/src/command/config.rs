//! `openmoss config`: what is in force, and what is wrong.

use clap::{Args, Subcommand};
use openmoss_service::settings::{SettingsLayers as _, Sourced};
use serde::Serialize;
use serde_json::{Value, json};

use crate::args::PlaceArgs;
use crate::config::{ConfigLayers, Purpose};
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::output::{Format, left, table};
use crate::place;

/// Show or check the configuration
///
/// Defaults, the file, settings changed in the dashboard, OPENMOSS_* variables and flags are
/// merged, and the later one wins.
#[derive(Args)]
#[command(after_help = "\
Examples:
  openmoss config show
  OPENMOSS_SERVER__PORT=80 openmoss config show --json
  openmoss config check --config /etc/openmoss.yaml   exit code 3 when something is wrong")]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Show every setting and where it comes from; secrets are hidden
    Show,
    /// Name everything that is wrong
    Check,
}

/// Runs a command of this group.
pub(crate) fn run(place: &PlaceArgs, args: &ConfigArgs) -> Result<ExitCode, CliError> {
    let layers = place::load(place, None, None, Purpose::Inspect)?.layers;
    let stored = stored(&layers);
    let format = Format::of(args.json);
    match args.command {
        ConfigCommand::Show => show(&layers, &stored, format),
        ConfigCommand::Check => check(&layers, &stored, format),
    }
}

/// The settings that are stored in the database. Without a database there are none, and that is
/// no obstacle to looking at the others.
fn stored(layers: &ConfigLayers) -> Value {
    let read = place::open_in_spite(layers).and_then(|service| Ok(service.stored_settings()?));
    read.unwrap_or_else(|error| {
        if !matches!(error, CliError::NoDatabase(_)) {
            tracing::warn!("the settings stored in the database are not considered: {error}");
        }
        json!({})
    })
}

fn show(layers: &ConfigLayers, stored: &Value, format: Format) -> Result<ExitCode, CliError> {
    let values = layers.sources(stored)?;
    format.print(&values, |values| {
        let row = |shown: &Sourced| [left(&shown.key), left(&shown.value), left(&shown.source)];
        table(["SETTING", "VALUE", "FROM"], values.iter().map(row)).to_string()
    })?;
    Ok(ExitCode::Done)
}

#[derive(Serialize)]
struct Checked {
    problems: Vec<String>,
}

fn check(layers: &ConfigLayers, stored: &Value, format: Format) -> Result<ExitCode, CliError> {
    let checked = Checked { problems: layers.problems(stored) };
    format.print(&checked, |checked| {
        if checked.problems.is_empty() {
            return "the configuration is right".to_owned();
        }
        checked.problems.join("\n")
    })?;
    Ok(if checked.problems.is_empty() { ExitCode::Done } else { ExitCode::Configuration })
}
