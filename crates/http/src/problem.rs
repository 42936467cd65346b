//! What a refusal looks like: RFC 9457 problem details, from one match over every failure.

use std::borrow::Cow;
use std::fmt::Write as _;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use openmoss_domain::usage::BudgetScope;
use openmoss_domain::{DomainError, FieldError};
use openmoss_service::{ServiceError, StorageError};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::vocabulary;

/// Every code that a problem can have, with its status and what it means. Clients switch on them.
pub const CODES: &[(&str, u16, &str)] = &[
    ("malformed_request", 400, "The body is not JSON, or a parameter cannot be read."),
    ("unauthenticated", 401, "The API key is missing or not known."),
    ("forbidden", 403, "Known, and not allowed."),
    ("admin.no_session", 403, "The admin session is missing or over: log in again."),
    ("agent.disabled", 403, "The agent was disabled."),
    ("role_not_allowed", 403, "The caller's role may never do this."),
    ("review.own_work", 403, "A reviewer may not review its own work."),
    ("score.own", 403, "An agent may not change its own score."),
    ("not_found", 404, "There is nothing at this path."),
    ("task.not_found", 404, "No such task."),
    ("module.not_found", 404, "No such module."),
    ("sub_task.not_found", 404, "No such sub-task, or none yet."),
    ("agent.not_found", 404, "No such agent."),
    ("submission.not_found", 404, "No such late submission of this sub-task."),
    ("review.not_found", 404, "No such review."),
    ("rule.not_found", 404, "No such rule."),
    ("patrol_record.not_found", 404, "No such patrol record."),
    ("wake_target.not_found", 404, "The agent is woken nowhere."),
    ("delivery.not_found", 404, "No such notification."),
    ("session.not_found", 404, "No such session, or it is over already."),
    ("recurrence.not_found", 404, "It does not come round again by a schedule."),
    ("prompt.not_found", 404, "No such prompt."),
    ("skill.not_found", 404, "No such skill."),
    ("onboarding.not_found", 404, "No command to connect this agent was made yet."),
    ("method_not_allowed", 405, "The path exists, this method does not."),
    ("already_exists", 409, "The name or the single place is taken."),
    ("concurrent_change", 409, "Somebody else changed the same thing again and again."),
    (
        "sub_task.not_allowed_from",
        409,
        "The status does not allow the action; see allowed_actions.",
    ),
    ("sub_task.not_owner", 409, "Somebody else owns it now, or nobody: stop working on it."),
    ("sub_task.prerequisites_open", 409, "Other sub-tasks must be done first."),
    ("sub_task.prerequisite_cancelled", 409, "It waits for cancelled work; replace depends_on."),
    ("review.approved_already", 409, "The reviewer approved the same deliverable before."),
    (
        "sub_task.capabilities_missing",
        409,
        "It asks for capabilities that the executor does not have; see context.missing.",
    ),
    ("agent.open_work_limit", 409, "The executor has as many open sub-tasks as it may."),
    ("task.held", 409, "The task's status keeps its work back."),
    ("budget.reached", 409, "A budget is used up: no new work is handed out."),
    ("task.not_allowed_from", 409, "The task's status does not allow the action."),
    ("patrol_record.not_allowed_from", 409, "The record's status does not allow the action."),
    ("delivery.already_delivered", 409, "The receiver has it already."),
    ("content.built_in", 409, "The file is part of the program; only a copy can be changed."),
    ("content.unreadable", 409, "The file must be put right first."),
    ("content.not_writable", 409, "The server may not write to content.root."),
    ("body_too_large", 413, "The body is over 1 MiB."),
    ("invalid_fields", 422, "Fields break rules; see errors."),
    ("idempotency_key_reused", 422, "The Idempotency-Key came with another request before."),
    ("too_many_tries", 429, "Wait as long as Retry-After says."),
    ("internal", 500, "A fault of the server; the detail names the log entry."),
    ("unavailable", 503, "Overloaded, or the database is away; try again after Retry-After."),
];

/// Most wrong fields that one answer names.
const ERRORS_MAX: usize = 100;
/// Longest name of a wrong field, and longest text about it: a client chooses what is in them.
const ERROR_CHARS_MAX: usize = 300;

/// A refusal, in a box because every handler's result has room for one.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Problem(Box<ProblemView>);

/// A refusal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "/problems/sub_task.not_owner",
    "title": "Conflict",
    "status": 409,
    "detail": "This sub-task has no owner now (attempt 2); stop working on it.",
    "code": "sub_task.not_owner",
    "context": {"owner": null, "attempt": 2},
}))]
pub(crate) struct ProblemView {
    /// Where the code is explained.
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What to do, as a sentence.
    detail: String,
    /// Stable: switch on this.
    #[schema(value_type = ProblemCode)]
    code: &'static str,
    /// Each wrong field, for 422.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<FieldProblem>)]
    errors: Vec<FieldError>,
    /// More that depends on the code: `owner`, `attempt`, `submission_id`, `status`,
    /// `open_prerequisites`, `missing`, `limit`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = std::collections::HashMap<String, Value>)]
    context: Map<String, Value>,
    /// What the caller can do instead, for a conflict of status.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<vocabulary::SubTaskAction>)]
    allowed_actions: Vec<&'static str>,
    #[serde(skip)]
    retry_after: Option<u64>,
}

/// The codes, in the OpenAPI document.
pub(crate) struct ProblemCode;

impl PartialSchema for ProblemCode {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(code_table()))
            .enum_values(Some(CODES.iter().map(|(code, _, _)| *code)))
            .into()
    }
}

/// The codes as Markdown.
fn code_table() -> String {
    let mut text = String::from("| code | status | meaning |\n|---|---|---|\n");
    for (code, status, meaning) in CODES {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| `{code}` | {status} | {meaning} |");
    }
    text
}

impl ToSchema for ProblemCode {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ProblemCode")
    }
}

/// One wrong field.
#[derive(Serialize, ToSchema)]
pub(crate) struct FieldProblem {
    /// A name, or a path such as `modules[0].sub_tasks[2].name`.
    field: String,
    /// What would be right.
    message: String,
}

impl Problem {
    pub(crate) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        let entry = CODES.iter().find(|entry| entry.0 == code);
        debug_assert!(entry.is_some(), "{code} is not in the table");
        let status = entry.map_or(500, |entry| entry.1);
        let title = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        Self(Box::new(ProblemView {
            kind: format!("/problems/{code}"),
            title: title.unwrap_or("Error"),
            status,
            detail: sentence(detail.into()),
            code,
            errors: Vec::new(),
            context: Map::new(),
            allowed_actions: Vec::new(),
            retry_after: None,
        }))
    }

    /// Wrong fields. A long mistake gets a short answer: a model pays for reading it.
    pub(crate) fn invalid(mut errors: Vec<FieldError>) -> Self {
        let more = errors.len().saturating_sub(ERRORS_MAX);
        errors.truncate(ERRORS_MAX);
        for error in &mut errors {
            shorten(&mut error.field);
            shorten(&mut error.message);
        }
        if more > 0 {
            errors.push(FieldError::new("…", format!("and {more} more errors")));
        }
        let mut problem =
            Self::new("invalid_fields", DomainError::Invalid(errors.clone()).to_string());
        problem.0.errors = errors;
        problem
    }

    /// One wrong field.
    pub(crate) fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError::new(field, message)])
    }

    fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.context.insert(key.to_owned(), value.into());
        self
    }

    /// The same for a model, which reads neither statuses nor fields.
    pub(crate) fn in_words(&self) -> String {
        let ProblemView { detail, code, allowed_actions, .. } = &*self.0;
        let mut text = format!("{detail} ({code})");
        if !allowed_actions.is_empty() {
            let _ = write!(text, " You can: {}.", allowed_actions.join(", "));
        }
        text
    }

    /// A fault: the cause goes to the log under a number, the number to the caller.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        let number = Uuid::new_v4();
        tracing::error!(%number, %cause, "a request failed");
        Self::new("internal", format!("the server failed; the log has it under {number}"))
    }
}

fn shorten(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(ERROR_CHARS_MAX) {
        text.truncate(end);
        text.push('…');
    }
}

/// Sentences begin with a capital and end with a full stop.
fn sentence(text: String) -> String {
    let mut chars = text.chars();
    let Some(first) = chars.next() else {
        return text;
    };
    let mut whole: String = first.to_uppercase().chain(chars).collect();
    if !whole.ends_with(['.', '!', '?']) {
        whole.push('.');
    }
    whole
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        let detail = error.to_string();
        match error {
            ServiceError::Domain(error) => error.into(),
            ServiceError::NotFound { kind } => {
                let code = format!("{kind}.not_found");
                let known = CODES.iter().find(|entry| entry.0 == code);
                Self::new(known.map_or("not_found", |entry| entry.0), detail)
            }
            ServiceError::AlreadyExists(_) => Self::new("already_exists", detail),
            ServiceError::BuiltIn(_) => Self::new("content.built_in", detail),
            ServiceError::Unreadable { .. } => Self::new("content.unreadable", detail),
            ServiceError::NotWritable { .. } => Self::new("content.not_writable", detail),
            ServiceError::ConcurrentChange => Self::new("concurrent_change", detail),
            ServiceError::IdempotencyKeyReused => Self::new("idempotency_key_reused", detail),
            ServiceError::LateSubmission { submission, owner, attempt } => {
                Self::new("sub_task.not_owner", detail)
                    .with("owner", owner.map(|id| id.to_string()))
                    .with("attempt", attempt)
                    .with("submission_id", submission.to_string())
            }
            ServiceError::Unauthenticated(_) => Self::new("unauthenticated", detail),
            ServiceError::Forbidden(_) => Self::new("forbidden", detail),
            ServiceError::NoAdminSession => Self::new("admin.no_session", detail),
            ServiceError::AgentDisabled => Self::new("agent.disabled", detail),
            ServiceError::RoleNotAllowed { .. } => Self::new("role_not_allowed", detail),
            ServiceError::Throttled { retry_after } => {
                Self::new("too_many_tries", detail).retry_after(retry_after.as_secs())
            }
            // It begins with the key that it is about, such as `server.external_url`.
            ServiceError::Settings(error) => match error.0.split_once(' ') {
                Some((key, rule)) if key.contains('.') => Self::field(key, rule),
                Some(_) | None => Self::field("settings", error.to_string()),
            },
            ServiceError::Storage(error) => error.into(),
            ServiceError::File(cause) | ServiceError::Internal(cause) => Self::internal(&cause),
        }
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Overloaded | StorageError::Busy => {
                Self::new("unavailable", "the server is busy; try again in a moment").retry_after(1)
            }
            StorageError::Unavailable(cause) | StorageError::ConnectionLost(cause) => {
                tracing::error!(%cause, "the database is away");
                Self::new("unavailable", "the database is away; try again in a moment")
                    .retry_after(2)
            }
            StorageError::Unique(_)
            | StorageError::Corrupt { .. }
            | StorageError::FromTheFuture(_)
            | StorageError::Foreign(_)
            | StorageError::Dangling
            | StorageError::Panicked
            | StorageError::Database(_) => Self::internal(&error),
        }
    }
}

impl From<DomainError> for Problem {
    fn from(error: DomainError) -> Self {
        let detail = error.to_string();
        match error {
            DomainError::NotAllowedFrom { status, allowed, .. } => {
                let mut problem =
                    Self::new("sub_task.not_allowed_from", detail).with("status", status.as_str());
                problem.0.allowed_actions = allowed.iter().map(|action| action.as_str()).collect();
                problem
            }
            DomainError::NotOwner { owner, attempt } => Self::new("sub_task.not_owner", detail)
                .with("owner", owner.map(|id| id.to_string()))
                .with("attempt", attempt),
            DomainError::RoleNotAllowed { .. }
            | DomainError::TaskRoleNotAllowed { .. }
            | DomainError::NoteNotAllowed
            | DomainError::PatrolRoleNotAllowed { .. } => Self::new("role_not_allowed", detail),
            DomainError::PatrolNotAllowedFrom { status, .. } => {
                Self::new("patrol_record.not_allowed_from", detail).with("status", status.as_str())
            }
            DomainError::OwnWork => Self::new("review.own_work", detail),
            DomainError::ApprovedAlready { missing } => {
                Self::new("review.approved_already", detail).with("missing", missing)
            }
            DomainError::AlreadyDelivered => Self::new("delivery.already_delivered", detail),
            DomainError::OwnScore => Self::new("score.own", detail),
            DomainError::PrerequisitesOpen { open } => {
                Self::new("sub_task.prerequisites_open", detail).with("open_prerequisites", open)
            }
            DomainError::PrerequisiteCancelled { id } => {
                Self::new("sub_task.prerequisite_cancelled", detail)
                    .with("prerequisite", id.to_string())
            }
            DomainError::CapabilitiesMissing { missing } => {
                Self::new("sub_task.capabilities_missing", detail)
                    .with("missing", Vec::from(missing))
            }
            DomainError::OpenWorkLimit { limit } => {
                Self::new("agent.open_work_limit", detail).with("limit", limit)
            }
            DomainError::TaskHeld => Self::new("task.held", detail),
            DomainError::BudgetReached { stop } => Self::new("budget.reached", detail)
                .with("scope", stop.scope.as_str())
                .with("measure", stop.measure.as_str())
                .with("limit", stop.limit_text())
                .with("used", stop.used_text()),
            DomainError::TaskStopped => {
                Self::new("budget.reached", detail).with("scope", BudgetScope::Task.as_str())
            }
            DomainError::TaskNotAllowedFrom { status, .. } => {
                Self::new("task.not_allowed_from", detail).with("status", status.as_str())
            }
            DomainError::Invalid(errors) => Self::invalid(errors),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.0.status, self.0.code)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if let Some(seconds) = self.0.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if self.0.status == 401 {
            response.insert_header((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        let body = serde_json::to_string(self).unwrap_or_else(|_| json!({}).to_string());
        response.content_type("application/problem+json").body(body)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;

    use super::*;

    async fn answered(error: impl Into<Problem>) -> (u16, Option<HeaderValue>, String) {
        let response = error.into().error_response();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = to_bytes(response.into_body()).await.unwrap().to_vec();
        (status, headers.get(header::RETRY_AFTER).cloned(), String::from_utf8(body).unwrap())
    }

    #[actix_web::test]
    async fn a_fault_keeps_its_cause_to_itself() {
        let corrupt = serde_json::from_str::<u8>("cause-4711").unwrap_err().to_string();
        for error in [
            ServiceError::Internal("cause-4711".to_owned()),
            ServiceError::Internal(corrupt),
            StorageError::Unique("cause-4711".to_owned()).into(),
            StorageError::FromTheFuture("cause-4711".to_owned()).into(),
            StorageError::Panicked.into(),
        ] {
            let (status, _, body) = answered(error).await;
            assert_eq!(status, 500);
            assert!(body.contains("The server failed; the log has it under "), "{body}");
            assert!(!body.contains("4711"), "{body}");
        }
    }

    #[actix_web::test]
    async fn a_server_that_cannot_serve_says_when_to_come_back() {
        for error in [
            StorageError::Overloaded,
            StorageError::Busy,
            StorageError::Unavailable("postgres://user:cause-4711@host".to_owned()),
        ] {
            let (status, retry_after, body) = answered(error).await;
            assert_eq!(status, 503);
            assert!(retry_after.is_some());
            assert!(!body.contains("4711"), "{body}");
        }
    }

    #[test]
    fn a_long_list_of_mistakes_is_cut() {
        let errors = (0..500).map(|n| FieldError::new(format!("f{n}"), "é".repeat(1000)));
        let problem = Problem::invalid(errors.collect());
        assert_eq!(problem.0.errors.len(), ERRORS_MAX + 1);
        assert_eq!(problem.0.errors.last().unwrap().message, "and 400 more errors");
        assert!(problem.0.errors.iter().all(|error| error.message.chars().count() <= 301));
    }
}
