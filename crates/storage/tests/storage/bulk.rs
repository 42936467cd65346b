//! Rows of any table as objects, and the list of the tables.

use std::collections::BTreeSet;
use std::path::Path;

use openmoss_domain::Role;
use openmoss_domain::sub_task::Status;
use openmoss_storage::bulk::{self, LEFT_OUT, Object, TABLES};
use openmoss_storage::import::{Arrived, Target};
use openmoss_storage::{StorageError, Store, sub_task};
use openmoss_testkit::{TestDb, counter_differences};

use crate::rows::{brought, new_sub_task, stored_agent, stored_task, write};

/// Every table that the schema declares.
fn declared() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/schema.rs");
    let text = std::fs::read_to_string(path).unwrap();
    let blocks = text.split("diesel::table! {").skip(1);
    blocks.map(|block| block.trim().split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn every_table_is_exported_or_left_out_for_a_reason() {
    let listed = TABLES.iter().map(|table| table.name).chain(LEFT_OUT.iter().map(|left| left.0));
    let listed: Vec<String> = listed.map(str::to_owned).collect();
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), declared());
    assert_eq!(listed.len(), declared().len(), "none is in both lists");
    assert!(LEFT_OUT.iter().all(|(_, why)| why.len() > 20));
}

fn a_key_is_the_primary_key(db: &TestDb) {
    drop(db.store());
    for table in TABLES {
        let key = if db.is_postgres() {
            db.raw().texts(&format!(
                "SELECT a.attname::text AS text FROM pg_index i JOIN pg_attribute a
                     ON a.attrelid = i.indexrelid
                 WHERE i.indrelid = '{}'::regclass AND i.indisprimary ORDER BY a.attnum",
                table.name
            ))
        } else {
            db.raw().texts(&format!(
                "SELECT name AS text FROM pragma_table_info('{}') WHERE pk > 0 ORDER BY pk",
                table.name
            ))
        };
        assert_eq!(key, table.key, "{}", table.name);
    }
}

fn filled(store: &Store) {
    let task = stored_task(store);
    let owner = stored_agent(store, Role::Executor);
    for status in Status::ALL {
        let row = brought(&new_sub_task(&task, task.created_at), *status, &owner);
        write(store, move |writer| sub_task::insert(writer, &row));
    }
}

/// All rows of a table, read in pages of two.
fn all(store: &Store, table: &bulk::Table) -> Vec<Object> {
    store
        .read(|reader| -> Result<_, StorageError> {
            let columns = bulk::columns(reader, table)?;
            let (mut rows, mut last) = (Vec::new(), None);
            loop {
                let page = bulk::page(reader, table, &columns, last.as_ref(), 2)?;
                let Some(row) = page.last() else { return Ok(rows) };
                last = Some(bulk::key_of(table, row));
                rows.extend(page);
            }
        })
        .unwrap()
}

fn pages_have_every_row_once(db: &TestDb) {
    let store = db.store();
    filled(&store);
    for table in TABLES {
        let rows = all(&store, table);
        let n = store.read(|reader| bulk::count(reader, table)).unwrap();
        assert_eq!(i64::try_from(rows.len()), Ok(n), "{}", table.name);
    }
    let sub_tasks = all(&store, bulk::find_table("sub_task").unwrap());
    assert_eq!(sub_tasks.len(), 8);
    assert!(sub_tasks.iter().all(|row| row["held"] == false), "true and false are not numbers");
    assert!(sub_tasks.iter().all(|row| !row.contains_key("claimable")), "what is derived is not");
}

fn bring(to: &Store, table: &'static bulk::Table, rows: Vec<Object>) -> Arrived {
    write(to, move |writer| Target::write(writer, |target| target.rows(table, &rows)))
}

/// What makes each index, without those of keys.
fn indexes(db: &TestDb) -> Vec<String> {
    let sql = if db.is_postgres() {
        "SELECT indexdef AS text FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1"
    } else {
        "SELECT sql AS text FROM sqlite_master WHERE type = 'index' AND sql <> '' ORDER BY 1"
    };
    db.raw().texts(sql)
}

fn rows_go_over_to_another_database_and_are_the_same(db: &TestDb) {
    let from = TestDb::sqlite();
    let (from, to) = (from.store(), db.store());
    filled(&from);
    let before = indexes(db);
    for table in TABLES {
        let rows = all(&from, table);
        let arrived = bring(&to, table, rows.clone());
        assert_eq!(usize::try_from(arrived.new), Ok(rows.len()), "{}", table.name);
        assert_eq!(all(&to, table), rows, "{}", table.name);
        let mut changed = rows.clone();
        let again = bring(&to, table, rows);
        assert_eq!((again.new, again.different), (0, vec![]), "{}", table.name);
        let value = |row: &mut Object| row.get_mut("name").map(|name| *name = "Other".into());
        if changed.first_mut().and_then(value).is_some() {
            let clash = bring(&to, table, changed);
            assert_eq!(clash.different.len(), 1, "{}", table.name);
        }
    }
    assert_eq!(counter_differences(db), [""; 0]);
    assert_eq!(indexes(db), before, "those that waited are there again");
}

openmoss_testkit::on_each_backend! {
    a_key_is_the_primary_key,
    pages_have_every_row_once,
    rows_go_over_to_another_database_and_are_the_same,
}
