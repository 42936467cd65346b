//! Bounded texts: how long a name or a text may be, and what it may hold.

use crate::error::FieldError;

/// Longest name of a task, module, sub-task or agent, in characters.
pub const NAME_CHARS_MAX: usize = 200;
/// Longest free text, in bytes of UTF-8.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Longest session id of an agent's runtime, in characters (the contract's column width).
pub const SESSION_CHARS_MAX: usize = 200;
/// Longest one-line text such as a reason or a title, in characters.
pub const LINE_CHARS_MAX: usize = 500;

/// A name: trimmed, not empty, one line, at most [`NAME_CHARS_MAX`] characters.
///
/// # Errors
/// Names the field and the rule it breaks.
pub fn name(field: &str, raw: &str) -> Result<String, FieldError> {
    line(field, raw, NAME_CHARS_MAX)
}

/// A required single line of at most `chars_max` characters, trimmed.
///
/// # Errors
/// Names the field and the rule it breaks.
pub fn line(field: &str, raw: &str, chars_max: usize) -> Result<String, FieldError> {
    let trimmed = raw.trim();
    if trimmed.is_empty() {
        return Err(FieldError::new(field, "must not be empty"));
    }
    if trimmed.chars().count() > chars_max {
        return Err(FieldError::new(field, format!("must have at most {chars_max} characters")));
    }
    if trimmed.chars().any(char::is_control) {
        return Err(FieldError::new(field, "must not contain control characters or line breaks"));
    }
    Ok(trimmed.to_owned())
}

/// An optional text of at most [`TEXT_BYTES_MAX`] bytes; line breaks and tabs are welcome.
///
/// # Errors
/// Names the field and the rule it breaks.
pub fn text(field: &str, raw: &str) -> Result<String, FieldError> {
    if raw.len() > TEXT_BYTES_MAX {
        return Err(FieldError::new(field, format!("must have at most {TEXT_BYTES_MAX} bytes")));
    }
    if raw.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(FieldError::new(field, "must not contain control characters"));
    }
    Ok(raw.to_owned())
}

/// An optional runtime session id; blank counts as absent.
///
/// # Errors
/// Names the field and the rule it breaks.
pub fn session(field: &str, raw: Option<&str>) -> Result<Option<String>, FieldError> {
    raw.filter(|id| !id.trim().is_empty()).map(|id| line(field, id, SESSION_CHARS_MAX)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_bounded() {
        assert_eq!(name("name", "  a b ").unwrap(), "a b");
        assert!(name("name", &"é".repeat(NAME_CHARS_MAX)).is_ok());
        assert!(name("name", &"é".repeat(NAME_CHARS_MAX + 1)).is_err());
        for bad in ["", "   ", "a\nb", "a\u{0}b"] {
            assert!(name("name", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_text_keeps_its_lines_but_no_other_control_characters() {
        assert_eq!(text("description", "a\n\tb").unwrap(), "a\n\tb");
        assert!(text("description", "a\u{0}b").is_err());
        assert!(text("description", &"x".repeat(TEXT_BYTES_MAX + 1)).is_err());
    }
}
