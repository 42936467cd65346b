//! Work that comes round again: when the next round is due, and what happens to one that was
//! missed or that comes while the last one still runs.

use std::time::Duration;

use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use serde::{Deserialize, Serialize};

use crate::error::{DomainError, Fields};
use crate::text;
use crate::time::Timestamp;
use crate::token::token_enum;

/// Longest schedule, in characters.
pub const CRON_CHARS_MAX: usize = 100;
/// A round is on time while it is opened no later than this after it was due; after that it counts
/// as missed.
pub const ON_TIME: Duration = Duration::from_mins(5);

token_enum! {
    /// What happens when a round is due and the last one still runs.
    Overlap {
        /// It is left out.
        Skip = "skip",
        /// It begins when the last one is over. However many were due, one waits.
        Queue = "queue",
    }
}

token_enum! {
    /// What happens to rounds that were due while the server was away.
    CatchUp {
        /// One is opened for all of them.
        One = "one",
        /// None: the next is opened when it is due.
        None = "none",
    }
}

/// How work recurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurrence {
    /// Five fields: minute, hour, day of the month, month, day of the week.
    pub cron: String,
    /// The IANA name of the zone in whose time the schedule is meant.
    pub timezone: String,
    /// What happens when the last round still runs.
    pub overlap: Overlap,
    /// What happens to what was missed.
    pub catch_up: CatchUp,
    /// No round is due after this.
    pub until: Option<Timestamp>,
}

/// What of a series is still to come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// When the next round is due; none when there is none any more.
    pub next_due: Option<Timestamp>,
    /// Since when a round waits for the last one to be over.
    pub queued: Option<Timestamp>,
}

impl Pending {
    /// Whether a round will still be opened.
    #[must_use]
    pub const fn is_any(self) -> bool {
        self.next_due.is_some() || self.queued.is_some()
    }
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Open a round that was due then.
    pub open: Option<Timestamp>,
    /// What is still to come after that.
    pub pending: Pending,
}

impl Recurrence {
    /// The same with the texts trimmed and known to be usable.
    ///
    /// # Errors
    /// [`DomainError::Invalid`] with every wrong field, below `recurrence`.
    pub fn checked(&self) -> Result<Self, DomainError> {
        let mut fields = Fields::default();
        let checked = self.checked_at("recurrence.", &mut fields);
        fields.finish().map(|()| checked)
    }

    /// The same; notes every wrong field, below `place`.
    #[must_use]
    pub fn checked_at(&self, place: &str, fields: &mut Fields) -> Self {
        let field = format!("{place}cron");
        let cron = fields.keep(text::line(&field, &self.cron, CRON_CHARS_MAX));
        if !cron.is_empty()
            && let Err(message) = parse(&cron)
        {
            fields.push(field, message);
        }
        let timezone = self.timezone.trim().to_owned();
        if timezone.parse::<Tz>().is_err() {
            fields.push(
                format!("{place}timezone"),
                "must be the name of a time zone, such as Asia/Shanghai or UTC",
            );
        }
        Self { cron, timezone, ..self.clone() }
    }

    /// When a round is due next, after this time; none when there is none any more.
    #[must_use]
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let (cron, zone) = self.schedule()?;
        let local = after.to_datetime().with_timezone(&zone);
        let next = cron.find_next_occurrence(&local, false).ok()?;
        let next = Timestamp::from(next.to_utc());
        self.until.is_none_or(|until| next <= until).then_some(next)
    }

    /// The last time at or before `now` at which a round was due.
    fn last_before(&self, now: Timestamp) -> Option<Timestamp> {
        let (cron, zone) = self.schedule()?;
        let end = self.until.map_or(now, |until| until.min(now));
        let local = end.to_datetime().with_timezone(&zone);
        let last = cron.find_previous_occurrence(&local, true).ok()?;
        Some(last.to_utc().into())
    }

    /// The next times at which a round is due, `count` at most.
    #[must_use]
    pub fn preview(&self, after: Timestamp, count: usize) -> Vec<Timestamp> {
        let next = |last: &Timestamp| self.next_after(*last);
        std::iter::successors(self.next_after(after), next).take(count).collect()
    }

    /// What is to come of a series that begins now.
    #[must_use]
    pub fn begin(&self, now: Timestamp) -> Pending {
        Pending { next_due: self.next_after(now), queued: None }
    }

    /// What is to be done now in a series of which a round runs or not.
    #[must_use]
    pub fn decide(&self, pending: Pending, now: Timestamp, is_running: bool) -> Decision {
        let is_due = pending.next_due.is_some_and(|due| due <= now);
        // However many were due meanwhile, the last stands for all.
        let due = if is_due { self.last_before(now) } else { None };
        let is_missed = due.is_some_and(|due| due.until(now) > ON_TIME);
        let due = due.filter(|_| !is_missed || self.catch_up == CatchUp::One);
        let next_due = if is_due { self.next_after(now) } else { pending.next_due };
        let waiting = due.or(pending.queued);
        let (open, queued) = match (waiting, is_running, self.overlap) {
            (None, _, _) | (Some(_), true, Overlap::Skip) => (None, None),
            (Some(_), true, Overlap::Queue) => (None, waiting),
            (Some(due), false, _) => (Some(due), None),
        };
        Decision { open, pending: Pending { next_due, queued } }
    }

    fn schedule(&self) -> Option<(Cron, Tz)> {
        Some((parse(&self.cron).ok()?, self.timezone.parse().ok()?))
    }
}

fn parse(cron: &str) -> Result<Cron, String> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    parser.parse(cron).map_err(|error| {
        format!(
            "must be five fields (minute, hour, day of month, month, day of week), such as \
             \"0 9 * * 1-5\": {error}"
        )
    })
}
