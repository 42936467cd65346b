//! The admin: logging in and out, and the dashboard's first page.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, TestServer, text};

const LOGIN: &str = "/api/admin/login";
const OVERVIEW: &str = "/api/admin/dashboard/overview";

fn log_in(server: &TestServer) -> Client {
    let session = server.anyone().post(LOGIN, &json!({"password": PASSWORD})).ok();
    let token = text(&session["token"]);
    assert!(token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit()), "{token}");
    server.anyone().with("X-Admin-Token", &token)
}

#[test]
fn the_password_opens_sessions_that_end_one_by_one() {
    let server = TestServer::start();
    let (first, second) = (log_in(&server), log_in(&server));
    first.get(OVERVIEW).ok();
    first.call("POST", "/api/admin/logout").send().ok();
    first.get(OVERVIEW).refused(403, "admin.no_session");
    first.call("POST", "/api/admin/logout").send().refused(403, "admin.no_session");
    second.get(OVERVIEW).ok();
}

#[test]
fn a_wrong_password_is_403_and_tells_nothing() {
    let server = TestServer::start();
    for wrong in ["", "x", "correct horse ", "Correct horse", &"x".repeat(100), "correct horse\0x"]
    {
        let reply = server.anyone().post(LOGIN, &json!({"password": wrong}));
        let problem = reply.refused(403, "forbidden");
        assert_eq!(problem["detail"], "The admin password is wrong.");
    }
}

#[test]
fn a_login_without_a_password_is_422() {
    let server = TestServer::start();
    server.anyone().post(LOGIN, &json!({})).wrong_fields(&["password"]);
    let reply = server.anyone().post(LOGIN, &json!({"password": 12_345_678}));
    reply.wrong_fields(&["password"]);
    assert!(!reply.text().contains("12345678"), "{}", reply.text());
}

#[test]
fn guessing_the_password_is_throttled_per_address() {
    let server = TestServer::start();
    let guess = |address: &str| {
        let client = server.anyone().with("X-Forwarded-For", address);
        client.post(LOGIN, &json!({"password": "wrong"}))
    };
    for _ in 0..10 {
        guess("192.0.2.1").refused(403, "forbidden");
    }
    let refused = guess("192.0.2.1");
    refused.refused(429, "too_many_tries");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    // What the client claims before the proxy's own entry does not help.
    guess("203.0.113.7, 192.0.2.1").refused(429, "too_many_tries");
    guess("192.0.2.2").refused(403, "forbidden");
    let right = server.anyone().with("X-Forwarded-For", "192.0.2.1");
    right.post(LOGIN, &json!({"password": PASSWORD})).refused(429, "too_many_tries");
    log_in(&server);
}

#[test]
fn nobody_logs_in_before_a_password_is_set() {
    let server = TestServer::start_with(|settings| {
        settings.admin.password = openmoss_service::settings::Secret::default();
        settings.setup.initialized = false;
    });
    for password in ["", "admin123"] {
        let reply = server.anyone().post(LOGIN, &json!({"password": password}));
        reply.refused(403, "forbidden");
    }
}

#[test]
fn the_overview_counts_what_there_is() {
    let server = TestServer::start();
    let executor = server.executor();
    let reviewer = server.reviewer();
    let id = server.work_in_review(&executor);
    let verdict = |id: &str, result: &str, score: i64| json!({"sub_task_id": id, "result": result, "score": score, "issues": "More."});
    reviewer.post("/api/review-records", &verdict(&id, "rejected", 1)).ok();
    let done = server.work_in_review(&executor);
    reviewer.post("/api/review-records", &verdict(&done, "approved", 5)).ok();
    let second = server.work_in_review(&executor);
    reviewer.post("/api/review-records", &verdict(&second, "approved", 5)).ok();
    server.work();
    server.work_in_review(&executor);
    server
        .admin()
        .put(&format!("/api/agents/{}/status", reviewer.id), &json!({"status": "disabled"}))
        .ok();

    let seen = server.admin().get(OVERVIEW).ok();
    assert_eq!(seen["review_window_days"], 7);
    assert_eq!(
        seen["core_cards"],
        json!({
            "open_task_count": 5, "active_sub_task_count": 2, "review_queue_count": 1,
            "blocked_sub_task_count": 0, "active_agent_count": 1,
            "today_completed_sub_task_count": 2,
        })
    );
    assert_eq!(
        seen["secondary_cards"],
        json!({
            "disabled_agent_count": 1, "today_review_count": 3, "today_rejected_review_count": 1,
            "today_reject_rate": 33.33, "today_net_score_delta": 5,
        })
    );
    let sum =
        |what: &Value| what.as_object().unwrap().values().filter_map(Value::as_i64).sum::<i64>();
    let spread = &seen["distributions"];
    assert_eq!(spread["review_result_distribution_7d"], json!({"approved": 2, "rejected": 1}));
    assert_eq!(sum(&spread["sub_task_status_distribution"]), 5);
    assert_eq!(spread["sub_task_status_distribution"]["done"], 2);
    assert_eq!(spread["task_status_distribution"]["planning"], 5);
    assert_eq!(spread["agent_status_distribution"], json!({"active": 1, "disabled": 1}));
    assert_eq!(spread["agent_role_distribution"]["executor"], 1);

    server.clock.advance(Duration::from_hours(24));
    let tomorrow = server.admin().get(OVERVIEW).ok();
    assert_eq!(sum(&tomorrow["secondary_cards"]), 1, "only the disabled agent is left");
    assert_eq!(tomorrow["core_cards"]["today_completed_sub_task_count"], 0);
    let recent = &tomorrow["distributions"]["review_result_distribution_7d"];
    assert_eq!(*recent, json!({"approved": 2, "rejected": 1}));
}

#[test]
fn an_empty_server_has_an_overview_of_nothings() {
    let server = TestServer::start();
    let seen = server.admin().get(OVERVIEW).ok();
    assert_eq!(seen["secondary_cards"]["today_reject_rate"], 0.0);
    assert_eq!(seen["core_cards"]["open_task_count"], 0);
}
