//! Tools of whoever plans.

use openmoss_domain::{AgentId, Role, SubTaskId, SubmissionId, TaskId, TaskStatus};
use openmoss_service::plan::Planned;
use serde::Deserialize;
use utoipa::ToSchema;

use super::arguments::Arguments;
use super::catalog::{Effect, Tool};
use super::{Told, Turn, schema};
use crate::input::optional_id;
use crate::problem::Problem;
use crate::sub_tasks::bodies::EditBody;
use crate::tasks::{CreateBody, PlanBody, StatusBody};

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        name: "create_task",
        title: "Create a task",
        description: "Create a task: a goal to be planned",
        roles: &[Role::Planner],
        effect: Effect::Adds,
        arguments: schema::of::<CreateBody>,
        run: create_task,
    },
    Tool {
        name: "create_plan",
        title: "Create a plan",
        description: "Create a plan for a task in one call: modules and sub-tasks with dependencies, all or nothing",
        roles: &[Role::Planner],
        effect: Effect::Adds,
        arguments: || schema::with_id::<PlanBody>("task_id", "The task that is planned."),
        run: create_plan,
    },
    Tool {
        name: "change_work",
        title: "Change work",
        description: "Change a sub-task's texts, priority or prerequisites before it is done",
        roles: &[Role::Planner],
        effect: Effect::Sets,
        arguments: || schema::with_id::<EditBody>("sub_task_id", "Which sub-task."),
        run: change_work,
    },
    Tool {
        name: "redirect_work",
        title: "Redirect work",
        description: "Redirect a sub-task: assign it to an executor, requeue a blocked one, release, cancel, reopen, or adopt what came late",
        roles: &[Role::Planner],
        effect: Effect::Adds,
        arguments: || schema::with_id::<Redirect>("sub_task_id", "Which sub-task."),
        run: redirect_work,
    },
    Tool {
        name: "set_task_status",
        title: "Set a task's status",
        description: "Set a task's status: active when its plan stands, completed when its result is delivered",
        roles: &[Role::Planner],
        effect: Effect::Sets,
        arguments: || schema::with_id::<StatusBody>("task_id", "Which task."),
        run: set_task_status,
    },
];

fn create_task(turn: &Turn<'_>, arguments: Arguments) -> Told {
    let task = arguments.body::<CreateBody>()?.create(turn.service, &turn.cx)?;
    Ok(format!("{} is task {}. Next: create_plan with this task_id.", task.name, task.id))
}

fn create_plan(turn: &Turn<'_>, mut arguments: Arguments) -> Told {
    let id: TaskId = arguments.id("task")?;
    let plan = arguments.body::<PlanBody>()?.into_plan()?;
    Ok(planned(&turn.service.create_plan(&turn.cx, id, &plan)?))
}

fn planned(made: &Planned) -> String {
    let modules = made.modules.iter().map(|(_, one)| format!("- module {}: {}", one.id, one.name));
    let sub_tasks = made.sub_tasks.iter().map(|one| {
        let it = &one.sub_task;
        format!("- sub-task {} [{}] {}", it.id, it.status, it.name)
    });
    let lines: Vec<_> = modules.chain(sub_tasks).collect();
    let lines = lines.join("\n");
    format!(
        "The plan stands:\n{lines}\nNext: set_task_status with status active, if it is not yet."
    )
}

fn change_work(turn: &Turn<'_>, mut arguments: Arguments) -> Told {
    let id: SubTaskId = arguments.id("sub_task")?;
    let (edit, depends_on) = arguments.body::<EditBody>()?.into_edit()?;
    let after = turn.service.edit_sub_task(&turn.cx, id, &edit, depends_on)?;
    Ok(format!("{} is changed; it is {}.", after.name, after.status))
}

/// What shall become of it.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Way {
    Assign,
    Requeue,
    Release,
    Cancel,
    Reopen,
    Adopt,
}

/// What shall become of it.
#[derive(Debug, Deserialize, ToSchema)]
struct Redirect {
    /// assign: give it to that executor, whoever has it now. requeue: back into the queue
    /// from blocked. release: back into the queue before it was started. cancel: give it up.
    /// reopen: do it again after it was done or cancelled. adopt: put into review what a former
    /// owner handed in too late.
    action: Way,
    /// The executor, for assign.
    #[schema(format = Uuid)]
    agent_id: Option<String>,
    /// The late submission, for adopt.
    #[schema(format = Uuid)]
    submission_id: Option<String>,
}

fn redirect_work(turn: &Turn<'_>, mut arguments: Arguments) -> Told {
    let id: SubTaskId = arguments.id("sub_task")?;
    let asked: Redirect = arguments.body()?;
    let agent: Option<AgentId> = optional_id("agent", asked.agent_id.as_deref())?;
    let late: Option<SubmissionId> = optional_id("submission", asked.submission_id.as_deref())?;
    let (service, cx) = (turn.service, &turn.cx);
    let after = match (asked.action, agent, late) {
        (Way::Assign, Some(agent), None) => service.reassign_sub_task(cx, id, agent)?,
        (Way::Adopt, None, Some(late)) => service.adopt_submission(cx, id, late)?,
        (Way::Requeue, None, None) => service.requeue_sub_task(cx, id)?,
        (Way::Release, None, None) => service.release_sub_task(cx, id)?,
        (Way::Cancel, None, None) => service.cancel_sub_task(cx, id)?,
        (Way::Reopen, None, None) => service.reopen_sub_task(cx, id)?,
        (Way::Assign, None, _) => return Err(Problem::field("agent_id", "is required to assign")),
        (Way::Adopt, _, None) => {
            return Err(Problem::field("submission_id", "is required to adopt"));
        }
        (Way::Assign, _, Some(_)) | (_, None, Some(_)) => {
            return Err(Problem::field("submission_id", "goes with the action adopt only"));
        }
        (_, Some(_), _) => {
            return Err(Problem::field("agent_id", "goes with the action assign only"));
        }
    };
    Ok(format!("{} is {} now.", after.name, after.status))
}

fn set_task_status(turn: &Turn<'_>, mut arguments: Arguments) -> Told {
    let id: TaskId = arguments.id("task")?;
    let status = arguments.body::<StatusBody>()?.into_status()?;
    let task = turn.service.move_task(&turn.cx, id, status)?;
    let then = match task.status {
        TaskStatus::Planning => "Next: create_plan, then status active.",
        TaskStatus::Active | TaskStatus::InProgress => "Its work is handed out to executors now.",
        TaskStatus::Completed | TaskStatus::Archived | TaskStatus::Cancelled => {
            "Its work is not handed out any more."
        }
    };
    Ok(format!("{} is {}. {then}", task.name, task.status))
}
