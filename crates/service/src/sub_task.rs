//! What actors do with sub-tasks.

mod query;

use crate::id::fresh;
use openmoss_domain::sub_task::rules::role_may_ever;
use openmoss_domain::sub_task::{BlockedKind, Draft, Edit, Place, Status};
use openmoss_domain::submission::Submission;
use openmoss_domain::task::TaskAction;
use openmoss_domain::{
    Action, Actor, Agent, AgentId, Command, Deliverable, DomainError, Event, EventKind, Fields,
    ModuleId, SubTask, SubTaskId, SubmissionId, Task, TaskId, TaskStatus, text,
};
use openmoss_storage::sub_task as stored;
use openmoss_storage::task::Lock;
use openmoss_storage::{
    Reader, StorageError, Swap, Writer, agent, module, prerequisite, submission, task,
};
use serde::{Deserialize, Serialize};

pub use openmoss_storage::sub_task::Filter;
pub use query::SubTaskView;

use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;
use crate::step::{Stepped, Stepper, append};

/// A new sub-task, as it came in.
#[derive(Debug, Clone)]
pub struct NewSubTask {
    /// Its goal.
    pub task_id: TaskId,
    /// Its part of the goal.
    pub module_id: Option<ModuleId>,
    /// Its texts.
    pub draft: Draft,
    /// The executor that it is given to at once.
    pub assigned_agent: Option<AgentId>,
    /// What must be done before it.
    pub depends_on: Vec<SubTaskId>,
}

/// Why a sub-task cannot go on, as it came in.
#[derive(Debug, Clone)]
pub struct Obstacle {
    /// What kind of thing it waits for.
    pub kind: BlockedKind,
    /// In words.
    pub detail: String,
    /// What exactly.
    pub waits_for: Option<String>,
}

/// What `claim_next` found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum NextClaim {
    /// This one is the caller's now.
    Claimed(Box<SubTask>),
    /// There was none.
    Nothing,
}

/// What came of handing in.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Submitted {
    Accepted(Box<SubTask>),
    /// The sender had lost the sub-task. The deliverable is kept, so the transaction must be, too.
    Late {
        submission: SubmissionId,
        owner: Option<AgentId>,
        attempt: u32,
    },
}

impl Service {
    /// Everything that a step needs, at one point in time.
    pub(crate) fn stepper(&self, cx: &Context) -> Stepper {
        Stepper { actor: cx.actor, now: self.now(), policy: self.policy() }
    }

    fn transition(
        &self,
        cx: &Context,
        id: SubTaskId,
        command: Command,
    ) -> Result<SubTask, ServiceError> {
        let stepper = self.stepper(cx);
        self.write(cx, move |writer| Ok(stepper.step(writer, id, &command)?.after))
    }

    /// Takes a pending sub-task.
    pub fn claim_sub_task(
        &self,
        cx: &Context,
        id: SubTaskId,
        session: Option<&str>,
    ) -> Result<SubTask, ServiceError> {
        let session = checked_session(session)?;
        self.transition(cx, id, Command::Claim { session })
    }

    /// Takes the sub-task that should be done next, of one task or of any.
    pub fn claim_next(
        &self,
        cx: &Context,
        task_id: Option<TaskId>,
        session: Option<&str>,
    ) -> Result<NextClaim, ServiceError> {
        let command = Command::Claim { session: checked_session(session)? };
        check_role(Action::Claim, cx.actor)?;
        let stepper = self.stepper(cx);
        self.write(cx, move |writer| {
            let Some(next) = stored::next_claimable(writer, task_id)? else {
                return Ok(NextClaim::Nothing);
            };
            let claimed = stepper.step(writer, next.id, &command)?.after;
            Ok(NextClaim::Claimed(Box::new(claimed)))
        })
    }

    /// Begins, or begins again after a rejection.
    pub fn start_sub_task(
        &self,
        cx: &Context,
        id: SubTaskId,
        session: Option<&str>,
        attempt: Option<u32>,
    ) -> Result<SubTask, ServiceError> {
        let session = checked_session(session)?;
        self.transition(cx, id, Command::Start { session, attempt })
    }

    /// Binds the owner's new runtime session.
    pub fn bind_session(
        &self,
        cx: &Context,
        id: SubTaskId,
        session: &str,
    ) -> Result<SubTask, ServiceError> {
        let session = text::line("session_id", session, text::SESSION_CHARS_MAX)
            .map_err(DomainError::from)?;
        self.transition(cx, id, Command::Session { session })
    }

    /// Shows a sign of life, with progress if there is some. The answer says whether to go on.
    pub fn heartbeat_sub_task(
        &self,
        cx: &Context,
        id: SubTaskId,
        progress: Option<&str>,
        percent: Option<u8>,
        attempt: Option<u32>,
    ) -> Result<SubTask, ServiceError> {
        let mut fields = Fields::default();
        let progress = progress.map(|progress| fields.keep(text::text("progress", progress)));
        if percent.is_some_and(|percent| percent > 100) {
            fields.push("percent", "must be 0 to 100");
        }
        fields.finish()?;
        self.transition(cx, id, Command::Heartbeat { progress, percent, attempt })
    }

    /// Hands in. Whoever lost the sub-task meanwhile gets [`ServiceError::LateSubmission`], and
    /// the deliverable is kept all the same.
    pub fn submit_sub_task(
        &self,
        cx: &Context,
        id: SubTaskId,
        deliverable: &Deliverable,
        attempt: Option<u32>,
    ) -> Result<SubTask, ServiceError> {
        let deliverable = deliverable.checked()?;
        let stepper = self.stepper(cx);
        let submitted = self.write(cx, move |writer| {
            match stepper.step(writer, id, &Command::Submit { attempt }) {
                Ok(step) => {
                    keep_deliverable(writer, stepper, &step, &deliverable)?;
                    Ok(Submitted::Accepted(Box::new(step.after)))
                }
                Err(ServiceError::Domain(refusal)) => {
                    let late = Late { deliverable: &deliverable, attempt, refusal };
                    keep_late(writer, stepper, id, late)
                }
                Err(other) => Err(other),
            }
        })?;
        match submitted {
            Submitted::Accepted(sub_task) => Ok(*sub_task),
            Submitted::Late { submission, owner, attempt } => {
                Err(ServiceError::LateSubmission { submission, owner, attempt })
            }
        }
    }

    /// Says that it cannot go on, and why.
    pub fn block_sub_task(
        &self,
        cx: &Context,
        id: SubTaskId,
        obstacle: &Obstacle,
    ) -> Result<SubTask, ServiceError> {
        let mut fields = Fields::default();
        let detail = fields.keep(text::text("detail", &obstacle.detail));
        let waits_for = obstacle
            .waits_for
            .as_deref()
            .filter(|what| !what.trim().is_empty())
            .map(|what| fields.keep(text::line("waits_for", what, text::LINE_CHARS_MAX)));
        fields.finish()?;
        self.transition(cx, id, Command::Block { kind: obstacle.kind, detail, waits_for })
    }

    /// Puts an assigned sub-task back into the queue.
    pub fn release_sub_task(&self, cx: &Context, id: SubTaskId) -> Result<SubTask, ServiceError> {
        self.transition(cx, id, Command::Release)
    }

    /// Puts a blocked sub-task back into the queue.
    pub fn requeue_sub_task(&self, cx: &Context, id: SubTaskId) -> Result<SubTask, ServiceError> {
        check_role(Action::Requeue, cx.actor)?;
        let stepper = self.stepper(cx);
        self.write(cx, move |writer| {
            refuse_cancelled_prerequisite(writer, id)?;
            Ok(stepper.step(writer, id, &Command::Requeue)?.after)
        })
    }

    /// Does finished or cancelled work again.
    pub fn reopen_sub_task(&self, cx: &Context, id: SubTaskId) -> Result<SubTask, ServiceError> {
        self.transition(cx, id, Command::Reopen)
    }

    /// Gives it up.
    pub fn cancel_sub_task(&self, cx: &Context, id: SubTaskId) -> Result<SubTask, ServiceError> {
        self.transition(cx, id, Command::Cancel)
    }

    /// Gives it to another executor.
    pub fn reassign_sub_task(
        &self,
        cx: &Context,
        id: SubTaskId,
        to: AgentId,
    ) -> Result<SubTask, ServiceError> {
        check_role(Action::Reassign, cx.actor)?;
        let stepper = self.stepper(cx);
        self.write(cx, move |writer| {
            find_worker(writer, "agent_id", to)?;
            refuse_cancelled_prerequisite(writer, id)?;
            Ok(stepper.step(writer, id, &Command::Reassign { to })?.after)
        })
    }

    /// Creates a sub-task; with `assigned_agent` it is given to that executor at once.
    pub fn create_sub_task(&self, cx: &Context, new: &NewSubTask) -> Result<SubTask, ServiceError> {
        let mut fields = Fields::default();
        let draft = new.draft.checked("", &mut fields);
        fields.finish()?;
        let new = NewSubTask { draft, ..new.clone() };
        let stepper = self.stepper(cx);
        let id = SubTaskId::from_uuid(fresh());
        self.write(cx, move |writer| {
            let task = open_task(writer, stepper, new.task_id)?;
            if let Some(module_id) = new.module_id {
                check_module(writer, module_id, task.id)?;
            }
            let depends_on = prerequisites(writer, "depends_on", task.id, &new.depends_on)?;
            let created = NewRow {
                id,
                draft: new.draft.clone(),
                module_id: new.module_id,
                assigned_agent: new.assigned_agent,
                depends_on: &depends_on,
            };
            insert(writer, stepper, &task, created)
        })
    }

    /// Changes texts, priority and, when `depends_on` is given, the list of prerequisites.
    pub fn edit_sub_task(
        &self,
        cx: &Context,
        id: SubTaskId,
        edit: &Edit,
        depends_on: Option<Vec<SubTaskId>>,
    ) -> Result<SubTask, ServiceError> {
        check_role(Action::Edit, cx.actor)?;
        // The numbers follow from the list.
        let edit = Edit { prerequisites: None, ..edit.checked()? };
        let stepper = self.stepper(cx);
        self.write(cx, move |writer| {
            let Some(depends_on) = &depends_on else {
                return Ok(stepper.step(writer, id, &Command::Edit(edit.clone()))?.after);
            };
            let current = stored::find(writer, id)?.ok_or(ServiceError::not_found("sub_task"))?;
            // Two edits at once could close a cycle of which each sees one half.
            task::find_locked(writer, current.task_id, Lock::Exclusive)?;
            let found = prerequisites(writer, "depends_on", current.task_id, depends_on)?;
            refuse_cycle(writer, id, depends_on)?;
            let numbers = Some((length(found.len()), open_among(&found)));
            let edit = Edit { prerequisites: numbers, ..edit.clone() };
            let edited = stepper.step(writer, id, &Command::Edit(edit))?.after;
            prerequisite::delete_all(writer, id)?;
            let ids: Vec<_> = found.iter().map(|sub_task| sub_task.id).collect();
            prerequisite::insert(writer, id, &ids)?;
            Ok(edited)
        })
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

fn checked_session(session: Option<&str>) -> Result<Option<String>, ServiceError> {
    Ok(text::session("session_id", session).map_err(DomainError::from)?)
}

/// The task to which something is added. A completed one is opened again: late additions count.
pub(crate) fn open_task(
    writer: &mut Writer,
    stepper: Stepper,
    id: TaskId,
) -> Result<Task, ServiceError> {
    let found = task::find(writer, id)?.ok_or(ServiceError::not_found("task"))?;
    let is_moved = found.status == TaskStatus::Completed;
    let lock = if is_moved { Lock::Exclusive } else { Lock::Shared };
    let task = task::find_locked(writer, id, lock)?.ok_or(ServiceError::not_found("task"))?;
    task.check(TaskAction::Extend, stepper.actor)?;
    if task.status != TaskStatus::Completed {
        return Ok(task);
    }
    if !is_moved {
        // It was completed a moment ago. Two that hold it shared would wait for each other to move
        // it, so the transaction is run again.
        return Err(StorageError::Busy.into());
    }
    crate::task::move_task(writer, stepper, &task, TaskStatus::InProgress)
}

pub(crate) fn check_module(
    writer: &mut Writer,
    id: ModuleId,
    task_id: TaskId,
) -> Result<(), ServiceError> {
    let module = module::find(writer, id)?.ok_or(ServiceError::not_found("module"))?;
    if module.task_id != task_id {
        return Err(DomainError::field("module_id", "belongs to another task").into());
    }
    Ok(())
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

/// The sub-tasks that another one shall wait for: of the same task, and not cancelled.
pub(crate) fn prerequisites(
    writer: &mut Writer,
    field: &str,
    task_id: TaskId,
    ids: &[SubTaskId],
) -> Result<Vec<SubTask>, ServiceError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    if ids.len() > openmoss_domain::plan::PREREQUISITES_MAX {
        let message =
            format!("must have at most {} entries", openmoss_domain::plan::PREREQUISITES_MAX);
        return Err(DomainError::field(field, message).into());
    }
    let found = stored::find_many(writer, ids)?;
    let mut fields = Fields::default();
    for id in ids {
        match found.iter().find(|sub_task| sub_task.id == *id) {
            None => fields.push(field, format!("names {id}, which does not exist")),
            Some(other) if other.task_id != task_id => {
                fields.push(field, format!("names {id}, which belongs to another task"));
            }
            Some(other) if other.status == Status::Cancelled => {
                fields.push(field, format!("names {id}, which is cancelled"));
            }
            Some(_) => {}
        }
    }
    fields.finish()?;
    Ok(found)
}

/// Work that waits for cancelled work would wait for ever, out of sight of the planner.
fn refuse_cancelled_prerequisite(writer: &mut Writer, id: SubTaskId) -> Result<(), ServiceError> {
    let sub_task = stored::find(writer, id)?.ok_or(ServiceError::not_found("sub_task"))?;
    if sub_task.prerequisites == 0 {
        return Ok(());
    }
    // None of them is cancelled meanwhile.
    task::find_locked(writer, sub_task.task_id, Lock::Shared)?;
    let needed = prerequisite::find_all(writer, &[id])?.remove(&id).unwrap_or_default();
    let needed = stored::find_many(writer, &needed)?;
    match needed.iter().find(|one| one.status == Status::Cancelled) {
        Some(cancelled) => Err(DomainError::PrerequisiteCancelled { id: cancelled.id }.into()),
        None => Ok(()),
    }
}

pub(crate) fn open_among(prerequisites: &[SubTask]) -> u32 {
    length(prerequisites.iter().filter(|sub_task| sub_task.status != Status::Done).count())
}

fn length(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Walks from the new prerequisites to theirs, level by level, and refuses to come back to `id`.
fn refuse_cycle(
    reader: &mut Reader,
    id: SubTaskId,
    start: &[SubTaskId],
) -> Result<(), ServiceError> {
    let mut came_from = std::collections::HashMap::new();
    let mut level: Vec<SubTaskId> = start.to_vec();
    for first in start {
        came_from.insert(*first, id);
    }
    while !level.is_empty() {
        if came_from.contains_key(&id) {
            return Err(DomainError::field("depends_on", cycle_sentence(id, &came_from)).into());
        }
        let edges = prerequisite::find_all(reader, &level)?;
        level.clear();
        for (from, targets) in edges {
            for target in targets {
                came_from.entry(target).or_insert_with(|| {
                    level.push(target);
                    from
                });
            }
        }
    }
    Ok(())
}

fn cycle_sentence(
    id: SubTaskId,
    came_from: &std::collections::HashMap<SubTaskId, SubTaskId>,
) -> String {
    let mut path = vec![id.to_string()];
    let mut at = id;
    while let Some(&before) = came_from.get(&at) {
        path.push(before.to_string());
        at = before;
        if at == id {
            break;
        }
    }
    path.reverse();
    format!("must not lead back to the sub-task itself: {}", path.join(" -> "))
}

/// A sub-task that is about to be stored.
pub(crate) struct NewRow<'a> {
    pub(crate) id: SubTaskId,
    pub(crate) draft: Draft,
    pub(crate) module_id: Option<ModuleId>,
    pub(crate) assigned_agent: Option<AgentId>,
    pub(crate) depends_on: &'a [SubTask],
}

pub(crate) fn insert(
    writer: &mut Writer,
    stepper: Stepper,
    task: &Task,
    new: NewRow<'_>,
) -> Result<SubTask, ServiceError> {
    let place = Place {
        task_id: task.id,
        module_id: new.module_id,
        held: task.status.holds_work(&stepper.policy),
        prerequisites: length(new.depends_on.len()),
        open_prerequisites: open_among(new.depends_on),
    };
    let created = SubTask::create(new.id, new.draft, place, stepper.now);
    stored::insert(writer, &created)?;
    let ids: Vec<_> = new.depends_on.iter().map(|sub_task| sub_task.id).collect();
    prerequisite::insert(writer, created.id, &ids)?;
    let event = Event::new(EventKind::SubTaskCreated, stepper.actor, stepper.now)
        .sub_task(task.id, created.id)
        .with("name", created.name.as_str());
    append(writer, &event)?;
    match new.assigned_agent {
        None => Ok(created),
        Some(to) => {
            find_worker(writer, "assigned_agent", to)?;
            Ok(stepper.step(writer, created.id, &Command::Assign { to })?.after)
        }
    }
}

/// Keeps what came with an accepted submit. A repeated submit adds something only when it says
/// something new.
fn keep_deliverable(
    writer: &mut Writer,
    stepper: Stepper,
    step: &Stepped,
    deliverable: &Deliverable,
) -> Result<(), ServiceError> {
    let Some(agent_id) = stepper.actor.agent_id() else {
        return Ok(());
    };
    if !step.is_changed() {
        let last = submission::find_latest(writer, step.after.id)?;
        let is_known = last.is_some_and(|last| last.deliverable == *deliverable);
        if is_known || deliverable.is_empty() {
            return Ok(());
        }
    }
    submission::insert(
        writer,
        &Submission {
            id: SubmissionId::from_uuid(fresh()),
            sub_task_id: step.after.id,
            agent_id,
            attempt: step.after.attempt,
            is_late: false,
            deliverable: deliverable.clone(),
            created_at: stepper.now,
        },
    )?;
    Ok(())
}

/// What came with a submit that was refused.
struct Late<'a> {
    deliverable: &'a Deliverable,
    /// The attempt that the sender named.
    attempt: Option<u32>,
    refusal: DomainError,
}

/// Keeps what a former owner hands in too late; anybody else's submit is refused as it was.
fn keep_late(
    writer: &mut Writer,
    stepper: Stepper,
    id: SubTaskId,
    late: Late<'_>,
) -> Result<Submitted, ServiceError> {
    let (Some(agent_id), Some(current)) = (stepper.actor.agent_id(), stored::find(writer, id)?)
    else {
        return Err(late.refusal.into());
    };
    let last_attempt = stored::last_attempt_of(writer, id, agent_id)?;
    let (Some(last_attempt), false) = (last_attempt, late.deliverable.is_empty()) else {
        return Err(late.refusal.into());
    };
    // The owner of a sub-task that is merely not started can start it and submit: nothing is lost.
    let can_start = matches!(current.status, Status::Assigned | Status::Rework);
    if current.is_owned_by(stepper.actor)
        && can_start
        && !matches!(late.refusal, DomainError::NotOwner { .. })
    {
        return Err(late.refusal.into());
    }
    let attempt = late.attempt.filter(|named| (1..last_attempt).contains(named));
    let new = Submission {
        id: SubmissionId::from_uuid(fresh()),
        sub_task_id: id,
        agent_id,
        attempt: attempt.unwrap_or(last_attempt),
        is_late: true,
        deliverable: late.deliverable.clone(),
        created_at: stepper.now,
    };
    let kept =
        |submission| Submitted::Late { submission, owner: current.owner, attempt: current.attempt };
    // A retry brings nothing new.
    let last = submission::find_latest(writer, id)?;
    let is_same = |last: &Submission| {
        let Submission { id, created_at, .. } = *last;
        *last == Submission { id, created_at, ..new.clone() }
    };
    if let Some(last) = last.filter(is_same) {
        return Ok(kept(last.id));
    }
    submission::insert(writer, &new)?;
    let event = Event::new(EventKind::SubTaskSubmittedLate, stepper.actor, stepper.now)
        .sub_task(current.task_id, id)
        .agent(agent_id)
        .with("attempt", new.attempt)
        .with("submission_id", new.id.to_string());
    append(writer, &event)?;
    Ok(kept(new.id))
}

/// Stores a moved task and the effect on its sub-tasks; see [`crate::task`].
pub(crate) fn hold_work(
    writer: &mut Writer,
    stepper: Stepper,
    before: &Task,
    after: &Task,
) -> Result<(), ServiceError> {
    let held = after.status.holds_work(&stepper.policy);
    if before.status.holds_work(&stepper.policy) != held {
        stored::set_held(writer, after.id, held, stepper.now)?;
    }
    Ok(())
}

/// Swaps a task or says that somebody else was quicker.
pub(crate) fn swapped(swap: Swap) -> Result<(), ServiceError> {
    match swap {
        Swap::Swapped => Ok(()),
        Swap::Lost => Err(ServiceError::ConcurrentChange),
    }
}
