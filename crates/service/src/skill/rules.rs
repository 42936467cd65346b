//! What a `SKILL.md` must be so that OpenClaw, Claude Code and Codex all take it.

use serde_json::{Map, Value};

use crate::content::front_matter;

/// Largest `SKILL.md`, in bytes.
pub const SKILL_BYTES_MAX: usize = 256_000;
/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 64;
/// Longest description, in characters.
const DESCRIPTION_CHARS_MAX: usize = 1024;
/// Keys that runtimes know; they refuse others.
const KEYS: [&str; 11] = [
    "name",
    "description",
    "homepage",
    "license",
    "allowed-tools",
    "user-invocable",
    "disable-model-invocation",
    "command-dispatch",
    "command-tool",
    "command-arg-mode",
    "metadata",
];
/// Keys that must stand on one line: not every runtime reads more.
const ONE_LINE: [&str; 2] = ["name", "description"];

/// What the front matter of a skill says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// As its folder is called.
    pub name: String,
    /// What it is for and when to use it: all that a model sees before it reads the rest.
    pub description: String,
}

/// Whether a skill can be called so: `[a-z0-9-]{1,64}`.
#[must_use]
pub fn is_skill_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=NAME_CHARS_MAX).contains(&text.len()) && text.chars().all(is_plain)
}

/// Checks the text of a `SKILL.md` that lies in `folder`.
///
/// # Errors
/// Everything that is wrong, each as a sentence without its full stop.
pub fn check(folder: &str, text: &str) -> Result<Header, Vec<String>> {
    let mut problems = Vec::new();
    if text.len() > SKILL_BYTES_MAX {
        problems.push(format!("{} must have at most {SKILL_BYTES_MAX} bytes", super::SKILL_FILE));
    }
    let Some((head, body)) = front_matter::split(text) else {
        problems.push("it must begin with front matter between two lines ---".to_owned());
        return Err(problems);
    };
    if body.trim().is_empty() {
        problems.push("there must be instructions behind the front matter".to_owned());
    }
    let values = front_matter::read(head).unwrap_or_else(|reason| {
        problems.push(reason);
        Map::new()
    });
    for key in values.keys().filter(|key| !KEYS.contains(&key.as_str())) {
        problems.push(format!("{key} is not one of the keys {}", KEYS.join(", ")));
    }
    let header = Header {
        name: text_of(&values, "name", &mut problems),
        description: text_of(&values, "description", &mut problems),
    };
    for key in ONE_LINE.iter().filter(|key| values.contains_key(**key)) {
        if !is_on_one_line(head, key) {
            problems.push(format!("{key} must stand on one line"));
        }
    }
    check_header(folder, &header, &mut problems);
    if problems.is_empty() { Ok(header) } else { Err(problems) }
}

/// The name that a `SKILL.md` gives itself.
pub(super) fn name_in(text: &str) -> Option<String> {
    let values = front_matter::read(front_matter::split(text)?.0).ok()?;
    values.get("name")?.as_str().map(|name| name.trim().to_owned())
}

fn text_of(values: &Map<String, Value>, key: &str, problems: &mut Vec<String>) -> String {
    match values.get(key) {
        Some(Value::String(text)) if !text.trim().is_empty() => text.trim().to_owned(),
        Some(_) | None => {
            problems.push(format!("{key} must be a text"));
            String::new()
        }
    }
}

fn check_header(folder: &str, header: &Header, problems: &mut Vec<String>) {
    let name = &header.name;
    if !name.is_empty() && !is_skill_name(name) {
        problems.push(format!("name must be 1 to {NAME_CHARS_MAX} of a-z, 0-9 and -"));
    } else if !name.is_empty() && name != folder {
        problems.push(format!("name must be the folder's: {folder}, not {name}"));
    }
    if header.description.chars().count() > DESCRIPTION_CHARS_MAX {
        problems.push(format!("description must have at most {DESCRIPTION_CHARS_MAX} characters"));
    }
    if header.description.contains(['<', '>']) {
        problems.push("description must not contain < or >".to_owned());
    }
}

/// Whether the value begins on the line of its key and ends there.
fn is_on_one_line(head: &str, key: &str) -> bool {
    let mut lines = head.lines();
    let value = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    let value = value.unwrap_or_default().trim();
    let goes_on = lines.next().is_some_and(|line| line.starts_with([' ', '\t']));
    !value.is_empty() && !value.starts_with(['|', '>']) && !goes_on
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skill(head: &str) -> String {
        format!("---\n{head}\n---\nDo it.\n")
    }

    #[test]
    fn a_good_skill_is_taken() {
        let head = "name: a-1\ndescription: Does: it\nmetadata: {\"openclaw\": {\"requires\": 1}}";
        assert!(check("a-1", &skill(head)).is_err(), "a colon needs quotes");
        let head = head.replace("Does: it", "'Does: it'");
        let header = check("a-1", &skill(&head)).unwrap();
        assert_eq!(header, Header { name: "a-1".to_owned(), description: "Does: it".to_owned() });
    }

    #[test]
    fn everything_that_runtimes_refuse_is_named() {
        let long = format!("name: a\ndescription: {}", "x".repeat(1025));
        for (head, problem) in [
            ("description: x", "name must be a text"),
            ("name: a", "description must be a text"),
            ("name: A_b\ndescription: x", "name must be 1 to 64 of a-z, 0-9 and -"),
            ("name: b\ndescription: x", "name must be the folder's: a, not b"),
            ("name: a\ndescription: '<x>'", "description must not contain < or >"),
            (long.as_str(), "description must have at most 1024 characters"),
            ("name: a\ndescription: >\n  x", "description must stand on one line"),
            ("name: a\ndescription: x\n  y", "description must stand on one line"),
            ("name: a\ndescription: x\nversion: 1", "version is not one of the keys name, "),
            ("name: a\ndescription: [x", "the front matter is not valid YAML"),
            ("name: 5\ndescription: x", "name must be a text"),
        ] {
            let problems = check("a", &skill(head)).unwrap_err();
            assert!(problems.iter().any(|one| one.starts_with(problem)), "{head}: {problems:?}");
        }
        let empty = "---\nname: a\ndescription: x\n---\n \n";
        assert_eq!(check("a", empty).unwrap_err().len(), 1);
        assert_eq!(check("a", "# Title").unwrap_err().len(), 1);
        let large = skill("name: a\ndescription: x") + &"x".repeat(SKILL_BYTES_MAX);
        assert_eq!(check("a", &large).unwrap_err(), ["SKILL.md must have at most 256000 bytes"]);
    }
}
