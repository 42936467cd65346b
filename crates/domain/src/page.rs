//! What may be asked of a list: how it is sorted and what it is searched for.

use crate::error::FieldError;
use crate::text::{LINE_CHARS_MAX, line};
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

impl SortOrder {
    /// Whether the largest comes first.
    #[must_use]
    pub const fn is_descending(self) -> bool {
        matches!(self, Self::Desc)
    }
}

token_enum! {
    /// What tasks are sorted by.
    TaskSort {
        /// When they were created.
        CreatedAt = "created_at",
        /// When they last changed.
        UpdatedAt = "updated_at",
        /// Their names, byte by byte.
        Name = "name",
        /// How far they are, from `planning` to `cancelled`.
        Status = "status",
    }
}

token_enum! {
    /// What modules are sorted by.
    ModuleSort {
        /// When they were created.
        CreatedAt = "created_at",
        /// Their names, byte by byte.
        Name = "name",
    }
}

token_enum! {
    /// What sub-tasks are sorted by.
    SubTaskSort {
        /// When they were created.
        CreatedAt = "created_at",
        /// When they last changed.
        UpdatedAt = "updated_at",
        /// How soon, from `high` to `low`.
        Priority = "priority",
        /// How far they are, from `pending` to `cancelled`.
        Status = "status",
        /// How often they were sent back.
        ReworkCount = "rework_count",
    }
}

/// What a list is searched for: rows with this text somewhere in them. ASCII letters match in
/// either case, and every character stands for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyword(String);

impl Keyword {
    /// A trimmed keyword; a blank one is none.
    ///
    /// # Errors
    /// Names the field and the rule it breaks.
    pub fn checked(field: &str, raw: &str) -> Result<Option<Self>, FieldError> {
        if raw.trim().is_empty() {
            return Ok(None);
        }
        line(field, raw, LINE_CHARS_MAX).map(|text| Some(Self(text)))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyword_is_trimmed_and_a_blank_one_is_none() {
        let checked = |raw: &str| Keyword::checked("keyword", raw);
        assert_eq!(checked("  a b ").unwrap().unwrap().as_str(), "a b");
        assert_eq!(checked(" \t"), Ok(None));
        assert!(checked("a\u{0}b").is_err());
        assert!(checked(&"x".repeat(LINE_CHARS_MAX + 1)).is_err());
    }
}
