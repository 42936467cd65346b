//! A review: what a reviewer thought of a submission.

use serde::{Deserialize, Serialize};

use crate::error::{DomainError, Fields};
use crate::id::{AgentId, ReviewId, SubTaskId};
use crate::text;
use crate::time::Timestamp;
use crate::token::token_enum;

/// The score of a decision that came without one: it changes nobody's total.
pub const NEUTRAL_SCORE: u8 = 3;

token_enum! {
    /// What a review says.
    ReviewResult {
        /// The sub-task is done.
        Approved = "approved",
        /// The owner must mend it.
        Rejected = "rejected",
    }
}

/// What a reviewer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Approved or rejected.
    pub result: ReviewResult,
    /// 1 to 5.
    pub score: u8,
    /// What is wrong; required with a rejection.
    pub issues: String,
    /// Anything else.
    pub comment: String,
    /// Who shall mend it, if not the owner.
    pub rework_agent: Option<AgentId>,
}

impl Verdict {
    /// Builds a checked verdict from what came in.
    ///
    /// # Errors
    /// [`DomainError::Invalid`] with every wrong field.
    pub fn checked(
        result: ReviewResult,
        score: i64,
        issues: &str,
        comment: &str,
        rework_agent: Option<AgentId>,
    ) -> Result<Self, DomainError> {
        let mut fields = Fields::default();
        let score_checked = u8::try_from(score).ok().filter(|score| (1..=5).contains(score));
        if score_checked.is_none() {
            fields.push("score", "must be 1, 2, 3, 4 or 5");
        }
        if result == ReviewResult::Rejected && issues.trim().is_empty() {
            fields.push("issues", "must say what to mend when the result is rejected");
        }
        let issues = fields.keep(text::text("issues", issues));
        let comment = fields.keep(text::text("comment", comment));
        fields.finish()?;
        let score = score_checked.unwrap_or(NEUTRAL_SCORE);
        Ok(Self { result, score, issues, comment, rework_agent })
    }
}

/// A stored review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Its id.
    pub id: ReviewId,
    /// What was reviewed.
    pub sub_task_id: SubTaskId,
    /// The reviewer; none if an admin decided.
    pub reviewer: Option<AgentId>,
    /// 1 for the first review of a sub-task.
    pub round: u32,
    /// Approved or rejected.
    pub result: ReviewResult,
    /// 1 to 5.
    pub score: u8,
    /// What is wrong.
    pub issues: String,
    /// Anything else.
    pub comment: String,
    /// Who was asked to mend it, if not the owner.
    pub rework_agent: Option<AgentId>,
    /// When.
    pub created_at: Timestamp,
}
