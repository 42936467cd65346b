//! The names behind the ids of a page, each kind read once.

use std::collections::{BTreeSet, HashMap};

use openmoss_domain::{AgentId, ModuleId, SubTask, TaskId};
use openmoss_storage::{Reader, agent, module, task};

use crate::error::ServiceError;

/// Whose names are wanted.
#[derive(Debug, Default)]
pub(crate) struct Named {
    pub(crate) tasks: BTreeSet<TaskId>,
    pub(crate) modules: BTreeSet<ModuleId>,
    pub(crate) agents: BTreeSet<AgentId>,
}

/// The names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    tasks: HashMap<TaskId, String>,
    modules: HashMap<ModuleId, String>,
    agents: HashMap<AgentId, String>,
}

impl Named {
    /// What a sub-task names.
    pub(crate) fn add(&mut self, sub_task: &SubTask) {
        self.tasks.insert(sub_task.task_id);
        self.modules.extend(sub_task.module_id);
        self.agents.extend(sub_task.owner);
    }

    pub(crate) fn read(&self, reader: &mut Reader) -> Result<Names, ServiceError> {
        Ok(Names {
            tasks: read_some(&self.tasks, |ids| task::names(reader, ids))?,
            modules: read_some(&self.modules, |ids| module::names(reader, ids))?,
            agents: read_some(&self.agents, |ids| agent::names(reader, ids))?,
        })
    }
}

fn read_some<Id>(
    ids: &BTreeSet<Id>,
    read: impl FnOnce(&BTreeSet<Id>) -> Result<HashMap<Id, String>, openmoss_storage::StorageError>,
) -> Result<HashMap<Id, String>, ServiceError> {
    if ids.is_empty() { Ok(HashMap::new()) } else { Ok(read(ids)?) }
}

impl Names {
    /// A task's name; a task is never deleted, so there always is one.
    pub(crate) fn task(&self, id: TaskId) -> String {
        self.tasks.get(&id).cloned().unwrap_or_default()
    }

    pub(crate) fn module(&self, id: Option<ModuleId>) -> Option<String> {
        self.modules.get(&id?).cloned()
    }

    /// An agent's name; none for one that was deleted.
    pub(crate) fn agent(&self, id: Option<AgentId>) -> Option<String> {
        self.agents.get(&id?).cloned()
    }
}
