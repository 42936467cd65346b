//! Reviews.

mod search;

use diesel::prelude::*;
use openmoss_domain::{AgentId, Review, ReviewId, ReviewResult, SubTaskId, Timestamp};
use serde::Serialize;

use crate::convert::{number, parse, parse_optional};
use crate::counter::{Deltas, Scope, counts};
use crate::error::StorageError;
use crate::page::{Page, Window};
use crate::schema::review_record;
use crate::store::{Reader, Writer};

pub use search::{Search, search};

const TABLE: &str = "review_record";
/// Reviews that are looked at for approvals: more than can be asked for.
const APPROVALS_SEEN: i64 = 50;

#[derive(Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = review_record, treat_none_as_default_value = false)]
pub(crate) struct ReviewRow {
    id: String,
    sub_task_id: String,
    reviewer_agent: Option<String>,
    round: i32,
    result: String,
    score: i16,
    issues: String,
    comment: String,
    rework_agent: Option<String>,
    created_at: i64,
}

impl TryFrom<ReviewRow> for Review {
    type Error = StorageError;

    fn try_from(row: ReviewRow) -> Result<Self, StorageError> {
        let id = row.id.as_str();
        Ok(Self {
            id: parse(TABLE, id, "id", id)?,
            sub_task_id: parse(TABLE, id, "sub_task_id", &row.sub_task_id)?,
            reviewer: parse_optional(TABLE, id, "reviewer_agent", row.reviewer_agent.as_deref())?,
            round: number(TABLE, id, "round", row.round)?,
            result: parse::<ReviewResult>(TABLE, id, "result", &row.result)?,
            score: number(TABLE, id, "score", row.score)?,
            rework_agent: parse_optional(TABLE, id, "rework_agent", row.rework_agent.as_deref())?,
            created_at: Timestamp::from_micros(row.created_at),
            issues: row.issues,
            comment: row.comment,
        })
    }
}

/// What is stored of it.
pub(crate) fn row(new: &Review) -> ReviewRow {
    ReviewRow {
        id: new.id.to_string(),
        sub_task_id: new.sub_task_id.to_string(),
        reviewer_agent: new.reviewer.map(|id| id.to_string()),
        round: i32::try_from(new.round).unwrap_or(i32::MAX),
        result: new.result.to_string(),
        score: new.score.into(),
        issues: new.issues.clone(),
        comment: new.comment.clone(),
        rework_agent: new.rework_agent.map(|id| id.to_string()),
        created_at: new.created_at.as_micros(),
    }
}

/// Stores a review.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn insert(writer: &mut Writer, new: &Review) -> Result<(), StorageError> {
    let row = row(new);
    diesel::insert_into(review_record::table).values(row).execute(&mut writer.connection)?;
    count_new(&mut writer.deltas, new);
    Ok(())
}

/// Counts a review that was not there before.
pub(crate) fn count_new(deltas: &mut Deltas, new: &Review) {
    deltas.add(Scope::Reviews, new.result.as_str(), 1);
}

/// How many reviews a sub-task has had.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn count_of(reader: &mut Reader, sub_task: SubTaskId) -> Result<u32, StorageError> {
    let last: Option<i32> = review_record::table
        .filter(review_record::sub_task_id.eq(sub_task.to_string()))
        .select(review_record::round)
        .order(review_record::round.desc())
        .first(&mut reader.connection)
        .optional()?;
    number(TABLE, &sub_task.to_string(), "round", last.unwrap_or(0))
}

/// Who approved what is in review now: the reviewers of the newest reviews, up to the first that sent it
/// back, that came after `since`. An admin is none of them.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_approvers(
    reader: &mut Reader,
    sub_task: SubTaskId,
    since: Option<Timestamp>,
) -> Result<Vec<AgentId>, StorageError> {
    let since = since.map_or(i64::MIN, Timestamp::as_micros);
    let rows: Vec<(String, Option<String>, String)> = review_record::table
        .filter(
            review_record::sub_task_id
                .eq(sub_task.to_string())
                .and(review_record::created_at.ge(since)),
        )
        .select((review_record::id, review_record::reviewer_agent, review_record::result))
        .order(review_record::round.desc())
        .limit(APPROVALS_SEEN)
        .load(&mut reader.connection)?;
    let approved = ReviewResult::Approved.as_str();
    let approvals = rows.into_iter().take_while(|(_, _, result)| result == approved);
    let reviewers = approvals.filter_map(|(id, reviewer, _)| reviewer.map(|one| (id, one)));
    reviewers.map(|(id, one)| parse(TABLE, &id, "reviewer_agent", &one)).collect()
}

/// The review with this id.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find(reader: &mut Reader, id: ReviewId) -> Result<Option<Review>, StorageError> {
    review_record::table
        .filter(review_record::id.eq(id.to_string()))
        .select(ReviewRow::as_select())
        .first(&mut reader.connection)
        .optional()?
        .map(Review::try_from)
        .transpose()
}

/// A page of reviews, newest first.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list(
    reader: &mut Reader,
    sub_task: Option<SubTaskId>,
    window: Window,
) -> Result<Page<Review>, StorageError> {
    let total = if let Some(id) = sub_task {
        i64::from(count_of(reader, id)?)
    } else {
        let counts = counts(reader, Scope::Reviews)?;
        ReviewResult::ALL.iter().map(|result| counts.get(result.as_str())).sum()
    };
    let query = review_record::table
        .select(ReviewRow::as_select())
        .limit(window.limit)
        .offset(window.offset);
    let rows: Vec<ReviewRow> = match sub_task {
        // Its rounds are in order of time, and they are the index that is there anyway.
        Some(id) => query
            .filter(review_record::sub_task_id.eq(id.to_string()))
            .order(review_record::round.desc())
            .load(&mut reader.connection)?,
        None => query
            .order((review_record::created_at.desc(), review_record::id.desc()))
            .load(&mut reader.connection)?,
    };
    let items = rows.into_iter().map(Review::try_from).collect::<Result<_, _>>()?;
    Ok(Page { items, total })
}
