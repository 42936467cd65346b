//! Points in time, UTC, in whole microseconds, so that both databases round-trip them.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Characters of a time's text.
const LENGTH: usize = "2026-09-21T14:13:20.000042Z".len();
const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// This time plus `duration`; stays at the last representable time instead of overflowing.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }

    /// This time minus `duration`; stays at the first representable time instead of overflowing.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }

    /// How long it is from here to `later`; nothing if that was before.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        let micros = later.0.saturating_sub(self.0);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }

    /// The same instant for calendar arithmetic; times that chrono cannot hold become the epoch.
    #[must_use]
    pub fn to_datetime(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_micros())
    }
}

/// RFC 3339 in UTC with `Z` and six digits of fraction.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.digits() {
            Some(text) => f.write_str(std::str::from_utf8(&text).unwrap_or_default()),
            None => f.write_str(&self.to_datetime().to_rfc3339_opts(SecondsFormat::Micros, true)),
        }
    }
}

impl Timestamp {
    /// The text of a time in the years 0 to 9999, as ASCII. Every answer has dozens of them, and the
    /// general way costs as much as finding the row.
    fn digits(self) -> Option<[u8; LENGTH]> {
        let (days, micros) = (self.0.div_euclid(MICROS_PER_DAY), self.0.rem_euclid(MICROS_PER_DAY));
        let (year, month, day) = civil(days);
        if !(0..=9_999).contains(&year) {
            return None;
        }
        let seconds = micros / 1_000_000;
        let fields = [
            (0, 4, year),
            (5, 2, month),
            (8, 2, day),
            (11, 2, seconds / 3_600),
            (14, 2, seconds / 60 % 60),
            (17, 2, seconds % 60),
            (20, 6, micros % 1_000_000),
        ];
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        for (start, width, mut number) in fields {
            for place in text.get_mut(start..start + width)?.iter_mut().rev() {
                *place = b'0' + u8::try_from(number % 10).ok()?;
                number /= 10;
            }
        }
        Some(text)
    }
}

/// Year, month and day of a day since 1970-01-01, in the Gregorian calendar. Years are counted from
/// March, so that the leap day is the last of its year.
fn civil(days: i64) -> (i64, i64, i64) {
    const DAYS_PER_ERA: i64 = 146_097;
    const MARCH_OF_YEAR_0: i64 = -719_468;
    let days = days - MARCH_OF_YEAR_0;
    let (era, day) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    // Without the leap days of each 4, 100 and 400 years, every year has 365 days.
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    // Five months from March on have 153 days.
    let month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, turn) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + turn, month, day_of_month)
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        DateTime::parse_from_rfc3339(&text)
            .map(|time| time.with_timezone(&Utc).into())
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_utc_and_read_back_unchanged() {
        let time = Timestamp::from_micros(1_790_000_000_000_042);
        assert_eq!(time.to_string(), "2026-09-21T14:13:20.000042Z");
        let json = serde_json::to_string(&time).unwrap();
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), time);
    }

    #[test]
    fn every_time_is_written_as_the_calendar_library_writes_it() {
        // The first and last day of each month of 800 years, and the ends of what is written fast.
        let days = (-400..400).flat_map(|year| (0..12).map(move |month| (1970 + year, month + 1)));
        let firsts = days.map(|(year, month)| {
            let day = chrono::NaiveDate::from_ymd_opt(year, month, 1).unwrap();
            day.and_hms_micro_opt(0, 0, 0, 0).unwrap().and_utc().timestamp_micros()
        });
        let ends = [i64::MIN, -62_167_219_200_000_000, 253_402_300_799_999_999, i64::MAX, 0];
        for micros in firsts.chain(ends) {
            for near in [-1, 0, 1, 123_456, 45_296_000_007] {
                let time = Timestamp::from_micros(micros.saturating_add(near));
                let expected = time.to_datetime().to_rfc3339_opts(SecondsFormat::Micros, true);
                assert_eq!(time.to_string(), expected);
            }
        }
    }

    #[test]
    fn arithmetic_stops_at_the_ends_of_time() {
        let last = Timestamp::from_micros(i64::MAX);
        assert_eq!(last.plus(Duration::from_secs(1)), last);
    }
}
