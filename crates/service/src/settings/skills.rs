//! Which skills agents get beside the one of their role.

use openmoss_domain::{FieldError, Role};
use serde::{Deserialize, Serialize};

use crate::skill::is_skill_name;

/// Most skills beside the role's own: each one's description is read at every wake-up.
const SKILLS_MAX: usize = 20;

/// `skills.*`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SkillSettings {
    /// Of planners.
    pub planner: Vec<String>,
    /// Of executors.
    pub executor: Vec<String>,
    /// Of reviewers.
    pub reviewer: Vec<String>,
    /// Of patrol agents.
    pub patrol: Vec<String>,
}

impl SkillSettings {
    /// What agents of this role get beside the role's own.
    #[must_use]
    pub fn of(&self, role: Role) -> &[String] {
        match role {
            Role::Planner => &self.planner,
            Role::Executor => &self.executor,
            Role::Reviewer => &self.reviewer,
            Role::Patrol => &self.patrol,
        }
    }

    pub(super) fn problems(&self) -> Vec<FieldError> {
        let wrong = |role: &Role| {
            let names = self.of(*role);
            let message = if names.len() > SKILLS_MAX {
                format!("must have at most {SKILLS_MAX} entries")
            } else {
                let name = names.iter().find(|name| !is_skill_name(name))?;
                format!("must name skills by their folders; {name:?} cannot be one")
            };
            Some(FieldError::new(format!("skills.{role}"), message))
        };
        Role::ALL.iter().filter_map(wrong).collect()
    }
}
