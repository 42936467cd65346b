//! Rounds are opened when they are due, each in a transaction of its own.

use std::collections::HashMap;

use openmoss_domain::plan::{
    CheckedPlan, PLAN_SUB_TASKS_MAX, PlannedModule, PlannedSubTask, Prerequisite,
};
use openmoss_domain::series::{Around, Rounds, SkipReason, Template, Turn};
use openmoss_domain::sub_task::Status;
use openmoss_domain::{
    Actor, Command, Event, EventKind, ModuleId, Rule, RuleId, RuleScope, Series, SeriesId, SubTask,
    SubTaskId, Task, TaskId, TaskStatus, Timestamp,
};
use openmoss_storage::series as stored;
use openmoss_storage::task::Lock;
use openmoss_storage::{Writer, agent, module, prerequisite, rule, sub_task, task};

use super::{Round, replace};
use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;
use crate::id::fresh;
use crate::plan::insert_plan;
use crate::step::{Stepper, append};
use crate::sub_task::creation::{NewRow, insert};
use crate::task::move_task;

/// Series that one look takes up; those that are longest due come first.
const DUE_MAX: i64 = 500;

impl Service {
    /// Opens every round that is due. Any replica may do it at any time: a series is compared and
    /// set, so each round is opened once.
    ///
    /// # Errors
    /// The first failure; the others are opened all the same.
    pub fn open_due_rounds(&self) -> Result<(), ServiceError> {
        let now = self.now();
        let due = self.read(|reader| Ok(stored::list_due(reader, now, DUE_MAX)?))?;
        let cx = Context::of(Actor::System);
        let mut failed = None;
        for id in due {
            let stepper = self.stepper(&cx);
            let turned = self.write(&cx, move |writer| turn(writer, stepper, id));
            if let Err(error) = turned {
                tracing::warn!(series.id = %id, %error, "a round could not be opened");
                failed.get_or_insert(error);
            }
        }
        failed.map_or(Ok(()), Err)
    }
}

fn turn(writer: &mut Writer, stepper: Stepper, id: SeriesId) -> Result<(), ServiceError> {
    let Some(found) = stored::find(writer, id)? else {
        return Ok(());
    };
    // The task before everything else, as every step does; then what is true of it stays true.
    let task = match found.task_id() {
        Some(task_id) => task::find_locked(writer, task_id, Lock::Exclusive)?,
        None => None,
    };
    let before = stored::find(writer, id)?.ok_or(ServiceError::not_found("recurrence"))?;
    let last = stored::find_round(writer, id, before.round)?
        .ok_or(ServiceError::not_found("recurrence"))?;
    let is_task_over = task.as_ref().is_some_and(|task| !task.status.is_open());
    let around = Around { is_running: is_running(writer, &last)?, is_task_over };
    let Some(turn) = before.turn(stepper.now, around) else {
        return Ok(());
    };
    replace(writer, &before, &turn.next)?;
    let Turn { next, opens, skips } = turn;
    if let Some((due, reason)) = skips {
        append(writer, &skipped(stepper, &next, &last, due, reason))?;
    }
    if let Some(due) = opens {
        let round = Round { series_id: id, number: next.round, due, ..last };
        match (&next.rounds, &task) {
            (Rounds::SubTasks { template, .. }, Some(task)) => {
                open_sub_task(writer, stepper, task, template, round)?;
            }
            (Rounds::SubTasks { .. }, None) => return Err(ServiceError::not_found("task")),
            (Rounds::Tasks, _) => return open_task_round(writer, stepper, &next, round),
        }
    }
    stepper.note_if_all_done(writer, &next)
}

fn is_running(writer: &mut Writer, last: &Round) -> Result<bool, ServiceError> {
    Ok(match last.sub_task_id {
        Some(id) => sub_task::find(writer, id)?.is_some_and(|one| !one.status.is_terminal()),
        None => task::find(writer, last.task_id)?.is_some_and(|task| task.status.is_open()),
    })
}

fn skipped(
    stepper: Stepper,
    series: &Series,
    last: &Round,
    due: Timestamp,
    reason: SkipReason,
) -> Event {
    let mut event = Event::new(EventKind::RoundSkipped, stepper.actor, stepper.now)
        .task(last.task_id)
        .with("series_id", series.id.to_string())
        .with("due", due.to_string())
        .with("reason", reason.as_str());
    event.sub_task_id = last.sub_task_id;
    event
}

fn opened(stepper: Stepper, round: Round) -> Event {
    let mut event = Event::new(EventKind::RoundOpened, stepper.actor, stepper.now)
        .task(round.task_id)
        .with("series_id", round.series_id.to_string())
        .with("round", round.number)
        .with("due", round.due.to_string());
    event.sub_task_id = round.sub_task_id;
    event
}

/// A new sub-task like the template. It waits for what the last one waited for, and the rules that
/// were made for the last one hold for it.
fn open_sub_task(
    writer: &mut Writer,
    stepper: Stepper,
    task: &Task,
    template: &Template,
    round: Round,
) -> Result<(), ServiceError> {
    let last = round.sub_task_id;
    let needed = match last {
        Some(last) => prerequisite::find_all(writer, &[last])?.remove(&last).unwrap_or_default(),
        None => Vec::new(),
    };
    let mut needed = sub_task::find_many(writer, &needed)?;
    needed.retain(|one| one.status != Status::Cancelled);
    let id = SubTaskId::from_uuid(fresh());
    let new = NewRow {
        id,
        draft: template.draft.clone(),
        module_id: template.module_id,
        assigned_agent: None,
        depends_on: &needed,
    };
    insert(writer, stepper, task, new)?;
    let round = Round { sub_task_id: Some(id), ..round };
    stored::insert_round(writer, &round)?;
    if let Some(last) = last {
        for rule in rule::list_applicable(writer, None, Some(last))? {
            if rule.scope == RuleScope::SubTask {
                copy_rule(writer, stepper, Rule { sub_task_id: Some(id), ..rule })?;
            }
        }
    }
    append(writer, &opened(stepper, round))?;
    // Whoever got every round gets this one, too, unless the agent is gone or disabled.
    if let Some(to) = template.assigned_agent
        && agent::find(writer, to)?.is_some_and(|agent| agent.can_own_work())
    {
        stepper.step(writer, id, &Command::Assign { to })?;
    }
    Ok(())
}

fn copy_rule(writer: &mut Writer, stepper: Stepper, rule: Rule) -> Result<(), ServiceError> {
    let id = RuleId::from_uuid(fresh());
    Ok(rule::insert(
        writer,
        &Rule { id, created_at: stepper.now, updated_at: stepper.now, ..rule },
    )?)
}

/// A new task with the modules, sub-tasks and rules of the last one. Without sub-tasks it begins in
/// `planning`, and the planner plans it; else it is active at once.
fn open_task_round(
    writer: &mut Writer,
    stepper: Stepper,
    series: &Series,
    round: Round,
) -> Result<(), ServiceError> {
    let last = task::find(writer, round.task_id)?.ok_or(ServiceError::not_found("task"))?;
    let Some(plan) = plan_of(writer, last.id)? else {
        return pause_too_large(writer, stepper, series, last.id);
    };
    let id = TaskId::from_uuid(fresh());
    let new = Task::create(id, last.name, last.description, last.kind, stepper.now);
    task::insert(writer, &new)?;
    let created = Event::new(EventKind::TaskCreated, stepper.actor, stepper.now)
        .task(id)
        .with("name", new.name.as_str());
    append(writer, &created)?;
    let round = Round { task_id: id, ..round };
    stored::insert_round(writer, &round)?;
    for rule in rule::list(writer, Some(RuleScope::Task), Some(last.id))? {
        copy_rule(writer, stepper, Rule { task_id: Some(id), ..rule })?;
    }
    append(writer, &opened(stepper, round))?;
    if plan.sub_tasks.is_empty() && plan.modules.is_empty() {
        return Ok(());
    }
    let task = move_task(writer, stepper, &new, TaskStatus::Active)?;
    let module_ids: Vec<_> = plan.modules.iter().map(|_| ModuleId::from_uuid(fresh())).collect();
    let ids: Vec<_> = plan.sub_tasks.iter().map(|_| SubTaskId::from_uuid(fresh())).collect();
    insert_plan(writer, stepper, &task, &plan, &module_ids, &ids).map(drop)
}

/// A copy of what is there is bounded as a plan is. Rather than open a part of a round, the series
/// waits for somebody to make the task smaller.
fn pause_too_large(
    writer: &mut Writer,
    stepper: Stepper,
    series: &Series,
    last: TaskId,
) -> Result<(), ServiceError> {
    let paused = Series { round: series.round - 1, ..series.clone() }.pause(stepper.now);
    let Some(paused) = paused else {
        return Ok(());
    };
    replace(writer, series, &paused)?;
    let reason = format!("the task has more than {PLAN_SUB_TASKS_MAX} sub-tasks");
    let event = Event::new(EventKind::RecurrencePaused, stepper.actor, stepper.now)
        .task(last)
        .with("series_id", series.id.to_string())
        .with("reason", reason);
    append(writer, &event)
}

/// A task as a plan; none if it is larger than a plan may be. Work that was given up is left out.
fn plan_of(writer: &mut Writer, id: TaskId) -> Result<Option<CheckedPlan>, ServiceError> {
    let limit = i64::try_from(PLAN_SUB_TASKS_MAX).unwrap_or(i64::MAX);
    let mut sub_tasks = sub_task::list_first(writer, id, limit.saturating_add(1))?;
    if sub_tasks.len() > PLAN_SUB_TASKS_MAX {
        return Ok(None);
    }
    sub_tasks.retain(|one| one.status != Status::Cancelled);
    let modules = module::list(writer, id)?;
    let ids: Vec<_> = sub_tasks.iter().map(|one| one.id).collect();
    let needed = prerequisite::find_all(writer, &ids)?;
    let index_of: HashMap<SubTaskId, usize> = ids.iter().copied().zip(0..).collect();
    let planned = |(index, one): (usize, SubTask)| {
        let module = one.module_id;
        let module = module.and_then(|id| modules.iter().position(|module| module.id == id));
        let needs = needed.get(&one.id).into_iter().flatten();
        let needs = needs.filter_map(|id| index_of.get(id).copied().map(Prerequisite::Planned));
        let needs: Vec<_> = needs.collect();
        (
            PlannedSubTask {
                place: format!("sub_tasks[{index}]"),
                reference: String::new(),
                module,
                draft: one.draft(),
                assigned_agent: None,
                depends_on: Vec::new(),
            },
            needs,
        )
    };
    let sub_tasks = sub_tasks.into_iter().enumerate().map(planned).collect();
    let modules = modules.iter().map(|one| PlannedModule {
        reference: String::new(),
        name: one.name.clone(),
        description: one.description.clone(),
    });
    Ok(Some(CheckedPlan { modules: modules.collect(), sub_tasks }))
}
