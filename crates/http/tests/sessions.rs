//! The admin's sessions: seen, and ended one by one or all but one's own.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, NOBODY, PASSWORD, TestServer, text};

const SESSIONS: &str = "/api/admin/sessions";

fn log_in(server: &TestServer) -> Client {
    let session = server.anyone().post("/api/admin/login", &json!({"password": PASSWORD})).ok();
    server.anyone().with("X-Admin-Token", &text(&session["token"]))
}

fn others(seen: &Value) -> Vec<Value> {
    let items = seen["items"].as_array().unwrap().iter();
    items.filter(|one| one["is_current"] == false).cloned().collect()
}

#[test]
fn an_admin_sees_the_sessions_and_which_is_its_own() {
    let server = TestServer::start();
    let (first, second) = (log_in(&server), log_in(&server));
    server.clock.advance(Duration::from_mins(5));
    let seen = first.get(SESSIONS).ok();
    assert_eq!(seen["total"], 2);
    let other = &others(&seen)[0];
    let own = seen["items"].as_array().unwrap().iter().find(|one| one["is_current"] == true);
    let own = own.unwrap();
    assert_eq!(own["address"], "127.0.0.1");
    assert!(text(&own["last_used_at"]) > text(&other["last_used_at"]));
    assert_eq!(own["created_at"], other["created_at"]);
    assert!(!seen.to_string().contains("token"), "{seen}");
    assert_eq!(second.get(&format!("{SESSIONS}?page_size=1")).ok()["has_more"], true);
    first.get(&format!("{SESSIONS}?page_size=0")).wrong_fields(&["page_size"]);
    server.executor().get(SESSIONS).refused(403, "admin.no_session");
}

#[test]
fn a_session_that_was_ended_is_over_at_once() {
    let server = TestServer::start();
    let (mine, lost, third) = (log_in(&server), log_in(&server), log_in(&server));
    let lost_id = {
        let seen = lost.get(SESSIONS).ok();
        let items = seen["items"].as_array().unwrap().clone();
        text(&items.iter().find(|one| one["is_current"] == true).unwrap()["id"])
    };
    mine.delete(&format!("{SESSIONS}/{lost_id}")).ok();
    lost.get(SESSIONS).refused(403, "admin.no_session");
    lost.post("/api/tasks", &json!({"name": "x"})).refused(403, "admin.no_session");
    mine.delete(&format!("{SESSIONS}/{lost_id}")).refused(404, "session.not_found");
    mine.delete(&format!("{SESSIONS}/{NOBODY}")).refused(404, "session.not_found");
    mine.delete(&format!("{SESSIONS}/x")).refused(404, "session.not_found");

    let ended = mine.call("POST", &format!("{SESSIONS}/revoke-others")).send().ok();
    assert_eq!(ended, json!({"ended": 1}));
    third.get(SESSIONS).refused(403, "admin.no_session");
    assert_eq!(others(&mine.get(SESSIONS).ok()), [json!(null); 0]);
    let events = mine.get("/api/events?limit=500").ok();
    let events = events["items"].as_array().unwrap().iter();
    let ended = events.filter(|event| event["kind"] == "admin_sessions_ended");
    assert_eq!(ended.filter(|event| event["actor"]["kind"] == "admin").count(), 2);
}

#[test]
fn right_logins_are_never_throttled_and_wrong_ones_by_address() {
    let server = TestServer::start();
    for _ in 0..25 {
        log_in(&server);
    }
    let there = server.anyone().with("X-Forwarded-For", "192.0.2.1");
    for _ in 0..10 {
        there.post("/api/admin/login", &json!({"password": "guess"})).refused(403, "forbidden");
    }
    there.post("/api/admin/login", &json!({"password": PASSWORD})).refused(429, "too_many_tries");
    log_in(&server);
}
