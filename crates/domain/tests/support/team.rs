//! A sub-task, those who may act on it, and a typical command of each action.

use openmoss_domain::sub_task::{BlockedKind, Draft, Edit, Place, Priority, WorkKind};
use openmoss_domain::{
    Action, Actor, AgentId, Command, Role, SubTask, SubTaskId, TaskId, Timestamp,
};
use uuid::Uuid;

/// When everything begins.
pub(crate) const START: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

/// The id of agent `number`.
pub(crate) fn id(number: u128) -> AgentId {
    AgentId::from_uuid(Uuid::from_u128(number))
}

/// Agent `number`.
pub(crate) fn agent(role: Role, number: u128) -> Actor {
    Actor::Agent { id: id(number), role }
}

/// A new sub-task that anybody could claim.
pub(crate) fn new_sub_task() -> SubTask {
    let draft = Draft {
        name: "Write the report".to_owned(),
        description: "Two pages.".to_owned(),
        deliverable: "report.md".to_owned(),
        acceptance: "No open question.".to_owned(),
        kind: WorkKind::Once,
        priority: Priority::Medium,
        recurrence: None,
        required_capabilities: Vec::new(),
    };
    let place = Place {
        task_id: TaskId::from_uuid(Uuid::from_u128(1)),
        module_id: None,
        held: false,
        prerequisites: 0,
        open_prerequisites: 0,
    };
    SubTask::create(SubTaskId::from_uuid(Uuid::from_u128(2)), draft, place, START)
}

/// What an actor usually sends for `action`; `to` is given the work where it is given.
pub(crate) fn typical(action: Action, to: AgentId) -> Command {
    match action {
        Action::Claim => Command::Claim { session: None },
        Action::Assign => Command::Assign { to },
        Action::Release => Command::Release,
        Action::Start => Command::Start { session: None, attempt: None },
        Action::Submit => Command::Submit { attempt: None },
        Action::Approve => Command::Approve,
        Action::Reject => Command::Reject { rework_agent: None },
        Action::Block => Command::Block {
            kind: BlockedKind::NeedsInput,
            detail: "Which currency?".to_owned(),
            waits_for: None,
        },
        Action::Reassign => Command::Reassign { to },
        Action::Requeue => Command::Requeue,
        Action::Cancel => Command::Cancel,
        Action::Reopen => Command::Reopen,
        Action::Adopt => Command::Adopt { from: to },
        Action::Edit => {
            Command::Edit(Edit { description: Some("Three pages.".to_owned()), ..Edit::default() })
        }
        Action::Heartbeat => Command::Heartbeat {
            progress: Some("Reading.".to_owned()),
            percent: None,
            attempt: None,
        },
        Action::Session => Command::Session { session: "new".to_owned() },
    }
}
