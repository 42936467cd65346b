//! Tasks and modules.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, NOBODY, TestServer, text};

fn create(client: &Client, body: &Value) -> String {
    text(&client.post("/api/tasks", body).ok()["id"])
}

fn at(id: &str) -> String {
    format!("/api/tasks/{id}")
}

fn move_to(client: &Client, id: &str, status: &str) -> crate::support::Reply {
    client.put(&format!("{}/status", at(id)), &json!({"status": status}))
}

#[test]
fn a_new_task_begins_in_planning_with_what_was_sent() {
    let server = TestServer::start();
    let planner = server.planner();
    let body = json!({"name": " Ship it ", "description": "All\nof it.", "type": "recurring", "owner": "me"});
    let task = planner.post("/api/tasks", &body).ok();
    assert_eq!(
        task,
        json!({
            "id": task["id"], "name": "Ship it", "description": "All\nof it.",
            "type": "recurring", "status": "planning",
            "created_at": "2026-09-21T14:13:20.000000Z",
            "updated_at": "2026-09-21T14:13:20.000000Z",
        })
    );
    assert_eq!(planner.get(&at(task["id"].as_str().unwrap())).ok(), task);
    let least = planner.post("/api/tasks", &json!({"name": "x", "type": null})).ok();
    assert_eq!((&least["description"], &least["type"]), (&json!(""), &json!("once")));
}

#[test]
fn what_a_new_task_must_have_is_told_field_by_field() {
    let server = TestServer::start();
    let planner = server.planner();
    for (body, field) in [
        (json!({}), "name"),
        (json!({"name": null}), "name"),
        (json!({"name": ["x"]}), "name"),
        (json!({"name": "   "}), "name"),
        (json!({"name": "x".repeat(201)}), "name"),
        (json!({"name": "a\u{7f}b"}), "name"),
        (json!({"name": "x", "type": "sometimes"}), "type"),
        (json!({"name": "x", "type": 1}), "type"),
        (json!({"name": "x", "description": {}}), "description"),
        (json!({"name": "x", "description": "\u{1b}[2J"}), "description"),
        (json!([]), "body"),
        (json!("x"), "body"),
        (json!(["x", "y", "once"]), "body"),
    ] {
        planner.post("/api/tasks", &body).wrong_fields(&[field]);
    }
    planner.call("POST", "/api/tasks").send().wrong_fields(&["name"]);
    assert_eq!(planner.get("/api/tasks").ok()["total"], 0);
    let longest = "é".repeat(200);
    assert_eq!(
        planner.post("/api/tasks", &json!({"name": longest})).ok()["name"],
        longest.as_str()
    );
}

#[test]
fn only_planner_and_admin_steer_tasks() {
    let server = TestServer::start();
    let id = server.task();
    for other in [server.executor(), server.reviewer(), server.patrol()] {
        let refused = |reply: crate::support::Reply| reply.refused(403, "role_not_allowed");
        refused(other.post("/api/tasks", &json!({"name": "x"})));
        refused(other.put(&at(&id), &json!({"name": "y"})));
        refused(move_to(&other, &id, "active"));
        refused(other.call("POST", &format!("{}/cancel", at(&id))).send());
        refused(other.post(&format!("{}/modules", at(&id)), &json!({"name": "m"})));
        refused(other.post(&format!("{}/plan", at(&id)), &json!({"sub_tasks": [{"name": "s"}]})));
        assert_eq!(other.get(&at(&id)).ok()["status"], "planning");
    }
    assert_eq!(server.admin().get("/api/tasks").ok()["total"], 1);
    assert_eq!(server.admin().get(&format!("{}/modules", at(&id))).ok(), json!([]));
}

#[test]
fn tasks_are_listed_newest_first_and_filtered_exactly() {
    let server = TestServer::start();
    let planner = server.planner();
    let ids: Vec<_> = (0..3)
        .map(|number| {
            server.clock.advance(Duration::from_secs(1));
            create(&planner, &json!({"name": format!("Goal {number}")}))
        })
        .collect();
    move_to(&planner, &ids[1], "active").ok();
    let listed = |query: &str| -> Vec<String> {
        let page = server.executor().get(&format!("/api/tasks{query}")).ok();
        let items = page["items"].as_array().unwrap();
        assert_eq!(page["total"], items.len(), "{query}");
        items.iter().map(|task| text(&task["id"])).collect()
    };
    assert_eq!(listed(""), [&*ids[2], &*ids[1], &*ids[0]]);
    assert_eq!(listed("?status=&x=y"), [&*ids[2], &*ids[1], &*ids[0]]);
    assert_eq!(listed("?status=planning"), [&*ids[2], &*ids[0]]);
    assert_eq!(listed("?status=active"), [&*ids[1]]);
    for nothing in ["?status=ACTIVE", "?status=%25", "?status=_", "?status=active%00", "?status=9"]
    {
        assert_eq!(listed(nothing), [""; 0], "{nothing}");
    }
}

#[test]
fn unknown_tasks_are_404() {
    let server = TestServer::start();
    let planner = server.planner();
    for id in [NOBODY, "1", "x", "%20", "None"] {
        planner.get(&at(id)).refused(404, "task.not_found");
        planner.put(&at(id), &json!({"name": "x"})).refused(404, "task.not_found");
        move_to(&planner, id, "active").refused(404, "task.not_found");
        planner.call("POST", &format!("{}/cancel", at(id))).send().refused(404, "task.not_found");
        planner
            .post(&format!("{}/modules", at(id)), &json!({"name": "x"}))
            .refused(404, "task.not_found");
        let plan = json!({"sub_tasks": [{"name": "x"}]});
        planner.post(&format!("{}/plan", at(id)), &plan).refused(404, "task.not_found");
        assert_eq!(planner.get(&format!("{}/modules", at(id))).ok(), json!([]));
    }
}

#[test]
fn an_edit_keeps_what_it_does_not_name() {
    let server = TestServer::start();
    let planner = server.planner();
    let id = create(&planner, &json!({"name": "Goal", "description": "Long."}));
    let before = planner.get(&at(&id)).ok();
    server.clock.advance(Duration::from_secs(5));
    for nothing in [json!({}), json!({"name": null, "description": null}), json!({"name": "Goal"})]
    {
        assert_eq!(planner.put(&at(&id), &nothing).ok(), before, "updated_at stays, too");
    }
    let edited = planner.put(&at(&id), &json!({"description": ""})).ok();
    assert_eq!((&edited["name"], &edited["description"]), (&json!("Goal"), &json!("")));
    assert_eq!(edited["updated_at"], "2026-09-21T14:13:25.000000Z");
    assert_eq!(edited["created_at"], before["created_at"]);
    for (body, field) in [
        (json!({"name": " "}), "name"),
        (json!({"name": 5}), "name"),
        (json!({"name": "x".repeat(201)}), "name"),
        (json!({"description": ["x"]}), "description"),
    ] {
        planner.put(&at(&id), &body).wrong_fields(&[field]);
    }
    assert_eq!(planner.get(&at(&id)).ok(), edited);
}

#[test]
fn a_task_moves_as_existing_planners_move_it() {
    let server = TestServer::start();
    let planner = server.planner();
    let id = create(&planner, &json!({"name": "Goal"}));
    for status in [
        "active",
        "active",
        "in_progress",
        "planning",
        "in_progress",
        "completed",
        "active",
        "completed",
        "archived",
    ] {
        assert_eq!(move_to(&planner, &id, status).ok()["status"], status);
    }
    for wrong in [
        json!({}),
        json!({"status": "started"}),
        json!({"status": 1}),
        json!({"status": "cancelled"}),
    ] {
        planner.put(&format!("{}/status", at(&id)), &wrong).wrong_fields(&["status"]);
    }
    // What is put away is for an admin to take out again.
    let problem = move_to(&planner, &id, "active").refused(409, "task.not_allowed_from");
    assert_eq!(problem["context"]["status"], "archived");
    assert_eq!(move_to(server.admin(), &id, "active").ok()["status"], "active");
}

#[test]
fn a_task_that_is_over_is_neither_edited_nor_cancelled_nor_extended() {
    let server = TestServer::start();
    let planner = server.planner();
    let cancel = |id: &str| planner.call("POST", &format!("{}/cancel", at(id))).send();
    let cancelled = server.task();
    assert_eq!(cancel(&cancelled).ok()["status"], "cancelled");
    let archived = server.task();
    move_to(&planner, &archived, "archived").ok();
    let completed = server.task();
    move_to(&planner, &completed, "completed").ok();
    for id in [&cancelled, &archived, &completed] {
        cancel(id).refused(409, "task.not_allowed_from");
        planner.put(&at(id), &json!({"name": "x"})).refused(409, "task.not_allowed_from");
    }
    for id in [&cancelled, &archived] {
        let module = planner.post(&format!("{}/modules", at(id)), &json!({"name": "m"}));
        module.refused(409, "task.not_allowed_from");
        let body = json!({"task_id": id, "name": "late"});
        planner.post("/api/sub-tasks", &body).refused(409, "task.not_allowed_from");
    }
    // Late additions count: a completed task is opened again.
    planner.post("/api/sub-tasks", &json!({"task_id": completed, "name": "late"})).ok();
    assert_eq!(planner.get(&at(&completed)).ok()["status"], "in_progress");
}

#[test]
fn the_first_start_moves_an_active_task_on() {
    let server = TestServer::start();
    let (planner, executor) = (server.planner(), server.executor());
    let task = server.task();
    let id = server.sub_task(&task);
    move_to(&planner, &task, "active").ok();
    executor.step(&id, "claim").ok();
    assert_eq!(planner.get(&at(&task)).ok()["status"], "active");
    executor.step(&id, "start").ok();
    assert_eq!(planner.get(&at(&task)).ok()["status"], "in_progress");
    assert_eq!(planner.put(&at(&task), &json!({"name": "Renamed"})).ok()["name"], "Renamed");
}

#[test]
fn modules_are_listed_oldest_first_and_may_share_a_name() {
    let server = TestServer::start();
    let planner = server.planner();
    let id = server.task();
    let path = format!("{}/modules", at(&id));
    let first = planner.post(&path, &json!({"name": "Core", "description": "The heart."})).ok();
    assert_eq!(
        first,
        json!({"id": first["id"], "task_id": id, "name": "Core", "description": "The heart."})
    );
    server.clock.advance(Duration::from_secs(1));
    let second = planner.post(&path, &json!({"name": "Core"})).ok();
    assert_eq!(server.executor().get(&path).ok(), json!([first, second]));
    for (body, field) in [
        (json!({}), "name"),
        (json!({"name": ""}), "name"),
        (json!({"name": "x".repeat(201)}), "name"),
        (json!({"name": "x", "description": false}), "description"),
    ] {
        planner.post(&path, &body).wrong_fields(&[field]);
    }
    assert_eq!(planner.get(&path).ok().as_array().unwrap().len(), 2);
}

#[test]
fn a_task_says_why_it_does_not_move() {
    let server = TestServer::start();
    let planner = server.planner();
    let task = server.task();
    let path = format!("{}/diagnosis", at(&task));
    let said = planner.get(&path).ok();
    assert_eq!(said["sentence"], "Nobody has planned it yet: a planner must create sub-tasks.");
    let first = server.sub_task(&task);
    let body = json!({"task_id": task, "name": "Second", "depends_on": [first]});
    let second = text(&planner.post("/api/sub-tasks", &body).ok()["id"]);
    let said = server.admin().get(&path).ok();
    assert_eq!((&said["open"], &said["has_more"]), (&json!(2), &json!(false)));
    let waiting = said["sub_tasks"].as_array().unwrap();
    let of = |id: &str| waiting.iter().find(|one| one["id"] == *id).unwrap();
    assert_eq!(of(&first)["waiting_for"]["kind"], "no_executor");
    assert_eq!(of(&first)["help"], "register or enable an executor");
    assert_eq!(of(&second)["waiting_for"]["kind"], "prerequisites");
    assert_eq!(of(&second)["prerequisites"][0]["id"], first.as_str());
    planner.get(&format!("{}/diagnosis", at(NOBODY))).refused(404, "task.not_found");
}
