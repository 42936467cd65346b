//! Settings: checked, merged, in force at once.

use openmoss_service::settings::{Secret, Settings, SettingsError};
use openmoss_service::setup::{Setup, SetupCaller};
use openmoss_service::{Service, ServiceError};
use openmoss_testkit::{FixedClock, MemoryLayers, TestDb, TestService, at_once};
use serde_json::json;

/// A change of settings.
type Change = fn(&mut Settings);

#[test]
fn impossible_values_are_named_with_what_would_be_right() {
    let wrong = |change: Change| {
        let mut settings = Settings::default();
        change(&mut settings);
        settings.check().unwrap_err().0
    };
    let cases: [(&str, Change); 13] = [
        ("project.name", |s| s.project.name = "  ".to_owned()),
        ("server.host", |s| s.server.host = "example.org".to_owned()),
        ("server.external_url", |s| s.server.external_url = "example.org".to_owned()),
        ("server.timezone", |s| s.server.timezone = "Mars/Base".to_owned()),
        ("server.queue_max", |s| s.server.queue_max = 0),
        ("database.connections", |s| s.database.connections = 0),
        ("database.type", |s| s.database.kind = "mysql".to_owned()),
        ("database.url", |s| s.database.kind = "postgres".to_owned()),
        ("database.path", |s| s.database.path = String::new()),
        ("policy.lease_seconds", |s| s.policy.lease_seconds = 59),
        ("admin.session_hours", |s| s.admin.session_hours = 0),
        ("webui.feed_retention_days", |s| s.webui.feed_retention_days = 0),
        ("webui.feed_retention_days", |s| s.webui.feed_retention_days = 3651),
    ];
    for (key, change) in cases {
        let sentence = wrong(change);
        assert!(sentence.starts_with(key), "{key}: {sentence}");
    }
    Settings::default().check().unwrap();
}

fn a_service_does_not_start_with_impossible_settings(db: &TestDb) {
    let mut settings = Settings::default();
    db.url().clone_into(&mut settings.database.path);
    settings.server.timezone = "Mars/Base".to_owned();
    let layers = std::sync::Arc::new(MemoryLayers(settings));
    let refused = Service::open(layers, std::sync::Arc::new(FixedClock::default()));
    let Err(ServiceError::Settings(SettingsError(sentence))) = refused else { panic!() };
    assert!(sentence.contains("server.timezone"), "{sentence}");
}

fn what_is_stored_lies_over_the_file_and_survives(db: &TestDb) {
    let service = TestService::open_with(db, |settings| settings.project.name = "File".to_owned());
    assert_eq!(service.settings().project.name, "File");
    assert_eq!(service.stored_settings().unwrap(), json!({}));
    set_up(&service, "Stored");
    assert_eq!(service.settings().project.name, "Stored");
    let stored = service.stored_settings().unwrap();
    assert_eq!(stored["project"], json!({ "name": "Stored" }));
    drop(service);
    let service = TestService::open_with(db, |settings| settings.project.name = "File".to_owned());
    assert_eq!(service.settings().project.name, "Stored");
}

fn set_up(service: &TestService, name: &str) {
    let setup = Setup {
        admin_password: "secret-2".to_owned(),
        current_password: None,
        project_name: name.to_owned(),
        workspace_root: "/work".to_owned(),
        registration_token: Some("t".to_owned()),
        allow_registration: true,
        notification: None,
        external_url: None,
    };
    service.initialize(SetupCaller { address: None, token: None }, &setup).unwrap();
}

/// What is in force must be what was stored last, in whatever order the threads come back.
fn changes_at_once_leave_the_last_one_in_force(db: &TestDb) {
    let service = TestService::open(db);
    set_up(&service, "Moon");
    at_once(4, |i| {
        service.set_admin_password(&service.admin(), &format!("secret-{i}")).unwrap();
    });
    let stored = service.stored_settings().unwrap();
    assert_eq!(service.settings().admin.password.expose(), stored["admin"]["password"]);
}

fn what_another_process_stored_is_taken_in_by_a_refresh(db: &TestDb) {
    let (here, there) = (TestService::open(db), TestService::open(db));
    set_up(&here, "Moon");
    assert_eq!(there.settings().project.name, "OpenMOSS");
    there.refresh_settings().unwrap();
    assert_eq!(there.settings(), here.settings());
    there.log_in("secret-2", None).unwrap();
    // What cannot be in force leaves what is in force.
    db.raw().run("UPDATE setting SET value = '\"\"' WHERE key = 'project.name'");
    assert!(matches!(there.refresh_settings(), Err(ServiceError::Settings(_))));
    assert_eq!(there.settings().project.name, "Moon");
}

/// The command line looks into a database beside a running server.
fn attaching_changes_nothing(db: &TestDb) {
    let mut settings = Settings::default();
    db.url().clone_into(&mut settings.database.path);
    settings.database.url = Secret::new(db.url());
    let layers = std::sync::Arc::new(MemoryLayers(settings));
    let attached = Service::attach(layers, std::sync::Arc::new(FixedClock::default())).unwrap();
    assert_eq!(attached.list_rules(None, None).unwrap(), []);
    assert_eq!(db.raw().number("SELECT COUNT(*) AS n FROM event"), 0);
    attached.check_ready().unwrap();
}

fn a_secret_is_not_printed(db: &TestDb) {
    let service = TestService::open(db);
    set_up(&service, "Moon");
    let printed = format!("{:?}", service.settings());
    assert!(!printed.contains("bcrypt") && printed.contains("***"), "{printed}");
}

openmoss_testkit::on_each_backend! {
    a_service_does_not_start_with_impossible_settings,
    what_is_stored_lies_over_the_file_and_survives,
    changes_at_once_leave_the_last_one_in_force,
    what_another_process_stored_is_taken_in_by_a_refresh,
    attaching_changes_nothing,
    a_secret_is_not_printed,
}
