//! Values that are brought over, stored in chunks; what is there already is compared and skipped.

use std::collections::HashMap;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use openmoss_domain::import::{ImportedAgent, ImportedSubTask};
use openmoss_domain::log::LogEntry;
use openmoss_domain::request::RequestEntry;
use openmoss_domain::score::ScoreChange;
use openmoss_domain::{Module, Review, Rule, RuleId, RuleScope, Task, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use crate::bulk::{self, Column, Object, Table};
use crate::connection::AnyConnection;
use crate::counter::Deltas;
use crate::error::StorageError;
use crate::schema::agent;
use crate::store::{Reader, Writer};
use crate::{
    agent as agents, index, log, module, request, review, rule, score, sub_task, task, track_record,
};

/// What differs from run to run, or moves on by itself, and does not make two rows different.
const NOT_COMPARED: &[&str] = &["lease_expires_at"];

/// When agents last did what. Each has an index of just this.
const SETTLE_AGENTS: &str = "UPDATE agent SET
    last_request_at = COALESCE(
        (SELECT MAX(created_at) FROM request_log WHERE agent_id = agent.id), last_request_at),
    last_activity_at = COALESCE(
        (SELECT MAX(created_at) FROM activity_log WHERE agent_id = agent.id), 0),
    last_score_at = COALESCE((SELECT MAX(created_at) FROM score_log WHERE agent_id = agent.id), 0)";

/// 256 MiB: ids are random, so rows come to the pages of a table's key in no order, and a page that
/// does not fit is written out and read back again and again.
const ROOM_TO_WRITE: &str = "PRAGMA cache_size = -262144";

/// Where values go.
pub struct Target<'a> {
    place: Place<'a>,
    known: HashMap<&'static str, Known>,
    /// What makes the indexes again that wait for the rows.
    waiting_indexes: Vec<String>,
}

enum Place<'a> {
    Write(&'a mut Writer),
    Look(&'a mut Reader),
    Nowhere,
}

/// What was found out about a table before the first row went in.
#[derive(Clone)]
struct Known {
    was_empty: bool,
    columns: Vec<Column>,
}

/// What became of a chunk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrived {
    /// How many were not there.
    pub new: u64,
    /// How many were there, and the same.
    pub same: u64,
    /// Ids of those that are there and differ.
    pub different: Vec<String>,
}

impl<'a> Target<'a> {
    /// Into the database: what `bring` brings. Indexes of tables that are empty are made at the end.
    ///
    /// # Errors
    /// What `bring` fails with, or [`StorageError`] from the database.
    pub fn write<T, E: From<StorageError>>(
        writer: &'a mut Writer,
        bring: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        make_room(writer)?;
        let mut target = Self::to(Place::Write(writer));
        let brought = bring(&mut target)?;
        target.make_indexes()?;
        Ok(brought)
    }

    /// Nowhere, but what is in the database is looked at.
    #[must_use]
    pub fn look(reader: &'a mut Reader) -> Self {
        Self::to(Place::Look(reader))
    }

    /// Nowhere, and there is no database yet.
    #[must_use]
    pub fn nowhere() -> Self {
        Self::to(Place::Nowhere)
    }

    fn to(place: Place<'a>) -> Self {
        Self { place, known: HashMap::new(), waiting_indexes: Vec::new() }
    }

    /// Whether anything is stored.
    #[must_use]
    pub fn is_storing(&self) -> bool {
        matches!(self.place, Place::Write(_))
    }

    fn reader(&mut self) -> Option<&mut Reader> {
        match &mut self.place {
            Place::Write(writer) => Some(&mut writer.reader),
            Place::Look(reader) => Some(reader),
            Place::Nowhere => None,
        }
    }

    /// What the table has; nothing if there is no database.
    fn known(&mut self, table: &'static Table) -> Result<Option<Known>, StorageError> {
        if let Some(known) = self.known.get(table.name) {
            return Ok(Some(known.clone()));
        }
        let Some(reader) = self.reader() else { return Ok(None) };
        let was_empty = bulk::is_empty(reader, table)?;
        let known = Known { was_empty, columns: bulk::columns(reader, table)? };
        if let Place::Write(writer) = &mut self.place
            && was_empty
        {
            self.waiting_indexes.extend(index::set_aside(writer, table)?);
        }
        self.known.insert(table.name, known.clone());
        Ok(Some(known))
    }

    /// Which of `rows` are there, by their key.
    fn there(
        &mut self,
        table: &'static Table,
        rows: &[Object],
    ) -> Result<HashMap<String, Object>, StorageError> {
        let known = self.known(table)?.filter(|known| !known.was_empty);
        let (Some(known), Some(reader)) = (known, self.reader()) else {
            return Ok(HashMap::new());
        };
        let found = bulk::find(reader, table, &known.columns, rows)?;
        Ok(found.into_iter().map(|row| (words(table, &row), row)).collect())
    }

    /// Names of agents and the ids they belong to.
    ///
    /// # Errors
    /// [`StorageError`] from the database.
    pub fn agent_names(&mut self) -> Result<Vec<(String, String)>, StorageError> {
        let Some(reader) = self.reader() else { return Ok(Vec::new()) };
        Ok(agent::table.select((agent::id, agent::name)).load(&mut reader.connection)?)
    }

    /// The rule for everything, if there is one.
    ///
    /// # Errors
    /// [`StorageError`] from the database.
    pub fn global_rule(&mut self) -> Result<Option<Rule>, StorageError> {
        let Some(reader) = self.reader() else { return Ok(None) };
        Ok(rule::list(reader, Some(RuleScope::Global), None)?.into_iter().next())
    }

    /// Deletes a rule that what is brought stands for.
    ///
    /// # Errors
    /// [`StorageError`] from the database.
    pub fn delete_rule(&mut self, id: RuleId) -> Result<(), StorageError> {
        match &mut self.place {
            Place::Write(writer) => rule::delete(writer, id),
            Place::Look(_) | Place::Nowhere => Ok(()),
        }
    }

    /// Brings tasks.
    ///
    /// # Errors
    /// [`StorageError`] from the database.
    pub fn tasks(&mut self, new: &[Task]) -> Result<Arrived, StorageError> {
        self.bring("task", new, |new| object(&task::row(new)), task::count_new)
    }

    /// Brings modules.
    ///
    /// # Errors
    /// [`StorageError`] from the database.
    pub fn modules(&mut self, new: &[Module]) -> Result<Arrived, StorageError> {
        self.bring("module", new, |new| object(&module::row(new)), |_, _| {})
    }

    /// Brings agents; `hash` turns a key into what is stored of it.
    ///
    /// # Errors
    /// [`StorageError`] from the database.
    pub fn agents(
        &mut self,
        new: &[ImportedAgent],
        hash: &dyn Fn(&str) -> String,
    ) -> Result<Arrived, StorageError> {
        let row = |new: &ImportedAgent| {
            let mut row = object(&agents::row(&new.agent));
            // No key has a hash of this form.
            let none = || format!("none:{}", new.agent.id);
            let key_hash = new.key.as_deref().map_or_else(none, hash);
            row.insert("key_hash".to_owned(), key_hash.into());
            row.insert("reward_count".to_owned(), new.rewards.into());
            row.insert("penalty_count".to_owned(), new.penalties.into());
            row
        };
        self.bring("agent", new, row, |deltas, new| {
            agents::count_new(deltas, &new.agent);
            score::note_total(deltas, 0, new.agent.total_score);
        })
    }

    /// Brings sub-tasks, and who owned them first.
    ///
    /// # Errors
    /// [`StorageError`] from the database.
    pub fn sub_tasks(&mut self, new: &[ImportedSubTask]) -> Result<Arrived, StorageError> {
        let row = |new: &ImportedSubTask| object(&sub_task::row(&new.sub_task));
        let arrived = self.bring("sub_task", new, row, |deltas, new| {
            sub_task::count_new(deltas, &new.sub_task);
        })?;
        let owned: Vec<&ImportedSubTask> =
            new.iter().filter(|new| new.first_owner.is_some()).collect();
        let row = |new: &&ImportedSubTask| {
            let row = json!({
                "sub_task_id": new.sub_task.id.to_string(),
                "attempt": new.sub_task.attempt,
                "agent_id": new.first_owner.map(|id| id.to_string()),
                "since": new.sub_task.updated_at.as_micros(),
            });
            object(&row)
        };
        self.bring("ownership", &owned, row, |_, _| {})?;
        Ok(arrived)
    }

    /// Brings reviews.
    ///
    /// # Errors
    /// [`StorageError`] from the database.
    pub fn reviews(&mut self, new: &[Review]) -> Result<Arrived, StorageError> {
        self.bring("review_record", new, |new| object(&review::row(new)), review::count_new)
    }

    /// Brings score changes. The totals of their agents are what they are: they came with them.
    ///
    /// # Errors
    /// [`StorageError`] from the database.
    pub fn score_changes(&mut self, new: &[ScoreChange]) -> Result<Arrived, StorageError> {
        self.bring("score_log", new, |new| object(&score::row(new)), score::count_new)
    }

    /// Brings entries of the activity log.
    ///
    /// # Errors
    /// [`StorageError`] from the database.
    pub fn log_entries(&mut self, new: &[LogEntry]) -> Result<Arrived, StorageError> {
        self.bring("activity_log", new, |new| object(&log::row(new)), log::count_new)
    }

    /// Brings requests, and adds them to the tallies of their days.
    ///
    /// # Errors
    /// [`StorageError`] from the database.
    pub fn requests(
        &mut self,
        new: &[RequestEntry],
        day_of: &dyn Fn(Timestamp) -> String,
    ) -> Result<Arrived, StorageError> {
        let mut brought: Vec<&RequestEntry> = Vec::new();
        let row = |new: &&RequestEntry| object(&request::row(new));
        let new: Vec<&RequestEntry> = new.iter().collect();
        let arrived = self.bring("request_log", &new, row, |_, new| brought.push(*new))?;
        if let Place::Write(writer) = &mut self.place {
            request::add_to_days(writer, brought, day_of)?;
        }
        Ok(arrived)
    }

    fn make_indexes(&mut self) -> Result<(), StorageError> {
        let waiting = std::mem::take(&mut self.waiting_indexes);
        match &mut self.place {
            Place::Write(writer) => index::make(writer, &waiting),
            Place::Look(_) | Place::Nowhere => Ok(()),
        }
    }

    /// Makes true what stands beside agents and follows from what was brought: the last that is done.
    ///
    /// # Errors
    /// [`StorageError`] from the database.
    pub fn settle_agents(&mut self) -> Result<(), StorageError> {
        self.make_indexes()?;
        match &mut self.place {
            Place::Write(writer) => {
                writer.connection.batch_execute(SETTLE_AGENTS)?;
                track_record::settle(writer)
            }
            Place::Look(_) | Place::Nowhere => Ok(()),
        }
    }

    /// Brings rows of any table as they are.
    ///
    /// # Errors
    /// [`StorageError`] from the database.
    pub fn rows(
        &mut self,
        table: &'static Table,
        rows: &[Object],
    ) -> Result<Arrived, StorageError> {
        self.bring_to(table, rows, Object::clone, |_, _| {}, &[])
    }

    /// The columns of a table; none if there is no database yet.
    ///
    /// # Errors
    /// [`StorageError`] from the database.
    pub fn columns(&mut self, table: &'static Table) -> Result<Option<Vec<Column>>, StorageError> {
        Ok(self.known(table)?.map(|known| known.columns))
    }

    /// Brings rules.
    ///
    /// # Errors
    /// [`StorageError`] from the database.
    pub fn rules(&mut self, new: &[Rule]) -> Result<Arrived, StorageError> {
        self.bring("rule", new, |new| object(&rule::row(new)), |_, _| {})
    }

    fn bring<T>(
        &mut self,
        table: &str,
        values: &[T],
        row: impl Fn(&T) -> Object,
        count: impl FnMut(&mut Deltas, &T),
    ) -> Result<Arrived, StorageError> {
        let Some(table) = bulk::find_table(table) else { return Ok(Arrived::default()) };
        self.bring_to(table, values, row, count, NOT_COMPARED)
    }

    fn bring_to<T>(
        &mut self,
        table: &'static Table,
        values: &[T],
        row: impl Fn(&T) -> Object,
        mut count: impl FnMut(&mut Deltas, &T),
        not_compared: &[&str],
    ) -> Result<Arrived, StorageError> {
        let rows: Vec<Object> = values.iter().map(row).collect();
        let there = self.there(table, &rows)?;
        let mut arrived = Arrived::default();
        let (mut new, mut new_values) = (Vec::with_capacity(rows.len()), Vec::new());
        for (row, value) in rows.into_iter().zip(values) {
            let key = words(table, &row);
            match there.get(&key) {
                None => {
                    new.push(row);
                    new_values.push(value);
                }
                Some(found) if is_same(&row, found, not_compared) => arrived.same += 1,
                Some(_) => arrived.different.push(key),
            }
        }
        arrived.new = u64::try_from(new.len()).unwrap_or(u64::MAX);
        if let Place::Write(writer) = &mut self.place
            && arrived.different.is_empty()
        {
            bulk::insert(writer, table, &new)?;
            for value in new_values {
                count(&mut writer.deltas, value);
            }
        }
        Ok(arrived)
    }
}

fn make_room(writer: &mut Writer) -> Result<(), StorageError> {
    match &mut writer.reader.connection {
        AnyConnection::Sqlite(connection) => connection.batch_execute(ROOM_TO_WRITE)?,
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(_) => {}
    }
    Ok(())
}

/// Whether what is there is what would be brought.
fn is_same(row: &Object, found: &Object, not_compared: &[&str]) -> bool {
    row.iter()
        .filter(|(name, _)| !not_compared.contains(&name.as_str()))
        .all(|(name, value)| found.get(name) == Some(value))
}

/// The key of a row as a text.
fn words(table: &Table, row: &Object) -> String {
    let word = |name: &&str| match row.get(*name) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    table.key.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn object<T: Serialize>(row: &T) -> Object {
    match serde_json::to_value(row) {
        Ok(Value::Object(object)) => object,
        // Rows are structs of texts and numbers.
        Ok(_) | Err(_) => Object::new(),
    }
}
