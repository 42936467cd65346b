//! Achievements: earned in the transaction of the deed that completes them.

use openmoss_domain::achievement::LEAD_POINTS_MIN;
use openmoss_domain::review::Verdict;
use openmoss_domain::{
    Achievement, Actor, AgentId, Deed, Event, EventKind, ReviewResult, SubTask, Timestamp,
    TrackRecord,
};
use openmoss_storage::partner::Together;
use openmoss_storage::track_record::{add, find, list_earned, note_earned, note_goal};
use openmoss_storage::{Writer, agent, partner, score};

use crate::Service;
use crate::error::ServiceError;
use crate::step::{Stepper, append};

/// How an agent stands with an achievement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Which one.
    pub kind: Achievement,
    /// When it was earned.
    pub earned_at: Option<Timestamp>,
    /// How much of its goal is there; never more than the goal.
    pub progress: i64,
}

impl Service {
    /// What an agent earned, and what one of its role can still earn.
    pub fn list_achievements(&self, id: AgentId) -> Result<Vec<Standing>, ServiceError> {
        self.read(|reader| {
            let found = agent::find(reader, id)?.ok_or(ServiceError::not_found("agent"))?;
            let (record, earned) = (find(reader, id)?, list_earned(reader, id)?);
            let standing = |kind: Achievement| Standing {
                kind,
                earned_at: earned.iter().find(|(one, _)| *one == kind).map(|(_, at)| *at),
                progress: kind.measure(&record).min(kind.goal()),
            };
            let all = Achievement::ALL.iter().copied().map(standing);
            let is_shown =
                |one: &Standing| one.kind.role() == found.role || one.earned_at.is_some();
            Ok(all.filter(is_shown).collect())
        })
    }
}

/// Adds a deed to an agent's record, and gives what is earned with it.
pub(crate) fn credit(
    writer: &mut Writer,
    stepper: Stepper,
    agent: AgentId,
    deed: Deed,
) -> Result<TrackRecord, ServiceError> {
    let record = add(writer, agent, deed)?;
    let earned = list_earned(writer, agent)?;
    let is_new = |kind: &Achievement| !earned.iter().any(|(one, _)| one == kind);
    for kind in Achievement::ALL.iter().copied().filter(is_new) {
        if kind.is_reached(&record) && note_earned(writer, agent, kind, stepper.now)? {
            let event = Event::new(EventKind::AchievementEarned, Actor::System, stepper.now)
                .agent(agent)
                .with("achievement", kind.as_str());
            append(writer, &event)?;
        }
    }
    Ok(record)
}

/// Credits the owner of work that was approved or sent back. `is_paid`: it got points for it.
pub(crate) fn credit_owner(
    writer: &mut Writer,
    stepper: Stepper,
    judged: &SubTask,
    verdict: &Verdict,
    is_paid: bool,
) -> Result<(), ServiceError> {
    let Some(owner) = judged.owner else {
        return Ok(());
    };
    let deed = match verdict.result {
        ReviewResult::Rejected => Deed::SentBack,
        ReviewResult::Approved => Deed::Approved {
            score: verdict.score,
            was_sent_back: judged.rework_count > 0,
            is_new_goal: note_goal(writer, owner, judged.task_id)?,
        },
    };
    let record = credit(writer, stepper, owner, deed)?;
    let may_lead = verdict.result == ReviewResult::Approved && is_paid && record.leads == 0;
    if may_lead && score::leads(writer, owner, LEAD_POINTS_MIN)? {
        credit(writer, stepper, owner, Deed::TookTheLead)?;
    }
    Ok(())
}

/// Credits whoever judged work, if that was an agent, and notes that it worked with the owner.
pub(crate) fn credit_reviewer(
    writer: &mut Writer,
    stepper: Stepper,
    owner: Option<AgentId>,
) -> Result<(), ServiceError> {
    let Some(reviewer) = stepper.actor.agent_id() else {
        return Ok(());
    };
    credit(writer, stepper, reviewer, Deed::Judged)?;
    if let Some(owner) = owner {
        partner::note(writer, owner, reviewer, Together::Review, stepper.now)?;
    }
    Ok(())
}
