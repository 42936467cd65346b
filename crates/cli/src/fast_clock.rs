//! A clock that runs faster, so that hours of silence pass while one watches.

use std::str::FromStr;

use openmoss_domain::Timestamp;
use openmoss_service::{Clock, SystemClock};

/// The computer's clock until a moment, and so many times as fast from then on: two servers with
/// the same beginning agree about the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FastClock {
    began: Timestamp,
    faster: u32,
}

impl FastClock {
    /// Faster from now on.
    pub(crate) fn start(faster: u32) -> Self {
        Self { began: SystemClock.now(), faster }
    }
}

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        let elapsed = self.began.until(SystemClock.now());
        self.began.plus(elapsed.saturating_mul(self.faster))
    }
}

impl FromStr for FastClock {
    type Err = &'static str;

    /// `MICROS:FACTOR`, the beginning in microseconds since the epoch.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once(':');
        let numbers = parts.and_then(|(began, faster)| {
            Some((began.parse::<i64>().ok()?, faster.parse::<u32>().ok()?))
        });
        match numbers {
            Some((began, faster)) if faster > 0 => {
                Ok(Self { began: Timestamp::from_micros(began), faster })
            }
            Some(_) | None => Err("must be MICROS:FACTOR, such as 1790000000000000:2000"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_of_one_beginning_agree() {
        let now = SystemClock.now();
        let hour_ago = now.minus(std::time::Duration::from_hours(1)).as_micros();
        let text = format!("{hour_ago}:24");
        let (one, other): (FastClock, FastClock) = (text.parse().unwrap(), text.parse().unwrap());
        assert_eq!(one, other);
        let day_later = Timestamp::from_micros(hour_ago).plus(std::time::Duration::from_hours(24));
        assert!(day_later.until(one.now()) < std::time::Duration::from_mins(24));
        assert!(one.now() >= day_later);
        for wrong in ["", "1", "1:0", "x:2", "1:-2"] {
            assert!(wrong.parse::<FastClock>().is_err(), "{wrong}");
        }
    }
}
