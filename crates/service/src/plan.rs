//! A whole plan in one transaction: all or nothing.

use crate::id::fresh;
use openmoss_domain::plan::{CheckedPlan, Plan, Prerequisite};
use openmoss_domain::requirements::Requirements;
use openmoss_domain::{DomainError, Fields, Module, ModuleId, SubTask, SubTaskId, Task, TaskId};
use openmoss_storage::{Writer, agent, sub_task as stored};
use serde::{Deserialize, Serialize};

use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;
use crate::step::Stepper;
use crate::sub_task::creation::{NewRow, check_time_left, insert};
use crate::sub_task::prerequisites::prerequisites;
use crate::task::{insert_module, open_task};
use crate::task_policy::in_force;

/// What a plan became.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Planned {
    /// The goal.
    pub task_id: TaskId,
    /// The modules, in the plan's order, each with its reference.
    pub modules: Vec<(String, Module)>,
    /// The sub-tasks, in the plan's order.
    pub sub_tasks: Vec<PlannedSubTask>,
}

/// A sub-task that a plan became.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PlannedSubTask {
    /// Its reference in the plan; may be empty.
    pub reference: String,
    /// The sub-task.
    pub sub_task: SubTask,
    /// What must be done before it.
    pub depends_on: Vec<SubTaskId>,
}

impl Service {
    /// Creates every module and sub-task of `plan` for a task, with prerequisites.
    ///
    /// # Errors
    /// [`DomainError::Invalid`] names every wrong field and its place; nothing is created then.
    pub fn create_plan(
        &self,
        cx: &Context,
        task_id: TaskId,
        plan: &Plan,
    ) -> Result<Planned, ServiceError> {
        let stepper = self.stepper(cx);
        let plan = self.plan_in_zone(plan).checked()?;
        let drafts = plan.sub_tasks.iter().map(|(one, _)| (one.place.as_str(), &one.draft));
        check_time_left(drafts, stepper.now)?;
        let new_ids = |n: usize| (0..n).map(|_| fresh()).collect::<Vec<_>>();
        let module_ids: Vec<_> =
            new_ids(plan.modules.len()).into_iter().map(ModuleId::from_uuid).collect();
        let ids: Vec<_> =
            new_ids(plan.sub_tasks.len()).into_iter().map(SubTaskId::from_uuid).collect();
        let settings = self.requirements();
        self.write(cx, move |writer| {
            let task = open_task(writer, stepper, task_id)?;
            check_requirements(in_force(writer, settings, task_id)?, &plan)?;
            check_references(writer, task_id, &plan)?;
            insert_plan(writer, stepper, &task, &plan, &module_ids, &ids)
        })
    }

    fn plan_in_zone(&self, plan: &Plan) -> Plan {
        let mut plan = plan.clone();
        for planned in &mut plan.sub_tasks {
            planned.draft = self.draft_in_zone(&planned.draft);
        }
        plan
    }
}

/// Stores a checked plan under these ids.
pub(crate) fn insert_plan(
    writer: &mut Writer,
    stepper: Stepper,
    task: &Task,
    plan: &CheckedPlan,
    module_ids: &[ModuleId],
    ids: &[SubTaskId],
) -> Result<Planned, ServiceError> {
    let modules = insert_modules(writer, stepper, task.id, plan, module_ids)?;
    let sub_tasks = SubTasks { plan, ids, module_ids };
    let sub_tasks = sub_tasks.insert_all(writer, stepper, task)?;
    Ok(Planned { task_id: task.id, modules, sub_tasks })
}

/// Names everything that the policy requires and the plan lacks, each with its place.
fn check_requirements(requirements: Requirements, plan: &CheckedPlan) -> Result<(), DomainError> {
    let mut fields = Fields::default();
    for (planned, _) in &plan.sub_tasks {
        let has_module = planned.module.is_some();
        requirements.check(&planned.place, &planned.draft, has_module, &mut fields);
    }
    fields.finish()
}

/// Looks at what the plan names and only the database knows, and reports every error at once.
fn check_references(
    writer: &mut Writer,
    task_id: TaskId,
    plan: &CheckedPlan,
) -> Result<(), ServiceError> {
    let mut fields = Fields::default();
    for (planned, needs) in &plan.sub_tasks {
        let existing: Vec<_> = needs.iter().filter_map(existing).collect();
        let field = format!("{}.depends_on", planned.place);
        match prerequisites(writer, &field, task_id, &existing) {
            Err(ServiceError::Domain(DomainError::Invalid(errors))) => {
                for error in errors {
                    fields.push(error.field, error.message);
                }
            }
            other => drop(other?),
        }
        if let Some(id) = planned.assigned_agent
            && !agent::find(writer, id)?.is_some_and(|agent| agent.can_own_work())
        {
            let field = format!("{}.assigned_agent", planned.place);
            fields.push(field, "must be the id of an active executor");
        }
    }
    Ok(fields.finish()?)
}

fn existing(prerequisite: &Prerequisite) -> Option<SubTaskId> {
    match prerequisite {
        Prerequisite::Existing(id) => Some(*id),
        Prerequisite::Planned(_) => None,
    }
}

fn insert_modules(
    writer: &mut Writer,
    stepper: Stepper,
    task_id: TaskId,
    plan: &CheckedPlan,
    ids: &[ModuleId],
) -> Result<Vec<(String, Module)>, ServiceError> {
    let mut modules = Vec::with_capacity(ids.len());
    for (planned, id) in plan.modules.iter().zip(ids) {
        let new = Module {
            id: *id,
            task_id,
            name: planned.name.clone(),
            description: planned.description.clone(),
            created_at: stepper.now,
        };
        insert_module(writer, stepper, &new)?;
        modules.push((planned.reference.clone(), new));
    }
    Ok(modules)
}

/// The sub-tasks of a plan and the ids that they get.
struct SubTasks<'a> {
    plan: &'a CheckedPlan,
    ids: &'a [SubTaskId],
    module_ids: &'a [ModuleId],
}

impl SubTasks<'_> {
    fn insert_all(
        &self,
        writer: &mut Writer,
        stepper: Stepper,
        task: &Task,
    ) -> Result<Vec<PlannedSubTask>, ServiceError> {
        let mut created: Vec<Option<PlannedSubTask>> = self.ids.iter().map(|_| None).collect();
        for index in self.prerequisites_first() {
            let (Some((planned, needs)), Some(&id)) =
                (self.plan.sub_tasks.get(index), self.ids.get(index))
            else {
                continue;
            };
            let depends_on: Vec<_> = needs.iter().filter_map(|need| self.id_of(need)).collect();
            let needed = stored::find_many(writer, &depends_on)?;
            let new = NewRow {
                id,
                draft: planned.draft.clone(),
                module_id: planned.module.and_then(|index| self.module_ids.get(index)).copied(),
                assigned_agent: planned.assigned_agent,
                depends_on: &needed,
            };
            let sub_task = insert(writer, stepper, task, new)?;
            let reference = planned.reference.clone();
            if let Some(place) = created.get_mut(index) {
                *place = Some(PlannedSubTask { reference, sub_task, depends_on });
            }
        }
        Ok(created.into_iter().flatten().collect())
    }

    fn id_of(&self, prerequisite: &Prerequisite) -> Option<SubTaskId> {
        match prerequisite {
            Prerequisite::Existing(id) => Some(*id),
            Prerequisite::Planned(index) => self.ids.get(*index).copied(),
        }
    }

    /// Indices in an order in which each comes after what it needs. The plan has no cycle.
    fn prerequisites_first(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.ids.len());
        let mut is_placed = vec![false; self.ids.len()];
        let mut waiting: Vec<usize> = (0..self.ids.len()).rev().collect();
        while let Some(index) = waiting.pop() {
            if is_placed.get(index).copied().unwrap_or(true) {
                continue;
            }
            let needs = self.plan.sub_tasks.get(index).map_or(&[][..], |(_, needs)| needs);
            let missing: Vec<usize> = needs
                .iter()
                .filter_map(|need| match need {
                    Prerequisite::Planned(index) => Some(*index),
                    Prerequisite::Existing(_) => None,
                })
                .filter(|index| !is_placed.get(*index).copied().unwrap_or(true))
                .collect();
            if missing.is_empty() {
                if let Some(place) = is_placed.get_mut(index) {
                    *place = true;
                }
                order.push(index);
            } else {
                waiting.push(index);
                waiting.extend(missing);
            }
        }
        order
    }
}
