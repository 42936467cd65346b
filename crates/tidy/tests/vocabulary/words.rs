//! Endpoints, fields and tokens: the OpenAPI document and the domain's enums are the vocabulary.

use std::collections::BTreeSet;

use openmoss_domain::agent::AgentStatus;
use openmoss_domain::event::EventKind;
use openmoss_domain::import::Finding;
use openmoss_domain::log::LogAction;
use openmoss_domain::review::ReviewResult;
use openmoss_domain::rule::RuleScope;
use openmoss_domain::sub_task::{Action, BlockedKind, Priority, Status, WorkKind};
use openmoss_domain::submission::ArtifactKind;
use openmoss_domain::task::{TaskAction, TaskStatus};
use openmoss_domain::waiting::WaitingKind;
use openmoss_domain::{ActorKind, NextAction, Role};
use regex::Regex;
use serde_json::Value;

use crate::text::Text;

/// Words in code that are neither the server's nor the client's.
const OTHER_WORDS: &[&str] = &[
    // A tool of `/mcp`, and why a round was left out.
    "review_work",
    "task_over",
    "none", // what the client prints for an empty list
    "cli",  // the shell function that the skills define
    // Commands of one word.
    "agents",
    "events",
    "heartbeat",
    "help",
    "next",
    "notification",
    "register",
    "rules",
    "update",
    "watch",
];
/// Names of records: a word that starts so is an event or a field.
const RECORDS: &[&str] = &["sub_task_", "task_", "module_", "agent_", "review_", "score_", "rule_"];

pub(crate) struct Api {
    /// Method and path.
    endpoints: Vec<(String, String)>,
    words: BTreeSet<String>,
    codes: BTreeSet<String>,
}

impl Api {
    pub(crate) fn read() -> Self {
        let text = std::fs::read_to_string(crate::text::root().join("openapi/openapi.json"));
        let document: Value = serde_json::from_str(&text.expect("the document")).expect("JSON");
        let mut endpoints = Vec::new();
        for (path, operations) in document["paths"].as_object().expect("paths") {
            for method in operations.as_object().expect("operations").keys() {
                endpoints.push((method.to_ascii_uppercase(), path.clone()));
            }
        }
        let mut words = tokens();
        fields(&document["components"]["schemas"], &mut words);
        let config = Text::read("config.example.yaml").content;
        let names = config.split(|letter: char| !(letter.is_ascii_lowercase() || letter == '_'));
        words.extend(names.filter(|name| name.contains('_')).map(str::to_owned));
        words.extend(OTHER_WORDS.iter().map(|word| (*word).to_owned()));
        let codes = document["components"]["schemas"]["ProblemCode"]["enum"].as_array();
        let codes = codes.expect("codes").iter().filter_map(Value::as_str).map(str::to_owned);
        let codes: BTreeSet<_> = codes.collect();
        words.extend(codes.iter().filter(|code| !code.contains('.')).cloned());
        Self { endpoints, words, codes }
    }

    /// Paths below /api that no operation has, with the method if one stands before them.
    pub(crate) fn unknown_endpoints(&self, text: &Text) -> Vec<String> {
        let pattern = r"(?:\b(GET|POST|PUT|PATCH|DELETE) )?(/api(?:/[A-Za-z0-9_{}$…*-]+)+)";
        let pattern = Regex::new(pattern).expect("a pattern");
        let named = pattern
            .captures_iter(&text.content)
            .map(|found| (found.get(1).map_or("", |method| method.as_str()), found[2].to_owned()));
        let unknown = named.filter(|(method, path)| !self.has_endpoint(method, path));
        unknown.map(|(method, path)| format!("{}: no {method} {path}", text.path)).collect()
    }

    fn has_endpoint(&self, method: &str, path: &str) -> bool {
        let known = self.endpoints.iter().filter(|(known, _)| method.is_empty() || known == method);
        let mut known = known.map(|(_, template)| template);
        known.any(|template| fits(template, path))
    }

    /// Inline code of one lower-case word that is no token, field or command.
    pub(crate) fn unknown_words(&self, text: &Text) -> Vec<String> {
        let word = Regex::new("^[a-z]+(_[a-z]+)*$").expect("a pattern");
        let code = Regex::new(r"^[a-z_]+\.[a-z_]+$").expect("a pattern");
        let settings = Text::read("docs/configuration.md").content;
        let is_setting = |span: &str| settings.contains(&format!("`{span}`"));
        let is_file = |span: &str| {
            let suffix = span.rsplit('.').next().unwrap_or_default();
            ["md", "py", "env", "json", "yaml", "sh"].contains(&suffix)
        };
        let is_unknown = |span: &String| {
            (word.is_match(span) && !self.words.contains(span))
                || (code.is_match(span)
                    && !self.codes.contains(span)
                    && !is_file(span)
                    && !is_setting(span))
        };
        let unknown = text.spans().into_iter().filter(is_unknown);
        unknown.map(|span| format!("{}: nothing is called `{span}`", text.path)).collect()
    }

    /// Inline code that is named like an event or a field, and is neither.
    pub(crate) fn unknown_records(&self, text: &Text) -> Vec<String> {
        let word = Regex::new("^[a-z]+(_[a-z]+)+$").expect("a pattern");
        let is_unknown = |span: &String| {
            word.is_match(span)
                && RECORDS.iter().any(|prefix| span.starts_with(prefix))
                && !self.words.contains(span)
        };
        let unknown = text.spans().into_iter().filter(is_unknown);
        unknown.map(|span| format!("{}: no event or field `{span}`", text.path)).collect()
    }
}

/// Whether a path as a text writes it is one of the template's: `{id}`, `ID` and `$ID` stand for
/// any value, `…` and `*` for any rest.
fn fits(template: &str, path: &str) -> bool {
    let mut known = template.split('/');
    for part in path.split('/') {
        if part == "…" || part == "*" {
            return true;
        }
        let Some(known) = known.next() else { return false };
        let is_value = part.starts_with(['{', '$'])
            || (part.chars().any(char::is_alphabetic) && part == part.to_ascii_uppercase());
        if known != part && !(known.starts_with('{') && is_value) {
            return false;
        }
    }
    known.next().is_none()
}

/// The names of all properties in the schemas.
fn fields(schema: &Value, words: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            if let Some(properties) = map.get("properties").and_then(Value::as_object) {
                words.extend(properties.keys().cloned());
            }
            map.values().for_each(|value| fields(value, words));
        }
        Value::Array(items) => items.iter().for_each(|item| fields(item, words)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

macro_rules! tokens_of {
    ($($kind:ty),+ $(,)?) => {
        fn tokens() -> BTreeSet<String> {
            let mut tokens = BTreeSet::new();
            $(tokens.extend(<$kind>::ALL.iter().map(|value| value.as_str().to_owned()));)+
            tokens
        }
    };
}

tokens_of!(
    Status,
    TaskStatus,
    AgentStatus,
    Action,
    TaskAction,
    Role,
    ActorKind,
    EventKind,
    LogAction,
    ReviewResult,
    RuleScope,
    BlockedKind,
    Priority,
    WorkKind,
    ArtifactKind,
    WaitingKind,
    NextAction,
    Finding,
);

#[test]
fn what_does_not_exist_is_found() {
    let api = Api::read();
    let text = |content: &str| Text { path: "x.md".to_owned(), content: content.to_owned() };
    for endpoint in [
        "/api/sub-task",
        "GET /api/sub-tasks/$ID/claim",
        "/api/tasks/t1",
        "/api/nope/…",
        "/api/sub-tasks/ID/claimed",
    ] {
        assert_eq!(api.unknown_endpoints(&text(endpoint)).len(), 1, "{endpoint}");
    }
    for endpoint in [
        "POST /api/sub-tasks/$ID/claim",
        "/api/tasks/{id}.",
        "/api/sub-tasks/…",
        "`/api/agents/me/skill`",
    ] {
        assert_eq!(api.unknown_endpoints(&text(endpoint)), Vec::<String>::new());
    }
    for word in ["in_work", "doing", "boss", "sub_task.not_yours", "owner_quiet"] {
        assert_eq!(api.unknown_words(&text(&format!("`{word}`"))).len(), 1, "{word}");
    }
    for word in
        ["in_progress", "all_done", "sub_task.not_owner", "depends_on", "agent.registration_token"]
    {
        assert_eq!(api.unknown_words(&text(&format!("`{word}`"))), Vec::<String>::new());
    }
    assert_eq!(api.unknown_records(&text("`sub_task_finished` `sub_task_ready`")).len(), 1);
}
