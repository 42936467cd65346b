//! Notes on sub-tasks: never changed, never deleted.

use diesel::prelude::*;
use openmoss_domain::{Note, SubTaskId, Timestamp};

use crate::convert::{parse, parse_optional};
use crate::error::StorageError;
use crate::page::Window;
use crate::schema::{note, sub_task};
use crate::store::{Reader, Writer};

const TABLE: &str = "note";

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = note)]
struct NoteRow {
    id: String,
    sub_task_id: String,
    author_kind: String,
    author_id: Option<String>,
    text: String,
    created_at: i64,
}

impl TryFrom<NoteRow> for Note {
    type Error = StorageError;

    fn try_from(row: NoteRow) -> Result<Self, StorageError> {
        let id = row.id.as_str();
        Ok(Self {
            id: parse(TABLE, id, "id", id)?,
            sub_task_id: parse(TABLE, id, "sub_task_id", &row.sub_task_id)?,
            author_kind: parse(TABLE, id, "author_kind", &row.author_kind)?,
            author_id: parse_optional(TABLE, id, "author_id", row.author_id.as_deref())?,
            created_at: Timestamp::from_micros(row.created_at),
            text: row.text,
        })
    }
}

/// Stores a note and counts it in its sub-task's row.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn insert(writer: &mut Writer, new: &Note) -> Result<(), StorageError> {
    let row = NoteRow {
        id: new.id.to_string(),
        sub_task_id: new.sub_task_id.to_string(),
        author_kind: new.author_kind.to_string(),
        author_id: new.author_id.map(|id| id.to_string()),
        text: new.text.clone(),
        created_at: new.created_at.as_micros(),
    };
    diesel::insert_into(note::table).values(row).execute(&mut writer.connection)?;
    diesel::update(sub_task::table.filter(sub_task::id.eq(new.sub_task_id.to_string())))
        .set(sub_task::notes.eq(sub_task::notes + 1))
        .execute(&mut writer.connection)?;
    Ok(())
}

/// Some notes of a sub-task, oldest first.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list(
    reader: &mut Reader,
    sub_task: SubTaskId,
    window: Window,
) -> Result<Vec<Note>, StorageError> {
    let rows: Vec<NoteRow> = note::table
        .filter(note::sub_task_id.eq(sub_task.to_string()))
        .select(NoteRow::as_select())
        .order((note::created_at.asc(), note::id.asc()))
        .limit(window.limit)
        .offset(window.offset)
        .load(&mut reader.connection)?;
    rows.into_iter().map(Note::try_from).collect()
}

/// The newest notes of a sub-task, oldest of them first.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list_newest(
    reader: &mut Reader,
    sub_task: SubTaskId,
    limit: i64,
) -> Result<Vec<Note>, StorageError> {
    let rows: Vec<NoteRow> = note::table
        .filter(note::sub_task_id.eq(sub_task.to_string()))
        .select(NoteRow::as_select())
        .order((note::created_at.desc(), note::id.desc()))
        .limit(limit)
        .load(&mut reader.connection)?;
    rows.into_iter().rev().map(Note::try_from).collect()
}
