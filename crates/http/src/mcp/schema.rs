//! JSON schemas of arguments, from the descriptions that the OpenAPI document is made of.
//!
//! What is said there by reference is said here in place, and that a field may be null is left
//! out: a model sends what it has, and pays for reading how else it could have been said.

use std::collections::BTreeMap;

use rmcp::model::JsonObject;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// How deep a schema may be, so that one that refers to itself ends; ours are ten deep.
const DEPTH_MAX: usize = 32;

const SCHEMAS: &str = "#/components/schemas/";

type Named = BTreeMap<String, Value>;

/// The schema of a body.
pub(super) fn of<T: ToSchema>() -> JsonObject {
    let mut schemas = Vec::new();
    T::schemas(&mut schemas);
    let named = schemas.into_iter().map(|(name, schema)| (name, json!(schema))).collect();
    let mut schema = match simplified(json!(T::schema()), &named, DEPTH_MAX) {
        Value::Object(schema) => schema,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    };
    // The tool's own description says what the arguments are for.
    schema.remove("description");
    schema.insert("type".to_owned(), json!("object"));
    schema.entry("properties").or_insert_with(|| json!({}));
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema
}

/// The schema of a body, and an id that stands in the path over HTTP.
pub(super) fn with_id<T: ToSchema>(field: &str, description: &str) -> JsonObject {
    let mut schema = of::<T>();
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        let id = json!({"type": "string", "format": "uuid", "description": description});
        properties.insert(field.to_owned(), id);
    }
    let required = schema.entry("required").or_insert_with(|| json!([]));
    if let Some(required) = required.as_array_mut() {
        required.insert(0, json!(field));
    }
    schema
}

/// An id and nothing else.
pub(super) fn id_alone(field: &str, description: &str) -> JsonObject {
    #[derive(ToSchema)]
    struct Nothing {}

    with_id::<Nothing>(field, description)
}

fn simplified(schema: Value, named: &Named, depth: usize) -> Value {
    let Value::Object(mut fields) = schema else {
        return schema;
    };
    if depth == 0 {
        return Value::Object(fields);
    }
    let deeper = |schema| simplified(schema, named, depth - 1);
    if let Some(target) = referred(&mut fields, named) {
        return deeper(Value::Object(over(target, fields)));
    }
    if let Some(only) = only_option(&mut fields) {
        return deeper(Value::Object(over(only, fields)));
    }
    let each = |(name, value): (String, Value)| {
        let value = match (name.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                properties.into_iter().map(|(name, one)| (name, deeper(one))).collect()
            }
            ("items", items) => deeper(items),
            ("type", Value::Array(types)) => without_null(types),
            ("description", Value::String(text)) => text.replace('\n', " ").into(),
            (_, value) => value,
        };
        (name, value)
    };
    fields.into_iter().map(each).collect()
}

/// The schema that is referred to.
fn referred(fields: &mut Map<String, Value>, named: &Named) -> Option<Map<String, Value>> {
    let reference = fields.remove("$ref")?;
    let name = reference.as_str()?.strip_prefix(SCHEMAS)?;
    named.get(name)?.as_object().cloned()
}

/// The one option beside null.
fn only_option(fields: &mut Map<String, Value>) -> Option<Map<String, Value>> {
    let options = fields.remove("oneOf")?;
    let is_null = |option: &Value| option.get("type").and_then(Value::as_str) == Some("null");
    options.as_array()?.iter().find(|option| !is_null(option))?.as_object().cloned()
}

/// `below`, with what `above` says more exactly.
fn over(mut below: Map<String, Value>, above: Map<String, Value>) -> Map<String, Value> {
    below.extend(above);
    below
}

fn without_null(types: Vec<Value>) -> Value {
    let mut left: Vec<_> = types.into_iter().filter(|one| one != "null").collect();
    if left.len() == 1 { left.pop().unwrap_or_default() } else { left.into() }
}
