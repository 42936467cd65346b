//! The lists of keys that people read say what the program does.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::fs;
use std::path::Path;

use openmoss_service::settings::Settings;
use serde_json::Value;

fn text(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(path)).unwrap()
}

/// Every key with its default as JSON.
fn defaults() -> Vec<(String, String)> {
    let settings = serde_json::to_value(Settings::default()).unwrap();
    let mut keys = Vec::new();
    for (section, values) in settings.as_object().unwrap() {
        for (key, value) in values.as_object().unwrap() {
            keys.push((format!("{section}.{key}"), value.to_string()));
        }
    }
    keys.sort();
    keys
}

#[test]
fn the_page_has_every_key_with_its_default_and_no_other() {
    let page = text("docs/configuration.md");
    let table = page.split("\n## ").find(|part| part.starts_with("Keys\n")).unwrap();
    let mut rows = Vec::new();
    for row in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [key, default, meaning] = cells[..] else { panic!("three cells: {row}") };
        assert!(meaning.ends_with('.'), "{row}");
        rows.push((key.replace('`', ""), default.replace('`', "")));
    }
    rows.sort();
    assert_eq!(rows, defaults());
}

#[test]
fn the_example_has_every_key_with_its_default_and_a_comment() {
    let example = text("config.example.yaml");
    let mut section = "";
    let mut keys = Vec::new();
    let mut before = "";
    for line in example.lines() {
        if let Some((key, value)) = line.split_once(':')
            && !key.trim_start().starts_with('#')
        {
            if let Some(key) = key.strip_prefix("  ") {
                let value = match value.trim() {
                    text if text.parse::<Value>().is_ok() => text.to_owned(),
                    text => format!("{text:?}"),
                };
                keys.push((format!("{section}.{key}"), value));
                let is_told = before.starts_with("  #") || section == "webui";
                assert!(is_told, "{section}.{key} has a comment");
            } else {
                section = key;
            }
        }
        before = line;
    }
    keys.sort();
    assert_eq!(keys, defaults());
}
