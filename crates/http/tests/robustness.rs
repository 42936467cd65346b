//! Hostile and broken requests: always a problem that says what is wrong, never a fault, and
//! nothing is written.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::support::form::document;
use crate::support::{Client, NOBODY, Reply, TestServer};

/// Everything that a client can tell of the server's state.
fn state(server: &TestServer) -> Value {
    let get = |path: &str| server.admin().get(path).ok();
    json!([
        get("/api/events?limit=500"),
        get("/api/tasks"),
        get("/api/sub-tasks"),
        get("/api/agents"),
        get("/api/rules/list"),
        get("/api/review-records"),
        get("/api/logs?limit=500&days=60"),
    ])
}

/// The operations that take a body, with ids of things that exist.
fn operations_with_bodies(server: &TestServer) -> Vec<(Client, String, String)> {
    let executor = server.executor();
    let id = server.work();
    let task = server.look(&id)["task_id"].as_str().unwrap().to_owned();
    let rule = server.admin().get("/api/rules/list").ok()[0]["id"].as_str().unwrap().to_owned();
    let mut found = Vec::new();
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let is_json = !operation["requestBody"]["content"]["application/json"].is_null();
            if !is_json || path == "/api/setup/initialize" {
                continue;
            }
            let names = |scheme: &str| {
                let security = operation.get("security").unwrap_or(&document()["security"]);
                security.as_array().unwrap().iter().any(|one| one.get(scheme).is_some())
            };
            let client = match (names("admin"), names("agent"), names("registration")) {
                (true, _, _) => server.admin().clone(),
                (_, true, _) if path.contains("scores") => (*server.reviewer()).clone(),
                (_, true, _) => (*executor).clone(),
                (_, _, true) => {
                    let token = crate::support::REGISTRATION_TOKEN;
                    server.anyone().with("X-Registration-Token", token)
                }
                (false, false, false) => server.anyone(),
            };
            let path = path
                .replace("{task_id}", &task)
                .replace("{sub_task_id}", &id)
                .replace("{rule_id}", &rule)
                .replace("{agent_id}", &executor.id);
            found.push((client, method.to_ascii_uppercase(), path));
        }
    }
    assert!(found.len() > 25, "{}", found.len());
    found
}

fn send(client: &Client, method: &str, path: &str, body: impl Into<Vec<u8>>) -> Reply {
    client.call(method, path).header("Content-Type", "application/json").body(body).send()
}

#[test]
fn what_is_not_json_is_400_everywhere() {
    let server = TestServer::start();
    let operations = operations_with_bodies(&server);
    let before = state(&server);
    for (client, method, path) in &operations {
        for body in [
            &b"{"[..],
            b"}",
            b"{'name':'x'}",
            b"{\"name\":\"\xff\"}",
            b"\xff\xfe",
            b"\xef\xbb\xbf{}",
            b"name=x",
            b"<a/>",
            b"\0",
            b"NaN",
            b"{,}",
        ] {
            send(client, method, path, body).refused(400, "malformed_request");
        }
        // Whether a wrong field or what is wrong behind it is found first is nobody's business.
        for body in ["{\"name\":}", "{\"name\":\"x\"", "{\"name\":\"\u{1}\"}", "{\"name\":\"x\"}}"]
        {
            let reply = send(client, method, path, body);
            assert!(matches!(reply.status, 400 | 422), "{reply}");
        }
    }
    assert_eq!(state(&server), before);
}

#[test]
fn json_that_is_no_object_is_422_everywhere() {
    let server = TestServer::start();
    let operations = operations_with_bodies(&server);
    let before = state(&server);
    for (client, method, path) in &operations {
        for body in [
            "[]",
            "[1]",
            "1",
            "\"x\"",
            "true",
            "null",
            "0.5",
            "[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\",\"j\"]",
            "[[]]",
        ] {
            send(client, method, path, body).wrong_fields(&["body"]);
        }
    }
    assert_eq!(state(&server), before);
}

#[test]
fn a_field_of_a_wrong_type_is_422_with_its_name() {
    let server = TestServer::start();
    let operations = operations_with_bodies(&server);
    let before = state(&server);
    for (client, method, path) in &operations {
        let template = crate::support::form::template(path, method).unwrap();
        let operation = &document()["paths"][template][method.to_ascii_lowercase()];
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let schema = crate::support::form::resolve(schema);
        // Its fields are sections, each an object; config.rs has what may be in them.
        if path == "/api/admin/config" {
            continue;
        }
        for (name, _) in schema["properties"].as_object().unwrap() {
            for value in ["{\"a\":1}", "{}", "[[1]]"] {
                // Who used nothing may say so.
                if name == "usage" && value == "{}" {
                    continue;
                }
                let reply = send(client, method, path, format!("{{\"{name}\":{value}}}"));
                // An empty object may be a right one, for the wizard's notification alone.
                let problem = reply.refused(422, "invalid_fields");
                let errors = problem["errors"].as_array().unwrap();
                let is_named = errors.iter().any(|error| {
                    let field = error["field"].as_str().unwrap();
                    field == name
                        || field.starts_with(&format!("{name}["))
                        || field.starts_with(&format!("{name}."))
                });
                let required = schema["required"].as_array().into_iter().flatten();
                // Fields are read in the order in which they come; a missing one is told at the end.
                let is_missing = required.clone().any(|field| errors[0]["field"] == *field);
                assert!(is_named || is_missing, "{method} {path} {name}={value}: {problem}");
            }
        }
    }
    assert_eq!(state(&server), before);
}

#[test]
fn depth_does_not_hurt() {
    let server = TestServer::start();
    let planner = server.planner();
    let before = state(&server);
    for deep in [
        "[".repeat(500_000),
        "{\"a\":".repeat(150_000),
        format!("{{\"name\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("{{\"modules\":{}", "[{\"sub_tasks\":".repeat(50_000)),
    ] {
        for path in ["/api/tasks".to_owned(), format!("/api/tasks/{NOBODY}/plan")] {
            let reply = send(&planner, "POST", &path, deep.clone());
            assert!(matches!(reply.status, 400 | 422), "{reply}");
        }
    }
    assert_eq!(state(&server), before);
    // What nobody reads may be as deep as it likes.
    let ignored =
        format!("{{\"name\":\"x\",\"extra\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let reply = send(&planner, "POST", "/api/tasks", ignored);
    assert!(matches!(reply.status, 200 | 400), "{reply}");
}

#[test]
fn a_body_over_one_mebibyte_is_413() {
    let server = TestServer::start();
    let planner = server.planner();
    let of = |bytes: usize| format!("{{\"name\":\"x\",\"extra\":\"{}\"}}", "x".repeat(bytes - 23));
    let before = state(&server);
    send(&planner, "POST", "/api/tasks", of((1 << 20) + 1)).refused(413, "body_too_large");
    send(&planner, "POST", "/api/tasks", of(3 << 20)).refused(413, "body_too_large");
    send(&server.anyone(), "POST", "/api/admin/login", of(3 << 20)).refused(413, "body_too_large");
    assert_eq!(state(&server), before);
    assert_eq!(of(1 << 20).len(), 1 << 20);
    send(&planner, "POST", "/api/tasks", of(1 << 20)).ok();
}

#[test]
fn a_body_that_grows_when_unpacked_is_413_too() {
    let server = TestServer::start();
    let planner = server.planner();
    let pack = |plain: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    };
    let post = |body: Vec<u8>| {
        planner.call("POST", "/api/tasks").header("Content-Encoding", "gzip").body(body).send()
    };
    let bomb =
        pack(format!("{{\"name\":\"x\",\"extra\":\"{}\"}}", "x".repeat(50 << 20)).as_bytes());
    assert!(bomb.len() < 1 << 20);
    post(bomb).refused(413, "body_too_large");
    post(b"not gzip".to_vec()).refused(400, "malformed_request");
    assert_eq!(planner.get("/api/tasks").ok()["total"], 0);
    post(pack(b"{\"name\":\"packed\"}")).ok();
}

#[test]
fn a_query_that_is_no_text_is_400() {
    let server = TestServer::start();
    let executor = server.executor();
    for path in [
        "/api/tasks",
        "/api/sub-tasks",
        "/api/agents",
        "/api/logs",
        "/api/events",
        "/api/review-records",
        "/api/scores/me/logs",
        "/api/rules",
    ] {
        for query in ["status=%ff", "%ff=1", "x=%C0%80", "x=%ED%A0%80"] {
            executor.get(&format!("{path}?{query}")).refused(400, "malformed_request");
        }
    }
}

#[test]
fn strange_text_in_a_query_matches_nothing_and_breaks_nothing() {
    let server = TestServer::start();
    let executor = server.executor();
    server.work_in_review(&executor);
    for text in [
        "%25",
        "_",
        "%27%20OR%201%3D1%20--",
        "%22",
        "%00",
        "%0d%0aX-Evil:1",
        "%F0%9F%92%A9",
        "..%2f",
        "%E2%80%AE",
        "%EF%BF%BD",
        "=",
        "%",
        "%zz",
        "a+b",
        "%5B%5D",
        "null",
        "-1",
        "99999999999999999999",
    ] {
        for list in [
            "/api/tasks?status=",
            "/api/sub-tasks?status=",
            "/api/sub-tasks?task_id=",
            "/api/sub-tasks/mine?status=",
            "/api/review-records?sub_task_id=",
        ] {
            assert_eq!(executor.get(&format!("{list}{text}")).ok()["total"], 0, "{list}{text}");
        }
        for list in ["/api/agents?role=", "/api/logs?action=", "/api/logs/mine?action="] {
            assert_eq!(executor.get(&format!("{list}{text}")).ok(), json!([]), "{list}{text}");
        }
    }
    assert_eq!(executor.get("/api/sub-tasks?&&&status=&=&x").ok()["total"], 1);
}

#[test]
fn strange_but_legal_text_comes_back_as_it_was_sent() {
    let server = TestServer::start();
    let planner = server.planner();
    for name in [
        "' OR 1=1; DROP TABLE task; --",
        "<script>alert(1)</script>",
        "{{7*7}} ${x} %s %n \\ \" ' `",
        "日本語 🦀 e\u{301} \u{202e}rtl",
        "null",
        "-1",
        "\u{fffd}\u{feff}x",
    ] {
        let body = json!({"name": name, "description": format!("{name}\n\t{name}")});
        let task = planner.post("/api/tasks", &body).ok();
        assert_eq!((&task["name"], &task["description"]), (&body["name"], &body["description"]));
        let found = planner.get(&format!("/api/tasks/{}", task["id"].as_str().unwrap())).ok();
        assert_eq!(found, task);
    }
}

#[test]
fn a_long_mistake_gets_a_short_answer() {
    let server = TestServer::start();
    let planner = server.planner();
    let long = "x".repeat(500_000);
    for body in [
        json!({"name": "x", "type": long}),
        json!({"name": {"x": long}}),
        json!({"name": [long]}),
        json!({long.as_str(): 1}),
        json!({"name": long}),
    ] {
        let reply = planner.post("/api/tasks", &body);
        reply.refused(422, "invalid_fields");
        assert!(reply.body.len() < 2_000, "{}", reply.body.len());
    }
    let plan = format!("/api/tasks/{}/plan", server.task());
    for body in
        [json!({long.as_str(): 1}), json!({"sub_tasks": [{"name": "x", "depends_on": [long]}]})]
    {
        let reply = planner.post(&plan, &body);
        reply.refused(422, "invalid_fields");
        assert!(reply.body.len() < 5_000, "{}", reply.body.len());
    }
}

#[test]
fn any_content_type_will_do_for_json() {
    let server = TestServer::start();
    let planner = server.planner();
    for kind in ["application/json", "application/json; charset=utf-8", "text/plain", "x", ""] {
        let call = planner.call("POST", "/api/tasks").header("Content-Type", kind);
        call.body("{\"name\":\"x\"}").send().ok();
    }
}

#[test]
fn broken_http_ends_the_connection_and_not_the_server() {
    let server = TestServer::start();
    for request in [
        &b"\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET /api/health HTTP/9.9\r\n\r\n",
        b"GET /api/health HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET /api/health HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"POST /api/tasks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\nConnection: close\r\n\r\nzz\r\n",
        b"GET /api/health HTTP/1.1\r\nHost: x\r\nX: a\0b\r\nConnection: close\r\n\r\n",
        b"GET \xff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /api/health HTTP/1.0\r\n\r\n",
    ] {
        let answer = server.raw(request);
        assert!(!answer.contains("HTTP/1.1 5"), "{answer}");
    }
    server.anyone().get("/api/health").ok();
}
