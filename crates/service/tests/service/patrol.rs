//! Patrol records.

use openmoss_domain::patrol::{Finding, KIND_CHARS_MAX};
use openmoss_domain::{
    Actor, ActorKind, DomainError, EventKind, PatrolStatus, Role, Severity, SubTaskId, TaskId,
};
use openmoss_service::event::Filter as Events;
use openmoss_service::patrol::Filter;
use openmoss_service::{Context, ServiceError, Window};
use openmoss_testkit::{TestDb, TestService, at_once, by, differences, rounds};

use crate::refusal::{domain, fields, not_found};

const ALL: Window = Window { offset: 0, limit: 100 };

fn finding(key: Option<&str>) -> Finding {
    Finding {
        kind: "silent_owner".to_owned(),
        severity: Severity::Warning,
        task_id: None,
        sub_task_id: None,
        agent_id: None,
        description: "Nothing heard for two hours.".to_owned(),
        action_taken: String::new(),
        dedup_key: key.map(str::to_owned),
    }
}

fn a_finding_is_one_record_until_its_condition_is_over(db: &TestDb) {
    let service = TestService::open(db);
    let (patrol, admin) = (by(&service.agent(Role::Patrol)), service.admin());
    let system = Context::of(Actor::System);
    let work = service.work(service.task().id).create();
    let about = Finding { sub_task_id: Some(work.id), ..finding(Some("silent")) };
    let first = service.open_patrol_record(&system, &about).unwrap();
    assert!(first.is_new);
    let record = first.record;
    assert_eq!(record.task_id, Some(work.task_id), "a sub-task names its task");
    assert_eq!((record.opened_by_kind, record.opened_by), (ActorKind::System, None));
    let again = service.open_patrol_record(&patrol, &about).unwrap();
    assert_eq!((again.is_new, again.record.id), (false, record.id));
    service.ignore_patrol_record(&patrol, record.id, "Known.").unwrap();
    let again = service.open_patrol_record(&system, &about).unwrap();
    assert_eq!((again.is_new, again.record.status), (false, PatrolStatus::Ignored));

    let gone = service.resolve_patrol_record(&system, record.id, "").unwrap();
    assert_eq!((gone.status, gone.action_taken.as_str()), (PatrolStatus::Resolved, "Known."));
    assert_eq!(gone.resolved_at, Some(service.now()));
    // Said twice is said once.
    assert_eq!(service.resolve_patrol_record(&admin, record.id, "x").unwrap(), gone);
    let next = service.open_patrol_record(&system, &about).unwrap();
    assert!(next.is_new);
    let refused = service.reopen_patrol_record(&admin, record.id);
    assert!(matches!(refused, Err(ServiceError::AlreadyExists(_))), "{refused:?}");
    service.resolve_patrol_record(&admin, next.record.id, "").unwrap();
    let reopened = service.reopen_patrol_record(&admin, record.id).unwrap();
    assert_eq!((reopened.status, reopened.resolved_at), (PatrolStatus::Open, None));

    let kinds: Vec<_> = service.kinds(TestService::about(work.id));
    assert_eq!(
        kinds[1..],
        [
            EventKind::PatrolRecordOpened,
            EventKind::PatrolRecordIgnored,
            EventKind::PatrolRecordResolved,
            EventKind::PatrolRecordOpened,
            EventKind::PatrolRecordResolved,
            EventKind::PatrolRecordReopened,
        ]
    );
    assert_eq!(differences(db), [""; 0]);
}

fn only_those_who_watch_report_and_only_an_admin_reopens(db: &TestDb) {
    let service = TestService::open(db);
    let patrol = by(&service.agent(Role::Patrol));
    let record = service.open_patrol_record(&patrol, &finding(None)).unwrap().record;
    for role in [Role::Planner, Role::Executor, Role::Reviewer] {
        let agent = by(&service.agent(role));
        let is_refused = |error| matches!(error, DomainError::PatrolRoleNotAllowed { .. });
        assert!(is_refused(domain(service.open_patrol_record(&agent, &finding(None)))));
        assert!(is_refused(domain(service.resolve_patrol_record(&agent, record.id, ""))));
        assert!(is_refused(domain(service.ignore_patrol_record(&agent, record.id, ""))));
        assert!(is_refused(domain(service.reopen_patrol_record(&agent, record.id))));
    }
    service.resolve_patrol_record(&patrol, record.id, "").unwrap();
    let refused = domain(service.reopen_patrol_record(&patrol, record.id));
    assert_eq!(refused, DomainError::PatrolRoleNotAllowed { allowed: "an admin" });
    let refused = domain(service.ignore_patrol_record(&service.admin(), record.id, ""));
    assert!(matches!(refused, DomainError::PatrolNotAllowedFrom { .. }), "{refused}");
}

fn a_wrong_finding_is_told_field_by_field_and_leaves_nothing(db: &TestDb) {
    let service = TestService::open(db);
    let (admin, work) = (service.admin(), service.work(service.task().id).create());
    let before = service.events(Events::default()).len();
    let wrong =
        Finding { kind: "Silent owner".to_owned(), description: " ".to_owned(), ..finding(None) };
    let wrong = fields(service.open_patrol_record(&admin, &wrong));
    let named: Vec<_> = wrong.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(named, ["type", "description"]);
    let long = Finding { kind: "x".repeat(KIND_CHARS_MAX + 1), ..finding(None) };
    assert_eq!(fields(service.open_patrol_record(&admin, &long))[0].field, "type");
    let nobody = SubTaskId::from_uuid(uuid::Uuid::new_v4());
    let nowhere = Finding { sub_task_id: Some(nobody), ..finding(None) };
    assert_eq!(not_found(service.open_patrol_record(&admin, &nowhere)), "sub_task");
    let other = TaskId::from_uuid(uuid::Uuid::new_v4());
    let elsewhere = Finding { sub_task_id: Some(work.id), task_id: Some(other), ..finding(None) };
    assert_eq!(fields(service.open_patrol_record(&admin, &elsewhere))[0].field, "task_id");
    assert_eq!(service.list_patrol_records(&Filter::default(), ALL).unwrap().total, 0);
    assert_eq!(service.events(Events::default()).len(), before);
}

fn of_many_who_report_one_condition_one_opens_it(db: &TestDb) {
    let service = TestService::open(db);
    let system = Context::of(Actor::System);
    for round in 0..rounds(db, 20, 50) {
        let key = round.to_string();
        let answers =
            at_once(8, |_| service.open_patrol_record(&system, &finding(Some(&key))).unwrap());
        assert_eq!(answers.iter().filter(|one| one.is_new).count(), 1, "round {round}");
        assert!(answers.iter().all(|one| one.record.id == answers[0].record.id), "round {round}");
    }
    assert_eq!(differences(db), [""; 0]);
}

fn of_two_who_close_a_record_both_hear_what_became_of_it(db: &TestDb) {
    let service = TestService::open(db);
    let admin = service.admin();
    for round in 0..rounds(db, 20, 50) {
        let id = service.open_patrol_record(&admin, &finding(None)).unwrap().record.id;
        let answers = at_once(2, |i| {
            if i == 0 {
                service.resolve_patrol_record(&admin, id, "gone")
            } else {
                service.ignore_patrol_record(&admin, id, "known")
            }
        });
        // What is ignored can still be resolved, so the one who resolves always wins in the end.
        assert!(answers[0].is_ok(), "round {round}: {:?}", answers[0]);
        assert_eq!(service.find_patrol_record(id).unwrap().status, PatrolStatus::Resolved);
        let is_told = matches!(
            &answers[1],
            Ok(_) | Err(ServiceError::Domain(DomainError::PatrolNotAllowedFrom { .. }))
        );
        assert!(is_told, "round {round}: {:?}", answers[1]);
    }
    assert_eq!(differences(db), [""; 0]);
}

openmoss_testkit::on_each_backend! {
    a_finding_is_one_record_until_its_condition_is_over,
    only_those_who_watch_report_and_only_an_admin_reopens,
    a_wrong_finding_is_told_field_by_field_and_leaves_nothing,
    of_many_who_report_one_condition_one_opens_it,
    of_two_who_close_a_record_both_hear_what_became_of_it,
}
