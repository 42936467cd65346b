//! Tools of whoever has work in hand.

use openmoss_domain::sub_task::SubTask;
use openmoss_domain::{DomainError, Role, SubTaskId};
use openmoss_service::ServiceError;
use serde::Deserialize;
use utoipa::ToSchema;

use super::arguments::Arguments;
use super::catalog::{Effect, Tool};
use super::{Told, Turn, schema};
use crate::problem::Problem;
use crate::sub_tasks::bodies::{BlockBody, HeartbeatBody, SubmitBody};
use crate::sub_tasks::views::HeartbeatView;

/// What every answer ends with that leaves nothing in hand.
pub(super) const NEXT: &str = "Call next_work for what to do next.";

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        name: "claim_work",
        title: "Claim work",
        description: "Claim a pending sub-task of your choice and begin it",
        roles: &[Role::Executor],
        effect: Effect::Sets,
        arguments: || schema::with_id::<Session>("sub_task_id", "Which sub-task."),
        run: claim_work,
    },
    Tool {
        name: "start_work",
        title: "Start work",
        description: "Begin a sub-task that was assigned to you, or that came back for rework",
        roles: &[Role::Executor],
        effect: Effect::Sets,
        arguments: || schema::with_id::<Session>("sub_task_id", "Which sub-task."),
        run: start_work,
    },
    Tool {
        name: "report_progress",
        title: "Report progress",
        description: "Report progress on a sub-task and keep it yours (heartbeat); the answer says whether to go on",
        roles: &[Role::Executor],
        effect: Effect::Sets,
        arguments: || schema::with_id::<HeartbeatBody>("sub_task_id", "Which sub-task."),
        run: report_progress,
    },
    Tool {
        name: "submit_work",
        title: "Submit work",
        description: "Submit a finished sub-task for review: a summary and artifacts (paths, URLs or texts)",
        roles: &[Role::Executor],
        effect: Effect::Sets,
        arguments: || schema::with_id::<SubmitBody>("sub_task_id", "Which sub-task."),
        run: submit_work,
    },
    Tool {
        name: "report_blocked",
        title: "Report blocked",
        description: "Report that a sub-task is blocked and cannot go on, and why; the planner will see to it",
        roles: &[Role::Executor, Role::Patrol],
        effect: Effect::Adds,
        arguments: || schema::with_id::<BlockBody>("sub_task_id", "Which sub-task."),
        run: report_blocked,
    },
    Tool {
        name: "release_work",
        title: "Release work",
        description: "Release a sub-task that you have not started, for somebody else to claim",
        roles: &[Role::Executor],
        effect: Effect::Adds,
        arguments: || schema::id_alone("sub_task_id", "Which sub-task."),
        run: release_work,
    },
];

/// In which session.
#[derive(Debug, Deserialize, ToSchema)]
struct Session {
    /// The name of your session, if you know it.
    #[schema(max_length = 200)]
    session_id: Option<String>,
}

impl Turn<'_> {
    /// The session that the model names, else the client's.
    pub(super) fn session_or(&self, named: Option<String>) -> Option<String> {
        named.filter(|named| !named.trim().is_empty()).or_else(|| self.session.clone())
    }

    /// Begins, or begins again after a rejection.
    fn begin(&self, id: SubTaskId, session: Option<&str>) -> Result<SubTask, Problem> {
        Ok(self.service.start_sub_task(&self.cx, id, session, None)?)
    }
}

fn claim_work(turn: &Turn<'_>, mut arguments: Arguments) -> Told {
    let id = arguments.id("sub_task")?;
    let session = turn.session_or(arguments.body::<Session>()?.session_id);
    match turn.service.claim_sub_task(&turn.cx, id, session.as_deref()) {
        // Nobody can claim it, but its owner may begin it, or have begun it.
        Ok(_) | Err(ServiceError::Domain(DomainError::NotAllowedFrom { .. })) => {}
        Err(other) => return Err(other.into()),
    }
    Ok(begun(&turn.begin(id, session.as_deref())?))
}

fn start_work(turn: &Turn<'_>, mut arguments: Arguments) -> Told {
    let id = arguments.id("sub_task")?;
    let session = turn.session_or(arguments.body::<Session>()?.session_id);
    Ok(begun(&turn.begin(id, session.as_deref())?))
}

fn begun(one: &SubTask) -> String {
    let (name, attempt) = (&one.name, one.attempt);
    let again = if one.rework_count > 0 { " read_work shows the review." } else { "" };
    format!(
        "{name} is yours and in progress (attempt {attempt}).{again} Do it, send report_progress \
         while it takes long, then submit_work."
    )
}

fn report_progress(turn: &Turn<'_>, mut arguments: Arguments) -> Told {
    let id = arguments.id("sub_task")?;
    let body: HeartbeatBody = arguments.body()?;
    let (progress, percent) = (body.progress.as_deref(), body.percent()?);
    let after = turn.service.heartbeat_sub_task(&turn.cx, id, progress, percent, body.attempt)?;
    let after = HeartbeatView::of(turn.service, &after)?;
    if let Some(reason) = after.stop_reason {
        return Ok(format!("Stop. {reason}"));
    }
    let until = after.lease_expires_at.map(|at| format!(" It is yours until {at} at least."));
    Ok(format!("Noted; go on.{}", until.unwrap_or_default()))
}

fn submit_work(turn: &Turn<'_>, mut arguments: Arguments) -> Told {
    let id = arguments.id("sub_task")?;
    let mut body: SubmitBody = arguments.body()?;
    let usage = body.take_usage()?;
    let (deliverable, attempt) = body.into_deliverable();
    let after = turn.service.submit_with_usage(&turn.cx, id, &deliverable, attempt, usage)?;
    Ok(format!("{} is handed in and waits for review. {NEXT}", after.name))
}

fn report_blocked(turn: &Turn<'_>, mut arguments: Arguments) -> Told {
    let id = arguments.id("sub_task")?;
    let obstacle = arguments.body::<BlockBody>()?.into_obstacle();
    let after = turn.service.block_sub_task(&turn.cx, id, &obstacle)?;
    Ok(format!("{} is blocked, for the planner to see to; stop working on it. {NEXT}", after.name))
}

fn release_work(turn: &Turn<'_>, mut arguments: Arguments) -> Told {
    let id = arguments.id("sub_task")?;
    let after = turn.service.release_sub_task(&turn.cx, id)?;
    Ok(format!("{} is back in the queue. {NEXT}", after.name))
}
