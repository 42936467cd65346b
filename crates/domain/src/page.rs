//! In which order a list comes.

use crate::token::token_enum;

token_enum! {
    /// Which end of a sorted list comes first.
    SortOrder {
        /// The smallest first.
        Asc = "asc",
        /// The largest first.
        Desc = "desc",
    }
}
