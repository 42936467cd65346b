//! Why there is nothing to do, in one true and short sentence: whoever reads it pays for each word.

use std::time::Duration;

use openmoss_domain::sub_task::Status;
use openmoss_domain::{PatrolStatus, Role, Severity};
use openmoss_storage::counter::{CLAIMABLE, Counts, Scope, counts, counts_of_each};
use openmoss_storage::sub_task::Facets;
use openmoss_storage::{Reader, next};

use super::look::has_room;
use super::{Left, NextWork, Seeker};
use crate::Service;
use crate::error::ServiceError;

/// After how long an agent that is called by nobody should ask again.
pub(super) const CHECK_AGAIN: Duration = Duration::from_mins(1);

impl Service {
    pub(super) fn idle(&self, me: Seeker) -> Result<NextWork, ServiceError> {
        if me.role == Role::Executor
            && let Some(stop) = self.budget_stop(me.id)?
        {
            return Ok(NextWork::idle(&stop.to_string(), CHECK_AGAIN, Left::ForOthers));
        }
        let (reason, left) = self.read(|reader| match me.role {
            Role::Executor => self.why_no_work(reader, me),
            Role::Reviewer => why_no_review(reader, me),
            Role::Planner => why_no_plan(reader),
            Role::Patrol => why_no_patrol(reader),
        })?;
        Ok(NextWork::idle(&reason, CHECK_AGAIN, left))
    }

    fn why_no_work(&self, reader: &mut Reader, me: Seeker) -> Result<Why, ServiceError> {
        let all = counts(reader, Scope::SubTasks)?;
        let (ready, pending) = (all.get(CLAIMABLE), number(&all, Status::Pending));
        let left = if ready > 0 { Left::ForOthers } else { Left::Nothing };
        let policy = self.policy();
        if !has_room(reader, me.id, policy)? {
            let limit = policy.max_open_per_agent;
            return Ok((format!("your limit of {limit} open sub-tasks is reached"), left));
        }
        let own = counts(reader, Scope::Agent(me.id))?;
        let held = own.get(Status::Assigned.as_str()) + own.get(Status::Rework.as_str());
        let reason = if ready > 0 {
            format!("{ready} ready, but each needs capabilities that you do not have")
        } else if held > 0 {
            format!("yours: {held}, but they wait for prerequisites or their task")
        } else if pending > 0 {
            format!("no ready sub-task; {pending} wait for prerequisites or their task")
        } else {
            "no sub-task is pending".to_owned()
        };
        Ok((reason, left))
    }
}

/// A reason, and what there is for others.
type Why = (String, Left);

fn number(all: &Counts, status: Status) -> i64 {
    Facets { status: Some(status), ..Facets::default() }.count(all)
}

fn why_no_review(reader: &mut Reader, me: Seeker) -> Result<Why, ServiceError> {
    let waiting = number(&counts(reader, Scope::SubTasks)?, Status::Review);
    Ok(if waiting == 0 {
        ("nothing is in review".to_owned(), Left::Nothing)
    } else if next::list_in_review(reader, me.id, 1)?.is_empty() {
        ("in review is only what you did or approved yourself".to_owned(), Left::ForOthers)
    } else {
        (format!("{waiting} in review; other reviewers are at them"), Left::ForOthers)
    })
}

fn why_no_plan(reader: &mut Reader) -> Result<Why, ServiceError> {
    let all = counts(reader, Scope::SubTasks)?;
    let statuses = [Status::Assigned, Status::InProgress, Status::Review, Status::Rework];
    let at_work: i64 = statuses.iter().map(|status| number(&all, *status)).sum();
    let blocked = number(&all, Status::Blocked);
    Ok(if blocked > 0 {
        (format!("{blocked} blocked; another planner is at them"), Left::ForOthers)
    } else if at_work > 0 {
        let reason = format!("nothing to plan, unblock or deliver; {at_work} are worked on");
        (reason, Left::Nothing)
    } else {
        ("nothing to plan, unblock or deliver".to_owned(), Left::Nothing)
    })
}

fn why_no_patrol(reader: &mut Reader) -> Result<Why, ServiceError> {
    let scopes: Vec<Scope> =
        Severity::ALL.iter().map(|severity| Scope::Patrol(*severity)).collect();
    let ignored: i64 = counts_of_each(reader, &scopes)?
        .iter()
        .map(|counts| counts.get(PatrolStatus::Ignored.as_str()))
        .sum();
    let reason = if ignored > 0 {
        format!("no patrol record is open; {ignored} are ignored")
    } else {
        "no patrol record is open".to_owned()
    };
    Ok((reason, Left::Nothing))
}
