//! Cases of a sub-task's life that deserve a name.

#[path = "support/team.rs"]
mod team;

use std::time::Duration;

use openmoss_domain::sub_task::{Progress, Status};
use openmoss_domain::waiting::{Surroundings, WaitingKind, waiting_for};
use openmoss_domain::{
    Action, Actor, Command, DomainError, Event, Policy, Role, SubTask, Timestamp, Transition,
};

use team::{START, agent, id, new_sub_task, typical};

const FIRST: u128 = 1;
const SECOND: u128 = 2;

fn executor(number: u128) -> Actor {
    agent(Role::Executor, number)
}

/// The sub-task after these steps, each of which must change it; given work goes to the first.
fn after(steps: &[(Actor, Command)]) -> (SubTask, Option<Event>) {
    let mut last = (new_sub_task(), None);
    for (actor, command) in steps {
        let outcome = last.0.apply(command, *actor, START, &Policy::default());
        let Ok(Transition::Changed { next, event }) = outcome else {
            unreachable!("{command:?} by {actor:?}: {outcome:?}");
        };
        last = (*next, event);
    }
    last
}

fn step(actor: Actor, action: Action) -> (Actor, Command) {
    (actor, typical(action, id(FIRST)))
}

fn refused(sub_task: &SubTask, actor: Actor, action: Action) -> Option<DomainError> {
    sub_task.apply(&typical(action, id(FIRST)), actor, START, &Policy::default()).err()
}

fn waits_for(sub_task: &SubTask, now: Timestamp) -> Option<(WaitingKind, Timestamp)> {
    let around =
        Surroundings { active_executors: 1, active_reviewers: 1, ..Surroundings::default() };
    let waiting = waiting_for(sub_task, &around, now, &Policy::default())?;
    Some((waiting.kind, waiting.since))
}

#[test]
fn who_is_given_work_does_not_inherit_the_lease_of_who_had_it() {
    let (claimed, _) = after(&[step(executor(SECOND), Action::Claim)]);
    assert!(claimed.lease_expires_at.is_some());
    let (given, _) =
        after(&[step(executor(SECOND), Action::Claim), step(Actor::Admin, Action::Reassign)]);
    assert_eq!((given.owner, given.attempt), (Some(id(FIRST)), 2));
    assert_eq!(given.lease_expires_at, None);
}

#[test]
fn who_claims_again_after_giving_it_back_is_in_a_new_attempt() {
    let steps = [Action::Claim, Action::Release, Action::Claim];
    let (sub_task, _) = after(&steps.map(|action| step(executor(FIRST), action)));
    assert_eq!(sub_task.attempt, 2);
}

#[test]
fn a_heartbeat_keeps_what_it_does_not_say() {
    let heartbeat = |progress: Option<&str>, percent| {
        let progress = progress.map(str::to_owned);
        (executor(FIRST), Command::Heartbeat { progress, percent, attempt: Some(1) })
    };
    let (sub_task, event) = after(&[
        step(executor(FIRST), Action::Claim),
        heartbeat(Some("Reading."), Some(10)),
        heartbeat(None, Some(40)),
    ]);
    let progress = Progress { text: "Reading.".to_owned(), percent: Some(40) };
    assert_eq!(sub_task.progress, Some(progress));
    let payload = event.map(|event| event.payload.0).unwrap_or_default();
    assert_eq!(payload.get("progress"), Some(&"Reading.".into()));
    assert_eq!(payload.get("percent"), Some(&40.into()));
}

#[test]
fn an_owner_is_refused_by_role_where_its_role_is_wrong_in_every_status() {
    for last in [Action::Claim, Action::Start, Action::Submit] {
        let mut steps: Vec<_> = [Action::Claim, Action::Start, Action::Submit]
            .map(|action| step(executor(FIRST), action))
            .to_vec();
        steps.retain(|(_, command)| command.action() <= last);
        let (sub_task, _) = after(&steps);
        for action in [Action::Approve, Action::Reject, Action::Cancel, Action::Edit] {
            let error = refused(&sub_task, executor(FIRST), action);
            let is_role = matches!(error, Some(DomainError::RoleNotAllowed { .. }));
            assert!(is_role, "{action} while {}: {error:?}", sub_task.status);
        }
    }
}

#[test]
fn a_role_that_may_elsewhere_is_told_what_it_may_here() {
    let error = refused(&new_sub_task(), agent(Role::Patrol, 3), Action::Block);
    let told = DomainError::NotAllowedFrom {
        status: Status::Pending,
        action: Action::Block,
        allowed: Vec::new(),
    };
    assert_eq!(error, Some(told));
}

#[test]
fn an_older_attempt_of_the_owner_itself_is_over() {
    let (sub_task, _) = after(&[
        step(executor(FIRST), Action::Claim),
        (Actor::Admin, Command::Reassign { to: id(SECOND) }),
        (Actor::Admin, Command::Reassign { to: id(FIRST) }),
        step(executor(FIRST), Action::Start),
    ]);
    let submit = |attempt| {
        let command = Command::Submit { attempt: Some(attempt) };
        sub_task.apply(&command, executor(FIRST), START, &Policy::default())
    };
    assert_eq!(submit(1), Err(DomainError::NotOwner { owner: Some(id(FIRST)), attempt: 3 }));
    assert!(submit(3).is_ok());
}

#[test]
fn what_cannot_begin_waits_for_that_and_not_for_its_owner() {
    let (given, _) = after(&[step(Actor::Admin, Action::Assign)]);
    assert_eq!(waits_for(&given, START), Some((WaitingKind::OwnerStart, START)));
    let open = SubTask { prerequisites: 2, open_prerequisites: 1, ..given.clone() };
    assert_eq!(waits_for(&open, START), Some((WaitingKind::Prerequisites, START)));
    let held = SubTask { held: true, ..given };
    assert_eq!(waits_for(&held, START), Some((WaitingKind::TaskStatus, START)));
}

#[test]
fn an_owner_is_silent_since_its_last_sign_of_life_once_the_lease_ran_out() {
    let (started, _) =
        after(&[step(executor(FIRST), Action::Claim), step(executor(FIRST), Action::Start)]);
    let expiry = START.plus(Policy::default().lease);
    let before = expiry.minus(Duration::from_micros(1));
    assert_eq!(waits_for(&started, before), Some((WaitingKind::Owner, START)));
    assert_eq!(waits_for(&started, expiry), Some((WaitingKind::OwnerSilent, START)));
}
