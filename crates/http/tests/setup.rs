//! The first-run wizard.

use openmoss_service::settings::Secret;
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Reply, TestServer, text};

const STATUS: &str = "/api/setup/status";

/// A server as it comes out of the box.
fn fresh() -> TestServer {
    TestServer::start_with(|settings| {
        settings.admin.password = Secret::default();
        settings.agent.registration_token = Secret::default();
        settings.setup.initialized = false;
    })
}

fn answers() -> Value {
    json!({"admin_password": "open sesame", "project_name": "Apollo", "workspace_root": "/srv/work"})
}

fn with(field: &str, value: Value) -> Value {
    let mut body = answers();
    body[field] = value;
    body
}

fn run(client: &Client, body: &Value) -> Reply {
    client.post("/api/setup/initialize", body)
}

#[test]
fn the_wizard_sets_everything_once() {
    let server = fresh();
    let status = || server.anyone().get(STATUS).ok();
    assert_eq!(status(), json!({"initialized": false, "has_external_url": false}));
    let mut body = answers();
    body["registration_token"] = json!(" the-token ");
    body["allow_registration"] = json!(true);
    body["external_url"] = json!("https://moss.example/");
    body["notification"] = json!({"enabled": true, "channels": ["chat:x"], "events": ["all_done"]});
    body["extra"] = json!(1);
    let done = run(&server.anyone(), &body).ok();
    assert_eq!(done["registration_token"], "the-token");
    assert_eq!(status(), json!({"initialized": true, "has_external_url": true}));

    let session =
        server.anyone().post("/api/admin/login", &json!({"password": "open sesame"})).ok();
    let admin = server.anyone().with("X-Admin-Token", &text(&session["token"]));
    admin.get("/api/admin/dashboard/overview").ok();
    assert_eq!(server.anyone().get("/api/health").ok()["service"], "Apollo");
    let registrant = server.anyone().with("X-Registration-Token", "the-token");
    let agent =
        registrant.post("/api/agents/register", &json!({"name": "a", "role": "executor"})).ok();
    let agent = server.anyone().with("X-Agent-Key", &text(&agent["api_key"]));
    assert_eq!(
        agent.get("/api/config/notification").ok(),
        json!({"enabled": true, "channels": ["chat:x"], "events": ["all_done"]})
    );
    run(&server.anyone(), &answers()).refused(403, "forbidden");
}

#[test]
fn an_absent_token_becomes_a_random_one() {
    for body in
        [answers(), with("registration_token", json!("")), with("registration_token", Value::Null)]
    {
        let server = fresh();
        let token = text(&run(&server.anyone(), &body).ok()["registration_token"]);
        assert!(token.len() == 32 && token.bytes().all(|b| b.is_ascii_hexdigit()), "{token}");
        assert_eq!(server.service.settings().agent.registration_token.expose(), token);
    }
}

#[test]
fn what_the_wizard_needs_is_told_field_by_field_and_nothing_is_kept() {
    let server = fresh();
    for field in ["admin_password", "project_name", "workspace_root"] {
        let mut body = answers();
        body.as_object_mut().unwrap().remove(field);
        run(&server.anyone(), &body).wrong_fields(&[field]);
    }
    for (field, value) in [
        ("admin_password", json!("12345")),
        ("admin_password", json!("x".repeat(73))),
        ("admin_password", json!(123_456)),
        ("project_name", json!("")),
        ("project_name", json!("x".repeat(201))),
        ("project_name", json!("a\nb")),
        ("workspace_root", json!("")),
        ("workspace_root", json!(["/"])),
        ("registration_token", json!("a\nb")),
        ("registration_token", json!(5)),
        ("allow_registration", json!("yes")),
        ("notification", json!("x")),
        ("notification", json!([true, [], []])),
        ("notification.channels", json!({"channels": "x"})),
        ("notification.channels[1]", json!({"channels": ["x", 5]})),
        ("external_url", json!(5)),
        ("current_password", json!(5)),
    ] {
        let key = field.split('.').next().unwrap();
        run(&server.anyone(), &with(key, value)).wrong_fields(&[field]);
    }
    let elsewhere = with("external_url", json!("ftp://x"));
    run(&server.anyone(), &elsewhere).wrong_fields(&["external_url"]);
    assert_eq!(server.anyone().get(STATUS).ok()["initialized"], false);
    assert_eq!(server.service.stored_settings().unwrap(), json!({}));
}

#[test]
fn from_another_host_the_wizard_needs_the_token_of_the_start() {
    let server = fresh();
    let token = server.service.setup_token().expose().to_owned();
    let remote = server.anyone().with("X-Forwarded-For", "192.0.2.1");
    run(&remote, &answers()).refused(403, "forbidden");
    for wrong in ["", "x", &token.to_uppercase(), &format!("{token}0")] {
        run(&remote.with("X-Setup-Token", wrong), &answers()).refused(403, "forbidden");
    }
    assert_eq!(server.anyone().get(STATUS).ok()["initialized"], false);
    run(&remote.with("X-Setup-Token", &token), &answers()).ok();
}

#[test]
fn what_a_proxy_or_a_foreign_page_sends_is_not_from_this_host() {
    for (header, value) in [
        ("X-Forwarded-For", "192.0.2.1"),
        ("X-Forwarded-For", "127.0.0.1, 192.0.2.1"),
        ("X-Forwarded-For", "nonsense"),
        ("X-Forwarded-For", ""),
        ("Forwarded", "for=192.0.2.1"),
        ("X-Real-IP", "192.0.2.1"),
        ("X-Forwarded-Proto", "https"),
        ("Via", "1.1 proxy"),
        // A page that some browser on this host shows, and one behind a name that leads here.
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Host", "evil.example"),
        ("Host", "localhost.evil.example:6565"),
        ("Host", "127.0.0.1.evil.example"),
    ] {
        // One server for each: tries from nowhere are counted together.
        let server = fresh();
        let reply = run(&server.anyone().with(header, value), &answers());
        assert_eq!(reply.status, 403, "{header}: {value}");
        assert_eq!(server.anyone().get(STATUS).ok()["initialized"], false);
    }
    // Two lines: the proxy's own is the last.
    let server = fresh();
    let forged = server.anyone().with("X-Forwarded-For", "127.0.0.1");
    let forged = forged.with("X-Forwarded-For", "192.0.2.1");
    run(&forged, &answers()).refused(403, "forbidden");
    for (header, value) in [
        ("Host", "localhost:6565"),
        ("Host", "[::1]:6565"),
        ("Origin", "http://127.0.0.1:5173"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Forwarded-For", "192.0.2.1, ::1"),
    ] {
        let server = fresh();
        run(&server.anyone().with(header, value), &answers()).ok();
    }
}

#[test]
fn trying_setup_tokens_is_throttled() {
    let server = fresh();
    let remote = server.anyone().with("X-Forwarded-For", "192.0.2.1").with("X-Setup-Token", "x");
    for _ in 0..10 {
        run(&remote, &answers()).refused(403, "forbidden");
    }
    run(&remote, &answers()).refused(429, "too_many_tries");
    run(&server.anyone(), &answers()).ok();
}

#[test]
fn whoever_takes_over_an_old_installation_must_know_its_password() {
    let server = TestServer::start_with(|settings| settings.setup.initialized = false);
    assert_eq!(server.anyone().get(STATUS).ok()["initialized"], false);
    run(&server.anyone(), &answers()).refused(403, "forbidden");
    let wrong = with("current_password", json!("x"));
    run(&server.anyone(), &wrong).refused(403, "forbidden");
    run(&server.anyone(), &with("current_password", json!(PASSWORD))).ok();
}

#[test]
fn an_installation_with_agents_was_set_up_before() {
    let server = TestServer::start_with(|settings| settings.setup.initialized = false);
    server.executor();
    assert_eq!(server.anyone().get(STATUS).ok()["initialized"], true);
    let body = with("current_password", json!(PASSWORD));
    run(&server.anyone(), &body).refused(403, "forbidden");
}

#[test]
fn the_wizard_bounds_what_it_stores() {
    let server = fresh();
    let long = format!("https://{}", "a".repeat(500));
    for bad in ["moss.example", "ftp://moss", "https://", "https://a b", "https://u@h", &long] {
        run(&server.anyone(), &with("external_url", json!(bad))).wrong_fields(&["external_url"]);
    }
    let entries = |n: usize, entry: &str| json!({"channels": vec![entry; n], "events": []});
    for bad in
        [entries(51, "chat:x"), entries(1, ""), entries(1, &"x".repeat(501)), entries(1, "a\nb")]
    {
        let body = with("notification", bad);
        run(&server.anyone(), &body).wrong_fields(&["notification.channels"]);
    }
    let mut all = with("external_url", json!("x"));
    all["project_name"] = json!("");
    all["notification"] = json!({"events": vec!["all_done"; 51]});
    run(&server.anyone(), &all).wrong_fields(&[
        "project_name",
        "external_url",
        "notification.events",
    ]);
    assert_eq!(server.anyone().get(STATUS).ok()["initialized"], false);
    run(&server.anyone(), &with("notification", entries(50, "chat:x"))).ok();
}

#[test]
fn right_setup_tokens_are_not_counted() {
    let server = fresh();
    let token = server.service.setup_token().expose().to_owned();
    let remote = server.anyone().with("X-Forwarded-For", "192.0.2.1").with("X-Setup-Token", &token);
    for _ in 0..15 {
        run(&remote, &with("project_name", json!(""))).wrong_fields(&["project_name"]);
    }
    run(&remote, &answers()).ok();
}
