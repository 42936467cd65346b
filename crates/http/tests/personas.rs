//! Who agents are to people: personas, achievements, partners.

use openmoss_domain::Role;
use serde_json::{Value, json};

use crate::support::{Agent, NOBODY, TestServer};

const MINE: &str = "/api/agents/me/persona";

fn of(agent: &Agent) -> String {
    format!("/api/admin/agents/{}", agent.id)
}

#[test]
fn an_agent_says_how_it_looks_and_everybody_sees_it() {
    let server = TestServer::start();
    let agent = server.executor();
    let nothing = json!({"avatar": null, "signature": "", "work_style": []});
    assert_eq!(agent.get(MINE).ok(), nothing);
    let body =
        json!({"avatar": "🦉", "signature": "Slow is smooth.", "work_style": ["careful", "细心"]});
    assert_eq!(agent.put(MINE, &body).ok(), body);
    assert_eq!(agent.get(MINE).ok(), body);
    let detail = server.admin().get(&of(&agent)).ok();
    for field in ["avatar", "signature", "work_style"] {
        assert_eq!(detail[field], body[field]);
    }
    let admin = server.admin();
    assert_eq!(admin.get("/api/admin/agents").ok()["items"][0]["avatar"], "🦉");
    assert_eq!(admin.get("/api/admin/scores/leaderboard").ok()["items"][0]["avatar"], "🦉");
    assert_eq!(admin.get("/api/feed/agent-summary").ok()[0]["avatar"], "🦉");
    assert_eq!(agent.get("/api/agents").ok()[0]["avatar"], "🦉");

    // What is absent or null stays, what is empty is cleared.
    let kept = agent.put(MINE, &json!({"avatar": "face-3", "signature": null})).ok();
    assert_eq!((&kept["avatar"], &kept["signature"]), (&json!("face-3"), &body["signature"]));
    let cleared = json!({"avatar": "", "signature": " ", "work_style": []});
    assert_eq!(agent.put(MINE, &cleared).ok(), nothing);
    server.admin().put(MINE, &body).refused(401, "unauthenticated");
    server.anyone().get(MINE).refused(401, "unauthenticated");
}

#[test]
fn the_admin_changes_a_persona_with_the_rest_of_an_agent() {
    let server = TestServer::start();
    let agent = server.planner();
    let body =
        json!({"name": "Ann", "avatar": " 🦀 ", "signature": "Plans.", "work_style": ["fast"]});
    assert_eq!(server.admin().put(&of(&agent), &body).ok()["avatar"], "🦀");
    let detail = server.admin().get(&of(&agent)).ok();
    assert_eq!((&detail["name"], &detail["signature"]), (&json!("Ann"), &json!("Plans.")));
    server.admin().put(&of(&agent), &json!({"description": "Tidy."})).ok();
    assert_eq!(agent.get(MINE).ok()["work_style"], json!(["fast"]));
}

#[test]
fn a_wrong_persona_names_every_wrong_field_and_changes_nothing() {
    let server = TestServer::start();
    let agent = server.executor();
    let many: Vec<String> = (0..7).map(|n| n.to_string()).collect();
    for (body, fields) in [
        (json!({"avatar": "<svg onload=alert(1)>"}), &["avatar"][..]),
        (json!({"avatar": "https://example.com/a.png"}), &["avatar"]),
        (json!({"avatar": "🦀🦀"}), &["avatar"]),
        (json!({"avatar": 5}), &["avatar"]),
        (json!({"signature": "x".repeat(121)}), &["signature"]),
        (json!({"signature": "a\nb"}), &["signature"]),
        (json!({"work_style": many}), &["work_style"]),
        (json!({"work_style": "fast"}), &["work_style"]),
        (json!({"work_style": ["ok", "", "x".repeat(25)]}), &["work_style[1]", "work_style[2]"]),
        (
            json!({"avatar": "crab", "signature": "\u{0}", "work_style": [""]}),
            &["avatar", "signature", "work_style[0]"],
        ),
    ] {
        agent.put(MINE, &body).wrong_fields(fields);
        server.admin().put(&of(&agent), &body).wrong_fields(fields);
    }
    agent.put(MINE, &json!({"colour": "red"})).wrong_fields(&["colour"]);
    let nothing = json!({"avatar": null, "signature": "", "work_style": []});
    assert_eq!(agent.get(MINE).ok(), nothing);
}

#[test]
fn what_an_agent_earned_is_shown_with_what_it_can_earn() {
    let server = TestServer::start();
    let (executor, reviewer) = (server.executor(), server.reviewer());
    let achievements =
        |agent: &Agent| server.admin().get(&format!("{}/achievements", of(agent))).ok();
    assert!(achievements(&executor).as_array().unwrap().iter().all(|one| one["progress"] == 0));
    let id = server.work_in_review(&executor);
    let verdict = json!({"sub_task_id": id, "result": "approved", "score": 5});
    reviewer.post("/api/review-records", &verdict).ok();
    let earned = achievements(&executor);
    let at = "2026-09-21T14:13:20.000000Z";
    let first = json!({"kind": "first_approval", "earned_at": at, "progress": 1, "goal": 1});
    assert_eq!(earned[0], first);
    let ten = json!({"kind": "ten_approvals", "earned_at": null, "progress": 1, "goal": 10});
    assert_eq!((&earned[1], earned.as_array().unwrap().len()), (&ten, 8));
    assert_eq!(achievements(&reviewer)[0]["kind"], "first_verdict");
    for (role, number) in [(Role::Planner, 2), (Role::Patrol, 2)] {
        assert_eq!(achievements(&server.agent(role)).as_array().unwrap().len(), number);
    }
    let events = server.admin().get("/api/events?limit=500").ok();
    let told = events["items"].as_array().unwrap().iter();
    let told: Vec<&Value> = told.filter(|event| event["kind"] == "achievement_earned").collect();
    assert_eq!(told.len(), 2);
    assert_eq!(told[0]["payload"], json!({"achievement": "first_approval"}));
    assert_eq!(told[0]["agent_id"], executor.id.as_str());

    let path = |id: &str| format!("/api/admin/agents/{id}/achievements");
    server.admin().get(&path(NOBODY)).refused(404, "agent.not_found");
    executor.get(&path(&executor.id)).refused(403, "admin.no_session");
}

#[test]
fn partners_come_in_pages_with_the_closest_first() {
    let server = TestServer::start();
    let executor = server.executor();
    let reviewers = [server.reviewer(), server.reviewer()];
    for (reviewer, times) in reviewers.iter().zip([1, 2]) {
        for _ in 0..times {
            let id = server.work_in_review(&executor);
            let verdict = json!({"sub_task_id": id, "result": "approved", "score": 4});
            reviewer.post("/api/review-records", &verdict).ok();
        }
    }
    reviewers[1].put(MINE, &json!({"avatar": "🦉"})).ok();
    let path = format!("{}/partners", of(&executor));
    let page = server.admin().get(&format!("{path}?page_size=1")).ok();
    let closest = json!({"agent_id": reviewers[1].id, "agent_name": reviewers[1].name,
        "role": "reviewer", "avatar": "🦉", "review_count": 2, "hand_over_count": 0,
        "last_at": "2026-09-21T14:13:20.000000Z"});
    assert_eq!(page["items"], json!([closest]));
    assert_eq!((&page["total"], &page["has_more"]), (&json!(2), &json!(true)));
    let page = server.admin().get(&format!("{path}?page=2&page_size=1")).ok();
    assert_eq!(page["items"][0]["agent_id"], reviewers[0].id.as_str());
    server.admin().get(&format!("{path}?page_size=101")).wrong_fields(&["page_size"]);
    let nobody = format!("/api/admin/agents/{NOBODY}/partners");
    server.admin().get(&nobody).refused(404, "agent.not_found");
    executor.get(&path).refused(403, "admin.no_session");
}
