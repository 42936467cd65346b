//! The server's own patrol: it looks round, mends what it may, reports the rest, and closes what
//! is over. Detection is `openmoss_domain::watch`; here is what is looked at, and what is done.

mod act;
mod look;

use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use openmoss_domain::error::DomainError;
use openmoss_domain::watch::Remedy;
use openmoss_domain::{Actor, ActorKind, Timestamp};
use openmoss_storage::turn;
use serde::{Deserialize, Serialize};

use crate::Service;
use crate::context::Context;
use crate::credential::random_hex;
use crate::error::ServiceError;
use look::Look;

/// The name under which turns are taken.
const JOB: &str = "patrol";

/// When this server looks next.
#[derive(Debug)]
pub(crate) struct Pace {
    holder: String,
    next: AtomicI64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { holder: random_hex(8), next: AtomicI64::new(i64::MIN) }
    }
}

/// What came of one look round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// How many conditions there are.
    pub conditions: usize,
    /// How many records were opened.
    pub opened: usize,
    /// How many records were resolved, because their condition is gone.
    pub resolved: usize,
    /// How many sub-tasks were taken from silent owners and put back into the queue.
    pub requeued: usize,
    /// How many were taken from silent owners and left to the planner.
    pub blocked: usize,
    /// How many finished tasks were completed.
    pub completed: usize,
}

impl Service {
    /// Looks round if it is time to, and no other server does.
    pub fn patrol_in_turn(&self) -> Result<(), ServiceError> {
        let (settings, now) = (self.settings(), self.now());
        if !settings.patrol.enabled || now.as_micros() < self.pace.next.load(Ordering::Relaxed) {
            return Ok(());
        }
        let until = now.plus(Duration::from_secs(settings.patrol.every_seconds));
        let holder = self.pace.holder.clone();
        let is_ours = self.store.write(move |writer| -> Result<bool, ServiceError> {
            Ok(turn::take(writer, JOB, &holder, now, until)?)
        })?;
        self.pace.next.store(until.as_micros(), Ordering::Relaxed);
        if is_ours { self.look_round(now).map(drop) } else { Ok(()) }
    }

    /// Looks round now, whoever's turn it is: every action checks again what it acts on.
    ///
    /// # Errors
    /// For everybody but an admin.
    pub fn patrol_now(&self, cx: &Context) -> Result<Round, ServiceError> {
        if cx.actor.kind() != ActorKind::Admin {
            return Err(DomainError::PatrolRoleNotAllowed { allowed: "an admin" }.into());
        }
        self.look_round(self.now())
    }

    /// When the server closes, the rest is left to the next start.
    fn look_round(&self, now: Timestamp) -> Result<Round, ServiceError> {
        let look = self.see(now)?;
        let mut round = Round { conditions: look.sightings.len(), ..Round::default() };
        let known: HashSet<_> =
            look.records.iter().filter_map(|record| record.dedup_key.as_deref()).collect();
        for sighting in &look.sightings {
            if self.is_closing() {
                return Ok(round);
            }
            if sighting.remedy.is_some() {
                match self.mend(&look, sighting)? {
                    Some(Remedy::Requeue) => round.requeued += 1,
                    Some(Remedy::Block) => round.blocked += 1,
                    None => continue,
                }
                round.opened += 1;
            } else if !known.contains(sighting.key.as_str()) {
                round.opened += usize::from(self.report(sighting)?);
            }
        }
        self.close_what_is_over(&look, &mut round)?;
        for id in &look.finished {
            if self.is_closing() {
                break;
            }
            round.completed += usize::from(self.complete_finished(*id, now)?);
        }
        Ok(round)
    }

    fn close_what_is_over(&self, look: &Look, round: &mut Round) -> Result<(), ServiceError> {
        let seen: HashSet<_> = look.sightings.iter().map(|one| one.key.as_str()).collect();
        let is_gone = |key: &str| !seen.contains(key);
        for record in &look.records {
            if self.is_closing() {
                break;
            }
            if record.dedup_key.as_deref().is_some_and(is_gone) {
                self.close(record.id)?;
                round.resolved += 1;
            }
        }
        Ok(())
    }
}

/// The server itself.
fn system() -> Context {
    Context::of(Actor::System)
}
