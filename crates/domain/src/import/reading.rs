//! One row, read column by column; what had to be changed is noted.

use std::str::FromStr;

use crate::import::finding::{Finding, Note};
use crate::import::raw::Raw;
use crate::import::vocabulary;
use crate::import::wall_clock::{self, Placed};
use crate::text::TEXT_BYTES_MAX;
use crate::time::Timestamp;

/// Finds out when local clocks showed a time.
pub(super) type Place = dyn Fn(chrono::NaiveDateTime) -> Option<Placed> + Send + Sync;

/// A row that is being read.
pub(super) struct Reading<'a> {
    pub(super) raw: &'a Raw,
    pub(super) notes: Vec<Note>,
}

impl<'a> Reading<'a> {
    pub(super) const fn of(raw: &'a Raw) -> Self {
        Self { raw, notes: Vec::new() }
    }

    pub(super) fn note(&mut self, finding: Finding, column: &'static str) {
        self.notes.push(Note::new(finding, column));
    }

    fn note_became(&mut self, finding: Finding, column: &'static str, value: impl Into<String>) {
        self.notes.push(Note::new(finding, column).became(value));
    }

    /// The row's own id. Only in its usual form: an id is compared as a text elsewhere.
    pub(super) fn id<T: FromStr + ToString>(&mut self) -> Option<T> {
        let given = self.raw.get("id").unwrap_or_default();
        let id = given.parse::<T>().ok().filter(|id| id.to_string() == given);
        if id.is_none() {
            self.note(Finding::BadId, "id");
        }
        id
    }

    /// What the row belongs to.
    pub(super) fn parent<T: FromStr>(
        &mut self,
        column: &'static str,
        is_known: impl Fn(&T) -> bool,
    ) -> Option<T> {
        let id = self.raw.get(column).and_then(|text| text.parse().ok()).filter(is_known);
        if id.is_none() {
            self.note(Finding::NoParent, column);
        }
        id
    }

    /// An id that may be absent.
    pub(super) fn link<T: FromStr>(
        &mut self,
        column: &'static str,
        is_known: impl Fn(&T) -> bool,
    ) -> Option<T> {
        let given = self.raw.get(column)?;
        let id = given.parse().ok().filter(is_known);
        if id.is_none() {
            self.note_became(Finding::DanglingId, column, "NULL");
        }
        id
    }

    /// An agent of a review, which may be deleted since.
    pub(super) fn former<T: FromStr>(
        &mut self,
        column: &'static str,
        is_known: impl Fn(&T) -> bool,
    ) -> Option<T> {
        let id = self.link(column, |_| true)?;
        if !is_known(&id) {
            self.note(Finding::FormerAgent, column);
        }
        Some(id)
    }

    /// A word of one of our enums; none if there is no word that fits.
    pub(super) fn word<T: FromStr>(&mut self, column: &'static str) -> Option<T> {
        vocabulary::word(self.raw, column, &mut self.notes)
    }

    /// A name: one line, not empty.
    pub(super) fn name(&mut self, kind: &str, chars_max: usize) -> String {
        let name = self.line("name", chars_max);
        if !name.is_empty() {
            return name;
        }
        let id: String = self.raw.get("id").unwrap_or_default().chars().take(8).collect();
        let name = format!("{kind} {id}");
        self.note_became(Finding::NoName, "name", name.clone());
        name
    }

    /// One line, or nothing.
    pub(super) fn line(&mut self, column: &'static str, chars_max: usize) -> String {
        let given = self.raw.get(column).unwrap_or_default();
        let is_break = |c: char| c.is_whitespace() && c.is_control();
        let line: String = given
            .chars()
            .map(|c| if is_break(c) { ' ' } else { c })
            .filter(|c| is_allowed(*c))
            .collect();
        let line = line.trim();
        if line.is_empty() {
            return String::new();
        }
        let is_long = line.chars().count() > chars_max;
        if !is_long && line == given {
            return line.to_owned();
        }
        if !is_long {
            self.note(Finding::BadText, column);
            return line.to_owned();
        }
        self.note(Finding::TooLong, column);
        line.chars().take(chars_max - 1).chain(['…']).collect()
    }

    /// A text of several lines, or nothing.
    pub(super) fn text(&mut self, column: &'static str) -> String {
        let given = self.raw.get(column).unwrap_or_default();
        if given.len() > TEXT_BYTES_MAX {
            self.note(Finding::TooLong, column);
        } else if !given.chars().all(is_allowed) {
            self.note(Finding::BadText, column);
        }
        limited(given.chars().filter(|c| is_allowed(*c)).collect())
    }

    /// A runtime session id, or none.
    pub(super) fn session(&mut self, column: &'static str) -> Option<String> {
        let line = self.line(column, crate::text::SESSION_CHARS_MAX);
        Some(line).filter(|line| !line.is_empty())
    }

    /// A whole number from `min` to `max`; the nearest of them, or `otherwise`.
    pub(super) fn number(
        &mut self,
        column: &'static str,
        min: i64,
        max: i64,
        otherwise: i64,
    ) -> i64 {
        let given = self.raw.get(column).and_then(|text| text.trim().parse::<i64>().ok());
        let number = given.map_or(otherwise, |number| number.clamp(min, max));
        if given != Some(number) {
            self.note_became(Finding::BadNumber, column, number.to_string());
        }
        number
    }

    /// A time that may be absent.
    pub(super) fn time(&mut self, column: &'static str, place: &Place) -> Option<Timestamp> {
        let given = self.raw.get(column)?;
        let Some(placed) = wall_clock::parse(given, place) else {
            self.note(Finding::BadTime, column);
            return None;
        };
        if let Some(finding) = placed.finding {
            self.note_became(finding, column, placed.at.to_string());
        }
        Some(placed.at)
    }

    /// Notes that a time which every row has is missing.
    pub(super) fn note_no_time(&mut self, column: &'static str, instead: Timestamp) {
        if self.raw.get(column).is_none() {
            self.note_became(Finding::NoTime, column, instead.to_string());
        }
    }
}

fn is_allowed(c: char) -> bool {
    !c.is_control() || matches!(c, '\n' | '\r' | '\t')
}

/// The text, cut where it is longer than a text may be.
pub(super) fn limited(mut text: String) -> String {
    if text.len() <= TEXT_BYTES_MAX {
        return text;
    }
    let mark = format!("\n\n[cut when it was brought over; the whole had {} bytes]", text.len());
    let mut end = TEXT_BYTES_MAX - mark.len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text + &mark
}
