//! The event log: appended in the transaction that changes state, never changed.

use diesel::dsl::{max, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use openmoss_domain::event::Payload;
use openmoss_domain::{
    Actor, ActorKind, AgentId, Event, EventId, EventKind, SubTaskId, TaskId, Timestamp,
};

use crate::connection::AnyConnection;
use crate::convert::{json, parse, parse_optional, to_json};
use crate::dialect::each_backend;
use crate::error::StorageError;
use crate::schema::event;
use crate::store::{Reader, Writer};

const TABLE: &str = "event";

#[derive(Insertable)]
#[diesel(table_name = event, treat_none_as_default_value = false)]
struct NewEventRow {
    id: String,
    at: i64,
    kind: &'static str,
    actor_kind: &'static str,
    actor_id: Option<String>,
    task_id: Option<String>,
    sub_task_id: Option<String>,
    agent_id: Option<String>,
    payload: String,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = event)]
struct EventRow {
    seq: i64,
    id: String,
    at: i64,
    kind: String,
    actor_kind: String,
    actor_id: Option<String>,
    task_id: Option<String>,
    sub_task_id: Option<String>,
    agent_id: Option<String>,
    payload: String,
}

/// An event of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its place in the log; grows, with gaps.
    pub seq: i64,
    /// Its id.
    pub id: EventId,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: Timestamp,
    /// As what the actor acted.
    pub actor_kind: ActorKind,
    /// Which agent acted, if one did.
    pub actor_id: Option<AgentId>,
    /// The goal that it concerns.
    pub task_id: Option<TaskId>,
    /// The sub-task that it concerns.
    pub sub_task_id: Option<SubTaskId>,
    /// The agent that it concerns.
    pub agent_id: Option<AgentId>,
    /// Details.
    pub payload: Payload,
}

impl TryFrom<EventRow> for Recorded {
    type Error = StorageError;

    fn try_from(row: EventRow) -> Result<Self, StorageError> {
        let id = row.id.as_str();
        Ok(Self {
            seq: row.seq,
            id: parse(TABLE, id, "id", id)?,
            kind: parse(TABLE, id, "kind", &row.kind)?,
            at: Timestamp::from_micros(row.at),
            actor_kind: parse(TABLE, id, "actor_kind", &row.actor_kind)?,
            actor_id: parse_optional(TABLE, id, "actor_id", row.actor_id.as_deref())?,
            task_id: parse_optional(TABLE, id, "task_id", row.task_id.as_deref())?,
            sub_task_id: parse_optional(TABLE, id, "sub_task_id", row.sub_task_id.as_deref())?,
            agent_id: parse_optional(TABLE, id, "agent_id", row.agent_id.as_deref())?,
            payload: json(TABLE, id, "payload", &row.payload)?,
        })
    }
}

/// Appends an event. The id is made by the caller, outside the transaction.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn append(writer: &mut Writer, id: EventId, new: &Event) -> Result<(), StorageError> {
    let actor: Actor = new.actor;
    let row = NewEventRow {
        id: id.to_string(),
        at: new.at.as_micros(),
        kind: new.kind.as_str(),
        actor_kind: actor.kind().as_str(),
        actor_id: actor.agent_id().map(|id| id.to_string()),
        task_id: new.task_id.map(|id| id.to_string()),
        sub_task_id: new.sub_task_id.map(|id| id.to_string()),
        agent_id: new.agent_id.map(|id| id.to_string()),
        payload: to_json(&new.payload),
    };
    let insert = diesel::insert_into(event::table).values(row);
    each_backend!(&mut writer.connection, c => insert.execute(c))?;
    if let Some(noted) = &mut writer.noted {
        noted.push((id, new.clone()));
    }
    Ok(())
}

/// Which events are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this goal.
    pub task_id: Option<TaskId>,
    /// Of this sub-task.
    pub sub_task_id: Option<SubTaskId>,
}

/// Events after `after`, oldest first. Whoever asks again with the last `seq` it got misses none.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_after(
    reader: &mut Reader,
    filter: Filter,
    after: i64,
    limit: i64,
) -> Result<Vec<Recorded>, StorageError> {
    list(reader, filter, Place::After(after), limit)
}

/// Events before `before`, newest first.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_before(
    reader: &mut Reader,
    filter: Filter,
    before: i64,
    limit: i64,
) -> Result<Vec<Recorded>, StorageError> {
    list(reader, filter, Place::Before(before), limit)
}

/// When the last sub-task of a goal was last done.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn all_done_at(reader: &mut Reader, id: TaskId) -> Result<Option<Timestamp>, StorageError> {
    // In the text, because an index has only those rows.
    let of_the_end = sql::<Bool>(&format!("event.kind = '{}'", EventKind::TaskAllDone.as_str()));
    let at: Option<i64> = event::table
        .filter(event::task_id.eq(id.to_string()))
        .filter(of_the_end)
        .order(event::seq.desc())
        .select(event::at)
        .first(&mut reader.connection)
        .optional()?;
    Ok(at.map(Timestamp::from_micros))
}

#[derive(Clone, Copy)]
enum Place {
    After(i64),
    Before(i64),
}

fn list(
    reader: &mut Reader,
    filter: Filter,
    place: Place,
    limit: i64,
) -> Result<Vec<Recorded>, StorageError> {
    // The last place before which nothing can appear any more.
    let last = match &mut reader.connection {
        // One writer: whatever is visible came in order.
        AnyConnection::Sqlite(_) => i64::MAX,
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(c) => fence::last_settled(c)?,
    };
    let mut query = event::table
        .filter(event::seq.le(last))
        .select(EventRow::as_select())
        .limit(limit)
        .into_boxed();
    query = match place {
        Place::After(after) if last <= after => return Ok(Vec::new()),
        Place::After(after) => query.filter(event::seq.gt(after)).order(event::seq.asc()),
        Place::Before(before) => query.filter(event::seq.lt(before)).order(event::seq.desc()),
    };
    if let Some(id) = filter.task_id {
        query = query.filter(event::task_id.eq(id.to_string()));
    }
    if let Some(id) = filter.sub_task_id {
        query = query.filter(event::sub_task_id.eq(id.to_string()));
    }
    let rows: Vec<EventRow> = query.load(&mut reader.connection)?;
    rows.into_iter().map(Recorded::try_from).collect()
}

/// The number of the newest event of which [`list_after`] can be sure; 0 if there is none.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn latest(reader: &mut Reader) -> Result<i64, StorageError> {
    let last: Option<i64> = match &mut reader.connection {
        AnyConnection::Sqlite(c) => event::table.select(max(event::seq)).first(c)?,
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(c) => Some(fence::last_settled(c)?),
    };
    Ok(last.unwrap_or(0))
}

#[cfg(feature = "postgres")]
pub(crate) mod fence {
    //! PostgreSQL gives out sequence numbers in another order than it commits.
    //!
    //! So every writing transaction begins by noting how far the sequence is, in a place where
    //! others see it at once and where it vanishes after the commit is visible: the key of a
    //! shared advisory lock, on which nobody ever waits. Whatever the transaction appends comes
    //! after its note. A reader looks how far the sequence is, then which notes there are, and
    //! reads up to the lowest; whoever makes a note later appends after what the reader looked at.
    //! The key has room for the lower 32 bits of the number, and no transaction runs while two
    //! thousand million events are appended.

    use diesel::pg::PgConnection;
    use diesel::prelude::*;
    use diesel::sql_types::BigInt;

    use crate::error::StorageError;

    /// Begins a writing transaction, and makes its note.
    pub(crate) const BEGIN: &str = "BEGIN; SELECT pg_advisory_xact_lock_shared(
        'event'::regclass::oid::int,
        coalesce(pg_sequence_last_value('event_seq_seq'), 0)::bit(32)::int)";
    const APPENDED: &str = "SELECT coalesce(pg_sequence_last_value('event_seq_seq'), 0) AS n";
    const NOTES: &str = "SELECT objid::bigint AS n FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 2 AND classid = 'event'::regclass::oid
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }

    pub(super) fn last_settled(connection: &mut PgConnection) -> Result<i64, StorageError> {
        // Two statements, because the order matters: see above.
        let appended: Number = diesel::sql_query(APPENDED).get_result(connection)?;
        let notes: Vec<Number> = diesel::sql_query(NOTES).load(connection)?;
        let behind = notes.iter().map(|note| distance(note.n, appended.n)).max();
        Ok(appended.n - behind.unwrap_or(0).max(0))
    }

    /// How far `to` lies after `from`, of which only the lower 32 bits are known.
    #[expect(clippy::cast_possible_truncation, reason = "the lower 32 bits are what is compared")]
    fn distance(from: i64, to: i64) -> i64 {
        i64::from((to as i32).wrapping_sub(from as i32))
    }

    #[cfg(test)]
    mod tests {
        use super::distance;

        #[test]
        fn a_distance_needs_the_lower_bits_only() {
            assert_eq!(distance(40, 42), 2);
            assert_eq!(distance(42, 40), -2);
            let (before, after) = ((7 << 32) - 3, (7 << 32) + 2);
            assert_eq!(distance(before & 0xffff_ffff, after), 5);
        }
    }
}
