//! The keys that exist. They are read from [`Settings`] itself, so that no second list can fall
//! behind it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use openmoss_service::settings::Settings;
use serde_json::Value;

/// Every environment variable of ours begins so.
pub(super) const ENVIRONMENT_PREFIX: &str = "OPENMOSS_";
/// Stands between section and key in an environment variable.
pub(super) const ENVIRONMENT_SEPARATOR: &str = "__";

/// The admin's password.
pub(super) const PASSWORD: &str = "admin.password";
/// What agents register with.
pub(super) const REGISTRATION_TOKEN: &str = "agent.registration_token";
/// Where the data is, in one text.
pub(super) const DATABASE_URL: &str = "database.url";

/// Keys whose values are never printed. A test compares them with the type of each setting.
const SECRETS: [&str; 3] = [PASSWORD, REGISTRATION_TOKEN, DATABASE_URL];

/// How alike a word must be to be suggested; 1 is equal.
const LIKENESS_MIN: f64 = 0.6;

/// What a value has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
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
pub(super) fn defaults() -> &'static Value {
    &DEFAULTS
}

/// Every key as `section.key`, with what its value has to be.
pub(super) fn all() -> impl Iterator<Item = (&'static str, Kind)> {
    KEYS.iter().map(|(key, kind)| (key.as_str(), *kind))
}

/// What the value of `key` has to be; `None`: there is no such key.
pub(super) fn kind(key: &str) -> Option<Kind> {
    KEYS.get(key).copied()
}

/// Whether there is a section of that name.
pub(super) fn is_section(name: &str) -> bool {
    DEFAULTS.get(name).is_some()
}

/// Whether the value of `key` must not be printed.
pub(super) fn is_secret(key: &str) -> bool {
    SECRETS.contains(&key)
}

/// The environment variable that sets `key`.
pub(super) fn environment_name(key: &str) -> String {
    let name = key.replace('.', ENVIRONMENT_SEPARATOR).to_uppercase();
    format!("{ENVIRONMENT_PREFIX}{name}")
}

/// The section or key that was probably meant by `unknown` (`section` or `section.key`).
pub(super) fn suggestion(unknown: &str) -> Option<&'static str> {
    let sections = DEFAULTS.as_object().into_iter().flatten().map(|(section, _)| section.as_str());
    let candidates = sections.chain(KEYS.keys().map(String::as_str));
    candidates
        .map(|candidate| (likeness(unknown, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}

/// A key of the right name in the wrong section is likely; otherwise section and key must each
/// look alike.
fn likeness(unknown: &str, candidate: &str) -> f64 {
    let alike = strsim::normalized_damerau_levenshtein;
    match (unknown.split_once('.'), candidate.split_once('.')) {
        (None, None) => alike(unknown, candidate),
        (None, Some((_, key))) if unknown == key => 0.9,
        (Some((_, unknown_key)), Some((_, key))) if unknown_key == key => 0.9,
        (Some((unknown_section, unknown_key)), Some((section, key))) => {
            alike(unknown_section, section) * alike(unknown_key, key)
        }
        (None, Some(_)) | (Some(_), None) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_leaf_of_the_settings_is_a_key() {
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

    #[test]
    fn no_two_keys_share_an_environment_variable() {
        let names: Vec<String> = all().map(|(key, _)| environment_name(key)).collect();
        assert!(names.contains(&"OPENMOSS_SERVER__PORT".to_owned()));
        let mut once = names.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), names.len());
    }

    #[test]
    fn what_was_probably_meant_is_found() {
        for (unknown, meant) in [
            ("server.prot", Some("server.port")),
            ("server.prt", Some("server.port")),
            ("sever.port", Some("server.port")),
            ("sever", Some("server")),
            ("datbase.pth", Some("database.path")),
            ("port", Some("server.port")),
            ("admin.registration_token", Some("agent.registration_token")),
            ("agent.registrationtoken", Some("agent.registration_token")),
            ("server.zzzz", None),
            ("zzzz", None),
            ("", None),
        ] {
            assert_eq!(suggestion(unknown), meant, "{unknown}");
        }
    }
}
