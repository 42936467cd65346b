//! All layers together: the settings, and where each of them comes from.

use figment::{Figment, Provider as _};
use openmoss_service::settings::{Settings, SettingsError, Sourced};
use serde_json::Value;

use super::database::{self, Location};
use super::keys;
use super::layer::Layer;
use super::password::{self, Password};
use super::value::found;

/// How many layers there are.
const LAYERS: usize = 5;

/// The layers, the lowest first, and what they merge to.
pub(super) struct Merged<'a> {
    layers: [&'a Layer; LAYERS],
    figment: Figment,
}

/// A message about an impossible value, with its place.
pub(super) struct Located {
    /// The key that has to change.
    pub(super) key: Option<&'static str>,
    /// The whole message.
    pub(super) text: String,
}

impl<'a> Merged<'a> {
    /// Merges; each layer wins over those before it.
    pub(super) fn of(layers: [&'a Layer; LAYERS]) -> Self {
        Self { layers, figment: layers.into_iter().fold(Figment::new(), Figment::merge) }
    }

    /// The settings in force.
    ///
    /// # Errors
    /// The first impossible value.
    pub(super) fn settings(&self) -> Result<Settings, Located> {
        let mut settings = self.extracted()?;
        finish(&mut settings).map_err(|error| self.locate(&error))?;
        Ok(settings)
    }

    /// The settings that open the database, the others left at their defaults.
    ///
    /// # Errors
    /// The first impossible value among them.
    pub(super) fn opening(&self) -> Result<Settings, Located> {
        let given = self.extracted()?;
        let mut settings = Settings { database: given.database, ..Settings::default() };
        settings.server.queue_max = given.server.queue_max;
        finish(&mut settings).map_err(|error| self.locate(&error))?;
        Ok(settings)
    }

    /// Every value and its source, by key.
    pub(super) fn rows(&self) -> Vec<Sourced> {
        // A URL decides over type and path.
        let url = self.value(keys::DATABASE_URL);
        let location = url.as_str().filter(|url| !url.is_empty()).map(Location::parse);
        let location = location.and_then(Result::ok);
        let decided: Vec<(&str, Value)> = location.map(Location::values).unwrap_or_default();
        let rows = keys::all().map(|(key, _)| {
            let decided =
                decided.iter().find(|(name, _)| *name == key && key != keys::DATABASE_URL);
            let (value, giver) = match decided {
                Some((_, value)) => (value.clone(), keys::DATABASE_URL),
                None => (self.value(key), key),
            };
            let layer = self.layer(giver);
            let source = layer.map_or_else(String::new, |layer| layer.source.label(giver));
            Sourced { key: key.to_owned(), value: shown(key, value), source }
        });
        rows.collect()
    }

    fn extracted(&self) -> Result<Settings, Located> {
        // The types were checked value by value, so figment's own words, which could repeat a
        // secret, are not needed.
        self.figment.extract().map_err(|error| Located {
            key: None,
            text: format!("{}: the value has a wrong type", error.path.join(".")),
        })
    }

    /// Completes the message of a check, which begins with the key, by the place and the value.
    fn locate(&self, error: &SettingsError) -> Located {
        let SettingsError(message) = error;
        let is_given = |key: &&str| {
            self.layer(key).is_some_and(|layer| !layer.is_default()) && self.value(key) != ""
        };
        let named: Vec<&'static str> = keys_in(message).collect();
        // When the first key is at fault for being empty, the one that asks for it is to blame.
        let Some(key) = named.iter().copied().find(is_given).or_else(|| named.first().copied())
        else {
            return Located { key: None, text: message.clone() };
        };
        let is_value_told = named.first() == Some(&key) && !keys::is_secret(key);
        let reason = if is_value_told {
            format!("{message}, found {}", found(key, &self.value(key)))
        } else {
            message.clone()
        };
        let text = match self.layer(key) {
            Some(layer) => layer.problem(key, &reason).text,
            None => reason,
        };
        Located { key: Some(key), text }
    }

    /// The layer whose value is in force.
    fn layer(&self, key: &str) -> Option<&'a Layer> {
        let metadata = self.figment.find_metadata(key)?;
        self.layers.into_iter().find(|layer| layer.metadata().name == metadata.name)
    }

    fn value(&self, key: &str) -> Value {
        let layer = self.layer(key);
        layer
            .and_then(|layer| layer.values.get(key))
            .map_or(Value::Null, |given| given.value.clone())
    }
}

/// Brings the settings into the one form that the rest of the program expects, and checks them.
///
/// # Errors
/// The first impossible value. The message begins with its key.
fn finish(settings: &mut Settings) -> Result<(), SettingsError> {
    let fail = |key: &str, reason: &str| Err(SettingsError(format!("{key} {reason}")));
    match password::classify(settings.admin.password.expose()) {
        Password::Unset | Password::Hashed => {}
        Password::Md5 => {
            let reason = "is of the old md5: form, which is not safe; set a new password with \
                          `openmoss admin set-password`";
            return fail(keys::PASSWORD, reason);
        }
        // Passwords in clear were replaced when the layers were loaded; the rest was never good.
        Password::Malformed | Password::Plain | Password::WellKnown | Password::TooLong => {
            let reason = "must be empty or `bcrypt:` and a bcrypt hash; set a password with \
                          `openmoss admin set-password`";
            return fail(keys::PASSWORD, reason);
        }
    }
    if !settings.database.url.is_empty() {
        match Location::parse(settings.database.url.expose()) {
            Ok(location) => location.put_into(&mut settings.database),
            Err(unknown) => return fail(keys::DATABASE_URL, &unknown.to_string()),
        }
    }
    let url = settings.server.external_url.trim_end_matches('/').len();
    settings.server.external_url.truncate(url);
    settings.check()
}

/// The keys that a message names, in its order.
fn keys_in(message: &str) -> impl Iterator<Item = &'static str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
    let words = message.split(move |c| !is_part(c)).map(|word| word.trim_end_matches('.'));
    words.filter_map(|word| keys::all().map(|(key, _)| key).find(|key| *key == word))
}

/// The value as it may be printed. An empty secret shows that nothing is set.
fn shown(key: &str, value: Value) -> Value {
    if let Value::Array(items) = &value {
        return keys::shown_list(key, items);
    }
    if !keys::is_secret(key) || value.as_str().is_some_and(str::is_empty) {
        return value;
    }
    match value.as_str() {
        Some(url) if key == keys::DATABASE_URL => Value::from(database::masked(url)),
        Some(_) | None => Value::from(database::MASK),
    }
}
