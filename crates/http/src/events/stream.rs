//! Events as they happen: server-sent events (`text/event-stream`).
//!
//! A client that comes back with `Last-Event-ID` misses nothing: what it did not see is read from
//! the log. What is new comes from one reader for all streams; each event is written as text once.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CacheControl, CacheDirective};
use actix_web::{HttpResponse, get, web};
use futures_util::stream;
use openmoss_domain::{AgentId, EventKind, SubTaskId, TaskId};
use openmoss_service::event::Filter;
use openmoss_service::{Recorded, Service};
use serde::Deserialize;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, watch};
use tokio::time::{Instant, sleep_until};
use utoipa::IntoParams;

use super::EventView;
use crate::call::{Call, Lasting, Request};
use crate::input::id;
use crate::problem::Problem;

/// Streams that may be open at once; the next one gets 503.
const STREAMS_MAX: usize = 4096;
/// Batches that a slow client may be behind before it reads from the log again.
const BEHIND_MAX: usize = 256;
/// Events read from the log at once.
const PAGE: i64 = 500;
/// How often a silent stream shows that it lives, and whether its client may still see it.
const BEAT_EVERY: Duration = Duration::from_secs(15);
/// The shortest time between two pieces: a thousand streams shall not slow the writers.
const GATHER_FOR: Duration = Duration::from_millis(100);
/// What a client hears first: after how many milliseconds to come back when the stream breaks.
const GREETING: &str = "retry: 2000\n\n";

/// Where new events come from.
pub(crate) struct Streams {
    sender: broadcast::Sender<Batch>,
    closing: watch::Receiver<bool>,
    places: Arc<Semaphore>,
}

/// Events that came together.
type Batch = Arc<[Piece]>;

/// An event, and how it reads in a stream.
pub(crate) struct Piece {
    pub(crate) event: Recorded,
    text: web::Bytes,
}

impl Piece {
    fn of(event: &Recorded) -> Self {
        let json = serde_json::to_string(&EventView::from(event)).unwrap_or_default();
        let text = format!("id: {}\ndata: {json}\n\n", event.seq);
        Self { event: event.clone(), text: text.into() }
    }
}

impl Streams {
    /// Says when the server stops.
    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.clone()
    }

    /// New events of `service`, until `closing` says that the server stops.
    pub(crate) fn of(service: &Service, closing: watch::Receiver<bool>) -> Self {
        let (sender, _) = broadcast::channel(BEHIND_MAX);
        let publish = sender.clone();
        service.on_events(Box::new(move |events| {
            // Nobody may be listening.
            if publish.receiver_count() > 0 {
                let _ = publish.send(events.iter().map(Piece::of).collect());
            }
        }));
        Self { sender, closing, places: Arc::new(Semaphore::new(STREAMS_MAX)) }
    }
}

/// Which events are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct StreamQuery {
    /// Begin after this `seq`, if there is no `Last-Event-ID`; else only what is new comes.
    #[param(minimum = 0)]
    after: Option<i64>,
    /// About this task.
    #[param(value_type = Option<uuid::Uuid>)]
    task_id: Option<String>,
    /// About this sub-task.
    #[param(value_type = Option<uuid::Uuid>)]
    sub_task_id: Option<String>,
    /// By or about this agent.
    #[param(value_type = Option<uuid::Uuid>)]
    agent_id: Option<String>,
    /// Of these kinds, separated by commas.
    kind: Option<String>,
}

/// What a stream lets through.
#[derive(Debug, Default)]
struct Wanted {
    task_id: Option<TaskId>,
    sub_task_id: Option<SubTaskId>,
    agent_id: Option<AgentId>,
    kinds: HashSet<EventKind>,
}

impl Wanted {
    fn parse(query: &StreamQuery) -> Result<Self, Problem> {
        let kinds = query.kind.as_deref().unwrap_or_default().split(',').map(str::trim);
        let kinds = kinds.filter(|kind| !kind.is_empty()).map(str::parse::<EventKind>);
        let kinds = kinds.collect::<Result<_, _>>();
        Ok(Self {
            task_id: query.task_id.as_deref().map(|text| id("task", text)).transpose()?,
            sub_task_id: query
                .sub_task_id
                .as_deref()
                .map(|text| id("sub_task", text))
                .transpose()?,
            agent_id: query.agent_id.as_deref().map(|text| id("agent", text)).transpose()?,
            kinds: kinds.map_err(|error| Problem::field("kind", error.to_string()))?,
        })
    }

    fn filter(&self) -> Filter {
        Filter { task_id: self.task_id, sub_task_id: self.sub_task_id }
    }

    fn lets_through(&self, event: &Recorded) -> bool {
        self.task_id.is_none_or(|id| event.task_id == Some(id))
            && self.sub_task_id.is_none_or(|id| event.sub_task_id == Some(id))
            && self.agent_id.is_none_or(|id| [event.agent_id, event.actor_id].contains(&Some(id)))
            && (self.kinds.is_empty() || self.kinds.contains(&event.kind))
    }
}

/// Events as they happen, as server-sent events: `id` is the `seq`, `data` an event as in
/// `/api/events`. A comment comes every 15 seconds. Send `Last-Event-ID` to go on after an
/// interruption without missing any.
#[utoipa::path(tag = "Events", params(StreamQuery), responses(
    (status = 200, description = "A stream of events.", content_type = "text/event-stream", body = String)
))]
#[get("/api/events/stream")]
pub(super) async fn stream_events(call: Call) -> Result<HttpResponse, Problem> {
    let lasting = call.lasting();
    let streams = &lasting.shared.streams;
    let busy = |_| Problem::from(openmoss_service::StorageError::Overloaded);
    let place = Arc::clone(&streams.places).try_acquire_owned().map_err(busy)?;
    // Before the start is looked up: what is written in between comes from both, and is sent once.
    let (news, closing) = (streams.sender.subscribe(), streams.closing.clone());
    let (wanted, after) =
        call.actor(|known| begin(known.service, known.request)).await?.into_inner();
    let state = Stream {
        lasting,
        wanted,
        sent: after,
        is_behind: true,
        news,
        closing,
        next_piece: Instant::now(),
        next_beat: Instant::now() + BEAT_EVERY,
        _place: place,
    };
    let greeting = stream::iter([Ok(web::Bytes::from_static(GREETING.as_bytes()))]);
    let pieces = stream::unfold(state, |mut state| async move {
        let piece = state.next().await?;
        Some((Ok::<_, actix_web::Error>(piece), state))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(CacheControl(vec![CacheDirective::NoStore]))
        // Proxies shall pass on what comes when it comes.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(stream::StreamExt::chain(greeting, pieces)))
}

/// What is wanted, and after which event.
fn begin(service: &Service, request: &Request) -> Result<(Wanted, i64), Problem> {
    let query: StreamQuery = request.query()?;
    let wanted = Wanted::parse(&query)?;
    let last = request.header("last-event-id").filter(|text| !text.is_empty());
    let last = last.map(|text| {
        let wrong = || Problem::field("Last-Event-ID", "must be the id of an event of this stream");
        text.parse::<i64>().ok().ok_or_else(wrong)
    });
    let after = match last.transpose()?.or(query.after) {
        Some(after) => after.max(0),
        None => service.latest_event()?,
    };
    Ok((wanted, after))
}

/// One client's stream.
struct Stream {
    lasting: Lasting,
    wanted: Wanted,
    /// The last event that was sent or passed over.
    sent: i64,
    /// Whether there may be events in the log that came before the news.
    is_behind: bool,
    news: broadcast::Receiver<Batch>,
    closing: watch::Receiver<bool>,
    next_piece: Instant,
    next_beat: Instant,
    _place: OwnedSemaphorePermit,
}

impl Stream {
    /// The next piece of the stream; none when it is over.
    async fn next(&mut self) -> Option<web::Bytes> {
        loop {
            if *self.closing.borrow() {
                return None;
            }
            let piece = if self.is_behind { self.catch_up().await? } else { self.wait().await? };
            if !piece.is_empty() {
                self.next_piece = Instant::now() + GATHER_FOR;
                return Some(piece);
            }
        }
    }

    /// Reads one page from the log.
    async fn catch_up(&mut self) -> Option<web::Bytes> {
        let (filter, after) = (self.wanted.filter(), self.sent);
        let read = move |service: &Service| Ok(service.list_events(filter, after, PAGE)?);
        // The client comes back, and is told then what is wrong.
        let events = self.lasting.run(read).await.ok()?;
        self.is_behind = i64::try_from(events.len()).is_ok_and(|length| length == PAGE);
        let mut text = Vec::new();
        self.take(events.iter().map(Piece::of).collect::<Vec<_>>().iter(), &mut text);
        Some(text.into())
    }

    /// Waits for news or for the time to show a sign of life.
    async fn wait(&mut self) -> Option<web::Bytes> {
        let pause = self.next_piece;
        tokio::select! {
            _ = self.closing.changed() => return None,
            () = sleep_until(pause) => {}
        }
        tokio::select! {
            _ = self.closing.changed() => None,
            () = sleep_until(self.next_beat) => {
                self.lasting.check().await.ok()?;
                self.next_beat = Instant::now() + BEAT_EVERY;
                Some(web::Bytes::from_static(b": alive\n\n"))
            }
            news = self.news.recv() => match news {
                Ok(batch) => Some(self.gather(&batch)),
                Err(RecvError::Lagged(_)) => {
                    self.is_behind = true;
                    Some(web::Bytes::new())
                }
                Err(RecvError::Closed) => None,
            },
        }
    }

    /// This batch, and those that are there already.
    fn gather(&mut self, first: &Batch) -> web::Bytes {
        let mut text = Vec::new();
        self.take(first.iter(), &mut text);
        loop {
            match self.news.try_recv() {
                Ok(batch) => self.take(batch.iter(), &mut text),
                Err(TryRecvError::Lagged(_)) => {
                    self.is_behind = true;
                    return text.into();
                }
                Err(TryRecvError::Empty | TryRecvError::Closed) => return text.into(),
            }
        }
    }

    fn take<'a>(&mut self, pieces: impl Iterator<Item = &'a Piece>, text: &mut Vec<u8>) {
        for piece in pieces {
            let seq = piece.event.seq;
            if seq > self.sent && self.wanted.lets_through(&piece.event) {
                text.extend_from_slice(&piece.text);
            }
            // Whoever lost the right to look on does not look on until the next beat.
            if matches!(piece.event.kind, EventKind::AgentStatusChanged | EventKind::AgentKeyReset)
            {
                self.next_beat = Instant::now();
            }
            self.sent = self.sent.max(seq);
        }
    }
}
