//! Claims about concurrency, with real threads on real databases.
#![cfg(test)]

use openmoss_domain::sub_task::{BlockedKind, Edit, Status};
use openmoss_domain::{
    Artifact, ArtifactKind, Deliverable, DomainError, EventKind, NextAction, ReviewResult, Role,
    SubTaskId, TaskStatus,
};
use openmoss_service::ServiceError;
use openmoss_service::event::Filter;
use openmoss_service::next::NextAsk;
use openmoss_service::sub_task::{NewSubTask, NextClaim, Obstacle};
use openmoss_storage::Window;
use openmoss_testkit::{
    TestDb, TestService, at_once, by, differences, draft, on_each_backend, rounds,
};

on_each_backend!(
    of_thirty_two_who_claim_one_sub_task_one_wins,
    sixteen_who_claim_next_get_each_sub_task_once,
    sixteen_who_ask_what_next_get_each_sub_task_once,
    no_agent_takes_more_than_it_may_however_often_it_asks_at_once,
    of_two_reviewers_one_judges,
    a_cancel_and_a_submit_agree_on_what_happened,
    the_last_two_approvals_fire_one_all_done,
    a_dependent_created_beside_the_approval_is_never_forgotten,
    two_edits_at_once_never_close_a_cycle,
    work_created_beside_the_end_of_its_task_is_held_too,
    a_requeue_beside_the_cancel_of_its_prerequisite_does_not_wait_for_ever,
);

const CLAIMERS: usize = 32;
const ALL: Window = Window { offset: 0, limit: 100 };

fn count(service: &TestService, id: SubTaskId, kind: EventKind) -> usize {
    service.kinds(TestService::about(id)).into_iter().filter(|one| *one == kind).count()
}

fn of_thirty_two_who_claim_one_sub_task_one_wins(db: &TestDb) {
    let service = TestService::open(db);
    let agents = service.agents(Role::Executor, CLAIMERS);
    let task = service.task();
    let rounds = rounds(db, 500, 500);
    for round in 0..rounds {
        let id = service.work(task.id).create().id;
        let answers = at_once(CLAIMERS, |i| service.claim_sub_task(&by(&agents[i]), id, None));
        let winners: Vec<_> = answers.iter().flatten().collect();
        assert_eq!(winners.len(), 1, "round {round}");
        let owner = service.found(id).owner;
        assert_eq!(owner, winners[0].owner);
        for refusal in answers.iter().filter_map(|answer| answer.as_ref().err()) {
            // The truth, not "try again": somebody has it.
            assert!(
                matches!(
                    refusal,
                    ServiceError::Domain(DomainError::NotAllowedFrom {
                        status: Status::Assigned,
                        ..
                    })
                ),
                "round {round}: {refusal}"
            );
        }
        assert_eq!(count(&service, id, EventKind::SubTaskClaimed), 1, "round {round}");
    }
}

fn sixteen_who_claim_next_get_each_sub_task_once(db: &TestDb) {
    const AGENTS: usize = 16;
    const WORK: usize = 1_000;
    let service = TestService::open(db);
    let agents = service.agents(Role::Executor, AGENTS);
    let task = service.task();
    let mut expected: Vec<_> = (0..WORK).map(|_| service.work(task.id).create().id).collect();
    let taken = at_once(AGENTS, |i| {
        let mut mine = Vec::new();
        // Nothing may also mean: others are just claiming what is left.
        let mut patience = 0;
        while patience < 20 {
            match service.claim_next(&by(&agents[i]), None, None).expect("an answer") {
                NextClaim::Claimed(one) => mine.push(one.id),
                NextClaim::Nothing => patience += 1,
            }
        }
        mine
    });
    let mut taken: Vec<_> = taken.into_iter().flatten().collect();
    taken.sort();
    expected.sort();
    assert_eq!(taken, expected);
}

/// Each asks, hands in and asks again, as agents do; several tasks, half of them not begun yet.
fn sixteen_who_ask_what_next_get_each_sub_task_once(db: &TestDb) {
    const AGENTS: usize = 16;
    const WORK: usize = 1_000;
    let service = TestService::open(db);
    let agents = service.agents(Role::Executor, AGENTS);
    let tasks: Vec<_> = (0..4).map(|_| service.task()).collect();
    let mut expected: Vec<_> =
        (0..WORK).map(|i| service.work(tasks[i % 4].id).create().id).collect();
    let handed = at_once(AGENTS, |i| {
        let (mut mine, mut patience) = (Vec::new(), 0);
        // Nothing may also mean: others are just taking what is left.
        while patience < 20 {
            let next = service.next_work(&by(&agents[i]), &NextAsk::default()).expect("an answer");
            let Some(sub_task) = next.sub_task else {
                patience += 1;
                continue;
            };
            assert_eq!(next.action, NextAction::Claim);
            mine.push(sub_task.id);
            let attempt = Some(sub_task.attempt);
            let done = Deliverable { summary: "Done.".to_owned(), ..Deliverable::default() };
            service.submit_sub_task(&by(&agents[i]), sub_task.id, &done, attempt).expect("mine");
        }
        mine
    });
    let mut handed: Vec<_> = handed.into_iter().flatten().collect();
    handed.sort();
    expected.sort();
    assert_eq!(handed, expected);
    assert_eq!(differences(db), [""; 0]);
}

fn no_agent_takes_more_than_it_may_however_often_it_asks_at_once(db: &TestDb) {
    let service = TestService::open_with(db, |settings| settings.policy.max_open_per_agent = 3);
    let task = service.task();
    for round in 0..rounds(db, 20, 20) {
        let agent = service.agent(Role::Executor);
        let works: Vec<_> = (0..8).map(|_| service.work(task.id).create()).collect();
        let answers = at_once(8, |i| service.claim_sub_task(&by(&agent), works[i].id, None));
        let taken = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(taken, 3, "round {round}");
        for work in works {
            service.cancel_sub_task(&service.admin(), work.id).expect("the end of the round");
        }
    }
}

fn of_two_reviewers_one_judges(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, reviewers) = (service.agent(Role::Executor), service.agents(Role::Reviewer, 2));
    let task = service.task();
    for round in 1..=rounds(db, 30, 30) {
        let work = service.work(task.id).create();
        let id = service.brought(&work, Status::Review, &owner).id;
        let answers = at_once(2, |i| {
            let result = if i == 0 { ReviewResult::Approved } else { ReviewResult::Rejected };
            let score = if i == 0 { 5 } else { 1 };
            let verdict = TestService::verdict(result, score);
            service.review_sub_task(&by(&reviewers[i]), id, &verdict)
        });
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "round {round}");
        let reviews = service.list_reviews(Some(id), ALL).expect("reviews");
        assert_eq!(reviews.items.len(), 1, "round {round}");
        let (_, standing) = service.find_standing(owner.id).expect("a standing");
        assert_eq!(standing.rewards + standing.penalties, i64::try_from(round).expect("few"));
        let sum = 5 * (standing.rewards - standing.penalties);
        assert_eq!(standing.total, sum, "round {round}");
    }
}

fn a_cancel_and_a_submit_agree_on_what_happened(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, planner) = (service.agent(Role::Executor), service.agent(Role::Planner));
    let task = service.task();
    let artifact =
        Artifact { kind: ArtifactKind::Text, value: "done".to_owned(), title: String::new() };
    let deliverable = Deliverable { summary: "All of it.".to_owned(), artifacts: vec![artifact] };
    for round in 0..rounds(db, 50, 50) {
        let work = service.work(task.id).create();
        let id = service.brought(&work, Status::InProgress, &owner).id;
        let answers = at_once(2, |i| {
            if i == 0 {
                service.submit_sub_task(&by(&owner), id, &deliverable, None)
            } else {
                service.cancel_sub_task(&by(&planner), id)
            }
        });
        // A cancel is allowed in review too, so it always wins in the end.
        assert!(answers[1].is_ok(), "round {round}: {:?}", answers[1]);
        assert_eq!(service.found(id).status, Status::Cancelled);
        let kept = service.list_submissions(id, ALL).expect("submissions").items;
        assert_eq!(kept.len(), 1, "round {round}: the deliverable is kept, whoever was first");
        assert_eq!(kept[0].is_late, answers[0].is_err(), "round {round}");
        let accepted = count(&service, id, EventKind::SubTaskSubmitted);
        assert_eq!(accepted, usize::from(answers[0].is_ok()), "round {round}");
        assert_eq!(count(&service, id, EventKind::SubTaskCancelled), 1, "round {round}");
    }
}

fn the_last_two_approvals_fire_one_all_done(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, reviewers) = (service.agent(Role::Executor), service.agents(Role::Reviewer, 2));
    for round in 0..rounds(db, 50, 50) {
        let task = service.task();
        let last: Vec<_> = (0..2)
            .map(|_| service.brought(&service.work(task.id).create(), Status::Review, &owner).id)
            .collect();
        let answers = at_once(2, |i| service.complete_sub_task(&by(&reviewers[i]), last[i]));
        assert!(answers.iter().all(Result::is_ok), "round {round}: {answers:?}");
        let about = Filter { task_id: Some(task.id), ..Filter::default() };
        let fired = service.kinds(about).into_iter().filter(|one| *one == EventKind::TaskAllDone);
        assert_eq!(fired.count(), 1, "round {round}");
    }
}

fn a_dependent_created_beside_the_approval_is_never_forgotten(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, admin) = (service.agent(Role::Executor), service.admin());
    let task = service.task();
    for round in 0..rounds(db, 50, 50) {
        let work = service.work(task.id).create();
        let first = service.brought(&work, Status::Review, &owner);
        let answers = at_once(2, |i| {
            if i == 0 {
                service.complete_sub_task(&admin, first.id)
            } else {
                Ok(service.work(task.id).after(&[&first]).create())
            }
        });
        let dependent = answers[1].as_ref().expect("a dependent").id;
        assert!(answers[0].is_ok(), "round {round}: {:?}", answers[0]);
        // Whichever was first, the approval reached it.
        assert_eq!(service.found(dependent).open_prerequisites, 0, "round {round}");
        assert!(service.found(dependent).is_claimable(), "round {round}");
    }
}

/// Two orders of work that each make sense, and together make none.
fn two_edits_at_once_never_close_a_cycle(db: &TestDb) {
    let service = TestService::open(db);
    let task = service.task();
    for round in 0..rounds(db, 30, 50) {
        let (first, last) = (service.work(task.id).create(), service.work(task.id).create());
        let middle = service.work(task.id).after(&[&first]).create();
        let edits = [(first.id, last.id), (last.id, middle.id)];
        let answers = at_once(2, |i| {
            let (id, needed) = edits[i];
            let edit = Edit::default();
            service.edit_sub_task(&service.admin(), id, &edit, Some(vec![needed]))
        });
        let refused: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
        assert_eq!(refused.len(), 1, "round {round}: {answers:?}");
        assert!(refused[0].to_string().contains("must not lead back"), "{}", refused[0]);
    }
    assert_eq!(differences(db), [""; 0]);
}

fn work_created_beside_the_end_of_its_task_is_held_too(db: &TestDb) {
    let service = TestService::open(db);
    let (planner, owner) = (service.agent(Role::Planner), service.agent(Role::Executor));
    for round in 0..rounds(db, 30, 50) {
        let task = service.task();
        let old = service.work(task.id).create();
        let ends = [TaskStatus::Completed, TaskStatus::Cancelled];
        at_once(3, |i| match i {
            0 => drop(service.move_task(&by(&planner), task.id, ends[round % 2]).unwrap()),
            1 => {
                let new = NewSubTask {
                    task_id: task.id,
                    module_id: None,
                    draft: draft("New"),
                    assigned_agent: None,
                    depends_on: Vec::new(),
                };
                // Too late for a cancelled task; a completed one is opened again.
                drop(service.create_sub_task(&by(&planner), &new));
            }
            _ => drop(service.claim_sub_task(&by(&owner), old.id, None)),
        });
    }
    assert_eq!(differences(db), [""; 0]);
}

fn a_requeue_beside_the_cancel_of_its_prerequisite_does_not_wait_for_ever(db: &TestDb) {
    let service = TestService::open(db);
    let owner = service.agent(Role::Executor);
    let admin = service.admin();
    let task = service.task();
    for round in 0..rounds(db, 30, 50) {
        let needed = service.work(task.id).create();
        let waiting = service.work(task.id).after(&[&needed]).given_to(owner.id).create();
        let obstacle = Obstacle {
            kind: BlockedKind::NeedsInput,
            detail: "Which currency?".to_owned(),
            waits_for: None,
        };
        service.block_sub_task(&by(&owner), waiting.id, &obstacle).unwrap();
        at_once(2, |i| {
            if i == 0 {
                drop(service.requeue_sub_task(&admin, waiting.id));
            } else {
                service.cancel_sub_task(&admin, needed.id).unwrap();
            }
        });
        assert_eq!(service.found(waiting.id).status, Status::Blocked, "round {round}");
    }
}
