//! Scores.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, NOBODY, Reply, TestServer};

const ADJUST: &str = "/api/scores/adjust";
const ADMIN_ADJUST: &str = "/api/admin/scores/adjust";

fn adjust(client: &Client, path: &str, agent: &str, delta: i64) -> Reply {
    client.post(path, &json!({"agent_id": agent, "score_delta": delta, "reason": "Well done"}))
}

#[test]
fn a_change_by_hand_is_in_the_log_and_in_the_total() {
    let server = TestServer::start();
    let (executor, reviewer) = (server.executor(), server.reviewer());
    let work = server.work();
    let body = json!({"agent_id": executor.id, "score_delta": "7", "reason": " Well done ", "sub_task_id": work});
    let change = reviewer.post(ADJUST, &body).ok();
    assert_eq!(
        change,
        json!({
            "id": change["id"], "agent_id": executor.id, "sub_task_id": work,
            "reason": "manual: Well done", "score_delta": 7,
            "created_at": "2026-09-21T14:13:20.000000Z",
        })
    );
    server.clock.advance(Duration::from_secs(1));
    let second = adjust(server.admin(), ADMIN_ADJUST, &executor.id, -10).ok();
    assert_eq!(
        (&second["current_total_score"], &second["sub_task_id"]),
        (&json!(-3), &Value::Null)
    );
    assert_eq!(
        executor.get("/api/scores/me").ok(),
        json!({
            "agent_id": executor.id, "agent_name": executor.name, "total_score": -3, "rank": 2,
            "total_agents": 2, "reward_count": 1, "penalty_count": 1, "total_records": 2,
        })
    );
    let of_one = server.admin().get(&format!("/api/scores/{}", executor.id)).ok();
    assert_eq!(of_one, executor.get("/api/scores/me").ok());
    let mine = executor.get("/api/scores/me/logs").ok();
    assert_eq!((&mine["total"], &mine["items"][1]), (&json!(2), &change), "newest first");
    assert_eq!(reviewer.get(&format!("/api/scores/{}/logs", executor.id)).ok(), mine);
}

#[test]
fn only_reviewers_and_planners_adjust_and_never_their_own() {
    let server = TestServer::start();
    let executor = server.executor();
    for other in [&executor, &server.patrol()] {
        adjust(other, ADJUST, &executor.id, 5).refused(403, "role_not_allowed");
    }
    for judge in [server.reviewer(), server.planner()] {
        adjust(&judge, ADJUST, &judge.id, 5).refused(403, "score.own");
        adjust(&judge, ADJUST, &executor.id, 5).ok();
        adjust(&judge, ADMIN_ADJUST, &executor.id, 5).refused(403, "admin.no_session");
    }
    adjust(server.admin(), ADJUST, &executor.id, 5).refused(401, "unauthenticated");
    assert_eq!(executor.get("/api/scores/me").ok()["total_score"], 10);
}

#[test]
fn what_a_change_must_have_is_told_field_by_field() {
    let server = TestServer::start();
    let (executor, reviewer) = (server.executor(), server.reviewer());
    let right = json!({"agent_id": executor.id, "score_delta": 1, "reason": "x"});
    for (field, value) in [
        ("agent_id", json!(5)),
        ("agent_id", Value::Null),
        ("score_delta", json!(0)),
        ("score_delta", json!(1_000_001)),
        ("score_delta", json!(-1_000_001)),
        ("score_delta", json!(i64::MIN)),
        ("score_delta", json!(i64::MAX)),
        ("score_delta", json!(1e30)),
        ("score_delta", json!(0.5)),
        ("score_delta", json!("many")),
        ("score_delta", Value::Null),
        ("reason", json!("")),
        ("reason", json!("  ")),
        ("reason", json!("a\nb")),
        ("reason", json!("x".repeat(101))),
        ("reason", Value::Null),
        ("sub_task_id", json!(5)),
    ] {
        let mut body = right.clone();
        body[field] = value;
        reviewer.post(ADJUST, &body).wrong_fields(&[field]);
        server.admin().post(ADMIN_ADJUST, &body).wrong_fields(&[field]);
    }
    for missing in ["agent_id", "score_delta", "reason"] {
        let mut body = right.clone();
        body.as_object_mut().unwrap().remove(missing);
        reviewer.post(ADJUST, &body).wrong_fields(&[missing]);
    }
    for (field, value, code) in [
        ("agent_id", NOBODY, "agent.not_found"),
        ("agent_id", "x", "agent.not_found"),
        ("sub_task_id", NOBODY, "sub_task.not_found"),
        ("sub_task_id", "nope", "sub_task.not_found"),
    ] {
        let mut body = right.clone();
        body[field] = json!(value);
        reviewer.post(ADJUST, &body).refused(404, code);
        server.admin().post(ADMIN_ADJUST, &body).refused(404, code);
    }
    assert_eq!(executor.get("/api/scores/me").ok()["total_records"], 0);
}

#[test]
fn the_leaderboard_has_everybody_with_a_place_of_its_own() {
    let server = TestServer::start();
    let agents: Vec<_> = (0..4).map(|_| server.executor()).collect();
    adjust(server.admin(), ADMIN_ADJUST, &agents[2].id, 5).ok();
    adjust(server.admin(), ADMIN_ADJUST, &agents[0].id, -5).ok();
    let board = agents[1].get("/api/scores/leaderboard").ok();
    let rows = board.as_array().unwrap();
    let column = |name: &str| rows.iter().map(|row| row[name].clone()).collect::<Vec<_>>();
    assert_eq!(column("rank"), [1, 2, 3, 4]);
    assert_eq!(column("total_score"), [5, 0, 0, -5]);
    assert_eq!(
        (&rows[0]["agent_id"], &rows[0]["agent_name"]),
        (&json!(agents[2].id), &json!(agents[2].name))
    );
    assert_eq!(rows[0]["role"], "executor");
    // The rank of one's own is another: who ties shares it.
    assert_eq!(agents[1].get("/api/scores/me").ok()["rank"], 2);
    assert_eq!(agents[3].get("/api/scores/me").ok()["rank"], 2);
    assert_eq!(agents[0].get("/api/scores/me").ok()["rank"], 4);
}

#[test]
fn scores_of_unknown_agents_are_404_and_their_logs_empty() {
    let server = TestServer::start();
    let executor = server.executor();
    for unknown in [NOBODY, "x"] {
        server.admin().get(&format!("/api/scores/{unknown}")).refused(404, "agent.not_found");
        let log = executor.get(&format!("/api/scores/{unknown}/logs")).ok();
        assert_eq!((&log["items"], &log["total"]), (&json!([]), &json!(0)));
    }
    executor.get(&format!("/api/scores/{}", executor.id)).refused(403, "admin.no_session");
    server.admin().get("/api/scores/me").refused(401, "unauthenticated");
}
