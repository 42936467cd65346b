//! Tasks and modules as an admin reads them: every filter, every sort, every error.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{NOBODY, TestServer, text};

const ALL: &str = "/api/admin/tasks";

/// Three tasks that differ in everything that can be asked for.
fn with_tasks(server: &TestServer) -> [String; 3] {
    let admin = server.admin();
    let create = |body: Value| {
        server.clock.advance(Duration::from_secs(1));
        text(&admin.post("/api/tasks", &body).ok()["id"])
    };
    let bravo = create(json!({"name": "bravo", "description": "Half_done 50%"}));
    let alpha = create(json!({"name": "Alpha", "type": "recurring"}));
    let charlie = create(json!({"name": "charlie"}));
    server.clock.advance(Duration::from_secs(1));
    let status = format!("/api/tasks/{bravo}/status");
    admin.put(&status, &json!({"status": "active"})).ok();
    [bravo, alpha, charlie]
}

fn names(server: &TestServer, path: &str) -> Vec<String> {
    let page = server.admin().get(path).ok();
    let items = page["items"].as_array().unwrap();
    assert_eq!(page["total"], items.len(), "{path}: {page}");
    items.iter().map(|one| text(&one["name"])).collect()
}

#[test]
fn each_filter_of_tasks_finds_what_it_says() {
    let server = TestServer::start();
    with_tasks(&server);
    let cases = [
        ("", "charlie Alpha bravo"),
        ("status=active", "bravo"),
        ("status=planning", "charlie Alpha"),
        ("status=archived", ""),
        ("type=recurring", "Alpha"),
        ("type=once", "charlie bravo"),
        ("type=recurring&status=active", ""),
        ("keyword=ALPHA", "Alpha"),
        ("keyword=%20half_%20", "bravo"),
        ("keyword=%25", "bravo"),
        ("keyword=a&status=planning", "charlie Alpha"),
        ("keyword=", "charlie Alpha bravo"),
    ];
    for (query, expected) in cases {
        let expected: Vec<_> = expected.split(' ').filter(|name| !name.is_empty()).collect();
        assert_eq!(names(&server, &format!("{ALL}?{query}")), expected, "{query}");
    }
}

#[test]
fn each_sort_of_tasks_works_in_both_directions() {
    let server = TestServer::start();
    with_tasks(&server);
    let cases = [
        ("created_at", "bravo Alpha charlie"),
        ("updated_at", "Alpha charlie bravo"),
        ("name", "Alpha bravo charlie"),
        ("status", "Alpha charlie bravo"),
    ];
    for (by, order) in cases {
        let mut up = names(&server, &format!("{ALL}?sort_by={by}&sort_order=asc"));
        assert_eq!(up.join(" "), order, "{by}");
        up.reverse();
        assert_eq!(names(&server, &format!("{ALL}?sort_by={by}")), up, "{by}");
    }
}

#[test]
fn tasks_and_modules_show_how_much_work_is_in_them() {
    let server = TestServer::start();
    let executor = server.executor();
    let task = server.task();
    let plan = json!({
        "modules": [
            {"name": "b", "sub_tasks": [{"name": "one"}, {"name": "two"}]}, {"name": "a"},
        ],
        "sub_tasks": [{"name": "three"}],
    });
    let planned = server
        .admin()
        .post(&format!("{}/plan", ALL.replace("/admin", "") + "/" + &task), &plan)
        .ok();
    let module = text(&planned["modules"][0]["id"]);
    let one = planned["sub_tasks"].as_array().unwrap().iter().find(|one| one["name"] == "one");
    executor.step(&text(&one.unwrap()["id"]), "claim").ok();

    let seen = server.admin().get(&format!("{ALL}/{task}")).ok();
    let listed = server.admin().get(ALL).ok()["items"][0].clone();
    assert_eq!(seen, listed);
    let counts = |seen: &Value| {
        let count = |name: &str| seen[format!("{name}_count")].as_i64().unwrap();
        let names = [
            "sub_task",
            "pending",
            "assigned",
            "in_progress",
            "review",
            "rework",
            "blocked",
            "done",
            "cancelled",
        ];
        names.map(count)
    };
    assert_eq!(counts(&seen), [3, 2, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(seen["module_count"], 2);

    let of_task = format!("{ALL}/{task}/modules");
    assert_eq!(names(&server, &format!("{of_task}?sort_by=name&sort_order=asc")), ["a", "b"]);
    assert_eq!(names(&server, &format!("{of_task}?sort_by=name")), ["b", "a"]);
    let mut by_time = names(&server, &format!("{of_task}?sort_order=asc"));
    by_time.reverse();
    assert_eq!(names(&server, &of_task), by_time);
    let second = server.admin().get(&format!("{of_task}?page=2&page_size=1&sort_by=name")).ok();
    assert_eq!((&second["items"][0]["name"], &second["total_pages"]), (&json!("a"), &json!(2)));
    let seen = server.admin().get(&format!("/api/admin/modules/{module}")).ok();
    assert_eq!(counts(&seen), [2, 1, 1, 0, 0, 0, 0, 0, 0]);
    assert!(text(&seen["task_name"]).starts_with("Goal"), "{seen}");
}

#[test]
fn what_is_wrong_is_named_and_what_is_unknown_is_404() {
    let server = TestServer::start();
    let admin = server.admin();
    let query = "page=0&status=open&type=&sort_by=priority&sort_order=up";
    let wrong = ["page", "status", "type", "sort_by", "sort_order"];
    let problem = admin.get(&format!("{ALL}?{query}")).wrong_fields(&wrong);
    assert!(problem["detail"].to_string().contains("created_at, updated_at, name, status"));
    let task = server.task();
    let modules = format!("{ALL}/{task}/modules");
    admin.get(&format!("{modules}?sort_by=status")).wrong_fields(&["sort_by"]);
    admin.get(&format!("{modules}?page_size=101")).wrong_fields(&["page_size"]);
    for unknown in [NOBODY, "nonsense"] {
        admin.get(&format!("{ALL}/{unknown}")).refused(404, "task.not_found");
        admin.get(&format!("{ALL}/{unknown}/modules")).refused(404, "task.not_found");
        admin.get(&format!("/api/admin/modules/{unknown}")).refused(404, "module.not_found");
    }
    for path in [ALL.to_owned(), format!("{ALL}/{task}"), modules] {
        server.anyone().get(&path).refused(403, "admin.no_session");
        server.executor().get(&path).refused(403, "admin.no_session");
    }
}
