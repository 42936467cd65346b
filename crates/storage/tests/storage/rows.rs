//! Entities to store, and short ways to a store.

use openmoss_domain::sub_task::{BlockedKind, Place, Status, WorkKind};
use openmoss_domain::{
    Actor, Agent, AgentId, AgentStatus, Command, Policy, Role, SubTask, SubTaskId, Task, TaskId,
    Timestamp, Transition,
};
use openmoss_storage::{StorageError, Store, Window, Writer, agent, sub_task, task};
use openmoss_testkit::{START, draft};
use uuid::Uuid;

/// Everything a list has.
pub(crate) const ALL: Window = Window { offset: 0, limit: 10_000 };

/// A point in time, `seconds` after the start.
pub(crate) fn at(seconds: u64) -> Timestamp {
    START.plus(std::time::Duration::from_secs(seconds))
}

/// Runs a transaction that must succeed.
pub(crate) fn write<T: Send + 'static>(
    store: &Store,
    run: impl Fn(&mut Writer) -> Result<T, StorageError> + Send + 'static,
) -> T {
    store.write(run).unwrap()
}

/// A stored agent.
pub(crate) fn stored_agent(store: &Store, role: Role) -> Agent {
    let id = AgentId::from_uuid(Uuid::new_v4());
    let new = Agent {
        id,
        name: format!("{role} {id}"),
        role,
        description: String::new(),
        status: AgentStatus::Active,
        capabilities: openmoss_domain::Capabilities::default(),
        persona: openmoss_domain::Persona::default(),
        total_score: 0,
        created_at: START,
    };
    let (row, key_hash) = (new.clone(), id.to_string());
    write(store, move |writer| agent::insert(writer, &row, &key_hash));
    new
}

/// A stored task.
pub(crate) fn stored_task(store: &Store) -> Task {
    let id = TaskId::from_uuid(Uuid::new_v4());
    let new = Task::create(id, "Goal".to_owned(), String::new(), WorkKind::Once, START);
    let row = new.clone();
    write(store, move |writer| task::insert(writer, &row));
    new
}

/// A new sub-task, not stored.
pub(crate) fn new_sub_task(task: &Task, created_at: Timestamp) -> SubTask {
    let place = Place {
        task_id: task.id,
        module_id: None,
        held: false,
        prerequisites: 0,
        open_prerequisites: 0,
    };
    SubTask::create(SubTaskId::from_uuid(Uuid::new_v4()), draft("Work"), place, created_at)
}

/// A stored, pending sub-task.
pub(crate) fn stored_sub_task(store: &Store, task: &Task) -> SubTask {
    let new = new_sub_task(task, START);
    let row = new.clone();
    write(store, move |writer| sub_task::insert(writer, &row));
    new
}

/// The sub-task after a legal command.
pub(crate) fn stepped(sub_task: &SubTask, command: &Command, actor: Actor) -> SubTask {
    match sub_task.apply(command, actor, at(60), &Policy::default()).unwrap() {
        Transition::Changed { next, .. } => *next,
        Transition::Unchanged => panic!("nothing changed"),
    }
}

/// A pending sub-task after the steps that lead `owner` to `status`.
pub(crate) fn brought(sub_task: &SubTask, status: Status, owner: &Agent) -> SubTask {
    let owner = owner.actor();
    let claim = (Command::Claim { session: Some("s-1".to_owned()) }, owner);
    let start = (Command::Start { session: None, attempt: None }, owner);
    let submit = (Command::Submit { attempt: None }, owner);
    let approve = (Command::Approve, Actor::Admin);
    let reject = (Command::Reject { rework_agent: None }, Actor::Admin);
    let block = Command::Block {
        kind: BlockedKind::NeedsInput,
        detail: "Which \"currency\"?".to_owned(),
        waits_for: Some("Ann".to_owned()),
    };
    let path = match status {
        Status::Pending => vec![],
        Status::Assigned => vec![claim],
        Status::InProgress => vec![claim, start],
        Status::Review => vec![claim, start, submit],
        Status::Rework => vec![claim, start, submit, reject],
        Status::Done => vec![claim, start, submit, approve],
        Status::Blocked => vec![claim, (block, owner)],
        Status::Cancelled => vec![(Command::Cancel, Actor::Admin)],
    };
    let step =
        |sub_task: SubTask, (command, actor): (Command, Actor)| stepped(&sub_task, &command, actor);
    path.into_iter().fold(sub_task.clone(), step)
}
