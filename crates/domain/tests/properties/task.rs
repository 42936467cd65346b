//! A task under random histories, and its table against what it checks.

use openmoss_domain::sub_task::WorkKind;
use openmoss_domain::task::{TASK_RULES, TaskAction, TaskEdit};
use openmoss_domain::{Actor, ActorKind, DomainError, Task, TaskId, TaskStatus};
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use crate::history::team;
use crate::team::START;
use crate::{Verdict, always};

/// Most steps of one history.
const STEPS_MAX: usize = 30;

#[derive(Debug, Clone)]
enum Step {
    Move(TaskStatus),
    Edit(TaskEdit),
}

fn steps() -> impl Strategy<Value = Vec<(Actor, Step)>> {
    let text = || prop::option::of(select(vec!["A".to_owned(), "B".to_owned()]));
    let step = prop_oneof![
        3 => select(TaskStatus::ALL).prop_map(Step::Move),
        1 => (text(), text())
            .prop_map(|(name, description)| Step::Edit(TaskEdit { name, description })),
    ];
    prop::collection::vec((select(team()), step), 1..STEPS_MAX)
}

#[test]
fn a_history_of_a_task_never_breaks_a_rule() {
    always(&steps(), |steps| {
        let id = TaskId::from_uuid(Uuid::from_u128(1));
        let mut task = Task::create(id, "A".to_owned(), String::new(), WorkKind::Once, START);
        for (actor, step) in steps {
            for actor in team() {
                table_agrees(&task, actor)?;
            }
            let (action, changed) = match &step {
                Step::Move(status) => {
                    (TaskAction::towards(*status), task.move_to(*status, actor, START))
                }
                Step::Edit(edit) => (TaskAction::Edit, task.edit(edit.clone(), actor, START)),
            };
            if let Err(error) = &changed {
                let refused = task.check(action, actor).err();
                prop_assert_eq!(Some(error), refused.as_ref());
            }
            if let Err(error @ DomainError::TaskRoleNotAllowed { .. }) = task.check(action, actor) {
                prop_assert_eq!(&changed, &Err(error), "a wrong role learns something");
            }
            let Ok(Some((next, event))) = changed else { continue };
            prop_assert_eq!(task.check(action, actor).map(|rule| rule.action), Ok(action));
            prop_assert_eq!(next.version, task.version.next());
            prop_assert_eq!((event.actor, event.task_id), (actor, Some(id)));
            prop_assert_ne!(&next, &task);
            match step {
                Step::Move(status) => {
                    prop_assert_eq!(next.status, status);
                    prop_assert_ne!(task.status, status, "moved to where it was");
                }
                Step::Edit(_) => prop_assert_eq!(next.status, task.status),
            }
            if matches!(task.status, TaskStatus::Archived | TaskStatus::Cancelled) {
                prop_assert_eq!(actor, Actor::Admin, "left {}", task.status);
            }
            task = next;
        }
        Ok(())
    });
}

#[test]
fn only_planner_admin_and_system_touch_a_task_and_where_they_are_told() {
    for rule in TASK_RULES {
        for kind in [ActorKind::Executor, ActorKind::Reviewer, ActorKind::Patrol] {
            assert!(!rule.by.contains(&kind), "{kind} may {}", rule.action);
        }
        if let Some(to) = rule.to {
            assert_eq!(TaskAction::towards(to), rule.action);
        }
    }
}

fn table_agrees(task: &Task, actor: Actor) -> Verdict {
    for &action in TaskAction::ALL {
        let kind = actor.kind();
        let of_kind =
            TASK_RULES.iter().filter(|rule| rule.action == action && rule.by.contains(&kind));
        let here = of_kind.clone().find(|rule| rule.from.contains(&task.status));
        let expected = match here {
            Some(rule) => Ok(rule.to),
            None if of_kind.count() == 0 => {
                Err(DomainError::TaskRoleNotAllowed { actor: kind, action })
            }
            None => Err(DomainError::TaskNotAllowedFrom { status: task.status, action }),
        };
        prop_assert_eq!(task.check(action, actor).map(|rule| rule.to), expected);
    }
    Ok(())
}
