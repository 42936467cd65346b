//! The configuration file on disk: finding, first writing, reading and safe rewriting.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::edit;

/// The file that is read when none is named.
pub(super) const DEFAULT_PATH: &str = "config.yaml";
/// The variable that names the file.
pub(super) const PATH_VARIABLE: &str = "OPENMOSS_CONFIG";

/// What the file is at first.
const EXAMPLE: &str = include_str!("../../../../config.example.yaml");
/// A file longer than this is not ours.
const BYTES_MAX: u64 = 1024 * 1024;

/// Why a file is not a text that we read.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is not UTF-8.
    #[error("is not UTF-8 text")]
    NotText {
        /// Counted from 1.
        line: usize,
    },
    /// It is too long.
    #[error("is longer than 1 MiB, which no configuration is")]
    TooLong,
}

/// The text of the file; `None`: there is none.
pub(super) fn read(path: &Path) -> Result<Option<String>, FileError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut bytes = Vec::new();
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > BYTES_MAX) {
        return Err(FileError::TooLong);
    }
    String::from_utf8(bytes).map(Some).map_err(|error| {
        let good = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
        FileError::NotText { line: 1 + good.filter(|byte| **byte == b'\n').count() }
    })
}

/// Writes the first file, with a registration token of its own. A file that is already there
/// stays, whoever wrote it, and counts as success: `false`.
pub(super) fn create(path: &Path) -> io::Result<bool> {
    let token = format!("{:032x}", rand::random::<u128>());
    let text = edit::replace_text(EXAMPLE, "agent", "registration_token", &token)
        .map_err(io::Error::other)?;
    let folder = folder(path);
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => {}
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(error.error),
    }
    sync_folder(folder);
    Ok(true)
}

/// Puts `new` in place of `old`, whole or not at all. The file keeps its owner and mode, and a
/// link stays a link.
pub(super) fn rewrite(path: &Path, old: &str, new: &str) -> io::Result<()> {
    let target: PathBuf = fs::canonicalize(path)?;
    let metadata = fs::metadata(&target)?;
    if metadata.permissions().readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
    }
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let folder = folder(&target);
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(new.as_bytes())?;
    keep_owner(file.as_file(), &metadata)?;
    file.as_file().set_permissions(metadata.permissions())?;
    file.as_file().sync_all()?;
    if fs::read(&target)? != old.as_bytes() {
        return Err(io::Error::other("somebody changed it at this moment"));
    }
    file.persist(&target).map_err(|error| error.error)?;
    sync_folder(folder);
    Ok(())
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    }
}

#[cfg(unix)]
fn keep_owner(file: &File, metadata: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};

    let own = file.metadata()?;
    if (own.uid(), own.gid()) == (metadata.uid(), metadata.gid()) {
        return Ok(());
    }
    fchown(file, Some(metadata.uid()), Some(metadata.gid()))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature as on unix")]
fn keep_owner(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Makes the new name durable where a folder can be opened; elsewhere the system does it in time.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::super::yaml;
    use super::*;

    fn token(text: &str) -> String {
        let root = yaml::parse(text).unwrap().unwrap().to_json();
        root["agent"]["registration_token"].as_str().unwrap().to_owned()
    }

    #[test]
    fn the_first_file_is_the_example_with_a_token_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        assert!(create(&path).unwrap());
        let text = read(&path).unwrap().unwrap();
        let token = token(&text);
        assert_eq!(token.len(), 32);
        assert!(token.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')), "{token}");
        assert_eq!(text.replacen(&token, "", 1), EXAMPLE);

        let other = folder.path().join("other.yaml");
        assert!(create(&other).unwrap());
        assert_ne!(self::token(&read(&other).unwrap().unwrap()), token);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
    }

    #[test]
    fn an_existing_file_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        fs::write(&path, "server: {port: 1}\n").unwrap();
        assert!(!create(&path).unwrap());
        assert_eq!(read(&path).unwrap().unwrap(), "server: {port: 1}\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn of_many_first_launches_at_once_one_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        let barrier = Barrier::new(8);
        let launch = || {
            barrier.wait();
            let created = create(&path).unwrap();
            (created, read(&path).unwrap().unwrap())
        };
        let all: Vec<(bool, String)> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(launch)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(all.iter().filter(|(created, _)| *created).count(), 1);
        assert!(all.iter().all(|(_, text)| *text == all[0].1), "all read the same token");
    }

    #[test]
    fn what_is_not_a_text_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        assert!(read(&path).unwrap().is_none());
        fs::write(&path, b"a: 1\nb: \xff\n").unwrap();
        assert!(matches!(read(&path), Err(FileError::NotText { line: 2 })));
        fs::write(&path, vec![b'#'; 1024 * 1024 + 1]).unwrap();
        assert!(matches!(read(&path), Err(FileError::TooLong)));
        assert!(matches!(read(folder.path()), Err(FileError::Io(_))));
    }

    #[test]
    fn a_file_that_changed_meanwhile_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        fs::write(&path, "a: 2\n").unwrap();
        assert!(rewrite(&path, "a: 1\n", "a: 3\n").is_err());
        assert_eq!(read(&path).unwrap().unwrap(), "a: 2\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    mod unix {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

        use super::*;

        fn mode(path: &Path) -> u32 {
            fs::metadata(path).unwrap().permissions().mode() & 0o7777
        }

        #[test]
        fn the_first_file_is_for_its_owner_alone() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("config.yaml");
            create(&path).unwrap();
            assert_eq!(mode(&path), 0o600);
        }

        #[test]
        fn a_rewrite_keeps_mode_owner_and_link() {
            let folder = tempfile::tempdir().unwrap();
            let (real, link) = (folder.path().join("real.yaml"), folder.path().join("config.yaml"));
            fs::write(&real, "a: 1\n").unwrap();
            fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
            symlink("real.yaml", &link).unwrap();
            let before = fs::metadata(&real).unwrap();
            rewrite(&link, "a: 1\n", "a: 2\n").unwrap();
            let after = fs::metadata(&real).unwrap();
            assert_eq!(fs::read_to_string(&real).unwrap(), "a: 2\n");
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(mode(&real), 0o640);
            assert_eq!((before.uid(), before.gid()), (after.uid(), after.gid()));
        }

        #[test]
        fn a_read_only_file_is_not_rewritten() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("config.yaml");
            fs::write(&path, "a: 1\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
            let error = rewrite(&path, "a: 1\n", "a: 2\n").unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
            assert_eq!(read(&path).unwrap().unwrap(), "a: 1\n");
        }

        #[test]
        fn a_link_to_nowhere_is_not_followed() {
            let folder = tempfile::tempdir().unwrap();
            let link = folder.path().join("config.yaml");
            symlink("nowhere.yaml", &link).unwrap();
            assert!(!create(&link).unwrap());
            assert!(read(&link).unwrap().is_none());
        }
    }
}
