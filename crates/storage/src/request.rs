//! The request log, and how much each agent did on each day.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::upsert::excluded;
use openmoss_domain::request::{RequestEntry, RequestMethod};
use openmoss_domain::{AgentId, Keyword, Timestamp};
use serde::Serialize;

use crate::condition::contains;
use crate::connection::AnyConnection;
use crate::convert::{number, parse};
use crate::dialect::each_backend;
use crate::error::StorageError;
use crate::page::{Page, Window};
use crate::schema::{agent, request_day, request_log};
use crate::store::{Reader, Writer};

const TABLE: &str = "request_log";

#[derive(Queryable, QueryableByName, Selectable, Insertable, Serialize)]
#[diesel(table_name = request_log, treat_none_as_default_value = false)]
pub(crate) struct RequestRow {
    id: String,
    agent_id: String,
    method: String,
    path: String,
    request_body: Option<String>,
    response_status: i16,
    duration_ms: i64,
    created_at: i64,
}

impl TryFrom<RequestRow> for RequestEntry {
    type Error = StorageError;

    fn try_from(row: RequestRow) -> Result<Self, StorageError> {
        let id = row.id.as_str();
        Ok(Self {
            id: parse(TABLE, id, "id", id)?,
            agent_id: parse(TABLE, id, "agent_id", &row.agent_id)?,
            status: number(TABLE, id, "response_status", row.response_status)?,
            duration_ms: number(TABLE, id, "duration_ms", row.duration_ms)?,
            created_at: Timestamp::from_micros(row.created_at),
            method: row.method,
            path: row.path,
            sent: row.request_body,
        })
    }
}

impl From<&RequestEntry> for RequestRow {
    fn from(entry: &RequestEntry) -> Self {
        Self {
            id: entry.id.to_string(),
            agent_id: entry.agent_id.to_string(),
            method: entry.method.clone(),
            path: entry.path.clone(),
            request_body: entry.sent.clone(),
            response_status: i16::try_from(entry.status).unwrap_or(i16::MAX),
            duration_ms: entry.duration_ms.into(),
            created_at: entry.created_at.as_micros(),
        }
    }
}

/// What an agent did on a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls that were logged.
    pub requests: i64,
    /// Deliverables that were handed in.
    pub submissions: i64,
    /// Reviews that were recorded.
    pub reviews: i64,
}

/// Writes entries, when their agents last called, and the tallies of their days; `day_of` names the
/// day of a time. Entries of agents that are gone are left out.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn append(
    writer: &mut Writer,
    entries: &[RequestEntry],
    day_of: impl Fn(Timestamp) -> String,
) -> Result<(), StorageError> {
    let agents = note_last_requests(writer, entries)?;
    let kept: Vec<&RequestEntry> =
        entries.iter().filter(|entry| agents.contains(&entry.agent_id)).collect();
    let rows: Vec<RequestRow> = kept.iter().map(|entry| RequestRow::from(*entry)).collect();
    each_backend!(&mut writer.reader.connection, c => {
        diesel::insert_into(request_log::table).values(&rows).execute(c)
    })?;
    add_to_days(writer, kept, day_of)
}

/// What is stored of it.
pub(crate) fn row(new: &RequestEntry) -> RequestRow {
    RequestRow::from(new)
}

/// Adds entries to the tallies of their days.
pub(crate) fn add_to_days<'a>(
    writer: &mut Writer,
    entries: impl IntoIterator<Item = &'a RequestEntry>,
    day_of: impl Fn(Timestamp) -> String,
) -> Result<(), StorageError> {
    let mut tallies: BTreeMap<(AgentId, String), Tally> = BTreeMap::new();
    for entry in entries {
        let tally = tallies.entry((entry.agent_id, day_of(entry.created_at))).or_default();
        tally.requests += 1;
        tally.submissions += i64::from(entry.is_submission());
        tally.reviews += i64::from(entry.is_review());
    }
    for ((agent_id, day), tally) in tallies {
        add_to_day(writer, agent_id, &day, tally)?;
    }
    Ok(())
}

/// Returns the agents that still exist. In the order of their ids, so that two replicas that write
/// at once do not wait for each other; between those a time may go back by as long as one buffers.
fn note_last_requests(
    writer: &mut Writer,
    entries: &[RequestEntry],
) -> Result<BTreeSet<AgentId>, StorageError> {
    let mut last: BTreeMap<AgentId, Timestamp> = BTreeMap::new();
    for entry in entries {
        let at = last.entry(entry.agent_id).or_insert(entry.created_at);
        *at = entry.created_at.max(*at);
    }
    let mut found = BTreeSet::new();
    for (id, at) in last {
        let changed = diesel::update(agent::table.filter(agent::id.eq(id.to_string())))
            .set(agent::last_request_at.eq(at.as_micros()))
            .execute(&mut writer.connection)?;
        if changed > 0 {
            found.insert(id);
        }
    }
    Ok(found)
}

fn add_to_day(
    writer: &mut Writer,
    agent_id: AgentId,
    day: &str,
    tally: Tally,
) -> Result<(), StorageError> {
    let row = (
        request_day::agent_id.eq(agent_id.to_string()),
        request_day::day.eq(day),
        request_day::request_count.eq(tally.requests),
        request_day::submit_count.eq(tally.submissions),
        request_day::review_count.eq(tally.reviews),
    );
    each_backend!(&mut writer.reader.connection, c => diesel::insert_into(request_day::table)
        .values(row)
        .on_conflict((request_day::agent_id, request_day::day))
        .do_update()
        .set((
            request_day::request_count
                .eq(request_day::request_count + excluded(request_day::request_count)),
            request_day::submit_count
                .eq(request_day::submit_count + excluded(request_day::submit_count)),
            request_day::review_count
                .eq(request_day::review_count + excluded(request_day::review_count)),
        ))
        .execute(c))?;
    Ok(())
}

/// Deletes at most `limit` entries from before `before`; returns how many.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn delete_before(
    writer: &mut Writer,
    before: Timestamp,
    limit: i64,
) -> Result<usize, StorageError> {
    let old: Vec<String> = request_log::table
        .filter(request_log::created_at.lt(before.as_micros()))
        .select(request_log::id)
        .order((request_log::created_at.asc(), request_log::id.asc()))
        .limit(limit)
        .load(&mut writer.connection)?;
    if old.is_empty() {
        return Ok(0);
    }
    let deleted = diesel::delete(request_log::table.filter(request_log::id.eq_any(old)));
    Ok(deleted.execute(&mut writer.connection)?)
}

/// Forgets the tallies of days before `day`.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn delete_days_before(writer: &mut Writer, day: &str) -> Result<usize, StorageError> {
    let old = request_day::table.filter(request_day::day.lt(day));
    Ok(diesel::delete(old).execute(&mut writer.connection)?)
}

/// What each agent that called on `day` did.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn tallies(reader: &mut Reader, day: &str) -> Result<BTreeMap<AgentId, Tally>, StorageError> {
    let rows: Vec<(String, i64, i64, i64)> = request_day::table
        .filter(request_day::day.eq(day))
        .select((
            request_day::agent_id,
            request_day::request_count,
            request_day::submit_count,
            request_day::review_count,
        ))
        .load(&mut reader.connection)?;
    rows.into_iter()
        .map(|(id, requests, submissions, reviews)| {
            let agent_id = parse("request_day", &id, "agent_id", &id)?;
            Ok((agent_id, Tally { requests, submissions, reviews }))
        })
        .collect()
}

/// Which entries of an agent a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Of this agent.
    pub agent_id: AgentId,
    /// Not older than this.
    pub since: Option<Timestamp>,
    /// By this method.
    pub method: Option<RequestMethod>,
    /// With this in their path, ASCII letters in any case.
    pub path_keyword: Option<Keyword>,
}

/// A page of an agent's entries, newest first. Their number is counted: one agent's entries are an
/// index range, and those of a few days.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list(
    reader: &mut Reader,
    filter: &Filter,
    window: Window,
) -> Result<Page<RequestEntry>, StorageError> {
    let of_agent = request_log::agent_id.eq(filter.agent_id.to_string());
    let mut rows = request_log::table
        .filter(of_agent.clone())
        .select(RequestRow::as_select())
        .order((request_log::created_at.desc(), request_log::id.asc()))
        .limit(window.limit)
        .offset(window.offset)
        .into_boxed();
    let mut number = request_log::table.filter(of_agent).count().into_boxed();
    if let Some(since) = filter.since {
        rows = rows.filter(request_log::created_at.ge(since.as_micros()));
        number = number.filter(request_log::created_at.ge(since.as_micros()));
    }
    if let Some(method) = filter.method {
        rows = rows.filter(request_log::method.eq(method.as_str()));
        number = number.filter(request_log::method.eq(method.as_str()));
    }
    if let Some(keyword) = &filter.path_keyword {
        rows = rows.filter(contains(reader, &["path"], keyword));
        number = number.filter(contains(reader, &["path"], keyword));
    }
    let total = number.get_result(&mut reader.connection)?;
    let rows: Vec<RequestRow> = rows.load(&mut reader.connection)?;
    let items = rows.into_iter().map(RequestEntry::try_from).collect::<Result<_, _>>()?;
    Ok(Page { items, total })
}

/// Entries of all agents or of one, newest first, those after `after` only.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_latest(
    reader: &mut Reader,
    after: Option<Timestamp>,
    agent_id: Option<AgentId>,
    limit: i64,
) -> Result<Vec<RequestEntry>, StorageError> {
    let mut query = request_log::table
        .select(RequestRow::as_select())
        .order((request_log::created_at.desc(), request_log::id.desc()))
        .limit(limit)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(request_log::created_at.gt(after.as_micros()));
    }
    if let Some(id) = agent_id {
        query = query.filter(request_log::agent_id.eq(id.to_string()));
    }
    let rows: Vec<RequestRow> = query.load(&mut reader.connection)?;
    rows.into_iter().map(RequestEntry::try_from).collect()
}

/// How many entries of an agent [`recent_of_each`] shows.
pub const RECENT: usize = 5;

/// The newest entries of each agent that ever called, newest first: one look into the index for
/// each of them, so that nobody's are hidden behind a busy one's.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn recent_of_each(
    reader: &mut Reader,
) -> Result<BTreeMap<AgentId, Vec<RequestEntry>>, StorageError> {
    let newest = format!(
        "FROM request_log n WHERE n.agent_id = a.id ORDER BY n.created_at DESC, n.id DESC LIMIT {RECENT}"
    );
    let callers = "FROM (SELECT id FROM agent WHERE last_request_at > 0) a";
    let rows: Vec<RequestRow> = match &mut reader.connection {
        AnyConnection::Sqlite(c) => diesel::sql_query(format!(
            "SELECT r.* {callers} JOIN request_log r ON r.id IN (SELECT n.id {newest})"
        ))
        .load(c)?,
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(c) => diesel::sql_query(format!(
            "SELECT r.* {callers} CROSS JOIN LATERAL (SELECT n.* {newest}) r"
        ))
        .load(c)?,
    };
    let mut found: BTreeMap<AgentId, Vec<RequestEntry>> = BTreeMap::new();
    for row in rows {
        let entry = RequestEntry::try_from(row)?;
        found.entry(entry.agent_id).or_default().push(entry);
    }
    for entries in found.values_mut() {
        entries.sort_by_key(|entry| std::cmp::Reverse((entry.created_at, entry.id)));
    }
    Ok(found)
}
