//! Waking agents: who is asleep, who is called, and when again.
//!
//! An agent has at most one wake-up outstanding. It is over when the agent calls; when it does not,
//! the next one comes later each time.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::actor::Role;
use crate::error::{DomainError, FieldError, Fields};
use crate::id::{AgentId, SubTaskId, WakeUpId};
use crate::next::NextAction;
use crate::outbox::Sending;
use crate::text;
use crate::time::Timestamp;
use crate::token::token_enum;

/// After how many tries a wake-up is given up: about five minutes. Then another one is made.
pub const TRIES_MAX: u32 = 6;
/// For how long an agent that called counts as awake: it asks again by itself.
const AWAKE_FOR: Duration = Duration::from_mins(2);
/// For how long an agent with work in progress may be silent before it is called to go on.
const AT_WORK_FOR: Duration = Duration::from_mins(30);
/// How soon after a wake-up that was answered the next one may come.
const BETWEEN: Duration = Duration::from_mins(3);
/// How long a first wake-up that was not answered is waited for; it doubles with each one.
const WAIT_MIN: Duration = Duration::from_mins(10);
/// The longest that one is waited for.
const WAIT_MAX: Duration = Duration::from_hours(6);
/// Longest name of an agent or a hook in a runtime, in characters.
const RUNTIME_NAME_CHARS_MAX: usize = 100;

token_enum! {
    /// How an agent's runtime is woken.
    WakeKind {
        /// By a hook of its OpenClaw gateway.
        Openclaw = "openclaw",
        /// By a signed webhook.
        Webhook = "webhook",
    }
}

/// Where an agent is woken.
#[derive(Clone, PartialEq, Eq)]
pub struct WakeTarget {
    /// Whom it wakes.
    pub agent_id: AgentId,
    /// How.
    pub kind: WakeKind,
    /// The gateway's address, or the webhook's.
    pub url: String,
    /// The gateway's token, or what signs the webhook; empty: none.
    pub secret: String,
    /// What the agent is called in its OpenClaw.
    pub runtime_agent: Option<String>,
    /// The mapped hook of the gateway; `None`: the one for agents.
    pub hook: Option<String>,
}

/// Without the secret.
impl fmt::Debug for WakeTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WakeTarget")
            .field("agent_id", &self.agent_id)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl WakeTarget {
    /// The same with checked names. The URL is the caller's affair.
    ///
    /// # Errors
    /// [`DomainError::Invalid`] with every wrong field.
    pub fn checked(&self) -> Result<Self, DomainError> {
        let mut fields = Fields::default();
        let name = |fields: &mut Fields, field: &str, value: &Option<String>| {
            let value = value.as_deref().filter(|value| !value.trim().is_empty());
            value.map(|value| fields.keep(runtime_name(field, value)))
        };
        let runtime_agent = name(&mut fields, "runtime_agent", &self.runtime_agent);
        let hook = name(&mut fields, "hook", &self.hook);
        if self.kind == WakeKind::Webhook {
            for (field, value) in [("runtime_agent", &runtime_agent), ("hook", &hook)] {
                if value.is_some() {
                    fields.push(field, "is for openclaw only");
                }
            }
        }
        if self.secret.chars().count() > text::LINE_CHARS_MAX
            || !self.secret.chars().all(|c| c.is_ascii_graphic())
        {
            let most = text::LINE_CHARS_MAX;
            fields.push("secret", format!("must have at most {most} visible ASCII characters"));
        }
        fields.finish()?;
        Ok(Self { runtime_agent, hook, ..self.clone() })
    }
}

/// A name that stands in a path or names an agent elsewhere.
fn runtime_name(field: &str, raw: &str) -> Result<String, FieldError> {
    let name = text::line(field, raw, RUNTIME_NAME_CHARS_MAX)?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.chars().all(is_plain) && name != "." && name != ".." {
        Ok(name)
    } else {
        Err(FieldError::new(field, "must have letters, digits, and - _ . only"))
    }
}

/// How it stands with the waking of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WakeState {
    /// The wake-up that the agent has not answered yet.
    pub outstanding: Option<WakeUpId>,
    /// For what.
    pub action: Option<NextAction>,
    /// When the last one was made; none if there was none.
    pub woken_at: Option<Timestamp>,
    /// How many in a row were not answered.
    pub unanswered: u32,
    /// Before this time there is no other one.
    pub not_before: Timestamp,
}

impl WakeState {
    /// Of an agent that was never woken.
    pub const NEW: Self = Self {
        outstanding: None,
        action: None,
        woken_at: None,
        unanswered: 0,
        not_before: Timestamp::from_micros(0),
    };

    /// The same after another wake-up.
    #[must_use]
    pub fn woken(self, id: WakeUpId, action: NextAction, now: Timestamp) -> Self {
        let wait = WAIT_MIN.saturating_mul(1 << self.unanswered.min(20)).min(WAIT_MAX);
        Self {
            outstanding: Some(id),
            action: Some(action),
            woken_at: Some(now),
            unanswered: self.unanswered + 1,
            not_before: now.plus(wait),
        }
    }

    /// The same once the agent called after the wake-up; `None` if there is nothing to note.
    #[must_use]
    pub fn answered(self, last_call: Option<Timestamp>) -> Option<Self> {
        let woken_at = self.woken_at.filter(|_| self.outstanding.is_some())?;
        last_call.filter(|call| *call > woken_at)?;
        let not_before = woken_at.plus(BETWEEN);
        Some(Self { outstanding: None, action: None, unanswered: 0, not_before, ..self })
    }
}

/// An agent that could be woken, and what there is to know about that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sleeper {
    /// Which one.
    pub agent_id: AgentId,
    /// Of which role.
    pub role: Role,
    /// When it last called.
    pub last_call: Option<Timestamp>,
    /// Whether it has work in progress.
    pub is_at_work: bool,
    /// How it stands with its waking.
    pub state: WakeState,
}

impl Sleeper {
    /// Whether it will ask for work by itself.
    #[must_use]
    pub fn is_awake(&self, now: Timestamp) -> bool {
        let silent_for = |most| self.last_call.is_some_and(|call| call.until(now) < most);
        silent_for(if self.is_at_work { AT_WORK_FOR } else { AWAKE_FOR })
    }

    /// Whether a wake-up may be made now.
    #[must_use]
    pub fn may_be_woken(&self, now: Timestamp) -> bool {
        !self.is_awake(now) && now >= self.state.not_before
    }
}

/// Whether one of several agents is enough for it, or it is a certain agent's own.
#[must_use]
pub const fn is_shared(action: NextAction) -> bool {
    match action {
        NextAction::Rework | NextAction::Continue | NextAction::Start | NextAction::Idle => false,
        NextAction::Claim
        | NextAction::Review
        | NextAction::Plan
        | NextAction::Unblock
        | NextAction::Deliver
        | NextAction::Patrol => true,
    }
}

/// Whom to wake: each agent with work of its own, and for work that is shared as many as there is
/// work, less those that are awake or on their way; whoever was woken longest ago comes first.
/// `has_work` are those of `all` that may be woken, with what for.
#[must_use]
pub fn choose(
    all: &[Sleeper],
    has_work: &[(AgentId, NextAction)],
    amount: impl Fn(NextAction) -> i64,
    now: Timestamp,
) -> Vec<(AgentId, NextAction)> {
    let mut free: BTreeMap<&str, i64> = BTreeMap::new();
    let mut wanted: Vec<_> = has_work
        .iter()
        .filter_map(|(id, action)| {
            let sleeper = all.iter().find(|one| one.agent_id == *id)?;
            Some((sleeper.state.woken_at, *id, *action))
        })
        .collect();
    // Who was never woken comes first.
    wanted.sort_unstable();
    let mut chosen = Vec::new();
    for (_, id, action) in wanted {
        if is_shared(action) {
            let free = free.entry(action.as_str()).or_insert_with(|| {
                let role = role_of(all, id);
                amount(action) - on_their_way(all, role, action, now)
            });
            if *free <= 0 {
                continue;
            }
            *free -= 1;
        }
        chosen.push((id, action));
    }
    chosen
}

fn role_of(all: &[Sleeper], id: AgentId) -> Option<Role> {
    all.iter().find(|one| one.agent_id == id).map(|one| one.role)
}

/// How many of a role are going to ask, or were just asked, to do it.
fn on_their_way(all: &[Sleeper], role: Option<Role>, action: NextAction, now: Timestamp) -> i64 {
    let is_coming = |one: &&Sleeper| {
        let is_called = one.state.action == Some(action) && now < one.state.not_before;
        Some(one.role) == role && (is_called || (one.is_awake(now) && !one.is_at_work))
    };
    i64::try_from(all.iter().filter(is_coming).count()).unwrap_or(i64::MAX)
}

/// One wake-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WakeUp {
    /// Its id, which is its idempotency key, too.
    pub id: WakeUpId,
    /// Whom it wakes.
    pub agent_id: AgentId,
    /// What there is to do.
    pub action: NextAction,
    /// With which sub-task, if it is the agent's own.
    pub sub_task_id: Option<SubTaskId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// How far it is.
    pub sending: Sending,
    /// When the agent called after it.
    pub answered_at: Option<Timestamp>,
}

/// What an agent is told: one line without secrets and without instructions of its own.
#[must_use]
pub fn text(action: NextAction) -> String {
    if action == NextAction::Idle {
        return "OpenMOSS can wake you: this is a test, there is nothing to do".to_owned();
    }
    format!("OpenMOSS has work for you ({action}). Run your openmoss skill: next")
}
