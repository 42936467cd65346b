//! What came of it, told by the server, and whether it is what should have come of it.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client::{Client, Review, SubTask};
use super::team::Trouble;
use crate::output::{card, left, right, table};

/// The end of the demo in numbers. All but the requests and the time come from the server.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) url: String,
    pub(super) files: usize,
    sub_tasks: usize,
    sub_tasks_done: usize,
    reviews: usize,
    approved: usize,
    rejected: usize,
    reworks: u32,
    agents: Vec<AgentRow>,
    /// How many executors were killed; none in a peaceful demo.
    deaths: Option<u32>,
    /// How many owners the server's patrol found dead at work.
    lost_owners: usize,
    requests: u64,
    requests_per_sub_task: f64,
    seconds: f64,
    pub(super) index: String,
    /// What did not come out right.
    pub(super) problems: Vec<String>,
}

/// One agent's part.
#[derive(Debug, Serialize)]
struct AgentRow {
    name: String,
    role: String,
    score: i64,
    requests: u64,
}

#[derive(Deserialize)]
struct Standing {
    agent_id: String,
    agent_name: String,
    role: String,
    total_score: i64,
}

#[derive(Deserialize)]
struct Task {
    status: String,
}

/// What the report is about.
pub(super) struct Job<'a> {
    pub(super) url: &'a str,
    pub(super) task_id: &'a str,
    pub(super) files: usize,
    pub(super) index: String,
    pub(super) duration: Duration,
    /// Every agent's name and how many requests it sent.
    pub(super) requests: Vec<(String, u64)>,
    /// How many executors were killed, if that was part of it.
    pub(super) deaths: Option<u32>,
}

/// What the server knows about the job.
struct Facts {
    task: Task,
    sub_tasks: Vec<SubTask>,
    reviews: Vec<Review>,
    standings: Vec<Standing>,
    lost_owners: usize,
}

impl Facts {
    fn ask(client: &Client, task_id: &str) -> Result<Self, Trouble> {
        let sub_tasks: Vec<SubTask> =
            client.get_all(&format!("/api/sub-tasks?task_id={task_id}"))?;
        let mut reviews: Vec<Review> = client.get_all("/api/review-records")?;
        reviews.retain(|review| sub_tasks.iter().any(|one| one.id == review.sub_task_id));
        Ok(Self {
            task: client.get(&format!("/api/tasks/{task_id}"))?,
            sub_tasks,
            reviews,
            standings: client.get("/api/scores/leaderboard")?,
            lost_owners: client.get_all::<Value>("/api/patrol-records?type=owner_lost")?.len(),
        })
    }

    fn reviews_that(&self, result: &str) -> usize {
        self.reviews.iter().filter(|review| review.result == result).count()
    }

    fn done(&self) -> usize {
        self.sub_tasks.iter().filter(|one| one.status == "done").count()
    }

    fn reworks(&self) -> u32 {
        self.sub_tasks.iter().map(|one| one.rework_count).sum()
    }

    /// What does not fit together.
    fn problems(&self, files: usize, deaths: Option<u32>) -> Vec<String> {
        let mut problems = Vec::new();
        let mut expect = |is_right: bool, problem: String| {
            if !is_right {
                problems.push(problem);
            }
        };
        let (all, done) = (self.sub_tasks.len(), self.done());
        let (approved, rejected) = (self.reviews_that("approved"), self.reviews_that("rejected"));
        let status = &self.task.status;
        expect(status == "completed", format!("the task is {status}, not completed"));
        expect(all == files + 1, format!("{all} sub-tasks for {files} files and the index"));
        expect(done == all, format!("{done} of {all} sub-tasks are done"));
        expect(approved == done, format!("{approved} approvals of {done} finished sub-tasks"));
        expect(rejected > 0, "nothing was sent back, although somebody was careless".to_owned());
        let reworks = usize::try_from(self.reworks()).unwrap_or(usize::MAX);
        expect(reworks == rejected, format!("{reworks} reworks after {rejected} rejections"));
        let replaced: u32 = self.sub_tasks.iter().map(|one| one.attempt.saturating_sub(1)).sum();
        let lost = self.lost_owners;
        let is_told = usize::try_from(replaced).is_ok_and(|replaced| replaced <= lost);
        expect(is_told, format!("{replaced} owners were replaced, and patrol tells of {lost}"));
        if let Some(deaths) = deaths {
            expect(deaths > 0 && lost > 0, format!("{deaths} died, {lost} of them at work"));
        }
        let earned = self.earned();
        for standing in &self.standings {
            let earned = earned.get(standing.agent_id.as_str()).copied().unwrap_or(0);
            let (name, score) = (&standing.agent_name, standing.total_score);
            expect(score == earned, format!("{name} has {score} points; its reviews say {earned}"));
        }
        problems
    }

    /// What each agent's reviews make: 5 and 4 bring five points, 2 and 1 cost five.
    fn earned(&self) -> HashMap<&str, i64> {
        let mut earned: HashMap<&str, i64> = HashMap::new();
        for review in &self.reviews {
            let sub_task = self.sub_tasks.iter().find(|one| one.id == review.sub_task_id);
            let Some(owner) = sub_task.and_then(|one| one.assigned_agent.as_deref()) else {
                continue;
            };
            *earned.entry(owner).or_default() += (review.score - 3).signum() * 5;
        }
        earned
    }
}

impl Report {
    /// Asks the server what came of the job.
    pub(super) fn make(client: &Client, job: Job<'_>) -> Result<Self, Trouble> {
        let facts = Facts::ask(client, job.task_id)?;
        let requests = job.requests.iter().map(|(_, count)| count).sum();
        let requests_of: HashMap<_, _> = job.requests.into_iter().collect();
        let agents = facts.standings.iter().map(|standing| AgentRow {
            name: standing.agent_name.clone(),
            role: standing.role.clone(),
            score: standing.total_score,
            requests: requests_of.get(&standing.agent_name).copied().unwrap_or(0),
        });
        Ok(Self {
            url: job.url.to_owned(),
            files: job.files,
            sub_tasks: facts.sub_tasks.len(),
            sub_tasks_done: facts.done(),
            reviews: facts.reviews.len(),
            approved: facts.reviews_that("approved"),
            rejected: facts.reviews_that("rejected"),
            reworks: facts.reworks(),
            agents: agents.collect(),
            deaths: job.deaths,
            lost_owners: facts.lost_owners,
            requests,
            requests_per_sub_task: ratio(requests, facts.done()),
            seconds: job.duration.as_secs_f64(),
            index: job.index,
            problems: facts.problems(job.files, job.deaths),
        })
    }

    /// For people.
    pub(super) fn to_text(&self) -> String {
        let row = |agent: &AgentRow| {
            [left(&agent.name), left(&agent.role), right(agent.score), right(agent.requests)]
        };
        let agents = table(["AGENT", "ROLE", "SCORE", "REQUESTS"], self.agents.iter().map(row));
        let numbers = card([
            ("files", self.files.to_string()),
            ("sub-tasks", format!("{} of {} done", self.sub_tasks_done, self.sub_tasks)),
            (
                "reviews",
                format!("{}: {} approved, {} rejected", self.reviews, self.approved, self.rejected),
            ),
            ("reworks", self.reworks.to_string()),
            ("deaths", self.deaths_text()),
            (
                "requests",
                format!(
                    "{}, {:.1} per finished sub-task",
                    self.requests, self.requests_per_sub_task
                ),
            ),
            ("time", format!("{:.1} s", self.seconds)),
            ("index", self.index.clone()),
        ]);
        let verdict = if self.problems.is_empty() {
            "Everything came out right.".to_owned()
        } else {
            format!("This did not come out right:\n- {}", self.problems.join("\n- "))
        };
        format!("{agents}\n\n{numbers}\n\n{verdict}")
    }
}

impl Report {
    fn deaths_text(&self) -> String {
        let found = self.lost_owners;
        self.deaths.map_or_else(
            || "none".to_owned(),
            |deaths| format!("{deaths} executors killed, {found} of them found dead at work"),
        )
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people; nobody counts that far")]
fn ratio(part: u64, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
