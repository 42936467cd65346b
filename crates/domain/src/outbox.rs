//! What is sent to the outside, and how far it is: notifications and wake-ups.
//!
//! What cannot be handed over is tried again, later each time, until it is given up. While it is
//! being tried it is due again only after [`LEASE`], so of several servers one tries, and a server
//! that dies over it loses nothing.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;
use crate::token::token_enum;

/// How long something counts as being tried. Longer than any try lasts.
pub const LEASE: Duration = Duration::from_mins(2);
/// The wait after the first try; it doubles with each one.
const WAIT_MIN: Duration = Duration::from_secs(10);
/// The longest wait.
const WAIT_MAX: Duration = Duration::from_hours(1);
/// Longest reason that is kept, in characters.
const REASON_CHARS_MAX: usize = 300;

token_enum! {
    /// What became of something that is sent.
    DeliveryStatus {
        /// It waits for its next try.
        Pending = "pending",
        /// The receiver took it.
        Delivered = "delivered",
        /// It was given up.
        Dead = "dead",
    }
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver took it.
    Taken,
    /// Another try may help, not before `after` has passed, if the receiver said so.
    Later {
        /// Why it failed, without secrets.
        reason: String,
        /// How long the receiver wants to be left alone.
        after: Option<Duration>,
    },
    /// Another try would fail as well.
    Never(String),
}

/// How far something is that is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    /// What became of it.
    pub status: DeliveryStatus,
    /// How often it was tried since it was created or revived.
    pub tries: u32,
    /// When it is tried next, while it is pending.
    pub next_try_at: Timestamp,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When it was delivered or given up.
    pub finished_at: Option<Timestamp>,
}

impl Sending {
    /// What was not tried yet.
    #[must_use]
    pub const fn new(now: Timestamp) -> Self {
        let status = DeliveryStatus::Pending;
        Self { status, tries: 0, next_try_at: now, last_error: None, finished_at: None }
    }

    /// The same while it is being tried.
    #[must_use]
    pub fn taken(&self, now: Timestamp) -> Self {
        Self { tries: self.tries + 1, next_try_at: now.plus(LEASE), ..self.clone() }
    }

    /// The same after a try, the last of which is the one numbered `tries_max`. `spread` is a random
    /// number from 0 to 999.
    #[must_use]
    pub fn settled(&self, outcome: Outcome, now: Timestamp, tries_max: u32, spread: u32) -> Self {
        let over = |status, last_error: Option<String>| Self {
            status,
            last_error,
            finished_at: Some(now),
            ..self.clone()
        };
        let cut = |reason: String| Some(reason.chars().take(REASON_CHARS_MAX).collect());
        match outcome {
            Outcome::Taken => over(DeliveryStatus::Delivered, None),
            Outcome::Never(reason) => over(DeliveryStatus::Dead, cut(reason)),
            Outcome::Later { reason, .. } if self.tries >= tries_max => {
                over(DeliveryStatus::Dead, cut(reason))
            }
            Outcome::Later { reason, after } => Self {
                next_try_at: now.plus(wait(self.tries, after, spread)),
                last_error: cut(reason),
                ..self.clone()
            },
        }
    }

    /// The same with all its tries before it; `None` for what was delivered.
    #[must_use]
    pub fn revived(&self, now: Timestamp) -> Option<Self> {
        match self.status {
            DeliveryStatus::Delivered => None,
            DeliveryStatus::Pending => Some(self.clone()),
            DeliveryStatus::Dead => Some(Self {
                status: DeliveryStatus::Pending,
                tries: 0,
                next_try_at: now,
                finished_at: None,
                ..self.clone()
            }),
        }
    }
}

/// How long to wait after so many tries: doubling, up to an hour, between half and all of it, so that
/// what failed together does not come back together.
#[must_use]
pub fn wait(tries: u32, asked: Option<Duration>, spread: u32) -> Duration {
    let doublings = tries.saturating_sub(1).min(20);
    let whole = WAIT_MIN.saturating_mul(1 << doublings).min(WAIT_MAX);
    let half = whole / 2;
    let jittered = half + half * spread.min(1_000) / 1_000;
    jittered.max(asked.unwrap_or_default().min(WAIT_MAX))
}
