//! Work that comes round again, as a client sees it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{TestServer, text};

fn daily() -> Value {
    json!({"cron": "0 9 * * *", "timezone": "Asia/Shanghai"})
}

fn begun(server: &TestServer) -> String {
    let body = json!({"task_id": server.task(), "name": "Report", "recurrence": daily()});
    text(&server.planner().post("/api/sub-tasks", &body).ok()["id"])
}

#[test]
fn a_sub_task_with_a_schedule_tells_when_it_comes_round() {
    let server = TestServer::start();
    let (planner, executor) = (server.planner(), server.executor());
    let id = begun(&server);
    let seen = server.look(&id);
    assert_eq!((&seen["type"], &seen["round"]), (&json!("recurring"), &json!(1)));
    let series = &seen["recurrence"];
    let expected = ["2026-09-22T01:00:00.000000Z", "2026-09-23T01:00:00.000000Z"];
    assert_eq!(series["next_times"].as_array().unwrap()[..2], expected.map(Value::from));
    assert_eq!((&series["overlap"], &series["catch_up"]), (&json!("skip"), &json!("one")));
    assert_eq!(series["template"]["name"], "Report");
    assert_eq!(planner.get(&format!("/api/sub-tasks/{id}/recurrence")).ok(), *series);
    let admins = server.admin().get(&format!("/api/admin/sub-tasks/{id}")).ok();
    assert_eq!((&admins["round"], &admins["recurrence"]), (&json!(1), series));

    for step in ["claim", "start", "submit"] {
        executor.step(&id, step).ok();
    }
    server.reviewer().step(&id, "complete").ok();
    server.clock.advance(Duration::from_hours(24));
    server.service.open_due_rounds().unwrap();
    let rounds = planner.get(&format!("/api/sub-tasks/{id}/rounds?page_size=1&page=1")).ok();
    assert_eq!((&rounds["total"], &rounds["has_more"]), (&json!(2), &json!(true)));
    let second = &rounds["items"][0];
    assert_eq!((&second["round"], &second["status"]), (&json!(2), &json!("pending")));
    assert_eq!(second["recurrence"], Value::Null, "not in lists");
    let all = planner.get(&format!("/api/sub-tasks/{}/rounds", text(&second["id"]))).ok();
    let numbers: Vec<_> =
        all["items"].as_array().unwrap().iter().map(|one| &one["round"]).collect();
    assert_eq!(numbers, [2, 1]);
    let work = server.look(&server.work());
    assert_eq!((&work["round"], &work["recurrence"]), (&Value::Null, &Value::Null));
}

#[test]
fn a_series_is_changed_paused_resumed_and_ended() {
    let server = TestServer::start();
    let planner = server.planner();
    let path = format!("/api/sub-tasks/{}/recurrence", begun(&server));
    let change = json!({"name": "Short report", "priority": "high",
        "recurrence": {"cron": "30 8 * * 1", "overlap": "queue", "until": "2027-01-01T00:00:00+08:00"}});
    let changed = planner.put(&path, &change).ok();
    assert_eq!(changed["timezone"], "UTC", "the server's zone, if none is named");
    assert_eq!(
        (&changed["overlap"], &changed["template"]["name"]),
        (&json!("queue"), &json!("Short report"))
    );
    assert_eq!(changed["until"], "2026-12-31T16:00:00.000000Z");
    let paused = planner.post(&format!("{path}/pause"), &json!({})).ok();
    assert_eq!((&paused["paused"], &paused["next_times"]), (&json!(true), &json!([])));
    let resumed = server.admin().post(&format!("{path}/resume"), &json!({})).ok();
    assert_eq!(resumed["next_times"][0], "2026-09-28T08:30:00.000000Z");
    let ended = planner.delete(&path).ok();
    assert_eq!((&ended["paused"], &ended["next_times"]), (&json!(false), &json!([])));
    for call in [
        server.executor().post(&format!("{path}/pause"), &json!({})),
        server.executor().put(&path, &json!({})),
        server.reviewer().delete(&path),
    ] {
        call.refused(403, "role_not_allowed");
    }
}

#[test]
fn a_plan_names_the_place_of_a_wrong_schedule() {
    let server = TestServer::start();
    let planner = server.planner();
    let path = format!("/api/tasks/{}/plan", server.task());
    let plan = |recurrence: Value| {
        json!({"modules": [{"name": "Core", "sub_tasks": [
            {"name": "Once"}, {"name": "Again", "recurrence": recurrence}]}]})
    };
    let wrong = planner.post(&path, &plan(json!({"cron": "often", "timezone": "Mars"})));
    let place = "modules[0].sub_tasks[1].recurrence";
    wrong.wrong_fields(&[&format!("{place}.cron"), &format!("{place}.timezone")]);
    planner
        .post(&path, &plan(json!({"cron": "0 0 30 2 *"})))
        .wrong_fields(&[&format!("{place}.cron")]);
    planner
        .post(&path, &plan(json!({"cron": "0 0 * * *", "zone": "UTC"})))
        .wrong_fields(&[&format!("{place}.zone")]);
    let made = planner.post(&path, &plan(daily())).ok();
    let again = text(&made["sub_tasks"][1]["id"]);
    assert_eq!(server.look(&again)["recurrence"]["cron"], "0 9 * * *");
}

#[test]
fn a_form_looks_ahead_before_it_sends() {
    let server = TestServer::start();
    let planner = server.planner();
    let preview = |query: &str| planner.get(&format!("/api/recurrence/preview?{query}"));
    let seen = preview("cron=0+9+*+*+1-5&timezone=Asia/Shanghai").ok();
    assert_eq!(seen["next_times"].as_array().unwrap().len(), 5);
    assert_eq!(preview("cron=0+0+1+1+*").ok()["next_times"][0], "2027-01-01T00:00:00.000000Z");
    let until = "2026-09-22T00:00:00Z";
    let seen = preview(&format!("cron=0+*+*+*+*&until={until}")).ok();
    assert_eq!(seen["next_times"][0], "2026-09-21T15:00:00.000000Z");
    preview("cron=0+0+*&timezone=Mars").wrong_fields(&["cron", "timezone"]);
    preview("").wrong_fields(&["cron"]);
    preview("cron=0+0+*+*+*&until=soon").wrong_fields(&["until"]);
}

#[test]
fn a_task_comes_round_too() {
    let server = TestServer::start();
    let planner = server.planner();
    let body = json!({"name": "Close the month", "recurrence": {"cron": "0 0 1 * *"}});
    let task = planner.post("/api/tasks", &body).ok();
    assert_eq!(task["type"], "recurring");
    let path = format!("/api/tasks/{}", text(&task["id"]));
    assert_eq!(planner.get(&format!("{path}/recurrence")).ok()["template"], Value::Null);
    planner.put(&format!("{path}/status"), &json!({"status": "completed"})).ok();
    server.clock.advance(Duration::from_hours(24 * 10));
    server.service.open_due_rounds().unwrap();
    let rounds = planner.get(&format!("{path}/rounds")).ok();
    assert_eq!(rounds["total"], 2);
    let second = &rounds["items"][0];
    assert_eq!((&second["round"], &second["task"]["status"]), (&json!(2), &json!("planning")));
    assert_eq!(second["due"], "2026-10-01T00:00:00.000000Z");
    let changed =
        planner.put(&format!("{path}/recurrence"), &json!({"recurrence": {"cron": "0 0 2 * *"}}));
    assert_eq!(changed.ok()["next_times"][0], "2026-10-02T00:00:00.000000Z");
    planner.put(&format!("{path}/recurrence"), &json!({"name": "x"})).wrong_fields(&["name"]);
    planner.post(&format!("{path}/recurrence/pause"), &json!({})).ok();
    planner.post(&format!("{path}/recurrence/resume"), &json!({})).ok();
    planner.delete(&format!("{path}/recurrence")).ok();
    server.executor().delete(&format!("{path}/recurrence")).refused(403, "role_not_allowed");
    let plain = format!("/api/tasks/{}/recurrence", server.task());
    planner.get(&plain).refused(404, "recurrence.not_found");
}
