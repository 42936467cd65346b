//! The outbox: what the server tells people about, and how far each message is.

use diesel::prelude::*;
use openmoss_domain::notification::Delivery;
use openmoss_domain::outbox::{DeliveryStatus, Sending};
use openmoss_domain::{DeliveryId, Timestamp};

use crate::convert::{json, number, parse, parse_optional, to_json, token};
use crate::counter::{Scope, counts};
use crate::dialect::each_backend;
use crate::error::StorageError;
use crate::page::{Page, Window};
use crate::schema::delivery;
use crate::store::{Reader, Writer};
use crate::sub_task::Swap;

const TABLE: &str = "delivery";

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = delivery, treat_none_as_default_value = false)]
struct DeliveryRow {
    id: String,
    channel: String,
    kind: String,
    event_id: String,
    task_id: Option<String>,
    sub_task_id: Option<String>,
    agent_id: Option<String>,
    payload: String,
    status: String,
    tries: i32,
    next_try_at: i64,
    last_error: Option<String>,
    created_at: i64,
    finished_at: Option<i64>,
}

impl TryFrom<DeliveryRow> for Delivery {
    type Error = StorageError;

    fn try_from(row: DeliveryRow) -> Result<Self, StorageError> {
        let id = row.id.as_str();
        Ok(Self {
            id: parse(TABLE, id, "id", id)?,
            kind: parse(TABLE, id, "kind", &row.kind)?,
            event_id: parse(TABLE, id, "event_id", &row.event_id)?,
            task_id: parse_optional(TABLE, id, "task_id", row.task_id.as_deref())?,
            sub_task_id: parse_optional(TABLE, id, "sub_task_id", row.sub_task_id.as_deref())?,
            agent_id: parse_optional(TABLE, id, "agent_id", row.agent_id.as_deref())?,
            payload: json(TABLE, id, "payload", &row.payload)?,
            created_at: Timestamp::from_micros(row.created_at),
            sending: Sending {
                status: parse(TABLE, id, "status", &row.status)?,
                tries: number(TABLE, id, "tries", row.tries)?,
                next_try_at: Timestamp::from_micros(row.next_try_at),
                last_error: row.last_error,
                finished_at: row.finished_at.map(Timestamp::from_micros),
            },
            channel: row.channel,
        })
    }
}

impl From<&Delivery> for DeliveryRow {
    fn from(one: &Delivery) -> Self {
        Self {
            id: one.id.to_string(),
            channel: one.channel.clone(),
            kind: one.kind.to_string(),
            event_id: one.event_id.to_string(),
            task_id: one.task_id.map(|id| id.to_string()),
            sub_task_id: one.sub_task_id.map(|id| id.to_string()),
            agent_id: one.agent_id.map(|id| id.to_string()),
            payload: to_json(&one.payload),
            status: one.sending.status.to_string(),
            tries: tries(&one.sending),
            next_try_at: one.sending.next_try_at.as_micros(),
            last_error: one.sending.last_error.clone(),
            created_at: one.created_at.as_micros(),
            finished_at: one.sending.finished_at.map(Timestamp::as_micros),
        }
    }
}

fn tries(one: &Sending) -> i32 {
    i32::try_from(one.tries).unwrap_or(i32::MAX)
}

/// Stores messages that are pending.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn insert_all(writer: &mut Writer, new: &[Delivery]) -> Result<(), StorageError> {
    let rows: Vec<DeliveryRow> = new.iter().map(DeliveryRow::from).collect();
    each_backend!(&mut writer.reader.connection, c => {
        diesel::insert_into(delivery::table).values(&rows).execute(c)
    })?;
    for one in new {
        writer.deltas.add(Scope::Deliveries, one.sending.status.as_str(), 1);
    }
    Ok(())
}

/// The message with this id.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find(reader: &mut Reader, id: DeliveryId) -> Result<Option<Delivery>, StorageError> {
    delivery::table
        .filter(delivery::id.eq(id.to_string()))
        .select(DeliveryRow::as_select())
        .first(&mut reader.connection)
        .optional()?
        .map(Delivery::try_from)
        .transpose()
}

/// Messages that are to be tried now, the one that waits longest first.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_due(
    reader: &mut Reader,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Delivery>, StorageError> {
    let rows: Vec<DeliveryRow> = delivery::table
        .filter(delivery::status.eq(token(DeliveryStatus::Pending.as_str())))
        .filter(delivery::next_try_at.le(now.as_micros()))
        .select(DeliveryRow::as_select())
        .order((delivery::next_try_at.asc(), delivery::id.asc()))
        .limit(limit)
        .load(&mut reader.connection)?;
    rows.into_iter().map(Delivery::try_from).collect()
}

/// Replaces how far a message is, if it still is as it was when `before` was read.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn compare_and_set(
    writer: &mut Writer,
    before: &Delivery,
    next: &Sending,
) -> Result<Swap, StorageError> {
    let (id, before) = (before.id, &before.sending);
    let is_same = delivery::status
        .eq(before.status.as_str())
        .and(delivery::tries.eq(tries(before)))
        .and(delivery::next_try_at.eq(before.next_try_at.as_micros()));
    let target = delivery::table.filter(delivery::id.eq(id.to_string()).and(is_same));
    let changed = diesel::update(target)
        .set((
            delivery::status.eq(next.status.as_str()),
            delivery::tries.eq(tries(next)),
            delivery::next_try_at.eq(next.next_try_at.as_micros()),
            delivery::last_error.eq(next.last_error.as_deref()),
            delivery::finished_at.eq(next.finished_at.map(Timestamp::as_micros)),
        ))
        .execute(&mut writer.connection)?;
    if changed == 0 {
        return Ok(Swap::Lost);
    }
    writer.deltas.add(Scope::Deliveries, before.status.as_str(), -1);
    writer.deltas.add(Scope::Deliveries, next.status.as_str(), 1);
    Ok(Swap::Swapped)
}

/// A page of messages, newest first.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list(
    reader: &mut Reader,
    status: Option<DeliveryStatus>,
    window: Window,
) -> Result<Page<Delivery>, StorageError> {
    let counts = counts(reader, Scope::Deliveries)?;
    let of = |status: &DeliveryStatus| counts.get(status.as_str());
    let total = status.map_or_else(|| DeliveryStatus::ALL.iter().map(of).sum(), |one| of(&one));
    let mut query = delivery::table
        .select(DeliveryRow::as_select())
        .order((delivery::created_at.desc(), delivery::id.desc()))
        .limit(window.limit)
        .offset(window.offset)
        .into_boxed();
    if let Some(status) = status {
        query = query.filter(delivery::status.eq(token(status.as_str())));
    }
    let rows: Vec<DeliveryRow> = query.load(&mut reader.connection)?;
    let items = rows.into_iter().map(Delivery::try_from).collect::<Result<_, _>>()?;
    Ok(Page { items, total })
}

/// Deletes at most `limit` messages that were over before `before`; returns how many.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn delete_before(
    writer: &mut Writer,
    before: Timestamp,
    limit: i64,
) -> Result<usize, StorageError> {
    let old: Vec<(String, String)> = delivery::table
        .filter(delivery::status.ne(token(DeliveryStatus::Pending.as_str())))
        .filter(delivery::finished_at.lt(before.as_micros()))
        .select((delivery::id, delivery::status))
        .order((delivery::finished_at.asc(), delivery::id.asc()))
        .limit(limit)
        .load(&mut writer.connection)?;
    if old.is_empty() {
        return Ok(0);
    }
    for (id, status) in &old {
        let status: DeliveryStatus = parse(TABLE, id, "status", status)?;
        writer.deltas.add(Scope::Deliveries, status.as_str(), -1);
    }
    let ids = old.iter().map(|(id, _)| id);
    let deleted = diesel::delete(delivery::table.filter(delivery::id.eq_any(ids)));
    Ok(deleted.execute(&mut writer.connection)?)
}
