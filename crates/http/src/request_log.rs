//! What is noted of each request: a line in the program's log, and for agents the request log.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, HttpRequest, web};
use openmoss_domain::AgentId;
use openmoss_domain::request::Sent;
use openmoss_service::request::Answered;
use openmoss_service::settings::Secret;

use crate::call::Shared;

/// What only a handler learns of a request: its body, and which agent sent it.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    body: web::Bytes,
    agent: Arc<OnceLock<(AgentId, Secret)>>,
    instead: Arc<OnceLock<Instead>>,
}

/// What a request was for, where its own path, body and status do not say it.
pub(crate) struct Instead {
    pub(crate) path: String,
    pub(crate) sent: Vec<u8>,
    pub(crate) status: StatusCode,
}

impl Seen {
    /// Leaves a place for what will be learnt of `request`.
    pub(crate) fn leave(request: &HttpRequest, body: web::Bytes) -> Self {
        let seen = Self { body, ..Self::default() };
        request.extensions_mut().insert(seen.clone());
        seen
    }

    /// Notes who sent it.
    pub(crate) fn sent_by(&self, id: AgentId, key: &str) {
        // Set once: it is the same key each time.
        let _ = self.agent.set((id, Secret::new(key)));
    }

    /// Notes what it was for.
    pub(crate) fn note_instead(&self, instead: Instead) {
        // Set once, when it was done.
        let _ = self.instead.set(instead);
    }
}

/// Notes each request when its answer is ready. Bodies, queries and credentials stay out of the
/// program's log.
pub(crate) async fn log_request(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let started = Instant::now();
    let response = next.call(request).await?;
    let (request, status, duration) = (response.request(), response.status(), started.elapsed());
    let (method, path) = (request.method(), request.path());
    tracing::debug!(%method, path, status = status.as_u16(), elapsed = ?duration, "answered");
    note(request, status, duration);
    Ok(response)
}

/// Which calls the request log has: the contract, section 10.
fn note(request: &HttpRequest, status: StatusCode, duration: Duration) {
    let Some(seen) = request.extensions_mut().remove::<Seen>() else {
        return;
    };
    let instead = seen.instead.get();
    let status = instead.map_or(status, |instead| instead.status);
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return;
    }
    let (Some((agent_id, key)), Some(shared)) =
        (seen.agent.get(), request.app_data::<web::Data<Shared>>())
    else {
        return;
    };
    shared.service.note_request(Answered {
        agent_id: *agent_id,
        key: key.clone(),
        method: request.method().to_string(),
        path: instead.map_or(request.path(), |instead| &instead.path).to_owned(),
        sent: match instead {
            Some(instead) => Some(Sent::Body(instead.sent.clone())),
            None => sent(request, &seen.body),
        },
        status: status.as_u16(),
        duration,
    });
}

fn sent(request: &HttpRequest, body: &[u8]) -> Option<Sent> {
    match *request.method() {
        Method::POST | Method::PUT | Method::PATCH => Some(Sent::Body(body.to_vec())),
        Method::DELETE => None,
        _ => {
            let pairs = form_urlencoded::parse(request.query_string().as_bytes());
            Some(Sent::Query(pairs.into_owned().collect()))
        }
    }
}
