//! The admin's commands, beside a server that runs on the same file.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Client, Place, Running, Said, text};

/// The id of nothing.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// A place with a server that is set up.
fn served() -> (Place, Running, Client) {
    let place = Place::new();
    let running = place.serve(&[]);
    let admin = running.set_up();
    (place, running, admin)
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn agents_are_created_listed_disabled_and_get_new_keys() {
    let (place, running, _) = served();
    let create = ["agent", "create", "ada", "--role", "executor", "--json"];
    let ada = place.run(&create).with_code(0).json();
    assert_eq!(
        keys(&ada),
        ["api_key", "created_at", "description", "id", "name", "role", "status", "total_score"]
    );
    let try_key = |key: &str| Client::agent(&running.url, key).get("/api/sub-tasks/mine");
    let key = text(&ada["api_key"]);
    try_key(&key).ok();

    let said = place.run(&create).with_code(5);
    assert!(said.stderr.contains("ada"), "{}", said.stderr);
    place.run(&["agent", "create", "bob", "--role", "boss"]).with_code(2);
    place.run(&["agent", "create", " ", "--role", "planner"]).with_code(2);
    let table = place.run(&["agent", "create", "bob", "--role", "planner"]).with_code(0).stdout;
    assert!(table.contains("ak_") && !table.contains('\u{1b}'), "{table}");

    let list = |filter: &[&str]| {
        let args: Vec<_> = ["agent", "list", "--json"].iter().chain(filter).copied().collect();
        place.run(&args).with_code(0).json()
    };
    assert_eq!(list(&[])["total"], 2);
    assert_eq!(list(&["--role", "planner"])["items"][0]["name"], "bob");
    assert!(list(&[])["items"][0].get("api_key").is_none());

    let disabled = place.run(&["agent", "disable", "ada", "--json"]).with_code(0).json();
    assert_eq!(disabled["status"], "disabled");
    assert_eq!(list(&["--status", "disabled"])["total"], 1);
    place.run(&["agent", "enable", ada["id"].as_str().unwrap()]).with_code(0);
    assert_eq!(list(&["--status", "disabled"])["total"], 0);

    let reset = place.run(&["agent", "reset-key", "ada", "--json"]).with_code(0).json();
    assert_ne!(reset["api_key"], ada["api_key"]);
    try_key(&text(&reset["api_key"])).ok();

    place.run(&["agent", "disable", "nobody"]).with_code(4);
    place.run(&["agent", "disable", NOBODY]).with_code(4);
}

#[test]
fn tasks_are_created_listed_shown_and_cancelled() {
    let (place, _running, _) = served();
    let create = ["task", "create", "A goal", "--description", "in\nwords", "--json"];
    let task = place.run(&create).with_code(0).json();
    let fields = ["created_at", "description", "id", "name", "status", "type", "updated_at"];
    assert_eq!(keys(&task), fields);
    assert_eq!((&task["status"], &task["type"]), (&json!("planning"), &json!("once")));
    let id = text(&task["id"]);

    let list = place.run(&["task", "list", "--json"]).with_code(0).json();
    assert_eq!((keys(&list), &list["total"]), (vec!["items", "total"], &json!(1)));
    assert_eq!(list["items"][0], task);
    let none = place.run(&["task", "list", "--json", "--status", "active"]).with_code(0).json();
    assert_eq!(none["total"], 0);
    let table = place.run(&["task", "list"]).with_code(0).stdout;
    assert!(table.contains("A goal") && table.contains(&id), "{table}");

    let whole = place.run(&["task", "show", &id, "--json"]).with_code(0).json();
    assert_eq!(keys(&whole), ["modules", "sub_tasks", "task"]);
    assert_eq!(whole["sub_tasks"][0], json!({"status": "pending", "count": 0}));
    place.run(&["task", "show", &id]).with_code(0);

    let cancelled = place.run(&["task", "cancel", &id, "--json"]).with_code(0).json();
    assert_eq!(cancelled["status"], "cancelled");
    place.run(&["task", "cancel", &id]).with_code(5);
    place.run(&["task", "cancel", NOBODY]).with_code(4);
    place.run(&["task", "show", "not-an-id"]).with_code(2);
    place.run(&["task", "create", ""]).with_code(2);
}

#[test]
fn sub_tasks_are_listed_shown_requeued_and_cancelled() {
    let (place, running, admin) = served();
    let task = admin.post("/api/tasks", &json!({"name": "goal"})).ok();
    let create = |name: &str| {
        let new = json!({"task_id": task["id"], "name": name, "acceptance": "looks right"});
        text(&admin.post("/api/sub-tasks", &new).ok()["id"])
    };
    let (first, second) = (create("first"), create("second"));
    let (_, key) = admin.create_agent("ada", "executor");
    let (_, reviewer) = admin.create_agent("eve", "reviewer");
    let ada = Client::agent(&running.url, &key);
    ada.post(&format!("/api/sub-tasks/{first}/claim"), &json!({})).ok();
    ada.post(&format!("/api/sub-tasks/{first}/start"), &json!({})).ok();
    ada.post(&format!("/api/sub-tasks/{first}/submit"), &json!({"summary": "here it is"})).ok();
    let verdict =
        json!({"sub_task_id": first, "result": "rejected", "score": 2, "issues": "not yet"});
    Client::agent(&running.url, &reviewer).post("/api/review-records", &verdict).ok();

    let list = |filter: &[&str]| {
        let args: Vec<_> = ["sub-task", "list", "--json"].iter().chain(filter).copied().collect();
        place.run(&args).with_code(0).json()
    };
    assert_eq!(list(&[])["total"], 2);
    let page = list(&["--limit", "1", "--offset", "1"]);
    assert_eq!((&page["total"], page["items"].as_array().unwrap().len()), (&json!(2), 1));
    let of_ada = list(&["--agent", "ada", "--status", "rework"]);
    assert_eq!(of_ada["items"][0]["id"], first.as_str());
    assert_eq!(of_ada["items"][0]["assigned_agent_name"], "ada");
    assert_eq!(of_ada["items"][0]["waiting_for"]["kind"], "owner_rework");
    place.run(&["sub-task", "list", "--agent", "nobody"]).with_code(4);
    place.run(&["sub-task", "list", "--status", "open"]).with_code(2);
    let table = place.run(&["sub-task", "list", "--limit", "1"]).with_code(0).stdout;
    assert!(table.contains("1 to 1 of 2"), "{table}");

    let whole = place.run(&["sub-task", "show", &first, "--json"]).with_code(0).json();
    assert_eq!(keys(&whole), ["reviews", "sub_task", "submissions"]);
    assert_eq!(whole["submissions"][0]["summary"], "here it is");
    assert_eq!(whole["reviews"][0]["issues"], "not yet");
    let shown = place.run(&["sub-task", "show", &first]).with_code(0).stdout;
    for part in ["ada", "eve", "here it is", "not yet", "looks right", "mend"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }

    place.run(&["sub-task", "requeue", &first]).with_code(5);
    ada.post(&format!("/api/sub-tasks/{first}/block"), &json!({"detail": "no key"})).ok();
    let requeued = place.run(&["sub-task", "requeue", &first, "--json"]).with_code(0).json();
    assert_eq!(
        (&requeued["status"], &requeued["assigned_agent"]),
        (&json!("pending"), &Value::Null)
    );
    let cancelled = place.run(&["sub-task", "cancel", &second, "--json"]).with_code(0).json();
    assert_eq!(cancelled["status"], "cancelled");
    place.run(&["sub-task", "cancel", &second]).with_code(5);
    place.run(&["sub-task", "cancel", NOBODY]).with_code(4);
}

pub(crate) fn set_password(place: &Place, password: &str) -> Said {
    let mut command = place.command(&["admin", "set-password", "--stdin"]);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{password}\nmore\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Said {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_new_admin_password_ends_every_session() {
    let (place, running, admin) = served();
    admin.get("/api/admin/dashboard/overview").ok();
    let said = set_password(&place, "another horse").with_code(0);
    assert!(!said.stdout.contains("horse") && !said.stderr.contains("horse"), "{said:?}");
    let answer = admin.get("/api/admin/dashboard/overview");
    assert!(matches!(answer, crate::support::Answer::Status(403, _)), "{answer:?}");
    set_password(&place, "short").with_code(2);
    // There is no terminal to ask on.
    place.run(&["admin", "set-password"]).with_code(2);
    drop(running);

    let running = place.serve(&[]);
    let stranger = Client::new(&running.url);
    stranger.post("/api/admin/login", &json!({"password": "another horse"})).ok();
}

#[test]
fn the_database_is_migrated_backed_up_and_checked() {
    let place = Place::new();
    let said = place.run(&["db", "check"]).with_code(6);
    assert!(said.stderr.contains("there is no database at"), "{}", said.stderr);
    assert!(!place.path("data").exists(), "a look makes no database");
    place.run(&["task", "list"]).with_code(6);

    place.run(&["db", "migrate"]).with_code(0);
    place.run(&["db", "migrate"]).with_code(0);
    place.run(&["task", "create", "kept"]).with_code(0);
    assert_eq!(place.run(&["db", "check", "--json"]).with_code(0).json(), json!({"findings": []}));
    place.run(&["db", "backup", "copy.db"]).with_code(0);
    place.run(&["db", "backup", "copy.db"]).with_code(5);
    let copied = place.run(&["task", "list", "--json", "--database", "copy.db"]).with_code(0);
    assert_eq!(copied.json()["items"][0]["name"], "kept");
    assert!(!place.path("config.yaml").exists(), "no command writes the configuration");
}

#[test]
fn the_configuration_is_shown_and_checked() {
    let place = Place::new();
    let config = "server:\n  port: 7000\nadmin:\n  password: hunter seven\n";
    std::fs::write(place.path("config.yaml"), config).unwrap();
    let mut command = place.command(&["config", "show", "--json"]);
    let shown = crate::support::finish(command.env("OPENMOSS_SERVER__HOST", "127.0.0.1"));
    assert!(!shown.stdout.contains("hunter"), "{}", shown.stdout);
    let shown = shown.with_code(0).json();
    let value = |key: &str| {
        let found = shown.as_array().unwrap().iter().find(|row| row["key"] == key);
        found.unwrap_or_else(|| panic!("no {key}: {shown}"))
    };
    assert_eq!(
        value("server.port"),
        &json!({"key": "server.port", "value": 7000, "source": "config.yaml"})
    );
    assert_eq!(value("server.host")["source"], "environment OPENMOSS_SERVER__HOST");
    assert_eq!(std::fs::read_to_string(place.path("config.yaml")).unwrap(), config);

    place.run(&["config", "check"]).with_code(0);
    std::fs::write(place.path("config.yaml"), "server:\n  prot: 7000\n").unwrap();
    let said = place.run(&["config", "check", "--json"]).with_code(3);
    assert_eq!(said.json()["problems"].as_array().unwrap().len(), 1, "{said:?}");
    place.run(&["config", "show"]).with_code(0);
}

#[test]
fn stored_settings_are_shown_and_told_from_the_file() {
    let (place, running, _) = served();
    drop(running);
    let shown = place.run(&["config", "show", "--json"]).with_code(0).json();
    let row = shown.as_array().unwrap().iter().find(|row| row["key"] == "project.name").unwrap();
    assert_eq!((&row["value"], &row["source"]), (&json!("Test"), &json!("database")));
}

/// One in ten once crashed, while a thread of the pool was still connecting.
#[cfg(feature = "postgres")]
#[test]
fn on_postgres_a_short_command_ends_well_every_time() {
    let Some(db) = openmoss_testkit::TestDb::postgres() else { return };
    let place = Place::new();
    for _ in 0..40 {
        place.run(&["task", "list", "--database", db.url()]).with_code(0);
    }
}
