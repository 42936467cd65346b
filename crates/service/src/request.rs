//! The request log: noted in memory, written in batches, forgotten after some days.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono_tz::Tz;
use openmoss_domain::request::{RequestEntry, RequestMethod, Sent, kept_method, kept_path};
use openmoss_domain::{AgentId, Keyword, RequestId, Timestamp};
use openmoss_storage::request::{append, delete_before, delete_days_before, list};
use openmoss_storage::{Page, StorageError, Window, agent};

use crate::Service;
use crate::error::ServiceError;
use crate::id;
use crate::settings::Secret;

pub use openmoss_storage::request::Filter;

/// Most calls that wait to be written, and most bytes that came with them.
const CALLS_MAX: usize = 16_384;
const BYTES_MAX: usize = 32 << 20;
/// Most calls in one transaction: it is one of many that wait for the writer.
const BATCH: usize = 256;
/// Most entries that one transaction forgets, and most transactions in a row that do so.
const FORGET_MAX: i64 = 1_000;
const FORGET_ROUNDS_MAX: usize = 20;
/// How long the tallies of a day are kept: longer than anybody looks back.
const DAYS_KEPT: Duration = Duration::from_hours(62 * 24);

/// A call of an agent that was just answered.
#[derive(Debug)]
pub struct Answered {
    /// Who called.
    pub agent_id: AgentId,
    /// With which key, which must not be kept.
    pub key: Secret,
    /// The HTTP method.
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// The query or the body, if it is one to keep.
    pub sent: Option<Sent>,
    /// The HTTP status.
    pub status: u16,
    /// How long the answer took.
    pub duration: Duration,
}

impl Answered {
    fn bytes(&self) -> usize {
        self.path.len() + self.sent.as_ref().map_or(0, Sent::bytes)
    }

    fn into_entry(self, at: Timestamp, registration_token: &Secret) -> RequestEntry {
        let secrets = [self.key.expose(), registration_token.expose()];
        RequestEntry {
            id: RequestId::from_uuid(id::fresh()),
            agent_id: self.agent_id,
            method: kept_method(&self.method),
            path: kept_path(&self.path, &secrets),
            sent: self.sent.and_then(|sent| sent.kept(&secrets)),
            status: self.status,
            duration_ms: u32::try_from(self.duration.as_millis()).unwrap_or(u32::MAX),
            created_at: at,
        }
    }
}

/// Calls that wait to be written.
#[derive(Default)]
pub(crate) struct Buffer {
    waiting: Mutex<Waiting>,
    /// Held by whoever writes; inside is a batch that could not be written yet.
    writing: Mutex<Arc<Vec<RequestEntry>>>,
    has_to_wait: AtomicBool,
}

#[derive(Default)]
struct Waiting {
    calls: VecDeque<(Timestamp, Answered)>,
    bytes: usize,
    dropped: u64,
}

impl Buffer {
    fn push(&self, at: Timestamp, call: Answered) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = waiting.bytes.saturating_add(call.bytes());
        if waiting.calls.len() >= CALLS_MAX || bytes > BYTES_MAX {
            waiting.dropped += 1;
            return;
        }
        waiting.bytes = bytes;
        waiting.calls.push_back((at, call));
    }

    fn take(&self) -> (Vec<(Timestamp, Answered)>, u64) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let n = waiting.calls.len().min(BATCH);
        let taken: Vec<_> = waiting.calls.drain(..n).collect();
        waiting.bytes -= taken.iter().map(|(_, call)| call.bytes()).sum::<usize>();
        (taken, std::mem::take(&mut waiting.dropped))
    }
}

/// Which of an agent's calls are wanted, as it came in.
#[derive(Debug, Clone, Default)]
pub struct RequestQuery {
    /// How many days back.
    pub days: Option<u32>,
    /// By this method.
    pub method: Option<RequestMethod>,
    /// With this in their path.
    pub path_keyword: Option<Keyword>,
}

impl Service {
    /// Notes a call that was answered. It neither waits nor fails: when too many wait already, the
    /// call is dropped and counted.
    pub fn note_request(&self, call: Answered) {
        self.requests.push(self.now(), call);
    }

    /// Writes every call that was noted so far. What cannot be written because the database is
    /// busy or away is tried again the next time.
    ///
    /// # Errors
    /// When the database is busy or away.
    pub fn write_requests(&self) -> Result<(), ServiceError> {
        let mut unwritten = self.requests.writing.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if unwritten.is_empty() {
                let (calls, dropped) = self.requests.take();
                if dropped > 0 {
                    tracing::warn!(
                        "the request log is too slow: {dropped} calls are missing in it"
                    );
                }
                let token = &self.settings().agent.registration_token;
                let entries = calls.into_iter().map(|(at, call)| call.into_entry(at, token));
                *unwritten = Arc::new(entries.collect());
            }
            if unwritten.is_empty() {
                return Ok(());
            }
            let (batch, zone) = (Arc::clone(&unwritten), self.zone());
            let written = self.store.write(move |writer| -> Result<(), ServiceError> {
                Ok(append(writer, &batch, |at| day(at, zone))?)
            });
            match written {
                Ok(()) => {}
                Err(error) if is_passing(&error) => return Err(error),
                Err(error) => {
                    let n = unwritten.len();
                    tracing::error!("{n} calls cannot be written to the request log: {error}");
                }
            }
            *unwritten = Arc::default();
        }
    }

    /// One round of the job that writes. That it has to wait is told once, not twice a second.
    pub(crate) fn keep_request_log(&self) -> Result<(), ServiceError> {
        let written = self.write_requests();
        let is_told = self.requests.has_to_wait.swap(written.is_err(), Ordering::Relaxed);
        if is_told { Ok(()) } else { written }
    }

    /// Forgets entries that are older than the settings say, and the tallies of days long past. In
    /// small portions, so that nothing waits for long, and not all at once if there are very many.
    pub fn forget_old_requests(&self) -> Result<(), ServiceError> {
        let kept = u64::from(self.settings().webui.feed_retention_days);
        let before = self.now().minus(Duration::from_hours(24 * kept));
        let day = day(self.now().minus(DAYS_KEPT), self.zone());
        self.store.write(move |writer| -> Result<(), ServiceError> {
            Ok(delete_days_before(writer, &day).map(drop)?)
        })?;
        for _ in 0..FORGET_ROUNDS_MAX {
            let forgotten = self.store.write(move |writer| -> Result<usize, ServiceError> {
                Ok(delete_before(writer, before, FORGET_MAX)?)
            })?;
            if i64::try_from(forgotten).is_ok_and(|forgotten| forgotten < FORGET_MAX) {
                break;
            }
        }
        Ok(())
    }

    /// A page of an agent's calls, newest first.
    pub fn list_requests(
        &self,
        agent_id: AgentId,
        query: RequestQuery,
        window: Window,
    ) -> Result<Page<RequestEntry>, ServiceError> {
        let filter = Filter {
            agent_id,
            since: query.days.map(|days| self.days_ago(days)),
            method: query.method,
            path_keyword: query.path_keyword,
        };
        self.read(|reader| {
            agent::find(reader, agent_id)?.ok_or(ServiceError::not_found("agent"))?;
            Ok(list(reader, &filter, window)?)
        })
    }

    /// So many times 24 hours ago.
    pub(crate) fn days_ago(&self, days: u32) -> Timestamp {
        self.now().minus(Duration::from_hours(24 * u64::from(days)))
    }

    /// The zone whose midnight begins a day.
    pub(crate) fn zone(&self) -> Tz {
        self.settings().server.timezone.parse().unwrap_or(Tz::UTC)
    }
}

/// The name of the day that `at` lies in, such as `2026-11-25`.
pub(crate) fn day(at: Timestamp, zone: Tz) -> String {
    at.to_datetime().with_timezone(&zone).date_naive().to_string()
}

fn is_passing(error: &ServiceError) -> bool {
    matches!(
        error,
        ServiceError::Storage(
            StorageError::Overloaded | StorageError::Busy | StorageError::Unavailable(_)
        )
    )
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn call(bytes: usize) -> Answered {
        Answered {
            agent_id: AgentId::from_uuid(Uuid::nil()),
            key: Secret::new("ak_1"),
            method: "POST".to_owned(),
            path: String::new(),
            sent: Some(Sent::Body(vec![b'x'; bytes])),
            status: 200,
            duration: Duration::ZERO,
        }
    }

    #[test]
    fn a_full_buffer_drops_and_counts() {
        let (buffer, at) = (Buffer::default(), Timestamp::from_micros(0));
        for _ in 0..CALLS_MAX + 3 {
            buffer.push(at, call(0));
        }
        let (taken, dropped) = buffer.take();
        assert_eq!((taken.len(), dropped), (BATCH, 3));
        buffer.push(at, call(BYTES_MAX + 1));
        buffer.push(at, call(BYTES_MAX - 1));
        buffer.push(at, call(2));
        let mut n = 0;
        let mut lost = 0;
        loop {
            let (taken, dropped) = buffer.take();
            lost += dropped;
            if taken.is_empty() {
                break;
            }
            n += taken.len();
        }
        assert_eq!((n, lost), (CALLS_MAX - BATCH + 1, 2));
        assert_eq!(buffer.waiting.lock().unwrap().bytes, 0);
    }
}
