//! Partners: with whom an agent works.

use openmoss_domain::{Actor, Agent, AgentId, Role, SubTask};
pub use openmoss_storage::partner::Partner;
use openmoss_storage::partner::{Together, list, note};
use openmoss_storage::{Page, Window, Writer, agent};

use crate::Service;
use crate::error::ServiceError;
use crate::step::Stepper;

impl Service {
    /// A page of an agent's partners, most work together first.
    pub fn list_partners(
        &self,
        id: AgentId,
        window: Window,
    ) -> Result<Page<(Partner, Agent)>, ServiceError> {
        self.read(|reader| {
            agent::find(reader, id)?.ok_or(ServiceError::not_found("agent"))?;
            let page = list(reader, id, window)?;
            let ids = page.items.iter().map(|partner| partner.agent_id).collect();
            let mut agents = agent::find_many(reader, &ids)?;
            let with_agent = |partner: Partner| Some((partner, agents.remove(&partner.agent_id)?));
            let items = page.items.into_iter().filter_map(with_agent).collect();
            Ok(Page { items, total: page.total })
        })
    }
}

/// Notes from whom work came that has a new owner now: from the one before, and from the planner who
/// gave it. What somebody takes from the queue comes from nobody.
pub(crate) fn note_hand_over(
    writer: &mut Writer,
    stepper: Stepper,
    before: &SubTask,
    after: &SubTask,
) -> Result<(), ServiceError> {
    let Some(owner) = after.owner.filter(|owner| before.owner != Some(*owner)) else {
        return Ok(());
    };
    let planner = match stepper.actor {
        Actor::Agent { id, role: Role::Planner } => Some(id),
        Actor::Agent { .. } | Actor::Admin | Actor::System => None,
    };
    for giver in [before.owner, planner].into_iter().flatten() {
        note(writer, giver, owner, Together::HandOver, stepper.now)?;
    }
    Ok(())
}
