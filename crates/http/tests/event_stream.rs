//! Events as they happen.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use openmoss_service::event::Filter;
use serde_json::{Value, json};

use crate::support::{TestServer, text};

/// An open stream, read line by line.
struct Stream(BufReader<TcpStream>);

impl Stream {
    /// Opens one. `head` is further lines of the request's head.
    fn open(server: &TestServer, query: &str, head: &[(&str, &str)]) -> Self {
        let token = server.service.log_in(crate::support::PASSWORD, None).unwrap();
        let admin = ("X-Admin-Token", token.expose());
        Self::open_as(server, query, &[&[admin], head].concat())
    }

    fn open_as(server: &TestServer, query: &str, head: &[(&str, &str)]) -> Self {
        let mut connection = server.connect();
        // An older HTTP has no chunks, so what is read is what was written.
        let head: String =
            head.iter().map(|(name, value)| [name, ": ", value, "\r\n"].concat()).collect();
        let request = format!("GET /api/events/stream{query} HTTP/1.0\r\n{head}\r\n");
        connection.write_all(request.as_bytes()).unwrap();
        let mut stream = Self(BufReader::new(connection));
        assert_eq!(stream.line().unwrap(), "HTTP/1.0 200 OK");
        while stream.line().unwrap() != "retry: 2000" {}
        stream
    }

    /// The next line; none at the end.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.0.read_line(&mut line).expect("a line in time");
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// The next event; none at the end.
    fn event(&mut self) -> Option<Value> {
        loop {
            let line = self.line()?;
            if let Some(id) = line.strip_prefix("id: ") {
                let data = self.line()?;
                let event: Value =
                    serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
                assert_eq!(event["seq"].to_string(), id);
                return Some(event);
            }
        }
    }

    fn kinds(&mut self, count: usize) -> Vec<String> {
        (0..count).map(|_| text(&self.event().expect("an event")["kind"])).collect()
    }
}

#[test]
fn what_happens_is_seen_at_once() {
    let server = TestServer::start();
    let executor = server.executor();
    let id = server.work();
    let mut stream = Stream::open(&server, "", &[]);
    executor.step(&id, "claim").ok();
    assert_eq!(stream.kinds(1), ["sub_task_claimed"]);
    executor.step(&id, "start").ok();
    executor.step(&id, "submit").ok();
    assert_eq!(stream.kinds(2), ["sub_task_started", "sub_task_submitted"]);
}

#[test]
fn a_stream_shows_what_it_was_asked_for() {
    let server = TestServer::start();
    let (ada, bob) = (server.executor(), server.executor());
    let (first, second) = (server.work(), server.work());
    let task = text(&server.look(&second)["task_id"]);
    let mut of_task = Stream::open(&server, &format!("?task_id={task}"), &[]);
    let mut of_sub_task = Stream::open(&server, &format!("?sub_task_id={second}"), &[]);
    let mut of_agent = Stream::open(&server, &format!("?agent_id={}", bob.id), &[]);
    let mut of_kinds = Stream::open(&server, "?kind=sub_task_submitted,sub_task_started", &[]);
    ada.step(&first, "claim").ok();
    bob.step(&second, "claim").ok();
    bob.step(&second, "start").ok();
    for stream in [&mut of_task, &mut of_sub_task, &mut of_agent] {
        let event = stream.event().unwrap();
        assert_eq!(
            (&event["sub_task_id"], &event["kind"]),
            (&json!(second), &json!("sub_task_claimed"))
        );
    }
    assert_eq!(of_kinds.kinds(1), ["sub_task_started"]);
}

#[test]
fn whoever_comes_back_misses_none_and_sees_none_twice() {
    let server = TestServer::start();
    let executor = server.executor();
    let start = server.service.latest_event().unwrap();
    let total = 4 * 30 * 5;
    let mut seen: Vec<i64> = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..30 {
                    server.work_in_review(&executor);
                }
            });
        }
        // Comes back after every few events, while others write.
        while seen.len() < total {
            let last = seen.last().copied().unwrap_or(start).to_string();
            let mut stream = Stream::open(&server, "?after=0", &[("Last-Event-ID", &last)]);
            for _ in 0..97.min(total - seen.len()) {
                seen.push(stream.event().unwrap()["seq"].as_i64().unwrap());
            }
        }
    });
    let mut all = Vec::new();
    loop {
        let after = all.last().copied().unwrap_or(start);
        let page = server.service.list_events(Filter::default(), after, 500).unwrap();
        if page.is_empty() {
            break;
        }
        all.extend(page.iter().map(|event| event.seq));
    }
    assert_eq!(seen, all);
}

#[test]
fn a_stream_needs_a_caller_and_a_question_that_can_be_answered() {
    let server = TestServer::start();
    server.anyone().get("/api/events/stream").refused(401, "unauthenticated");
    let admin = server.admin();
    admin.get("/api/events/stream?kind=nonsense").refused(422, "invalid_fields");
    admin.get("/api/events/stream?after=x").refused(422, "invalid_fields");
    admin.get("/api/events/stream?task_id=x").refused(404, "task.not_found");
    let reply = admin.call("GET", "/api/events/stream").header("Last-Event-ID", "x").send();
    reply.refused(422, "invalid_fields");
}

#[test]
fn a_disabled_agent_sees_no_more() {
    let server = TestServer::start();
    let executor = server.executor();
    let key = format!("Bearer {}", executor.key);
    let mut stream = Stream::open_as(&server, "", &[("Authorization", &key)]);
    let path = format!("/api/agents/{}/status", executor.id);
    server.admin().put(&path, &json!({"status": "disabled"})).ok();
    assert_eq!(stream.kinds(1), ["agent_status_changed"]);
    assert!(stream.event().is_none());
}

#[test]
fn streams_end_when_the_server_stops_and_do_not_hold_it_up() {
    let mut server = TestServer::start();
    let mut stream = Stream::open(&server, "", &[]);
    let began = Instant::now();
    server.stop();
    assert!(stream.event().is_none());
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}
