//! The server as a whole: many at once, slow ones, and its end.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openmoss_http::{Server, ServerOptions};
use serde_json::json;

use crate::support::TestServer;

const REQUEST: &[u8] = b"GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n";

fn options() -> ServerOptions {
    ServerOptions { host: "127.0.0.1".to_owned(), port: 0, shutdown_seconds: 20, workers: None }
}

fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(REQUEST).unwrap();
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[test]
fn a_connection_serves_many_requests() {
    let server = TestServer::start();
    let address = server.base().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    for _ in 0..3 {
        assert!(ask(&mut stream).starts_with("HTTP/1.1 200"));
    }
}

#[test]
fn a_stop_does_not_wait_for_idle_connections() {
    let other = TestServer::start();
    let server = Server::start(Arc::clone(&other.service), &options()).unwrap();
    let mut idle: Vec<_> = (0..3).map(|_| TcpStream::connect(server.address()).unwrap()).collect();
    for stream in &mut idle {
        ask(stream);
    }
    let begun = Instant::now();
    server.stop().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn a_stopped_server_frees_its_port() {
    let other = TestServer::start();
    let server = Server::start(Arc::clone(&other.service), &options()).unwrap();
    let port = server.address().port();
    server.stop().unwrap();
    let again = ServerOptions { port, ..options() };
    Server::start(Arc::clone(&other.service), &again).unwrap().stop().unwrap();
}

#[test]
fn a_port_in_use_is_an_error_and_not_a_panic() {
    let other = TestServer::start();
    let taken: u16 = other.base().rsplit(':').next().unwrap().parse().unwrap();
    let again = ServerOptions { port: taken, ..options() };
    assert!(Server::start(Arc::clone(&other.service), &again).is_err());
    let nowhere = ServerOptions { host: "not a host".to_owned(), ..options() };
    assert!(Server::start(Arc::clone(&other.service), &nowhere).is_err());
}

#[test]
fn more_than_the_queue_takes_is_503_at_once_and_health_is_still_answered() {
    // A hash of the usual cost keeps the only place taken for a good while.
    let slow = "bcrypt:$2b$12$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
    let server = TestServer::start_with(|settings| {
        settings.server.queue_max = 1;
        settings.admin.password = openmoss_service::settings::Secret::new(slow);
    });
    std::thread::scope(|scope| {
        let anyone = server.anyone();
        // The look below may hold the only place when the login comes: then it tries again.
        let login = scope.spawn(move || {
            loop {
                let try_it =
                    anyone.call("POST", "/api/admin/login").json(&json!({"password": "x"}));
                let reply = try_it.send_to_a_busy_server();
                if reply.status != 503 {
                    return reply;
                }
            }
        });
        let mut refused = 0;
        while !login.is_finished() {
            let reply = server.anyone().call("GET", "/api/tasks").send_to_a_busy_server();
            if reply.status == 503 {
                refused += 1;
                reply.refused(503, "unavailable");
                server.anyone().get("/api/health").ok();
            }
        }
        assert!(refused > 0);
        login.join().unwrap().refused(403, "forbidden");
    });
    server.anyone().get("/api/ready").ok();
}

#[test]
fn slow_clients_do_not_keep_others_out() {
    let server = TestServer::start();
    let address = server.base().strip_prefix("http://").unwrap();
    let slow: Vec<_> = (0..100)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            let begin = b"POST /api/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{";
            stream.write_all(begin).unwrap();
            stream
        })
        .collect();
    let planner = server.planner();
    for _ in 0..10 {
        planner.post("/api/tasks", &json!({"name": "x"})).ok();
    }
    drop(slow);
}

#[test]
fn many_at_once_are_all_answered() {
    let server = TestServer::start();
    let planner = server.planner();
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                for _ in 0..5 {
                    planner.post("/api/tasks", &json!({"name": "x"})).ok();
                    planner.get("/api/tasks?page_size=1").ok();
                }
            });
        }
    });
    assert_eq!(planner.get("/api/tasks?page_size=1").ok()["total"], 100);
}
