//! Capabilities: short tags that say what an agent can do, and what a sub-task asks for.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Bound;

use serde::{Deserialize, Serialize};

use crate::error::Fields;

/// Most tags of one agent or one sub-task.
pub const CAPABILITIES_MAX: usize = 16;
/// Longest tag, in characters.
pub const CAPABILITY_CHARS_MAX: usize = 40;

/// A set of tags. As text it is the tags in the order of their bytes with a space between; no tag
/// holds a space or anything that comes before one, so texts sort as their sets do.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Capabilities(BTreeSet<String>);

impl Capabilities {
    /// Checked tags, in lower case; notes what is wrong, below `field`.
    #[must_use]
    pub fn checked(field: &str, tags: &[String], fields: &mut Fields) -> Self {
        if tags.len() > CAPABILITIES_MAX {
            fields.push(field, format!("must have at most {CAPABILITIES_MAX} entries"));
            return Self::default();
        }
        let mut checked = BTreeSet::new();
        for (index, tag) in tags.iter().enumerate() {
            let tag = tag.trim().to_ascii_lowercase();
            if is_tag(&tag) {
                checked.insert(tag);
            } else {
                let message = format!(
                    "must be 1 to {CAPABILITY_CHARS_MAX} letters, digits or . _ + - and begin with \
                     a letter or digit"
                );
                fields.push(format!("{field}[{index}]"), message);
            }
        }
        Self(checked)
    }

    /// The set of these tags, which were checked.
    #[must_use]
    pub fn of(tags: Vec<String>) -> Self {
        Self(tags.into_iter().collect())
    }

    /// The set that was stored as this text.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self(text.split(' ').filter(|tag| !tag.is_empty()).map(str::to_owned).collect())
    }

    /// The set as text, to be stored.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.tags().collect::<Vec<_>>().join(" ")
    }

    /// The tags in order.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// How many tags there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether whoever has these can do what asks for `needed`.
    #[must_use]
    pub fn cover(&self, needed: &Self) -> bool {
        needed.0.is_subset(&self.0)
    }

    /// What of `needed` is missing here.
    #[must_use]
    pub fn missing(&self, needed: &Self) -> Self {
        Self(needed.0.difference(&self.0).cloned().collect())
    }

    /// The lowest text above that of `seen` which can be a set that these cover; none if there is
    /// none. So whoever goes through sorted texts leaps over those that ask for more.
    #[must_use]
    pub fn next_covered(&self, seen: &Self) -> Option<String> {
        let mut prefix: Vec<&str> = seen.tags().take_while(|tag| self.0.contains(*tag)).collect();
        let lacking = seen.tags().nth(prefix.len());
        let mut above = lacking.or(prefix.last().copied()).unwrap_or_default();
        loop {
            let higher = (Bound::Excluded(above), Bound::Unbounded);
            if let Some(tag) = self.0.range::<str, _>(higher).next() {
                prefix.push(tag);
                return Some(prefix.join(" "));
            }
            above = prefix.pop()?;
        }
    }
}

impl From<Capabilities> for Vec<String> {
    fn from(set: Capabilities) -> Self {
        set.0.into_iter().collect()
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tags().collect::<Vec<_>>().join(", "))
    }
}

fn is_tag(tag: &str) -> bool {
    tag.len() <= CAPABILITY_CHARS_MAX
        && tag.starts_with(|first: char| first.is_ascii_alphanumeric())
        && tag.chars().all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> Capabilities {
        Capabilities::from_text(text)
    }

    #[test]
    fn tags_are_checked_and_every_wrong_one_is_named() {
        let mut fields = Fields::default();
        let tags = [" Python ", "c++", "python"].map(str::to_owned);
        assert_eq!(Capabilities::checked("capabilities", &tags, &mut fields), set("c++ python"));
        assert!(fields.finish().is_ok());
        let mut fields = Fields::default();
        let long = "x".repeat(CAPABILITY_CHARS_MAX + 1);
        let tags = ["", "two words", "-x", "größe", &long].map(str::to_owned);
        drop(Capabilities::checked("capabilities", &tags, &mut fields));
        let refusal = fields.finish().unwrap_err().to_string();
        for index in 0..tags.len() {
            assert!(refusal.contains(&format!("capabilities[{index}]")), "{refusal}");
        }
        let mut fields = Fields::default();
        let many = vec!["a".to_owned(); CAPABILITIES_MAX + 1];
        drop(Capabilities::checked("capabilities", &many, &mut fields));
        assert!(fields.finish().unwrap_err().to_string().contains("at most 16"));
    }

    #[test]
    fn a_set_covers_what_asks_for_no_more() {
        let able = set("css python");
        assert!(able.cover(&set("")) && able.cover(&set("python")) && able.cover(&able));
        assert!(!able.cover(&set("java")) && !able.cover(&set("css java")));
        assert_eq!(able.missing(&set("css java rust")), set("java rust"));
        assert_eq!(set("css python").to_string(), "css, python");
    }

    /// Against all sets of a small world: no covered set is leapt over, and each leap leads on.
    #[test]
    fn leaping_misses_no_covered_set() {
        const TAGS: [&str; 5] = ["a", "a-b", "a.", "b", "c"];
        let sets: Vec<Capabilities> = (0..32_u32)
            .map(|bits| {
                let tags = TAGS.iter().zip(0..).filter(|(_, bit)| bits & (1 << bit) != 0);
                Capabilities(tags.map(|(tag, _)| (*tag).to_owned()).collect())
            })
            .collect();
        let mut texts: Vec<String> = sets.iter().map(Capabilities::to_text).collect();
        texts.sort();
        for able in &sets {
            let (mut from, mut found, mut looks) = (Some(String::new()), Vec::new(), 0);
            while let Some(lowest) = from {
                let Some(text) = texts.iter().find(|text| **text >= lowest) else { break };
                let seen = set(text);
                looks += 1;
                from = able.next_covered(&seen);
                assert!(from.as_ref().is_none_or(|next| next > text), "{able} at {text}");
                found.extend(able.cover(&seen).then_some(seen));
            }
            let mut covered: Vec<_> = texts.iter().map(|text| set(text)).collect();
            covered.retain(|one| able.cover(one));
            assert_eq!(found, covered, "{able}");
            assert!(looks <= found.len() * (able.len() + 1), "{able}: {looks} looks");
        }
    }
}
