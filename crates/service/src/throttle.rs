//! How often a stranger may try: login, registration, setup.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::error::ServiceError;

/// Tries that one address has at once; then one comes back every six seconds.
const PER_ADDRESS: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Tries that all addresses have together in a minute.
const TOGETHER: NonZeroU32 = NonZeroU32::new(120).unwrap();

/// Limits on tries, and a gate for the work that each costs.
pub(crate) struct Throttle {
    per_address: DefaultKeyedRateLimiter<IpAddr>,
    together: DefaultDirectRateLimiter,
    /// One password check at a time: guessing must not take the cores from everybody else.
    gate: Mutex<()>,
}

impl Throttle {
    pub(crate) fn new() -> Self {
        Self {
            per_address: RateLimiter::keyed(Quota::per_minute(PER_ADDRESS)),
            together: RateLimiter::direct(Quota::per_minute(TOGETHER)),
            gate: Mutex::new(()),
        }
    }

    /// Counts a try from `address`; none (the command line) is never refused.
    pub(crate) fn check(&self, address: Option<IpAddr>) -> Result<(), ServiceError> {
        let Some(address) = address else {
            return Ok(());
        };
        self.per_address.retain_recent();
        let now = DefaultClock::default().now();
        let refused = self
            .per_address
            .check_key(&address)
            .map_err(|until| until.wait_time_from(now))
            .and_then(|()| self.together.check().map_err(|until| until.wait_time_from(now)));
        refused.map_err(|wait| ServiceError::Throttled {
            retry_after: Duration::from_secs(wait.as_secs() + 1),
        })
    }

    /// Runs costly work, one at a time.
    pub(crate) fn one_at_a_time<T>(&self, work: impl FnOnce() -> T) -> T {
        let _gate = self.gate.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        work()
    }
}
