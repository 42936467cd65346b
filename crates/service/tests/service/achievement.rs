//! What agents earn, and with whom they work.

use openmoss_domain::patrol::Finding;
use openmoss_domain::requirements::OwnRequirements;
use openmoss_domain::sub_task::Status;
use openmoss_domain::{
    Achievement, Agent, AgentId, Deliverable, EventKind, ReviewResult, Role, Severity, SubTask,
    TaskId, TaskStatus,
};
use openmoss_service::Window;
use openmoss_service::event::Filter;
use openmoss_service::partner::Partner;
use openmoss_testkit::{TestDb, TestService, at_once, by, differences};

use crate::refusal::not_found;

const ALL: Window = Window { offset: 0, limit: 100 };

fn handed_in(service: &TestService, task: TaskId, owner: &Agent) -> SubTask {
    service.brought(&service.work(task).create(), Status::Review, owner)
}

fn earned(service: &TestService, agent: &Agent) -> Vec<Achievement> {
    let standings = service.list_achievements(agent.id).unwrap();
    standings.iter().filter(|one| one.earned_at.is_some()).map(|one| one.kind).collect()
}

fn progress(service: &TestService, agent: &Agent, kind: Achievement) -> i64 {
    let standings = service.list_achievements(agent.id).unwrap();
    standings.iter().find(|one| one.kind == kind).unwrap().progress
}

/// What the event log tells of achievements, in order.
fn told(service: &TestService) -> Vec<(AgentId, String)> {
    let events = service.events(Filter::default());
    let told = events.iter().filter(|event| event.kind == EventKind::AchievementEarned);
    told.map(|event| {
        assert_eq!(event.actor_kind, openmoss_domain::ActorKind::System);
        let kind = event.payload.0["achievement"].as_str().unwrap();
        (event.agent_id.unwrap(), kind.to_owned())
    })
    .collect()
}

fn achievements_are_earned_once_by_the_deed_that_completes_them(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, reviewer) = (service.agent(Role::Executor), service.agent(Role::Reviewer));
    let judge = |work: &SubTask, result, score| {
        let verdict = TestService::verdict(result, score);
        service.review_sub_task(&by(&reviewer), work.id, &verdict).unwrap();
    };
    let task = service.task().id;
    assert_eq!(earned(&service, &owner), []);
    let work = handed_in(&service, task, &owner);
    judge(&work, ReviewResult::Rejected, 2);
    assert_eq!(earned(&service, &owner), []);
    assert_eq!(earned(&service, &reviewer), [Achievement::FirstVerdict]);

    service.clock.advance(std::time::Duration::from_mins(1));
    let then = service.now();
    service.start_sub_task(&by(&owner), work.id, None, None).unwrap();
    service.submit_sub_task(&by(&owner), work.id, &Deliverable::default(), None).unwrap();
    judge(&work, ReviewResult::Approved, 4);
    assert_eq!(earned(&service, &owner), [Achievement::FirstApproval, Achievement::Comeback]);
    let first = service.list_achievements(owner.id).unwrap()[0];
    assert_eq!((first.kind, first.earned_at), (Achievement::FirstApproval, Some(then)));

    // Nine more: ten approvals and ten in a row, but only nine with the best score.
    for n in 2..=10 {
        service.clock.advance(std::time::Duration::from_secs(1));
        judge(&handed_in(&service, task, &owner), ReviewResult::Approved, 5);
        assert_eq!(progress(&service, &owner, Achievement::TenApprovals), n);
    }
    let now = earned(&service, &owner);
    for kind in [Achievement::TenApprovals, Achievement::CleanStreak, Achievement::Leader] {
        assert!(now.contains(&kind), "{kind}: {now:?}");
    }
    assert_eq!(now.len(), 5, "{now:?}");
    assert_eq!(progress(&service, &owner, Achievement::TopMarks), 9);
    assert_eq!(progress(&service, &owner, Achievement::HundredApprovals), 10);
    assert_eq!(
        progress(&service, &owner, Achievement::FirstApproval),
        1,
        "never more than its goal"
    );

    // A streak may end; what was earned with it stays.
    judge(&handed_in(&service, task, &owner), ReviewResult::Rejected, 1);
    assert_eq!(progress(&service, &owner, Achievement::CleanStreak), 0);
    assert_eq!(earned(&service, &owner), now);
    assert_eq!(service.list_achievements(owner.id).unwrap()[0], first);
    let told = told(&service);
    assert_eq!(told.len(), 6, "each once: {told:?}");
    assert_eq!(told[0], (reviewer.id, "first_verdict".to_owned()));
    assert_eq!(differences(db), [""; 0]);
}

fn a_goal_counts_once_for_whoever_worked_in_it(db: &TestDb) {
    let service = TestService::open(db);
    let owner = service.agent(Role::Executor);
    let goals = || progress(&service, &owner, Achievement::AllRounder);
    let task = service.task().id;
    for _ in 0..2 {
        let work = handed_in(&service, task, &owner);
        service.complete_sub_task(&service.admin(), work.id).unwrap();
        service.reopen_sub_task(&service.admin(), work.id).unwrap();
        let _ = service.brought(&work, Status::Done, &owner);
        assert_eq!(goals(), 1);
    }
    for n in 2..=5 {
        let work = handed_in(&service, service.task().id, &owner);
        service.complete_sub_task(&service.admin(), work.id).unwrap();
        assert_eq!(goals(), n);
    }
    assert!(earned(&service, &owner).contains(&Achievement::AllRounder));
}

fn planners_deliver_and_patrols_find(db: &TestDb) {
    let service = TestService::open(db);
    let (planner, patrol) = (service.agent(Role::Planner), service.agent(Role::Patrol));
    let task = service.task().id;
    for _ in 0..2 {
        service.move_task(&by(&planner), task, TaskStatus::Completed).unwrap();
        service.move_task(&service.admin(), task, TaskStatus::InProgress).ok();
    }
    service.move_task(&service.admin(), service.task().id, TaskStatus::Completed).unwrap();
    assert_eq!(earned(&service, &planner), [Achievement::FirstDelivery]);
    assert_eq!(progress(&service, &planner, Achievement::TenDeliveries), 1);

    let finding = Finding {
        kind: "silent".to_owned(),
        severity: Severity::Info,
        task_id: Some(task),
        sub_task_id: None,
        agent_id: None,
        description: "Nothing moves.".to_owned(),
        action_taken: String::new(),
        dedup_key: Some("quiet".to_owned()),
    };
    for _ in 0..2 {
        service.open_patrol_record(&by(&patrol), &finding).unwrap();
        assert_eq!(progress(&service, &patrol, Achievement::SharpEyes), 1, "one condition is one");
    }
    assert_eq!(earned(&service, &patrol), [Achievement::FirstFinding]);
}

fn approvals_at_once_are_all_counted_and_earn_once(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, reviewers) = (service.agent(Role::Executor), service.agents(Role::Reviewer, 4));
    // Of different goals, whose approvals do not wait for each other.
    let works: Vec<_> = (0..12).map(|_| handed_in(&service, service.task().id, &owner)).collect();
    at_once(4, |thread| {
        for work in works.iter().skip(thread * 3).take(3) {
            let verdict = TestService::verdict(ReviewResult::Approved, 5);
            service.review_sub_task(&by(&reviewers[thread]), work.id, &verdict).unwrap();
        }
    });
    assert_eq!(progress(&service, &owner, Achievement::HundredApprovals), 12);
    let of_owner: Vec<_> = told(&service)
        .into_iter()
        .filter(|(id, _)| *id == owner.id)
        .map(|(_, kind)| kind)
        .collect();
    let mut once = of_owner.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), of_owner.len(), "{of_owner:?}");
    assert_eq!(once.len(), earned(&service, &owner).len());
    let partners = service.list_partners(owner.id, ALL).unwrap();
    assert_eq!(partners.items.iter().map(|(partner, _)| partner.reviews).sum::<i64>(), 12);
    assert_eq!(differences(db), [""; 0]);
}

fn one_approval_of_several_is_a_verdict_but_no_approval_yet(db: &TestDb) {
    let service = TestService::open(db);
    let owner = service.agent(Role::Executor);
    let (ann, bob) = (service.agent(Role::Reviewer), service.agent(Role::Reviewer));
    let task = service.task().id;
    let own = OwnRequirements { approvals: Some(2), ..OwnRequirements::default() };
    service.set_task_policy(&service.admin(), task, own).unwrap();
    let work = handed_in(&service, task, &owner);
    let verdict = TestService::verdict(ReviewResult::Approved, 5);
    service.review_sub_task(&by(&ann), work.id, &verdict).unwrap();
    assert_eq!((earned(&service, &owner), earned(&service, &ann).len()), (vec![], 1));
    service.review_sub_task(&by(&bob), work.id, &verdict).unwrap();
    assert_eq!(earned(&service, &owner), [Achievement::FirstApproval]);
    assert_eq!(service.list_partners(owner.id, ALL).unwrap().total, 2);
}

fn partners_are_who_judged_and_who_handed_over(db: &TestDb) {
    let service = TestService::open(db);
    let (first, second) = (service.agent(Role::Executor), service.agent(Role::Executor));
    let (planner, reviewer) = (service.agent(Role::Planner), service.agent(Role::Reviewer));
    let task = service.task().id;
    // Given by a planner, given on to another, judged by a reviewer.
    let work = service.work(task).create();
    service.assign_sub_task(&by(&planner), work.id, first.id).unwrap();
    service.reassign_sub_task(&by(&planner), work.id, second.id).unwrap();
    service.start_sub_task(&by(&second), work.id, None, None).unwrap();
    service.submit_sub_task(&by(&second), work.id, &Deliverable::default(), None).unwrap();
    service.clock.advance(std::time::Duration::from_secs(1));
    service.complete_sub_task(&by(&reviewer), work.id).unwrap();
    let own = service.work(task).create();
    service.claim_sub_task(&by(&first), own.id, None).unwrap();
    let of = |agent: &Agent| -> Vec<(AgentId, i64, i64)> {
        let page = service.list_partners(agent.id, ALL).unwrap();
        let row = |(one, agent): (Partner, Agent)| {
            assert_eq!(one.agent_id, agent.id);
            (one.agent_id, one.reviews, one.hand_overs)
        };
        page.items.into_iter().map(row).collect()
    };
    let mut of_first = of(&first);
    of_first.sort();
    let mut expected = [(planner.id, 0, 1), (second.id, 0, 1)];
    expected.sort();
    assert_eq!(of_first, expected, "what one claims comes from nobody");
    assert_eq!(of(&second)[0], (reviewer.id, 1, 0), "the last one first, of as many");
    assert_eq!(of(&second).len(), 3);
    assert_eq!(of(&reviewer), [(second.id, 1, 0)]);

    service.delete_agent(&service.admin(), second.id, &second.name).unwrap();
    assert_eq!((of(&reviewer), of(&first)), (vec![], vec![(planner.id, 0, 1)]));
    assert_eq!(not_found(service.list_partners(second.id, ALL)), "agent");
    assert_eq!(not_found(service.list_achievements(second.id)), "agent");
    assert_eq!(differences(db), [""; 0]);
}

/// Who changed its role keeps what it earned, and is shown what it can earn now.
fn what_was_earned_in_another_role_stays(db: &TestDb) {
    let service = TestService::open(db);
    let owner = service.agent(Role::Executor);
    let work = handed_in(&service, service.task().id, &owner);
    service.complete_sub_task(&service.admin(), work.id).unwrap();
    let edit = openmoss_service::agent::admin::AgentEdit {
        role: Some(Role::Reviewer),
        ..Default::default()
    };
    service.edit_agent(&service.admin(), owner.id, &edit).unwrap();
    let kinds: Vec<_> =
        service.list_achievements(owner.id).unwrap().iter().map(|one| one.kind).collect();
    let expected =
        [Achievement::FirstApproval, Achievement::FirstVerdict, Achievement::FiftyVerdicts];
    assert_eq!(kinds, expected);
}

/// What an older database holds is counted when it is brought up to date, and by an import.
fn records_are_made_of_what_is_there(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, reviewer) = (service.agent(Role::Executor), service.agent(Role::Reviewer));
    for score in [5, 4] {
        let work = handed_in(&service, service.task().id, &owner);
        let verdict = TestService::verdict(ReviewResult::Approved, score);
        service.review_sub_task(&by(&reviewer), work.id, &verdict).unwrap();
    }
    let before = (
        service.list_partners(owner.id, ALL).unwrap().items,
        progress(&service, &owner, Achievement::AllRounder),
    );
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../storage/migrations");
    let backend = if db.is_postgres() { "postgres" } else { "sqlite" };
    let up = folder.join(backend).join("2026-11-26-070000_personas/up.sql");
    let up = std::fs::read_to_string(up).unwrap();
    let (_, counting) = up.split_once("-- What is known of the time before").unwrap();
    let (_, counting) = counting.split_once('\n').unwrap();
    db.raw().run("DELETE FROM partner; DELETE FROM contribution; DELETE FROM track_record");
    db.raw().run(counting);
    let after = (
        service.list_partners(owner.id, ALL).unwrap().items,
        progress(&service, &owner, Achievement::AllRounder),
    );
    assert_eq!(after, before);
    assert_eq!(progress(&service, &owner, Achievement::TopMarks), 1);
    assert_eq!(progress(&service, &reviewer, Achievement::FiftyVerdicts), 2);
}

openmoss_testkit::on_each_backend! {
    achievements_are_earned_once_by_the_deed_that_completes_them,
    a_goal_counts_once_for_whoever_worked_in_it,
    planners_deliver_and_patrols_find,
    approvals_at_once_are_all_counted_and_earn_once,
    one_approval_of_several_is_a_verdict_but_no_approval_yet,
    partners_are_who_judged_and_who_handed_over,
    what_was_earned_in_another_role_stays,
    records_are_made_of_what_is_there,
}
