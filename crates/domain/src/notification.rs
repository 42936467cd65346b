//! What the server tells people about by itself.

use serde::{Deserialize, Serialize};

use crate::event::{Event, EventKind, Payload};
use crate::id::{AgentId, DeliveryId, EventId, SubTaskId, TaskId};
use crate::outbox::Sending;
use crate::patrol::Severity;
use crate::task::TaskStatus;
use crate::time::Timestamp;
use crate::token::token_enum;
use crate::watch::Condition;

/// After how many tries a notification is given up: about three hours.
pub const TRIES_MAX: u32 = 12;

token_enum! {
    /// What people can be told about. The first four are the contract's.
    NotificationKind {
        /// A goal is completed.
        TaskCompleted = "task_completed",
        /// A sub-task was sent back.
        ReviewRejected = "review_rejected",
        /// The last open sub-task of a goal is over.
        AllDone = "all_done",
        /// Somebody who watches found something that should not last.
        PatrolAlert = "patrol_alert",
        /// A sub-task cannot go on.
        SubTaskBlocked = "sub_task_blocked",
        /// Nothing has been heard of the owner of a sub-task.
        AgentSilent = "agent_silent",
        /// A budget is used up.
        BudgetReached = "budget_reached",
    }
}

/// What an event is worth telling as, the most telling first.
fn kinds(event: &Event) -> Vec<NotificationKind> {
    let says = |key: &str, value: &str| event.payload.0.get(key).is_some_and(|said| said == value);
    if event.kind.as_str() == NotificationKind::BudgetReached.as_str() {
        return vec![NotificationKind::BudgetReached];
    }
    if event.kind == EventKind::TaskStatusChanged {
        let is_completed = says("to", TaskStatus::Completed.as_str());
        return is_completed.then_some(NotificationKind::TaskCompleted).into_iter().collect();
    }
    if event.kind == EventKind::PatrolRecordOpened {
        let is_of = |condition: Condition| says("type", condition.as_str());
        let is_silent = is_of(Condition::OwnerSilent) || is_of(Condition::OwnerLost);
        let is_alert = !says("severity", Severity::Info.as_str());
        let silent = is_silent.then_some(NotificationKind::AgentSilent);
        return silent
            .into_iter()
            .chain(is_alert.then_some(NotificationKind::PatrolAlert))
            .collect();
    }
    let plain = [
        (EventKind::SubTaskRejected, NotificationKind::ReviewRejected),
        (EventKind::TaskAllDone, NotificationKind::AllDone),
        (EventKind::SubTaskBlocked, NotificationKind::SubTaskBlocked),
    ];
    plain.iter().filter(|(kind, _)| *kind == event.kind).map(|(_, told)| *told).collect()
}

/// What of the events of one transaction is told, each once at most, to whoever wants `wanted`. Work
/// that was blocked and went back into the queue at once never stood still.
#[must_use]
pub fn told<'a>(
    events: &'a [(EventId, Event)],
    wanted: &[NotificationKind],
) -> Vec<(NotificationKind, EventId, &'a Event)> {
    let goes_on = |index: usize, blocked: &Event| {
        let later = events.iter().skip(index);
        later.map(|(_, event)| event).any(|event| {
            event.kind == EventKind::SubTaskRequeued && event.sub_task_id == blocked.sub_task_id
        })
    };
    let mut told = Vec::new();
    for (index, (id, event)) in events.iter().enumerate() {
        let kind = kinds(event).into_iter().find(|kind| wanted.contains(kind));
        let Some(kind) = kind else { continue };
        if event.kind == EventKind::SubTaskBlocked && goes_on(index, event) {
            continue;
        }
        told.push((kind, *id, event));
    }
    told
}

/// One message to one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id: the receiver sees it, and it stays the same in every try.
    pub id: DeliveryId,
    /// To which channel, its secrets masked.
    pub channel: String,
    /// What it tells.
    pub kind: NotificationKind,
    /// The event that it tells of.
    pub event_id: EventId,
    /// The goal that it concerns.
    pub task_id: Option<TaskId>,
    /// The sub-task that it concerns.
    pub sub_task_id: Option<SubTaskId>,
    /// The agent that it concerns.
    pub agent_id: Option<AgentId>,
    /// The event's details.
    pub payload: Payload,
    /// When the event happened.
    pub created_at: Timestamp,
    /// How far it is.
    pub sending: Sending,
}

impl Delivery {
    /// A message that was not tried yet.
    #[must_use]
    pub fn new(
        id: DeliveryId,
        channel: String,
        (kind, event_id, event): (NotificationKind, EventId, &Event),
    ) -> Self {
        Self {
            id,
            channel,
            kind,
            event_id,
            task_id: event.task_id,
            sub_task_id: event.sub_task_id,
            agent_id: event.agent_id,
            payload: event.payload.clone(),
            created_at: event.at,
            sending: Sending::new(event.at),
        }
    }
}
