//! A document and its parts.

use std::path::{Path, PathBuf};

/// A Markdown file of the repository.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    /// From the repository's root, with slashes.
    pub(crate) path: String,
    pub(crate) content: String,
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Text {
    pub(crate) fn read(path: &str) -> Self {
        let content = std::fs::read_to_string(root().join(path)).expect(path);
        Self { path: path.to_owned(), content }
    }

    /// All Markdown files in a folder, at any depth, sorted.
    pub(crate) fn below(folder: &str) -> Vec<Self> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(root().join(folder)).expect(folder).flatten() {
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                found.extend(Self::below(&path));
            } else if path.to_ascii_lowercase().ends_with(".md") {
                found.push(Self::read(&path));
            }
        }
        found.sort_by(|one, other| one.path.cmp(&other.path));
        found
    }

    /// The pairs of the front matter, each on one line, and what follows it.
    pub(crate) fn front_matter(&self) -> Option<(Vec<(&str, &str)>, &str)> {
        let (head, body) = self.content.strip_prefix("---\n")?.split_once("\n---\n")?;
        let pairs: Option<_> = head.lines().map(|line| line.split_once(": ")).collect();
        Some((pairs?, body))
    }

    /// Lines of code blocks; one that ends in a backslash goes on in the next.
    pub(crate) fn code_lines(&self) -> Vec<String> {
        let blocks = self.content.split("```").skip(1).step_by(2);
        let lines = blocks.flat_map(|block| {
            let joined = block.replace("\\\n", " ");
            joined.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
        });
        lines.collect()
    }

    /// Inline code outside of code blocks.
    pub(crate) fn spans(&self) -> Vec<String> {
        let prose: String = self.content.split("```").step_by(2).collect::<Vec<_>>().join("\n");
        prose.split('`').skip(1).step_by(2).map(|span| span.replace("\\|", "|")).collect()
    }
}
