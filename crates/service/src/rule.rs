//! Rules: what every agent reads.

use crate::id::fresh;
use openmoss_domain::rule::{Variables, merge};
use openmoss_domain::{Actor, Event, EventKind, Rule, RuleId, RuleScope, SubTaskId, TaskId};
use openmoss_storage::{StorageError, rule};

use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;
use crate::step::append;

/// A new rule, as it came in.
#[derive(Debug, Clone)]
pub struct NewRule {
    /// What it applies to.
    pub scope: RuleScope,
    /// The goal.
    pub task_id: Option<TaskId>,
    /// The unit of work.
    pub sub_task_id: Option<SubTaskId>,
    /// Markdown.
    pub content: String,
}

impl Service {
    /// The merged text of all rules that apply, variables filled in.
    pub fn merged_rules(
        &self,
        task_id: Option<TaskId>,
        sub_task_id: Option<SubTaskId>,
    ) -> Result<String, ServiceError> {
        let rules = self.read(|reader| Ok(rule::list_applicable(reader, task_id, sub_task_id)?))?;
        let settings = self.settings();
        let variables = Variables {
            workspace_root: &settings.workspace.root,
            project_name: &settings.project.name,
        };
        Ok(merge(&rules, &variables))
    }

    /// Rules, oldest first.
    pub fn list_rules(
        &self,
        scope: Option<RuleScope>,
        task_id: Option<TaskId>,
    ) -> Result<Vec<Rule>, ServiceError> {
        self.read(|reader| Ok(rule::list(reader, scope, task_id)?))
    }

    /// The rule with this id.
    pub fn find_rule(&self, id: RuleId) -> Result<Rule, ServiceError> {
        self.read(|reader| rule::find(reader, id)?.ok_or(ServiceError::not_found("rule")))
    }

    /// Creates a rule; there is one global rule at most.
    pub fn create_rule(&self, cx: &Context, new: &NewRule) -> Result<Rule, ServiceError> {
        Rule::check(new.scope, new.task_id, new.sub_task_id, &new.content)?;
        let now = self.now();
        let created = Rule {
            id: RuleId::from_uuid(fresh()),
            scope: new.scope,
            task_id: new.task_id,
            sub_task_id: new.sub_task_id,
            content: new.content.clone(),
            created_at: now,
            updated_at: now,
        };
        let event = changed(cx.actor, &created, "created", now);
        let result = self.write(cx, move |writer| {
            rule::insert(writer, &created)?;
            append(writer, &event)?;
            Ok(created.clone())
        });
        result.map_err(|error| {
            if is_second_global(&error) {
                let text = "a global rule exists already; edit that one";
                return ServiceError::AlreadyExists(text.to_owned());
            }
            error
        })
    }

    /// Replaces a rule's text.
    pub fn edit_rule(&self, cx: &Context, id: RuleId, content: &str) -> Result<Rule, ServiceError> {
        let (now, actor, content) = (self.now(), cx.actor, content.to_owned());
        self.write(cx, move |writer| {
            let before = rule::find(writer, id)?.ok_or(ServiceError::not_found("rule"))?;
            Rule::check(before.scope, before.task_id, before.sub_task_id, &content)?;
            rule::set_content(writer, id, &content, now)?;
            append(writer, &changed(actor, &before, "edited", now))?;
            Ok(Rule { content: content.clone(), updated_at: now, ..before })
        })
    }

    /// Deletes a rule.
    pub fn delete_rule(&self, cx: &Context, id: RuleId) -> Result<(), ServiceError> {
        let (now, actor) = (self.now(), cx.actor);
        self.write(cx, move |writer| {
            let before = rule::find(writer, id)?.ok_or(ServiceError::not_found("rule"))?;
            rule::delete(writer, id)?;
            append(writer, &changed(actor, &before, "deleted", now))
        })
    }

    /// At the first start the example becomes the global rule.
    pub(crate) fn import_global_rule(&self) -> Result<(), ServiceError> {
        if !self.list_rules(Some(RuleScope::Global), None)?.is_empty() {
            return Ok(());
        }
        if self.read(|reader| Ok(openmoss_storage::agent::has_any(reader)?))? {
            // Somebody deleted it on purpose.
            return Ok(());
        }
        let new = NewRule {
            scope: RuleScope::Global,
            task_id: None,
            sub_task_id: None,
            content: self.global_rule_example()?,
        };
        match self.create_rule(&Context::of(Actor::System), &new) {
            // Another replica did it a moment ago.
            Ok(_) | Err(ServiceError::AlreadyExists(_)) => Ok(()),
            Err(other) => Err(other),
        }
    }
}

/// SQLite names the column of the index that refused, PostgreSQL the index.
fn is_second_global(error: &ServiceError) -> bool {
    matches!(error, ServiceError::Storage(StorageError::Unique(name))
        if name.contains("rule.scope") || name == rule::GLOBAL_UNIQUE)
}

fn changed(actor: Actor, rule: &Rule, what: &str, now: openmoss_domain::Timestamp) -> Event {
    let mut event = Event::new(EventKind::RuleChanged, actor, now)
        .with("rule_id", rule.id.to_string())
        .with("scope", rule.scope.as_str())
        .with("change", what);
    event.task_id = rule.task_id;
    event.sub_task_id = rule.sub_task_id;
    event
}
