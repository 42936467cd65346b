//! The work itself: what a text file is about. Executors and the reviewer each look for themselves.

use std::io;
use std::path::Path;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde::{Deserialize, Serialize};

use super::library;

/// Words that a person reads in a minute.
const WORDS_PER_MINUTE: usize = 200;
/// Longest title or heading that is told, in characters.
const TITLE_CHARS_MAX: usize = 200;
/// Most headings and most broken links that are told of one file.
const ENTRIES_MAX: usize = 200;

/// What a text file is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Description {
    /// The file, below the folder.
    pub(super) path: String,
    /// Its first heading, else its first line, else its name.
    pub(super) title: String,
    /// Its headings in order.
    pub(super) outline: Vec<Heading>,
    /// How many words it has, without code blocks.
    pub(super) words: usize,
    /// How long a person reads.
    pub(super) reading_minutes: usize,
    /// Relative links to files that are not there.
    pub(super) broken_links: Vec<String>,
}

/// A heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Heading {
    /// 1 is the highest.
    pub(super) level: u8,
    /// Without markup.
    pub(super) text: String,
}

impl Description {
    /// Reads the file at `path` below `root`.
    pub(super) fn of(root: &Path, path: &str) -> io::Result<Self> {
        let text = std::fs::read_to_string(root.join(path))?;
        let mut content = if library::is_markdown(path) {
            Content::of_markdown(&text)
        } else {
            Content::of_plain(&text)
        };
        content.links.retain(|link| leads_nowhere(root, path, link));
        content.links.dedup();
        content.links.truncate(ENTRIES_MAX);
        content.outline.truncate(ENTRIES_MAX);
        let words = count_words(&content.text);
        Ok(Self {
            path: path.to_owned(),
            title: content.title.unwrap_or_else(|| file_stem(path)),
            outline: content.outline,
            words,
            reading_minutes: words.div_ceil(WORDS_PER_MINUTE),
            broken_links: content.links,
        })
    }

    /// Where `delivered` is not what this, found by looking, is.
    pub(super) fn differences(&self, delivered: &Self) -> Vec<String> {
        let mut issues = Vec::new();
        if delivered.path != self.path {
            issues.push(format!("path: this is about {}, not {}", self.path, delivered.path));
        }
        if delivered.title != self.title {
            issues.push(format!("title: it is {:?}, not {:?}", self.title, delivered.title));
        }
        if delivered.outline != self.outline {
            let (found, told) = (self.outline.len(), delivered.outline.len());
            issues.push(format!("outline: it has {found} headings; you hand in {told} or others"));
        }
        if delivered.words != self.words {
            issues.push(format!("words: it has {}, not {}", self.words, delivered.words));
        }
        if delivered.reading_minutes != self.reading_minutes {
            let (found, told) = (self.reading_minutes, delivered.reading_minutes);
            issues.push(format!("reading_minutes: it takes {found}, not {told}"));
        }
        for link in self.broken_links.iter().filter(|link| !delivered.broken_links.contains(link)) {
            issues.push(format!("broken_links: {link} leads nowhere and is missing"));
        }
        for link in delivered.broken_links.iter().filter(|link| !self.broken_links.contains(link)) {
            issues.push(format!("broken_links: {link} leads somewhere"));
        }
        issues
    }

    /// What comes of careless work: a guess at the words, and a link overlooked.
    pub(super) fn spoil(&mut self) {
        self.words += 1 + self.words / 10;
        self.broken_links.pop();
    }
}

/// What is looked at in a file.
#[derive(Default)]
struct Content {
    title: Option<String>,
    outline: Vec<Heading>,
    text: String,
    links: Vec<String>,
}

impl Content {
    fn of_plain(text: &str) -> Self {
        let first = text.lines().map(str::trim).find(|line| !line.is_empty());
        Self { title: first.map(shortened), text: text.to_owned(), ..Self::default() }
    }

    fn of_markdown(text: &str) -> Self {
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
        let mut reading = Reading::default();
        for event in Parser::new_ext(text, options) {
            reading.take(event);
        }
        let mut content = reading.content;
        let top = content.outline.iter().find(|heading| heading.level == 1);
        content.title = top.or(content.outline.first()).map(|heading| heading.text.clone());
        content
    }
}

/// Where in a Markdown text the reading is.
#[derive(Default)]
struct Reading {
    content: Content,
    heading: Option<Heading>,
    /// How many blocks around are not prose.
    skipped: usize,
}

impl Reading {
    #[expect(clippy::wildcard_enum_match_arm, reason = "all other markup is no matter here")]
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                self.heading = Some(Heading { level: level as u8, text: String::new() });
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                self.content.links.push(dest_url.into_string());
            }
            Event::Start(Tag::CodeBlock(_) | Tag::HtmlBlock | Tag::MetadataBlock(_)) => {
                self.skipped += 1;
            }
            Event::End(TagEnd::CodeBlock | TagEnd::HtmlBlock | TagEnd::MetadataBlock(_)) => {
                self.skipped = self.skipped.saturating_sub(1);
                self.write("\n");
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some(Heading { level, text }) = self.heading.take() {
                    let text = shortened(&text);
                    self.content.outline.push(Heading { level, text });
                }
                self.write("\n");
            }
            // Inside a word, such as in `**un**like`.
            Event::End(
                TagEnd::Emphasis
                | TagEnd::Strong
                | TagEnd::Strikethrough
                | TagEnd::Link
                | TagEnd::Image,
            ) => {}
            Event::End(_) => self.write("\n"),
            Event::Text(text) | Event::Code(text) => self.write(&text),
            Event::SoftBreak | Event::HardBreak => self.write(" "),
            _ => {}
        }
    }

    fn write(&mut self, text: &str) {
        if self.skipped > 0 {
            return;
        }
        self.content.text.push_str(text);
        if let Some(heading) = &mut self.heading {
            heading.text.push_str(text);
        }
    }
}

/// One line, not too long.
fn shortened(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|c| !c.is_control()).take(TITLE_CHARS_MAX).collect()
}

fn file_stem(path: &str) -> String {
    Path::new(path).file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Words between blanks; each ideograph is one.
fn count_words(text: &str) -> usize {
    let mut words = 0;
    let mut is_inside = false;
    for c in text.chars() {
        if is_ideograph(c) {
            words += 1;
            is_inside = false;
        } else if c.is_alphanumeric() {
            words += usize::from(!is_inside);
            is_inside = true;
        } else if c.is_whitespace() {
            is_inside = false;
        }
    }
    words
}

const fn is_ideograph(c: char) -> bool {
    matches!(
        c,
        '\u{3040}'..='\u{30ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{2fa1f}'
    )
}

/// Whether `link`, found in the file at `path`, is a relative one to a file that is not there.
fn leads_nowhere(root: &Path, path: &str, link: &str) -> bool {
    let target = link.split(['#', '?']).next().unwrap_or_default();
    if target.is_empty() || has_scheme(target) || target.starts_with("//") {
        return false;
    }
    let target = library::decoded(target);
    let base = match target.strip_prefix('/') {
        Some(below_root) => root.join(below_root),
        None => root.join(path).parent().unwrap_or(root).join(&target),
    };
    !base.exists()
}

/// Whether it begins as `https:` and `mailto:` do.
fn has_scheme(link: &str) -> bool {
    link.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
---
author: nobody
---

Preface

# The *whole* `title` #

It's **un**like [any](other.md#part \"t\") text.

```rust
not words at all
```

## Second [part](missing.md)

| a | b |
|---|---|
| 中文 c | https://example.com |

![image](pictures/a%20b.png) [web](https://example.com/x.md) [mail](mailto:a@b.c)
[self](#second) [up](../docs/here.md) [root](/here.md) [not root](/gone/here.md)
";

    fn described(files: &[(&str, &str)], path: &str) -> Description {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("docs");
        for (name, text) in files {
            let file = root.join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        Description::of(&root, path).unwrap()
    }

    #[test]
    fn markdown_is_understood() {
        let files = [("a.md", TEXT), ("here.md", ""), ("other.md", ""), ("pictures/a b.png", "")];
        let heading = |level, text: &str| Heading { level, text: text.to_owned() };
        assert_eq!(
            described(&files, "a.md"),
            Description {
                path: "a.md".to_owned(),
                title: "The whole title".to_owned(),
                outline: vec![heading(1, "The whole title"), heading(2, "Second part")],
                // 1 + 3 + 4 + 2 + (a b 中 文 c url) + (image web mail self up root not root)
                words: 24,
                reading_minutes: 1,
                broken_links: vec!["missing.md".to_owned(), "/gone/here.md".to_owned()],
            }
        );
    }

    #[test]
    fn a_plain_text_has_a_title_and_words() {
        let found = described(&[("a.txt", "\n  First line \n# not a heading [x](y)\n")], "a.txt");
        assert_eq!((found.title.as_str(), found.words), ("First line", 6));
        assert!(found.outline.is_empty() && found.broken_links.is_empty());
        let empty = described(&[("b/c.md", "")], "b/c.md");
        assert_eq!((empty.title.as_str(), empty.words, empty.reading_minutes), ("c", 0, 0));
    }

    #[test]
    fn careless_work_differs_always() {
        for text in ["", "one", TEXT] {
            let careful = described(&[("a.md", text)], "a.md");
            let mut careless = careful.clone();
            careless.spoil();
            assert!(!careful.differences(&careless).is_empty());
            assert!(careful.differences(&careful).is_empty());
        }
    }

    #[test]
    fn each_difference_is_told() {
        let found = described(&[("a.md", TEXT)], "a.md");
        let told = Description {
            path: "b.md".to_owned(),
            title: "x".to_owned(),
            outline: Vec::new(),
            words: 0,
            reading_minutes: 0,
            broken_links: vec!["y".to_owned()],
        };
        // Of the four links that lead nowhere here, each is missing, and the one told is none.
        assert_eq!(found.differences(&told).len(), 5 + found.broken_links.len() + 1);
    }
}
