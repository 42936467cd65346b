//! The final deliverable: one index of all files, and what is wrong with one.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use pulldown_cmark::{Event, Parser, Tag};

use super::document::Description;
use super::library::{decoded, encoded};

/// Which headings are shown below a file, and how many at most.
const SHOWN_LEVELS: std::ops::RangeInclusive<u8> = 2..=2;
const SHOWN_HEADINGS_MAX: usize = 12;
/// How much of a text one artifact holds, in bytes; the server takes 64 KiB.
const PIECE_BYTES_MAX: usize = 60 * 1024;

/// Writes the index of the files below `folder`.
pub(super) fn compile(folder: &str, descriptions: &[Description]) -> String {
    let words: usize = descriptions.iter().map(|one| one.words).sum();
    let minutes: usize = descriptions.iter().map(|one| one.reading_minutes).sum();
    let mut text = format!(
        "# Index of {}\n\n{} files, {words} words, {minutes} minutes of reading.\n",
        escaped(folder),
        descriptions.len()
    );
    let mut folders: BTreeMap<&str, Vec<&Description>> = BTreeMap::new();
    for one in descriptions {
        let folder = one.path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        folders.entry(folder).or_default().push(one);
    }
    // Writing to a String cannot fail.
    for (folder, files) in folders {
        let _ = writeln!(text, "\n## {}\n", escaped(folder));
        for one in files {
            let (title, link) = (escaped(&one.title), encoded(&one.path));
            let (words, minutes) = (one.words, one.reading_minutes);
            let _ = writeln!(text, "- [{title}]({link}): {words} words, {minutes} min");
            let shown = one.outline.iter().filter(|heading| SHOWN_LEVELS.contains(&heading.level));
            for heading in shown.take(SHOWN_HEADINGS_MAX) {
                let _ = writeln!(text, "  - {}", escaped(&heading.text));
            }
        }
    }
    if descriptions.iter().any(|one| !one.broken_links.is_empty()) {
        text.push_str("\n## Links that lead nowhere\n\n");
    }
    for one in descriptions {
        for link in &one.broken_links {
            let _ = writeln!(text, "- {}, in {}", escaped(link), escaped(&one.path));
        }
    }
    text
}

/// A text as Markdown that shows it as it is.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() && !matches!(c, '-' | '.' | ',' | '/' | ':') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// The files that an index names, as often as it does.
pub(super) fn entries(index: &str) -> Vec<String> {
    let link = |event| {
        let Event::Start(Tag::Link { dest_url, .. }) = event else { return None };
        Some(decoded(&dest_url))
    };
    Parser::new(index).filter_map(link).collect()
}

/// What is wrong with an index of `paths`: each must appear exactly once, and nothing else.
pub(super) fn problems<'a>(index: &str, paths: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut found: HashMap<String, usize> = HashMap::new();
    for entry in entries(index) {
        *found.entry(entry).or_default() += 1;
    }
    let mut problems = Vec::new();
    for path in paths {
        match found.remove(path) {
            Some(1) => {}
            Some(times) => problems.push(format!("{path} appears {times} times")),
            None => problems.push(format!("{path} is missing")),
        }
    }
    let mut unknown: Vec<_> = found.into_keys().collect();
    unknown.sort();
    problems.extend(unknown.iter().map(|path| format!("{path} is no file of this task")));
    problems
}

/// A long text in pieces that fit into an artifact each, cut between lines.
pub(super) fn pieces(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for line in text.split_inclusive('\n') {
        match pieces.last_mut() {
            Some(last) if last.len() + line.len() <= PIECE_BYTES_MAX => last.push_str(line),
            Some(_) | None => pieces.push(line.to_owned()),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::super::document::Heading;
    use super::*;

    fn description(path: &str, title: &str) -> Description {
        let heading = |level, text: &str| Heading { level, text: text.to_owned() };
        Description {
            path: path.to_owned(),
            title: title.to_owned(),
            outline: vec![heading(1, title), heading(2, "A [b](c) *d*")],
            words: 300,
            reading_minutes: 2,
            broken_links: vec!["[x](gone.md)".to_owned()],
        }
    }

    #[test]
    fn an_index_names_every_file_once_whatever_their_names() {
        let paths = ["a.md", "b/c (1) [x].md", "b/d`e*.md"];
        let titles = ["A", "](evil.md) [", "`code` <b>"];
        let all: Vec<_> =
            paths.iter().zip(titles).map(|(path, title)| description(path, title)).collect();
        let index = compile("docs", &all);
        assert_eq!(entries(&index), paths);
        assert_eq!(problems(&index, paths), [""; 0]);
        assert!(index.contains("3 files, 900 words, 6 minutes of reading."), "{index}");
    }

    #[test]
    fn what_is_wrong_with_an_index_is_told() {
        let index =
            compile("docs", &[description("a", "A"), description("b", "B"), description("b", "B")]);
        assert_eq!(
            problems(&index, ["b", "c"]),
            ["b appears 2 times", "c is missing", "a is no file of this task"]
        );
    }

    #[test]
    fn the_pieces_of_a_text_are_the_text() {
        let text = "line\n".repeat(30_000);
        let pieces = pieces(&text);
        assert!(pieces.len() > 2 && pieces.iter().all(|piece| piece.len() <= PIECE_BYTES_MAX));
        assert_eq!(pieces.concat(), text);
    }
}
