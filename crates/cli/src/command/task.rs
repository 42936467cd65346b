//! `openmoss task`: goals.

use clap::{Args, Subcommand};
use openmoss_domain::sub_task::{Status, WorkKind};
use openmoss_domain::{Actor, Task, TaskId, TaskStatus};
use openmoss_service::sub_task::Filter;
use openmoss_service::{Service, Window};
use serde::Serialize;

use super::{WindowArgs, as_admin, tokens};
use crate::args::PlaceArgs;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::output::{Format, List, card, left, moment, right, table};
use crate::place;

/// List, show, create and cancel tasks
///
/// A task is a goal; the planner breaks it into modules and sub-tasks.
#[derive(Args)]
#[command(after_help = "\
Examples:
  openmoss task create 'Translate the manual' --description 'All of docs/, into French.'
  openmoss task list --status in_progress
  openmoss task show 0f5bd9c8-6a0f-4b5b-9c4f-3d2a3e1c7f10")]
pub(crate) struct TaskArgs {
    #[command(subcommand)]
    command: TaskCommand,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum TaskCommand {
    /// List tasks, newest first
    List {
        /// Only tasks in this status
        #[arg(long, value_parser = tokens(TaskStatus::ALL, TaskStatus::as_str))]
        status: Option<TaskStatus>,
        #[command(flatten)]
        window: WindowArgs,
    },
    /// Show a task, its modules, and how far its sub-tasks are
    Show {
        /// Its id
        id: TaskId,
    },
    /// State a goal; a planner takes it from there
    Create {
        /// One line
        name: String,
        /// The goal in words
        #[arg(long, default_value = "")]
        description: String,
    },
    /// Give a task up; no more of its work is handed out
    Cancel {
        /// Its id
        id: TaskId,
    },
}

/// Runs a command of this group.
pub(crate) fn run(place: &PlaceArgs, args: &TaskArgs) -> Result<ExitCode, CliError> {
    let service = place::open(place)?;
    let format = Format::of(args.json);
    match &args.command {
        TaskCommand::List { status, window } => list(&service, *status, window, format)?,
        TaskCommand::Show { id } => show(&service, *id, format)?,
        TaskCommand::Create { name, description } => {
            let task = service.create_task(&as_admin(), name, description, WorkKind::Once)?;
            format.print(&TaskView::from(task), TaskView::card)?;
        }
        TaskCommand::Cancel { id } => {
            let task = service.move_task(&as_admin(), *id, TaskStatus::Cancelled)?;
            format.print(&TaskView::from(task), |task| {
                format!("{:?} is {}", task.name, task.status)
            })?;
        }
    }
    Ok(ExitCode::Done)
}

/// A task as commands print it.
#[derive(Serialize)]
struct TaskView {
    id: String,
    name: String,
    description: String,
    r#type: WorkKind,
    status: TaskStatus,
    created_at: String,
    updated_at: String,
    #[serde(skip)]
    changed: String,
}

impl From<Task> for TaskView {
    fn from(task: Task) -> Self {
        Self {
            id: task.id.to_string(),
            name: task.name,
            description: task.description,
            r#type: task.kind,
            status: task.status,
            created_at: task.created_at.to_string(),
            updated_at: task.updated_at.to_string(),
            changed: moment(task.updated_at),
        }
    }
}

impl TaskView {
    fn card(&self) -> String {
        card([
            ("name", self.name.clone()),
            ("status", self.status.to_string()),
            ("id", self.id.clone()),
            ("changed", self.changed.clone()),
            ("description", self.description.clone()),
        ])
    }
}

fn list(
    service: &Service,
    status: Option<TaskStatus>,
    window: &WindowArgs,
    format: Format,
) -> Result<(), CliError> {
    let page = service.list_tasks(status, window.window())?;
    let items = page.items.into_iter().map(TaskView::from).collect();
    format.print(&List { items, total: page.total }, |list| {
        let row = |task: &TaskView| {
            [left(task.status), left(&task.name), left(&task.changed), left(&task.id)]
        };
        let table = table(["STATUS", "NAME", "CHANGED", "ID"], list.items.iter().map(row));
        format!("{table}{}", list.footer(window.offset))
    })
}

/// How many sub-tasks are in a status.
#[derive(Serialize)]
struct Count {
    status: Status,
    count: i64,
}

#[derive(Serialize)]
struct ModuleView {
    id: String,
    name: String,
    description: String,
}

/// A task with what belongs to it.
#[derive(Serialize)]
struct WholeTask {
    task: TaskView,
    modules: Vec<ModuleView>,
    /// Every status, those without a sub-task too.
    sub_tasks: Vec<Count>,
}

fn show(service: &Service, id: TaskId, format: Format) -> Result<(), CliError> {
    let task = service.find_task(id)?;
    let modules = service.list_modules(id)?.into_iter().map(|module| ModuleView {
        id: module.id.to_string(),
        name: module.name,
        description: module.description,
    });
    let modules = modules.collect();
    let sub_tasks = Status::ALL.iter().map(|status| count(service, id, *status));
    let sub_tasks = sub_tasks.collect::<Result<_, _>>()?;
    let whole = WholeTask { task: task.into(), modules, sub_tasks };
    format.print(&whole, |whole| {
        let modules = whole.modules.iter().map(|module| [left(&module.name), left(&module.id)]);
        let counts = whole.sub_tasks.iter().filter(|row| row.count > 0);
        let counts = counts.map(|row| [left(row.status), right(row.count)]);
        format!(
            "{}\n\n{}\n\n{}",
            whole.task.card(),
            table(["MODULE", "ID"], modules),
            table(["SUB-TASKS", "COUNT"], counts)
        )
    })
}

fn count(service: &Service, task: TaskId, status: Status) -> Result<Count, CliError> {
    let filter = Filter { task_id: Some(task), status: Some(status), ..Filter::default() };
    let page = service.list_sub_tasks(Actor::Admin, filter, Window { offset: 0, limit: 1 })?;
    Ok(Count { status, count: page.total })
}
