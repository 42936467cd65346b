//! Work that comes round again: its schedule, its rounds, and the opening of those that are due.

mod opening;

use openmoss_domain::recurrence::Recurrence;
use openmoss_domain::series::{PREVIEW_TIMES, Rounds, SeriesEdit, Template, check_left};
use openmoss_domain::sub_task::{Draft, WorkKind};
use openmoss_domain::task::TaskAction;
use openmoss_domain::{
    Action, Actor, ActorKind, AgentId, DomainError, Event, EventKind, Fields, Series, SeriesId,
    SubTask, SubTaskId, Task, TaskId, Timestamp,
};
use openmoss_storage::series as stored;
use openmoss_storage::task::Lock;
use openmoss_storage::{Page, Reader, StorageError, Swap, Window, Writer, sub_task, task};

use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;
use crate::id::fresh;
use crate::step::{Stepper, append};
use crate::sub_task::{SubTaskView, check_role};

pub use openmoss_storage::series::Round;

/// By what a series is named: one of its rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoundId {
    /// A sub-task.
    SubTask(SubTaskId),
    /// A whole task.
    Task(TaskId),
}

type Change = fn(&Series, Timestamp) -> Option<Series>;

impl Service {
    /// The series that a sub-task or task is a round of.
    pub fn find_series(&self, of: RoundId) -> Result<Series, ServiceError> {
        self.read(|reader| existing(reader, of))
    }

    /// Gives a recurring sub-task or task a schedule, which makes it the first round, or changes
    /// the schedule and the texts of the rounds to come.
    pub fn set_recurrence(
        &self,
        cx: &Context,
        of: RoundId,
        edit: &SeriesEdit,
    ) -> Result<Series, ServiceError> {
        check_permission(of, cx.actor)?;
        let recurrence = edit.recurrence.clone().map(|one| self.in_zone(one));
        let edit = SeriesEdit { recurrence, ..edit.clone() }.checked()?;
        let stepper = self.stepper(cx);
        let id = SeriesId::from_uuid(fresh());
        self.write(cx, move |writer| {
            lock(writer, of)?;
            match located(writer, of)? {
                Some(before) => {
                    let Some(next) = before.edit(&edit, stepper.now)? else {
                        return Ok(before);
                    };
                    replace(writer, &before, &next)?;
                    append(writer, &event(EventKind::RecurrenceSet, stepper, of, &next))?;
                    stepper.note_if_all_done(writer, &next)?;
                    Ok(next)
                }
                None => begin_on_existing(writer, stepper, id, of, &edit),
            }
        })
    }

    /// Opens no rounds until the series is resumed.
    pub fn pause_series(&self, cx: &Context, of: RoundId) -> Result<Series, ServiceError> {
        self.change_series(cx, of, Series::pause, EventKind::RecurrencePaused)
    }

    /// Opens rounds again, from the next time on.
    pub fn resume_series(&self, cx: &Context, of: RoundId) -> Result<Series, ServiceError> {
        self.change_series(cx, of, Series::resume, EventKind::RecurrenceResumed)
    }

    /// Opens no rounds any more. The round that runs goes on.
    pub fn end_series(&self, cx: &Context, of: RoundId) -> Result<Series, ServiceError> {
        self.change_series(cx, of, Series::end, EventKind::RecurrenceEnded)
    }

    fn change_series(
        &self,
        cx: &Context,
        of: RoundId,
        change: Change,
        kind: EventKind,
    ) -> Result<Series, ServiceError> {
        check_permission(of, cx.actor)?;
        let stepper = self.stepper(cx);
        self.write(cx, move |writer| {
            lock(writer, of)?;
            let before = existing(writer, of)?;
            let Some(next) = change(&before, stepper.now) else {
                return Ok(before);
            };
            replace(writer, &before, &next)?;
            append(writer, &event(kind, stepper, of, &next))?;
            stepper.note_if_all_done(writer, &next)?;
            Ok(next)
        })
    }

    /// The rounds of the series that a sub-task belongs to, newest first.
    pub fn list_rounds_of_sub_task(
        &self,
        actor: Actor,
        id: SubTaskId,
        window: Window,
    ) -> Result<Page<SubTaskView>, ServiceError> {
        let (rounds, total) = self.rounds(RoundId::SubTask(id), window)?;
        let ids: Vec<_> = rounds.iter().filter_map(|round| round.sub_task_id).collect();
        Ok(Page { items: self.view_sub_tasks(actor, &ids)?, total })
    }

    /// The rounds of the series that a task belongs to, newest first, each with its number.
    pub fn list_rounds_of_task(
        &self,
        id: TaskId,
        window: Window,
    ) -> Result<Page<(Round, Task)>, ServiceError> {
        let (rounds, total) = self.rounds(RoundId::Task(id), window)?;
        let ids: Vec<_> = rounds.iter().map(|round| round.task_id).collect();
        let mut tasks = self.read(|reader| Ok(task::find_many(reader, &ids)?))?;
        let with_task = |round: Round| Some((round, tasks.remove(&round.task_id)?));
        Ok(Page { items: rounds.into_iter().filter_map(with_task).collect(), total })
    }

    fn rounds(&self, of: RoundId, window: Window) -> Result<(Vec<Round>, i64), ServiceError> {
        self.read(|reader| {
            let series = existing(reader, of)?;
            let page = stored::list_rounds(reader, &series, window)?;
            Ok((page.items, page.total))
        })
    }

    /// When rounds of such a schedule would be due next. Writes nothing.
    pub fn preview_recurrence(
        &self,
        recurrence: &Recurrence,
    ) -> Result<Vec<Timestamp>, ServiceError> {
        let now = self.now();
        let mut fields = Fields::default();
        let recurrence = self.in_zone(recurrence.clone()).checked_at("", &mut fields);
        fields.finish()?;
        check_left(&recurrence, "", now).map_err(DomainError::from)?;
        Ok(recurrence.preview(now, PREVIEW_TIMES))
    }

    /// A schedule that names no time zone is meant in the server's.
    pub(crate) fn in_zone(&self, recurrence: Recurrence) -> Recurrence {
        if recurrence.timezone.trim().is_empty() {
            return Recurrence { timezone: self.settings().server.timezone.clone(), ..recurrence };
        }
        recurrence
    }

    /// The same for a new sub-task.
    pub(crate) fn draft_in_zone(&self, draft: &Draft) -> Draft {
        let recurrence = draft.recurrence.clone().map(|one| self.in_zone(one));
        Draft { recurrence, ..draft.clone() }
    }
}

/// Makes a sub-task that was just stored the first round of a series.
pub(crate) fn begin(
    writer: &mut Writer,
    stepper: Stepper,
    first: &SubTask,
    assigned_agent: Option<AgentId>,
    recurrence: Recurrence,
) -> Result<(), ServiceError> {
    if stored::find_round_of_task(writer, first.task_id)?.is_some() {
        let message = "must be absent: the task itself comes round again";
        return Err(DomainError::field("recurrence", message).into());
    }
    let id = SeriesId::from_uuid(fresh());
    let rounds = rounds_like(first, assigned_agent);
    let new = Series::begin(id, rounds, recurrence, stepper.now);
    insert(writer, stepper, RoundId::SubTask(first.id), first.task_id, &new)
}

/// Makes a task that was just stored the first round of a series.
pub(crate) fn begin_task(
    writer: &mut Writer,
    stepper: Stepper,
    first: TaskId,
    recurrence: Recurrence,
) -> Result<(), ServiceError> {
    let id = SeriesId::from_uuid(fresh());
    let new = Series::begin(id, Rounds::Tasks, recurrence, stepper.now);
    insert(writer, stepper, RoundId::Task(first), first, &new)
}

fn begin_on_existing(
    writer: &mut Writer,
    stepper: Stepper,
    id: SeriesId,
    of: RoundId,
    edit: &SeriesEdit,
) -> Result<Series, ServiceError> {
    let (kind, task_id, rounds) = match of {
        RoundId::SubTask(first) => {
            let first =
                sub_task::find(writer, first)?.ok_or(ServiceError::not_found("sub_task"))?;
            (first.kind, first.task_id, rounds_like(&first, None))
        }
        RoundId::Task(first) => {
            let first = task::find(writer, first)?.ok_or(ServiceError::not_found("task"))?;
            (first.kind, first.id, Rounds::Tasks)
        }
    };
    let wrong = |message: &str| Err(DomainError::field("recurrence", message).into());
    let Some(recurrence) = edit.recurrence.clone() else {
        return wrong("is required: there is no schedule yet");
    };
    if kind == WorkKind::Once {
        return wrong("is for work of type recurring; create it anew with a recurrence");
    }
    let is_nested = match of {
        RoundId::SubTask(_) => stored::find_round_of_task(writer, task_id)?.is_some(),
        RoundId::Task(id) => stored::has_any(writer, id)?,
    };
    if is_nested {
        return wrong("must not be set on a task and on its sub-tasks, too");
    }
    check_left(&recurrence, "recurrence.", stepper.now).map_err(DomainError::from)?;
    let begun = Series::begin(id, rounds, recurrence, stepper.now);
    // The texts of the rounds to come may be other ones from the start.
    let new = match begun.edit(edit, stepper.now)? {
        Some(edited) => Series { version: begun.version, ..edited },
        None => begun,
    };
    insert(writer, stepper, of, task_id, &new)?;
    Ok(new)
}

fn rounds_like(first: &SubTask, assigned_agent: Option<AgentId>) -> Rounds {
    let template = Template { draft: first.draft(), module_id: first.module_id, assigned_agent };
    Rounds::SubTasks { task_id: first.task_id, template: Box::new(template) }
}

fn insert(
    writer: &mut Writer,
    stepper: Stepper,
    first: RoundId,
    task_id: TaskId,
    new: &Series,
) -> Result<(), ServiceError> {
    stored::insert(writer, new)?;
    let sub_task_id = match first {
        RoundId::SubTask(id) => Some(id),
        RoundId::Task(_) => None,
    };
    let (series_id, due) = (new.id, stepper.now);
    stored::insert_round(writer, &Round { series_id, number: 1, task_id, sub_task_id, due })?;
    append(writer, &event(EventKind::RecurrenceSet, stepper, first, new))
}

fn event(kind: EventKind, stepper: Stepper, of: RoundId, series: &Series) -> Event {
    let mut event = Event::new(kind, stepper.actor, stepper.now)
        .with("series_id", series.id.to_string())
        .with("cron", series.recurrence.cron.as_str())
        .with("timezone", series.recurrence.timezone.as_str())
        .with("next_due", series.pending.next_due.map(|due| due.to_string()));
    match of {
        RoundId::SubTask(id) => {
            event.task_id = series.task_id();
            event.sub_task_id = Some(id);
        }
        RoundId::Task(id) => event.task_id = Some(id),
    }
    event
}

fn check_permission(of: RoundId, actor: Actor) -> Result<(), DomainError> {
    match of {
        RoundId::SubTask(_) => check_role(Action::Edit, actor),
        RoundId::Task(_) if matches!(actor.kind(), ActorKind::Planner | ActorKind::Admin) => Ok(()),
        RoundId::Task(_) => {
            let (actor, action) = (actor.kind(), TaskAction::Edit);
            Err(DomainError::TaskRoleNotAllowed { actor, action })
        }
    }
}

/// Locks the task first, as every step does that can end its work.
fn lock(writer: &mut Writer, of: RoundId) -> Result<(), ServiceError> {
    let id = match of {
        RoundId::SubTask(id) => {
            sub_task::find(writer, id)?.ok_or(ServiceError::not_found("sub_task"))?.task_id
        }
        RoundId::Task(id) => id,
    };
    task::find_locked(writer, id, Lock::Exclusive)?.ok_or(ServiceError::not_found("task"))?;
    Ok(())
}

/// The series of a round; none if the sub-task or task exists and is none.
fn located(reader: &mut Reader, of: RoundId) -> Result<Option<Series>, ServiceError> {
    let round = match of {
        RoundId::SubTask(id) => stored::find_rounds(reader, &[id])?.remove(&id),
        RoundId::Task(id) => stored::find_round_of_task(reader, id)?,
    };
    Ok(match round {
        Some(round) => stored::find(reader, round.series_id)?,
        None => None,
    })
}

fn existing(reader: &mut Reader, of: RoundId) -> Result<Series, ServiceError> {
    located(reader, of)?.ok_or(ServiceError::not_found("recurrence"))
}

/// Somebody else was quicker: the transaction is run again and sees what became of it.
fn replace(writer: &mut Writer, before: &Series, next: &Series) -> Result<(), ServiceError> {
    match stored::compare_and_set(writer, before, next)? {
        Swap::Swapped => Ok(()),
        Swap::Lost => Err(StorageError::Busy.into()),
    }
}

impl Stepper {
    /// A series that ends may have been the last thing that kept its task from being done.
    fn note_if_all_done(self, writer: &mut Writer, series: &Series) -> Result<(), ServiceError> {
        let Some(task_id) = series.task_id().filter(|_| !series.pending.is_any()) else {
            return Ok(());
        };
        let is_open = task::find(writer, task_id)?.is_some_and(|task| task.status.is_open());
        if is_open { self.note_all_done(writer, task_id) } else { Ok(()) }
    }
}
