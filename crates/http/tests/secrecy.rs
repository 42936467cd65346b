//! Secrets stay secret: in logs, in refusals, in what is remembered.

use std::io;
use std::sync::{Arc, Mutex, OnceLock};

use openmoss_service::event::Filter;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{PASSWORD, REGISTRATION_TOKEN, TestServer, text};

/// Everything that this program logs, of all tests.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(log.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        log
    })
}

fn logged() -> String {
    String::from_utf8_lossy(&log().0.lock().unwrap()).into_owned()
}

#[test]
fn no_secret_is_logged_even_at_the_finest_level() {
    log();
    let server = TestServer::start();
    let executor = server.executor();
    let marker = server.task();
    server.anyone().get(&format!("/api/tasks/{marker}"));

    let session = server.anyone().post("/api/admin/login", &json!({"password": PASSWORD})).ok();
    server.anyone().post("/api/admin/login", &json!({"password": "wrong guess 4711"}));
    server.anyone().post("/api/admin/login", &json!({"password": ["wrong guess 4711"]}));
    let registrant = server.anyone().with("X-Registration-Token", REGISTRATION_TOKEN);
    let body = json!({"name": "scout", "role": "executor"});
    let agent = registrant.post("/api/agents/register", &body).ok();
    registrant.post("/api/agents/register", &body).refused(409, "already_exists");
    let key = text(&agent["api_key"]);
    let known = server.anyone().with("Authorization", &format!("Bearer {key}"));
    known.get("/api/agents/me/skill");
    known.get(&format!("/api/tasks?status={key}"));
    known.call("POST", "/api/tasks").header("Idempotency-Key", "key-4712").body("{").send();
    known.post("/api/logs", &json!({"action": "coding", "summary": "body-4713"})).ok();
    server.anyone().with("Authorization", "Bearer ak_unknown4714").get("/api/tasks");
    let reset = server
        .admin()
        .post(&format!("/api/admin/agents/{}/reset-key", executor.id), &json!({}))
        .ok();
    server.anyone().with("X-Setup-Token", "setup-4715").post("/api/setup/initialize", &json!({}));

    let log = logged();
    assert!(log.contains(&marker), "the log is captured: {}", log.len());
    for secret in [
        key.as_str(),
        reset["new_api_key"].as_str().unwrap(),
        session["token"].as_str().unwrap(),
        &executor.key,
        PASSWORD,
        REGISTRATION_TOKEN,
        server.service.setup_token().expose(),
        "wrong guess 4711",
        "key-4712",
        "body-4713",
        "ak_unknown4714",
        "setup-4715",
        "$2b$",
    ] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret:?} is logged");
    }
}

#[test]
fn a_refusal_does_not_repeat_what_was_sent() {
    let server = TestServer::start();
    let registrant = server.anyone().with("X-Registration-Token", "token-4716");
    let replies = [
        registrant.post("/api/agents/register", &json!({"name": "x", "role": "executor"})),
        server.anyone().post("/api/admin/login", &json!({"password": {"secret": "pass-4716"}})),
        server.anyone().post("/api/admin/login", &json!({"password": "pass-4716"})),
        server.anyone().with("X-Agent-Key", "key-4716").get("/api/tasks"),
        server.anyone().with("Authorization", "Basic key-4716").get("/api/tasks"),
        server.anyone().with("X-Admin-Token", "admin-4716").get("/api/rules/list"),
        server.executor().call("POST", "/api/logs").body("{\"password\": key-4716").send(),
        server
            .anyone()
            .with("X-Setup-Token", "setup-4716")
            .post("/api/setup/initialize", &json!({"admin_password": [4716]})),
    ];
    for reply in replies {
        assert!(reply.status >= 400, "{reply}");
        assert!(!reply.text().contains("4716"), "{reply}: {}", reply.text());
    }
}

#[test]
fn keys_are_shown_by_the_answers_that_make_them_and_by_no_other() {
    let server = TestServer::start();
    let (executor, planner) = (server.executor(), server.planner());
    let work = server.work_in_review(&executor);
    let document = crate::support::form::document();
    for (path, item) in document["paths"].as_object().unwrap() {
        if item.get("get").is_none() || path == "/api/agents/me/skill" {
            continue;
        }
        let path = path.replace("{sub_task_id}", &work).replace("{agent_id}", &executor.id);
        let to_agent = planner.get(&path).text();
        let to_admin = server.admin().get(&path).text();
        for secret in [executor.key.as_str(), &planner.key, "$2b$"] {
            assert!(!to_agent.contains(secret) && !to_admin.contains(secret), "{path}");
        }
        assert!(!to_agent.contains(REGISTRATION_TOKEN), "{path}");
        // The admin hands the token out, and so must be able to see it.
        let is_shown = path == "/api/admin/config";
        assert_eq!(to_admin.contains(REGISTRATION_TOKEN), is_shown, "{path}");
    }
}

#[test]
fn events_and_what_is_remembered_hold_no_key() {
    let server = TestServer::start();
    let call = server.admin().call("POST", "/api/agents").header("Idempotency-Key", "k");
    let made = call.json(&json!({"name": "scout", "role": "executor"})).send().ok();
    let stored = server.service.list_events(Filter::default(), 0, 500).unwrap();
    assert!(!format!("{stored:?}").contains(made["api_key"].as_str().unwrap()));
}
