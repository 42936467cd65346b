//! Agents as the admin sees and changes them.

use std::time::Duration;

use openmoss_domain::Role;
use serde_json::{Value, json};

use crate::support::{Agent, NOBODY, TestServer, text};

const AGENTS: &str = "/api/admin/agents";

fn of(agent: &Agent) -> String {
    format!("{AGENTS}/{}", agent.id)
}

impl TestServer {
    fn listed(&self, query: &str) -> Vec<String> {
        self.service.write_requests().unwrap();
        let page = self.admin().get(&format!("{AGENTS}{query}")).ok();
        let items = page["items"].as_array().unwrap();
        if !query.contains("page") {
            assert_eq!(page["total"], items.len(), "{query}");
        }
        items.iter().map(|item| text(&item["name"])).collect()
    }

    fn rename(&self, agent: &Agent, name: &str) {
        self.admin().put(&of(agent), &json!({"name": name})).ok();
    }

    fn score(&self, agent: &Agent, delta: i64) {
        let body = json!({"agent_id": agent.id, "score_delta": delta, "reason": "x"});
        self.admin().post("/api/admin/scores/adjust", &body).ok();
    }
}

#[test]
fn an_agent_is_shown_with_its_work_its_rank_and_when_it_was_last_there() {
    let server = TestServer::start();
    let (executor, reviewer) = (server.executor(), server.reviewer());
    server.score(&reviewer, 5);
    let task = server.task();
    for (n, steps) in [
        (1, &["claim"][..]),
        (2, &["claim", "start"]),
        (3, &["claim", "start", "submit"]),
        (1, &["claim", "start", "block"]),
    ] {
        for _ in 0..n {
            let id = server.sub_task(&task);
            for step in steps {
                executor.step(&id, step).ok();
            }
        }
    }
    let done = server.work_in_review(&executor);
    server.admin().step(&done, "complete").ok();
    executor.post("/api/logs", &json!({"action": "coding"})).ok();
    server.clock.advance(Duration::from_mins(1));
    executor.get("/api/tasks").ok();
    server.service.write_requests().unwrap();
    let listed = server.admin().get(&format!("{AGENTS}?role=executor")).ok()["items"][0].clone();
    let mut expected = json!({
        "id": executor.id, "name": executor.name, "role": "executor", "description": "",
        "status": "active", "total_score": 0, "capabilities": [], "avatar": null, "rank": 2, "open_sub_task_count": 7,
        "assigned_count": 1, "in_progress_count": 2, "review_count": 3, "rework_count": 0,
        "blocked_count": 1, "last_request_at": "2026-09-21T14:14:20.000000Z",
        "last_activity_at": "2026-09-21T14:13:20.000000Z",
        "created_at": "2026-09-21T14:13:20.000000Z",
    });
    assert_eq!(listed, expected);
    let more = json!({"total_agents": 2, "reward_count": 0, "penalty_count": 0,
        "total_reward_records": 0, "done_count": 1, "cancelled_count": 0,
        "signature": "", "work_style": []});
    expected.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    assert_eq!(server.admin().get(&of(&executor)).ok(), expected);
    let unseen = server.admin().get(&of(&server.planner())).ok();
    assert_eq!(
        (&unseen["last_request_at"], &unseen["last_activity_at"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn agents_are_filtered_and_sorted() {
    let server = TestServer::start_with(|settings| settings.admin.session_hours = 24 * 365);
    let day = Duration::from_hours(24);
    let agents = ["b_b", "A%a", "c"].map(|name| {
        let agent = server.executor();
        server.rename(&agent, name);
        server.clock.advance(day);
        agent
    });
    let planner = server.planner();
    server.rename(&planner, "d");
    server.admin().put(&of(&planner), &json!({"description": "Plans in PARIS, é"})).ok();
    server.admin().put(&format!("{}/status", of(&agents[2])), &json!({"status": "disabled"})).ok();
    server.score(&agents[0], 5);
    server.score(&planner, 5);
    server.score(&agents[2], -5);
    agents[0].post("/api/logs", &json!({"action": "coding"})).ok();
    server.clock.advance(5 * day);
    agents[1].get("/api/tasks").ok();
    for (query, expected) in [
        ("", &["d", "c", "A%a", "b_b"][..]),
        ("?sort_order=asc", &["b_b", "A%a", "c", "d"]),
        ("?sort_by=name&sort_order=asc", &["A%a", "b_b", "c", "d"]),
        ("?sort_by=last_request_at&role=executor", &["A%a", "b_b", "c"]),
        ("?sort_by=last_activity_at&role=executor&status=active", &["b_b", "A%a"]),
        ("?sort_by=total_score&sort_order=asc&role=executor", &["c", "A%a", "b_b"]),
        ("?role=planner", &["d"]),
        ("?role=patrol", &[]),
        ("?status=disabled", &["c"]),
        ("?status=active&role=executor", &["A%a", "b_b"]),
        ("?keyword=%25", &["A%a"]),
        ("?keyword=_", &["b_b"]),
        ("?keyword=+a%25A+", &["A%a"]),
        ("?keyword=paris", &["d"]),
        ("?keyword=%C3%A9", &["d"]),
        ("?keyword=%C3%89", &[]),
        ("?keyword=++&role=planner", &["d"]),
        ("?last_request_within_days=1", &["A%a"]),
        ("?last_request_within_days=6", &["A%a", "b_b"]),
        ("?last_activity_within_days=6", &["b_b"]),
        ("?last_activity_within_days=4", &[]),
        ("?page=2&page_size=3", &["b_b"]),
    ] {
        assert_eq!(server.listed(query), expected, "{query}");
    }
    // Whoever is equal comes in the order of the ids, whatever the order.
    let mut equal = [&agents[0], &planner].map(|agent| agent.id.clone());
    equal.sort();
    for order in ["asc", "desc"] {
        let query = format!("{AGENTS}?sort_by=total_score&sort_order={order}");
        let page = server.admin().get(&query).ok();
        let best = page["items"].as_array().unwrap().iter().filter(|item| item["total_score"] == 5);
        assert_eq!(best.map(|item| text(&item["id"])).collect::<Vec<_>>(), equal);
        let rank = |n: usize| page["items"][n]["rank"].as_i64().unwrap();
        let ranks = [rank(0), rank(1), rank(2), rank(3)];
        assert_eq!(ranks, if order == "asc" { [3, 2, 1, 1] } else { [1, 1, 2, 3] });
    }
    for (query, field) in [
        ("role=boss", "role"),
        ("role=", "role"),
        ("status=busy", "status"),
        ("status=", "status"),
        ("sort_by=age", "sort_by"),
        ("sort_by=", "sort_by"),
        ("sort_order=DESC", "sort_order"),
        ("last_request_within_days=0", "last_request_within_days"),
        ("last_activity_within_days=x", "last_activity_within_days"),
        ("page=0", "page"),
        ("page_size=0", "page_size"),
        ("page_size=101", "page_size"),
    ] {
        server.admin().get(&format!("{AGENTS}?{query}")).wrong_fields(&[field]);
    }
    let detail = text(&server.admin().get(&format!("{AGENTS}?sort_by=age")).json()["detail"]);
    assert!(detail.contains("created_at, name, total_score"), "{detail}");
}

#[test]
fn an_agent_is_edited_field_by_field() {
    let server = TestServer::start();
    let (executor, other) = (server.executor(), server.planner());
    let path = of(&executor);
    let edited = server.admin().put(&path, &json!({"name": " Ann ", "description": "Tidy."})).ok();
    assert_eq!(
        edited,
        json!({"id": executor.id, "name": "Ann", "role": "executor", "description": "Tidy.",
            "status": "active", "total_score": 0, "capabilities": [], "avatar": null})
    );
    let kept = json!({"name": "", "role": null, "description": null, "other": 1});
    assert_eq!(server.admin().put(&path, &kept).ok(), edited);
    assert_eq!(server.admin().put(&path, &json!({})).ok(), edited);
    let cleared = server.admin().put(&path, &json!({"description": "", "role": "reviewer"})).ok();
    assert_eq!((&cleared["description"], &cleared["role"]), (&json!(""), &json!("reviewer")));
    executor.step(&server.work(), "claim").refused(403, "role_not_allowed");
    let roles = server.admin().get("/api/admin/dashboard/overview").ok();
    let roles = &roles["distributions"]["agent_role_distribution"];
    assert_eq!((&roles["executor"], &roles["reviewer"]), (&json!(0), &json!(1)));

    server.admin().put(&path, &json!({"name": other.name})).refused(409, "already_exists");
    for (body, field) in [
        (json!({"name": "  "}), "name"),
        (json!({"name": "x".repeat(101)}), "name"),
        (json!({"name": 5}), "name"),
        (json!({"role": "boss"}), "role"),
        (json!({"role": ""}), "role"),
        (json!({"description": "a\u{0}b"}), "description"),
    ] {
        server.admin().put(&path, &body).wrong_fields(&[field]);
    }
    assert_eq!(server.admin().get(&path).ok()["name"], "Ann");
}

#[test]
fn a_deletion_returns_open_work_and_keeps_what_was_judged_and_handed_in() {
    let server = TestServer::start();
    let (executor, reviewer) = (server.executor(), server.reviewer());
    let task = server.task();
    let brought = |steps: &[&str]| {
        let id = server.sub_task(&task);
        for step in steps {
            executor.step(&id, step).ok();
        }
        id
    };
    let (assigned, started) = (brought(&["claim"]), brought(&["claim", "start"]));
    let (blocked, review) =
        (brought(&["claim", "start", "block"]), brought(&["claim", "start", "submit"]));
    let (rework, done) =
        (brought(&["claim", "start", "submit"]), brought(&["claim", "start", "submit"]));
    let judge = |id: &str, result: &str, score: i64| {
        let body = json!({"sub_task_id": id, "result": result, "score": score, "issues": "x"});
        reviewer.post("/api/review-records", &body).ok()
    };
    judge(&rework, "rejected", 1);
    let approval = judge(&done, "approved", 5);
    executor.post("/api/logs", &json!({"action": "coding"})).ok();
    server.service.write_requests().unwrap();
    let counts = server.admin().get(&format!("{}/related-counts", of(&executor))).ok();
    let requests = counts["request_count"].as_i64().unwrap();
    assert!(requests > 10);
    assert_eq!(
        counts,
        json!({"agent_id": executor.id, "agent_name": executor.name, "sub_task_count": 6,
            "review_count": 0, "reward_count": 2, "activity_count": 1, "patrol_count": 0,
            "request_count": requests})
    );

    let delete =
        |agent: &Agent, body: &Value| server.admin().call("DELETE", &of(agent)).json(body).send();
    delete(&executor, &json!({})).wrong_fields(&["confirm_name"]);
    server.admin().delete(&of(&executor)).wrong_fields(&["confirm_name"]);
    for wrong in [json!(executor.name.to_uppercase()), json!(""), json!(5), Value::Null] {
        delete(&executor, &json!({"confirm_name": wrong})).wrong_fields(&["confirm_name"]);
    }
    executor.get("/api/tasks").ok();
    let deleted = delete(&executor, &json!({"confirm_name": executor.name})).ok();
    assert_eq!(
        (&deleted["agent_name"], &deleted["sub_task_count"]),
        (&json!(executor.name), &json!(6))
    );
    executor.get("/api/tasks").refused(401, "unauthenticated");
    server.admin().get(&of(&executor)).refused(404, "agent.not_found");
    delete(&executor, &json!({"confirm_name": executor.name})).refused(404, "agent.not_found");

    for (id, status) in [
        (&assigned, "pending"),
        (&started, "pending"),
        (&rework, "pending"),
        (&blocked, "blocked"),
        (&review, "review"),
        (&done, "done"),
    ] {
        let now = server.look(id);
        assert_eq!((&now["status"], &now["assigned_agent"]), (&json!(status), &Value::Null));
    }
    let successor = server.executor();
    for id in [&assigned, &started, &rework] {
        successor.step(id, "claim").ok();
        successor.step(id, "start").ok();
    }
    // What is sent back has nobody to mend it, so it goes into the queue.
    let verdict = judge(&review, "rejected", 2);
    assert_eq!(verdict["round"], 1);
    assert_eq!(server.look(&review)["status"], "pending");
    let kinds = server.admin().get(&format!("/api/events?sub_task_id={started}")).ok();
    let kinds: Vec<_> =
        kinds["items"].as_array().unwrap().iter().map(|event| text(&event["kind"])).collect();
    assert!(kinds.contains(&"sub_task_requeued".to_owned()), "{kinds:?}");

    // The reviewer goes as well: its reviews and their rounds stay.
    let counts = server.admin().get(&format!("{}/related-counts", of(&reviewer))).ok();
    assert_eq!(counts["review_count"], 3);
    delete(&reviewer, &json!({"confirm_name": reviewer.name})).ok();
    let id = text(&approval["id"]);
    assert_eq!(successor.get(&format!("/api/review-records/{id}")).ok(), approval);
    successor.step(&rework, "submit").ok();
    let body = json!({"sub_task_id": rework, "result": "approved", "score": 4});
    let next = server.reviewer().post("/api/review-records", &body).ok();
    assert_eq!(next["round"], 2);
    assert_eq!(openmoss_testkit::counter_differences(server.db()), [""; 0]);
}

#[test]
fn an_agents_logs_are_listed_for_the_admin() {
    let server = TestServer::start();
    let (executor, work) = (server.executor(), server.work());
    for n in 1..=3 {
        server.clock.advance(Duration::from_secs(1));
        let about = if n == 2 { json!(work) } else { Value::Null };
        let action = if n == 3 { "plan" } else { "coding" };
        let entry = json!({"action": action, "summary": format!("s{n}"), "sub_task_id": about});
        executor.post("/api/logs", &entry).ok();
        let change = json!({"agent_id": executor.id, "score_delta": n, "reason": format!("r{n}"), "sub_task_id": about});
        server.admin().post("/api/admin/scores/adjust", &change).ok();
    }
    let seen = |path: &str, field: &str| {
        let page = server.admin().get(&format!("{}/{path}", of(&executor))).ok();
        assert!(page["total"].as_u64().unwrap() >= page["items"].as_array().unwrap().len() as u64);
        page["items"].as_array().unwrap().iter().map(|item| text(&item[field])).collect::<Vec<_>>()
    };
    for (query, expected) in [
        ("", &["s3", "s2", "s1"][..]),
        ("?action=coding", &["s2", "s1"]),
        ("?action=sleep", &[]),
        ("?action=", &["s3", "s2", "s1"]),
        ("?days=1&page_size=1&page=2", &["s2"]),
        ("?days=1000000", &["s3", "s2", "s1"]),
        (&format!("?sub_task_id={work}"), &["s2"]),
        ("?sub_task_id=x", &[]),
    ] {
        assert_eq!(seen(&format!("activity-logs{query}"), "summary"), expected, "{query}");
    }
    for (query, expected) in [
        ("", &["manual: r3", "manual: r2", "manual: r1"][..]),
        ("?sort_order=asc&page_size=2", &["manual: r1", "manual: r2"]),
        (&format!("?sub_task_id={work}"), &["manual: r2"]),
        (&format!("?sub_task_id={NOBODY}"), &[]),
        ("?sub_task_id=x", &[]),
    ] {
        assert_eq!(seen(&format!("score-logs{query}"), "reason"), expected, "{query}");
    }
    for (query, field) in [
        ("score-logs?sort_order=up", "sort_order"),
        ("score-logs?page=0", "page"),
        ("activity-logs?days=0", "days"),
        ("activity-logs?page_size=1000", "page_size"),
    ] {
        server.admin().get(&format!("{}/{query}", of(&executor))).wrong_fields(&[field]);
    }
    for list in ["score-logs", "activity-logs", "related-counts"] {
        for unknown in [NOBODY, "x"] {
            server
                .admin()
                .get(&format!("{AGENTS}/{unknown}/{list}"))
                .refused(404, "agent.not_found");
        }
        executor.get(&format!("{}/{list}", of(&executor))).refused(403, "admin.no_session");
    }
    server.admin().put(&format!("{AGENTS}/{NOBODY}"), &json!({})).refused(404, "agent.not_found");
    server.anyone().get(AGENTS).refused(403, "admin.no_session");
    drop(server.agent(Role::Patrol));
}
