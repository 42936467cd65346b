//! The file of rows that were not taken as they are.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use openmoss_domain::Timestamp;
use openmoss_domain::import::{Effect, Note, Raw};
use serde_json::{Map, Value, json};

use crate::error::ServiceError;

/// The file, made when there is something to write. Only its owner can read it: the rows hold
/// whatever agents once sent.
pub(super) struct Remarks {
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

impl Remarks {
    /// A file in `folder`, named after the time.
    pub(super) fn new(folder: &Path, now: Timestamp) -> Self {
        let name = now.to_datetime().format("import-%Y%m%dT%H%M%SZ.jsonl").to_string();
        Self { path: folder.join(name), file: None }
    }

    /// Writes down a row, why, and what became of it.
    pub(super) fn add(
        &mut self,
        raw: &Raw,
        effect: Effect,
        notes: &[Note],
    ) -> Result<(), ServiceError> {
        let findings: Vec<Value> = notes
            .iter()
            .map(|note| {
                json!({
                    "finding": note.finding,
                    "column": note.column,
                    "became": note.became,
                    "reason": note.finding.rule().what,
                })
            })
            .collect();
        let row: Map<String, Value> =
            raw.shown().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let line = json!({
            "table": raw.table, "effect": effect.as_str(), "findings": findings, "row": row,
        });
        let path = self.path.clone();
        let failed = |error: std::io::Error| failed(&path, &error);
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(BufWriter::new(create(&path).map_err(failed)?)),
        };
        writeln!(file, "{line}").map_err(failed)
    }

    /// Where it is, if anything was written. With nothing new there is nothing to remember.
    pub(super) fn finish(self, is_any_new: bool) -> Result<Option<PathBuf>, ServiceError> {
        let Some(file) = self.file else { return Ok(None) };
        let file = file.into_inner().map_err(|error| failed(&self.path, error.error()))?;
        if !is_any_new {
            drop(file);
            std::fs::remove_file(&self.path).map_err(|error| failed(&self.path, &error))?;
            return Ok(None);
        }
        file.sync_all().map_err(|error| failed(&self.path, &error))?;
        Ok(Some(self.path))
    }
}

fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn failed(path: &Path, error: &std::io::Error) -> ServiceError {
    ServiceError::File(format!("{} cannot be written: {error}", path.display()))
}
