//! Files that a test compares with what the code says, and writes when `BLESS` is set.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// A file of this repository.
pub(crate) fn file(from_crate: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(from_crate)
}

/// Compares the file with `expected`, or writes it when `BLESS` is set.
#[track_caller]
pub(crate) fn compare(path: &Path, expected: &str) {
    if env::var_os("BLESS").is_some() {
        assert!(fs::write(path, expected).is_ok(), "cannot write {}", path.display());
        return;
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    let wrong = expected.lines().zip(found.lines()).find(|(expected, found)| expected != found);
    assert!(
        found == expected,
        "{} is not what the code says.\nfirst difference: {wrong:#?}\n\
         If the change is meant: BLESS=1 cargo test -p openmoss-domain, and review the diff.",
        path.display()
    );
}
