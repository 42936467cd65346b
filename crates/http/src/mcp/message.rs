//! One JSON-RPC message as it comes in.

use rmcp::model::{ErrorData, RequestId};
use serde_json::Value;

/// What a client sent.
pub(super) enum Message {
    /// Wants an answer.
    Request {
        /// Names the request in its answer.
        id: RequestId,
        /// What to do.
        method: String,
        /// With what.
        params: Option<Value>,
    },
    /// A notification, or an answer to a question that this server never asks.
    Silent,
    /// No message at all.
    Broken(ErrorData),
}

impl Message {
    pub(super) fn parse(body: &[u8]) -> Self {
        match serde_json::from_slice(body) {
            Ok(value) => Self::read(value).unwrap_or_else(Self::Broken),
            Err(error) => {
                let message = format!("the body is not valid JSON: {error}");
                Self::Broken(ErrorData::parse_error(message, None))
            }
        }
    }

    fn read(value: Value) -> Result<Self, ErrorData> {
        let invalid = |message: &'static str| ErrorData::invalid_request(message, None);
        let Value::Object(mut fields) = value else {
            return Err(invalid("send one JSON-RPC message, as an object; there are no batches"));
        };
        if fields.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
            return Err(invalid("jsonrpc must be \"2.0\""));
        }
        let Some(method) = fields.remove("method") else {
            let is_response = fields.contains_key("result") || fields.contains_key("error");
            return if is_response { Ok(Self::Silent) } else { Err(invalid("method is required")) };
        };
        let Value::String(method) = method else {
            return Err(invalid("method must be a string"));
        };
        let params = fields.remove("params");
        let Some(id) = fields.remove("id") else {
            return Ok(Self::Silent);
        };
        let Ok(id) = serde_json::from_value(id) else {
            return Err(invalid("id must be a string or a whole number"));
        };
        Ok(Self::Request { id, method, params })
    }

    /// Whether it is more than a question about the server itself.
    pub(super) fn is_tool_call(&self) -> bool {
        matches!(self, Self::Request { method, .. } if method == "tools/call")
    }
}
