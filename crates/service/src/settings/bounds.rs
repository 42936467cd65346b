//! How long a setting may be, and what it may hold. The wizard names its own fields with these, and
//! [`Settings::check`](super::Settings::check) the keys.

use openmoss_domain::text::{self, LINE_CHARS_MAX};

use crate::notification::channel::Channel;

/// Most entries of a list such as `notification.channels`.
pub(crate) const ENTRIES_MAX: usize = 50;

/// Whether agents and browsers can be sent to this address: empty, or a scheme and a host with an
/// optional port and path, and nothing that a client would have to understand.
pub(crate) fn check_external_url(url: &str) -> Result<(), String> {
    if url.is_empty() {
        return Ok(());
    }
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let Some(rest) = rest else {
        return Err("must be empty or begin with http:// or https://".to_owned());
    };
    if url.chars().count() > LINE_CHARS_MAX {
        return Err(format!("must have at most {LINE_CHARS_MAX} characters"));
    }
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    // It stands in scripts and commands that agents run, so it is what it looks like.
    let is_plain = |c: char| c.is_ascii_graphic() && !"?#@\"'`\\<>{}|^$;".contains(c);
    if host.is_empty() || !rest.chars().all(is_plain) {
        return Err(
            "must be a host with an optional port and path, such as https://moss.example:8443"
                .to_owned(),
        );
    }
    Ok(())
}

/// Whether a list is short, and each entry is one line.
pub(crate) fn check_entries(entries: &[String]) -> Result<(), String> {
    if entries.len() > ENTRIES_MAX {
        return Err(format!("must have at most {ENTRIES_MAX} entries"));
    }
    for (index, entry) in entries.iter().enumerate() {
        if let Err(wrong) = text::line("entry", entry, LINE_CHARS_MAX) {
            return Err(format!("has a wrong entry {}: it {}", index + 1, wrong.message));
        }
    }
    Ok(())
}

/// Whether each channel that the server shall deliver to can be called. What is wrong is told by its
/// place, since the entry may hold a secret.
pub(crate) fn check_channels(entries: &[String]) -> Result<(), String> {
    for (index, entry) in entries.iter().enumerate() {
        if let Err(wrong) = Channel::parse(entry) {
            return Err(format!("has a wrong entry {}: it {wrong}", index + 1));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_external_url_is_a_place_that_anybody_can_go_to() {
        for good in ["", "http://a", "https://moss.example:8443/team", "http://[::1]:6565"] {
            assert_eq!(check_external_url(good), Ok(()), "{good}");
        }
        let long = format!("https://{}", "a".repeat(LINE_CHARS_MAX));
        for bad in [
            "moss.example",
            "ftp://a",
            "https://",
            "https:///path",
            "https://user@host",
            "https://a b",
            "https://a/?q",
            "https://a/#f",
            "https://a\nb",
            "javascript:alert(1)",
            &long,
        ] {
            assert!(check_external_url(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_list_is_short_and_of_lines() {
        let of = |entry: &str, n: usize| vec![entry.to_owned(); n];
        assert!(check_entries(&of("chat:#team", ENTRIES_MAX)).is_ok());
        assert!(check_entries(&of("chat:#team", ENTRIES_MAX + 1)).is_err());
        for bad in ["", " ", "a\nb", &"x".repeat(LINE_CHARS_MAX + 1)] {
            assert!(check_entries(&of(bad, 1)).is_err(), "{bad:?}");
        }
    }
}
