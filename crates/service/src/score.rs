//! Scores: standing, leaderboard, manual changes.

use openmoss_domain::score::{ADJUSTMENT_MAX, ScoreChange};
use openmoss_domain::{Agent, AgentId, DomainError, Fields, SubTaskId, Timestamp, text};
use openmoss_storage::{ByTime, Page, Window, agent, score, sub_task};

use crate::context::Context;
use crate::error::ServiceError;
use crate::review::change_score;
use crate::{Service, Standing};

pub use openmoss_storage::score::Filter as ChangeQuery;

/// Longest reason of a score change, in characters (the contract's column width).
const REASON_CHARS_MAX: usize = 100;

/// All scores in a few numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScoreSummary {
    /// How many agents there are.
    pub agents: i64,
    /// How many are above 0.
    pub above: i64,
    /// How many are below 0.
    pub below: i64,
    /// The sum of all scores.
    pub sum: i64,
    /// The highest score; 0 without agents.
    pub top: i64,
    /// When a score last changed.
    pub last_at: Option<Timestamp>,
}

impl ScoreSummary {
    /// The average score to two decimals; 0 without agents.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "scores are far below 2^52")]
    pub fn average(&self) -> f64 {
        if self.agents == 0 {
            return 0.0;
        }
        (self.sum as f64 / self.agents as f64 * 100.0).round() / 100.0
    }
}

impl Service {
    /// An agent and where it stands.
    pub fn find_standing(&self, id: AgentId) -> Result<(Agent, Standing), ServiceError> {
        self.read(|reader| {
            let found = agent::find(reader, id)?.ok_or(ServiceError::not_found("agent"))?;
            let standing = score::standing(reader, id)?.ok_or(ServiceError::not_found("agent"))?;
            Ok((found, standing))
        })
    }

    /// All scores in a few numbers.
    pub fn summarize_scores(&self) -> Result<ScoreSummary, ServiceError> {
        self.read(|reader| {
            let summary = score::summary(reader)?;
            Ok(ScoreSummary {
                agents: agent::count_all(reader)?,
                above: summary.above,
                below: summary.below,
                sum: summary.sum,
                top: summary.top.unwrap_or(0),
                last_at: summary.last_at,
            })
        })
    }

    /// A page of score changes, each with its agent.
    pub fn search_score_changes(
        &self,
        query: &ChangeQuery,
        order: ByTime,
        window: Window,
    ) -> Result<Page<(ScoreChange, Option<Agent>)>, ServiceError> {
        self.read(|reader| {
            let page = score::search(reader, query, order, window)?;
            let ids = page.items.iter().map(|change| change.agent_id).collect();
            let agents = agent::find_many(reader, &ids)?;
            let items = page.items.into_iter().map(|change| {
                let agent = agents.get(&change.agent_id).cloned();
                (change, agent)
            });
            Ok(Page { items: items.collect(), total: page.total })
        })
    }

    /// A page of score changes.
    pub fn list_found_score_changes(
        &self,
        query: &ChangeQuery,
        order: ByTime,
        window: Window,
    ) -> Result<Page<ScoreChange>, ServiceError> {
        self.read(|reader| Ok(score::search(reader, query, order, window)?))
    }

    /// All agents, highest score first.
    pub fn list_leaderboard(&self) -> Result<Vec<Agent>, ServiceError> {
        self.read(|reader| Ok(agent::list_by_score(reader)?))
    }

    /// A page of an agent's score changes, newest first; nothing for an unknown agent.
    pub fn list_score_changes(
        &self,
        id: AgentId,
        window: Window,
    ) -> Result<Page<ScoreChange>, ServiceError> {
        self.read(|reader| Ok(score::list(reader, id, window)?))
    }

    /// Changes an agent's score by hand. An agent may not change its own. Returns the new total.
    pub fn adjust_score(
        &self,
        cx: &Context,
        id: AgentId,
        delta: i64,
        reason: &str,
        sub_task_id: Option<SubTaskId>,
    ) -> Result<(ScoreChange, i64), ServiceError> {
        let mut fields = Fields::default();
        if delta == 0 || !(-ADJUSTMENT_MAX..=ADJUSTMENT_MAX).contains(&delta) {
            let message = format!("must be -{ADJUSTMENT_MAX} to {ADJUSTMENT_MAX} and not 0");
            fields.push("score_delta", message);
        }
        let reason = fields.keep(text::line("reason", reason, REASON_CHARS_MAX));
        fields.finish()?;
        if cx.actor.agent_id() == Some(id) {
            return Err(DomainError::OwnScore.into());
        }
        let stepper = self.stepper(cx);
        self.write(cx, move |writer| {
            agent::find(writer, id)?.ok_or(ServiceError::not_found("agent"))?;
            if let Some(sub_task_id) = sub_task_id {
                sub_task::find(writer, sub_task_id)?.ok_or(ServiceError::not_found("sub_task"))?;
            }
            let reason = format!("manual: {reason}");
            let change = change_score(writer, stepper, id, sub_task_id, reason, delta)?;
            let after = agent::find(writer, id)?.ok_or(ServiceError::not_found("agent"))?;
            Ok((change, after.total_score))
        })
    }
}
