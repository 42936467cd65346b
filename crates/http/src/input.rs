//! Reading bodies, queries and ids: every mistake becomes a problem that names its field.

use std::str::FromStr;

use openmoss_service::ServiceError;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::problem::Problem;

/// A JSON body as `T`; an absent or `null` one counts as `{}`.
pub(crate) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let body = body.trim_ascii();
    let body = if body.is_empty() || body == b"null" { b"{}" } else { body };
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let field = error.path().to_string();
        let cause = error.into_inner();
        match cause.classify() {
            serde_json::error::Category::Data => wrong_field(&field, &cause.to_string()),
            serde_json::error::Category::Syntax
            | serde_json::error::Category::Eof
            | serde_json::error::Category::Io => {
                Problem::new("malformed_request", format!("the body is not valid JSON: {cause}"))
            }
        }
    })?;
    reader.end().map_err(|error| {
        Problem::new("malformed_request", format!("the body is not valid JSON: {error}"))
    })?;
    Ok(value)
}

/// A query string as `T`.
pub(crate) fn query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let pairs = serde_urlencoded::Deserializer::new(utf8_parse(query));
    serde_path_to_error::deserialize(pairs)
        .map_err(|error| wrong_field(&error.path().to_string(), &error.inner().to_string()))
}

fn utf8_parse(query: &str) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query.as_bytes())
}

fn wrong_field(path: &str, cause: &str) -> Problem {
    // serde_json adds where in the text; the field says it better.
    let cause = cause.split(" at line ").next().unwrap_or(cause);
    let missing = cause.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
    let unknown = cause.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
    let inside = |name: &str| if path == "." { name.to_owned() } else { format!("{path}.{name}") };
    match (missing, unknown) {
        (Some(name), _) => Problem::field(inside(name), "is required"),
        (None, Some(name)) if path.ends_with(name) => Problem::field(path, "is not a known field"),
        (None, Some(name)) => Problem::field(inside(name), "is not a known field"),
        (None, None) if path == "." => Problem::field("body", cause),
        (None, None) => Problem::field(path, cause),
    }
}

/// An id from a path or body. A malformed one is an unknown one.
pub(crate) fn id<T: FromStr>(kind: &'static str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_: T::Err| ServiceError::NotFound { kind }.into())
}

/// An optional id from a body; blank counts as absent.
pub(crate) fn optional_id<T: FromStr>(
    kind: &'static str,
    text: Option<&str>,
) -> Result<Option<T>, Problem> {
    text.filter(|text| !text.trim().is_empty()).map(|text| id(kind, text)).transpose()
}

/// A filter of the contract's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FilterValue<T> {
    /// No filter.
    Any,
    /// This value.
    Is(T),
    /// A value that does not exist: the list is empty.
    Nothing,
}

impl<T: FromStr> FilterValue<T> {
    pub(crate) fn parse(text: Option<&str>) -> Self {
        match text.filter(|text| !text.is_empty()) {
            None => Self::Any,
            Some(text) => text.parse().map_or(Self::Nothing, Self::Is),
        }
    }

    /// `Err(())` when nothing can match.
    pub(crate) fn optional(self) -> Result<Option<T>, ()> {
        match self {
            Self::Any => Ok(None),
            Self::Is(value) => Ok(Some(value)),
            Self::Nothing => Err(()),
        }
    }
}

/// An integer as existing clients may send it: `5`, `"5"`, `5.0` or `true` (contract, section 3).
pub(crate) fn lenient_integer<'de, D: Deserializer<'de>>(reader: D) -> Result<i64, D::Error> {
    let value = Value::deserialize(reader)?;
    let whole = |number: f64| (number.fract() == 0.0 && number.abs() < 9.0e15).then_some(number);
    let integer = match &value {
        Value::Bool(bit) => Some(i64::from(*bit)),
        Value::String(text) => text.trim().parse().ok(),
        #[expect(clippy::cast_possible_truncation, reason = "whole() lets only exact values pass")]
        Value::Number(number) => {
            number.as_i64().or_else(|| number.as_f64().and_then(whole).map(|n| n as i64))
        }
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    integer.ok_or_else(|| D::Error::custom(format!("must be a whole number, found {value}")))
}

/// A text that may be absent or null.
pub(crate) fn text_or_empty<'de, D: Deserializer<'de>>(reader: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(reader)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Body {
        #[serde(deserialize_with = "lenient_integer")]
        score: i64,
    }

    #[test]
    fn integers_are_read_as_existing_clients_send_them() {
        for text in [r#"{"score":5}"#, r#"{"score":"5"}"#, r#"{"score":5.0}"#] {
            assert_eq!(json::<Body>(text.as_bytes()).unwrap().score, 5, "{text}");
        }
        for text in [r#"{"score":4.5}"#, r#"{"score":"x"}"#, r#"{"score":null}"#, "{}", "[]"] {
            assert_eq!(
                json::<Body>(text.as_bytes()).unwrap_err().to_string(),
                "422 invalid_fields"
            );
        }
    }

    #[test]
    fn what_is_not_json_is_malformed() {
        let deep = "[".repeat(100_000);
        for text in ["{", "x", r#"{"score":1} trailing"#, deep.as_str(), "\u{0}"] {
            let problem = json::<Body>(text.as_bytes()).unwrap_err().to_string();
            assert!(
                problem == "400 malformed_request" || problem == "422 invalid_fields",
                "{problem}"
            );
        }
        assert_eq!(
            json::<Body>(b"{\"score\":\"\xff\"}").unwrap_err().to_string(),
            "400 malformed_request"
        );
    }
}
