//! Signs of life: an owner that asks about its sub-task is alive, whatever it asks.

use std::collections::HashMap;
use std::mem::take;
use std::sync::{Mutex, PoisonError};

use openmoss_domain::sub_task::Status;
use openmoss_domain::{Actor, AgentId, SubTaskId};
use openmoss_storage::sub_task as stored;

use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;

/// Most signs that wait to be written; a further one is dropped, and the next call brings another.
const WAITING_MAX: usize = 10_000;
/// A lease is renewed by a question when this part of it is used up, so that reading costs few
/// writes: one in twenty.
const WORTH_IT: u32 = 20;

/// Whose signs were noted and not written yet.
#[derive(Debug, Default)]
pub(crate) struct Signs(Mutex<HashMap<SubTaskId, Actor>>);

impl Signs {
    fn note(&self, id: SubTaskId, actor: Actor) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < WAITING_MAX {
            waiting.insert(id, actor);
        }
    }

    fn take(&self) -> HashMap<SubTaskId, Actor> {
        take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Service {
    /// Notes that `actor` asked about a sub-task with this owner.
    pub(super) fn note_sign(&self, actor: Actor, id: SubTaskId, owner: Option<AgentId>) {
        if owner.is_some() && actor.agent_id() == owner {
            self.signs.note(id, actor);
        }
    }

    /// Renews the leases of owners that asked about their work.
    pub(crate) fn keep_signs(&self) -> Result<(), ServiceError> {
        for (id, actor) in self.signs.take() {
            let found = self.read(|reader| Ok(stored::find(reader, id)?))?;
            let (now, lease) = (self.now(), self.policy().lease);
            let is_worth_it = found.is_some_and(|one| {
                matches!(one.status, Status::Assigned | Status::InProgress)
                    && one.is_owned_by(actor)
                    && one.updated_at.until(now) >= lease / WORTH_IT
            });
            if is_worth_it {
                let stepper = self.stepper(&Context::of(actor));
                self.write(&Context::of(actor), move |writer| {
                    Self::renew_lease(writer, stepper, id)
                })?;
            }
        }
        Ok(())
    }
}
