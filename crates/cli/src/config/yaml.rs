//! YAML text as a tree that knows where each value stands. Scalars stay texts as they were
//! written: what a text means is decided by the key it belongs to, so that a token such as
//! `12e4567` or a password such as `0123` never turns into a number.

use std::collections::BTreeMap;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};
use serde_json::{Map, Value};

/// How deep values may lie in each other.
const DEPTH_MAX: usize = 16;
/// How many values a file may have, aliases expanded.
const NODES_MAX: usize = 10_000;
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Why a text is not what we read, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub(super) struct YamlError {
    /// Counted from 1.
    pub(super) line: usize,
    /// In words.
    pub(super) reason: String,
}

/// One value and where it stands.
#[derive(Clone)]
pub(super) struct Node {
    /// The line it begins on, counted from 1.
    pub(super) line: usize,
    /// The bytes of the scalar; of no use for lists and mappings.
    pub(super) bytes: Range<usize>,
    /// The value itself.
    pub(super) content: Content,
}

/// What a value is.
#[derive(Clone)]
pub(super) enum Content {
    /// Nothing: `key:`, `~` or `null`.
    Null,
    /// A text, and how it was written.
    Scalar(String, Style),
    /// A list.
    List(Vec<Node>),
    /// A mapping; each key once, in the order of the file.
    Mapping(Vec<Entry>),
}

/// How a text was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Without quotes.
    Plain,
    /// In single quotes.
    Single,
    /// In double quotes.
    Double,
    /// As a block after `|` or `>`.
    Block,
}

/// A key and its value.
#[derive(Clone)]
pub(super) struct Entry {
    /// The key.
    pub(super) key: String,
    /// The line of the key, counted from 1.
    pub(super) line: usize,
    /// The value.
    pub(super) value: Node,
}

/// Reads one document. `None`: the text is empty or has only comments.
pub(super) fn parse(text: &str) -> Result<Option<Node>, YamlError> {
    let body = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut builder = Builder {
        parser: Parser::new_from_str(body),
        skipped: text.len() - body.len(),
        anchors: BTreeMap::new(),
        nodes: 0,
    };
    let mut root: Option<Node> = None;
    loop {
        let (event, span) = builder.next()?;
        if event == Event::StreamEnd {
            return Ok(root.filter(|node| !node.is_null()));
        }
        if root.is_some() && matches!(event, Event::DocumentStart(..)) {
            return Err(error(span, "only one YAML document is allowed in the file"));
        }
        if event.is_node() {
            root = Some(builder.node(event, span, 0)?);
        }
    }
}

impl Node {
    /// Whether it is nothing.
    pub(super) const fn is_null(&self) -> bool {
        matches!(self.content, Content::Null)
    }

    /// The value of `key`, if this is a mapping that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Content::Mapping(entries) = &self.content else { return None };
        entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The value without its place; scalars are texts.
    pub(super) fn to_json(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Scalar(text, _) => Value::String(text.clone()),
            Content::List(nodes) => Value::Array(nodes.iter().map(Self::to_json).collect()),
            Content::Mapping(entries) => {
                let pairs = entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json()));
                Value::Object(pairs.collect::<Map<_, _>>())
            }
        }
    }
}

struct Builder<'a> {
    parser: Parser<'a, StrInput<'a>>,
    /// Bytes of the text before what the parser sees.
    skipped: usize,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
}

impl<'a> Builder<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), YamlError> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(scan)) => Err(YamlError { line: scan.marker().line(), reason: scan.info() }),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, YamlError> {
        self.count(1, span)?;
        if depth > DEPTH_MAX {
            return Err(error(span, "values lie too deep in each other"));
        }
        if let Event::Alias(anchor) = event {
            return self.alias(anchor, span);
        }
        let anchor = event.anchor_id();
        let content = if let Event::Scalar(text, style, _, tag) = event {
            let is_text = is_text_tag(tag.as_deref(), span)?;
            if style == ScalarStyle::Plain && !is_text && is_null_word(&text) {
                Content::Null
            } else {
                Content::Scalar(text.into_owned(), style.into())
            }
        } else if matches!(event, Event::SequenceStart(..)) {
            self.list(depth)?
        } else if matches!(event, Event::MappingStart(..)) {
            self.mapping(depth)?
        } else {
            return Err(error(span, "a value is missing"));
        };
        let bytes = span.byte_range().unwrap_or_default();
        let bytes = bytes.start + self.skipped..bytes.end + self.skipped;
        let node = Node { line: line(span), bytes, content };
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<Content, YamlError> {
        let mut nodes = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(Content::List(nodes));
            }
            nodes.push(self.node(event, span, depth + 1)?);
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Content, YamlError> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Content::Mapping(entries));
            }
            let Event::Scalar(key, ..) = event else {
                return Err(error(span, "a key must be a plain text"));
            };
            if key == "<<" {
                return Err(error(span, "merge keys (<<) are not supported; write the values out"));
            }
            if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                let reason =
                    format!("the key `{key}` stands here twice; first on line {}", first.line);
                return Err(error(span, &reason));
            }
            let (event, value_span) = self.next()?;
            let value = self.node(event, value_span, depth + 1)?;
            entries.push(Entry { key: key.into_owned(), line: line(span), value });
        }
    }

    /// The value an alias stands for. It keeps the anchor's bytes: a change there is a change
    /// here.
    fn alias(&mut self, anchor: usize, span: Span) -> Result<Node, YamlError> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err(error(span, "an alias must not lie within what it stands for"));
        };
        self.count(size(&node), span)?;
        Ok(Node { line: line(span), ..node })
    }

    fn count(&mut self, more: usize, span: Span) -> Result<(), YamlError> {
        self.nodes += more;
        if self.nodes > NODES_MAX {
            return Err(error(span, "the file has too many values"));
        }
        Ok(())
    }
}

impl From<ScalarStyle> for Style {
    fn from(style: ScalarStyle) -> Self {
        match style {
            ScalarStyle::Plain => Self::Plain,
            ScalarStyle::SingleQuoted => Self::Single,
            ScalarStyle::DoubleQuoted => Self::Double,
            ScalarStyle::Literal | ScalarStyle::Folded => Self::Block,
        }
    }
}

fn size(node: &Node) -> usize {
    match &node.content {
        Content::Null | Content::Scalar(..) => 1,
        Content::List(nodes) => 1 + nodes.iter().map(size).sum::<usize>(),
        Content::Mapping(entries) => {
            1 + entries.iter().map(|entry| size(&entry.value)).sum::<usize>()
        }
    }
}

/// Whether the tag says that the value is a text. Other tags would need a meaning that we do not
/// give them.
fn is_text_tag(tag: Option<&Tag>, span: Span) -> Result<bool, YamlError> {
    match tag {
        None => Ok(false),
        Some(tag) if tag.is_yaml_core_schema_tag("str") => Ok(true),
        Some(_) => Err(error(span, "tags other than !!str are not supported")),
    }
}

fn is_null_word(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn line(span: Span) -> usize {
    span.start.line().max(1)
}

fn error(span: Span, reason: &str) -> YamlError {
    YamlError { line: line(span), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Value {
        parse(text).unwrap().map_or(Value::Null, |node| node.to_json())
    }

    fn refusal(text: &str) -> String {
        parse(text).err().map_or_else(|| "read".to_owned(), |error| error.to_string())
    }

    #[test]
    fn scalars_stay_as_they_were_written() {
        let text = "a: 0123\nb: 12e4567\nc: yes\nd: 'x'\ne: \"\\u00e9\"\nf: 12:30:45\ng: 1_000\n";
        assert_eq!(
            read(text),
            json!({"a": "0123", "b": "12e4567", "c": "yes", "d": "x", "e": "é",
                   "f": "12:30:45", "g": "1_000"})
        );
    }

    #[test]
    fn nothing_is_null_and_a_quoted_nothing_is_a_text() {
        let text = "a:\nb: ~\nc: null\nd: ''\ne: \"null\"\nf: !!str\n";
        assert_eq!(
            read(text),
            json!({"a": null, "b": null, "c": null, "d": "", "e": "null", "f": ""})
        );
    }

    #[test]
    fn an_empty_text_has_no_tree() {
        for text in ["", "\n\n", "# only this\n", "---\n", "~", "---\n...\n", "\u{feff}"] {
            assert!(parse(text).unwrap().is_none(), "{text:?}");
        }
    }

    #[test]
    fn lines_and_bytes_are_those_of_the_text() {
        for (mark, newline) in [("", "\n"), ("\u{feff}", "\n"), ("", "\r\n")] {
            let text = format!("{mark}# é ü 漢字 🦀{newline}a:{newline}  b: 'ü'   # c{newline}");
            let root = parse(&text).unwrap().unwrap();
            let node = root.get("a").and_then(|a| a.get("b")).unwrap();
            assert_eq!(node.line, 3);
            assert_eq!(text.get(node.bytes.clone()), Some("'ü'"));
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_with_both_lines() {
        assert_eq!(
            refusal("server:\n  port: 1\n  host: x\n  port: 2\n"),
            "line 4: the key `port` stands here twice; first on line 2"
        );
        assert!(refusal("a: 1\n\"a\": 2\n").starts_with("line 2: the key `a` stands here twice"));
        assert!(refusal("{a: 1, a: 2}").starts_with("line 1:"));
    }

    #[test]
    fn what_is_not_one_plain_document_is_refused_with_its_line() {
        assert!(refusal("a: 1\nb: [\n").starts_with("line "));
        assert!(refusal("a: 1\n\tb: 2\n").starts_with("line "));
        assert_eq!(refusal("a: 1\n---\nb: 2\n").split(':').next(), Some("line 2"));
        assert!(refusal("? [x]\n: 1\n").contains("a key must be a plain text"));
        assert!(refusal("a: &x {b: 1}\nc:\n  <<: *x\n").starts_with("line 3: merge keys"));
        assert!(refusal("a: !!int 3\n").contains("tags other than !!str"));
        assert!(refusal("a: *nowhere\n").starts_with("line 1:"));
    }

    #[test]
    fn an_alias_stands_for_its_anchor() {
        assert_eq!(read("a: &x 5\nb: *x\n"), json!({"a": "5", "b": "5"}));
        assert!(refusal("a: &x [*x]\n").contains("must not lie within"));
    }

    #[test]
    fn size_is_limited() {
        assert!(refusal(&"[".repeat(100_000)).contains("limit"));
        let deep = format!("a: {}{}", "[".repeat(17), "]".repeat(17));
        assert!(refusal(&deep).contains("too deep"));
        assert!(refusal(&format!("a: [{}]", "1,".repeat(NODES_MAX))).contains("too many"));
        let mut text = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n".to_owned();
        for level in 1..12 {
            let before = level - 1;
            let list = vec![format!("*a{before}"); 10].join(",");
            writeln!(text, "a{level}: &a{level} [{list}]").unwrap();
        }
        assert!(refusal(&text).contains("too many"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            let _ = parse(&text);
        }

        #[test]
        fn no_text_of_yaml_characters_panics(
            text in "[-:?,\\[\\]{}#&*!|>'\"%@` a0~<\n\r\t\\\\.\u{feff}é]{0,200}"
        ) {
            if let Ok(Some(node)) = parse(&text) {
                prop_assert!(node.line >= 1);
                node.to_json();
            }
        }
    }
}
