//! How an agent of the demo talks to the server: HTTP with its API key, and nothing else.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use ureq::http::{Method, Request, Response, StatusCode};
use ureq::{Agent, Body};

/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How often a request is sent when the server is busy or the answer is lost.
const TRIES: u32 = 5;
/// How long to wait before the next try, at least and at most.
const WAIT_MIN: Duration = Duration::from_millis(100);
const WAIT_MAX: Duration = Duration::from_secs(2);
/// How long the server holds the question for work when there is none. So long does the end take, too.
const WORK_WAIT_SECONDS: u64 = 1;
/// The largest page of a list, and the longest answer.
const PAGE_SIZE: usize = 100;
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A failed request.
#[derive(Debug, thiserror::Error)]
#[error("{method} {path} {cause}")]
pub(super) struct ClientError {
    method: Method,
    path: String,
    cause: Cause,
}

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error("was answered {status}: {detail}")]
    Refused { status: StatusCode, detail: String },
    #[error("got no answer: {0}")]
    NoAnswer(String),
    #[error("got an answer that cannot be read: {0}")]
    Unreadable(String),
}

/// As whom a client speaks.
#[derive(Clone)]
pub(super) enum Credential {
    /// As nobody.
    None,
    /// With the token for self-registration.
    Registration(String),
    /// As the admin.
    Admin(String),
    /// As an agent.
    Agent(String),
}

impl ClientError {
    /// Whether somebody else was quicker, or has the work by now.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self.cause, Cause::Refused { status: StatusCode::CONFLICT, .. })
    }
}

impl Credential {
    fn header(&self) -> Option<(&'static str, String)> {
        match self {
            Self::None => None,
            Self::Registration(token) => Some(("X-Registration-Token", token.clone())),
            Self::Admin(token) => Some(("X-Admin-Token", token.clone())),
            Self::Agent(key) => Some(("Authorization", format!("Bearer {key}"))),
        }
    }
}

/// A client of the server.
pub(super) struct Client {
    agent: Agent,
    url: String,
    credential: Credential,
    requests: AtomicU64,
}

/// A page of a list.
#[derive(Deserialize)]
struct Page<T> {
    items: Vec<T>,
    has_more: bool,
}

/// A refusal, as problem details.
#[derive(Deserialize)]
struct Problem {
    detail: String,
}

impl Client {
    /// A client of the server at `url`.
    pub(super) fn new(url: &str, credential: Credential) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(REQUEST_TIMEOUT))
            .http_status_as_error(false)
            // The server is this very process; no proxy leads there.
            .proxy(None)
            .build();
        Self {
            agent: config.new_agent(),
            url: url.to_owned(),
            credential,
            requests: AtomicU64::new(0),
        }
    }

    /// Where the server is.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The agent's key; empty for whoever is none.
    pub(super) fn key(&self) -> &str {
        if let Credential::Agent(key) = &self.credential { key } else { "" }
    }

    /// How many requests were sent.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Asks.
    pub(super) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.send(&Method::GET, path, None)
    }

    /// Asks for every page of a list.
    pub(super) fn get_all<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, ClientError> {
        let mut all = Vec::new();
        for number in 1.. {
            let asked = format!("page={number}&page_size={PAGE_SIZE}");
            let page: Page<T> = self.get(&with_query(path, &asked))?;
            all.extend(page.items);
            if !page.has_more {
                break;
            }
        }
        Ok(all)
    }

    /// Asks for the newest entries of a list, at most `count`.
    pub(super) fn get_newest<T: DeserializeOwned>(
        &self,
        path: &str,
        count: usize,
    ) -> Result<Vec<T>, ClientError> {
        let page: Page<T> = self.get(&with_query(path, &format!("page_size={count}")))?;
        Ok(page.items)
    }

    /// Does something.
    pub(super) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<T, ClientError> {
        self.send(&Method::POST, path, Some(body))
    }

    /// Sets something.
    pub(super) fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<T, ClientError> {
        self.send(&Method::PUT, path, Some(body))
    }

    fn send<T: DeserializeOwned>(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, ClientError> {
        let failed = |cause| ClientError { method: method.clone(), path: path.to_owned(), cause };
        let body = body.map(Value::to_string);
        // A repeat of the same request must not act twice.
        let key = format!("{:032x}", rand::random::<u128>());
        let mut tries = 0;
        loop {
            tries += 1;
            let result = self.send_once(method, path, body.as_deref(), &key);
            let is_last = tries == TRIES;
            let wait = match result {
                Ok(answer) if is_busy(answer.status()) && !is_last => told_wait(&answer),
                Ok(answer) => return read(answer).map_err(failed),
                Err(error) if is_last || !is_worth_a_repeat(&error) => {
                    return Err(failed(Cause::NoAnswer(error.to_string())));
                }
                Err(_) => WAIT_MIN,
            };
            std::thread::sleep(wait);
        }
    }

    fn send_once(
        &self,
        method: &Method,
        path: &str,
        body: Option<&str>,
        key: &str,
    ) -> Result<Response<Body>, ureq::Error> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("Content-Type", "application/json");
        if let Some((name, value)) = self.credential.header() {
            request = request.header(name, value);
        }
        if method == Method::POST {
            request = request.header("Idempotency-Key", key);
        }
        match body {
            Some(body) => self.agent.run(request.body(body)?),
            None => self.agent.run(request.body(())?),
        }
    }
}

fn with_query(path: &str, query: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}{query}")
}

fn is_busy(status: StatusCode) -> bool {
    matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS)
}

fn told_wait(answer: &Response<Body>) -> Duration {
    let header = answer.headers().get("Retry-After").and_then(|value| value.to_str().ok());
    let seconds = header.and_then(|text| text.parse().ok()).map(Duration::from_secs);
    seconds.unwrap_or(WAIT_MIN).clamp(WAIT_MIN, WAIT_MAX)
}

/// Whether the same may go better in a moment. Most other errors mean that the server is gone.
fn is_worth_a_repeat(error: &ureq::Error) -> bool {
    matches!(error, ureq::Error::Io(error) if error.kind() != std::io::ErrorKind::ConnectionRefused)
}

fn read<T: DeserializeOwned>(mut answer: Response<Body>) -> Result<T, Cause> {
    let status = answer.status();
    let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
    let body = body.map_err(|error| Cause::NoAnswer(error.to_string()))?;
    if !status.is_success() {
        let problem = serde_json::from_str::<Problem>(&body);
        let detail = problem.map_or_else(|_| "no detail".to_owned(), |problem| problem.detail);
        return Err(Cause::Refused { status, detail });
    }
    serde_json::from_str(&body).map_err(|error| Cause::Unreadable(error.to_string()))
}

/// A client for one agent, with the calls that agents of several roles make.
impl Client {
    /// What to do now; waits for it a moment at the server.
    pub(super) fn next(&self) -> Result<Next, ClientError> {
        self.post("/api/agents/me/next", &json!({"wait_seconds": WORK_WAIT_SECONDS}))
    }

    /// Writes an entry of the activity log.
    pub(super) fn log(
        &self,
        action: &str,
        sub_task_id: Option<&str>,
        summary: &str,
    ) -> Result<(), ClientError> {
        let body = json!({"action": action, "sub_task_id": sub_task_id, "summary": summary});
        self.post::<Value>("/api/logs", &body).map(drop)
    }

    /// What was handed in last, by whoever owned the sub-task then.
    pub(super) fn find_last_submission(
        &self,
        sub_task_id: &str,
    ) -> Result<Option<Submission>, ClientError> {
        // Late ones of former owners come after it, but hardly this many.
        let path = format!("/api/sub-tasks/{sub_task_id}/submissions");
        let newest: Vec<Submission> = self.get_newest(&path, PAGE_SIZE)?;
        Ok(newest.into_iter().find(|submission| !submission.late))
    }
}

/// A sub-task, as far as the demo's agents look at it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct SubTask {
    pub(super) id: String,
    pub(super) description: String,
    pub(super) status: String,
    pub(super) attempt: u32,
    pub(super) rework_count: u32,
    pub(super) assigned_agent: Option<String>,
    pub(super) depends_on: Vec<String>,
}

/// What an agent is told to do, as far as the demo's agents look at it.
#[derive(Debug, Deserialize)]
pub(super) struct Next {
    pub(super) action: String,
    pub(super) task: Option<Goal>,
    pub(super) sub_task: Option<Work>,
    #[serde(default)]
    pub(super) reviews: Vec<Verdict>,
    /// Newest first.
    #[serde(default)]
    pub(super) submissions: Vec<Submission>,
}

/// The goal that the work belongs to.
#[derive(Debug, Deserialize)]
pub(super) struct Goal {
    pub(super) id: String,
}

/// The sub-task to work on.
#[derive(Debug, Deserialize)]
pub(super) struct Work {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) attempt: u32,
    pub(super) rework_count: u32,
}

/// What the reviewer said.
#[derive(Debug, Deserialize)]
pub(super) struct Verdict {
    #[serde(default)]
    pub(super) issues: String,
}

/// What was handed in. Empty parts may be left out.
#[derive(Debug, Deserialize)]
pub(super) struct Submission {
    #[serde(default)]
    pub(super) late: bool,
    #[serde(default)]
    pub(super) artifacts: Vec<Artifact>,
    /// Whether long texts were shortened.
    #[serde(default)]
    pub(super) cut: bool,
}

/// A part of what was handed in.
#[derive(Debug, Deserialize)]
pub(super) struct Artifact {
    pub(super) value: String,
}

/// A verdict.
#[derive(Debug, Deserialize)]
pub(super) struct Review {
    pub(super) result: String,
    pub(super) score: i64,
    pub(super) sub_task_id: String,
}
