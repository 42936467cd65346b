//! What every answer must look like, whatever it says: JSON below `/api`, refusals as problems
//! whose code is in the table, answers as the OpenAPI document describes them. That the document
//! keeps the contract is for [`crate::contract`] to say.

use std::sync::OnceLock;

use serde_json::Value;

use super::Reply;

/// The OpenAPI document of this very program.
pub(crate) fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::to_value(openmoss_http::document()).unwrap())
}

/// The path of the document that `path` is an instance of, such as `/api/tasks/{task_id}`.
pub(crate) fn template(path: &str, method: &str) -> Option<&'static str> {
    let path = path.split('?').next().unwrap_or_default();
    let fits = |template: &str| {
        let (theirs, ours) = (template.split('/'), path.split('/'));
        theirs.clone().count() == ours.clone().count()
            && theirs.zip(ours).all(|(t, o)| t == o || t.starts_with('{') && !o.is_empty())
    };
    let method = method.to_ascii_lowercase();
    let paths = document()["paths"].as_object().unwrap().iter();
    let fitting = paths.filter(|(path, item)| fits(path) && item.get(&method).is_some());
    // A fixed name wins over a parameter.
    fitting.map(|(path, _)| path.as_str()).min_by_key(|path| path.matches('{').count())
}

/// The server has no fault, and the answer is well formed.
#[track_caller]
pub(super) fn check(reply: &Reply) {
    assert!(reply.status < 500, "{reply}: {}", String::from_utf8_lossy(&reply.body));
    check_form(reply);
}

#[track_caller]
pub(super) fn check_form(reply: &Reply) {
    let is_api = reply.path.starts_with("/api/") || reply.path == "/api";
    assert_eq!(reply.header("x-content-type-options"), "nosniff", "{reply}");
    assert!(!reply.header("content-security-policy").is_empty(), "{reply}");
    if !is_api || reply.method == "HEAD" {
        return;
    }
    assert_eq!(reply.header("cache-control"), "no-store", "{reply}");
    if reply.status >= 400 {
        return check_problem(reply);
    }
    if reply.status == 304 {
        assert!(reply.body.is_empty() && !reply.header("etag").is_empty(), "{reply}");
        return;
    }
    assert!(matches!(reply.status, 200 | 201), "{reply}");
    let kind = reply.header("content-type");
    if matches!(
        kind,
        "text/plain; charset=utf-8" | "text/markdown; charset=utf-8" | "application/zip"
    ) {
        return;
    }
    assert_eq!(kind, "application/json", "{reply}");
    check_answer(reply);
}

fn check_problem(reply: &Reply) {
    assert_eq!(reply.header("content-type"), "application/problem+json", "{reply}");
    let problem = reply.json();
    let mut wrong = Vec::new();
    let schema = &document()["components"]["schemas"]["Problem"];
    mismatches(schema, &problem, "", &mut wrong);
    assert!(wrong.is_empty(), "{reply}: {wrong:?}: {problem}");
    let code = problem["code"].as_str().unwrap();
    let entry = openmoss_http::CODES.iter().find(|entry| entry.0 == code);
    let (_, status, _) = entry.unwrap_or_else(|| panic!("{reply}: {code} is not in the table"));
    assert_eq!((reply.status, &problem["status"]), (*status, &Value::from(*status)), "{reply}");
    assert_eq!(problem["type"], format!("/problems/{code}"), "{reply}");
    let detail = problem["detail"].as_str().unwrap();
    let is_sentence = detail.starts_with(|first: char| !first.is_lowercase())
        && detail.ends_with(['.', '!', '?'])
        && detail.len() < 20_000;
    assert!(is_sentence, "{reply}: {detail}");
    assert_eq!(*status == 401, !reply.header("www-authenticate").is_empty(), "{reply}");
    assert_eq!(matches!(*status, 429 | 503), !reply.header("retry-after").is_empty(), "{reply}");
}

fn check_answer(reply: &Reply) {
    let method = reply.method.to_ascii_lowercase();
    let path = template(&reply.path, &method)
        .unwrap_or_else(|| panic!("{reply}: the OpenAPI document does not have it"));
    let operation = &document()["paths"][path][method];
    let response = &operation["responses"][reply.status.to_string()];
    let schema = &response["content"]["application/json"]["schema"];
    assert!(schema.is_object(), "{reply}: no schema");
    let (answer, mut wrong) = (reply.json(), Vec::new());
    mismatches(schema, &answer, "", &mut wrong);
    assert!(wrong.is_empty(), "{reply}: {wrong:#?}: {answer}");
}

/// Everything by which `value` differs from `schema`. Knows only what our document uses, and takes
/// an object's list of properties as complete.
pub(crate) fn mismatches(schema: &Value, value: &Value, place: &str, wrong: &mut Vec<String>) {
    let schema = resolve(schema);
    for key in ["oneOf", "anyOf"] {
        if let Some(options) = schema.get(key).and_then(Value::as_array) {
            let mut tries = options.iter().map(|option| {
                let mut wrong = Vec::new();
                mismatches(option, value, place, &mut wrong);
                wrong
            });
            if !tries.any(|wrong| wrong.is_empty()) {
                wrong.push(format!("{place}: {value} is nothing of {key}"));
            }
            return;
        }
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|kind| is(kind, value)) {
        return wrong.push(format!("{place}: {value} is not {types:?}"));
    }
    if let Some(tokens) = schema["enum"].as_array()
        && !tokens.contains(value)
    {
        wrong.push(format!("{place}: {value} is not one of {tokens:?}"));
    }
    match value {
        Value::Object(fields) => object(schema, fields, place, wrong),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                mismatches(&schema["items"], item, &format!("{place}[{index}]"), wrong);
            }
        }
        Value::String(text) => string(schema, text, place, wrong),
        Value::Number(number) => {
            let number = number.as_f64().unwrap();
            let below = schema["minimum"].as_f64().is_some_and(|minimum| number < minimum);
            let above = schema["maximum"].as_f64().is_some_and(|maximum| number > maximum);
            if below || above {
                wrong.push(format!("{place}: {number} is out of range"));
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the document has a type {other:?}"),
    }
}

fn object(
    schema: &Value,
    fields: &serde_json::Map<String, Value>,
    place: &str,
    wrong: &mut Vec<String>,
) {
    let Some(properties) = schema["properties"].as_object() else {
        return;
    };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            wrong.push(format!("{place}.{name} is missing"));
        }
    }
    for (name, value) in fields {
        match properties.get(name) {
            Some(schema) => mismatches(schema, value, &format!("{place}.{name}"), wrong),
            None => wrong.push(format!("{place}.{name} is not documented")),
        }
    }
}

fn string(schema: &Value, text: &str, place: &str, wrong: &mut Vec<String>) {
    let is_right = match schema["format"].as_str() {
        Some("uuid") => {
            text.len() == 36
                && text.bytes().all(|b| b == b'-' || b.is_ascii_digit() || b.is_ascii_lowercase())
        }
        // As DESIGN.md has it: RFC 3339, UTC, `Z`.
        Some("date-time") => text.ends_with('Z') && text.get(10..11) == Some("T"),
        Some(_) | None => true,
    };
    if !is_right {
        wrong.push(format!("{place}: {text:?} is not a {}", schema["format"]));
    }
}

pub(crate) fn resolve(schema: &'_ Value) -> &'_ Value {
    match schema["$ref"].as_str() {
        None => schema,
        Some(name) => {
            let name = name.strip_prefix("#/components/schemas/").unwrap();
            let found = &document()["components"]["schemas"][name];
            assert!(found.is_object(), "{name} is not in the document");
            found
        }
    }
}
