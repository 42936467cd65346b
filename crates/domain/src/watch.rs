//! What the server's own patrol looks for. Pure: what is found follows from what is there and the
//! time, so the same function that finds a condition says when it is gone.

use std::time::Duration;

use crate::actor::Role;
use crate::id::{AgentId, SubTaskId, TaskId};
use crate::policy::Policy;
use crate::sub_task::{BlockedKind, Status, SubTask};
use crate::time::Timestamp;
use crate::token::token_enum;

token_enum! {
    /// A condition that should not last.
    Condition {
        /// The owner has not been heard of for a while.
        OwnerSilent = "owner_silent",
        /// The owner has not been heard of since its lease ran out.
        OwnerLost = "owner_lost",
        /// Nobody has decided what to do with blocked work.
        Blocked = "blocked_long",
        /// Nobody has looked at what was handed in.
        Unreviewed = "unreviewed",
        /// It can be claimed, and nobody has.
        Unclaimed = "unclaimed",
        /// It was sent back again and again.
        SentBack = "sent_back_often",
        /// An agent was marked down again and again.
        MarkedDown = "marked_down",
        /// There is work for a role, and nobody of that role comes.
        Stranded = "stranded",
    }
}

/// From when on something is worth a word. The defaults are the numbers of the existing patrol
/// prompt; after how long an owner counts as lost is `Policy::lease`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// How long an owner at work may be silent.
    pub silent: Duration,
    /// How long blocked work, or work in review, may stay unchanged.
    pub unchanged: Duration,
    /// How long claimable work may stay unclaimed, and for how long a role may be away while there
    /// is work for it.
    pub unclaimed: Duration,
    /// How often work may be sent back.
    pub rework_count: u32,
    /// How many penalties in a row an agent may get.
    pub penalties: u32,
    /// How many owners may be lost before the planner must decide.
    pub attempts_max: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            silent: Duration::from_hours(1),
            unchanged: Duration::from_hours(2),
            unclaimed: Duration::from_hours(1),
            rework_count: 3,
            penalties: 3,
            attempts_max: 3,
        }
    }
}

/// What the server does about it by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Take the work from its owner and put it back into the queue.
    Requeue,
    /// Take the work from its owner and leave it to the planner.
    Block,
}

/// A condition that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// What it is.
    pub condition: Condition,
    /// Whether work stands still.
    pub is_critical: bool,
    /// The same as long as the condition lasts, and another one when it comes again.
    pub key: String,
    /// In words, with what would help.
    pub description: String,
    /// The goal that it concerns.
    pub task_id: Option<TaskId>,
    /// The sub-task that it concerns.
    pub sub_task_id: Option<SubTaskId>,
    /// The agent that it concerns.
    pub agent_id: Option<AgentId>,
    /// What the server does about it.
    pub remedy: Option<Remedy>,
}

/// Everything that is wrong with a sub-task.
#[must_use]
pub fn inspect_sub_task(
    sub_task: &SubTask,
    now: Timestamp,
    thresholds: &Thresholds,
    policy: &Policy,
) -> Vec<Sighting> {
    let sent_back = sub_task.rework_count >= thresholds.rework_count.max(1);
    let sent_back = (sent_back && !sub_task.status.is_terminal()).then(|| {
        let times = sub_task.rework_count;
        let description = format!(
            "{:?} was sent back {times} times; make it smaller or clearer, or give it to another \
             executor",
            sub_task.name
        );
        sighting(sub_task, Condition::SentBack, false, description)
    });
    standing_still(sub_task, now, thresholds, policy).into_iter().chain(sent_back).collect()
}

/// The one reason why it stands still, if it has done so for too long.
#[expect(clippy::match_same_arms, reason = "each status stands with what is looked for in it")]
fn standing_still(
    sub_task: &SubTask,
    now: Timestamp,
    thresholds: &Thresholds,
    policy: &Policy,
) -> Option<Sighting> {
    let unchanged = sub_task.updated_at.until(now);
    let name = &sub_task.name;
    let found = |condition, is_critical, description| {
        Some(sighting(sub_task, condition, is_critical, description))
    };
    match sub_task.status {
        Status::Done | Status::Cancelled => None,
        // Work of a task that rests may rest.
        _ if sub_task.held => None,
        Status::Pending if sub_task.is_claimable() && unchanged >= thresholds.unclaimed => {
            let since = words(unchanged);
            found(
                Condition::Unclaimed,
                false,
                format!("{name:?} could be claimed for {since}, and nobody has claimed it"),
            )
        }
        Status::Pending => None,
        Status::Assigned | Status::InProgress | Status::Rework if unchanged >= policy.lease => {
            Some(lost(sub_task, unchanged, thresholds))
        }
        Status::InProgress if unchanged >= thresholds.silent => {
            let since = words(unchanged);
            found(
                Condition::OwnerSilent,
                false,
                format!("nothing has been heard of the owner of {name:?} for {since}"),
            )
        }
        Status::Assigned | Status::InProgress | Status::Rework => None,
        Status::Review if unchanged >= thresholds.unchanged => {
            let since = words(unchanged);
            let description = format!("{name:?} waits for a review for {since}");
            found(Condition::Unreviewed, false, description)
        }
        Status::Review => None,
        Status::Blocked if is_given_up(sub_task, thresholds) => {
            let attempts = sub_task.attempt;
            found(
                Condition::OwnerLost,
                true,
                format!(
                    "{attempts} owners of {name:?} fell silent; reassign it, make it smaller, or \
                     cancel it"
                ),
            )
        }
        Status::Blocked if unchanged >= thresholds.unchanged => {
            let since = words(unchanged);
            let description = format!(
                "{name:?} is blocked for {since}; the planner must reassign, requeue or cancel it"
            );
            found(Condition::Blocked, false, description)
        }
        Status::Blocked => None,
    }
}

/// Its owner is lost. Until the last attempt the next executor gets it.
fn lost(sub_task: &SubTask, silent: Duration, thresholds: &Thresholds) -> Sighting {
    let (attempt, most) = (sub_task.attempt, thresholds.attempts_max.max(1));
    let description = format!(
        "the owner of {:?} has been silent for {} (attempt {attempt} of {most})",
        sub_task.name,
        words(silent)
    );
    let remedy = if attempt < most { Remedy::Requeue } else { Remedy::Block };
    let found = sighting(sub_task, Condition::OwnerLost, true, description);
    Sighting { remedy: Some(remedy), ..found }
}

/// Whether the server gave up finding an owner that stays.
fn is_given_up(sub_task: &SubTask, thresholds: &Thresholds) -> bool {
    let is_timeout =
        sub_task.blocked.as_ref().is_some_and(|cause| cause.kind == BlockedKind::Timeout);
    is_timeout && sub_task.attempt >= thresholds.attempts_max.max(1)
}

fn sighting(
    sub_task: &SubTask,
    condition: Condition,
    is_critical: bool,
    description: String,
) -> Sighting {
    // A new attempt, or one more rejection, is a new story.
    let (attempt, rejections) = (sub_task.attempt, sub_task.rework_count);
    Sighting {
        condition,
        is_critical,
        key: format!("{condition}:{}:{attempt}:{rejections}", sub_task.id),
        description,
        task_id: Some(sub_task.task_id),
        sub_task_id: Some(sub_task.id),
        agent_id: sub_task.owner,
        remedy: None,
    }
}

/// Whether an agent was marked down again and again: `latest` are its last score changes, newest
/// first.
#[must_use]
pub fn inspect_scores(agent: AgentId, latest: &[i64], thresholds: &Thresholds) -> Option<Sighting> {
    let row = latest.iter().take_while(|delta| **delta < 0).count();
    let most = usize::try_from(thresholds.penalties.max(1)).unwrap_or(usize::MAX);
    (row >= most).then(|| Sighting {
        condition: Condition::MarkedDown,
        is_critical: false,
        key: format!("{}:{agent}", Condition::MarkedDown),
        description: format!("the last {row} score changes of this agent were penalties"),
        task_id: None,
        sub_task_id: None,
        agent_id: Some(agent),
        remedy: None,
    })
}

/// A role, what waits for it, and who is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crew {
    /// The role.
    pub role: Role,
    /// How many things wait for somebody of this role.
    pub waiting: i64,
    /// How many agents of this role are active.
    pub active: i64,
    /// When one of them last called.
    pub last_call: Option<Timestamp>,
}

/// Whether work waits for a role of which nobody comes.
#[must_use]
pub fn inspect_crew(crew: &Crew, now: Timestamp, thresholds: &Thresholds) -> Option<Sighting> {
    if crew.waiting == 0 {
        return None;
    }
    let (role, waiting) = (crew.role, crew.waiting);
    let silent = crew.last_call.map(|call| call.until(now));
    let description = match silent {
        _ if crew.active == 0 => {
            format!("{waiting} things wait for role {role}, and none is active; add or enable one")
        }
        Some(silent) if silent < thresholds.unclaimed => return None,
        Some(silent) => {
            let since = words(silent);
            format!(
                "{waiting} things wait for role {role}, and none has called for {since}; wake one"
            )
        }
        None => {
            format!("{waiting} things wait for role {role}, and none has ever called; wake one")
        }
    };
    Some(Sighting {
        condition: Condition::Stranded,
        is_critical: true,
        key: format!("{}:{role}", Condition::Stranded),
        description,
        task_id: None,
        sub_task_id: None,
        agent_id: None,
        remedy: None,
    })
}

/// A duration as people say it: `2 h 5 min`, `3 d 4 h`.
fn words(duration: Duration) -> String {
    let minutes = duration.as_secs() / 60;
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours, minutes) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, 0, _) => format!("{days} d"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}
