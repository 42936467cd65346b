//! What an agent should do next, over HTTP: one call is a whole wake-up. It may wait for work.

mod views;

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpResponse, get, post};
use openmoss_domain::{AgentId, Role};
use openmoss_service::Context;
use openmoss_service::next::{Left, NextAsk, NextWork};
use serde::Deserialize;
use tokio::time::{Instant, sleep, sleep_until};
use utoipa::ToSchema;

use crate::call::{Answer, Call, Lasting};
use crate::problem::Problem;
use crate::queue::Turn;
use views::{HasWorkView, NextView};

/// Longest wait, in seconds: shorter than what proxies take for a dead connection.
const WAIT_SECONDS_MAX: i64 = 60;
/// How long a waiter pauses when too many reached for the same.
const PAUSE: Duration = Duration::from_millis(50);

/// What is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NextRequest)]
struct NextBody {
    /// Whether to begin what is handed out at once, so that the next call is the submission.
    #[schema(value_type = Option<bool>, default = true)]
    start: Option<bool>,
    /// Whether to take new work; `false` only looks, and changes nothing.
    #[schema(value_type = Option<bool>, default = true)]
    claim: Option<bool>,
    /// How long to wait for work when there is none.
    #[schema(minimum = 0, maximum = 60, default = 0)]
    wait_seconds: Option<i64>,
    /// The caller's runtime session.
    #[schema(max_length = 200)]
    session_id: Option<String>,
    /// The `rules_etag` of the last answer: rules that are still the same are left out.
    #[schema(max_length = 64)]
    rules_etag: Option<String>,
}

impl NextBody {
    fn wait(&self) -> Result<Duration, Problem> {
        let seconds = self.wait_seconds.unwrap_or(0);
        let fitting = u64::try_from(seconds).ok().filter(|_| seconds <= WAIT_SECONDS_MAX);
        let wrong = || Problem::field("wait_seconds", format!("must be 0 to {WAIT_SECONDS_MAX}"));
        fitting.map(Duration::from_secs).ok_or_else(wrong)
    }

    fn into_ask(self) -> NextAsk {
        NextAsk {
            start: self.start.unwrap_or(true),
            claim: self.claim.unwrap_or(true),
            session: self.session_id,
            rules_etag: self.rules_etag,
        }
    }
}

/// What the first look found, and what is needed for the next one.
struct Looked {
    next: NextWork,
    cx: Context,
    ask: NextAsk,
    wait: Duration,
    agent: AgentId,
    role: Role,
    /// The round in which the look began.
    round: u64,
}

/// What to do now: own work first, then what the role has to see to, then new work. Takes it and
/// begins it, and says how to report back. `Accept: text/markdown` gets the same as a text.
#[utoipa::path(tag = "Agents", request_body = NextBody, responses(
    (status = 200, description = "What to do.", content(
        (NextView = "application/json"),
        (String = "text/markdown"),
    ))
), security(("agent" = []), ("agent_key" = [])))]
#[post("/api/agents/me/next")]
async fn next_work(call: Call) -> Result<HttpResponse, Problem> {
    let (lasting, key) = (call.lasting(), call.agent_key());
    let wants_text = call.accepts("text/markdown");
    let lines = Arc::clone(&lasting.shared.lines);
    let looked = call.agent(move |known, agent| {
        let body: NextBody = known.request.json()?;
        let (wait, ask) = (body.wait()?, body.into_ask());
        let round = lines.round(agent.role);
        let next = known.service.next_work(&known.cx, &ask)?;
        let cx = known.cx.clone();
        Ok(Looked { next, cx, ask, wait, agent: agent.id, role: agent.role, round })
    });
    let looked = looked.await?.into_inner();
    let next = if looked.next.is_idle() && !looked.wait.is_zero() {
        wait_for_work(&lasting, key, looked).await?
    } else {
        looked.next
    };
    Ok(answer(&next, wants_text))
}

fn answer(next: &NextWork, wants_text: bool) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::VARY, "Accept"));
    if wants_text {
        return response.content_type("text/markdown; charset=utf-8").body(next.to_markdown());
    }
    response.json(next)
}

/// Waits in the line of the role, and looks again when it is called. The last look's answer stands
/// when the time is up or the server stops.
async fn wait_for_work(
    lasting: &Lasting,
    key: String,
    looked: Looked,
) -> Result<NextWork, Problem> {
    let Looked { mut next, cx, ask, wait, agent, role, mut round } = looked;
    let shared = &lasting.shared;
    let (deadline, mut closing) = (Instant::now() + wait, shared.streams.closing());
    let Some(_place) = shared.lines.place() else {
        return Ok(next);
    };
    while !*closing.borrow() {
        let turn = if next.left == Left::Contested {
            sleep(PAUSE).await;
            None
        } else if let Some(woken) = shared.lines.join(role, agent, round) {
            tokio::select! {
                turn = woken => turn.ok(),
                () = sleep_until(deadline) => return Ok(next),
                _ = closing.changed() => return Ok(next),
            }
        } else {
            None
        };
        if Instant::now() >= deadline {
            return Ok(next);
        }
        round = shared.lines.round(role);
        let (key, cx, ask) = (key.clone(), cx.clone(), ask.clone());
        next = lasting
            .run(move |service| {
                service.authenticate_agent(&key)?;
                Ok(service.next_work(&cx, &ask)?)
            })
            .await?;
        settle(turn, &next);
        if !next.is_idle() {
            return Ok(next);
        }
    }
    Ok(next)
}

/// Whether the next in the line has to look.
fn settle(turn: Option<Turn>, next: &NextWork) {
    match turn {
        Some(turn) if next.is_idle() && next.left == Left::Nothing => turn.end(),
        Some(_) | None => {}
    }
}

/// Whether there is work for the caller: a few bytes that need no model to be read. Nothing is taken.
#[utoipa::path(tag = "Agents", responses((status = 200, body = HasWorkView)), security(("agent" = []), ("agent_key" = [])))]
#[get("/api/agents/me/has-work")]
async fn has_work(call: Call) -> Answer<HasWorkView> {
    call.short().agent(|known, agent| Ok(known.service.has_work(agent.actor())?.into())).await
}

pub(crate) fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(next_work).service(has_work);
}
