//! The folder of texts that the team works on.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

/// Most files that the team takes on.
const FILES_MAX: usize = 500;
/// Most folders that become a module each; beyond that, only the outermost ones do.
const FOLDERS_MAX: usize = 100;
/// A larger file is no text for people.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// How deep folders are followed.
const DEPTH_MAX: usize = 16;
/// Folders of other people's files.
const FOREIGN: [&str; 2] = ["node_modules", "target"];

/// The folder and its texts.
#[derive(Debug)]
pub(super) struct Library {
    /// The folder, as an absolute path.
    pub(super) root: PathBuf,
    /// Paths below the folder with `/` between names, in order.
    pub(super) paths: Vec<String>,
    /// How many files there are beyond those that are taken on.
    pub(super) left_out: usize,
}

/// Whether the name is that of a Markdown file.
pub(super) fn is_markdown(path: &str) -> bool {
    has_extension(path, &["md", "markdown"])
}

fn has_extension(path: &str, extensions: &[&str]) -> bool {
    let extension = Path::new(path).extension().unwrap_or_default();
    extensions.iter().any(|one| extension.eq_ignore_ascii_case(one))
}

impl Library {
    /// Looks for texts in `folder` and below. Hidden files and folders are left alone, and links
    /// are not followed.
    pub(super) fn read(folder: &Path) -> io::Result<Self> {
        let root = folder.canonicalize()?;
        let mut paths = Vec::new();
        collect(&root, "", 0, &mut paths)?;
        paths.sort();
        let left_out = paths.len().saturating_sub(FILES_MAX);
        paths.truncate(FILES_MAX);
        Ok(Self { root, paths, left_out })
    }

    /// The files of each folder, by its path below the root; `.` is the root itself.
    pub(super) fn folders(&self) -> BTreeMap<String, Vec<&str>> {
        let folders = self.by_folder(|path| path.rsplit_once('/').map(|(folder, _)| folder));
        if folders.len() <= FOLDERS_MAX {
            return folders;
        }
        let folders = self.by_folder(|path| path.split_once('/').map(|(folder, _)| folder));
        if folders.len() <= FOLDERS_MAX {
            return folders;
        }
        self.by_folder(|_| None)
    }

    fn by_folder<'a>(
        &'a self,
        folder: impl Fn(&'a str) -> Option<&'a str>,
    ) -> BTreeMap<String, Vec<&'a str>> {
        let mut folders: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for path in &self.paths {
            folders.entry(folder(path).unwrap_or(".").to_owned()).or_default().push(path);
        }
        folders
    }
}

fn collect(folder: &Path, prefix: &str, depth: usize, paths: &mut Vec<String>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // A name that is not text, or holds line breaks, cannot stand in a sub-task.
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') || name.chars().any(char::is_control) {
            continue;
        }
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() && depth < DEPTH_MAX && !FOREIGN.contains(&name.as_str()) {
            collect(&entry.path(), &format!("{path}/"), depth + 1, paths)?;
        } else if kind.is_file() && is_text(&entry)? {
            paths.push(path);
        }
    }
    Ok(())
}

fn is_text(entry: &std::fs::DirEntry) -> io::Result<bool> {
    let name = entry.file_name();
    let is_named_so = has_extension(&name.to_string_lossy(), &["md", "markdown", "txt"]);
    if !is_named_so || entry.metadata()?.len() > FILE_BYTES_MAX {
        return Ok(false);
    }
    Ok(std::str::from_utf8(&std::fs::read(entry.path())?).is_ok())
}

/// A path as a link's target.
pub(super) fn encoded(path: &str) -> String {
    let mut link = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            link.push(byte.into());
        } else {
            // Writing to a String cannot fail.
            let _ = write!(link, "%{byte:02X}");
        }
    }
    link
}

/// A link's target as a path.
pub(super) fn decoded(link: &str) -> String {
    let mut bytes = Vec::with_capacity(link.len());
    let mut rest = link.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = (first == b'%').then(|| after.split_at_checked(2)).flatten();
        let byte = digits.and_then(|(digits, after)| {
            let digits = std::str::from_utf8(digits).ok()?;
            Some((u8::from_str_radix(digits, 16).ok()?, after))
        });
        let (byte, after) = byte.unwrap_or((first, after));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_and_other_files_are_not() {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("b.md", &b"x"[..]),
            ("a/c.TXT", b"x"),
            ("a/d e.markdown", b"x"),
            ("a/f.rs", b"x"),
            ("a/latin.txt", b"\xe9"),
            (".git/g.md", b"x"),
            ("node_modules/h.md", b"x"),
        ] {
            let file = folder.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        let library = Library::read(folder.path()).unwrap();
        assert_eq!(library.paths, ["a/c.TXT", "a/d e.markdown", "b.md"]);
        let folders: Vec<_> = library.folders().into_iter().collect();
        assert_eq!(
            folders,
            [(".".to_owned(), vec!["b.md"]), ("a".to_owned(), vec!["a/c.TXT", "a/d e.markdown"])]
        );
    }

    #[test]
    fn many_folders_are_taken_together() {
        let library = |paths: Vec<String>| Library { root: PathBuf::new(), paths, left_out: 0 };
        let deep = library((0..200).map(|i| format!("{}/{i}/x.md", i % 7)).collect());
        assert_eq!(deep.folders().len(), 7);
        let wide = library((0..200).map(|i| format!("{i}/x.md")).collect());
        assert_eq!(wide.folders().len(), 1);
    }

    #[test]
    fn a_path_survives_being_a_link() {
        for path in ["a/b.md", "ä (1) %20 <x>#y?.md", "100%.md", "%zz"] {
            assert_eq!(decoded(&encoded(path)), path);
        }
        assert_eq!(decoded("a%20b%"), "a b%");
    }
}
