//! What a new sub-task must have, and how often its work must be approved: the operator's choice, and
//! for single tasks the admin's.

use serde::{Deserialize, Serialize};

use crate::error::Fields;
use crate::sub_task::{Draft, Edit};

/// Most approvals that can be asked for.
pub const APPROVALS_MAX: u32 = 10;

/// What holds for the sub-tasks of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Requirements {
    /// Each must be in a module.
    pub module: bool,
    /// Each must have a description.
    pub description: bool,
    /// Each must say what to hand in.
    pub deliverable: bool,
    /// Each must say how it will be judged.
    pub acceptance: bool,
    /// How many reviewers must approve what is handed in.
    pub approvals: u32,
}

impl Default for Requirements {
    /// Nothing that existing clients do not send.
    fn default() -> Self {
        Self {
            module: false,
            description: false,
            deliverable: false,
            acceptance: false,
            approvals: 1,
        }
    }
}

impl Requirements {
    /// Notes everything that a new sub-task lacks. `place` is where it stands in a plan; empty for
    /// one alone.
    pub fn check(&self, place: &str, draft: &Draft, has_module: bool, fields: &mut Fields) {
        let dot = if place.is_empty() { "" } else { "." };
        if self.module && !has_module {
            let field = if place.is_empty() { "module_id" } else { place };
            fields.push(field, "must be in a module: the policy requires it");
        }
        for (name, text, is_required) in [
            ("description", &draft.description, self.description),
            ("deliverable", &draft.deliverable, self.deliverable),
            ("acceptance", &draft.acceptance, self.acceptance),
        ] {
            if is_required && text.trim().is_empty() {
                fields.push(format!("{place}{dot}{name}"), EMPTY);
            }
        }
    }

    /// Notes every text that a change would take away.
    pub fn check_edit(&self, edit: &Edit, fields: &mut Fields) {
        for (name, text, is_required) in [
            ("description", &edit.description, self.description),
            ("deliverable", &edit.deliverable, self.deliverable),
            ("acceptance", &edit.acceptance, self.acceptance),
        ] {
            if is_required && text.as_ref().is_some_and(|text| text.trim().is_empty()) {
                fields.push(name, EMPTY);
            }
        }
    }
}

const EMPTY: &str = "must not be empty: the policy requires it";

/// What a task has of its own; the settings decide the rest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRequirements {
    /// Each must be in a module.
    pub module: Option<bool>,
    /// Each must have a description.
    pub description: Option<bool>,
    /// Each must say what to hand in.
    pub deliverable: Option<bool>,
    /// Each must say how it will be judged.
    pub acceptance: Option<bool>,
    /// How many reviewers must approve what is handed in.
    pub approvals: Option<u32>,
}

impl OwnRequirements {
    /// What holds, over these settings.
    #[must_use]
    pub fn over(&self, settings: Requirements) -> Requirements {
        Requirements {
            module: self.module.unwrap_or(settings.module),
            description: self.description.unwrap_or(settings.description),
            deliverable: self.deliverable.unwrap_or(settings.deliverable),
            acceptance: self.acceptance.unwrap_or(settings.acceptance),
            approvals: self.approvals.unwrap_or(settings.approvals),
        }
    }

    /// Checks the number.
    pub fn check(&self, fields: &mut Fields) {
        if self.approvals.is_some_and(|number| !(1..=APPROVALS_MAX).contains(&number)) {
            fields.push("approvals", format!("must be 1 to {APPROVALS_MAX}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::DomainError;
    use crate::sub_task::{Priority, WorkKind};

    #[test]
    fn everything_that_is_missing_is_named_with_its_place() {
        let draft = Draft {
            name: "Report".to_owned(),
            description: "  ".to_owned(),
            deliverable: "report.md".to_owned(),
            acceptance: String::new(),
            kind: WorkKind::Once,
            priority: Priority::Medium,
            recurrence: None,
            required_capabilities: Vec::new(),
        };
        let strict = Requirements {
            module: true,
            description: true,
            deliverable: true,
            acceptance: true,
            approvals: 1,
        };
        let named = |requirements: Requirements, place: &str, has_module| {
            let mut fields = Fields::default();
            requirements.check(place, &draft, has_module, &mut fields);
            match fields.finish() {
                Ok(()) => Vec::new(),
                Err(DomainError::Invalid(errors)) => {
                    errors.into_iter().map(|error| error.field).collect()
                }
                Err(other) => panic!("{other:?}"),
            }
        };
        assert_eq!(named(Requirements::default(), "", false), [""; 0]);
        assert_eq!(named(strict, "", false), ["module_id", "description", "acceptance"]);
        let place = "sub_tasks[2]";
        let expected = ["sub_tasks[2]", "sub_tasks[2].description", "sub_tasks[2].acceptance"];
        assert_eq!(named(strict, place, false), expected);
        let own = OwnRequirements { acceptance: Some(false), ..OwnRequirements::default() };
        assert_eq!(named(own.over(strict), "", true), ["description"]);
    }
}
