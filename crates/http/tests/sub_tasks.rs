//! Sub-tasks: from their creation to the end, and every way in between.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Agent, Client, NOBODY, TestServer, text};

const PATH: &str = "/api/sub-tasks";

fn at(id: &str) -> String {
    format!("{PATH}/{id}")
}

fn actions(view: &Value) -> Vec<&str> {
    view["allowed_actions"].as_array().unwrap().iter().filter_map(Value::as_str).collect()
}

#[test]
fn a_new_sub_task_has_what_was_sent_and_every_field_of_the_contract() {
    let server = TestServer::start();
    let planner = server.planner();
    let task = server.task();
    let module = planner.post(&format!("/api/tasks/{task}/modules"), &json!({"name": "m"})).ok();
    let body = json!({
        "task_id": task, "module_id": module["id"], "name": " Build ", "description": "How.\n",
        "deliverable": "A file.", "acceptance": "It runs.", "priority": "low",
        "type": "recurring", "recurring_config": {"cron": "* * * * *"},
    });
    let made = planner.post(PATH, &body).ok();
    assert_eq!(
        made,
        json!({
            "id": made["id"], "task_id": task, "module_id": module["id"], "name": "Build",
            "description": "How.\n", "deliverable": "A file.", "acceptance": "It runs.",
            "type": "recurring", "status": "pending", "priority": "low", "assigned_agent": null,
            "current_session_id": null, "rework_count": 0, "recurring_config": null,
            "created_at": "2026-09-21T14:13:20.000000Z",
            "updated_at": "2026-09-21T14:13:20.000000Z", "completed_at": null, "version": 1,
            "attempt": 0, "lease_expires_at": null, "depends_on": [], "open_prerequisites": 0, "required_capabilities": [],
            "blocked_cause": null, "progress": null,
            "waiting_for": {
                "kind": "no_executor", "since": "2026-09-21T14:13:20.000000Z",
                "detail": "no active executor exists; register or enable one",
            },
            "allowed_actions": ["assign", "reassign", "edit", "cancel"],
            "note_count": 0, "notes": [], "round": null, "recurrence": null,
        })
    );
    assert_eq!(planner.get(&at(&text(&made["id"]))).ok(), made);
    let least = planner
        .post(PATH, &json!({"task_id": task, "name": "x", "module_id": "", "assigned_agent": ""}))
        .ok();
    assert_eq!((&least["priority"], &least["type"]), (&json!("medium"), &json!("once")));
    assert_eq!((&least["module_id"], &least["assigned_agent"]), (&Value::Null, &Value::Null));
}

#[test]
fn what_a_new_sub_task_must_have_is_told_field_by_field() {
    let server = TestServer::start();
    let planner = server.planner();
    let task = server.task();
    let right = json!({"task_id": task, "name": "x"});
    for (field, value) in [
        ("task_id", json!(5)),
        ("task_id", Value::Null),
        ("name", Value::Null),
        ("name", json!("")),
        ("name", json!("x".repeat(201))),
        ("name", json!("a\u{0}")),
        ("priority", json!("urgent")),
        ("priority", json!(1)),
        ("type", json!("BOGUS")),
        ("description", json!([])),
        ("deliverable", json!("\u{7}")),
        ("acceptance", json!("x".repeat(65_537))),
        ("module_id", json!(1)),
        ("assigned_agent", json!(1)),
        ("depends_on", json!("x")),
        ("depends_on[0]", json!(["x"])),
        ("depends_on[1]", json!([NOBODY, 5])),
        ("depends_on", json!([NOBODY])),
        ("depends_on", json!(vec![NOBODY; 2_001])),
    ] {
        let mut body = right.clone();
        body[field.split('[').next().unwrap()] = value;
        planner.post(PATH, &body).wrong_fields(&[field]);
    }
    let all = json!({"task_id": task, "name": "", "description": "\u{0}", "deliverable": "\u{0}"});
    planner.post(PATH, &all).wrong_fields(&["name", "description", "deliverable"]);
    for missing in ["task_id", "name"] {
        let mut body = right.clone();
        body.as_object_mut().unwrap().remove(missing);
        planner.post(PATH, &body).wrong_fields(&[missing]);
    }
    assert_eq!(planner.get(PATH).ok()["total"], 0);
}

#[test]
fn what_a_new_sub_task_names_must_exist_and_fit() {
    let server = TestServer::start();
    let planner = server.planner();
    let (task, other) = (server.task(), server.task());
    let module = planner.post(&format!("/api/tasks/{other}/modules"), &json!({"name": "m"})).ok();
    let create = |field: &str, value: Value| {
        let mut body = json!({"task_id": task, "name": "x"});
        body[field] = value;
        planner.post(PATH, &body)
    };
    for unknown in [NOBODY, "x"] {
        create("task_id", json!(unknown)).refused(404, "task.not_found");
        create("module_id", json!(unknown)).refused(404, "module.not_found");
        create("assigned_agent", json!(unknown)).refused(404, "agent.not_found");
    }
    create("module_id", module["id"].clone()).wrong_fields(&["module_id"]);
    create("assigned_agent", json!(planner.id)).wrong_fields(&["assigned_agent"]);
    let disabled = server.executor();
    let path = format!("/api/agents/{}/status", disabled.id);
    server.admin().put(&path, &json!({"status": "disabled"})).ok();
    create("assigned_agent", json!(disabled.id)).wrong_fields(&["assigned_agent"]);
    create("depends_on", json!([server.sub_task(&other)])).wrong_fields(&["depends_on"]);
    assert_eq!(planner.get(&format!("{PATH}?task_id={task}")).ok()["total"], 0);
    let given = create("assigned_agent", json!(server.executor().id)).ok();
    assert_eq!((&given["status"], &given["attempt"]), (&json!("assigned"), &json!(1)));
}

#[test]
fn work_goes_from_pending_to_done() {
    let server = TestServer::start();
    let (executor, reviewer) = (server.executor(), server.reviewer());
    let id = server.work();
    assert_eq!(actions(&executor.get(&at(&id)).ok()), ["claim"]);

    let claimed = executor.step_with(&id, "claim", &json!({"session_id": "s1", "extra": 1})).ok();
    assert_eq!(
        (&claimed["status"], &claimed["assigned_agent"]),
        (&json!("assigned"), &json!(executor.id))
    );
    assert_eq!((&claimed["current_session_id"], &claimed["attempt"]), (&json!("s1"), &json!(1)));
    assert!(claimed["lease_expires_at"].is_string());
    assert_eq!(claimed["waiting_for"]["kind"], "owner_start");
    assert_eq!(actions(&claimed), ["start", "release", "block", "heartbeat"]);

    let started = executor.step_with(&id, "start", &json!({"attempt": 1, "session_id": ""})).ok();
    assert_eq!(
        (&started["status"], &started["current_session_id"]),
        (&json!("in_progress"), &json!("s1"))
    );
    assert_eq!(started["waiting_for"]["kind"], "owner");

    let submission = json!({
        "summary": "Done.", "attempt": 1,
        "artifacts": [
            {"kind": "path", "value": "/srv/report.md", "title": "Report"},
            {"kind": "url", "value": "https://example.com/x"},
            {"kind": "text", "value": "All\nof it", "title": null},
        ],
    });
    let submitted = executor.step_with(&id, "submit", &submission).ok();
    assert_eq!(
        (&submitted["status"], &submitted["current_session_id"]),
        (&json!("review"), &json!("s1"))
    );
    assert_eq!(submitted["waiting_for"]["kind"], "review");
    assert_eq!(actions(&reviewer.get(&at(&id)).ok()), ["approve", "reject"]);

    let list = reviewer.get(&format!("{}/submissions", at(&id))).ok();
    let kept = &list["items"][0];
    assert_eq!(
        *kept,
        json!({
            "id": kept["id"], "sub_task_id": id, "agent_id": executor.id, "attempt": 1,
            "late": false, "summary": "Done.", "created_at": "2026-09-21T14:13:20.000000Z",
            "artifacts": [
                {"kind": "path", "value": "/srv/report.md", "title": "Report"},
                {"kind": "url", "value": "https://example.com/x", "title": ""},
                {"kind": "text", "value": "All\nof it", "title": ""},
            ],
        })
    );
    let body = json!({"sub_task_id": id, "result": "approved", "score": 5});
    reviewer.post("/api/review-records", &body).ok();
    let done = executor.get(&at(&id)).ok();
    assert_eq!((&done["status"], &done["waiting_for"]), (&json!("done"), &Value::Null));
    assert_eq!(actions(&done), [""; 0]);
}

#[test]
fn existing_clients_send_no_body_at_all() {
    let server = TestServer::start();
    let executor = server.executor();
    let id = server.work();
    for (step, status) in [("claim", "assigned"), ("start", "in_progress"), ("submit", "review")] {
        // With the type of a body that is not there, as they do.
        let path = format!("{}/{step}", at(&id));
        let call = executor.call("POST", &path).header("Content-Type", "application/json");
        assert_eq!(call.send().ok()["status"], status);
    }
    let submissions = executor.get(&format!("{}/submissions", at(&id))).ok();
    assert_eq!(
        (&submissions["total"], &submissions["items"][0]["summary"]),
        (&json!(1), &json!(""))
    );
    let claim = executor.call("POST", &format!("{}/claim", at(&id))).json(&Value::Null);
    claim.send().wrong_fields(&["body"]);
}

#[test]
fn ones_own_step_again_is_harmless() {
    let server = TestServer::start();
    let executor = server.executor();
    let id = server.work();
    for step in ["claim", "start", "submit"] {
        let first = executor.step(&id, step).ok();
        assert_eq!(executor.step(&id, step).ok(), first, "{step}");
    }
    let submissions = executor.get(&format!("{}/submissions", at(&id))).ok();
    assert_eq!(submissions["total"], 1);
}

#[test]
fn an_illegal_step_is_409_and_says_what_is_legal() {
    let server = TestServer::start();
    let executor = server.executor();
    let id = server.work_in_review(&executor);
    for (who, step, body) in [
        (&*executor, "start", json!({})),
        (server.admin(), "release", json!({})),
        (server.admin(), "requeue", json!({})),
        (server.admin(), "reopen", json!({})),
        (server.admin(), "block", json!({})),
        (server.admin(), "reassign", json!({"agent_id": executor.id})),
    ] {
        let problem = who.step_with(&id, step, &body).refused(409, "sub_task.not_allowed_from");
        assert_eq!(problem["context"]["status"], "review", "{step}");
        let allowed = problem.get("allowed_actions").cloned().unwrap_or_else(|| json!([]));
        assert_eq!(allowed, who.get(&at(&id)).ok()["allowed_actions"], "{step}");
    }
    server.admin().put(&at(&id), &json!({"name": "x"})).refused(409, "sub_task.not_allowed_from");
    assert_eq!(server.look(&id)["version"], 4);
}

#[test]
fn whoever_does_not_own_it_is_told_who_does() {
    let server = TestServer::start();
    let (owner, other) = (server.executor(), server.executor());
    let id = server.work();
    let refused = |client: &Client, step: &str, body: Value| {
        client.step_with(&id, step, &body).refused(409, "sub_task.not_owner")["context"].clone()
    };
    for step in ["start", "submit", "heartbeat"] {
        assert_eq!(
            refused(&other, step, json!({})),
            json!({"owner": null, "attempt": 0}),
            "{step}"
        );
    }
    owner.step(&id, "claim").ok();
    let context = json!({"owner": owner.id, "attempt": 1});
    other.step(&id, "claim").refused(409, "sub_task.not_allowed_from");
    owner.step(&id, "start").ok();
    for step in ["start", "submit", "heartbeat"] {
        assert_eq!(refused(&other, step, json!({})), context, "{step}");
    }
    assert_eq!(refused(&other, "session", json!({"session_id": "x"})), context);
    // The owner in an older term is not the owner.
    for attempt in [0, 2, u32::MAX] {
        assert_eq!(refused(&owner, "submit", json!({"attempt": attempt})), context);
        assert_eq!(refused(&owner, "heartbeat", json!({"attempt": attempt})), context);
    }
    for step in ["start", "submit", "heartbeat"] {
        for wrong in [json!(-1), json!(1.5), json!("1"), json!(5_000_000_000_u64), json!([1])] {
            owner.step_with(&id, step, &json!({"attempt": wrong})).wrong_fields(&["attempt"]);
        }
    }
    owner.step_with(&id, "submit", &json!({"attempt": 1})).ok();
}

#[test]
fn a_late_submission_is_refused_kept_and_shown() {
    let server = TestServer::start();
    let (former, owner) = (server.executor(), server.executor());
    let id = server.work();
    former.step(&id, "claim").ok();
    former.step(&id, "start").ok();
    server.admin().step_with(&id, "block", &json!({"kind": "timeout"})).ok();
    server.admin().step_with(&id, "reassign", &json!({"agent_id": owner.id})).ok();
    server.clock.advance(Duration::from_secs(1));

    let body = json!({"summary": "Half of it.", "attempt": 1});
    let problem = former.step_with(&id, "submit", &body).refused(409, "sub_task.not_owner");
    let context = &problem["context"];
    assert_eq!((&context["owner"], &context["attempt"]), (&json!(owner.id), &json!(2)));
    let list = server.planner().get(&format!("{}/submissions", at(&id))).ok();
    assert_eq!(list["total"], 1);
    let kept = &list["items"][0];
    assert_eq!((&kept["id"], &kept["late"]), (&context["submission_id"], &json!(true)));
    assert_eq!((&kept["summary"], &kept["attempt"]), (&json!("Half of it."), &json!(1)));
    assert_eq!(server.look(&id)["status"], "assigned");
    let events = server.admin().get(&format!("/api/events?sub_task_id={id}")).ok();
    assert_eq!(
        events["items"].as_array().unwrap().last().unwrap()["kind"],
        "sub_task_submitted_late"
    );

    // Who never had it has nothing to keep.
    let stranger = server.executor().step_with(&id, "submit", &body);
    assert!(stranger.refused(409, "sub_task.not_owner")["context"]["submission_id"].is_null());
    server.clock.advance(Duration::from_secs(1));
    owner.step(&id, "start").ok();
    owner.step_with(&id, "submit", &json!({"summary": "All of it."})).ok();
    let list = server.planner().get(&format!("{}/submissions", at(&id))).ok();
    let late: Vec<_> = list["items"].as_array().unwrap().iter().map(|one| &one["late"]).collect();
    assert_eq!(late, [false, true], "newest first");
}

#[test]
fn a_late_submission_can_be_adopted() {
    let server = TestServer::start();
    let (former, owner) = (server.executor(), server.executor());
    let id = server.work();
    former.step(&id, "claim").ok();
    former.step(&id, "start").ok();
    server.admin().step_with(&id, "block", &json!({"kind": "timeout"})).ok();
    server.admin().step_with(&id, "reassign", &json!({"agent_id": owner.id})).ok();
    let late = former.step_with(&id, "submit", &json!({"summary": "Mine."}));
    let late = text(&late.refused(409, "sub_task.not_owner")["context"]["submission_id"]);
    let body = json!({"submission_id": late});
    owner.step_with(&id, "adopt", &body).refused(403, "role_not_allowed");
    let unknown = json!({"submission_id": NOBODY});
    server.reviewer().step_with(&id, "adopt", &unknown).refused(404, "submission.not_found");
    let adopted = server.reviewer().step_with(&id, "adopt", &body).ok();
    assert_eq!(
        (&adopted["status"], &adopted["assigned_agent"], &adopted["attempt"]),
        (&json!("review"), &json!(former.id), &json!(3))
    );
    owner.step(&id, "start").refused(409, "sub_task.not_owner");
}

#[test]
fn what_is_handed_in_is_checked_item_by_item() {
    let server = TestServer::start();
    let executor = server.executor();
    let id = server.work();
    executor.step(&id, "claim").ok();
    executor.step(&id, "start").ok();
    let artifact = |value: Value| json!({"artifacts": [{"kind": "text", "value": "fine"}, value]});
    for (body, fields) in [
        (json!({"summary": 5}), vec!["summary"]),
        (json!({"summary": "\u{0}"}), vec!["summary"]),
        (json!({"artifacts": {}}), vec!["artifacts"]),
        (artifact(json!("x")), vec!["artifacts[1]"]),
        (artifact(json!(["path", "/x", ""])), vec!["artifacts[1]"]),
        (artifact(json!({"value": "x"})), vec!["artifacts[1].kind"]),
        (artifact(json!({"kind": "text"})), vec!["artifacts[1].value"]),
        (artifact(json!({"kind": "file", "value": "x"})), vec!["artifacts[1].kind"]),
        (artifact(json!({"kind": "path", "value": ""})), vec!["artifacts[1].value"]),
        (artifact(json!({"kind": "path", "value": "a\nb"})), vec!["artifacts[1].value"]),
        (
            artifact(json!({"kind": "url", "value": "x".repeat(2_001), "title": "\n"})),
            vec!["artifacts[1].value"],
        ),
        (
            artifact(json!({"kind": "url", "value": "x", "title": "x".repeat(501)})),
            vec!["artifacts[1].title"],
        ),
        (json!({"artifacts": vec![json!({"kind": "path", "value": "x"}); 51]}), vec!["artifacts"]),
    ] {
        executor.step_with(&id, "submit", &body).wrong_fields(&fields);
    }
    assert_eq!(server.look(&id)["status"], "in_progress");
    executor.step_with(&id, "submit", &json!({"artifacts": null, "summary": null})).ok();
}

#[test]
fn a_heartbeat_renews_the_lease_and_says_how_far_it_is() {
    let server = TestServer::start_with(|settings| settings.policy.lease_seconds = 600);
    let executor = server.executor();
    let id = server.work();
    executor.step(&id, "claim").ok();
    server.clock.advance(Duration::from_mins(5));
    let beat = executor.step(&id, "heartbeat").ok();
    assert_eq!(
        beat,
        json!({"lease_expires_at": "2026-09-21T14:28:20.000000Z", "cancelled": false, "stop_reason": null})
    );
    assert_eq!(server.look(&id)["progress"], Value::Null);
    executor.step_with(&id, "heartbeat", &json!({"progress": "Reading", "percent": 10})).ok();
    executor.step_with(&id, "heartbeat", &json!({"percent": 100, "attempt": 1})).ok();
    assert_eq!(server.look(&id)["progress"], json!({"text": "Reading", "percent": 100}));
    for (body, field) in [
        (json!({"percent": 101}), "percent"),
        (json!({"percent": 300}), "percent"),
        (json!({"percent": -1}), "percent"),
        (json!({"percent": "5"}), "percent"),
        (json!({"percent": 1.5}), "percent"),
        (json!({"progress": 5}), "progress"),
        (json!({"progress": "\u{0}"}), "progress"),
        (json!({"note": "x"}), "note"),
    ] {
        executor.step_with(&id, "heartbeat", &body).wrong_fields(&[field]);
    }
    server.clock.advance(Duration::from_mins(11));
    let silent = server.look(&id);
    assert_eq!(silent["waiting_for"]["kind"], "owner_silent");
    // Who comes back before anybody else took over goes on.
    executor.step(&id, "start").ok();
    assert_eq!(server.look(&id)["waiting_for"]["kind"], "owner");

    let task = text(&silent["task_id"]);
    server.admin().call("POST", &format!("/api/tasks/{task}/cancel")).send().ok();
    let beat = executor.step(&id, "heartbeat").ok();
    assert_eq!(beat["cancelled"], true);
    assert!(beat["stop_reason"].as_str().unwrap().contains("cancelled"));
    for other in [server.planner(), server.reviewer(), server.patrol()] {
        other.step(&id, "heartbeat").refused(403, "role_not_allowed");
    }
}

#[test]
fn a_session_is_bound_while_work_runs() {
    let server = TestServer::start();
    let executor = server.executor();
    let id = server.work();
    executor.step(&id, "claim").ok();
    let bind = |body: Value| executor.step_with(&id, "session", &body);
    bind(json!({"session_id": "s"})).refused(409, "sub_task.not_allowed_from");
    executor.step(&id, "start").ok();
    assert_eq!(bind(json!({"session_id": " s2 "})).ok()["current_session_id"], "s2");
    for wrong in [
        json!({}),
        json!({"session_id": null}),
        json!({"session_id": ""}),
        json!({"session_id": " "}),
        json!({"session_id": "x".repeat(201)}),
        json!({"session_id": 1}),
    ] {
        bind(wrong).wrong_fields(&["session_id"]);
    }
    for step in ["claim", "start"] {
        let body = json!({"session_id": "x".repeat(201)});
        executor.step_with(&id, step, &body).wrong_fields(&["session_id"]);
    }
    assert_eq!(server.look(&id)["current_session_id"], "s2");
}

#[test]
fn work_is_blocked_with_a_cause_and_queued_again() {
    let server = TestServer::start();
    let (executor, planner, patrol) = (server.executor(), server.planner(), server.patrol());
    let id = server.work();
    executor.step_with(&id, "claim", &json!({"session_id": "s"})).ok();
    let body =
        json!({"kind": "needs_input", "detail": "Which currency?", "waits_for": "finance", "x": 1});
    let blocked = executor.step_with(&id, "block", &body).ok();
    assert_eq!(
        blocked["blocked_cause"],
        json!({"kind": "needs_input", "detail": "Which currency?", "waits_for": "finance", "from": "assigned"})
    );
    assert_eq!(
        (&blocked["assigned_agent"], &blocked["current_session_id"]),
        (&json!(executor.id), &Value::Null)
    );
    assert_eq!(blocked["waiting_for"]["kind"], "unblock");
    assert_eq!(actions(&planner.get(&at(&id)).ok()), ["reassign", "requeue", "edit", "cancel"]);
    for other in [&executor, &patrol] {
        other.step(&id, "requeue").refused(403, "role_not_allowed");
    }
    let queued = planner.step(&id, "requeue").ok();
    assert_eq!((&queued["status"], &queued["assigned_agent"]), (&json!("pending"), &Value::Null));
    assert_eq!((&queued["blocked_cause"], &queued["attempt"]), (&Value::Null, &json!(1)));

    // Existing patrols send nothing.
    executor.step(&id, "claim").ok();
    let bare = patrol.step(&id, "block").ok();
    assert_eq!(
        bare["blocked_cause"],
        json!({"kind": "other", "detail": "", "waits_for": null, "from": "assigned"})
    );
    for (body, field) in [
        (json!({"kind": "boredom"}), "kind"),
        (json!({"kind": 1}), "kind"),
        (json!({"detail": 1}), "detail"),
        (json!({"detail": "\u{0}"}), "detail"),
        (json!({"waits_for": "a\nb"}), "waits_for"),
        (json!({"waits_for": "x".repeat(501)}), "waits_for"),
    ] {
        patrol.step_with(&id, "block", &body).wrong_fields(&[field]);
    }
    server.reviewer().step(&id, "block").refused(403, "role_not_allowed");
}

#[test]
fn work_is_released_reassigned_and_reopened() {
    let server = TestServer::start();
    let (first, second, planner) = (server.executor(), server.executor(), server.planner());
    let id = server.work();
    first.step(&id, "claim").ok();
    second.step(&id, "release").refused(409, "sub_task.not_owner");
    server.patrol().step(&id, "release").refused(403, "role_not_allowed");
    let released = first.step(&id, "release").ok();
    assert_eq!(
        (&released["status"], &released["assigned_agent"]),
        (&json!("pending"), &Value::Null)
    );

    let give = |client: &Client, agent: &str| {
        client.step_with(&id, "reassign", &json!({"agent_id": agent}))
    };
    give(&second, &second.id).refused(403, "role_not_allowed");
    give(&planner, NOBODY).refused(404, "agent.not_found");
    give(&planner, "x").refused(404, "agent.not_found");
    give(&planner, &planner.id).wrong_fields(&["agent_id"]);
    planner.step(&id, "reassign").wrong_fields(&["agent_id"]);
    planner.step_with(&id, "reassign", &json!({"agent_id": 5})).wrong_fields(&["agent_id"]);
    let given = give(&planner, &second.id).ok();
    assert_eq!((&given["status"], &given["attempt"]), (&json!("assigned"), &json!(2)));
    assert_eq!(given["lease_expires_at"], Value::Null);
    assert_eq!(give(&planner, &first.id).ok()["attempt"], 3, "from assigned, too");

    planner.step(&id, "reopen").refused(409, "sub_task.not_allowed_from");
    let cancelled = planner.step(&id, "cancel").ok();
    assert_eq!(
        (&cancelled["status"], &cancelled["waiting_for"]),
        (&json!("cancelled"), &Value::Null)
    );
    planner.step(&id, "cancel").refused(409, "sub_task.not_allowed_from");
    first.step(&id, "cancel").refused(403, "role_not_allowed");
    first.step(&id, "reopen").refused(403, "role_not_allowed");
    let reopened = planner.step(&id, "reopen").ok();
    assert_eq!(
        (&reopened["status"], &reopened["assigned_agent"]),
        (&json!("pending"), &Value::Null)
    );
}

#[test]
fn unknown_sub_tasks_are_404_for_every_step() {
    let server = TestServer::start();
    let (executor, planner) = (server.executor(), server.planner());
    for id in [NOBODY, "x", "none"] {
        executor.get(&at(id)).refused(404, "sub_task.not_found");
        planner.put(&at(id), &json!({"name": "x"})).refused(404, "sub_task.not_found");
        planner.put(&at(id), &json!({"depends_on": []})).refused(404, "sub_task.not_found");
        executor.get(&format!("{}/submissions", at(id))).refused(404, "sub_task.not_found");
        for step in ["claim", "start", "submit", "heartbeat"] {
            executor.step(id, step).refused(404, "sub_task.not_found");
        }
        let session = json!({"session_id": "s"});
        executor.step_with(id, "session", &session).refused(404, "sub_task.not_found");
        for step in ["release", "requeue", "reopen", "cancel", "block", "complete", "rework"] {
            server.admin().step(id, step).refused(404, "sub_task.not_found");
        }
        let to = json!({"agent_id": executor.id});
        planner.step_with(id, "reassign", &to).refused(404, "sub_task.not_found");
    }
}

#[test]
fn an_edit_changes_what_it_names() {
    let server = TestServer::start();
    let planner = server.planner();
    let id = server.work();
    let before = server.look(&id);
    let edited = planner
        .put(
            &at(&id),
            &json!({"name": " New ", "priority": "high", "acceptance": "Tested", "colour": "red"}),
        )
        .ok();
    assert_eq!((&edited["name"], &edited["priority"]), (&json!("New"), &json!("high")));
    assert_eq!(
        (&edited["acceptance"], &edited["description"]),
        (&json!("Tested"), &before["description"])
    );
    let kept =
        planner.put(&at(&id), &json!({"name": null, "description": null, "priority": null})).ok();
    assert_eq!((&kept["name"], &kept["priority"]), (&json!("New"), &json!("high")));
    for (body, field) in [
        (json!({"name": 1}), "name"),
        (json!({"name": " "}), "name"),
        (json!({"name": "x".repeat(201)}), "name"),
        (json!({"priority": "BOGUS"}), "priority"),
        (json!({"description": "\u{0}"}), "description"),
        (json!({"depends_on": "x"}), "depends_on"),
        (json!({"depends_on": [id]}), "depends_on"),
        (json!({"depends_on": [NOBODY]}), "depends_on"),
        (json!({"depends_on": ["x"]}), "depends_on[0]"),
    ] {
        planner.put(&at(&id), &body).wrong_fields(&[field]);
    }
    let executor = server.executor();
    executor.put(&at(&id), &json!({"name": "Mine"})).refused(403, "role_not_allowed");
    executor.step(&id, "claim").ok();
    planner.put(&at(&id), &json!({"name": "Late"})).ok();
    executor.step(&id, "start").ok();
    planner.put(&at(&id), &json!({"name": "x"})).refused(409, "sub_task.not_allowed_from");
    assert_eq!(server.look(&id)["name"], "Late");
}

#[test]
fn work_waits_for_its_prerequisites() {
    let server = TestServer::start();
    let (planner, executor) = (server.planner(), server.executor());
    let task = server.task();
    let (first, second) = (server.sub_task(&task), server.sub_task(&task));
    let body = json!({"task_id": task, "name": "Last", "depends_on": [first, second, first]});
    let last = planner.post(PATH, &body).ok();
    let id = text(&last["id"]);
    assert_eq!(last["depends_on"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&last["open_prerequisites"], &last["waiting_for"]["kind"]),
        (&json!(2), &json!("prerequisites"))
    );
    let problem = executor.step(&id, "claim").refused(409, "sub_task.prerequisites_open");
    assert_eq!(problem["context"]["open_prerequisites"], 2);

    let edited = planner.put(&at(&id), &json!({"depends_on": [second]})).ok();
    assert_eq!(
        (&edited["depends_on"], &edited["open_prerequisites"]),
        (&json!([second]), &json!(1))
    );
    let cycle = planner.put(&at(&second), &json!({"depends_on": [id]}));
    cycle.wrong_fields(&["depends_on"]);

    let finish = |id: &str, owner: &Agent| {
        for step in ["claim", "start", "submit"] {
            owner.step(id, step).ok();
        }
        server.admin().step(id, "complete").ok();
    };
    finish(&second, &executor);
    let ready = server.look(&id);
    assert_eq!(
        (&ready["open_prerequisites"], &ready["waiting_for"]["kind"]),
        (&json!(0), &json!("claim"))
    );
    let events = server.admin().get(&format!("/api/events?sub_task_id={id}")).ok();
    assert_eq!(events["items"].as_array().unwrap().last().unwrap()["kind"], "sub_task_ready");
    executor.step(&id, "claim").ok();

    // Done work that is reopened is open again.
    let other = text(
        &planner.post(PATH, &json!({"task_id": task, "name": "x", "depends_on": [second]})).ok()["id"],
    );
    planner.step(&second, "reopen").ok();
    executor.step(&other, "claim").refused(409, "sub_task.prerequisites_open");
    assert_eq!(planner.put(&at(&other), &json!({"depends_on": []})).ok()["open_prerequisites"], 0);
    executor.step(&other, "claim").ok();
}

#[test]
fn cancelled_prerequisites_block_with_a_cause() {
    let server = TestServer::start();
    let (planner, executor) = (server.planner(), server.executor());
    let task = server.task();
    let first = server.sub_task(&task);
    let body = json!({"task_id": task, "name": "Second", "depends_on": [first]});
    let id = text(&planner.post(PATH, &body).ok()["id"]);
    planner.step(&first, "cancel").ok();
    let blocked = server.look(&id);
    assert_eq!(blocked["status"], "blocked");
    assert_eq!(
        (&blocked["blocked_cause"]["kind"], &blocked["blocked_cause"]["waits_for"]),
        (&json!("dependency"), &json!(first))
    );
    let problem = planner.step(&id, "requeue").refused(409, "sub_task.prerequisite_cancelled");
    assert_eq!(problem["context"]["prerequisite"], first.as_str());
    let to = json!({"agent_id": executor.id});
    planner.step_with(&id, "reassign", &to).refused(409, "sub_task.prerequisite_cancelled");
    planner.post(PATH, &body).wrong_fields(&["depends_on"]);
    planner.put(&at(&id), &json!({"depends_on": []})).ok();
    planner.step(&id, "requeue").ok();
    executor.step(&id, "claim").ok();
}

#[test]
fn work_of_a_task_that_is_over_is_not_handed_out() {
    let server = TestServer::start();
    let (planner, executor) = (server.planner(), server.executor());
    let task = server.task();
    let id = server.sub_task(&task);
    planner.call("POST", &format!("/api/tasks/{task}/cancel")).send().ok();
    executor.step(&id, "claim").refused(409, "task.held");
    assert_eq!(server.look(&id)["waiting_for"]["kind"], "task_status");
    assert_eq!(executor.get(&format!("{PATH}/available")).ok()["total"], 0);
    server.admin().put(&format!("/api/tasks/{task}/status"), &json!({"status": "active"})).ok();
    executor.step(&id, "claim").ok();
}

#[test]
fn work_of_a_task_in_planning_is_handed_out_unless_the_operator_says_no() {
    let server = TestServer::start();
    server.executor().step(&server.work(), "claim").ok();
    let strict = TestServer::start_with(|settings| settings.policy.claim_while_planning = false);
    let executor = strict.executor();
    let id = strict.work();
    executor.step(&id, "claim").refused(409, "task.held");
    assert_eq!(executor.get(&format!("{PATH}/available")).ok()["total"], 0);
}

#[test]
fn the_lists_show_newest_first_what_they_are_for() {
    let server = TestServer::start();
    let (planner, mine, other) = (server.planner(), server.executor(), server.executor());
    let (task, elsewhere) = (server.task(), server.task());
    let module = planner.post(&format!("/api/tasks/{task}/modules"), &json!({"name": "m"})).ok();
    let module = text(&module["id"]);
    let mut ids = Vec::new();
    for number in 0..5 {
        server.clock.advance(Duration::from_secs(1));
        let mut body = json!({"task_id": task, "name": format!("s{number}")});
        if number == 2 {
            body["module_id"] = json!(module);
        }
        ids.push(text(&planner.post(PATH, &body).ok()["id"]));
    }
    let foreign = server.sub_task(&elsewhere);
    mine.step(&ids[0], "claim").ok();
    mine.step(&ids[1], "claim").ok();
    mine.step(&ids[1], "start").ok();
    other.step(&ids[2], "claim").ok();
    let listed = |client: &Client, path: &str| -> Vec<String> {
        let page = client.get(&format!("{PATH}{path}")).ok();
        let items = page["items"].as_array().unwrap();
        assert_eq!(page["total"], items.len(), "{path}");
        items.iter().map(|one| text(&one["id"])).collect()
    };
    let of = |indices: &[usize]| indices.iter().map(|&i| ids[i].clone()).collect::<Vec<_>>();
    assert_eq!(listed(&mine, &format!("?task_id={task}")), of(&[4, 3, 2, 1, 0]));
    assert_eq!(listed(&mine, "").len(), 6);
    assert_eq!(listed(&mine, "?task_id=&module_id=&status=").len(), 6);
    assert_eq!(listed(&mine, &format!("?module_id={module}")), of(&[2]));
    assert_eq!(listed(&mine, &format!("?task_id={task}&status=assigned")), of(&[2, 0]));
    assert_eq!(listed(&mine, &format!("?task_id={elsewhere}&module_id={module}")), [""; 0]);
    for nothing in
        ["?status=PENDING", "?status=%25", "?task_id=x", "?module_id=%27", "?status=pending%00"]
    {
        assert_eq!(listed(&mine, nothing), [""; 0], "{nothing}");
    }
    assert_eq!(listed(&mine, "/mine"), of(&[1, 0]));
    assert_eq!(listed(&mine, "/mine?status=in_progress"), of(&[1]));
    assert_eq!(listed(&mine, "/mine?status=done"), [""; 0]);
    assert_eq!(listed(&mine, "/mine?status=nonsense"), [""; 0]);
    assert_eq!(listed(&planner, "/mine"), [""; 0]);
    let available = listed(&planner, "/available");
    assert_eq!(available.len(), 3);
    assert!(available.contains(&foreign) && available.contains(&ids[3]));
    server.admin().get(&format!("{PATH}/mine")).refused(401, "unauthenticated");
}

#[test]
fn the_latest_is_the_one_that_changed_last() {
    let server = TestServer::start();
    let executor = server.executor();
    let task = server.task();
    let latest = |task: &str| executor.get(&format!("{PATH}/latest?task_id={task}"));
    latest(&task).refused(404, "sub_task.not_found");
    let ids = [server.sub_task(&task), server.sub_task(&task)];
    for id in &ids {
        server.clock.advance(Duration::from_secs(1));
        executor.step(id, "claim").ok();
    }
    assert_eq!(latest(&task).ok()["id"], ids[1].as_str());
    server.clock.advance(Duration::from_secs(1));
    executor.step(&ids[0], "start").ok();
    assert_eq!(latest(&task).ok()["id"], ids[0].as_str());
    latest("x").refused(404, "sub_task.not_found");
    latest("").refused(404, "sub_task.not_found");
    executor.get(&format!("{PATH}/latest")).wrong_fields(&["task_id"]);
}

#[test]
fn the_next_claim_is_the_most_urgent_and_oldest() {
    let server = TestServer::start();
    let (planner, executor) = (server.planner(), server.executor());
    let next = |body: Value| executor.post(&format!("{PATH}/claim-next"), &body);
    let none = next(json!({})).ok();
    assert_eq!(none["sub_task"], Value::Null);
    assert!(none["reason"].is_string());
    let (task, other) = (server.task(), server.task());
    let create = |task: &str, priority: &str| {
        server.clock.advance(Duration::from_secs(1));
        let body = json!({"task_id": task, "name": "x", "priority": priority});
        text(&planner.post(PATH, &body).ok()["id"])
    };
    let low = create(&task, "low");
    let high = create(&other, "high");
    let medium = create(&task, "medium");
    let claimed = next(json!({"task_id": task, "session_id": "s"})).ok();
    assert_eq!(claimed["sub_task"]["id"], medium.as_str());
    assert_eq!(
        (&claimed["sub_task"]["current_session_id"], &claimed["reason"]),
        (&json!("s"), &Value::Null)
    );
    assert_eq!(next(json!({})).ok()["sub_task"]["id"], high.as_str());
    let bare = executor.call("POST", &format!("{PATH}/claim-next")).send().ok();
    assert_eq!(bare["sub_task"]["id"], low.as_str());
    assert_eq!(next(json!({})).ok()["sub_task"], Value::Null);
    next(json!({"task_id": "x"})).refused(404, "task.not_found");
    next(json!({"tasks": []})).wrong_fields(&["tasks"]);
    next(json!({"session_id": "a\nb"})).wrong_fields(&["session_id"]);
    planner.post(&format!("{PATH}/claim-next"), &json!({})).refused(403, "role_not_allowed");
    server.admin().post(&format!("{PATH}/claim-next"), &json!({})).refused(401, "unauthenticated");
}

#[test]
fn only_executors_claim_and_only_planners_create() {
    let server = TestServer::start();
    let id = server.work();
    let task = text(&server.look(&id)["task_id"]);
    let body = json!({"task_id": task, "name": "x"});
    for other in [server.planner(), server.reviewer(), server.patrol()] {
        other.step(&id, "claim").refused(403, "role_not_allowed");
        other.step(&id, "start").refused(403, "role_not_allowed");
        other.step(&id, "submit").refused(403, "role_not_allowed");
    }
    for other in [server.executor(), server.reviewer(), server.patrol()] {
        other.post(PATH, &body).refused(403, "role_not_allowed");
    }
    for step in ["claim", "start", "submit", "session"] {
        server.admin().step(&id, step).refused(401, "unauthenticated");
    }
    assert_eq!(server.look(&id)["version"], 1);
}

#[test]
fn whoever_may_not_do_it_learns_nothing_about_what_it_names() {
    let server = TestServer::start();
    let (executor, planner) = (server.executor(), server.planner());
    let task = server.task();
    let first = server.sub_task(&task);
    let body = json!({"task_id": task, "name": "x", "depends_on": [first]});
    let id = text(&planner.post(PATH, &body).ok()["id"]);
    planner.step(&first, "cancel").ok();
    let refused = |reply: crate::support::Reply| reply.refused(403, "role_not_allowed");
    refused(executor.step(&id, "requeue"));
    refused(executor.step_with(&id, "reassign", &json!({"agent_id": NOBODY})));
    refused(executor.step_with(&id, "reassign", &json!({"agent_id": executor.id})));
    refused(executor.put(&at(&id), &json!({"depends_on": [NOBODY]})));
    refused(executor.step_with(&id, "rework", &json!({"rework_agent": NOBODY})));
    let verdict = json!({
        "sub_task_id": id, "result": "rejected", "score": 1, "issues": "x", "rework_agent": NOBODY,
    });
    refused(executor.post("/api/review-records", &verdict));
    refused(executor.post(PATH, &json!({"task_id": task, "name": "x", "module_id": NOBODY})));
}

#[test]
fn one_of_many_who_claim_at_once_wins() {
    let server = TestServer::start();
    let agents: Vec<_> = (0..8).map(|_| server.executor()).collect();
    for _ in 0..5 {
        let id = server.work();
        let replies: Vec<_> = std::thread::scope(|scope| {
            let running: Vec<_> =
                agents.iter().map(|agent| scope.spawn(|| agent.step(&id, "claim"))).collect();
            running.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let won: Vec<_> = replies.iter().filter(|reply| reply.status == 200).collect();
        assert_eq!(won.len(), 1);
        for lost in replies.iter().filter(|reply| reply.status != 200) {
            lost.refused(409, "sub_task.not_allowed_from");
        }
        assert_eq!(server.look(&id)["assigned_agent"], won[0].json()["assigned_agent"]);
    }
}
