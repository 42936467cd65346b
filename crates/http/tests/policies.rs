//! What the sub-tasks of a task must have, as clients see it.

use serde_json::{Value, json};

use crate::support::{NOBODY, TestServer};

#[test]
fn an_admin_decides_for_a_task_and_a_planner_hears_what_is_missing() {
    let server = TestServer::start();
    let (planner, admin) = (server.planner(), server.admin());
    let task = server.task();
    let path = format!("/api/tasks/{task}/policy");
    let seen = planner.get(&path).ok();
    assert_eq!(
        (&seen["in_force"]["approvals"], &seen["own"]["approvals"]),
        (&json!(1), &Value::Null)
    );
    let set = |body: &Value| admin.put(&format!("/api/admin/tasks/{task}/policy"), body);
    let decided =
        set(&json!({"require_module": true, "require_acceptance": true, "approvals": 2})).ok();
    assert_eq!(decided["in_force"]["require_module"], true);
    assert_eq!(planner.get(&path).ok(), decided);
    let body = json!({"task_id": task, "name": "Bare"});
    planner.post("/api/sub-tasks", &body).wrong_fields(&["module_id", "acceptance"]);
    let plan = json!({"modules": [{"name": "Core", "sub_tasks": [{"name": "A", "acceptance": "It runs."}, {"name": "B"}]}],
        "sub_tasks": [{"name": "C"}]});
    planner.post(&format!("/api/tasks/{task}/plan"), &plan).wrong_fields(&[
        "modules[0].sub_tasks[1].acceptance",
        "sub_tasks[0]",
        "sub_tasks[0].acceptance",
    ]);
    set(&json!({"approvals": 11})).wrong_fields(&["approvals"]);
    set(&json!({"approvals": true})).wrong_fields(&["approvals"]);
    set(&json!({"strict": true})).wrong_fields(&["strict"]);
    set(&json!({})).ok();
    planner.post("/api/sub-tasks", &body).ok();
    planner.get(&format!("/api/tasks/{NOBODY}/policy")).refused(404, "task.not_found");
    planner
        .put(&format!("/api/admin/tasks/{task}/policy"), &json!({}))
        .refused(403, "admin.no_session");
}

#[test]
fn a_second_approval_must_come_from_somebody_else() {
    let server = TestServer::start_with(|settings| settings.policy.approvals = 2);
    let (ann, bob) = (server.reviewer(), server.reviewer());
    let id = server.work_in_review(&server.executor());
    let review = json!({"sub_task_id": id, "result": "approved", "score": 5, "issues": ""});
    ann.post("/api/review-records", &review).ok();
    assert_eq!(server.look(&id)["status"], "review");
    let problem = ann.post("/api/review-records", &review).refused(409, "review.approved_already");
    assert_eq!(problem["context"]["missing"], 1);
    assert_eq!(
        ann.step(&id, "complete").refused(409, "review.approved_already")["context"]["missing"],
        1
    );
    let next = |reviewer: &crate::support::Agent| {
        reviewer.post("/api/agents/me/next", &json!({})).ok()["action"].clone()
    };
    assert_eq!((next(&ann), next(&bob)), (json!("idle"), json!("review")));
    bob.post("/api/review-records", &review).ok();
    assert_eq!(server.look(&id)["status"], "done");
}
