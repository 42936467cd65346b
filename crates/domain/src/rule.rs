//! Rules: texts that every agent reads, and how they are merged.

use serde::{Deserialize, Serialize};

use crate::error::{DomainError, Fields};
use crate::id::{RuleId, SubTaskId, TaskId};
use crate::text;
use crate::time::Timestamp;
use crate::token::token_enum;

/// What stands between two merged texts (the contract, section 6).
pub(crate) const SEPARATOR: &str = "\n\n---\n\n";

token_enum! {
    /// What a rule applies to.
    RuleScope {
        /// Everything.
        Global = "global",
        /// One goal.
        Task = "task",
        /// One unit of work.
        SubTask = "sub_task",
    }
}

/// A rule text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// What it applies to.
    pub scope: RuleScope,
    /// The goal, for scope `task`; may be given for `sub_task` too.
    pub task_id: Option<TaskId>,
    /// The unit of work, for scope `sub_task`.
    pub sub_task_id: Option<SubTaskId>,
    /// Markdown.
    pub content: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Rule {
    /// Checks the parts of a new rule against each other.
    ///
    /// # Errors
    /// [`DomainError::Invalid`] with every wrong field.
    pub fn check(
        scope: RuleScope,
        task_id: Option<TaskId>,
        sub_task_id: Option<SubTaskId>,
        content: &str,
    ) -> Result<(), DomainError> {
        let mut fields = Fields::default();
        if scope == RuleScope::Task && task_id.is_none() {
            fields.push("task_id", "is required when scope is task");
        }
        if scope == RuleScope::SubTask && sub_task_id.is_none() {
            fields.push("sub_task_id", "is required when scope is sub_task");
        }
        fields.keep(text::text("content", content));
        fields.finish()
    }
}

/// What replaces the variables in rule texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variables<'a> {
    /// For `{{workspace_root}}`.
    pub workspace_root: &'a str,
    /// For `{{project_name}}`.
    pub project_name: &'a str,
}

impl Variables<'_> {
    /// `text` with both variables replaced literally; anything else in braces stays.
    #[must_use]
    pub fn fill(&self, text: &str) -> String {
        text.replace("{{workspace_root}}", self.workspace_root)
            .replace("{{project_name}}", self.project_name)
    }
}

/// Global, task's and sub-task's texts in that order, each group oldest first, variables filled.
/// `rules` must hold only rules that apply.
#[must_use]
pub fn merge(rules: &[Rule], variables: &Variables<'_>) -> String {
    let mut ordered: Vec<_> = rules.iter().collect();
    ordered.sort_by_key(|rule| (rule.scope, rule.created_at));
    let texts: Vec<_> = ordered.iter().map(|rule| rule.content.as_str()).collect();
    variables.fill(&texts.join(SEPARATOR))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn rule(scope: RuleScope, at: i64, content: &str) -> Rule {
        let at = Timestamp::from_micros(at);
        Rule {
            id: RuleId::from_uuid(Uuid::nil()),
            scope,
            task_id: None,
            sub_task_id: None,
            content: content.to_owned(),
            created_at: at,
            updated_at: at,
        }
    }

    #[test]
    fn scopes_come_in_order_and_each_oldest_first() {
        let rules = [
            rule(RuleScope::SubTask, 1, "s"),
            rule(RuleScope::Task, 3, "t2 {{other}}"),
            rule(RuleScope::Task, 2, "t1 {{project_name}}"),
            rule(RuleScope::Global, 9, "g {{workspace_root}}"),
        ];
        let variables = Variables { workspace_root: "/w", project_name: "P" };
        assert_eq!(
            merge(&rules, &variables),
            "g /w\n\n---\n\nt1 P\n\n---\n\nt2 {{other}}\n\n---\n\ns"
        );
        assert_eq!(merge(&[], &variables), "");
    }
}
