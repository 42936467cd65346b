//! The admin looks at the settings and changes them.

use std::collections::BTreeSet;

use openmoss_domain::{DomainError, FieldError, Fields, text};
use serde_json::{Map, Value};

use super::change::value_of;
use super::keys::{self, Kind};
use super::{Changes, Settings, Sourced};
use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;
use crate::notification::channel::unmasked;

/// The sections that an admin may change while the server runs.
pub const SECTIONS: [&str; 12] = [
    "project",
    "agent",
    "notification",
    "webui",
    "workspace",
    "server",
    "policy",
    "patrol",
    "budget",
    "skills",
    "delivery",
    "smtp",
];
/// What may be changed of `server`: the rest is decided before the server listens.
const OF_SERVER: [&str; 2] = ["server.external_url", "server.timezone"];
/// Texts that may be empty.
const OPTIONAL: [&str; 8] = [
    "agent.registration_token",
    "server.external_url",
    "webui.github_repo",
    keys::WEBHOOK_SECRET,
    keys::SMTP_PASSWORD,
    "smtp.host",
    "smtp.user",
    "smtp.from",
];
/// Most entries of a list.
const ITEMS_MAX: usize = 100;
/// Stands for a secret that is set; sent back, it changes nothing.
const MASK: &str = "***";

impl Service {
    /// The settings in force as an object of sections. Secrets are masked, but for the
    /// registration token, which an admin hands out; `setup` is left out (contract, section 9).
    ///
    /// # Errors
    /// A fault of the program.
    pub fn find_config(&self) -> Result<Value, ServiceError> {
        let mut values = self.values()?;
        for (section, values) in values.as_object_mut().into_iter().flatten() {
            for (name, value) in values.as_object_mut().into_iter().flatten() {
                let key = format!("{section}.{name}");
                if keys::is_secret(&key) && key != keys::REGISTRATION_TOKEN && *value != "" {
                    *value = MASK.into();
                } else if let Value::Array(items) = value {
                    *value = keys::shown_list(&key, items);
                }
            }
        }
        if let Some(sections) = values.as_object_mut() {
            sections.remove("setup");
        }
        Ok(values)
    }

    /// Every setting in force and where it comes from, by key; secrets are masked.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn list_setting_sources(&self) -> Result<Vec<Sourced>, ServiceError> {
        Ok(self.layers.sources(&self.stored_settings()?)?)
    }

    /// Whether [`edit_config`](Self::edit_config) may change the setting: neither is it decided
    /// before the server listens, nor does the environment or a flag set it.
    #[must_use]
    pub fn is_setting_editable(&self, key: &str) -> bool {
        let section = key.split_once('.').map_or(key, |(section, _)| section);
        SECTIONS.contains(&section)
            && !is_decided_at_start(section, key)
            && self.layers.fixed_by(key).is_none()
    }

    /// Changes the settings that `sections` names; unknown ones are ignored. All or nothing, in
    /// force at once. Returns the sections that were changed.
    ///
    /// # Errors
    /// Names every value that is wrong or could not be in force.
    pub fn edit_config(
        &self,
        cx: &Context,
        sections: &Map<String, Value>,
    ) -> Result<Vec<String>, ServiceError> {
        let in_force = self.values()?;
        let (mut changes, updated) = read(sections)?;
        unmask(&mut changes, &in_force);
        check_together(&in_force, &changes)?;
        let changes: Changes = changes
            .into_iter()
            .filter(|(key, value)| value_of(&in_force, key) != Some(value))
            .collect();
        if !changes.is_empty() {
            let is_budget = changes.iter().any(|(key, _)| key.starts_with("budget."));
            let is_policy = changes.iter().any(|(key, _)| key.starts_with("policy."));
            self.change_settings(cx, changes, |_| Ok(()))?;
            if is_policy {
                self.apply_policy_to_planning_tasks()?;
            }
            if is_budget {
                self.apply_budgets()?;
            }
        }
        Ok(updated)
    }
}

/// Puts what is in force where a masked secret was sent back.
fn unmask(changes: &mut Changes, in_force: &Value) {
    for (key, value) in changes {
        let Some(known) = value_of(in_force, key) else { continue };
        if keys::is_secret(key) && *value == MASK {
            *value = known.clone();
        }
        if *key == keys::CHANNELS
            && let (Value::Array(items), Some(known)) = (value, known.as_array())
        {
            let known: Vec<&str> = known.iter().filter_map(Value::as_str).collect();
            for item in items {
                if let Some(entry) = item.as_str() {
                    *item = unmasked(entry, &known).into();
                }
            }
        }
    }
}

/// The changes that `sections` asks for, and which sections they are in.
fn read(sections: &Map<String, Value>) -> Result<(Changes, Vec<String>), DomainError> {
    let mut fields = Fields::default();
    let (mut changes, mut updated) = (Changes::new(), BTreeSet::new());
    let mut is_wrong = false;
    let known = sections
        .iter()
        .filter(|(name, values)| SECTIONS.contains(&name.as_str()) && !values.is_null());
    for (section, values) in known {
        let Some(values) = values.as_object() else {
            is_wrong = true;
            fields.push(section, "must be an object");
            continue;
        };
        for (name, value) in values {
            let name = format!("{section}.{name}");
            if is_decided_at_start(section, &name) {
                is_wrong = true;
                fields.push(name, "is decided before the server starts: change it in the file");
                continue;
            }
            let Some((key, kind)) = keys::find(&name) else { continue };
            updated.insert(section.clone());
            if let Some(value) = fields.keep(cleaned(key, kind, value).map(Some)) {
                changes.push((key, value));
            }
        }
    }
    if updated.is_empty() && !is_wrong {
        fields.push("body", format!("must hold a setting of: {}", SECTIONS.join(", ")));
    }
    fields.finish()?;
    Ok((changes, updated.into_iter().collect()))
}

/// The rest of `server` is in force from the start to the end of the process.
fn is_decided_at_start(section: &str, key: &str) -> bool {
    section == "server" && !OF_SERVER.contains(&key)
}

/// The value as it is stored, if it has the right type and form.
fn cleaned(key: &str, kind: Kind, value: &Value) -> Result<Value, FieldError> {
    let wrong = |rule: &str| Err(FieldError::new(key, rule));
    match (kind, value) {
        (Kind::Bool, Value::Bool(_)) => Ok(value.clone()),
        (Kind::Bool, _) => wrong("must be true or false"),
        (Kind::Number, _) => match whole(value) {
            Some(number) => Ok(number.into()),
            None => wrong("must be a whole number, 0 or more"),
        },
        (Kind::Text, Value::String(text)) => Ok(line(key, text)?.into()),
        (Kind::Text, _) => wrong("must be a string"),
        (Kind::List, Value::Array(items)) if items.len() <= ITEMS_MAX => {
            let items = items.iter().enumerate().map(|(index, item)| {
                let place = format!("{key}[{index}]");
                let item = item.as_str();
                let item = item.ok_or_else(|| FieldError::new(&place, "must be a string"))?;
                text::line(&place, item, text::LINE_CHARS_MAX).map(Value::from)
            });
            Ok(Value::Array(items.collect::<Result<_, _>>()?))
        }
        (Kind::List, Value::Array(_)) => wrong(&format!("must have at most {ITEMS_MAX} entries")),
        (Kind::List, _) => wrong("must be a list of strings"),
    }
}

/// A number as existing clients may send it: `7` or `"7"` (contract, section 3).
fn whole(value: &Value) -> Option<u32> {
    let number = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    // No setting needs more, and each fits into its type.
    number.and_then(|number| u32::try_from(number).ok())
}

fn line(key: &str, raw: &str) -> Result<String, FieldError> {
    let trimmed = raw.trim();
    if trimmed.is_empty() && OPTIONAL.contains(&key) {
        return Ok(String::new());
    }
    match key {
        "project.name" => text::name(key, trimmed),
        "server.external_url" => {
            text::line(key, trimmed.trim_end_matches('/'), text::LINE_CHARS_MAX)
        }
        _ => text::line(key, trimmed, text::LINE_CHARS_MAX),
    }
}

/// Checks the settings as they would be in force, and blames the values that are to be changed.
fn check_together(in_force: &Value, changes: &Changes) -> Result<(), ServiceError> {
    let mut values = in_force.clone();
    for (key, value) in changes {
        let Some((section, name)) = key.split_once('.') else { continue };
        if let Some(section) = values.get_mut(section).and_then(Value::as_object_mut) {
            section.insert(name.to_owned(), value.clone());
        }
    }
    let settings: Settings = serde_json::from_value(values)
        .map_err(|error| ServiceError::Internal(format!("settings: {error}")))?;
    let mut problems = settings.problems();
    problems.retain(|problem| changes.iter().any(|(key, _)| *key == problem.field));
    if problems.is_empty() { Ok(()) } else { Err(DomainError::Invalid(problems).into()) }
}
