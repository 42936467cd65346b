//! What an admin decided for the sub-tasks of single tasks.

use diesel::prelude::*;
use openmoss_domain::requirements::OwnRequirements;
use openmoss_domain::{TaskId, Timestamp};

use crate::convert::number;
use crate::error::StorageError;
use crate::schema::task_policy;
use crate::store::{Reader, Writer};

const TABLE: &str = "task_policy";

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = task_policy, treat_none_as_default_value = false)]
struct PolicyRow {
    task_id: String,
    require_module: Option<bool>,
    require_description: Option<bool>,
    require_deliverable: Option<bool>,
    require_acceptance: Option<bool>,
    approvals: Option<i32>,
    updated_at: i64,
}

/// What a task has of its own; nothing if nobody decided anything.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find(reader: &mut Reader, id: TaskId) -> Result<OwnRequirements, StorageError> {
    let row: Option<PolicyRow> = task_policy::table
        .filter(task_policy::task_id.eq(id.to_string()))
        .select(PolicyRow::as_select())
        .first(&mut reader.connection)
        .optional()?;
    let Some(row) = row else {
        return Ok(OwnRequirements::default());
    };
    let approvals = row.approvals.map(|found| number(TABLE, &row.task_id, "approvals", found));
    Ok(OwnRequirements {
        module: row.require_module,
        description: row.require_description,
        deliverable: row.require_deliverable,
        acceptance: row.require_acceptance,
        approvals: approvals.transpose()?,
    })
}

/// Replaces what a task has of its own. The task must be locked.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn set(
    writer: &mut Writer,
    id: TaskId,
    own: OwnRequirements,
    now: Timestamp,
) -> Result<(), StorageError> {
    diesel::delete(task_policy::table.filter(task_policy::task_id.eq(id.to_string())))
        .execute(&mut writer.connection)?;
    if own == OwnRequirements::default() {
        return Ok(());
    }
    let row = PolicyRow {
        task_id: id.to_string(),
        require_module: own.module,
        require_description: own.description,
        require_deliverable: own.deliverable,
        require_acceptance: own.acceptance,
        approvals: own.approvals.map(|number| i32::try_from(number).unwrap_or(i32::MAX)),
        updated_at: now.as_micros(),
    };
    diesel::insert_into(task_policy::table).values(row).execute(&mut writer.connection)?;
    Ok(())
}
