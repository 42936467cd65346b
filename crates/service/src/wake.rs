//! Waking agents when there is work for them: who is called is decided in rounds, and each wake-up
//! is written down before it is sent.

mod send;
mod target;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use openmoss_domain::next::{NextAction, stirs};
use openmoss_domain::outbox::{DeliveryStatus, Outcome};
use openmoss_domain::sub_task::Status;
use openmoss_domain::wake::{Sleeper, TRIES_MAX, WakeUp, choose};
use openmoss_domain::{Actor, AgentId, SubTaskId, Timestamp, WakeUpId};
use openmoss_storage::counter::{CLAIMABLE, Scope, counts, counts_of_each};
use openmoss_storage::sub_task::Facets;
use openmoss_storage::{Page, Swap, Window, agent, sub_task, wake};
use rand::Rng as _;

use crate::error::ServiceError;
use crate::id::fresh;
use crate::{Recorded, Service};

pub use target::{NewTarget, SeenTarget};

/// How long one looks for work at most without an event that says so.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Wake-ups that are sent at the same time.
const AT_ONCE: i64 = 8;
/// How often one round looks for more of them.
const LOOKS_MAX: usize = 8;
/// Most wake-ups that one transaction forgets, and most transactions in a row that do so.
const FORGET_MAX: i64 = 1_000;
const FORGET_ROUNDS_MAX: usize = 20;

/// Whether it is time to look for work for agents that sleep.
#[derive(Default)]
pub(crate) struct Alarm {
    is_stirred: Arc<AtomicBool>,
    looked_at: Mutex<Option<Timestamp>>,
}

impl Alarm {
    /// Hears events: some of them give somebody work.
    pub(crate) fn listener(&self) -> crate::Listener {
        let is_stirred = Arc::clone(&self.is_stirred);
        Box::new(move |events: &[Recorded]| {
            if events.iter().any(|event| !stirs(event.kind).is_empty()) {
                is_stirred.store(true, Ordering::Relaxed);
            }
        })
    }

    fn is_due(&self, now: Timestamp) -> bool {
        let mut looked_at = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_late = looked_at.is_none_or(|at| at.until(now) >= LOOK_EVERY);
        let is_due = self.is_stirred.swap(false, Ordering::Relaxed) || is_late;
        if is_due {
            *looked_at = Some(now);
        }
        is_due
    }
}

impl Service {
    /// One round of the job: decides who is woken when something happened, and sends what is due.
    pub(crate) fn keep_agents_awake(&self) -> Result<(), ServiceError> {
        if self.alarm.is_due(self.now()) {
            self.wake_agents()?;
        }
        self.send_wake_ups()
    }

    /// Decides which agents are woken now, and writes that down. Several servers may do so at once:
    /// each agent is woken by one of them.
    ///
    /// # Errors
    /// When the database is busy or away.
    pub fn wake_agents(&self) -> Result<(), ServiceError> {
        let mut all = self.read(|reader| Ok(wake::list_sleepers(reader)?))?;
        if all.is_empty() {
            return Ok(());
        }
        self.note_answers(&mut all)?;
        self.note_work(&mut all)?;
        let now = self.now();
        let mut has_work = Vec::new();
        for one in all.iter().filter(|one| one.may_be_woken(now)) {
            let actor = Actor::Agent { id: one.agent_id, role: one.role };
            if let Some(action) = self.work_for(actor)? {
                has_work.push((one.agent_id, action));
            }
        }
        if has_work.is_empty() {
            return Ok(());
        }
        let amounts = self.amounts()?;
        for (id, action) in choose(&all, &has_work, |action| amounts.of(action), now) {
            let sleeper = all.iter().find(|one| one.agent_id == id);
            if let Some(sleeper) = sleeper {
                self.make_wake_up(sleeper, action, now)?;
            }
        }
        Ok(())
    }

    /// Notes which agents called after they were woken. A wake-up of theirs that is still under way
    /// is not needed any more.
    fn note_answers(&self, all: &mut [Sleeper]) -> Result<(), ServiceError> {
        for one in all {
            let Some(next) = one.state.answered(one.last_call) else { continue };
            let (Some(id), Some(at)) = (one.state.outstanding, one.last_call) else { continue };
            let (agent_id, before, now) = (one.agent_id, one.state, self.now());
            self.store.write(move |writer| -> Result<(), ServiceError> {
                if wake::compare_and_set_state(writer, agent_id, &before, &next)? == Swap::Lost {
                    return Ok(());
                }
                wake::set_answered(writer, id, at)?;
                if let Some(wake_up) = wake::find(writer, id)?
                    && wake_up.sending.status == DeliveryStatus::Pending
                {
                    let reason = Outcome::Never("the agent called by itself".to_owned());
                    let over = wake_up.sending.settled(reason, now, TRIES_MAX, 0);
                    // If somebody sends it at this moment, it is not needed and does no harm.
                    let _swap: Swap = wake::compare_and_set(writer, &wake_up, &over)?;
                }
                Ok(())
            })?;
            one.state = next;
        }
        Ok(())
    }

    fn note_work(&self, all: &mut [Sleeper]) -> Result<(), ServiceError> {
        let scopes: Vec<Scope> = all.iter().map(|one| Scope::Agent(one.agent_id)).collect();
        let work = self.read(|reader| Ok(counts_of_each(reader, &scopes)?))?;
        for (one, work) in all.iter_mut().zip(work) {
            one.is_at_work = work.get(Status::InProgress.as_str()) > 0;
        }
        Ok(())
    }

    fn amounts(&self) -> Result<Amounts, ServiceError> {
        self.read(|reader| {
            let counts = counts(reader, Scope::SubTasks)?;
            let review = Facets { status: Some(Status::Review), ..Facets::default() };
            Ok(Amounts { claimable: counts.get(CLAIMABLE), in_review: review.count(&counts) })
        })
    }

    fn make_wake_up(
        &self,
        sleeper: &Sleeper,
        action: NextAction,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let (agent_id, before) = (sleeper.agent_id, sleeper.state);
        let id = WakeUpId::from_uuid(fresh());
        let next = before.woken(id, action, now);
        self.store.write(move |writer| -> Result<(), ServiceError> {
            if wake::compare_and_set_state(writer, agent_id, &before, &next)? == Swap::Lost {
                return Ok(());
            }
            let sub_task_id = own_work(writer, agent_id, action)?;
            let sending = openmoss_domain::outbox::Sending::new(now);
            let new = WakeUp {
                id,
                agent_id,
                action,
                sub_task_id,
                created_at: now,
                sending,
                answered_at: None,
            };
            Ok(wake::insert(writer, &new)?)
        })
    }

    /// Sends the wake-ups that are due.
    ///
    /// # Errors
    /// When the database is busy or away.
    pub fn send_wake_ups(&self) -> Result<(), ServiceError> {
        for _ in 0..LOOKS_MAX {
            let now = self.now();
            let due = self.read(|reader| Ok(wake::list_due(reader, now, AT_ONCE)?))?;
            if due.is_empty() || self.is_closing() {
                return Ok(());
            }
            let taken = self.take_wake_ups(due)?;
            thread::scope(|scope| {
                for one in &taken {
                    scope.spawn(|| self.send_wake_up(one));
                }
            });
        }
        Ok(())
    }

    /// Those that nobody else took meanwhile.
    fn take_wake_ups(&self, due: Vec<WakeUp>) -> Result<Vec<WakeUp>, ServiceError> {
        let now = self.now();
        self.store.write(move |writer| -> Result<_, ServiceError> {
            let mut taken = Vec::with_capacity(due.len());
            for before in &due {
                let sending = before.sending.taken(now);
                if wake::compare_and_set(writer, before, &sending)? == Swap::Swapped {
                    taken.push(WakeUp { sending, ..before.clone() });
                }
            }
            Ok(taken)
        })
    }

    /// Sends one wake-up that was taken, and writes down what came of it.
    fn send_wake_up(&self, taken: &WakeUp) {
        let outcome = match self.try_to_wake(taken) {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::warn!(wake_up = %taken.id, %error, "a wake-up could not be made");
                crate::outward::later("it could not be made; the server's log says why")
            }
        };
        let spread = rand::rng().random_range(0..1_000);
        let next = taken.sending.settled(outcome, self.now(), TRIES_MAX, spread);
        if next.status == DeliveryStatus::Dead {
            let (agent, reason) = (taken.agent_id, &next.last_error);
            tracing::warn!(%agent, ?reason, "an agent could not be woken");
        }
        let before = taken.clone();
        let written = self.store.write(move |writer| -> Result<Swap, ServiceError> {
            Ok(wake::compare_and_set(writer, &before, &next)?)
        });
        if let Err(error) = written {
            tracing::warn!(wake_up = %taken.id, %error, "a wake-up may be sent again");
        }
    }

    fn try_to_wake(&self, taken: &WakeUp) -> Result<Outcome, ServiceError> {
        let (target, agent) = self.read(|reader| {
            let target = wake::find_target(reader, taken.agent_id)?;
            Ok((target, agent::find(reader, taken.agent_id)?))
        })?;
        let Some(((target, state), agent)) = target.zip(agent) else {
            return Ok(Outcome::Never("the agent is woken nowhere any more".to_owned()));
        };
        if state.outstanding != Some(taken.id) {
            return Ok(Outcome::Never(
                "the agent called by itself, or is woken elsewhere".to_owned(),
            ));
        }
        Ok(send::send(&target, &agent, taken, &self.settings().delivery, self.now()))
    }

    /// A page of an agent's wake-ups, newest first.
    pub fn list_wake_ups(
        &self,
        agent_id: AgentId,
        window: Window,
    ) -> Result<Page<WakeUp>, ServiceError> {
        self.read(|reader| {
            agent::find(reader, agent_id)?.ok_or(ServiceError::not_found("agent"))?;
            Ok(wake::list(reader, agent_id, window)?)
        })
    }

    /// Forgets wake-ups that were over for longer than the settings say.
    pub(crate) fn forget_old_wake_ups(&self) -> Result<(), ServiceError> {
        let kept = u64::from(self.settings().delivery.history_days);
        let before = self.now().minus(Duration::from_hours(24 * kept));
        for _ in 0..FORGET_ROUNDS_MAX {
            let forgotten = self.store.write(move |writer| -> Result<usize, ServiceError> {
                Ok(wake::delete_before(writer, before, FORGET_MAX)?)
            })?;
            if i64::try_from(forgotten).is_ok_and(|forgotten| forgotten < FORGET_MAX) {
                break;
            }
        }
        Ok(())
    }
}

/// How much there is to do that several agents could do.
struct Amounts {
    claimable: i64,
    in_review: i64,
}

impl Amounts {
    fn of(&self, action: NextAction) -> i64 {
        match action {
            NextAction::Claim => self.claimable,
            NextAction::Review => self.in_review,
            // One looks at all of it.
            NextAction::Plan
            | NextAction::Unblock
            | NextAction::Deliver
            | NextAction::Patrol
            | NextAction::Rework
            | NextAction::Continue
            | NextAction::Start
            | NextAction::Idle => 1,
        }
    }
}

/// The sub-task of the agent's own that it is woken for.
fn own_work(
    writer: &mut openmoss_storage::Writer,
    agent_id: AgentId,
    action: NextAction,
) -> Result<Option<SubTaskId>, ServiceError> {
    let status = match action {
        NextAction::Rework => Status::Rework,
        NextAction::Continue => Status::InProgress,
        NextAction::Start => Status::Assigned,
        NextAction::Claim
        | NextAction::Review
        | NextAction::Plan
        | NextAction::Unblock
        | NextAction::Deliver
        | NextAction::Patrol
        | NextAction::Idle => return Ok(None),
    };
    Ok(sub_task::in_hand(writer, agent_id, status)?.map(|found| found.id))
}
