//! The head of a Markdown file: YAML between two lines `---`.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// What stands at the beginning and the end of the head.
const LINE: &str = "---";

/// The head and what comes after it; `None`: the file has no head.
pub(crate) fn split(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches('\u{feff}');
    let rest = text.strip_prefix(LINE)?;
    let rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n'))?;
    let mut length = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == LINE {
            let (head, after) = (rest.get(..length)?, rest.get(length + line.len()..)?);
            return Some((head, after));
        }
        length += line.len();
    }
    None
}

/// The values of a head.
///
/// # Errors
/// Why it is no mapping, in one line.
pub(crate) fn read(head: &str) -> Result<Map<String, Value>, String> {
    let read: Result<Option<Map<String, Value>>, _> = serde_saphyr::from_str(head);
    read.map(Option::unwrap_or_default).map_err(|error| {
        let text = error.without_snippet().to_string();
        let reason = text.lines().next().unwrap_or_default();
        format!("the front matter is not valid YAML: {reason}")
    })
}

/// A file with this head. A JSON value is a YAML value, so nothing can break out of its line.
pub(crate) fn join(head: &Map<String, Value>, body: &str) -> String {
    let pairs = head.iter().map(|(key, value)| format!("{}: {}", name(key), json(value)));
    let lines = std::iter::once(LINE.to_owned()).chain(pairs).collect::<Vec<_>>().join("\n");
    format!("{lines}\n{LINE}\n\n{}\n", body.trim())
}

fn name(key: &str) -> String {
    let is_plain = key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    if is_plain && !key.is_empty() { key.to_owned() } else { json(&Value::from(key)) }
}

/// JSON on one line. YAML lets fewer characters stand as they are than JSON does.
fn json(value: &Value) -> String {
    let text = value.to_string();
    text.chars().fold(String::with_capacity(text.len()), |mut json, c| {
        if c.is_control() || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}') {
            // Writing to a String cannot fail.
            let _ = write!(json, "\\u{:04x}", u32::from(c));
        } else {
            json.push(c);
        }
        json
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_head_is_what_stands_between_two_lines() {
        for (text, parts) in [
            ("---\na: 1\n---\nbody", Some(("a: 1\n", "body"))),
            ("---\r\na: 1\r\n---\r\nbody", Some(("a: 1\r\n", "body"))),
            ("\u{feff}---\na: 1\n---", Some(("a: 1\n", ""))),
            ("---\n---\n", Some(("", ""))),
            ("--- \nx", None),
            ("---\na: 1\n", None),
            ("body\n---\n", None),
            ("", None),
        ] {
            assert_eq!(split(text), parts, "{text:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let text =
            "quote \" colon: # tab\t new\nline 🔧 \u{7f}\u{85}\u{2028}\u{feff}\u{ffff} '---'";
        let head = json!({"name": text, "example": false, "created_at": "2026-11-25", "a b": [1]});
        let head = head.as_object().unwrap().clone();
        let file = join(&head, "\n body --- \n");
        let (written, body) = split(&file).unwrap();
        assert_eq!(read(written).unwrap(), head, "{file}");
        assert_eq!(body.trim(), "body ---");
    }

    #[test]
    fn what_python_wrote_is_read() {
        let head = "created_at: 2026-02-01\ndescription: 写作: 小红书\nexample: true\n\
                    name: AI 小五\nrole: executor\n";
        // A colon in an unquoted text is one mistake that people make.
        assert!(read(head).is_err());
        let head = read(&head.replace("写作: 小红书", "'写作: 小红书'")).unwrap();
        assert_eq!(head["created_at"], "2026-02-01");
        assert_eq!((&head["name"], &head["example"]), (&json!("AI 小五"), &json!(true)));
    }

    #[test]
    fn what_is_no_mapping_is_told_in_one_line() {
        for broken in ["a: [", "- a", "x", "a: 1\na: 2", "a: b: c", "&a [*a]"] {
            let reason = read(broken).unwrap_err();
            assert!(reason.starts_with("the front matter") && !reason.contains('\n'), "{reason}");
        }
        assert_eq!(read(" \n").unwrap(), Map::new());
    }
}
