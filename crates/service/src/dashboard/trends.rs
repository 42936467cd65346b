//! What happened on each of the last days.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate};
use openmoss_domain::Timestamp;
use openmoss_storage::Reader;
use openmoss_storage::dashboard::{Happened, happened};

use super::{begin_of, today};
use crate::Service;
use crate::error::ServiceError;

/// How long a day that is over is believed without looking again.
const TRUSTED_FOR: Duration = Duration::from_mins(10);
/// Most days that are remembered; beyond that all are forgotten and read again.
const DAYS_MAX: usize = 400;

/// What happened on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Which day, in the configured zone.
    pub date: NaiveDate,
    /// What happened on it.
    pub happened: Happened,
}

/// What happened on each of the last days, oldest first, today last.
#[derive(Debug, Clone)]
pub struct Trends {
    /// When it was made.
    pub generated_at: Timestamp,
    /// The days.
    pub days: Vec<Day>,
}

/// Days that are over, by their first moment and the first of the next day: what happened on them
/// does not change.
#[derive(Default)]
pub(crate) struct PastDays(Mutex<HashMap<(Timestamp, Timestamp), (Happened, Instant)>>);

impl PastDays {
    fn find(&self, day: (Timestamp, Timestamp)) -> Option<Happened> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&day).filter(|(_, read)| read.elapsed() < TRUSTED_FOR).map(|(found, _)| *found)
    }

    fn keep(&self, day: (Timestamp, Timestamp), found: Happened) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= DAYS_MAX {
            known.clear();
        }
        known.insert(day, (found, Instant::now()));
    }
}

impl Service {
    /// What happened on each of the last `days` days, today included.
    pub fn trends(&self, days: u32) -> Result<Trends, ServiceError> {
        let (now, zone) = (self.now(), self.zone());
        let today = today(now, zone);
        let dates = (0..days).rev().filter_map(|ago| today.checked_sub_days(Days::new(ago.into())));
        let on_day = |reader: &mut Reader, date: NaiveDate| -> Result<Day, ServiceError> {
            let end = date.checked_add_days(Days::new(1)).unwrap_or(date);
            let day = (begin_of(date, zone, now), begin_of(end, zone, now));
            let is_over = date < today;
            if let Some(happened) = self.past_days.find(day).filter(|_| is_over) {
                return Ok(Day { date, happened });
            }
            let happened = happened(reader, day.0, day.1)?;
            if is_over {
                self.past_days.keep(day, happened);
            }
            Ok(Day { date, happened })
        };
        let days = self.read(|reader| dates.clone().map(|date| on_day(reader, date)).collect())?;
        Ok(Trends { generated_at: now, days })
    }
}
