//! Both migrations, and `schema.rs`, describe the same tables; only our own databases are opened.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use openmoss_storage::{Location, StorageError, Store, StoreOptions};
use openmoss_testkit::{Raw, TestDb, at_once};

use crate::rows::{stored_task, write};

/// The tables of SQLite, but for those in which it finds keywords: each column as `table.column: kind, nullable, generated or not`.
const SQLITE_COLUMNS: &str = "
    SELECT m.name || '.' || c.name || ': ' || lower(c.type) || ', '
            || CASE WHEN c.\"notnull\" = 1 THEN 'not null' ELSE 'nullable' END
            || CASE WHEN c.hidden = 3 THEN ', generated' ELSE '' END AS text
        FROM sqlite_master m JOIN pragma_table_xinfo(m.name) c
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\'
            AND m.name || '_' NOT LIKE '%\\_text\\_%' ESCAPE '\\'";
#[cfg(feature = "postgres")]
const POSTGRES_COLUMNS: &str = "
    SELECT table_name || '.' || column_name || ': ' || data_type || ', '
            || CASE WHEN is_nullable = 'NO' THEN 'not null' ELSE 'nullable' END
            || CASE WHEN is_generated = 'ALWAYS' THEN ', generated' ELSE '' END AS text
        FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_\\_%'
            AND table_name NOT LIKE '%\\_text'";

/// The indexes: each as `table: name(columns), unique or not, its condition`.
#[cfg(feature = "postgres")]
const SQLITE_INDEXES: &str = "
    SELECT m.tbl_name || ': ' || CASE i.origin WHEN 'pk' THEN 'primary key' ELSE m.name END || '('
            || (SELECT group_concat(x.name, ', ') FROM pragma_index_info(m.name) x) || ')'
            || CASE WHEN i.\"unique\" = 1 THEN ', unique' ELSE '' END
            || CASE WHEN i.partial = 1 THEN ', partial' ELSE '' END AS text
        FROM sqlite_master m
        JOIN sqlite_master t ON t.name = m.tbl_name AND t.type = 'table'
        JOIN pragma_index_list(t.name) i ON i.name = m.name
        WHERE m.type = 'index' AND m.tbl_name NOT LIKE '\\_\\_%' ESCAPE '\\'
            AND m.tbl_name || '_' NOT LIKE '%\\_text\\_%' ESCAPE '\\'";
#[cfg(feature = "postgres")]
const POSTGRES_INDEXES: &str = "
    SELECT t.relname || ': ' || CASE WHEN i.indisprimary THEN 'primary key' ELSE c.relname END || '('
            || (SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_attribute a
                WHERE a.attrelid = c.oid) || ')'
            || CASE WHEN i.indisunique THEN ', unique' ELSE '' END
            || CASE WHEN i.indpred IS NOT NULL THEN ', partial' ELSE '' END AS text
        FROM pg_index i
        JOIN pg_class c ON c.oid = i.indexrelid
        JOIN pg_class t ON t.oid = i.indrelid
        WHERE t.relnamespace = current_schema()::regnamespace AND t.relname NOT LIKE '\\_\\_%'
            AND t.relname NOT LIKE '%\\_text' AND c.relname NOT LIKE '%\\_by\\_text'";

fn sqlite_columns() -> BTreeSet<String> {
    let db = TestDb::sqlite();
    drop(db.store());
    db.raw().texts(SQLITE_COLUMNS).into_iter().collect()
}

/// What `schema.rs` says: each column as in [`SQLITE_COLUMNS`].
fn declared_columns() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/schema.rs");
    let text = std::fs::read_to_string(path).unwrap();
    let mut columns = BTreeSet::new();
    for block in text.split("diesel::table! {").skip(1) {
        let mut lines = block.lines().map(str::trim).filter(|line| !line.is_empty());
        let table = lines.next().unwrap().split(' ').next().unwrap();
        for line in lines.take_while(|line| *line != "}") {
            let (column, kind) = line.trim_end_matches(',').split_once(" -> ").unwrap();
            let inner = kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>'));
            let null = if inner.is_some() { "nullable" } else { "not null" };
            columns.insert(format!("{table}.{column}: {}, {null}", inner.unwrap_or(kind)));
        }
    }
    columns
}

/// The same column in the words of `schema.rs`.
fn in_words_of_diesel(column: &str) -> String {
    let column = column.trim_end_matches(", generated");
    let kinds = BTreeMap::from([
        ("text", "Text"),
        ("bigint", "BigInt"),
        ("integer", "Integer"),
        ("smallint", "SmallInt"),
        ("boolean", "Bool"),
    ]);
    let (name, rest) = column.split_once(": ").unwrap();
    let (kind, null) = rest.split_once(", ").unwrap();
    // SQLite's name for a 64-bit key that counts up.
    let kind = if name == "event.seq" { "BigInt" } else { kinds[kind] };
    format!("{name}: {kind}, {null}")
}

#[test]
fn schema_rs_is_what_the_migration_makes() {
    let made: BTreeSet<_> =
        sqlite_columns().iter().map(|column| in_words_of_diesel(column)).collect();
    assert_eq!(made, declared_columns());
}

#[cfg(feature = "postgres")]
#[test]
fn both_migrations_make_the_same_tables_and_indexes() {
    let Some(db) = TestDb::postgres() else { return };
    drop(db.store());
    let columns: BTreeSet<_> = db.raw().texts(POSTGRES_COLUMNS).into_iter().collect();
    let generated = |columns: &BTreeSet<String>| {
        columns.iter().filter(|column| column.ends_with("generated")).cloned().collect::<Vec<_>>()
    };
    let of_sqlite = sqlite_columns();
    assert_eq!(generated(&columns), generated(&of_sqlite));
    let in_words = |columns: &BTreeSet<String>| -> BTreeSet<String> {
        columns.iter().map(|column| in_words_of_diesel(column)).collect()
    };
    assert_eq!(in_words(&columns), in_words(&of_sqlite));

    let indexes = |mut raw: Raw, sql: &str| raw.texts(sql).into_iter().collect::<BTreeSet<_>>();
    let sqlite = TestDb::sqlite();
    drop(sqlite.store());
    let mut of_sqlite = indexes(sqlite.raw(), SQLITE_INDEXES);
    // There it is the table itself.
    let keys = [
        "event: primary key(seq)",
        "counter: primary key(scope, key, shard)",
        "ownership: primary key(sub_task_id, attempt)",
        "prerequisite: primary key(sub_task_id, prerequisite_id)",
    ];
    of_sqlite.extend(keys.map(|key| format!("{key}, unique")));
    assert_eq!(indexes(db.raw(), POSTGRES_INDEXES), of_sqlite);
}

fn opening_again_changes_nothing(db: &TestDb) {
    let task = stored_task(&db.store());
    for _ in 0..3 {
        let store = db.store();
        let found = store.read(|reader| openmoss_storage::task::find(reader, task.id)).unwrap();
        assert_eq!(found.as_ref(), Some(&task));
        assert_eq!(store.check().unwrap(), [""; 0]);
    }
    let n = db.raw().number("SELECT COUNT(*) AS n FROM __diesel_schema_migrations");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    assert_eq!(usize::try_from(n), Ok(std::fs::read_dir(folder).unwrap().count()));
}

fn several_programs_may_open_a_new_database_at_once(db: &TestDb) {
    db.make_bare();
    let opened = at_once(6, |_| Store::open(&db.options()));
    for store in opened {
        stored_task(&store.unwrap());
    }
    assert_eq!(db.raw().number("SELECT COUNT(*) AS n FROM task"), 6);
}

fn a_database_from_the_future_is_refused(db: &TestDb) {
    drop(db.store());
    db.raw().run("INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000000')");
    let refused = Store::open(&db.options()).unwrap_err();
    assert!(
        matches!(&refused, StorageError::FromTheFuture(version) if version == "29991231000000")
    );
    let sentence = refused.to_string();
    assert!(sentence.contains("use a newer openmoss"), "{sentence}");
}

/// A database file of the existing Python system, as far as it matters.
fn upstream_file(path: &Path) {
    let mut raw = Raw::open(path.to_str().unwrap());
    raw.run(
        "CREATE TABLE agent (id VARCHAR(36) NOT NULL, name VARCHAR(100) NOT NULL,
            api_key VARCHAR(64) NOT NULL, PRIMARY KEY (id), UNIQUE (api_key));
        CREATE TABLE task (id VARCHAR(36) NOT NULL, name VARCHAR(200) NOT NULL, PRIMARY KEY (id));
        CREATE TABLE reward_log (id VARCHAR(36) NOT NULL, agent_id VARCHAR(36) NOT NULL,
            score_delta INTEGER NOT NULL, PRIMARY KEY (id));
        INSERT INTO agent VALUES ('a', 'Ann', 'ak_1');",
    );
}

fn open_file(path: &Path) -> Result<Store, StorageError> {
    let location = Location::Sqlite(path.to_owned());
    Store::open(&StoreOptions { location, connections: 1, queue_max: 1 })
}

#[test]
fn a_foreign_file_is_refused_and_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (upstream, other, text) = (
        folder.path().join("tasks.db"),
        folder.path().join("other.db"),
        folder.path().join("text"),
    );
    upstream_file(&upstream);
    Raw::open(other.to_str().unwrap()).run("CREATE TABLE holiday (day TEXT)");
    std::fs::write(&text, "not a database, but longer than the header of one\n".repeat(20))
        .unwrap();
    let cases =
        [(upstream, "existing Python system"), (other, "another program"), (text, "SQLite")];
    for (path, whose) in cases {
        let before = std::fs::read(&path).unwrap();
        let refused = open_file(&path).unwrap_err();
        assert!(matches!(refused, StorageError::Foreign(_)), "{refused:?}");
        let sentence = refused.to_string();
        assert!(sentence.contains(whose) && sentence.contains("database.path"), "{sentence}");
        assert_eq!(std::fs::read(&path).unwrap(), before, "{whose}");
    }
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 3, "no log or journal is left beside them");
}

#[test]
fn an_empty_file_and_a_missing_folder_are_fine() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.db");
    std::fs::write(&empty, "").unwrap();
    for path in [empty, folder.path().join("data/deep/new.db")] {
        stored_task(&open_file(&path).unwrap());
    }
}

#[test]
fn a_mistyped_url_never_becomes_a_file() {
    for text in ["postgres_typo://host/db", "mysql://host/db", "Postgres://host/db", "://"] {
        let refused = Location::parse(text).unwrap_err();
        assert!(refused.to_string().contains("is not known"), "{text}: {refused}");
    }
    assert_eq!(Location::parse("./data/a.db").unwrap(), Location::Sqlite("./data/a.db".into()));
    assert_eq!(Location::parse("sqlite:///a.db").unwrap(), Location::Sqlite("/a.db".into()));
    let url = "postgres://ann:secret@host/db";
    if cfg!(feature = "postgres") {
        let location = Location::parse(url).unwrap();
        assert_eq!(location, Location::Postgres(url.to_owned()));
        assert!(!format!("{location:?}").contains("secret"));
    } else {
        let refused = Location::parse(url).unwrap_err().to_string();
        assert!(refused.contains("without PostgreSQL") && !refused.contains("secret"), "{refused}");
    }
}

#[cfg(feature = "postgres")]
#[test]
fn a_refused_login_tells_no_secret() {
    let location = Location::parse("postgres://ann:secret@127.0.0.1:1/db").unwrap();
    let refused = Store::open(&StoreOptions { location, connections: 1, queue_max: 1 });
    let refused = refused.unwrap_err();
    assert!(matches!(refused, StorageError::Unavailable(_)), "{refused:?}");
    assert!(!format!("{refused} {refused:?}").contains("secret"), "{refused:?}");
}

#[test]
fn a_backup_taken_while_writing_is_whole() {
    let db = TestDb::sqlite();
    let store = db.store();
    let copy = db.folder().join("copy.db");
    at_once(4, |thread| {
        for i in 0..30 {
            stored_task(&store);
            if thread == 0 && i == 15 {
                store.backup(&copy).unwrap();
            }
        }
    });
    let refused = store.backup(&copy).unwrap_err().to_string();
    assert!(refused.contains("exists already"), "{refused}");
    // The connection that wrote the copy only reads again.
    write(&store, |writer| openmoss_storage::setting::set(writer, "a.b", "1", crate::rows::at(0)));
    let copied = open_file(&copy).unwrap();
    assert_eq!(copied.check().unwrap(), [""; 0]);
    let counts = copied.read(|reader| {
        openmoss_storage::counter::counts(reader, openmoss_storage::counter::Scope::Tasks)
    });
    let kept = counts.unwrap().get("planning:once");
    let mut raw = Raw::open(copy.to_str().unwrap());
    assert_eq!(kept, raw.number("SELECT COUNT(*) AS n FROM task"));
    assert!((15..=120).contains(&kept), "{kept}");
    // The original and the copy go their own ways.
    stored_task(&copied);
    assert_eq!(db.raw().number("SELECT COUNT(*) AS n FROM task"), 120);
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_is_backed_up_by_its_own_tool() {
    let Some(db) = TestDb::postgres() else { return };
    let refused = db.store().backup(Path::new("/nonexistent/copy.db")).unwrap_err().to_string();
    assert!(refused.contains("pg_dump"), "{refused}");
}

openmoss_testkit::on_each_backend! {
    opening_again_changes_nothing,
    several_programs_may_open_a_new_database_at_once,
    a_database_from_the_future_is_refused,
}
