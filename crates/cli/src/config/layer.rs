//! One layer of values: read from sections, turned into the types that the keys have, and given
//! to figment.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use figment::error::Kind as FigmentKind;
use figment::value::{Dict, Map as FigmentMap, Value as FigmentValue};
use figment::{Figment, Metadata, Profile, Provider};
use openmoss_service::settings::Settings;
use serde_json::{Map, Value};

use super::keys::{self, Kind};
use super::value::{found, typed};
use super::yaml::{Content, Node};

/// Where the values of a layer come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// Built in.
    Default,
    /// The file.
    File(PathBuf),
    /// Settings changed in the dashboard.
    Database,
    /// `OPENMOSS_*` variables.
    Environment,
    /// The command line.
    Flags,
}

/// Something wrong, with its place in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// The key it is about.
    pub(super) key: String,
    /// The line in the file.
    pub(super) line: Option<usize>,
    /// The whole message, place included.
    pub(super) text: String,
}

/// A value and the line it stands on. It may be a secret, so it cannot be printed.
#[derive(Clone)]
pub(super) struct Given {
    /// Of the type that its key has.
    pub(super) value: Value,
    /// The line in the file.
    pub(super) line: Option<usize>,
}

/// The values of one source, by `section.key`.
#[derive(Clone)]
pub(super) struct Layer {
    /// Where they come from.
    pub(super) source: Source,
    /// The values.
    pub(super) values: BTreeMap<String, Given>,
}

/// A layer as it was read, with what was wrong in it. What is wrong is not in the layer.
pub(super) struct Reading {
    /// The good values.
    pub(super) layer: Layer,
    /// Values of the wrong type.
    pub(super) refused: Vec<Problem>,
    /// Keys that do not exist.
    pub(super) unknown: Vec<Problem>,
}

/// The line of each section and, by section and key, of each key.
#[derive(Default)]
struct Lines {
    sections: BTreeMap<String, usize>,
    keys: BTreeMap<(String, String), usize>,
}

impl Source {
    /// What `config show` says.
    pub(super) fn label(&self, key: &str) -> String {
        match self {
            Self::Default => "default".to_owned(),
            Self::File(path) => path.display().to_string(),
            Self::Database => "database".to_owned(),
            Self::Environment => format!("environment {}", keys::environment_name(key)),
            Self::Flags => format!("flag {}", flag_name(key)),
        }
    }

    /// What stands before a message about `key`.
    pub(super) fn place(&self, key: &str, line: Option<usize>) -> String {
        match (self, line) {
            (Self::Default, _) => "built-in default".to_owned(),
            (Self::File(path), Some(line)) => format!("{}:{line}", path.display()),
            (Self::File(path), None) => path.display().to_string(),
            (Self::Database, _) => "settings in the database".to_owned(),
            (Self::Environment, _) => {
                format!("environment variable {}", keys::environment_name(key))
            }
            (Self::Flags, _) => flag_name(key).to_owned(),
        }
    }
}

impl Problem {
    fn new(source: &Source, key: &str, line: Option<usize>, reason: impl fmt::Display) -> Self {
        let text = format!("{}: {reason}", source.place(key, line));
        Self { key: key.to_owned(), line, text }
    }
}

impl Layer {
    /// A layer without values.
    pub(super) const fn empty(source: Source) -> Self {
        Self { source, values: BTreeMap::new() }
    }

    /// The built-in defaults.
    pub(super) fn defaults() -> Self {
        Reading::of_sections(Source::Default, keys::defaults(), &Lines::default()).layer
    }

    /// Whether these are the built-in defaults.
    pub(super) fn is_default(&self) -> bool {
        self.source == Source::Default
    }

    /// Sets a value that is known to be right.
    pub(super) fn set(&mut self, key: &str, value: impl Into<Value>) {
        let line = self.values.get(key).and_then(|given| given.line);
        self.values.insert(key.to_owned(), Given { value: value.into(), line });
    }

    /// The text of `key`, if it is set here and a text.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.values.get(key)?.value.as_str()
    }

    /// What is wrong with the value of `key`, with its place.
    pub(super) fn problem(&self, key: &str, reason: impl fmt::Display) -> Problem {
        let line = self.values.get(key).and_then(|given| given.line);
        Problem::new(&self.source, key, line, reason)
    }

    fn nested(&self) -> Value {
        let mut sections: Map<String, Value> = Map::new();
        for (key, given) in &self.values {
            let Some((section, leaf)) = key.split_once('.') else { continue };
            let values = sections
                .entry(section)
                .or_insert_with(|| Value::Object(Map::new()))
                .as_object_mut();
            if let Some(values) = values {
                values.insert(leaf.to_owned(), given.value.clone());
            }
        }
        Value::Object(sections)
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        match &self.source {
            Source::Default => Metadata::named("default"),
            Source::File(path) => Metadata::named("file").source(path.as_path()),
            Source::Database => Metadata::named("database"),
            Source::Environment => Metadata::named("environment"),
            Source::Flags => Metadata::named("flags"),
        }
    }

    fn data(&self) -> Result<FigmentMap<Profile, Dict>, figment::Error> {
        let values = FigmentValue::serialize(self.nested())?.into_dict().unwrap_or_default();
        Ok(Profile::Default.collect(values))
    }
}

impl Reading {
    /// The file's tree.
    pub(super) fn of_file(path: &Path, root: &Node) -> Self {
        let mut lines = Lines::default();
        if let Content::Mapping(sections) = &root.content {
            for section in sections {
                lines.sections.insert(section.key.clone(), section.line);
                let Content::Mapping(entries) = &section.value.content else { continue };
                for entry in entries {
                    lines.keys.insert((section.key.clone(), entry.key.clone()), entry.line);
                }
            }
        }
        Self::of_sections(Source::File(path.to_owned()), &root.to_json(), &lines)
    }

    /// What the database holds. Its own `database` section would come too late and is left out.
    pub(super) fn of_stored(stored: &Value) -> Self {
        let mut sections = stored.clone();
        let removed = sections.as_object_mut().and_then(|sections| sections.remove("database"));
        let mut reading = Self::of_sections(Source::Database, &sections, &Lines::default());
        if removed.is_some() {
            let reason = "`database` cannot be set there and is ignored";
            reading.unknown.push(Problem::new(&Source::Database, "database", None, reason));
        }
        reading
    }

    /// The variables whose names begin with `OPENMOSS_` and name a key.
    pub(super) fn of_environment(variables: &BTreeMap<String, String>) -> Self {
        let mut reading = Self::empty(Source::Environment);
        let names: BTreeMap<String, &str> =
            keys::all().map(|(key, _)| (keys::environment_name(key), key)).collect();
        for (name, text) in variables {
            let Some(rest) = name.strip_prefix(keys::ENVIRONMENT_PREFIX) else { continue };
            if let Some(key) = names.get(name) {
                reading.add(key, &Value::String(text.clone()), None);
            } else if let Some(reason) = unknown_variable(name, rest, names.keys()) {
                reading.unknown.push(Problem { key: name.clone(), line: None, text: reason });
            }
        }
        reading
    }

    fn empty(source: Source) -> Self {
        Self { layer: Layer::empty(source), refused: Vec::new(), unknown: Vec::new() }
    }

    fn of_sections(source: Source, sections: &Value, lines: &Lines) -> Self {
        let mut reading = Self::empty(source);
        for (section, values) in sections.as_object().into_iter().flatten() {
            let line = lines.sections.get(section).copied();
            if !keys::is_section(section) {
                reading.add_unknown(section, line);
                continue;
            }
            match values {
                Value::Null => {}
                Value::Object(values) => {
                    for (leaf, value) in values {
                        let line = lines.keys.get(&(section.clone(), leaf.clone())).copied();
                        reading.add(&format!("{section}.{leaf}"), value, line);
                    }
                }
                // The value is not repeated: it may be a secret that slipped a line.
                Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                    let what = if values.is_array() { "a list" } else { "a value" };
                    let reason =
                        format!("{section} must be a section with keys below it, found {what}");
                    reading.refuse(section, line, &reason);
                }
            }
        }
        reading.refused.sort_by_key(|problem| problem.line);
        reading.unknown.sort_by_key(|problem| problem.line);
        reading
    }

    /// Nothing is the same as absent, so that a key can be left empty in the file.
    fn add(&mut self, key: &str, raw: &Value, line: Option<usize>) {
        let Some(kind) = keys::kind(key) else { return self.add_unknown(key, line) };
        if raw.is_null() {
            return;
        }
        let is_environment = self.layer.source == Source::Environment;
        let value = typed(kind, raw, is_environment);
        if let Some(right) = wrong_type(key, kind, &value) {
            let reason = if keys::is_secret(key) {
                format!("{key} must be {right}")
            } else {
                format!("{key} must be {right}, found {}", found(key, raw))
            };
            return self.refuse(key, line, &reason);
        }
        self.layer.values.insert(key.to_owned(), Given { value, line });
    }

    fn add_unknown(&mut self, name: &str, line: Option<usize>) {
        let reason = if let Some((section, key)) = name.split_once('.')
            && keys::kind(name).is_some()
        {
            format!("unknown key `{name}`; write `{key}:` indented below `{section}:`")
        } else {
            match keys::suggestion(name) {
                Some(meant) => format!("unknown key `{name}`; did you mean `{meant}`?"),
                None => format!("unknown key `{name}`"),
            }
        };
        self.unknown.push(Problem::new(&self.layer.source, name, line, reason));
    }

    fn refuse(&mut self, key: &str, line: Option<usize>, reason: &str) {
        self.refused.push(Problem::new(&self.layer.source, key, line, reason));
    }
}

/// The flag that sets `key`.
fn flag_name(key: &str) -> &'static str {
    match key {
        "server.host" => "--host",
        "server.port" => "--port",
        _ => "--database",
    }
}

/// What would be right, if the value is wrong. The types are those of [`Settings`]: one value is
/// laid alone over the defaults and read.
fn wrong_type(key: &str, kind: Kind, value: &Value) -> Option<&'static str> {
    let mut layer = Layer::empty(Source::Default);
    layer.set(key, value.clone());
    let error = Figment::from(layer).extract::<Settings>().err()?;
    Some(match kind {
        Kind::Text => "a text",
        Kind::Bool => "true or false",
        Kind::List => "a list of texts",
        Kind::Number => {
            let (FigmentKind::InvalidType(_, expected) | FigmentKind::InvalidValue(_, expected)) =
                &error.kind
            else {
                return Some("a whole number");
            };
            match expected.as_str() {
                "u16" => "a whole number from 0 to 65535",
                "u32" => "a whole number from 0 to 4294967295",
                "u64" | "usize" => "a whole number, 0 or more",
                _ => "a whole number",
            }
        }
    })
}

/// A variable with the separator is meant to be a key; one without it is something else, unless
/// it is a key's name with one underscore where two belong.
fn unknown_variable<'a>(
    name: &str,
    rest: &str,
    mut names: impl Iterator<Item = &'a String>,
) -> Option<String> {
    let unknown = |meant: Option<&str>| match meant {
        Some(meant) => format!("unknown environment variable {name}; did you mean {meant}?"),
        None => format!("unknown environment variable {name}"),
    };
    if rest.contains(keys::ENVIRONMENT_SEPARATOR) {
        let path = rest.to_lowercase().replacen(keys::ENVIRONMENT_SEPARATOR, ".", 1);
        let meant = keys::suggestion(&path).filter(|meant| meant.contains('.'));
        return Some(unknown(meant.map(keys::environment_name).as_deref()));
    }
    let meant = names.find(|key| key.replace(keys::ENVIRONMENT_SEPARATOR, "_") == name)?;
    Some(unknown(Some(meant)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::yaml;
    use super::*;

    fn file(text: &str) -> Reading {
        Reading::of_file(Path::new("config.yaml"), &yaml::parse(text).unwrap().unwrap())
    }

    fn environment(pairs: &[(&str, &str)]) -> Reading {
        let variables = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Reading::of_environment(&variables.collect())
    }

    fn texts(problems: &[Problem]) -> Vec<&str> {
        problems.iter().map(|problem| problem.text.as_str()).collect()
    }

    fn value<'a>(reading: &'a Reading, key: &str) -> &'a Value {
        &reading.layer.values[key].value
    }

    #[test]
    fn texts_become_what_their_key_needs() {
        let reading = file(
            "project: {name: 2024}\n\
             agent:\n  registration_token: 12e4567\n  allow_registration: no\n\
             server: {port: '7000'}\n\
             notification: {channels: [a, 5], enabled: On}\n\
             webui: {public_feed: 1}\n",
        );
        assert!(reading.refused.is_empty() && reading.unknown.is_empty());
        assert_eq!(value(&reading, "project.name"), "2024");
        assert_eq!(value(&reading, "agent.registration_token"), "12e4567");
        assert_eq!(value(&reading, "agent.allow_registration"), false);
        assert_eq!(value(&reading, "server.port"), 7000);
        assert_eq!(value(&reading, "notification.channels"), &json!(["a", "5"]));
        assert_eq!(value(&reading, "notification.enabled"), true);
        assert_eq!(value(&reading, "webui.public_feed"), true);
    }

    #[test]
    fn nothing_is_absent() {
        let reading = file("server:\nadmin:\n  password:\nnotification: {channels: ~}\n");
        assert!(reading.layer.values.is_empty());
        assert!(reading.refused.is_empty());
    }

    #[test]
    fn wrong_types_name_file_line_and_what_is_right() {
        let reading = file(
            "server:\n  port: abc\n  queue_max: -1\n  shutdown_seconds: 1.5\n  host: [a]\n\
             webui:\n  public_feed: maybe\n  feed_retention_days: 99999999999\n\
             notification:\n  channels: 'x:y'\n  events: [{a: b}]\n\
             admin:\n  password: [s3cret]\n\
             database: ./x.db\n",
        );
        assert_eq!(
            texts(&reading.refused),
            [
                "config.yaml:2: server.port must be a whole number from 0 to 65535, found \"abc\"",
                "config.yaml:3: server.queue_max must be a whole number, 0 or more, found \"-1\"",
                "config.yaml:4: server.shutdown_seconds must be a whole number, 0 or more, \
                 found \"1.5\"",
                "config.yaml:5: server.host must be a text, found a list",
                "config.yaml:7: webui.public_feed must be true or false, found \"maybe\"",
                "config.yaml:8: webui.feed_retention_days must be a whole number from 0 to \
                 4294967295, found \"99999999999\"",
                "config.yaml:10: notification.channels must be a list of texts, found \"x:y\"",
                "config.yaml:11: notification.events must be a list of texts, found a list",
                "config.yaml:13: admin.password must be a text",
                "config.yaml:14: database must be a section with keys below it, found a value",
            ]
        );
        assert!(reading.layer.values.is_empty());
    }

    #[test]
    fn unknown_keys_are_named_with_a_suggestion() {
        let reading =
            file("sever:\n  port: 1\nserver:\n  prot: 2\nport: 3\nserver.port: 4\nzzz: {a: b}\n");
        assert_eq!(
            texts(&reading.unknown),
            [
                "config.yaml:1: unknown key `sever`; did you mean `server`?",
                "config.yaml:4: unknown key `server.prot`; did you mean `server.port`?",
                "config.yaml:5: unknown key `port`; did you mean `server.port`?",
                "config.yaml:6: unknown key `server.port`; write `port:` indented below `server:`",
                "config.yaml:7: unknown key `zzz`",
            ]
        );
    }

    #[test]
    fn a_dotted_key_is_not_taken_for_the_key_it_names() {
        let reading = file("server:\n  port: abc\nserver.port: 4\nagent: s3cret\n");
        assert_eq!(
            texts(&reading.refused),
            [
                "config.yaml:2: server.port must be a whole number from 0 to 65535, found \"abc\"",
                "config.yaml:4: agent must be a section with keys below it, found a value",
            ]
        );
        assert_eq!(
            texts(&reading.unknown),
            ["config.yaml:3: unknown key `server.port`; write `port:` indented below `server:`"]
        );
    }

    #[test]
    fn variables_set_keys() {
        let reading = environment(&[
            ("OPENMOSS_SERVER__PORT", "7000"),
            ("OPENMOSS_PROJECT__NAME", "123"),
            ("OPENMOSS_WEBUI__PUBLIC_FEED", "1"),
            ("OPENMOSS_NOTIFICATION__CHANNELS", "chat:a, user:b,"),
            ("OPENMOSS_NOTIFICATION__EVENTS", "[\"all_done\", patrol_alert]"),
            ("OPENMOSS_SERVER__EXTERNAL_URL", ""),
            ("OPENMOSS_CONFIG", "x.yaml"),
            ("OPENMOSS_URL", "http://x"),
            ("OPENMOSS_KEY", "ak_1"),
            ("OPENMOSS_WEBUI", "skip"),
            ("PATH", "/bin"),
        ]);
        assert!(reading.refused.is_empty() && reading.unknown.is_empty());
        assert_eq!(reading.layer.values.len(), 6);
        assert_eq!(value(&reading, "server.port"), 7000);
        assert_eq!(value(&reading, "project.name"), "123");
        assert_eq!(value(&reading, "webui.public_feed"), true);
        assert_eq!(value(&reading, "notification.channels"), &json!(["chat:a", "user:b"]));
        assert_eq!(value(&reading, "notification.events"), &json!(["all_done", "patrol_alert"]));
        assert_eq!(value(&reading, "server.external_url"), "");
    }

    #[test]
    fn bad_and_unknown_variables_are_named() {
        let reading = environment(&[
            ("OPENMOSS_SERVER__PORT", "abc"),
            ("OPENMOSS_SERVER__PROT", "1"),
            ("OPENMOSS_SERVER_HOST", "::1"),
            ("OPENMOSS_X__Y__Z", "1"),
        ]);
        assert_eq!(
            texts(&reading.refused),
            ["environment variable OPENMOSS_SERVER__PORT: server.port must be a whole number \
              from 0 to 65535, found \"abc\""]
        );
        assert_eq!(
            texts(&reading.unknown),
            [
                "unknown environment variable OPENMOSS_SERVER_HOST; did you mean \
                 OPENMOSS_SERVER__HOST?",
                "unknown environment variable OPENMOSS_SERVER__PROT; did you mean \
                 OPENMOSS_SERVER__PORT?",
                "unknown environment variable OPENMOSS_X__Y__Z",
            ]
        );
    }

    #[test]
    fn stored_values_keep_their_types_and_lose_their_database() {
        let reading = Reading::of_stored(&json!({
            "project": {"name": "P"}, "webui": {"feed_retention_days": "abc"},
            "server": {"external_url": null}, "database": {"path": "x"}, "agent": {"colour": 1},
        }));
        assert_eq!(reading.layer.values.len(), 1);
        assert_eq!(
            texts(&reading.refused),
            ["settings in the database: webui.feed_retention_days must be a whole number from 0 \
              to 4294967295, found \"abc\""]
        );
        assert_eq!(
            texts(&reading.unknown),
            [
                "settings in the database: unknown key `agent.colour`",
                "settings in the database: `database` cannot be set there and is ignored",
            ]
        );
    }

    #[test]
    fn defaults_read_back_as_themselves() {
        let settings: Settings = Figment::from(Layer::defaults()).extract().unwrap();
        assert_eq!(settings, Settings::default());
    }
}
