//! Editable texts as files: what lies below a folder, over what is part of the program.
//!
//! A path is a text such as `skills/task-executor-skill/SKILL.md`. Only plain names get through:
//! nothing hidden, nothing that climbs, and no link that leads out of its section. Every change
//! replaces a whole file, so whoever reads at the same time sees the old one or the new one.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rust_embed::RustEmbed;

/// Largest file that is read, in bytes.
pub const FILE_BYTES_MAX: u64 = 1 << 20;
/// Most files below one folder.
pub const FILES_MAX: usize = 500;
/// How many folders deep a file may lie.
const DEPTH_MAX: usize = 8;
/// Longest name of a file or folder, in bytes.
const NAME_BYTES_MAX: usize = 100;
/// Others may read what is no secret; the umask takes away what it wants.
#[cfg(unix)]
const MODE: u32 = 0o666;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../skills"]
#[exclude = "test_*"]
#[exclude = "*/test_*"]
#[exclude = "fake_*"]
#[exclude = "*__pycache__*"]
struct Skills;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../prompts"]
struct Prompts;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../rules"]
struct Rules;

/// The folder of an installation, over the texts in the program.
#[derive(Debug)]
pub struct Library {
    root: PathBuf,
    /// Who looks before writing holds this, so that nobody writes in between.
    changing: Mutex<()>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its content.
    pub bytes: Cow<'static, [u8]>,
    /// Whether it is the one in the program.
    pub is_built_in: bool,
}

impl Found {
    /// The content as text, with replacement characters where it is none.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

impl Library {
    /// The texts below `root`, which need not exist.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), changing: Mutex::new(()) }
    }

    /// The file at `path`: the one on disk, else the one in the program.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<Found> {
        self.on_disk(path).or_else(|| Self::built_in(path))
    }

    /// The file on disk, unless it is too large or not a regular one.
    #[must_use]
    pub fn on_disk(&self, path: &str) -> Option<Found> {
        let file = File::open(self.resolve(path)?).ok()?;
        let metadata = file.metadata().ok()?;
        if !metadata.is_file() || metadata.len() > FILE_BYTES_MAX {
            return None;
        }
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).ok()?;
        Some(Found { bytes: Cow::Owned(bytes), is_built_in: false })
    }

    /// The file in the program.
    #[must_use]
    pub fn built_in(path: &str) -> Option<Found> {
        let (section, rest) = path.split_once('/')?;
        let file = match section {
            "skills" => Skills::get(rest),
            "prompts" => Prompts::get(rest),
            "rules" => Rules::get(rest),
            _ => None,
        };
        file.map(|file| Found { bytes: file.data, is_built_in: true })
    }

    /// Every file below `folder`, on disk and in the program, as paths from `folder`.
    #[must_use]
    pub fn files(&self, folder: &str) -> BTreeSet<String> {
        let mut found = self.files_on_disk(folder);
        found.extend(Self::files_built_in(folder));
        found
    }

    /// Every file below `folder` on disk, as paths from `folder`; at most [`FILES_MAX`].
    #[must_use]
    pub fn files_on_disk(&self, folder: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open = vec![String::new()];
        let mut looked = 0;
        // A link to a folder above would lead around for ever.
        while let Some(inner) = open.pop().filter(|_| looked < FILES_MAX) {
            looked += 1;
            for name in self.names(&join(folder, &inner)) {
                let path = join(&inner, &name);
                let Some(place) = self.resolve(&join(folder, &path)) else { continue };
                if place.is_dir() && path.matches('/').count() < DEPTH_MAX {
                    open.push(path);
                } else if place.is_file() && found.len() < FILES_MAX {
                    found.insert(path);
                }
            }
        }
        found
    }

    /// Every file below `folder` in the program, as paths from `folder`.
    #[must_use]
    pub fn files_built_in(folder: &str) -> BTreeSet<String> {
        let (section, rest) = folder.split_once('/').unwrap_or((folder, ""));
        let names: Vec<Cow<'static, str>> = match section {
            "skills" => Skills::iter().collect(),
            "prompts" => Prompts::iter().collect(),
            "rules" => Rules::iter().collect(),
            _ => Vec::new(),
        };
        let inside = |name: Cow<'static, str>| {
            if rest.is_empty() {
                return Some(name.into_owned());
            }
            Some(name.strip_prefix(rest)?.strip_prefix('/')?.to_owned())
        };
        names.into_iter().filter_map(inside).collect()
    }

    /// The plain names that lie directly in `folder` on disk, in order.
    #[must_use]
    pub fn names(&self, folder: &str) -> BTreeSet<String> {
        let entries = self.resolve(folder).and_then(|place| fs::read_dir(place).ok());
        let names = entries.into_iter().flatten().filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            is_plain(&name).then_some(name)
        });
        names.take(FILES_MAX).collect()
    }

    /// Lets nobody else change files until the guard goes.
    pub fn change(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a file where `path` says, whole or not at all.
    ///
    /// # Errors
    /// When the system refuses, or the path leads out of its section.
    pub fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let place = self.place_to_write(path)?;
        let folder = place.parent().ok_or_else(outside)?;
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(MODE));
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(&place).map_err(|error| error.error)?;
        sync_folder(folder);
        Ok(())
    }

    /// Removes the file or folder on disk.
    ///
    /// # Errors
    /// When the system refuses, or the path leads out of its section.
    pub fn delete(&self, path: &str) -> io::Result<()> {
        let place = self.place_to_write(path)?;
        // A link is removed, not what it leads to.
        if fs::symlink_metadata(&place)?.is_dir() {
            fs::remove_dir_all(&place)?;
        } else {
            fs::remove_file(&place)?;
        }
        place.parent().map(sync_folder);
        Ok(())
    }

    /// Puts a whole folder where `path` says, in place of the one that is there.
    ///
    /// # Errors
    /// When the system refuses, or the path leads out of its section.
    pub fn replace_folder<'a>(
        &self,
        path: &str,
        files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> io::Result<()> {
        let place = self.place_to_write(path)?;
        let parent = place.parent().ok_or_else(outside)?;
        // Hidden, so that it is nothing for whoever lists the folder meanwhile.
        let new = tempfile::Builder::new().prefix(".new-").tempdir_in(parent)?;
        let inside = Self::new(new.path());
        for (name, bytes) in files {
            inside.write(&format!("skill/{name}"), bytes)?;
        }
        let old = tempfile::Builder::new().prefix(".old-").tempdir_in(parent)?;
        match fs::rename(&place, old.path().join("skill")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        fs::rename(new.path().join("skill"), &place)?;
        sync_folder(parent);
        Ok(())
    }

    /// Where `path` is on disk, if it is there and no link leads out of its section.
    fn resolve(&self, path: &str) -> Option<PathBuf> {
        let section = path.split('/').next()?;
        let place = fs::canonicalize(self.place(path)?).ok()?;
        let section = fs::canonicalize(self.root.join(section)).ok()?;
        place.starts_with(section).then_some(place)
    }

    /// Where a file that need not exist yet would be; its folder exists afterwards.
    fn place_to_write(&self, path: &str) -> io::Result<PathBuf> {
        let place = self.place(path).ok_or_else(outside)?;
        let folder = place.parent().ok_or_else(outside)?;
        let section = self.root.join(path.split('/').next().unwrap_or_default());
        fs::create_dir_all(&section)?;
        let section = fs::canonicalize(section)?;
        // What exists of the way must lie inside before anything is made there.
        let existing = folder.ancestors().find(|folder| folder.exists()).ok_or_else(outside)?;
        if !fs::canonicalize(existing)?.starts_with(&section) {
            return Err(outside());
        }
        fs::create_dir_all(folder)?;
        Ok(place)
    }

    fn place(&self, path: &str) -> Option<PathBuf> {
        is_plain_path(path).then(|| self.root.join(path))
    }
}

/// A path without its empty parts.
fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() || name.is_empty() {
        return format!("{folder}{name}");
    }
    format!("{folder}/{name}")
}

/// Whether every part of `path` is a plain name.
pub(crate) fn is_plain_path(path: &str) -> bool {
    path.split('/').all(is_plain) && path.matches('/').count() <= DEPTH_MAX
}

/// A name that is neither hidden nor special to any file system, nor made by Python on the way.
fn is_plain(name: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | ' ');
    !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && !name.starts_with('.')
        && !name.ends_with(['.', ' '])
        && name.chars().all(fits)
        && name != "__pycache__"
}

fn outside() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "the path leads out of its folder")
}

/// Makes a rename durable where the system can.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        // Some file systems cannot, and the content itself is safe already.
        drop(folder.sync_all());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SKILL: &str = "skills/task-executor-skill/SKILL.md";

    fn library() -> (tempfile::TempDir, Library) {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::new(folder.path().join("content"));
        fs::create_dir(folder.path().join("content")).unwrap();
        (folder, library)
    }

    fn text(library: &Library, path: &str) -> Option<String> {
        library.find(path).map(|found| found.text().into_owned())
    }

    #[test]
    fn a_file_on_disk_wins_at_once_and_gives_way_when_it_goes() {
        let (_folder, library) = library();
        let built_in = library.find(SKILL).unwrap();
        assert!(built_in.is_built_in && built_in.text().contains("name: task-executor-skill"));
        library.write(SKILL, b"mine").unwrap();
        assert_eq!(text(&library, SKILL).as_deref(), Some("mine"));
        library.write(SKILL, b"mine too").unwrap();
        assert_eq!(text(&library, SKILL).as_deref(), Some("mine too"));
        library.delete(SKILL).unwrap();
        assert_eq!(library.find(SKILL), Some(built_in));
    }

    #[test]
    fn whole_folders_are_part_of_the_program_without_tests_and_caches() {
        for folder in ["skills", "prompts", "rules"] {
            let built_in = Library::files_built_in(folder);
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
            let mut on_disk = Library::new(source).files_on_disk(folder);
            let is_test = |part: &str| part.starts_with("test_") || part.starts_with("fake_");
            on_disk.retain(|path| !path.split('/').any(is_test));
            assert_eq!(built_in, on_disk, "{folder}");
            assert!(!built_in.is_empty());
        }
    }

    #[test]
    fn no_path_leads_out() {
        let (folder, library) = library();
        fs::write(folder.path().join("secret"), "s3cret").unwrap();
        fs::write(folder.path().join("content/config.yaml"), "s3cret").unwrap();
        for path in [
            "skills/../../secret",
            "../secret",
            "/etc/passwd",
            "skills//x",
            "skills/./x",
            "skills/.hidden",
            "skills\\x",
            "skills/a\0b",
            "skills/a\n",
            "",
            "skills/",
        ] {
            assert_eq!(library.on_disk(path), None, "{path:?}");
            assert!(library.write(path, b"x").is_err(), "{path:?}");
            assert!(library.delete(path).is_err(), "{path:?}");
        }
        assert_eq!(fs::read_to_string(folder.path().join("secret")).unwrap(), "s3cret");
    }

    #[cfg(unix)]
    #[test]
    fn no_link_leads_out_of_its_section() {
        use std::os::unix::fs::symlink;

        let (folder, library) = library();
        let content = folder.path().join("content");
        fs::write(content.join("config.yaml"), "s3cret").unwrap();
        fs::create_dir_all(content.join("skills/real")).unwrap();
        fs::write(content.join("skills/real/x.md"), "fine").unwrap();
        symlink(content.join("config.yaml"), content.join("skills/leak.md")).unwrap();
        symlink(folder.path(), content.join("skills/up")).unwrap();
        symlink(content.join("skills/real"), content.join("skills/alias")).unwrap();
        assert_eq!(library.on_disk("skills/leak.md"), None);
        assert_eq!(library.on_disk("skills/up/content/config.yaml"), None);
        assert!(library.write("skills/up/new.md", b"x").is_err());
        assert!(!folder.path().join("new.md").exists());
        assert_eq!(text(&library, "skills/alias/x.md").as_deref(), Some("fine"));
        let found = library.files_on_disk("skills");
        assert_eq!(Vec::from_iter(found), ["alias/x.md", "real/x.md"]);
        // Writing to a link replaces the link and leaves its target alone.
        library.write("skills/leak.md", b"mine").unwrap();
        assert_eq!(fs::read_to_string(content.join("config.yaml")).unwrap(), "s3cret");
    }

    #[test]
    fn what_is_too_large_or_no_file_counts_as_absent() {
        let (folder, library) = library();
        let place = folder.path().join("content").join(SKILL);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        let large = usize::try_from(FILE_BYTES_MAX).unwrap() + 1;
        fs::write(&place, vec![b'x'; large]).unwrap();
        assert!(library.find(SKILL).unwrap().is_built_in);
        fs::remove_file(&place).unwrap();
        fs::create_dir(&place).unwrap();
        assert!(library.find(SKILL).unwrap().is_built_in);
    }

    #[test]
    fn a_folder_is_replaced_as_a_whole() {
        let (folder, library) = library();
        let files = |library: &Library| Vec::from_iter(library.files_on_disk("skills/x"));
        library.replace_folder("skills/x", [("SKILL.md", &b"1"[..]), ("a/b.md", b"2")]).unwrap();
        assert_eq!(files(&library), ["SKILL.md", "a/b.md"]);
        library.replace_folder("skills/x", [("SKILL.md", &b"3"[..])]).unwrap();
        assert_eq!(files(&library), ["SKILL.md"]);
        let left = fs::read_dir(folder.path().join("content/skills")).unwrap().count();
        assert_eq!(left, 1, "nothing is left over");
    }
}
