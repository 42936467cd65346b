//! Modules.

use std::collections::{BTreeSet, HashMap};

use diesel::dsl::{count_star, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use openmoss_domain::{Module, ModuleId, ModuleSort, SortOrder, TaskId, Timestamp};
use serde::Serialize;

use crate::condition::direction;
use crate::connection::AnyConnection;
use crate::convert::parse;
use crate::error::StorageError;
use crate::page::{Page, Window};
use crate::schema::module;
use crate::store::{Reader, Writer};

const TABLE: &str = "module";
/// Most modules of one task in an answer; the contract's list has no pages.
const LIST_MAX: i64 = 1_000;

#[derive(Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = module, treat_none_as_default_value = false)]
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

/// Gives a module other texts.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn set_texts(writer: &mut Writer, next: &Module) -> Result<(), StorageError> {
    diesel::update(module::table.filter(module::id.eq(next.id.to_string())))
        .set((module::name.eq(&next.name), module::description.eq(&next.description)))
        .execute(&mut writer.connection)?;
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

/// A page of the modules of a task, in the order that is asked for.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn search(
    reader: &mut Reader,
    task_id: TaskId,
    (sort, order): (ModuleSort, SortOrder),
    window: Window,
) -> Result<Page<Module>, StorageError> {
    let of_task = module::task_id.eq(task_id.to_string());
    // One task has few modules: what is counted and sorted here are its own.
    let total: i64 =
        module::table.filter(of_task.clone()).count().get_result(&mut reader.connection)?;
    let to = direction(order);
    let ordering = match (sort, &reader.connection) {
        (ModuleSort::CreatedAt, _) => format!("module.created_at {to}, module.id {to}"),
        (ModuleSort::Name, AnyConnection::Sqlite(_)) => format!("module.name {to}, module.id {to}"),
        #[cfg(feature = "postgres")]
        (ModuleSort::Name, AnyConnection::Postgres(_)) => {
            format!("module.name COLLATE \"C\" {to}, module.id {to}")
        }
    };
    let rows: Vec<ModuleRow> = module::table
        .filter(of_task)
        .select(ModuleRow::as_select())
        .order(sql::<Bool>(&ordering))
        .limit(window.limit)
        .offset(window.offset)
        .load(&mut reader.connection)?;
    let items = rows.into_iter().map(Module::try_from).collect::<Result<_, _>>()?;
    Ok(Page { items, total })
}

/// How many modules each of these tasks has; those that have none are left out.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn count_of_each(
    reader: &mut Reader,
    tasks: &[TaskId],
) -> Result<HashMap<TaskId, i64>, StorageError> {
    let ids = tasks.iter().map(ToString::to_string);
    let rows: Vec<(String, i64)> = module::table
        .filter(module::task_id.eq_any(ids))
        .group_by(module::task_id)
        .select((module::task_id, count_star()))
        .load(&mut reader.connection)?;
    rows.into_iter().map(|(id, n)| Ok((parse(TABLE, &id, "task_id", &id)?, n))).collect()
}

/// The names of these modules, without those that do not exist.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn names(
    reader: &mut Reader,
    ids: &BTreeSet<ModuleId>,
) -> Result<HashMap<ModuleId, String>, StorageError> {
    let texts = ids.iter().map(ToString::to_string);
    let rows: Vec<(String, String)> = module::table
        .filter(module::id.eq_any(texts))
        .select((module::id, module::name))
        .load(&mut reader.connection)?;
    rows.into_iter().map(|(id, name)| Ok((parse(TABLE, &id, "id", &id)?, name))).collect()
}
