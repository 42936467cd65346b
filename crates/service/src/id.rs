//! Where the ids of new rows come from.

use uuid::Uuid;

/// A new UUID, of version 7: those made later sort behind those made earlier, so rows that are
/// written together lie together in every index.
pub(crate) fn fresh() -> Uuid {
    Uuid::now_v7()
}
