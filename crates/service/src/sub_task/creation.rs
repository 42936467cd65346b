//! Sub-tasks come into being and are edited.

use openmoss_domain::series::check_left;
use openmoss_domain::sub_task::{Draft, Edit, Place};
use openmoss_domain::{
    Action, AgentId, Command, DomainError, Event, EventKind, Fields, ModuleId, SubTask, SubTaskId,
    Task, TaskId, Timestamp,
};
use openmoss_storage::sub_task as stored;
use openmoss_storage::task::Lock;
use openmoss_storage::{Writer, module, prerequisite, task};

use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;
use crate::id::fresh;
use crate::series;
use crate::step::{Stepper, append};
use crate::sub_task::prerequisites::{length, open_among, prerequisites, refuse_cycle};
use crate::sub_task::{check_role, find_worker};
use crate::task::open_task;
use crate::task_policy::in_force;

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

impl Service {
    /// Creates a sub-task; with `assigned_agent` it is given to that executor at once.
    pub fn create_sub_task(&self, cx: &Context, new: &NewSubTask) -> Result<SubTask, ServiceError> {
        let stepper = self.stepper(cx);
        let mut fields = Fields::default();
        let draft = self.draft_in_zone(&new.draft).checked("", &mut fields);
        fields.finish()?;
        check_time_left([("", &draft)], stepper.now)?;
        let new = NewSubTask { draft, ..new.clone() };
        let (id, settings) = (SubTaskId::from_uuid(fresh()), self.requirements());
        self.write(cx, move |writer| {
            let task = open_task(writer, stepper, new.task_id)?;
            let requirements = in_force(writer, settings, task.id)?;
            let mut fields = Fields::default();
            requirements.check("", &new.draft, new.module_id.is_some(), &mut fields);
            fields.finish()?;
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
        let (stepper, settings) = (self.stepper(cx), self.requirements());
        self.write(cx, move |writer| {
            let edited = stored::find(writer, id)?.ok_or(ServiceError::not_found("sub_task"))?;
            let mut fields = Fields::default();
            in_force(writer, settings, edited.task_id)?.check_edit(&edit, &mut fields);
            fields.finish()?;
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
}

fn check_module(writer: &mut Writer, id: ModuleId, task_id: TaskId) -> Result<(), ServiceError> {
    let module = module::find(writer, id)?.ok_or(ServiceError::not_found("module"))?;
    if module.task_id != task_id {
        return Err(DomainError::field("module_id", "belongs to another task").into());
    }
    Ok(())
}

/// A schedule must have a time that is still to come; each draft stands below its place.
pub(crate) fn check_time_left<'a>(
    drafts: impl IntoIterator<Item = (&'a str, &'a Draft)>,
    now: Timestamp,
) -> Result<(), DomainError> {
    let mut fields = Fields::default();
    for (place, draft) in drafts {
        if let Some(recurrence) = &draft.recurrence {
            let dot = if place.is_empty() { "" } else { "." };
            fields.keep(check_left(recurrence, &format!("{place}{dot}recurrence."), now));
        }
    }
    fields.finish()
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
        held: task.holds_work(&stepper.policy),
        prerequisites: length(new.depends_on.len()),
        open_prerequisites: open_among(new.depends_on),
    };
    let recurrence = new.draft.recurrence.clone();
    let created = SubTask::create(new.id, new.draft, place, stepper.now);
    stored::insert(writer, &created)?;
    let ids: Vec<_> = new.depends_on.iter().map(|sub_task| sub_task.id).collect();
    prerequisite::insert(writer, created.id, &ids)?;
    let event = Event::new(EventKind::SubTaskCreated, stepper.actor, stepper.now)
        .sub_task(task.id, created.id)
        .with("name", created.name.as_str());
    append(writer, &event)?;
    if let Some(recurrence) = recurrence {
        series::begin(writer, stepper, &created, new.assigned_agent, recurrence)?;
    }
    match new.assigned_agent {
        None => Ok(created),
        Some(to) => {
            find_worker(writer, "assigned_agent", to)?;
            Ok(stepper.step(writer, created.id, &Command::Assign { to })?.after)
        }
    }
}
