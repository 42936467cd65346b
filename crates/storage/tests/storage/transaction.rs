//! What `Store::read` and `Store::write` promise.

use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use openmoss_domain::SubTask;
use openmoss_storage::{StorageError, Store, StoreOptions, setting, sub_task};
use openmoss_testkit::{TestDb, at_once, counter_differences};

use crate::rows::{ALL, at, new_sub_task, stored_sub_task, stored_task, write};

/// Long enough for a thread to get going.
const A_MOMENT: Duration = Duration::from_millis(50);

fn insert(
    store: &Store,
    new: &SubTask,
    end: impl Fn() -> Result<(), StorageError> + Send + 'static,
) -> Result<(), StorageError> {
    let new = new.clone();
    store.write(move |writer| {
        sub_task::insert(writer, &new)?;
        end()
    })
}

fn is_stored(store: &Store, new: &SubTask) -> bool {
    store.read(|reader| sub_task::find(reader, new.id)).unwrap().is_some()
}

/// A closure that holds the one writer of SQLite up, so that what comes next waits and is run as
/// one group; on PostgreSQL the others simply run beside it.
fn while_a_write_runs(store: &Store, beside: impl FnOnce()) {
    thread::scope(|scope| {
        let (begin, begun) = mpsc::sync_channel(0);
        let (end, ended) = mpsc::sync_channel(0);
        let (begin, ended) = (Mutex::new(begin), Mutex::new(ended));
        scope.spawn(move || {
            write(store, move |_| {
                begin.lock().unwrap().send(()).unwrap();
                ended.lock().unwrap().recv().unwrap();
                Ok(())
            });
        });
        begun.recv().unwrap();
        beside();
        end.send(()).unwrap();
    });
}

fn a_failure_in_a_group_leaves_its_neighbours(db: &TestDb) {
    let store = db.store();
    let task = stored_task(&store);
    let made: Vec<SubTask> = (0..12).map(|_| new_sub_task(&task, at(0))).collect();
    let end = |i: usize| {
        move || match i % 3 {
            0 => Ok(()),
            1 => Err(StorageError::Foreign("on purpose".to_owned())),
            _ => panic!("on purpose"),
        }
    };
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        while_a_write_runs(&store, || {
            for (i, new) in made.iter().enumerate() {
                let (store, results) = (&store, &results);
                scope.spawn(move || {
                    let result = insert(store, new, end(i));
                    results.lock().unwrap().push((i, result));
                });
            }
            thread::sleep(A_MOMENT);
        });
    });
    let results = results.into_inner().unwrap();
    assert_eq!(results.len(), made.len(), "everybody is answered");
    for (i, result) in results {
        match i % 3 {
            0 => assert!(result.is_ok(), "{result:?}"),
            1 => assert!(matches!(result, Err(StorageError::Foreign(_))), "{result:?}"),
            _ => assert!(matches!(result, Err(StorageError::Panicked)), "{result:?}"),
        }
        assert_eq!(is_stored(&store, &made[i]), i % 3 == 0);
    }
    assert_eq!(counter_differences(db), [""; 0]);
}

fn a_unique_index_that_refuses_one_leaves_its_neighbours(db: &TestDb) {
    let store = db.store();
    let task = stored_task(&store);
    let taken = stored_sub_task(&store, &task);
    let free = new_sub_task(&task, at(0));
    thread::scope(|scope| {
        while_a_write_runs(&store, || {
            scope.spawn(|| {
                let refused = insert(&store, &taken, || Ok(()));
                assert!(matches!(refused, Err(StorageError::Unique(_))), "{refused:?}");
            });
            scope.spawn(|| insert(&store, &free, || Ok(())).unwrap());
            thread::sleep(A_MOMENT);
        });
    });
    assert!(is_stored(&store, &free));
    assert_eq!(counter_differences(db), [""; 0]);
}

fn a_panic_in_a_read_is_the_callers_alone(db: &TestDb) {
    let store = db.store();
    for _ in 0..20 {
        let panicked = thread::scope(|scope| {
            scope
                .spawn(|| store.read(|_| -> Result<(), StorageError> { panic!("on purpose") }))
                .join()
        });
        assert!(panicked.is_err());
    }
    assert_eq!(store.read(setting::list).unwrap(), []);
    write(&store, |writer| setting::set(writer, "a.b", "1", at(0)));
}

fn a_swallowed_failure_is_not_called_kept(db: &TestDb) {
    let store = db.store();
    let taken = stored_sub_task(&store, &stored_task(&store));
    let result = store.write(move |writer| {
        setting::set(writer, "a.b", "1", at(0))?;
        // Whoever does this loses the transaction on PostgreSQL.
        drop(sub_task::insert(writer, &taken));
        Ok::<(), StorageError>(())
    });
    let is_kept = !store.read(setting::list).unwrap().is_empty();
    assert_eq!(result.is_ok(), is_kept);
}

fn too_many_writes_are_refused_at_once(db: &TestDb) {
    const WRITES: usize = 12;
    // Those that run, and three that wait: one more may, as SQLite's writer takes one to run.
    const TAKEN_MAX: usize = 5;
    let options = StoreOptions { queue_max: 3, connections: 2, ..db.options() };
    let store = Store::open(&options).unwrap();
    let (open, gate) = crossbeam_channel::bounded::<()>(0);
    let (tell, results) = mpsc::channel();
    let taken = thread::scope(|scope| {
        for i in 0..WRITES {
            let (store, gate, tell) = (&store, gate.clone(), tell.clone());
            scope.spawn(move || {
                let result = store.write(move |writer| {
                    let _ = gate.recv();
                    setting::set(writer, &format!("a.{i}"), "1", at(0))
                });
                tell.send(result).unwrap();
            });
        }
        // Nobody else ends before the gate is open.
        for _ in 0..WRITES - TAKEN_MAX {
            let refused = results.recv_timeout(Duration::from_secs(5)).unwrap();
            assert!(matches!(refused, Err(StorageError::Overloaded)), "{refused:?}");
        }
        drop(open);
        let rest = (0..TAKEN_MAX).map(|_| results.recv().unwrap());
        rest.flatten().count()
    });
    assert!(taken >= 3, "{taken} were taken");
    assert_eq!(store.read(setting::list).unwrap().len(), taken);
}

fn what_was_written_is_seen_by_the_next_read(db: &TestDb) {
    let store = db.store();
    let task = stored_task(&store);
    at_once(4, |_| {
        for _ in 0..25 {
            let new = stored_sub_task(&store, &task);
            assert!(is_stored(&store, &new));
        }
    });
    let page = store.read(|reader| sub_task::list_claimable(reader, ALL)).unwrap();
    assert_eq!((page.items.len(), page.total), (100, 100));
}

fn what_was_accepted_is_written_before_the_store_closes(db: &TestDb) {
    let task = stored_task(&db.store());
    for _ in 0..5 {
        let store = db.store();
        at_once(8, |_| stored_sub_task(&store, &task));
    }
    let n = db.raw().number("SELECT COUNT(*) AS n FROM sub_task");
    assert_eq!(n, 40);
}

/// After the server was gone for a moment, each pooled connection may fail once, and no more.
#[cfg(feature = "postgres")]
#[test]
fn postgres_connections_that_were_lost_are_replaced() {
    let Some(db) = TestDb::postgres() else { return };
    let mut options = db.options();
    // A name by which only this test's connections are found.
    let name = format!("lost_{}", uuid::Uuid::new_v4().simple());
    options.location =
        openmoss_storage::Location::parse(&format!("{}&application_name={name}", db.url()))
            .unwrap();
    let store = Store::open(&options).unwrap();
    let set = || store.write(|writer| setting::set(writer, "a.b", "1", at(0)));
    for result in at_once(8, |_| set()) {
        result.unwrap();
    }
    db.raw().run(&format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{name}'"
    ));
    let results: Vec<_> = (0..30).map(|_| set()).collect();
    let failed = results.iter().filter(|result| result.is_err()).count();
    assert!(failed <= 8, "{failed} writes failed: {results:?}");
    assert!(results.last().unwrap().is_ok());
}

openmoss_testkit::on_each_backend! {
    a_failure_in_a_group_leaves_its_neighbours,
    a_unique_index_that_refuses_one_leaves_its_neighbours,
    a_panic_in_a_read_is_the_callers_alone,
    a_swallowed_failure_is_not_called_kept,
    too_many_writes_are_refused_at_once,
    what_was_written_is_seen_by_the_next_read,
    what_was_accepted_is_written_before_the_store_closes,
}
