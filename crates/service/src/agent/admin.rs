//! What an admin sees of agents and does to them.

use std::collections::BTreeMap;

use openmoss_domain::agent::{AGENT_NAME_CHARS_MAX, AgentSort, LeaderboardSort};
use openmoss_domain::sub_task::{BlockedKind, Status};
use openmoss_domain::{
    Actor, Agent, AgentId, AgentStatus, Capabilities, Command, DomainError, Event, EventKind,
    Fields, Keyword, PersonaEdit, Role, SortOrder, Timestamp, text,
};
use openmoss_storage::agent::listed::{Filter, Listed, OrderBy, find, list, ranks};
use openmoss_storage::agent::{self, Related};
use openmoss_storage::counter::{Counts, Scope, counts_of_each};
use openmoss_storage::sub_task as stored;
use openmoss_storage::{Page, Reader, Window, Writer};

use super::name_taken;
use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;
use crate::step::{Stepper, append, swapped};

/// Sub-tasks of an agent that are put back at a time.
const BATCH: i64 = 100;

/// An agent as an admin sees it.
#[derive(Debug, Clone)]
pub struct SeenAgent {
    /// The agent and what is kept beside it.
    pub listed: Listed,
    /// 1 for the highest score; equal ones share a rank, and none is left out.
    pub rank: i64,
    work: Counts,
}

impl SeenAgent {
    /// How many of its sub-tasks are in a status.
    #[must_use]
    pub fn work(&self, status: Status) -> i64 {
        self.work.get(status.as_str())
    }

    /// How many of its sub-tasks are not over.
    #[must_use]
    pub fn open_work(&self) -> i64 {
        let open = Status::ALL.iter().filter(|status| !status.is_terminal());
        open.map(|status| self.work(*status)).sum()
    }
}

/// Which agents are wanted, as it came in.
#[derive(Debug, Clone, Default)]
pub struct AgentQuery {
    /// Of this role.
    pub role: Option<Role>,
    /// In this status.
    pub status: Option<AgentStatus>,
    /// With this in their name or description.
    pub keyword: Option<Keyword>,
    /// That called within so many days.
    pub last_request_within_days: Option<u32>,
    /// That wrote the activity log within so many days.
    pub last_activity_within_days: Option<u32>,
}

/// Which agents of the leaderboard are wanted, as it came in.
#[derive(Debug, Clone, Default)]
pub struct LeaderboardQuery {
    /// Of this role.
    pub role: Option<Role>,
    /// In this status.
    pub status: Option<AgentStatus>,
    /// With this in their name or description.
    pub keyword: Option<Keyword>,
    /// With this score or a higher one.
    pub score_min: Option<i64>,
    /// With this score or a lower one.
    pub score_max: Option<i64>,
}

/// What of an agent changes; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct AgentEdit {
    /// Its name; an empty one stays as it was, as older clients expect.
    pub name: Option<String>,
    /// What it is there for.
    pub role: Option<Role>,
    /// In words.
    pub description: Option<String>,
    /// What it can do, as tags: the whole list.
    pub capabilities: Option<Vec<String>>,
    /// How it shows itself.
    pub persona: PersonaEdit,
}

impl Service {
    /// A page of agents with their work.
    pub fn search_agents(
        &self,
        query: AgentQuery,
        sort: AgentSort,
        order: SortOrder,
        window: Window,
    ) -> Result<Page<SeenAgent>, ServiceError> {
        let filter = Filter {
            role: query.role,
            status: query.status,
            keyword: query.keyword,
            requested_since: query.last_request_within_days.map(|days| self.days_ago(days)),
            active_since: query.last_activity_within_days.map(|days| self.days_ago(days)),
            ..Filter::default()
        };
        let by = match sort {
            AgentSort::CreatedAt => OrderBy::CreatedAt,
            AgentSort::Name => OrderBy::Name,
            AgentSort::TotalScore => OrderBy::TotalScore,
            AgentSort::LastRequestAt => OrderBy::LastRequestAt,
            AgentSort::LastActivityAt => OrderBy::LastActivityAt,
        };
        self.read(|reader| {
            let page = list(reader, &filter, by, order, window)?;
            Ok(Page { items: seen(reader, page.items)?, total: page.total })
        })
    }

    /// An agent with its work, and how many agents there are.
    pub fn look_at_agent(&self, id: AgentId) -> Result<(SeenAgent, i64), ServiceError> {
        self.read(|reader| {
            let found = find(reader, id)?.ok_or(ServiceError::not_found("agent"))?;
            let seen = seen(reader, vec![found])?.pop();
            let seen = seen.ok_or(ServiceError::not_found("agent"))?;
            Ok((seen, agent::count_all(reader)?))
        })
    }

    /// A page of the leaderboard: agents with their ranks among all agents.
    pub fn search_leaderboard(
        &self,
        query: LeaderboardQuery,
        sort: LeaderboardSort,
        order: SortOrder,
        window: Window,
    ) -> Result<Page<(Listed, i64)>, ServiceError> {
        let LeaderboardQuery { role, status, keyword, score_min, score_max } = query;
        if let (Some(min), Some(max)) = (score_min, score_max)
            && min > max
        {
            return Err(DomainError::field("score_min", "must not be above score_max").into());
        }
        let filter = Filter { role, status, keyword, score_min, score_max, ..Filter::default() };
        let (by, order) = match (sort, order) {
            (LeaderboardSort::TotalScore, order) => (OrderBy::TotalScore, order),
            // The first rank is the highest score.
            (LeaderboardSort::Rank, SortOrder::Asc) => (OrderBy::TotalScore, SortOrder::Desc),
            (LeaderboardSort::Rank, SortOrder::Desc) => (OrderBy::TotalScore, SortOrder::Asc),
            (LeaderboardSort::CreatedAt, order) => (OrderBy::CreatedAt, order),
            (LeaderboardSort::LastScoreAt, order) => (OrderBy::LastScoreAt, order),
        };
        self.read(|reader| {
            let page = list(reader, &filter, by, order, window)?;
            let ranks = ranks_of(reader, &page.items)?;
            let rank = |listed: &Listed| ranks.get(&listed.agent.total_score).copied().unwrap_or(1);
            let items = page.items.into_iter().map(|listed| {
                let rank = rank(&listed);
                (listed, rank)
            });
            Ok(Page { items: items.collect(), total: page.total })
        })
    }

    /// Changes name, role, description, capabilities and persona.
    pub fn edit_agent(
        &self,
        cx: &Context,
        id: AgentId,
        edit: &AgentEdit,
    ) -> Result<Agent, ServiceError> {
        let mut fields = Fields::default();
        let name = edit.name.as_deref().filter(|name| !name.is_empty());
        let name = name.map(|name| fields.keep(text::line("name", name, AGENT_NAME_CHARS_MAX)));
        let description = edit.description.as_deref();
        let description = description.map(|words| fields.keep(text::text("description", words)));
        let able = edit.capabilities.as_deref();
        let able = able.map(|tags| Capabilities::checked("capabilities", tags, &mut fields));
        let persona = edit.persona.checked(&mut fields);
        fields.finish()?;
        let (role, wanted) = (edit.role, name.clone().unwrap_or_default());
        let (actor, now) = (cx.actor, self.now());
        let edited = self.write(cx, move |writer| {
            let before = agent::find(writer, id)?.ok_or(ServiceError::not_found("agent"))?;
            let after = Agent {
                name: name.clone().unwrap_or_else(|| before.name.clone()),
                role: role.unwrap_or(before.role),
                description: description.clone().unwrap_or_else(|| before.description.clone()),
                capabilities: able.clone().unwrap_or_else(|| before.capabilities.clone()),
                persona: persona.applied_to(&before.persona),
                ..before.clone()
            };
            replace(writer, (actor, now), &before, &after)?;
            Ok(after)
        });
        let edited = edited.map_err(|error| name_taken(error, &wanted))?;
        self.directory.forget();
        Ok(edited)
    }

    /// An agent changes how it shows itself.
    pub fn edit_persona(
        &self,
        cx: &Context,
        id: AgentId,
        edit: &PersonaEdit,
    ) -> Result<Agent, ServiceError> {
        let edit = AgentEdit { persona: edit.clone(), ..AgentEdit::default() };
        self.edit_agent(cx, id, &edit)
    }

    /// The agent, and how much points at it: what a deletion touches.
    pub fn count_related(&self, id: AgentId) -> Result<(Agent, Related), ServiceError> {
        self.read(|reader| {
            let found = agent::find(reader, id)?.ok_or(ServiceError::not_found("agent"))?;
            Ok((found, agent::related(reader, id)?))
        })
    }

    /// Deletes an agent whose name is confirmed. Its open work goes back to the queue, step by
    /// step; what it handed in, its reviews and what it ever owned stay on record under its id.
    /// Its score log, activity log and request log go with it.
    pub fn delete_agent(
        &self,
        cx: &Context,
        id: AgentId,
        confirmed_name: &str,
    ) -> Result<(Agent, Related), ServiceError> {
        let stepper = self.stepper(cx);
        let confirmed_name = confirmed_name.to_owned();
        let deleted = self.store.write(move |writer| -> Result<_, ServiceError> {
            agent::lock(writer, id)?;
            let found = agent::find(writer, id)?.ok_or(ServiceError::not_found("agent"))?;
            if found.name != confirmed_name {
                let message = "must be the agent's name, letter by letter";
                return Err(DomainError::field("confirm_name", message).into());
            }
            let related = agent::related(writer, id)?;
            return_work(writer, stepper, &found)?;
            stored::forget_owner(writer, id)?;
            agent::delete(writer, &found)?;
            let event = Event::new(EventKind::AgentDeleted, stepper.actor, stepper.now)
                .agent(id)
                .with("name", found.name.as_str())
                .with("role", found.role.as_str());
            append(writer, &event)?;
            Ok((found, related))
        })?;
        self.directory.forget();
        Ok(deleted)
    }
}

/// Stores what changed of an agent that was just read, with an event for what it is and one for how it
/// shows itself: only the first can change what there is to do for it.
fn replace(
    writer: &mut Writer,
    (actor, now): (Actor, Timestamp),
    before: &Agent,
    after: &Agent,
) -> Result<(), ServiceError> {
    if after == before {
        return Ok(());
    }
    swapped(agent::compare_and_set(writer, before, after)?)?;
    if (Agent { persona: before.persona.clone(), ..after.clone() }) != *before {
        let event = Event::new(EventKind::AgentEdited, actor, now)
            .agent(after.id)
            .with("name", after.name.as_str())
            .with("role", after.role.as_str());
        append(writer, &event)?;
    }
    if after.persona != before.persona {
        let event = Event::new(EventKind::AgentPersonaSet, actor, now)
            .agent(after.id)
            .with("avatar", after.persona.avatar.as_deref())
            .with("signature", after.persona.signature.as_str())
            .with("work_style", after.persona.work_style.as_slice());
        append(writer, &event)?;
    }
    Ok(())
}

/// Puts back what an agent has in hand. What is in review stays there, and what is blocked stays
/// blocked: its cause is not gone with its owner.
fn return_work(writer: &mut Writer, stepper: Stepper, owner: &Agent) -> Result<(), ServiceError> {
    for status in [Status::Assigned, Status::InProgress, Status::Rework] {
        loop {
            let ids = stored::list_owned(writer, owner.id, status, BATCH)?;
            if ids.is_empty() {
                break;
            }
            for id in ids {
                if status == Status::Assigned {
                    stepper.step(writer, id, &Command::Release)?;
                } else {
                    let detail = format!("its owner {} was deleted", owner.name);
                    stepper.take_back(writer, id, BlockedKind::Other, detail)?;
                }
            }
        }
    }
    Ok(())
}

fn ranks_of(reader: &mut Reader, listed: &[Listed]) -> Result<BTreeMap<i64, i64>, ServiceError> {
    let scores: Vec<i64> = listed.iter().map(|listed| listed.agent.total_score).collect();
    Ok(ranks(reader, &scores)?)
}

fn seen(reader: &mut Reader, listed: Vec<Listed>) -> Result<Vec<SeenAgent>, ServiceError> {
    let ranks = ranks_of(reader, &listed)?;
    let scopes: Vec<Scope> = listed.iter().map(|one| Scope::Agent(one.agent.id)).collect();
    let work = counts_of_each(reader, &scopes)?;
    let both = listed.into_iter().zip(work);
    Ok(both
        .map(|(listed, work)| {
            let rank = ranks.get(&listed.agent.total_score).copied().unwrap_or(1);
            SeenAgent { listed, rank, work }
        })
        .collect())
}
