//! Reading bodies, queries and ids: every mistake becomes a problem that names its field.

use std::str::FromStr;

use openmoss_domain::{FieldError, Fields, Keyword};
use openmoss_service::ServiceError;
use serde::de::{DeserializeOwned, Error as _, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};
use serde_json::Value;

use crate::problem::Problem;

/// A list goes at most this many days back: a century.
const DAYS_MAX: u32 = 36_500;

/// A JSON body as `T`; an absent one counts as `{}`.
pub(crate) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // The reader looks at the texts that somebody wants, and nobody wants broken ones anywhere.
    let Ok(body) = std::str::from_utf8(body) else {
        return Err(Problem::new("malformed_request", "the body is not valid UTF-8"));
    };
    let body = body.trim_ascii();
    let body = if body.is_empty() { "{}" } else { body };
    let mut reader = serde_json::Deserializer::from_str(body);
    let FromObject(value) = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let field = error.path().to_string();
        let cause = error.into_inner();
        match cause.classify() {
            serde_json::error::Category::Data => {
                Problem::invalid(vec![wrong_field("body", &field, &cause.to_string())])
            }
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
    if !is_utf8(query) {
        return Err(not_utf8());
    }
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(pairs).map_err(|error| {
        let wrong = wrong_field("query", &error.path().to_string(), &error.inner().to_string());
        Problem::invalid(vec![wrong])
    })
}

/// A query string as `T`; notes every field that cannot be read. `T` is there unless one was noted.
pub(crate) fn query_noting<T: DeserializeOwned>(
    query: &str,
    fields: &mut Fields,
) -> Result<Option<T>, Problem> {
    if !is_utf8(query) {
        return Err(not_utf8());
    }
    let mut pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let mut is_right = true;
    // Each round takes the pairs of one wrong field away, so it ends.
    loop {
        let rest = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let reader = serde_urlencoded::Deserializer::new(form_urlencoded::parse(rest.as_bytes()));
        let error = match serde_path_to_error::deserialize(reader) {
            Ok(value) => return Ok(is_right.then_some(value)),
            Err(error) => error,
        };
        is_right = false;
        let wrong = wrong_field("query", &error.path().to_string(), &error.inner().to_string());
        let before = pairs.len();
        pairs.retain(|(name, _)| *name != wrong.field);
        let is_taken_away = pairs.len() < before;
        fields.push(wrong.field, wrong.message);
        if !is_taken_away {
            return Ok(None);
        }
    }
}

fn not_utf8() -> Problem {
    Problem::new("malformed_request", "the query is not valid UTF-8")
}

/// Whether what stands behind the percent signs is text. The parser would put replacement
/// characters where it is not.
fn is_utf8(query: &str) -> bool {
    let mut parts = query.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let code = part.get(..2).and_then(|code| hex::decode(code).ok());
        let literal = if code.is_some() { 2 } else { 0 };
        bytes.extend(code.unwrap_or_default());
        bytes.extend(part.bytes().skip(literal));
    }
    std::str::from_utf8(&bytes).is_ok()
}

/// A field that cannot be read. `whole` names where the fields are, for when none is to blame.
fn wrong_field(whole: &str, path: &str, cause: &str) -> FieldError {
    // serde_json adds where in the text; the field says it better.
    let cause = cause.split(" at line ").next().unwrap_or(cause);
    let named = |prefix: &str| cause.strip_prefix(prefix).and_then(|rest| rest.split('`').next());
    let inside = |name: &str| match path {
        "." => name.to_owned(),
        path if path.ends_with(name) => path.to_owned(),
        path => format!("{path}.{name}"),
    };
    if let Some(name) = named("missing field `") {
        return FieldError::new(inside(name), "is required");
    }
    if let Some(name) = named("unknown field `") {
        return FieldError::new(inside(name), "is not a known field");
    }
    if let Some(name) = named("duplicate field `") {
        return FieldError::new(inside(name), "is given more than once");
    }
    FieldError::new(if path == "." { whole } else { path }, wording(cause))
}

/// What would be right, in our words. What was found is left out: it may be long, or a secret.
fn wording(cause: &str) -> String {
    let Some((_, expected)) = cause.rsplit_once(", expected ") else {
        let is_number = ["invalid digit", "number too", "cannot parse integer"];
        return if is_number.iter().any(|start| cause.starts_with(start)) {
            "must be a whole number of at most 18 digits".to_owned()
        } else {
            cause.to_owned()
        };
    };
    match expected {
        "a sequence" => "must be a list".to_owned(),
        "i64" => "must be a whole number".to_owned(),
        "u32" => format!("must be a whole number from 0 to {}", u32::MAX),
        text if text.starts_with("struct ") => "must be an object".to_owned(),
        text => format!("must be {text}"),
    }
}

/// A `T` from a JSON object alone: what serde derives for a struct would take a list, too.
#[derive(Debug)]
pub(crate) struct FromObject<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for FromObject<T> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        T::deserialize(MapsOnly(reader)).map(Self)
    }
}

struct MapsOnly<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for MapsOnly<D> {
    type Error = D::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// An id from a path or body. A malformed one is an unknown one.
pub(crate) fn id<T: FromStr>(kind: &'static str, text: &str) -> Result<T, Problem> {
    text.parse().ok().ok_or_else(|| ServiceError::NotFound { kind }.into())
}

/// An optional id from a body; blank counts as absent.
pub(crate) fn optional_id<T: FromStr>(
    kind: &'static str,
    text: Option<&str>,
) -> Result<Option<T>, Problem> {
    text.filter(|text| !text.trim().is_empty()).map(|text| id(kind, text)).transpose()
}

/// A filter of the contract's lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum FilterValue<T> {
    /// No filter.
    #[default]
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

/// An id in a query: an empty one is no filter, a malformed one is the id of nothing.
impl<'de, T: FromStr> Deserialize<'de> for FilterValue<T> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        Ok(Self::parse(Option::<String>::deserialize(reader)?.as_deref()))
    }
}

/// A keyword in a query; a blank one is none.
pub(crate) fn keyword<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<Keyword>, D::Error> {
    let text = text_or_empty(reader)?;
    Keyword::checked("keyword", &text).map_err(|error| D::Error::custom(error.message))
}

/// A token in a query; an empty one is none.
pub(crate) fn token_or_empty<'de, D, T>(reader: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: std::fmt::Display>,
{
    let text = text_or_empty(reader)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(D::Error::custom)
}

/// How many days back a list goes, in a query; more than a century is a century.
pub(crate) fn days<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<u32>, D::Error> {
    let Some(text) = Option::<String>::deserialize(reader)? else {
        return Ok(None);
    };
    let days: Option<u64> = text.parse().ok().filter(|days| *days > 0);
    let days = days.ok_or_else(|| D::Error::custom("must be a whole number from 1"))?;
    Ok(Some(u32::try_from(days).map_or(DAYS_MAX, |days| days.min(DAYS_MAX))))
}

/// A number from 1 to `max`; notes the field if it is not.
pub(crate) fn in_range(fields: &mut Fields, field: &str, asked: i64, max: u32) -> u32 {
    let number = u32::try_from(asked).ok().filter(|number| (1..=max).contains(number));
    number.unwrap_or_else(|| {
        fields.push(field, format!("must be a whole number from 1 to {max}"));
        max
    })
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
    integer.ok_or_else(|| D::Error::custom("must be a whole number"))
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
    fn a_mistake_is_told_with_its_field_and_without_what_was_found() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only read")]
        struct Whole {
            #[serde(default)]
            parts: Vec<FromObject<Body>>,
            secret: String,
            count: Option<u32>,
        }
        let says = |body: &str| {
            let problem = json::<Whole>(body.as_bytes()).unwrap_err();
            serde_json::to_value(problem).unwrap()["detail"].as_str().unwrap().to_owned()
        };
        assert_eq!(says("{}"), "Secret is required.");
        assert_eq!(says(r#"{"secret":12345678}"#), "Secret must be a string.");
        assert_eq!(says(r#"{"secret":["a, expected b"]}"#), "Secret must be a string.");
        assert_eq!(says(r#"{"secret":"x","secret":"x"}"#), "Secret is given more than once.");
        assert_eq!(says(r#"{"other":1}"#), "Other is not a known field.");
        assert_eq!(says(r#"{"parts":{}}"#), "Parts must be a list.");
        assert_eq!(says(r#"{"parts":[{"score":1},[1]]}"#), "Parts[1] must be an object.");
        assert_eq!(says(r#"{"parts":[{}]}"#), "Parts[0].score is required.");
        assert_eq!(says("[[],\"x\"]"), "Body must be an object.");
        let range = "Count must be a whole number from 0 to 4294967295.";
        assert_eq!(says(r#"{"secret":"x","count":-1}"#), range);
        assert_eq!(says(r#"{"secret":"x","count":1.5}"#), range);
    }

    #[test]
    fn a_query_must_be_text_and_its_mistakes_are_told() {
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only read")]
        struct Asked {
            page: Option<i64>,
            text: Option<String>,
        }
        let says = |text: &str| match query::<Asked>(text) {
            Ok(_) => "fine".to_owned(),
            Err(problem) => {
                serde_json::to_value(problem).unwrap()["detail"].as_str().unwrap().to_owned()
            }
        };
        for fine in
            ["", "page=1", "text=%E2%82%AC", "text=€", "text=100%", "text=%zz", "text=%EF%BF%BD"]
        {
            assert_eq!(says(fine), "fine", "{fine}");
        }
        for broken in ["text=%ff", "%ff=1", "text=%E2%82", "text=a%C0%80"] {
            assert_eq!(says(broken), "The query is not valid UTF-8.", "{broken}");
        }
        assert_eq!(says("page=1&page=2"), "Page is given more than once.");
        for wrong in ["page=", "page=x", "page=99999999999999999999", "page=1.0"] {
            assert_eq!(says(wrong), "Page must be a whole number of at most 18 digits.", "{wrong}");
        }
    }

    #[test]
    fn every_wrong_field_of_a_query_is_noted() {
        #[derive(Debug, Deserialize)]
        struct Asked {
            page: Option<i64>,
            order: Option<openmoss_domain::SortOrder>,
            #[serde(default, deserialize_with = "days")]
            days: Option<u32>,
        }
        let noted = |text: &str| {
            let mut fields = Fields::default();
            let asked: Option<Asked> = query_noting(text, &mut fields).unwrap();
            asked.ok_or_else(|| fields.finish().unwrap_err().to_string())
        };
        let asked = noted("page=2&order=asc&other=x").unwrap();
        assert_eq!((asked.page, asked.order), (Some(2), Some(openmoss_domain::SortOrder::Asc)));
        assert_eq!(noted("days=7").unwrap().days, Some(7));
        let wrong = noted("page=x&order=up&page=y&days=0").unwrap_err();
        for part in ["page", "asc, desc", "number from 1"] {
            assert!(wrong.contains(part), "{wrong}");
        }
        assert!(query_noting::<Asked>("order=%ff", &mut Fields::default()).is_err());
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
