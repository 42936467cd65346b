//! Reading tasks and modules as an admin does: with how much work is in them.

use openmoss_domain::sub_task::Status;
use openmoss_domain::{Module, ModuleId, ModuleSort, SortOrder, Task, TaskId};
use openmoss_storage::counter::{Counts, Scope, counts_of_each};
use openmoss_storage::task::Search;
use openmoss_storage::{Page, Reader, Window, module, task};

use crate::Service;
use crate::error::ServiceError;

/// How many sub-tasks are in each status.
#[derive(Debug, Clone, Default)]
pub struct Workload(Counts);

impl Workload {
    /// How many are in this status.
    #[must_use]
    pub fn of(&self, status: Status) -> i64 {
        self.0.get(status.as_str())
    }

    /// How many there are.
    #[must_use]
    pub fn all(&self) -> i64 {
        Status::ALL.iter().map(|status| self.of(*status)).sum()
    }
}

/// A task with how much work is in it.
#[derive(Debug, Clone)]
pub struct ListedTask {
    /// The task.
    pub task: Task,
    /// How many modules it has.
    pub modules: i64,
    /// Its sub-tasks.
    pub work: Workload,
}

/// A module with how much work is in it.
#[derive(Debug, Clone)]
pub struct ListedModule {
    /// The module.
    pub module: Module,
    /// Its task's name.
    pub task_name: String,
    /// Its sub-tasks.
    pub work: Workload,
}

impl Service {
    /// A page of the tasks that a search finds.
    pub fn search_tasks(
        &self,
        search: &Search,
        window: Window,
    ) -> Result<Page<ListedTask>, ServiceError> {
        self.read(|reader| {
            let found = task::search(reader, search, window)?;
            Ok(Page { items: with_work(reader, found.items)?, total: found.total })
        })
    }

    /// One task with how much work is in it.
    pub fn find_listed_task(&self, id: TaskId) -> Result<ListedTask, ServiceError> {
        self.read(|reader| {
            let found = task::find(reader, id)?.ok_or(ServiceError::not_found("task"))?;
            let listed = with_work(reader, vec![found])?;
            listed.into_iter().next().ok_or(ServiceError::not_found("task"))
        })
    }

    /// A page of the modules of a task.
    pub fn search_modules(
        &self,
        task_id: TaskId,
        order: (ModuleSort, SortOrder),
        window: Window,
    ) -> Result<Page<ListedModule>, ServiceError> {
        self.read(|reader| {
            let of = task::find(reader, task_id)?.ok_or(ServiceError::not_found("task"))?;
            let found = module::search(reader, task_id, order, window)?;
            let items = modules_with_work(reader, found.items, &of.name)?;
            Ok(Page { items, total: found.total })
        })
    }

    /// One module with how much work is in it.
    pub fn find_listed_module(&self, id: ModuleId) -> Result<ListedModule, ServiceError> {
        self.read(|reader| {
            let found = module::find(reader, id)?.ok_or(ServiceError::not_found("module"))?;
            let of = task::find(reader, found.task_id)?.ok_or(ServiceError::not_found("task"))?;
            let listed = modules_with_work(reader, vec![found], &of.name)?;
            listed.into_iter().next().ok_or(ServiceError::not_found("module"))
        })
    }
}

fn with_work(reader: &mut Reader, tasks: Vec<Task>) -> Result<Vec<ListedTask>, ServiceError> {
    let ids: Vec<TaskId> = tasks.iter().map(|task| task.id).collect();
    let scopes: Vec<Scope> = ids.iter().map(|id| Scope::Task(*id)).collect();
    let counts = counts_of_each(reader, &scopes)?;
    let modules = module::count_of_each(reader, &ids)?;
    let listed = |(task, counts): (Task, Counts)| ListedTask {
        modules: modules.get(&task.id).copied().unwrap_or(0),
        work: Workload(counts),
        task,
    };
    Ok(tasks.into_iter().zip(counts).map(listed).collect())
}

fn modules_with_work(
    reader: &mut Reader,
    modules: Vec<Module>,
    task_name: &str,
) -> Result<Vec<ListedModule>, ServiceError> {
    let scopes: Vec<Scope> = modules.iter().map(|module| Scope::Module(module.id)).collect();
    let counts = counts_of_each(reader, &scopes)?;
    let listed = |(module, counts): (Module, Counts)| ListedModule {
        module,
        task_name: task_name.to_owned(),
        work: Workload(counts),
    };
    Ok(modules.into_iter().zip(counts).map(listed).collect())
}
