//! Whose turn a background job is: of several servers on one database, one does it.

use std::time::Duration;

use diesel::prelude::*;
use openmoss_domain::Timestamp;
use openmoss_domain::watch::Away;

use crate::dialect::each_backend;
use crate::error::StorageError;
use crate::schema::turn;
use crate::statement::Statement;
use crate::store::{Reader, Writer};

/// A turn that nobody took for longer than this says that no server ran.
const AWAY_AFTER: Duration = Duration::from_mins(2);

/// Takes the turn at `job` until `until`, unless it is somebody's; whether it did.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn take(
    writer: &mut Writer,
    job: &str,
    holder: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StorageError> {
    let (at, long_ago) = (now.as_micros(), now.minus(AWAY_AFTER).as_micros());
    let statement: Statement<'_> = Statement::new("INSERT INTO turn (job, holder, until) VALUES (")
        .value(job)
        .sql(", ")
        .value(holder)
        .sql(", ")
        .value(until.as_micros())
        .sql(
            ") ON CONFLICT (job) DO UPDATE SET holder = excluded.holder, until = excluded.until, \
             away_from = CASE WHEN turn.until < ",
        )
        .value(long_ago)
        .sql(" THEN turn.until ELSE turn.away_from END, away_to = CASE WHEN turn.until < ")
        .value(long_ago)
        .sql(" THEN ")
        .value(at)
        .sql(" ELSE turn.away_to END WHERE turn.until <= ")
        .value(at);
    let taken = each_backend!(&mut writer.connection, c => statement.execute(c))?;
    Ok(taken > 0)
}

/// When nobody had the turn at `job` for the last time, because no server ran.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn away(reader: &mut Reader, job: &str) -> Result<Option<Away>, StorageError> {
    let found: Option<(Option<i64>, Option<i64>)> = turn::table
        .filter(turn::job.eq(job))
        .select((turn::away_from, turn::away_to))
        .first(&mut reader.connection)
        .optional()?;
    Ok(found.and_then(|(from, to)| {
        Some(Away { from: Timestamp::from_micros(from?), to: Timestamp::from_micros(to?) })
    }))
}
