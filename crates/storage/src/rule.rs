//! Rule texts.

use diesel::prelude::*;
use openmoss_domain::{Rule, RuleId, RuleScope, SubTaskId, TaskId, Timestamp};
use serde::Serialize;

use crate::convert::{parse, parse_optional, token};
use crate::error::StorageError;
use crate::schema::rule;
use crate::store::{Reader, Writer};

const TABLE: &str = "rule";
/// Most rules in an answer; the contract's list has no pages.
const LIST_MAX: i64 = 1_000;
/// The unique index that refuses a second global rule.
pub const GLOBAL_UNIQUE: &str = "rule_global_unique";

#[derive(Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = rule, treat_none_as_default_value = false)]
pub(crate) struct RuleRow {
    id: String,
    scope: String,
    task_id: Option<String>,
    sub_task_id: Option<String>,
    content: String,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<RuleRow> for Rule {
    type Error = StorageError;

    fn try_from(row: RuleRow) -> Result<Self, StorageError> {
        let id = row.id.as_str();
        Ok(Self {
            id: parse(TABLE, id, "id", id)?,
            scope: parse::<RuleScope>(TABLE, id, "scope", &row.scope)?,
            task_id: parse_optional(TABLE, id, "task_id", row.task_id.as_deref())?,
            sub_task_id: parse_optional(TABLE, id, "sub_task_id", row.sub_task_id.as_deref())?,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
            content: row.content,
        })
    }
}

/// What is stored of it.
pub(crate) fn row(new: &Rule) -> RuleRow {
    RuleRow {
        id: new.id.to_string(),
        scope: new.scope.to_string(),
        task_id: new.task_id.map(|id| id.to_string()),
        sub_task_id: new.sub_task_id.map(|id| id.to_string()),
        content: new.content.clone(),
        created_at: new.created_at.as_micros(),
        updated_at: new.updated_at.as_micros(),
    }
}

/// Stores a new rule. A second global one is [`StorageError::Unique`].
///
/// # Errors
/// [`StorageError`] from the database.
pub fn insert(writer: &mut Writer, new: &Rule) -> Result<(), StorageError> {
    let row = row(new);
    diesel::insert_into(rule::table).values(row).execute(&mut writer.connection)?;
    Ok(())
}

/// The rule with this id.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find(reader: &mut Reader, id: RuleId) -> Result<Option<Rule>, StorageError> {
    rule::table
        .filter(rule::id.eq(id.to_string()))
        .select(RuleRow::as_select())
        .first(&mut reader.connection)
        .optional()?
        .map(Rule::try_from)
        .transpose()
}

/// Replaces a rule's text.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn set_content(
    writer: &mut Writer,
    id: RuleId,
    content: &str,
    now: Timestamp,
) -> Result<(), StorageError> {
    diesel::update(rule::table.filter(rule::id.eq(id.to_string())))
        .set((rule::content.eq(content), rule::updated_at.eq(now.as_micros())))
        .execute(&mut writer.connection)?;
    Ok(())
}

/// Deletes a rule.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn delete(writer: &mut Writer, id: RuleId) -> Result<(), StorageError> {
    diesel::delete(rule::table.filter(rule::id.eq(id.to_string())))
        .execute(&mut writer.connection)?;
    Ok(())
}

/// Rules, oldest first, at most a thousand.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list(
    reader: &mut Reader,
    scope: Option<RuleScope>,
    task_id: Option<TaskId>,
) -> Result<Vec<Rule>, StorageError> {
    let mut query = rule::table
        .select(RuleRow::as_select())
        .order((rule::created_at.asc(), rule::id.asc()))
        .limit(LIST_MAX)
        .into_boxed();
    if let Some(scope) = scope {
        query = query.filter(rule::scope.eq(token(scope.as_str())));
    }
    if let Some(id) = task_id {
        query = query.filter(rule::task_id.eq(id.to_string()));
    }
    rows(query.load(&mut reader.connection)?)
}

/// The rules that apply: global ones, those of the task, those of the sub-task.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_applicable(
    reader: &mut Reader,
    task_id: Option<TaskId>,
    sub_task_id: Option<SubTaskId>,
) -> Result<Vec<Rule>, StorageError> {
    let mut query = rule::table
        .filter(rule::scope.eq(token(RuleScope::Global.as_str())))
        .select(RuleRow::as_select())
        .limit(LIST_MAX)
        .into_boxed();
    if let Some(id) = task_id {
        let scope = token(RuleScope::Task.as_str());
        query = query.or_filter(rule::scope.eq(scope).and(rule::task_id.eq(id.to_string())));
    }
    if let Some(id) = sub_task_id {
        let scope = token(RuleScope::SubTask.as_str());
        query = query.or_filter(rule::scope.eq(scope).and(rule::sub_task_id.eq(id.to_string())));
    }
    rows(query.load(&mut reader.connection)?)
}

fn rows(rows: Vec<RuleRow>) -> Result<Vec<Rule>, StorageError> {
    rows.into_iter().map(Rule::try_from).collect()
}
