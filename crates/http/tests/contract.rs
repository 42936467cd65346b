//! Ours against the contract: whatever an existing client sends is accepted, whatever it reads is
//! there. `contract/upstream.json` holds the facts, taken from the existing server's OpenAPI
//! document: for each operation its query, its body and its answer. There `a|b` is a choice, `x[]`
//! a list, `#Name` one of the shapes, `name!` a field that must be sent.
//!
//! `contract/differences.txt` holds every difference and why it is right; a new one fails here.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::{Map, Value};

use crate::support::form::{document, resolve};

const DIFFERENCES: &str = include_str!("contract/differences.txt");

fn upstream() -> &'static Value {
    static UPSTREAM: OnceLock<Value> = OnceLock::new();
    UPSTREAM.get_or_init(|| serde_json::from_str(include_str!("contract/upstream.json")).unwrap())
}

/// The differences that are right: lines `difference: reason`.
fn expected() -> BTreeSet<&'static str> {
    let lines = DIFFERENCES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (difference, reason) = line.split_once(": ").expect("each line has a reason");
            assert!(!reason.trim().is_empty(), "{difference} has no reason");
            difference
        })
        .collect()
}

#[test]
fn every_difference_from_the_contract_is_known_and_has_a_reason() {
    let mut found = BTreeSet::new();
    for (name, theirs) in upstream()["operations"].as_object().unwrap() {
        let (method, path) = name.split_once(' ').unwrap();
        let ours = &document()["paths"][path][method.to_ascii_lowercase()];
        if ours.is_object() {
            Comparison { name, found: &mut found }.operation(theirs, ours);
        }
    }
    let found: BTreeSet<_> = found.iter().map(String::as_str).collect();
    let new: Vec<_> = found.difference(&expected()).copied().collect();
    assert!(new.is_empty(), "not in contract/differences.txt:\n{}", new.join("\n"));
    let gone: Vec<_> = expected().difference(&found).copied().collect();
    assert!(gone.is_empty(), "no longer true, in contract/differences.txt:\n{}", gone.join("\n"));
}

#[test]
fn the_facts_are_about_operations_that_the_contract_lists() {
    assert_eq!(upstream()["operations"].as_object().unwrap().len(), 102);
}

struct Comparison<'a> {
    name: &'a str,
    found: &'a mut BTreeSet<String>,
}

/// What a field may hold.
type Kinds = BTreeSet<&'static str>;

impl Comparison<'_> {
    fn note(&mut self, place: &str, what: &str) {
        self.found.insert(format!("{place} {what}"));
    }

    fn operation(&mut self, theirs: &'static Value, ours: &'static Value) {
        self.query(theirs, ours);
        if let Some(body) = theirs.get("body") {
            let place = format!("{} body", self.name);
            let schema = &ours["requestBody"]["content"]["application/json"]["schema"];
            if schema.is_null() {
                self.note(&place, "is ignored");
            } else {
                self.body(&place, shape(body), schema);
            }
        }
        let status = theirs["status"].as_u64().unwrap_or(200).to_string();
        let content = &ours["responses"][&status]["content"];
        let place = format!("{} answer", self.name);
        if theirs["answer"] == "text" {
            if content.get("text/plain").is_none() {
                self.note(&place, "is no text");
            }
        } else {
            self.answer(&place, &theirs["answer"], &content["application/json"]["schema"]);
        }
    }

    fn query(&mut self, theirs: &'static Value, ours: &'static Value) {
        let parameters = || {
            let all = ours["parameters"].as_array().into_iter().flatten();
            all.filter(|parameter| parameter["in"] == "query")
        };
        let asked = theirs["query"].as_object();
        let named = |key: &'static String| key.trim_end_matches('!');
        for (key, kind) in asked.into_iter().flatten() {
            let place = format!("{} query {}", self.name, named(key));
            let Some(ours) = parameters().find(|ours| ours["name"] == named(key)) else {
                self.note(&place, "is ignored");
                continue;
            };
            if ours["required"] == true && !key.ends_with('!') {
                self.note(&place, "must be sent");
            }
            // In a query null is the same as absent.
            let mut kinds = kinds_of_fact(kind.as_str().unwrap());
            kinds.remove("null");
            self.accepts(&place, &kinds, &ours["schema"]);
        }
        for ours in parameters() {
            let name = ours["name"].as_str().unwrap();
            if !asked.into_iter().flatten().any(|(key, _)| named(key) == name) {
                self.note(&format!("{} query {name}", self.name), "is ours");
                if ours["required"] == true {
                    self.note(&format!("{} query {name}", self.name), "must be sent");
                }
            }
        }
    }

    fn accepts(&mut self, place: &str, theirs: &Kinds, ours: &'static Value) {
        let ours = kinds_of_schema(ours);
        for kind in theirs.difference(&ours) {
            self.note(place, &format!("may not be {kind}"));
        }
    }

    /// Every body that is right for the contract is right for us.
    fn body(&mut self, place: &str, theirs: &'static Map<String, Value>, ours: &'static Value) {
        let place = component(ours).unwrap_or_else(|| place.to_owned());
        let ours = resolve(ours);
        if ours["additionalProperties"] == false {
            self.note(&place, "refuses unknown fields");
        }
        let properties = ours["properties"].as_object().unwrap();
        let required = required(ours);
        for (key, kind) in theirs {
            let name = key.trim_end_matches('!');
            let place = format!("{place}.{name}");
            let Some(ours) = properties.get(name) else {
                self.note(&place, "is ignored");
                continue;
            };
            if required.contains(name) && !key.ends_with('!') {
                self.note(&place, "must be sent");
            }
            self.accepts(&place, &kinds_of_fact(kind.as_str().unwrap()), ours);
        }
        for name in properties.keys().filter(|name| !is_in(theirs, name)) {
            self.note(&format!("{place}.{name}"), "is ours");
            if required.contains(name.as_str()) {
                self.note(&format!("{place}.{name}"), "must be sent");
            }
        }
    }

    /// Every answer of ours is one that the contract describes, with more in it.
    fn answer(&mut self, place: &str, theirs: &'static Value, ours: &'static Value) {
        if let Some(text) = theirs.as_str()
            && !text.starts_with('#')
            && !text.contains("[]")
        {
            let theirs = kinds_of_fact(text);
            for kind in kinds_of_schema(ours).difference(&theirs) {
                self.note(place, &format!("may be {kind}"));
            }
            return;
        }
        if let Some(item) = theirs.as_str().and_then(|text| text.strip_suffix("[]")) {
            let items = &resolve(ours)["items"];
            if items.is_null() {
                return self.note(place, "is no list");
            }
            return match item.strip_prefix('#') {
                Some(name) => self.object(place, shape_named(name), items),
                None => {
                    for kind in kinds_of_schema(items).difference(&kinds_of_fact(item)) {
                        self.note(&format!("{place}[]"), &format!("may hold {kind}"));
                    }
                }
            };
        }
        let optional = theirs.as_str().and_then(|text| text.strip_suffix("|null"));
        if let Some(name) = optional.and_then(|text| text.strip_prefix('#')) {
            let options = ours["oneOf"].as_array().into_iter().flatten();
            let object = options.into_iter().find(|one| one["$ref"].is_string()).unwrap_or(ours);
            return self.object(place, shape_named(name), object);
        }
        self.object(place, shape(theirs), ours);
    }

    fn object(&mut self, place: &str, theirs: &'static Map<String, Value>, ours: &'static Value) {
        let place = component(ours).unwrap_or_else(|| place.to_owned());
        let ours = resolve(ours);
        let Some(properties) = ours["properties"].as_object() else {
            return self.note(&place, "is no object");
        };
        let required = required(ours);
        for (name, kind) in theirs {
            let place = format!("{place}.{name}");
            match properties.get(name) {
                None => self.note(&place, "is missing"),
                Some(_) if !required.contains(name.as_str()) => {
                    self.note(&place, "may be missing");
                }
                Some(ours) => self.answer(&place, kind, ours),
            }
        }
        for name in properties.keys().filter(|name| !theirs.contains_key(*name)) {
            self.note(&format!("{place}.{name}"), "is ours");
        }
    }
}

fn is_in(theirs: &Map<String, Value>, name: &str) -> bool {
    theirs.keys().any(|key| key.trim_end_matches('!') == name)
}

fn required(schema: &'static Value) -> BTreeSet<&'static str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The fields of a shape, whether it stands there or is named.
fn shape(fact: &'static Value) -> &'static Map<String, Value> {
    match fact.as_str() {
        Some(name) => shape_named(name.trim_start_matches('#')),
        None => fact.as_object().unwrap(),
    }
}

fn shape_named(name: &str) -> &'static Map<String, Value> {
    upstream()["shapes"][name].as_object().unwrap_or_else(|| panic!("no shape {name}"))
}

/// The name of our schema, by which a difference that comes again and again is told once.
fn component(schema: &Value) -> Option<String> {
    let options = schema["oneOf"].as_array().into_iter().flatten();
    let mut all = std::iter::once(schema).chain(options);
    let name = all.find_map(|schema| schema["$ref"].as_str())?;
    name.rsplit('/').next().map(str::to_owned)
}

fn kinds_of_fact(text: &'static str) -> Kinds {
    let kind = |part: &'static str| if part.ends_with("[]") { "list" } else { part };
    text.split('|').map(kind).collect()
}

fn kinds_of_schema(schema: &'static Value) -> Kinds {
    let schema = resolve(schema);
    if let Some(options) = schema["oneOf"].as_array() {
        return options.iter().flat_map(kinds_of_schema).collect();
    }
    let name = |kind: &'static Value| match kind.as_str().unwrap() {
        "string" if schema["format"] == "date-time" => "time",
        "array" => "list",
        other => other,
    };
    match schema["type"].as_array() {
        Some(kinds) => kinds.iter().map(name).collect(),
        None => std::iter::once(name(&schema["type"])).collect(),
    }
}
