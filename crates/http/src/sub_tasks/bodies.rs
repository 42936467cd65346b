//! What clients send about sub-tasks. Unknown fields are ignored where existing clients may send
//! some, and refused on endpoints that are ours alone.

use openmoss_domain::plan::PREREQUISITES_MAX;
use openmoss_domain::sub_task::{BlockedKind, Draft, Edit, Priority, WorkKind};
use openmoss_domain::usage::Usage;
use openmoss_domain::{Artifact, ArtifactKind, Deliverable, FieldError, SubTaskId};
use openmoss_service::sub_task::{NewSubTask, Obstacle};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::input::{FromObject, id, optional_id, text_or_empty};
use crate::problem::Problem;
use crate::recurrence::RecurrenceBody;
use crate::usage::UsageBody;
use crate::vocabulary;

/// Which late submission.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Adopt)]
pub(super) struct AdoptBody {
    #[schema(format = Uuid)]
    pub(super) submission_id: String,
}

/// A new sub-task.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SubTaskCreate)]
pub(super) struct CreateBody {
    #[schema(format = Uuid)]
    task_id: String,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    #[serde(default, deserialize_with = "text_or_empty")]
    #[schema(value_type = Option<String>, max_length = 65_536)]
    description: String,
    /// What to hand in.
    #[serde(default, deserialize_with = "text_or_empty")]
    #[schema(value_type = Option<String>, max_length = 65_536)]
    deliverable: String,
    /// How it will be judged.
    #[serde(default, deserialize_with = "text_or_empty")]
    #[schema(value_type = Option<String>, max_length = 65_536)]
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
    /// What its executor must be able to do, as tags such as `python`; only executors with all of
    /// them get it from the queue.
    #[schema(value_type = Option<Vec<String>>, max_items = 16)]
    required_capabilities: Option<Vec<String>>,
    /// Sub-tasks of the same task that must be done before.
    #[schema(value_type = Option<Vec<uuid::Uuid>>, max_items = 2000)]
    depends_on: Option<Vec<String>>,
    /// The schedule on which it comes round again; this one is the first round.
    #[schema(value_type = Option<RecurrenceBody>)]
    recurrence: Option<FromObject<RecurrenceBody>>,
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
                recurrence: self.recurrence.map(|FromObject(body)| body.into()),
                required_capabilities: self.required_capabilities.unwrap_or_default(),
            },
        })
    }
}

fn prerequisite_ids(texts: &[String]) -> Result<Vec<SubTaskId>, Problem> {
    if texts.len() > PREREQUISITES_MAX {
        let message = format!("must have at most {PREREQUISITES_MAX} entries");
        return Err(Problem::field("depends_on", message));
    }
    let (mut ids, mut errors) = (Vec::with_capacity(texts.len()), Vec::new());
    for (index, text) in texts.iter().enumerate() {
        match text.parse() {
            Ok(id) if ids.contains(&id) => {}
            Ok(id) => ids.push(id),
            Err(_) => {
                let field = format!("depends_on[{index}]");
                errors.push(FieldError::new(field, "is not the id of a sub-task"));
            }
        }
    }
    if errors.is_empty() { Ok(ids) } else { Err(Problem::invalid(errors)) }
}

/// A change; absent or null fields are kept, and so is a name for an empty one.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SubTaskEdit)]
pub(crate) struct EditBody {
    #[schema(max_length = 200)]
    name: Option<String>,
    #[schema(max_length = 65_536)]
    description: Option<String>,
    #[schema(max_length = 65_536)]
    deliverable: Option<String>,
    #[schema(max_length = 65_536)]
    acceptance: Option<String>,
    #[schema(value_type = Option<vocabulary::Priority>)]
    priority: Option<Priority>,
    /// Replaces the whole list of what its executor must be able to do.
    #[schema(value_type = Option<Vec<String>>, max_items = 16)]
    required_capabilities: Option<Vec<String>>,
    /// Replaces the whole list of prerequisites.
    #[schema(value_type = Option<Vec<uuid::Uuid>>, max_items = 2000)]
    depends_on: Option<Vec<String>>,
}

impl EditBody {
    pub(crate) fn into_edit(self) -> Result<(Edit, Option<Vec<SubTaskId>>), Problem> {
        let depends_on = self.depends_on.map(|texts| prerequisite_ids(&texts)).transpose()?;
        let edit = Edit {
            name: self.name.filter(|name| !name.is_empty()),
            description: self.description,
            deliverable: self.deliverable,
            acceptance: self.acceptance,
            priority: self.priority,
            required_capabilities: self.required_capabilities,
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
    #[schema(min_length = 1, max_length = 200)]
    pub(super) session_id: String,
}

/// A sign of life.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HeartbeatRequest)]
pub(crate) struct HeartbeatBody {
    /// What the owner is at, in words.
    #[schema(max_length = 65_536)]
    pub(crate) progress: Option<String>,
    #[schema(minimum = 0, maximum = 100)]
    percent: Option<i64>,
    pub(crate) attempt: Option<u32>,
}

impl HeartbeatBody {
    pub(crate) fn percent(&self) -> Result<Option<u8>, Problem> {
        let wrong = |_| Problem::field("percent", "must be 0 to 100");
        self.percent.map(|percent| percent.try_into().map_err(wrong)).transpose()
    }
}

/// What is handed in. Existing clients send nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SubTaskSubmit)]
pub(crate) struct SubmitBody {
    /// What was done, in words.
    #[serde(default, deserialize_with = "text_or_empty")]
    #[schema(value_type = Option<String>, max_length = 65_536)]
    summary: String,
    #[serde(default)]
    #[schema(max_items = 50, value_type = Option<Vec<ArtifactBody>>)]
    artifacts: Option<Vec<FromObject<ArtifactBody>>>,
    attempt: Option<u32>,
    /// What the caller's model used for it.
    #[schema(value_type = Option<UsageBody>)]
    usage: Option<FromObject<UsageBody>>,
}

/// A deliverable.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SubmittedArtifact)]
pub(super) struct ArtifactBody {
    #[schema(value_type = vocabulary::ArtifactKind)]
    kind: ArtifactKind,
    /// A path or an address of at most 2000 characters, or the text itself.
    #[schema(min_length = 1, max_length = 65_536)]
    value: String,
    #[serde(default, deserialize_with = "text_or_empty")]
    #[schema(value_type = Option<String>, max_length = 500)]
    title: String,
}

impl SubmitBody {
    pub(crate) fn take_usage(&mut self) -> Result<Option<Usage>, Problem> {
        let usage = self.usage.take();
        usage.map(|FromObject(usage)| usage.into_usage("usage.")).transpose()
    }

    pub(crate) fn into_deliverable(self) -> (Deliverable, Option<u32>) {
        let artifacts = self
            .artifacts
            .unwrap_or_default()
            .into_iter()
            .map(|FromObject(one)| Artifact { kind: one.kind, value: one.value, title: one.title });
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
pub(crate) struct BlockBody {
    #[schema(value_type = Option<vocabulary::BlockedKind>, default = "other")]
    kind: Option<BlockedKind>,
    /// In words, for planner and humans.
    #[serde(default, deserialize_with = "text_or_empty")]
    #[schema(value_type = Option<String>, max_length = 65_536)]
    detail: String,
    /// What exactly: an id, a name, a time.
    #[schema(max_length = 500)]
    waits_for: Option<String>,
}

impl BlockBody {
    pub(crate) fn into_obstacle(self) -> Obstacle {
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
