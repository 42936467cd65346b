//! Starting, answering, stopping.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use crate::support::{Client, PASSWORD, Place, Running, wait_until};

#[test]
fn a_ready_server_says_so_once_and_answers() {
    let place = Place::new();
    let running = place.serve(&[]);
    let client = Client::new(&running.url);
    assert_eq!(client.get("/api/health").ok()["status"], "ok");
    assert!(place.path("config.yaml").exists() && place.path("data/tasks.db").exists());
    running.ask_to_stop();
    let said = running.wait().with_code(0);
    assert_eq!(said.stdout, "", "one line only");
}

#[test]
fn no_command_serves() {
    let place = Place::new();
    let running = Running::start(&mut place.command(&["--port", "0"]));
    assert!(running.url.starts_with("http://127.0.0.1:"), "{}", running.url);
    assert_eq!(Client::new(&running.url).get("/api/health").ok()["status"], "ok");
}

#[test]
fn the_setup_token_is_told_until_the_setup_is_done_and_no_secret_is_logged() {
    let place = Place::new();
    let mut command = place.command(&["--host", "127.0.0.1", "--port", "0"]);
    let running = Running::start(command.env("OPENMOSS_LOG", "trace"));
    let admin = running.set_up();
    let (_, key) = admin.create_agent("ada", "executor");
    Client::agent(&running.url, &key).get("/api/sub-tasks/mine").ok();
    running.ask_to_stop();
    let said = running.wait().with_code(0);
    assert!(said.stderr.contains("one-time token: "), "{}", said.stderr);
    assert!(!said.stderr.contains(PASSWORD) && !said.stderr.contains(&key), "{}", said.stderr);

    let running = place.serve(&[]);
    running.ask_to_stop();
    let said = running.wait().with_code(0);
    assert!(!said.stderr.contains("one-time token"), "{}", said.stderr);
}

/// A request of which the server has seen the first half, and the second half.
fn half_a_request(running: &Running) -> (TcpStream, String) {
    let body = json!({
        "admin_password": PASSWORD, "project_name": "Half way", "workspace_root": "/tmp",
    });
    let body = body.to_string();
    let (first, second) = body.split_at(body.len() / 2);
    let mut stream = TcpStream::connect(running.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(
        stream,
        "POST /api/setup/initialize HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{first}",
        running.address(),
        body.len()
    )
    .unwrap();
    stream.flush().unwrap();
    // Once another request is answered, the first half has arrived.
    Client::new(&running.url).get("/api/health").ok();
    (stream, second.to_owned())
}

/// Asks for a stop and waits until it has begun.
fn begin_to_stop(running: &Running) {
    running.ask_to_stop();
    wait_until("nobody is let in", || TcpStream::connect(running.address()).is_err());
}

#[test]
fn a_stop_finishes_the_running_request() {
    let place = Place::new();
    let running = place.serve(&[]);
    let (mut stream, rest) = half_a_request(&running);
    begin_to_stop(&running);
    stream.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    running.wait().with_code(0);

    let running = place.serve(&[]);
    running.log_in();
}

#[test]
fn what_agents_asked_is_written_before_the_end() {
    let place = Place::new();
    let running = place.serve(&[]);
    let (id, key) = running.set_up().create_agent("ada", "executor");
    let agent = Client::agent(&running.url, &key);
    for _ in 0..300 {
        agent.get("/api/sub-tasks/mine").ok();
    }
    running.ask_to_stop();
    running.wait().with_code(0);

    let running = place.serve(&[]);
    let log = running.log_in().get(&format!("/api/admin/agents/{id}/request-logs")).ok();
    assert_eq!(log["total"], 300);
    assert_eq!(log["items"][0]["path"], "/api/sub-tasks/mine");
}

#[test]
fn a_second_signal_waits_for_nothing() {
    let place = Place::new();
    let running = place.serve(&[]);
    let (_stream, _rest) = half_a_request(&running);
    begin_to_stop(&running);
    running.ask_to_stop();
    running.wait().with_code(130);
}

#[test]
fn what_cannot_be_served_is_told_with_its_own_exit_code() {
    let place = Place::new();
    let running = place.serve(&[]);
    let port = running.address().rsplit(':').next().unwrap();
    let said = place.run(&["--host", "127.0.0.1", "--port", port]).with_code(1);
    assert!(said.stderr.contains("--port"), "{}", said.stderr);
    drop(running);

    std::fs::write(place.path("wrong.yaml"), "server:\n  port: many\n").unwrap();
    let said = place.run(&["--config", "wrong.yaml"]).with_code(3);
    assert!(said.stderr.contains("wrong.yaml:2: "), "{}", said.stderr);

    std::fs::write(place.path("no.db"), "this is no database, but long enough to look at").unwrap();
    let said = place.run(&["--port", "0", "--database", "no.db"]).with_code(6);
    assert_eq!(said.stdout, "");

    place.run(&["--port", "many"]).with_code(2);
    place.run(&["--port", "1", "task", "list"]).with_code(2);
}
