//! An executor: asks what to do, really does it, and hands it in.

use std::path::Path;

use serde_json::{Value, json};

use super::client::{Client, Next, SubTask, Submission, Verdict, Work};
use super::document::Description;
use super::index;
use super::job::Job;
use super::team::{Team, Trouble};

/// How an executor works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Habit {
    /// Right at once.
    Careful,
    /// Careless with so many sub-tasks more, until the reviewer has said so.
    CarelessFor(u32),
}

/// An executor.
pub(super) struct Executor<'a> {
    pub(super) name: &'a str,
    pub(super) client: &'a Client,
    pub(super) team: &'a Team<'a>,
    /// The folder that the whole team sees.
    pub(super) workspace: &'a Path,
    pub(super) habit: Habit,
}

/// A finished piece of work.
struct Outcome {
    summary: String,
    artifacts: Vec<Value>,
}

impl Executor<'_> {
    /// Works until the end. What it was at comes first, then what was sent back, what was given to it,
    /// and the queue: the server sees to that.
    pub(super) fn work(mut self) -> Result<(), Trouble> {
        while !self.team.is_over() {
            match self.client.next()? {
                Next { sub_task: Some(sub_task), reviews, .. } => {
                    self.work_on(&sub_task, reviews.first())?;
                }
                Next { sub_task: None, .. } => self.team.catch_breath(),
            }
        }
        Ok(())
    }

    /// Whoever was away for too long is told that the work is somebody else's by now.
    fn work_on(&mut self, sub_task: &Work, last_review: Option<&Verdict>) -> Result<(), Trouble> {
        match self.carry_out(sub_task, last_review) {
            Err(Trouble::Client(refused)) if refused.is_conflict() => {
                self.team.narrator.say(&format!("{}: lost {:?}", self.name, sub_task.name));
                Ok(())
            }
            other => other,
        }
    }

    fn carry_out(&mut self, sub_task: &Work, last_review: Option<&Verdict>) -> Result<(), Trouble> {
        if let Some(review) = last_review.filter(|_| sub_task.rework_count > 0) {
            self.take_to_heart(sub_task, review)?;
        }
        let job = Job::parse(&sub_task.description).ok_or_else(|| {
            Trouble::Other(format!("does not understand the sub-task {:?}", sub_task.name))
        })?;
        let outcome = match job {
            Job::Describe(path) => self.describe(&path, sub_task)?,
            Job::Compile => self.compile(sub_task)?,
        };
        self.client.log("coding", Some(&sub_task.id), &outcome.summary)?;
        let path = format!("/api/sub-tasks/{}/submit", sub_task.id);
        let body = json!({
            "summary": outcome.summary,
            "artifacts": outcome.artifacts,
            "attempt": sub_task.attempt,
        });
        self.client.post::<Value>(&path, &body)?;
        Ok(())
    }

    /// Reads what the reviewer said.
    fn take_to_heart(&self, sub_task: &Work, review: &Verdict) -> Result<(), Trouble> {
        self.team.narrator.say(&format!("{}: mends {:?}", self.name, sub_task.name));
        let summary = format!("The reviewer is right, this needs more care:\n{}", review.issues);
        Ok(self.client.log("reflection", Some(&sub_task.id), &summary)?)
    }

    fn describe(&mut self, path: &str, sub_task: &Work) -> Result<Outcome, Trouble> {
        let mut found = Description::of(self.workspace, path)
            .map_err(|error| Trouble::Other(format!("cannot read {path}: {error}")))?;
        self.team.think(found.words);
        if let Habit::CarelessFor(left) = &mut self.habit
            && *left > 0
            && sub_task.rework_count == 0
        {
            *left -= 1;
            found.spoil();
        }
        let summary = format!("{path}: {} words, {} headings", found.words, found.outline.len());
        let value = serde_json::to_string_pretty(&found)
            .map_err(|error| Trouble::Other(format!("cannot write JSON: {error}")))?;
        let artifacts = vec![json!({"kind": "text", "title": "description.json", "value": value})];
        Ok(Outcome { summary, artifacts })
    }

    /// Of all prerequisites: more than an answer to "what now" shows.
    fn compile(&self, sub_task: &Work) -> Result<Outcome, Trouble> {
        let sub_task: SubTask = self.client.get(&format!("/api/sub-tasks/{}", sub_task.id))?;
        let mut descriptions = Vec::with_capacity(sub_task.depends_on.len());
        for id in &sub_task.depends_on {
            descriptions.push(find_description(self.client, id)?);
        }
        descriptions.sort_by(|a, b| a.path.cmp(&b.path));
        self.team.think(descriptions.len() * 10);
        let pieces =
            index::pieces(&index::compile(&self.workspace.to_string_lossy(), &descriptions));
        let artifact = |value| json!({"kind": "text", "title": "index.md", "value": value});
        Ok(Outcome {
            summary: format!("The index of {} files", descriptions.len()),
            artifacts: pieces.into_iter().map(artifact).collect(),
        })
    }
}

/// The description that was handed in last for a sub-task.
fn find_description(client: &Client, id: &str) -> Result<Description, Trouble> {
    let submission = client.find_last_submission(id)?;
    read_description(id, submission.as_ref())
}

/// The description in what was handed in for a sub-task.
pub(super) fn read_description(
    id: &str,
    submission: Option<&Submission>,
) -> Result<Description, Trouble> {
    let unusable = |why: &str| Trouble::Other(format!("the deliverable of sub-task {id} {why}"));
    let submission = submission.ok_or_else(|| unusable("is missing"))?;
    let artifact = submission.artifacts.first().ok_or_else(|| unusable("is empty"))?;
    serde_json::from_str(&artifact.value).map_err(|error| unusable(&format!("is broken: {error}")))
}
