//! Health, and what agents download.

use serde_json::json;

use crate::support::{Client, TestServer};

/// The address in a client script, read as Python would read it.
fn base_url(script: &str) -> String {
    let line = script.lines().find_map(|line| line.strip_prefix("BASE_URL = ")).unwrap();
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

fn download(client: &Client) -> String {
    let reply = client.get("/api/tools/cli");
    assert_eq!((reply.status, reply.header("content-type")), (200, "text/plain; charset=utf-8"));
    reply.text()
}

#[test]
fn health_and_readiness_are_open_to_everybody() {
    let server = TestServer::start_with(|settings| settings.project.name = "Apollo".to_owned());
    let health = server.anyone().get("/api/health").ok();
    let ours = env!("CARGO_PKG_VERSION");
    let contract =
        json!({"status": "ok", "service": "Apollo", "version": "1.0.0", "server_version": ours});
    assert_eq!(health, contract);
    assert_eq!(server.anyone().get("/api/ready").ok(), json!({"message": "Ready."}));
    let strange = server.anyone().with("X-Admin-Token", "x").with("Authorization", "x");
    strange.get("/api/health").ok();
}

#[test]
fn the_client_talks_to_the_address_that_it_was_downloaded_from() {
    let server = TestServer::start();
    let executor = server.executor();
    assert_eq!(base_url(&download(&executor)), server.base());
    let named = executor.with("Host", "moss.example:8080");
    assert_eq!(base_url(&download(&named)), "http://moss.example:8080");
    let proxied = named.with("X-Forwarded-Proto", "https");
    assert_eq!(base_url(&download(&proxied)), "https://moss.example:8080");
    let strange = named.with("X-Forwarded-Proto", "javascript");
    assert_eq!(base_url(&download(&strange)), "http://moss.example:8080");
    server.anyone().get("/api/tools/cli").refused(401, "unauthenticated");
    server.admin().get("/api/tools/cli").refused(401, "unauthenticated");
}

#[test]
fn the_configured_address_wins() {
    let server = TestServer::start_with(|settings| {
        settings.server.external_url = "https://moss.example/base//".to_owned();
    });
    let client = server.executor().with("Host", "other.example").with("X-Forwarded-Proto", "http");
    assert_eq!(base_url(&download(&client)), "https://moss.example/base");
}

#[test]
fn the_script_is_whole_but_for_one_line() {
    let server = TestServer::start();
    let script = download(&server.executor());
    let other = server.service.client("http://x.example").unwrap().text;
    let differ = script.lines().zip(other.lines()).filter(|(a, b)| a != b).count();
    assert_eq!((differ, script.lines().count()), (1, other.lines().count()));
    assert!(script.contains("CLI_VERSION = "));
}

#[test]
fn a_hostile_host_header_stays_inside_its_string() {
    let server = TestServer::start();
    let key = server.executor().key;
    for host in [
        r#"x";import os;os.system("id")#"#,
        r#"x\";print(1)#"#,
        r"x\\",
        "'''",
        "x\u{7f}",
        "x\ty",
        "{{7*7}}",
        "\u{e9}\u{e9}",
        "",
    ] {
        let request = format!(
            "GET /api/tools/cli HTTP/1.1\r\nHost: {host}\r\nX-Agent-Key: {key}\r\nConnection: close\r\n\r\n"
        );
        let answer = server.raw(request.as_bytes());
        if !answer.starts_with("HTTP/1.1 200") {
            assert!(answer.starts_with("HTTP/1.1 400"), "{host:?}: {answer}");
            continue;
        }
        let url = base_url(&answer);
        assert!(url.starts_with("http://"), "{url}");
        let lines = answer.lines().filter(|line| line.starts_with("BASE_URL = ")).count();
        assert_eq!(lines, 1, "{host:?}");
    }
}

#[test]
fn agents_are_told_how_to_notify() {
    let server = TestServer::start_with(|settings| {
        settings.notification.enabled = true;
        settings.notification.channels = vec!["chat:team".to_owned()];
    });
    assert_eq!(
        server.executor().get("/api/config/notification").ok(),
        json!({"enabled": true, "channels": ["chat:team"], "events": []})
    );
    server.admin().get("/api/config/notification").refused(401, "unauthenticated");
}
