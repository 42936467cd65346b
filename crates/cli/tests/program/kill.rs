//! Killed in the middle of the work, again and again: what was acknowledged is there afterwards,
//! and nothing is half there.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::Duration;

use openmoss_testkit::{TestDb, on_each_backend};
use serde_json::{Value, json};

use crate::support::{Answer, Client, Place, Running, text, wait_until};

const EXECUTORS: usize = 3;

on_each_backend!(what_was_acknowledged_survives_a_kill);

fn what_was_acknowledged_survives_a_kill(db: &TestDb) {
    let place = Place::new();
    let serve = || place.serve(&["--database", db.url()]);
    let mut running = serve();
    let crew = Crew::hire(&running.set_up());
    for round in 0..rounds(db) {
        let planner = crew.planner(&running);
        let task = text(&planner.post("/api/tasks", &json!({"name": "goal"})).ok()["id"]);
        let facts = load_and_kill(running, &crew, &task);
        wait_for_open_transactions(db);
        running = serve();
        Books::read(db, &crew.planner(&running), &task).check(&facts);
        crew.check_scores(&running);
        assert_eq!(openmoss_testkit::differences(db), [""; 0], "round {round}");
    }
    place.run(&["db", "check", "--database", db.url()]).with_code(0);
}

/// `OPENMOSS_KILL_ROUNDS`, or a number that suits the backend.
fn rounds(db: &TestDb) -> usize {
    let asked = std::env::var("OPENMOSS_KILL_ROUNDS").ok();
    let default = if db.is_postgres() { 5 } else { 20 };
    asked.map_or(default, |rounds| rounds.parse().expect("OPENMOSS_KILL_ROUNDS is a number"))
}

/// The last transactions of a killed server may still run in PostgreSQL, and some may succeed.
/// What they came to is known when they no longer hold anything of this test.
fn wait_for_open_transactions(db: &TestDb) {
    const OPEN: &str = "SELECT COUNT(*) AS n FROM pg_locks
        JOIN pg_database ON pg_database.oid = database
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    if db.is_postgres() {
        let mut raw = db.raw();
        wait_until("the killed server's transactions end", || raw.number(OPEN) == 0);
    }
}

/// A write that the server said was done.
#[derive(Debug)]
enum Fact {
    Created { id: String },
    Cancelled { id: String },
    Claimed { id: String, owner: String, attempt: u64 },
    Started { id: String },
    Submitted { id: String, summary: String },
    Reviewed { id: String, review: String },
}

/// Everybody's key, by role.
struct Crew {
    planner: String,
    reviewer: String,
    /// Id and key.
    executors: Vec<(String, String)>,
}

impl Crew {
    fn hire(admin: &Client) -> Self {
        let executors = (0..EXECUTORS).map(|i| admin.create_agent(&format!("e{i}"), "executor"));
        Self {
            planner: admin.create_agent("p", "planner").1,
            reviewer: admin.create_agent("r", "reviewer").1,
            executors: executors.collect(),
        }
    }

    fn planner(&self, running: &Running) -> Client {
        Client::agent(&running.url, &self.planner)
    }

    /// Each total is the sum of its log.
    fn check_scores(&self, running: &Running) {
        let client = self.planner(running);
        let agents = client.get("/api/agents").ok();
        for (id, _) in &self.executors {
            let log = client.get_all(&format!("/api/scores/{id}/logs"));
            let sum: i64 = log.iter().map(|row| row["score_delta"].as_i64().unwrap()).sum();
            let agent = agents.as_array().unwrap().iter().find(|agent| agent["id"] == id.as_str());
            assert_eq!(agent.unwrap()["total_score"], sum);
        }
    }
}

/// One round: everybody works, and in the middle of it the server is gone.
fn load_and_kill(running: Running, crew: &Crew, task: &str) -> Vec<Fact> {
    let facts = Mutex::new(Vec::new());
    let url = running.url.clone();
    let worker = |key: &str| Worker { client: Client::agent(&url, key), task, facts: &facts };
    std::thread::scope(|scope| {
        let planner = worker(&crew.planner);
        scope.spawn(move || planner.plan());
        for (id, key) in &crew.executors {
            let executor = worker(key);
            scope.spawn(move || executor.execute(id));
        }
        let reviewer = worker(&crew.reviewer);
        scope.spawn(move || reviewer.review());
        let enough = rand::random_range(5..80);
        wait_until("work goes on", || facts.lock().unwrap().len() >= enough);
        // Anywhere between two answers.
        std::thread::sleep(Duration::from_micros(rand::random_range(0..20_000)));
        running.kill();
    });
    facts.into_inner().unwrap()
}

/// Somebody at work, until there is no answer any more.
struct Worker<'a> {
    client: Client,
    task: &'a str,
    facts: &'a Mutex<Vec<Fact>>,
}

type Gone = ControlFlow<()>;

impl Worker<'_> {
    /// The answer of a success; nothing for a lost race; the end when there is no answer.
    fn post(&self, path: &str, body: &Value) -> ControlFlow<(), Option<Value>> {
        outcome(self.client.post(path, body))
    }

    fn get(&self, path: &str) -> ControlFlow<(), Value> {
        outcome(self.client.get(path)).map_continue(|body| body.expect("a look is never refused"))
    }

    fn note(&self, fact: Fact) {
        self.facts.lock().unwrap().push(fact);
    }

    /// Creates sub-tasks: every third waits for the one before it, and every ninth is given up.
    fn plan(&self) -> Gone {
        let mut last = None;
        for number in 0.. {
            let depends_on: Vec<String> = last.filter(|_| number % 3 == 2).into_iter().collect();
            let new = json!({"task_id": self.task, "name": "work", "depends_on": depends_on});
            last = self.post("/api/sub-tasks", &new)?.map(|made| text(&made["id"]));
            let Some(id) = last.clone() else { continue };
            self.note(Fact::Created { id: id.clone() });
            if number % 9 == 7
                && self.post(&format!("/api/sub-tasks/{id}/cancel"), &json!({}))?.is_some()
            {
                self.note(Fact::Cancelled { id });
                // Nothing may depend on what is cancelled.
                last = None;
            }
        }
        ControlFlow::Continue(())
    }

    fn execute(&self, own_id: &str) -> Gone {
        for number in 0.. {
            let mine = self.get("/api/sub-tasks/mine?status=rework&page_size=10")?;
            let mine = mine["items"].as_array().unwrap().clone();
            let rework = mine.into_iter().find(|one| one["task_id"] == self.task);
            let work = match rework {
                Some(rework) => rework,
                None => match self.claim(own_id)? {
                    Some(claimed) => claimed,
                    None => continue,
                },
            };
            let id = text(&work["id"]);
            let path = format!("/api/sub-tasks/{id}");
            if self.post(&format!("{path}/start"), &json!({}))?.is_none() {
                continue;
            }
            self.note(Fact::Started { id: id.clone() });
            let summary = format!("{own_id} {number} {}", self.task);
            let body = json!({
                "summary": summary,
                "artifacts": [{"kind": "text", "title": "it", "value": "x".repeat(2000)}],
            });
            if self.post(&format!("{path}/submit"), &body)?.is_some() {
                self.note(Fact::Submitted { id, summary });
            }
        }
        ControlFlow::Continue(())
    }

    fn claim(&self, own_id: &str) -> ControlFlow<(), Option<Value>> {
        let next = self.post("/api/sub-tasks/claim-next", &json!({"task_id": self.task}))?;
        let claimed = next.map(|next| next["sub_task"].clone()).filter(|one| !one.is_null());
        if let Some(one) = &claimed {
            let (id, attempt) = (text(&one["id"]), one["attempt"].as_u64().unwrap());
            self.note(Fact::Claimed { id, owner: own_id.to_owned(), attempt });
        }
        ControlFlow::Continue(claimed)
    }

    /// Sends every fourth back.
    fn review(&self) -> Gone {
        let mut number = 0;
        loop {
            let path = format!("/api/sub-tasks?status=review&task_id={}&page_size=100", self.task);
            for one in self.get(&path)?["items"].as_array().unwrap() {
                number += 1;
                let id = text(&one["id"]);
                let verdict = if number % 4 == 0 {
                    json!({"sub_task_id": id, "result": "rejected", "score": 2, "issues": "no"})
                } else {
                    json!({"sub_task_id": id, "result": "approved", "score": 5})
                };
                if let Some(review) = self.post("/api/review-records", &verdict)? {
                    self.note(Fact::Reviewed { id, review: text(&review["id"]) });
                }
            }
        }
    }
}

fn outcome(answer: Answer) -> ControlFlow<(), Option<Value>> {
    match answer {
        Answer::Status(200, body) => ControlFlow::Continue(Some(body)),
        Answer::Status(409 | 503, _) => ControlFlow::Continue(None),
        Answer::None(_) => ControlFlow::Break(()),
        Answer::Status(..) => panic!("{answer:?}"),
    }
}

/// Everything that is known of one task's sub-tasks.
struct Books {
    sub_tasks: HashMap<String, Entry>,
}

struct Entry {
    row: Value,
    /// Oldest first.
    events: Vec<Value>,
    submissions: Vec<Value>,
    reviews: Vec<Value>,
}

impl Books {
    fn read(db: &TestDb, client: &Client, task: &str) -> Self {
        let mut events = events(db, client, task);
        let rows = client.get_all(&format!("/api/sub-tasks?task_id={task}"));
        let entry = |row: Value| {
            let id = text(&row["id"]);
            let events = events.remove(&id).unwrap_or_default();
            let submissions = client.get_all(&format!("/api/sub-tasks/{id}/submissions"));
            let reviews = client.get_all(&format!("/api/review-records?sub_task_id={id}"));
            (id, Entry { row, events, submissions, reviews })
        };
        let sub_tasks = rows.into_iter().map(entry).collect();
        assert_eq!(events.len(), 0, "events of sub-tasks that do not exist");
        Self { sub_tasks }
    }

    fn check(&self, facts: &[Fact]) {
        for (id, entry) in &self.sub_tasks {
            entry.check(id);
        }
        for fact in facts {
            self.check_fact(fact);
        }
        self.check_starts(facts);
    }

    #[track_caller]
    fn entry(&self, id: &str) -> &Entry {
        self.sub_tasks.get(id).unwrap_or_else(|| panic!("{id} is lost"))
    }

    fn check_fact(&self, fact: &Fact) {
        let is_kept = match fact {
            Fact::Created { id } => self.entry(id).count("sub_task_created") == 1,
            Fact::Cancelled { id } => self.entry(id).row["status"] == "cancelled",
            Fact::Claimed { id, owner, attempt } => self.entry(id).events.iter().any(|event| {
                event["kind"] == "sub_task_claimed"
                    && event["agent_id"] == owner.as_str()
                    && event["payload"]["attempt"] == *attempt
            }),
            Fact::Started { .. } => true,
            Fact::Submitted { id, summary } => {
                let kept = &self.entry(id).submissions;
                kept.iter().filter(|one| one["summary"] == summary.as_str()).count() == 1
            }
            Fact::Reviewed { id, review } => {
                self.entry(id).reviews.iter().any(|one| one["id"] == review.as_str())
            }
        };
        assert!(is_kept, "{fact:?} is lost");
    }

    fn check_starts(&self, facts: &[Fact]) {
        let mut starts: HashMap<&str, usize> = HashMap::new();
        for fact in facts {
            if let Fact::Started { id } = fact {
                *starts.entry(id).or_default() += 1;
            }
        }
        for (id, count) in starts {
            assert!(self.entry(id).count("sub_task_started") >= count, "a start of {id} is lost");
        }
    }
}

impl Entry {
    fn count(&self, kind: &str) -> usize {
        self.events.iter().filter(|event| event["kind"] == kind).count()
    }

    /// Replays the events: what they say is what the row says, and each has its record.
    fn check(&self, id: &str) {
        assert_eq!(self.events[0]["kind"], "sub_task_created", "{id}");
        let (mut status, mut attempt, mut owner) = (json!("pending"), json!(0), Value::Null);
        for event in &self.events {
            let payload = &event["payload"];
            if payload["to"].is_null() {
                continue;
            }
            assert_eq!(payload["from"], status, "{id}: {event}");
            status = payload["to"].clone();
            if event["kind"] == "sub_task_claimed" {
                let next = attempt.as_u64().unwrap() + 1;
                assert_eq!(payload["attempt"], next, "{id}: {event}");
                (attempt, owner) = (json!(next), event["agent_id"].clone());
                assert_eq!(event["actor"]["id"], owner, "{id}: {event}");
            }
        }
        let row = &self.row;
        assert_eq!(
            (&row["status"], &row["attempt"], &row["assigned_agent"]),
            (&status, &attempt, &owner),
            "{id}"
        );
        // The planner may give up what somebody works on: what comes then is kept as late.
        let late = self.submissions.iter().filter(|one| one["late"] == true).count();
        assert_eq!(late, self.count("sub_task_submitted_late"), "{id}");
        let in_time = self.submissions.len() - late;
        assert_eq!(in_time, self.count("sub_task_submitted"), "{id}");
        let (approved, rejected) =
            (self.count("sub_task_approved"), self.count("sub_task_rejected"));
        assert_eq!(self.reviews.len(), approved + rejected, "{id}");
        assert_eq!(row["rework_count"], rejected, "{id}");
        assert_eq!(row["status"] == "done", approved == 1, "{id}");
    }
}

/// The events of a task by sub-task, oldest first. On PostgreSQL the log shows an event only when
/// no older transaction is open, and other tests have some: so this asks again until it has all.
fn events(db: &TestDb, client: &Client, task: &str) -> HashMap<String, Vec<Value>> {
    let count = format!("SELECT COUNT(*) AS n FROM event WHERE task_id = '{task}'");
    let expected = usize::try_from(db.raw().number(&count)).unwrap();
    let mut all = Vec::new();
    let mut after = 0;
    wait_until("the log shows every event", || {
        let path = format!("/api/events?task_id={task}&limit=500&after={after}");
        let page = client.get(&path).ok();
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        after = page["next_after"].as_i64().unwrap();
        all.len() == expected
    });
    let mut by_sub_task: HashMap<String, Vec<Value>> = HashMap::new();
    for event in all {
        if let Some(id) = event["sub_task_id"].as_str() {
            by_sub_task.entry(id.to_owned()).or_default().push(event);
        }
    }
    by_sub_task
}
