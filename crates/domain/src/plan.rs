//! A plan: a whole tree of modules and sub-tasks that is checked as one.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::dependency::find_cycle;
use crate::error::{DomainError, Fields};
use crate::id::{AgentId, SubTaskId};
use crate::sub_task::Draft;
use crate::text;

/// Most modules in one plan.
pub const PLAN_MODULES_MAX: usize = 200;
/// Most sub-tasks in one plan.
pub const PLAN_SUB_TASKS_MAX: usize = 2_000;
/// Most prerequisites of one sub-task.
pub const PREREQUISITES_MAX: usize = 2_000;

/// A module of a plan, as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedModule {
    /// The name under which the answer names it; may be empty.
    pub reference: String,
    /// One line.
    pub name: String,
    /// In words.
    pub description: String,
}

/// A sub-task of a plan, as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedSubTask {
    /// Where it stands in the input, such as `modules[0].sub_tasks[2]`.
    pub place: String,
    /// The name by which other sub-tasks of the plan refer to it; may be empty.
    pub reference: String,
    /// Index of its module in the plan.
    pub module: Option<usize>,
    /// Its texts.
    pub draft: Draft,
    /// The executor that it is given to at once.
    pub assigned_agent: Option<AgentId>,
    /// References of the plan, or ids of existing sub-tasks of the same task.
    pub depends_on: Vec<String>,
}

/// What a sub-task of a plan depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Prerequisite {
    /// Another sub-task of the plan, by index.
    Planned(usize),
    /// A sub-task that exists already.
    Existing(SubTaskId),
}

/// A plan, as it came in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Its modules.
    pub modules: Vec<PlannedModule>,
    /// Its sub-tasks, those of modules and those without.
    pub sub_tasks: Vec<PlannedSubTask>,
}

/// A plan whose texts and references are right. Whether existing sub-tasks and agents that it
/// names exist is for the caller to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedPlan {
    /// Its modules with checked texts.
    pub modules: Vec<PlannedModule>,
    /// Its sub-tasks with checked texts, each with what it depends on.
    pub sub_tasks: Vec<(PlannedSubTask, Vec<Prerequisite>)>,
}

impl Plan {
    /// Checks everything that can be checked without looking at stored data.
    ///
    /// # Errors
    /// [`DomainError::Invalid`] with every error and its place.
    pub fn checked(&self) -> Result<CheckedPlan, DomainError> {
        let mut fields = Fields::default();
        self.check_sizes(&mut fields);
        let modules = self.modules.iter().enumerate();
        let modules = modules.map(|(i, module)| module.checked(i, &mut fields)).collect();
        let references = self.references(&mut fields);
        let mut sub_tasks = Vec::with_capacity(self.sub_tasks.len());
        for planned in &self.sub_tasks {
            let draft = planned.draft.checked(&format!("{}.", planned.place), &mut fields);
            let prerequisites = planned.resolve(&references, &mut fields);
            if planned.module.is_some_and(|module| module >= self.modules.len()) {
                fields.push(format!("{}.module", planned.place), "must be a module of this plan");
            }
            sub_tasks.push((PlannedSubTask { draft, ..planned.clone() }, prerequisites));
        }
        self.check_cycle(&sub_tasks, &mut fields);
        fields.finish()?;
        Ok(CheckedPlan { modules, sub_tasks })
    }

    fn check_sizes(&self, fields: &mut Fields) {
        if self.modules.is_empty() && self.sub_tasks.is_empty() {
            fields.push("modules", "must not be empty when sub_tasks is empty too");
        }
        if self.modules.len() > PLAN_MODULES_MAX {
            fields.push("modules", format!("must have at most {PLAN_MODULES_MAX} entries"));
        }
        if self.sub_tasks.len() > PLAN_SUB_TASKS_MAX {
            let most = PLAN_SUB_TASKS_MAX;
            let message = format!("must have at most {most} entries, those of modules included");
            fields.push("sub_tasks", message);
        }
    }

    fn references<'a>(&'a self, fields: &mut Fields) -> HashMap<&'a str, usize> {
        let places = (0..self.modules.len()).map(|index| format!("modules[{index}]"));
        let modules = self.modules.iter().map(|module| module.reference.as_str());
        unique(modules.zip(places), fields);
        let sub_tasks = self.sub_tasks.iter();
        unique(sub_tasks.map(|planned| (planned.reference.as_str(), planned.place.clone())), fields)
    }

    fn check_cycle(&self, sub_tasks: &[(PlannedSubTask, Vec<Prerequisite>)], fields: &mut Fields) {
        let planned = |prerequisite: &Prerequisite| match prerequisite {
            Prerequisite::Planned(index) => Some(*index),
            Prerequisite::Existing(_) => None,
        };
        let edges: HashMap<usize, Vec<usize>> = sub_tasks
            .iter()
            .enumerate()
            .map(|(index, (_, prerequisites))| {
                (index, prerequisites.iter().filter_map(planned).collect())
            })
            .collect();
        let nodes: Vec<_> = (0..sub_tasks.len()).collect();
        if let Some(cycle) = find_cycle(&nodes, &edges) {
            let names: Vec<_> = cycle
                .iter()
                .filter_map(|&index| self.sub_tasks.get(index))
                .map(|planned| planned.reference.as_str())
                .collect();
            let first = cycle.first().and_then(|&index| self.sub_tasks.get(index));
            let place = first.map_or("", |planned| planned.place.as_str());
            fields.push(
                format!("{place}.depends_on"),
                format!("must not lead back to itself: {}", names.join(" -> ")),
            );
        }
    }
}

/// The index of each reference, of those that are not empty; each comes with its place.
fn unique<'a>(
    references: impl Iterator<Item = (&'a str, String)>,
    fields: &mut Fields,
) -> HashMap<&'a str, usize> {
    let mut found: HashMap<&str, (usize, String)> = HashMap::new();
    for (index, (reference, place)) in references.enumerate() {
        if reference.is_empty() {
            continue;
        }
        let field = format!("{place}.ref");
        fields.keep(text::line(&field, reference, text::NAME_CHARS_MAX));
        match found.entry(reference) {
            Entry::Vacant(entry) => {
                entry.insert((index, place));
            }
            Entry::Occupied(entry) => {
                fields.push(field, format!("must be unique; {} has it already", entry.get().1));
            }
        }
    }
    found.into_iter().map(|(reference, (index, _))| (reference, index)).collect()
}

impl PlannedModule {
    fn checked(&self, index: usize, fields: &mut Fields) -> Self {
        Self {
            reference: self.reference.clone(),
            name: fields.keep(text::name(&format!("modules[{index}].name"), &self.name)),
            description: fields
                .keep(text::text(&format!("modules[{index}].description"), &self.description)),
        }
    }
}

impl PlannedSubTask {
    fn resolve(&self, references: &HashMap<&str, usize>, fields: &mut Fields) -> Vec<Prerequisite> {
        let field = format!("{}.depends_on", self.place);
        if self.depends_on.len() > PREREQUISITES_MAX {
            fields.push(&field, format!("must have at most {PREREQUISITES_MAX} entries"));
        }
        let mut resolved = Vec::new();
        let mut seen = HashSet::new();
        for name in self.depends_on.iter().take(PREREQUISITES_MAX) {
            let found = references.get(name.as_str()).copied().map(Prerequisite::Planned);
            let found = found.or_else(|| name.parse().ok().map(Prerequisite::Existing));
            match found {
                Some(prerequisite) if seen.insert(prerequisite) => resolved.push(prerequisite),
                Some(_) => {}
                None => fields.push(
                    &field,
                    format!("must hold only refs of this plan or ids of sub-tasks, not {name:?}"),
                ),
            }
        }
        resolved
    }
}
