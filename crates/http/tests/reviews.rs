//! Reviews.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{NOBODY, TestServer, text};

const PATH: &str = "/api/review-records";

#[test]
fn an_approval_ends_the_work_and_pays_the_owner() {
    let server = TestServer::start();
    let (executor, reviewer) = (server.executor(), server.reviewer());
    let id = server.work_in_review(&executor);
    server.clock.advance(Duration::from_secs(1));
    let body = json!({"sub_task_id": id, "result": "approved", "score": 5, "comment": "Fine.", "extra": 1});
    let review = reviewer.post(PATH, &body).ok();
    assert_eq!(
        review,
        json!({
            "id": review["id"], "sub_task_id": id, "reviewer_agent": reviewer.id, "round": 1,
            "result": "approved", "score": 5, "issues": "", "comment": "Fine.",
            "rework_agent": null, "created_at": "2026-09-21T14:13:21.000000Z",
        })
    );
    let after = server.look(&id);
    assert_eq!((&after["status"], &after["completed_at"]), (&json!("done"), &review["created_at"]));
    assert_eq!(executor.get("/api/scores/me").ok()["total_score"], 5);
    let found = executor.get(&format!("{PATH}/{}", text(&review["id"]))).ok();
    assert_eq!(found, review);
}

#[test]
fn a_rejection_sends_the_work_back_and_counts_the_round() {
    let server = TestServer::start();
    let (executor, reviewer, other) = (server.executor(), server.reviewer(), server.executor());
    let id = server.work_in_review(&executor);
    let reject = |more: Value| {
        let mut body =
            json!({"sub_task_id": id, "result": "rejected", "score": "2", "issues": "The table."});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        reviewer.post(PATH, &body)
    };
    assert_eq!(reject(json!({})).ok()["round"], 1);
    let after = server.look(&id);
    assert_eq!(
        (&after["status"], &after["rework_count"], &after["assigned_agent"]),
        (&json!("rework"), &json!(1), &json!(executor.id))
    );
    executor.step(&id, "start").ok();
    executor.step(&id, "submit").ok();
    let second = reject(json!({"rework_agent": other.id})).ok();
    assert_eq!((&second["round"], &second["rework_agent"]), (&json!(2), &json!(other.id)));
    let after = server.look(&id);
    assert_eq!((&after["rework_count"], &after["assigned_agent"]), (&json!(2), &json!(other.id)));
    // Whoever did the work pays, not whoever shall mend it.
    assert_eq!(executor.get("/api/scores/me").ok()["total_score"], -10);
    assert_eq!(other.get("/api/scores/me").ok()["total_score"], 0);
}

#[test]
fn what_a_review_must_have_is_told_field_by_field() {
    let server = TestServer::start();
    let (executor, reviewer) = (server.executor(), server.reviewer());
    let id = server.work_in_review(&executor);
    let right = json!({"sub_task_id": id, "result": "approved", "score": 5});
    for (field, value) in [
        ("sub_task_id", Value::Null),
        ("sub_task_id", json!(5)),
        ("result", json!("maybe")),
        ("result", Value::Null),
        ("score", json!(0)),
        ("score", json!(6)),
        ("score", json!(-1)),
        ("score", json!(4.5)),
        ("score", json!("x")),
        ("score", json!("")),
        ("score", json!(1e30)),
        ("score", json!(9_223_372_036_854_775_807_i64)),
        ("score", json!("99999999999999999999")),
        ("score", Value::Null),
        ("score", json!([5])),
        ("issues", json!("\u{0}")),
        ("comment", json!(1)),
        ("rework_agent", json!(1)),
    ] {
        let mut body = right.clone();
        body[field] = value;
        reviewer.post(PATH, &body).wrong_fields(&[field]);
    }
    for missing in ["sub_task_id", "result", "score"] {
        let mut body = right.clone();
        body.as_object_mut().unwrap().remove(missing);
        reviewer.post(PATH, &body).wrong_fields(&[missing]);
    }
    for blank in
        [json!({}), json!({"issues": ""}), json!({"issues": " \n"}), json!({"issues": null})]
    {
        let mut body = json!({"sub_task_id": id, "result": "rejected", "score": 2});
        body.as_object_mut().unwrap().extend(blank.as_object().unwrap().clone());
        reviewer.post(PATH, &body).wrong_fields(&["issues"]);
    }
    assert_eq!(server.look(&id)["status"], "review");
    assert_eq!(reviewer.get(PATH).ok()["total"], 0);
    // As existing clients may send a number.
    for score in [json!("5"), json!(5.0)] {
        let id = server.work_in_review(&executor);
        reviewer.post(PATH, &json!({"sub_task_id": id, "result": "approved", "score": score})).ok();
    }
}

#[test]
fn who_and_what_a_review_names_must_exist() {
    let server = TestServer::start();
    let (executor, reviewer) = (server.executor(), server.reviewer());
    let id = server.work_in_review(&executor);
    for unknown in [NOBODY, "x", ""] {
        let body = json!({"sub_task_id": unknown, "result": "approved", "score": 5});
        reviewer.post(PATH, &body).refused(404, "sub_task.not_found");
    }
    let reject = |agent: &str| {
        let body = json!({"sub_task_id": id, "result": "rejected", "score": 1, "issues": "x", "rework_agent": agent});
        reviewer.post(PATH, &body)
    };
    reject(NOBODY).refused(404, "agent.not_found");
    reject(&reviewer.id).wrong_fields(&["rework_agent"]);
    assert_eq!(server.look(&id)["status"], "review");
    for unknown in [NOBODY, "x"] {
        reviewer.get(&format!("{PATH}/{unknown}")).refused(404, "review.not_found");
    }
    reject("  ").ok();
}

#[test]
fn work_that_is_not_in_review_is_not_reviewed() {
    let server = TestServer::start();
    let (executor, reviewer) = (server.executor(), server.reviewer());
    let id = server.work();
    let body = json!({"sub_task_id": id, "result": "approved", "score": 5});
    let problem = reviewer.post(PATH, &body).refused(409, "sub_task.not_allowed_from");
    assert_eq!(problem["context"]["status"], "pending");
    for step in ["claim", "start", "submit"] {
        reviewer.post(PATH, &body).refused(409, "sub_task.not_allowed_from");
        executor.step(&id, step).ok();
    }
    reviewer.post(PATH, &body).ok();
    reviewer.post(PATH, &body).refused(409, "sub_task.not_allowed_from");
    assert_eq!(executor.get("/api/scores/me").ok()["total_score"], 5);
}

#[test]
fn only_reviewers_and_the_admin_review() {
    let server = TestServer::start();
    let executor = server.executor();
    let id = server.work_in_review(&executor);
    let body = json!({"sub_task_id": id, "result": "approved", "score": 4});
    for other in [&executor, &server.executor(), &server.planner(), &server.patrol()] {
        other.post(PATH, &body).refused(403, "role_not_allowed");
    }
    let review = server.admin().post(PATH, &body).ok();
    assert_eq!(review["reviewer_agent"], Value::Null);
    assert_eq!(server.look(&id)["status"], "done");
}

#[test]
fn reviews_are_listed_newest_first_and_by_sub_task() {
    let server = TestServer::start();
    let (executor, reviewer) = (server.executor(), server.reviewer());
    let mut reviews = Vec::new();
    for _ in 0..3 {
        server.clock.advance(Duration::from_secs(1));
        let id = server.work_in_review(&executor);
        let body = json!({"sub_task_id": id, "result": "approved", "score": 3});
        reviews.push(reviewer.post(PATH, &body).ok());
    }
    let listed = |query: &str| executor.get(&format!("{PATH}{query}")).ok();
    assert_eq!(listed("")["items"], json!([reviews[2], reviews[1], reviews[0]]));
    assert_eq!(listed("?sub_task_id=")["total"], 3);
    let of = listed(&format!("?sub_task_id={}", text(&reviews[1]["sub_task_id"])));
    assert_eq!(of["items"], json!([reviews[1]]));
    for nothing in ["x", NOBODY, "%25"] {
        assert_eq!(listed(&format!("?sub_task_id={nothing}"))["total"], 0);
    }
}

#[test]
fn older_clients_approve_and_send_back_without_a_score() {
    let server = TestServer::start();
    let (executor, reviewer, other) = (server.executor(), server.reviewer(), server.executor());
    let done = server.work_in_review(&executor);
    assert_eq!(reviewer.step(&done, "complete").ok()["status"], "done");
    reviewer.step(&done, "complete").refused(409, "sub_task.not_allowed_from");
    let back = server.work_in_review(&executor);
    let body = json!({"rework_agent": other.id});
    let after = reviewer.step_with(&back, "rework", &body).ok();
    assert_eq!(
        (&after["status"], &after["rework_count"], &after["assigned_agent"]),
        (&json!("rework"), &json!(1), &json!(other.id))
    );
    let again = server.work_in_review(&executor);
    reviewer
        .step_with(&again, "rework", &json!({"rework_agent": NOBODY}))
        .refused(404, "agent.not_found");
    reviewer
        .step_with(&again, "rework", &json!({"rework_agent": 5}))
        .wrong_fields(&["rework_agent"]);
    reviewer.step(&again, "rework").ok();
    let rows = reviewer.get(PATH).ok();
    let scores: Vec<_> =
        rows["items"].as_array().unwrap().iter().map(|row| &row["score"]).collect();
    assert_eq!(scores, [3, 3, 3]);
    assert_eq!(executor.get("/api/scores/me").ok()["total_records"], 0);
    for other in [&executor, &server.planner(), &server.patrol()] {
        other.step(&again, "complete").refused(403, "role_not_allowed");
        other.step(&again, "rework").refused(403, "role_not_allowed");
    }
}

/// Work is given to executors only, so it takes an agent whose role changed on the way.
#[test]
fn nobody_reviews_its_own_work() {
    let server = TestServer::start();
    let (owner, other) = (server.executor(), server.reviewer());
    let id = server.work_in_review(&owner);
    server.db.raw().run(&format!("UPDATE agent SET role = 'reviewer' WHERE id = '{}'", owner.id));
    // Any change of an agent makes the server look anew at who they are.
    for status in ["disabled", "active"] {
        let path = format!("/api/agents/{}/status", other.id);
        server.admin().put(&path, &json!({"status": status})).ok();
    }
    let body = json!({"sub_task_id": id, "result": "approved", "score": 5});
    owner.post(PATH, &body).refused(403, "review.own_work");
    owner.step(&id, "complete").refused(403, "review.own_work");
    assert_eq!(server.look(&id)["status"], "review");
    other.post(PATH, &body).ok();
}
