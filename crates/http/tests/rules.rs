//! Rules: merged for agents, each by itself for the admin.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{NOBODY, TestServer, text};

/// The version of the client that the server hands out.
fn latest(server: &TestServer) -> i64 {
    server.service.client("http://x").unwrap().version.unwrap()
}

fn only_global(server: &TestServer, content: &str) {
    let rules = server.admin().get("/api/rules/list").ok();
    let id = text(&rules[0]["id"]);
    server.admin().put(&format!("/api/rules/{id}"), &json!({"content": content})).ok();
}

#[test]
fn the_first_start_brings_the_global_rule_of_the_program() {
    let server = TestServer::start();
    let rules = server.admin().get("/api/rules/list").ok();
    assert_eq!(rules.as_array().unwrap().len(), 1);
    assert_eq!((&rules[0]["scope"], &rules[0]["task_id"]), (&json!("global"), &Value::Null));
    assert!(!text(&rules[0]["content"]).trim().is_empty());
}

#[test]
fn rules_that_apply_are_merged_in_order_with_variables_filled() {
    let server = TestServer::start_with(|settings| {
        settings.project.name = "Apollo".to_owned();
        settings.workspace.root = "/srv/work".to_owned();
    });
    let executor = server.executor();
    let task = server.task();
    let work = server.sub_task(&task);
    only_global(&server, "Global for {{project_name}} {{ project_name }} {{other}}");
    let create = |body: Value| {
        server.clock.advance(Duration::from_secs(1));
        server.admin().post("/api/rules", &body).ok()
    };
    create(json!({"scope": "sub_task", "sub_task_id": work, "content": "Of the work"}));
    create(json!({"scope": "task", "task_id": task, "content": "First in {{workspace_root}}"}));
    create(json!({"scope": "task", "task_id": task, "content": "Second"}));
    create(json!({"scope": "task", "task_id": NOBODY, "content": "Of another"}));
    let version = latest(&server);
    let merged = |query: &str| {
        text(&executor.get(&format!("/api/rules?cli_version={version}{query}")).ok()["content"])
    };
    let global = "Global for Apollo {{ project_name }} {{other}}";
    let of_task = "First in /srv/work\n\n---\n\nSecond";
    assert_eq!(merged(""), global);
    assert_eq!(merged(&format!("&task_id={task}")), format!("{global}\n\n---\n\n{of_task}"));
    assert_eq!(merged(&format!("&sub_task_id={work}")), format!("{global}\n\n---\n\nOf the work"));
    assert_eq!(
        merged(&format!("&sub_task_id={work}&task_id={task}")),
        format!("{global}\n\n---\n\n{of_task}\n\n---\n\nOf the work")
    );
    assert_eq!(merged("&task_id=x&sub_task_id=&x=1"), global);
    server.admin().get("/api/rules").refused(401, "unauthenticated");
}

#[test]
fn an_old_client_is_told_to_update() {
    let server = TestServer::start_with(|settings| {
        settings.server.external_url = "https://moss.example/".to_owned();
    });
    let executor = server.executor();
    only_global(&server, "Be kind.");
    let latest = latest(&server);
    let rules = |query: &str| executor.get(&format!("/api/rules{query}")).ok();

    for current in [latest, latest + 1, i64::MAX] {
        let answer = rules(&format!("?cli_version={current}"));
        assert_eq!(
            (
                &answer["update_available"],
                &answer["latest_version"],
                &answer["update_instructions"],
                &answer["content"]
            ),
            (&json!(false), &Value::Null, &json!(""), &json!("Be kind."))
        );
    }
    for old in [latest - 1, 0, -1, i64::MIN] {
        let answer = rules(&format!("?cli_version={old}"));
        assert_eq!(
            (&answer["update_available"], &answer["latest_version"]),
            (&json!(true), &json!(latest))
        );
        assert_eq!(
            answer["content"], "Be kind.",
            "a client that says its version reads the fields"
        );
        let instructions = text(&answer["update_instructions"]);
        assert!(instructions.contains("https://moss.example/api/tools/cli"), "{instructions}");
        assert!(
            instructions.contains("https://moss.example/api/agents/me/skill"),
            "{instructions}"
        );
    }
    // The first clients do not say their version and read nothing but the text.
    let answer = rules("");
    let instructions = text(&answer["update_instructions"]);
    assert_eq!(
        (&answer["update_available"], &answer["latest_version"]),
        (&json!(true), &json!(latest))
    );
    assert_eq!(answer["content"], format!("Be kind.\n\n---\n\n{instructions}"));
    for wrong in ["x", "", "1.5", "99999999999999999999"] {
        executor.get(&format!("/api/rules?cli_version={wrong}")).wrong_fields(&["cli_version"]);
    }
}

#[test]
fn no_rules_are_an_empty_text() {
    let server = TestServer::start();
    let executor = server.executor();
    let rules = server.admin().get("/api/rules/list").ok();
    let id = text(&rules[0]["id"]);
    let deleted = server.admin().delete(&format!("/api/rules/{id}")).ok();
    assert_eq!(deleted, json!({"message": "The rule is deleted."}));
    let version = latest(&server);
    assert_eq!(executor.get(&format!("/api/rules?cli_version={version}")).ok()["content"], "");
}

#[test]
fn the_admin_keeps_the_rules() {
    let server = TestServer::start();
    let admin = server.admin();
    let task = server.task();
    let rule = admin
        .post("/api/rules", &json!({"scope": "task", "task_id": task, "content": "# Rule\n"}))
        .ok();
    assert_eq!(
        rule,
        json!({
            "id": rule["id"], "scope": "task", "task_id": task, "sub_task_id": null,
            "content": "# Rule\n", "created_at": "2026-09-21T14:13:20.000000Z",
            "updated_at": "2026-09-21T14:13:20.000000Z",
        })
    );
    let path = format!("/api/rules/{}", text(&rule["id"]));
    assert_eq!(admin.get(&path).ok(), rule);
    server.clock.advance(Duration::from_secs(1));
    let edited = admin.put(&path, &json!({"content": "Less"})).ok();
    assert_eq!(
        (&edited["content"], &edited["updated_at"]),
        (&json!("Less"), &json!("2026-09-21T14:13:21.000000Z"))
    );
    assert_eq!(admin.get(&path).ok(), edited);
    for query in [
        "?scope=task".to_owned(),
        format!("?task_id={task}"),
        format!("?scope=task&task_id={task}"),
    ] {
        assert_eq!(admin.get(&format!("/api/rules/list{query}")).ok(), json!([edited]), "{query}");
    }
    for nothing in ["?scope=world", "?task_id=x", "?scope=sub_task", "?scope=global&task_id=x"] {
        assert_eq!(admin.get(&format!("/api/rules/list{nothing}")).ok(), json!([]), "{nothing}");
    }
    assert_eq!(admin.get("/api/rules/list?scope=&task_id=").ok().as_array().unwrap().len(), 2);
    admin.delete(&path).ok();
    admin.get(&path).refused(404, "rule.not_found");
    admin.put(&path, &json!({"content": "x"})).refused(404, "rule.not_found");
    admin.delete(&path).refused(404, "rule.not_found");
    admin.get("/api/rules/x").refused(404, "rule.not_found");
}

#[test]
fn a_second_global_rule_is_refused() {
    let server = TestServer::start();
    let body = json!({"scope": "global", "content": "Another"});
    server.admin().post("/api/rules", &body).refused(409, "already_exists");
    assert_eq!(server.admin().get("/api/rules/list").ok().as_array().unwrap().len(), 1);
}

#[test]
fn what_a_rule_must_have_is_told_field_by_field() {
    let server = TestServer::start();
    let admin = server.admin();
    for (body, field) in [
        (json!({"content": "x"}), "scope"),
        (json!({"scope": "world", "content": "x"}), "scope"),
        (json!({"scope": "task", "content": "x"}), "task_id"),
        (json!({"scope": "task", "content": "x", "task_id": ""}), "task_id"),
        (json!({"scope": "sub_task", "content": "x", "task_id": NOBODY}), "sub_task_id"),
        (json!({"scope": "task", "task_id": NOBODY}), "content"),
        (json!({"scope": "task", "task_id": NOBODY, "content": 5}), "content"),
        (json!({"scope": "task", "task_id": NOBODY, "content": "\u{0}"}), "content"),
        (json!({"scope": "task", "task_id": NOBODY, "content": "x".repeat(65_537)}), "content"),
    ] {
        admin.post("/api/rules", &body).wrong_fields(&[field]);
    }
    let rules = admin.get("/api/rules/list").ok();
    let path = format!("/api/rules/{}", text(&rules[0]["id"]));
    for body in [json!({}), json!({"content": null}), json!({"content": "\u{0}"})] {
        admin.put(&path, &body).wrong_fields(&["content"]);
    }
    assert_eq!(admin.get("/api/rules/list").ok(), rules);
}

#[test]
fn rules_are_the_admins_alone() {
    let server = TestServer::start();
    let rules = server.admin().get("/api/rules/list").ok();
    let path = format!("/api/rules/{}", text(&rules[0]["id"]));
    let planner = server.planner();
    planner.get("/api/rules/list").refused(403, "admin.no_session");
    planner.get(&path).refused(403, "admin.no_session");
    planner.put(&path, &json!({"content": "x"})).refused(403, "admin.no_session");
    planner.delete(&path).refused(403, "admin.no_session");
    planner
        .post("/api/rules", &json!({"scope": "global", "content": "x"}))
        .refused(403, "admin.no_session");
    assert_eq!(server.admin().get("/api/rules/list").ok(), rules);
}
