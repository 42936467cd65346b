//! A small HTTP client that remembers who it is.

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;
use ureq::http::{HeaderMap, Request};

use super::form;

/// Whoever calls: a server's address and what this caller sends with each call.
#[derive(Clone)]
pub(crate) struct Client {
    base: String,
    headers: Vec<(&'static str, String)>,
}

/// A call on its way.
pub(crate) struct Call {
    url: String,
    method: String,
    path: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// No connection outlives its call, so that a server stops at once.
fn agent() -> &'static ureq::Agent {
    static AGENT: OnceLock<ureq::Agent> = OnceLock::new();
    AGENT.get_or_init(|| {
        ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            .max_idle_connections(0)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .new_agent()
    })
}

impl Client {
    pub(crate) fn new(base: &str) -> Self {
        Self { base: base.to_owned(), headers: Vec::new() }
    }

    /// The same caller, sending this header too.
    pub(crate) fn with(&self, name: &'static str, value: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.push((name, value.to_owned()));
        Self { base: self.base.clone(), headers }
    }

    pub(crate) fn call(&self, method: &str, path: &str) -> Call {
        let headers = self.headers.iter();
        Call {
            url: format!("{}{path}", self.base),
            method: method.to_owned(),
            path: path.to_owned(),
            headers: headers.map(|(n, v)| ((*n).to_owned(), v.clone().into_bytes())).collect(),
            body: Vec::new(),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.call("GET", path).send()
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        self.call("POST", path).json(body).send()
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Reply {
        self.call("PUT", path).json(body).send()
    }

    pub(crate) fn delete(&self, path: &str) -> Reply {
        self.call("DELETE", path).send()
    }
}

impl Call {
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json").body(body.to_string())
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends; the answer must be well formed and no fault.
    pub(crate) fn send(self) -> Reply {
        let reply = self.exchange();
        form::check(&reply);
        reply
    }

    /// Sends to a server that may be too busy to answer.
    pub(crate) fn send_to_a_busy_server(self) -> Reply {
        let reply = self.exchange();
        form::check_form(&reply);
        reply
    }

    fn exchange(self) -> Reply {
        let mut request = Request::builder().method(self.method.as_str()).uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value.as_slice());
        }
        let response = if self.body.is_empty() {
            agent().run(request.body(()).unwrap())
        } else {
            agent().run(request.body(self.body.as_slice()).unwrap())
        };
        let mut response =
            response.unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.path));
        let body = response.body_mut().with_config().limit(64 << 20).read_to_vec().unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Reply { method: self.method, path: self.path, status, headers, body }
    }
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{self}: {error}: {}", self.text()))
    }

    /// The JSON, or null for a text.
    pub(crate) fn json_or_null(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The JSON of an answer that says yes.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self}: {}", String::from_utf8_lossy(&self.body));
        self.json()
    }

    /// The problem of an answer that says no.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        let body = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{self}: {body}");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{self}: {body}");
        problem
    }

    /// A 422 that names exactly these fields.
    #[track_caller]
    pub(crate) fn wrong_fields(&self, fields: &[&str]) -> Value {
        let problem = self.refused(422, "invalid_fields");
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        let named: Vec<_> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
        assert_eq!(named, fields, "{self}: {problem}");
        problem
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} → {}", self.method, self.path, self.status)
    }
}
