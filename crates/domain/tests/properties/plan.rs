//! Plans: random graphs of prerequisites, and random texts.

use std::collections::BTreeSet;

use openmoss_domain::DomainError;
use openmoss_domain::plan::{Plan, PlannedModule, PlannedSubTask, Prerequisite};
use openmoss_domain::sub_task::{Draft, Priority, WorkKind};
use openmoss_domain::text::NAME_CHARS_MAX;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::always;

/// Most sub-tasks of a random plan.
const SUB_TASKS_MAX: usize = 12;

#[test]
fn a_plan_without_a_cycle_is_accepted_with_its_prerequisites() {
    always(&acyclic(), |plan| {
        let checked = plan.checked();
        prop_assert!(checked.is_ok(), "{:?}", checked);
        for (planned, prerequisites) in checked.map_or_else(|_| Vec::new(), |plan| plan.sub_tasks) {
            let named: BTreeSet<_> = planned.depends_on.iter().cloned().collect();
            let resolved: Vec<_> = prerequisites.iter().map(reference_of).collect();
            prop_assert_eq!(&resolved.iter().cloned().collect::<BTreeSet<_>>(), &named);
            prop_assert_eq!(resolved.len(), named.len(), "one of {:?} is there twice", resolved);
        }
        Ok(())
    });
}

#[test]
fn an_edge_that_closes_a_cycle_is_reported_with_its_place() {
    let cases = (acyclic(), any::<Index>(), prop::collection::vec(any::<Index>(), 0..4));
    always(&cases, |(mut plan, start, walk)| {
        let start = start.index(plan.sub_tasks.len());
        // Down from the start to whatever it depends on; an edge from there back up is a cycle.
        let end = walk.iter().fold(start, |at, next| {
            let targets = prerequisites_of(&plan, at);
            if targets.is_empty() { at } else { *next.get(&targets) }
        });
        let back = reference(start);
        if let Some(planned) = plan.sub_tasks.get_mut(end) {
            planned.depends_on.push(back.clone());
        }

        let Err(DomainError::Invalid(errors)) = plan.checked() else {
            return Err(TestCaseError::fail("accepted"));
        };
        prop_assert_eq!(errors.len(), 1, "{:?}", errors);
        let message = errors.first().map_or("", |error| error.message.as_str());
        let path = message.strip_prefix("must not lead back to itself: ").unwrap_or_default();
        let path: Vec<_> = path.split(" -> ").collect();
        prop_assert_eq!(path.first(), path.last());
        let steps: Vec<_> = path.iter().zip(path.iter().skip(1)).collect();
        prop_assert!(steps.contains(&(&reference(end).as_str(), &back.as_str())), "{}", message);
        for (from, to) in steps {
            let planned = plan.sub_tasks.iter().find(|planned| planned.reference == *from);
            let names = planned.map(|planned| planned.depends_on.as_slice()).unwrap_or_default();
            prop_assert!(names.iter().any(|name| name == to), "{} does not name {}", from, to);
        }
        let first =
            plan.sub_tasks.iter().find(|planned| path.first() == Some(&&*planned.reference));
        let place = first.map(|planned| format!("{}.depends_on", planned.place));
        prop_assert_eq!(errors.first().map(|error| &error.field), place.as_ref());
        Ok(())
    });
}

#[test]
fn whatever_the_texts_are_the_answer_is_a_checked_plan_or_named_fields() {
    always(&anything(), |plan| {
        match plan.checked() {
            Ok(checked) => {
                for (index, (planned, prerequisites)) in checked.sub_tasks.iter().enumerate() {
                    let name = &planned.draft.name;
                    prop_assert!(!name.is_empty() && name.trim() == name);
                    prop_assert!(name.chars().count() <= NAME_CHARS_MAX);
                    prop_assert!(!prerequisites.contains(&Prerequisite::Planned(index)));
                    prop_assert!(planned.module.is_none_or(|module| module < plan.modules.len()));
                }
                let sub_tasks = checked.sub_tasks.iter().map(|(planned, _)| planned.clone());
                let again =
                    Plan { modules: checked.modules.clone(), sub_tasks: sub_tasks.collect() };
                prop_assert_eq!(again.checked(), Ok(checked));
            }
            Err(DomainError::Invalid(errors)) => {
                prop_assert!(!errors.is_empty());
                for error in errors {
                    prop_assert!(!error.field.is_empty() && !error.message.is_empty());
                }
            }
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        }
        Ok(())
    });
}

fn reference(index: usize) -> String {
    format!("r{index}")
}

fn reference_of(prerequisite: &Prerequisite) -> String {
    match prerequisite {
        Prerequisite::Planned(index) => reference(*index),
        Prerequisite::Existing(id) => id.to_string(),
    }
}

fn prerequisites_of(plan: &Plan, index: usize) -> Vec<usize> {
    let planned = plan.sub_tasks.get(index);
    let names = planned.map(|planned| planned.depends_on.as_slice()).unwrap_or_default();
    let of = |name: &String| plan.sub_tasks.iter().position(|other| other.reference == *name);
    names.iter().filter_map(of).collect()
}

/// A plan whose prerequisites follow a random order of its sub-tasks, some named twice.
fn acyclic() -> impl Strategy<Value = Plan> {
    (1..=SUB_TASKS_MAX).prop_flat_map(|count| {
        let ranks = Just((0..count).collect::<Vec<_>>()).prop_shuffle();
        let edges = prop::collection::vec((0..count, 0..count), 0..count * 3);
        let modules = prop::collection::vec(prop::option::of(0_usize..2), count);
        (ranks, edges, modules).prop_map(|(ranks, edges, modules)| {
            let sub_task = |(index, module): (usize, &Option<usize>)| {
                let is_lower = |other: &usize| ranks.get(*other) < ranks.get(index);
                let own = edges.iter().filter(|(from, _)| *from == index).map(|(_, to)| *to);
                let depends_on = own.filter(is_lower).map(reference).collect();
                planned(index, reference(index), *module, "Do it", depends_on)
            };
            let sub_tasks = modules.iter().enumerate().map(sub_task).collect();
            Plan { modules: vec![module("", "A"), module("b", "B")], sub_tasks }
        })
    })
}

/// A plan of anything at all; the references often meet.
fn anything() -> impl Strategy<Value = Plan> {
    let text = || prop::collection::vec(any::<char>(), 0..8).prop_map(String::from_iter);
    let name = || prop_oneof![1 => text(), 6 => Just(" Do it ".to_owned())];
    let reference = || prop_oneof![1 => text(), 6 => (0_usize..40).prop_map(reference)];
    let sub_task = (
        reference(),
        prop::option::weighted(0.5, 0_usize..3),
        name(),
        prop::collection::vec(reference(), 0..2),
    );
    let modules = prop::collection::vec((prop_oneof![text(), Just(String::new())], name()), 2..4);
    (modules, prop::collection::vec(sub_task, 0..4)).prop_map(|(modules, sub_tasks)| Plan {
        modules: modules.iter().map(|(reference, name)| module(reference, name)).collect(),
        sub_tasks: sub_tasks
            .into_iter()
            .enumerate()
            .map(|(index, (reference, module, name, depends_on))| {
                planned(index, reference, module, &name, depends_on)
            })
            .collect(),
    })
}

fn module(reference: &str, name: &str) -> PlannedModule {
    PlannedModule {
        reference: reference.to_owned(),
        name: name.to_owned(),
        description: String::new(),
    }
}

fn planned(
    index: usize,
    reference: String,
    module: Option<usize>,
    name: &str,
    depends_on: Vec<String>,
) -> PlannedSubTask {
    PlannedSubTask {
        place: format!("sub_tasks[{index}]"),
        reference,
        module,
        draft: Draft {
            name: name.to_owned(),
            description: String::new(),
            deliverable: String::new(),
            acceptance: String::new(),
            kind: WorkKind::Once,
            priority: Priority::Medium,
            recurrence: None,
            required_capabilities: Vec::new(),
        },
        assigned_agent: None,
        depends_on,
    }
}
