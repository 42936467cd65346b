//! The team: what each member asks, and what came of it.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use serde_json::{Value, json};

use crate::client::{Client, bearer};
use crate::server::{REGISTRATION_TOKEN, Server};
use crate::stats::{Load, percentile};
use crate::texts::text;

const EXECUTORS: usize = 8;
const REVIEWERS: usize = 2;
/// Not counted: caches fill, threads start.
const WARM_UP: Duration = Duration::from_secs(1);
/// Sub-tasks in one plan, whose body must stay below the limit.
const PLAN: usize = 1_000;
/// Sub-tasks for each second: more than can be finished.
const PER_SECOND: u64 = 4_000;
/// What is asked, in the order of a sub-task's life.
pub(super) const KINDS: [&str; 5] = ["claim", "start", "log", "submit", "review"];

/// Agents with their keys, and work that nobody has claimed.
pub(super) struct Team {
    address: String,
    executors: Vec<String>,
    reviewers: Vec<String>,
    work: Vec<String>,
}

/// What came of it, without the warm-up.
pub(super) struct Run {
    times: [Vec<Duration>; KINDS.len()],
    pub(super) errors: [u64; KINDS.len()],
    counted: Duration,
    /// With the warm-up.
    pub(super) all: Duration,
}

/// One request of the run.
struct Sample {
    kind: usize,
    began: Instant,
    took: Duration,
    is_ok: bool,
}

impl Team {
    /// Registers the team and plans its work.
    pub(super) fn gather(server: &Server, load: Duration) -> Result<Self> {
        let mut client = Client::connect(&server.address)?;
        let mut register = |role: &str, number: usize| -> Result<String> {
            let body = json!({ "name": format!("{role}-{number}"), "role": role });
            let header = format!("X-Registration-Token: {REGISTRATION_TOKEN}\r\n");
            client.send("POST", "/api/agents/register", &header, &body.to_string())?;
            field(&client.receive()?.json()?, "api_key")
        };
        let planner = register("planner", 0)?;
        let executors = (0..EXECUTORS).map(|n| register("executor", n)).collect::<Result<_>>()?;
        let reviewers = (0..REVIEWERS).map(|n| register("reviewer", n)).collect::<Result<_>>()?;
        let plans = (PER_SECOND * (load + WARM_UP).as_secs()).div_ceil(PLAN as u64);
        let mut work = Vec::new();
        for number in 0..usize::try_from(plans)? {
            work.extend(plan(&mut client, &planner, number)?);
        }
        Ok(Self { address: server.address.clone(), executors, reviewers, work })
    }

    /// Works for `load`, after a warm-up.
    pub(super) fn work(self, load: Duration) -> Result<Run> {
        let begun = Instant::now();
        let (from, until) = (begun + WARM_UP, begun + WARM_UP + load);
        let work = Mutex::new(self.work.into_iter());
        let next = || {
            let id = work.lock().unwrap_or_else(PoisonError::into_inner).next();
            id.filter(|_| Instant::now() < until)
        };
        let (submitted, to_review) = mpsc::channel();
        let to_review = Mutex::new(to_review);
        let address = self.address.as_str();
        let samples = std::thread::scope(|scope| -> Result<Vec<Sample>> {
            let executors = self.executors.iter().map(|key| {
                let (submitted, next) = (submitted.clone(), &next);
                scope.spawn(move || execute(Member::new(address, key)?, next, &submitted))
            });
            let mut threads: Vec<_> = executors.collect();
            for key in &self.reviewers {
                let to_review = &to_review;
                threads.push(scope.spawn(move || review(Member::new(address, key)?, to_review)));
            }
            // The reviewers end when no executor can submit any more.
            drop(submitted);
            let mut samples = Vec::new();
            for thread in threads {
                let joined =
                    thread.join().map_err(|_panic| anyhow!("a member of the team panicked"));
                samples.extend(joined??);
            }
            Ok(samples)
        })?;
        Ok(Run::of(samples, from, until, begun.elapsed()))
    }
}

/// A task with unclaimed sub-tasks; their ids.
fn plan(client: &mut Client, planner: &str, number: usize) -> Result<Vec<String>> {
    let body = json!({ "name": text(60, number), "description": text(300, number) });
    let task = field(&client.post("/api/tasks", planner, &body)?.json()?, "id")?;
    let body = json!({ "status": "active" }).to_string();
    client.send("PUT", &format!("/api/tasks/{task}/status"), &bearer(Some(planner)), &body)?;
    client.receive()?.json()?;
    let sub_task = |index: usize| {
        let seed = number * PLAN + index;
        json!({
            "name": text(40, seed), "description": text(300, seed), "acceptance": text(150, seed),
        })
    };
    let sub_tasks: Vec<Value> = (0..PLAN).map(sub_task).collect();
    let body = json!({ "modules": [{ "name": text(40, number), "sub_tasks": sub_tasks }] });
    let planned = client.post(&format!("/api/tasks/{task}/plan"), planner, &body)?.json()?;
    let planned = planned.get("sub_tasks").and_then(Value::as_array).context("no sub_tasks")?;
    planned.iter().map(|sub_task| field(sub_task, "id")).collect()
}

fn field(value: &Value, name: &str) -> Result<String> {
    let text = value.get(name).and_then(Value::as_str);
    Ok(text.with_context(|| format!("no {name} in {value}"))?.to_owned())
}

/// One agent on its connection.
struct Member<'a> {
    client: Client,
    key: &'a str,
    samples: Vec<Sample>,
}

impl<'a> Member<'a> {
    fn new(address: &str, key: &'a str) -> Result<Self> {
        Ok(Self { client: Client::connect(address)?, key, samples: Vec::new() })
    }

    /// Asks; whether the answer was 200. A broken connection ends the run.
    fn ask(&mut self, kind: usize, path: &str, body: &Value) -> Result<bool> {
        let began = Instant::now();
        let answer = self.client.post(path, self.key, body)?;
        let is_ok = answer.status == 200;
        self.samples.push(Sample { kind, began, took: began.elapsed(), is_ok });
        Ok(is_ok)
    }
}

fn execute(
    mut member: Member<'_>,
    next: impl Fn() -> Option<String>,
    submitted: &Sender<String>,
) -> Result<Vec<Sample>> {
    let session = json!({ "session_id": "benchmark" });
    let artifact = json!({ "kind": "path", "value": "deliverables/report.md", "title": "Report" });
    let hand_in = json!({ "summary": text(300, 0), "artifacts": [artifact] });
    while let Some(id) = next() {
        let log = json!({ "sub_task_id": id, "action": "coding", "summary": text(120, 0) });
        let path = |action: &str| format!("/api/sub-tasks/{id}/{action}");
        let is_done = member.ask(0, &path("claim"), &session)?
            && member.ask(1, &path("start"), &session)?
            && member.ask(2, "/api/logs", &log)?
            && member.ask(3, &path("submit"), &hand_in)?;
        if is_done {
            submitted.send(id)?;
        }
    }
    Ok(member.samples)
}

fn review(mut member: Member<'_>, to_review: &Mutex<Receiver<String>>) -> Result<Vec<Sample>> {
    loop {
        let id = to_review.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(id) = id else {
            return Ok(member.samples);
        };
        let verdict = json!({
            "sub_task_id": id, "result": "approved", "score": 5, "comment": text(100, 0),
        });
        member.ask(4, "/api/review-records", &verdict)?;
    }
}

impl Run {
    fn of(samples: Vec<Sample>, from: Instant, until: Instant, all: Duration) -> Self {
        let mut run = Self {
            times: Default::default(),
            errors: [0; KINDS.len()],
            counted: until.duration_since(from),
            all,
        };
        let mut last = from;
        for sample in samples {
            let ended = sample.began + sample.took;
            let (Some(times), Some(errors)) =
                (run.times.get_mut(sample.kind), run.errors.get_mut(sample.kind))
            else {
                continue;
            };
            *errors += u64::from(!sample.is_ok);
            if sample.is_ok && ended >= from && ended < until {
                times.push(sample.took);
                last = last.max(ended);
            }
        }
        // A team that ran out of work is measured by what it had.
        run.counted = run.counted.min(last.duration_since(from));
        for times in &mut run.times {
            times.sort_unstable();
        }
        run
    }

    /// Approved sub-tasks in a second.
    pub(super) fn finished_per_second(&self) -> f64 {
        self.load(KINDS.len() - 1).rate
    }

    /// The requests of one kind.
    pub(super) fn load(&self, kind: usize) -> Load {
        let mut times = self.times.get(kind).cloned().unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "a count of requests, not 2^52")]
        let count = times.len() as f64;
        Load {
            rate: count / self.counted.as_secs_f64(),
            p50: percentile(&mut times, 0.5),
            p99: percentile(&mut times, 0.99),
            errors: self.errors.get(kind).copied().unwrap_or(0),
            ..Load::default()
        }
    }
}
