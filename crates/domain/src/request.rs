//! The request log: what is kept of a call that an agent made, and what of it is not.

use std::str::FromStr;

use serde_json::{Map, Value};

use crate::id::{AgentId, RequestId};
use crate::log::LogAction;
use crate::review::ReviewResult;
use crate::task::TaskStatus;
use crate::time::Timestamp;
use crate::token::token_enum;

/// Longest body or query that is kept, in characters (the contract's number).
pub const SENT_CHARS_MAX: usize = 10_000;
/// Longest path that is kept, in characters (the contract's column width).
pub const PATH_CHARS_MAX: usize = 500;
/// Longest method that is kept, in characters (the contract's column width).
const METHOD_CHARS_MAX: usize = 10;
/// Stands where a text was cut.
const CUT: &str = "… (cut)";
/// Stands where a secret was.
const MASK: &str = "***";
/// How an agent's key begins, and how many hex digits at least make it look like one.
const KEY_PREFIX: &str = "ak_";
const KEY_DIGITS_MIN: usize = 16;
/// Shorter ones are too common to be looked for as text.
const SECRET_BYTES_MIN: usize = 6;

token_enum! {
    /// The methods by which the request log can be filtered.
    RequestMethod {
        /// Looks.
        Get = "GET",
        /// Creates or does.
        Post = "POST",
        /// Replaces.
        Put = "PUT",
        /// Changes a part.
        Patch = "PATCH",
        /// Removes.
        Delete = "DELETE",
    }
}

/// One call of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestEntry {
    /// Its id.
    pub id: RequestId,
    /// Who called.
    pub agent_id: AgentId,
    /// The HTTP method.
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// The query as a JSON object, or the body; without secrets.
    pub sent: Option<String>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// How long the answer took, in milliseconds.
    pub duration_ms: u32,
    /// When the answer was ready.
    pub created_at: Timestamp,
}

/// What came with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The pairs of a query; of several with one name the last counts.
    Query(Vec<(String, String)>),
    /// A body as it came.
    Body(Vec<u8>),
}

impl Sent {
    /// How many bytes it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Query(pairs) => pairs.iter().map(|(name, value)| name.len() + value.len()).sum(),
            Self::Body(body) => body.len(),
        }
    }

    /// What is kept of it. `secrets` are texts that must not be, wherever they stand. Of a body
    /// that is not JSON nothing is kept but its length: nobody knows where the secrets are in it.
    #[must_use]
    pub fn kept(&self, secrets: &[&str]) -> Option<String> {
        let value = match self {
            Self::Query(pairs) if pairs.is_empty() => return None,
            Self::Body(body) if body.trim_ascii().is_empty() => return None,
            Self::Query(pairs) => {
                let fields =
                    pairs.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
                Value::Object(fields.collect())
            }
            Self::Body(body) => match serde_json::from_slice(body) {
                Ok(value) => value,
                Err(_) => return Some(format!("(not JSON, {} bytes)", body.len())),
            },
        };
        Some(cut(masked(value, secrets).to_string(), SENT_CHARS_MAX, CUT))
    }
}

/// What is kept of a path.
#[must_use]
pub fn kept_path(path: &str, secrets: &[&str]) -> String {
    let path = masked_text(path, secrets).replace(char::is_control, "");
    cut(path, PATH_CHARS_MAX, "")
}

/// What is kept of a method.
#[must_use]
pub fn kept_method(method: &str) -> String {
    cut(method.to_owned(), METHOD_CHARS_MAX, "")
}

fn cut(mut text: String, chars_max: usize, mark: &str) -> String {
    if let Some((end, _)) = text.char_indices().nth(chars_max) {
        text.truncate(end);
        text.push_str(mark);
    }
    text
}

fn masked(value: Value, secrets: &[&str]) -> Value {
    match value {
        Value::Object(fields) => {
            let field = |(name, value): (String, Value)| {
                let value =
                    if is_secret(&name, &value) { MASK.into() } else { masked(value, secrets) };
                (masked_text(&name, secrets), value)
            };
            Value::Object(fields.into_iter().map(field).collect::<Map<_, _>>())
        }
        Value::Array(items) => items.into_iter().map(|item| masked(item, secrets)).collect(),
        Value::String(text) => masked_text(&text, secrets).into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// Whether a field of this name holds a secret. Numbers of tokens are none: a model counts them.
fn is_secret(name: &str, value: &Value) -> bool {
    const ALWAYS: &[&str] = &[
        "password",
        "passwd",
        "passphrase",
        "secret",
        "apikey",
        "accesskey",
        "privatekey",
        "authorization",
        "credential",
        "cookie",
    ];
    const ENDS: &[&str] = &["token", "tokens", "_key", "_keys", "-key", "-keys"];
    if matches!(value, Value::Null | Value::Bool(_)) {
        return false;
    }
    let lower = name.to_lowercase();
    let plain: String = lower.chars().filter(|c| c.is_alphanumeric()).collect();
    if ALWAYS.iter().any(|word| plain.contains(word)) {
        return true;
    }
    let is_named = matches!(lower.as_str(), "key" | "keys")
        || name.ends_with("Key")
        || ENDS.iter().any(|end| lower.ends_with(end));
    is_named && !value.is_number()
}

/// A text without these secrets and without whatever looks like an agent's key.
fn masked_text(text: &str, secrets: &[&str]) -> String {
    let known = secrets.iter().filter(|secret| secret.len() >= SECRET_BYTES_MIN);
    let text = known.fold(text.to_owned(), |text, secret| text.replace(secret, MASK));
    let mut parts = text.split(KEY_PREFIX);
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        masked.push_str(KEY_PREFIX);
        let digits = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        if digits >= KEY_DIGITS_MIN {
            masked.push_str(MASK);
            masked.push_str(part.get(digits..).unwrap_or_default());
        } else {
            masked.push_str(part);
        }
    }
    masked
}

impl RequestEntry {
    /// Whether a deliverable was handed in by it.
    #[must_use]
    pub fn is_submission(&self) -> bool {
        self.is_done() && (self.path.ends_with("/submit") || self.path == "/mcp#submit_work")
    }

    /// Whether a review was recorded by it.
    #[must_use]
    pub fn is_review(&self) -> bool {
        self.is_done()
            && (self.path.ends_with("/review-records") || self.path == "/mcp#review_work")
    }

    /// What strangers may see of what came with it: fields that hold one of our own words or a
    /// number between known ends, and nothing that an agent wrote.
    #[must_use]
    pub fn public_sent(&self) -> Option<String> {
        type IsPublic = fn(&Value) -> bool;
        let result: IsPublic = |value| is_token::<ReviewResult>(value);
        let score: IsPublic = |value| value.as_u64().is_some_and(|score| (1..=5).contains(&score));
        let fields: &[(&str, IsPublic)] = match (self.method.as_str(), self.path.as_str()) {
            ("POST", "/api/review-records" | "/mcp#review_work") => {
                &[("result", result), ("score", score)]
            }
            ("POST", "/api/logs") => &[("action", |value| is_token::<LogAction>(value))],
            ("PUT", path) if path.starts_with("/api/tasks/") && path.ends_with("/status") => {
                &[("status", |value| is_token::<TaskStatus>(value))]
            }
            _ => return None,
        };
        let sent: Value = serde_json::from_str(self.sent.as_deref()?).ok()?;
        let shown = fields.iter().filter_map(|(name, is_public)| {
            let value = sent.get(name).filter(|value| is_public(value))?;
            Some(((*name).to_owned(), value.clone()))
        });
        let shown: Map<String, Value> = shown.collect();
        (!shown.is_empty()).then(|| Value::Object(shown).to_string())
    }

    fn is_done(&self) -> bool {
        self.method == RequestMethod::Post.as_str() && (200..300).contains(&self.status)
    }
}

fn is_token<T: FromStr>(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.parse::<T>().is_ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept(body: &Value) -> Value {
        let body = Sent::Body(body.to_string().into_bytes());
        serde_json::from_str(&body.kept(&["the registration token"]).unwrap()).unwrap()
    }

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let sent = json!({
            "name": "Ann", "password": "a", "old_password": 123, "apiKey": "b", "api_key": "c",
            "X-Admin-Token": "d", "token": "e", "key": "f", "keys": ["g"], "client_secret": {"h": 1},
            "deep": [{"admin": {"Password": "i"}}], "note": "use ak_0123456789abcdef0123456789abcdef now",
            "text": "it is the registration token", "ak_0123456789abcdef": 1,
        });
        assert_eq!(
            kept(&sent),
            json!({
                "name": "Ann", "password": "***", "old_password": "***", "apiKey": "***",
                "api_key": "***", "X-Admin-Token": "***", "token": "***", "key": "***",
                "keys": "***", "client_secret": "***", "deep": [{"admin": {"Password": "***"}}],
                "note": "use ak_*** now", "text": "it is ***", "ak_***": 1,
            })
        );
        let path = "/api/agents/ak_0123456789abcdef0123456789abcdef/x\u{7f}";
        assert_eq!(kept_path(path, &[]), "/api/agents/ak_***/x");
    }

    #[test]
    fn what_is_no_secret_is_kept() {
        let sent = json!({
            "tokens": 1200, "input_tokens": 3, "monkey": "x", "session_id": "s", "has_password": true,
            "password": null, "score": 5, "text": "ak_ and ak_12", "tokenizer": "bpe",
        });
        assert_eq!(kept(&sent), sent);
    }

    #[test]
    fn a_query_is_kept_as_an_object_and_nothing_as_nothing() {
        let pairs = [("status", "open"), ("page", "1"), ("page", "2"), ("api_key", "x")];
        let query = Sent::Query(pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec());
        let kept = query.kept(&[]).unwrap();
        assert_eq!(kept, r#"{"api_key":"***","page":"2","status":"open"}"#);
        assert_eq!(Sent::Query(Vec::new()).kept(&[]), None);
        assert_eq!(Sent::Body(b" \n".to_vec()).kept(&[]), None);
    }

    #[test]
    fn of_what_is_not_json_only_the_length_is_kept() {
        for body in [&br#"{"password":"hunter2""#[..], b"\xff\xfe", b"{} trailing"] {
            let kept = Sent::Body(body.to_vec()).kept(&[]).unwrap();
            assert_eq!(kept, format!("(not JSON, {} bytes)", body.len()));
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let body = Sent::Body(json!({"text": "é".repeat(20_000)}).to_string().into_bytes());
        let kept = body.kept(&[]).unwrap();
        assert_eq!(kept.chars().count(), SENT_CHARS_MAX + CUT.chars().count());
        assert!(kept.ends_with("éé… (cut)"));
        let whole = Sent::Body(json!("é".repeat(SENT_CHARS_MAX - 2)).to_string().into_bytes());
        assert!(!whole.kept(&[]).unwrap().ends_with(CUT));
        assert_eq!(kept_path(&"é".repeat(600), &[]).chars().count(), PATH_CHARS_MAX);
        assert_eq!(kept_method("PROPPATCHES"), "PROPPATCHE");
    }

    #[test]
    fn a_secret_behind_the_cut_does_not_show_its_beginning() {
        let filler = "x".repeat(SENT_CHARS_MAX - 20);
        let text = format!("{filler} ak_0123456789abcdef0123456789abcdef");
        let kept = Sent::Body(json!(text).to_string().into_bytes()).kept(&[]).unwrap();
        assert!(!kept.contains("0123"), "masked first, then cut");
    }

    #[test]
    fn strangers_see_words_of_ours_and_nothing_else() {
        let entry = |method: &str, path: &str, sent: Value| RequestEntry {
            id: RequestId::from_uuid(uuid::Uuid::nil()),
            agent_id: AgentId::from_uuid(uuid::Uuid::nil()),
            method: method.to_owned(),
            path: path.to_owned(),
            sent: Some(sent.to_string()),
            status: 200,
            duration_ms: 1,
            created_at: Timestamp::from_micros(0),
        };
        let review = json!({"result": "approved", "score": 4, "comment": "x", "issues": "y"});
        let shown = |method, path, sent: &Value| entry(method, path, sent.clone()).public_sent();
        let seen = shown("POST", "/api/review-records", &review);
        assert_eq!(seen.as_deref(), Some(r#"{"result":"approved","score":4}"#));
        let odd = json!({"result": "my password", "score": 123_456});
        assert_eq!(shown("POST", "/api/review-records", &odd), None);
        assert_eq!(shown("GET", "/api/review-records", &review), None);
        assert_eq!(shown("POST", "/api/sub-tasks", &json!({"status": "active"})), None);
        let log = json!({"action": "plan", "summary": "x"});
        assert_eq!(shown("POST", "/api/logs", &log).as_deref(), Some(r#"{"action":"plan"}"#));
        let status = json!({"status": "active"});
        let seen = shown("PUT", "/api/tasks/1/status", &status);
        assert_eq!(seen.as_deref(), Some(r#"{"status":"active"}"#));
        let cut = RequestEntry {
            sent: Some("{\"result\": … (cut)".to_owned()),
            ..entry("POST", "/api/review-records", json!(1))
        };
        assert_eq!(cut.public_sent(), None);
    }
}
