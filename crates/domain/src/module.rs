//! A module: a part of a goal.

use serde::{Deserialize, Serialize};

use crate::id::{ModuleId, TaskId};
use crate::time::Timestamp;

/// A part of a goal; names may repeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// Its id.
    pub id: ModuleId,
    /// The goal it belongs to.
    pub task_id: TaskId,
    /// One line.
    pub name: String,
    /// In words.
    pub description: String,
    /// When it was created.
    pub created_at: Timestamp,
}
