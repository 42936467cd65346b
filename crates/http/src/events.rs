//! The event log over HTTP.

mod stream;

use actix_web::get;
use openmoss_domain::event::Payload;
use openmoss_domain::{ActorKind, AgentId, EventId, EventKind, SubTaskId, TaskId, Timestamp};
use openmoss_service::Recorded;
use openmoss_service::event::Filter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::call::{Answer, Call};
use crate::input::FilterValue;
use crate::vocabulary;

pub(crate) use stream::Streams;

/// Events in one answer, without a wish and at most.
const LIMIT_DEFAULT: i64 = 100;
const LIMIT_MAX: i64 = 500;

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EventQuery {
    /// Only events after this `seq`; 0 is before the first.
    #[param(default = 0)]
    after: Option<i64>,
    /// Newest first, and only events before this `seq`; 0 is behind the last. Then `after` is
    /// ignored.
    before: Option<i64>,
    /// How many at most, taken into 1 to 500.
    #[param(default = 100)]
    limit: Option<i64>,
    /// About this task.
    task_id: Option<String>,
    /// About this sub-task.
    sub_task_id: Option<String>,
}

/// Who did it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventActor)]
struct ActorView {
    #[schema(value_type = vocabulary::ActorKind)]
    kind: ActorKind,
    /// The agent, if one did it.
    #[schema(value_type = Option<uuid::Uuid>)]
    id: Option<AgentId>,
}

/// What happened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
struct EventView {
    /// Its place in the log; grows, with gaps.
    seq: i64,
    #[schema(value_type = uuid::Uuid)]
    id: EventId,
    #[schema(value_type = vocabulary::Time)]
    at: Timestamp,
    #[schema(value_type = vocabulary::EventKind)]
    kind: EventKind,
    actor: ActorView,
    #[schema(value_type = Option<uuid::Uuid>)]
    task_id: Option<TaskId>,
    #[schema(value_type = Option<uuid::Uuid>)]
    sub_task_id: Option<SubTaskId>,
    /// The agent that it concerns.
    #[schema(value_type = Option<uuid::Uuid>)]
    agent_id: Option<AgentId>,
    /// More that depends on the kind.
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    payload: Payload,
}

impl From<&Recorded> for EventView {
    fn from(one: &Recorded) -> Self {
        Self {
            seq: one.seq,
            id: one.id,
            at: one.at,
            kind: one.kind,
            actor: ActorView { kind: one.actor_kind, id: one.actor_id },
            task_id: one.task_id,
            sub_task_id: one.sub_task_id,
            agent_id: one.agent_id,
            payload: one.payload.clone(),
        }
    }
}

/// Some events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventPage)]
struct EventPageView {
    items: Vec<EventView>,
    /// Ask again with this as `after` for what comes later.
    next_after: i64,
    /// Whether more are there already.
    has_more: bool,
}

/// Events after a sequence number, oldest first. Whoever asks again with `next_after` misses none.
/// With `before`, the other way round: what happened last comes first.
#[utoipa::path(tag = "Events", params(EventQuery), responses((status = 200, body = EventPageView)))]
#[get("/api/events")]
async fn list_events(call: Call) -> Answer<EventPageView> {
    call.actor(|known| {
        let asked: EventQuery = known.request.query()?;
        let after = asked.after.unwrap_or(0);
        let limit = asked.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
        let nothing = EventPageView { items: Vec::new(), next_after: after, has_more: false };
        let filter = || -> Result<Filter, ()> {
            Ok(Filter {
                task_id: FilterValue::parse(asked.task_id.as_deref()).optional()?,
                sub_task_id: FilterValue::parse(asked.sub_task_id.as_deref()).optional()?,
            })
        };
        let Ok(filter) = filter() else {
            return Ok(nothing);
        };
        // One more than asked for tells whether there are more.
        let mut found = match asked.before {
            None => known.service.list_events(filter, after, limit + 1)?,
            Some(before) => {
                let before = if before == 0 { i64::MAX } else { before };
                known.service.list_events_back(filter, before, limit + 1)?
            }
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next_after = found.iter().map(|event| event.seq).max().unwrap_or(after);
        let items = found.iter().map(EventView::from).collect();
        Ok(EventPageView { items, next_after, has_more })
    })
    .await
}

pub(crate) fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(list_events).service(stream::stream_events);
}
