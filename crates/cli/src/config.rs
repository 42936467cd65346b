//! The configuration: built-in defaults ← file ← settings stored in the database ← `OPENMOSS_*`
//! variables ← flags. What the values mean is decided by the service. The stored settings are read
//! and written there too, and only laid between the other layers here.

mod database;
mod edit;
mod file;
mod keys;
mod layer;
mod load;
mod merged;
mod password;
mod value;
mod yaml;

use std::collections::BTreeSet;
use std::path::PathBuf;

use openmoss_service::settings::{
    DatabaseSettings, Settings, SettingsError, SettingsLayers, Sourced,
};
use serde_json::Value;

use self::layer::{Layer, Problem, Reading, Source};
use self::merged::Merged;

/// What the command line sets. It may hold a password, so it cannot be printed.
#[derive(Clone, Default)]
pub(crate) struct Flags {
    /// `--host`
    pub(crate) host: Option<String>,
    /// `--port`
    pub(crate) port: Option<u16>,
    /// `--database`: a URL or the path of a database file.
    pub(crate) database: Option<String>,
}

/// What the configuration is loaded for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To serve: an absent file is written, and a plain password in it is replaced by its hash.
    Start,
    /// To look, or to run another command: no file is written or changed.
    Inspect,
}

/// What was loaded.
pub(crate) struct Loaded {
    /// The layers, to be merged with the stored settings.
    pub(crate) layers: ConfigLayers,
    /// What the operator should know; none of it stops the program.
    pub(crate) warnings: Vec<String>,
    /// The file, if this load wrote it.
    pub(crate) created: Option<PathBuf>,
}

/// Why nothing was loaded: each problem in words for the operator, with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.join("\n"))]
pub(crate) struct ConfigError {
    /// Never empty. Unknown keys are among them, because they may be the cause.
    pub(crate) problems: Vec<String>,
}

/// Every layer but the stored settings.
#[derive(Clone)]
pub(crate) struct ConfigLayers {
    defaults: Layer,
    file: Layer,
    environment: Layer,
    flags: Layer,
    /// Unknown keys of file and environment.
    unknown: Vec<Problem>,
}

impl ConfigLayers {
    /// Reads the file (`path`, else the one that `OPENMOSS_CONFIG` names, else `config.yaml`), the
    /// environment as it was captured, and the flags.
    ///
    /// # Errors
    /// A file that cannot be read or is not a configuration, and values of the wrong type.
    /// Impossible values are told by [`SettingsLayers::effective`], because a higher layer may
    /// hide them.
    pub(crate) fn load(
        path: Option<PathBuf>,
        environment: Vec<(String, String)>,
        flags: Flags,
        purpose: Purpose,
    ) -> Result<Loaded, ConfigError> {
        load::load(path, &environment.into_iter().collect(), flags, purpose)
    }

    /// Where the data is. The stored settings have no say in it, since they lie there; nor is
    /// anything else checked, so that a command can repair what is stored.
    ///
    /// # Errors
    /// An impossible value among `database.*`.
    pub(crate) fn database(&self) -> Result<DatabaseSettings, SettingsError> {
        Ok(self.opening()?.database)
    }

    /// What the file says, by key.
    pub(crate) fn of_file(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.file.values.iter().map(|(key, given)| (key.as_str(), &given.value))
    }

    /// The value of `key` that somebody gave: in the file or in the environment.
    pub(crate) fn given(&self, key: &str) -> Option<&Value> {
        let given = self.environment.values.get(key).or_else(|| self.file.values.get(key));
        given.map(|given| &given.value)
    }

    /// Everything wrong: unknown keys, wrong types and impossible values. Empty: all is well.
    pub(crate) fn problems(&self, stored: &Value) -> Vec<String> {
        let Reading { layer: mut stored, refused, unknown } = Reading::of_stored(stored);
        let known = self.unknown.iter().chain(&refused).chain(&unknown);
        let mut problems: Vec<String> = known.map(|problem| problem.text.clone()).collect();
        // Each impossible value is taken out once, to see the next one behind it.
        let mut layers = self.clone();
        let mut taken_out = BTreeSet::new();
        loop {
            let Err(located) = layers.merged(&stored).settings() else { return problems };
            problems.push(located.text);
            match located.key {
                Some(key) if taken_out.insert(key) => {
                    stored.values.remove(key);
                    layers.take_out(key);
                }
                Some(_) | None => return problems,
            }
        }
    }

    fn take_out(&mut self, key: &str) {
        for layer in [&mut self.file, &mut self.environment, &mut self.flags] {
            layer.values.remove(key);
        }
    }

    /// The stored settings as a layer. A wrong value in them is in nobody's way when another layer
    /// overrides it.
    fn stored(&self, stored: &Value) -> Result<Layer, SettingsError> {
        let reading = Reading::of_stored(stored);
        let is_overridden = |key: &str| {
            self.environment.values.contains_key(key) || self.flags.values.contains_key(key)
        };
        match reading.refused.into_iter().find(|problem| !is_overridden(&problem.key)) {
            Some(problem) => Err(SettingsError(problem.text)),
            None => Ok(reading.layer),
        }
    }

    fn merged<'a>(&'a self, stored: &'a Layer) -> Merged<'a> {
        Merged::of([&self.defaults, &self.file, stored, &self.environment, &self.flags])
    }
}

impl SettingsLayers for ConfigLayers {
    fn effective(&self, stored: &Value) -> Result<Settings, SettingsError> {
        let stored = self.stored(stored)?;
        self.merged(&stored).settings().map_err(|located| SettingsError(located.text))
    }

    fn opening(&self) -> Result<Settings, SettingsError> {
        let stored = Layer::empty(Source::Database);
        self.merged(&stored).opening().map_err(|located| SettingsError(located.text))
    }

    fn sources(&self, stored: &Value) -> Result<Vec<Sourced>, SettingsError> {
        let stored = self.stored(stored)?;
        Ok(self.merged(&stored).rows())
    }

    fn fixed_by(&self, key: &str) -> Option<String> {
        let above = [&self.flags, &self.environment];
        let layer = above.into_iter().find(|layer| layer.values.contains_key(key))?;
        Some(layer.source.label(key))
    }
}

#[cfg(test)]
mod tests;
