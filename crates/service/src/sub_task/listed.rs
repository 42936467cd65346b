//! Reading sub-tasks as an admin does: any list, and one with everything around it.

use openmoss_domain::{Actor, DomainError, Review, SubTask, SubTaskId, Submission};
use openmoss_storage::sub_task::{self as stored, Filter, Search};
use openmoss_storage::{Page, Reader, Window, module, prerequisite, review, submission, task};

use super::query::SubTaskView;
use crate::Service;
use crate::error::ServiceError;
use crate::names::Named;

/// How many related sub-tasks one answer shows.
const RELATED_MAX: usize = 200;
/// How many submissions and reviews it shows; the lists have the rest.
const LATEST: Window = Window { offset: 0, limit: 50 };

/// A sub-task with the names that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSubTask {
    /// The sub-task.
    pub sub_task: SubTask,
    /// Its task's name.
    pub task_name: String,
    /// Its module's name.
    pub module_name: Option<String>,
    /// Its owner's name.
    pub owner_name: Option<String>,
}

/// A sub-task with everything around it.
#[derive(Debug, Clone)]
pub struct WholeSubTask {
    /// With its names.
    pub listed: ListedSubTask,
    /// What the actor can do with it, and why it does not move.
    pub seen: SubTaskView,
    /// What must be done before it.
    pub prerequisites: Vec<SubTask>,
    /// What waits for it.
    pub dependents: Vec<SubTask>,
    /// What was handed in, newest first.
    pub submissions: Vec<Submission>,
    /// How it was judged, newest first.
    pub reviews: Vec<Review>,
}

impl Service {
    /// A page of the sub-tasks that a search finds. A task or module that is searched in must
    /// exist, and belong together.
    pub fn search_sub_tasks(
        &self,
        search: &Search,
        window: Window,
    ) -> Result<Page<ListedSubTask>, ServiceError> {
        self.read(|reader| {
            check_place(reader, search.filter)?;
            let found = stored::search(reader, search, window)?;
            Ok(Page { items: named(reader, found.items)?, total: found.total })
        })
    }

    /// One sub-task with everything around it, with `actor`'s eyes.
    pub fn find_whole_sub_task(
        &self,
        actor: Actor,
        id: SubTaskId,
    ) -> Result<WholeSubTask, ServiceError> {
        let seen = self.find_sub_task(actor, id)?;
        let around = self.read(|reader| {
            let listed = named(reader, vec![seen.sub_task.clone()])?.into_iter().next();
            let mut dependents = prerequisite::dependents(reader, id)?;
            dependents.truncate(RELATED_MAX);
            let needed = seen.depends_on.get(..RELATED_MAX).unwrap_or(&seen.depends_on);
            Ok((
                listed.ok_or(ServiceError::not_found("sub_task"))?,
                stored::find_many(reader, needed)?,
                stored::find_many(reader, &dependents)?,
                submission::list(reader, id, LATEST)?.items,
                review::list(reader, Some(id), LATEST)?.items,
            ))
        })?;
        let (listed, prerequisites, dependents, submissions, reviews) = around;
        Ok(WholeSubTask { listed, seen, prerequisites, dependents, submissions, reviews })
    }
}

fn check_place(reader: &mut Reader, filter: Filter) -> Result<(), ServiceError> {
    if let Some(id) = filter.task_id {
        task::find(reader, id)?.ok_or(ServiceError::not_found("task"))?;
    }
    if let Some(id) = filter.module_id {
        let module = module::find(reader, id)?.ok_or(ServiceError::not_found("module"))?;
        if filter.task_id.is_some_and(|task| task != module.task_id) {
            return Err(DomainError::field("module_id", "is a module of another task").into());
        }
    }
    Ok(())
}

/// Sub-tasks with their names.
pub(crate) fn named(
    reader: &mut Reader,
    sub_tasks: Vec<SubTask>,
) -> Result<Vec<ListedSubTask>, ServiceError> {
    let mut named = Named::default();
    for sub_task in &sub_tasks {
        named.add(sub_task);
    }
    let names = named.read(reader)?;
    let with_names = |sub_task: SubTask| ListedSubTask {
        task_name: names.task(sub_task.task_id),
        module_name: names.module(sub_task.module_id),
        owner_name: names.agent(sub_task.owner),
        sub_task,
    };
    Ok(sub_tasks.into_iter().map(with_names).collect())
}
