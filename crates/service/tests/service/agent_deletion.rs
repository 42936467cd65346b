//! What happens to the work of an agent that is deleted.

use openmoss_domain::sub_task::{BlockedKind, Status};
use openmoss_domain::{EventKind, Role};
use openmoss_service::{ServiceError, Window};
use openmoss_testkit::{TestDb, TestService, at_once, by, differences, rounds};

use crate::refusal::fields;

fn work_in_hand_returns_to_the_queue_with_its_events(db: &TestDb) {
    let service = TestService::open(db);
    let (gone, task) = (service.agent(Role::Executor), service.task());
    let work = |status| service.brought(&service.work(task.id).create(), status, &gone);
    let (assigned, started, rework) =
        (work(Status::Assigned), work(Status::InProgress), work(Status::Rework));
    let (blocked, review, done) = (work(Status::Blocked), work(Status::Review), work(Status::Done));
    let (_, related) = service.delete_agent(&service.admin(), gone.id, &gone.name).unwrap();
    assert_eq!((related.sub_tasks, related.requests), (6, 0));
    for (before, status) in [
        (&assigned, Status::Pending),
        (&started, Status::Pending),
        (&rework, Status::Pending),
        (&blocked, Status::Blocked),
        (&review, Status::Review),
        (&done, Status::Done),
    ] {
        let after = service.found(before.id);
        assert_eq!((after.status, after.owner), (status, None));
        assert!(after.version > before.version);
    }
    let last = |id| service.kinds(TestService::about(id)).into_iter().next_back().unwrap();
    assert_eq!(last(assigned.id), EventKind::SubTaskReleased);
    assert_eq!(last(started.id), EventKind::SubTaskRequeued);
    assert_eq!(last(rework.id), EventKind::SubTaskRequeued);
    let deleted =
        service.events(openmoss_service::event::Filter::default()).into_iter().next_back().unwrap();
    assert_eq!(deleted.kind, EventKind::AgentDeleted);
    assert_eq!(deleted.payload.0["name"], gone.name.as_str());

    // Nobody is there to mend what is sent back.
    let back = service.rework_sub_task(&service.admin(), review.id, None).unwrap();
    assert_eq!((back.status, back.owner, back.rework_count), (Status::Pending, None, 1));
    let next = service.agent(Role::Executor);
    service.claim_sub_task(&by(&next), review.id, None).unwrap();
    assert_eq!(differences(db), [""; 0]);
}

fn work_that_waits_for_cancelled_work_stays_blocked(db: &TestDb) {
    let service = TestService::open(db);
    let (gone, other, task) =
        (service.agent(Role::Executor), service.agent(Role::Executor), service.task());
    let first = service.brought(&service.work(task.id).create(), Status::Done, &other);
    let second = service.work(task.id).after(&[&first]).create();
    let second = service.brought(&second, Status::InProgress, &gone);
    // Reopened and given up while the work that needs it runs.
    service.reopen_sub_task(&service.admin(), first.id).unwrap();
    service.cancel_sub_task(&service.admin(), first.id).unwrap();
    assert_eq!(service.found(second.id).status, Status::InProgress);
    service.delete_agent(&service.admin(), gone.id, &gone.name).unwrap();
    let after = service.found(second.id);
    assert_eq!((after.status, after.owner), (Status::Blocked, None));
    let cause = after.blocked.unwrap();
    assert_eq!(cause.kind, BlockedKind::Other);
    assert!(cause.detail.contains(&gone.name), "{cause:?}");
    assert_eq!(differences(db), [""; 0]);
}

fn the_name_must_be_confirmed_letter_by_letter(db: &TestDb) {
    let service = TestService::open(db);
    let agent = service.agent(Role::Executor);
    for wrong in ["", "x", &agent.name.to_uppercase(), &format!("{} ", agent.name)] {
        let wrong = fields(service.delete_agent(&service.admin(), agent.id, wrong));
        assert_eq!((wrong.len(), wrong[0].field.as_str()), (1, "confirm_name"));
    }
    service.delete_agent(&service.admin(), agent.id, &agent.name).unwrap();
    let refused = service.delete_agent(&service.admin(), agent.id, &agent.name).unwrap_err();
    assert!(matches!(refused, ServiceError::NotFound { kind: "agent" }));
    let again = service.create_agent(
        &service.admin(),
        &openmoss_service::agent::NewAgent {
            name: agent.name,
            role: Role::Patrol,
            description: String::new(),
            capabilities: Vec::new(),
        },
    );
    again.unwrap();
}

/// Whatever comes first, nothing is owned by an agent that is gone.
fn a_claim_beside_a_deletion_leaves_no_work_behind(db: &TestDb) {
    let service = TestService::open(db);
    let task = service.task();
    for _ in 0..rounds(db, 20, 10) {
        let gone = service.agent(Role::Executor);
        let works: Vec<_> = (0..3).map(|_| service.work(task.id).create()).collect();
        let results = at_once(4, |thread| match works.get(thread) {
            Some(work) => service.claim_sub_task(&by(&gone), work.id, None).map(drop),
            None => service.delete_agent(&service.admin(), gone.id, &gone.name).map(drop),
        });
        results[3].as_ref().unwrap();
        for result in &results[..3] {
            let is_told = matches!(
                result,
                Ok(()) | Err(ServiceError::ConcurrentChange | ServiceError::NotFound { .. })
            );
            assert!(is_told, "{result:?}");
        }
        for work in works {
            let now = service.found(work.id);
            assert_eq!((now.status, now.owner), (Status::Pending, None));
            service.cancel_sub_task(&service.admin(), work.id).unwrap();
        }
    }
    let everything = Window { offset: 0, limit: 100 };
    assert_eq!(
        service
            .search_agents(
                openmoss_service::agent::admin::AgentQuery::default(),
                openmoss_domain::agent::AgentSort::Name,
                openmoss_domain::SortOrder::Asc,
                everything,
            )
            .unwrap()
            .total,
        0
    );
    assert_eq!(differences(db), [""; 0]);
}

openmoss_testkit::on_each_backend! {
    work_in_hand_returns_to_the_queue_with_its_events,
    work_that_waits_for_cancelled_work_stays_blocked,
    the_name_must_be_confirmed_letter_by_letter,
    a_claim_beside_a_deletion_leaves_no_work_behind,
}
