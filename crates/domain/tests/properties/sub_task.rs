//! One sub-task under random histories.

use std::collections::BTreeSet;

use openmoss_domain::event::Payload;
use openmoss_domain::sub_task::{RULES, Status};
use openmoss_domain::waiting::{Surroundings, waiting_for};
use openmoss_domain::{
    Action, ActorKind, Command, DomainError, EventKind, Policy, SubTask, Transition,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use crate::history::{Asked, World, history, team};
use crate::team::{id, typical};
use crate::{Verdict, always, runner};

#[test]
fn a_history_never_breaks_a_rule() {
    always(&history(), |steps| {
        let mut world = World::new();
        for (step, minutes) in &steps {
            if let Some(asked) = world.step(step, *minutes) {
                step_is_lawful(&asked)?;
                foreign_and_older_steps_are_fenced_off(&asked)?;
            }
            state_is_lawful(&world.sub_task)?;
            offers_are_honest(&world)?;
            it_says_what_it_waits_for(&world)?;
        }
        Ok(())
    });
}

/// Else the property above would hold because nothing happens.
#[test]
fn histories_take_every_step_of_the_table() {
    let mut runner = runner();
    let mut taken = BTreeSet::new();
    for _ in 0..runner.config().cases {
        let steps = history().new_tree(&mut runner).unwrap().current();
        let mut world = World::new();
        for (step, minutes) in &steps {
            let Some(asked) = world.step(step, *minutes) else { continue };
            if let Ok(Transition::Changed { .. }) = asked.outcome {
                taken.insert((asked.before.status, asked.command.action()));
            }
        }
    }
    let missing: Vec<_> =
        RULES.iter().filter(|row| !taken.contains(&(row.from, row.action))).collect();
    assert!(missing.is_empty(), "never taken: {missing:?}");
}

/// What a step may change, and what must come with it.
fn step_is_lawful(asked: &Asked) -> Verdict {
    let Asked { before, command, actor, now, outcome } = asked;
    let Ok(Transition::Changed { next, event }) = outcome else { return Ok(()) };
    prop_assert_eq!(next.version, before.version.next());
    prop_assert_eq!(next.updated_at, *now);
    prop_assert_eq!((next.id, next.task_id), (before.id, before.task_id));

    let gains_owner = next.owner.is_some() && next.owner != before.owner;
    prop_assert_eq!(next.attempt, before.attempt + u32::from(gains_owner));
    if before.status.is_terminal() {
        prop_assert_eq!(command.action(), Action::Reopen, "left {}", before.status);
    }
    let is_rejection = command.action() == Action::Reject;
    prop_assert_eq!(next.rework_count, before.rework_count + u32::from(is_rejection));

    let Some(event) = event else {
        let is_bare = matches!(command, Command::Heartbeat { progress: None, percent: None, .. });
        prop_assert!(is_bare, "{:?} leaves no trace", command);
        return Ok(());
    };
    prop_assert_eq!((event.actor, event.at), (*actor, *now));
    prop_assert_eq!(event.sub_task_id, Some(before.id));
    let least = Payload::status(before.status, next.status).attempt(next.attempt);
    for (key, value) in &least.0 {
        prop_assert_eq!(event.payload.0.get(key), Some(value));
    }
    prop_assert_ne!(event.kind, EventKind::SubTaskSubmittedLate, "only the service says late");
    Ok(())
}

/// Nobody but the owner, and it only in its present attempt, gets its own steps through.
fn foreign_and_older_steps_are_fenced_off(asked: &Asked) -> Verdict {
    let Asked { before, command, actor, outcome, .. } = asked;
    let is_owners_own = matches!(
        command.action(),
        Action::Start | Action::Submit | Action::Heartbeat | Action::Session
    );
    let is_over = command.attempt().is_some_and(|attempt| attempt != before.attempt);
    if is_owners_own && (is_over || !before.is_owned_by(*actor)) {
        let is_refused = matches!(
            outcome,
            Err(DomainError::NotOwner { owner, attempt })
                if (*owner, *attempt) == (before.owner, before.attempt)
        );
        let is_role = matches!(outcome, Err(DomainError::RoleNotAllowed { .. }));
        prop_assert!(is_refused || is_role, "{:?} by {:?}: {:?}", command, actor, outcome);
    }
    Ok(())
}

fn state_is_lawful(sub_task: &SubTask) -> Verdict {
    let status = sub_task.status;
    match status {
        Status::Pending => prop_assert_eq!(sub_task.owner, None),
        Status::Assigned | Status::InProgress | Status::Review | Status::Rework | Status::Done => {
            prop_assert!(sub_task.owner.is_some(), "{} without an owner", status);
        }
        // Either may come before anybody owned it; the last owner stays otherwise.
        Status::Blocked | Status::Cancelled => {}
    }
    prop_assert!(sub_task.owner.is_none() || sub_task.attempt > 0);
    let is_at_work = matches!(status, Status::Assigned | Status::InProgress);
    prop_assert!(sub_task.lease_expires_at.is_none() || is_at_work, "a lease while {}", status);
    prop_assert!(sub_task.lease_expires_at.is_some() || status != Status::InProgress);
    prop_assert_eq!(sub_task.blocked.is_some(), status == Status::Blocked);
    prop_assert_eq!(sub_task.completed_at.is_some(), status == Status::Done);
    prop_assert!(sub_task.session_id.is_none() || sub_task.owner.is_some());

    let json = serde_json::to_string(sub_task).map_err(|error| fail(&error))?;
    let read: SubTask = serde_json::from_str(&json).map_err(|error| fail(&error))?;
    prop_assert_eq!(&read, sub_task);
    Ok(())
}

/// What is listed as allowed is accepted, and nothing else changes anything.
fn offers_are_honest(world: &World) -> Verdict {
    let World { sub_task, now } = world;
    for actor in team() {
        let allowed = sub_task.allowed_actions(actor);
        // A sub-task does not know whether there is something to adopt, so that is never offered.
        for &action in Action::ALL.iter().filter(|action| **action != Action::Adopt) {
            let outcome = sub_task.apply(&typical(action, id(3)), actor, *now, &Policy::default());
            let is_accepted = matches!(outcome, Ok(Transition::Changed { .. }));
            prop_assert_eq!(
                is_accepted,
                allowed.contains(&action),
                "{} by {:?}: {:?}",
                action,
                actor,
                outcome
            );
            if let Err(DomainError::NotAllowedFrom { allowed: told, .. }) = outcome {
                prop_assert_eq!(&told, &allowed);
            }
        }
        if actor.kind() == ActorKind::Executor && !sub_task.is_owned_by(actor) {
            prop_assert_eq!(sub_task.is_claimable(), allowed.contains(&Action::Claim));
        }
    }
    Ok(())
}

fn it_says_what_it_waits_for(world: &World) -> Verdict {
    let World { sub_task, now } = world;
    for (active_executors, active_reviewers) in [(0, 0), (2, 1)] {
        let around = Surroundings { active_executors, active_reviewers, ..Surroundings::default() };
        let waiting = waiting_for(sub_task, &around, *now, &Policy::default());
        prop_assert_eq!(waiting.is_none(), sub_task.status.is_terminal());
        if let Some(waiting) = waiting {
            prop_assert!(!waiting.detail.is_empty());
            prop_assert!(waiting.since <= *now);
        }
    }
    Ok(())
}

fn fail(error: &serde_json::Error) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}
