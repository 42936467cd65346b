//! Notes on sub-tasks.

use serde_json::json;

use crate::support::{NOBODY, TestServer, text};

#[test]
fn a_note_by_the_admin_reaches_the_owner_with_its_next_answer() {
    let server = TestServer::start();
    let (owner, reviewer) = (server.executor(), server.reviewer());
    let id = server.work();
    owner.step(&id, "claim").ok();
    let path = format!("/api/sub-tasks/{id}/notes");
    let said = server.admin().post(&path, &json!({"text": "Use the second table."})).ok();
    assert_eq!((&said["author_kind"], &said["author_id"]), (&json!("admin"), &json!(null)));
    let more = reviewer.post(&path, &json!({"text": "With sources."})).ok();
    assert_eq!(more["author_id"], reviewer.id);

    let started = owner.step(&id, "start").ok();
    assert_eq!(started["notes"], json!([said, more]));
    assert_eq!(started["note_count"], 2);
    assert_eq!(server.look(&id)["notes"], started["notes"]);
    let listed = owner.get("/api/sub-tasks/mine").ok();
    assert_eq!(listed["items"][0]["note_count"], 2);
    assert_eq!(listed["items"][0]["notes"], json!(null));

    let page = owner.get(&format!("{path}?page=2&page_size=1")).ok();
    assert_eq!((&page["items"], &page["total"]), (&json!([more]), &json!(2)));
    let events = server.admin().get(&format!("/api/events?sub_task_id={id}")).ok();
    let noted: Vec<_> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["kind"] == "note_added")
        .map(|event| (text(&event["actor"]["kind"]), text(&event["agent_id"])))
        .collect();
    let to_owner = |kind: &str| (kind.to_owned(), owner.id.clone());
    assert_eq!(noted, [to_owner("admin"), to_owner("reviewer")]);
}

#[test]
fn a_note_that_cannot_be_is_refused_and_leaves_nothing() {
    let server = TestServer::start();
    let id = server.work();
    let path = format!("/api/sub-tasks/{id}/notes");
    for other in [server.executor(), server.patrol()] {
        other.post(&path, &json!({"text": "x"})).refused(403, "role_not_allowed");
        other.get(&path).ok();
    }
    let admin = server.admin();
    for bad in [json!({"text": " "}), json!({"text": "x".repeat(4097)}), json!({"text": "\u{1}"})] {
        admin.post(&path, &bad).wrong_fields(&["text"]);
    }
    admin.post(&path, &json!({})).wrong_fields(&["text"]);
    admin.post(&path, &json!({"text": "x", "by": "me"})).refused(422, "invalid_fields");
    let nowhere = format!("/api/sub-tasks/{NOBODY}/notes");
    admin.post(&nowhere, &json!({"text": "x"})).refused(404, "sub_task.not_found");
    admin.get(&nowhere).refused(404, "sub_task.not_found");
    assert_eq!(admin.get(&path).ok()["total"], 0);
    assert_eq!(server.look(&id)["notes"], json!([]));
}
