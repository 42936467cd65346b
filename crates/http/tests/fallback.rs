//! What answers where no route does.

use serde_json::json;

use crate::support::TestServer;

const PAGE: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

#[test]
fn a_wrong_method_is_405_with_the_right_ones() {
    let server = TestServer::start();
    for (method, path, allowed) in [
        ("DELETE", "/api/tasks", "GET, POST"),
        ("PATCH", "/api/tasks/1", "GET, PUT"),
        ("POST", "/api/tasks/1", "GET, PUT"),
        ("GET", "/api/admin/login", "POST"),
        ("PUT", "/api/health", "GET"),
        ("OPTIONS", "/api/health", "GET"),
        ("PATCH", "/api/rules/list", "GET"),
        ("PATCH", "/api/rules/1", "GET, PUT, DELETE"),
        ("PATCH", "/api/sub-tasks/claim-next", "POST"),
        ("GET", "/api/sub-tasks/1/claim", "POST"),
    ] {
        let reply = server.anyone().call(method, path).send();
        reply.refused(405, "method_not_allowed");
        assert_eq!(reply.header("allow"), allowed, "{method} {path}");
    }
}

#[test]
fn head_is_405_without_a_body() {
    let server = TestServer::start();
    for path in ["/api/health", "/api/tasks"] {
        let reply = server.anyone().call("HEAD", path).send();
        assert_eq!((reply.status, reply.body.len()), (405, 0), "{path}");
        assert!(reply.header("allow").contains("GET"), "{path}");
    }
}

#[test]
fn an_unknown_path_below_api_is_404_in_json_for_everybody() {
    let server = TestServer::start();
    for path in [
        "/api",
        "/api/",
        "/api/no-such-thing",
        "/api/tasks/",
        "/api/health/",
        "/api//tasks",
        "/api/tasks/1/2/3",
        "/api/Tasks",
        "/api/%2e%2e/docs",
        "/api/tasks%2F1",
        "/api/..",
    ] {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
            let reply = server.anyone().call(method, path).header("Accept", PAGE).send();
            reply.refused(404, "not_found");
        }
        server.admin().get(path).refused(404, "not_found");
    }
}

#[test]
fn an_id_that_is_no_text_is_the_id_of_nothing() {
    let server = TestServer::start();
    for path in ["/api/tasks/%ff", "/api/sub-tasks/%C0%80/claim", "/api/rules/%E2%82"] {
        let reply = server.admin().call("GET", path).send();
        assert!(matches!(reply.status, 404 | 405), "{path}: {}", reply.status);
    }
    server.admin().get("/api/tasks/%00").refused(404, "task.not_found");
    server.admin().get("/api/tasks/..%2f..%2fetc%2fpasswd").refused(404, "task.not_found");
}

#[test]
fn everything_else_is_the_dashboard() {
    let server = TestServer::start();
    let page = server.anyone().get("/");
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    for path in ["/tasks/1", "/login", "/apis", "/docsx", "/..%2fconfig.yaml", "//etc/passwd"] {
        let reply = server.anyone().call("GET", path).header("Accept", PAGE).send();
        assert_eq!((reply.status, &reply.body), (200, &page.body), "{path}");
    }
    let head = server.anyone().call("HEAD", "/").send();
    assert_eq!((head.status, head.body.len()), (200, 0));
    let post = server.anyone().call("POST", "/").send();
    assert_eq!((post.status, post.header("allow")), (405, "GET, HEAD"));
    assert_eq!(server.anyone().get("/assets/gone.js").status, 404);
}

#[test]
fn who_forgets_api_is_told_so_in_json() {
    let server = TestServer::start();
    let reply = server.admin().get("/tasks");
    assert_eq!(reply.status, 404);
    assert_eq!(reply.header("content-type"), "application/problem+json");
    assert_eq!(reply.json()["code"], "not_found");
}

#[test]
fn the_documentation_is_there_without_the_internet() {
    let server = TestServer::start();
    let redirect = server.anyone().get("/docs");
    assert_eq!((redirect.status, redirect.header("location")), (307, "/docs/"));
    let page = server.anyone().get("/docs/");
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("https://") && !page.text().contains("http://"));
    assert!(server.anyone().get("/docs/swagger-ui-bundle.js").body.len() > 100_000);
    let document = server.anyone().get("/openapi.json");
    assert_eq!(document.header("content-type"), "application/json");
    assert_eq!(document.json(), *crate::support::form::document());
}

#[test]
fn the_type_of_a_problem_leads_to_its_explanation() {
    let server = TestServer::start();
    for (code, status, meaning) in openmoss_http::CODES {
        let reply = server.anyone().get(&format!("/problems/{code}"));
        assert_eq!(reply.status, 200, "{code}");
        let text = reply.text();
        assert!(text.contains(&status.to_string()) && text.contains(meaning), "{text}");
    }
    let reply = server.anyone().get("/problems/nonsense");
    assert_eq!((reply.status, &reply.json()["code"]), (404, &json!("not_found")));
}
