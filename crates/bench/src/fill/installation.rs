//! A database as a team of a thousand agents leaves it after three months: what an admin looks at.
//! It is thought out in memory and stored as an import stores it, many rows in a statement.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use openmoss_domain::import::{ImportedAgent, ImportedSubTask};
use openmoss_domain::log::{LogAction, LogEntry};
use openmoss_domain::request::RequestEntry;
use openmoss_domain::score::{ScoreChange, review_delta};
use openmoss_domain::sub_task::WorkKind;
use openmoss_domain::{
    Actor, Agent, AgentId, AgentStatus, Capabilities, LogId, Module, ModuleId, Persona, RequestId,
    Review, ReviewId, ReviewResult, Role, ScoreLogId, SubTaskId, Task, TaskId, TaskStatus,
    Timestamp,
};
use openmoss_service::settings::{Secret, Settings};
use openmoss_service::{Clock as _, Service, SystemClock};
use openmoss_storage::import::{Arrived, Target};
use openmoss_storage::{
    Location, StorageError, Store, StoreOptions, Writer, prerequisite, submission,
};
use uuid::Uuid;

use super::{Fixed, Goal, Made, Maker, OLDEST};
use crate::texts::text;

const TASKS: usize = 1_000;
const MODULES_PER_TASK: usize = 4;
const AGENTS: usize = 1_000;
/// Rows that are on their way at once.
const CHUNK: usize = 5_000;
/// How far back the request log goes.
const REQUESTS_FOR: Duration = Duration::from_hours(24 * 7);
/// Every such sub-task shows what was handed in.
const SUBMISSION_EVERY: usize = 10;
/// The admin's password while measuring, and the cheapest hash of it there is.
const PASSWORD: &str = "correct horse";
const PASSWORD_HASH: &str = "bcrypt:$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";

/// How many rows of each kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) sub_tasks: usize,
    pub(crate) reviews: usize,
    pub(crate) entries: usize,
    pub(crate) requests: usize,
}

/// What an admin would look at in a filled database.
pub(crate) struct Installation {
    /// A session of the admin.
    pub(crate) token: String,
    pub(crate) task: TaskId,
    pub(crate) module: ModuleId,
    pub(crate) sub_task: SubTaskId,
    pub(crate) owner: AgentId,
    pub(crate) reviewer: AgentId,
    pub(crate) review: ReviewId,
}

/// Fills an empty database, and logs in.
pub(crate) fn fill(database: &str, size: Size) -> Result<Installation> {
    let begun = Instant::now();
    let team = Team::new();
    let made = team.work(size)?;
    let reviews = team.reviews(size, &made)?;
    let middle = made.get(made.len() / 2).context("no sub-task was made")?;
    let (task, module) = (middle.sub_task.task_id, middle.sub_task.module_id);
    let (sub_task, module) = (middle.sub_task.id, module.context("a sub-task without a module")?);
    let review = reviews.get(reviews.len() / 2).context("no review was made")?.review.id;
    let owner = team.executors.first().context("no executor")?.id;
    let reviewer = team.reviewers.first().context("no reviewer")?.id;
    team.store(database, size, made, reviews)?;
    let token = log_in(database)?;
    eprintln!("  filled in {:.1} s", begun.elapsed().as_secs_f64());
    Ok(Installation { token, task, module, sub_task, owner, reviewer, review })
}

/// Opens a session past the server, which finds it in the database.
fn log_in(database: &str) -> Result<String> {
    let mut settings = Settings::default();
    settings.database.url = Secret::new(database);
    settings.admin.password = Secret::new(PASSWORD_HASH);
    let service = Service::attach(Arc::new(Fixed(settings)), Arc::new(SystemClock))?;
    Ok(service.log_in(PASSWORD, None)?.expose().to_owned())
}

/// A review and what it changed.
#[derive(Clone)]
struct Judged {
    review: Review,
    change: Option<ScoreChange>,
}

struct Team {
    agents: Vec<Agent>,
    executors: Vec<Agent>,
    reviewers: Vec<Agent>,
    tasks: Vec<Task>,
    modules: Vec<Module>,
    began: Timestamp,
}

impl Team {
    fn new() -> Self {
        let began = SystemClock.now().minus(OLDEST);
        let agents: Vec<Agent> = (0..AGENTS).map(|number| new_agent(number, began)).collect();
        let tasks: Vec<Task> = (0..TASKS).map(|number| new_task(number, began)).collect();
        let of_task = |task| (0..MODULES_PER_TASK).map(move |number| new_module(task, number));
        let modules = tasks.iter().flat_map(of_task).collect();
        let of_role = |role| agents.iter().filter(|agent| agent.role == role).cloned().collect();
        let (executors, reviewers) = (of_role(Role::Executor), of_role(Role::Reviewer));
        Self { agents, executors, reviewers, tasks, modules, began }
    }

    fn work(&self, size: Size) -> Result<Vec<Made>> {
        let reviewer = self.reviewers.first().map_or(Actor::Admin, Agent::actor);
        let goals = self.tasks.iter().zip(self.modules.chunks(MODULES_PER_TASK));
        let goal = |(task, modules): (&Task, &[Module])| Goal {
            id: task.id,
            modules: modules.iter().map(|module| module.id).collect(),
            last_done: None,
        };
        let goals = goals.map(goal).collect();
        let mut maker = Maker::of(goals, self.executors.clone(), reviewer, self.began);
        (0..size.sub_tasks).map(|index| maker.sub_task(index, size.sub_tasks)).collect()
    }

    /// Round after round of reviews of what was handed in.
    fn reviews(&self, size: Size, made: &[Made]) -> Result<Vec<Judged>> {
        let reviewed: Vec<&Made> = made.iter().filter(|one| one.is_reviewed()).collect();
        let judge = |index: usize| -> Result<Judged> {
            let of = reviewed.get(index % reviewed.len()).context("nothing was handed in")?;
            let is_good = !index.is_multiple_of(4);
            let review = Review {
                id: ReviewId::from_uuid(Uuid::now_v7()),
                sub_task_id: of.sub_task.id,
                reviewer: self.reviewers.get(index % self.reviewers.len()).map(|one| one.id),
                round: u32::try_from(index / reviewed.len())? + 1,
                result: if is_good { ReviewResult::Approved } else { ReviewResult::Rejected },
                score: if is_good { 5 } else { 2 },
                issues: if is_good { String::new() } else { text(120, index) },
                comment: text(80, index),
                rework_agent: None,
                created_at: self.at(index, size.reviews, OLDEST)?,
            };
            let change = of.sub_task.owner.map(|owner| score_change(&review, owner));
            Ok(Judged { review, change })
        };
        (0..size.reviews).map(judge).collect()
    }

    fn store(
        &self,
        database: &str,
        size: Size,
        made: Vec<Made>,
        reviews: Vec<Judged>,
    ) -> Result<()> {
        let location = Location::parse(database)?;
        let store = Store::open(&StoreOptions { location, connections: 1, queue_max: 16 })?;
        let entries = (0..size.entries).map(|index| self.entry(&made, index, size.entries));
        let entries: Vec<LogEntry> = entries.collect::<Result<_>>()?;
        let requests = (0..size.requests).map(|index| self.request(index, size.requests));
        let requests: Vec<RequestEntry> = requests.collect::<Result<_>>()?;
        let agents = self.agents_with_scores(&reviews);
        let (tasks, modules) = (self.tasks.clone(), self.modules.clone());
        bring(&store, move |target| {
            // Nobody calls with a key of theirs.
            target.agents(&agents, &str::to_owned)?;
            target.tasks(&tasks)?;
            target.modules(&modules).map(drop)
        })?;
        store_work(&store, made)?;
        let (reviews, changes): (Vec<_>, Vec<_>) =
            reviews.into_iter().map(|judged| (judged.review, judged.change)).unzip();
        let changes: Vec<ScoreChange> = changes.into_iter().flatten().collect();
        bring(&store, move |target| {
            in_chunks(&reviews, |some| target.reviews(some))?;
            in_chunks(&changes, |some| target.score_changes(some))
        })?;
        bring(&store, move |target| in_chunks(&entries, |some| target.log_entries(some)))?;
        bring(&store, move |target| {
            let day_of = |at: Timestamp| at.to_string().chars().take(10).collect();
            in_chunks(&requests, |some| target.requests(some, &day_of))?;
            target.settle_agents()
        })
    }

    /// Each agent with what its reviews brought it.
    fn agents_with_scores(&self, reviews: &[Judged]) -> Vec<ImportedAgent> {
        let mut sums: HashMap<AgentId, (i64, i64, i64)> = HashMap::new();
        for change in reviews.iter().filter_map(|judged| judged.change.as_ref()) {
            let sum = sums.entry(change.agent_id).or_default();
            sum.0 += change.delta;
            sum.1 += i64::from(change.delta > 0);
            sum.2 += i64::from(change.delta < 0);
        }
        let with_score = |agent: &Agent| {
            let (total_score, rewards, penalties) =
                sums.get(&agent.id).copied().unwrap_or_default();
            let agent = Agent { total_score, ..agent.clone() };
            ImportedAgent { agent, key: None, rewards, penalties, correction: None }
        };
        self.agents.iter().map(with_score).collect()
    }

    fn entry(&self, made: &[Made], index: usize, all: usize) -> Result<LogEntry> {
        let action = LogAction::ALL.get(index % LogAction::ALL.len());
        Ok(LogEntry {
            id: LogId::from_uuid(Uuid::now_v7()),
            agent_id: self.caller(index)?,
            sub_task_id: made.get(index % made.len()).map(|one| one.sub_task.id),
            action: action.copied().unwrap_or(LogAction::Coding),
            summary: text(120, index),
            session_id: None,
            created_at: self.at(index, all, OLDEST)?,
        })
    }

    fn request(&self, index: usize, all: usize) -> Result<RequestEntry> {
        let (method, path) = match index % 4 {
            0 => ("POST", "/sub-tasks/0198d6f0-0000-7000-8000-000000000000/submit"),
            1 => ("GET", "/sub-tasks/mine"),
            _ => ("GET", "/sub-tasks/available"),
        };
        Ok(RequestEntry {
            id: RequestId::from_uuid(Uuid::now_v7()),
            agent_id: self.caller(index)?,
            method: method.to_owned(),
            path: path.to_owned(),
            sent: Some(r#"{"page_size":"20"}"#.to_owned()),
            status: 200,
            duration_ms: 3,
            created_at: self.at(index, all, REQUESTS_FOR)?,
        })
    }

    fn caller(&self, index: usize) -> Result<AgentId> {
        Ok(self.executors.get(index % self.executors.len()).context("no executor")?.id)
    }

    /// When the `index`th of `all` happened, the last of them now.
    fn at(&self, index: usize, all: usize, within: Duration) -> Result<Timestamp> {
        let share = f64::from(u32::try_from(index)?) / f64::from(u32::try_from(all)?);
        let first = self.began.plus(OLDEST.saturating_sub(within));
        Ok(first.plus(within.mul_f64(share)))
    }
}

fn new_agent(number: usize, created_at: Timestamp) -> Agent {
    let role = match number % 20 {
        0 | 10 => Role::Reviewer,
        1 => Role::Planner,
        11 => Role::Patrol,
        _ => Role::Executor,
    };
    Agent {
        id: AgentId::from_uuid(Uuid::now_v7()),
        name: format!("{role}-{number}"),
        role,
        description: text(80, number),
        status: if number % 50 == 49 { AgentStatus::Disabled } else { AgentStatus::Active },
        capabilities: Capabilities::default(),
        persona: Persona::default(),
        total_score: 0,
        created_at,
    }
}

fn new_task(number: usize, began: Timestamp) -> Task {
    let (name, description) = (text(60, number), text(300, number));
    let kind = if number.is_multiple_of(10) { WorkKind::Recurring } else { WorkKind::Once };
    let created_at = began.plus(Duration::from_mins(u64::try_from(number).unwrap_or(0)));
    let id = TaskId::from_uuid(Uuid::now_v7());
    let status = if number.is_multiple_of(3) { TaskStatus::InProgress } else { TaskStatus::Active };
    Task { status, ..Task::create(id, name, description, kind, created_at) }
}

fn new_module(of: &Task, number: usize) -> Module {
    Module {
        id: ModuleId::from_uuid(Uuid::now_v7()),
        task_id: of.id,
        name: text(40, number),
        description: text(150, number),
        created_at: of.created_at,
    }
}

fn score_change(review: &Review, owner: AgentId) -> ScoreChange {
    ScoreChange {
        id: ScoreLogId::from_uuid(review.id.as_uuid()),
        agent_id: owner,
        sub_task_id: Some(review.sub_task_id),
        reason: format!("review: {}, score {}", review.result, review.score),
        delta: review_delta(review.result, review.score),
        created_at: review.created_at,
    }
}

/// Stores rows of some tables, all of them or none.
fn bring<F>(store: &Store, rows: F) -> Result<()>
where
    F: Fn(&mut Target<'_>) -> Result<(), StorageError> + Send + 'static,
{
    store.write(move |writer: &mut Writer| Target::write(writer, &rows))?;
    Ok(())
}

/// In chunks, because rows on their way take more room than values.
fn in_chunks<T>(
    rows: &[T],
    mut store: impl FnMut(&[T]) -> Result<Arrived, StorageError>,
) -> Result<(), StorageError> {
    rows.chunks(CHUNK).try_for_each(|some| store(some).map(drop))
}

fn store_work(store: &Store, made: Vec<Made>) -> Result<()> {
    let with_owner = |one: &Made| ImportedSubTask {
        sub_task: one.sub_task.clone(),
        first_owner: one.sub_task.owner,
    };
    let sub_tasks: Vec<ImportedSubTask> = made.iter().map(with_owner).collect();
    bring(store, move |target| in_chunks(&sub_tasks, |some| target.sub_tasks(some)))?;
    store.write(move |writer| -> Result<(), StorageError> {
        for one in made.iter().filter(|one| !one.depends_on.is_empty()) {
            prerequisite::insert(writer, one.sub_task.id, &one.depends_on)?;
        }
        for one in made.iter().step_by(SUBMISSION_EVERY) {
            if let Some(handed_in) = &one.submission {
                submission::insert(writer, handed_in)?;
            }
        }
        Ok(())
    })?;
    Ok(())
}
