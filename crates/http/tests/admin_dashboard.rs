//! The dashboard's highlights and trends: the contract's formulas.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{TestServer, text};

const HIGHLIGHTS: &str = "/api/admin/dashboard/highlights";
const TRENDS: &str = "/api/admin/dashboard/trends";

fn ids(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| text(&one["id"])).collect()
}

#[test]
fn highlights_show_what_needs_attention() {
    let server = TestServer::start();
    let (busy, idle) = (server.executor(), server.executor());
    let reviewer = server.reviewer();
    let first = server.work_in_review(&busy);
    server.clock.advance(Duration::from_secs(1));
    let second = server.work_in_review(&busy);
    let blocked = server.work();
    server.clock.advance(Duration::from_secs(1));
    busy.step(&blocked, "claim").ok();
    busy.step_with(&blocked, "block", &json!({"kind": "needs_input", "detail": "Which?"})).ok();
    let verdict = json!({"sub_task_id": first, "result": "rejected", "score": 1, "issues": "All."});
    reviewer.post("/api/review-records", &verdict).ok();
    let one = server.work_in_review(&idle);

    let seen = server.admin().get(HIGHLIGHTS).ok();
    assert_eq!((&seen["limit"], &seen["inactive_hours"]), (&json!(5), &json!(24)));
    assert_eq!(ids(&seen["blocked_sub_tasks"]), [blocked.as_str()]);
    assert_eq!(ids(&seen["pending_review_sub_tasks"]), [one.as_str(), &second]);
    let row = &seen["blocked_sub_tasks"][0];
    assert_eq!(
        (&row["status"], &row["assigned_agent_name"]),
        (&json!("blocked"), &json!(busy.name))
    );
    assert_eq!(ids(&seen["busy_agents"]), [busy.id.as_str(), &idle.id]);
    assert_eq!(seen["busy_agents"][0]["open_sub_task_count"], 3);
    let review = &seen["recent_reviews"][0];
    assert_eq!((&review["sub_task_id"], &review["score"]), (&json!(first), &json!(1)));
    assert_eq!(review["reviewer_agent_name"], reviewer.name);
    let short = server.admin().get(&format!("{HIGHLIGHTS}?limit=1")).ok();
    assert_eq!(ids(&short["pending_review_sub_tasks"]), [one.as_str()]);
    assert_eq!(ids(&short["busy_agents"]), [busy.id.as_str()]);
}

#[test]
fn agents_that_were_not_heard_of_come_never_first_then_longest_ago() {
    let server = TestServer::start();
    let (early, never, late) = (server.executor(), server.executor(), server.executor());
    let say = |agent: &crate::support::Agent| {
        agent.post("/api/logs", &json!({"action": "coding", "summary": "At it."})).ok();
    };
    say(&early);
    server.clock.advance(Duration::from_hours(10));
    say(&late);
    server.clock.advance(Duration::from_hours(30));
    let silent = |query: &str| {
        let seen = server.admin().get(&format!("{HIGHLIGHTS}{query}")).ok();
        ids(&seen["low_activity_agents"])
    };
    assert_eq!(silent(""), [never.id.as_str(), &early.id, &late.id]);
    assert_eq!(silent("?inactive_hours=35"), [never.id.as_str(), &early.id]);
    assert_eq!(silent("?inactive_hours=720"), [never.id.as_str()]);
}

#[test]
fn trends_count_each_day_of_the_configured_zone() {
    let server = TestServer::start_with(|settings| {
        "Asia/Shanghai".clone_into(&mut settings.server.timezone);
    });
    let executor = server.executor();
    let id = server.work_in_review(&executor);
    let verdict = |score: i64, result: &str| json!({"sub_task_id": id, "result": result, "score": score, "issues": "More."});
    server.reviewer().post("/api/review-records", &verdict(1, "rejected")).ok();
    server.clock.advance(Duration::from_hours(24));
    for step in ["start", "submit"] {
        executor.step(&id, step).ok();
    }
    executor.post("/api/logs", &json!({"action": "coding", "summary": "At it."})).ok();
    server.reviewer().post("/api/review-records", &verdict(5, "approved")).ok();

    let seen = server.admin().get(&format!("{TRENDS}?days=3")).ok();
    let of = |series: &str, field: &str| -> Vec<i64> {
        let days = seen[series].as_array().unwrap();
        assert_eq!((&days[0]["date"], &days[2]["date"]), (&seen["start_date"], &seen["end_date"]));
        days.iter().map(|day| day[field].as_i64().unwrap()).collect()
    };
    assert_eq!(of("sub_task_created_trend", "count"), [0, 1, 0]);
    assert_eq!(of("sub_task_completed_trend", "count"), [0, 0, 1]);
    assert_eq!(of("review_trend", "total"), [0, 1, 1]);
    assert_eq!(of("review_trend", "rejected"), [0, 1, 0]);
    assert_eq!(of("review_trend", "approved"), [0, 0, 1]);
    assert_eq!(of("score_delta_trend", "positive_score_delta"), [0, 0, 5]);
    assert_eq!(of("score_delta_trend", "negative_score_delta"), [0, -5, 0]);
    assert_eq!(of("score_delta_trend", "net_score_delta"), [0, -5, 5]);
    assert_eq!(of("activity_trend", "count"), [0, 0, 1]);
    let default = server.admin().get(TRENDS).ok();
    assert_eq!(
        (&default["days"], default["request_trend"].as_array().unwrap().len()),
        (&json!(7), 7)
    );

    // What is remembered of the days that are over stays right as days pass.
    server.clock.advance(Duration::from_hours(24));
    let later = server.admin().get(&format!("{TRENDS}?days=3")).ok();
    assert_eq!(later["sub_task_created_trend"][0]["count"], 1);
    assert_eq!(later["sub_task_completed_trend"][1]["count"], 1);
    assert_eq!(later["review_trend"][2]["total"], 0);
}

#[test]
fn numbers_out_of_range_are_named() {
    let server = TestServer::start();
    let admin = server.admin();
    for (query, fields) in [
        ("limit=0&inactive_hours=721", &["limit", "inactive_hours"][..]),
        ("limit=51", &["limit"]),
        ("inactive_hours=x", &["inactive_hours"]),
    ] {
        admin.get(&format!("{HIGHLIGHTS}?{query}")).wrong_fields(fields);
    }
    for wrong in ["days=0", "days=31", "days=-1", "days=", "days=1.5"] {
        admin.get(&format!("{TRENDS}?{wrong}")).wrong_fields(&["days"]);
    }
    for path in [HIGHLIGHTS, TRENDS] {
        server.anyone().get(path).refused(403, "admin.no_session");
    }
}
