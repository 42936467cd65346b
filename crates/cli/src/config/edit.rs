//! Changes one value in a YAML text and nothing else.

use serde_json::Value;

use super::yaml::{self, Content, Style};

/// The value cannot be changed with certainty that nothing else changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value cannot be changed in place")]
pub(super) struct NotEditable;

/// Puts `new` where the text value of `section.key` stands. Everything around it stays byte for
/// byte, and the result is read again to prove that only this value is another.
pub(super) fn replace_text(
    text: &str,
    section: &str,
    key: &str,
    new: &str,
) -> Result<String, NotEditable> {
    let needs_escape = |c: char| c.is_control() || matches!(c, '"' | '\'' | '\\');
    if new.chars().any(needs_escape) {
        return Err(NotEditable);
    }
    let root = yaml::parse(text).ok().flatten().ok_or(NotEditable)?;
    let node = root.get(section).and_then(|section| section.get(key)).ok_or(NotEditable)?;
    let Content::Scalar(old, style) = &node.content else { return Err(NotEditable) };
    let written = text.get(node.bytes.clone()).ok_or(NotEditable)?;
    let (Some(before), Some(after)) = (text.get(..node.bytes.start), text.get(node.bytes.end..))
    else {
        return Err(NotEditable);
    };
    if !is_exactly(written, old, *style) {
        return Err(NotEditable);
    }
    let quote = if *style == Style::Single { '\'' } else { '"' };
    let edited = format!("{before}{quote}{new}{quote}{after}");

    let mut expected = root.to_json();
    let slot = expected.get_mut(section).and_then(|section| section.get_mut(key));
    *slot.ok_or(NotEditable)? = Value::from(new);
    let reread = yaml::parse(&edited).ok().flatten().ok_or(NotEditable)?;
    if reread.to_json() == expected { Ok(edited) } else { Err(NotEditable) }
}

/// Whether the bytes are the scalar on one line and no more, so that no comment hides in them.
fn is_exactly(written: &str, value: &str, style: Style) -> bool {
    let is_quoted = |quote: char| {
        let inner = written.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        inner.is_some() && !written.contains(['\n', '\r'])
    };
    match style {
        Style::Plain => written == value,
        Style::Single => is_quoted('\''),
        Style::Double => is_quoted('"'),
        Style::Block => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NEW: &str = "bcrypt:$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW";

    fn edited(text: &str) -> Option<String> {
        replace_text(text, "admin", "password", NEW).ok()
    }

    #[test]
    fn every_way_to_write_one_line_is_replaced() {
        for (before, old, after) in [
            ("admin:\n  password: ", "secret", "\n  session_hours: 3\n\nserver: {port: 1}\n"),
            ("admin:\n  password: ", "123456", " # six\n"),
            ("admin:\n  password:\t", "'sec ret''s'", "   # 'kept' \"as\" it is"),
            ("admin:\n      password: ", "\"sec\\tret # no comment\"", "   #kept\n"),
            ("admin: {password: ", "secret", "} # c\n"),
            ("admin: {password: ", "se#cret", ", session_hours: 3} # c\n"),
            ("{\"admin\": {\"password\":", "\"x\"", "}}"),
            ("\u{feff}# ü 🦀\r\nadmin:\r\n   'password' :   ", "pass#word", "  # ü\r\n   x: 1\r\n"),
            ("admin:\n  password: &p ", "secret", "\n"),
            ("admin:\n  password: !!str ", "123", "\n"),
            ("admin:\n  password:\n    # below\n    ", "secret", "\n"),
            ("x: [1, {y: 'z'}]\nadmin:\n  other: |\n   password: a\n  password: ", "b", "\n...\n"),
        ] {
            let quote = if old.starts_with('\'') { '\'' } else { '"' };
            assert_eq!(
                edited(&format!("{before}{old}{after}")),
                Some(format!("{before}{quote}{NEW}{quote}{after}")),
                "{before}{old}{after}"
            );
        }
    }

    #[test]
    fn the_end_of_the_text_is_kept() {
        assert_eq!(edited("admin:\n  password: x"), Some(format!("admin:\n  password: \"{NEW}\"")));
        assert_eq!(
            edited("{admin: {password: x}}"),
            Some(format!("{{admin: {{password: \"{NEW}\"}}}}"))
        );
    }

    #[test]
    fn what_cannot_be_proven_is_left() {
        for text in [
            "",
            "admin:\n",
            "admin:\n  password:\n",
            "admin:\n  password: |\n    secret\n",
            "admin:\n  password: >- # why\n    secret\n",
            "admin:\n  password: \"two\n    lines\"\n",
            "admin:\n  password: two\n    lines\n",
            "admin:\n  password: &p secret\nother: *p\n",
            "base: &b {password: x}\nadmin: *b\n",
            "other: &p secret\nadmin:\n  password: *p\n",
            "admin:\n  password: [x]\n",
            "admin:\n  password: x\n  password: y\n",
            "admin: [\n",
        ] {
            assert_eq!(edited(text), None, "{text}");
        }
        assert!(edited("admin:\n  password: &p secret\n").is_some());
        assert_eq!(replace_text("a: {b: x}", "a", "b", "it's"), Err(NotEditable));
        assert_eq!(replace_text("a: {b: x}", "a", "b", "two\nlines"), Err(NotEditable));
    }

    /// One scalar in one of the styles.
    fn scalar() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-zA-Z0-9_./$!-]{1,20}",
            "[0-9]{1,10}",
            "[ -~é漢🦀]{0,20}".prop_map(|text| format!("'{}'", text.replace('\'', "''"))),
            "[ !#-\\[\\]-~é漢🦀]{0,20}".prop_map(|text| format!("\"{text}\"")),
            "[ -~\n\t]{0,20}".prop_map(|text| serde_json::to_string(&text).unwrap()),
            "[ -~é]{0,20}",
        ]
    }

    /// Lines that may stand around the password.
    fn noise() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            Just(String::new()),
            "# [ -~é]{0,30}",
            "  # password: [a-z]{0,9}",
            "x[a-z]{1,6}: [a-z0-9]{0,9}( # [a-z: '\"]{0,9})?",
            "y[a-z]{1,6}: \\[a, 'b', \"c\"\\]",
            "z[a-z]{1,6}:\n  password: [a-z]{1,5}\n  admin: \\{password: [a-z]{1,5}\\}",
            "[ -~]{0,20}",
        ];
        (prop::collection::vec(line, 0..5), prop::bool::ANY).prop_map(|(lines, has_crlf)| {
            let newline = if has_crlf { "\r\n" } else { "\n" };
            lines.iter().flat_map(|line| [line.as_str(), newline]).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn only_the_scalar_changes(
            head in noise(), indent in 1_usize..6, gap in " {1,4}", value in scalar(),
            comment in "( {1,3}#[ -~é]{0,20})?", is_flow in prop::bool::ANY, tail in noise(),
        ) {
            let (before, after) = if is_flow {
                (format!("{head}admin: {{password:{gap}"), format!("}}{comment}\n{tail}"))
            } else {
                let indent = " ".repeat(indent);
                (format!("{head}admin:\n{indent}password:{gap}"), format!("{comment}\n{tail}"))
            };
            let text = format!("{before}{value}{after}");
            if let Some(edited) = edited(&text) {
                let old = yaml::parse(&text).unwrap().unwrap();
                let bytes = old.get("admin").unwrap().get("password").unwrap().bytes.clone();
                let (start, end) = (bytes.start, text.len() - bytes.end);
                prop_assert_eq!(&edited.as_bytes()[..start], &text.as_bytes()[..start]);
                prop_assert_eq!(
                    &edited.as_bytes()[edited.len() - end..], &text.as_bytes()[text.len() - end..]
                );
                prop_assert_eq!(edited.len(), start + NEW.len() + 2 + end);
                prop_assert!(start >= before.trim_end().len(), "the key is kept");
                let new = yaml::parse(&edited).unwrap().unwrap();
                let mut expected = old.to_json();
                expected["admin"]["password"] = Value::from(NEW);
                prop_assert_eq!(new.to_json(), expected);
            }
        }

        #[test]
        fn usual_files_are_always_edited(
            value in prop_oneof![
                "[a-zA-Z0-9_]{1,20}".prop_filter("nothing", |text| !text.eq_ignore_ascii_case("null")),
                "[ -~é漢🦀]{0,20}".prop_map(|text| format!("'{}'", text.replace('\'', "''"))),
                "[ -~\n\t]{0,20}".prop_map(|text| serde_json::to_string(&text).unwrap()),
            ],
            comment in "( {1,3}#[ -~é]{0,20})?", is_flow in prop::bool::ANY,
        ) {
            let (before, after) = if is_flow {
                ("a: 1\nadmin: { password: ", format!(" }}{comment}\nb: 2\n"))
            } else {
                ("a: 1\nadmin:\n  password: ", format!("{comment}\n  session_hours: 4\n"))
            };
            let quote = if value.starts_with('\'') { '\'' } else { '"' };
            prop_assert_eq!(
                edited(&format!("{before}{value}{after}")),
                Some(format!("{before}{quote}{NEW}{quote}{after}"))
            );
        }

        #[test]
        fn no_text_panics(text in "[-:?,\\[\\]{}#&*!|>'\"%@` admin\npswor\t.é]{0,200}") {
            let _ = edited(&text);
        }
    }
}
