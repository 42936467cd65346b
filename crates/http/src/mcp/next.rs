//! The tool that says what to do now.

use openmoss_domain::sub_task::Status;
use openmoss_domain::{PatrolStatus, Role, SubTaskId, TaskStatus};
use openmoss_service::Window;
use openmoss_service::patrol;
use openmoss_service::sub_task::{Filter, NextClaim};

use super::arguments::Arguments;
use super::catalog::{Effect, Tool};
use super::reading::whole;
use super::working::Session;
use super::{Told, Turn, schema, words};
use crate::problem::Problem;

pub(super) const TOOLS: &[Tool] = &[Tool {
    name: "next_work",
    title: "Next work",
    description: "Get the next work to do: continue or claim a sub-task, review, plan, unblock or patrol; idle if none",
    roles: Role::ALL,
    effect: Effect::Sets,
    arguments: schema::of::<Session>,
    run: next_work,
}];

const IDLE: &str = "Nothing to do now. Stop here, and call next_work again later.";

fn next_work(turn: &Turn<'_>, arguments: Arguments) -> Told {
    let session = turn.session_or(arguments.body::<Session>()?.session_id);
    match turn.agent.role {
        Role::Executor => execute(turn, session.as_deref()),
        Role::Reviewer => Ok(match oldest(turn, Filter::default(), Status::Review)? {
            Some(id) => format!("Review this, then send review_work.\n\n{}", whole(turn, id)?),
            None => IDLE.to_owned(),
        }),
        Role::Planner => plan(turn),
        Role::Patrol => watch(turn),
    }
}

fn execute(turn: &Turn<'_>, session: Option<&str>) -> Told {
    let mine = Filter { owner: Some(turn.agent.id), ..Filter::default() };
    for status in [Status::Rework, Status::InProgress, Status::Assigned] {
        if let Some(id) = oldest(turn, mine, status)? {
            turn.begin(id, session)?;
            return do_it(turn, id);
        }
    }
    match turn.service.claim_next(&turn.cx, None, session)? {
        NextClaim::Claimed(claimed) => {
            turn.begin(claimed.id, session)?;
            do_it(turn, claimed.id)
        }
        NextClaim::Nothing => Ok(IDLE.to_owned()),
    }
}

fn do_it(turn: &Turn<'_>, id: SubTaskId) -> Told {
    let how = "This is yours. Do it, send report_progress while it takes long, then submit_work.";
    Ok(format!("{how}\n\n{}", whole(turn, id)?))
}

fn plan(turn: &Turn<'_>) -> Told {
    if let Some(id) = oldest(turn, Filter::default(), Status::Blocked)? {
        let how = "Unblock this with change_work and redirect_work.";
        return Ok(format!("{how}\n\n{}", whole(turn, id)?));
    }
    let newest = Window { offset: 0, limit: 1 };
    let open = turn.service.list_tasks(Some(TaskStatus::Planning), newest)?;
    Ok(match open.items.first() {
        Some(one) => format!(
            "Plan this with create_plan, then set_task_status to active.\n{}\n\n{}",
            words::task(one),
            one.description
        ),
        None => IDLE.to_owned(),
    })
}

fn watch(turn: &Turn<'_>) -> Told {
    let filter = patrol::Filter { status: Some(PatrolStatus::Open), ..patrol::Filter::default() };
    let found = turn.service.list_patrol_records(&filter, Window { offset: 0, limit: 1 })?;
    Ok(match found.items.first() {
        Some(one) => format!("Look into this, then close_finding.\n{}", words::finding(one)),
        None => IDLE.to_owned(),
    })
}

/// The last of a list that shows the newest first.
fn oldest(turn: &Turn<'_>, filter: Filter, status: Status) -> Result<Option<SubTaskId>, Problem> {
    let filter = Filter { status: Some(status), ..filter };
    let actor = turn.cx.actor;
    let mut found = turn.service.list_sub_tasks(actor, filter, Window { offset: 0, limit: 1 })?;
    if found.total > 1 {
        let last = Window { offset: found.total - 1, limit: 1 };
        found = turn.service.list_sub_tasks(actor, filter, last)?;
    }
    Ok(found.items.first().map(|one| one.sub_task.id))
}
