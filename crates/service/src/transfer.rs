//! Export and import of the whole content as JSON lines: a header, one line for each row, and a
//! last line that tells a whole file from one that was cut short.
//!
//! Both stream: what is held at once is a chunk of rows.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openmoss_storage::StorageError;
use openmoss_storage::bulk::{self, Column, Object, TABLES, Table};
use openmoss_storage::import::Target;
use serde::{Deserialize, Serialize};

use crate::Service;
use crate::error::ServiceError;
use crate::import::Progress;
use crate::settings::keys::CHANNELS;
use crate::settings::masked;

/// What the header calls the format.
pub const FORMAT: &str = "openmoss-export";
/// Changes when files of before can no longer be read.
const VERSION: u32 = 1;
/// Rows that are read or written at once.
const CHUNK_ROWS: usize = 500;
/// Bytes of rows that are written at once, unless one row has more.
const CHUNK_BYTES: usize = 4 * 1024 * 1024;
/// Longest line of a file that is read.
const LINE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Stored settings that are secrets in clear, and stay where they are.
const SECRET_SETTINGS: &[&str] =
    &["agent.registration_token", "database.url", "delivery.webhook_secret", "smtp.password"];
/// Rows that are named when they clash.
const CLASHES_MAX: usize = 5;

#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    /// The newest migration of the database.
    schema: String,
    tables: Vec<HeaderTable>,
}

#[derive(Serialize, Deserialize)]
struct HeaderTable {
    name: String,
    columns: Vec<String>,
}

#[derive(Serialize)]
struct RowLine<'a> {
    table: &'a str,
    row: &'a Object,
}

/// A row, or the last line.
#[derive(Deserialize)]
struct Line {
    table: Option<String>,
    row: Option<Object>,
    end: Option<u64>,
}

/// How many rows of a table were written, or read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transferred {
    /// Which table.
    pub table: &'static str,
    /// Rows of the file.
    pub rows: u64,
    /// Those that were not in the database; of an export none.
    pub new: u64,
}

impl Service {
    /// Writes the whole content, as it is at one moment, to `out`. Left out: admin sessions,
    /// remembered answers, and settings that are secrets in clear.
    pub fn export(
        &self,
        out: &mut dyn Write,
        progress: &dyn Progress,
    ) -> Result<Vec<Transferred>, ServiceError> {
        self.store.read_snapshot(|reader| {
            let mut tables = Vec::with_capacity(TABLES.len());
            let mut rows = 0;
            for table in TABLES {
                tables.push((table, bulk::columns(reader, table)?));
                rows += u64::try_from(bulk::count(reader, table)?).unwrap_or(0);
            }
            progress.begin(rows);
            let header = Header {
                format: FORMAT.to_owned(),
                version: VERSION,
                schema: bulk::schema_version(reader)?,
                tables: tables.iter().map(|(table, columns)| header_of(table, columns)).collect(),
            };
            write_line(out, &header)?;
            let mut written = Vec::with_capacity(tables.len());
            for (table, columns) in &tables {
                let mut last: Option<Object> = None;
                let mut rows = 0;
                loop {
                    let limit = i64::try_from(CHUNK_ROWS).unwrap_or(i64::MAX);
                    let page = bulk::page(reader, table, columns, last.as_ref(), limit)?;
                    progress.advance(u64::try_from(page.len()).unwrap_or(0));
                    for row in page.iter().filter(|row| !is_secret(table, row)) {
                        write_line(out, &RowLine { table: table.name, row })?;
                        rows += 1;
                    }
                    let Some(row) = page.last() else { break };
                    last = Some(bulk::key_of(table, row));
                }
                written.push(Transferred { table: table.name, rows, new: 0 });
            }
            let rows: u64 = written.iter().map(|table| table.rows).sum();
            write_line(out, &serde_json::json!({ "end": rows }))?;
            out.flush().map_err(|error| unwritten(&error))?;
            Ok(written)
        })
    }

    /// Brings the content of an export in, in one transaction. Into an empty database, or one that
    /// holds the same already; anything else is an error, and nothing is written.
    pub fn import_export(
        &self,
        file: PathBuf,
        progress: Arc<dyn Progress>,
    ) -> Result<Vec<Transferred>, ServiceError> {
        let read_to = move |target: &mut Target<'_>| read(&file, target, &*progress);
        self.store.write(move |writer| Target::write(writer, &read_to))
    }

    /// What [`Service::import_export`] would do. Writes nothing.
    pub fn plan_import_export(
        &self,
        file: &Path,
        progress: &dyn Progress,
    ) -> Result<Vec<Transferred>, ServiceError> {
        self.read(|reader| read(file, &mut Target::look(reader), progress))
    }
}

/// Whether a file begins as an export does.
///
/// # Errors
/// When it does not.
pub fn check_header(file: &Path) -> Result<(), ServiceError> {
    Lines::open(file)?.header().map(drop)
}

/// Whether an export in a file can be read; its rows go nowhere.
///
/// # Errors
/// When it cannot.
pub fn check(file: &Path, progress: &dyn Progress) -> Result<Vec<Transferred>, ServiceError> {
    read(file, &mut Target::nowhere(), progress)
}

fn header_of(table: &Table, columns: &[Column]) -> HeaderTable {
    let columns = columns.iter().map(|column| column.name.clone()).collect();
    HeaderTable { name: table.name.to_owned(), columns }
}

fn is_secret(table: &Table, row: &Object) -> bool {
    let key = row.get("key").and_then(|key| key.as_str()).unwrap_or_default();
    let value = row.get("value").and_then(|value| value.as_str()).unwrap_or_default();
    table.name == "setting" && (SECRET_SETTINGS.contains(&key) || has_secret_channel(key, value))
}

fn has_secret_channel(key: &str, value: &str) -> bool {
    let entries: Vec<String> = serde_json::from_str(value).unwrap_or_default();
    key == CHANNELS && entries.iter().any(|entry| masked(entry) != *entry)
}

fn write_line(out: &mut dyn Write, line: &impl Serialize) -> Result<(), ServiceError> {
    let text = serde_json::to_string(line)
        .map_err(|error| ServiceError::Internal(format!("a row cannot be written: {error}")))?;
    writeln!(out, "{text}").map_err(|error| unwritten(&error))
}

fn unwritten(error: &std::io::Error) -> ServiceError {
    ServiceError::File(format!("the export cannot be written: {error}"))
}

fn read(
    path: &Path,
    target: &mut Target<'_>,
    progress: &dyn Progress,
) -> Result<Vec<Transferred>, ServiceError> {
    let mut lines = Lines::open(path)?;
    progress.begin(lines.bytes);
    let header = lines.header()?;
    let (tables, pending) = (Vec::new(), Vec::new());
    let mut reading = Reading { target, tables, at: 0, pending, bytes: 0 };
    for table in header.tables {
        reading.accept(&lines, table)?;
    }
    let mut rows = 0;
    loop {
        let (line, bytes) = lines.next()?;
        progress.advance(bytes);
        match line {
            Line { end: Some(end), .. } if end == rows => break,
            Line { table: Some(table), row: Some(row), end: None } => {
                rows += 1;
                reading.add(&lines, &table, row, bytes)?;
            }
            _ => return Err(lines.wrong("is neither a row nor the right last line")),
        }
    }
    reading.store(&lines)?;
    Ok(reading.tables.into_iter().map(|table| table.transferred).collect())
}

/// The lines of a file, counted.
struct Lines {
    shown: String,
    file: BufReader<File>,
    number: u64,
    bytes: u64,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, ServiceError> {
        let shown = path.display().to_string();
        let failed =
            |error: std::io::Error| ServiceError::File(format!("{shown} cannot be read: {error}"));
        let file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        Ok(Self { shown, file: BufReader::new(file), number: 0, bytes })
    }

    fn wrong(&self, what: &str) -> ServiceError {
        ServiceError::File(format!("{}:{}: the line {what}", self.shown, self.number))
    }

    fn text(&mut self) -> Result<String, ServiceError> {
        self.number += 1;
        let mut text = String::new();
        let mut limited = self.file.by_ref().take(LINE_BYTES_MAX);
        limited.read_line(&mut text).map_err(|error| {
            ServiceError::File(format!("{}:{}: {error}", self.shown, self.number))
        })?;
        if text.is_empty() {
            return Err(self.wrong("is missing: the file was cut short; export again"));
        }
        Ok(text)
    }

    fn header(&mut self) -> Result<Header, ServiceError> {
        let text = self.text()?;
        let header: Option<Header> = serde_json::from_str(&text).ok();
        let header = header.filter(|header| header.format == FORMAT);
        let header = header.ok_or_else(|| self.wrong("is not the header of an export"))?;
        if header.version != VERSION {
            return Err(self.wrong("is of a format that this version does not read"));
        }
        Ok(header)
    }

    fn next(&mut self) -> Result<(Line, u64), ServiceError> {
        let text = self.text()?;
        let bytes = u64::try_from(text.len()).unwrap_or(0);
        match serde_json::from_str(&text) {
            Ok(line) => Ok((line, bytes)),
            Err(error) => Err(self.wrong(&format!("is not of an export: {error}"))),
        }
    }
}

/// What is being read.
struct Reading<'a, 't> {
    target: &'a mut Target<'t>,
    tables: Vec<ReadTable>,
    /// Of which of them the rows are that wait to be stored.
    at: usize,
    pending: Vec<Object>,
    bytes: usize,
}

struct ReadTable {
    table: &'static Table,
    /// The columns that its rows have in the file, sorted; with their kinds if there is a database.
    names: Vec<String>,
    columns: Option<Vec<Column>>,
    transferred: Transferred,
}

impl Reading<'_, '_> {
    /// Checks that the rows of a table of the file fit into ours.
    fn accept(&mut self, lines: &Lines, given: HeaderTable) -> Result<(), ServiceError> {
        let newer = |what: String| {
            lines.wrong(&format!(
                "names {what}, which this version does not know; use a newer openmoss"
            ))
        };
        let Some(table) = bulk::find_table(&given.name) else {
            return Err(newer(format!("the table {:?}", given.name)));
        };
        let columns = self.target.columns(table)?;
        for column in columns.iter().flatten() {
            if !given.columns.contains(&column.name) && !column.is_optional() {
                return Err(lines.wrong(&format!(
                    "comes from an older version without {}.{}; import it with that version and \
                     let this one bring the database up to date",
                    table.name, column.name
                )));
            }
        }
        let mut names = given.columns;
        names.sort();
        if let Some(columns) = &columns
            && let Some(unknown) =
                names.iter().find(|name| !columns.iter().any(|column| column.name == **name))
        {
            return Err(newer(format!("the column {}.{unknown}", table.name)));
        }
        let transferred = Transferred { table: table.name, rows: 0, new: 0 };
        self.tables.push(ReadTable { table, names, columns, transferred });
        Ok(())
    }

    fn add(
        &mut self,
        lines: &Lines,
        name: &str,
        row: Object,
        bytes: u64,
    ) -> Result<(), ServiceError> {
        let place = self.tables.iter().position(|table| table.table.name == name);
        let place =
            place.ok_or_else(|| lines.wrong("is of a table that the header does not name"))?;
        let is_full = self.pending.len() >= CHUNK_ROWS || self.bytes > CHUNK_BYTES;
        if is_full || place != self.at {
            self.store(lines)?;
        }
        self.at = place;
        if !self.tables.get(place).is_some_and(|table| table.may_have(&row)) {
            return Err(lines.wrong("is not a row of its table"));
        }
        self.pending.push(row);
        self.bytes += usize::try_from(bytes).unwrap_or(usize::MAX);
        Ok(())
    }

    fn store(&mut self, lines: &Lines) -> Result<(), ServiceError> {
        let rows = std::mem::take(&mut self.pending);
        self.bytes = 0;
        let Some(read) = self.tables.get_mut(self.at) else { return Ok(()) };
        let table = read.table;
        let arrived = self.target.rows(table, &rows).map_err(|error| {
            if let StorageError::Unique(index) = &error {
                clash(&format!("{} ({index})", table.name))
            } else if let StorageError::Database(error) = &error {
                lines.wrong(&format!("or one shortly before it is refused: {error}"))
            } else {
                error.into()
            }
        })?;
        if !arrived.different.is_empty() {
            let ids: Vec<_> = arrived.different.into_iter().take(CLASHES_MAX).collect();
            return Err(clash(&format!("{} {}", table.name, ids.join(", "))));
        }
        read.transferred.rows += u64::try_from(rows.len()).unwrap_or(0);
        read.transferred.new += arrived.new;
        Ok(())
    }
}

impl ReadTable {
    fn may_have(&self, row: &Object) -> bool {
        let holds =
            |column: &Column| row.get(&column.name).is_none_or(|value| column.may_hold(value));
        row.len() == self.names.len()
            && self.names.iter().all(|name| row.contains_key(name))
            && self.columns.iter().flatten().all(holds)
    }
}

fn clash(what: &str) -> ServiceError {
    ServiceError::AlreadyExists(format!(
        "the database holds something else already: {what}; nothing was imported. Import into a new \
         database"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::settings::Settings;

    #[test]
    fn no_secret_setting_but_a_hash_is_exported() {
        let defaults = serde_json::to_value(Settings::default()).unwrap();
        for (section, values) in defaults.as_object().unwrap() {
            for (leaf, value) in values.as_object().unwrap() {
                if !value.is_string() {
                    continue;
                }
                let mut marked = defaults.clone();
                marked[section][leaf] = Value::from("visible-mark");
                let settings: Settings = serde_json::from_value(marked).unwrap();
                let key = format!("{section}.{leaf}");
                let is_secret = !format!("{settings:?}").contains("visible-mark");
                let is_known = SECRET_SETTINGS.contains(&&*key) || key == "admin.password";
                assert_eq!(is_secret, is_known, "{key}");
            }
        }
    }
}
