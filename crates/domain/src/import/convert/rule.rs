//! Rules: several for everything become one.

use super::{Converted, Converter};
use crate::id::{RuleId, SubTaskId, TaskId};
use crate::import::finding::{Finding, Note};
use crate::import::raw::Raw;
use crate::import::reading::{Reading, limited};
use crate::rule::{Rule, RuleScope, SEPARATOR};

impl Converter {
    /// All rules at once: several for everything become one.
    pub fn rules(&mut self, raws: &[Raw]) -> Vec<Converted<Rule>> {
        let mut converted: Vec<_> = raws.iter().map(|raw| self.rule(raw)).collect();
        merge_global(&mut converted);
        converted
    }

    fn rule(&mut self, raw: &Raw) -> Converted<Rule> {
        let mut reading = Reading::of(raw);
        let value = self.read_rule(&mut reading);
        Converted { value, notes: reading.notes }
    }

    fn read_rule(&mut self, reading: &mut Reading<'_>) -> Option<Rule> {
        let id: RuleId = reading.id()?;
        let Some(scope) = reading.word("scope") else {
            reading.note(Finding::SenselessWord, "scope");
            return None;
        };
        let is_task = |id: &TaskId| self.tasks.contains_key(id);
        let is_sub_task = |id: &SubTaskId| self.sub_tasks.contains(id);
        let (task_id, sub_task_id) = match scope {
            RuleScope::Global => (None, None),
            RuleScope::Task => (Some(reading.parent("task_id", is_task)?), None),
            RuleScope::SubTask => (
                reading.link("task_id", is_task),
                Some(reading.parent("sub_task_id", is_sub_task)?),
            ),
        };
        let (created_at, updated_at) = self.times(reading);
        let content = reading.text("content");
        Some(Rule { id, scope, task_id, sub_task_id, content, created_at, updated_at })
    }
}

/// Leaves one rule for everything, with the texts of all, oldest first.
fn merge_global(rules: &mut [Converted<Rule>]) {
    let is_global = |rule: &Converted<Rule>| {
        rule.value.as_ref().is_some_and(|rule| rule.scope == RuleScope::Global)
    };
    let mut global: Vec<Rule> =
        rules.iter().filter(|rule| is_global(rule)).filter_map(|rule| rule.value.clone()).collect();
    if global.len() < 2 {
        return;
    }
    global.sort_by_key(|rule| rule.created_at);
    let texts: Vec<_> = global.iter().map(|rule| rule.content.as_str()).collect();
    let content = limited(texts.join(SEPARATOR));
    let Some(first) = global.first() else { return };
    for converted in rules.iter_mut().filter(|rule| is_global(rule)) {
        let note = Note::new(Finding::GlobalRule, "scope");
        converted.notes.push(note.became(format!("a part of rule {}", first.id)));
        converted.value = converted.value.take().filter(|rule| rule.id == first.id);
        if let Some(rule) = &mut converted.value {
            rule.content.clone_from(&content);
        }
    }
}
