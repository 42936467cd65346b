//! The server's own patrol.

use std::sync::Arc;
use std::time::Duration;

use openmoss_domain::sub_task::{BlockedKind, Status};
use openmoss_domain::{
    Agent, Deliverable, EventKind, PatrolRecord, PatrolStatus, Role, Severity, SubTask, TaskStatus,
};
use openmoss_service::patrol::Filter;
use openmoss_service::sub_task::NextClaim;
use openmoss_service::watch::Round;
use openmoss_service::{Background, Job, Service, ServiceError, Window};
use openmoss_testkit::{TestDb, TestService, at_once, by, differences};

const ALL: Window = Window { offset: 0, limit: 100 };

fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

fn look(service: &TestService) -> Round {
    service.patrol_now(&service.admin()).unwrap()
}

fn records(service: &TestService, kind: &str) -> Vec<PatrolRecord> {
    let filter = Filter { kind: Some(kind.to_owned()), ..Filter::default() };
    service.list_patrol_records(&filter, ALL).unwrap().items
}

fn at_work(service: &TestService, owner: &Agent) -> SubTask {
    let made = service.work(service.task().id).create();
    service.brought(&made, Status::InProgress, owner)
}

/// The next one takes what the last one left, and falls silent as well.
fn lose(service: &TestService) -> Agent {
    let owner = service.agent(Role::Executor);
    let NextClaim::Claimed(work) = service.claim_next(&by(&owner), None, None).unwrap() else {
        panic!("nothing to claim");
    };
    service.start_sub_task(&by(&owner), work.id, None, None).unwrap();
    service.clock.advance(minutes(120));
    owner
}

fn work_of_a_dead_agent_goes_to_the_next_and_then_to_the_planner(db: &TestDb) {
    let service = TestService::open(db);
    let work = service.work(service.task().id).create();
    lose(&service);
    let round = look(&service);
    assert_eq!((round.requeued, round.blocked), (1, 0), "{round:?}");
    let found = service.found(work.id);
    assert_eq!((found.status, found.owner, found.attempt), (Status::Pending, None, 1));
    let [record] = &records(&service, "owner_lost")[..] else { panic!("one record") };
    assert_eq!((record.severity, record.status), (Severity::Critical, PatrolStatus::Open));
    assert!(record.action_taken.contains("back into the queue"), "{record:?}");

    // What was wrong is mended: the record is resolved at the next look.
    assert_eq!(look(&service).resolved, 1);
    lose(&service);
    assert_eq!(look(&service).requeued, 1);
    lose(&service);
    let round = look(&service);
    assert_eq!((round.requeued, round.blocked), (0, 1), "{round:?}");
    let blocked = service.found(work.id);
    assert_eq!(blocked.status, Status::Blocked);
    assert_eq!(blocked.blocked.map(|cause| cause.kind), Some(BlockedKind::Timeout));
    // It is told once, and stays told until the planner decides.
    let open = |service: &TestService| {
        let kept = records(service, "owner_lost");
        kept.iter().filter(|record| record.status == PatrolStatus::Open).count()
    };
    look(&service);
    assert_eq!(open(&service), 1);
    service.requeue_sub_task(&service.admin(), work.id).unwrap();
    look(&service);
    assert_eq!(open(&service), 0);
    let kinds = service.kinds(TestService::about(work.id));
    let requeued = kinds.iter().filter(|kind| **kind == EventKind::SubTaskRequeued).count();
    assert_eq!(requeued, 3);
    assert_eq!(differences(db), [""; 0]);
}

fn a_live_agent_is_left_alone(db: &TestDb) {
    let service = TestService::open(db);
    let owner = service.agent(Role::Executor);
    let work = at_work(&service, &owner);
    for _ in 0..5 {
        service.clock.advance(minutes(55));
        service.heartbeat_sub_task(&by(&owner), work.id, None, None, None).unwrap();
        assert_eq!(look(&service).requeued, 0);
    }
    assert_eq!(records(&service, "owner_silent"), []);
    service.clock.advance(minutes(60));
    look(&service);
    let [silent] = &records(&service, "owner_silent")[..] else { panic!("one record") };
    assert_eq!((silent.agent_id, silent.severity), (Some(owner.id), Severity::Warning));
    service.heartbeat_sub_task(&by(&owner), work.id, None, None, None).unwrap();
    look(&service);
    assert_eq!(records(&service, "owner_silent")[0].status, PatrolStatus::Resolved);
}

fn who_comes_back_before_anybody_took_over_goes_on(db: &TestDb) {
    let service = TestService::open(db);
    let owner = service.agent(Role::Executor);
    let work = at_work(&service, &owner);
    service.clock.advance(minutes(121));
    assert_eq!(look(&service).requeued, 1);
    let back = service
        .heartbeat_sub_task(&by(&owner), work.id, Some("Still at it."), None, Some(1))
        .unwrap();
    assert_eq!((back.status, back.owner), (Status::InProgress, Some(owner.id)));
    service.clock.advance(minutes(121));
    assert_eq!(look(&service).requeued, 1);
    let deliverable = Deliverable { summary: "Done.".to_owned(), artifacts: Vec::new() };
    let handed_in =
        service.submit_sub_task(&by(&owner), work.id, &deliverable, Some(back.attempt)).unwrap();
    assert_eq!((handed_in.status, handed_in.owner), (Status::Review, Some(owner.id)));
}

fn who_comes_back_too_late_is_told_and_the_work_can_be_adopted(db: &TestDb) {
    let service = TestService::open(db);
    let (slow, quick) = (service.agent(Role::Executor), service.agent(Role::Executor));
    let (planner, reviewer) = (service.agent(Role::Planner), service.agent(Role::Reviewer));
    let work = at_work(&service, &slow);
    service.clock.advance(minutes(121));
    look(&service);
    service.claim_next(&by(&quick), None, None).unwrap();
    service.heartbeat_sub_task(&by(&slow), work.id, None, None, None).unwrap_err();
    let deliverable = Deliverable { summary: "Late but good.".to_owned(), artifacts: Vec::new() };
    let late = service.submit_sub_task(&by(&slow), work.id, &deliverable, None).unwrap_err();
    let ServiceError::LateSubmission { submission, .. } = late else { panic!("{late:?}") };
    assert_eq!(service.found(work.id).owner, Some(quick.id));

    let refused = service.adopt_submission(&by(&quick), work.id, submission);
    assert!(refused.is_err(), "an executor judges nobody's work");
    let adopted = service.adopt_submission(&by(&planner), work.id, submission).unwrap();
    assert_eq!((adopted.status, adopted.owner), (Status::Review, Some(slow.id)));
    let latest = service.list_submissions(work.id, ALL).unwrap().items.remove(0);
    assert_eq!((latest.is_late, latest.attempt), (false, adopted.attempt));
    assert_eq!(latest.deliverable, deliverable);
    service.heartbeat_sub_task(&by(&quick), work.id, None, None, None).unwrap_err();
    assert!(service.adopt_submission(&by(&planner), work.id, latest.id).is_err(), "not late");
    service.complete_sub_task(&by(&reviewer), work.id).unwrap();
    assert_eq!(service.found(work.id).status, Status::Done);
    assert_eq!(differences(db), [""; 0]);
}

fn nobody_is_blamed_for_the_time_without_a_server(db: &TestDb) {
    let service = TestService::open(db);
    let owner = service.agent(Role::Executor);
    let work = at_work(&service, &owner);
    service.patrol_in_turn().unwrap();
    // Nobody looked, so no server ran: three hours.
    service.clock.advance(minutes(180));
    service.patrol_in_turn().unwrap();
    assert_eq!(service.found(work.id).status, Status::InProgress);
    service.clock.advance(minutes(121));
    look(&service);
    assert_eq!(service.found(work.id).status, Status::Pending);
}

fn of_several_servers_one_looks(db: &TestDb) {
    let service = TestService::open(db);
    let other = || TestService::open_at(db, service.clock.clone(), |_| {});
    let others: Vec<_> = (0..3).map(|_| other()).collect();
    let _work = service.work(service.task().id).create();
    service.patrol_in_turn().unwrap();
    for _ in 0..60 {
        service.clock.advance(minutes(1));
        at_once(4, |n| match n {
            0 => service.patrol_in_turn().unwrap(),
            n => others[n - 1].patrol_in_turn().unwrap(),
        });
    }
    let stranded = records(&service, "stranded");
    assert_eq!(stranded.len(), 1, "{stranded:?}");
    assert_eq!(differences(db), [""; 0]);
}

fn a_finished_task_is_completed_after_a_while(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, task) = (service.agent(Role::Executor), service.task());
    let work = service.work(task.id).create();
    let _done = service.brought(&work, Status::Done, &owner);
    service.clock.advance(minutes(24 * 60 - 1));
    assert_eq!(look(&service).completed, 0);
    service.clock.advance(minutes(1));
    assert_eq!(look(&service).completed, 1);
    assert_eq!(service.find_task(task.id).unwrap().status, TaskStatus::Completed);
    // What is added later opens it again, and counts anew.
    let more = service.work(task.id).create();
    assert_eq!(service.find_task(task.id).unwrap().status, TaskStatus::InProgress);
    assert_eq!(look(&service).completed, 0);
    let _done = service.brought(&more, Status::Done, &owner);
    assert_eq!(look(&service).completed, 0);
    service.clock.advance(minutes(24 * 60));
    assert_eq!(look(&service).completed, 1);
}

fn what_happens_after_the_end_does_not_move_the_completion(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, task) = (service.agent(Role::Executor), service.task());
    let work = service.work(task.id).create();
    let handed_in = service.brought(&work, Status::Review, &owner);
    service.clock.advance(minutes(48 * 60));
    let done = service.complete_sub_task(&service.admin(), handed_in.id).unwrap();
    let thank = || {
        for n in 0..60 {
            service.add_note(&service.admin(), done.id, &format!("Thank you, {n} times.")).unwrap();
        }
    };
    thank();
    assert_eq!(look(&service).completed, 0);
    service.clock.advance(minutes(12 * 60));
    thank();
    assert_eq!(look(&service).completed, 0);
    service.clock.advance(minutes(12 * 60));
    assert_eq!(look(&service).completed, 1);
}

fn an_ignored_condition_stays_ignored_until_it_is_over(db: &TestDb) {
    let service = TestService::open(db);
    let work = service.work(service.task().id).create();
    let executor = service.agent(Role::Executor);
    service.clock.advance(minutes(61));
    look(&service);
    let [unclaimed] = &records(&service, "unclaimed")[..] else { panic!("one record") };
    service.ignore_patrol_record(&service.admin(), unclaimed.id, "Known.").unwrap();
    look(&service);
    assert_eq!(records(&service, "unclaimed")[0].status, PatrolStatus::Ignored);
    service.claim_sub_task(&by(&executor), work.id, None).unwrap();
    look(&service);
    let [over] = &records(&service, "unclaimed")[..] else { panic!("one record") };
    assert_eq!((over.status, over.action_taken.as_str()), (PatrolStatus::Resolved, "Known."));
}

fn a_task_says_why_it_does_not_move(db: &TestDb) {
    let service = TestService::open(db);
    let task = service.task();
    let first = service.work(task.id).create();
    let second = service.work(task.id).after(&[&first]).create();
    let said = service.diagnose_task(task.id).unwrap();
    assert!(said.sentence.contains("1 claimable, and no active executor exists"), "{said:?}");
    assert_eq!(said.open, 2);
    let waiting = said.sub_tasks.iter().find(|one| one.sub_task.id == second.id).unwrap();
    let needed: Vec<_> = waiting.prerequisites.iter().map(|one| one.id).collect();
    assert_eq!(needed, [first.id]);
}

fn a_stop_does_not_wait_for_the_end_of_a_round(db: &TestDb) {
    const JOBS: &[Job] =
        &[Job { name: "patrol", every: Duration::from_hours(1), run: Service::patrol_in_turn }];
    const SILENT: i64 = 300;
    let before = TestService::open(db);
    let (owner, task) = (before.agent(Role::Executor), before.task());
    for _ in 0..SILENT {
        let _ = before.brought(&before.work(task.id).create(), Status::InProgress, &owner);
    }
    let TestService { service, clock, .. } = TestService::open(db);
    clock.advance(minutes(121));
    let service = Arc::new(service);
    let lost = || {
        let filter = Filter { kind: Some("owner_lost".to_owned()), ..Filter::default() };
        service.list_patrol_records(&filter, ALL).unwrap().total
    };
    let background = Background::with(&service, JOBS).unwrap();
    while lost() == 0 {
        std::thread::yield_now();
    }
    drop(background);
    let found = lost();
    assert!(found < SILENT, "the round went on to its end");
    // The next start goes on where it stopped.
    let _background = Background::with(&service, &[]).unwrap();
    let round = service.patrol_now(&before.admin()).unwrap();
    assert_eq!(i64::try_from(round.requeued).unwrap() + found, SILENT);
}

openmoss_testkit::on_each_backend!(
    a_stop_does_not_wait_for_the_end_of_a_round,
    work_of_a_dead_agent_goes_to_the_next_and_then_to_the_planner,
    a_live_agent_is_left_alone,
    who_comes_back_before_anybody_took_over_goes_on,
    who_comes_back_too_late_is_told_and_the_work_can_be_adopted,
    nobody_is_blamed_for_the_time_without_a_server,
    of_several_servers_one_looks,
    a_finished_task_is_completed_after_a_while,
    what_happens_after_the_end_does_not_move_the_completion,
    an_ignored_condition_stays_ignored_until_it_is_over,
    a_task_says_why_it_does_not_move,
);
