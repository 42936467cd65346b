//! The arguments of a tool: ids that stand in a path over HTTP, and the body.

use std::str::FromStr;

use rmcp::model::JsonObject;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::input;
use crate::problem::Problem;

/// What a model sent to a tool.
pub(super) struct Arguments(pub(super) JsonObject);

impl Arguments {
    /// Takes an id out. A malformed one is an unknown one.
    pub(super) fn id<T: FromStr>(&mut self, kind: &'static str) -> Result<T, Problem> {
        let field = format!("{kind}_id");
        match self.0.remove(&field) {
            Some(Value::String(text)) => input::id(kind, text.trim()),
            Some(Value::Null) | None => Err(Problem::field(field, "is required")),
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Err(Problem::field(field, "must be a string"))
            }
        }
    }

    /// What is left, as the body of the same request over HTTP.
    pub(super) fn body<T: DeserializeOwned>(self) -> Result<T, Problem> {
        input::json(Value::Object(self.0).to_string().as_bytes())
    }
}
