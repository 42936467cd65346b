//! Numbers of a day, from index ranges that end with it.

use diesel::prelude::*;
use openmoss_domain::{ReviewResult, Timestamp};

use crate::error::StorageError;
use crate::schema::{review_record, score_log, sub_task};
use crate::store::Reader;

/// How many sub-tasks were approved since `since`.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn completed_since(reader: &mut Reader, since: Timestamp) -> Result<i64, StorageError> {
    Ok(sub_task::table
        .filter(sub_task::completed_at.ge(since.as_micros()))
        .count()
        .get_result(&mut reader.connection)?)
}

/// How many reviews said `result` since `since`.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn reviews_since(
    reader: &mut Reader,
    result: ReviewResult,
    since: Timestamp,
) -> Result<i64, StorageError> {
    Ok(review_record::table
        .filter(
            review_record::created_at
                .ge(since.as_micros())
                .and(review_record::result.eq(result.as_str())),
        )
        .count()
        .get_result(&mut reader.connection)?)
}

/// The sum of all score changes since `since`.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn score_since(reader: &mut Reader, since: Timestamp) -> Result<i64, StorageError> {
    let deltas: Vec<i64> = score_log::table
        .filter(score_log::created_at.ge(since.as_micros()))
        .select(score_log::score_delta)
        .load(&mut reader.connection)?;
    Ok(deltas.into_iter().sum())
}
