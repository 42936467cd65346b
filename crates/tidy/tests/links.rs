//! Links between the repository's own documents lead somewhere.
#![expect(clippy::expect_used, reason = "a test that cannot look has failed")]

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Markdown files that belong to the project.
fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            if !matches!(name.as_str(), "target" | "node_modules" | "dist" | "data")
                && !name.starts_with('.')
            {
                documents(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// The targets of `[text](target)` in a document.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next())
}

#[test]
fn every_relative_link_leads_to_a_file() {
    let mut found = Vec::new();
    documents(&root(), &mut found);
    let mut dead = Vec::new();
    for document in &found {
        let text = std::fs::read_to_string(document).expect("UTF-8");
        for target in targets(&text) {
            let path = target.split('#').next().unwrap_or_default();
            if path.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let base = document.parent().expect("a folder");
            if !base.join(path).exists() {
                dead.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(found.len() > 5, "the documents were not found");
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}
