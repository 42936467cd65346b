//! A note: what an admin or an agent says about a sub-task to whoever works on it.

use serde::{Deserialize, Serialize};

use crate::actor::{Actor, ActorKind};
use crate::error::{DomainError, FieldError};
use crate::id::{AgentId, NoteId, SubTaskId};
use crate::sub_task::SubTask;
use crate::text;
use crate::time::Timestamp;

/// Longest note, in bytes of UTF-8: agents read notes again and again, and pay for each word.
pub const NOTE_BYTES_MAX: usize = 4 * 1024;
/// How many notes the answer about one sub-task shows; a list has them all.
pub const NOTES_SHOWN: i64 = 10;

/// A note; never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Its id.
    pub id: NoteId,
    /// About which sub-task.
    pub sub_task_id: SubTaskId,
    /// As what the author wrote it.
    pub author_kind: ActorKind,
    /// Which agent wrote it, if one did.
    pub author_id: Option<AgentId>,
    /// In words.
    pub text: String,
    /// When.
    pub created_at: Timestamp,
}

/// The text of a note: not blank, at most [`NOTE_BYTES_MAX`] bytes.
///
/// # Errors
/// Names the field and the rule it breaks.
pub fn checked_text(raw: &str) -> Result<String, FieldError> {
    let text = text::text("text", raw)?;
    if text.trim().is_empty() {
        return Err(FieldError::new("text", "must not be empty"));
    }
    if text.len() > NOTE_BYTES_MAX {
        return Err(FieldError::new("text", format!("must have at most {NOTE_BYTES_MAX} bytes")));
    }
    Ok(text)
}

/// Checks that `actor` may write a note on `sub_task`: whoever steers or judges the work, and
/// its owner. In every status, because work that is over is talked about, too.
///
/// # Errors
/// [`DomainError::NoteNotAllowed`].
pub fn check_author(sub_task: &SubTask, actor: Actor) -> Result<(), DomainError> {
    let may = match actor.kind() {
        ActorKind::Admin | ActorKind::Planner | ActorKind::Reviewer | ActorKind::System => true,
        ActorKind::Executor | ActorKind::Patrol => sub_task.is_owned_by(actor),
    };
    if may { Ok(()) } else { Err(DomainError::NoteNotAllowed) }
}
