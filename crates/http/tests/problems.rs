//! Every code of the table is one that the server really answers, with the status of the table.

use std::collections::BTreeMap;

use openmoss_http::CODES;
use serde_json::json;

use crate::support::{NOBODY, PASSWORD, Reply, TestServer};

/// Codes that no client can bring about in a test, and why.
const UNREACHABLE: &[(&str, &str)] = &[
    ("review.own_work", "only executors are given work, and a role never changes"),
    ("concurrent_change", "needs five lost races in a row, and on SQLite there is one writer"),
    ("content.unreadable", "needs a file that somebody broke by hand; see prompts.rs"),
    ("content.not_writable", "needs a folder that cannot be written; see prompts.rs"),
    ("delivery.already_delivered", "needs a receiver that takes it; see notifications.rs"),
    ("internal", "needs a fault; a test in src/problem.rs makes one by hand"),
    ("unavailable", "needs more requests at once than the queue takes; see server.rs"),
];

/// One refusal for each code that can be brought about.
fn examples(server: &TestServer) -> Vec<Reply> {
    let (executor, reviewer, planner) = (server.executor(), server.reviewer(), server.planner());
    let (admin, anyone) = (server.admin(), server.anyone());
    let task = server.task();
    let body = |name: &str| json!({"name": name});
    let mut replies = vec![
        planner.call("POST", "/api/tasks").body("{").send(),
        anyone.get("/api/tasks"),
        anyone.post("/api/admin/login", &json!({"password": "wrong"})),
        anyone.get("/api/rules/list"),
        executor.post("/api/tasks", &body("x")),
        reviewer.post(
            "/api/scores/adjust",
            &json!({"agent_id": reviewer.id, "score_delta": 1, "reason": "x"}),
        ),
        anyone.get("/api/nothing"),
        planner.get(&format!("/api/tasks/{NOBODY}")),
        planner.post("/api/sub-tasks", &json!({"task_id": task, "name": "x", "module_id": NOBODY})),
        planner.get(&format!("/api/sub-tasks/{NOBODY}")),
        admin.get(&format!("/api/scores/{NOBODY}")),
        planner.get(&format!("/api/review-records/{NOBODY}")),
        admin.get(&format!("/api/rules/{NOBODY}")),
        admin.get(&format!("/api/patrol-records/{NOBODY}")),
        admin.get(&format!("/api/tasks/{task}/recurrence")),
        admin.call("DELETE", &format!("/api/admin/sessions/{NOBODY}")).send(),
        admin.get("/api/admin/prompts/agents/executor-nobody"),
        admin.call("DELETE", "/api/admin/prompts/agents/executor-ada").send(),
        admin.get("/api/skills/nothing-of-this-name"),
        admin.get(&format!("/api/admin/agents/{NOBODY}/onboarding")),
        admin.post(&format!("/api/admin/agents/{}/wake/test", executor.id), &json!({})),
        admin.post(&format!("/api/admin/notifications/{NOBODY}/retry"), &json!({})),
        anyone.call("DELETE", "/api/tasks").send(),
        admin.post("/api/rules", &json!({"scope": "global", "content": "x"})),
        planner.call("POST", "/api/tasks").body(vec![b' '; (1 << 20) + 1]).send(),
        planner.post("/api/tasks", &body("")),
    ];

    let finding = json!({"type": "x", "severity": "info", "description": "x"});
    let record = admin.post("/api/patrol-records", &finding).ok();
    let record = format!("/api/patrol-records/{}", record["record"]["id"].as_str().unwrap());
    admin.post(&format!("{record}/resolve"), &json!({})).ok();
    replies.push(admin.post(&format!("{record}/ignore"), &json!({})));

    let dear = server.task();
    admin.put(&format!("/api/admin/budgets/tasks/{dear}"), &json!({"cost": "1"})).ok();
    executor.post("/api/usage", &json!({"task_id": dear, "cost": "1"})).ok();
    replies.push(executor.step(&server.sub_task(&dear), "claim"));
    let judged = server.task();
    admin.put(&format!("/api/admin/tasks/{judged}/policy"), &json!({"approvals": 2})).ok();
    let judged = server.sub_task(&judged);
    for step in ["claim", "start", "submit"] {
        executor.step(&judged, step).ok();
    }
    reviewer.step(&judged, "complete").ok();
    replies.push(reviewer.step(&judged, "complete"));

    let id = server.work();
    let adopt = format!("/api/sub-tasks/{id}/adopt");
    replies.push(reviewer.post(&adopt, &json!({"submission_id": NOBODY})));
    replies.push(executor.step(&id, "start"));
    executor.step(&id, "claim").ok();
    replies.push(server.executor().step(&id, "claim"));
    let sub_task = |name: &str, needs: &str| {
        let body = json!({"task_id": task, "name": name, "depends_on": [needs]});
        planner.post("/api/sub-tasks", &body).ok()["id"].as_str().unwrap().to_owned()
    };
    let first = server.sub_task(&task);
    let second = sub_task("second", &first);
    replies.push(executor.step(&second, "claim"));
    planner.step(&first, "cancel").ok();
    replies.push(planner.step(&second, "requeue"));

    let rare = json!({"task_id": task, "name": "rare", "required_capabilities": ["cobol"]});
    let rare = planner.post("/api/sub-tasks", &rare).ok();
    replies.push(executor.step(rare["id"].as_str().unwrap(), "claim"));
    let limit = |most: u32| json!({"policy": {"max_open_per_agent": most}});
    admin.put("/api/admin/config", &limit(1)).ok();
    replies.push(executor.step(&server.work(), "claim"));
    admin.put("/api/admin/config", &limit(0)).ok();

    let over = server.task();
    let held = server.sub_task(&over);
    let cancel = format!("/api/tasks/{over}/cancel");
    planner.call("POST", &cancel).send().ok();
    replies.push(executor.step(&held, "claim"));
    replies.push(planner.call("POST", &cancel).send());

    for name in ["one", "two"] {
        let call = planner.call("POST", "/api/tasks").header("Idempotency-Key", "k");
        replies.push(call.json(&body(name)).send());
    }
    let remote = anyone.with("X-Forwarded-For", "192.0.2.9");
    replies.extend((0..12).map(|_| remote.post("/api/admin/login", &json!({"password": "x"}))));
    let path = format!("/api/agents/{}/status", executor.id);
    admin.put(&path, &json!({"status": "disabled"})).ok();
    replies.push(executor.get("/api/tasks"));
    replies
}

#[test]
fn every_code_is_answered_by_somebody_or_has_a_reason_why_not() {
    let server = TestServer::start();
    let replies = examples(&server);
    let answered: BTreeMap<String, &Reply> = replies
        .iter()
        .filter(|reply| reply.status >= 400)
        .map(|reply| (reply.json()["code"].as_str().unwrap().to_owned(), reply))
        .collect();
    let mut wrong = Vec::new();
    for (code, _, _) in CODES {
        let reason = UNREACHABLE.iter().find(|(unreachable, _)| unreachable == code);
        match (answered.contains_key(*code), reason) {
            (false, None) => wrong.push(format!("{code} is answered by nobody")),
            (true, Some((_, reason))) => {
                wrong.push(format!("{code} is answered, although: {reason}"));
            }
            (true, None) | (false, Some(_)) => {}
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_table_has_each_code_once_and_only_refusals() {
    let mut codes: Vec<_> = CODES.iter().map(|(code, _, _)| code).collect();
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), CODES.len());
    for (code, status, meaning) in CODES {
        assert!((400..600).contains(status), "{code}");
        assert!(meaning.ends_with('.'), "{code}: {meaning}");
        assert!(code.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'.')), "{code}");
    }
}

#[test]
fn the_admins_endpoints_use_403_for_a_dead_session_alone() {
    // The dashboard takes every 403 for the end of its session, except on login.
    let server = TestServer::start();
    let document = crate::support::form::document();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(security) = operation.get("security").and_then(|one| one.as_array()) else {
                continue;
            };
            let is_admins = security.iter().all(|one| one.get("admin").is_some());
            if !is_admins || path == "/api/admin/logout" {
                continue;
            }
            let path = path.replace(['{', '}'], "");
            let method = method.to_ascii_uppercase();
            for body in ["", "{}", "[]", "{"] {
                let reply = server.admin().call(&method, &path).body(body).send();
                assert_ne!(reply.status, 403, "{reply}");
                let reply = server.executor().call(&method, &path).body(body).send();
                reply.refused(403, "admin.no_session");
            }
        }
    }
    server.anyone().post("/api/admin/login", &json!({"password": PASSWORD})).ok();
}
