//! The request log: what is noted is written, and forgotten when the settings say so.

use std::time::Duration;

use openmoss_domain::request::{RequestMethod, Sent};
use openmoss_domain::{Agent, AgentId, Role};
use openmoss_service::request::{Answered, RequestQuery};
use openmoss_service::settings::Secret;
use openmoss_service::{ServiceError, Window};
use openmoss_testkit::{START, TestDb, TestService, at_once};

const ALL: Window = Window { offset: 0, limit: 1_000 };

fn call(agent: &Agent, path: &str) -> Answered {
    Answered {
        agent_id: agent.id,
        key: Secret::new("a key of an older form"),
        method: "POST".to_owned(),
        path: path.to_owned(),
        sent: Some(Sent::Body(br#"{"text": "a key of an older form, the token"}"#.to_vec())),
        status: 200,
        duration: Duration::from_micros(7_900),
    }
}

fn what_is_noted_is_written_without_secrets(db: &TestDb) {
    let service = TestService::open_with(db, |settings| {
        settings.agent.registration_token = Secret::new("the token");
    });
    let agent = service.agent(Role::Executor);
    service.note_request(call(&agent, "/api/x/a key of an older form"));
    let list = || service.list_requests(agent.id, RequestQuery::default(), ALL).unwrap();
    assert_eq!(list().total, 0, "not before it is written");
    service.clock.advance(Duration::from_secs(5));
    service.write_requests().unwrap();
    service.write_requests().unwrap();
    let found = list();
    let [entry] = &found.items[..] else { panic!("{found:?}") };
    assert_eq!((entry.created_at, entry.duration_ms, entry.status), (START, 7, 200));
    assert_eq!(entry.path, "/api/x/***");
    assert_eq!(entry.sent.as_deref(), Some(r#"{"text":"***, ***"}"#));
}

fn many_at_once_are_all_there(db: &TestDb) {
    let service = TestService::open(db);
    let agent = service.agent(Role::Executor);
    at_once(4, |thread| {
        for n in 0..200 {
            service.note_request(call(&agent, &format!("/api/{thread}/{n}")));
            if n % 50 == 0 {
                service.write_requests().unwrap();
            }
        }
    });
    service.write_requests().unwrap();
    let found = service.list_requests(agent.id, RequestQuery::default(), ALL).unwrap();
    let mut paths: Vec<_> = found.items.iter().map(|entry| entry.path.as_str()).collect();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!((paths.len(), found.total), (800, 800));
}

fn what_the_database_refuses_does_not_stop_the_log(db: &TestDb) {
    let service = TestService::open(db);
    let agent = service.agent(Role::Executor);
    service.note_request(call(&agent, "/api/first"));
    db.raw().run("ALTER TABLE request_log RENAME TO request_log_away");
    // The batch is lost, which is told in the program's log, and the next one is not.
    service.write_requests().unwrap();
    db.raw().run("ALTER TABLE request_log_away RENAME TO request_log");
    service.note_request(call(&agent, "/api/second"));
    service.write_requests().unwrap();
    let found = service.list_requests(agent.id, RequestQuery::default(), ALL).unwrap();
    assert_eq!(found.items[0].path, "/api/second");
    assert_eq!(found.total, 1);
}

fn old_entries_are_forgotten_as_the_settings_say(db: &TestDb) {
    let day = Duration::from_hours(24);
    let service = TestService::open_with(db, |settings| settings.webui.feed_retention_days = 3);
    let agent = service.agent(Role::Executor);
    for n in 0..6 {
        service.note_request(call(&agent, &format!("/api/{n}")));
        service.clock.advance(day);
    }
    service.write_requests().unwrap();
    let paths = |service: &TestService, days| {
        let query = RequestQuery { days, ..RequestQuery::default() };
        let found = service.list_requests(agent.id, query, ALL).unwrap();
        found.items.into_iter().map(|entry| entry.path).collect::<Vec<_>>()
    };
    assert_eq!(paths(&service, Some(2)), ["/api/5", "/api/4"]);
    service.forget_old_requests().unwrap();
    assert_eq!(paths(&service, None), ["/api/5", "/api/4", "/api/3"]);
    // Another number of days, and the same clock.
    let clock = service.clock.clone();
    drop(service);
    let service = TestService::open_at(db, clock, |settings| {
        db.url().clone_into(&mut settings.database.path);
        settings.webui.feed_retention_days = 1;
    });
    service.forget_old_requests().unwrap();
    assert_eq!(paths(&service, None), ["/api/5"]);
}

fn a_long_backlog_is_forgotten_in_portions(db: &TestDb) {
    let service = TestService::open(db);
    let agent = service.agent(Role::Executor);
    for _ in 0..2_001 {
        service.note_request(call(&agent, "/api/x"));
    }
    service.write_requests().unwrap();
    service.clock.advance(Duration::from_hours(24 * 8));
    service.forget_old_requests().unwrap();
    let query = RequestQuery { method: Some(RequestMethod::Post), ..RequestQuery::default() };
    assert_eq!(service.list_requests(agent.id, query, ALL).unwrap().total, 0);
}

fn calls_of_nobody_are_not_found(db: &TestDb) {
    let service = TestService::open(db);
    let nobody = AgentId::from_uuid(uuid::Uuid::nil());
    let refused = service.list_requests(nobody, RequestQuery::default(), ALL);
    assert!(matches!(refused, Err(ServiceError::NotFound { kind: "agent" })));
}

openmoss_testkit::on_each_backend! {
    what_is_noted_is_written_without_secrets,
    many_at_once_are_all_there,
    what_the_database_refuses_does_not_stop_the_log,
    old_entries_are_forgotten_as_the_settings_say,
    a_long_backlog_is_forgotten_in_portions,
    calls_of_nobody_are_not_found,
}
