//! Prompts: texts that agents are started with, how they are named and put together.

use crate::actor::Role;
use crate::error::FieldError;
use crate::rule::SEPARATOR;
use crate::token::token_enum;

/// A prompt that holds this line tells how to connect by itself, and is left as it is. The
/// dashboard splits a prompt there (the contract, section 8).
pub const CONNECTION_MARKER: &str = "## 🔧 平台对接";
/// Longest slug, in characters.
pub const SLUG_CHARS_MAX: usize = 100;

token_enum! {
    /// In which language a text is written.
    Language {
        /// English, which is always there.
        English = "en",
        /// Simplified Chinese.
        Chinese = "zh-CN",
    }
}

token_enum! {
    /// How a prompt's file is.
    PromptStatus {
        /// As it should be.
        Ok = "ok",
        /// Its name does not begin with its role.
        RenameSuggested = "rename_suggested",
        /// It has no front matter.
        Unconfigured = "unconfigured",
        /// It cannot be read.
        Unreadable = "unreadable",
    }
}

/// Whether `text` can be the name of a prompt's file: `[a-z0-9][a-z0-9-]*`, and nothing else.
#[must_use]
pub fn is_slug(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty()
        && text.len() <= SLUG_CHARS_MAX
        && !text.starts_with('-')
        && text.chars().all(is_plain)
}

/// The role with which a slug begins.
#[must_use]
pub fn role_of_slug(slug: &str) -> Option<Role> {
    let begins = |role: &Role| slug.strip_prefix(role.as_str()).is_some_and(is_end_of_role);
    Role::ALL.iter().copied().find(begins)
}

fn is_end_of_role(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('-')
}

/// The slug of a new prompt of this role: the given one, with the role before it.
///
/// # Errors
/// Names the field `slug` when it is none.
pub fn slug_for(role: Role, given: &str) -> Result<String, FieldError> {
    let slug = match role_of_slug(given) {
        Some(own) if own == role => given.to_owned(),
        Some(_) | None => format!("{role}-{given}"),
    };
    checked(given, slug)
}

/// The slug of a prompt that gets another role: that role in place of the one before.
///
/// # Errors
/// Names the field `slug` when it becomes too long.
pub fn slug_moved_to(role: Role, slug: &str) -> Result<String, FieldError> {
    let own = match role_of_slug(slug) {
        Some(before) => slug.get(before.as_str().len()..).unwrap_or_default(),
        None => slug,
    };
    let own = own.trim_start_matches('-');
    let moved = if own.is_empty() { role.to_string() } else { format!("{role}-{own}") };
    checked(slug, moved)
}

fn checked(given: &str, slug: String) -> Result<String, FieldError> {
    if is_slug(given) && is_slug(&slug) {
        return Ok(slug);
    }
    let rule = format!(
        "must begin with a-z or 0-9, have nothing else but a-z, 0-9 and -, and at most \
         {SLUG_CHARS_MAX} characters with the role before it"
    );
    Err(FieldError::new("slug", rule))
}

/// Puts values in the place of their `{{names}}`. Others stay as they are (the contract,
/// section 6), and a value is never looked into again.
#[must_use]
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let known = after.split_once("}}").and_then(|(name, after)| {
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some((value, after))
        });
        rest = if let Some((value, after)) = known {
            filled.push_str(value);
            after
        } else {
            filled.push_str("{{");
            after
        };
    }
    filled.push_str(rest);
    filled
}

/// One prompt of its parts: what the role does, what this agent does, how to connect.
#[must_use]
pub fn compose(template: Option<&str>, own: &str, connection: &str) -> String {
    let mut parts: Vec<&str> = template.into_iter().chain([own]).map(str::trim).collect();
    if !parts.iter().any(|part| part.contains(CONNECTION_MARKER)) {
        parts.push(connection.trim());
    }
    parts.retain(|part| !part.is_empty());
    parts.join(SEPARATOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_anchored_at_both_ends() {
        for good in ["a", "0", "planner-a", "a--b", "a-"] {
            assert!(is_slug(good), "{good:?}");
        }
        let long = "a".repeat(SLUG_CHARS_MAX + 1);
        for bad in
            ["", "-a", "n\n", "a/b", "a.b", "..", "A", "a b", "é", "a\0", "a_b", long.as_str()]
        {
            assert!(!is_slug(bad), "{bad:?}");
            assert!(slug_for(Role::Planner, bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_slug_begins_with_its_role_once() {
        for (role, given, slug, moved) in [
            (Role::Planner, "moon", "planner-moon", "planner-moon"),
            (Role::Planner, "planner-moon", "planner-moon", "planner-moon"),
            (Role::Planner, "planner", "planner", "planner"),
            (Role::Executor, "planner-moon", "executor-planner-moon", "executor-moon"),
            (Role::Executor, "planner", "executor-planner", "executor"),
            (Role::Patrol, "patrols", "patrol-patrols", "patrol-patrols"),
        ] {
            assert_eq!(slug_for(role, given).unwrap(), slug, "{given}");
            assert_eq!(slug_moved_to(role, given).unwrap(), moved, "{given}");
        }
        assert_eq!(role_of_slug("reviewer-x"), Some(Role::Reviewer));
        assert_eq!(role_of_slug("reviewers"), None);
        assert!(slug_for(Role::Planner, &"a".repeat(SLUG_CHARS_MAX)).is_err(), "too long with it");
    }

    #[test]
    fn known_names_are_filled_and_nothing_else() {
        let values = [("a", "1"), ("b", "{{a}}")];
        for (text, filled) in [
            ("{{a}} {{b}}", "1 {{a}}"),
            ("{{ a }} {{c}} {{a", "{{ a }} {{c}} {{a"),
            ("{{{{a}}}}", "{{1}}"),
            ("", ""),
        ] {
            assert_eq!(fill(text, &values), filled, "{text}");
        }
    }

    #[test]
    fn parts_come_in_order_and_a_connected_prompt_stays_alone() {
        assert_eq!(compose(Some("role"), " own\n", "how"), "role\n\n---\n\nown\n\n---\n\nhow");
        assert_eq!(compose(None, "own", "how"), "own\n\n---\n\nhow");
        assert_eq!(compose(None, "", "how"), "how");
        let connected = format!("own\n\n{CONNECTION_MARKER}\nmine");
        assert_eq!(compose(None, &connected, "how"), connected);
    }
}
