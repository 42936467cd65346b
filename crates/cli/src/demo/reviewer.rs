//! The reviewer: looks at the file itself before it believes a deliverable.

use std::path::Path;

use serde_json::{Value, json};

use super::client::{Client, Next, SubTask, Submission, Work};
use super::document::Description;
use super::executor::read_description;
use super::index;
use super::job::Job;
use super::team::{Team, Trouble};

/// The reviewer.
pub(super) struct Reviewer<'a> {
    pub(super) client: &'a Client,
    pub(super) team: &'a Team<'a>,
    /// The folder that the whole team sees.
    pub(super) workspace: &'a Path,
}

impl Reviewer<'_> {
    /// Reviews until the end, what waits longest first.
    pub(super) fn work(&self) -> Result<(), Trouble> {
        while !self.team.is_over() {
            match self.client.next()? {
                Next { sub_task: Some(sub_task), task: Some(task), submissions, .. } => {
                    self.review(&sub_task, &task.id, submissions)?;
                }
                _ => self.team.catch_breath(),
            }
        }
        Ok(())
    }

    fn review(
        &self,
        sub_task: &Work,
        task_id: &str,
        submissions: Vec<Submission>,
    ) -> Result<(), Trouble> {
        let submission = match submissions.into_iter().find(|one| !one.late) {
            Some(whole) if !whole.cut => Some(whole),
            Some(_) | None => self.client.find_last_submission(&sub_task.id)?,
        };
        let issues = self.issues(sub_task, task_id, submission)?;
        self.team.think(0);
        let body = if issues.is_empty() {
            let score = if sub_task.rework_count == 0 { 5 } else { 4 };
            json!({
                "sub_task_id": sub_task.id,
                "result": "approved",
                "score": score,
                "comment": "Looked for myself, and found the same.",
            })
        } else {
            json!({
                "sub_task_id": sub_task.id,
                "result": "rejected",
                "score": 2,
                "issues": issues.join("\n"),
            })
        };
        self.client.post::<Value>("/api/review-records", &body)?;
        if issues.is_empty() {
            self.team.narrator.note_done(&sub_task.name);
        } else {
            let issues = issues.join("; ");
            let line = format!("reviewer: sends back {:?}: {issues}", sub_task.name);
            self.team.narrator.say(&line);
        }
        Ok(())
    }

    /// What is wrong with what was handed in.
    fn issues(
        &self,
        sub_task: &Work,
        task_id: &str,
        submission: Option<Submission>,
    ) -> Result<Vec<String>, Trouble> {
        match Job::parse(&sub_task.description) {
            Some(Job::Describe(path)) => {
                let delivered = read_description(&sub_task.id, submission.as_ref())?;
                let found = Description::of(self.workspace, &path)
                    .map_err(|error| Trouble::Other(format!("cannot read {path}: {error}")))?;
                Ok(found.differences(&delivered))
            }
            Some(Job::Compile) => self.index_issues(task_id, submission),
            None => Ok(Vec::new()),
        }
    }

    /// Each file of the task must be in the index exactly once.
    fn index_issues(
        &self,
        task_id: &str,
        submission: Option<Submission>,
    ) -> Result<Vec<String>, Trouble> {
        let path = format!("/api/sub-tasks?task_id={task_id}");
        let siblings: Vec<SubTask> = self.client.get_all(&path)?;
        let files = siblings.iter().filter_map(|one| match Job::parse(&one.description) {
            Some(Job::Describe(path)) => Some(path),
            Some(Job::Compile) | None => None,
        });
        let files: Vec<String> = files.collect();
        let Some(submission) = submission else {
            return Ok(vec!["nothing was handed in".to_owned()]);
        };
        let text: String = submission.artifacts.into_iter().map(|one| one.value).collect();
        Ok(index::problems(&text, files.iter().map(String::as_str)))
    }
}
