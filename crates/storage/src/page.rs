//! Pages of lists.

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
