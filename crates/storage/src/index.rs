//! Indexes that wait while a table is filled: made over all rows at once they cost a fraction of
//! what they cost row by row, each row being of another page.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::bulk::Table;
use crate::connection::AnyConnection;
use crate::dialect::each_backend;
use crate::error::StorageError;
use crate::store::Reader;

/// Those that hold no promise: without a unique one, what it forbids would be found at the end, and
/// not in the row.
const SQLITE_INDEXES: &str = "SELECT made.name AS name, made.sql AS definition \
     FROM pragma_index_list(?) AS listed JOIN sqlite_master AS made ON made.name = listed.name \
     WHERE made.type = 'index' AND listed.origin = 'c' AND listed.\"unique\" = 0";
#[cfg(feature = "postgres")]
const POSTGRES_INDEXES: &str = "SELECT indexrelid::regclass::text AS name, \
     pg_get_indexdef(indexrelid) AS definition \
     FROM pg_index \
     WHERE indrelid IN (to_regclass($1), to_regclass($1 || '_text')) AND NOT indisunique";

#[derive(QueryableByName)]
struct Index {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    definition: String,
}

/// Drops what only makes reading a table fast, or finding keywords in it, and returns the statements
/// that make it again.
///
/// # Errors
/// [`StorageError`] from the database.
pub(crate) fn set_aside(reader: &mut Reader, table: &Table) -> Result<Vec<String>, StorageError> {
    let indexes: Vec<Index> = match &mut reader.connection {
        AnyConnection::Sqlite(c) => {
            diesel::sql_query(SQLITE_INDEXES).bind::<Text, _>(table.name).load(c)?
        }
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(c) => {
            diesel::sql_query(POSTGRES_INDEXES).bind::<Text, _>(table.name).load(c)?
        }
    };
    for index in &indexes {
        run(reader, &format!("DROP INDEX {}", index.name))?;
    }
    Ok(indexes.into_iter().map(|index| index.definition).collect())
}

/// Makes the indexes whose statements [`set_aside`] returned.
///
/// # Errors
/// [`StorageError`] from the database.
pub(crate) fn make(reader: &mut Reader, definitions: &[String]) -> Result<(), StorageError> {
    definitions.iter().try_for_each(|definition| run(reader, definition))
}

fn run(reader: &mut Reader, sql: &str) -> Result<(), StorageError> {
    each_backend!(&mut reader.connection, c => c.batch_execute(sql))?;
    Ok(())
}
