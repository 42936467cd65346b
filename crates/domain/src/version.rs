//! The counter that every write compares and sets.

use serde::{Deserialize, Serialize};

/// How often an entity was written; starts at 1 and only grows, by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(i64);

impl Version {
    /// The version of an entity that was just created.
    pub const FIRST: Self = Self(1);

    /// From a stored number; none below 1.
    #[must_use]
    pub const fn from_stored(number: i64) -> Option<Self> {
        if number >= 1 { Some(Self(number)) } else { None }
    }

    /// The version after the next write.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The number itself.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}
