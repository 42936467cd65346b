//! Work that comes round again, and its rounds.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use openmoss_domain::recurrence::{Pending, Recurrence};
use openmoss_domain::series::Rounds;
use openmoss_domain::{Series, SeriesId, SubTaskId, TaskId, Timestamp, Version};

use crate::convert::{corrupt, json, number, parse, parse_optional, to_json};
use crate::error::StorageError;
use crate::page::{Page, Window};
use crate::schema::{series, series_round};
use crate::statement::{Changes, Statement};
use crate::store::{Reader, Writer};
use crate::sub_task::Swap;

const TABLE: &str = "series";

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = series, treat_none_as_default_value = false)]
struct SeriesRow {
    id: String,
    task_id: Option<String>,
    template: Option<String>,
    cron: String,
    timezone: String,
    overlap: String,
    catch_up: String,
    ends_at: Option<i64>,
    next_due: Option<i64>,
    queued_since: Option<i64>,
    last_round: i32,
    is_paused: bool,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<SeriesRow> for Series {
    type Error = StorageError;

    fn try_from(row: SeriesRow) -> Result<Self, StorageError> {
        let id = row.id.as_str();
        let rounds = match (&row.task_id, &row.template) {
            (Some(task_id), Some(template)) => Rounds::SubTasks {
                task_id: parse(TABLE, id, "task_id", task_id)?,
                template: json(TABLE, id, "template", template)?,
            },
            (None, None) => Rounds::Tasks,
            _ => return Err(corrupt(TABLE, id, "task_id and template disagree".to_owned())),
        };
        let bad_version = || corrupt(TABLE, id, format!("version holds {}", row.version));
        Ok(Self {
            id: parse(TABLE, id, "id", id)?,
            rounds,
            recurrence: Recurrence {
                overlap: parse(TABLE, id, "overlap", &row.overlap)?,
                catch_up: parse(TABLE, id, "catch_up", &row.catch_up)?,
                until: row.ends_at.map(Timestamp::from_micros),
                cron: row.cron,
                timezone: row.timezone,
            },
            pending: Pending {
                next_due: row.next_due.map(Timestamp::from_micros),
                queued: row.queued_since.map(Timestamp::from_micros),
            },
            round: number(TABLE, &row.id, "last_round", row.last_round)?,
            is_paused: row.is_paused,
            version: Version::from_stored(row.version).ok_or_else(bad_version)?,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }
}

impl From<&Series> for SeriesRow {
    fn from(one: &Series) -> Self {
        Self {
            id: one.id.to_string(),
            task_id: one.task_id().map(|id| id.to_string()),
            template: template(one),
            cron: one.recurrence.cron.clone(),
            timezone: one.recurrence.timezone.clone(),
            overlap: one.recurrence.overlap.to_string(),
            catch_up: one.recurrence.catch_up.to_string(),
            ends_at: one.recurrence.until.map(Timestamp::as_micros),
            next_due: one.pending.next_due.map(Timestamp::as_micros),
            queued_since: one.pending.queued.map(Timestamp::as_micros),
            last_round: stored(one.round),
            is_paused: one.is_paused,
            version: one.version.get(),
            created_at: one.created_at.as_micros(),
            updated_at: one.updated_at.as_micros(),
        }
    }
}

fn template(one: &Series) -> Option<String> {
    match &one.rounds {
        Rounds::SubTasks { template, .. } => Some(to_json(template)),
        Rounds::Tasks => None,
    }
}

/// A series of that many rounds would take longer than there are clocks.
fn stored(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// One round: which of which series, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// Of which series.
    pub series_id: SeriesId,
    /// The how manieth.
    pub number: u32,
    /// The goal that it is, or that it belongs to.
    pub task_id: TaskId,
    /// The sub-task that it is; none where it is a whole task.
    pub sub_task_id: Option<SubTaskId>,
    /// When it was due.
    pub due: Timestamp,
}

type RoundColumns = (String, i32, String, Option<String>, i64);

fn round((series_id, of, task_id, sub_task_id, due): RoundColumns) -> Result<Round, StorageError> {
    const TABLE: &str = "series_round";
    let id = series_id.as_str();
    Ok(Round {
        series_id: parse(TABLE, id, "series_id", id)?,
        number: number(TABLE, id, "number", of)?,
        task_id: parse(TABLE, id, "task_id", &task_id)?,
        sub_task_id: parse_optional(TABLE, id, "sub_task_id", sub_task_id.as_deref())?,
        due: Timestamp::from_micros(due),
    })
}

/// Stores a new series.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn insert(writer: &mut Writer, new: &Series) -> Result<(), StorageError> {
    let row = SeriesRow::from(new);
    diesel::insert_into(series::table).values(row).execute(&mut writer.connection)?;
    Ok(())
}

/// The series with this id.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find(reader: &mut Reader, id: SeriesId) -> Result<Option<Series>, StorageError> {
    series::table
        .filter(series::id.eq(id.to_string()))
        .select(SeriesRow::as_select())
        .first(&mut reader.connection)
        .optional()?
        .map(Series::try_from)
        .transpose()
}

/// Replaces `before` by `next` if nobody changed it since `before` was read.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn compare_and_set(
    writer: &mut Writer,
    before: &Series,
    next: &Series,
) -> Result<Swap, StorageError> {
    let versions = (before.version, next.version);
    let id = before.id.to_string();
    let (before, next) = (SeriesRow::from(before), SeriesRow::from(next));
    Changes::default()
        .note(series::template, before.template, next.template)
        .note(series::cron, before.cron, next.cron)
        .note(series::timezone, before.timezone, next.timezone)
        .note(series::overlap, before.overlap, next.overlap)
        .note(series::catch_up, before.catch_up, next.catch_up)
        .note(series::ends_at, before.ends_at, next.ends_at)
        .note(series::next_due, before.next_due, next.next_due)
        .note(series::queued_since, before.queued_since, next.queued_since)
        .note(series::last_round, before.last_round, next.last_round)
        .note(series::is_paused, before.is_paused, next.is_paused)
        .note(series::updated_at, before.updated_at, next.updated_at)
        .compare_and_set(writer, "UPDATE series SET ", id, versions)
}

/// Series of which a round is due at `now`, the longest due first, and those of which one waits for
/// a last round that is over.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_due(
    reader: &mut Reader,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<SeriesId>, StorageError> {
    let mut due: Vec<String> = series::table
        .filter(series::next_due.le(now.as_micros()))
        .select(series::id)
        .order(series::next_due.asc())
        .limit(limit)
        .load(&mut reader.connection)?;
    let waiting: Statement<'_, Text> = Statement::new(
        "SELECT series.id FROM series \
         JOIN series_round ON series_id = series.id AND number = last_round \
         JOIN task ON task.id = series_round.task_id \
         LEFT JOIN sub_task ON sub_task.id = sub_task_id \
         WHERE queued_since IS NOT NULL AND CASE WHEN sub_task_id IS NULL \
             THEN task.status IN ('completed', 'archived', 'cancelled') \
             ELSE sub_task.status IN ('done', 'cancelled') END \
         ORDER BY queued_since LIMIT ",
    )
    .value(limit);
    let waiting: Vec<String> = waiting.load(&mut reader.connection)?;
    due.extend(waiting);
    due.iter().map(|id| parse(TABLE, id, "id", id)).collect()
}

/// Whether rounds of sub-tasks of this task are still to come.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn has_pending(reader: &mut Reader, task_id: TaskId) -> Result<bool, StorageError> {
    exists(reader, task_id, " AND (next_due IS NOT NULL OR queued_since IS NOT NULL))")
}

/// Whether the task has, or had, sub-tasks that come round again by a schedule.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn has_any(reader: &mut Reader, task_id: TaskId) -> Result<bool, StorageError> {
    exists(reader, task_id, ")")
}

fn exists(reader: &mut Reader, id: TaskId, more: &'static str) -> Result<bool, StorageError> {
    let statement: Statement<'_, Bool> =
        Statement::new("SELECT EXISTS (SELECT 1 FROM series WHERE task_id = ")
            .value(id.to_string())
            .sql(more);
    Ok(statement.get_result(&mut reader.connection)?)
}

/// Stores a new round.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn insert_round(writer: &mut Writer, new: &Round) -> Result<(), StorageError> {
    diesel::insert_into(series_round::table)
        .values((
            series_round::series_id.eq(new.series_id.to_string()),
            series_round::number.eq(stored(new.number)),
            series_round::task_id.eq(new.task_id.to_string()),
            series_round::sub_task_id.eq(new.sub_task_id.map(|id| id.to_string())),
            series_round::due.eq(new.due.as_micros()),
        ))
        .execute(&mut writer.connection)?;
    Ok(())
}

/// A round of a series by its number.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find_round(
    reader: &mut Reader,
    id: SeriesId,
    number: u32,
) -> Result<Option<Round>, StorageError> {
    let key = series_round::series_id.eq(id.to_string());
    series_round::table
        .filter(key.and(series_round::number.eq(stored(number))))
        .first::<RoundColumns>(&mut reader.connection)
        .optional()?
        .map(round)
        .transpose()
}

/// Which round a task is, if it is one.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find_round_of_task(reader: &mut Reader, id: TaskId) -> Result<Option<Round>, StorageError> {
    let key = series_round::task_id.eq(id.to_string());
    series_round::table
        .filter(key.and(series_round::sub_task_id.is_null()))
        .first::<RoundColumns>(&mut reader.connection)
        .optional()?
        .map(round)
        .transpose()
}

/// Which rounds these sub-tasks are; those that are none are left out.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find_rounds(
    reader: &mut Reader,
    ids: &[SubTaskId],
) -> Result<HashMap<SubTaskId, Round>, StorageError> {
    let mut found = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(500) {
        let texts: Vec<String> = chunk.iter().map(ToString::to_string).collect();
        let rows: Vec<RoundColumns> = series_round::table
            .filter(series_round::sub_task_id.eq_any(texts))
            .load(&mut reader.connection)?;
        for row in rows {
            let round = round(row)?;
            found.extend(round.sub_task_id.map(|id| (id, round)));
        }
    }
    Ok(found)
}

/// A page of a series' rounds, newest first.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_rounds(
    reader: &mut Reader,
    of: &Series,
    window: Window,
) -> Result<Page<Round>, StorageError> {
    let rows: Vec<RoundColumns> = series_round::table
        .filter(series_round::series_id.eq(of.id.to_string()))
        .order(series_round::number.desc())
        .limit(window.limit)
        .offset(window.offset)
        .load(&mut reader.connection)?;
    let items = rows.into_iter().map(round).collect::<Result<_, _>>()?;
    // None is ever deleted.
    Ok(Page { items, total: i64::from(of.round) })
}
