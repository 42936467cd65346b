//! The planner: makes the goal into sub-tasks, unblocks what is stuck, delivers.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Client, Next, Work};
use super::index;
use super::job::Job;
use super::library::Library;
use super::team::{Team, Trouble};

/// Longest name of a sub-task or module, in characters; the server takes 200.
const NAME_CHARS_MAX: usize = 180;

/// What the planner delivers.
pub(super) struct Delivered {
    /// The goal.
    pub(super) task_id: String,
    /// The index.
    pub(super) text: String,
    /// Where it lies.
    pub(super) path: PathBuf,
}

/// The planner.
pub(super) struct Planner<'a> {
    pub(super) client: &'a Client,
    pub(super) team: &'a Team<'a>,
    pub(super) library: &'a Library,
    /// Where the index goes.
    pub(super) index_path: &'a Path,
}

#[derive(Deserialize)]
struct Created {
    id: String,
}

#[derive(Deserialize)]
struct Planned {
    sub_tasks: Vec<PlannedSubTask>,
}

#[derive(Deserialize)]
struct PlannedSubTask {
    r#ref: String,
    id: String,
}

impl Planner<'_> {
    /// From the goal to the delivery.
    pub(super) fn work(&self) -> Result<Delivered, Trouble> {
        let goal = json!({
            "name": format!("Index the texts of {}", shortened(&self.library.root.to_string_lossy())),
            "description": "Describe every text, then compile one index of all of them.",
        });
        let task: Created = self.client.post("/api/tasks", &goal)?;
        let final_id = self.plan(&task.id)?;
        self.set_status(&task.id, "active")?;
        self.see_it_through()?;

        let submission = self.client.find_last_submission(&final_id)?;
        let submission = submission
            .ok_or_else(|| Trouble::Other("nothing was handed in for the index".to_owned()))?;
        let text: String = submission.artifacts.into_iter().map(|one| one.value).collect();
        let path = self.index_path.to_owned();
        std::fs::write(&path, &text)
            .map_err(|error| Trouble::Other(format!("cannot write {}: {error}", path.display())))?;
        self.set_status(&task.id, "completed")?;
        self.client.log("delivery", Some(&final_id), "The index is delivered.")?;
        Ok(Delivered { task_id: task.id, text, path })
    }

    /// One call for the whole plan. The first file goes to one executor by name, the others to
    /// whoever claims them. Returns the id of the last sub-task.
    fn plan(&self, task_id: &str) -> Result<String, Trouble> {
        let executors: Vec<Created> = self.client.get("/api/agents?role=executor")?;
        let first_executor = executors.first().map(|agent| agent.id.as_str());
        let mut refs = Vec::new();
        let mut modules = Vec::new();
        for (folder, files) in self.library.folders() {
            let mut sub_tasks = Vec::new();
            for path in files {
                let reference = format!("file-{}", refs.len() + 1);
                let assigned_agent = first_executor.filter(|_| refs.is_empty());
                sub_tasks.push(json!({
                    "ref": reference,
                    "name": format!("Describe {}", shortened(path)),
                    "description": Job::Describe(path.to_owned()).to_text(),
                    "deliverable": "One text artifact: JSON with path, title, outline, words, \
                                    reading_minutes, broken_links.",
                    "acceptance": "Every value is what the file says.",
                    "assigned_agent": assigned_agent,
                }));
                refs.push(reference);
            }
            let name = shortened(&folder);
            modules.push(json!({"name": name, "sub_tasks": sub_tasks}));
        }
        let last = json!({
            "ref": "index",
            "name": "Compile the index",
            "description": Job::Compile.to_text(),
            "deliverable": "Text artifacts that, one after the other, are index.md.",
            "acceptance": "Each file appears exactly once.",
            "priority": "high",
            "depends_on": refs,
        });
        let plan = json!({"modules": modules, "sub_tasks": [last]});
        let planned: Planned = self.client.post(&format!("/api/tasks/{task_id}/plan"), &plan)?;
        self.team.narrator.set_total(planned.sub_tasks.len());
        self.team.narrator.say(&format!(
            "planner: {} sub-tasks; the last one depends on all others",
            planned.sub_tasks.len(),
        ));
        let last = planned.sub_tasks.into_iter().find(|one| one.r#ref == "index");
        let last = last.ok_or_else(|| Trouble::Other("the plan lost its end".to_owned()))?;
        Ok(last.id)
    }

    fn set_status(&self, task_id: &str, status: &str) -> Result<(), Trouble> {
        let path = format!("/api/tasks/{task_id}/status");
        Ok(self.client.put::<Value>(&path, &json!({"status": status})).map(drop)?)
    }

    /// Does what the server asks of a planner, until it asks for the delivery.
    fn see_it_through(&self) -> Result<(), Trouble> {
        while !self.team.is_over() {
            match self.client.next()? {
                Next { action, .. } if action == "deliver" => {
                    self.team.narrator.say("planner: all sub-tasks are done");
                    return Ok(());
                }
                Next { action, sub_task: Some(blocked), .. } if action == "unblock" => {
                    self.unblock(&blocked)?;
                }
                _ => self.team.catch_breath(),
            }
        }
        Err(Trouble::Other("stopped before all sub-tasks were done".to_owned()))
    }

    /// Nothing here needs an answer of a human: what is blocked lost its owners, and is tried again.
    fn unblock(&self, blocked: &Work) -> Result<(), Trouble> {
        self.team.narrator.say(&format!("planner: puts back {:?}", blocked.name));
        let path = format!("/api/sub-tasks/{}/requeue", blocked.id);
        match self.client.post::<Value>(&path, &json!({})) {
            Err(refused) if !refused.is_conflict() => Err(refused.into()),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

/// Not longer than a name may be; the end of a path says more than its beginning.
fn shortened(text: &str) -> String {
    let length = text.chars().count();
    if length <= NAME_CHARS_MAX {
        return text.to_owned();
    }
    let end: String = text.chars().skip(length - NAME_CHARS_MAX + 1).collect();
    format!("…{end}")
}

impl Delivered {
    /// What is wrong with the index.
    pub(super) fn problems(&self, library: &Library) -> Vec<String> {
        index::problems(&self.text, library.paths.iter().map(String::as_str))
    }
}
