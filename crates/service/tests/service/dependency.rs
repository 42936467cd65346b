//! Sub-tasks that wait for others.

use openmoss_domain::sub_task::{BlockedKind, Edit, Status};
use openmoss_domain::{
    Actor, DomainError, EventKind, Role, SubTask, SubTaskId, SubmissionId, TaskStatus,
};
use openmoss_service::sub_task::{NewSubTask, Obstacle};
use openmoss_testkit::{TestDb, TestService, by, differences, draft};

use crate::refusal::{domain, fields};

fn count(service: &TestService, id: SubTaskId, kind: EventKind) -> usize {
    service.kinds(TestService::about(id)).iter().filter(|found| **found == kind).count()
}

fn set_prerequisites(
    service: &TestService,
    id: SubTaskId,
    needed: &[&SubTask],
) -> Result<SubTask, openmoss_service::ServiceError> {
    let ids = needed.iter().map(|one| one.id).collect();
    service.edit_sub_task(&service.admin(), id, &Edit::default(), Some(ids))
}

fn work_is_ready_when_its_last_prerequisite_is_done(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, task) = (service.agent(Role::Executor), service.task());
    let (a, b) = (service.work(task.id).create(), service.work(task.id).create());
    let last = service.work(task.id).after(&[&a, &b]).create();
    assert_eq!((last.prerequisites, last.open_prerequisites), (2, 2));
    let refused = domain(service.claim_sub_task(&by(&owner), last.id, None));
    assert_eq!(refused, DomainError::PrerequisitesOpen { open: 2 });
    let view = service.find_sub_task(Actor::Admin, last.id).unwrap();
    let mut needed = view.depends_on;
    needed.sort();
    let mut expected = [a.id, b.id];
    expected.sort();
    assert_eq!(needed, expected);
    let _ = service.brought(&a, Status::Done, &owner);
    assert_eq!(count(&service, last.id, EventKind::SubTaskReady), 0);
    let _ = service.brought(&b, Status::Done, &owner);
    assert_eq!(count(&service, last.id, EventKind::SubTaskReady), 1);
    assert!(service.found(last.id).is_claimable());
    service.claim_sub_task(&by(&owner), last.id, None).unwrap();
    assert_eq!(differences(db), [""; 0]);
}

fn given_work_cannot_start_before_its_prerequisites(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, task) = (service.agent(Role::Executor), service.task());
    let first = service.work(task.id).create();
    let given = service.work(task.id).after(&[&first]).given_to(owner.id).create();
    let refused = domain(service.start_sub_task(&by(&owner), given.id, None, None));
    assert_eq!(refused, DomainError::PrerequisitesOpen { open: 1 });
    let _ = service.brought(&first, Status::Done, &owner);
    service.start_sub_task(&by(&owner), given.id, None, None).unwrap();
}

fn work_behind_a_done_one_is_free_at_once(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, task) = (service.agent(Role::Executor), service.task());
    let first = service.work(task.id).create();
    let _ = service.brought(&first, Status::Done, &owner);
    let next = service.work(task.id).after(&[&first]).create();
    assert_eq!((next.prerequisites, next.open_prerequisites), (1, 0));
    assert_eq!(differences(db), [""; 0]);
}

fn a_cancelled_prerequisite_blocks_its_dependents_with_the_cause(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, planner, task) =
        (service.agent(Role::Executor), by(&service.agent(Role::Planner)), service.task());
    let first = service.work(task.id).create();
    let pending = service.work(task.id).after(&[&first]).create();
    let given = service.work(task.id).after(&[&first]).given_to(owner.id).create();
    let behind = service.work(task.id).after(&[&pending]).create();
    service.cancel_sub_task(&planner, first.id).unwrap();
    for dependent in [&pending, &given] {
        let blocked = service.found(dependent.id);
        let cause = blocked.blocked.unwrap();
        assert_eq!((blocked.status, cause.kind), (Status::Blocked, BlockedKind::Dependency));
        assert_eq!(cause.detail, format!("the prerequisite {:?} was cancelled", first.name));
        assert_eq!(cause.waits_for, Some(first.id.to_string()));
        let event = service.events(TestService::about(dependent.id)).pop().unwrap();
        assert_eq!(event.kind, EventKind::SubTaskBlocked);
        assert_eq!(event.actor_kind, openmoss_domain::ActorKind::System);
    }
    assert_eq!(service.found(behind.id).status, Status::Pending, "it waits for what is blocked");

    // The planner is not let into the same trap again.
    let refused = domain(service.requeue_sub_task(&planner, pending.id));
    assert_eq!(refused, DomainError::PrerequisiteCancelled { id: first.id });
    let refused = domain(service.reassign_sub_task(&planner, given.id, owner.id));
    assert_eq!(refused, DomainError::PrerequisiteCancelled { id: first.id });
    let new = NewSubTask {
        task_id: task.id,
        module_id: None,
        draft: draft("Late"),
        assigned_agent: None,
        depends_on: vec![first.id],
    };
    let wrong = fields(service.create_sub_task(&planner, &new));
    assert!(wrong[0].message.contains("is cancelled"), "{wrong:?}");

    // Either way out works: without the prerequisite, or with it.
    set_prerequisites(&service, pending.id, &[]).unwrap();
    assert!(service.requeue_sub_task(&planner, pending.id).unwrap().is_claimable());
    service.reopen_sub_task(&planner, first.id).unwrap();
    let _ = service.brought(&first, Status::Done, &owner);
    assert!(service.found(given.id).is_claimable());
    assert_eq!(differences(db), [""; 0]);
}

fn what_a_cancelled_prerequisite_blocked_goes_on_when_it_is_reopened(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, admin, task) = (service.agent(Role::Executor), service.admin(), service.task());
    let (a, b) = (service.work(task.id).create(), service.work(task.id).create());
    let behind_a = service.work(task.id).after(&[&a]).given_to(owner.id).create();
    let behind_both = service.work(task.id).after(&[&a, &b]).create();
    let stuck = service.work(task.id).after(&[&a]).given_to(owner.id).create();
    let obstacle = Obstacle {
        kind: BlockedKind::NeedsInput,
        detail: "Which currency?".to_owned(),
        waits_for: None,
    };
    service.block_sub_task(&by(&owner), stuck.id, &obstacle).unwrap();
    for cancelled in [&a, &b] {
        service.cancel_sub_task(&admin, cancelled.id).unwrap();
    }

    service.reopen_sub_task(&admin, a.id).unwrap();
    let requeued = service.found(behind_a.id);
    assert_eq!((requeued.status, requeued.owner, requeued.blocked), (Status::Pending, None, None));
    let events = service.events(TestService::about(behind_a.id));
    let last = events.last().unwrap();
    assert_eq!(last.kind, EventKind::SubTaskRequeued);
    assert_eq!(last.actor_kind, openmoss_domain::ActorKind::System);
    // The other one that it waits for is cancelled still, and it says so.
    let waiting = service.found(behind_both.id);
    assert_eq!(waiting.status, Status::Blocked);
    assert_eq!(waiting.blocked.unwrap().waits_for, Some(b.id.to_string()));
    // What its owner asked is not answered by that.
    let asked = service.found(stuck.id).blocked.unwrap();
    assert_eq!(asked.kind, BlockedKind::NeedsInput);

    service.reopen_sub_task(&admin, b.id).unwrap();
    assert_eq!(service.found(behind_both.id).status, Status::Pending);
    for needed in [&a, &b] {
        let _ = service.brought(needed, Status::Done, &owner);
    }
    assert!(service.found(behind_both.id).is_claimable());
    assert_eq!(count(&service, behind_both.id, EventKind::SubTaskReady), 1);
    assert_eq!(differences(db), [""; 0]);
}

/// Ready is what somebody can claim.
fn work_that_nobody_can_claim_is_not_called_ready(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, task) = (service.agent(Role::Executor), service.task());
    let first = service.work(task.id).create();
    let given = service.work(task.id).after(&[&first]).given_to(owner.id).create();
    let over = service.work(task.id).after(&[&first]).create();
    service.cancel_sub_task(&service.admin(), over.id).unwrap();
    let free = service.work(task.id).after(&[&first]).create();
    let _ = service.brought(&first, Status::Done, &owner);
    let ready = [&given, &over, &free].map(|one| count(&service, one.id, EventKind::SubTaskReady));
    assert_eq!(ready, [0, 0, 1]);
}

fn a_prerequisite_that_is_reopened_holds_its_dependents_again(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, task) = (service.agent(Role::Executor), service.task());
    let first = service.work(task.id).create();
    let waiting = service.work(task.id).after(&[&first]).create();
    let running = service.work(task.id).after(&[&first]).create();
    let _ = service.brought(&first, Status::Done, &owner);
    let running = service.brought(&running, Status::InProgress, &owner);
    service.reopen_sub_task(&service.admin(), first.id).unwrap();
    assert_eq!(service.found(waiting.id).open_prerequisites, 1);
    assert!(!service.found(waiting.id).is_claimable());
    let kept = service.found(running.id);
    assert_eq!((kept.status, kept.open_prerequisites), (Status::InProgress, 1));
    assert_eq!(differences(db), [""; 0]);
    let _ = service.brought(&first, Status::Done, &owner);
    assert!(service.found(waiting.id).is_claimable());
    assert_eq!(differences(db), [""; 0]);
}

/// What was sent back cannot be started again while its prerequisite is open; a prerequisite that
/// is then cancelled must not leave it waiting for ever.
fn rework_behind_a_cancelled_prerequisite_is_blocked_too(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, task) = (service.agent(Role::Executor), service.task());
    let first = service.work(task.id).create();
    let next = service.work(task.id).after(&[&first]).create();
    let _ = service.brought(&first, Status::Done, &owner);
    let _ = service.brought(&next, Status::Rework, &owner);
    service.reopen_sub_task(&service.admin(), first.id).unwrap();
    service.cancel_sub_task(&service.admin(), first.id).unwrap();
    assert_eq!(service.found(next.id).status, Status::Blocked);
    assert_eq!(differences(db), [""; 0]);
}

fn an_edit_that_closes_a_cycle_is_shown_the_cycle(db: &TestDb) {
    let service = TestService::open(db);
    let task = service.task();
    let a = service.work(task.id).create();
    let b = service.work(task.id).after(&[&a]).create();
    let c = service.work(task.id).after(&[&b]).create();
    let wrong = fields(set_prerequisites(&service, a.id, &[&c]));
    assert_eq!(wrong.len(), 1);
    assert_eq!(wrong[0].field, "depends_on");
    let path = [a.id, c.id, b.id, a.id].map(|id| id.to_string()).join(" -> ");
    assert_eq!(wrong[0].message, format!("must not lead back to the sub-task itself: {path}"));
    let wrong = fields(set_prerequisites(&service, a.id, &[&a]));
    assert!(wrong[0].message.ends_with(&format!("{0} -> {0}", a.id)), "{wrong:?}");
    assert_eq!(service.found(a.id), a, "nothing changed");
    assert_eq!(differences(db), [""; 0]);
}

fn an_edit_replaces_the_prerequisites(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, task) = (service.agent(Role::Executor), service.task());
    let (a, b) = (service.work(task.id).create(), service.work(task.id).create());
    let _ = service.brought(&a, Status::Done, &owner);
    let last = service.work(task.id).after(&[&b]).create();
    let edited = set_prerequisites(&service, last.id, &[&a, &b, &a]).unwrap();
    assert_eq!((edited.prerequisites, edited.open_prerequisites), (2, 1));
    assert_eq!(differences(db), [""; 0]);
    let edited = set_prerequisites(&service, last.id, &[&a]).unwrap();
    assert_eq!((edited.prerequisites, edited.open_prerequisites), (1, 0));
    assert_eq!(differences(db), [""; 0]);
    // What it does not wait for any more leaves it alone.
    let _ = service.brought(&b, Status::Cancelled, &owner);
    assert!(service.found(last.id).is_claimable());
}

fn prerequisites_are_of_the_same_task_and_exist(db: &TestDb) {
    let service = TestService::open(db);
    let (task, other) = (service.task(), service.task());
    let stranger = service.work(other.id).create();
    let nobody = SubTaskId::from_uuid(SubmissionId::from_uuid(uuid::Uuid::new_v4()).as_uuid());
    let new = NewSubTask {
        task_id: task.id,
        module_id: None,
        draft: draft("Late"),
        assigned_agent: None,
        depends_on: vec![stranger.id, nobody],
    };
    let wrong = fields(service.create_sub_task(&service.admin(), &new));
    let messages: Vec<_> = wrong.iter().map(|error| error.message.as_str()).collect();
    let expected = [
        format!("names {}, which belongs to another task", stranger.id),
        format!("names {nobody}, which does not exist"),
    ];
    assert_eq!(messages, expected);
}

fn a_long_chain_is_done_one_by_one(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, task) = (service.agent(Role::Executor), service.task());
    let mut chain = vec![service.work(task.id).create()];
    for _ in 0..9 {
        let last = chain.last().unwrap().clone();
        chain.push(service.work(task.id).after(&[&last]).create());
    }
    for link in &chain {
        let claimed = service.claim_next(&by(&owner), Some(task.id), None).unwrap();
        let openmoss_service::sub_task::NextClaim::Claimed(claimed) = claimed else {
            panic!("nothing to claim")
        };
        assert_eq!(claimed.id, link.id);
        let next = service.claim_next(&by(&owner), Some(task.id), None).unwrap();
        assert!(matches!(next, openmoss_service::sub_task::NextClaim::Nothing));
        let _ = service.brought(link, Status::Done, &owner);
    }
    let done = service.move_task(&service.admin(), task.id, TaskStatus::Completed).unwrap();
    assert_eq!(done.status, TaskStatus::Completed);
}

openmoss_testkit::on_each_backend! {
    work_is_ready_when_its_last_prerequisite_is_done,
    given_work_cannot_start_before_its_prerequisites,
    work_behind_a_done_one_is_free_at_once,
    a_cancelled_prerequisite_blocks_its_dependents_with_the_cause,
    what_a_cancelled_prerequisite_blocked_goes_on_when_it_is_reopened,
    work_that_nobody_can_claim_is_not_called_ready,
    a_prerequisite_that_is_reopened_holds_its_dependents_again,
    rework_behind_a_cancelled_prerequisite_is_blocked_too,
    an_edit_that_closes_a_cycle_is_shown_the_cycle,
    an_edit_replaces_the_prerequisites,
    prerequisites_are_of_the_same_task_and_exist,
    a_long_chain_is_done_one_by_one,
}
