//! Whatever an admin sees, an admin can change, and the log says that it was the admin.

use serde_json::{Value, json};

use crate::support::form::document;
use crate::support::{NOBODY, TestServer, text};

/// What the admin did, by the log, since `after`.
fn done_by_admin(server: &TestServer, after: u64) -> Vec<String> {
    let events = server.admin().get(&format!("/api/events?limit=500&after={after}")).ok();
    let events = events["items"].as_array().unwrap().iter();
    events.filter(|one| one["actor"]["kind"] == "admin").map(|one| text(&one["kind"])).collect()
}

fn last_event(server: &TestServer) -> u64 {
    let events = server.admin().get("/api/events?limit=500").ok();
    events["items"].as_array().unwrap().last().map_or(0, |one| one["seq"].as_u64().unwrap())
}

#[test]
fn an_admin_states_a_goal_and_steers_it_to_every_status() {
    let server = TestServer::start();
    let (admin, before) = (server.admin(), last_event(&server));
    let body = json!({"name": "Goal", "description": "In words.", "type": "recurring"});
    let task = admin.post("/api/admin/tasks", &body).ok();
    assert_eq!((&task["status"], &task["type"]), (&json!("planning"), &json!("recurring")));
    let path = format!("/api/tasks/{}", text(&task["id"]));
    let edited = admin.put(&path, &json!({"name": "Better", "description": null})).ok();
    assert_eq!((&edited["name"], &edited["description"]), (&json!("Better"), &json!("In words.")));
    let to = |status: &str| admin.put(&format!("{path}/status"), &json!({"status": status}));
    for status in ["active", "in_progress", "planning", "completed", "archived"] {
        assert_eq!(to(status).ok()["status"], status);
    }
    // Only an admin brings back what was put away or given up.
    server
        .planner()
        .put(&format!("{path}/status"), &json!({"status": "active"}))
        .refused(409, "task.not_allowed_from");
    assert_eq!(to("active").ok()["status"], "active");
    assert_eq!(admin.call("POST", &format!("{path}/cancel")).send().ok()["status"], "cancelled");
    assert_eq!(to("active").ok()["status"], "active");
    let module = admin.post(&format!("{path}/modules"), &json!({"name": "Part"})).ok();
    let edit = format!("/api/modules/{}", text(&module["id"]));
    let module = admin.put(&edit, &json!({"name": "", "description": "All of it."})).ok();
    assert_eq!((&module["name"], &module["description"]), (&json!("Part"), &json!("All of it.")));
    let done = done_by_admin(&server, before);
    assert_eq!((done.len(), &*done[0], &*done[1]), (12, "task_created", "task_edited"));
    assert_eq!(done[10..], ["module_created", "module_edited"]);
}

#[test]
fn an_admin_takes_every_step_that_the_sub_task_names() {
    let server = TestServer::start();
    let (admin, owner, other) = (server.admin(), server.executor(), server.executor());
    let task = server.task();
    let before = last_event(&server);
    let body = json!({"task_id": task, "name": "Work"});
    let id = text(&admin.post("/api/admin/sub-tasks", &body).ok()["id"]);
    let step = |step: &str, body: Value, status: &str| {
        let seen = server.look(&id);
        let allowed = seen["allowed_actions"].as_array().unwrap();
        assert!(allowed.contains(&json!(step)), "{step} is not in {allowed:?}");
        let after = admin.step_with(&id, step, &body).ok();
        assert_eq!(after["status"], status, "{step}");
        after
    };
    step("assign", json!({"agent_id": owner.id}), "assigned");
    assert_eq!(step("reassign", json!({"agent_id": other.id}), "assigned")["attempt"], 2);
    step("release", json!({}), "pending");
    step("assign", json!({"agent_id": owner.id}), "assigned");
    step("block", json!({"kind": "needs_input", "detail": "Which?"}), "blocked");
    step("requeue", json!({}), "pending");
    step("cancel", json!({}), "cancelled");
    step("reopen", json!({}), "pending");
    let path = format!("/api/sub-tasks/{id}");
    assert_eq!(admin.put(&path, &json!({"priority": "high", "name": ""})).ok()["name"], "Work");
    assert_eq!(
        done_by_admin(&server, before),
        [
            "sub_task_created",
            "sub_task_assigned",
            "sub_task_reassigned",
            "sub_task_released",
            "sub_task_assigned",
            "sub_task_blocked",
            "sub_task_requeued",
            "sub_task_cancelled",
            "sub_task_reopened",
            "sub_task_edited",
        ]
    );
    admin
        .step_with(&id, "assign", &json!({"agent_id": server.planner().id}))
        .wrong_fields(&["agent_id"]);
    admin.step_with(&id, "assign", &json!({"agent_id": NOBODY})).refused(404, "agent.not_found");
    owner.step_with(&id, "assign", &json!({"agent_id": owner.id})).refused(403, "role_not_allowed");
}

#[test]
fn an_admin_judges_like_a_reviewer_and_is_named_by_null() {
    let server = TestServer::start();
    let (admin, owner) = (server.admin(), server.executor());
    let id = server.work_in_review(&owner);
    let judge = |result: &str, score: i64| {
        let body = json!({"sub_task_id": id, "result": result, "score": score, "issues": "More."});
        admin.post("/api/review-records", &body)
    };
    let rejected = judge("rejected", 1).ok();
    assert_eq!((&rejected["reviewer_agent"], &rejected["round"]), (&json!(null), &json!(1)));
    assert_eq!(owner.get("/api/scores/me").ok()["total_score"], -5);
    owner.step(&id, "start").ok();
    owner.step(&id, "submit").ok();
    assert_eq!(server.look(&id)["allowed_actions"], json!(["approve", "reject", "cancel"]));
    assert_eq!(judge("approved", 5).ok()["round"], 2);
    assert_eq!(owner.get("/api/scores/me").ok()["total_score"], 0);
    assert_eq!(server.look(&id)["status"], "done");
    judge("approved", 5).refused(409, "sub_task.not_allowed_from");
    let events = admin.get(&format!("/api/events?sub_task_id={id}")).ok();
    let by_admin = |kind: &str| {
        let events = events["items"].as_array().unwrap().iter();
        events.filter(|one| one["kind"] == kind && one["actor"]["kind"] == "admin").count()
    };
    assert_eq!((by_admin("sub_task_rejected"), by_admin("sub_task_approved")), (1, 1));
}

/// The dashboard takes 403 for the end of its session, so it must not mean anything else.
#[test]
fn no_operation_of_an_admin_answers_a_live_session_with_403() {
    let server = TestServer::start();
    let id = server.work();
    let mut tried = 0;
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let security = operation.get("security").unwrap_or(&document()["security"]);
            let schemes = security.as_array().unwrap().iter();
            if !schemes.into_iter().any(|one| one.get("admin").is_some()) {
                continue;
            }
            let token = server.service.log_in(crate::support::PASSWORD, None).unwrap();
            let admin = server.anyone().with("X-Admin-Token", token.expose());
            let filled = path.replace("{sub_task_id}", &id);
            let filled: Vec<_> = filled
                .split('/')
                .map(|part| if part.starts_with('{') { NOBODY } else { part })
                .collect();
            let call = admin.call(&method.to_ascii_uppercase(), &filled.join("/"));
            let reply = if method == "get" { call.send() } else { call.json(&json!({})).send() };
            assert_ne!(reply.status, 403, "{reply}: {}", String::from_utf8_lossy(&reply.body));
            assert_ne!(reply.status, 401, "{reply}");
            tried += 1;
        }
    }
    assert!(tried > 40, "{tried}");
}

/// Two admins judge the same work at the same moment: one verdict, one score.
#[test]
fn of_two_admins_who_approve_at_once_one_does() {
    let server = TestServer::start();
    let owner = server.executor();
    for round in 1..=5 {
        let id = server.work_in_review(&owner);
        let body = json!({"sub_task_id": id, "result": "approved", "score": 5});
        let replies: Vec<u16> = std::thread::scope(|scope| {
            let judge = || server.admin().post("/api/review-records", &body).status;
            let both = [scope.spawn(judge), scope.spawn(judge)];
            both.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(replies.contains(&200) && replies.contains(&409), "round {round}: {replies:?}");
        let reviews = server.admin().get(&format!("/api/review-records?sub_task_id={id}")).ok();
        assert_eq!(reviews["total"], 1);
        assert_eq!(owner.get("/api/scores/me").ok()["total_score"], 5 * round);
    }
}

/// Clients send an empty name for one that shall stay.
#[test]
fn an_empty_name_in_an_edit_keeps_the_name() {
    let server = TestServer::start();
    let (planner, task) = (server.planner(), server.task());
    let id = server.sub_task(&task);
    let module = planner.post(&format!("/api/tasks/{task}/modules"), &json!({"name": "Part"})).ok();
    for path in [
        format!("/api/tasks/{task}"),
        format!("/api/sub-tasks/{id}"),
        format!("/api/modules/{}", text(&module["id"])),
    ] {
        let kept = planner.put(&path, &json!({"name": "", "description": "New."})).ok();
        assert!(!text(&kept["name"]).is_empty(), "{path}");
        assert_eq!(kept["description"], "New.", "{path}");
        assert_eq!(planner.put(&path, &json!({"name": null})).ok()["name"], kept["name"], "{path}");
        planner.put(&path, &json!({"name": " "})).wrong_fields(&["name"]);
        planner.put(&path, &json!({"name": "x".repeat(201)})).wrong_fields(&["name"]);
        server.executor().put(&path, &json!({"name": "x"})).refused(403, "role_not_allowed");
    }
}
