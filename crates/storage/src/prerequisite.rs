//! Edges between sub-tasks: which must be done before which.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::Text;
use openmoss_domain::SubTaskId;

use crate::connection::AnyConnection;
use crate::convert::{parse, to_json};
use crate::error::StorageError;
use crate::schema::prerequisite;
use crate::statement::Statement;
use crate::store::{Reader, Writer};

const TABLE: &str = "prerequisite";

/// Stores that `sub_task` needs `prerequisites` done.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn insert(
    writer: &mut Writer,
    sub_task: SubTaskId,
    prerequisites: &[SubTaskId],
) -> Result<(), StorageError> {
    for id in prerequisites {
        diesel::insert_into(prerequisite::table)
            .values((
                prerequisite::sub_task_id.eq(sub_task.to_string()),
                prerequisite::prerequisite_id.eq(id.to_string()),
            ))
            .execute(&mut writer.connection)?;
    }
    Ok(())
}

/// Forgets what `sub_task` needs.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn delete_all(writer: &mut Writer, sub_task: SubTaskId) -> Result<(), StorageError> {
    diesel::delete(prerequisite::table.filter(prerequisite::sub_task_id.eq(sub_task.to_string())))
        .execute(&mut writer.connection)?;
    Ok(())
}

/// What each of `sub_tasks` needs; those that need nothing are left out.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find_all(
    reader: &mut Reader,
    sub_tasks: &[SubTaskId],
) -> Result<HashMap<SubTaskId, Vec<SubTaskId>>, StorageError> {
    let mut found: HashMap<SubTaskId, Vec<SubTaskId>> = HashMap::new();
    // Both forms have one text for lists of any length, so they are prepared once.
    for chunk in sub_tasks.chunks(500) {
        let rows: Vec<(String, String)> = match &mut reader.connection {
            AnyConnection::Sqlite(c) => {
                let statement: Statement<'_, (Text, Text)> = Statement::new(
                    "SELECT sub_task_id, prerequisite_id FROM prerequisite \
                     WHERE sub_task_id IN (SELECT value FROM json_each(",
                )
                .value(to_json(&chunk))
                .sql("))");
                statement.load(c)?
            }
            #[cfg(feature = "postgres")]
            AnyConnection::Postgres(c) => {
                let ids: Vec<String> = chunk.iter().map(ToString::to_string).collect();
                prerequisite::table
                    .filter(prerequisite::sub_task_id.eq_any(ids))
                    .select((prerequisite::sub_task_id, prerequisite::prerequisite_id))
                    .load(c)?
            }
        };
        for (sub_task, needed) in rows {
            let sub_task = parse(TABLE, &sub_task, "sub_task_id", &sub_task)?;
            let needed = parse(TABLE, &needed, "prerequisite_id", &needed)?;
            found.entry(sub_task).or_default().push(needed);
        }
    }
    Ok(found)
}

/// Which sub-tasks need `sub_task`.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn dependents(
    reader: &mut Reader,
    sub_task: SubTaskId,
) -> Result<Vec<SubTaskId>, StorageError> {
    let rows: Vec<String> = prerequisite::table
        .filter(prerequisite::prerequisite_id.eq(sub_task.to_string()))
        .select(prerequisite::sub_task_id)
        .order(prerequisite::sub_task_id)
        .load(&mut reader.connection)?;
    rows.iter().map(|id| parse(TABLE, id, "sub_task_id", id)).collect()
}
