//! Why a task does not move.

use std::collections::{BTreeSet, HashMap};

use openmoss_domain::diagnosis::{Standing, diagnose};
use openmoss_domain::sub_task::Status;
use openmoss_domain::waiting::{WaitingFor, behind_budget, waiting_for};
use openmoss_domain::{AgentId, SubTask, SubTaskId, Task, TaskId};
use openmoss_storage::counter::{CLAIMABLE, Scope, counts};
use openmoss_storage::sub_task::{self as stored, Filter};
use openmoss_storage::{Reader, Window, agent, prerequisite, task};

use crate::Service;
use crate::error::ServiceError;

/// How many sub-tasks of each status are told one by one.
const TOLD_MAX: i64 = 50;
/// How many open prerequisites of a sub-task are named.
const NAMED_MAX: usize = 10;
/// The statuses in which somebody should look first come first.
const ORDER: [Status; 6] = [
    Status::Blocked,
    Status::InProgress,
    Status::Review,
    Status::Rework,
    Status::Assigned,
    Status::Pending,
];

/// What a task waits for.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    /// The task.
    pub task: Task,
    /// What keeps it from being finished, in words.
    pub sentence: String,
    /// How many sub-tasks are open.
    pub open: i64,
    /// The newest open sub-tasks of each status, at most fifty of each.
    pub sub_tasks: Vec<Waiting>,
}

/// What an open sub-task waits for.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The sub-task.
    pub sub_task: SubTask,
    /// Its owner's name.
    pub owner_name: Option<String>,
    /// What it waits for, and since when.
    pub waiting_for: WaitingFor,
    /// What must be done before it and is not, some of it.
    pub prerequisites: Vec<SubTask>,
}

impl Service {
    /// Why a task does not move: for each open sub-task what it waits for.
    pub fn diagnose_task(&self, id: TaskId) -> Result<Diagnosis, ServiceError> {
        let (around, now, policy) =
            (self.directory.surroundings(&self.store)?, self.now(), self.policy());
        let is_day_used_up = self.is_day_used_up()?;
        self.read(|reader| {
            let task = task::find(reader, id)?.ok_or(ServiceError::not_found("task"))?;
            let open = open_sub_tasks(reader, id)?;
            let owners: BTreeSet<_> = open.iter().filter_map(|one| one.owner).collect();
            let names = agent::names(reader, &owners)?;
            let mut needed = open_prerequisites(reader, &open)?;
            let is_silent = |one: &&SubTask| {
                one.status == Status::InProgress
                    && one.lease_expires_at.is_some_and(|expiry| expiry <= now)
            };
            let silent = open.iter().filter(is_silent).count();
            let counts = counts(reader, Scope::Task(id))?;
            let standing = Standing {
                in_status: |status: Status| counts.get(status.as_str()),
                claimable: counts.get(CLAIMABLE),
                silent: i64::try_from(silent).unwrap_or(i64::MAX),
            };
            let sentence = diagnose(&task, &standing, &around);
            let open_count = ORDER.iter().map(|status| counts.get(status.as_str())).sum();
            let is_stopped = task.is_stopped && task.status.is_open();
            let name = |id: AgentId| names.get(&id).cloned();
            let sub_tasks = open.into_iter().filter_map(|sub_task| {
                let waiting = waiting_for(&sub_task, &around, now, &policy)?;
                Some(Waiting {
                    waiting_for: behind_budget(waiting, is_stopped, is_day_used_up),
                    owner_name: sub_task.owner.and_then(name),
                    prerequisites: needed.remove(&sub_task.id).unwrap_or_default(),
                    sub_task,
                })
            });
            Ok(Diagnosis { task, sentence, open: open_count, sub_tasks: sub_tasks.collect() })
        })
    }
}

fn open_sub_tasks(reader: &mut Reader, id: TaskId) -> Result<Vec<SubTask>, ServiceError> {
    let mut open = Vec::new();
    for status in ORDER {
        let filter = Filter { task_id: Some(id), status: Some(status), ..Filter::default() };
        let window = Window { offset: 0, limit: TOLD_MAX };
        open.extend(stored::list(reader, filter, window)?.items);
    }
    Ok(open)
}

/// What each of `open` waits for, the first few of it.
fn open_prerequisites(
    reader: &mut Reader,
    open: &[SubTask],
) -> Result<HashMap<SubTaskId, Vec<SubTask>>, ServiceError> {
    let waiting = open.iter().filter(|one| one.open_prerequisites > 0).map(|one| one.id);
    let edges = prerequisite::find_all(reader, &waiting.collect::<Vec<_>>())?;
    let ids: BTreeSet<_> = edges.values().flatten().copied().collect();
    let found = stored::find_many(reader, &ids.into_iter().collect::<Vec<_>>())?;
    let found: HashMap<_, _> = found.into_iter().map(|one| (one.id, one)).collect();
    let named = |ids: Vec<SubTaskId>| -> Vec<SubTask> {
        let needed = ids.iter().filter_map(|id| found.get(id));
        needed.filter(|one| one.status != Status::Done).take(NAMED_MAX).cloned().collect()
    };
    Ok(edges.into_iter().map(|(id, ids)| (id, named(ids))).collect())
}
