//! What must be done before a sub-task: of the same task, not cancelled, and without a circle.

use std::collections::HashMap;

use openmoss_domain::plan::PREREQUISITES_MAX;
use openmoss_domain::sub_task::Status;
use openmoss_domain::{DomainError, Fields, SubTask, SubTaskId, TaskId};
use openmoss_storage::sub_task as stored;
use openmoss_storage::task::Lock;
use openmoss_storage::{Reader, Writer, prerequisite, task};

use crate::error::ServiceError;

/// The sub-tasks that another one shall wait for: of the same task, and not cancelled.
pub(crate) fn prerequisites(
    writer: &mut Writer,
    field: &str,
    task_id: TaskId,
    ids: &[SubTaskId],
) -> Result<Vec<SubTask>, ServiceError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    if ids.len() > PREREQUISITES_MAX {
        let message = format!("must have at most {PREREQUISITES_MAX} entries");
        return Err(DomainError::field(field, message).into());
    }
    let found = stored::find_many(writer, ids)?;
    let mut fields = Fields::default();
    for id in ids {
        match found.iter().find(|sub_task| sub_task.id == *id) {
            None => fields.push(field, format!("names {id}, which does not exist")),
            Some(other) if other.task_id != task_id => {
                fields.push(field, format!("names {id}, which belongs to another task"));
            }
            Some(other) if other.status == Status::Cancelled => {
                fields.push(field, format!("names {id}, which is cancelled"));
            }
            Some(_) => {}
        }
    }
    fields.finish()?;
    Ok(found)
}

/// Work that waits for cancelled work would wait for ever, out of sight of the planner.
pub(crate) fn refuse_cancelled_prerequisite(
    writer: &mut Writer,
    id: SubTaskId,
) -> Result<(), ServiceError> {
    let sub_task = stored::find(writer, id)?.ok_or(ServiceError::not_found("sub_task"))?;
    if sub_task.prerequisites == 0 {
        return Ok(());
    }
    // None of them is cancelled meanwhile.
    task::find_locked(writer, sub_task.task_id, Lock::Shared)?;
    match cancelled_prerequisite(writer, id)? {
        Some(cancelled) => Err(DomainError::PrerequisiteCancelled { id: cancelled.id }.into()),
        None => Ok(()),
    }
}

/// One of those that `id` waits for and that will never be done, if there is one.
pub(crate) fn cancelled_prerequisite(
    reader: &mut Reader,
    id: SubTaskId,
) -> Result<Option<SubTask>, ServiceError> {
    let needed = prerequisite::find_all(reader, &[id])?.remove(&id).unwrap_or_default();
    let needed = stored::find_many(reader, &needed)?;
    Ok(needed.into_iter().find(|one| one.status == Status::Cancelled))
}

pub(super) fn open_among(prerequisites: &[SubTask]) -> u32 {
    length(prerequisites.iter().filter(|sub_task| sub_task.status != Status::Done).count())
}

pub(super) fn length(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Walks from the new prerequisites to theirs, level by level, and refuses to come back to `id`.
pub(super) fn refuse_cycle(
    reader: &mut Reader,
    id: SubTaskId,
    start: &[SubTaskId],
) -> Result<(), ServiceError> {
    let mut came_from = HashMap::new();
    let mut level: Vec<SubTaskId> = start.to_vec();
    for first in start {
        came_from.insert(*first, id);
    }
    while !level.is_empty() {
        if came_from.contains_key(&id) {
            return Err(DomainError::field("depends_on", cycle_sentence(id, &came_from)).into());
        }
        let edges = prerequisite::find_all(reader, &level)?;
        level.clear();
        for (from, targets) in edges {
            for target in targets {
                came_from.entry(target).or_insert_with(|| {
                    level.push(target);
                    from
                });
            }
        }
    }
    Ok(())
}

fn cycle_sentence(id: SubTaskId, came_from: &HashMap<SubTaskId, SubTaskId>) -> String {
    let mut path = vec![id.to_string()];
    let mut at = id;
    while let Some(&before) = came_from.get(&at) {
        path.push(before.to_string());
        at = before;
        if at == id {
            break;
        }
    }
    path.reverse();
    format!("must not lead back to the sub-task itself: {}", path.join(" -> "))
}
