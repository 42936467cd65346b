//! Tasks: what their status does to their work.

use openmoss_domain::sub_task::{Status, WorkKind};
use openmoss_domain::{Actor, DomainError, Role, TaskStatus};
use openmoss_service::Window;
use openmoss_service::sub_task::NextClaim;
use openmoss_testkit::{START, TestDb, TestService, by, differences};

use crate::refusal::{domain, fields, not_found};

const ALL: Window = Window { offset: 0, limit: 100 };

fn cancelling_a_task_holds_its_work_and_an_admin_hands_it_out_again(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, planner) = (service.agent(Role::Executor), by(&service.agent(Role::Planner)));
    let task = service.task();
    let (free, mine) = (service.work(task.id).create(), service.work(task.id).create());
    let mine = service.brought(&mine, Status::Assigned, &owner);
    service.move_task(&planner, task.id, TaskStatus::Cancelled).unwrap();
    let refused = domain(service.claim_sub_task(&by(&owner), free.id, None));
    assert_eq!(refused, DomainError::TaskHeld);
    let refused = domain(service.start_sub_task(&by(&owner), mine.id, None, None));
    assert_eq!(refused, DomainError::TaskHeld);
    let next = service.claim_next(&by(&owner), None, None).unwrap();
    assert!(matches!(next, NextClaim::Nothing), "{next:?}");
    assert_eq!(service.list_claimable_sub_tasks(Actor::Admin, ALL).unwrap().total, 0);
    assert_eq!(differences(db), [""; 0]);

    let refused = domain(service.move_task(&planner, task.id, TaskStatus::Active));
    assert!(matches!(refused, DomainError::TaskNotAllowedFrom { .. }), "{refused:?}");
    let refused = domain(service.move_task(&planner, task.id, TaskStatus::Cancelled));
    assert!(matches!(refused, DomainError::TaskNotAllowedFrom { .. }), "to cancel twice");
    service.move_task(&service.admin(), task.id, TaskStatus::Active).unwrap();
    service.start_sub_task(&by(&owner), mine.id, None, None).unwrap();
    service.claim_sub_task(&by(&owner), free.id, None).unwrap();
    assert_eq!(differences(db), [""; 0]);
}

fn work_in_hand_is_finished_although_the_task_is_over(db: &TestDb) {
    let service = TestService::open(db);
    let owner = service.agent(Role::Executor);
    let task = service.task();
    let work = service.brought(&service.work(task.id).create(), Status::InProgress, &owner);
    service.move_task(&service.admin(), task.id, TaskStatus::Completed).unwrap();
    let deliverable = openmoss_domain::Deliverable::default();
    service.submit_sub_task(&by(&owner), work.id, &deliverable, None).unwrap();
    service.complete_sub_task(&service.admin(), work.id).unwrap();
    assert_eq!(differences(db), [""; 0]);
}

fn work_added_to_a_completed_task_opens_it_again(db: &TestDb) {
    let service = TestService::open(db);
    let task = service.task();
    let old = service.work(task.id).create();
    service.move_task(&service.admin(), task.id, TaskStatus::Completed).unwrap();
    assert!(!service.found(old.id).is_claimable());
    let new = service.work(task.id).create();
    assert!(new.is_claimable() && service.found(old.id).is_claimable());
    assert_eq!(service.find_task(task.id).unwrap().status, TaskStatus::InProgress);
    assert_eq!(differences(db), [""; 0]);
}

fn a_planning_task_hands_out_work_if_the_policy_says_so(db: &TestDb) {
    let service = TestService::open(db);
    let admin = service.admin();
    let task = service.create_task(&admin, "Goal", "", WorkKind::Once).unwrap();
    let work = service.work(task.id).create();
    assert!(work.is_claimable());
    drop(service);
    // The other policy holds it back from the next start on.
    let service =
        TestService::open_with(db, |settings| settings.policy.claim_while_planning = false);
    assert!(!service.found(work.id).is_claimable());
    assert!(!service.work(task.id).create().is_claimable());
    assert_eq!(service.list_claimable_sub_tasks(Actor::Admin, ALL).unwrap().total, 0);
    service.move_task(&admin, task.id, TaskStatus::Active).unwrap();
    assert_eq!(service.list_claimable_sub_tasks(Actor::Admin, ALL).unwrap().total, 2);
    service.move_task(&admin, task.id, TaskStatus::Planning).unwrap();
    assert_eq!(service.list_claimable_sub_tasks(Actor::Admin, ALL).unwrap().total, 0);
    drop(service);
    let service = TestService::open(db);
    assert_eq!(service.list_claimable_sub_tasks(Actor::Admin, ALL).unwrap().total, 2);
    assert_eq!(differences(db), [""; 0]);
}

fn tasks_are_stated_edited_and_listed(db: &TestDb) {
    let service = TestService::open(db);
    let planner = by(&service.agent(Role::Planner));
    let refused =
        service.create_task(&by(&service.agent(Role::Executor)), "Goal", "", WorkKind::Once);
    assert!(matches!(domain(refused), DomainError::TaskRoleNotAllowed { .. }));
    assert_eq!(fields(service.create_task(&planner, "", "", WorkKind::Once))[0].field, "name");
    let first = service.create_task(&planner, " Goal ", "Why", WorkKind::Recurring).unwrap();
    assert_eq!((first.name.as_str(), first.status), ("Goal", TaskStatus::Planning));
    service.clock.advance(std::time::Duration::from_secs(1));
    let second = service.task();
    let edited = service.edit_task(&planner, first.id, None, Some("What for")).unwrap();
    assert_eq!((edited.name.as_str(), edited.description.as_str()), ("Goal", "What for"));
    assert!(edited.updated_at > START);
    let same = service.edit_task(&planner, first.id, Some("Goal"), None).unwrap();
    assert_eq!(same, edited, "nothing to write");
    let page = service.list_tasks(None, ALL).unwrap();
    assert_eq!((page.items, page.total), (vec![second.clone(), edited.clone()], 2));
    let page = service.list_tasks(Some(TaskStatus::Planning), ALL).unwrap();
    assert_eq!((page.items, page.total), (vec![edited], 1));
    let nowhere = openmoss_domain::TaskId::from_uuid(uuid::Uuid::new_v4());
    assert_eq!(not_found(service.find_task(nowhere)), "task");
    let refused = domain(
        service
            .move_task(&planner, second.id, TaskStatus::Cancelled)
            .and_then(|task| service.edit_task(&planner, task.id, Some("x"), None)),
    );
    assert!(matches!(refused, DomainError::TaskNotAllowedFrom { .. }));
    assert_eq!(differences(db), [""; 0]);
}

openmoss_testkit::on_each_backend! {
    cancelling_a_task_holds_its_work_and_an_admin_hands_it_out_again,
    work_in_hand_is_finished_although_the_task_is_over,
    work_added_to_a_completed_task_opens_it_again,
    a_planning_task_hands_out_work_if_the_policy_says_so,
    tasks_are_stated_edited_and_listed,
}
