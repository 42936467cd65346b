//! The keys that exist. They are read from [`Settings`] itself, so that no second list can fall
//! behind it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::Settings;

/// The admin's password.
pub const PASSWORD: &str = "admin.password";
/// What agents register with.
pub const REGISTRATION_TOKEN: &str = "agent.registration_token";
/// Where the data is, in one text.
pub const DATABASE_URL: &str = "database.url";
/// What signs webhooks.
pub const WEBHOOK_SECRET: &str = "delivery.webhook_secret";
/// What the mail server asks for.
pub const SMTP_PASSWORD: &str = "smtp.password";
/// Where notifications go: a list whose entries are masked one by one.
pub const CHANNELS: &str = "notification.channels";
/// Keys whose values are secrets. A test compares them with the type of each setting.
const SECRETS: [&str; 5] =
    [PASSWORD, REGISTRATION_TOKEN, DATABASE_URL, WEBHOOK_SECRET, SMTP_PASSWORD];

/// What a value has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// True or false.
    Bool,
    /// A whole number.
    Number,
    /// A list of texts.
    List,
}

static DEFAULTS: LazyLock<Value> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "plain structs of texts and numbers always serialise")]
    serde_json::to_value(Settings::default()).expect("settings serialise")
});

static KEYS: LazyLock<BTreeMap<String, Kind>> = LazyLock::new(|| {
    let sections = DEFAULTS.as_object().into_iter().flatten();
    let keys = sections.flat_map(|(section, values)| {
        let values = values.as_object().into_iter().flatten();
        values.map(move |(key, value)| (format!("{section}.{key}"), Kind::of(value)))
    });
    keys.collect()
});

impl Kind {
    const fn of(default: &Value) -> Self {
        match default {
            Value::Bool(_) => Self::Bool,
            Value::Number(_) => Self::Number,
            Value::Array(_) => Self::List,
            Value::String(_) | Value::Null | Value::Object(_) => Self::Text,
        }
    }
}

/// The default of every key, as an object of sections.
#[must_use]
pub fn defaults() -> &'static Value {
    &DEFAULTS
}

/// Every key as `section.key`, with what its value has to be.
pub fn all() -> impl Iterator<Item = (&'static str, Kind)> {
    KEYS.iter().map(|(key, kind)| (key.as_str(), *kind))
}

/// The key of this name, with what its value has to be.
#[must_use]
pub fn find(key: &str) -> Option<(&'static str, Kind)> {
    KEYS.get_key_value(key).map(|(key, kind)| (key.as_str(), *kind))
}

/// Whether there is a section of that name.
#[must_use]
pub fn is_section(name: &str) -> bool {
    DEFAULTS.get(name).is_some()
}

/// Whether the value of `key` must not be printed.
#[must_use]
pub fn is_secret(key: &str) -> bool {
    SECRETS.contains(&key)
}

/// A list as it may be printed: the entries of [`CHANNELS`] are masked.
#[must_use]
pub fn shown_list(key: &str, items: &[Value]) -> Value {
    let masked = |item: &Value| match item.as_str() {
        Some(entry) if key == CHANNELS => crate::notification::masked(entry).into(),
        Some(_) | None => item.clone(),
    };
    items.iter().map(masked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_leaf_of_the_settings_is_a_key() {
        let kind = |key| find(key).map(|(_, kind)| kind);
        assert_eq!(kind("server.port"), Some(Kind::Number));
        assert_eq!(kind("server.host"), Some(Kind::Text));
        assert_eq!(kind("webui.public_feed"), Some(Kind::Bool));
        assert_eq!(kind("notification.channels"), Some(Kind::List));
        assert_eq!(kind("database.type"), Some(Kind::Text));
        assert_eq!(kind("server"), None);
        assert!(is_section("server") && !is_section("server.port") && !is_section("sever"));
    }

    #[test]
    fn secrets_are_the_keys_whose_type_does_not_print() {
        for (key, kind) in all().filter(|(_, kind)| *kind == Kind::Text) {
            let (section, leaf) = key.split_once('.').unwrap();
            let mut values = defaults().clone();
            values[section][leaf] = Value::String("visible-mark".to_owned());
            let settings: Settings = serde_json::from_value(values).unwrap();
            let is_printed = format!("{settings:?}").contains("visible-mark");
            assert_eq!(is_printed, !is_secret(key), "{key} {kind:?}");
        }
    }
}
