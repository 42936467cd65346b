//! No deliverable is ever thrown away.

use openmoss_domain::sub_task::Status;
use openmoss_domain::{
    Agent, Artifact, ArtifactKind, Deliverable, DomainError, EventKind, Role, SubTask, SubTaskId,
    Submission,
};
use openmoss_service::{Context, ServiceError, Window};
use openmoss_testkit::{TestDb, TestService, by, differences};

use crate::refusal::domain;

fn work_of(name: &str) -> Deliverable {
    let artifact = Artifact {
        kind: ArtifactKind::Path,
        value: format!("/shared/{name}.md"),
        title: "The report".to_owned(),
    };
    Deliverable { summary: name.to_owned(), artifacts: vec![artifact] }
}

fn submissions(service: &TestService, id: SubTaskId) -> Vec<Submission> {
    service.list_submissions(id, Window { offset: 0, limit: 100 }).unwrap().items
}

/// Hands in too late, and returns what was kept.
#[track_caller]
fn late(
    service: &TestService,
    cx: &Context,
    id: SubTaskId,
    deliverable: &Deliverable,
    attempt: Option<u32>,
) -> Submission {
    let refused = service.submit_sub_task(cx, id, deliverable, attempt).unwrap_err();
    let ServiceError::LateSubmission { submission, owner, attempt } = refused else {
        panic!("{refused:?}")
    };
    let now = service.found(id);
    assert_eq!((owner, attempt), (now.owner, now.attempt));
    let kept = submissions(service, id).into_iter().find(|kept| kept.id == submission).unwrap();
    assert!(kept.is_late);
    assert_eq!(kept.deliverable, *deliverable);
    kept
}

fn in_hand(service: &TestService, owner: &Agent) -> SubTask {
    let made = service.work(service.task().id).create();
    service.brought(&made, Status::InProgress, owner)
}

fn a_former_owner_hands_in_late(db: &TestDb) {
    let service = TestService::open(db);
    let (former, owner) = (service.agent(Role::Executor), service.agent(Role::Executor));
    let id = in_hand(&service, &former).id;
    service.reassign_sub_task(&service.admin(), id, owner.id).unwrap_err();
    let obstacle = openmoss_service::sub_task::Obstacle {
        kind: openmoss_domain::sub_task::BlockedKind::Timeout,
        detail: "silent".to_owned(),
        waits_for: None,
    };
    service.block_sub_task(&service.admin(), id, &obstacle).unwrap();
    service.reassign_sub_task(&service.admin(), id, owner.id).unwrap();
    for attempt in [None, Some(1)] {
        let kept = late(&service, &by(&former), id, &work_of("first"), attempt);
        assert_eq!((kept.agent_id, kept.attempt), (former.id, 1));
    }
    assert_eq!(submissions(&service, id).len(), 1, "a retry is the same one");
    late(&service, &by(&former), id, &work_of("second"), None);
    assert_eq!(submissions(&service, id).len(), 2);
    let events = service.events(TestService::about(id));
    let late = events.iter().filter(|event| event.kind == EventKind::SubTaskSubmittedLate);
    assert_eq!(late.count(), 2);
    assert_eq!(service.found(id).status, Status::Assigned, "the new owner works on undisturbed");
    let sentence =
        service.submit_sub_task(&by(&former), id, &work_of("first"), None).unwrap_err().to_string();
    assert!(sentence.contains(&owner.id.to_string()) && sentence.contains("is kept"), "{sentence}");
}

fn work_comes_in_after_it_was_given_up_or_judged(db: &TestDb) {
    let service = TestService::open(db);
    let owner = service.agent(Role::Executor);
    for over in [Status::Cancelled, Status::Done] {
        let mut work = in_hand(&service, &owner);
        if over == Status::Done {
            service.submit_sub_task(&by(&owner), work.id, &work_of("in time"), None).unwrap();
            work = service.complete_sub_task(&service.admin(), work.id).unwrap();
        } else {
            work = service.cancel_sub_task(&service.admin(), work.id).unwrap();
        }
        assert_eq!(work.status, over);
        late(&service, &by(&owner), work.id, &work_of("too late"), Some(1));
    }
    assert_eq!(differences(db), [""; 0]);
}

/// The owner whom patrol blocked for silence was only slow.
fn a_blocked_owner_hands_in(db: &TestDb) {
    let service = TestService::open(db);
    let owner = service.agent(Role::Executor);
    let id = in_hand(&service, &owner).id;
    let obstacle = openmoss_service::sub_task::Obstacle {
        kind: openmoss_domain::sub_task::BlockedKind::Timeout,
        detail: "silent".to_owned(),
        waits_for: None,
    };
    service.block_sub_task(&service.admin(), id, &obstacle).unwrap();
    let kept = late(&service, &by(&owner), id, &work_of("slow"), None);
    assert_eq!(kept.attempt, 1);
}

/// An agent that lost a sub-task and got it back may still have an old process that works on it.
fn an_old_process_of_the_owner_hands_in(db: &TestDb) {
    let service = TestService::open(db);
    let owner = service.agent(Role::Executor);
    let made = service.work(service.task().id).create();
    let id = made.id;
    service.claim_sub_task(&by(&owner), id, None).unwrap();
    service.release_sub_task(&by(&owner), id).unwrap();
    service.claim_sub_task(&by(&owner), id, None).unwrap();
    service.start_sub_task(&by(&owner), id, None, Some(2)).unwrap();
    let kept = late(&service, &by(&owner), id, &work_of("old"), Some(1));
    assert_eq!(kept.attempt, 1, "in which it was made");
    assert_eq!(service.found(id).status, Status::InProgress);
    service.submit_sub_task(&by(&owner), id, &work_of("new"), Some(2)).unwrap();
}

fn who_never_owned_it_hands_in_nothing(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, other) = (service.agent(Role::Executor), service.agent(Role::Executor));
    let id = in_hand(&service, &owner).id;
    let refused = domain(service.submit_sub_task(&by(&other), id, &work_of("x"), None));
    assert_eq!(refused, DomainError::NotOwner { owner: Some(owner.id), attempt: 1 });
    let reviewer = by(&service.agent(Role::Reviewer));
    let refused = domain(service.submit_sub_task(&reviewer, id, &work_of("x"), None));
    assert!(matches!(refused, DomainError::RoleNotAllowed { .. }), "{refused:?}");
    assert_eq!(submissions(&service, id), []);
}

fn the_owner_of_what_is_not_started_is_told_to_start(db: &TestDb) {
    let service = TestService::open(db);
    let owner = service.agent(Role::Executor);
    for status in [Status::Assigned, Status::Rework] {
        let made = service.work(service.task().id).create();
        let work = service.brought(&made, status, &owner);
        let before = submissions(&service, work.id);
        let refused = domain(service.submit_sub_task(&by(&owner), work.id, &work_of("x"), None));
        let DomainError::NotAllowedFrom { status: named, allowed, .. } = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(named, status);
        assert!(allowed.contains(&openmoss_domain::Action::Start));
        assert_eq!(submissions(&service, work.id), before);
        service.start_sub_task(&by(&owner), work.id, None, None).unwrap();
        service.submit_sub_task(&by(&owner), work.id, &work_of("x"), None).unwrap();
    }
}

fn an_empty_late_submit_is_just_refused(db: &TestDb) {
    let service = TestService::open(db);
    let owner = service.agent(Role::Executor);
    let work = in_hand(&service, &owner);
    service.cancel_sub_task(&service.admin(), work.id).unwrap();
    let nothing = Deliverable::default();
    let refused = domain(service.submit_sub_task(&by(&owner), work.id, &nothing, None));
    assert!(matches!(refused, DomainError::NotAllowedFrom { status: Status::Cancelled, .. }));
    assert_eq!(submissions(&service, work.id), []);
}

openmoss_testkit::on_each_backend! {
    a_former_owner_hands_in_late,
    work_comes_in_after_it_was_given_up_or_judged,
    a_blocked_owner_hands_in,
    an_old_process_of_the_owner_hands_in,
    who_never_owned_it_hands_in_nothing,
    the_owner_of_what_is_not_started_is_told_to_start,
    an_empty_late_submit_is_just_refused,
}
