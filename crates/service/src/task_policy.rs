//! What the sub-tasks of a task must have: the settings, and what an admin decided for the task.

use openmoss_domain::requirements::{OwnRequirements, Requirements};
use openmoss_domain::{Event, EventKind, Fields, TaskId};
use openmoss_storage::task::Lock;
use openmoss_storage::{Reader, task, task_policy as stored};
use serde::{Deserialize, Serialize};

use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;
use crate::settings::PolicySettings;
use crate::step::append;

/// What holds for a task, and what of it is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskPolicy {
    /// Its own.
    pub own: OwnRequirements,
    /// What holds.
    pub in_force: Requirements,
}

impl From<&PolicySettings> for Requirements {
    fn from(settings: &PolicySettings) -> Self {
        let is_strict = settings.strict;
        Self {
            module: is_strict || settings.require_module,
            description: is_strict || settings.require_description,
            deliverable: is_strict || settings.require_deliverable,
            acceptance: is_strict || settings.require_acceptance,
            approvals: settings.approvals,
        }
    }
}

/// What holds for a task under these settings.
pub(crate) fn in_force(
    reader: &mut Reader,
    settings: Requirements,
    id: TaskId,
) -> Result<Requirements, ServiceError> {
    Ok(stored::find(reader, id)?.over(settings))
}

impl Service {
    pub(crate) fn requirements(&self) -> Requirements {
        (&self.settings().policy).into()
    }

    /// What holds for the sub-tasks of a task.
    pub fn find_task_policy(&self, id: TaskId) -> Result<TaskPolicy, ServiceError> {
        let settings = self.requirements();
        self.read(|reader| {
            task::find(reader, id)?.ok_or(ServiceError::not_found("task"))?;
            let own = stored::find(reader, id)?;
            Ok(TaskPolicy { own, in_force: own.over(settings) })
        })
    }

    /// Decides for a task; what is left open, the settings decide. It holds from now on: what exists
    /// stays as it is.
    pub fn set_task_policy(
        &self,
        cx: &Context,
        id: TaskId,
        own: OwnRequirements,
    ) -> Result<TaskPolicy, ServiceError> {
        let mut fields = Fields::default();
        own.check(&mut fields);
        fields.finish()?;
        let (stepper, settings) = (self.stepper(cx), self.requirements());
        self.write(cx, move |writer| {
            let found = task::find_locked(writer, id, Lock::Exclusive)?;
            found.ok_or(ServiceError::not_found("task"))?;
            if stored::find(writer, id)? != own {
                stored::set(writer, id, own, stepper.now)?;
                let event = Event::new(EventKind::TaskPolicySet, stepper.actor, stepper.now)
                    .task(id)
                    .with("require_module", own.module)
                    .with("require_description", own.description)
                    .with("require_deliverable", own.deliverable)
                    .with("require_acceptance", own.acceptance)
                    .with("approvals", own.approvals);
                append(writer, &event)?;
            }
            Ok(TaskPolicy { own, in_force: own.over(settings) })
        })
    }
}
