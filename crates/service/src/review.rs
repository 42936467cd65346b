//! Reviews: a verdict moves the sub-task, is kept, and changes the owner's score, all at once.

pub(crate) mod listed;

use std::collections::BTreeSet;

use crate::id::fresh;
use openmoss_domain::requirements::Requirements;
use openmoss_domain::review::{NEUTRAL_SCORE, Verdict};
use openmoss_domain::score::{ScoreChange, review_delta};
use openmoss_domain::{
    AgentId, Command, DomainError, Event, EventKind, Review, ReviewId, ReviewResult, ScoreLogId,
    SubTask, SubTaskId,
};
use openmoss_storage::task::Lock;
use openmoss_storage::{Page, Window, Writer, review, score, sub_task, submission, task};

use crate::Service;
use crate::achievement::{credit_owner, credit_reviewer};
use crate::context::Context;
use crate::error::ServiceError;
use crate::step::{Stepper, append};
use crate::sub_task::{check_role, find_worker};
use crate::task_policy::in_force;

pub use listed::ListedReview;
pub use openmoss_storage::review::Search;

impl Service {
    /// Records a verdict on a sub-task in review.
    pub fn review_sub_task(
        &self,
        cx: &Context,
        id: SubTaskId,
        verdict: &Verdict,
    ) -> Result<Review, ServiceError> {
        let stepper = self.stepper(cx);
        let (verdict, settings) = (verdict.clone(), self.requirements());
        let judged =
            self.write(cx, move |writer| Ok(judge(writer, stepper, settings, id, &verdict)?.0))?;
        // Where another approval is needed, the next reviewer may have it at once.
        self.desk.put_back(id.as_uuid());
        Ok(judged)
    }

    /// Approves without a score, as older clients do. It is recorded as a review that changes
    /// nobody's score.
    pub fn complete_sub_task(&self, cx: &Context, id: SubTaskId) -> Result<SubTask, ServiceError> {
        let verdict = unscored(ReviewResult::Approved, "approved without a score", None);
        self.decide(cx, id, verdict)
    }

    /// Sends back without a score, as older clients do; recorded as a review likewise.
    pub fn rework_sub_task(
        &self,
        cx: &Context,
        id: SubTaskId,
        rework_agent: Option<AgentId>,
    ) -> Result<SubTask, ServiceError> {
        let verdict = unscored(ReviewResult::Rejected, "sent back without a reason", rework_agent);
        self.decide(cx, id, verdict)
    }

    fn decide(
        &self,
        cx: &Context,
        id: SubTaskId,
        verdict: Verdict,
    ) -> Result<SubTask, ServiceError> {
        let (stepper, settings) = (self.stepper(cx), self.requirements());
        self.write(cx, move |writer| Ok(judge(writer, stepper, settings, id, &verdict)?.1))
    }

    /// The review with this id.
    pub fn find_review(&self, id: ReviewId) -> Result<Review, ServiceError> {
        self.read(|reader| review::find(reader, id)?.ok_or(ServiceError::not_found("review")))
    }

    /// A page of reviews, newest first, of one sub-task or of all.
    pub fn list_reviews(
        &self,
        sub_task: Option<SubTaskId>,
        window: Window,
    ) -> Result<Page<Review>, ServiceError> {
        self.read(|reader| Ok(review::list(reader, sub_task, window)?))
    }
}

fn unscored(result: ReviewResult, comment: &str, rework_agent: Option<AgentId>) -> Verdict {
    Verdict {
        result,
        score: NEUTRAL_SCORE,
        issues: String::new(),
        comment: comment.to_owned(),
        rework_agent,
    }
}

fn judge(
    writer: &mut Writer,
    stepper: Stepper,
    settings: Requirements,
    id: SubTaskId,
    verdict: &Verdict,
) -> Result<(Review, SubTask), ServiceError> {
    let command = match verdict.result {
        ReviewResult::Approved => Command::Approve,
        ReviewResult::Rejected => Command::Reject { rework_agent: verdict.rework_agent },
    };
    check_role(command.action(), stepper.actor)?;
    if let Some(agent) = verdict.rework_agent {
        find_worker(writer, "rework_agent", agent)?;
    }
    if verdict.result == ReviewResult::Approved
        && let Some(waiting) = approve_in_part(writer, stepper, settings, id)?
    {
        let stored = keep(writer, stepper, id, verdict)?;
        credit_reviewer(writer, stepper, waiting.owner)?;
        return Ok((stored, waiting));
    }
    let step = stepper.step(writer, id, &command)?;
    let stored = keep(writer, stepper, id, verdict)?;
    // The score goes to whoever did the work, not to whoever shall mend it. Of several approvals the
    // last one pays.
    let delta = review_delta(verdict.result, verdict.score);
    if let (Some(owner), true) = (step.before.owner, delta != 0) {
        let reason = format!("review: {}, score {}", verdict.result, verdict.score);
        change_score(writer, stepper, owner, Some(id), reason, delta)?;
    }
    credit_owner(writer, stepper, &step.before, verdict, delta > 0)?;
    credit_reviewer(writer, stepper, step.before.owner)?;
    Ok((stored, step.after))
}

/// Whether this approval is not the last one that is needed: then the sub-task stays as it is. An admin
/// decides alone.
fn approve_in_part(
    writer: &mut Writer,
    stepper: Stepper,
    settings: Requirements,
    id: SubTaskId,
) -> Result<Option<SubTask>, ServiceError> {
    let found = sub_task::find(writer, id)?.ok_or(ServiceError::not_found("sub_task"))?;
    let needed = in_force(writer, settings, found.task_id)?.approvals;
    let Some(reviewer) = stepper.actor.agent_id().filter(|_| needed > 1) else {
        return Ok(None);
    };
    // One after the other: two at once would each miss the other.
    task::find_locked(writer, found.task_id, Lock::Exclusive)?;
    let now = sub_task::find(writer, id)?.ok_or(ServiceError::not_found("sub_task"))?;
    // Whoever may not approve it hears so.
    now.apply(&Command::Approve, stepper.actor, stepper.now, &stepper.policy)?;
    let since = submission::last_in_time(writer, id)?;
    let approvers: BTreeSet<_> = review::list_approvers(writer, id, since)?.into_iter().collect();
    let given = u32::try_from(approvers.len()).unwrap_or(u32::MAX);
    if approvers.contains(&reviewer) {
        return Err(DomainError::ApprovedAlready { missing: needed.saturating_sub(given) }.into());
    }
    if given.saturating_add(1) >= needed {
        return Ok(None);
    }
    let mut event = Event::new(EventKind::SubTaskApprovalGiven, stepper.actor, stepper.now)
        .sub_task(now.task_id, id)
        .with("approvals", given + 1)
        .with("needed", needed);
    event.agent_id = now.owner;
    append(writer, &event)?;
    Ok(Some(now))
}

/// Keeps a verdict.
fn keep(
    writer: &mut Writer,
    stepper: Stepper,
    id: SubTaskId,
    verdict: &Verdict,
) -> Result<Review, ServiceError> {
    let stored = Review {
        id: ReviewId::from_uuid(fresh()),
        sub_task_id: id,
        reviewer: stepper.actor.agent_id(),
        round: review::count_of(writer, id)? + 1,
        result: verdict.result,
        score: verdict.score,
        issues: verdict.issues.clone(),
        comment: verdict.comment.clone(),
        rework_agent: verdict.rework_agent,
        created_at: stepper.now,
    };
    review::insert(writer, &stored)?;
    Ok(stored)
}

/// Writes a score change, the agent's new total and the event.
pub(crate) fn change_score(
    writer: &mut Writer,
    stepper: Stepper,
    agent_id: AgentId,
    sub_task_id: Option<SubTaskId>,
    reason: String,
    delta: i64,
) -> Result<ScoreChange, ServiceError> {
    let change = ScoreChange {
        id: ScoreLogId::from_uuid(fresh()),
        agent_id,
        sub_task_id,
        reason,
        delta,
        created_at: stepper.now,
    };
    score::append(writer, &change)?;
    let mut event = Event::new(EventKind::ScoreChanged, stepper.actor, stepper.now)
        .agent(agent_id)
        .with("delta", delta)
        .with("reason", change.reason.as_str());
    event.sub_task_id = sub_task_id;
    append(writer, &event)?;
    Ok(change)
}
