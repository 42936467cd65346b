//! A patrol record and the notes of a sub-task under random histories.

use openmoss_domain::patrol::{Finding, PATROL_RULES, PatrolAction};
use openmoss_domain::{
    Actor, ActorKind, DomainError, PatrolRecord, PatrolRecordId, PatrolStatus, Severity, note,
};
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use crate::history::{World, step, team};
use crate::team::START;
use crate::{Verdict, always};

/// Most steps of one history.
const STEPS_MAX: usize = 20;

fn finding() -> Finding {
    Finding {
        kind: "silent_owner".to_owned(),
        severity: Severity::Warning,
        task_id: None,
        sub_task_id: None,
        agent_id: None,
        description: "Nothing heard.".to_owned(),
        action_taken: "Asked.".to_owned(),
        dedup_key: None,
    }
}

fn watches(actor: Actor) -> bool {
    matches!(actor.kind(), ActorKind::Patrol | ActorKind::Admin | ActorKind::System)
}

#[test]
fn a_history_of_a_patrol_record_never_breaks_a_rule() {
    let steps = prop::collection::vec(
        (select(team()), select(PatrolAction::ALL), select(vec!["", "Gone."])),
        1..STEPS_MAX,
    );
    always(&(select(team()), steps), |(finder, steps)| {
        let id = PatrolRecordId::from_uuid(Uuid::from_u128(1));
        let opened = PatrolRecord::open(id, finding(), finder, START);
        prop_assert_eq!(opened.is_ok(), watches(finder));
        let Ok((mut record, event)) = opened else { return Ok(()) };
        prop_assert_eq!((event.actor, record.opened_by), (finder, finder.agent_id()));
        for (actor, action, said) in steps {
            let stepped = record.step(action, said, actor, START);
            agrees_with_the_table(&record, action, actor, &stepped)?;
            let Ok(Some((next, event))) = stepped else { continue };
            prop_assert_eq!(event.actor, actor);
            let is_resolved = next.status == PatrolStatus::Resolved;
            prop_assert_eq!(next.resolved_at, is_resolved.then_some(START));
            let kept = if said.is_empty() { record.action_taken.as_str() } else { said };
            prop_assert_eq!(&next.action_taken, kept);
            record = next;
        }
        Ok(())
    });
}

type Stepped = Result<Option<(PatrolRecord, openmoss_domain::Event)>, DomainError>;

fn agrees_with_the_table(
    record: &PatrolRecord,
    action: PatrolAction,
    actor: Actor,
    stepped: &Stepped,
) -> Verdict {
    let rule = PATROL_RULES.iter().find(|rule| rule.action == action);
    let Some(rule) = rule else { return Err(TestCaseError::fail("an action without a rule")) };
    match stepped {
        Ok(Some((next, _))) => {
            prop_assert!(rule.by.contains(&actor.kind()) && rule.from.contains(&record.status));
            prop_assert_eq!(next.status, rule.to);
        }
        Ok(None) => prop_assert_eq!(record.status, rule.to),
        Err(DomainError::PatrolRoleNotAllowed { .. }) => {
            prop_assert!(!rule.by.contains(&actor.kind()));
        }
        Err(DomainError::PatrolNotAllowedFrom { .. }) => {
            prop_assert!(!rule.from.contains(&record.status));
        }
        Err(other) => return Err(TestCaseError::fail(other.to_string())),
    }
    Ok(())
}

/// Whoever steers or judges may always write, and of the others the owner alone.
#[test]
fn the_owner_and_nobody_else_of_the_executors_writes_notes() {
    always(&prop::collection::vec(step(), 1..STEPS_MAX), |steps| {
        let mut world = World::new();
        for one in &steps {
            let _ = world.step(one, 1);
            for actor in team() {
                let may = note::check_author(&world.sub_task, actor).is_ok();
                let expected = match actor.kind() {
                    ActorKind::Executor | ActorKind::Patrol => {
                        actor.agent_id() == world.sub_task.owner
                    }
                    ActorKind::Planner
                    | ActorKind::Reviewer
                    | ActorKind::Admin
                    | ActorKind::System => true,
                };
                prop_assert_eq!(may, expected);
            }
        }
        Ok(())
    });
}
