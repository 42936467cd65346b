//! What actors do with sub-tasks.

pub(crate) mod creation;
pub(crate) mod listed;
pub(crate) mod prerequisites;
mod query;
pub(crate) mod sign;
mod steps;
mod submission;

use openmoss_domain::sub_task::rules::role_may_ever;
use openmoss_domain::{
    Action, Actor, Agent, AgentId, Capabilities, Command, DomainError, SubTask, SubTaskId,
};
use openmoss_storage::{Reader, Writer, agent, next};

pub use creation::NewSubTask;
pub use listed::{ListedSubTask, WholeSubTask};
pub use openmoss_storage::sub_task::{Filter, Search};
pub use query::SubTaskView;
pub use steps::{NextClaim, Obstacle};
pub(crate) use steps::{checked_session, take_from_queue};

use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;
use crate::step::Stepper;

impl Service {
    /// Everything that a step needs, at one point in time.
    pub(crate) fn stepper(&self, cx: &Context) -> Stepper {
        Stepper { actor: cx.actor, now: self.now(), policy: self.policy() }
    }

    /// One entry of the activity log counts as a sign of life of the owner.
    pub(crate) fn renew_lease(
        writer: &mut Writer,
        stepper: Stepper,
        id: SubTaskId,
    ) -> Result<(), ServiceError> {
        let sign = Command::Heartbeat { progress: None, percent: None, attempt: None };
        match stepper.step(writer, id, &sign) {
            // Whoever is not the owner, or has nothing in hand, has no lease to renew.
            Ok(_) | Err(ServiceError::Domain(_)) => Ok(()),
            Err(other) => Err(other),
        }
    }
}

/// Whoever may never do this learns nothing else; the step itself checks the rest.
pub(crate) fn check_role(action: Action, actor: Actor) -> Result<(), DomainError> {
    let actor = actor.kind();
    if role_may_ever(action, actor) {
        Ok(())
    } else {
        Err(DomainError::RoleNotAllowed { actor, action })
    }
}

/// What this agent can do; whoever is gone can do nothing.
pub(crate) fn find_able(reader: &mut Reader, id: AgentId) -> Result<Capabilities, ServiceError> {
    Ok(agent::find(reader, id)?.map(|found| found.capabilities).unwrap_or_default())
}

/// An executor that has as much in hand as it may takes no more. Two claims at once of one agent
/// wait for each other, so that they do not both see the last free place.
pub(crate) fn refuse_more_work(writer: &mut Writer, stepper: Stepper) -> Result<(), ServiceError> {
    let limit = stepper.policy.max_open_per_agent;
    let Some(id) = stepper.actor.agent_id().filter(|_| limit > 0) else {
        return Ok(());
    };
    agent::lock(writer, id)?;
    if next::count_in_hand(writer, id, limit)? >= limit {
        return Err(DomainError::OpenWorkLimit { limit }.into());
    }
    Ok(())
}

/// Nobody takes what it cannot do.
pub(crate) fn refuse_beyond_able(
    writer: &mut Writer,
    actor: Actor,
    wanted: &SubTask,
) -> Result<(), ServiceError> {
    let needed = &wanted.required_capabilities;
    let Some(id) = actor.agent_id().filter(|_| !needed.is_empty()) else {
        return Ok(());
    };
    let missing = find_able(writer, id)?.missing(needed);
    if missing.is_empty() {
        return Ok(());
    }
    Err(DomainError::CapabilitiesMissing { missing }.into())
}

/// An agent that work can be given to.
pub(crate) fn find_worker(
    reader: &mut Reader,
    field: &str,
    id: AgentId,
) -> Result<Agent, ServiceError> {
    let found = agent::find(reader, id)?.ok_or(ServiceError::not_found("agent"))?;
    if !found.can_own_work() {
        let (role, status) = (found.role, found.status);
        let message = format!("must be an active executor; {} is a {role}, {status}", found.name);
        return Err(DomainError::field(field, message).into());
    }
    Ok(found)
}
