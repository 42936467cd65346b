//! The request log: what is in it, and what is not.

use std::time::Duration;

use openmoss_domain::Role;
use serde_json::{Value, json};

use crate::support::{Agent, NOBODY, REGISTRATION_TOKEN, Reply, TestServer};

impl TestServer {
    fn requests(&self, agent: &Agent, query: &str) -> Reply {
        self.service.write_requests().unwrap();
        self.admin().get(&format!("/api/admin/agents/{}/request-logs{query}", agent.id))
    }

    fn paths(&self, agent: &Agent, query: &str) -> Vec<String> {
        let items = self.requests(agent, query).ok()["items"].clone();
        let path = |item: &Value| item["path"].as_str().unwrap().to_owned();
        items.as_array().unwrap().iter().map(path).collect()
    }
}

#[test]
fn a_call_is_there_with_all_that_is_kept_of_it() {
    let server = TestServer::start();
    let reviewer = server.reviewer();
    let body = json!({"sub_task_id": NOBODY, "result": "approved", "score": 5, "comment": "é"});
    reviewer.post("/api/review-records", &body).refused(404, "sub_task.not_found");
    let found = server.requests(&reviewer, "").ok();
    let item = &found["items"][0];
    assert!(item["duration_ms"].as_u64().unwrap() < 30_000);
    assert_eq!(
        found,
        json!({
            "items": [{
                "id": item["id"], "timestamp": "2026-09-21T14:13:20.000000Z", "method": "POST",
                "path": "/api/review-records", "response_status": 404,
                "request_body": body.to_string(), "duration_ms": item["duration_ms"],
            }],
            "total": 1, "page": 1, "page_size": 20, "total_pages": 1, "has_more": false,
        })
    );
}

#[test]
fn every_answered_call_of_an_agent_is_there_whatever_its_status() {
    let server = TestServer::start();
    let planner = server.planner();
    planner.get("/api/tasks?status=active&page=2").ok();
    planner.post("/api/tasks", &json!({})).wrong_fields(&["name"]);
    planner.call("POST", "/api/tasks").body("{").send().refused(400, "malformed_request");
    planner.get("/api/no-such-thing").refused(404, "not_found");
    planner.delete("/api/tasks").refused(405, "method_not_allowed");
    planner.get("/api/setup/status").ok();
    let by_key = server.anyone().with("X-Agent-Key", &planner.key);
    by_key.get("/api/sub-tasks/available").ok();
    let rows = server.requests(&planner, "").ok()["items"].clone();
    let mut rows: Vec<_> = rows.as_array().unwrap().iter().collect();
    // The clock stands still, so it is the ids that are in order.
    rows.sort_by_key(|row| row["id"].as_str());
    let seen = |row: &&Value| {
        let text = |field: &str| row[field].as_str().unwrap_or("null").to_owned();
        format!(
            "{} {} {} {}",
            text("method"),
            text("path"),
            row["response_status"],
            text("request_body")
        )
    };
    assert_eq!(
        rows.iter().map(seen).collect::<Vec<_>>(),
        [
            r#"GET /api/tasks 200 {"page":"2","status":"active"}"#,
            "POST /api/tasks 422 {}",
            "POST /api/tasks 400 (not JSON, 1 bytes)",
            "GET /api/no-such-thing 404 null",
            "DELETE /api/tasks 405 null",
            "GET /api/setup/status 200 null",
            "GET /api/sub-tasks/available 200 null",
        ]
    );
}

#[test]
fn strangers_the_admin_and_whoever_is_refused_are_not_there() {
    let server = TestServer::start();
    let executor = server.executor();
    server.anyone().with("Authorization", "Bearer ak_wrong").get("/api/no-such-thing");
    server.anyone().with("Authorization", "Bearer ak_wrong").get("/api/tasks");
    server.anyone().get("/api/setup/status").ok();
    server.admin().get("/api/tasks").ok();
    executor.post("/api/tasks", &json!({"name": "x"})).refused(403, "role_not_allowed");
    executor.get("/api/admin/dashboard/overview").refused(403, "admin.no_session");
    let off = json!({"status": "disabled"});
    server.admin().put(&format!("/api/admin/agents/{}/status", executor.id), &off).ok();
    executor.get("/api/tasks").refused(403, "agent.disabled");
    executor.get("/api/no-such-thing").refused(404, "not_found");
    assert_eq!(server.paths(&executor, ""), [""; 0]);
}

#[test]
fn no_secret_is_in_it() {
    let server = TestServer::start();
    let executor = server.executor();
    let body = json!({
        "action": "coding", "password": "hunter22", "api_key": executor.key,
        "summary": format!("my key is {} and the token {REGISTRATION_TOKEN}", executor.key),
    });
    executor.post("/api/logs", &body).ok();
    executor.get(&format!("/api/{}?token=hunter33&note={}", executor.key, executor.key));
    let text = server.requests(&executor, "").ok().to_string();
    for secret in [&executor.key, REGISTRATION_TOKEN, "hunter22", "hunter33"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.contains("my key is ***"), "{text}");
}

#[test]
fn a_key_that_was_reset_meanwhile_is_still_somebodys() {
    let server = TestServer::start();
    let executor = server.executor();
    executor.get("/api/tasks").ok();
    server.admin().post(&format!("/api/admin/agents/{}/reset-key", executor.id), &json!({})).ok();
    assert_eq!(server.paths(&executor, ""), ["/api/tasks"]);
}

#[test]
fn calls_are_filtered_and_paged() {
    let server = TestServer::start();
    let (executor, other) = (server.executor(), server.agent(Role::Patrol));
    executor.get("/api/tasks").ok();
    server.clock.advance(Duration::from_hours(48));
    other.get("/api/tasks").ok();
    for path in ["/api/sub-tasks/available", "/api/rules", "/api/sub-tasks/mine"] {
        executor.get(path).ok();
        server.clock.advance(Duration::from_secs(1));
    }
    executor.post("/api/logs", &json!({"action": "coding"})).ok();
    let all = [
        "/api/logs",
        "/api/sub-tasks/mine",
        "/api/rules",
        "/api/sub-tasks/available",
        "/api/tasks",
    ];
    assert_eq!(server.paths(&executor, ""), all);
    for (query, expected) in [
        ("?days=1", &all[..4]),
        ("?days=99999999999", &all[..]),
        ("?method=post", &all[..1]),
        ("?method=GET&days=1", &all[1..4]),
        ("?method=&path_keyword=+", &all[..]),
        ("?path_keyword=SUB-tasks", &[all[1], all[3]]),
        ("?path_keyword=_", &[]),
        ("?path_keyword=%25", &[]),
        ("?page=2&page_size=2", &all[2..4]),
        ("?page=9&page_size=2", &[]),
    ] {
        assert_eq!(server.paths(&executor, query), expected, "{query}");
    }
    let page = server.requests(&executor, "?page=9&page_size=2").ok();
    assert_eq!((&page["total"], &page["total_pages"]), (&json!(5), &json!(3)));
    for (query, field) in [
        ("?days=0", "days"),
        ("?days=x", "days"),
        ("?days=", "days"),
        ("?method=HEAD", "method"),
        ("?page=0", "page"),
        ("?page_size=101", "page_size"),
    ] {
        server.requests(&executor, query).wrong_fields(&[field]);
    }
    for unknown in [NOBODY, "x"] {
        let path = format!("/api/admin/agents/{unknown}/request-logs");
        server.admin().get(&path).refused(404, "agent.not_found");
        executor.get(&path).refused(403, "admin.no_session");
    }
}
