//! How each kind of runtime is woken.

use openmoss_domain::outbox::Outcome;
use openmoss_domain::wake::{WakeKind, WakeTarget, WakeUp, text};
use openmoss_domain::{Agent, Timestamp};
use serde_json::json;

use crate::notification::signed;
use crate::outward::Outward;
use crate::settings::{DeliverySettings, Secret};

/// The hook of OpenClaw's gateway that starts a turn of an agent.
const AGENT_HOOK: &str = "agent";

/// Sends a wake-up.
pub(super) fn send(
    target: &WakeTarget,
    agent: &Agent,
    wake_up: &WakeUp,
    settings: &DeliverySettings,
    now: Timestamp,
) -> Outcome {
    let outward = Outward { allow_private: settings.allow_private_wake, ..Outward::of(settings) };
    match target.kind {
        WakeKind::Openclaw => to_openclaw(outward, target, agent, wake_up),
        WakeKind::Webhook => to_webhook(outward, target, agent, wake_up, now),
    }
}

/// The body is the same in every try: with the key, the gateway answers a repeat with the first run.
fn to_openclaw(outward: Outward, target: &WakeTarget, agent: &Agent, wake_up: &WakeUp) -> Outcome {
    let hook = target.hook.as_deref().unwrap_or(AGENT_HOOK);
    let mut body = json!({"message": text(wake_up.action), "name": "OpenMOSS", "deliver": false});
    if let Some(fields) = body.as_object_mut() {
        if let Some(name) = &target.runtime_agent {
            fields.insert("agentId".to_owned(), name.as_str().into());
        }
        if target.hook.is_some() {
            fields.extend(details(agent, wake_up));
        }
    }
    let headers = [
        ("Authorization", format!("Bearer {}", target.secret)),
        ("Idempotency-Key", wake_up.id.to_string()),
    ];
    let url = format!("{}/hooks/{hook}", target.url);
    let answer = match outward.post(&url, &headers, &body.to_string()) {
        Ok(answer) => answer,
        Err(outcome) => return outcome,
    };
    let hint = match answer.status {
        400 => "answered 400: it does not know the agent, or cannot read the request",
        401 | 403 => "answered that the token is not its hooks.token",
        404 => "answered 404: hooks are off there, or it has no such hook",
        405 => "answered 405: this is not the address of a gateway",
        _ => return answer.outcome(),
    };
    Outcome::Never(hint.to_owned())
}

fn to_webhook(
    outward: Outward,
    target: &WakeTarget,
    agent: &Agent,
    wake_up: &WakeUp,
    now: Timestamp,
) -> Outcome {
    let mut body = json!({"id": wake_up.id.to_string(), "event": "wake"});
    if let Some(fields) = body.as_object_mut() {
        fields.extend(details(agent, wake_up));
        fields.insert("message".to_owned(), text(wake_up.action).into());
    }
    let body = body.to_string();
    let mut headers = signed(&Secret::new(target.secret.as_str()), now, &body);
    headers.push(("X-OpenMOSS-Event", "wake".to_owned()));
    headers.push(("X-OpenMOSS-Delivery", wake_up.id.to_string()));
    headers.push(("Idempotency-Key", wake_up.id.to_string()));
    match outward.post(&target.url, &headers, &body) {
        Ok(answer) => answer.outcome(),
        Err(outcome) => outcome,
    }
}

/// Whom it is for and what for; a mapped hook can put these into its template.
fn details(agent: &Agent, wake_up: &WakeUp) -> [(String, serde_json::Value); 5] {
    [
        ("agent_id", json!(agent.id.to_string())),
        ("agent_name", json!(agent.name)),
        ("role", json!(agent.role.as_str())),
        ("action", json!(wake_up.action.as_str())),
        ("sub_task_id", json!(wake_up.sub_task_id.map(|id| id.to_string()))),
    ]
    .map(|(name, value)| (name.to_owned(), value))
}
