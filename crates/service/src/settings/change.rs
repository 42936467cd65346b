//! Changing settings: stored in the database, in force at once, never half.

use std::sync::{Arc, PoisonError};

use openmoss_domain::{Event, EventKind, Fields};
use openmoss_storage::{Reader, session, setting};
use serde_json::{Map, Value};

use super::{Settings, keys};
use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;
use crate::step::append;

/// Settings to store, each under a key such as `project.name`.
pub(crate) type Changes = Vec<(&'static str, Value)>;
/// Says whether a change may be made to the settings that are in force before it.
pub(crate) type Permission = fn(&Settings) -> Result<(), ServiceError>;

/// All stored settings as one object of sections.
pub(crate) fn stored(reader: &mut Reader) -> Result<Value, ServiceError> {
    let mut sections = Map::new();
    for (key, text) in setting::list(reader)? {
        let Some((section, name)) = key.split_once('.') else {
            continue;
        };
        let value = serde_json::from_str(&text)
            .map_err(|error| ServiceError::Internal(format!("stored setting {key}: {error}")))?;
        let section = sections.entry(section).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(values) = section {
            values.insert(name.to_owned(), value);
        }
    }
    Ok(Value::Object(sections))
}

/// The value of `section.key` in an object of sections.
pub(super) fn value_of<'a>(sections: &'a Value, key: &str) -> Option<&'a Value> {
    let (section, name) = key.split_once('.')?;
    sections.get(section)?.get(name)
}

/// Why a value cannot be stored, as the rule that a field breaks.
pub(crate) fn fixed(source: &str) -> String {
    format!("is set by {source}, which wins over what is stored here: change it there")
}

impl Service {
    /// What is stored of the settings, as one object of sections; for `openmoss config show`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn stored_settings(&self) -> Result<Value, ServiceError> {
        self.read(stored)
    }

    /// Stores changes of settings, if `permission` says so, and takes them into force at once. A
    /// new password ends every admin session but the one through which it came. Nothing is stored
    /// when the result could not be in force, nor when something that wins over what is stored says
    /// otherwise.
    pub(crate) fn change_settings(
        &self,
        cx: &Context,
        changes: Changes,
        permission: Permission,
    ) -> Result<(), ServiceError> {
        let changes = self.without_fixed(changes)?;
        // One after the other, so that what was stored last is what is in force.
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let keys: Vec<Value> = changes.iter().map(|(key, _)| (*key).into()).collect();
        let event = Event::new(EventKind::SettingsChanged, cx.actor, self.now()).with("keys", keys);
        let (now, layers) = (self.now(), Arc::clone(&self.layers));
        let own_session = cx.session_hash();
        let effective = self.store.write(move |writer| -> Result<Settings, ServiceError> {
            setting::lock(writer)?;
            permission(&layers.effective(&stored(writer)?)?)?;
            for (key, value) in &changes {
                setting::set(writer, key, &value.to_string(), now)?;
            }
            if changes.iter().any(|(key, _)| *key == keys::PASSWORD) {
                session::delete_others(writer, own_session.as_deref())?;
            }
            let effective = layers.effective(&stored(writer)?)?;
            append(writer, &event)?;
            Ok(effective)
        })?;
        self.put_settings(effective);
        Ok(())
    }

    /// The changes without those that say again what the environment or a flag says.
    ///
    /// # Errors
    /// Names each that says something else: it could not be in force.
    fn without_fixed(&self, mut changes: Changes) -> Result<Changes, ServiceError> {
        let in_force = self.values()?;
        let mut fields = Fields::default();
        changes.retain(|(key, value)| {
            let Some(source) = self.layers.fixed_by(key) else { return true };
            if value_of(&in_force, key) != Some(value) {
                fields.push(*key, fixed(&source));
            }
            false
        });
        fields.finish()?;
        Ok(changes)
    }

    /// The settings in force as an object of sections, secrets included.
    pub(super) fn values(&self) -> Result<Value, ServiceError> {
        let values = serde_json::to_value(&*self.settings());
        values.map_err(|error| ServiceError::Internal(format!("settings: {error}")))
    }

    /// Takes into force what another process stored: a second replica, or the command line. Cheap;
    /// run it every few seconds.
    ///
    /// # Errors
    /// When the database cannot be read, or what is stored cannot be in force; then the settings
    /// stay as they are.
    pub fn refresh_settings(&self) -> Result<(), ServiceError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let effective = self.layers.effective(&self.stored_settings()?)?;
        if effective != *self.settings() {
            self.put_settings(effective);
        }
        Ok(())
    }

    fn put_settings(&self, effective: Settings) {
        self.store.follow(&effective);
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(effective);
    }
}
