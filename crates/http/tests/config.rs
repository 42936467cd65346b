//! The settings: looking at them, changing them, the password.

use openmoss_service::settings::Secret;
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, REGISTRATION_TOKEN, TestServer};

const CONFIG: &str = "/api/admin/config";
const SOURCES: &str = "/api/admin/config/sources";
const CHANGE: &str = "/api/admin/config/password";

fn register(server: &TestServer, token: &str) -> crate::support::Reply {
    let client = server.anyone().with("X-Registration-Token", token);
    client.post("/api/agents/register", &json!({"name": server.name("a"), "role": "executor"}))
}

fn can_log_in(server: &TestServer, password: &str) -> bool {
    server.anyone().post("/api/admin/login", &json!({"password": password})).status == 200
}

#[test]
fn the_whole_configuration_is_shown_but_for_secrets_and_the_setup() {
    let server = TestServer::start_with(|settings| settings.project.name = "Apollo".to_owned());
    let config = server.admin().get(CONFIG).ok();
    assert_eq!(config["project"], json!({"name": "Apollo"}));
    assert_eq!(config["admin"]["password"], "***");
    assert_eq!(config["agent"]["registration_token"], REGISTRATION_TOKEN, "the admin hands it out");
    assert_eq!(config["notification"], json!({"enabled": false, "channels": [], "events": []}));
    assert_eq!(config["webui"]["feed_retention_days"], 7);
    assert_eq!(config["database"]["url"], "***", "it may hold a password");
    assert!(config.get("setup").is_none());
    assert!(!config.to_string().contains("$2b$"));
    server.executor().get(CONFIG).refused(403, "admin.no_session");
}

#[test]
fn no_secret_is_shown_as_set_when_it_is_not() {
    let server = TestServer::start_with(|settings| {
        settings.agent.registration_token = Secret::default();
    });
    assert_eq!(server.admin().get(CONFIG).ok()["agent"]["registration_token"], "");
}

#[test]
fn a_change_is_in_force_at_once_and_leaves_the_rest_alone() {
    let server = TestServer::start();
    let body = json!({
        "project": {"name": " Apollo "},
        "agent": {"allow_registration": false},
        "notification": {"enabled": true, "channels": ["chat:x"]},
        "webui": {"feed_retention_days": 30, "public_feed": true},
        "workspace": {"root": "/srv/work"},
        "server": {"external_url": "https://moss.example/"},
        "policy": {"lease_seconds": 600},
    });
    let edited = server.admin().put(CONFIG, &body).ok();
    assert_eq!(
        edited["updated_keys"],
        json!(["agent", "notification", "policy", "project", "server", "webui", "workspace"])
    );
    let config = server.admin().get(CONFIG).ok();
    assert_eq!(config["project"]["name"], "Apollo");
    assert_eq!(config["agent"]["registration_token"], REGISTRATION_TOKEN);
    assert_eq!(
        config["notification"],
        json!({"enabled": true, "channels": ["chat:x"], "events": []})
    );
    assert_eq!(config["webui"]["feed_retention_days"], 30);
    assert_eq!(config["server"]["external_url"], "https://moss.example");
    assert_eq!(server.anyone().get("/api/health").ok()["service"], "Apollo");
    register(&server, REGISTRATION_TOKEN).refused(403, "forbidden");
    assert_eq!(server.service.settings().policy.lease_seconds, 600);
    assert_eq!(
        server.executor().get("/api/config/notification").ok(),
        json!({"enabled": true, "channels": ["chat:x"], "events": []})
    );
}

#[test]
fn every_source_is_told_and_no_secret() {
    let server = TestServer::start();
    server.admin().put(CONFIG, &json!({"project": {"name": "Apollo"}})).ok();
    let sources = server.admin().get(SOURCES).ok();
    let row = |key: &str| {
        let rows = sources.as_array().unwrap().iter();
        rows.clone().find(|row| row["key"] == key).unwrap_or_else(|| panic!("{key}: {sources}"))
    };
    assert_eq!(
        row("project.name"),
        &json!({"key": "project.name", "value": "Apollo", "source": "database", "is_editable": true})
    );
    assert_eq!(row("server.port")["source"], "default");
    assert_eq!(row("server.timezone")["is_editable"], true);
    for decided_at_start in ["server.port", "database.path", "admin.password", "content.root"] {
        assert_eq!(row(decided_at_start)["is_editable"], false, "{decided_at_start}");
    }
    assert_eq!(row("agent.registration_token")["value"], "***");
    assert!(!sources.to_string().contains(REGISTRATION_TOKEN));
}

#[test]
fn one_bad_value_changes_nothing_and_every_one_is_named() {
    let server = TestServer::start();
    let before = server.admin().get(CONFIG).ok();
    let wrong = |body: Value, fields: &[&str]| {
        server.admin().put(CONFIG, &body).wrong_fields(fields);
        assert_eq!(server.admin().get(CONFIG).ok(), before, "{body}");
    };
    // Upstream stored this and did not start any more.
    wrong(
        json!({"webui": {"feed_retention_days": "abc"}, "project": {"name": "Apollo"}}),
        &["webui.feed_retention_days"],
    );
    wrong(
        json!({"webui": {"feed_retention_days": 0}, "policy": {"lease_seconds": 1},
               "server": {"external_url": "moss.example", "timezone": "Mars/Base"}}),
        &[
            "server.external_url",
            "server.timezone",
            "policy.lease_seconds",
            "webui.feed_retention_days",
        ],
    );
    wrong(
        json!({"notification": {"enabled": "yes", "channels": ["a", 5], "events": "x"}}),
        &["notification.channels[1]", "notification.enabled", "notification.events"],
    );
    wrong(json!({"project": {"name": "  "}}), &["project.name"]);
    wrong(json!({"project": {"name": "x".repeat(201)}}), &["project.name"]);
    wrong(json!({"project": {"name": "a\nb"}}), &["project.name"]);
    wrong(json!({"project": {"name": null}}), &["project.name"]);
    wrong(json!({"project": "Apollo"}), &["project"]);
    wrong(json!({"workspace": {"root": ""}}), &["workspace.root"]);
    wrong(json!({"agent": {"allow_registration": 1}}), &["agent.allow_registration"]);
    wrong(json!({"webui": {"feed_retention_days": -1}}), &["webui.feed_retention_days"]);
    wrong(json!({"webui": {"feed_retention_days": 1e30}}), &["webui.feed_retention_days"]);
    wrong(json!({"server": {"external_url": "http://x\"; rm -rf"}}), &["server.external_url"]);
    wrong(json!({"notification": {"channels": vec!["a"; 101]}}), &["notification.channels"]);
}

#[test]
fn what_is_decided_before_the_start_cannot_be_changed() {
    let server = TestServer::start();
    let reply = server.admin().put(CONFIG, &json!({"server": {"port": 80, "external_url": ""}}));
    reply.wrong_fields(&["server.port"]);
}

#[test]
fn unknown_sections_and_keys_are_ignored_unless_there_is_nothing_else() {
    let server = TestServer::start();
    let body = json!({"database": {"path": "x"}, "admin": {"password": "admin123"}, "zzz": 1,
                      "webui": {"zzz": 1}, "agent": null, "project": {"name": "Apollo", "zzz": 2}});
    let edited = server.admin().put(CONFIG, &body).ok();
    assert_eq!(edited["updated_keys"], json!(["project"]));
    assert!(can_log_in(&server, PASSWORD));
    let nothing = json!({"database": {"path": "x"}, "setup": {"initialized": false}});
    for body in [json!({}), nothing, json!({"webui": {"zzz": 1}}), json!({"agent": null})] {
        server.admin().put(CONFIG, &body).wrong_fields(&["body"]);
    }
    server.admin().put(CONFIG, &json!([])).wrong_fields(&["body"]);
}

#[test]
fn an_empty_registration_token_lets_nobody_in() {
    let server = TestServer::start();
    server.admin().put(CONFIG, &json!({"agent": {"registration_token": ""}})).ok();
    for token in ["", REGISTRATION_TOKEN] {
        register(&server, token).refused(403, "forbidden");
    }
    server.admin().put(CONFIG, &json!({"agent": {"registration_token": "new-token"}})).ok();
    register(&server, "new-token").ok();
}

#[test]
fn a_change_of_policy_reaches_work_that_is_there() {
    let server = TestServer::start();
    let (executor, work) = (server.executor(), server.work());
    let policy = |allowed: bool| json!({"policy": {"claim_while_planning": allowed}});
    server.admin().put(CONFIG, &policy(false)).ok();
    executor.step(&work, "claim").refused(409, "task.held");
    assert_eq!(executor.get("/api/sub-tasks/available").ok()["total"], 0);
    server.admin().put(CONFIG, &policy(true)).ok();
    executor.step(&work, "claim").ok();
}

#[test]
fn the_password_is_changed_by_whoever_knows_it() {
    let server = TestServer::start();
    let change = |client: &Client, old: &str, new: &str| {
        client.put(CHANGE, &json!({"old_password": old, "new_password": new}))
    };
    let admin = server.admin();
    change(admin, "wrong", "another horse").wrong_fields(&["old_password"]);
    change(admin, PASSWORD, "short").wrong_fields(&["new_password"]);
    let long = change(admin, PASSWORD, &"é".repeat(37)).wrong_fields(&["new_password"]);
    assert!(long["detail"].as_str().unwrap().contains("at most 72 bytes"), "{long}");
    admin.put(CHANGE, &json!({})).wrong_fields(&["old_password"]);
    assert!(can_log_in(&server, PASSWORD));

    let stranger = server.anyone().with("X-Admin-Token", "x");
    change(&stranger, PASSWORD, "another horse").refused(403, "admin.no_session");
    change(admin, PASSWORD, "another horse").ok();
    assert!(!can_log_in(&server, PASSWORD) && can_log_in(&server, "another horse"));
}

#[test]
fn a_new_password_ends_every_session_but_the_one_that_set_it() {
    let server = TestServer::start();
    let log_in = || {
        let session = server.anyone().post("/api/admin/login", &json!({"password": PASSWORD})).ok();
        server.anyone().with("X-Admin-Token", session["token"].as_str().unwrap())
    };
    let (mine, other) = (log_in(), log_in());
    other.get(CONFIG).ok();
    let body = json!({"old_password": PASSWORD, "new_password": "another horse"});
    mine.put(CHANGE, &body).ok();
    mine.get(CONFIG).ok();
    other.get(CONFIG).refused(403, "admin.no_session");
}

#[test]
fn guessing_the_old_password_is_throttled() {
    let server = TestServer::start();
    let guess = || {
        let client = server.admin().with("X-Forwarded-For", "192.0.2.1");
        client.put(CHANGE, &json!({"old_password": "wrong", "new_password": "another horse"}))
    };
    for _ in 0..10 {
        guess().wrong_fields(&["old_password"]);
    }
    guess().refused(429, "too_many_tries");
}

#[test]
fn a_change_is_in_the_event_log_without_its_values() {
    let server = TestServer::start();
    server.admin().put(CONFIG, &json!({"agent": {"registration_token": "token-4711"}})).ok();
    let events = server.admin().get("/api/events").ok();
    let event = events["items"].as_array().unwrap().last().unwrap();
    assert_eq!(event["kind"], "settings_changed");
    assert_eq!(event["payload"]["keys"], json!(["agent.registration_token"]));
    assert!(!events.to_string().contains("token-4711"));
    // What changes nothing is no event.
    server.admin().put(CONFIG, &json!({"agent": {"registration_token": "token-4711"}})).ok();
    assert_eq!(server.admin().get("/api/events").ok(), events);
}
