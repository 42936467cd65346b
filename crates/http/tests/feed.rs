//! The feed: who sees what, and that nobody's work is hidden.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{NOBODY, TestServer, text};

fn public() -> TestServer {
    TestServer::start_with(|settings| settings.webui.public_feed = true)
}

#[test]
fn the_feed_is_the_admins_until_it_is_public() {
    let server = TestServer::start();
    let executor = server.executor();
    assert_eq!(server.anyone().get("/api/feed/status").ok(), json!({"enabled": false}));
    assert_eq!(public().anyone().get("/api/feed/status").ok(), json!({"enabled": true}));
    for path in ["/api/feed/logs", "/api/feed/agents", "/api/feed/agent-summary"] {
        server.anyone().get(path).refused(403, "forbidden");
        executor.get(path).refused(403, "forbidden");
        let stranger = server.anyone().with("X-Admin-Token", "wrong");
        stranger.get(path).refused(403, "admin.no_session");
        server.admin().get(path).ok();
        public().anyone().get(path).ok();
        public().anyone().with("X-Admin-Token", "wrong").get(path).ok();
    }
}

#[test]
fn strangers_see_no_body_and_the_admin_sees_what_is_kept() {
    let server = public();
    let (executor, reviewer) = (server.executor(), server.reviewer());
    let work = server.work_in_review(&executor);
    let log = json!({"action": "coding", "summary": "between us"});
    executor.post("/api/logs", &log).ok();
    executor.get("/api/sub-tasks/mine?status=review").ok();
    let review =
        json!({"sub_task_id": work, "result": "approved", "score": 5, "comment": "between us"});
    reviewer.post("/api/review-records", &review).ok();
    server.service.write_requests().unwrap();
    let bodies = |path: &str, is_admin: bool| {
        let client = if is_admin { server.admin().clone() } else { server.anyone() };
        let answer = client.get(path).ok();
        let calls = answer.as_array().unwrap().iter().flat_map(|item| {
            item["recent_actions"].as_array().cloned().unwrap_or_else(|| vec![item.clone()])
        });
        calls
            .map(|call| call["request_body"].clone())
            .filter(|body| !body.is_null())
            .collect::<Vec<_>>()
    };
    for path in ["/api/feed/logs", "/api/feed/agent-summary"] {
        let mut seen: Vec<String> = bodies(path, false).iter().map(text).collect();
        seen.sort();
        assert_eq!(seen, [r#"{"action":"coding"}"#, r#"{"result":"approved","score":5}"#]);
        let all = Value::from(bodies(path, true)).to_string();
        assert!(all.matches("between us").count() == 2 && all.contains("status"), "{all}");
    }
}

#[test]
fn calls_come_newest_first_and_after_a_time() {
    let server = public();
    let (first, second) = (server.executor(), server.planner());
    for n in 0..4 {
        let who = if n == 2 { &second } else { &first };
        who.get(&format!("/api/tasks?page={n}")).ok();
        server.clock.advance(Duration::from_secs(1));
    }
    server.service.write_requests().unwrap();
    let anyone = server.anyone();
    let all = anyone.get("/api/feed/logs").ok();
    assert_eq!(
        all[1],
        json!({"id": all[1]["id"], "timestamp": "2026-09-21T14:13:22.000000Z", "method": "GET",
            "path": "/api/tasks", "agent_id": second.id, "agent_name": second.name,
            "agent_role": "planner", "request_body": null, "response_status": 200})
    );
    let times = |query: &str| {
        let found = anyone.get(&format!("/api/feed/logs?{query}")).ok();
        let second = |call: &Value| text(&call["timestamp"]).get(17..19).unwrap().to_owned();
        found.as_array().unwrap().iter().map(second).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(times(""), "23 22 21 20");
    assert_eq!(times("limit=2"), "23 22");
    assert_eq!(times(&format!("agent_id={}", first.id)), "23 21 20");
    assert_eq!(times(&format!("agent_id={NOBODY}")), "");
    assert_eq!(times("agent_id=x"), "");
    assert_eq!(times("agent_id=&after="), "23 22 21 20");
    for after in [
        "2026-09-21T14:13:21Z",
        "2026-09-21T14:13:21.000000Z",
        "2026-09-21T14:13:21",
        "2026-09-21%2014:13:21.000",
        "2026-09-21T16:13:21%2B02:00",
    ] {
        assert_eq!(times(&format!("after={after}")), "23 22", "{after}");
    }
    assert_eq!(times("after=2026-09-21"), "23 22 21 20");
    assert_eq!(times("after=2026-09-22"), "");
    for (query, field) in [
        ("after=yesterday", "after"),
        ("after=2026-13-01", "after"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
    ] {
        anyone.get(&format!("/api/feed/logs?{query}")).wrong_fields(&[field]);
    }
}

#[test]
fn a_time_without_an_offset_is_of_the_configured_zone() {
    let server = TestServer::start_with(|settings| {
        settings.webui.public_feed = true;
        "Asia/Shanghai".clone_into(&mut settings.server.timezone);
    });
    server.executor().get("/api/tasks").ok();
    server.service.write_requests().unwrap();
    let n = |after: &str| {
        let found = server.anyone().get(&format!("/api/feed/logs?after={after}")).ok();
        found.as_array().unwrap().len()
    };
    assert_eq!((n("2026-09-21T22:13:19"), n("2026-09-21T22:13:20")), (1, 0));
    assert_eq!((n("2026-09-21"), n("2026-09-22")), (1, 0));
}

#[test]
fn each_agent_has_a_card_with_its_day_its_work_and_its_own_newest_calls() {
    let server = public();
    let (quiet, busy) = (server.executor(), server.executor());
    let (task, reviewer) = (server.task(), server.reviewer());
    quiet.get("/api/tasks?page=1").ok();
    server.clock.advance(Duration::from_hours(24));
    let mut works = Vec::new();
    for _ in 0..2 {
        let module =
            server.admin().post(&format!("/api/tasks/{task}/modules"), &json!({"name": "M"})).ok();
        let body = json!({"task_id": task, "name": server.name("Work"), "module_id": module["id"]});
        works.push(text(&server.admin().post("/api/sub-tasks", &body).ok()["id"]));
        server.clock.advance(Duration::from_secs(1));
        busy.step(works.last().unwrap(), "claim").ok();
        busy.step(works.last().unwrap(), "start").ok();
    }
    for n in 0..300 {
        busy.get(&format!("/api/tasks?page={n}")).ok();
    }
    // What was not done is not counted as done.
    busy.step("none", "submit").refused(404, "sub_task.not_found");
    let done = server.work_in_review(&quiet);
    let review = json!({"sub_task_id": done, "result": "approved", "score": 5});
    reviewer.post("/api/review-records", &review).ok();
    reviewer.post("/api/review-records", &review).refused(409, "sub_task.not_allowed_from");
    server.service.write_requests().unwrap();
    let cards = server.anyone().get("/api/feed/agent-summary").ok();
    let card = |id: &str| {
        let found = cards.as_array().unwrap().iter().find(|card| card["id"] == id);
        found.unwrap().clone()
    };
    let of_quiet = card(&quiet.id);
    assert_eq!(
        (&of_quiet["today_request_count"], &of_quiet["today_submit_count"]),
        (&json!(3), &json!(1))
    );
    let paths = |card: &Value| {
        let calls = card["recent_actions"].as_array().unwrap().clone();
        calls.iter().map(|call| text(&call["path"])).collect::<Vec<_>>()
    };
    assert_eq!(paths(&of_quiet).len(), 4, "those of yesterday, too");
    assert!(paths(&of_quiet)[0].ends_with("/submit") && paths(&of_quiet)[3] == "/api/tasks");
    assert_eq!(of_quiet["current_sub_task"], Value::Null);
    assert_eq!((&of_quiet["total_score"], &cards[0]["id"]), (&json!(5), &json!(quiet.id)));
    let of_busy = card(&busy.id);
    assert_eq!(of_busy["today_request_count"], 305);
    assert_eq!(of_busy["today_submit_count"], 0);
    assert_eq!(paths(&of_busy).len(), 5);
    assert_eq!(of_busy["current_sub_task"]["id"], works[1].as_str());
    assert_eq!(of_busy["current_sub_task"]["module_name"], "M");
    assert_eq!(card(&reviewer.id)["today_review_count"], 1);
    let agents = server.anyone().get("/api/feed/agents").ok();
    assert_eq!(
        agents[0],
        json!({"id": quiet.id, "name": quiet.name, "role": "executor", "status": "active",
            "total_score": 5, "created_at": "2026-09-21T14:13:20.000000Z"})
    );
}

#[test]
fn the_dashboard_is_part_of_the_program() {
    let server = TestServer::start();
    let version = server.anyone().get("/api/webui/version").ok();
    assert_eq!(
        version,
        json!({"current_version": env!("CARGO_PKG_VERSION"), "latest_version": null,
            "update_available": false, "update_type": "none", "checked_at": null, "error": null})
    );
    assert_eq!(server.admin().get("/api/webui/version/check").ok(), version);
    let update = server.admin().post("/api/admin/webui/update", &json!({})).ok();
    assert_eq!(
        (&update["success"], &update["version"]),
        (&json!(false), &version["current_version"])
    );
    assert!(text(&update["message"]).contains("part of the program"));
    server.anyone().get("/api/webui/version/check").refused(403, "admin.no_session");
    server.anyone().post("/api/admin/webui/update", &json!({})).refused(403, "admin.no_session");
}
