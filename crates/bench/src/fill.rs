//! Databases to read from: as many sub-tasks as wanted, in the states and with the texts of a team
//! at work. They are made with the functions of service and storage, and kept for the next run.

pub(crate) mod installation;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail};
use openmoss_domain::sub_task::{BlockedKind, Draft, Place, Priority, Status, WorkKind};
use openmoss_domain::{
    Actor, Agent, AgentId, Artifact, ArtifactKind, Command, Deliverable, ModuleId, Policy, Role,
    SubTask, SubTaskId, Submission, SubmissionId, TaskId, TaskStatus, Timestamp, Transition,
};
use openmoss_service::agent::NewAgent;
use openmoss_service::settings::{Settings, SettingsError, SettingsLayers, Sourced};
use openmoss_service::sub_task::Filter;
use openmoss_service::{Context, Service, SystemClock, Window};
use openmoss_storage::{Location, StorageError, Store, StoreOptions, prerequisite, sub_task};
use serde_json::Value;
use uuid::Uuid;

use crate::texts::text;

/// Changes when what is filled in changes; kept databases of another number are not used.
const VERSION: u32 = 2;
/// Where a changed schema shows.
const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../storage/migrations/sqlite");
const TASKS: usize = 100;
const MODULES_PER_TASK: usize = 4;
const EXECUTORS: usize = 16;
const REVIEWERS: usize = 2;
/// Sub-tasks in one transaction.
const BATCH: usize = 5_000;
/// Every such sub-task comes after another one, which is done.
const PREREQUISITE_EVERY: usize = 5;
/// How many sub-tasks are read one by one.
const SAMPLE: i64 = 1_000;
/// How long ago the first sub-task was created: three months.
const OLDEST: Duration = Duration::from_hours(24 * 90);

/// A filled database, and what is needed to read from it.
pub(crate) struct Filled {
    pub(crate) path: PathBuf,
    /// The key of an executor that owns a sixteenth of what is owned.
    pub(crate) key: String,
    /// Some ids, of every status.
    pub(crate) ids: Vec<SubTaskId>,
}

/// Gives a database with so many sub-tasks, made now or before.
pub(crate) fn database(dir: &Path, rows: usize) -> Result<Filled> {
    let path = dir.join(format!("sub-tasks-{rows}-v{VERSION}.db"));
    if !is_current(&path) {
        let begun = std::time::Instant::now();
        eprintln!("  filling {} …", path.display());
        let partial = path.with_extension("partial");
        remove(&partial);
        remove(&path);
        fill(&partial, rows).context("the database could not be filled")?;
        std::fs::rename(&partial, &path)?;
        eprintln!("  filled with {rows} sub-tasks in {:.1} s", begun.elapsed().as_secs_f64());
    }
    let service = open_service(&path)?;
    let executors = service.list_agents(Some(Role::Executor), None)?;
    let Some(executor) = executors.first() else {
        bail!("{} has no executor; delete it", path.display());
    };
    let registered = service.reset_agent_key(&Context::of(Actor::Admin), executor.id)?;
    let ids = sample(&service, i64::try_from(rows)?)?;
    Ok(Filled { path, key: registered.key.expose().to_owned(), ids })
}

/// Ids from all over the list, so that no cache holds just their pages.
fn sample(service: &Service, rows: i64) -> Result<Vec<SubTaskId>> {
    const PAGES: i64 = 10;
    let mut ids = Vec::new();
    for page in 0..PAGES {
        let window = Window { offset: rows * page / PAGES, limit: SAMPLE / PAGES };
        let page = service.list_sub_tasks(Actor::Admin, Filter::default(), window)?;
        ids.extend(page.items.into_iter().map(|seen| seen.sub_task.id));
    }
    Ok(ids)
}

fn is_current(path: &Path) -> bool {
    let modified = |path: &Path| std::fs::metadata(path).and_then(|file| file.modified());
    // A new migration is a new folder in this one.
    let schema = modified(Path::new(MIGRATIONS)).unwrap_or(SystemTime::UNIX_EPOCH);
    modified(path).is_ok_and(|made| made > schema)
}

fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        // What was never made needs no removing.
        drop(std::fs::remove_file(name));
    }
}

/// Settings that no file and no variable changes.
struct Fixed(Settings);

impl SettingsLayers for Fixed {
    fn effective(&self, _: &Value) -> Result<Settings, SettingsError> {
        Ok(self.0.clone())
    }

    fn sources(&self, _: &Value) -> Result<Vec<Sourced>, SettingsError> {
        Ok(Vec::new())
    }

    fn fixed_by(&self, _: &str) -> Option<String> {
        None
    }
}

fn open_service(path: &Path) -> Result<Service> {
    let mut settings = Settings::default();
    settings.database.path = path.display().to_string();
    Ok(Service::open(Arc::new(Fixed(settings)), Arc::new(SystemClock))?)
}

fn fill(path: &Path, rows: usize) -> Result<()> {
    let service = open_service(path)?;
    let mut maker = Maker::new(&service)?;
    drop(service);
    let options =
        StoreOptions { location: Location::Sqlite(path.into()), connections: 1, queue_max: 16 };
    let store = Store::open(&options)?;
    for first in (0..rows).step_by(BATCH) {
        let batch: Vec<Made> = (first..rows.min(first + BATCH))
            .map(|index| maker.sub_task(index, rows))
            .collect::<Result<_>>()?;
        store.write(move |writer| -> Result<(), StorageError> {
            for made in &batch {
                sub_task::insert(writer, &made.sub_task)?;
                prerequisite::insert(writer, made.sub_task.id, &made.depends_on)?;
                if let Some(submission) = &made.submission {
                    openmoss_storage::submission::insert(writer, submission)?;
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}

struct Made {
    sub_task: SubTask,
    depends_on: Vec<SubTaskId>,
    submission: Option<Submission>,
}

impl Made {
    /// Whether somebody judged it.
    fn is_reviewed(&self) -> bool {
        matches!(self.sub_task.status, Status::Done | Status::Rework)
    }
}

/// A goal with its parts and its last finished sub-task.
#[derive(Clone)]
struct Goal {
    id: TaskId,
    modules: Vec<ModuleId>,
    last_done: Option<SubTaskId>,
}

/// Makes sub-tasks one after the other.
struct Maker {
    tasks: Vec<Goal>,
    executors: Vec<Agent>,
    reviewer: Actor,
    began: Timestamp,
    policy: Policy,
}

impl Maker {
    fn new(service: &Service) -> Result<Self> {
        let cx = Context::of(Actor::Admin);
        let agent = |role: Role, number: usize| -> Result<Agent> {
            let name = format!("{role}-{number}");
            let new =
                NewAgent { name, role, description: text(80, number), capabilities: Vec::new() };
            Ok(service.create_agent(&cx, &new)?.agent)
        };
        let executors =
            (0..EXECUTORS).map(|n| agent(Role::Executor, n)).collect::<Result<Vec<_>>>()?;
        let reviewers =
            (0..REVIEWERS).map(|n| agent(Role::Reviewer, n)).collect::<Result<Vec<_>>>()?;
        let reviewer = reviewers.first().map_or(Actor::Admin, Agent::actor);
        let mut tasks = Vec::with_capacity(TASKS);
        for number in 0..TASKS {
            let (name, description) = (text(60, number), text(300, number));
            let task = service.create_task(&cx, &name, &description, WorkKind::Once)?;
            service.move_task(&cx, task.id, TaskStatus::Active)?;
            let module = |number| -> Result<ModuleId> {
                Ok(service.create_module(&cx, task.id, &text(40, number), &text(150, number))?.id)
            };
            let modules = (0..MODULES_PER_TASK).map(module).collect::<Result<Vec<_>>>()?;
            tasks.push(Goal { id: task.id, modules, last_done: None });
        }
        let began = service.now().minus(OLDEST);
        Ok(Self::of(tasks, executors, reviewer, began))
    }

    fn of(tasks: Vec<Goal>, executors: Vec<Agent>, reviewer: Actor, began: Timestamp) -> Self {
        Self { tasks, executors, reviewer, began, policy: Policy::default() }
    }

    fn sub_task(&mut self, index: usize, rows: usize) -> Result<Made> {
        // A step that shares no factor with 100 and 16 mixes statuses, goals and owners.
        let mixed = index.wrapping_mul(2_654_435_761) >> 7;
        let step = OLDEST.as_secs_f64() / f64::from(u32::try_from(rows)?);
        let created =
            self.began.plus(Duration::from_secs_f64(step * f64::from(u32::try_from(index)?)));
        let tasks = self.tasks.len();
        let Some(Goal { id: task_id, modules, last_done }) = self.tasks.get_mut(mixed % tasks)
        else {
            bail!("there are no tasks");
        };
        let needs = last_done.filter(|_| index.is_multiple_of(PREREQUISITE_EVERY));
        let place = Place {
            task_id: *task_id,
            module_id: modules.get(mixed / 7 % modules.len()).copied(),
            held: false,
            prerequisites: u32::from(needs.is_some()),
            open_prerequisites: 0,
        };
        let id = SubTaskId::from_uuid(Uuid::now_v7());
        let mut new = SubTask::create(id, draft(index), place, created);
        let owner =
            self.executors.get(mixed / 3 % self.executors.len()).map_or(Actor::Admin, Agent::actor);
        let wish = mixed / 11 % 100;
        for (number, (actor, command)) in history(wish, owner, self.reviewer).iter().enumerate() {
            let at = created.plus(Duration::from_mins(10 * (u64::try_from(number)? + 1)));
            match new.apply(command, *actor, at, &self.policy)? {
                Transition::Changed { next, .. } => new = *next,
                Transition::Unchanged => bail!("{command:?} changed nothing"),
            }
        }
        if new.status == Status::Done {
            *last_done = Some(id);
        }
        let submission = submission(&new, index);
        Ok(Made { sub_task: new, depends_on: needs.into_iter().collect(), submission })
    }
}

fn draft(index: usize) -> Draft {
    let priority = match index % 10 {
        0 => Priority::High,
        1..=7 => Priority::Medium,
        _ => Priority::Low,
    };
    Draft {
        name: text(40, index),
        description: text(300, index),
        deliverable: text(60, index),
        acceptance: text(150, index),
        kind: if index % 50 == 7 { WorkKind::Recurring } else { WorkKind::Once },
        priority,
        recurrence: None,
        required_capabilities: Vec::new(),
    }
}

/// What has happened to a sub-task, for a number of 0 to 99: 20 pending, 5 assigned, 5 in progress,
/// 5 in review, 2 in rework, 2 blocked, 1 cancelled, 60 done.
fn history(wish: usize, owner: Actor, reviewer: Actor) -> Vec<(Actor, Command)> {
    let session = || Some(format!("session-{wish}"));
    let claim = (owner, Command::Claim { session: session() });
    let start = (owner, Command::Start { session: session(), attempt: None });
    let submit = (owner, Command::Submit { attempt: None });
    let block = Command::Block {
        kind: BlockedKind::NeedsInput,
        detail: text(100, wish),
        waits_for: Some("the product owner".to_owned()),
    };
    match wish {
        0..20 => vec![],
        20..25 => vec![claim],
        25..30 => vec![claim, start],
        30..35 => vec![claim, start, submit],
        35..37 => {
            vec![claim, start, submit, (reviewer, Command::Reject { rework_agent: None })]
        }
        37..39 => vec![claim, start, (owner, block)],
        39 => vec![(Actor::Admin, Command::Cancel)],
        _ => vec![claim, start, submit, (reviewer, Command::Approve)],
    }
}

fn submission(of: &SubTask, index: usize) -> Option<Submission> {
    let agent_id: AgentId = of.owner?;
    if !matches!(of.status, Status::Review | Status::Rework | Status::Done) {
        return None;
    }
    let artifact = Artifact {
        kind: ArtifactKind::Path,
        value: format!("deliverables/{index}.md"),
        title: text(30, index),
    };
    Some(Submission {
        id: SubmissionId::from_uuid(Uuid::now_v7()),
        sub_task_id: of.id,
        agent_id,
        attempt: of.attempt,
        is_late: false,
        deliverable: Deliverable { summary: text(300, index), artifacts: vec![artifact] },
        created_at: of.updated_at,
    })
}
