//! What answers when no route does: JSON below `/api`, always.

use std::sync::LazyLock;

use actix_web::dev::ResourceDef;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use utoipa::openapi::OpenApi;

use crate::call::Call;
use crate::documentation::document;
use crate::problem::{CODES, Problem};

/// The paths that exist, each with its methods.
struct KnownPaths(Vec<(ResourceDef, String)>);

static KNOWN_PATHS: LazyLock<KnownPaths> = LazyLock::new(|| KnownPaths::of(&document()));

impl KnownPaths {
    fn of(document: &OpenApi) -> Self {
        let methods = |path: &utoipa::openapi::path::PathItem| {
            let named = [
                ("GET", path.get.is_some()),
                ("POST", path.post.is_some()),
                ("PUT", path.put.is_some()),
                ("DELETE", path.delete.is_some()),
                ("PATCH", path.patch.is_some()),
            ];
            let exist = named.iter().filter(|(_, exists)| *exists).map(|(name, _)| *name);
            exist.collect::<Vec<_>>().join(", ")
        };
        let paths = document.paths.paths.iter();
        Self(paths.map(|(path, item)| (ResourceDef::new(path.as_str()), methods(item))).collect())
    }

    /// The methods that `path` has. A fixed name such as `/api/sub-tasks/latest` is also an id to
    /// the patterns that take one, so the pattern with the fewest of them is meant.
    fn methods(&self, path: &str) -> Option<&str> {
        let fitting = self.0.iter().filter(|(pattern, _)| pattern.is_match(path));
        let meant = fitting.min_by_key(|(pattern, _)| parameters(pattern));
        meant.map(|(_, methods)| methods.as_str())
    }
}

fn parameters(pattern: &ResourceDef) -> usize {
    pattern.pattern().unwrap_or_default().matches('{').count()
}

/// Nothing at this path, or not with this method.
pub(crate) async fn unknown(request: HttpRequest, call: Result<Call, Problem>) -> HttpResponse {
    if let Ok(call) = call
        && call.has_agent_key()
    {
        // For the request log alone: an agent's mistakes are what one looks for in it.
        let _ = call.public(|_, _| Ok(())).await;
    }
    let path = request.path();
    let Some(methods) = KNOWN_PATHS.methods(path) else {
        return nothing_here().error_response();
    };
    let detail = format!("this path does not take {}; use {methods}", request.method());
    let mut response = Problem::new("method_not_allowed", detail).error_response();
    if let Ok(value) = header::HeaderValue::from_str(methods) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}

/// Nothing at this path.
pub(crate) fn nothing_here() -> Problem {
    Problem::new("not_found", "there is nothing at this path; see /docs")
}

/// What a problem's `type` leads to: its code in words.
pub(crate) async fn explain(code: web::Path<String>) -> HttpResponse {
    match CODES.iter().find(|entry| entry.0 == code.as_str()) {
        Some((code, status, meaning)) => HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .body(format!("{code} (HTTP {status})\n{meaning}\n")),
        None => Problem::new("not_found", "there is no problem with this code").error_response(),
    }
}
