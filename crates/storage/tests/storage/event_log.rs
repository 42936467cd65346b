//! Whoever reads on from the last event it got misses none and sees none twice, whatever commits
//! late.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use openmoss_domain::{Actor, Event, EventId, EventKind, TaskId};
use openmoss_storage::event::{Filter, Recorded, append, list_after};
use openmoss_storage::{StorageError, Store};
use openmoss_testkit::TestDb;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

use crate::rows::at;

const WRITERS: usize = 6;
const TRANSACTIONS: usize = 30;

fn new_event(task: TaskId) -> Event {
    Event::new(EventKind::TaskEdited, Actor::System, at(0)).task(task)
}

fn new_id() -> EventId {
    EventId::from_uuid(Uuid::new_v4())
}

fn read_after(store: &Store, filter: Filter, after: i64, limit: i64) -> Vec<Recorded> {
    store.read(|reader| list_after(reader, filter, after, limit)).unwrap()
}

/// Reads on and on until `is_over` and nothing is left.
fn follow(store: &Store, filter: Filter, limit: i64, is_over: &AtomicBool) -> Vec<Recorded> {
    let mut seen: Vec<Recorded> = Vec::new();
    loop {
        let was_over = is_over.load(Ordering::SeqCst);
        let after = seen.last().map_or(0, |event| event.seq);
        let page = read_after(store, filter, after, limit);
        if page.is_empty() && was_over {
            return seen;
        }
        seen.extend(page);
    }
}

/// Appends a few events in a transaction that is slow, and may fail.
fn transaction(store: &Store, task: TaskId, random: &mut StdRng) -> usize {
    let (n, fails) = (random.random_range(1..4), random.random_bool(0.2));
    let pauses: Vec<u64> = (0..n).map(|_| random.random_range(0..3)).collect();
    let result = store.write(move |writer| {
        for pause in &pauses {
            append(writer, new_id(), &new_event(task))?;
            thread::sleep(Duration::from_millis(*pause));
        }
        if fails { Err(StorageError::Foreign("on purpose".to_owned())) } else { Ok(pauses.len()) }
    });
    result.unwrap_or(0)
}

fn a_follower_sees_every_event_once_and_in_order(db: &TestDb) {
    let store = db.store();
    let tasks: Vec<_> = (0..2).map(|_| TaskId::from_uuid(Uuid::new_v4())).collect();
    let is_over = AtomicBool::new(false);
    let of_task = Filter { task_id: Some(tasks[0]), ..Filter::default() };
    let (store, tasks, is_over) = (&store, &tasks, &is_over);
    let (kept, followers) = thread::scope(|scope| {
        let followers: Vec<_> = [(Filter::default(), 7), (Filter::default(), 500), (of_task, 3)]
            .into_iter()
            .map(|(filter, limit)| scope.spawn(move || follow(store, filter, limit, is_over)))
            .collect();
        let writers: Vec<_> = (0..WRITERS)
            .map(|i| {
                scope.spawn(move || {
                    let mut random = StdRng::seed_from_u64(i as u64);
                    (0..TRANSACTIONS)
                        .map(|_| transaction(store, tasks[i % 2], &mut random))
                        .sum::<usize>()
                })
            })
            .collect();
        let kept: Vec<usize> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
        is_over.store(true, Ordering::SeqCst);
        let followers: Vec<_> =
            followers.into_iter().map(|follower| follower.join().unwrap()).collect();
        (kept, followers)
    });
    let all = read_after(store, Filter::default(), 0, 100_000);
    assert_eq!(all.len(), kept.iter().sum::<usize>());
    assert!(all.is_sorted_by(|a, b| a.seq < b.seq));
    assert_eq!(followers[0], all);
    assert_eq!(followers[1], all);
    let of_task: Vec<_> = all.into_iter().filter(|event| event.task_id == Some(tasks[0])).collect();
    assert_eq!(followers[2], of_task);
}

openmoss_testkit::on_each_backend!(a_follower_sees_every_event_once_and_in_order);

#[cfg(feature = "postgres")]
mod held_open {
    //! PostgreSQL gives out sequence numbers in another order than it commits.

    use std::sync::{Mutex, mpsc};

    use super::*;
    use crate::rows::write;

    /// A transaction that appends one event when it is told to, and ends when it is told to.
    struct Held<'scope> {
        go: mpsc::SyncSender<()>,
        done: mpsc::Receiver<()>,
        thread: thread::ScopedJoinHandle<'scope, ()>,
    }

    impl<'scope> Held<'scope> {
        fn begin<'env>(scope: &'scope thread::Scope<'scope, 'env>, store: &'env Store) -> Self {
            let (go, wait) = mpsc::sync_channel::<()>(0);
            let (tell, done) = mpsc::sync_channel(0);
            let task = TaskId::from_uuid(Uuid::new_v4());
            let (wait, told) = (Mutex::new(wait), tell.clone());
            let thread = scope.spawn(move || {
                let result = store.write(move |writer| {
                    let wait = wait.lock().unwrap();
                    told.send(()).unwrap();
                    let appends = wait.recv().is_ok();
                    append(writer, new_id(), &new_event(task))?;
                    told.send(()).unwrap();
                    let keeps = wait.recv().is_ok();
                    if appends && keeps {
                        Ok(())
                    } else {
                        Err(StorageError::Foreign("on purpose".to_owned()))
                    }
                });
                assert!(matches!(result, Ok(()) | Err(StorageError::Foreign(_))), "{result:?}");
                drop(tell);
            });
            done.recv().unwrap();
            Self { go, done, thread }
        }

        fn append(&self) {
            self.go.send(()).unwrap();
            self.done.recv().unwrap();
        }

        fn commit(self) {
            self.go.send(()).unwrap();
            self.thread.join().unwrap();
        }

        fn fail(self) {
            drop(self.go);
            self.thread.join().unwrap();
        }
    }

    fn seqs(store: &Store, after: i64) -> Vec<i64> {
        read_after(store, Filter::default(), after, 100).iter().map(|event| event.seq).collect()
    }

    #[test]
    fn postgres_events_wait_for_an_earlier_number_whoever_began_first() {
        let Some(db) = TestDb::postgres() else { return };
        let store = db.store();
        thread::scope(|scope| {
            // The one that began first appends second, and commits first.
            let (first, second) = (Held::begin(scope, &store), Held::begin(scope, &store));
            second.append();
            first.append();
            first.commit();
            assert_eq!(seqs(&store, 0), [0; 0], "number 1 may still appear");
            second.commit();
            assert_eq!(seqs(&store, 0), [1, 2]);

            // The other way round.
            let (first, second) = (Held::begin(scope, &store), Held::begin(scope, &store));
            first.append();
            second.append();
            second.commit();
            assert_eq!(seqs(&store, 2), [0; 0], "number 3 may still appear");
            first.commit();
            assert_eq!(seqs(&store, 2), [3, 4]);
        });
    }

    #[test]
    fn postgres_events_do_not_wait_for_a_number_that_was_rolled_back() {
        let Some(db) = TestDb::postgres() else { return };
        let store = db.store();
        thread::scope(|scope| {
            let (lost, kept) = (Held::begin(scope, &store), Held::begin(scope, &store));
            lost.append();
            kept.append();
            kept.commit();
            assert_eq!(seqs(&store, 0), [0; 0]);
            lost.fail();
            assert_eq!(seqs(&store, 0), [2]);
        });
    }

    #[test]
    fn postgres_events_before_a_slow_transaction_are_not_held_back() {
        let Some(db) = TestDb::postgres() else { return };
        let store = db.store();
        let task = TaskId::from_uuid(Uuid::new_v4());
        let quick = || write(&store, move |writer| append(writer, new_id(), &new_event(task)));
        quick();
        thread::scope(|scope| {
            let slow = Held::begin(scope, &store);
            quick();
            assert_eq!(seqs(&store, 0), [1]);
            slow.append();
            quick();
            assert_eq!(seqs(&store, 0), [1]);
            slow.commit();
            assert_eq!(seqs(&store, 0), [1, 2, 3, 4]);
        });
    }

    #[test]
    fn postgres_events_do_not_wait_for_other_programs() {
        let Some(db) = TestDb::postgres() else { return };
        let store = db.store();
        let mut other = db.raw();
        other.run("BEGIN; CREATE TABLE other (n INT)");
        let task = TaskId::from_uuid(Uuid::new_v4());
        write(&store, move |writer| append(writer, new_id(), &new_event(task)));
        assert_eq!(seqs(&store, 0), [1]);
    }
}
