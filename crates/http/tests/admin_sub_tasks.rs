//! Sub-tasks as an admin reads them: every filter, every sort, every error.

use serde_json::{Value, json};

use crate::support::{NOBODY, TestServer, text};

const ALL: &str = "/api/admin/sub-tasks";

/// A task with a module, and four sub-tasks that differ in everything that can be asked for.
struct World {
    server: TestServer,
    task: String,
    module: String,
    owner: String,
}

impl World {
    fn make() -> Self {
        let server = TestServer::start();
        let executor = server.executor();
        let task = server.task();
        let plan = json!({
            "modules": [{"name": "Part", "sub_tasks": [
                {"name": "alpha", "description": "Reads 100% of it", "priority": "high"},
                {"name": "beta", "priority": "low", "type": "recurring"},
            ]}],
            "sub_tasks": [{"name": "gamma"}],
        });
        let planned = server.admin().post(&format!("/api/tasks/{task}/plan"), &plan).ok();
        let module = text(&planned["modules"][0]["id"]);
        let id = |name: &str| {
            let all = planned["sub_tasks"].as_array().unwrap();
            text(&all.iter().find(|one| one["name"] == name).unwrap()["id"])
        };
        for step in ["claim", "start", "submit"] {
            server.clock.advance(std::time::Duration::from_secs(1));
            executor.step(&id("alpha"), step).ok();
        }
        let verdict = json!({"sub_task_id": id("alpha"), "result": "rejected", "score": 2, "issues": "More."});
        server.reviewer().post("/api/review-records", &verdict).ok();
        server.clock.advance(std::time::Duration::from_secs(1));
        executor.step(&id("beta"), "claim").ok();
        server.clock.advance(std::time::Duration::from_secs(1));
        server.sub_task(&server.task());
        let owner = executor.id.clone();
        Self { server, task, module, owner }
    }

    fn get(&self, path: &str) -> Value {
        self.server.admin().get(path).ok()
    }

    /// The names on a page, in their order; "Work" for the one of another task.
    fn names(&self, path: &str) -> Vec<String> {
        let page = self.get(path);
        let items = page["items"].as_array().unwrap();
        assert_eq!(page["total"], items.len(), "{path}: {page}");
        let first = |name: String| name.split(' ').next().unwrap().to_owned();
        items.iter().map(|one| first(text(&one["name"]))).collect()
    }
}

#[test]
fn each_filter_finds_what_it_says() {
    let world = World::make();
    let (task, module, owner) = (&world.task, &world.module, &world.owner);
    let cases = [
        (String::new(), "Work gamma beta alpha"),
        (format!("task_id={task}"), "gamma beta alpha"),
        (format!("module_id={module}"), "beta alpha"),
        (format!("task_id={task}&module_id={module}"), "beta alpha"),
        (format!("assigned_agent={owner}"), "beta alpha"),
        (format!("assigned_agent={NOBODY}"), ""),
        ("assigned_agent=nonsense".to_owned(), ""),
        ("assigned_agent=&task_id=&module_id=&keyword=".to_owned(), "Work gamma beta alpha"),
        ("status=rework".to_owned(), "alpha"),
        ("status=pending".to_owned(), "Work gamma"),
        ("status=done".to_owned(), ""),
        ("priority=high".to_owned(), "alpha"),
        ("priority=medium&status=pending".to_owned(), "Work gamma"),
        ("type=recurring".to_owned(), "beta"),
        ("type=once&priority=low".to_owned(), ""),
        ("keyword=ALPHA".to_owned(), "alpha"),
        ("keyword=%20100%25%20".to_owned(), "alpha"),
        ("keyword=_".to_owned(), ""),
        ("keyword=a&status=pending".to_owned(), "gamma"),
    ];
    for (query, expected) in cases {
        let expected: Vec<_> = expected.split(' ').filter(|name| !name.is_empty()).collect();
        assert_eq!(world.names(&format!("{ALL}?{query}")), expected, "{query}");
    }
    let of_task = format!("/api/admin/tasks/{task}/sub-tasks");
    assert_eq!(world.names(&of_task), ["gamma", "beta", "alpha"]);
    assert_eq!(world.names(&format!("{of_task}?module_id={module}&status=assigned")), ["beta"]);
    let of_module = format!("/api/admin/modules/{module}/sub-tasks");
    assert_eq!(world.names(&format!("{of_module}?keyword=reads")), ["alpha"]);
}

#[test]
fn each_sort_is_by_meaning_in_both_directions() {
    let world = World::make();
    let sorted = |by: &str, order: &str| {
        let here = format!("/api/admin/tasks/{}/sub-tasks?", world.task);
        for list in [here, format!("{ALL}?task_id={}&", world.task)] {
            let mut up = world.names(&format!("{list}sort_by={by}&sort_order=asc"));
            assert_eq!(up.join(" "), order, "{list} {by}");
            up.reverse();
            assert_eq!(world.names(&format!("{list}sort_by={by}&sort_order=desc")), up);
            assert_eq!(world.names(&format!("{list}sort_by={by}")), up, "{by}");
        }
        // All tasks' lists are read another way.
        let everywhere = world.names(&format!("{ALL}?sort_by={by}&sort_order=asc"));
        let here: Vec<_> = everywhere.iter().filter(|name| *name != "Work").cloned().collect();
        assert_eq!(here.join(" "), order, "{by}");
    };
    sorted("created_at", "alpha beta gamma");
    sorted("updated_at", "gamma alpha beta");
    sorted("priority", "alpha gamma beta");
    sorted("status", "gamma beta alpha");
    sorted("rework_count", "beta gamma alpha");
}

#[test]
fn rows_have_the_contracts_fields_and_names() {
    let world = World::make();
    let page = world.get(&format!("{ALL}?status=rework&page_size=1"));
    let envelope =
        json!({"total": 1, "page": 1, "page_size": 1, "total_pages": 1, "has_more": false});
    for (key, value) in envelope.as_object().unwrap() {
        assert_eq!(page[key], *value, "{key}");
    }
    let row = &page["items"][0];
    assert_eq!(
        (&row["name"], &row["type"], &row["priority"]),
        (&json!("alpha"), &json!("once"), &json!("high"))
    );
    assert_eq!(row["module_name"], "Part");
    assert!(text(&row["task_name"]).starts_with("Goal"), "{row}");
    assert!(text(&row["assigned_agent_name"]).starts_with("executor"), "{row}");
    assert_eq!((row["rework_count"].as_i64(), &row["completed_at"]), (Some(1), &Value::Null));

    let whole = world.get(&format!("{ALL}/{}", text(&row["id"])));
    for (key, value) in row.as_object().unwrap() {
        assert_eq!(whole[key], *value, "{key}");
    }
    assert_eq!(whole["submissions"].as_array().unwrap().len(), 1);
    assert_eq!(whole["reviews"][0]["issues"], "More.");
    assert_eq!(whole["waiting_for"]["kind"], "owner_rework");
    let allowed = whole["allowed_actions"].as_array().unwrap();
    assert!(allowed.contains(&json!("cancel")), "{whole}");
}

#[test]
fn one_shows_what_comes_before_and_after_it() {
    let server = TestServer::start();
    let task = server.task();
    let plan = json!({"sub_tasks": [
        {"ref": "a", "name": "first"}, {"name": "second", "depends_on": ["a"]},
    ]});
    let planned = server.admin().post(&format!("/api/tasks/{task}/plan"), &plan).ok();
    let look = |index: usize| {
        server.admin().get(&format!("{ALL}/{}", text(&planned["sub_tasks"][index]["id"]))).ok()
    };
    let (first, second) = (look(0), look(1));
    assert_eq!(
        first["dependents"],
        json!([{"id": second["id"], "name": "second", "status": "pending"}])
    );
    assert_eq!(
        second["depends_on"],
        json!([{"id": first["id"], "name": "first", "status": "pending"}])
    );
    assert_eq!((&first["depends_on"], &second["dependents"]), (&json!([]), &json!([])));
    assert_eq!(second["waiting_for"]["kind"], "prerequisites");
}

#[test]
fn pages_have_limits_and_an_end() {
    let world = World::make();
    let at = |query: &str| world.get(&format!("{ALL}?{query}"));
    assert_eq!(at("")["page_size"], 20);
    let second = at("page=2&page_size=3&sort_by=status&sort_order=asc");
    assert_eq!((second["items"].as_array().unwrap().len(), &second["total_pages"]), (1, &json!(2)));
    assert_eq!(second["has_more"], false);
    let behind = at("page=1000000000&page_size=100");
    assert_eq!((behind["items"].as_array().unwrap().len(), &behind["total"]), (0, &json!(4)));
}

#[test]
fn everything_wrong_is_named_at_once() {
    let world = World::make();
    let admin = world.server.admin();
    let wrong = |query: &str| admin.get(&format!("{ALL}?{query}"));
    let all = "page=0&page_size=101&status=open&priority=&type=x&sort_by=name&sort_order=DESC";
    let problem = wrong(all).wrong_fields(&[
        "page",
        "page_size",
        "status",
        "priority",
        "type",
        "sort_by",
        "sort_order",
    ]);
    let detail = problem["detail"].to_string();
    for allowed in
        ["pending, assigned", "high, medium, low", "once, recurring", "rework_count", "asc, desc"]
    {
        assert!(detail.contains(allowed), "{allowed}: {detail}");
    }
    wrong("status=").wrong_fields(&["status"]);
    wrong("page=x&page_size=").wrong_fields(&["page", "page_size"]);
    wrong(&format!("keyword={}", "x".repeat(501))).wrong_fields(&["keyword"]);
    wrong("keyword=a%00b").wrong_fields(&["keyword"]);
    wrong("keyword=%ff").refused(400, "malformed_request");
}

#[test]
fn unknown_places_are_404_and_foreign_ones_422() {
    let world = World::make();
    let admin = world.server.admin();
    for unknown in [NOBODY, "nonsense"] {
        admin.get(&format!("{ALL}?task_id={unknown}")).refused(404, "task.not_found");
        admin.get(&format!("{ALL}?module_id={unknown}")).refused(404, "module.not_found");
        admin.get(&format!("/api/admin/tasks/{unknown}/sub-tasks")).refused(404, "task.not_found");
        admin
            .get(&format!("/api/admin/modules/{unknown}/sub-tasks"))
            .refused(404, "module.not_found");
        admin.get(&format!("{ALL}/{unknown}")).refused(404, "sub_task.not_found");
    }
    let other = world.server.task();
    let query = format!("module_id={}", world.module);
    admin.get(&format!("{ALL}?task_id={other}&{query}")).wrong_fields(&["module_id"]);
    admin.get(&format!("/api/admin/tasks/{other}/sub-tasks?{query}")).wrong_fields(&["module_id"]);
    let anyone = world.server.anyone();
    for path in [ALL.to_owned(), format!("/api/admin/tasks/{other}/sub-tasks")] {
        anyone.get(&path).refused(403, "admin.no_session");
    }
}
