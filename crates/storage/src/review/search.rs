//! The admin's list of reviews: filtered by anything, in order of time.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use openmoss_domain::{
    AgentId, Keyword, Review, ReviewResult, SortOrder, SubTaskId, TaskId, Timestamp,
};

use super::ReviewRow;
use crate::condition::{Condition, Contains, all, direction, literal, unindexed};
use crate::counter::{Scope, counts};
use crate::error::StorageError;
use crate::page::{Page, Window};
use crate::schema::{review_record, sub_task};
use crate::store::Reader;

/// Which reviews, in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Of sub-tasks of this task.
    pub task_id: Option<TaskId>,
    /// Of this sub-task.
    pub sub_task_id: Option<SubTaskId>,
    /// By this reviewer.
    pub reviewer: Option<AgentId>,
    /// That say this.
    pub result: Option<ReviewResult>,
    /// With this in issues, comment, or the name of task, sub-task, reviewer or rework agent.
    pub keyword: Option<Keyword>,
    /// Not older than this.
    pub since: Option<Timestamp>,
    /// Which end comes first.
    pub order: SortOrder,
}

/// A page of the reviews that a search finds.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn search(
    reader: &mut Reader,
    search: &Search,
    window: Window,
) -> Result<Page<Review>, StorageError> {
    let total = total(reader, search)?;
    if window.offset >= total {
        return Ok(Page { items: Vec::new(), total });
    }
    let rows: Vec<ReviewRow> = review_record::table
        .filter(search.conditions(reader))
        .select(ReviewRow::as_select())
        .order(sql::<Bool>(&search.ordering()))
        .limit(window.limit)
        .offset(window.offset)
        .load(&mut reader.connection)?;
    let items = rows.into_iter().map(Review::try_from).collect::<Result<_, _>>()?;
    Ok(Page { items, total })
}

/// From counters where only the result is asked for; else counted in an index range.
fn total(reader: &mut Reader, search: &Search) -> Result<i64, StorageError> {
    if search.is_narrow() || search.keyword.is_some() || search.since.is_some() {
        let query = review_record::table.filter(search.conditions(reader)).count();
        return Ok(query.get_result(&mut reader.connection)?);
    }
    let counts = counts(reader, Scope::Reviews)?;
    let wanted =
        ReviewResult::ALL.iter().filter(|one| search.result.is_none_or(|only| only == **one));
    Ok(wanted.map(|result| counts.get(result.as_str())).sum())
}

impl Search {
    /// Whether it is about a few of all reviews.
    fn is_narrow(&self) -> bool {
        self.task_id.is_some() || self.sub_task_id.is_some() || self.reviewer.is_some()
    }

    /// Whether what is found is sorted, not walked in order: one task or sub-task has few, and a
    /// keyword looks into all texts anyway.
    fn is_sorted(&self) -> bool {
        self.task_id.is_some() || self.sub_task_id.is_some() || self.keyword.is_some()
    }

    fn ordering(&self) -> String {
        let (before, to) = (if self.is_sorted() { "+" } else { "" }, direction(self.order));
        format!("{before}review_record.created_at {to}, review_record.id {to}")
    }

    fn conditions(&self, reader: &Reader) -> Condition<review_record::table> {
        let mut found: Vec<Condition<review_record::table>> = Vec::new();
        if let Some(id) = self.task_id {
            let of_task =
                sub_task::table.filter(sub_task::task_id.eq(id.to_string())).select(sub_task::id);
            found.push(Box::new(review_record::sub_task_id.eq_any(of_task)));
        }
        if let Some(id) = self.sub_task_id {
            found.push(Box::new(review_record::sub_task_id.eq(id.to_string())));
        }
        if let Some(id) = self.reviewer {
            let reviewer = review_record::reviewer_agent.assume_not_null();
            found.push(Box::new(reviewer.eq(id.to_string())));
        }
        if let Some(result) = self.result {
            let before = if self.is_narrow() { unindexed(reader) } else { "" };
            found.push(literal(&format!("{before}review_record.result = '{result}'")));
        }
        if let Some(since) = self.since {
            found.push(Box::new(review_record::created_at.ge(since.as_micros())));
        }
        if let Some(keyword) = &self.keyword {
            found.push(mentions(reader, keyword));
        }
        all(found)
    }
}

/// Whether a review's own texts, or one of the names that belong to it, contain the keyword. The
/// names are looked through once, not once for each review.
fn mentions(reader: &Reader, keyword: &Keyword) -> Condition<review_record::table> {
    let search = Contains::new(reader, keyword);
    let (value, after) = (search.value.clone(), search.after);
    let own = search.before(&["review_record.issues", "review_record.comment"]);
    let work = search.before(&["sub_task.name"]);
    let goal = search.before(&["task.name"]);
    let agent = search.before(&["agent.name"]);
    let of_work = "review_record.sub_task_id IN (SELECT sub_task.id FROM sub_task WHERE";
    let of_goal = "sub_task.task_id IN (SELECT task.id FROM task WHERE";
    let agents = "IN (SELECT agent.id FROM agent WHERE";
    let condition = sql::<Bool>(&format!("({own}"))
        .bind::<Text, _>(value.clone())
        .sql(&format!("{after} OR {of_work} {work}"))
        .bind::<Text, _>(value.clone())
        .sql(&format!("{after} OR {of_goal} {goal}"))
        .bind::<Text, _>(value.clone())
        .sql(&format!("{after})) OR review_record.reviewer_agent {agents} {agent}"))
        .bind::<Text, _>(value.clone())
        .sql(&format!("{after}) OR review_record.rework_agent {agents} {agent}"))
        .bind::<Text, _>(value)
        .sql(&format!("{after}))"));
    Box::new(condition)
}
