//! The first-run wizard: who may run it, and that it runs once.

use std::net::IpAddr;

use openmoss_domain::{EventKind, Role};
use openmoss_service::ServiceError;
use openmoss_service::event::Filter;
use openmoss_service::settings::{NotificationSettings, Secret};
use openmoss_service::setup::{Setup, SetupCaller};
use openmoss_testkit::{TestDb, TestService, at_once};

use crate::refusal::fields;

const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 9));
/// `secret-1` with the lowest cost, so that the tests do not wait for it.
pub(crate) const HASH: &str = "bcrypt:$2b$04$abcdefghijklmnopqrstuugZ4cCtXYvT3AWc2gHnp4bhaIZgm6TGC";

fn caller(address: IpAddr, token: Option<&str>) -> SetupCaller<'_> {
    SetupCaller { address: Some(address), token }
}

fn wizard() -> Setup {
    Setup {
        admin_password: "secret-2".to_owned(),
        current_password: None,
        project_name: " Moon ".to_owned(),
        workspace_root: "/work".to_owned(),
        registration_token: None,
        allow_registration: true,
        notification: None,
        external_url: Some("https://moss.example/".to_owned()),
    }
}

#[track_caller]
fn forbidden(result: Result<Secret, ServiceError>) -> &'static str {
    match result {
        Err(ServiceError::Forbidden(text)) => text,
        other => panic!("{other:?}"),
    }
}

fn the_wizard_runs_once_and_is_in_force_at_once(db: &TestDb) {
    let service = TestService::open(db);
    assert!(!service.is_initialized().unwrap());
    let setup = Setup {
        notification: Some(NotificationSettings {
            enabled: true,
            channels: vec!["chat:#team".to_owned()],
            events: vec!["all_done".to_owned()],
        }),
        ..wizard()
    };
    let token = service.initialize(caller(LOOPBACK, None), &setup).unwrap();
    assert_eq!(token.expose().len(), 32, "a random one, as none was sent");
    assert!(service.is_initialized().unwrap());
    let settings = service.settings();
    assert_eq!(settings.project.name, "Moon");
    assert_eq!(settings.workspace.root, "/work");
    assert_eq!(settings.agent.registration_token, token);
    assert_eq!(settings.server.external_url, "https://moss.example");
    assert_eq!(settings.notification.channels, ["chat:#team"]);
    assert!(settings.admin.password.expose().starts_with("bcrypt:"));
    service.log_in("secret-2", None).unwrap();
    let event = service.events(Filter::default()).pop().unwrap();
    assert_eq!(event.kind, EventKind::SettingsChanged);
    assert!(!format!("{event:?}").contains("bcrypt:"), "names of keys only");
    let again = Setup { admin_password: "secret-3".to_owned(), ..wizard() };
    assert!(forbidden(service.initialize(caller(LOOPBACK, None), &again)).contains("done already"));
    drop(service);
    // What was stored is in force after a restart.
    let service = TestService::open(db);
    assert!(service.is_initialized().unwrap());
    assert_eq!(service.settings().project.name, "Moon");
    service.log_in("secret-2", None).unwrap();
}

fn from_elsewhere_the_wizard_needs_the_printed_token(db: &TestDb) {
    let service = TestService::open(db);
    let token = service.setup_token().expose().to_owned();
    assert!(token.len() >= 32);
    for wrong in [None, Some(""), Some("wrong")] {
        let refused = forbidden(service.initialize(caller(ELSEWHERE, wrong), &wizard()));
        assert!(refused.contains("X-Setup-Token"), "{refused}");
    }
    service.initialize(caller(ELSEWHERE, Some(&token)), &wizard()).unwrap();
}

fn guessing_the_token_is_throttled(db: &TestDb) {
    let service = TestService::open(db);
    let results: Vec<_> =
        (0..12).map(|_| service.initialize(caller(ELSEWHERE, Some("guess")), &wizard())).collect();
    let throttled = results
        .iter()
        .filter(|result| matches!(result, Err(ServiceError::Throttled { .. })))
        .count();
    assert_eq!(throttled, 2);
    service.initialize(caller(LOOPBACK, None), &wizard()).unwrap();
}

fn a_password_that_is_set_must_be_known(db: &TestDb) {
    let service =
        TestService::open_with(db, |settings| settings.admin.password = Secret::new(HASH));
    let with =
        |current: Option<&str>| Setup { current_password: current.map(str::to_owned), ..wizard() };
    for wrong in [None, Some(""), Some("secret-2")] {
        let refused = forbidden(service.initialize(caller(LOOPBACK, None), &with(wrong)));
        assert!(refused.contains("current_password"), "{refused}");
    }
    let session = service.log_in("secret-1", None).unwrap();
    service.initialize(caller(LOOPBACK, None), &with(Some("secret-1"))).unwrap();
    let over = service.authenticate_admin(session.expose());
    assert!(matches!(over, Err(ServiceError::NoAdminSession)), "a new password ends sessions");
    service.log_in("secret-2", None).unwrap();
}

fn an_installation_with_agents_was_set_up_before(db: &TestDb) {
    let service =
        TestService::open_with(db, |settings| settings.admin.password = Secret::new(HASH));
    assert!(!service.is_initialized().unwrap());
    let _ = service.agent(Role::Executor);
    assert!(service.is_initialized().unwrap());
    let known = Setup { current_password: Some("secret-1".to_owned()), ..wizard() };
    forbidden(service.initialize(caller(LOOPBACK, None), &known));
}

fn wrong_answers_are_named_and_nothing_is_stored(db: &TestDb) {
    let service = TestService::open(db);
    let bad = Setup { project_name: String::new(), workspace_root: "a\nb".to_owned(), ..wizard() };
    let wrong = fields(service.initialize(caller(LOOPBACK, None), &bad));
    let names: Vec<_> = wrong.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(names, ["project_name", "workspace_root"]);
    for password in ["short", &"é".repeat(37)] {
        let bad = Setup { admin_password: password.to_owned(), ..wizard() };
        let wrong = fields(service.initialize(caller(LOOPBACK, None), &bad));
        assert_eq!(wrong[0].field, "admin_password");
    }
    let bad = Setup { external_url: Some("moss.example".to_owned()), ..wizard() };
    let wrong = fields(service.initialize(caller(LOOPBACK, None), &bad));
    assert_eq!(wrong[0].field, "external_url");
    assert!(!service.is_initialized().unwrap());
    let stored = service.stored_settings().unwrap();
    assert!(stored.as_object().unwrap().is_empty(), "{stored}");
}

fn of_many_who_run_it_at_once_one_does(db: &TestDb) {
    let replicas = [TestService::open(db), TestService::open(db)];
    let tokens = at_once(4, |i| {
        let setup = Setup { registration_token: Some(format!("token {i}")), ..wizard() };
        replicas[i % 2].initialize(caller(LOOPBACK, None), &setup)
    });
    let won: Vec<_> = tokens.iter().flatten().map(Secret::expose).collect();
    assert_eq!(won.len(), 1, "{tokens:?}");
    let stored = replicas[0].stored_settings().unwrap();
    assert_eq!(stored["agent"]["registration_token"], won[0]);
}

openmoss_testkit::on_each_backend! {
    the_wizard_runs_once_and_is_in_force_at_once,
    from_elsewhere_the_wizard_needs_the_printed_token,
    guessing_the_token_is_throttled,
    a_password_that_is_set_must_be_known,
    an_installation_with_agents_was_set_up_before,
    wrong_answers_are_named_and_nothing_is_stored,
    of_many_who_run_it_at_once_one_does,
}
