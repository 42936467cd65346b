//! What an import did, or would do.

use std::path::PathBuf;

use openmoss_domain::import::{Effect, Finding, Note, Raw, UpstreamTable};
use openmoss_storage::import::Arrived;
use serde::Serialize;

/// Examples of one finding in one table.
const EXAMPLES_MAX: usize = 3;
/// Longest value that an example shows, in characters.
const SHOWN_CHARS_MAX: usize = 60;
/// Ids of clashing rows that are named.
const CLASHES_MAX: usize = 10;

/// What an import did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// For each table of the old database.
    pub tables: Vec<TableReport>,
    /// Everything that was wrong.
    pub findings: Vec<FindingReport>,
    /// Rows that are in the database and differ, as `table id`; the first of them.
    pub clashes: Vec<String>,
    /// Where the rows are written that were not taken as they are.
    pub file: Option<PathBuf>,
}

/// What became of the rows of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableReport {
    /// Its name in the old database.
    pub table: UpstreamTable,
    /// Rows that it has.
    pub rows: u64,
    /// Values that were not in the database.
    pub new: u64,
    /// Values that were there already.
    pub same: u64,
    /// Rows that were brought over changed.
    pub repaired: u64,
    /// Rows that were not brought over.
    pub set_aside: u64,
}

/// One kind of thing that was wrong in a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingReport {
    /// In which table.
    pub table: UpstreamTable,
    /// What.
    pub finding: Finding,
    /// What became of the rows: `kept`, `repaired` or `set aside`.
    pub effect: &'static str,
    /// How often.
    pub count: u64,
    /// Some of the rows.
    pub examples: Vec<Example>,
}

/// A row that something was wrong with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Its id.
    pub id: String,
    /// The column.
    pub column: &'static str,
    /// What it holds, shortened.
    pub was: Option<String>,
    /// What it became, if that is short.
    pub became: Option<String>,
}

impl Report {
    /// Whether anything came that was not there.
    #[must_use]
    pub fn is_any_new(&self) -> bool {
        self.tables.iter().any(|table| table.new > 0)
    }

    /// Why it cannot be imported; `None` if it can.
    #[must_use]
    pub fn clash(&self) -> Option<String> {
        if self.clashes.is_empty() {
            return None;
        }
        Some(format!(
            "the database has other rows of the same ids, or was changed since it was imported: {}; \
             nothing was imported. Import into a database of its own",
            self.clashes.join(", ")
        ))
    }

    pub(super) fn table(&mut self, table: UpstreamTable) -> &mut TableReport {
        let place = self.tables.iter().position(|report| report.table == table);
        let place = place.unwrap_or_else(|| {
            let (rows, new, same, repaired, set_aside) = (0, 0, 0, 0, 0);
            self.tables.push(TableReport { table, rows, new, same, repaired, set_aside });
            self.tables.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the place was just found or made")]
        &mut self.tables[place]
    }

    pub(super) fn note(&mut self, raw: &Raw, effect: Option<Effect>, notes: &[Note]) {
        let table = self.table(raw.table);
        table.rows += 1;
        match effect {
            Some(Effect::SetAside) => table.set_aside += 1,
            Some(Effect::Repaired) => table.repaired += 1,
            Some(Effect::Kept) | None => {}
        }
        for note in notes {
            self.note_finding(raw, note);
        }
    }

    fn note_finding(&mut self, raw: &Raw, note: &Note) {
        let is_it =
            |known: &&mut FindingReport| (known.table, known.finding) == (raw.table, note.finding);
        if let Some(known) = self.findings.iter_mut().find(is_it) {
            known.count += 1;
            if known.examples.len() < EXAMPLES_MAX {
                known.examples.push(Example::of(raw, note));
            }
            return;
        }
        self.findings.push(FindingReport {
            table: raw.table,
            finding: note.finding,
            effect: note.finding.rule().effect.as_str(),
            count: 1,
            examples: vec![Example::of(raw, note)],
        });
    }

    pub(super) fn arrive(&mut self, table: UpstreamTable, arrived: Arrived) {
        let report = self.table(table);
        report.new += arrived.new;
        report.same += arrived.same;
        for id in arrived.different {
            self.clash_with(&format!("{table} {id}"));
        }
    }

    pub(super) fn clash_with(&mut self, what: &str) {
        if self.clashes.len() < CLASHES_MAX {
            self.clashes.push(what.to_owned());
        }
    }
}

impl Example {
    fn of(raw: &Raw, note: &Note) -> Self {
        let was = raw.shown().find(|(column, _)| *column == note.column).and_then(|(_, was)| was);
        Self {
            id: shortened(raw.get("id").unwrap_or_default()),
            column: note.column,
            was: was.map(shortened),
            became: note.became.as_deref().map(shortened),
        }
    }
}

fn shortened(text: &str) -> String {
    let mut chars = text.chars();
    let short: String = chars.by_ref().take(SHOWN_CHARS_MAX).collect();
    if chars.next().is_some() { short + "…" } else { short }
}
