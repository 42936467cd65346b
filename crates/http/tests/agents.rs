//! Agents: how they come in, who they are, and how the admin lets them in and out.

use openmoss_domain::Role;
use openmoss_service::settings::Secret;
use serde_json::{Value, json};

use crate::support::{Client, NOBODY, REGISTRATION_TOKEN, Reply, TestServer, text};

fn registrant(server: &TestServer, token: &str) -> Client {
    server.anyone().with("X-Registration-Token", token)
}

fn register(server: &TestServer, body: &Value) -> Reply {
    registrant(server, REGISTRATION_TOKEN).post("/api/agents/register", body)
}

fn is_api_key(key: &str) -> bool {
    let hex = key.strip_prefix("ak_").unwrap_or_default();
    hex.len() == 32 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[test]
fn an_agent_registers_itself_and_its_key_works_in_both_headers() {
    let server = TestServer::start();
    let body = json!({"name": " scout ", "role": "executor", "description": "Looks ahead.\n"});
    let registered = register(&server, &body).ok();
    assert_eq!((&registered["name"], &registered["role"]), (&json!("scout"), &json!("executor")));
    let key = text(&registered["api_key"]);
    assert!(is_api_key(&key), "{key}");

    for (header, value) in [("Authorization", format!("Bearer {key}")), ("X-Agent-Key", key)] {
        let me = server.anyone().with(header, &value).get("/api/scores/me").ok();
        assert_eq!(me["agent_id"], registered["id"], "{header}");
    }
    let listed = server.admin().get("/api/agents").ok();
    assert_eq!(
        listed,
        json!([{
            "id": registered["id"], "name": "scout", "role": "executor",
            "description": "Looks ahead.\n", "status": "active", "total_score": 0, "capabilities": [], "avatar": null,
        }])
    );
}

#[test]
fn registration_needs_the_token() {
    let server = TestServer::start();
    let body = json!({"name": "scout", "role": "executor"});
    server.anyone().post("/api/agents/register", &body).refused(401, "unauthenticated");
    for wrong in ["", "x", "registration-token-of-the-test", " "] {
        registrant(&server, wrong).post("/api/agents/register", &body).refused(403, "forbidden");
    }
    // The admin has a door of its own.
    server.admin().post("/api/agents/register", &body).refused(401, "unauthenticated");
    assert_eq!(server.admin().get("/api/agents").ok(), json!([]));
}

#[test]
fn registration_can_be_switched_off() {
    let server = TestServer::start_with(|settings| settings.agent.allow_registration = false);
    let body = json!({"name": "scout", "role": "executor"});
    let right = register(&server, &body).refused(403, "forbidden");
    let wrong = registrant(&server, "x").post("/api/agents/register", &body);
    assert_eq!(wrong.refused(403, "forbidden"), right, "the token is not looked at");
    server.admin().post("/api/agents", &body).ok();
}

#[test]
fn an_empty_registration_token_lets_nobody_in() {
    let server =
        TestServer::start_with(|settings| settings.agent.registration_token = Secret::default());
    let body = json!({"name": "scout", "role": "executor"});
    registrant(&server, "").post("/api/agents/register", &body).refused(403, "forbidden");
}

#[test]
fn only_wrong_registration_tokens_are_counted() {
    let server = TestServer::start();
    for number in 0..15 {
        register(&server, &json!({"name": format!("agent {number}"), "role": "executor"})).ok();
    }
    let body = json!({"name": "late", "role": "executor"});
    let guess = || registrant(&server, "wrong").post("/api/agents/register", &body);
    let refused = (0..20).map(|_| guess()).find(|reply| reply.status == 429);
    let refused = refused.expect("guessing is throttled");
    refused.refused(429, "too_many_tries");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    register(&server, &body).ok();
}

#[test]
fn what_a_new_agent_must_have_is_told_field_by_field() {
    let server = TestServer::start();
    for (body, field) in [
        (json!({"role": "executor"}), "name"),
        (json!({"name": "x"}), "role"),
        (json!({"name": "x", "role": "boss"}), "role"),
        (json!({"name": "x", "role": "Executor"}), "role"),
        (json!({"name": "x", "role": null}), "role"),
        (json!({"name": 5, "role": "executor"}), "name"),
        (json!({"name": "", "role": "executor"}), "name"),
        (json!({"name": " \t", "role": "executor"}), "name"),
        (json!({"name": "x".repeat(101), "role": "executor"}), "name"),
        (json!({"name": "a\nb", "role": "executor"}), "name"),
        (json!({"name": "x", "role": "executor", "description": 5}), "description"),
        (json!({"name": "x", "role": "executor", "description": "\u{0}"}), "description"),
        (
            json!({"name": "x", "role": "executor", "description": "x".repeat(65_537)}),
            "description",
        ),
    ] {
        register(&server, &body).wrong_fields(&[field]);
        server.admin().post("/api/agents", &body).wrong_fields(&[field]);
        server.admin().post("/api/admin/agents", &body).wrong_fields(&[field]);
    }
    let both = json!({"name": "", "role": "executor", "description": "\u{1}"});
    register(&server, &both).wrong_fields(&["name", "description"]);
    assert_eq!(server.admin().get("/api/agents").ok(), json!([]));
    let unknown_role = register(&server, &json!({"name": "x", "role": "boss"}));
    let message = &unknown_role.json()["errors"][0]["message"];
    assert_eq!(message, "must be one of: planner, executor, reviewer, patrol");
}

#[test]
fn a_name_belongs_to_one_agent() {
    let server = TestServer::start();
    let body = json!({"name": "scout", "role": "executor", "nonsense": true});
    register(&server, &body).ok();
    register(&server, &body).refused(409, "already_exists");
    server.admin().post("/api/agents", &body).refused(409, "already_exists");
    server.admin().post("/api/admin/agents", &body).refused(409, "already_exists");
    assert_eq!(server.admin().get("/api/agents").ok().as_array().unwrap().len(), 1);
}

#[test]
fn the_admin_creates_agents_on_both_paths() {
    let server = TestServer::start();
    for path in ["/api/agents", "/api/admin/agents"] {
        let body = json!({"name": server.name("agent"), "role": "patrol", "description": null});
        let created = server.admin().post(path, &body).ok();
        assert!(is_api_key(created["api_key"].as_str().unwrap()));
        server.executor().post(path, &body).refused(403, "admin.no_session");
    }
}

#[test]
fn a_disabled_agent_is_refused_everywhere_until_it_is_enabled() {
    let server = TestServer::start();
    let executor = server.executor();
    let work = server.work();
    for path in ["/api/agents", "/api/admin/agents"] {
        let status = |status: &str| {
            let path = format!("{path}/{}/status", executor.id);
            server.admin().put(&path, &json!({"status": status}))
        };
        assert_eq!(status("disabled").ok()["status"], "disabled");
        assert_eq!(status("disabled").ok()["status"], "disabled");
        executor.get("/api/scores/me").refused(403, "agent.disabled");
        executor.get("/api/agents").refused(403, "agent.disabled");
        executor.step(&work, "claim").refused(403, "agent.disabled");
        assert_eq!(status("active").ok()["status"], "active");
        executor.get("/api/scores/me").ok();
    }
}

#[test]
fn the_status_of_an_agent_is_checked_before_it_changes() {
    let server = TestServer::start();
    let executor = server.executor();
    for path in ["/api/agents", "/api/admin/agents"] {
        let of = |id: &str| format!("{path}/{id}/status");
        for body in [json!({}), json!({"status": "busy"}), json!({"status": 1})] {
            server.admin().put(&of(&executor.id), &body).wrong_fields(&["status"]);
        }
        let body = json!({"status": "disabled"});
        for id in [NOBODY, "x", "%F0%9F%92%A9"] {
            server.admin().put(&of(id), &body).refused(404, "agent.not_found");
        }
        executor.put(&of(&executor.id), &body).refused(403, "admin.no_session");
    }
    executor.get("/api/scores/me").ok();
}

#[test]
fn a_new_key_ends_the_old_one_at_once() {
    let server = TestServer::start();
    let executor = server.executor();
    executor.get("/api/scores/me").ok();
    let path = |id: &str| format!("/api/admin/agents/{id}/reset-key");
    let reset = server.admin().post(&path(&executor.id), &json!({})).ok();
    assert_eq!(reset["agent_id"], executor.id.as_str());
    let key = text(&reset["new_api_key"]);
    assert!(is_api_key(&key) && key != executor.key);
    executor.get("/api/scores/me").refused(401, "unauthenticated");
    server.anyone().with("X-Agent-Key", &key).get("/api/scores/me").ok();
    server.admin().post(&path(NOBODY), &json!({})).refused(404, "agent.not_found");
}

#[test]
fn agents_are_listed_oldest_first_and_filtered_exactly() {
    let server = TestServer::start();
    let [planner, first, second] = [Role::Planner, Role::Executor, Role::Executor].map(|role| {
        server.clock.advance(std::time::Duration::from_secs(1));
        server.agent(role)
    });
    let status = json!({"status": "disabled"});
    server.admin().put(&format!("/api/agents/{}/status", second.id), &status).ok();
    let ids = |query: &str| -> Vec<String> {
        let found = planner.get(&format!("/api/agents{query}")).ok();
        found.as_array().unwrap().iter().map(|agent| text(&agent["id"])).collect()
    };
    let all = [&planner, &first, &second].map(|agent| agent.id.clone());
    assert_eq!(ids(""), all);
    assert_eq!(ids("?role=&status="), all);
    assert_eq!(ids("?role=executor"), all[1..]);
    assert_eq!(ids("?role=executor&status=active"), all[1..2]);
    assert_eq!(ids("?status=disabled"), all[2..]);
    for nothing in
        ["?role=boss", "?role=EXECUTOR", "?status=busy", "?role=%25", "?role=%F0%9F%92%A9"]
    {
        assert_eq!(ids(nothing), [""; 0], "{nothing}");
    }
}

#[test]
fn each_role_gets_its_skill_with_its_key_filled_in() {
    let server = TestServer::start();
    let mut skills = Vec::new();
    for role in Role::ALL {
        let agent = server.agent(*role);
        let reply = agent.get("/api/agents/me/skill");
        assert_eq!(reply.header("content-type"), "text/plain; charset=utf-8");
        let skill = reply.text();
        assert!(skill.contains(&agent.key), "{role}");
        assert!(!skill.contains("<注册后填入>"), "{role}");
        skills.push(skill.replace(&agent.key, ""));
    }
    skills.sort();
    skills.dedup();
    assert_eq!(skills.len(), Role::ALL.len(), "the skills differ");
    server.admin().get("/api/agents/me/skill").refused(401, "unauthenticated");
}

/// SQLite has one writer, so only on PostgreSQL a change can come between a read and its write.
#[cfg(feature = "postgres")]
#[test]
fn whoever_is_overtaken_is_told_to_read_again() {
    let server = TestServer::start();
    if !server.db.is_postgres() {
        return;
    }
    let agent = server.executor();
    let (mut other, mut watch) = (server.db.raw(), server.db.raw());
    other.run(&format!("BEGIN; UPDATE agent SET status = 'disabled' WHERE id = '{}'", agent.id));
    let waiting =
        "SELECT COUNT(*) AS n FROM pg_locks waits JOIN pg_locks held ON held.pid = waits.pid
        WHERE NOT waits.granted AND held.relation = 'agent'::regclass";
    let reply = std::thread::scope(|scope| {
        let path = format!("/api/agents/{}/status", agent.id);
        let admin = server.admin();
        let overtaken = scope.spawn(move || admin.put(&path, &json!({"status": "disabled"})));
        while watch.number(waiting) == 0 && !overtaken.is_finished() {
            std::thread::yield_now();
        }
        other.run("COMMIT");
        overtaken.join().unwrap()
    });
    reply.refused(409, "concurrent_change");
    let path = format!("/api/agents/{}/status", agent.id);
    server.admin().put(&path, &json!({"status": "active"})).ok();
}
