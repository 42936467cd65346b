//! What actors do with tasks and modules.

mod diagnosis;
mod listed;

use crate::id::fresh;
use openmoss_domain::ActorKind;
use openmoss_domain::error::DomainError;
use openmoss_domain::recurrence::Recurrence;
use openmoss_domain::series::check_left;
use openmoss_domain::sub_task::WorkKind;
use openmoss_domain::task::TaskAction;
use openmoss_domain::task::TaskEdit;
use openmoss_domain::{
    Deed, Event, EventKind, Fields, Module, ModuleId, Task, TaskId, TaskStatus, text,
};
use openmoss_storage::task::Lock;
use openmoss_storage::track_record::note_goal;
use openmoss_storage::{Page, StorageError, Window, Writer, module, sub_task, task};

use crate::Service;
use crate::achievement::credit;
use crate::context::Context;
use crate::error::ServiceError;
use crate::series::begin_task;
use crate::step::{Stepper, append, swapped};

pub use diagnosis::{Diagnosis, Waiting};
pub use listed::{ListedModule, ListedTask, Workload};
pub use openmoss_storage::task::Search;

impl Service {
    /// States a goal; it begins in `planning`.
    pub fn create_task(
        &self,
        cx: &Context,
        name: &str,
        description: &str,
        kind: WorkKind,
    ) -> Result<Task, ServiceError> {
        self.create_recurring_task(cx, name, description, kind, None)
    }

    /// The same for a goal that comes round again; this one is the first round.
    pub fn create_recurring_task(
        &self,
        cx: &Context,
        name: &str,
        description: &str,
        kind: WorkKind,
        recurrence: Option<Recurrence>,
    ) -> Result<Task, ServiceError> {
        let stepper = self.stepper(cx);
        let mut fields = Fields::default();
        let name = fields.keep(text::name("name", name));
        let description = fields.keep(text::text("description", description));
        let recurrence = recurrence.map(|one| self.in_zone(one));
        let recurrence = recurrence.map(|one| one.checked_at("recurrence.", &mut fields));
        fields.finish()?;
        if let Some(recurrence) = &recurrence {
            check_left(recurrence, "recurrence.", stepper.now).map_err(DomainError::from)?;
        }
        if !matches!(cx.actor.kind(), ActorKind::Planner | ActorKind::Admin) {
            let (actor, action) = (cx.actor.kind(), TaskAction::Plan);
            return Err(DomainError::TaskRoleNotAllowed { actor, action }.into());
        }
        let id = TaskId::from_uuid(fresh());
        let kind = if recurrence.is_some() { WorkKind::Recurring } else { kind };
        let new = Task::create(id, name, description, kind, stepper.now);
        let event = Event::new(EventKind::TaskCreated, cx.actor, new.created_at)
            .task(id)
            .with("name", new.name.as_str());
        self.write(cx, move |writer| {
            task::insert(writer, &new)?;
            append(writer, &event)?;
            if let Some(recurrence) = recurrence.clone() {
                begin_task(writer, stepper, id, recurrence)?;
            }
            Ok(new.clone())
        })
    }

    /// Changes name and description; `None` keeps what is there, and so does an empty name.
    pub fn edit_task(
        &self,
        cx: &Context,
        id: TaskId,
        name: Option<&str>,
        description: Option<&str>,
    ) -> Result<Task, ServiceError> {
        let (name, description) = checked_texts(name, description)?;
        let edit = TaskEdit { name, description };
        let stepper = self.stepper(cx);
        self.write(cx, move |writer| {
            let before = task::find_locked(writer, id, Lock::Exclusive)?
                .ok_or(ServiceError::not_found("task"))?;
            let Some((next, event)) = before.edit(edit.clone(), stepper.actor, stepper.now)? else {
                return Ok(before);
            };
            swapped(task::compare_and_set(writer, &before, &next)?)?;
            append(writer, &event)?;
            Ok(next)
        })
    }

    /// Moves a task to another status. Work of a task that is completed, archived or cancelled is
    /// kept back; it comes back when the task does.
    pub fn move_task(
        &self,
        cx: &Context,
        id: TaskId,
        status: TaskStatus,
    ) -> Result<Task, ServiceError> {
        let stepper = self.stepper(cx);
        self.write(cx, move |writer| {
            let before = task::find_locked(writer, id, Lock::Exclusive)?
                .ok_or(ServiceError::not_found("task"))?;
            move_task(writer, stepper, &before, status)
        })
    }

    /// The task with this id.
    pub fn find_task(&self, id: TaskId) -> Result<Task, ServiceError> {
        self.read(|reader| task::find(reader, id)?.ok_or(ServiceError::not_found("task")))
    }

    /// A page of tasks, newest first.
    pub fn list_tasks(
        &self,
        status: Option<TaskStatus>,
        window: Window,
    ) -> Result<Page<Task>, ServiceError> {
        self.read(|reader| Ok(task::list(reader, status, window)?))
    }

    /// Adds a module to a task; names may repeat.
    pub fn create_module(
        &self,
        cx: &Context,
        task_id: TaskId,
        name: &str,
        description: &str,
    ) -> Result<Module, ServiceError> {
        let mut fields = Fields::default();
        let name = fields.keep(text::name("name", name));
        let description = fields.keep(text::text("description", description));
        fields.finish()?;
        let stepper = self.stepper(cx);
        let id = ModuleId::from_uuid(fresh());
        let new = Module { id, task_id, name, description, created_at: stepper.now };
        self.write(cx, move |writer| {
            open_task(writer, stepper, task_id)?;
            insert_module(writer, stepper, &new)?;
            Ok(new.clone())
        })
    }

    /// Changes a module's name and description; `None` keeps what is there, and so does an empty
    /// name.
    pub fn edit_module(
        &self,
        cx: &Context,
        id: ModuleId,
        name: Option<&str>,
        description: Option<&str>,
    ) -> Result<Module, ServiceError> {
        let (name, description) = checked_texts(name, description)?;
        let stepper = self.stepper(cx);
        self.write(cx, move |writer| {
            let found = module::find(writer, id)?.ok_or(ServiceError::not_found("module"))?;
            // One edit after the other, and none beside the end of the task.
            let task = task::find_locked(writer, found.task_id, Lock::Exclusive)?
                .ok_or(ServiceError::not_found("task"))?;
            task.check(TaskAction::Edit, stepper.actor)?;
            let before = module::find(writer, id)?.ok_or(ServiceError::not_found("module"))?;
            let next = Module {
                name: name.clone().unwrap_or_else(|| before.name.clone()),
                description: description.clone().unwrap_or_else(|| before.description.clone()),
                ..before.clone()
            };
            if next == before {
                return Ok(before);
            }
            module::set_texts(writer, &next)?;
            let event = Event::new(EventKind::ModuleEdited, stepper.actor, stepper.now)
                .task(next.task_id)
                .with("module_id", next.id.to_string())
                .with("name", next.name.as_str());
            append(writer, &event)?;
            Ok(next)
        })
    }

    /// The modules of a task, oldest first; none for an unknown task.
    pub fn list_modules(&self, task_id: TaskId) -> Result<Vec<Module>, ServiceError> {
        self.read(|reader| Ok(module::list(reader, task_id)?))
    }

    /// Brings the work of planning tasks in line with the policy, which may have changed since the
    /// last start.
    pub(crate) fn apply_policy_to_planning_tasks(&self) -> Result<(), ServiceError> {
        let (policy, now) = (self.policy(), self.now());
        self.store.write(move |writer| -> Result<(), ServiceError> {
            for id in task::ids_in_status(writer, TaskStatus::Planning)? {
                let task = task::find_locked(writer, id, Lock::Exclusive)?;
                // Another replica may have moved it on meanwhile.
                let task = task.filter(|task| task.status == TaskStatus::Planning);
                if let Some(task) = task {
                    sub_task::set_held(writer, id, task.holds_work(&policy), now)?;
                }
            }
            Ok(())
        })
    }
}

/// The texts of an edit. Clients send an empty name for one that shall stay.
fn checked_texts(
    name: Option<&str>,
    description: Option<&str>,
) -> Result<(Option<String>, Option<String>), DomainError> {
    let mut fields = Fields::default();
    let name = name.filter(|name| !name.is_empty());
    let name = name.map(|name| fields.keep(text::name("name", name)));
    let description = description.map(|text| fields.keep(text::text("description", text)));
    fields.finish().map(|()| (name, description))
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
    move_task(writer, stepper, &task, TaskStatus::InProgress)
}

pub(crate) fn insert_module(
    writer: &mut Writer,
    stepper: Stepper,
    new: &Module,
) -> Result<(), ServiceError> {
    module::insert(writer, new)?;
    let event = Event::new(EventKind::ModuleCreated, stepper.actor, stepper.now)
        .task(new.task_id)
        .with("module_id", new.id.to_string())
        .with("name", new.name.as_str());
    append(writer, &event)
}

/// Moves a task that was just read, and holds or hands out its work accordingly.
pub(crate) fn move_task(
    writer: &mut Writer,
    stepper: Stepper,
    before: &Task,
    status: TaskStatus,
) -> Result<Task, ServiceError> {
    let Some((next, event)) = before.move_to(status, stepper.actor, stepper.now)? else {
        return Ok(before.clone());
    };
    swapped(task::compare_and_set(writer, before, &next)?)?;
    append(writer, &event)?;
    hold_work(writer, stepper, before, &next)?;
    if let (TaskStatus::Completed, Some(planner)) = (next.status, stepper.actor.agent_id())
        && note_goal(writer, planner, next.id)?
    {
        credit(writer, stepper, planner, Deed::Delivered)?;
    }
    Ok(next)
}

/// Keeps the work of a task that moved back, or hands it out again.
fn hold_work(
    writer: &mut Writer,
    stepper: Stepper,
    before: &Task,
    after: &Task,
) -> Result<(), ServiceError> {
    let held = after.holds_work(&stepper.policy);
    if before.holds_work(&stepper.policy) != held {
        sub_task::set_held(writer, after.id, held, stepper.now)?;
    }
    Ok(())
}
