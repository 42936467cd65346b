//! What every request asks about agents, kept in memory: whose key this is, and how many agents
//! could take or review work.
//!
//! Changes made through this process are seen at once. Changes made by another one (a second
//! replica, the command line beside a running server) are seen within [`TRUSTED_FOR`].

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use openmoss_domain::usage::OwnCap;
use openmoss_domain::waiting::Surroundings;
use openmoss_domain::{Agent, AgentId, AgentStatus, Role};
use openmoss_storage::usage::agent_caps;
use openmoss_storage::{Store, agent};

use crate::error::ServiceError;

/// How long an entry is believed without looking again.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// Most keys that are remembered; beyond that all are forgotten and read again.
const ENTRIES_MAX: usize = 10_000;

/// A remembered value.
struct Entry<T> {
    value: T,
    read_at: Instant,
}

impl<T> Entry<T> {
    fn is_fresh(&self) -> bool {
        self.read_at.elapsed() < TRUSTED_FOR
    }
}

#[derive(Default)]
struct Known {
    agents: HashMap<String, Entry<Agent>>,
    around: Option<Entry<Surroundings>>,
    caps: Option<Entry<Arc<HashMap<AgentId, OwnCap>>>>,
}

/// The agents in memory.
#[derive(Default)]
pub(crate) struct Directory {
    /// Grows with every change, so that what was read before one is not remembered after it.
    generation: AtomicU64,
    known: RwLock<Known>,
}

impl Directory {
    /// Forgets everything: call it after a change of agents is durable and before it is answered.
    pub(crate) fn forget(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Known::default();
    }

    /// The agent whose key has this hash.
    pub(crate) fn find(
        &self,
        store: &Store,
        key_hash: &str,
    ) -> Result<Option<Agent>, ServiceError> {
        if let Some(agent) = self.remembered(|known| known.agents.get(key_hash)) {
            return Ok(Some(agent));
        }
        let generation = self.generation.load(Ordering::SeqCst);
        let read_at = Instant::now();
        let found: Option<Agent> = store.read(|reader| -> Result<_, ServiceError> {
            Ok(agent::find_by_key(reader, key_hash)?)
        })?;
        if let Some(value) = found.clone() {
            self.remember(generation, |known| {
                if known.agents.len() >= ENTRIES_MAX {
                    known.agents.clear();
                }
                known.agents.insert(key_hash.to_owned(), Entry { value, read_at });
            });
        }
        Ok(found)
    }

    /// How many agents could take or review work.
    pub(crate) fn surroundings(&self, store: &Store) -> Result<Surroundings, ServiceError> {
        if let Some(around) = self.remembered(|known| known.around.as_ref()) {
            return Ok(around);
        }
        let generation = self.generation.load(Ordering::SeqCst);
        let read_at = Instant::now();
        let value = store.read(|reader| -> Result<_, ServiceError> {
            let count = agent::count_by_role(reader)?;
            Ok(Surroundings {
                active_executors: count(Role::Executor, AgentStatus::Active),
                active_reviewers: count(Role::Reviewer, AgentStatus::Active),
                able: agent::list_able(reader)?.into(),
            })
        })?;
        let kept = value.clone();
        self.remember(generation, |known| {
            known.around = Some(Entry { value: kept, read_at });
        });
        Ok(value)
    }

    /// The budget of an agent's own.
    pub(crate) fn own_cap(&self, store: &Store, agent: AgentId) -> Result<OwnCap, ServiceError> {
        let of = |caps: &HashMap<AgentId, OwnCap>| caps.get(&agent).copied().unwrap_or_default();
        if let Some(caps) = self.remembered(|known| known.caps.as_ref()) {
            return Ok(of(&caps));
        }
        let generation = self.generation.load(Ordering::SeqCst);
        let read_at = Instant::now();
        let caps = store.read(|reader| -> Result<_, ServiceError> { Ok(agent_caps(reader)?) })?;
        let value = Arc::new(caps.into_iter().collect::<HashMap<_, _>>());
        let found = of(&value);
        self.remember(generation, |known| known.caps = Some(Entry { value, read_at }));
        Ok(found)
    }

    fn remembered<T: Clone>(&self, get: impl Fn(&Known) -> Option<&Entry<T>>) -> Option<T> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        get(&known).filter(|entry| entry.is_fresh()).map(|entry| entry.value.clone())
    }

    fn remember(&self, generation: u64, put: impl FnOnce(&mut Known)) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if self.generation.load(Ordering::SeqCst) == generation {
            put(&mut known);
        }
    }
}
