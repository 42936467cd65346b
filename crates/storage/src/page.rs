//! Pages of lists.

use openmoss_domain::SortOrder;

use crate::condition::direction;

/// How far a list is counted that has no counter; a longer one says this length.
pub const COUNTED_MAX: i64 = 10_000;

/// Which rows of a list are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How many rows to skip.
    pub offset: i64,
    /// How many rows at most.
    pub limit: i64,
}

/// Some rows of a list, and how many there are in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// How many rows the whole list has.
    pub total: i64,
}

impl<T> Page<T> {
    /// A page of nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self { items: Vec::new(), total: 0 }
    }
}

/// The order of a list by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByTime {
    /// The order of times.
    pub times: SortOrder,
    /// The order of ids within a moment.
    pub ids: SortOrder,
}

impl ByTime {
    /// Times and ids in the same order.
    #[must_use]
    pub const fn both(order: SortOrder) -> Self {
        Self { times: order, ids: order }
    }

    /// Times in this order, and the ids within a moment always ascending.
    #[must_use]
    pub const fn ids_ascending(order: SortOrder) -> Self {
        Self { times: order, ids: SortOrder::Asc }
    }

    /// The same in SQL, for rows that are walked in this order or, if `is_sorted`, found otherwise.
    pub(crate) fn sql(self, is_sorted: bool) -> String {
        let before = if is_sorted { "+" } else { "" };
        format!("{before}created_at {}, id {}", direction(self.times), direction(self.ids))
    }
}
