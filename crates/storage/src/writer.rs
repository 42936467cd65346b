//! The one writer of SQLite: transactions that wait are run together and committed once.
//!
//! Each closure runs in its own savepoint, so one that fails takes nothing with it. All are
//! answered after the commit, also those that failed: a refusal such as "already claimed" may rest
//! on a neighbour's claim, which is true only once it is durable.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::connection::{self, AnyConnection};
use crate::counter::Deltas;
use crate::error::{Failure, StorageError};
use crate::store::{Reader, Writer};

/// Most transactions in one commit: enough to share its cost, few enough to answer soon.
const GROUP_MAX: usize = 128;

/// How long nobody must write before the log is emptied.
const QUIET: Duration = Duration::from_secs(1);
/// After how many commits it is seen to that the log does not grow for ever, because of readers who
/// never let it begin anew.
const COMMITS_PER_LOOK: u32 = 1_000;

/// A thread that owns the writing connection.
pub(crate) struct GroupWriter {
    jobs: Option<Sender<Box<dyn Job>>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// A transaction that waits, its type forgotten.
trait Job: Send {
    /// Runs it; `true` if it is to be kept.
    fn run(&mut self, writer: &mut Writer) -> bool;
    /// Answers whoever waits.
    fn answer(self: Box<Self>, committed: Result<(), StorageError>);
}

struct Transaction<T, E, F> {
    run: F,
    result: Option<Result<T, E>>,
    reply: mpsc::SyncSender<Result<T, E>>,
}

impl<T, E, F> Job for Transaction<T, E, F>
where
    T: Send,
    E: Failure,
    F: Fn(&mut Writer) -> Result<T, E> + Send,
{
    fn run(&mut self, writer: &mut Writer) -> bool {
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.run)(writer)));
        let result = outcome.unwrap_or_else(|_| Err(StorageError::Panicked.into()));
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn answer(self: Box<Self>, committed: Result<(), StorageError>) {
        let result = match (committed, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(StorageError::Panicked.into()),
            (Err(error), _) => Err(error.into()),
        };
        // Whoever asked may be gone; what was written stays.
        drop(self.reply.send(result));
    }
}

impl GroupWriter {
    pub(crate) fn start(connection: AnyConnection, queue_max: usize) -> Result<Self, StorageError> {
        let (jobs, queue) = bounded(queue_max);
        let thread = thread::Builder::new()
            .name("openmoss-writer".to_owned())
            .spawn(move || work(connection, &queue))
            .map_err(|error| StorageError::Unavailable(format!("no writer thread: {error}")))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    pub(crate) fn write<T, E, F>(&self, run: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
        F: Fn(&mut Writer) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = mpsc::sync_channel(1);
        let job: Box<dyn Job> = Box::new(Transaction { run, result: None, reply });
        let gone = || E::from(StorageError::Unavailable("the writer has stopped".to_owned()));
        match self.jobs.as_ref().ok_or_else(gone)?.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(StorageError::Overloaded.into()),
            Err(TrySendError::Disconnected(_)) => return Err(gone()),
        }
        // Sent, but the answer is lost: the writer died in between.
        answer.recv().unwrap_or_else(|_| Err(gone()))
    }
}

/// Waits until everything that was accepted is written.
impl Drop for GroupWriter {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer thread ended in a panic");
        }
    }
}

fn work(connection: AnyConnection, queue: &Receiver<Box<dyn Job>>) {
    let reader = Reader { connection };
    let mut writer = Writer { reader, deltas: Deltas::default(), noted: None };
    let mut commits = 0;
    loop {
        let next = if commits == 0 {
            queue.recv().map_err(RecvTimeoutError::from)
        } else {
            queue.recv_timeout(QUIET)
        };
        let first = match next {
            Ok(first) => first,
            Err(RecvTimeoutError::Timeout) => {
                empty_log(&mut writer.connection);
                commits = 0;
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        commits += 1;
        if commits % COMMITS_PER_LOOK == 0 && is_log_long(&mut writer.connection) {
            empty_log(&mut writer.connection);
        }
        let mut group = vec![first];
        let committed = run_group(&mut writer, &mut group, queue);
        if let Err(error) = &committed {
            tracing::error!(%error, "a group of {} writes could not be committed", group.len());
            // Fails when the transaction is gone already, which is what it is for.
            drop(writer.connection.batch_execute("ROLLBACK"));
            writer.deltas = Deltas::default();
        }
        for job in group {
            job.answer(committed.as_ref().copied().map_err(again));
        }
    }
}

/// Copies the log into the database and makes it a file of no length, unless readers are in the way:
/// then the next time will do.
fn empty_log(connection: &mut AnyConnection) {
    if let Err(error) = connection.batch_execute(&connection::empty_log()) {
        tracing::debug!(%error, "the log could not be emptied");
    }
}

#[derive(QueryableByName)]
struct Log {
    #[diesel(sql_type = BigInt)]
    log: i64,
}

fn is_log_long(connection: &mut AnyConnection) -> bool {
    let log = diesel::sql_query("PRAGMA wal_checkpoint(PASSIVE)").get_result::<Log>(connection);
    log.is_ok_and(|found| found.log > connection::LOG_PAGES_MAX)
}

/// The same failure, for each transaction of the group.
fn again(error: &StorageError) -> StorageError {
    if matches!(error, StorageError::Busy) {
        StorageError::Busy
    } else {
        StorageError::Unavailable(error.to_string())
    }
}

fn run_group(
    writer: &mut Writer,
    group: &mut Vec<Box<dyn Job>>,
    queue: &Receiver<Box<dyn Job>>,
) -> Result<(), StorageError> {
    writer.connection.batch_execute("BEGIN IMMEDIATE")?;
    let mut done = 0;
    while done < GROUP_MAX {
        if let Some(job) = group.get_mut(done) {
            run_one(writer, job.as_mut())?;
            done += 1;
        } else if let Ok(job) = queue.try_recv() {
            group.push(job);
        } else {
            break;
        }
    }
    std::mem::take(&mut writer.deltas).flush(&mut writer.reader)?;
    writer.connection.batch_execute("COMMIT")?;
    Ok(())
}

fn run_one(writer: &mut Writer, job: &mut dyn Job) -> Result<(), StorageError> {
    let group = std::mem::take(&mut writer.deltas);
    writer.noted = None;
    writer.connection.batch_execute("SAVEPOINT one")?;
    let is_kept = job.run(writer);
    let own = std::mem::replace(&mut writer.deltas, group);
    if is_kept {
        writer.deltas.merge(own);
        writer.connection.batch_execute("RELEASE one")?;
    } else {
        writer.connection.batch_execute("ROLLBACK TO one; RELEASE one")?;
    }
    Ok(())
}
