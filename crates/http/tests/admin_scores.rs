//! Scores and the activity log for the admin.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Agent, NOBODY, TestServer, text};

fn adjust(server: &TestServer, agent: &Agent, delta: i64, reason: &str, work: Option<&str>) {
    server.clock.advance(Duration::from_secs(1));
    let body =
        json!({"agent_id": agent.id, "score_delta": delta, "reason": reason, "sub_task_id": work});
    server.admin().post("/api/admin/scores/adjust", &body).ok();
}

fn column(server: &TestServer, path: &str, field: &str) -> Vec<Value> {
    let page = server.admin().get(path).ok();
    let items = page["items"].as_array().unwrap();
    if !path.contains("page") {
        assert_eq!(page["total"], items.len(), "{path}");
    }
    items.iter().map(|item| item[field].clone()).collect()
}

#[test]
fn the_summary_is_that_of_all_scores() {
    let server = TestServer::start();
    let summary = || server.admin().get("/api/admin/scores/summary").ok();
    assert_eq!(
        summary(),
        json!({"total_agents": 0, "positive_score_agents": 0, "zero_score_agents": 0,
            "negative_score_agents": 0, "top_score": 0, "average_score": 0.0, "last_score_at": null})
    );
    let agents = [server.executor(), server.executor(), server.planner()];
    adjust(&server, &agents[0], -5, "x", None);
    adjust(&server, &agents[0], 12, "x", None);
    adjust(&server, &agents[1], -2, "x", None);
    assert_eq!(
        summary(),
        json!({"total_agents": 3, "positive_score_agents": 1, "zero_score_agents": 1,
            "negative_score_agents": 1, "top_score": 7, "average_score": 1.67,
            "last_score_at": "2026-09-21T14:13:23.000000Z"})
    );
    adjust(&server, &agents[0], -7, "x", None);
    let now = summary();
    assert_eq!((&now["positive_score_agents"], &now["top_score"]), (&json!(0), &json!(0)));
    let path = format!("/api/admin/agents/{}", agents[1].id);
    let name = json!({"confirm_name": agents[1].name});
    server.admin().call("DELETE", &path).json(&name).send().ok();
    let now = summary();
    assert_eq!((&now["total_agents"], &now["average_score"]), (&json!(2), &json!(0.0)));
    assert_eq!((&now["negative_score_agents"], &now["zero_score_agents"]), (&json!(0), &json!(2)));
}

#[test]
fn the_leaderboard_is_filtered_and_sorted_and_ranks_are_dense() {
    let server = TestServer::start();
    let agents: Vec<_> = [5, 5, 0, -5]
        .map(|score| {
            let agent = if score == 0 { server.planner() } else { server.executor() };
            server.clock.advance(Duration::from_secs(1));
            if score != 0 {
                adjust(&server, &agent, score, "x", None);
            }
            agent
        })
        .into();
    let path = "/api/admin/scores/leaderboard";
    let best =
        server.admin().get(&format!("{path}?page_size=1&sort_by=last_score_at&score_min=5")).ok();
    assert_eq!(
        best["items"][0],
        json!({"rank": 1, "agent_id": agents[1].id, "agent_name": agents[1].name,
            "avatar": null, "role": "executor", "status": "active", "total_score": 5, "reward_count": 1,
            "penalty_count": 0, "total_records": 1,
            "last_score_at": "2026-09-21T14:13:24.000000Z",
            "created_at": "2026-09-21T14:13:22.000000Z"})
    );
    let rank = |query: &str| {
        let ranks = column(&server, &format!("{path}{query}"), "rank");
        ranks.iter().map(|rank| rank.as_i64().unwrap()).collect::<Vec<_>>()
    };
    for (query, expected) in [
        ("", &[1, 1, 2, 3][..]),
        ("?sort_by=rank", &[3, 2, 1, 1]),
        ("?sort_by=rank&sort_order=asc", &[1, 1, 2, 3]),
        ("?sort_order=asc", &[3, 2, 1, 1]),
        ("?sort_by=created_at&sort_order=asc", &[1, 1, 2, 3]),
        ("?sort_by=last_score_at&sort_order=asc", &[2, 1, 1, 3]),
        ("?role=executor", &[1, 1, 3]),
        ("?role=planner&status=active", &[2]),
        ("?status=disabled", &[]),
        ("?score_min=0", &[1, 1, 2]),
        ("?score_min=-5&score_max=0", &[2, 3]),
        ("?score_max=-6", &[]),
        ("?keyword=PLANNER", &[2]),
        ("?page=2&page_size=3", &[3]),
    ] {
        assert_eq!(rank(query), expected, "{query}");
    }
    for (query, field) in [
        ("score_min=1&score_max=0", "score_min"),
        ("score_min=x", "score_min"),
        ("sort_by=name", "sort_by"),
        ("sort_by=", "sort_by"),
        ("sort_order=", "sort_order"),
        ("role=", "role"),
        ("status=gone", "status"),
        ("page_size=0", "page_size"),
    ] {
        server.admin().get(&format!("{path}?{query}")).wrong_fields(&[field]);
    }
}

#[test]
fn every_score_change_is_found() {
    let server = TestServer::start();
    let (first, second, work) = (server.executor(), server.executor(), server.work());
    adjust(&server, &first, 5, "Quick_work", None);
    adjust(&server, &second, -3, "slow", Some(&work));
    adjust(&server, &first, -1, "QUICK", Some(&work));
    let path = "/api/admin/scores/logs";
    let newest = server.admin().get(&format!("{path}?page_size=1")).ok()["items"][0].clone();
    assert_eq!(
        newest,
        json!({"id": newest["id"], "agent_id": first.id, "agent_name": first.name,
            "sub_task_id": work, "reason": "manual: QUICK", "score_delta": -1,
            "created_at": "2026-09-21T14:13:23.000000Z"})
    );
    for (query, expected) in [
        (String::new(), &[-1, -3, 5][..]),
        ("?sort_order=asc".to_owned(), &[5, -3, -1]),
        (format!("?agent_id={}", first.id), &[-1, 5]),
        (format!("?agent_id={}&score_sign=negative", first.id), &[-1]),
        (format!("?agent_id={}&sub_task_id={work}", second.id), &[-3]),
        (format!("?sub_task_id={work}&sort_order=asc"), &[-3, -1]),
        ("?score_sign=positive".to_owned(), &[5]),
        ("?score_sign=negative".to_owned(), &[-1, -3]),
        ("?keyword=quick".to_owned(), &[-1, 5]),
        ("?keyword=K_w".to_owned(), &[5]),
        ("?keyword=%25".to_owned(), &[]),
        ("?keyword=quick&score_sign=positive".to_owned(), &[5]),
        (format!("?agent_id={NOBODY}"), &[]),
        ("?agent_id=x".to_owned(), &[]),
        ("?agent_id=&sub_task_id=&keyword=".to_owned(), &[-1, -3, 5]),
        ("?page=2&page_size=2".to_owned(), &[5]),
    ] {
        let deltas = column(&server, &format!("{path}{query}"), "score_delta");
        let deltas: Vec<_> = deltas.iter().map(|delta| delta.as_i64().unwrap()).collect();
        assert_eq!(deltas, expected, "{query}");
    }
    for (query, field) in [
        ("score_sign=zero", "score_sign"),
        ("score_sign=", "score_sign"),
        ("sort_order=up", "sort_order"),
        ("page=x", "page"),
    ] {
        server.admin().get(&format!("{path}?{query}")).wrong_fields(&[field]);
    }
    for path in ["leaderboard", "summary", "logs"] {
        let path = format!("/api/admin/scores/{path}");
        first.get(&path).refused(403, "admin.no_session");
        server.anyone().get(&path).refused(403, "admin.no_session");
    }
}

#[test]
fn everybodys_activity_log_is_found() {
    let server = TestServer::start_with(|settings| settings.admin.session_hours = 24 * 365);
    let (executor, planner, work) = (server.executor(), server.planner(), server.work());
    for (who, action, summary, about, days) in [
        (&executor, "coding", "Half_done", Some(&work), 70),
        (&planner, "plan", "half", None, 3),
        (&executor, "blocked", "é", None, 0),
    ] {
        let entry =
            json!({"action": action, "summary": summary, "sub_task_id": about, "session_id": "s"});
        who.post("/api/logs", &entry).ok();
        server.clock.advance(Duration::from_hours(24 * days));
    }
    let path = "/api/admin/logs";
    let newest = server.admin().get(&format!("{path}?page_size=1")).ok()["items"][0].clone();
    assert_eq!(
        newest,
        json!({"id": newest["id"], "agent_id": executor.id, "agent_name": executor.name,
            "agent_role": "executor", "sub_task_id": null, "action": "blocked", "summary": "é",
            "session_id": "s", "created_at": newest["created_at"]})
    );
    for (query, expected) in [
        (String::new(), &["é", "half", "Half_done"][..]),
        ("?sort_order=asc".to_owned(), &["Half_done", "half", "é"]),
        (format!("?agent_id={}", executor.id), &["é", "Half_done"]),
        (format!("?agent_id={}&action=coding", executor.id), &["Half_done"]),
        (format!("?sub_task_id={work}&agent_id={}", executor.id), &["Half_done"]),
        (format!("?sub_task_id={work}&action=plan"), &[]),
        ("?action=plan".to_owned(), &["half"]),
        ("?action=review".to_owned(), &[]),
        ("?keyword=HALF".to_owned(), &["half", "Half_done"]),
        ("?keyword=_".to_owned(), &["Half_done"]),
        ("?days=1".to_owned(), &["é"]),
        ("?days=4".to_owned(), &["é", "half"]),
        ("?days=5000".to_owned(), &["é", "half"]),
        ("?days=4&action=plan&keyword=half".to_owned(), &["half"]),
        ("?agent_id=x".to_owned(), &[]),
        ("?agent_id=&sub_task_id=&keyword=+".to_owned(), &["é", "half", "Half_done"]),
        ("?page=3&page_size=1".to_owned(), &["Half_done"]),
    ] {
        let summaries = column(&server, &format!("{path}{query}"), "summary");
        assert_eq!(summaries.iter().map(text).collect::<Vec<_>>(), expected, "{query}");
    }
    for (query, field) in [
        ("action=sleep", "action"),
        ("action=", "action"),
        ("days=0", "days"),
        ("sort_order=Asc", "sort_order"),
        ("page_size=101", "page_size"),
    ] {
        server.admin().get(&format!("{path}?{query}")).wrong_fields(&[field]);
    }
    executor.get(path).refused(403, "admin.no_session");
}
