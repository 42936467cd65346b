//! Where an agent is woken: set by an admin, with a secret that nobody sees again.

use openmoss_domain::next::NextAction;
use openmoss_domain::outbox::Outcome;
use openmoss_domain::wake::{WakeKind, WakeState, WakeTarget, WakeUp};
use openmoss_domain::{AgentId, DomainError, Event, EventKind, WakeUpId};
use openmoss_storage::{agent, wake};

use super::send;
use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;
use crate::id::fresh;
use crate::notification::Tried;
use crate::notification::channel::check_url;
use crate::settings::Secret;
use crate::step::append;

/// Where an agent shall be woken, as it came in.
#[derive(Debug, Clone)]
pub struct NewTarget {
    /// How.
    pub kind: WakeKind,
    /// The gateway's address, or the webhook's.
    pub url: String,
    /// The gateway's token, or what signs the webhook; `None` keeps the one that is there.
    pub secret: Option<Secret>,
    /// What the agent is called in its OpenClaw.
    pub runtime_agent: Option<String>,
    /// The mapped hook of the gateway; `None`: the one for agents.
    pub hook: Option<String>,
}

/// Where an agent is woken, as an admin sees it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct SeenTarget {
    /// How.
    pub kind: WakeKind,
    /// The gateway's address; of a webhook only where it lies.
    pub url: String,
    /// Whether there is a secret.
    pub has_secret: bool,
    /// What the agent is called in its OpenClaw.
    pub runtime_agent: Option<String>,
    /// The mapped hook of the gateway.
    pub hook: Option<String>,
    /// Whether it was woken and has not called since.
    pub is_outstanding: bool,
    /// When it was last woken.
    pub woken_at: Option<openmoss_domain::Timestamp>,
    /// How many wake-ups in a row it did not answer.
    pub unanswered: u32,
}

impl SeenTarget {
    fn of(target: &WakeTarget, state: &WakeState) -> Self {
        let place = || check_url(&target.url).map_or_else(|_| "***".to_owned(), |url| url + "/***");
        Self {
            kind: target.kind,
            url: match target.kind {
                WakeKind::Openclaw => target.url.clone(),
                WakeKind::Webhook => place(),
            },
            has_secret: !target.secret.is_empty(),
            runtime_agent: target.runtime_agent.clone(),
            hook: target.hook.clone(),
            is_outstanding: state.outstanding.is_some(),
            woken_at: state.woken_at,
            unanswered: state.unanswered,
        }
    }
}

impl Service {
    /// Where an agent is woken; `None`: nowhere.
    pub fn find_wake_target(&self, id: AgentId) -> Result<Option<SeenTarget>, ServiceError> {
        self.read(|reader| {
            agent::find(reader, id)?.ok_or(ServiceError::not_found("agent"))?;
            let found = wake::find_target(reader, id)?;
            Ok(found.map(|(target, state)| SeenTarget::of(&target, &state)))
        })
    }

    /// Says where an agent is woken, in place of what was said before.
    ///
    /// # Errors
    /// Names every wrong field. A secret that is kept must not go to another place.
    pub fn set_wake_target(
        &self,
        cx: &Context,
        agent_id: AgentId,
        new: &NewTarget,
    ) -> Result<SeenTarget, ServiceError> {
        let url = match new.kind {
            WakeKind::Openclaw => new.url.trim().trim_end_matches('/').to_owned(),
            WakeKind::Webhook => new.url.trim().to_owned(),
        };
        let secret = new.secret.as_ref().map(|secret| secret.expose().to_owned());
        let (kind, runtime_agent, hook) = (new.kind, new.runtime_agent.clone(), new.hook.clone());
        let wanted = WakeTarget {
            agent_id,
            kind,
            url,
            secret: secret.clone().unwrap_or_default(),
            runtime_agent,
            hook,
        };
        let place = check_url(&wanted.url);
        let wanted = match (wanted.checked(), &place) {
            (Ok(wanted), Ok(_)) => wanted,
            (Ok(_), Err(wrong)) => return Err(DomainError::field("url", wrong).into()),
            (Err(DomainError::Invalid(mut fields)), Err(wrong)) => {
                fields.push(openmoss_domain::FieldError::new("url", wrong));
                return Err(DomainError::Invalid(fields).into());
            }
            (Err(wrong), _) => return Err(wrong.into()),
        };
        let event = Event::new(EventKind::AgentEdited, cx.actor, self.now())
            .agent(agent_id)
            .with("wake", wanted.kind.as_str());
        self.write(cx, move |writer| {
            agent::find(writer, agent_id)?.ok_or(ServiceError::not_found("agent"))?;
            let mut target = wanted.clone();
            if secret.is_none()
                && let Some((known, _)) = wake::find_target(writer, agent_id)?
            {
                let is_same_place = known.kind == target.kind && check_url(&known.url) == place;
                if !is_same_place && !known.secret.is_empty() {
                    let rule = "must be given again when the place changes";
                    return Err(DomainError::field("secret", rule).into());
                }
                target.secret = known.secret;
            }
            if target.kind == WakeKind::Openclaw && target.secret.is_empty() {
                return Err(DomainError::field("secret", "is the gateway's hooks.token").into());
            }
            wake::set_target(writer, &target)?;
            append(writer, &event)?;
            Ok(SeenTarget::of(&target, &WakeState::NEW))
        })
    }

    /// Wakes an agent nowhere any more.
    pub fn delete_wake_target(&self, cx: &Context, agent_id: AgentId) -> Result<(), ServiceError> {
        let event = Event::new(EventKind::AgentEdited, cx.actor, self.now())
            .agent(agent_id)
            .with("wake", "none");
        self.write(cx, move |writer| {
            agent::find(writer, agent_id)?.ok_or(ServiceError::not_found("agent"))?;
            if wake::delete_target(writer, agent_id)? {
                append(writer, &event)?;
            }
            Ok(())
        })
    }

    /// Wakes an agent at once, to see whether that works. It is not written down.
    ///
    /// # Errors
    /// When it is woken nowhere.
    pub fn try_wake_target(&self, agent_id: AgentId) -> Result<Tried, ServiceError> {
        let (agent, target) = self.read(|reader| {
            let agent = agent::find(reader, agent_id)?.ok_or(ServiceError::not_found("agent"))?;
            let target = wake::find_target(reader, agent_id)?;
            Ok((agent, target.ok_or(ServiceError::not_found("wake_target"))?.0))
        })?;
        let now = self.now();
        let test = WakeUp {
            id: WakeUpId::from_uuid(fresh()),
            agent_id,
            action: NextAction::Idle,
            sub_task_id: None,
            created_at: now,
            sending: openmoss_domain::outbox::Sending::new(now),
            answered_at: None,
        };
        Ok(match send::send(&target, &agent, &test, &self.settings().delivery, now) {
            Outcome::Taken => {
                Tried { is_delivered: true, detail: "The runtime took the wake-up.".to_owned() }
            }
            Outcome::Later { reason, .. } | Outcome::Never(reason) => {
                Tried { is_delivered: false, detail: format!("Not delivered: {reason}.") }
            }
        })
    }
}
