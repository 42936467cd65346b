//! What the server's own patrol sees, and from when on.
#![cfg(test)]

#[path = "support/team.rs"]
mod team;

use std::time::Duration;

use openmoss_domain::sub_task::BlockedKind;
use openmoss_domain::watch::{Away, Condition, Crew, Remedy, Sighting, Signs, Thresholds, Watch};
use openmoss_domain::{Action, Actor, Command, Policy, Role, SubTask, Timestamp, Transition};

use team::{START, agent, id, new_sub_task, typical};

const OWNER: Actor = Actor::Agent {
    id: openmoss_domain::AgentId::from_uuid(uuid::Uuid::from_u128(1)),
    role: Role::Executor,
};

fn after(steps: &[(Actor, Command)]) -> SubTask {
    let mut last = new_sub_task();
    for (actor, command) in steps {
        match last.apply(command, *actor, START, &Policy::default()) {
            Ok(Transition::Changed { next, .. }) => last = *next,
            other => unreachable!("{command:?} by {actor:?}: {other:?}"),
        }
    }
    last
}

fn step(actor: Actor, action: Action) -> (Actor, Command) {
    (actor, typical(action, id(1)))
}

fn at_work() -> Vec<(Actor, Command)> {
    vec![step(OWNER, Action::Claim), step(OWNER, Action::Start)]
}

fn seen(sub_task: &SubTask, minutes: u64) -> Vec<Sighting> {
    seen_with(sub_task, &Signs::default(), minutes)
}

fn watch<T>(now: Timestamp, look: impl FnOnce(Watch<'_>) -> T) -> T {
    let (thresholds, policy) = (Thresholds::default(), Policy::default());
    look(Watch { now, away: None, thresholds: &thresholds, policy: &policy })
}

fn seen_with(sub_task: &SubTask, signs: &Signs, minutes: u64) -> Vec<Sighting> {
    let now = START.plus(Duration::from_mins(minutes));
    watch(now, |watch| watch.inspect(sub_task, signs))
}

/// What is seen, minute by minute, whenever it changes.
fn story(sub_task: &SubTask) -> Vec<(u64, Vec<Condition>)> {
    let mut story = Vec::new();
    for minutes in 0..=240 {
        let conditions: Vec<_> = seen(sub_task, minutes).iter().map(|one| one.condition).collect();
        if story.last().map_or(!conditions.is_empty(), |(_, last)| *last != conditions) {
            story.push((minutes, conditions));
        }
    }
    story
}

#[test]
fn a_silent_owner_is_a_warning_and_then_lost() {
    let expected = [(60, vec![Condition::OwnerSilent]), (120, vec![Condition::OwnerLost])];
    assert_eq!(story(&after(&at_work())), expected);
    let claimed = after(&[step(OWNER, Action::Claim)]);
    assert_eq!(story(&claimed), [(120, vec![Condition::OwnerLost])]);
}

#[test]
fn an_owner_that_calls_keeps_its_row_of_work() {
    let claimed = after(&[step(OWNER, Action::Claim)]);
    let called = |minutes| Some(START.plus(Duration::from_mins(minutes)));
    let conditions = |signs: Signs, minutes| -> Vec<_> {
        seen_with(&claimed, &signs, minutes).iter().map(|one| one.condition).collect()
    };
    let busy = Signs { owner_called_at: called(290), is_owner_at_work: true, worked_at: None };
    assert_eq!(conditions(busy, 300), []);
    let idle = Signs { is_owner_at_work: false, ..busy };
    assert_eq!(conditions(idle, 300), [Condition::Untouched]);
    let gone = Signs { owner_called_at: called(180), is_owner_at_work: false, worked_at: None };
    assert_eq!(conditions(gone, 299), [Condition::Untouched]);
    assert_eq!(conditions(gone, 300), [Condition::OwnerLost]);
}

#[test]
fn nobody_is_blamed_for_the_time_without_a_server() {
    let sub_task = after(&at_work());
    let minutes = |minutes| START.plus(Duration::from_mins(minutes));
    let away = Some(Away { from: minutes(50), to: minutes(350) });
    let (thresholds, policy) = (Thresholds::default(), Policy::default());
    let conditions = |at| -> Vec<_> {
        let watch = Watch { now: minutes(at), away, thresholds: &thresholds, policy: &policy };
        watch.inspect(&sub_task, &Signs::default()).iter().map(|one| one.condition).collect()
    };
    // Fifty minutes before, and ten after, the server was away.
    assert_eq!(conditions(359), []);
    assert_eq!(conditions(360), [Condition::OwnerSilent]);
    assert_eq!(conditions(419), [Condition::OwnerSilent]);
    assert_eq!(conditions(420), [Condition::OwnerLost]);
}

#[test]
fn a_queue_is_no_fault_while_somebody_works_on_it() {
    let signs = |minutes| Signs {
        worked_at: Some(START.plus(Duration::from_mins(minutes))),
        ..Signs::default()
    };
    assert_eq!(seen_with(&new_sub_task(), &signs(30), 89), []);
    let [found] = &seen_with(&new_sub_task(), &signs(30), 90)[..] else { unreachable!("one") };
    assert_eq!(found.condition, Condition::Unclaimed);
}

#[test]
fn a_lost_owner_is_replaced_until_the_last_attempt() {
    let mut steps = at_work();
    for owner in 2..=4 {
        let sub_task = after(&steps);
        let [found] = &seen(&sub_task, 120)[..] else { unreachable!("one condition") };
        let expected = if owner <= 3 { Remedy::Requeue } else { Remedy::Block };
        assert_eq!((found.remedy, found.is_critical), (Some(expected), true));
        let block =
            Command::Block { kind: BlockedKind::Timeout, detail: String::new(), waits_for: None };
        steps.push((Actor::System, block));
        if owner <= 3 {
            steps.push(step(Actor::System, Action::Requeue));
            steps.push(step(agent(Role::Executor, owner), Action::Claim));
            steps.push(step(agent(Role::Executor, owner), Action::Start));
        }
    }
    // What was given up stays in sight until the planner decides.
    assert_eq!(story(&after(&steps)), [(0, vec![Condition::OwnerLost])]);
    assert_eq!(seen(&after(&steps), 0)[0].remedy, None);
}

#[test]
fn work_that_nobody_moves_is_seen() {
    assert_eq!(story(&new_sub_task()), [(60, vec![Condition::Unclaimed])]);
    let mut steps = at_work();
    steps.push(step(OWNER, Action::Submit));
    assert_eq!(story(&after(&steps)), [(120, vec![Condition::Unreviewed])]);
    let mut steps = at_work();
    steps.push(step(OWNER, Action::Block));
    assert_eq!(story(&after(&steps)), [(120, vec![Condition::Blocked])]);
}

#[test]
fn work_that_may_rest_is_left_alone() {
    for resting in [
        SubTask { held: true, ..new_sub_task() },
        SubTask { open_prerequisites: 1, prerequisites: 1, ..new_sub_task() },
        after(&[step(Actor::Admin, Action::Cancel)]),
    ] {
        assert_eq!(story(&resting), []);
    }
}

#[test]
fn work_that_is_sent_back_again_and_again_is_seen() {
    let mut steps = at_work();
    let reviewer = agent(Role::Reviewer, 9);
    for times in 1..=3 {
        steps.push(step(OWNER, Action::Submit));
        steps.push((reviewer, Command::Reject { rework_agent: None }));
        let expected: &[Condition] = if times == 3 { &[Condition::SentBack] } else { &[] };
        let found: Vec<_> = seen(&after(&steps), 0).iter().map(|one| one.condition).collect();
        assert_eq!(found, expected, "{times}");
        steps.push(step(OWNER, Action::Start));
    }
    steps.push(step(OWNER, Action::Submit));
    steps.push(step(reviewer, Action::Approve));
    assert_eq!(story(&after(&steps)), []);
}

#[test]
fn a_condition_keeps_its_key_while_it_lasts_and_gets_another_when_it_comes_again() {
    let first = after(&at_work());
    let key = |sub_task: &SubTask, minutes| seen(sub_task, minutes)[0].key.clone();
    assert_eq!(key(&first, 60), key(&first, 119));
    assert_ne!(key(&first, 60), key(&first, 120));
    let mut steps = at_work();
    steps.push(step(OWNER, Action::Block));
    steps.push(step(Actor::Admin, Action::Requeue));
    let other = agent(Role::Executor, 2);
    steps.extend([step(other, Action::Claim), step(other, Action::Start)]);
    assert_ne!(key(&first, 60), key(&after(&steps), 60));
}

#[test]
fn only_penalties_in_a_row_count() {
    let marked =
        |latest: &[i64]| watch(START, |watch| watch.inspect_scores(id(1), latest)).is_some();
    assert!(marked(&[-5, -5, -5]));
    assert!(marked(&[-5, -1, -5, 5]));
    for fine in [&[][..], &[-5, -5], &[5, -5, -5, -5], &[-5, 5, -5, -5], &[-5, -5, 0]] {
        assert!(!marked(fine), "{fine:?}");
    }
}

#[test]
fn work_for_a_role_that_does_not_come_is_stranded() {
    let now = START.plus(Duration::from_hours(3));
    let crew = Crew { role: Role::Executor, waiting: 2, active: 1, last_call: Some(now) };
    let is_stranded = |crew: Crew| watch(now, |watch| watch.inspect_crew(&crew)).is_some();
    let ago = |minutes| Some(now.minus(Duration::from_mins(minutes)));
    assert!(!is_stranded(crew));
    assert!(!is_stranded(Crew { last_call: ago(59), ..crew }));
    assert!(is_stranded(Crew { last_call: ago(60), ..crew }));
    assert!(is_stranded(Crew { last_call: None, ..crew }));
    assert!(is_stranded(Crew { active: 0, ..crew }));
    assert!(!is_stranded(Crew { waiting: 0, active: 0, ..crew }));
    let crew = Crew { last_call: ago(135), ..crew };
    let said = watch(now, |watch| watch.inspect_crew(&crew));
    let said = said.map(|one| one.description);
    let expected = "2 things wait for role executor, and none has called for 2 h 15 min; wake one";
    assert_eq!(said.as_deref(), Some(expected));
}
