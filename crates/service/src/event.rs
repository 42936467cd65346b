//! Reading the event log.

use openmoss_storage::event::{list_after, list_before};

pub use openmoss_storage::event::Filter;

use crate::error::ServiceError;
use crate::{Recorded, Service};

impl Service {
    /// Events after the sequence number `after`, oldest first. Asking again with the last number
    /// that came misses none.
    pub fn list_events(
        &self,
        filter: Filter,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Recorded>, ServiceError> {
        self.read(|reader| Ok(list_after(reader, filter, after, limit)?))
    }

    /// Events before the sequence number `before`, newest first.
    pub fn list_events_back(
        &self,
        filter: Filter,
        before: i64,
        limit: i64,
    ) -> Result<Vec<Recorded>, ServiceError> {
        self.read(|reader| Ok(list_before(reader, filter, before, limit)?))
    }
}
