//! Who calls: the headers that say it, and what becomes of those who do not.

use std::time::Duration;

use serde_json::json;

use crate::support::{Client, TestServer, text};

#[test]
fn no_key_and_a_wrong_one_are_401() {
    let server = TestServer::start();
    let executor = server.executor();
    let refused = |client: &Client| {
        client.get("/api/tasks").refused(401, "unauthenticated");
        client.post("/api/tasks", &json!({"name": "x"})).refused(401, "unauthenticated");
    };
    let anyone = server.anyone();
    refused(&anyone);
    let key = &executor.key;
    for wrong in [
        key.clone(),
        format!("bearer {key}"),
        format!("BEARER {key}"),
        format!("Bearer{key}"),
        format!("Basic {key}"),
        format!("Bearer\t{key}"),
        format!("Bearer {key}0"),
        format!("Bearer {}", key.to_uppercase()),
        "Bearer ak_00000000000000000000000000000000".to_owned(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        String::new(),
    ] {
        refused(&anyone.with("Authorization", &wrong));
    }
    for wrong in ["", "x", &format!("Bearer {key}")] {
        refused(&anyone.with("X-Agent-Key", wrong));
    }
    assert_eq!(server.admin().get("/api/tasks").ok()["total"], 0);
}

#[test]
fn the_credentials_of_agents_and_admin_are_not_exchangeable() {
    let server = TestServer::start();
    let (executor, admin) =
        (server.executor(), server.service.log_in(crate::support::PASSWORD, None));
    let token = admin.unwrap();
    let anyone = server.anyone();
    anyone.with("X-Admin-Token", &executor.key).get("/api/tasks").refused(403, "admin.no_session");
    let as_key = anyone.with("Authorization", &format!("Bearer {}", token.expose()));
    as_key.get("/api/tasks").refused(401, "unauthenticated");
}

#[test]
fn a_missing_unknown_or_ended_admin_session_is_403() {
    let server = TestServer::start();
    let path = "/api/admin/dashboard/overview";
    server.anyone().get(path).refused(403, "admin.no_session");
    server.executor().get(path).refused(403, "admin.no_session");
    for wrong in ["", "x", &"0".repeat(64)] {
        server.anyone().with("X-Admin-Token", wrong).get(path).refused(403, "admin.no_session");
    }
}

#[test]
fn a_session_lives_while_it_is_used_and_ends_when_it_is_not() {
    let server = TestServer::start_with(|settings| settings.admin.session_hours = 10);
    let path = "/api/admin/dashboard/overview";
    let hours = |hours: u64| server.clock.advance(Duration::from_hours(hours));
    for _ in 0..4 {
        server.admin().get(path).ok();
        hours(6);
    }
    server.admin().get(path).ok();
    hours(10);
    server.admin().get(path).refused(403, "admin.no_session");
    server.admin().post("/api/tasks", &json!({"name": "x"})).refused(403, "admin.no_session");
}

#[test]
fn a_dead_admin_session_is_not_helped_by_a_key() {
    let server = TestServer::start();
    let executor = server.executor();
    executor.with("X-Admin-Token", "x").get("/api/tasks").refused(403, "admin.no_session");
    // An admin in an agent's place is an admin.
    let key = format!("Bearer {}", executor.key);
    server.admin().with("Authorization", &key).post("/api/tasks", &json!({"name": "x"})).ok();
}

#[test]
fn who_calls_is_looked_at_before_what_is_asked() {
    let server = TestServer::start();
    let broken = |client: Client| client.call("POST", "/api/tasks").body("{").send();
    broken(server.anyone()).refused(401, "unauthenticated");
    broken(server.anyone().with("X-Admin-Token", "x")).refused(403, "admin.no_session");
    broken((*server.planner()).clone()).refused(400, "malformed_request");
    server.anyone().get("/api/tasks/x?page=x").refused(401, "unauthenticated");
}

#[test]
fn an_agent_that_is_removed_from_the_keys_is_gone_at_once() {
    let server = TestServer::start();
    let planner = server.planner();
    let task = planner.post("/api/tasks", &json!({"name": "x"})).ok();
    server.admin().post(&format!("/api/admin/agents/{}/reset-key", planner.id), &json!({})).ok();
    let path = format!("/api/tasks/{}", text(&task["id"]));
    planner.get(&path).refused(401, "unauthenticated");
    planner.put(&path, &json!({"name": "y"})).refused(401, "unauthenticated");
    assert_eq!(server.admin().get(&path).ok()["name"], "x");
}
