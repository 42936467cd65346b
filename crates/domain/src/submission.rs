//! A submission: what an owner handed in. None is ever thrown away.

use serde::{Deserialize, Serialize};

use crate::error::{DomainError, Fields};
use crate::id::{AgentId, SubTaskId, SubmissionId};
use crate::text;
use crate::time::Timestamp;
use crate::token::token_enum;

/// Most artifacts in one submission.
pub const ARTIFACTS_MAX: usize = 50;
/// Longest path or URL, in characters.
pub const REFERENCE_CHARS_MAX: usize = 2_000;

token_enum! {
    /// What an artifact's value is.
    ArtifactKind {
        /// A path on the agents' shared disk.
        Path = "path",
        /// An address.
        Url = "url",
        /// The text itself.
        Text = "text",
    }
}

/// One deliverable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// What the value is.
    pub kind: ArtifactKind,
    /// A path, an address or the text itself.
    pub value: String,
    /// One line, may be empty.
    #[serde(default)]
    pub title: String,
}

/// What is handed in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deliverable {
    /// What was done, in words.
    pub summary: String,
    /// Where it is, or itself.
    pub artifacts: Vec<Artifact>,
}

impl Deliverable {
    /// Whether nothing was said (existing clients submit without a body).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.summary.is_empty() && self.artifacts.is_empty()
    }

    /// The same with checked texts.
    ///
    /// # Errors
    /// [`DomainError::Invalid`] with every wrong field.
    pub fn checked(&self) -> Result<Self, DomainError> {
        let mut fields = Fields::default();
        let summary = fields.keep(text::text("summary", &self.summary));
        if self.artifacts.len() > ARTIFACTS_MAX {
            fields.push("artifacts", format!("must have at most {ARTIFACTS_MAX} entries"));
        }
        let artifacts = self.artifacts.iter().take(ARTIFACTS_MAX).enumerate();
        let artifacts = artifacts.map(|(i, artifact)| artifact.checked(i, &mut fields)).collect();
        fields.finish()?;
        Ok(Self { summary, artifacts })
    }
}

impl Artifact {
    fn checked(&self, index: usize, fields: &mut Fields) -> Self {
        let place = format!("artifacts[{index}]");
        let field = format!("{place}.value");
        let value = match self.kind {
            ArtifactKind::Text => text::text(&field, &self.value),
            ArtifactKind::Path | ArtifactKind::Url => {
                text::line(&field, &self.value, REFERENCE_CHARS_MAX)
            }
        };
        let title = if self.title.trim().is_empty() {
            String::new()
        } else {
            fields.keep(text::line(&format!("{place}.title"), &self.title, text::LINE_CHARS_MAX))
        };
        Self { kind: self.kind, value: fields.keep(value), title }
    }
}

/// A stored submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// Its id.
    pub id: SubmissionId,
    /// What was worked on.
    pub sub_task_id: SubTaskId,
    /// Who handed in.
    pub agent_id: AgentId,
    /// In which attempt the agent worked.
    pub attempt: u32,
    /// Whether the agent had lost the sub-task before it handed in.
    pub is_late: bool,
    /// What was handed in.
    pub deliverable: Deliverable,
    /// When.
    pub created_at: Timestamp,
}
