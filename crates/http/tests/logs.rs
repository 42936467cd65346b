//! The activity log.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, NOBODY, TestServer, text};

fn write(client: &Client, action: &str, sub_task: Option<&str>) -> Value {
    let body = json!({"action": action, "summary": "Did it.", "sub_task_id": sub_task});
    client.post("/api/logs", &body).ok()
}

#[test]
fn an_entry_is_kept_as_it_was_written() {
    let server = TestServer::start();
    let executor = server.executor();
    let work = server.work();
    let body = json!({"action": "coding", "summary": "Line one\nline two", "sub_task_id": work, "session_id": " s1 ", "extra": []});
    let entry = executor.post("/api/logs", &body).ok();
    assert_eq!(
        entry,
        json!({
            "id": entry["id"], "agent_id": executor.id, "sub_task_id": work, "action": "coding",
            "summary": "Line one\nline two", "session_id": "s1",
            "created_at": "2026-09-21T14:13:20.000000Z",
        })
    );
    let least =
        executor.post("/api/logs", &json!({"action": "reflection", "sub_task_id": ""})).ok();
    assert_eq!((&least["summary"], &least["session_id"]), (&json!(""), &Value::Null));
    let all = executor.get("/api/logs").ok();
    assert_eq!(all.as_array().unwrap().len(), 2);
    // The admin reads the log and has none of its own.
    assert_eq!(server.admin().get("/api/logs").ok(), all);
    server.admin().get("/api/logs/mine").refused(401, "unauthenticated");
    server.admin().post("/api/logs", &body).refused(401, "unauthenticated");
}

#[test]
fn every_action_of_the_contract_is_open_to_every_role() {
    let server = TestServer::start();
    for agent in [server.planner(), server.executor(), server.reviewer(), server.patrol()] {
        for action in ["blocked", "coding", "delivery", "patrol", "plan", "reflection", "review"] {
            write(&agent, action, None);
        }
    }
}

#[test]
fn what_an_entry_must_have_is_told_field_by_field() {
    let server = TestServer::start();
    let executor = server.executor();
    for (body, field) in [
        (json!({}), "action"),
        (json!({"action": "sleep"}), "action"),
        (json!({"action": "Coding"}), "action"),
        (json!({"action": "coding", "summary": 5}), "summary"),
        (json!({"action": "coding", "summary": "\u{8}"}), "summary"),
        (json!({"action": "coding", "session_id": "x".repeat(201)}), "session_id"),
        (json!({"action": "coding", "sub_task_id": "nope"}), "sub_task_id"),
        (json!({"action": "coding", "sub_task_id": NOBODY}), "sub_task_id"),
        (json!({"action": "coding", "sub_task_id": 5}), "sub_task_id"),
    ] {
        executor.post("/api/logs", &body).wrong_fields(&[field]);
    }
    assert_eq!(executor.get("/api/logs").ok(), json!([]));
}

#[test]
fn an_entry_about_ones_own_work_is_a_sign_of_life() {
    let server = TestServer::start();
    let executor = server.executor();
    let id = server.work();
    executor.step(&id, "claim").ok();
    let before = text(&server.look(&id)["lease_expires_at"]);
    server.clock.advance(Duration::from_mins(1));
    write(&server.executor(), "coding", Some(&id));
    assert_eq!(server.look(&id)["lease_expires_at"], before.as_str(), "not of somebody else");
    write(&executor, "coding", Some(&id));
    assert!(text(&server.look(&id)["lease_expires_at"]) > before);
}

#[test]
fn entries_are_filtered_and_limited_as_the_contract_says() {
    let server = TestServer::start();
    let (first, second) = (server.executor(), server.planner());
    let work = server.work();
    let old = write(&first, "coding", None);
    server.clock.advance(Duration::from_hours(8 * 24));
    let mut newest = Vec::new();
    for number in 0..25 {
        server.clock.advance(Duration::from_secs(1));
        let about = (number == 3).then_some(work.as_str());
        let (who, action) = if number % 5 == 0 { (&second, "plan") } else { (&first, "coding") };
        newest.insert(0, write(who, action, about));
    }
    let listed = |path: &str| first.get(path).ok().as_array().unwrap().clone();
    assert_eq!(listed("/api/logs"), newest[..20], "20 of the last 7 days, newest first");
    assert_eq!(listed("/api/logs?limit=0").len(), 20);
    assert_eq!(listed("/api/logs?limit=-1").len(), 1);
    assert_eq!(listed("/api/logs?limit=3"), newest[..3]);
    assert_eq!(listed("/api/logs?limit=9223372036854775807").len(), 25);
    let everything = listed("/api/logs?limit=500&days=60");
    assert_eq!((everything.len(), everything.last()), (26, Some(&old)));
    assert_eq!(listed("/api/logs?limit=500&days=9223372036854775807").len(), 26);
    assert_eq!(listed("/api/logs?limit=500&days=0").len(), 25, "at least one day");
    assert_eq!(listed("/api/logs?limit=500&days=-9").len(), 25);
    assert_eq!(listed(&format!("/api/logs?limit=500&agent_id={}", second.id)).len(), 5);
    assert_eq!(listed("/api/logs?limit=500&action=plan").len(), 5);
    assert_eq!(listed(&format!("/api/logs?sub_task_id={work}")).len(), 1);
    assert_eq!(listed("/api/logs?agent_id=&action=&sub_task_id=").len(), 20);
    for nothing in ["agent_id=x", "action=sleep", "sub_task_id=x", "action=%25"] {
        assert_eq!(listed(&format!("/api/logs?{nothing}")).len(), 0, "{nothing}");
    }
    for wrong in ["days=99999999999999999999", "days=x", "limit=1e3", "limit=99999999999999999999"]
    {
        let field = wrong.split('=').next().unwrap();
        first.get(&format!("/api/logs?{wrong}")).wrong_fields(&[field]);
        first.get(&format!("/api/logs/mine?{wrong}")).wrong_fields(&[field]);
    }
    assert_eq!(second.get("/api/logs/mine").ok().as_array().unwrap().len(), 5);
    assert_eq!(second.get("/api/logs/mine?action=coding").ok(), json!([]));
    assert_eq!(second.get("/api/logs/mine?limit=2").ok().as_array().unwrap().len(), 2);
    assert_eq!(first.get("/api/logs/mine?days=60&limit=500").ok().as_array().unwrap().len(), 21);
}
