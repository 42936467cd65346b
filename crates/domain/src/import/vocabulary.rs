//! The words of the existing system's columns, and ours for them.

use std::fmt::Write as _;
use std::str::FromStr;

use crate::import::finding::{Finding, Note};
use crate::import::raw::{Raw, UpstreamTable};

/// How the words of one column are read.
#[derive(Debug, Clone, Copy)]
pub struct Vocabulary {
    /// Of which table.
    pub table: UpstreamTable,
    /// Of which column.
    pub column: &'static str,
    /// Other words, and ours for each.
    pub aliases: &'static [(&'static str, &'static str)],
    /// Ours for none; `None`: the row says nothing without it.
    pub if_empty: Option<&'static str>,
    /// Ours for a word that nobody knows.
    pub if_unknown: Option<&'static str>,
}

const KIND_ALIASES: &[(&str, &str)] = &[("one_time", "once"), ("repeat", "recurring")];

/// How the words of every column are read.
pub const VOCABULARIES: &[Vocabulary] = &[
    Vocabulary {
        table: UpstreamTable::Task,
        column: "type",
        aliases: KIND_ALIASES,
        if_empty: Some("once"),
        if_unknown: Some("once"),
    },
    Vocabulary {
        table: UpstreamTable::Task,
        column: "status",
        aliases: &[("done", "completed"), ("canceled", "cancelled"), ("running", "in_progress")],
        if_empty: Some("planning"),
        if_unknown: Some("planning"),
    },
    Vocabulary {
        table: UpstreamTable::Agent,
        column: "role",
        aliases: &[],
        if_empty: None,
        if_unknown: None,
    },
    Vocabulary {
        table: UpstreamTable::Agent,
        column: "status",
        aliases: &[("available", "active"), ("busy", "active"), ("offline", "disabled")],
        if_empty: Some("active"),
        if_unknown: Some("disabled"),
    },
    Vocabulary {
        table: UpstreamTable::SubTask,
        column: "type",
        aliases: KIND_ALIASES,
        if_empty: Some("once"),
        if_unknown: Some("once"),
    },
    Vocabulary {
        table: UpstreamTable::SubTask,
        column: "priority",
        aliases: &[("urgent", "high"), ("critical", "high"), ("normal", "medium")],
        if_empty: Some("medium"),
        if_unknown: Some("medium"),
    },
    Vocabulary {
        table: UpstreamTable::SubTask,
        column: "status",
        aliases: &[("completed", "done"), ("canceled", "cancelled"), ("running", "in_progress")],
        if_empty: Some("pending"),
        if_unknown: None,
    },
    Vocabulary {
        table: UpstreamTable::ReviewRecord,
        column: "result",
        aliases: &[("approve", "approved"), ("reject", "rejected")],
        if_empty: None,
        if_unknown: None,
    },
    Vocabulary {
        table: UpstreamTable::ActivityLog,
        column: "action",
        aliases: &[],
        if_empty: Some("reflection"),
        if_unknown: Some("reflection"),
    },
    Vocabulary {
        table: UpstreamTable::Rule,
        column: "scope",
        aliases: &[],
        if_empty: None,
        if_unknown: None,
    },
];

/// The word of a column as one of ours, and whether it is the row's own. `None`: no word fits.
pub(super) fn word<T: FromStr>(
    raw: &Raw,
    column: &'static str,
    notes: &mut Vec<Note>,
) -> Option<T> {
    let vocabulary =
        VOCABULARIES.iter().find(|known| known.table == raw.table && known.column == column)?;
    let given = raw.get(column).unwrap_or_default();
    if let Ok(word) = given.parse() {
        return Some(word);
    }
    let spelt = given.trim().to_lowercase().replace([' ', '-'], "_");
    let alias = vocabulary.aliases.iter().find(|(old, _)| *old == spelt).map(|(_, ours)| *ours);
    let (finding, ours) = match alias {
        _ if spelt.is_empty() => (Finding::EmptyWord, vocabulary.if_empty?),
        Some(ours) => (Finding::OldWord, ours),
        None if spelt.parse::<T>().is_ok() => (Finding::OldWord, spelt.as_str()),
        None => (Finding::UnknownWord, vocabulary.if_unknown?),
    };
    notes.push(Note::new(finding, column).became(ours));
    ours.parse().ok()
}

/// The table as Markdown, for the documentation.
#[must_use]
pub(super) fn to_markdown() -> String {
    let mut text =
        String::from("| column | other words | when empty | when unknown |\n|---|---|---|---|\n");
    for known in VOCABULARIES {
        let aliases: Vec<_> =
            known.aliases.iter().map(|(old, ours)| format!("`{old}` → `{ours}`")).collect();
        let fallback = |word: Option<&str>| {
            word.map_or_else(|| "see above".to_owned(), |word| format!("`{word}`"))
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| `{}.{}` | {} | {} | {} |",
            known.table,
            known.column,
            if aliases.is_empty() { "–".to_owned() } else { aliases.join(", ") },
            fallback(known.if_empty),
            fallback(known.if_unknown),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::LogAction;
    use crate::sub_task::{Priority, Status, WorkKind};
    use crate::{AgentStatus, ReviewResult, Role, RuleScope, TaskStatus};

    fn is_ours(table: UpstreamTable, column: &str, word: &str) -> bool {
        match (table, column) {
            (UpstreamTable::Task | UpstreamTable::SubTask, "type") => {
                word.parse::<WorkKind>().is_ok()
            }
            (UpstreamTable::Task, "status") => word.parse::<TaskStatus>().is_ok(),
            (UpstreamTable::Agent, "role") => word.parse::<Role>().is_ok(),
            (UpstreamTable::Agent, "status") => word.parse::<AgentStatus>().is_ok(),
            (UpstreamTable::SubTask, "priority") => word.parse::<Priority>().is_ok(),
            (UpstreamTable::SubTask, "status") => word.parse::<Status>().is_ok(),
            (UpstreamTable::ReviewRecord, "result") => word.parse::<ReviewResult>().is_ok(),
            (UpstreamTable::ActivityLog, "action") => word.parse::<LogAction>().is_ok(),
            (UpstreamTable::Rule, "scope") => word.parse::<RuleScope>().is_ok(),
            other => panic!("{other:?} is in no test"),
        }
    }

    #[test]
    fn every_word_that_is_put_in_is_one_of_ours_and_no_alias_hides_one() {
        for known in VOCABULARIES {
            assert!(known.table.columns().contains(&known.column), "{known:?}");
            let ours = known.aliases.iter().map(|(_, ours)| *ours);
            for word in ours.chain(known.if_empty).chain(known.if_unknown) {
                assert!(is_ours(known.table, known.column, word), "{known:?}: {word}");
            }
            for (old, _) in known.aliases {
                assert!(!is_ours(known.table, known.column, old), "{known:?}: {old}");
            }
        }
    }

    fn read<T: FromStr>(column: &'static str, given: Option<&str>) -> (Option<T>, Vec<Finding>) {
        let table = UpstreamTable::Agent;
        let values =
            table.columns().iter().map(|name| given.filter(|_| *name == column).map(str::to_owned));
        let raw = Raw { table, values: values.collect() };
        let mut notes = Vec::new();
        let word = word(&raw, column, &mut notes);
        (word, notes.into_iter().map(|note| note.finding).collect())
    }

    #[test]
    fn a_word_is_taken_as_it_is_or_by_the_table() {
        let status = |given| read::<AgentStatus>("status", given);
        assert_eq!(status(Some("active")), (Some(AgentStatus::Active), vec![]));
        assert_eq!(status(Some(" Busy")), (Some(AgentStatus::Active), vec![Finding::OldWord]));
        assert_eq!(status(Some("DISABLED")), (Some(AgentStatus::Disabled), vec![Finding::OldWord]));
        assert_eq!(status(None), (Some(AgentStatus::Active), vec![Finding::EmptyWord]));
        assert_eq!(status(Some("x")), (Some(AgentStatus::Disabled), vec![Finding::UnknownWord]));
        assert_eq!(read::<Role>("role", Some("boss")), (None, vec![]));
    }
}
