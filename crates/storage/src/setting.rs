//! Settings changed while running.

#[cfg(feature = "postgres")]
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::upsert::excluded;
use openmoss_domain::Timestamp;

use crate::connection::AnyConnection;
use crate::dialect::each_backend;
use crate::error::StorageError;
use crate::schema::setting;
use crate::store::{Reader, Writer};

/// All stored settings: a key such as `project.name`, and its value as JSON text.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn list(reader: &mut Reader) -> Result<Vec<(String, String)>, StorageError> {
    Ok(setting::table
        .select((setting::key, setting::value))
        .order(setting::key)
        .load(&mut reader.connection)?)
}

/// Lets nobody else change settings until the transaction ends. SQLite has one writer anyway.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn lock(writer: &mut Writer) -> Result<(), StorageError> {
    match &mut writer.reader.connection {
        AnyConnection::Sqlite(_) => Ok(()),
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(c) => {
            Ok(c.batch_execute("LOCK TABLE setting IN SHARE ROW EXCLUSIVE MODE")?)
        }
    }
}

/// Stores a setting, replacing what was there.
///
/// # Errors
/// [`StorageError`] from the database.
pub fn set(
    writer: &mut Writer,
    key: &str,
    value: &str,
    now: Timestamp,
) -> Result<(), StorageError> {
    let row =
        (setting::key.eq(key), setting::value.eq(value), setting::updated_at.eq(now.as_micros()));
    each_backend!(&mut writer.reader.connection, c => diesel::insert_into(setting::table)
        .values(row)
        .on_conflict(setting::key)
        .do_update()
        .set((
            setting::value.eq(excluded(setting::value)),
            setting::updated_at.eq(excluded(setting::updated_at)),
        ))
        .execute(c))?;
    Ok(())
}
