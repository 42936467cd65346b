//! Modules.

use diesel::prelude::*;
use openmoss_domain::{Module, ModuleId, TaskId, Timestamp};
use serde::Serialize;

use crate::convert::parse;
use crate::error::StorageError;
use crate::schema::module;
use crate::store::{Reader, Writer};

const TABLE: &str = "module";
/// Most modules of one task in an answer; the contract's list has no pages.
const LIST_MAX: i64 = 1_000;

#[derive(Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = module)]
pub(crate) struct ModuleRow {
    id: String,
    task_id: String,
    name: String,
    description: String,
    created_at: i64,
}

impl TryFrom<ModuleRow> for Module {
    type Error = StorageError;

    fn try_from(row: ModuleRow) -> Result<Self, StorageError> {
        Ok(Self {
            id: parse(TABLE, &row.id, "id", &row.id)?,
            task_id: parse(TABLE, &row.id, "task_id", &row.task_id)?,
            created_at: Timestamp::from_micros(row.created_at),
            name: row.name,
            description: row.description,
        })
    }
}

/// What is stored of it.
pub(crate) fn row(new: &Module) -> ModuleRow {
    ModuleRow {
        id: new.id.to_string(),
        task_id: new.task_id.to_string(),
        name: new.name.clone(),
        description: new.description.clone(),
        created_at: new.created_at.as_micros(),
    }
}

/// The module with this id.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn find(reader: &mut Reader, id: ModuleId) -> Result<Option<Module>, StorageError> {
    module::table
        .filter(module::id.eq(id.to_string()))
        .select(ModuleRow::as_select())
        .first(&mut reader.connection)
        .optional()?
        .map(Module::try_from)
        .transpose()
}

/// Stores a new module.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn insert(writer: &mut Writer, new: &Module) -> Result<(), StorageError> {
    let row = row(new);
    diesel::insert_into(module::table).values(row).execute(&mut writer.connection)?;
    Ok(())
}

/// The modules of a task, oldest first, at most a thousand.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list(reader: &mut Reader, task_id: TaskId) -> Result<Vec<Module>, StorageError> {
    let rows: Vec<ModuleRow> = module::table
        .filter(module::task_id.eq(task_id.to_string()))
        .select(ModuleRow::as_select())
        .order((module::created_at.asc(), module::id.asc()))
        .limit(LIST_MAX)
        .load(&mut reader.connection)?;
    rows.into_iter().map(Module::try_from).collect()
}
