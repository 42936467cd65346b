//! Scores: standing, leaderboard, manual changes.

use openmoss_domain::score::{ADJUSTMENT_MAX, ScoreChange};
use openmoss_domain::{Agent, AgentId, DomainError, Fields, SubTaskId, text};
use openmoss_storage::{Page, Window, agent, score, sub_task};

use crate::context::Context;
use crate::error::ServiceError;
use crate::review::change_score;
use crate::{Service, Standing};

/// Longest reason of a score change, in characters (the contract's column width).
const REASON_CHARS_MAX: usize = 100;

impl Service {
    /// An agent and where it stands.
    pub fn find_standing(&self, id: AgentId) -> Result<(Agent, Standing), ServiceError> {
        self.read(|reader| {
            let found = agent::find(reader, id)?.ok_or(ServiceError::not_found("agent"))?;
            let standing = score::standing(reader, id)?.ok_or(ServiceError::not_found("agent"))?;
            Ok((found, standing))
        })
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
