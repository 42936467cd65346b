//! Patrol records.

use serde_json::{Value, json};

use crate::support::{NOBODY, TestServer, text};

const RECORDS: &str = "/api/patrol-records";

fn finding() -> Value {
    json!({"type": "silent_owner", "description": "Nothing heard for two hours."})
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

#[test]
fn a_patrol_agent_reports_once_and_closes_and_an_admin_reopens() {
    let server = TestServer::start();
    let (patrol, admin) = (server.patrol(), server.admin());
    let owner = server.executor();
    let task = server.task();
    let id = server.sub_task(&task);
    owner.step(&id, "claim").ok();
    let mut body = finding();
    for (field, value) in [("sub_task_id", &id), ("agent_id", &owner.id), ("dedup_key", &id)] {
        body[field] = json!(value);
    }
    let opened = patrol.post(RECORDS, &body).ok();
    assert_eq!(opened["is_new"], true);
    let record = &opened["record"];
    assert_eq!((&record["severity"], &record["status"]), (&json!("warning"), &json!("open")));
    assert_eq!((&record["task_id"], &record["opened_by"]), (&json!(task), &json!(patrol.id)));
    let again = patrol.post(RECORDS, &with(body.clone(), "severity", json!("critical"))).ok();
    assert_eq!(again, json!({"record": record, "is_new": false}));

    let path = format!("{RECORDS}/{}", text(&record["id"]));
    assert_eq!(admin.get(&path).ok(), *record);
    let ignored = patrol.post(&format!("{path}/ignore"), &json!({"action_taken": "Asked."})).ok();
    assert_eq!(
        (&ignored["status"], &ignored["action_taken"]),
        (&json!("ignored"), &json!("Asked."))
    );
    assert_eq!(patrol.post(RECORDS, &body).ok()["is_new"], false, "it is known");
    let resolve = format!("{path}/resolve");
    let gone = patrol.call("POST", &resolve).send().ok();
    assert_eq!((&gone["status"], &gone["action_taken"]), (&json!("resolved"), &json!("Asked.")));
    assert!(gone["resolved_at"].is_string());
    patrol
        .post(&format!("{path}/ignore"), &json!({}))
        .refused(409, "patrol_record.not_allowed_from");
    patrol.call("POST", &format!("{path}/reopen")).send().refused(403, "admin.no_session");
    let open = admin.call("POST", &format!("{path}/reopen")).send().ok();
    assert_eq!((&open["status"], &open["resolved_at"]), (&json!("open"), &json!(null)));

    let events = admin.get(&format!("/api/events?sub_task_id={id}")).ok();
    let events = events["items"].as_array().unwrap().clone();
    let last = events.last().unwrap();
    assert_eq!(
        (&last["kind"], &last["actor"]["kind"]),
        (&json!("patrol_record_reopened"), &json!("admin"))
    );
}

#[test]
fn records_are_listed_by_every_filter() {
    let server = TestServer::start();
    let (patrol, admin, planner) = (server.patrol(), server.admin(), server.planner());
    let id = server.work();
    let bodies = [
        finding(),
        with(finding(), "severity", json!("critical")),
        with(finding(), "type", json!("overdue")),
        with(finding(), "sub_task_id", json!(id)),
        with(finding(), "agent_id", json!(planner.id)),
    ];
    let ids: Vec<_> =
        bodies.iter().map(|body| text(&patrol.post(RECORDS, body).ok()["record"]["id"])).collect();
    admin.call("POST", &format!("{RECORDS}/{}/resolve", ids[0])).send().ok();
    let list = |query: &str| {
        let page = planner.get(&format!("{RECORDS}?{query}")).ok();
        assert_eq!(page, admin.get(&format!("{RECORDS}?{query}")).ok());
        let items = page["items"].as_array().unwrap().clone();
        assert_eq!(page["total"], items.len(), "{query}");
        items
            .iter()
            .map(|one| ids.iter().position(|id| one["id"] == **id).unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(list(""), [4, 3, 2, 1, 0]);
    assert_eq!(list("status=open"), [4, 3, 2, 1]);
    assert_eq!(list("status=resolved"), [0]);
    assert_eq!(list("severity=critical"), [1]);
    assert_eq!(list("severity=warning&status=open"), [4, 3, 2]);
    assert_eq!(list("type=overdue"), [2]);
    assert_eq!(list(&format!("sub_task_id={id}")), [3]);
    assert_eq!(list(&format!("task_id={}", text(&server.look(&id)["task_id"]))), [3]);
    assert_eq!(list(&format!("agent_id={}&type=silent_owner", planner.id)), [4]);
    for nothing in ["status=x", "severity=x", "task_id=x", "type=none"] {
        assert_eq!(list(nothing), [0; 0]);
    }
    let page = admin.get(&format!("{RECORDS}?page=2&page_size=2")).ok();
    assert_eq!((&page["total"], &page["has_more"]), (&json!(5), &json!(true)));
}

#[test]
fn whoever_does_not_watch_reports_nothing_and_wrong_findings_are_told() {
    let server = TestServer::start();
    let patrol = server.patrol();
    for other in [server.planner(), server.executor(), server.reviewer()] {
        other.post(RECORDS, &finding()).refused(403, "role_not_allowed");
    }
    let wrong = json!({"type": "Silent owner", "description": "", "dedup_key": "x".repeat(201)});
    patrol.post(RECORDS, &wrong).wrong_fields(&["type", "description", "dedup_key"]);
    patrol.post(RECORDS, &json!({})).refused(422, "invalid_fields");
    patrol.post(RECORDS, &with(finding(), "severity", json!("bad"))).wrong_fields(&["severity"]);
    patrol.post(RECORDS, &with(finding(), "extra", json!(1))).refused(422, "invalid_fields");
    for (field, code) in [
        ("task_id", "task.not_found"),
        ("sub_task_id", "sub_task.not_found"),
        ("agent_id", "agent.not_found"),
    ] {
        patrol.post(RECORDS, &with(finding(), field, json!(NOBODY))).refused(404, code);
    }
    for id in [NOBODY, "x"] {
        let path = format!("{RECORDS}/{id}");
        patrol.get(&path).refused(404, "patrol_record.not_found");
        patrol
            .call("POST", &format!("{path}/resolve"))
            .send()
            .refused(404, "patrol_record.not_found");
    }
    assert_eq!(patrol.get(RECORDS).ok()["total"], 0);
}

#[test]
fn an_admin_lets_the_server_look_round() {
    let server = TestServer::start();
    let (admin, patrol) = (server.admin(), server.patrol());
    let run = "/api/admin/patrol/run";
    patrol.post(run, &json!({})).refused(403, "admin.no_session");
    let task = server.task();
    server.sub_task(&task);
    let round = admin.post(run, &json!({})).ok();
    assert_eq!(round["opened"], 1, "nobody is there to take it: {round}");
    let open = admin.get(&format!("{RECORDS}?status=open&type=stranded")).ok();
    assert_eq!(open["total"], 1);
    assert_eq!(open["items"][0]["opened_by_kind"], "system");
    assert_eq!(admin.post(run, &json!({})).ok()["opened"], 0, "it is told once");
    let _executor = server.executor();
    assert_eq!(admin.post(run, &json!({})).ok()["resolved"], 1);
}
