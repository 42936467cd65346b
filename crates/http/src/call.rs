//! A request on its way to a use case: who calls, with what body, and the one way out of async.

use std::net::{IpAddr, Ipv4Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::uri::Authority;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use openmoss_domain::{Actor, Agent, Fields, Role, SubTask};
use openmoss_service::{Context, Idempotency, OwnSession, Service, ServiceError};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use crate::events::Streams;
use crate::input;
use crate::page::AdminPageQuery;
use crate::problem::Problem;
use crate::queue::Lines;
use crate::request_log::Seen;
use crate::sub_tasks::views::SubTaskView;

/// Largest body, in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 1 << 20;
/// Longest Idempotency-Key, in bytes.
pub(crate) const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// Most pages into a list that a worker skips itself.
const NEAR_PAGES_MAX: u32 = 5;

/// What a handler answers.
pub(crate) type Answer<T> = Result<web::Json<T>, Problem>;

/// What all handlers share.
pub(crate) struct Shared {
    pub(crate) service: Arc<Service>,
    /// Requests that may be at work or wait for the database; the next one gets 503.
    pub(crate) places: Arc<Semaphore>,
    /// New events, for answers that wait for them.
    pub(crate) streams: Streams,
    /// Agents that wait for work.
    pub(crate) lines: Arc<Lines>,
}

impl Shared {
    /// Leaves async, here and nowhere else: runs `work` in the blocking pool, or, if it is a short
    /// read for which this worker has a connection of its own, at once.
    async fn run<T: Send + 'static>(
        &self,
        is_short: bool,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        if is_short && self.service.can_read_here() {
            let panicked = |_| Err(Problem::internal(&"a read panicked"));
            return catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(panicked);
        }
        let busy = |_| Problem::from(openmoss_service::StorageError::Overloaded);
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(busy)?;
        let result = web::block(move || {
            let result = work();
            drop(place);
            result
        });
        result.await.map_err(|error| Problem::internal(&error))?
    }
}

/// Who gets an answer that lasts, and on what grounds.
pub(crate) struct Lasting {
    pub(crate) shared: web::Data<Shared>,
    credential: Credential,
}

#[derive(Clone)]
enum Credential {
    Agent(String),
    Admin(String),
}

impl Lasting {
    /// Runs `work` outside async.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Service) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let shared = self.shared.clone();
        self.shared.run(false, move || work(&shared.service)).await
    }

    /// Whether whoever gets the answer may still have it.
    pub(crate) async fn check(&self) -> Result<(), Problem> {
        let credential = self.credential.clone();
        self.run(move |service| {
            match credential {
                Credential::Agent(key) => drop(service.authenticate_agent(&key)?),
                Credential::Admin(token) => drop(service.authenticate_admin(&token)?),
            }
            Ok(())
        })
        .await
    }
}

/// A request before it is known who sends it.
pub(crate) struct Call {
    shared: web::Data<Shared>,
    /// Whether all that is asked for is a short read.
    is_short: bool,
    request: Request,
    seen: Seen,
}

/// What is left of a request for a use case.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: web::Bytes,
    headers: Headers,
    pub(crate) address: Option<IpAddr>,
    pub(crate) base_url: String,
}

/// A request's headers, each a reference to what was received.
struct Headers(Vec<(HeaderName, HeaderValue)>);

/// A request of a known caller, where its work is done.
pub(crate) struct Known<'a> {
    pub(crate) service: &'a Service,
    pub(crate) cx: Context,
    pub(crate) request: &'a Request,
}

impl FromRequest for Call {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let shared = request.app_data::<web::Data<Shared>>().cloned();
        let body = web::Bytes::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let shared = shared.ok_or_else(|| Problem::internal(&"no shared state"))?;
            let body = body.await.map_err(|error| unreadable(&error))?;
            let seen = Seen::leave(&request, body.clone());
            Ok(Self {
                is_short: false,
                seen,
                request: Request {
                    method: request.method().clone(),
                    path: request.path().to_owned(),
                    query: request.query_string().to_owned(),
                    base_url: base_url(&shared.service, &request),
                    address: client_address(&request),
                    headers: Headers::of(request.headers()),
                    body,
                },
                shared,
            })
        })
    }
}

/// Whether a query asks for one of the first pages. One that cannot be told at a glance counts as
/// far away.
fn is_near(query: &str) -> bool {
    let mut pages = query.split('&').filter_map(|pair| pair.strip_prefix("page="));
    let is_low = |page: &str| page.parse().is_ok_and(|page: u32| page <= NEAR_PAGES_MAX);
    !query.contains('%') && pages.all(is_low)
}

fn unreadable(error: &actix_web::Error) -> Problem {
    if error.as_response_error().status_code() == actix_web::http::StatusCode::PAYLOAD_TOO_LARGE {
        let detail = format!("the body must have at most {BODY_BYTES_MAX} bytes");
        return Problem::new("body_too_large", detail);
    }
    Problem::new("malformed_request", "the body could not be read")
}

impl Headers {
    fn of(headers: &HeaderMap) -> Self {
        Self(headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    fn get(&self, name: &str) -> Option<&HeaderValue> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.to_str().ok()
    }
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The header with the admin's session token.
const ADMIN_TOKEN: &str = "x-admin-token";

/// The client's address. Whoever is on this host may do more, so what may come from elsewhere
/// counts as an address that nobody has: what a proxy passes on without a readable address, and
/// what a browser on this host sends for a page from elsewhere.
fn client_address(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr().map(|address| address.ip());
    if !peer.is_some_and(|address| address.is_loopback()) {
        return peer;
    }
    let headers = request.headers();
    // The last one is what the proxy itself saw; those before are what the client claimed.
    let forwarded = headers.get_all("x-forwarded-for").last().map(|list| {
        let last = list.to_str().ok().and_then(|list| list.rsplit(',').next());
        last.and_then(|address| address.trim().parse().ok()).unwrap_or(ELSEWHERE)
    });
    let is_relayed = RELAYED.iter().any(|name| headers.contains_key(*name));
    let is_foreign = ["host", "origin"]
        .iter()
        .filter_map(|name| headers.get(*name))
        .any(|place| !place.to_str().is_ok_and(is_this_host));
    forwarded.or(if is_relayed || is_foreign { Some(ELSEWHERE) } else { peer })
}

/// The address of whoever is somewhere else, who knows where.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
/// What proxies add; one of them alone says that there is one.
const RELAYED: &[&str] =
    &["forwarded", "via", "x-real-ip", "x-forwarded-host", "x-forwarded-proto"];

/// Whether a `Host` or an `Origin` names this host for itself.
pub(crate) fn is_this_host(place: &str) -> bool {
    let authority = place.rsplit("://").next().unwrap_or_default();
    let Ok(authority) = authority.parse::<Authority>() else {
        return false;
    };
    let host = authority.host().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// The address under which the caller reaches us, without a slash at the end.
fn base_url(service: &Service, request: &HttpRequest) -> String {
    let settings = service.settings();
    let configured = settings.server.external_url.trim_end_matches('/');
    if !configured.is_empty() {
        return configured.to_owned();
    }
    let is_proxied = request.peer_addr().is_some_and(|peer| peer.ip().is_loopback());
    let proto = header_text(request.headers(), "x-forwarded-proto").filter(|_| is_proxied);
    let scheme = if proto == Some("https") { "https" } else { "http" };
    let host = header_text(request.headers(), "host").unwrap_or("127.0.0.1");
    format!("{scheme}://{host}")
}

impl Call {
    /// Says that all that is asked for is a short read by an agent: a few rows that an index finds.
    /// Where the database is a file, the worker reads them itself.
    pub(crate) fn short(mut self) -> Self {
        self.is_short = true;
        self
    }

    /// The same for a list: a page near its start is short, one far behind is not.
    pub(crate) fn short_page(mut self) -> Self {
        self.is_short = is_near(&self.request.query);
        self
    }

    async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce(Self) -> Result<T, Problem> + Send + 'static,
    ) -> Answer<T> {
        let (shared, is_short) = (self.shared.clone(), self.is_short);
        shared.run(is_short, move || work(self)).await.map(web::Json)
    }

    /// What an answer needs that lasts longer than the request.
    pub(crate) fn lasting(&self) -> Lasting {
        let token = self.request.headers.text(ADMIN_TOKEN);
        let admin = token.map(|token| Credential::Admin(token.to_owned()));
        let agent = || Credential::Agent(self.agent_key());
        Lasting { shared: self.shared.clone(), credential: admin.unwrap_or_else(agent) }
    }

    /// For everybody.
    pub(crate) async fn public<T: Send + 'static>(
        self,
        work: impl FnOnce(&Service, &Request) -> Result<T, Problem> + Send + 'static,
    ) -> Answer<T> {
        self.run(move |call| {
            call.recognise_agent();
            work(&call.shared.service, &call.request)
        })
        .await
    }

    /// For agents of any role.
    pub(crate) async fn agent<T: Send + 'static>(
        self,
        work: impl FnOnce(&Known<'_>, &Agent) -> Result<T, Problem> + Send + 'static,
    ) -> Answer<T> {
        self.run(move |call| {
            let (agent, key) = call.authenticated_agent()?;
            let known = call.known(agent.actor(), key)?;
            work(&known, &agent)
        })
        .await
    }

    /// For agents of these roles.
    pub(crate) async fn role<T: Send + 'static>(
        self,
        roles: &'static [Role],
        allowed: &'static str,
        work: impl FnOnce(&Known<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Answer<T> {
        self.agent(move |known, agent| {
            if !roles.contains(&agent.role) {
                let role = agent.role.as_str();
                return Err(ServiceError::RoleNotAllowed { role, allowed }.into());
            }
            work(known)
        })
        .await
    }

    /// For the admin.
    pub(crate) async fn admin<T: Send + 'static>(
        mut self,
        work: impl FnOnce(&Known<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Answer<T> {
        // A look at the session may prolong it, which is a write.
        self.is_short = false;
        self.run(move |call| {
            let token = call.request.headers.text(ADMIN_TOKEN);
            let token = token.ok_or(ServiceError::NoAdminSession)?;
            let actor = call.shared.service.authenticate_admin(token)?;
            let mut known = call.known(actor, token)?;
            known.cx.session = Some(OwnSession::of(token));
            work(&known)
        })
        .await
    }

    /// For agents, and for the admin in their place.
    pub(crate) async fn actor<T: Send + 'static>(
        self,
        work: impl FnOnce(&Known<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Answer<T> {
        if self.request.headers.text(ADMIN_TOKEN).is_some() {
            return self.admin(work).await;
        }
        self.agent(move |known, _| work(known)).await
    }

    fn authenticated_agent(&self) -> Result<(Agent, &str), Problem> {
        let key = self.request.agent_key().ok_or(ServiceError::Unauthenticated(
            "an API key is needed; send it as Authorization: Bearer <key>",
        ))?;
        let agent = self.shared.service.authenticate_agent(key)?;
        self.seen.sent_by(agent.id, key);
        Ok((agent, key))
    }

    /// An agent may ask what everybody may: it is in the request log all the same.
    fn recognise_agent(&self) {
        if self.has_agent_key() {
            // A wrong key is nobody's, and nobody is asked for one here.
            let _ = self.authenticated_agent();
        }
    }

    /// Whether a key came with it, right or wrong.
    pub(crate) fn has_agent_key(&self) -> bool {
        self.request.agent_key().is_some()
    }

    fn known(&self, actor: Actor, credential: &str) -> Result<Known<'_>, Problem> {
        let idempotency = self.request.idempotency(credential)?;
        Ok(Known {
            service: &self.shared.service,
            cx: Context { idempotency, ..Context::of(actor) },
            request: &self.request,
        })
    }

    /// What came with it.
    pub(crate) fn body(&self) -> &[u8] {
        &self.request.body
    }

    /// The use cases, for an answer that needs no database.
    pub(crate) fn service(&self) -> &Service {
        &self.shared.service
    }

    /// Whether the client asks for this kind of answer by name.
    pub(crate) fn accepts(&self, kind: &str) -> bool {
        self.request.headers.text(header::ACCEPT.as_str()).is_some_and(|text| text.contains(kind))
    }

    /// The raw API key, for the one answer that must show it again.
    pub(crate) fn agent_key(&self) -> String {
        self.request.agent_key().unwrap_or_default().to_owned()
    }
}

impl Request {
    /// The body as `T`; an absent one counts as `{}`.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        input::json(&self.body)
    }

    /// The query as `T`.
    pub(crate) fn query<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        input::query(&self.query)
    }

    /// The query of an admin's list: which page, and of what. Names everything that is wrong.
    pub(crate) fn list_query<T: DeserializeOwned>(&self) -> Result<(AdminPageQuery, T), Problem> {
        let mut fields = Fields::default();
        let page: Option<AdminPageQuery> = input::query_noting(&self.query, &mut fields)?;
        if let Some(page) = page {
            page.check(&mut fields);
        }
        let asked = input::query_noting(&self.query, &mut fields)?;
        fields.finish()?;
        page.zip(asked).ok_or_else(|| Problem::field("query", "cannot be read"))
    }

    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers.text(name).map(str::to_owned)
    }

    /// `Authorization: Bearer <key>`, or `X-Agent-Key: <key>`.
    fn agent_key(&self) -> Option<&str> {
        let authorization = self.headers.text(header::AUTHORIZATION.as_str());
        let bearer = authorization.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim);
        bearer.or_else(|| self.headers.text("x-agent-key"))
    }

    /// The idempotency key of a POST, bound to its caller, path and body.
    pub(crate) fn idempotency(&self, credential: &str) -> Result<Option<Idempotency>, Problem> {
        let sent = self.headers.get("idempotency-key").filter(|_| self.method == Method::POST);
        let Some(sent) = sent else {
            return Ok(None);
        };
        let key = sent.to_str().unwrap_or_default();
        if key.is_empty() || key.len() > IDEMPOTENCY_KEY_BYTES_MAX {
            let most = IDEMPOTENCY_KEY_BYTES_MAX;
            let message = format!("must have 1 to {most} characters, all of them ASCII");
            return Err(Problem::field("Idempotency-Key", message));
        }
        let mut request = format!("{}?{}\n", self.path, self.query).into_bytes();
        request.extend_from_slice(&self.body);
        Ok(Some(Idempotency::new(credential, key, &request)))
    }
}

impl Known<'_> {
    /// A sub-task as the caller sees it.
    pub(crate) fn view(&self, sub_task: SubTask) -> Result<SubTaskView, Problem> {
        Ok(self.service.view_sub_task(self.cx.actor, sub_task)?.into())
    }
}

#[cfg(test)]
mod tests {
    use super::is_near;

    #[test]
    fn a_worker_skips_few_pages_and_leaves_what_it_cannot_tell() {
        for near in ["", "page_size=20", "page=5&page_size=100", "status=done&page=1"] {
            assert!(is_near(near), "{near}");
        }
        for far in ["page=6", "page=1&page=99999", "page=-1", "page=x", "p%61ge=99999", "page=%39"]
        {
            assert!(!is_near(far), "{far}");
        }
    }
}
