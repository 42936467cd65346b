//! The whole wake-up of an agent in one call: what to do now, with everything that it needs for it.
//!
//! A look reads and writes nothing; only where it finds something to take or to begin does a
//! transaction follow, which decides again. So asking for work costs an idle team almost nothing.

mod answer;
mod brief;
mod desk;
mod idle;
mod look;
mod markdown;
mod report;
mod take;

use std::time::Duration;

use openmoss_domain::{Actor, AgentId, DomainError, FieldError, NextAction, Role, Timestamp};

use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;
use crate::step::TRIES;

pub use answer::{
    Delivered, Left, NextWork, NoteBrief, PatrolBrief, Report, ReviewBrief, ScoreNews, ScoreStep,
    TaskBrief, WorkBrief,
};
pub(crate) use desk::{Desk, Turns};
use look::Look;

/// More than any etag of ours has.
const ETAG_CHARS_MAX: usize = 64;

/// What the caller of [`Service::next_work`] wants.
#[derive(Debug, Clone)]
pub struct NextAsk {
    /// Whether to begin what is handed out, so that no second call is needed.
    pub start: bool,
    /// Whether to take new work; without it the call only looks, and writes nothing.
    pub claim: bool,
    /// The caller's runtime session.
    pub session: Option<String>,
    /// The etag of the rules that the caller knows: they are left out while they are the same.
    pub rules_etag: Option<String>,
}

impl Default for NextAsk {
    fn default() -> Self {
        Self { start: true, claim: true, session: None, rules_etag: None }
    }
}

/// Whether there is something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HasWork {
    /// What; none if there is nothing.
    pub action: Option<NextAction>,
    /// After how many seconds to ask again.
    pub next_check_seconds: u32,
}

/// Who asks, and when.
#[derive(Debug, Clone, Copy)]
struct Seeker {
    id: AgentId,
    role: Role,
    now: Timestamp,
}

impl Service {
    /// What the caller should do now, taken and begun where `ask` says so.
    ///
    /// # Errors
    /// Only for agents. A session or an etag that cannot be one.
    pub fn next_work(&self, cx: &Context, ask: &NextAsk) -> Result<NextWork, ServiceError> {
        let me = self.seeker(cx.actor)?;
        let session = crate::sub_task::checked_session(ask.session.as_deref())?;
        if ask.rules_etag.as_ref().is_some_and(|etag| etag.chars().count() > ETAG_CHARS_MAX) {
            let message = format!("must have at most {ETAG_CHARS_MAX} characters");
            return Err(DomainError::from(FieldError::new("rules_etag", message)).into());
        }
        let ask = NextAsk { session, ..ask.clone() };
        if ask.claim {
            self.desk.came(me.id);
        }
        for _ in 0..TRIES {
            let taken = match self.look(me, true)? {
                Look::Nothing => return self.idle(me),
                // Another one may have been given the same a moment ago.
                Look::Lead(lead) if ask.claim && !self.keep(me, &lead) => None,
                Look::Lead(lead) => return self.brief_lead(me, &ask, &lead),
                Look::Own(..) | Look::Queue if ask.claim => self.take(cx, me, &ask)?,
                Look::Own(action, sub_task) => Some((action, *sub_task)),
                Look::Queue => return self.brief_queue(me, &ask),
            };
            if let Some((action, sub_task)) = taken {
                return self.brief_work(me, &ask, action, &sub_task);
            }
        }
        let reason = "others took it first; ask again";
        Ok(NextWork::idle(reason, Duration::from_secs(1), Left::Contested))
    }

    /// Whether there is something to do for an agent. Reads a few rows and writes nothing. What was
    /// looked at a while ago and left as it is calls nobody, of those who ask no more are sent to the
    /// queue than there is work in it, and of what is nobody's own one agent is told at a time.
    ///
    /// # Errors
    /// Only for agents.
    pub fn has_work(&self, actor: Actor) -> Result<HasWork, ServiceError> {
        let me = self.seeker(actor)?;
        let found = self.look(me, false)?;
        let is_called = match &found {
            Look::Queue => self.desk.call(me.id, self.count_ready()?, me.now),
            Look::Lead(lead) => {
                lead.item().is_none_or(|item| self.desk.promise(item, me.id, me.now))
            }
            Look::Own(..) | Look::Nothing => true,
        };
        let action = found.action().filter(|_| is_called);
        let next_check = if action.is_some() { Duration::ZERO } else { idle::CHECK_AGAIN };
        Ok(HasWork { action, next_check_seconds: answer::seconds(next_check) })
    }

    /// What there is to do for an agent that sleeps; who is sent for it is decided elsewhere.
    pub(crate) fn work_for(&self, actor: Actor) -> Result<Option<NextAction>, ServiceError> {
        let me = self.seeker(actor)?;
        Ok(self.look(me, false)?.action())
    }

    fn seeker(&self, actor: Actor) -> Result<Seeker, ServiceError> {
        match actor {
            Actor::Agent { id, role } => Ok(Seeker { id, role, now: self.now() }),
            Actor::Admin | Actor::System => {
                Err(ServiceError::Forbidden("only agents are given work; send an agent's key"))
            }
        }
    }
}
