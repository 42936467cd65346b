//! Tools that look.

use openmoss_domain::sub_task::Status;
use openmoss_domain::{AgentStatus, Role, SubTaskId, TaskStatus};
use openmoss_service::Window;
use openmoss_service::sub_task::Filter;
use serde::Deserialize;
use utoipa::ToSchema;

use super::arguments::Arguments;
use super::catalog::{Effect, Tool};
use super::words::{self, Around};
use super::{Told, Turn, schema};
use crate::input::optional_id;
use crate::problem::Problem;
use crate::vocabulary;

/// Rows of a list in one answer.
pub(super) const ROWS: i64 = 20;
/// Reviews and submissions that are shown with a sub-task.
const SHOWN: i64 = 3;
/// Pages beyond this are empty.
const PAGE_MAX: u32 = 1_000_000;

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        name: "list_work",
        title: "List work",
        description: "List sub-tasks: your own, those that can be claimed, or everybody's by status or task",
        roles: &[Role::Executor, Role::Reviewer, Role::Planner, Role::Patrol],
        effect: Effect::Reads,
        arguments: schema::of::<ListWork>,
        run: list_work,
    },
    Tool {
        name: "read_work",
        title: "Read work",
        description: "Read one sub-task whole: texts, status, what was handed in, reviews and notes",
        roles: &[Role::Executor, Role::Reviewer, Role::Planner, Role::Patrol],
        effect: Effect::Reads,
        arguments: || schema::id_alone("sub_task_id", "Which sub-task."),
        run: read_work,
    },
    Tool {
        name: "read_rules",
        title: "Read rules",
        description: "Read the rules that every agent of this project must follow",
        roles: &[Role::Executor, Role::Reviewer, Role::Patrol],
        effect: Effect::Reads,
        arguments: schema::of::<ReadRules>,
        run: read_rules,
    },
    Tool {
        name: "list_tasks",
        title: "List tasks",
        description: "List the tasks (goals) of the project with their status",
        roles: &[Role::Planner, Role::Patrol],
        effect: Effect::Reads,
        arguments: schema::of::<ListTasks>,
        run: list_tasks,
    },
    Tool {
        name: "list_agents",
        title: "List agents",
        description: "List the agents of the team with role, status and description",
        roles: &[Role::Planner, Role::Patrol],
        effect: Effect::Reads,
        arguments: schema::of::<ListAgents>,
        run: list_agents,
    },
];

/// Whose sub-tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Whose {
    Mine,
    Claimable,
    Everybodys,
}

/// Which sub-tasks.
#[derive(Debug, Deserialize, ToSchema)]
struct ListWork {
    /// Without it: an executor's own, everybody's for all others.
    whose: Option<Whose>,
    /// Only those of this task.
    #[schema(format = Uuid)]
    task_id: Option<String>,
    /// Only those in this status.
    #[schema(value_type = Option<vocabulary::SubTaskStatus>)]
    status: Option<Status>,
    /// 1 is the first page of 20.
    #[schema(minimum = 1)]
    page: Option<u32>,
}

fn list_work(turn: &Turn<'_>, arguments: Arguments) -> Told {
    let asked: ListWork = arguments.body()?;
    let by_role = if turn.agent.role == Role::Executor { Whose::Mine } else { Whose::Everybodys };
    let whose = asked.whose.unwrap_or(by_role);
    let task_id = optional_id("task", asked.task_id.as_deref())?;
    let (page, window) = window(asked.page);
    let actor = turn.cx.actor;
    let found = match whose {
        Whose::Claimable if task_id.is_some() || asked.status.is_some() => {
            let message = "can be claimable only without task_id and status";
            return Err(Problem::field("whose", message));
        }
        Whose::Claimable => turn.service.list_claimable_sub_tasks(actor, window)?,
        Whose::Mine | Whose::Everybodys => {
            let owner = (whose == Whose::Mine).then_some(turn.agent.id);
            let filter = Filter { task_id, owner, status: asked.status, ..Filter::default() };
            turn.service.list_sub_tasks(actor, filter, window)?
        }
    };
    Ok(words::page(page, &found, ROWS, words::sub_task))
}

/// Which page, and its rows.
pub(super) fn window(page: Option<u32>) -> (u32, Window) {
    let page = page.unwrap_or(1).clamp(1, PAGE_MAX);
    (page, Window { offset: (i64::from(page) - 1) * ROWS, limit: ROWS })
}

fn read_work(turn: &Turn<'_>, mut arguments: Arguments) -> Told {
    let id: SubTaskId = arguments.id("sub_task")?;
    let seen = turn.service.find_sub_task(turn.cx.actor, id)?;
    let newest = Window { offset: 0, limit: SHOWN };
    let around = Around {
        reviews: turn.service.list_reviews(Some(id), newest)?.items,
        submissions: turn.service.list_submissions(id, newest)?.items,
    };
    Ok(words::whole_sub_task(&seen, &around))
}

/// Of what.
#[derive(Debug, Deserialize, ToSchema)]
struct ReadRules {
    /// With the rules of this task.
    #[schema(format = Uuid)]
    task_id: Option<String>,
    /// With the rules of this sub-task.
    #[schema(format = Uuid)]
    sub_task_id: Option<String>,
}

fn read_rules(turn: &Turn<'_>, arguments: Arguments) -> Told {
    let asked: ReadRules = arguments.body()?;
    let task_id = optional_id("task", asked.task_id.as_deref())?;
    let sub_task_id = optional_id("sub_task", asked.sub_task_id.as_deref())?;
    let rules = turn.service.merged_rules(task_id, sub_task_id)?;
    Ok(if rules.trim().is_empty() { "There are no rules.".to_owned() } else { rules })
}

/// Which tasks.
#[derive(Debug, Deserialize, ToSchema)]
struct ListTasks {
    /// Only those in this status.
    #[schema(value_type = Option<vocabulary::TaskStatus>)]
    status: Option<TaskStatus>,
    /// 1 is the first page of 20.
    #[schema(minimum = 1)]
    page: Option<u32>,
}

fn list_tasks(turn: &Turn<'_>, arguments: Arguments) -> Told {
    let asked: ListTasks = arguments.body()?;
    let (page, window) = window(asked.page);
    let found = turn.service.list_tasks(asked.status, window)?;
    Ok(words::page(page, &found, ROWS, words::task))
}

/// Which agents.
#[derive(Debug, Deserialize, ToSchema)]
struct ListAgents {
    /// Only those of this role.
    #[schema(value_type = Option<vocabulary::Role>)]
    role: Option<Role>,
    /// Only those in this status.
    #[schema(value_type = Option<vocabulary::AgentStatus>)]
    status: Option<AgentStatus>,
}

fn list_agents(turn: &Turn<'_>, arguments: Arguments) -> Told {
    let asked: ListAgents = arguments.body()?;
    let found = turn.service.list_agents(asked.role, asked.status)?;
    let lines: Vec<_> = found.iter().map(words::agent).collect();
    Ok(if lines.is_empty() { "None.".to_owned() } else { lines.join("\n") })
}
