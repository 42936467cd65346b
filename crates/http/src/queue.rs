//! Agents that wait for work, in a line for each role. No waiter asks the database by itself: one
//! listener hears the events for all, and calls the first in the line. Whoever was called passes the
//! call on when it has looked, so one new sub-task wakes two waiters, however many there are: the one
//! that takes it, and one that finds nothing left.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openmoss_domain::next::stirs;
use openmoss_domain::{AgentId, EventKind, Role};
use openmoss_service::{Recorded, Service};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Agents that may wait at once; the next one is answered at once.
const WAITERS_MAX: usize = 4096;

/// The lines of those who wait.
pub(crate) struct Lines {
    lines: Vec<(Role, Mutex<Line>)>,
    places: Arc<Semaphore>,
}

/// Who waits, the longest first.
#[derive(Default)]
struct Line {
    /// Grows whenever there may be something new.
    round: u64,
    waiters: VecDeque<Waiter>,
}

struct Waiter {
    agent: AgentId,
    /// The round in which it looked last.
    looked_in: u64,
    wake: oneshot::Sender<Turn>,
}

/// The right and the duty to look. Dropped, it passes the call on to the next who waits, so that
/// none is lost with a waiter that is gone.
pub(crate) struct Turn {
    lines: Option<Arc<Lines>>,
    role: Role,
}

impl Turn {
    /// There is nothing left, so nobody else needs to look.
    pub(crate) fn end(mut self) {
        self.lines = None;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(lines) = self.lines.take() {
            lines.call_first(self.role);
        }
    }
}

impl Lines {
    /// Lines that hear the events of `service`.
    pub(crate) fn of(service: &Service) -> Arc<Self> {
        let lines = Arc::new(Self::empty());
        let heard = Arc::clone(&lines);
        service.on_events(Box::new(move |events| heard.hear(events)));
        lines
    }

    fn empty() -> Self {
        let lines = Role::ALL.iter().map(|role| (*role, Mutex::default())).collect();
        Self { lines, places: Arc::new(Semaphore::new(WAITERS_MAX)) }
    }

    /// A place to wait at, if one is free.
    pub(crate) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// The round now: to be read before a look, and given when one waits after it.
    pub(crate) fn round(&self, role: Role) -> u64 {
        self.line(role).map_or(0, |line| line.round)
    }

    /// Joins the line of `role` after a look that began in round `looked_in`; none if there may be
    /// something new since.
    pub(crate) fn join(
        &self,
        role: Role,
        agent: AgentId,
        looked_in: u64,
    ) -> Option<oneshot::Receiver<Turn>> {
        let mut line = self.line(role)?;
        if line.round != looked_in {
            return None;
        }
        let (wake, woken) = oneshot::channel();
        // Whoever left without being called leaves its place behind.
        line.waiters.retain(|waiter| !waiter.wake.is_closed());
        line.waiters.push_back(Waiter { agent, looked_in, wake });
        Some(woken)
    }

    fn line(&self, role: Role) -> Option<MutexGuard<'_, Line>> {
        let line = self.lines.iter().find(|(one, _)| *one == role)?;
        Some(line.1.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn hear(self: &Arc<Self>, events: &[Recorded]) {
        for role in Role::ALL {
            let stirring: Vec<_> =
                events.iter().filter(|event| stirs(event.kind).contains(role)).collect();
            if stirring.is_empty() {
                continue;
            }
            if let Some(mut line) = self.line(*role) {
                line.round += 1;
            }
            let (named, open): (Vec<&Recorded>, Vec<&Recorded>) =
                stirring.into_iter().partition(|event| names_its_agent(event.kind));
            let named: HashSet<AgentId> = named.iter().filter_map(|event| event.agent_id).collect();
            self.call(*role, |waiter| named.contains(&waiter.agent));
            for _ in open {
                if !self.call_first(*role) {
                    break;
                }
            }
        }
    }

    /// Calls the first in the line who has not looked in this round; whether there was one.
    fn call_first(self: &Arc<Self>, role: Role) -> bool {
        loop {
            let first = self.line(role).and_then(|mut line| {
                let round = line.round;
                let at = line.waiters.iter().position(|waiter| waiter.looked_in < round)?;
                line.waiters.remove(at)
            });
            let Some(waiter) = first else { return false };
            if self.wake(role, waiter) {
                return true;
            }
        }
    }

    /// Calls all whom `is_meant` picks.
    fn call(self: &Arc<Self>, role: Role, is_meant: impl Fn(&Waiter) -> bool) {
        let mut called = Vec::new();
        if let Some(mut line) = self.line(role) {
            let (meant, others): (VecDeque<_>, VecDeque<_>) =
                line.waiters.drain(..).partition(is_meant);
            line.waiters = others;
            called.extend(meant);
        }
        for waiter in called {
            self.wake(role, waiter);
        }
    }

    /// Wakes a waiter, outside the lock: a turn that comes back at once calls the next one.
    fn wake(self: &Arc<Self>, role: Role, waiter: Waiter) -> bool {
        let turn = Turn { lines: Some(Arc::clone(self)), role };
        match waiter.wake.send(turn) {
            Ok(()) => true,
            Err(unheard) => {
                unheard.end();
                false
            }
        }
    }
}

/// Whether an event concerns the agent that it names and no other.
const fn names_its_agent(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::SubTaskAssigned
            | EventKind::SubTaskReassigned
            | EventKind::SubTaskRejected
            | EventKind::AgentEdited
    )
}

#[cfg(test)]
mod tests {
    use openmoss_domain::{EventId, Timestamp};
    use uuid::Uuid;

    use super::*;

    const EXECUTOR: Role = Role::Executor;

    fn agent(number: u128) -> AgentId {
        AgentId::from_uuid(Uuid::from_u128(number))
    }

    fn event(kind: EventKind, about: Option<AgentId>) -> Recorded {
        Recorded {
            seq: 1,
            id: EventId::from_uuid(Uuid::nil()),
            at: Timestamp::from_micros(0),
            kind,
            actor_kind: openmoss_domain::ActorKind::Admin,
            actor_id: None,
            task_id: None,
            sub_task_id: None,
            agent_id: about,
            payload: openmoss_domain::event::Payload::default(),
        }
    }

    /// Waiters that looked before anything happened.
    fn waiting(lines: &Lines, number: u128) -> Vec<oneshot::Receiver<Turn>> {
        let round = lines.round(EXECUTOR);
        (0..number).map(|n| lines.join(EXECUTOR, agent(n), round).unwrap()).collect()
    }

    #[test]
    fn one_piece_of_work_calls_one_and_whoever_looked_calls_the_next() {
        let lines = Arc::new(Lines::empty());
        let mut waiters = waiting(&lines, 3);
        lines.hear(&[event(EventKind::SubTaskReady, None)]);
        let turn = waiters[0].try_recv().unwrap();
        assert!(waiters[1].try_recv().is_err());
        drop(turn);
        let turn = waiters[1].try_recv().unwrap();
        turn.end();
        assert!(waiters[2].try_recv().is_err(), "there was nothing left");
    }

    #[test]
    fn as_many_are_called_as_there_is_work() {
        let lines = Arc::new(Lines::empty());
        let mut waiters = waiting(&lines, 4);
        let created = || event(EventKind::SubTaskCreated, None);
        lines.hear(&[created(), created(), created()]);
        let called = waiters.iter_mut().map(oneshot::Receiver::try_recv);
        // The turns are kept, or they would call the next.
        let called: Vec<_> = called.map(Result::ok).collect();
        assert_eq!(called.iter().flatten().count(), 3);
        assert!(called[3].is_none());
    }

    #[test]
    fn a_call_is_not_lost_with_a_waiter_that_is_gone() {
        let lines = Arc::new(Lines::empty());
        let mut waiters = waiting(&lines, 3);
        drop(waiters.remove(0));
        lines.hear(&[event(EventKind::SubTaskReady, None)]);
        // It was called, and left before it looked.
        drop(waiters.remove(0));
        assert!(waiters[0].try_recv().is_ok());
    }

    #[test]
    fn nobody_is_called_twice_for_the_same_and_nobody_waits_past_something_new() {
        let lines = Arc::new(Lines::empty());
        let seen = lines.round(EXECUTOR);
        lines.hear(&[event(EventKind::SubTaskReady, None)]);
        assert!(lines.join(EXECUTOR, agent(1), seen).is_none(), "it has to look again");
        let mut looked = lines.join(EXECUTOR, agent(1), lines.round(EXECUTOR)).unwrap();
        assert!(!lines.call_first(EXECUTOR) && looked.try_recv().is_err());
        lines.hear(&[event(EventKind::TaskEdited, None), event(EventKind::SubTaskSubmitted, None)]);
        assert!(looked.try_recv().is_err(), "that is nothing for an executor");
    }

    #[test]
    fn whoever_is_named_is_called_and_nobody_else() {
        let lines = Arc::new(Lines::empty());
        let mut waiters = waiting(&lines, 3);
        lines.hear(&[event(EventKind::SubTaskAssigned, Some(agent(2)))]);
        let turn = waiters[2].try_recv().unwrap();
        assert!(waiters[0].try_recv().is_err() && waiters[1].try_recv().is_err());
        turn.end();
    }
}
