//! What `Store::read` and `Store::write` promise.

use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(feature = "postgres")]
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
#[cfg(feature = "postgres")]
use std::sync::{Arc, Barrier};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use openmoss_domain::SubTask;
#[cfg(feature = "postgres")]
use openmoss_storage::task;
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

/// After the server was gone for a moment, nobody notices that each pooled connection is lost.
#[cfg(feature = "postgres")]
#[test]
fn postgres_connections_that_were_lost_are_replaced() {
    let Some(db) = TestDb::postgres() else { return };
    let mut options = db.options();
    // A name by which only this test's connections are found.
    let name = format!("lost_{}", uuid::Uuid::new_v4().simple());
    options.location =
        openmoss_storage::Location::parse(&format!("{}?application_name={name}", db.url()))
            .unwrap();
    let store = Store::open(&options).unwrap();
    let set = || store.write(|writer| setting::set(writer, "a.b", "1", at(0)));
    let list = || store.read(setting::list);
    let lose_all = || {
        for result in at_once(8, |_| set()) {
            result.unwrap();
        }
        let lost = db.raw().number(&format!(
            "SELECT COUNT(pg_terminate_backend(pid, 5000)) AS n FROM pg_stat_activity
                WHERE application_name = '{name}'"
        ));
        assert!(lost > 0, "there is something to lose");
    };
    lose_all();
    for _ in 0..10 {
        set().unwrap();
    }
    lose_all();
    for _ in 0..10 {
        assert_eq!(list().unwrap().len(), 1);
    }
}

/// Two that lock the same tasks, each in its own order: the one that PostgreSQL ends is run again.
#[cfg(feature = "postgres")]
#[test]
fn postgres_transactions_that_wait_for_each_other_both_succeed() {
    let Some(db) = TestDb::postgres() else { return };
    let store = db.store();
    let tasks = [stored_task(&store).id, stored_task(&store).id];
    let first_locks = Arc::new(Barrier::new(2));
    let runs = Arc::new(AtomicUsize::new(0));
    let results = at_once(2, |i| {
        let (first_locks, runs, is_first) =
            (Arc::clone(&first_locks), Arc::clone(&runs), AtomicBool::new(true));
        store.write(move |writer| {
            runs.fetch_add(1, Ordering::SeqCst);
            task::find_locked(writer, tasks[i], task::Lock::Exclusive)?;
            if is_first.swap(false, Ordering::SeqCst) {
                first_locks.wait();
            }
            task::find_locked(writer, tasks[1 - i], task::Lock::Exclusive)?;
            Ok::<(), StorageError>(())
        })
    });
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert!(runs.load(Ordering::SeqCst) > 2, "nobody waited for the other");
}

/// A thread that can read at once sees what was written, also after a panic; another store has
/// nothing to do with it.
fn a_thread_reads_through_its_own_connection(db: &TestDb) {
    let store = db.store();
    assert_eq!(store.can_read_here(), !db.is_postgres());
    for i in 0..3 {
        write(&store, move |writer| setting::set(writer, &format!("a.{i}"), "1", at(0)));
        assert_eq!(store.read(setting::list).unwrap().len(), i + 1);
    }
    let read = AssertUnwindSafe(|| store.read(|_| -> Result<(), StorageError> { panic!("here") }));
    assert!(catch_unwind(read).is_err());
    assert_eq!(store.read(setting::list).unwrap().len(), 3);
    assert_eq!(store.can_read_here(), !db.is_postgres());

    let other = TestDb::sqlite();
    let other = other.store();
    assert_eq!(other.read(setting::list).unwrap(), []);
    assert!(other.can_read_here());
    assert_eq!(other.read(setting::list).unwrap(), []);
    assert_eq!(store.read(setting::list).unwrap().len(), 3);
}

/// A thread of its own waits for nobody: not even when every pooled connection is taken.
#[test]
fn a_thread_that_can_read_here_waits_for_no_other_reader() {
    let db = TestDb::sqlite();
    let store = Store::open(&StoreOptions { connections: 1, ..db.options() }).unwrap();
    let (taken, is_taken) = mpsc::sync_channel(0);
    let (release, released) = mpsc::sync_channel::<()>(0);
    let released = Mutex::new(released);
    thread::scope(|scope| {
        let store = &store;
        scope.spawn(move || {
            store
                .read(|_| -> Result<(), StorageError> {
                    taken.send(()).unwrap();
                    let _ = released.lock().unwrap().recv();
                    Ok(())
                })
                .unwrap();
        });
        is_taken.recv().unwrap();
        assert!(store.can_read_here());
        assert_eq!(store.read(setting::list).unwrap(), []);
        release.send(()).unwrap();
    });
}

/// The log of SQLite does not stay behind when nobody writes.
#[test]
fn the_log_is_emptied_when_it_is_quiet() {
    let db = TestDb::sqlite();
    let store = db.store();
    write(&store, |writer| setting::set(writer, "a.b", "1", at(0)));
    let log = format!("{}-wal", db.url());
    let length = || std::fs::metadata(&log).map_or(0, |file| file.len());
    let until = Instant::now() + Duration::from_secs(30);
    while length() > 0 {
        assert!(Instant::now() < until, "the log still has {} bytes", length());
        thread::sleep(A_MOMENT);
    }
    write(&store, |writer| setting::set(writer, "a.c", "1", at(0)));
    assert_eq!(store.read(setting::list).unwrap().len(), 2);
}

openmoss_testkit::on_each_backend! {
    a_failure_in_a_group_leaves_its_neighbours,
    a_unique_index_that_refuses_one_leaves_its_neighbours,
    a_panic_in_a_read_is_the_callers_alone,
    a_swallowed_failure_is_not_called_kept,
    too_many_writes_are_refused_at_once,
    what_was_written_is_seen_by_the_next_read,
    what_was_accepted_is_written_before_the_store_closes,
    a_thread_reads_through_its_own_connection,
}
