//! What models cost: agents report it, budgets stop the handing out of work, admins look.

use openmoss_domain::usage::{BudgetScope, Cap, Cost, OwnCap, Stop, Sums, Usage};
use openmoss_domain::{
    Action, Actor, AgentId, DomainError, Event, EventKind, Fields, SubTaskId, Task, TaskId,
};
use openmoss_storage::task::Lock;
use openmoss_storage::usage::{self as stored, SumOf};
use openmoss_storage::{Page, Reader, Window, Writer, agent, sub_task, task};
use serde::{Deserialize, Serialize};

use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;
use crate::request::day;
use crate::settings::BudgetSettings;
use crate::step::{Stepper, append, swapped};
use crate::sub_task::check_role;

pub use openmoss_storage::usage::BudgetOf;

/// Most days that one answer looks back.
pub const DAYS_MAX: u32 = 92;

/// What was used for what, as it came in.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// For this sub-task; its task counts too.
    pub sub_task_id: Option<SubTaskId>,
    /// For this task, where it is no sub-task's.
    pub task_id: Option<TaskId>,
    /// How much.
    pub usage: Usage,
}

/// How a report leaves its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// What the sender used today.
    pub today: Sums,
    /// Why it gets no new work, if so.
    pub stop: Option<Stop>,
}

/// The caps that hold where nobody has one of its own, and the day.
#[derive(Debug, Clone)]
pub(crate) struct Caps {
    day: Cap,
    agent: Cap,
    task: Cap,
    today: String,
}

impl Caps {
    fn of(settings: &BudgetSettings, today: String) -> Self {
        let cap = |tokens: u64, cost: u64| Cap {
            tokens: i64::try_from(tokens).unwrap_or(i64::MAX),
            cost: Cost::from_units(i64::try_from(cost).unwrap_or(i64::MAX)),
        };
        Self {
            day: cap(settings.day_tokens, settings.day_cost),
            agent: cap(settings.agent_day_tokens, settings.agent_day_cost),
            task: cap(settings.task_tokens, settings.task_cost),
            today,
        }
    }
}

/// Somebody's use of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// What it has of its own.
    pub own: OwnCap,
    /// What holds.
    pub cap: Cap,
    /// What was used: of an agent today, of a task in all.
    pub used: Sums,
}

impl Budget {
    /// Whether it is used up.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        self.cap.reached(&self.used).is_some()
    }
}

/// A budget of an agent's or a task's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedBudget {
    /// Whose.
    pub of: BudgetOf,
    /// Its name; none if it is gone.
    pub name: Option<String>,
    /// How far it is used.
    pub budget: Budget,
}

impl Service {
    pub(crate) fn caps(&self) -> Caps {
        Caps::of(&self.settings().budget, day(self.now(), self.zone()))
    }

    /// Why an agent gets no new work: a budget is used up. The one question for whoever hands out
    /// work; a task's budget needs none, because its work is held.
    pub fn budget_stop(&self, agent: AgentId) -> Result<Option<Stop>, ServiceError> {
        let caps = self.caps();
        let own = self.directory.own_cap(&self.store, agent)?;
        let of_agent = own.over(caps.agent);
        if !caps.day.is_any() && !of_agent.is_any() {
            return Ok(None);
        }
        self.read(|reader| stop_of(reader, &caps, of_agent, agent))
    }

    /// The same as a refusal for an executor that wants work: any, or this sub-task. Claiming again
    /// what is one's own is no new work.
    pub(crate) fn check_budget_for(
        &self,
        actor: Actor,
        id: Option<SubTaskId>,
    ) -> Result<(), ServiceError> {
        let Some(agent) = actor.agent_id() else { return Ok(()) };
        let Some(stop) = self.budget_stop(agent)? else { return Ok(()) };
        if let Some(id) = id {
            let found = self.read(|reader| Ok(sub_task::find(reader, id)?))?;
            if found.is_some_and(|found| found.is_owned_by(actor)) {
                return Ok(());
            }
        }
        check_role(Action::Claim, actor)?;
        Err(DomainError::BudgetReached { stop }.into())
    }

    /// Whether everybody's budget for today is used up.
    pub(crate) fn is_day_used_up(&self) -> Result<bool, ServiceError> {
        let caps = self.caps();
        if !caps.day.is_any() {
            return Ok(false);
        }
        let used = self.read(|reader| Ok(stored::find(reader, SumOf::Day(&caps.today))?))?;
        Ok(caps.day.reached(&used).is_some())
    }

    /// Takes down what the agent `from` used.
    pub fn report_usage(
        &self,
        cx: &Context,
        from: AgentId,
        report: &Report,
    ) -> Result<Reported, ServiceError> {
        let mut fields = Fields::default();
        let usage = report.usage.checked("", &mut fields);
        fields.finish()?;
        let report = Report { usage, ..report.clone() };
        let (stepper, caps) = (self.stepper(cx), self.caps());
        self.write(cx, move |writer| {
            let today = report_within(writer, stepper, &caps, from, &report)?;
            let own = stored::find_cap(writer, BudgetOf::Agent(from))?;
            let stop = stop_of(writer, &caps, own.over(caps.agent), from)?;
            Ok(Reported { today, stop })
        })
    }

    /// What was used on the last days together, and on each of them, newest first; days without a report are left out.
    pub fn list_usage_by_day(
        &self,
        days: u32,
    ) -> Result<(Sums, Vec<(String, Sums)>), ServiceError> {
        let since = self.day_ago(days);
        let limit = i64::from(DAYS_MAX);
        let days = self.read(|reader| Ok(stored::list_days(reader, &since, limit)?))?;
        let total = days.iter().fold(Sums::default(), |total, (_, used)| total.plus(used));
        Ok((total, days))
    }

    /// What each agent used on the last days, the dearest first, with its name.
    pub fn list_usage_by_agent(
        &self,
        days: u32,
        window: Window,
    ) -> Result<Page<(AgentId, Option<String>, Sums)>, ServiceError> {
        let since = self.day_ago(days);
        self.read(|reader| {
            let page = stored::list_agents(reader, &since, window)?;
            let ids = page.items.iter().map(|(id, _)| *id).collect();
            let names = agent::names(reader, &ids)?;
            let named = |(id, sums)| (id, names.get(&id).cloned(), sums);
            Ok(Page { items: page.items.into_iter().map(named).collect(), total: page.total })
        })
    }

    /// What each task used on the last days, the dearest first, with its name.
    pub fn list_usage_by_task(
        &self,
        days: u32,
        window: Window,
    ) -> Result<Page<(TaskId, Option<String>, Sums)>, ServiceError> {
        let since = self.day_ago(days);
        self.read(|reader| {
            let page = stored::list_tasks(reader, &since, window)?;
            let ids = page.items.iter().map(|(id, _)| *id).collect();
            let names = task::names(reader, &ids)?;
            let named = |(id, sums)| (id, names.get(&id).cloned(), sums);
            Ok(Page { items: page.items.into_iter().map(named).collect(), total: page.total })
        })
    }

    /// The first of so many days, today included.
    fn day_ago(&self, days: u32) -> String {
        let back = u64::from(days.clamp(1, DAYS_MAX) - 1);
        let back = std::time::Duration::from_hours(24 * back);
        day(self.now().minus(back), self.zone())
    }

    /// Everybody's budget for today.
    pub fn find_day_budget(&self) -> Result<Budget, ServiceError> {
        let caps = self.caps();
        let used = self.read(|reader| Ok(stored::find(reader, SumOf::Day(&caps.today))?))?;
        Ok(Budget { own: OwnCap::default(), cap: caps.day, used })
    }

    /// The budget of an agent or a task.
    pub fn find_budget(&self, of: BudgetOf) -> Result<Budget, ServiceError> {
        let caps = self.caps();
        self.read(|reader| {
            check_exists(reader, of)?;
            budget(reader, &caps, of)
        })
    }

    /// A page of the agents and tasks that have a budget of their own.
    pub fn list_budgets(&self, window: Window) -> Result<Page<NamedBudget>, ServiceError> {
        let caps = self.caps();
        self.read(|reader| {
            let page = stored::list_caps(reader, window)?;
            let of_agent = |of| if let BudgetOf::Agent(id) = of { Some(id) } else { None };
            let of_task = |of| if let BudgetOf::Task(id) = of { Some(id) } else { None };
            let ids = || page.items.iter().map(|(of, _)| *of);
            let agents = agent::names(reader, &ids().filter_map(of_agent).collect())?;
            let tasks = task::names(reader, &ids().filter_map(of_task).collect())?;
            let mut items = Vec::with_capacity(page.items.len());
            for of in ids() {
                let name = match of {
                    BudgetOf::Agent(id) => agents.get(&id).cloned(),
                    BudgetOf::Task(id) => tasks.get(&id).cloned(),
                };
                items.push(NamedBudget { of, name, budget: budget(reader, &caps, of)? });
            }
            Ok(Page { items, total: page.total })
        })
    }

    /// Gives an agent or a task a budget of its own, in force at once; what it leaves open, the
    /// default decides.
    pub fn set_budget(
        &self,
        cx: &Context,
        of: BudgetOf,
        own: OwnCap,
    ) -> Result<Budget, ServiceError> {
        let mut fields = Fields::default();
        own.check(&mut fields);
        fields.finish()?;
        let (stepper, caps) = (self.stepper(cx), self.caps());
        let set = self.write(cx, move |writer| {
            if let BudgetOf::Task(id) = of {
                task::find_locked(writer, id, Lock::Exclusive)?;
            }
            check_exists(writer, of)?;
            if stored::find_cap(writer, of)? != own {
                stored::set_cap(writer, of, own, stepper.now)?;
                append(writer, &set_event(stepper, of, own))?;
            }
            if let BudgetOf::Task(id) = of {
                hold_by_budget(writer, stepper, &caps, id)?;
            }
            budget(writer, &caps, of)
        });
        self.directory.forget();
        set
    }

    /// Brings the tasks in line with the budgets in force, which may have changed: those that have
    /// used theirs up hand out no work, the others do.
    pub(crate) fn apply_budgets(&self) -> Result<(), ServiceError> {
        let caps = self.caps();
        let ids = self.read(|reader| {
            let mut ids = stored::tasks_beyond(reader, caps.task.tokens, caps.task.cost)?;
            ids.extend(task::ids_stopped(reader)?);
            ids.sort();
            ids.dedup();
            Ok(ids)
        })?;
        let stepper = self.stepper(&Context::of(Actor::System));
        for id in ids {
            let caps = caps.clone();
            self.store.write(move |writer| hold_by_budget(writer, stepper, &caps, id))?;
        }
        self.live.ring();
        Ok(())
    }
}

fn stop_of(
    reader: &mut Reader,
    caps: &Caps,
    of_agent: Cap,
    agent: AgentId,
) -> Result<Option<Stop>, ServiceError> {
    if caps.day.is_any() {
        let used = stored::find(reader, SumOf::Day(&caps.today))?;
        if let Some(stop) = Stop::of(BudgetScope::Day, caps.day, used) {
            return Ok(Some(stop));
        }
    }
    if !of_agent.is_any() {
        return Ok(None);
    }
    let used = stored::find(reader, SumOf::Agent(agent, &caps.today))?;
    Ok(Stop::of(BudgetScope::Agent, of_agent, used))
}

/// The task that a report is for.
fn task_of(reader: &mut Reader, report: &Report) -> Result<Option<TaskId>, ServiceError> {
    if let Some(id) = report.sub_task_id {
        let found = sub_task::find(reader, id)?.ok_or(ServiceError::not_found("sub_task"))?;
        if report.task_id.is_some_and(|task_id| task_id != found.task_id) {
            return Err(DomainError::field("task_id", "is not the task of the sub-task").into());
        }
        return Ok(Some(found.task_id));
    }
    if let Some(id) = report.task_id {
        task::find(reader, id)?.ok_or(ServiceError::not_found("task"))?;
    }
    Ok(report.task_id)
}

/// Adds a report to every sum that it is part of, and stops what it uses up; the sender's new sum.
pub(crate) fn report_within(
    writer: &mut Writer,
    stepper: Stepper,
    caps: &Caps,
    from: AgentId,
    report: &Report,
) -> Result<Sums, ServiceError> {
    let (task_id, usage) = (task_of(writer, report)?, &report.usage);
    append(writer, &reported(stepper, from, task_id, report))?;
    // Always in this order, so that two reports cannot wait for each other.
    let of_day = stored::add(writer, SumOf::Day(&caps.today), usage)?;
    let of_agent = stored::add(writer, SumOf::Agent(from, &caps.today), usage)?;
    let mut stops = vec![newly(BudgetScope::Day, caps.day, of_day, usage)];
    let own = stored::find_cap(writer, BudgetOf::Agent(from))?;
    stops.push(newly(BudgetScope::Agent, own.over(caps.agent), of_agent, usage));
    for stop in stops.into_iter().flatten() {
        append(writer, &reached(stepper, stop, Some(from), task_id))?;
    }
    if let Some(id) = task_id {
        stored::add(writer, SumOf::Task(id, &caps.today), usage)?;
        let of_task = stored::add(writer, SumOf::WholeTask(id), usage)?;
        let cap = stored::find_cap(writer, BudgetOf::Task(id))?.over(caps.task);
        if newly(BudgetScope::Task, cap, of_task, usage).is_some() {
            hold_by_budget(writer, stepper, caps, id)?;
        }
    }
    Ok(of_agent)
}

/// The stop that this report made, if it did.
fn newly(scope: BudgetScope, cap: Cap, after: Sums, usage: &Usage) -> Option<Stop> {
    let was_reached = cap.reached(&after.before(usage)).is_some();
    Stop::of(scope, cap, after).filter(|_| !was_reached)
}

fn reported(stepper: Stepper, from: AgentId, task_id: Option<TaskId>, report: &Report) -> Event {
    let usage = &report.usage;
    let mut event = Event::new(EventKind::UsageReported, stepper.actor, stepper.now)
        .agent(from)
        .with("model", usage.model.as_str())
        .with("input_tokens", usage.input_tokens)
        .with("output_tokens", usage.output_tokens)
        .with("cost", usage.cost.to_string());
    event.task_id = task_id;
    event.sub_task_id = report.sub_task_id;
    event
}

/// Tells the admin, once for each budget and period: with the report that used it up.
fn reached(stepper: Stepper, stop: Stop, agent: Option<AgentId>, task: Option<TaskId>) -> Event {
    let mut event = Event::new(EventKind::BudgetReached, Actor::System, stepper.now)
        .with("scope", stop.scope.as_str())
        .with("measure", stop.measure.as_str())
        .with("limit", stop.limit_text())
        .with("used", stop.used_text());
    match stop.scope {
        BudgetScope::Day => {}
        BudgetScope::Agent => event.agent_id = agent,
        BudgetScope::Task => event.task_id = task,
    }
    event
}

fn set_event(stepper: Stepper, of: BudgetOf, own: OwnCap) -> Event {
    let event = Event::new(EventKind::BudgetSet, stepper.actor, stepper.now)
        .with("tokens", own.tokens)
        .with("cost", own.cost.map(|cost| cost.to_string()));
    match of {
        BudgetOf::Agent(id) => event.agent(id),
        BudgetOf::Task(id) => event.task(id),
    }
}

fn check_exists(reader: &mut Reader, of: BudgetOf) -> Result<(), ServiceError> {
    match of {
        BudgetOf::Agent(id) => {
            agent::find(reader, id)?.map(drop).ok_or(ServiceError::not_found("agent"))
        }
        BudgetOf::Task(id) => {
            task::find(reader, id)?.map(drop).ok_or(ServiceError::not_found("task"))
        }
    }
}

fn budget(reader: &mut Reader, caps: &Caps, of: BudgetOf) -> Result<Budget, ServiceError> {
    let own = stored::find_cap(reader, of)?;
    let (default, sum) = match of {
        BudgetOf::Agent(id) => (caps.agent, SumOf::Agent(id, &caps.today)),
        BudgetOf::Task(id) => (caps.task, SumOf::WholeTask(id)),
    };
    Ok(Budget { own, cap: own.over(default), used: stored::find(reader, sum)? })
}

/// Holds a task's work when its budget is used up, and hands it out again when it is not any more.
fn hold_by_budget(
    writer: &mut Writer,
    stepper: Stepper,
    caps: &Caps,
    id: TaskId,
) -> Result<(), ServiceError> {
    let Some(before) = task::find_locked(writer, id, Lock::Exclusive)? else {
        return Ok(());
    };
    let Budget { cap, used, .. } = budget(writer, caps, BudgetOf::Task(id))?;
    let stop = Stop::of(BudgetScope::Task, cap, used);
    if stop.is_some() == before.is_stopped {
        return Ok(());
    }
    let next = Task {
        is_stopped: stop.is_some(),
        version: before.version.next(),
        updated_at: stepper.now,
        ..before.clone()
    };
    swapped(task::compare_and_set(writer, &before, &next)?)?;
    let held = next.holds_work(&stepper.policy);
    if before.holds_work(&stepper.policy) != held {
        sub_task::set_held(writer, id, held, stepper.now)?;
    }
    match stop {
        Some(stop) => append(writer, &reached(stepper, stop, None, Some(id))),
        None => Ok(()),
    }
}
