//! Where agents are woken, over HTTP.

use openmoss_testkit::{Manner, Receiver};
use serde_json::{Value, json};

use crate::support::{NOBODY, TestServer, text};

#[test]
fn a_target_is_set_shown_without_its_secret_tried_and_taken_away() {
    let receiver = Receiver::start(&[Manner::Answer(200), Manner::Answer(401)]);
    let server = TestServer::start();
    let agent = server.executor();
    let path = format!("/api/admin/agents/{}/wake", agent.id);
    let admin = server.admin();
    let nowhere = admin.get(&path).ok();
    assert_eq!((&nowhere["kind"], &nowhere["has_secret"]), (&Value::Null, &json!(false)));
    admin.post(&format!("{path}/test"), &json!({})).refused(404, "wake_target.not_found");

    let body = json!({"kind": "openclaw", "url": receiver.url("/"), "secret": "t0ken-4711",
        "runtime_agent": "ada"});
    let set = admin.put(&path, &body).ok();
    assert_eq!((&set["kind"], &set["has_secret"]), (&json!("openclaw"), &json!(true)));
    for reply in
        [admin.get(&path), admin.get("/api/events?limit=500"), admin.get("/api/admin/config")]
    {
        assert!(!reply.text().contains("t0ken-4711"), "{reply}");
    }
    let test = || admin.post(&format!("{path}/test"), &json!({})).ok();
    assert_eq!(test()["is_delivered"], true);
    assert_eq!(receiver.received()[0].header("authorization"), "Bearer t0ken-4711");
    let detail = "Not delivered: answered that the token is not its hooks.token.";
    assert_eq!(test(), json!({"is_delivered": false, "detail": detail}));

    let task = server.task();
    let body = json!({"task_id": task, "name": "Work", "assigned_agent": agent.id});
    admin.post("/api/sub-tasks", &body).ok();
    server.service.wake_agents().unwrap();
    let list = admin.get(&format!("{path}/deliveries")).ok();
    assert_eq!((&list["total"], &list["items"][0]["action"]), (&json!(1), &json!("start")));
    assert_eq!(list["items"][0]["status"], "pending");
    assert_eq!(admin.get(&path).ok()["is_outstanding"], true);

    admin.delete(&path).ok();
    assert_eq!(admin.get(&path).ok(), nowhere);
    server.service.send_wake_ups().unwrap();
    let list = admin.get(&format!("{path}/deliveries")).ok();
    assert_eq!(list["items"][0]["status"], "dead");
    assert!(text(&list["items"][0]["last_error"]).contains("nowhere"));
}

#[test]
fn wrong_targets_name_every_wrong_field_and_change_nothing() {
    let server = TestServer::start();
    let admin = server.admin();
    let path = format!("/api/admin/agents/{}/wake", server.executor().id);
    let wrong = |body: Value, fields: &[&str]| admin.put(&path, &body).wrong_fields(fields);
    wrong(json!({"kind": "carrier_pigeon", "url": "http://x"}), &["kind"]);
    wrong(json!({"kind": "webhook"}), &["url"]);
    wrong(json!({"kind": "webhook", "url": "http://x", "token": "y"}), &["token"]);
    let body = json!({"kind": "webhook", "url": "s3cret/x", "hook": "a", "secret": "a b"});
    let problem = admin.put(&path, &body);
    problem.wrong_fields(&["hook", "secret", "url"]);
    assert!(!problem.text().contains("s3cret"), "{}", problem.text());
    wrong(json!({"kind": "openclaw", "url": "http://127.0.0.1:1"}), &["secret"]);
    assert_eq!(admin.get(&path).ok()["kind"], Value::Null);
    let nobody = format!("/api/admin/agents/{NOBODY}/wake");
    for reply in
        [admin.get(&nobody), admin.delete(&nobody), admin.get(&format!("{nobody}/deliveries"))]
    {
        reply.refused(404, "agent.not_found");
    }
    server.executor().get(&path).refused(403, "admin.no_session");
}
