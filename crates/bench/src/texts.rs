//! Texts of the lengths that agents write.

/// Words, in an order that repeats after a few thousand characters.
const WORDS: [&str; 23] = [
    "read",
    "the",
    "draft",
    "and",
    "compare",
    "every",
    "figure",
    "with",
    "its",
    "source",
    "note",
    "what",
    "differs",
    "then",
    "write",
    "a",
    "short",
    "summary",
    "for",
    "reviewers",
    "who",
    "know",
    "nothing",
];

/// A sentence of exactly `length` ASCII characters; `seed` makes texts differ.
pub(crate) fn text(length: usize, seed: usize) -> String {
    let mut text = format!("{seed:x} ");
    for word in WORDS.iter().cycle().skip(seed % WORDS.len()) {
        if text.len() >= length {
            break;
        }
        text.push_str(word);
        text.push(' ');
    }
    text.truncate(length);
    // A text ends in no space: names are trimmed.
    if text.ends_with(' ') {
        text.pop();
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_their_length() {
        for (length, seed) in [(40, 0), (300, 7), (150, 123_456)] {
            assert_eq!(text(length, seed).len(), length);
            assert_eq!(text(length, seed).trim().len(), length);
        }
    }
}
