//! The Model Context Protocol: the same server, as tools of a model.

use std::collections::BTreeSet;

use openmoss_domain::Role;
use serde_json::{Value, json};

use crate::support::{Agent, Client, NOBODY, Reply, TestServer, text};

const PATH: &str = "/mcp";

impl Client {
    fn rpc(&self, method: &str, params: &Value) -> Reply {
        let message = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
        self.post(PATH, &message)
    }

    /// The result of a method that this server has.
    #[track_caller]
    fn result(&self, method: &str, params: &Value) -> Value {
        let answer = self.rpc(method, params).ok();
        assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(7)), "{answer}");
        assert!(answer["error"].is_null(), "{answer}");
        answer["result"].clone()
    }

    /// The error of a request that the protocol refuses.
    #[track_caller]
    fn rpc_error(&self, method: &str, params: &Value) -> (i64, String) {
        let answer = self.rpc(method, params).ok();
        let error = &answer["error"];
        (error["code"].as_i64().unwrap_or_default(), text(&error["message"]))
    }

    fn called(&self, tool: &str, arguments: &Value) -> (bool, String) {
        let result = self.result("tools/call", &json!({"name": tool, "arguments": arguments}));
        assert_eq!(result["content"].as_array().map(Vec::len), Some(1), "{result}");
        assert_eq!(result["content"][0]["type"], "text", "{result}");
        (result["isError"] == true, text(&result["content"][0]["text"]))
    }

    /// What a tool says that did what was asked.
    #[track_caller]
    fn tool(&self, tool: &str, arguments: &Value) -> String {
        let (is_error, said) = self.called(tool, arguments);
        assert!(!is_error, "{tool}: {said}");
        said
    }

    /// What a tool says that did not.
    #[track_caller]
    fn tool_error(&self, tool: &str, arguments: &Value) -> String {
        let (is_error, said) = self.called(tool, arguments);
        assert!(is_error, "{tool}: {said}");
        said
    }

    fn tools(&self) -> Vec<Value> {
        self.result("tools/list", &json!({}))["tools"].as_array().unwrap().clone()
    }
}

fn names(tools: &[Value]) -> BTreeSet<&str> {
    tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

fn initialize(version: &str) -> Value {
    json!({
        "protocolVersion": version, "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    })
}

#[test]
fn a_client_and_the_server_agree_on_a_version() {
    let server = TestServer::start();
    let executor = server.executor();
    let newest = "2025-11-25";
    for (asked, agreed) in [
        ("2025-06-18", "2025-06-18"),
        (newest, newest),
        ("2024-11-05", newest),
        ("2099-01-01", newest),
    ] {
        let result = executor.result("initialize", &initialize(asked));
        assert_eq!(result["protocolVersion"], agreed, "{asked}");
        assert_eq!(result["capabilities"], json!({"tools": {}}));
        assert_eq!(result["serverInfo"]["name"], "openmoss");
    }
    let reply = executor.rpc("initialize", &initialize(newest));
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.header("mcp-session-id"), "", "nobody has to remember anything");
    assert_eq!(executor.rpc_error("initialize", &json!({})).0, -32602);
    // Any request may come first: there is no session that would have to begin.
    assert_eq!(executor.result("ping", &Value::Null), json!({}));
}

#[test]
fn each_request_may_name_its_version_and_must_not_name_another() {
    let server = TestServer::start();
    let executor = server.executor();
    for version in ["2025-06-18", "2025-11-25"] {
        executor.with("MCP-Protocol-Version", version).result("ping", &json!({}));
    }
    let future = executor.with("MCP-Protocol-Version", "2026-07-28");
    for (method, params) in [
        ("ping", json!({})),
        ("tools/list", json!({})),
        ("tools/call", json!({"name": "list_work"})),
    ] {
        let reply = future.rpc(method, &params);
        assert_eq!(reply.status, 400, "{method}");
        let error = &reply.json()["error"];
        assert_eq!(error["data"]["supported"], json!(["2025-06-18", "2025-11-25"]), "{error}");
    }
    // How a newer client finds out that this server is older.
    assert_eq!(future.rpc_error("server/discover", &json!({})).0, -32601);
    future.result("initialize", &initialize("2025-11-25"));
}

#[test]
fn what_is_no_message_is_told_in_the_words_of_the_protocol() {
    let server = TestServer::start();
    let executor = server.executor();
    let sent = |body: &str| {
        let reply = executor.call("POST", PATH).body(body).send();
        (reply.status, reply.json_or_null()["error"]["code"].as_i64().unwrap_or_default())
    };
    for broken in ["", "{", "nonsense", "\u{0}", &"[".repeat(10_000)] {
        assert_eq!(sent(broken), (400, -32700), "{broken}");
    }
    for invalid in [
        "[]",
        "1",
        r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#,
        r#"{"id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":5}"#,
        r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
    ] {
        assert_eq!(sent(invalid), (400, -32600), "{invalid}");
    }
    for silent in [
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}"#,
    ] {
        let reply = executor.call("POST", PATH).body(silent).send();
        assert_eq!((reply.status, reply.body.len()), (202, 0), "{silent}");
    }
    for unknown in ["server/discover", "resources/list", "prompts/list", "logging/setLevel", ""] {
        assert_eq!(executor.rpc_error(unknown, &json!({})).0, -32601, "{unknown}");
    }
    for (params, word) in [
        (json!({}), "name"),
        (json!([]), "params"),
        (json!({"name": "list_work", "arguments": []}), "params"),
        (json!({"name": "drop_tables"}), "drop_tables"),
    ] {
        let (code, message) = executor.rpc_error("tools/call", &params);
        assert!(code == -32602 && message.contains(word), "{params}: {message}");
    }
    let named = |id: Value| {
        let ping = json!({"jsonrpc": "2.0", "id": id, "method": "ping"});
        executor.post(PATH, &ping).ok()["id"].clone()
    };
    for id in [json!("a"), json!(0), json!(-5)] {
        assert_eq!(named(id.clone()), id);
    }
}

#[test]
fn there_is_no_stream_and_no_session() {
    let server = TestServer::start();
    let executor = server.executor();
    for method in ["GET", "DELETE", "PUT"] {
        for client in [&server.anyone(), &*executor] {
            let reply = client.call(method, PATH).header("Accept", "text/event-stream").send();
            reply.refused(405, "method_not_allowed");
            assert_eq!(reply.header("allow"), "POST");
        }
    }
}

#[test]
fn a_key_is_needed_and_nothing_points_to_another_way_in() {
    let server = TestServer::start();
    let executor = server.executor();
    let anyone = server.anyone();
    for client in [&anyone, &anyone.with("Authorization", "Bearer ak_0123456789abcdef")] {
        for body in ["{", r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#] {
            let reply = client.call("POST", PATH).body(body).send();
            reply.refused(401, "unauthenticated");
            assert_eq!(reply.header("www-authenticate"), "Bearer");
        }
    }
    for path in
        ["oauth-protected-resource", "oauth-protected-resource/mcp", "oauth-authorization-server"]
    {
        assert_eq!(anyone.get(&format!("/.well-known/{path}")).status, 404, "{path}");
    }
    anyone.with("X-Agent-Key", &executor.key).result("ping", &json!({}));
    let path = format!("/api/admin/agents/{}/status", executor.id);
    server.admin().put(&path, &json!({"status": "disabled"})).ok();
    executor.rpc("ping", &json!({})).refused(403, "agent.disabled");
}

#[test]
fn a_page_from_elsewhere_is_refused_whatever_its_name_leads_to() {
    let server = TestServer::start_with(|settings| {
        "https://Moss.example:8443/".clone_into(&mut settings.server.external_url);
    });
    let executor = server.executor();
    let from = |origin: &str, host: Option<&str>| {
        let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
        let call = executor.call("POST", PATH).header("Origin", origin);
        let call = host.into_iter().fold(call, |call, host| call.header("Host", host));
        call.json(&ping).send()
    };
    for evil in [
        "http://evil.example",
        "null",
        "",
        "http://localhost.evil.example",
        "https://moss.example",
        "http://moss.example:8443",
        "https://moss.example:8443.evil.example",
    ] {
        from(evil, None).refused(403, "forbidden");
        from(evil, Some("evil.example")).refused(403, "forbidden");
    }
    for own in [
        "http://localhost:6274",
        "http://127.0.0.1:6565",
        "http://[::1]:6565",
        "https://moss.example:8443",
    ] {
        from(own, None).ok();
    }
    // Programs name this host as they like, and send no Origin.
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    executor.call("POST", PATH).header("Host", "moss.lan:6565").json(&ping).send().ok();
}

#[test]
fn a_body_has_the_limit_of_every_other() {
    let server = TestServer::start();
    let executor = server.executor();
    let long = "x".repeat(1 << 20);
    executor.rpc("ping", &json!({"_meta": long})).refused(413, "body_too_large");
    let arguments = json!({"sub_task_id": NOBODY, "summary": "x".repeat(70_000)});
    let said = executor.tool_error("submit_work", &arguments);
    assert!(said.contains("65536"), "{said}");
}

#[test]
fn each_role_has_its_own_tools_each_described_and_annotated() {
    let server = TestServer::start();
    let expected = [
        (Role::Executor, 10, "submit_work"),
        (Role::Reviewer, 6, "review_work"),
        (Role::Planner, 10, "create_plan"),
        (Role::Patrol, 10, "report_finding"),
    ];
    for (role, count, own) in expected {
        let tools = server.agent(role).tools();
        assert_eq!(tools.len(), count, "{role}: {:?}", names(&tools));
        assert!(names(&tools).contains(own) && names(&tools).contains("next_work"));
        assert_eq!(names(&tools).len(), tools.len(), "a name is there twice");
        for tool in &tools {
            look_at(tool);
        }
    }
    let patrol = names(&server.patrol().tools()).contains("submit_work");
    assert!(!patrol);
}

/// Clients refuse or misread what is missing here.
fn look_at(tool: &Value) {
    let (name, about) = (text(&tool["name"]), text(&tool["description"]));
    assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
    assert!(about.len() <= 120 && !about.contains('\n'), "{name}: {} bytes", about.len());
    for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
        assert!(tool["annotations"][hint].is_boolean(), "{name}: {hint}");
    }
    assert_eq!(tool["annotations"]["openWorldHint"], false, "{name}");
    assert_eq!(tool["annotations"]["destructiveHint"], false, "{name}");
    let schema = &tool["inputSchema"];
    assert_eq!(
        (&schema["type"], &schema["additionalProperties"]),
        (&json!("object"), &json!(false))
    );
    let written = schema.to_string();
    assert!(!written.contains("$ref") && !written.contains("\"null\""), "{name}: {written}");
    let properties = schema["properties"].as_object().unwrap();
    for required in schema["required"].as_array().into_iter().flatten() {
        assert!(properties.contains_key(required.as_str().unwrap()), "{name}: {required}");
    }
    for (field, one) in properties {
        assert!(one["type"].is_string(), "{name}.{field}: {one}");
    }
}

#[test]
fn the_schema_of_a_plan_says_all_of_it_in_place() {
    let server = TestServer::start();
    let tools = server.planner().tools();
    let plan = tools.iter().find(|tool| tool["name"] == "create_plan").unwrap();
    let schema = &plan["inputSchema"];
    assert_eq!(schema["required"], json!(["task_id"]));
    let inner = &schema["properties"]["modules"]["items"]["properties"]["sub_tasks"]["items"];
    assert_eq!(inner["properties"]["priority"]["enum"], json!(["high", "medium", "low"]));
    assert_eq!(inner["properties"]["type"]["enum"], json!(["once", "recurring"]));
    assert_eq!(inner["required"], json!(["name"]));
    assert_eq!(inner["additionalProperties"], false);
}

#[test]
fn the_tool_of_another_role_says_whose_it_is() {
    let server = TestServer::start();
    let executor = server.executor();
    let said = executor.tool_error("review_work", &json!({}));
    for part in ["Review_work is for the role reviewer", "yours is executor", "submit_work"] {
        assert!(said.contains(part), "{said}");
    }
    let events = server.admin().get("/api/events").ok();
    server.reviewer().tool_error("create_task", &json!({"name": "x"}));
    server.planner().tool_error("submit_work", &json!({"sub_task_id": NOBODY}));
    assert_eq!(server.admin().get("/api/tasks").ok()["total"], 0, "{events}");
}

#[test]
fn a_goal_is_planned_worked_judged_and_delivered_by_tools_alone() {
    let server = TestServer::start();
    let (planner, executor, reviewer) = (server.planner(), server.executor(), server.reviewer());
    let said = planner.tool("create_task", &json!({"name": "A site", "description": "For all."}));
    let task = text(&server.admin().get("/api/tasks").ok()["items"][0]["id"]);
    assert!(said.contains(&task) && said.contains("create_plan"), "{said}");
    let plan = json!({"task_id": task, "modules": [{"name": "Pages", "sub_tasks": [
        {"ref": "a", "name": "Draft", "acceptance": "It is short.", "priority": "high"},
        {"name": "Print", "depends_on": ["a"]},
    ]}]});
    let said = planner.tool("create_plan", &plan);
    assert!(said.contains("Draft") && said.contains("set_task_status"), "{said}");
    planner.tool("set_task_status", &json!({"task_id": task, "status": "active"}));

    let first = work_once(&server, &executor, "Draft");
    let said = reviewer.tool("next_work", &json!({}));
    assert!(
        said.contains(&first) && said.contains("I wrote it.") && said.contains("draft.md"),
        "{said}"
    );
    let verdict = json!({
        "sub_task_id": first, "result": "rejected", "score": 2, "issues": "It is too long.",
    });
    reviewer.tool("review_work", &verdict);
    assert!(executor.tool("read_work", &json!({"sub_task_id": first})).contains("too long"));
    assert_eq!(work_once(&server, &executor, "Draft"), first);
    reviewer.tool("review_work", &json!({"sub_task_id": first, "result": "approved", "score": 5}));

    let second = work_once(&server, &executor, "Print");
    reviewer.tool("review_work", &json!({"sub_task_id": second, "result": "approved", "score": 4}));
    planner.tool("set_task_status", &json!({"task_id": task, "status": "completed"}));
    for id in [first, second] {
        assert_eq!(server.look(&id)["status"], "done");
    }
    assert_eq!(server.admin().get(&format!("/api/tasks/{task}")).ok()["status"], "completed");
}

/// One round of an executor: take, say how it goes, hand in. The id of what it worked on.
fn work_once(server: &TestServer, executor: &Agent, name: &str) -> String {
    let said = executor.tool("next_work", &json!({}));
    assert!(said.contains(name), "{said}");
    let mine = "/api/sub-tasks/mine?page_size=1&status=in_progress";
    let id = text(&executor.get(mine).ok()["items"][0]["id"]);
    let said = executor.tool("report_progress", &json!({"sub_task_id": id, "percent": 50}));
    assert!(said.starts_with("Noted; go on."), "{said}");
    let artifacts = json!([{"kind": "path", "value": "draft.md", "title": "The draft"}]);
    let arguments = json!({"sub_task_id": id, "summary": "I wrote it.", "artifacts": artifacts});
    let said = executor.tool("submit_work", &arguments);
    assert!(said.contains("waits for review") && said.contains("next_work"), "{said}");
    assert_eq!(server.look(&id)["status"], "review");
    id
}

#[test]
fn whoever_has_work_can_take_give_back_and_report_it() {
    let server = TestServer::start();
    let (executor, planner) = (server.executor(), server.planner());
    let (id, other) = (server.work(), server.work());
    let this = json!({"sub_task_id": id});
    assert!(executor.tool("list_work", &json!({"whose": "claimable"})).contains(&id));
    assert_eq!(executor.tool("list_work", &json!({})), "None.");
    let said = executor.tool("claim_work", &this);
    assert!(said.contains("in progress (attempt 1)"), "{said}");
    assert_eq!(server.look(&id)["status"], "in_progress");
    // The same again changes nothing.
    executor.tool("start_work", &this);
    assert!(executor.tool("list_work", &json!({"status": "in_progress"})).contains(&id));
    let blocked = json!({"sub_task_id": id, "kind": "needs_input", "detail": "Which colour?"});
    assert!(executor.tool("report_blocked", &blocked).contains("planner"));
    assert!(planner.tool("next_work", &json!({})).contains("Which colour?"));
    planner.tool("change_work", &json!({"sub_task_id": id, "description": "Green."}));
    planner.tool("redirect_work", &json!({"sub_task_id": id, "action": "requeue"}));
    let assign = json!({"sub_task_id": other, "action": "assign", "agent_id": executor.id});
    planner.tool("redirect_work", &assign);
    executor.tool("release_work", &json!({"sub_task_id": other}));
    planner.tool("redirect_work", &json!({"sub_task_id": other, "action": "cancel"}));
    assert_eq!(server.look(&other)["status"], "cancelled");
    for (arguments, word) in [
        (json!({"sub_task_id": id, "action": "assign"}), "Agent_id is required"),
        (json!({"sub_task_id": id, "action": "requeue", "agent_id": executor.id}), "assign only"),
        (json!({"sub_task_id": id, "action": "adopt"}), "Submission_id is required"),
        (json!({"sub_task_id": id, "action": "requeue", "submission_id": id}), "adopt only"),
        (json!({"sub_task_id": id, "action": "adopt", "submission_id": id}), "submission"),
        (json!({"sub_task_id": id, "action": "explode"}), "assign"),
    ] {
        let said = planner.tool_error("redirect_work", &arguments);
        assert!(said.contains(word), "{said}");
    }
    assert!(planner.tool("list_agents", &json!({"role": "executor"})).contains(&executor.id));
}

#[test]
fn a_patrol_finds_reports_and_closes() {
    let server = TestServer::start();
    let patrol = server.patrol();
    let id = server.work();
    let finding = json!({
        "type": "silent_owner", "sub_task_id": id, "description": "Nobody is heard of.",
        "dedup_key": "silent",
    });
    let said = patrol.tool("report_finding", &finding);
    assert!(patrol.tool("report_finding", &finding).contains("already"));
    let record = text(&server.admin().get("/api/patrol-records").ok()["items"][0]["id"]);
    assert!(said.contains(&record), "{said}");
    assert!(patrol.tool("list_findings", &json!({"status": "open"})).contains(&record));
    let close =
        json!({"patrol_record_id": record, "outcome": "resolved", "action_taken": "Asked."});
    patrol.tool("close_finding", &close);
    assert_eq!(patrol.tool("list_findings", &json!({"status": "open"})), "None.");
}

#[test]
fn a_refusal_says_what_is_wrong_and_what_would_be_right() {
    let server = TestServer::start();
    let (executor, other, reviewer) = (server.executor(), server.executor(), server.reviewer());
    let id = server.work();
    let this = json!({"sub_task_id": id});
    for (arguments, word) in [
        (json!({}), "Sub_task_id is required."),
        (json!({"sub_task_id": 5}), "Sub_task_id must be a string."),
        (json!({"sub_task_id": NOBODY}), "(sub_task.not_found)"),
        (json!({"sub_task_id": "nonsense"}), "(sub_task.not_found)"),
        (json!({"sub_task_id": id, "sumary": "x", "extra": 1}), "sumary is not a known argument"),
        (json!({"sub_task_id": id, "artifacts": [{"kind": "picture", "value": "x"}]}), "path"),
        (json!({"sub_task_id": id, "summary": 5}), "Summary must be a string."),
    ] {
        let said = executor.tool_error("submit_work", &arguments);
        assert!(said.contains(word), "{arguments}: {said}");
    }
    executor.tool("claim_work", &this);
    let said = other.tool_error("submit_work", &this);
    assert!(said.contains("(sub_task.not_owner)") && said.contains("stop"), "{said}");
    let said = executor.tool_error("release_work", &this);
    assert!(
        said.contains("(sub_task.not_allowed_from)") && said.contains("You can: submit"),
        "{said}"
    );
    let verdict = json!({"sub_task_id": id, "result": "rejected", "score": 9});
    let said = reviewer.tool_error("review_work", &verdict);
    assert!(said.contains("Score must") && said.contains("issues must"), "all at once: {said}");
    assert_eq!(server.look(&id)["status"], "in_progress");
}

#[test]
fn the_session_of_a_client_is_the_session_of_its_work() {
    let server = TestServer::start();
    let executor = server.executor();
    let (by_client, by_model, neither) = (server.work(), server.work(), server.work());
    let claim = |id: &str, session: Option<&str>, meta: &Value| {
        let arguments = json!({"sub_task_id": id, "session_id": session});
        let params = json!({"name": "claim_work", "arguments": arguments, "_meta": meta});
        let result = executor.result("tools/call", &params);
        assert_eq!(result["isError"], false, "{result}");
        server.look(id)["current_session_id"].clone()
    };
    assert_eq!(claim(&by_client, None, &json!({"sessionId": "codex-1"})), "codex-1");
    assert_eq!(
        claim(&by_model, Some("agent:main"), &json!({"sessionId": "codex-1"})),
        "agent:main"
    );
    for unusable in [json!({"sessionId": 5}), json!({"sessionId": "x".repeat(500)}), json!({})] {
        assert_eq!(claim(&neither, None, &unusable), Value::Null);
    }
}

#[test]
fn the_request_log_names_the_tool_and_its_outcome() {
    let server = TestServer::start();
    let (executor, reviewer) = (server.executor(), server.reviewer());
    let id = server.work();
    executor.tool("claim_work", &json!({"sub_task_id": id}));
    executor.tool("submit_work", &json!({"sub_task_id": id, "summary": "Done."}));
    executor.tool_error("start_work", &json!({"sub_task_id": NOBODY}));
    reviewer.tool("review_work", &json!({"sub_task_id": id, "result": "approved", "score": 5}));
    server.service.write_requests().unwrap();
    let path = format!("/api/admin/agents/{}/request-logs", executor.id);
    let found = server.admin().get(&path).ok();
    let mut rows: Vec<_> = found["items"].as_array().unwrap().iter().collect();
    // The clock stands still, so it is the ids that are in order.
    rows.sort_by_key(|row| row["id"].as_str());
    let seen: Vec<_> = rows
        .iter()
        .map(|row| (row["path"].as_str().unwrap(), row["response_status"].as_i64().unwrap()))
        .collect();
    assert_eq!(
        seen,
        [("/mcp#claim_work", 200), ("/mcp#submit_work", 200), ("/mcp#start_work", 404)]
    );
    let sent: Value = serde_json::from_str(rows[1]["request_body"].as_str().unwrap()).unwrap();
    assert_eq!(sent, json!({"sub_task_id": id, "summary": "Done."}));
}

#[test]
fn a_header_that_makes_repeats_harmless_elsewhere_does_not_freeze_a_client() {
    let server = TestServer::start();
    let executor = server.executor().with("Idempotency-Key", "the same for all");
    let (one, two) = (server.work(), server.work());
    for id in [one, two] {
        executor.tool("claim_work", &json!({"sub_task_id": id}));
        assert_eq!(server.look(&id)["status"], "in_progress");
    }
}
