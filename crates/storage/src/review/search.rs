//! The admin's list of reviews: filtered by anything, in order of time.

use std::collections::BTreeSet;

use diesel::connection::DefaultLoadingMode;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use openmoss_domain::{
    AgentId, Keyword, Review, ReviewResult, SortOrder, SubTaskId, TaskId, Timestamp,
};

use super::ReviewRow;
use crate::condition::{Condition, Contains, all, direction, literal, unindexed};
use crate::counter::{Scope, counts};
use crate::dialect::each_backend;
use crate::error::StorageError;
use crate::page::{COUNTED_MAX, Page, Window};
use crate::schema::{review_record, sub_task};
use crate::statement::Statement;
use crate::store::Reader;
use crate::text;

/// [`COUNTED_MAX`] in memory.
const FOUND_MAX: usize = 10_000;
/// In how many ways a review may have a keyword.
const MENTIONS_MAX: i64 = 5;

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
    let total = if let Some(keyword) = &search.keyword {
        let found = mentioned(reader, search, keyword)?;
        if found.len() < FOUND_MAX {
            return listed(reader, search, found, window);
        }
        COUNTED_MAX
    } else {
        total(reader, search)?
    };
    if window.offset >= total {
        return Ok(Page { items: Vec::new(), total });
    }
    let found = search.conditions(reader);
    let order = search.ordering(search.is_of_work());
    Ok(Page { items: page(reader, found, &order, window)?, total })
}

fn page(
    reader: &mut Reader,
    found: Condition<review_record::table>,
    order: &str,
    window: Window,
) -> Result<Vec<Review>, StorageError> {
    let rows: Vec<ReviewRow> = review_record::table
        .filter(found)
        .select(ReviewRow::as_select())
        .order(sql::<Bool>(order))
        .limit(window.limit)
        .offset(window.offset)
        .load(&mut reader.connection)?;
    rows.into_iter().map(Review::try_from).collect()
}

/// When reviews were made, and their ids.
type Found = BTreeSet<(i64, String)>;

/// A page of those that were found.
fn listed(
    reader: &mut Reader,
    search: &Search,
    found: Found,
    window: Window,
) -> Result<Page<Review>, StorageError> {
    let total = i64::try_from(found.len()).unwrap_or(COUNTED_MAX);
    let count = |number: i64| usize::try_from(number).unwrap_or(0);
    let shown = |ids: &mut dyn Iterator<Item = (i64, String)>| -> Vec<String> {
        ids.skip(count(window.offset)).take(count(window.limit)).map(|(_, id)| id).collect()
    };
    let shown = if search.order.is_descending() {
        shown(&mut found.into_iter().rev())
    } else {
        shown(&mut found.into_iter())
    };
    let window = Window { offset: 0, limit: window.limit };
    let shown = Box::new(review_record::id.eq_any(shown));
    Ok(Page { items: page(reader, shown, &search.ordering(true), window)?, total })
}

/// Those with the keyword, up to [`FOUND_MAX`].
fn mentioned(
    reader: &mut Reader,
    search: &Search,
    keyword: &Keyword,
) -> Result<Found, StorageError> {
    if search.is_narrow() {
        let rows: Vec<(i64, String)> = review_record::table
            .filter(search.conditions(reader))
            .select((review_record::created_at, review_record::id))
            .limit(COUNTED_MAX)
            .load(&mut reader.connection)?;
        return Ok(rows.into_iter().collect());
    }
    let statement = search.mentioned_anywhere(reader, keyword)?;
    each_backend!(&mut reader.connection, c => {
        some_of(statement.load_iter::<(i64, String), DefaultLoadingMode>(c)?)
    })
}

/// A review may come once for each text and name that has the keyword.
fn some_of(rows: impl Iterator<Item = QueryResult<(i64, String)>>) -> Result<Found, StorageError> {
    let mut found = Found::new();
    for row in rows {
        found.insert(row?);
        if found.len() == FOUND_MAX {
            break;
        }
    }
    Ok(found)
}

/// From counters where only the result is asked for; else counted in an index range.
fn total(reader: &mut Reader, search: &Search) -> Result<i64, StorageError> {
    if search.is_narrow() || search.since.is_some() {
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

    /// Whether it is about one task or sub-task: what is found there is sorted, not walked in order.
    fn is_of_work(&self) -> bool {
        self.task_id.is_some() || self.sub_task_id.is_some()
    }

    fn ordering(&self, is_sorted: bool) -> String {
        let (before, to) = (if is_sorted { "+" } else { "" }, direction(self.order));
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

/// What a name or a text of a review is compared with, at the end of a statement.
fn has<'a, Row>(
    statement: Statement<'a, Row>,
    search: &Contains,
    text: &str,
) -> Statement<'a, Row> {
    statement.sql(search.before(text)).value(search.value.clone()).sql(search.after)
}

impl Search {
    /// The beginning of a query for reviews with this result and of this time, at the end of a
    /// statement.
    fn wanted<'a, Row>(
        &self,
        statement: Statement<'a, Row>,
        plus: &'static str,
    ) -> Statement<'a, Row> {
        let mut found = statement
            .sql("SELECT review_record.created_at, review_record.id FROM review_record WHERE ");
        if let Some(result) = self.result {
            found = found.sql(format!("{plus}review_record.result = '{result}' AND "));
        }
        if let Some(since) = self.since {
            found = found.sql(plus).sql("review_record.created_at >= ").value(since.as_micros());
            found = found.sql(" AND ");
        }
        found
    }

    /// Where an index of texts knows few that may have the keyword, those are looked up, and what
    /// belongs to a name by that name; where it does not, the first that are met are enough.
    fn mentioned_anywhere(
        &self,
        reader: &mut Reader,
        keyword: &Keyword,
    ) -> Result<Statement<'static, (BigInt, Text)>, StorageError> {
        let own = text::candidates(reader, text::OF_REVIEWS, keyword)?;
        let work = text::candidates(reader, text::OF_SUB_TASKS, keyword)?;
        let (plus, search) = (unindexed(reader), Contains::new(reader, keyword));
        let or = |found: Statement<'static, _>| self.wanted(found.sql(" UNION ALL "), plus);
        let mut found = self.wanted(Statement::new("SELECT * FROM ("), plus);
        if let Some(own) = own {
            found = own.including(found, "review_record.id").sql(" AND ");
        }
        found = has(found.sql("("), &search, "review_record.issues").sql(" OR ");
        found = or(has(found, &search, "review_record.comment").sql(")"));
        found = if let Some(work) = work {
            let of_work = "review_record.sub_task_id IN (SELECT sub_task.id FROM sub_task WHERE ";
            found = work.including(found.sql(of_work), "sub_task.id").sql(" AND ");
            has(found, &search, "sub_task.name").sql(")")
        } else {
            // One row for each: PostgreSQL would look through all sub-tasks for an EXISTS.
            let of_each = " FROM sub_task WHERE sub_task.id = review_record.sub_task_id)";
            has(found.sql("(SELECT "), &search, "sub_task.name").sql(of_each)
        };
        found = or(found).sql(
            "review_record.sub_task_id IN (SELECT sub_task.id FROM sub_task \
             WHERE sub_task.task_id IN (SELECT task.id FROM task WHERE ",
        );
        found = has(found, &search, "task.name").sql("))");
        for column in ["reviewer_agent", "rework_agent"] {
            let of_agents = "IN (SELECT agent.id FROM agent WHERE ";
            found = or(found).sql(format!("review_record.{column} {of_agents}"));
            found = has(found, &search, "agent.name").sql(")");
        }
        Ok(found.sql(") AS found LIMIT ").value(COUNTED_MAX * MENTIONS_MAX))
    }
}

/// Whether a review's own texts, or one of the names that belong to it, contain the keyword. Those of
/// agents are looked through once, not once for each review.
fn mentions(reader: &Reader, keyword: &Keyword) -> Condition<review_record::table> {
    let search = Contains::new(reader, keyword);
    let (value, after) = (search.value.clone(), search.after);
    let issues = search.before("review_record.issues");
    let comment = search.before("review_record.comment");
    let work = search.before("sub_task.name");
    let goal = search.before("task.name");
    let agent = search.before("agent.name");
    // As above, no EXISTS.
    let of_work = "FROM sub_task JOIN task ON task.id = sub_task.task_id \
                   WHERE sub_task.id = review_record.sub_task_id)";
    let agents = "IN (SELECT agent.id FROM agent WHERE";
    let condition = sql::<Bool>(&format!("({issues}"))
        .bind::<Text, _>(value.clone())
        .sql(&format!("{after} OR {comment}"))
        .bind::<Text, _>(value.clone())
        .sql(&format!("{after} OR (SELECT {work}"))
        .bind::<Text, _>(value.clone())
        .sql(&format!("{after} OR {goal}"))
        .bind::<Text, _>(value.clone())
        .sql(&format!("{after} {of_work} OR review_record.reviewer_agent {agents} {agent}"))
        .bind::<Text, _>(value.clone())
        .sql(&format!("{after}) OR review_record.rework_agent {agents} {agent}"))
        .bind::<Text, _>(value)
        .sql(&format!("{after}))"));
    Box::new(condition)
}
