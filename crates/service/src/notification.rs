//! Telling people: what is written into the outbox, how it is sent, and what became of it.

pub(crate) mod channel;
mod mail;
mod message;
mod send;
mod wording;

use std::thread;
use std::time::Duration;

use openmoss_domain::notification::{Delivery, NotificationKind, TRIES_MAX, told};
use openmoss_domain::outbox::{DeliveryStatus, Outcome};
use openmoss_domain::{DeliveryId, DomainError, Event, EventId};
use openmoss_storage::{Page, StorageError, Swap, Window, Writer, delivery};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;
use crate::id::fresh;
use crate::settings::Settings;
use crate::step::TRIES;
use channel::Channel;
pub use channel::masked;
pub(crate) use mail::MODES;
use message::Message;
pub(crate) use send::signed;

/// Messages that are sent at the same time.
const AT_ONCE: i64 = 8;
/// How often one round looks for more of them.
const LOOKS_MAX: usize = 8;
/// Most messages that one transaction forgets, and most transactions in a row that do so.
const FORGET_MAX: i64 = 1_000;
const FORGET_ROUNDS_MAX: usize = 20;

/// Who is told of what, as the settings say.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    kinds: Vec<NotificationKind>,
    /// Masked.
    channels: Vec<String>,
}

impl Routes {
    pub(crate) fn of(settings: &Settings) -> Self {
        let notification = &settings.notification;
        if !notification.enabled {
            return Self::default();
        }
        let kinds = notification.events.iter().filter_map(|kind| kind.parse().ok()).collect();
        let channels =
            notification.channels.iter().filter_map(|entry| Channel::parse(entry).ok()?);
        Self { kinds, channels: channels.map(|channel| channel.masked).collect() }
    }

    /// Whether nobody is ever told anything.
    pub(crate) fn lead_nowhere(&self) -> bool {
        self.kinds.is_empty() || self.channels.is_empty()
    }

    /// Puts what is to be told of these events into the outbox.
    pub(crate) fn post(
        &self,
        writer: &mut Writer,
        events: &[(EventId, Event)],
    ) -> Result<(), StorageError> {
        let told = told(events, &self.kinds);
        let each = told.iter().flat_map(|told| self.channels.iter().map(move |one| (told, one)));
        let new: Vec<Delivery> = each
            .map(|(told, channel)| {
                Delivery::new(DeliveryId::from_uuid(fresh()), channel.clone(), *told)
            })
            .collect();
        if new.is_empty() { Ok(()) } else { delivery::insert_all(writer, &new) }
    }
}

/// What came of a message that was sent to try a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// Whether the receiver took it.
    pub is_delivered: bool,
    /// What happened, in words without secrets.
    pub detail: String,
}

impl Service {
    /// Sends what is due. Several servers may do so at once: each message is sent by one of them.
    ///
    /// # Errors
    /// When the database is busy or away.
    pub fn deliver_notifications(&self) -> Result<(), ServiceError> {
        for _ in 0..LOOKS_MAX {
            let now = self.now();
            let due = self.read(|reader| Ok(delivery::list_due(reader, now, AT_ONCE)?))?;
            if due.is_empty() || self.is_closing() {
                return Ok(());
            }
            let taken = self.take_due(due)?;
            thread::scope(|scope| {
                for one in &taken {
                    scope.spawn(|| self.deliver(one));
                }
            });
        }
        Ok(())
    }

    /// Those that nobody else took meanwhile.
    fn take_due(&self, due: Vec<Delivery>) -> Result<Vec<Delivery>, ServiceError> {
        let now = self.now();
        self.store.write(move |writer| -> Result<_, ServiceError> {
            let mut taken = Vec::with_capacity(due.len());
            for before in &due {
                let sending = before.sending.taken(now);
                if delivery::compare_and_set(writer, before, &sending)? == Swap::Swapped {
                    taken.push(Delivery { sending, ..before.clone() });
                }
            }
            Ok(taken)
        })
    }

    /// Sends one message that was taken, and writes down what came of it. When that cannot be
    /// written, it is sent again after its lease: twice rather than never.
    fn deliver(&self, taken: &Delivery) {
        let outcome = match self.try_to_send(taken) {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::warn!(delivery = %taken.id, %error, "a notification could not be made");
                send::later("the message could not be made; the server's log says why")
            }
        };
        let spread = rand::rng().random_range(0..1_000);
        let next = taken.sending.settled(outcome, self.now(), TRIES_MAX, spread);
        if next.status == DeliveryStatus::Dead {
            let (id, channel, reason) = (taken.id, &taken.channel, &next.last_error);
            tracing::warn!(delivery = %id, %channel, ?reason, "a notification was given up");
        }
        let before = taken.clone();
        let written = self.store.write(move |writer| -> Result<Swap, ServiceError> {
            Ok(delivery::compare_and_set(writer, &before, &next)?)
        });
        if let Err(error) = written {
            tracing::warn!(delivery = %taken.id, %error, "a notification may be sent again");
        }
    }

    fn try_to_send(&self, taken: &Delivery) -> Result<Outcome, ServiceError> {
        let settings = self.settings();
        let entries = settings.notification.channels.iter();
        let mut channels = entries.filter_map(|entry| Channel::parse(entry).ok()?);
        let Some(channel) = channels.find(|channel| channel.masked == taken.channel) else {
            let reason = "the channel is not in notification.channels any more";
            return Ok(Outcome::Never(reason.to_owned()));
        };
        let message = self.message_of(taken)?;
        Ok(send::send(&channel, &message, &settings, self.now()))
    }

    /// Sends a message to a channel at once, to see whether it arrives. An entry as the settings are
    /// shown stands for the one that is in force.
    ///
    /// # Errors
    /// [`DomainError::Invalid`] for what is no channel of the server.
    pub fn try_channel(&self, entry: &str) -> Result<Tried, ServiceError> {
        let settings = self.settings();
        let known: Vec<&str> = settings.notification.channels.iter().map(String::as_str).collect();
        let channel = Channel::parse(&channel::unmasked(entry.trim(), &known))
            .map_err(|wrong| DomainError::field("channel", wrong))?
            .ok_or_else(|| DomainError::field("channel", "is one that agents deliver to"))?;
        let message = Message::test(&settings, self.now());
        Ok(match send::send(&channel, &message, &settings, self.now()) {
            Outcome::Taken => {
                Tried { is_delivered: true, detail: "The receiver took the message.".to_owned() }
            }
            Outcome::Later { reason, .. } | Outcome::Never(reason) => {
                Tried { is_delivered: false, detail: format!("Not delivered: {reason}.") }
            }
        })
    }

    /// Lets a message that was given up have all its tries again. One that is pending stays so.
    ///
    /// # Errors
    /// [`DomainError::AlreadyDelivered`] for one that was.
    pub fn retry_notification(
        &self,
        cx: &Context,
        id: DeliveryId,
    ) -> Result<Delivery, ServiceError> {
        let now = self.now();
        self.write(cx, move |writer| {
            for _ in 0..TRIES {
                let before =
                    delivery::find(writer, id)?.ok_or(ServiceError::not_found("delivery"))?;
                let next = before.sending.revived(now).ok_or(DomainError::AlreadyDelivered)?;
                let is_same = next == before.sending;
                if is_same || delivery::compare_and_set(writer, &before, &next)? == Swap::Swapped {
                    return Ok(Delivery { sending: next, ..before });
                }
            }
            Err(ServiceError::ConcurrentChange)
        })
    }

    /// A page of the outbox, newest first.
    pub fn list_notifications(
        &self,
        status: Option<DeliveryStatus>,
        window: Window,
    ) -> Result<Page<Delivery>, ServiceError> {
        self.read(|reader| Ok(delivery::list(reader, status, window)?))
    }

    /// Forgets notifications and wake-ups that were over for longer than the settings say.
    pub(crate) fn forget_what_was_sent(&self) -> Result<(), ServiceError> {
        self.forget_old_notifications()?;
        self.forget_old_wake_ups()
    }

    /// In small portions, so that nothing waits for long.
    fn forget_old_notifications(&self) -> Result<(), ServiceError> {
        let kept = u64::from(self.settings().delivery.history_days);
        let before = self.now().minus(Duration::from_hours(24 * kept));
        for _ in 0..FORGET_ROUNDS_MAX {
            let forgotten = self.store.write(move |writer| -> Result<usize, ServiceError> {
                Ok(delivery::delete_before(writer, before, FORGET_MAX)?)
            })?;
            if i64::try_from(forgotten).is_ok_and(|forgotten| forgotten < FORGET_MAX) {
                break;
            }
        }
        Ok(())
    }
}
