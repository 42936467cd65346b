//! The activity log, which is also a sign of life.

use std::time::Duration;

use openmoss_domain::log::LogAction;
use openmoss_domain::sub_task::Status;
use openmoss_domain::{Role, SubTaskId};
use openmoss_service::ServiceError;
use openmoss_service::log::{LogQuery, NewLogEntry};
use openmoss_testkit::{START, TestDb, TestService, by};

use crate::refusal::fields;

fn entry(sub_task_id: Option<SubTaskId>, summary: &str) -> NewLogEntry {
    NewLogEntry {
        sub_task_id,
        action: LogAction::Coding,
        summary: summary.to_owned(),
        session_id: Some(" ".to_owned()),
    }
}

fn an_entry_of_the_owner_renews_its_lease(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, other) = (service.agent(Role::Executor), service.agent(Role::Executor));
    let made = service.work(service.task().id).create();
    let work = service.brought(&made, Status::InProgress, &owner);
    let lease = || service.found(work.id).lease_expires_at.unwrap();
    let hour = Duration::from_hours(1);
    service.clock.advance(hour);
    let written = service.append_log(&by(&owner), &entry(Some(work.id), "half")).unwrap();
    assert_eq!((written.agent_id, written.session_id), (owner.id, None));
    assert_eq!(lease(), START.plus(3 * hour));
    service.clock.advance(hour);
    service.append_log(&by(&other), &entry(Some(work.id), "looks good")).unwrap();
    assert_eq!(lease(), START.plus(3 * hour), "it is not the owner's sign of life");
    service.complete_sub_task(&service.admin(), work.id).unwrap_err();
    service.cancel_sub_task(&service.admin(), work.id).unwrap();
    service.append_log(&by(&owner), &entry(Some(work.id), "given up")).unwrap();
    assert_eq!(
        service.list_logs(LogQuery { sub_task_id: Some(work.id), ..query() }).unwrap().len(),
        3
    );
}

fn query() -> LogQuery {
    LogQuery { days: 7, ..LogQuery::default() }
}

fn entries_are_listed_newest_first_within_days(db: &TestDb) {
    let service = TestService::open(db);
    let (ann, bob) = (service.agent(Role::Executor), service.agent(Role::Executor));
    for day in 0..70 {
        let writer = if day % 2 == 0 { &ann } else { &bob };
        service.append_log(&by(writer), &entry(None, &format!("{day}"))).unwrap();
        service.clock.advance(Duration::from_hours(24));
    }
    let list = |query| {
        let entries = service.list_logs(query).unwrap();
        entries.into_iter().map(|entry| entry.summary).collect::<Vec<_>>()
    };
    assert_eq!(list(LogQuery { days: 2, ..query() }), ["69", "68"]);
    assert_eq!(list(LogQuery { days: 0, ..query() }), ["69"], "at least one");
    assert_eq!(list(LogQuery { days: 999, limit: 999, ..query() }).len(), 60, "at most 60");
    assert_eq!(list(LogQuery { days: 60, limit: 0, ..query() }).len(), 20);
    assert_eq!(list(LogQuery { days: 60, limit: -5, ..query() }).len(), 1);
    let of_ann = LogQuery { agent_id: Some(ann.id), days: 4, ..query() };
    assert_eq!(list(of_ann), ["68", "66"]);
    let plans = LogQuery { action: Some(LogAction::Plan), ..query() };
    assert_eq!(list(plans), [""; 0]);
}

fn an_entry_is_by_an_agent_and_about_something_that_exists(db: &TestDb) {
    let service = TestService::open(db);
    let cx = by(&service.agent(Role::Patrol));
    let nowhere = SubTaskId::from_uuid(uuid::Uuid::new_v4());
    assert_eq!(fields(service.append_log(&cx, &entry(Some(nowhere), "x")))[0].field, "sub_task_id");
    assert_eq!(fields(service.append_log(&cx, &entry(None, "\u{0}")))[0].field, "summary");
    let refused = service.append_log(&service.admin(), &entry(None, "x"));
    assert!(matches!(refused, Err(ServiceError::Forbidden(_))), "{refused:?}");
    assert_eq!(service.list_logs(query()).unwrap(), []);
}

openmoss_testkit::on_each_backend! {
    an_entry_of_the_owner_renews_its_lease,
    entries_are_listed_newest_first_within_days,
    an_entry_is_by_an_agent_and_about_something_that_exists,
}
