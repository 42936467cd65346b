//! What the agents are doing: their calls, and a card for each.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use openmoss_domain::request::RequestEntry;
use openmoss_domain::{Agent, AgentId, DomainError, Timestamp};
use openmoss_storage::request::{Tally, list_latest, recent_of_each, tallies};
use openmoss_storage::sub_task::{AtWork, at_work};
use openmoss_storage::{agent, module};

use crate::Service;
use crate::error::ServiceError;
use crate::request::day;

/// Which calls are wanted.
#[derive(Debug, Clone, Copy)]
pub struct FeedQuery {
    /// Later than this.
    pub after: Option<Timestamp>,
    /// Of this agent.
    pub agent_id: Option<AgentId>,
    /// How many at most.
    pub limit: i64,
}

/// What an agent did today and is doing now.
#[derive(Debug, Clone)]
pub struct AgentCard {
    /// The agent.
    pub agent: Agent,
    /// What it did since midnight.
    pub today: Tally,
    /// What it has in progress, and the name of that work's module.
    pub work: Option<(AtWork, Option<String>)>,
    /// Its newest calls, newest first.
    pub recent: Vec<RequestEntry>,
}

impl Service {
    /// Calls of agents, newest first, each with its agent.
    pub fn list_feed(
        &self,
        query: FeedQuery,
    ) -> Result<Vec<(RequestEntry, Option<Agent>)>, ServiceError> {
        self.read(|reader| {
            let entries = list_latest(reader, query.after, query.agent_id, query.limit)?;
            let ids: BTreeSet<AgentId> = entries.iter().map(|entry| entry.agent_id).collect();
            let agents = agent::find_many(reader, &ids)?;
            let with_agent = |entry: RequestEntry| {
                let agent = agents.get(&entry.agent_id).cloned();
                (entry, agent)
            };
            Ok(entries.into_iter().map(with_agent).collect())
        })
    }

    /// A card for each agent, the highest score first.
    pub fn list_agent_cards(&self) -> Result<Vec<AgentCard>, ServiceError> {
        let today = day(self.now(), self.zone());
        self.read(|reader| {
            let agents = agent::list_by_score(reader)?;
            let tallies = tallies(reader, &today)?;
            let mut recent = recent_of_each(reader)?;
            let mut work = at_work(reader)?;
            let modules: BTreeSet<_> = work.values().filter_map(|work| work.module_id).collect();
            let modules =
                if modules.is_empty() { HashMap::new() } else { module::names(reader, &modules)? };
            let module = |work: &AtWork| modules.get(&work.module_id?).cloned();
            let card = |agent: Agent| AgentCard {
                today: tallies.get(&agent.id).copied().unwrap_or_default(),
                work: work.remove(&agent.id).map(|work| {
                    let name = module(&work);
                    (work, name)
                }),
                recent: recent.remove(&agent.id).unwrap_or_default(),
                agent,
            };
            Ok(agents.into_iter().map(card).collect())
        })
    }

    /// Reads an ISO time. One without an offset is of the configured zone, and a day is its
    /// beginning.
    pub fn read_time(&self, text: &str) -> Result<Timestamp, ServiceError> {
        // In a query a plus sign that is not escaped comes as a blank.
        let text = text.trim();
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(time.with_timezone(&chrono::Utc).into());
        }
        let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
        let local = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
        let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        let local = local.or_else(|| Some(day()?.and_time(NaiveTime::MIN)));
        let time = local.and_then(|local| self.zone().from_local_datetime(&local).earliest());
        let message = "must be an ISO time such as 2026-11-25T12:00:00Z";
        let time = time.ok_or_else(|| DomainError::field("after", message))?;
        Ok(time.with_timezone(&chrono::Utc).into())
    }
}
