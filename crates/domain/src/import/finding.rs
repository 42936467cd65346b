//! Everything that can be wrong with a row, and what is done about it: one table for the code, its
//! reports and the documentation.

use std::fmt::Write as _;

use crate::token::token_enum;

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Brought over as it is; the finding is worth knowing.
    Kept,
    /// Brought over with another value.
    Repaired,
    /// Not brought over, but written to the file beside.
    SetAside,
}

impl Effect {
    /// The word for reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Repaired => "repaired",
            Self::SetAside => "set aside",
        }
    }
}

token_enum! {
    /// One kind of thing that can be wrong.
    Finding {
        /// The id is none of ours.
        BadId = "bad_id",
        /// The id came before.
        DuplicateId = "duplicate_id",
        /// The row belongs to nothing.
        NoParent = "no_parent",
        /// An id points to nothing.
        DanglingId = "dangling_id",
        /// A part of another goal.
        ForeignModule = "foreign_module",
        /// Who reviewed or should mend it is deleted.
        FormerAgent = "former_agent",
        /// A name is missing.
        NoName = "no_name",
        /// Another agent has the name.
        DuplicateName = "duplicate_name",
        /// A text is longer than ours may be.
        TooLong = "too_long",
        /// A text has characters that ours may not have, or blanks around a name.
        BadText = "bad_text",
        /// A word is missing.
        EmptyWord = "empty_word",
        /// An old word for something that we have.
        OldWord = "old_word",
        /// A word that means nothing to us.
        UnknownWord = "unknown_word",
        /// A word without which the row says nothing.
        SenselessWord = "senseless_word",
        /// A number is missing or impossible.
        BadNumber = "bad_number",
        /// A time is missing.
        NoTime = "no_time",
        /// A time cannot be read.
        BadTime = "bad_time",
        /// A local time that the clocks jumped over.
        TimeInGap = "time_in_gap",
        /// A local time that the clocks showed twice.
        TimeTwice = "time_twice",
        /// Agents of an unknown role.
        UnknownRole = "unknown_role",
        /// An agent without a key.
        NoKey = "no_key",
        /// Work in hand without an owner.
        NoOwner = "no_owner",
        /// Work in hand whose owner cannot do it.
        IdleOwner = "idle_owner",
        /// Unclaimed work with an owner.
        NeedlessOwner = "needless_owner",
        /// A status that is unknown, of a sub-task.
        UnknownStatus = "unknown_status",
        /// The time of completion contradicts the status.
        Completion = "completion",
        /// The schedule of a recurring sub-task.
        Schedule = "schedule",
        /// Reviews whose rounds do not count up.
        Round = "round",
        /// A change of a score by nothing.
        NoChange = "no_change",
        /// A total that is not the sum of its log.
        ScoreTotal = "score_total",
        /// More than one rule for everything.
        GlobalRule = "global_rule",
        /// What came with a request is not kept as it came.
        HiddenBody = "hidden_body",
        /// A table that we have no place for.
        NoPlace = "no_place",
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct FindingRule {
    /// What is wrong.
    pub finding: Finding,
    /// What becomes of the row.
    pub effect: Effect,
    /// What is wrong, in words.
    pub what: &'static str,
    /// What is done about it, in words.
    pub then: &'static str,
}

const fn rule(
    finding: Finding,
    effect: Effect,
    what: &'static str,
    then: &'static str,
) -> FindingRule {
    FindingRule { finding, effect, what, then }
}

use Effect::{Kept, Repaired, SetAside};

/// Everything that can be wrong, in the order of [`Finding`].
pub const FINDINGS: &[FindingRule] = &[
    rule(Finding::BadId, SetAside, "the row's own id is not a UUID", "set aside"),
    rule(Finding::DuplicateId, SetAside, "a row of the same id came before", "set aside"),
    rule(
        Finding::NoParent,
        SetAside,
        "the task, sub-task or agent that the row belongs to does not exist or was set aside",
        "set aside",
    ),
    rule(
        Finding::DanglingId,
        Repaired,
        "an optional id points to nothing, or is an empty text",
        "the id becomes NULL",
    ),
    rule(
        Finding::ForeignModule,
        Repaired,
        "a sub-task's module belongs to another task",
        "the sub-task belongs to no module",
    ),
    rule(
        Finding::FormerAgent,
        Kept,
        "a review names an agent that was deleted",
        "the id stays, as in the old system; the agent has no name any more",
    ),
    rule(
        Finding::NoName,
        Repaired,
        "a name is NULL or blank",
        "the name becomes the kind and the beginning of the id",
    ),
    rule(
        Finding::DuplicateName,
        Repaired,
        "an agent's name is taken by an agent before it",
        "the name gets a number; id and key stay",
    ),
    rule(
        Finding::TooLong,
        Repaired,
        "a name or a text is longer than the limit",
        "cut, with a note at its end; the whole text is in the file",
    ),
    rule(
        Finding::BadText,
        Repaired,
        "control characters in a text, line breaks or blanks around a name",
        "control characters go, line breaks of a name become blanks",
    ),
    rule(
        Finding::EmptyWord,
        Repaired,
        "a status, type or priority is NULL or blank",
        "the word in the table below",
    ),
    rule(
        Finding::OldWord,
        Repaired,
        "another spelling, or an older version's word",
        "the word in the table below",
    ),
    rule(
        Finding::UnknownWord,
        Repaired,
        "a status, type or priority that no version knew",
        "the word in the table below",
    ),
    rule(
        Finding::SenselessWord,
        SetAside,
        "a review without a known result, a rule without a known scope",
        "set aside",
    ),
    rule(
        Finding::BadNumber,
        Repaired,
        "a number is NULL, no number, or out of range",
        "a review's score becomes the nearest of 1 to 5, or 3; other numbers become 0",
    ),
    rule(
        Finding::NoTime,
        Repaired,
        "a time that every row has is NULL",
        "the row's other time, or else that of the row before it",
    ),
    rule(Finding::BadTime, Repaired, "a time that cannot be read", "as if it were NULL"),
    rule(
        Finding::TimeInGap,
        Repaired,
        "a local time that the clocks jumped over in spring",
        "read as if they had not jumped: so much later",
    ),
    rule(
        Finding::TimeTwice,
        Repaired,
        "a local time that the clocks showed twice in autumn",
        "the first of the two",
    ),
    rule(
        Finding::UnknownRole,
        Repaired,
        "an agent's role is unknown",
        "the agent becomes a disabled executor, so that its history has a name",
    ),
    rule(
        Finding::NoKey,
        Repaired,
        "an agent has no key",
        "the agent is there; `openmoss agent reset-key` gives it one",
    ),
    rule(
        Finding::NoOwner,
        Repaired,
        "a sub-task is assigned, in progress or in rework, and nobody owns it",
        "pending: it is in the queue again",
    ),
    rule(
        Finding::IdleOwner,
        Repaired,
        "a sub-task is assigned, in progress or in rework, and its owner is disabled or no executor",
        "pending; what the former owner still hands in is kept",
    ),
    rule(
        Finding::NeedlessOwner,
        Repaired,
        "a sub-task is pending and has an owner",
        "pending without an owner",
    ),
    rule(
        Finding::UnknownStatus,
        Repaired,
        "a sub-task's status is unknown",
        "blocked, with the old word as the cause: the planner decides",
    ),
    rule(
        Finding::Completion,
        Repaired,
        "a sub-task is done without a time of completion, or has one and is not done",
        "the time of the last change, or none",
    ),
    rule(
        Finding::Schedule,
        Repaired,
        "a recurring sub-task has a schedule, which no version ever followed",
        "the schedule goes; the text is in the file",
    ),
    rule(
        Finding::Round,
        Repaired,
        "the rounds of a sub-task's reviews do not count up from 1",
        "counted anew, in the order of the rows",
    ),
    rule(Finding::NoChange, SetAside, "a score changes by 0 or by no number", "set aside"),
    rule(
        Finding::ScoreTotal,
        Repaired,
        "an agent's total is not the sum of its log",
        "the total stays; a row in the log makes up the difference and says so",
    ),
    rule(
        Finding::GlobalRule,
        Repaired,
        "there is more than one global rule",
        "one rule with all texts, oldest first, as agents read them until now",
    ),
    rule(
        Finding::HiddenBody,
        Repaired,
        "a request's body is not JSON, or holds what looks like a secret",
        "the request log keeps its length, or hides the secret",
    ),
    rule(Finding::NoPlace, SetAside, "this version keeps no such rows", "set aside"),
];

impl Finding {
    /// Its row in [`FINDINGS`].
    #[must_use]
    pub fn rule(self) -> &'static FindingRule {
        const LAST: &FindingRule = &rule(Finding::NoPlace, SetAside, "unknown", "set aside");
        FINDINGS.iter().find(|rule| rule.finding == self).unwrap_or(LAST)
    }
}

/// Something wrong with one row, and what it became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What is wrong.
    pub finding: Finding,
    /// In which column.
    pub column: &'static str,
    /// What it became, if it is a short value.
    pub became: Option<String>,
}

impl Note {
    /// A note without a new value.
    #[must_use]
    pub const fn new(finding: Finding, column: &'static str) -> Self {
        Self { finding, column, became: None }
    }

    /// The same with what the value became.
    #[must_use]
    pub fn became(mut self, value: impl Into<String>) -> Self {
        self.became = Some(value.into());
        self
    }
}

/// The table as Markdown, for the documentation.
#[must_use]
pub(super) fn to_markdown() -> String {
    let mut text = String::from("| finding | what is wrong | what is done |\n|---|---|---|\n");
    for rule in FINDINGS {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| `{}` | {} | {} |", rule.finding, rule.what, rule.then);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_has_one_row_in_its_order() {
        let listed: Vec<_> = FINDINGS.iter().map(|rule| rule.finding).collect();
        assert_eq!(listed, Finding::ALL);
    }
}
