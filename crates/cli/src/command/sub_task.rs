//! `openmoss sub-task`: units of work.

use std::collections::HashMap;

use clap::{Args, Subcommand};
use openmoss_domain::sub_task::{Action, Priority, Progress, Status};
use openmoss_domain::waiting::WaitingFor;
use openmoss_domain::{
    Actor, AgentId, ModuleId, Review, ReviewResult, SubTask, SubTaskId, Submission, TaskId,
};
use openmoss_service::sub_task::{Filter, SubTaskView};
use openmoss_service::{Service, Window};
use serde::Serialize;

use super::{WindowArgs, as_admin, find_agent, tokens};
use crate::args::PlaceArgs;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::output::{Format, List, card, left, moment, right, table};
use crate::place;

/// How many submissions and reviews are shown with a sub-task.
const HISTORY: Window = Window { offset: 0, limit: 20 };

/// List, show, requeue and cancel sub-tasks
///
/// A sub-task is one unit that an agent can finish alone. An agent may be named by id or by name.
#[derive(Args)]
#[command(after_help = "\
Examples:
  openmoss sub-task list --status blocked
  openmoss sub-task list --agent scout --json
  openmoss sub-task show 0f5bd9c8-6a0f-4b5b-9c4f-3d2a3e1c7f10   why it does not move, and more
  openmoss sub-task requeue 0f5bd9c8-6a0f-4b5b-9c4f-3d2a3e1c7f10")]
pub(crate) struct SubTaskArgs {
    #[command(subcommand)]
    command: SubTaskCommand,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum SubTaskCommand {
    /// List sub-tasks, newest first
    List {
        /// Only of this task
        #[arg(long, value_name = "ID")]
        task: Option<TaskId>,
        /// Only of this module
        #[arg(long, value_name = "ID")]
        module: Option<ModuleId>,
        /// Only in this status
        #[arg(long, value_parser = tokens(Status::ALL, Status::as_str))]
        status: Option<Status>,
        /// Only those that this agent owns
        #[arg(long, value_name = "ID|NAME")]
        agent: Option<String>,
        #[command(flatten)]
        window: WindowArgs,
    },
    /// Show a sub-task: what it waits for, what was handed in, how it was reviewed
    Show {
        /// Its id
        id: SubTaskId,
    },
    /// Put a blocked sub-task back into the queue
    Requeue {
        /// Its id
        id: SubTaskId,
    },
    /// Give a sub-task up
    Cancel {
        /// Its id
        id: SubTaskId,
    },
}

/// Runs a command of this group.
pub(crate) fn run(place: &PlaceArgs, args: &SubTaskArgs) -> Result<ExitCode, CliError> {
    let service = place::open(place)?;
    let format = Format::of(args.json);
    match &args.command {
        SubTaskCommand::List { task, module, status, agent, window } => {
            let owner = agent.as_deref().map(|agent| find_agent(&service, agent)).transpose()?;
            let filter = Filter {
                task_id: *task,
                module_id: *module,
                owner: owner.map(|agent| agent.id),
                status: *status,
            };
            list(&service, filter, window, format)?;
        }
        SubTaskCommand::Show { id } => show(&service, *id, format)?,
        SubTaskCommand::Requeue { id } => {
            let changed = service.requeue_sub_task(&as_admin(), *id)?;
            print_changed(&service, changed, format)?;
        }
        SubTaskCommand::Cancel { id } => {
            let changed = service.cancel_sub_task(&as_admin(), *id)?;
            print_changed(&service, changed, format)?;
        }
    }
    Ok(ExitCode::Done)
}

/// The names of all agents.
struct Names(HashMap<AgentId, String>);

impl Names {
    fn of_all(service: &Service) -> Result<Self, CliError> {
        let agents = service.list_agents(None, None)?;
        Ok(Self(agents.into_iter().map(|agent| (agent.id, agent.name)).collect()))
    }

    fn find(&self, id: Option<AgentId>) -> Option<String> {
        id.and_then(|id| self.0.get(&id)).cloned()
    }
}

/// A sub-task as commands print it. Field names are those of the HTTP API.
#[derive(Serialize)]
struct View {
    id: String,
    task_id: String,
    module_id: Option<String>,
    name: String,
    description: String,
    deliverable: String,
    acceptance: String,
    priority: Priority,
    status: Status,
    assigned_agent: Option<String>,
    assigned_agent_name: Option<String>,
    attempt: u32,
    rework_count: u32,
    depends_on: Vec<String>,
    waiting_for: Option<WaitingFor>,
    allowed_actions: Vec<Action>,
    progress: Option<Progress>,
    lease_expires_at: Option<String>,
    created_at: String,
    updated_at: String,
    completed_at: Option<String>,
}

impl View {
    fn of(view: SubTaskView, names: &Names) -> Self {
        let sub_task = view.sub_task;
        Self {
            id: sub_task.id.to_string(),
            task_id: sub_task.task_id.to_string(),
            module_id: sub_task.module_id.map(|id| id.to_string()),
            name: sub_task.name,
            description: sub_task.description,
            deliverable: sub_task.deliverable,
            acceptance: sub_task.acceptance,
            priority: sub_task.priority,
            status: sub_task.status,
            assigned_agent: sub_task.owner.map(|id| id.to_string()),
            assigned_agent_name: names.find(sub_task.owner),
            attempt: sub_task.attempt,
            rework_count: sub_task.rework_count,
            depends_on: view.depends_on.iter().map(ToString::to_string).collect(),
            waiting_for: view.waiting_for,
            allowed_actions: view.allowed_actions,
            progress: sub_task.progress,
            lease_expires_at: sub_task.lease_expires_at.map(|time| time.to_string()),
            created_at: sub_task.created_at.to_string(),
            updated_at: sub_task.updated_at.to_string(),
            completed_at: sub_task.completed_at.map(|time| time.to_string()),
        }
    }

    fn owner(&self) -> String {
        let owner = self.assigned_agent_name.as_ref().or(self.assigned_agent.as_ref());
        owner.cloned().unwrap_or_default()
    }

    fn waiting(&self) -> String {
        let since =
            |waiting: &WaitingFor| format!("{} (since {})", waiting.detail, moment(waiting.since));
        self.waiting_for.as_ref().map(since).unwrap_or_default()
    }

    fn card(&self) -> String {
        let percent = |progress: &Progress| match progress.percent {
            Some(percent) => format!("{percent} %: {}", progress.text),
            None => progress.text.clone(),
        };
        let actions: Vec<_> = self.allowed_actions.iter().map(|action| action.as_str()).collect();
        card([
            ("name", self.name.clone()),
            ("status", self.status.to_string()),
            ("waits for", self.waiting()),
            ("owner", self.owner()),
            ("progress", self.progress.as_ref().map(percent).unwrap_or_default()),
            ("priority", self.priority.to_string()),
            ("reworks", self.rework_count.to_string()),
            ("you can", actions.join(", ")),
            ("id", self.id.clone()),
            ("task", self.task_id.clone()),
            ("depends on", self.depends_on.join("\n")),
            ("description", self.description.clone()),
            ("deliverable", self.deliverable.clone()),
            ("acceptance", self.acceptance.clone()),
        ])
    }
}

fn list(
    service: &Service,
    filter: Filter,
    window: &WindowArgs,
    format: Format,
) -> Result<(), CliError> {
    let page = service.list_sub_tasks(Actor::Admin, filter, window.window())?;
    let names = Names::of_all(service)?;
    let items = page.items.into_iter().map(|view| View::of(view, &names)).collect();
    format.print(&List { items, total: page.total }, |list| {
        let row = |view: &View| {
            [
                left(view.status),
                left(view.priority),
                left(view.owner()),
                right(view.rework_count),
                left(&view.name),
                left(view.waiting_for.as_ref().map_or("", |waiting| &waiting.detail)),
                left(&view.id),
            ]
        };
        let header = ["STATUS", "PRIORITY", "OWNER", "REWORKS", "NAME", "WAITS FOR", "ID"];
        format!("{}{}", table(header, list.items.iter().map(row)), list.footer(window.offset))
    })
}

/// What was handed in.
#[derive(Serialize)]
struct SubmissionView {
    id: String,
    attempt: u32,
    agent: String,
    late: bool,
    summary: String,
    artifacts: Vec<openmoss_domain::Artifact>,
    created_at: String,
    #[serde(skip)]
    when: String,
}

impl SubmissionView {
    fn of(submission: Submission, names: &Names) -> Self {
        let id = submission.agent_id;
        Self {
            id: submission.id.to_string(),
            attempt: submission.attempt,
            agent: names.find(Some(id)).unwrap_or_else(|| id.to_string()),
            late: submission.is_late,
            summary: submission.deliverable.summary,
            artifacts: submission.deliverable.artifacts,
            created_at: submission.created_at.to_string(),
            when: moment(submission.created_at),
        }
    }
}

/// How it was judged.
#[derive(Serialize)]
struct ReviewView {
    id: String,
    round: u32,
    reviewer: Option<String>,
    result: ReviewResult,
    score: u8,
    issues: String,
    comment: String,
    created_at: String,
    #[serde(skip)]
    when: String,
}

impl ReviewView {
    fn of(review: Review, names: &Names) -> Self {
        Self {
            id: review.id.to_string(),
            round: review.round,
            reviewer: names.find(review.reviewer),
            result: review.result,
            score: review.score,
            issues: review.issues,
            comment: review.comment,
            created_at: review.created_at.to_string(),
            when: moment(review.created_at),
        }
    }
}

/// A sub-task with its history, newest first.
#[derive(Serialize)]
struct WholeSubTask {
    sub_task: View,
    submissions: Vec<SubmissionView>,
    reviews: Vec<ReviewView>,
}

fn show(service: &Service, id: SubTaskId, format: Format) -> Result<(), CliError> {
    let names = Names::of_all(service)?;
    let sub_task = View::of(service.find_sub_task(Actor::Admin, id)?, &names);
    let submissions = service.list_submissions(id, HISTORY)?.items.into_iter();
    let reviews = service.list_reviews(Some(id), HISTORY)?.items.into_iter();
    let whole = WholeSubTask {
        sub_task,
        submissions: submissions.map(|one| SubmissionView::of(one, &names)).collect(),
        reviews: reviews.map(|one| ReviewView::of(one, &names)).collect(),
    };
    format.print(&whole, WholeSubTask::to_text)
}

impl WholeSubTask {
    fn to_text(&self) -> String {
        let mut parts = vec![self.sub_task.card()];
        if !self.submissions.is_empty() {
            let row = |one: &SubmissionView| {
                let late = if one.late { "late" } else { "" };
                [
                    left(&one.when),
                    left(&one.agent),
                    left(late),
                    left(&one.summary),
                    right(one.artifacts.len()),
                ]
            };
            let header = ["HANDED IN", "BY", "", "SUMMARY", "ARTIFACTS"];
            parts.push(table(header, self.submissions.iter().map(row)).to_string());
        }
        if !self.reviews.is_empty() {
            let row = |one: &ReviewView| {
                [
                    left(&one.when),
                    left(one.reviewer.as_deref().unwrap_or("admin")),
                    left(one.result),
                    right(one.score),
                    left(&one.issues),
                ]
            };
            let header = ["REVIEWED", "BY", "RESULT", "SCORE", "ISSUES"];
            parts.push(table(header, self.reviews.iter().map(row)).to_string());
        }
        parts.join("\n\n")
    }
}

fn print_changed(service: &Service, changed: SubTask, format: Format) -> Result<(), CliError> {
    let names = Names::of_all(service)?;
    let view = View::of(service.view_sub_task(Actor::Admin, changed)?, &names);
    format.print(&view, |view| format!("{:?} is {}", view.name, view.status))
}
