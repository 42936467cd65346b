//! What the server's own patrol looks for. Pure: what is found follows from what is there and the
//! time, so the same function that finds a condition says when it is gone.

use std::time::Duration;

use serde::{Deserialize, Serialize};

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
        /// The owner calls, and does not begin.
        Untouched = "untouched",
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

/// What is known around a sub-task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signs {
    /// When its owner last called, about whatever.
    pub owner_called_at: Option<Timestamp>,
    /// Whether its owner is at work on another one.
    pub is_owner_at_work: bool,
    /// When an executor last moved anything: a queue is no fault while somebody works on it.
    pub worked_at: Option<Timestamp>,
}

/// A time in which nobody could call, because no server ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Away {
    /// When the last server was last seen.
    pub from: Timestamp,
    /// When one was there again.
    pub to: Timestamp,
}

/// What is looked with. Nobody is blamed for the time in which no server ran.
#[derive(Debug, Clone, Copy)]
pub struct Watch<'a> {
    /// The time of the look.
    pub now: Timestamp,
    /// When no server ran for the last time.
    pub away: Option<Away>,
    /// From when on something is worth a word.
    pub thresholds: &'a Thresholds,
    /// How long a claim holds.
    pub policy: &'a Policy,
}

impl Watch<'_> {
    /// Everything that is wrong with a sub-task.
    #[must_use]
    pub fn inspect(&self, sub_task: &SubTask, signs: &Signs) -> Vec<Sighting> {
        self.standing_still(sub_task, signs).into_iter().chain(self.sent_back(sub_task)).collect()
    }

    fn sent_back(&self, sub_task: &SubTask) -> Option<Sighting> {
        let times = sub_task.rework_count;
        let is_often = times >= self.thresholds.rework_count.max(1);
        (is_often && !sub_task.status.is_terminal()).then(|| {
            let description = format!(
                "{:?} was sent back {times} times; make it smaller or clearer, or give it to \
                 another executor",
                sub_task.name
            );
            sighting(sub_task, Condition::SentBack, false, description)
        })
    }

    /// The one reason why it stands still, if it has done so for too long.
    fn standing_still(&self, sub_task: &SubTask, signs: &Signs) -> Option<Sighting> {
        // Work of a task that rests may rest.
        if sub_task.held {
            return None;
        }
        match sub_task.status {
            Status::Done | Status::Cancelled => None,
            Status::Pending => self.unclaimed(sub_task, signs),
            Status::Assigned | Status::Rework => self.not_begun(sub_task, signs),
            Status::InProgress => self.silent(sub_task),
            Status::Review => self.unreviewed(sub_task),
            Status::Blocked => self.blocked(sub_task),
        }
    }

    fn unclaimed(&self, sub_task: &SubTask, signs: &Signs) -> Option<Sighting> {
        let unchanged = self.unchanged(sub_task);
        let idle = signs.worked_at.map_or(unchanged, |worked| self.since(worked));
        let is_left = sub_task.is_claimable() && unchanged.min(idle) >= self.thresholds.unclaimed;
        is_left.then(|| {
            let (name, since) = (&sub_task.name, words(unchanged));
            let description =
                format!("{name:?} could be claimed for {since}, and nobody has claimed it");
            sighting(sub_task, Condition::Unclaimed, false, description)
        })
    }

    /// Who has a row of work in hand is not lost while it calls.
    fn not_begun(&self, sub_task: &SubTask, signs: &Signs) -> Option<Sighting> {
        let unchanged = self.unchanged(sub_task);
        let silent =
            signs.owner_called_at.map_or(unchanged, |called| self.since(called).min(unchanged));
        if silent >= self.policy.lease && self.is_expired(sub_task) {
            return Some(self.lost(sub_task, silent));
        }
        (unchanged >= self.thresholds.unchanged && !signs.is_owner_at_work).then(|| {
            let (name, since) = (&sub_task.name, words(unchanged));
            let description = format!(
                "the owner of {name:?} has not begun for {since}; wake it, or reassign the work"
            );
            sighting(sub_task, Condition::Untouched, false, description)
        })
    }

    fn silent(&self, sub_task: &SubTask) -> Option<Sighting> {
        let unchanged = self.unchanged(sub_task);
        if self.is_expired(sub_task) {
            return Some(self.lost(sub_task, unchanged));
        }
        (unchanged >= self.thresholds.silent).then(|| {
            let (name, since) = (&sub_task.name, words(unchanged));
            let description =
                format!("nothing has been heard of the owner of {name:?} for {since}");
            sighting(sub_task, Condition::OwnerSilent, false, description)
        })
    }

    /// Its owner is lost. Until the last attempt the next executor gets it.
    fn lost(&self, sub_task: &SubTask, silent: Duration) -> Sighting {
        let (attempt, most) = (sub_task.attempt, self.thresholds.attempts_max.max(1));
        let description = format!(
            "the owner of {:?} has been silent for {} (attempt {attempt} of {most})",
            sub_task.name,
            words(silent)
        );
        let remedy = if attempt < most { Remedy::Requeue } else { Remedy::Block };
        let found = sighting(sub_task, Condition::OwnerLost, true, description);
        Sighting { remedy: Some(remedy), ..found }
    }

    fn unreviewed(&self, sub_task: &SubTask) -> Option<Sighting> {
        let unchanged = self.unchanged(sub_task);
        (unchanged >= self.thresholds.unchanged).then(|| {
            let (name, since) = (&sub_task.name, words(unchanged));
            let description = format!("{name:?} waits for a review for {since}");
            sighting(sub_task, Condition::Unreviewed, false, description)
        })
    }

    fn blocked(&self, sub_task: &SubTask) -> Option<Sighting> {
        let (unchanged, name) = (self.unchanged(sub_task), &sub_task.name);
        if is_given_up(sub_task, self.thresholds) {
            let attempts = sub_task.attempt;
            let description = format!(
                "{attempts} owners of {name:?} fell silent; reassign it, make it smaller, or \
                 cancel it"
            );
            return Some(sighting(sub_task, Condition::OwnerLost, true, description));
        }
        (unchanged >= self.thresholds.unchanged).then(|| {
            let since = words(unchanged);
            let description = format!(
                "{name:?} is blocked for {since}; the planner must reassign, requeue or cancel it"
            );
            sighting(sub_task, Condition::Blocked, false, description)
        })
    }

    /// Whether the lease ran out. Work that was given to somebody has none until it is touched;
    /// then the time since it was given counts.
    fn is_expired(&self, sub_task: &SubTask) -> bool {
        let given = sub_task.updated_at;
        let expiry = sub_task.lease_expires_at.unwrap_or_else(|| given.plus(self.policy.lease));
        expiry <= self.now && self.since(given) >= given.until(expiry)
    }

    fn unchanged(&self, sub_task: &SubTask) -> Duration {
        self.since(sub_task.updated_at)
    }

    /// How long ago `then` was, without the time in which no server ran.
    fn since(&self, then: Timestamp) -> Duration {
        let away = self.away.map_or(Duration::ZERO, |away| away.from.max(then).until(away.to));
        then.until(self.now).saturating_sub(away)
    }

    /// Whether an agent was marked down again and again: `latest` are its last score changes,
    /// newest first.
    #[must_use]
    pub fn inspect_scores(&self, agent: AgentId, latest: &[i64]) -> Option<Sighting> {
        let row = latest.iter().take_while(|delta| **delta < 0).count();
        let most = usize::try_from(self.thresholds.penalties.max(1)).unwrap_or(usize::MAX);
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

    /// Whether work waits for a role of which nobody comes.
    #[must_use]
    pub fn inspect_crew(&self, crew: &Crew) -> Option<Sighting> {
        if crew.waiting == 0 {
            return None;
        }
        let (role, waiting) = (crew.role, things(crew.waiting));
        let description = match crew.last_call.map(|call| self.since(call)) {
            _ if crew.active == 0 => {
                format!("{waiting} for role {role}, and none is active; add or enable one")
            }
            Some(silent) if silent < self.thresholds.unclaimed => return None,
            Some(silent) => {
                let since = words(silent);
                format!("{waiting} for role {role}, and none has called for {since}; wake one")
            }
            None => format!("{waiting} for role {role}, and none has ever called; wake one"),
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
}

fn things(count: i64) -> String {
    if count == 1 { "1 thing waits".to_owned() } else { format!("{count} things wait") }
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

/// A duration as people say it: `2 h 5 min`, `3 d 4 h`.
pub(crate) fn words(duration: Duration) -> String {
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
