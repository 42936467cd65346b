//! Where the configuration and the data are, and the way from there to the services.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use openmoss_service::settings::{
    DatabaseSettings, Settings, SettingsError, SettingsLayers, Sourced,
};
use openmoss_service::{Service, SystemClock};
use serde_json::{Value, json};

use crate::args::PlaceArgs;
use crate::config::{ConfigLayers, Flags, Loaded, Purpose};
use crate::error::CliError;

/// Loads every layer but the stored settings.
pub(crate) fn load(
    place: &PlaceArgs,
    host: Option<String>,
    port: Option<u16>,
    purpose: Purpose,
) -> Result<Loaded, CliError> {
    let flags = Flags { host, port, database: place.database.clone() };
    let loaded = ConfigLayers::load(place.config.clone(), environment(), flags, purpose)?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    Ok(loaded)
}

/// Opens the services for a command. A missing SQLite file is not made: it is more likely a
/// mistyped path than a wish.
pub(crate) fn open(place: &PlaceArgs) -> Result<Service, CliError> {
    let layers = load(place, None, None, Purpose::Inspect)?.layers;
    refuse_absent(&layers.database()?)?;
    Ok(Service::attach(Arc::new(layers), Arc::new(SystemClock))?)
}

/// Opens the services even when settings other than `database.*` are wrong, to look for what is
/// wrong with them.
pub(crate) fn open_in_spite(layers: &ConfigLayers) -> Result<Service, CliError> {
    refuse_absent(&layers.database()?)?;
    open_tolerant(layers)
}

/// Opens the services to put right what is wrong. With wrong settings no server can start and make
/// the database, so then a missing one is made here.
pub(crate) fn open_to_repair(layers: &ConfigLayers) -> Result<Service, CliError> {
    let database = layers.database()?;
    if layers.effective(&json!({})).is_ok() {
        refuse_absent(&database)?;
    }
    open_tolerant(layers)
}

fn open_tolerant(layers: &ConfigLayers) -> Result<Service, CliError> {
    let layers = Tolerant(layers.clone());
    Ok(Service::attach(Arc::new(layers), Arc::new(SystemClock))?)
}

fn refuse_absent(database: &DatabaseSettings) -> Result<(), CliError> {
    let path = PathBuf::from(&database.path);
    if database.kind == "sqlite" && !path.exists() {
        return Err(CliError::NoDatabase(path));
    }
    Ok(())
}

/// The environment as text. A variable that is not text is none of ours.
fn environment() -> Vec<(String, String)> {
    let as_text = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(as_text).collect()
}

/// Layers that fall back to defaults where they cannot be in force.
struct Tolerant(ConfigLayers);

impl SettingsLayers for Tolerant {
    fn effective(&self, stored: &Value) -> Result<Settings, SettingsError> {
        self.0.effective(stored).or_else(|_| self.0.opening())
    }

    fn opening(&self) -> Result<Settings, SettingsError> {
        self.0.opening()
    }

    fn sources(&self, stored: &Value) -> Result<Vec<Sourced>, SettingsError> {
        self.0.sources(stored)
    }

    fn fixed_by(&self, key: &str) -> Option<String> {
        self.0.fixed_by(key)
    }
}
