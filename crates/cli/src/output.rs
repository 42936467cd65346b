//! What commands print: tables for people, JSON for machines.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Table, presets};
use openmoss_domain::Timestamp;
use serde::Serialize;

use crate::error::CliError;

/// A terminal narrower than this, in columns, wraps better than a table can.
const COLUMNS_MIN: u16 = 60;

/// How a command answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// For machines.
    Json,
}

impl Format {
    /// JSON if it was asked for.
    pub(crate) const fn of(is_json: bool) -> Self {
        if is_json { Self::Json } else { Self::Table }
    }

    /// Prints `value` as JSON, or what `table` makes of it.
    pub(crate) fn print<T: Serialize>(
        self,
        value: &T,
        table: impl FnOnce(&T) -> String,
    ) -> Result<(), CliError> {
        match self {
            Self::Table => print(&table(value)),
            Self::Json => {
                let text = serde_json::to_string_pretty(value)
                    .map_err(|error| CliError::Failed(format!("cannot write JSON: {error}")))?;
                print(&text)
            }
        }
    }
}

/// Prints a text and a line break. Whoever closes the pipe has read enough.
pub(crate) fn print(text: &str) -> Result<(), CliError> {
    let mut stdout = io::stdout().lock();
    let result = writeln!(stdout, "{}", text.trim_end()).and_then(|()| stdout.flush());
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(CliError::io("cannot write to stdout")),
    }
}

/// Tells on stderr why the command failed.
pub(crate) fn complain(error: &CliError) {
    // When stderr is gone, the exit code still says it.
    let _ = writeln!(io::stderr(), "error: {error}");
}

/// A table with one row for each item. Numbers should be aligned with [`right`].
pub(crate) fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [Cell; N]>,
) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if !io::stdout().is_terminal() {
        table.force_no_tty();
    } else if table.width().is_some_and(|width| width >= COLUMNS_MIN) {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.set_header(header.map(|title| Cell::new(title).add_attribute(Attribute::Bold)));
    for row in rows {
        table.add_row(row);
    }
    table
}

/// Two columns without a header: names and values. Rows without a value are left out.
pub(crate) fn card<'a>(rows: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let rows: Vec<_> = rows.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines = rows.iter().map(|(name, value)| {
        let value = value.replace('\n', &format!("\n{:width$}  ", ""));
        format!("{name:width$}  {value}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A cell of text.
pub(crate) fn left(value: impl Display) -> Cell {
    Cell::new(value)
}

/// A cell of a number.
pub(crate) fn right(value: impl Display) -> Cell {
    Cell::new(value).set_alignment(CellAlignment::Right)
}

/// A time for people, to the second.
pub(crate) fn moment(time: Timestamp) -> String {
    time.to_datetime().format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A list and how long it is in all.
#[derive(Debug, Serialize)]
pub(crate) struct List<T> {
    /// The part that was asked for.
    pub(crate) items: Vec<T>,
    /// How many there are.
    pub(crate) total: i64,
}

impl<T> List<T> {
    /// Says when there is more than is shown.
    pub(crate) fn footer(&self, offset: i64) -> String {
        let shown = i64::try_from(self.items.len()).unwrap_or(i64::MAX);
        if shown == self.total {
            return String::new();
        }
        let first = if shown == 0 { 0 } else { offset + 1 };
        format!(
            "\n{first} to {} of {}; --limit and --offset show others",
            offset + shown,
            self.total
        )
    }
}
