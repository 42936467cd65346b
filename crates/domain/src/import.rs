//! Bringing over the rows of an existing Python installation.
//!
//! What such a database may hold is wider than what ours may: any column can be empty, texts have
//! no limits, words are free, ids point to nothing. [`Converter`] takes one row after the other and
//! makes of each the value that we would have stored, with a [`Note`] for everything that it had to
//! change; a row that can be nothing of ours comes back with the reason instead. What is changed
//! and how stands in two tables, [`FINDINGS`] and [`VOCABULARIES`], which the documentation shows.
//!
//! Conversion is a function of the rows alone, in their order: a second run makes the same values.
//! So no fallback for a bad value may depend on the present; where one needs a time, it takes that
//! of a neighbour.

mod convert;
mod finding;
mod raw;
mod reading;
mod vocabulary;
mod wall_clock;

use std::fmt::Write as _;

pub use convert::{Converted, Converter, ImportedAgent, ImportedSubTask, Sums};
pub use finding::{Effect, FINDINGS, Finding, FindingRule, Note};
pub use raw::{Raw, UpstreamTable};
pub use vocabulary::{VOCABULARIES, Vocabulary};

pub use wall_clock::{Placed, place};

/// Both tables as Markdown, for the documentation.
#[must_use]
pub fn to_markdown() -> String {
    let mut text = finding::to_markdown();
    // Writing to a String cannot fail.
    let _ = write!(text, "\n{}", vocabulary::to_markdown());
    text
}
