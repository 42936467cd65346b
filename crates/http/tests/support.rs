//! A server of one's own, and clients whose every answer is looked at twice: by the test for what
//! it means, by [`form`] for what it looks like.

mod client;
pub(crate) mod form;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use openmoss_domain::{Actor, Role};
use openmoss_http::{Server, ServerOptions};
use openmoss_service::agent::NewAgent;
use openmoss_service::settings::{Secret, Settings};
use openmoss_service::{Background, Context, Service};
use openmoss_testkit::{FixedClock, MemoryLayers, TestDb};
use serde_json::{Value, json};

pub(crate) use client::{Client, Reply};

/// The admin's password on a [`TestServer`].
pub(crate) const PASSWORD: &str = "correct horse";
/// Its hash, of the lowest cost: checking it shall not be what the tests wait for.
const PASSWORD_HASH: &str = "bcrypt:$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
/// What a self-registering agent sends.
pub(crate) const REGISTRATION_TOKEN: &str = "registration-token-of-the-tests";
/// The id of nothing.
pub(crate) const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// A server on a port of its own, with a database of its own and a clock that stands still.
pub(crate) struct TestServer {
    pub(crate) service: Arc<Service>,
    pub(crate) clock: Arc<FixedClock>,
    server: Option<Server>,
    base: String,
    admin: OnceLock<Client>,
    named: AtomicUsize,
    _background: Background,
    // The last field: the database goes when nothing uses it any more.
    pub(crate) db: TestDb,
}

/// An agent with its key.
pub(crate) struct Agent {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) key: String,
    client: Client,
}

impl std::ops::Deref for Agent {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// PostgreSQL where there is one to test on, SQLite else.
fn database() -> TestDb {
    #[cfg(feature = "postgres")]
    if let Some(db) = TestDb::postgres() {
        return db;
    }
    TestDb::sqlite()
}

impl TestServer {
    /// A server that is set up.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// A server whose settings `change` changed.
    pub(crate) fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let db = database();
        let mut settings = Settings::default();
        settings.database.url = Secret::new(db.url());
        settings.database.connections = 4;
        settings.admin.password = Secret::new(PASSWORD_HASH);
        settings.agent.registration_token = Secret::new(REGISTRATION_TOKEN);
        settings.setup.initialized = true;
        // Nothing lies there, so every text is the one in the program.
        "/nonexistent".clone_into(&mut settings.content.root);
        change(&mut settings);
        let clock = Arc::new(FixedClock::default());
        let layers = Arc::new(MemoryLayers(settings));
        let service = Arc::new(Service::open(layers, clock.clone()).unwrap());
        let options = ServerOptions {
            host: "127.0.0.1".to_owned(),
            port: 0,
            shutdown_seconds: 30,
            // Each one has all routes to build, which is most of what a small test costs.
            workers: Some(1),
        };
        // Events are passed on as in production; no job runs by itself.
        let background = Background::with(&service, &[]).unwrap();
        let server = Server::start(Arc::clone(&service), &options).unwrap();
        let base = format!("http://{}", server.address());
        let (admin, named) = (OnceLock::new(), AtomicUsize::new(0));
        let server = Some(server);
        Self { service, clock, server, base, admin, named, _background: background, db }
    }

    /// The database, past all rules.
    pub(crate) fn db(&self) -> &TestDb {
        &self.db
    }

    /// `http://` and where it listens.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// A client without credentials.
    pub(crate) fn anyone(&self) -> Client {
        Client::new(&self.base)
    }

    /// The admin, logged in once for the test.
    pub(crate) fn admin(&self) -> &Client {
        self.admin.get_or_init(|| {
            let token = self.service.log_in(PASSWORD, None).unwrap();
            self.anyone().with("X-Admin-Token", token.expose())
        })
    }

    /// A new agent.
    pub(crate) fn agent(&self, role: Role) -> Agent {
        let name = self.name(role.as_str());
        let new = NewAgent { name, role, description: String::new(), capabilities: Vec::new() };
        let made = self.service.create_agent(&Context::of(Actor::Admin), &new).unwrap();
        let key = made.key.expose().to_owned();
        let client = self.anyone().with("Authorization", &format!("Bearer {key}"));
        Agent { id: made.agent.id.to_string(), name: made.agent.name, key, client }
    }

    pub(crate) fn planner(&self) -> Agent {
        self.agent(Role::Planner)
    }

    pub(crate) fn executor(&self) -> Agent {
        self.agent(Role::Executor)
    }

    pub(crate) fn reviewer(&self) -> Agent {
        self.agent(Role::Reviewer)
    }

    pub(crate) fn patrol(&self) -> Agent {
        self.agent(Role::Patrol)
    }

    /// A name that nothing else on this server has.
    pub(crate) fn name(&self, what: &str) -> String {
        format!("{what} {}", self.named.fetch_add(1, Ordering::Relaxed))
    }

    /// The id of a new task.
    pub(crate) fn task(&self) -> String {
        let task = self.admin().post("/api/tasks", &json!({"name": self.name("Goal")})).ok();
        text(&task["id"])
    }

    /// The id of a new sub-task of `task`.
    pub(crate) fn sub_task(&self, task: &str) -> String {
        let body = json!({"task_id": task, "name": self.name("Work")});
        text(&self.admin().post("/api/sub-tasks", &body).ok()["id"])
    }

    /// The id of a new sub-task of a new task.
    pub(crate) fn work(&self) -> String {
        self.sub_task(&self.task())
    }

    /// A new sub-task that `owner` claimed, started and handed in.
    pub(crate) fn work_in_review(&self, owner: &Agent) -> String {
        let id = self.work();
        for step in ["claim", "start", "submit"] {
            owner.step(&id, step).ok();
        }
        id
    }

    /// The sub-task as the admin sees it.
    pub(crate) fn look(&self, sub_task: &str) -> Value {
        self.admin().get(&format!("/api/sub-tasks/{sub_task}")).ok()
    }

    /// A connection of one's own.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.server.as_ref().unwrap().address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }

    /// Stops the server, as a signal does.
    pub(crate) fn stop(&mut self) {
        self.server.take().unwrap().stop().unwrap();
    }

    /// Sends bytes as they are, and no more, and reads until the server closes.
    pub(crate) fn raw(&self, request: &[u8]) -> String {
        let mut stream = self.connect();
        stream.write_all(request).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Client {
    /// A step of a sub-task that needs no body.
    pub(crate) fn step(&self, sub_task: &str, step: &str) -> Reply {
        self.call("POST", &format!("/api/sub-tasks/{sub_task}/{step}")).send()
    }

    /// A step of a sub-task.
    pub(crate) fn step_with(&self, sub_task: &str, step: &str, body: &Value) -> Reply {
        self.post(&format!("/api/sub-tasks/{sub_task}/{step}"), body)
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            let stopped = server.stop();
            if !std::thread::panicking() {
                stopped.unwrap();
            }
        }
    }
}

/// A JSON string's text.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a string: {value}")).to_owned()
}
