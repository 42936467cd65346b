//! Which events people are told of, and how long the server tries to tell them.

use std::time::Duration;

use openmoss_domain::notification::{NotificationKind, TRIES_MAX, told};
use openmoss_domain::outbox::{DeliveryStatus, Outcome, Sending, wait};
use openmoss_domain::{Actor, Event, EventId, EventKind, SubTaskId, TaskId, Timestamp};
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

fn event(kind: EventKind) -> Event {
    Event::new(kind, Actor::System, NOW).task(TaskId::from_uuid(Uuid::from_u128(1)))
}

fn told_as(event: Event, wanted: &[NotificationKind]) -> Option<NotificationKind> {
    let events = [(EventId::from_uuid(Uuid::from_u128(7)), event)];
    told(&events, wanted).first().map(|(kind, _, _)| *kind)
}

#[test]
fn each_event_is_told_as_what_it_is() {
    use NotificationKind::{
        AgentSilent, AllDone, PatrolAlert, ReviewRejected, SubTaskBlocked, TaskCompleted,
    };
    let record = |kind: &str, severity: &str| {
        event(EventKind::PatrolRecordOpened).with("type", kind).with("severity", severity)
    };
    for (event, kind) in [
        (event(EventKind::TaskStatusChanged).with("to", "completed"), Some(TaskCompleted)),
        (event(EventKind::TaskStatusChanged).with("to", "archived"), None),
        (event(EventKind::SubTaskRejected), Some(ReviewRejected)),
        (event(EventKind::TaskAllDone), Some(AllDone)),
        (event(EventKind::SubTaskBlocked), Some(SubTaskBlocked)),
        (event(EventKind::SubTaskApproved), None),
        (record("unclaimed", "warning"), Some(PatrolAlert)),
        (record("unclaimed", "info"), None),
        (record("owner_silent", "warning"), Some(AgentSilent)),
        (record("owner_lost", "critical"), Some(AgentSilent)),
    ] {
        assert_eq!(told_as(event.clone(), NotificationKind::ALL), kind, "{event:?}");
        assert_eq!(told_as(event, &[]), None);
    }
    let lost = record("owner_lost", "critical");
    assert_eq!(told_as(lost, &[PatrolAlert]), Some(PatrolAlert), "to whom asked for alerts alone");
}

#[test]
fn work_that_goes_on_at_once_is_not_told_as_blocked() {
    let (one, other) =
        (SubTaskId::from_uuid(Uuid::from_u128(2)), SubTaskId::from_uuid(Uuid::nil()));
    let task = TaskId::from_uuid(Uuid::from_u128(1));
    let at = |n: u128, kind, id| {
        (EventId::from_uuid(Uuid::from_u128(n)), event(kind).sub_task(task, id))
    };
    let events = [
        at(1, EventKind::SubTaskBlocked, one),
        at(2, EventKind::SubTaskBlocked, other),
        at(3, EventKind::SubTaskRequeued, one),
    ];
    let told = told(&events, NotificationKind::ALL);
    assert_eq!(told.iter().map(|(_, id, _)| *id).collect::<Vec<_>>(), [events[1].0]);
}

#[test]
fn waits_double_up_to_an_hour_and_spread() {
    let seconds = |tries, spread| wait(tries, None, spread).as_secs();
    assert_eq!((seconds(1, 0), seconds(1, 1_000)), (5, 10));
    assert_eq!((seconds(2, 1_000), seconds(3, 1_000)), (20, 40));
    assert_eq!((seconds(12, 0), seconds(u32::MAX, 1_000)), (1_800, 3_600));
    let asked = |seconds| wait(1, Some(Duration::from_secs(seconds)), 0).as_secs();
    assert_eq!((asked(1), asked(90), asked(1 << 40)), (5, 90, 3_600), "as the receiver asked");
}

#[test]
fn what_fails_is_given_up_after_its_last_try_and_can_be_revived() {
    let mut sending = Sending::new(NOW);
    let mut now = NOW;
    let mut tries = 0;
    while sending.status == DeliveryStatus::Pending {
        now = sending.next_try_at;
        sending = sending.taken(now);
        assert!(sending.next_try_at > now, "nobody else tries meanwhile");
        tries += 1;
        let outcome = Outcome::Later { reason: "x".repeat(1_000), after: None };
        sending = sending.settled(outcome, now, TRIES_MAX, 500);
    }
    assert_eq!((tries, sending.status), (TRIES_MAX, DeliveryStatus::Dead));
    assert_eq!(sending.finished_at, Some(now));
    assert_eq!(sending.last_error.as_deref().map(str::len), Some(300));
    let hours = NOW.until(now).as_secs() / 3_600;
    assert!((1..=4).contains(&hours), "{hours} hours");

    let revived = sending.revived(now).map(|revived| (revived.status, revived.tries));
    assert_eq!(revived, Some((DeliveryStatus::Pending, 0)));
    let taken = sending.settled(Outcome::Taken, now, TRIES_MAX, 0);
    assert_eq!((taken.status, taken.last_error.clone()), (DeliveryStatus::Delivered, None));
    assert_eq!(taken.revived(now), None);
    let never = Sending::new(now).taken(now);
    let never = never.settled(Outcome::Never("no".to_owned()), now, TRIES_MAX, 0);
    assert_eq!(never.status, DeliveryStatus::Dead);
}
