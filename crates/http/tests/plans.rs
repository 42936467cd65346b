//! A plan: many modules and sub-tasks at once, or none of them.

use serde_json::{Value, json};

use crate::support::{NOBODY, TestServer, text};

fn path(task: &str) -> String {
    format!("/api/tasks/{task}/plan")
}

fn count(server: &TestServer, task: &str) -> (Value, usize) {
    let sub_tasks = server.admin().get(&format!("/api/sub-tasks?task_id={task}")).ok();
    let modules = server.admin().get(&format!("/api/tasks/{task}/modules")).ok();
    (sub_tasks["total"].clone(), modules.as_array().unwrap().len())
}

#[test]
fn a_plan_becomes_modules_and_sub_tasks_with_their_dependencies() {
    let server = TestServer::start();
    let (planner, executor) = (server.planner(), server.executor());
    let task = server.task();
    let before = server.sub_task(&task);
    let plan = json!({
        "modules": [
            {"ref": "m", "name": "Core", "description": "The heart.", "sub_tasks": [
                // It comes before what it needs.
                {"ref": "build", "name": "Build", "depends_on": ["draw", before, "draw"],
                 "priority": "high", "acceptance": "It runs.", "deliverable": "A binary."},
                {"ref": "draw", "name": "Draw", "assigned_agent": executor.id, "priority": null},
            ]},
            {"name": "Empty"},
        ],
        "sub_tasks": [{"name": "Alone", "type": "recurring", "depends_on": ["build"]}],
    });
    let created = planner.post(&path(&task), &plan).ok();
    assert_eq!(created["task_id"], task.as_str());
    let modules = created["modules"].as_array().unwrap();
    assert_eq!((&modules[0]["ref"], &modules[0]["name"]), (&json!("m"), &json!("Core")));
    assert_eq!((&modules[1]["ref"], &modules[1]["name"]), (&json!(""), &json!("Empty")));
    let [build, draw, alone] = [0, 1, 2].map(|index| created["sub_tasks"][index].clone());
    assert_eq!((&build["ref"], &build["module_id"]), (&json!("build"), &modules[0]["id"]));
    assert_eq!(alone["module_id"], Value::Null);
    assert_eq!(alone["depends_on"], json!([build["id"]]));
    assert_eq!((&draw["status"], &build["status"]), (&json!("assigned"), &json!("pending")));

    let stored = server.look(build["id"].as_str().unwrap());
    let mut needs: Vec<_> = stored["depends_on"].as_array().unwrap().iter().map(text).collect();
    needs.sort();
    let mut expected = vec![text(&draw["id"]), before];
    expected.sort();
    assert_eq!(needs, expected);
    assert_eq!(stored["open_prerequisites"], 2);
    assert_eq!((&stored["priority"], &stored["acceptance"]), (&json!("high"), &json!("It runs.")));
    assert_eq!(stored["waiting_for"]["kind"], "prerequisites");
    assert_eq!(server.look(draw["id"].as_str().unwrap())["assigned_agent"], executor.id.as_str());
    assert_eq!(server.look(alone["id"].as_str().unwrap())["type"], "recurring");
    assert_eq!(count(&server, &task), (json!(4), 2));
}

#[test]
fn every_error_is_told_with_its_place_and_nothing_is_created() {
    let server = TestServer::start();
    let planner = server.planner();
    let (task, other) = (server.task(), server.work());
    let events = server.admin().get("/api/events?limit=500").ok();
    let plan = json!({
        "modules": [
            {"ref": "m", "name": "", "sub_tasks": [
                {"ref": "a", "name": "A", "depends_on": ["nowhere"]},
                {"ref": "a", "name": "x".repeat(201)},
            ]},
            {"ref": "m", "name": "B", "description": "\u{0}"},
        ],
        "sub_tasks": [{"name": "C", "description": "\u{1}", "acceptance": "\u{2}"}],
    });
    let problem = planner.post(&path(&task), &plan).wrong_fields(&[
        "modules[0].name",
        "modules[1].description",
        "modules[1].ref",
        "modules[0].sub_tasks[1].ref",
        "modules[0].sub_tasks[0].depends_on",
        "modules[0].sub_tasks[1].name",
        "sub_tasks[0].description",
        "sub_tasks[0].acceptance",
    ]);
    assert!(problem["detail"].as_str().unwrap().contains("modules[0].sub_tasks[1].name"));

    for (plan, fields) in [
        (json!({}), vec!["modules"]),
        (json!({"modules": [], "sub_tasks": []}), vec!["modules"]),
        (json!({"sub_tasks": [{}]}), vec!["sub_tasks[0].name"]),
        (json!({"sub_tasks": [{"name": 5}]}), vec!["sub_tasks[0].name"]),
        (json!({"sub_tasks": ["x"]}), vec!["sub_tasks[0]"]),
        (json!({"sub_tasks": [["x", "y"]]}), vec!["sub_tasks[0]"]),
        (json!({"sub_tasks": {"name": "x"}}), vec!["sub_tasks"]),
        (json!({"sub_tasks": null}), vec!["sub_tasks"]),
        (
            json!({"sub_tasks": [{"name": "x", "priority": "urgent"}]}),
            vec!["sub_tasks[0].priority"],
        ),
        (json!({"sub_tasks": [{"name": "x", "type": "never"}]}), vec!["sub_tasks[0].type"]),
        (json!({"sub_tasks": [{"name": "x", "colour": "red"}]}), vec!["sub_tasks[0].colour"]),
        (json!({"modules": [{"name": "m", "colour": "red"}]}), vec!["modules[0].colour"]),
        (json!({"steps": []}), vec!["steps"]),
        (
            json!({"sub_tasks": [{"name": "x", "depends_on": [NOBODY]}]}),
            vec!["sub_tasks[0].depends_on"],
        ),
        (
            json!({"sub_tasks": [{"name": "x", "depends_on": [other]}]}),
            vec!["sub_tasks[0].depends_on"],
        ),
        (
            json!({"sub_tasks": [{"name": "x", "depends_on": [5]}]}),
            vec!["sub_tasks[0].depends_on[0]"],
        ),
        (
            json!({"sub_tasks": [{"name": "x", "assigned_agent": "x"}, {"name": "y", "assigned_agent": "y"}]}),
            vec!["sub_tasks[0].assigned_agent", "sub_tasks[1].assigned_agent"],
        ),
        (
            json!({"sub_tasks": [{"name": "x", "assigned_agent": NOBODY}, {"name": "y", "assigned_agent": planner.id}]}),
            vec!["sub_tasks[0].assigned_agent", "sub_tasks[1].assigned_agent"],
        ),
    ] {
        planner.post(&path(&task), &plan).wrong_fields(&fields);
    }
    assert_eq!(count(&server, &task), (json!(0), 0));
    assert_eq!(server.admin().get("/api/events?limit=500").ok(), events);
}

#[test]
fn a_cycle_is_named() {
    let server = TestServer::start();
    let task = server.task();
    let step = |name: &str, needs: &str| json!({"ref": name, "name": name, "depends_on": [needs]});
    let plan = json!({"sub_tasks": [step("a", "b"), step("b", "c"), step("c", "a")]});
    let problem = server.planner().post(&path(&task), &plan).refused(422, "invalid_fields");
    let message = text(&problem["errors"][0]["message"]);
    assert!(
        ["a -> b", "b -> c", "c -> a"].iter().filter(|part| message.contains(**part)).count() >= 2,
        "{message}"
    );
    let itself = json!({"sub_tasks": [step("a", "a")]});
    server.planner().post(&path(&task), &itself).wrong_fields(&["sub_tasks[0].depends_on"]);
    assert_eq!(count(&server, &task), (json!(0), 0));
}

#[test]
fn a_plan_has_a_largest_size() {
    let server = TestServer::start();
    let task = server.task();
    let many = |n: usize| (0..n).map(|i| json!({"name": format!("s{i}")})).collect::<Vec<_>>();
    let planner = server.planner();
    planner.post(&path(&task), &json!({"sub_tasks": many(2_001)})).wrong_fields(&["sub_tasks"]);
    planner.post(&path(&task), &json!({"modules": many(201)})).wrong_fields(&["modules"]);
    planner.post(&path(&task), &json!({"modules": many(200)})).ok();
    assert_eq!(count(&server, &task), (json!(0), 200));
}
