//! What models cost, as agents report it and admins see it.

use serde_json::{Value, json};

use crate::support::{NOBODY, TestServer};

#[test]
fn an_agent_reports_and_an_admin_sees_the_sums() {
    let server = TestServer::start();
    let executor = server.executor();
    let task = server.task();
    let work = server.sub_task(&task);
    let report = json!({"sub_task_id": work, "model": "some-model", "input_tokens": 1200,
        "output_tokens": 300, "cost": "0.0125"});
    let answer = executor.post("/api/usage", &report).ok();
    assert_eq!(answer["today"]["cost"], "0.0125");
    assert_eq!(answer["stop"], Value::Null);
    let again = executor
        .call("POST", "/api/usage")
        .header("Idempotency-Key", "k")
        .json(&json!({"cost": 0.5}));
    again.send().ok();
    let again = executor
        .call("POST", "/api/usage")
        .header("Idempotency-Key", "k")
        .json(&json!({"cost": 0.5}));
    assert_eq!(again.send().ok()["today"]["reports"], 2);

    let seen = server.admin().get("/api/admin/usage?days=3").ok();
    assert_eq!(seen["total"]["cost"], "0.5125");
    assert_eq!(seen["days"][0]["day"], "2026-09-21");
    assert_eq!(seen["days"][0]["used"]["input_tokens"], 1200);
    let agents = server.admin().get("/api/admin/usage/agents").ok();
    assert_eq!((&agents["total"], &agents["items"][0]["name"]), (&json!(1), &json!(executor.name)));
    let tasks = server.admin().get("/api/admin/usage/tasks?page_size=5").ok();
    assert_eq!(tasks["items"][0]["used"]["cost"], "0.0125");
    server.admin().get("/api/admin/usage?days=93").wrong_fields(&["days"]);
    server.admin().get("/api/admin/usage/agents?days=0").wrong_fields(&["days"]);
    server.admin().get("/api/admin/usage/tasks?page_size=0").wrong_fields(&["page_size"]);

    for (wrong, named) in [
        (json!({"cost": "1,5"}), "cost"),
        (json!({"cost": -1}), "cost"),
        (json!({"cost": true}), "cost"),
        (json!({"input_tokens": -1}), "input_tokens"),
        (json!({"tokens": 1}), "tokens"),
    ] {
        executor.post("/api/usage", &wrong).wrong_fields(&[named]);
    }
    executor.post("/api/usage", &json!({"sub_task_id": NOBODY})).refused(404, "sub_task.not_found");
    let other = json!({"sub_task_id": work, "task_id": server.task()});
    executor.post("/api/usage", &other).wrong_fields(&["task_id"]);
    server.admin().post("/api/usage", &report).refused(401, "unauthenticated");
    executor.get("/api/admin/usage").refused(403, "admin.no_session");
}

#[test]
fn a_budget_that_is_used_up_stops_claims_in_words() {
    let server = TestServer::start_with(|settings| settings.budget.agent_day_cost = 1);
    let (executor, admin) = (server.executor(), server.admin());
    let task = server.task();
    let (first, second) = (server.sub_task(&task), server.sub_task(&task));
    for step in ["claim", "start"] {
        executor.step(&first, step).ok();
    }
    let body = json!({"summary": "Done.", "usage": {"output_tokens": 9, "cost": "1.25"}});
    executor.step_with(&first, "submit", &body).ok();
    for call in
        [executor.step(&second, "claim"), executor.post("/api/sub-tasks/claim-next", &json!({}))]
    {
        let problem = call.refused(409, "budget.reached");
        assert_eq!(problem["context"]["scope"], "agent");
        assert_eq!(
            (&problem["context"]["limit"], &problem["context"]["used"]),
            (&json!("1"), &json!("1.25"))
        );
        assert!(problem["detail"].as_str().unwrap().contains("used up (1.25 of 1)"), "{problem}");
    }
    let stop = executor.post("/api/usage", &json!({})).ok()["stop"].clone();
    assert_eq!((&stop["scope"], &stop["measure"]), (&json!("agent"), &json!("cost")));

    let path = format!("/api/admin/budgets/agents/{}", executor.id);
    let seen = admin.get(&path).ok();
    assert_eq!((&seen["used_up"], &seen["limit"]["cost"]), (&json!(true), &json!("1")));
    assert_eq!(seen["own"], json!({"tokens": null, "cost": null}));
    let raised = admin.put(&path, &json!({"cost": "5.50"})).ok();
    assert_eq!((&raised["used_up"], &raised["own"]["cost"]), (&json!(false), &json!("5.5")));
    executor.step(&second, "claim").ok();
    let listed = admin.get("/api/admin/budgets").ok();
    assert_eq!((&listed["total"], &listed["items"][0]["scope"]), (&json!(1), &json!("agent")));
    admin.put(&path, &json!({"cost": "-1", "tokens": -1})).wrong_fields(&["cost", "tokens"]);
    executor.step_with(&second, "start", &json!({})).ok();
    let wrong = json!({"usage": {"input_tokens": -1, "cost": "x"}});
    executor
        .step_with(&second, "submit", &wrong)
        .wrong_fields(&["usage.cost", "usage.input_tokens"]);

    let of_task = format!("/api/admin/budgets/tasks/{task}");
    assert_eq!(admin.get(&of_task).ok()["used"]["cost"], "1.25");
    admin.put(&of_task, &json!({"cost": "1"})).ok();
    let third = server.sub_task(&task);
    let problem = executor.step(&third, "claim").refused(409, "budget.reached");
    assert_eq!(problem["context"]["scope"], "task");
    assert_eq!(server.look(&third)["waiting_for"]["kind"], "budget");
    let beat = executor.step_with(&second, "heartbeat", &json!({})).ok();
    assert_eq!(beat["cancelled"], false, "what is in hand may be finished");
    let next = executor.post("/api/agents/me/next", &json!({})).ok();
    assert_eq!((&next["action"], &next["sub_task"]["id"]), (&json!("continue"), &json!(second)));
    assert_eq!(admin.get("/api/admin/budgets/day").ok()["limit"]["cost"], Value::Null);
    admin.get(&format!("/api/admin/budgets/tasks/{NOBODY}")).refused(404, "task.not_found");
    admin
        .put(&format!("/api/admin/budgets/agents/{NOBODY}"), &json!({}))
        .refused(404, "agent.not_found");
}
