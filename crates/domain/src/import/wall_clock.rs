//! Local times without a zone, as the existing system wrote them.

use chrono::{Duration, LocalResult, NaiveDate, NaiveDateTime, Offset, TimeZone, Utc};

use crate::import::finding::Finding;
use crate::time::Timestamp;

/// How far behind a gap the clocks are looked at, in hours: longer than any place ever jumped.
const GAP_HOURS_MAX: i64 = 26;

/// A local time found on the line of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// When it was.
    pub at: Timestamp,
    /// What was odd about it.
    pub finding: Option<Finding>,
}

/// Finds out when the clocks of `zone` showed `local`. Of two answers it is the earlier one; a time
/// that they jumped over is read by the offset from before the jump.
pub fn place<Z: TimeZone>(zone: &Z, local: NaiveDateTime) -> Option<Placed> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(time) => {
            Some(Placed { at: time.with_timezone(&Utc).into(), finding: None })
        }
        LocalResult::Ambiguous(earlier, _) => Some(Placed {
            at: earlier.with_timezone(&Utc).into(),
            finding: Some(Finding::TimeTwice),
        }),
        LocalResult::None => {
            let offset = (1..=GAP_HOURS_MAX).find_map(|hours| {
                let before = local.checked_sub_signed(Duration::hours(hours))?;
                Some(zone.offset_from_local_datetime(&before).earliest()?.fix())
            })?;
            let seconds = i64::from(offset.local_minus_utc());
            let at = local.checked_sub_signed(Duration::seconds(seconds))?.and_utc();
            Some(Placed { at: at.into(), finding: Some(Finding::TimeInGap) })
        }
    }
}

/// Reads `YYYY-MM-DD HH:MM:SS.ffffff`, with a `T`, fewer digits, without a time, or with an offset,
/// which is then taken at its word.
pub(super) fn parse(text: &str, place: &dyn Fn(NaiveDateTime) -> Option<Placed>) -> Option<Placed> {
    let text = text.trim();
    if let Ok(time) = chrono::DateTime::parse_from_rfc3339(text) {
        return Some(Placed { at: time.with_timezone(&Utc).into(), finding: None });
    }
    let local = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    place(local.or_else(day)?)
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    /// One hour ahead; two between 2026-03-29 02:00 and 2026-10-25 03:00, local time.
    #[derive(Clone)]
    struct Summery;

    impl Summery {
        fn local(text: &str) -> NaiveDateTime {
            NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap()
        }
    }

    impl TimeZone for Summery {
        type Offset = FixedOffset;

        fn from_offset(_: &FixedOffset) -> Self {
            Self
        }

        fn offset_from_local_date(&self, _: &NaiveDate) -> LocalResult<FixedOffset> {
            unimplemented!("nobody asks for days")
        }

        fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> LocalResult<FixedOffset> {
            let hours = |n: i32| FixedOffset::east_opt(n * 3600).unwrap();
            let at = Self::local;
            if *local < at("2026-03-29 02:00:00") || *local >= at("2026-10-25 03:00:00") {
                LocalResult::Single(hours(1))
            } else if *local < at("2026-03-29 03:00:00") {
                LocalResult::None
            } else if *local < at("2026-10-25 02:00:00") {
                LocalResult::Single(hours(2))
            } else {
                LocalResult::Ambiguous(hours(2), hours(1))
            }
        }

        fn offset_from_utc_date(&self, _: &NaiveDate) -> FixedOffset {
            FixedOffset::east_opt(3600).unwrap()
        }

        fn offset_from_utc_datetime(&self, _: &NaiveDateTime) -> FixedOffset {
            FixedOffset::east_opt(3600).unwrap()
        }
    }

    fn read(text: &str) -> Option<(String, Option<Finding>)> {
        let placed = parse(text, &|local| place(&Summery, local))?;
        Some((placed.at.to_string(), placed.finding))
    }

    #[test]
    fn a_local_time_is_found_even_where_the_clocks_changed() {
        for (local, utc, finding) in [
            ("2026-01-05 12:00:00.000001", "2026-01-05T11:00:00.000001Z", None),
            ("2026-07-05 12:00:00", "2026-07-05T10:00:00.000000Z", None),
            ("2026-03-29 01:59:59", "2026-03-29T00:59:59.000000Z", None),
            ("2026-03-29 02:30:00", "2026-03-29T01:30:00.000000Z", Some(Finding::TimeInGap)),
            ("2026-03-29 03:00:00", "2026-03-29T01:00:00.000000Z", None),
            ("2026-10-25 02:30:00", "2026-10-25T00:30:00.000000Z", Some(Finding::TimeTwice)),
            ("2026-10-25 03:00:00", "2026-10-25T02:00:00.000000Z", None),
        ] {
            assert_eq!(read(local), Some((utc.to_owned(), finding)), "{local}");
        }
    }

    #[test]
    fn other_spellings_are_read_and_nonsense_is_not() {
        for (text, utc) in [
            ("2026-01-05T12:00:00.5", "2026-01-05T11:00:00.500000Z"),
            ("2026-01-05 12:00", "2026-01-05T11:00:00.000000Z"),
            ("2026-01-05", "2026-01-04T23:00:00.000000Z"),
            ("2026-01-05T12:00:00+08:00", "2026-01-05T04:00:00.000000Z"),
            ("2026-01-05 12:00:00Z", "2026-01-05T12:00:00.000000Z"),
        ] {
            assert_eq!(read(text).map(|(at, _)| at), Some(utc.to_owned()), "{text}");
        }
        for text in ["", "yesterday", "2026-13-01 00:00:00", "1764000000", "2026-02-30"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
