//! The OpenAPI document: it is the one that is checked in, and it tells the truth about the routes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::form::document;
use crate::support::{Client, NOBODY, REGISTRATION_TOKEN, TestServer};

fn checked_in() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../openapi/openapi.json")
}

#[test]
fn the_checked_in_document_is_the_one_of_this_program() {
    let current = openmoss_http::document().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(checked_in().parent().unwrap()).unwrap();
        std::fs::write(checked_in(), &current).unwrap();
    }
    let stored = std::fs::read_to_string(checked_in()).unwrap_or_default();
    assert!(
        stored == current,
        "openapi/openapi.json is old; write it anew with BLESS=1 cargo test -p openmoss-http openapi"
    );
}

/// Every operation: method, path and what the document says of it.
fn operations() -> Vec<(String, &'static str, &'static Value)> {
    let paths = document()["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (method.to_ascii_uppercase(), &**path, operation))
    });
    operations.collect()
}

/// The route attributes in the sources: `#[get("/api/…")]`.
fn routes_in_sources(folder: &Path, found: &mut BTreeSet<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            routes_in_sources(&path, found);
            continue;
        }
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            for method in ["get", "post", "put", "delete", "patch"] {
                let route = line.trim().strip_prefix(&format!("#[{method}(\""));
                if let Some(route) = route.and_then(|rest| rest.strip_suffix("\")]")) {
                    found.insert((method.to_ascii_uppercase(), route.to_owned()));
                }
            }
        }
    }
}

#[test]
fn every_handler_is_in_the_document_and_the_document_names_no_other() {
    let mut handlers = BTreeSet::new();
    routes_in_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut handlers);
    let documented: BTreeSet<_> =
        operations().into_iter().map(|(method, path, _)| (method, path.to_owned())).collect();
    assert_eq!(handlers, documented);
    assert!(handlers.len() > 50, "{}", handlers.len());
}

#[test]
fn every_documented_operation_is_answered_by_the_server() {
    let server = TestServer::start();
    for (method, path, _) in operations() {
        let reply = server.anyone().call(&method, &filled(path)).send();
        assert!(!matches!(reply.status, 404 | 405), "{reply}");
    }
}

fn filled(path: &str) -> String {
    path.split('/')
        .map(|part| if part.starts_with('{') { NOBODY } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

#[test]
fn every_operation_takes_exactly_the_identities_that_it_documents() {
    let server = TestServer::start();
    let executor = server.executor();
    let registrant = server.anyone().with("X-Registration-Token", REGISTRATION_TOKEN);
    let by_key = server.anyone().with("X-Agent-Key", &executor.key);
    let anyone = server.anyone();
    let identities: [(&str, &Client); 5] = [
        ("", &anyone),
        ("agent", &executor),
        ("agent_key", &by_key),
        ("registration", &registrant),
        ("admin", server.admin()),
    ];
    for (method, path, operation) in operations() {
        let security = operation.get("security").unwrap_or(&document()["security"]);
        let documented: BTreeSet<_> = security.as_array().unwrap().iter().map(name).collect();
        let is_endless = is_endless(operation);
        for (identity, client) in identities {
            if identity == "admin" && path == "/api/admin/logout" {
                continue;
            }
            let is_open = documented.contains("") || documented.contains(identity);
            if is_open && is_endless {
                continue;
            }
            // What is sent is no JSON: whoever is known is told so, or is answered.
            let reply = client.call(&method, &filled(path)).body("{").send();
            let code = reply.json_or_null()["code"].clone();
            let is_stranger = code == "unauthenticated" || code == "admin.no_session";
            assert_eq!(is_stranger, !is_open, "{identity:?}: {reply} {code}");
        }
    }
}

/// Whether the answer is a stream that goes on until the caller leaves.
pub(crate) fn is_endless(operation: &Value) -> bool {
    operation["responses"]["200"]["content"].get("text/event-stream").is_some()
}

/// The scheme that a security requirement names; an empty one names none.
fn name(requirement: &Value) -> &str {
    requirement.as_object().unwrap().keys().next().map_or("", String::as_str)
}

#[test]
fn every_operation_has_a_name_of_its_own_a_summary_and_a_tag() {
    let mut names = BTreeSet::new();
    for (method, path, operation) in operations() {
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name), "{name} is the name of two operations");
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(summary.ends_with('.') && !summary.contains('\n'), "{method} {path}: {summary:?}");
        let tags = operation["tags"].as_array().unwrap();
        let described = document()["tags"].as_array().unwrap();
        let is_described = described.iter().any(|tag| tag["name"] == tags[0]);
        assert!(tags.len() == 1 && is_described, "{method} {path}: {tags:?}");
        let responses = operation["responses"].as_object().unwrap();
        let is_success = ["200", "201"].iter().any(|status| responses.contains_key(*status));
        assert!(is_success && responses.contains_key("default"), "{method} {path}");
        for (status, response) in responses {
            assert!(!response["description"].as_str().unwrap_or_default().is_empty(), "{status}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_used() {
    fn collect(value: &'static Value, found: &mut BTreeSet<&'static str>) {
        match value {
            Value::Object(fields) => {
                if let Some(to) = fields.get("$ref").and_then(Value::as_str) {
                    found.insert(to.strip_prefix("#/components/schemas/").unwrap());
                }
                fields.values().for_each(|value| collect(value, found));
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut used = BTreeSet::new();
    collect(document(), &mut used);
    let schemas = document()["components"]["schemas"].as_object().unwrap();
    let defined: BTreeSet<_> = schemas.keys().map(String::as_str).collect();
    assert_eq!(used, defined);
}

#[test]
fn a_schema_is_either_sent_or_answered() {
    fn names(value: &'static Value, found: &mut BTreeSet<&'static str>) {
        match value {
            Value::Object(fields) => {
                let to = fields.get("$ref").and_then(Value::as_str);
                let name = to.and_then(|to| to.strip_prefix("#/components/schemas/"));
                if let Some(name) = name
                    && found.insert(name)
                {
                    names(&document()["components"]["schemas"][name], found);
                }
                fields.values().for_each(|value| names(value, found));
            }
            Value::Array(items) => items.iter().for_each(|item| names(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let (mut sent, mut answered) = (BTreeSet::new(), BTreeSet::new());
    for (_, _, operation) in operations() {
        names(&operation["requestBody"], &mut sent);
        names(&operation["responses"], &mut answered);
    }
    for name in sent.intersection(&answered) {
        let schema = &document()["components"]["schemas"][*name];
        let is_plain = schema.get("properties").is_none();
        assert!(is_plain, "{name}: what must be sent and what is there differ");
    }
    // An agent's model pays for each word: what is empty is left out of what it is told to do next.
    let mut told = BTreeSet::from(["Problem"]);
    for (path, method) in [("next", "post"), ("has-work", "get")] {
        let path = format!("/api/agents/me/{path}");
        names(&document()["paths"][path][method]["responses"], &mut told);
    }
    for name in answered.difference(&told) {
        let schema = &document()["components"]["schemas"][*name];
        let properties = schema["properties"].as_object().map_or(0, serde_json::Map::len);
        let required = schema["required"].as_array().map_or(0, Vec::len);
        assert_eq!(properties, required, "{name}: an answer leaves no field out");
    }
}
