//! `Idempotency-Key`: whoever did not hear the answer asks again, and nothing happens twice.

use serde_json::{Value, json};

use crate::support::{Client, REGISTRATION_TOKEN, Reply, TestServer, text};

fn keyed(client: &Client, key: &str, path: &str, body: &Value) -> Reply {
    client.call("POST", path).header("Idempotency-Key", key).json(body).send()
}

fn events(server: &TestServer) -> usize {
    server.admin().get("/api/events?limit=500").ok()["items"].as_array().unwrap().len()
}

/// Sends twice; the answers are the same and the second has no effect. Then another body.
#[track_caller]
fn twice(server: &TestServer, client: &Client, path: &str, body: &Value) -> Value {
    let key = server.name("key");
    let first = keyed(client, &key, path, body).ok();
    let before = events(server);
    assert_eq!(keyed(client, &key, path, body).ok(), first, "{path}");
    assert_eq!(events(server), before, "{path}");
    // One more space is another request already.
    let other = client.call("POST", path).header("Idempotency-Key", &key);
    other.body(format!("{body} ")).send().refused(422, "idempotency_key_reused");
    first
}

#[test]
fn every_post_that_changes_something_is_done_once() {
    let server = TestServer::start();
    let (planner, executor, reviewer) = (server.planner(), server.executor(), server.reviewer());
    let task = text(&twice(&server, &planner, "/api/tasks", &json!({"name": "Goal"}))["id"]);
    let of_task = |what: &str| format!("/api/tasks/{task}/{what}");
    twice(&server, &planner, &of_task("modules"), &json!({"name": "Module"}));
    twice(
        &server,
        &planner,
        &of_task("plan"),
        &json!({"sub_tasks": [{"name": "a"}, {"name": "b"}]}),
    );
    let body = json!({"task_id": task, "name": "Work"});
    let id = text(&twice(&server, &planner, "/api/sub-tasks", &body)["id"]);
    let at = |step: &str| format!("/api/sub-tasks/{id}/{step}");
    let none = json!({});

    twice(&server, &executor, &at("claim"), &none);
    twice(&server, &executor, &at("release"), &none);
    twice(&server, &executor, &at("claim"), &none);
    twice(&server, &executor, &at("start"), &none);
    twice(&server, &executor, &at("session"), &json!({"session_id": "s"}));
    twice(&server, &executor, &at("heartbeat"), &json!({"progress": "Half"}));
    twice(&server, &executor, &at("submit"), &json!({"summary": "Done"}));
    let verdict = json!({"sub_task_id": id, "result": "rejected", "score": 1, "issues": "No."});
    twice(&server, &reviewer, "/api/review-records", &verdict);
    assert_eq!(executor.get("/api/scores/me").ok()["total_score"], -5);
    twice(&server, &executor, &at("block"), &json!({"kind": "resource"}));
    twice(&server, &planner, &at("requeue"), &none);
    twice(&server, &planner, &at("reassign"), &json!({"agent_id": executor.id}));
    executor.step(&id, "start").ok();
    executor.step(&id, "submit").ok();
    twice(&server, &reviewer, &at("rework"), &none);
    executor.step(&id, "start").ok();
    executor.step(&id, "submit").ok();
    twice(&server, &reviewer, &at("complete"), &none);
    twice(&server, &planner, &at("reopen"), &none);
    twice(&server, &planner, &at("cancel"), &none);
    twice(&server, &executor, "/api/sub-tasks/claim-next", &none);
    twice(&server, &executor, "/api/logs", &json!({"action": "coding"}));
    let adjust = json!({"agent_id": executor.id, "score_delta": 7, "reason": "x"});
    twice(&server, &reviewer, "/api/scores/adjust", &adjust);
    let adjusted = twice(&server, server.admin(), "/api/admin/scores/adjust", &adjust);
    assert_eq!(adjusted["current_total_score"], 9);
    assert_eq!(executor.get("/api/scores/me").ok()["total_score"], 9);
    let rule = json!({"scope": "task", "task_id": task, "content": "x"});
    twice(&server, server.admin(), "/api/rules", &rule);
    twice(&server, &planner, &of_task("cancel"), &none);

    assert_eq!(executor.get("/api/logs").ok().as_array().unwrap().len(), 1);
    assert_eq!(planner.get(&of_task("modules")).ok().as_array().unwrap().len(), 1);
    assert_eq!(planner.get(&format!("/api/sub-tasks?task_id={task}")).ok()["total"], 3);
}

#[test]
fn a_repeated_registration_gets_a_key_that_works_for_the_same_agent() {
    let server = TestServer::start();
    let registrant = server.anyone().with("X-Registration-Token", REGISTRATION_TOKEN);
    for (client, path) in [
        (&registrant, "/api/agents/register"),
        (server.admin(), "/api/agents"),
        (server.admin(), "/api/admin/agents"),
    ] {
        let body = json!({"name": server.name("agent"), "role": "executor"});
        let key = server.name("key");
        let first = keyed(client, &key, path, &body).ok();
        let again = keyed(client, &key, path, &body).ok();
        assert_eq!(again["id"], first["id"]);
        assert_ne!(again["api_key"], first["api_key"], "keys are not kept, so there is a new one");
        let works = |answer: &Value| {
            server.anyone().with("X-Agent-Key", &text(&answer["api_key"])).get("/api/scores/me")
        };
        assert_eq!(works(&again).ok()["agent_id"], first["id"]);
        works(&first).refused(401, "unauthenticated");
        let other = json!({"name": "another", "role": "executor"});
        keyed(client, &key, path, &other).refused(422, "idempotency_key_reused");
    }
    assert_eq!(server.admin().get("/api/agents").ok().as_array().unwrap().len(), 3);
}

#[test]
fn a_key_belongs_to_who_sent_it_and_to_what_was_asked() {
    let server = TestServer::start();
    let (first, second) = (server.planner(), server.planner());
    let body = json!({"name": "Goal"});
    let a = keyed(&first, "same", "/api/tasks", &body).ok();
    let b = keyed(&second, "same", "/api/tasks", &body).ok();
    let c = keyed(server.admin(), "same", "/api/tasks", &body).ok();
    assert!(a["id"] != b["id"] && b["id"] != c["id"]);
    assert_eq!(server.admin().get("/api/tasks").ok()["total"], 3);
    let module = format!("/api/tasks/{}/modules", text(&a["id"]));
    keyed(&first, "same", &module, &body).refused(422, "idempotency_key_reused");
    keyed(&first, "same", "/api/tasks?x=1", &body).refused(422, "idempotency_key_reused");
    keyed(&first, "Same", "/api/tasks", &body).ok();
}

#[test]
fn a_refused_request_may_be_sent_again_with_the_same_key() {
    let server = TestServer::start();
    let executor = server.executor();
    let id = server.work();
    let path = format!("/api/sub-tasks/{id}/start");
    keyed(&executor, "k", &path, &json!({})).refused(409, "sub_task.not_owner");
    executor.step(&id, "claim").ok();
    keyed(&executor, "k", &path, &json!({})).ok();
}

#[test]
fn a_late_submission_is_kept_once() {
    let server = TestServer::start();
    let (former, owner) = (server.executor(), server.executor());
    let id = server.work();
    former.step(&id, "claim").ok();
    server.admin().step_with(&id, "reassign", &json!({"agent_id": owner.id})).ok();
    let path = format!("/api/sub-tasks/{id}/submit");
    let submit = || {
        keyed(&former, "k", &path, &json!({"summary": "Late"})).refused(409, "sub_task.not_owner")
    };
    assert_eq!(submit(), submit());
    let kept = owner.get(&format!("/api/sub-tasks/{id}/submissions")).ok();
    assert_eq!(kept["total"], 1);
}

#[test]
fn a_repeat_is_answered_even_when_the_world_went_on() {
    let server = TestServer::start();
    let (executor, planner) = (server.executor(), server.planner());
    let id = server.work();
    let path = format!("/api/sub-tasks/{id}/claim");
    let first = keyed(&executor, "k", &path, &json!({})).ok();
    planner.step(&id, "cancel").ok();
    let again = keyed(&executor, "k", &path, &json!({})).ok();
    assert_eq!((&again["status"], &again["version"]), (&first["status"], &first["version"]));
}

#[test]
fn a_key_is_forgotten_after_a_day() {
    let server = TestServer::start();
    let planner = server.planner();
    let task = |name: &str| keyed(&planner, "k", "/api/tasks", &json!({"name": name}));
    task("One").ok();
    server.clock.advance(std::time::Duration::from_hours(25));
    server.service.tidy_up().unwrap();
    task("Two").ok();
    assert_eq!(planner.get("/api/tasks").ok()["total"], 2);
}

#[test]
fn a_key_has_a_form() {
    let server = TestServer::start();
    let planner = server.planner();
    let body = json!({"name": "x"});
    for wrong in [&b""[..], b" ", &[b'x'; 256], "schlüssel".as_bytes(), b"\xff"] {
        let call = planner.call("POST", "/api/tasks").header("Idempotency-Key", wrong);
        call.json(&body).send().wrong_fields(&["Idempotency-Key"]);
    }
    assert_eq!(planner.get("/api/tasks").ok()["total"], 0);
    let longest = "x".repeat(255);
    keyed(&planner, &longest, "/api/tasks", &body).ok();
    // Only a POST is repeated by it.
    let read = planner.call("GET", "/api/tasks").header("Idempotency-Key", longest).send();
    assert_eq!(read.ok()["total"], 1);
}

#[test]
fn one_of_many_twins_takes_effect() {
    let server = TestServer::start();
    let planner = server.planner();
    let body = json!({"name": "Once"});
    let answers: Vec<_> = std::thread::scope(|scope| {
        let send = || keyed(&planner, "k", "/api/tasks", &body);
        let running: Vec<_> = (0..8).map(|_| scope.spawn(send)).collect();
        running.into_iter().map(|one| one.join().unwrap().ok()).collect()
    });
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(planner.get("/api/tasks").ok()["total"], 1);
}
