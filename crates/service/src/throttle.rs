//! How often a stranger may be wrong: login, registration, setup.
//!
//! A try takes a place before it is looked at, and gives it back when it was right. So only wrong
//! tries count, and of a hundred at the same moment no more are looked at than of a hundred one
//! after the other. (No crate at hand gives places back, hence these few lines.)

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::ServiceError;

/// Wrong tries that one address has at once; as many come back in a [`WINDOW`].
const PER_ADDRESS: f64 = 10.0;
/// Wrong tries that all addresses have together.
const TOGETHER: f64 = 120.0;
/// After this time without a try everything is forgotten.
const WINDOW: Duration = Duration::from_mins(1);

/// Limits on wrong tries, and a gate for the work that each costs.
pub(crate) struct Throttle {
    tries: Mutex<Tries>,
    /// One password check at a time: guessing must not take the cores from everybody else.
    gate: Mutex<()>,
}

/// A try that counts as wrong unless it is said to have been right.
#[must_use = "say when it was right"]
pub(crate) struct Attempt<'a> {
    throttle: &'a Throttle,
    place: Option<IpAddr>,
}

impl Throttle {
    pub(crate) fn new() -> Self {
        let tries = Tries { by_place: HashMap::new(), together: Tally::new(Instant::now()) };
        Self { tries: Mutex::new(tries), gate: Mutex::new(()) }
    }

    /// Begins a try from `address`; none (the command line) is never refused.
    pub(crate) fn attempt(&self, address: Option<IpAddr>) -> Result<Attempt<'_>, ServiceError> {
        let place = address.map(place_of);
        if let Some(place) = place {
            let (now, mut tries) = (Instant::now(), self.tries());
            tries.refuse_beyond(place, now)?;
            tries.add(place, 1.0, now);
        }
        Ok(Attempt { throttle: self, place })
    }

    /// Runs costly work, one at a time.
    pub(crate) fn one_at_a_time<T>(&self, work: impl FnOnce() -> T) -> T {
        let _gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        work()
    }

    fn tries(&self) -> MutexGuard<'_, Tries> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// It was right, so it does not count.
    pub(crate) fn succeeded(self) {
        if let Some(place) = self.place {
            self.throttle.tries().add(place, -1.0, Instant::now());
        }
    }
}

/// Whoever has an IPv6 address has 2^64 of them.
fn place_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            v6.to_ipv4_mapped()
                .map_or(IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)), IpAddr::V4)
        }
    }
}

struct Tries {
    /// Only of the last [`WINDOW`], and no more than [`TOGETHER`] lets in.
    by_place: HashMap<IpAddr, Tally>,
    together: Tally,
}

/// A number of tries that melts away evenly.
#[derive(Clone, Copy)]
struct Tally {
    tries: f64,
    at: Instant,
}

impl Tries {
    fn refuse_beyond(&self, place: IpAddr, now: Instant) -> Result<(), ServiceError> {
        let here = self.by_place.get(&place).map(|tally| tally.wait(PER_ADDRESS, now));
        let wait = here.unwrap_or_default().max(self.together.wait(TOGETHER, now));
        if wait.is_zero() {
            return Ok(());
        }
        Err(ServiceError::Throttled { retry_after: Duration::from_secs(wait.as_secs() + 1) })
    }

    fn add(&mut self, place: IpAddr, n: f64, now: Instant) {
        self.together.add(n, TOGETHER, now);
        self.by_place.retain(|_, tally| tally.left(PER_ADDRESS, now) > 0.0);
        self.by_place.entry(place).or_insert(Tally::new(now)).add(n, PER_ADDRESS, now);
    }
}

impl Tally {
    fn new(now: Instant) -> Self {
        Self { tries: 0.0, at: now }
    }

    fn left(self, most: f64, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.at).as_secs_f64() / WINDOW.as_secs_f64();
        (self.tries - passed * most).max(0.0)
    }

    fn add(&mut self, n: f64, most: f64, now: Instant) {
        *self = Self { tries: (self.left(most, now) + n).max(0.0), at: now };
    }

    /// How long until there is a place.
    fn wait(self, most: f64, now: Instant) -> Duration {
        let beyond = self.left(most, now) + 1.0 - most;
        Duration::from_secs_f64(beyond.max(0.0) / most * WINDOW.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));

    #[test]
    fn right_tries_never_count_and_wrong_ones_do() {
        let throttle = Throttle::new();
        for _ in 0..100 {
            throttle.attempt(Some(HERE)).unwrap().succeeded();
        }
        for _ in 0..10 {
            drop(throttle.attempt(Some(HERE)).unwrap());
        }
        let Err(ServiceError::Throttled { retry_after }) = throttle.attempt(Some(HERE)) else {
            panic!("the eleventh")
        };
        assert!((1..=7).contains(&retry_after.as_secs()), "{retry_after:?}");
        throttle.attempt(Some(THERE)).unwrap().succeeded();
        throttle.attempt(None).unwrap().succeeded();
    }

    #[test]
    fn of_many_at_once_no_more_are_looked_at_than_one_after_the_other() {
        let throttle = Throttle::new();
        let open: Vec<_> = (0..100).map_while(|_| throttle.attempt(Some(HERE)).ok()).collect();
        assert_eq!(open.len(), 10);
        // All were right, so there are as many places as before.
        open.into_iter().for_each(Attempt::succeeded);
        assert!(throttle.attempt(Some(HERE)).is_ok());
    }

    #[test]
    fn all_addresses_together_have_a_limit_too() {
        let throttle = Throttle::new();
        let address = |n: u32| IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + n));
        for n in 0..120 {
            drop(throttle.attempt(Some(address(n))).unwrap());
        }
        assert!(throttle.attempt(Some(address(200))).is_err());
        assert!(throttle.attempt(None).is_ok(), "the command line");
    }

    #[test]
    fn what_was_wrong_is_forgotten_in_time() {
        let start = Instant::now();
        let mut tries = Tries { by_place: HashMap::new(), together: Tally::new(start) };
        for _ in 0..10 {
            tries.add(HERE, 1.0, start);
        }
        assert!(tries.refuse_beyond(HERE, start + Duration::from_secs(5)).is_err());
        assert!(tries.refuse_beyond(HERE, start + Duration::from_secs(7)).is_ok());
        tries.add(THERE, 1.0, start + WINDOW + Duration::from_secs(1));
        assert_eq!(tries.by_place.len(), 1, "only the last minute is kept");
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let throttle = Throttle::new();
        for n in 0..10 {
            let member = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, n));
            drop(throttle.attempt(Some(member)).unwrap());
        }
        let sibling = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 9, 9, 9, 9));
        assert!(throttle.attempt(Some(sibling)).is_err());
        let other = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 2, 0, 0, 0, 1));
        assert!(throttle.attempt(Some(other)).is_ok());
        let mapped = Ipv4Addr::new(10, 0, 0, 9);
        for _ in 0..10 {
            drop(throttle.attempt(Some(IpAddr::V6(mapped.to_ipv6_mapped()))).unwrap());
        }
        assert!(throttle.attempt(Some(IpAddr::V4(mapped))).is_err());
    }
}
