//! What clients send about sub-tasks. Unknown fields are ignored where existing clients may send
//! some, and refused on endpoints that are ours alone.

use openmoss_domain::sub_task::{BlockedKind, Draft, Edit, Priority, WorkKind};
use openmoss_domain::{Artifact, ArtifactKind, Deliverable, SubTaskId};
use openmoss_service::sub_task::{NewSubTask, Obstacle};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::input::{id, optional_id, text_or_empty};
use crate::problem::Problem;
use crate::vocabulary;

/// A new sub-task.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SubTaskCreate)]
pub(super) struct CreateBody {
    #[schema(format = Uuid)]
    task_id: String,
    #[schema(max_length = 200)]
    name: String,
    #[serde(default, deserialize_with = "text_or_empty")]
    description: String,
    /// What to hand in.
    #[serde(default, deserialize_with = "text_or_empty")]
    deliverable: String,
    /// How it will be judged.
    #[serde(default, deserialize_with = "text_or_empty")]
    acceptance: String,
    #[schema(value_type = Option<vocabulary::Priority>, default = "medium")]
    priority: Option<Priority>,
    #[schema(format = Uuid)]
    module_id: Option<String>,
    /// The executor that it is given to at once.
    #[schema(format = Uuid)]
    assigned_agent: Option<String>,
    #[serde(rename = "type")]
    #[schema(value_type = Option<vocabulary::WorkKind>, default = "once")]
    kind: Option<WorkKind>,
    /// Sub-tasks of the same task that must be done before.
    #[serde(default)]
    depends_on: Option<Vec<String>>,
}

impl CreateBody {
    pub(super) fn into_new(self) -> Result<NewSubTask, Problem> {
        Ok(NewSubTask {
            task_id: id("task", &self.task_id)?,
            module_id: optional_id("module", self.module_id.as_deref())?,
            assigned_agent: optional_id("agent", self.assigned_agent.as_deref())?,
            depends_on: prerequisite_ids(&self.depends_on.unwrap_or_default())?,
            draft: Draft {
                name: self.name,
                description: self.description,
                deliverable: self.deliverable,
                acceptance: self.acceptance,
                kind: self.kind.unwrap_or(WorkKind::Once),
                priority: self.priority.unwrap_or(Priority::Medium),
            },
        })
    }
}

fn prerequisite_ids(texts: &[String]) -> Result<Vec<SubTaskId>, Problem> {
    let mut ids = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let parsed = text.parse().map_err(|_: uuid::Error| {
            Problem::field(format!("depends_on[{index}]"), "is not the id of a sub-task")
        })?;
        if !ids.contains(&parsed) {
            ids.push(parsed);
        }
    }
    Ok(ids)
}

/// A change; absent or null fields are kept.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SubTaskEdit)]
pub(super) struct EditBody {
    #[schema(max_length = 200)]
    name: Option<String>,
    description: Option<String>,
    deliverable: Option<String>,
    acceptance: Option<String>,
    #[schema(value_type = Option<vocabulary::Priority>)]
    priority: Option<Priority>,
    /// Replaces the whole list of prerequisites.
    depends_on: Option<Vec<String>>,
}

impl EditBody {
    pub(super) fn into_edit(self) -> Result<(Edit, Option<Vec<SubTaskId>>), Problem> {
        let depends_on = self.depends_on.map(|texts| prerequisite_ids(&texts)).transpose()?;
        let edit = Edit {
            name: self.name.filter(|name| !name.is_empty()),
            description: self.description,
            deliverable: self.deliverable,
            acceptance: self.acceptance,
            priority: self.priority,
            prerequisites: None,
        };
        Ok((edit, depends_on))
    }
}

/// The caller's runtime session, and the attempt that it believes to be in.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SubTaskStart)]
pub(super) struct StartBody {
    #[schema(max_length = 200)]
    pub(super) session_id: Option<String>,
    pub(super) attempt: Option<u32>,
}

/// Of which task, if of one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ClaimNextRequest)]
pub(super) struct ClaimNextBody {
    #[schema(format = Uuid)]
    pub(super) task_id: Option<String>,
    #[schema(max_length = 200)]
    pub(super) session_id: Option<String>,
}

/// The new session.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SubTaskSession)]
pub(super) struct SessionBody {
    #[schema(max_length = 200)]
    pub(super) session_id: String,
}

/// A sign of life.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HeartbeatRequest)]
pub(super) struct HeartbeatBody {
    /// What the owner is at, in words.
    pub(super) progress: Option<String>,
    #[schema(minimum = 0, maximum = 100)]
    pub(super) percent: Option<u8>,
    pub(super) attempt: Option<u32>,
}

/// What is handed in. Existing clients send nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SubTaskSubmit)]
pub(super) struct SubmitBody {
    /// What was done, in words.
    #[serde(default, deserialize_with = "text_or_empty")]
    summary: String,
    #[serde(default)]
    #[schema(max_items = 50)]
    artifacts: Option<Vec<ArtifactBody>>,
    attempt: Option<u32>,
}

/// A deliverable.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Artifact)]
pub(super) struct ArtifactBody {
    #[schema(value_type = vocabulary::ArtifactKind)]
    kind: ArtifactKind,
    /// A path, an address or the text itself.
    value: String,
    #[serde(default, deserialize_with = "text_or_empty")]
    title: String,
}

impl SubmitBody {
    pub(super) fn into_deliverable(self) -> (Deliverable, Option<u32>) {
        let artifacts = self.artifacts.unwrap_or_default().into_iter().map(|one| Artifact {
            kind: one.kind,
            value: one.value,
            title: one.title,
        });
        (Deliverable { summary: self.summary, artifacts: artifacts.collect() }, self.attempt)
    }
}

/// Who shall mend it, if not the owner.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SubTaskRework)]
pub(super) struct ReworkBody {
    #[schema(format = Uuid)]
    pub(super) rework_agent: Option<String>,
}

/// Why it cannot go on. Existing patrols send nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SubTaskBlock)]
pub(super) struct BlockBody {
    #[schema(value_type = Option<vocabulary::BlockedKind>, default = "other")]
    kind: Option<BlockedKind>,
    /// In words, for planner and humans.
    #[serde(default, deserialize_with = "text_or_empty")]
    detail: String,
    /// What exactly: an id, a name, a time.
    waits_for: Option<String>,
}

impl BlockBody {
    pub(super) fn into_obstacle(self) -> Obstacle {
        Obstacle {
            kind: self.kind.unwrap_or(BlockedKind::Other),
            detail: self.detail,
            waits_for: self.waits_for,
        }
    }
}

/// The new owner.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SubTaskReassign)]
pub(super) struct ReassignBody {
    #[schema(format = Uuid)]
    pub(super) agent_id: String,
}
