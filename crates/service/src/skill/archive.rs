//! Skills as `.zip` files: packed the same from the same files, unpacked with suspicion.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};

use openmoss_domain::FieldError;
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{BYTES_MAX, FILES_MAX, PATH_RULE, SKILL_FILE, Skill, SkillFile, check_size};
use crate::content::FILE_BYTES_MAX;
use crate::content::library::is_plain_path;
use crate::error::ServiceError;

/// What macOS adds to every archive.
const LITTER: [&str; 2] = ["__MACOSX/", ".DS_Store"];
/// Most entries that are looked at, folders and litter among them.
const ENTRIES_MAX: usize = 4 * FILES_MAX;
/// Mode of every packed file.
const MODE: u32 = 0o644;

/// The skill as a `.zip` with one folder in it. The same files make the same bytes: they are in
/// order, all of one time, and not compressed, so that no other version of a library packs them
/// differently.
///
/// # Errors
/// A fault of the program.
pub fn pack(skill: &Skill) -> Result<Vec<u8>, ServiceError> {
    packed(skill).map_err(|error| ServiceError::Internal(format!("a skill to pack: {error}")))
}

fn packed(skill: &Skill) -> ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(MODE);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let mut files: Vec<_> = skill.files.iter().collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    for file in files {
        writer.start_file(format!("{}/{}", skill.name, file.path), options)?;
        writer.write_all(&file.bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// The skill in an archive, whose files lie at its top or in one folder.
///
/// # Errors
/// What is wrong with the archive or with the skill, all of it.
pub fn unpack(archive: &[u8]) -> Result<Skill, Vec<FieldError>> {
    let files = read(archive).map_err(|error| vec![error])?;
    let wrong = |rule: &str| Err(vec![FieldError::new("archive", rule)]);
    let folder = match common_folder(&files) {
        Some(folder) => Some(folder.to_owned()),
        None if files.contains_key(SKILL_FILE) => None,
        None => return wrong("must have a SKILL.md at its top, or in its one folder"),
    };
    let files: Vec<SkillFile> = files
        .into_iter()
        .map(|(path, bytes)| {
            let inside = folder.as_deref().and_then(|folder| path.strip_prefix(folder));
            let path = inside.and_then(|path| path.strip_prefix('/')).unwrap_or(&path).to_owned();
            SkillFile { path, bytes: Cow::Owned(bytes) }
        })
        .collect();
    check_size(&files).map_err(|error| vec![error])?;
    let text = files.iter().find(|file| file.path == SKILL_FILE).map(|file| &file.bytes);
    let Ok(text) = std::str::from_utf8(text.map_or(&[][..], |bytes| bytes)) else {
        return wrong("has a SKILL.md that is not UTF-8 text");
    };
    let name = folder.or_else(|| super::rules::name_in(text)).unwrap_or_default();
    let problems = super::check(&name, text).err().unwrap_or_default();
    if problems.is_empty() {
        return Ok(Skill::new(&name, files, false));
    }
    Err(problems.into_iter().map(|problem| FieldError::new(SKILL_FILE, problem)).collect())
}

/// The one folder at the top that everything is in, if it holds the `SKILL.md`.
fn common_folder(files: &BTreeMap<String, Vec<u8>>) -> Option<&str> {
    let (folder, _) = files.keys().next()?.split_once('/')?;
    let is_inside = |path: &String| path.split_once('/').is_some_and(|(top, _)| top == folder);
    let skill = format!("{folder}/{SKILL_FILE}");
    (files.keys().all(is_inside) && files.contains_key(&skill)).then_some(folder)
}

/// The regular files of an archive by path. Nothing of it is believed: neither names nor lengths.
fn read(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, FieldError> {
    let wrong = |rule: String| FieldError::new("archive", rule);
    let broken = |error: zip::result::ZipError| wrong(format!("is no readable .zip file: {error}"));
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    if archive.len() > ENTRIES_MAX {
        return Err(wrong(format!("must have at most {FILES_MAX} files")));
    }
    let mut files = BTreeMap::new();
    let mut left = BYTES_MAX as u64;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(broken)?;
        let name = entry.name().map_err(broken)?.into_owned();
        if entry.is_dir() || LITTER.iter().any(|litter| name.contains(litter)) {
            continue;
        }
        if !entry.is_file() {
            return Err(wrong(format!("must hold no links: {name:?}")));
        }
        if !is_plain_path(&name) {
            return Err(wrong(format!("has a file {name:?}: its name {PATH_RULE}")));
        }
        // One byte more than may be there tells that there is too much.
        let limit = left.min(FILE_BYTES_MAX);
        let mut content = Vec::new();
        entry
            .take(limit + 1)
            .read_to_end(&mut content)
            .map_err(|error| wrong(format!("is no readable .zip file: {error}")))?;
        if content.len() as u64 > limit {
            return Err(wrong(format!(
                "unpacks to too much: at most {BYTES_MAX} bytes, and {FILE_BYTES_MAX} in one file"
            )));
        }
        left -= content.len() as u64;
        if files.insert(name.clone(), content).is_some() {
            return Err(wrong(format!("has two files {name:?}")));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SKILL: &[u8] = b"---\nname: a\ndescription: x\n---\nDo it.\n";

    fn zip(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
        let options = SimpleFileOptions::default().compression_method(method);
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            writer.start_file(*name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn stored(files: &[(&str, &[u8])]) -> Vec<u8> {
        zip(files, CompressionMethod::Stored)
    }

    fn refused(archive: &[u8]) -> String {
        let errors = unpack(archive).unwrap_err();
        let said = errors.iter().map(|error| format!("{} {}", error.field, error.message));
        said.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn what_was_packed_is_unpacked_and_packs_the_same() {
        let skill = unpack(&stored(&[("a/b/c.md", b"c"), ("a/SKILL.md", SKILL)])).unwrap();
        assert_eq!((skill.name.as_str(), skill.description.as_str()), ("a", "x"));
        let archive = pack(&skill).unwrap();
        assert_eq!(unpack(&archive).unwrap(), skill);
        let mut turned = skill.clone();
        turned.files.reverse();
        assert_eq!(pack(&turned).unwrap(), archive, "in whatever order they came");
        let flat = zip(&[("SKILL.md", SKILL), ("b/c.md", b"c")], CompressionMethod::Deflated);
        assert_eq!(unpack(&flat).unwrap(), skill);
        let litter: [(&str, &[u8]); 3] =
            [("__MACOSX/a/._SKILL.md", b"x"), ("a/.DS_Store", b"x"), ("a/SKILL.md", SKILL)];
        assert_eq!(unpack(&stored(&litter)).unwrap().files.len(), 1);
    }

    #[test]
    fn nothing_climbs_hides_or_comes_twice() {
        for name in ["../x", "a/../../x", "/etc/x", "a\\..\\x", ".git/x", "a/.env", "C:x", "a//b"] {
            let said = refused(&stored(&[("SKILL.md", SKILL), (name, b"x")]));
            assert!(said.starts_with("archive "), "{name}: {said}");
        }
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file("SKILL.md", SimpleFileOptions::default()).unwrap();
        writer.write_all(SKILL).unwrap();
        writer.add_symlink("leak.md", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        let archive = writer.finish().unwrap().into_inner();
        assert!(refused(&archive).contains("no links"));
    }

    #[test]
    fn a_bomb_is_put_down_before_it_bursts() {
        let zeros = vec![0; usize::try_from(FILE_BYTES_MAX).unwrap() + 1];
        let bomb = zip(&[("SKILL.md", SKILL), ("x", &zeros)], CompressionMethod::Deflated);
        assert!(bomb.len() < 10_000);
        assert!(refused(&bomb).contains("too much"));
        let names: Vec<String> = (0..=FILES_MAX).map(|index| format!("f{index}")).collect();
        let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
        let many = [many, vec![("SKILL.md", SKILL)]].concat();
        assert!(refused(&stored(&many)).contains("at most 200 files"));
    }

    #[test]
    fn what_is_no_skill_is_told() {
        assert!(refused(b"").contains("no readable .zip"));
        assert!(refused(b"PK\x03\x04 not really").contains("no readable .zip"));
        assert!(refused(&stored(&[("x.md", b"x")])).contains("must have a SKILL.md"));
        assert!(refused(&stored(&[("a/SKILL.md", SKILL), ("b/x", b"x")])).contains("SKILL.md at"));
        assert!(refused(&stored(&[("SKILL.md", b"\xff")])).contains("UTF-8"));
        let said = refused(&stored(&[("b/SKILL.md", SKILL)]));
        assert!(said.starts_with("SKILL.md name must be the folder's: b"), "{said}");
        assert!(refused(&stored(&[("SKILL.md", b"# hi")])).starts_with("SKILL.md it must begin"));
        let truncated = stored(&[("SKILL.md", SKILL)]);
        for length in 0..truncated.len() {
            assert!(unpack(&truncated[..length]).is_err(), "{length}");
        }
    }
}
