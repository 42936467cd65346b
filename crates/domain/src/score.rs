//! Score arithmetic.

use serde::{Deserialize, Serialize};

use crate::id::{AgentId, ScoreLogId, SubTaskId};
use crate::review::ReviewResult;
use crate::time::Timestamp;
use crate::token::token_enum;

/// Largest manual change, either way: totals stay far from any integer's end.
pub const ADJUSTMENT_MAX: i64 = 1_000_000;

/// What a review changes in the owner's score: 5 or 4 → +5, 3 → 0, 2 or 1 → −5 (the contract,
/// section 5). A rejection never pays and an approval never costs, which the existing system
/// allows and lists among its defects.
#[must_use]
pub fn review_delta(result: ReviewResult, score: u8) -> i64 {
    let delta = match score {
        4.. => 5,
        3 => 0,
        _ => -5,
    };
    match result {
        ReviewResult::Approved => delta.max(0),
        ReviewResult::Rejected => delta.min(0),
    }
}

token_enum! {
    /// Which way a score changed.
    ScoreSign {
        /// A reward.
        Positive = "positive",
        /// A penalty.
        Negative = "negative",
    }
}

/// One change of an agent's score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreChange {
    /// Its id.
    pub id: ScoreLogId,
    /// Whose score.
    pub agent_id: AgentId,
    /// For which sub-task, if for one.
    pub sub_task_id: Option<SubTaskId>,
    /// Why, in words.
    pub reason: String,
    /// By how much; never 0.
    pub delta: i64,
    /// When.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_pays_costs_or_does_neither() {
        let delta = |result| [1, 2, 3, 4, 5].map(|score| review_delta(result, score));
        assert_eq!(delta(ReviewResult::Approved), [0, 0, 0, 5, 5]);
        assert_eq!(delta(ReviewResult::Rejected), [-5, -5, 0, 0, 0]);
    }
}
