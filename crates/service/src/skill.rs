//! Skills: folders with a `SKILL.md` that agents' runtimes read. An edited or added folder below
//! `skills/` is served at once, with a new version.
//!
//! A folder with a `SKILL.md` on disk is the whole skill; else it is the one in the program.

mod archive;
mod rules;

use std::borrow::Cow;

use openmoss_domain::{DomainError, FieldError, Fields, Role};
use sha2::{Digest, Sha256};

use crate::Service;
use crate::content::library::is_plain_path;
use crate::content::{FILE_BYTES_MAX, Library};
use crate::context::Context;
use crate::error::ServiceError;

pub use archive::{pack, unpack};
pub use rules::{Header, SKILL_BYTES_MAX, check, is_skill_name};

/// The file that makes a folder a skill.
pub const SKILL_FILE: &str = "SKILL.md";
/// Most files of a skill.
pub const FILES_MAX: usize = 200;
/// Most bytes of all files of a skill together.
pub const BYTES_MAX: usize = 4 << 20;
/// How many characters of the checksum make a version.
const VERSION_CHARS: usize = 12;

/// A skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skill {
    /// Its folder's name.
    pub name: String,
    /// What it is for, from its front matter.
    pub description: String,
    /// The beginning of the checksum: another content is another version.
    pub version: String,
    /// SHA-256 over the names and contents of all files.
    pub checksum: String,
    /// Whether it is the one in the program.
    pub is_built_in: bool,
    /// What keeps runtimes from taking it; empty: nothing.
    pub problems: Vec<String>,
    /// Its files by path, `SKILL.md` among them.
    pub files: Vec<SkillFile>,
}

/// A file of a skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillFile {
    /// From the skill's folder, such as `references/CONFIG.md`.
    pub path: String,
    /// Its content.
    pub bytes: Cow<'static, [u8]>,
}

impl Skill {
    fn new(name: &str, files: Vec<SkillFile>, is_built_in: bool) -> Self {
        let checksum = checksum(&files);
        let skill = files.iter().find(|file| file.path == SKILL_FILE);
        let text = skill.map(|file| String::from_utf8_lossy(&file.bytes)).unwrap_or_default();
        let (description, problems) = match check(name, &text) {
            Ok(header) => (header.description, Vec::new()),
            Err(problems) => (String::new(), problems),
        };
        Self {
            name: name.to_owned(),
            description,
            version: checksum.chars().take(VERSION_CHARS).collect(),
            checksum,
            is_built_in,
            problems,
            files,
        }
    }
}

/// The length of each part comes before it, so that no two skills look the same.
fn checksum(files: &[SkillFile]) -> String {
    let mut hasher = Sha256::new();
    for file in files {
        for part in [file.path.as_bytes(), &file.bytes] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
    }
    hex::encode(hasher.finalize())
}

/// The skill with which agents of a role work.
#[must_use]
pub fn role_skill(role: Role) -> String {
    format!("task-{role}-skill")
}

fn folder(name: &str) -> String {
    format!("skills/{name}")
}

impl Library {
    /// Every skill, by name.
    #[must_use]
    pub fn skills(&self) -> Vec<Skill> {
        let built_in = Self::files_built_in("skills").into_iter();
        let built_in = built_in.filter_map(|path| Some(path.split_once('/')?.0.to_owned()));
        let mut names = self.names("skills");
        names.extend(built_in);
        names.iter().filter_map(|name| self.skill(name)).collect()
    }

    /// The skill of this name.
    #[must_use]
    pub fn skill(&self, name: &str) -> Option<Skill> {
        if !is_skill_name(name) {
            return None;
        }
        let folder = folder(name);
        let is_on_disk = self.on_disk(&format!("{folder}/{SKILL_FILE}")).is_some();
        let paths =
            if is_on_disk { self.files_on_disk(&folder) } else { Self::files_built_in(&folder) };
        let mut left = BYTES_MAX;
        let files: Vec<SkillFile> = paths
            .into_iter()
            .take(FILES_MAX)
            .filter_map(|path| {
                let place = format!("{folder}/{path}");
                let found = if is_on_disk { self.on_disk(&place) } else { Self::built_in(&place) }?;
                left = left.checked_sub(found.bytes.len())?;
                Some(SkillFile { path, bytes: found.bytes })
            })
            .collect();
        let is_there = files.iter().any(|file| file.path == SKILL_FILE);
        is_there.then(|| Skill::new(name, files, !is_on_disk))
    }
}

impl Service {
    /// The skills that agents of this role get beside the role's own, each once. One that is not there
    /// is left out.
    #[must_use]
    pub fn more_skills(&self, role: Role) -> Vec<String> {
        let mut names = Vec::new();
        for name in self.settings().skills.of(role) {
            let is_new = *name != role_skill(role) && !names.contains(name);
            if is_new && self.library.skill(name).is_some() {
                names.push(name.clone());
            }
        }
        names
    }

    /// The roles whose agents get this skill.
    #[must_use]
    pub fn roles_with_skill(&self, name: &str) -> Vec<Role> {
        let settings = self.settings();
        let has = |role: &Role| {
            role_skill(*role) == name || settings.skills.of(*role).iter().any(|one| one == name)
        };
        Role::ALL.iter().copied().filter(has).collect()
    }

    /// Every skill, by name.
    #[must_use]
    pub fn list_skills(&self) -> Vec<Skill> {
        self.library.skills()
    }

    /// One skill.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn find_skill(&self, name: &str) -> Result<Skill, ServiceError> {
        self.library.skill(name).ok_or(ServiceError::not_found("skill"))
    }

    /// Puts an uploaded skill in the place of the one that has its name. A repeat changes nothing.
    ///
    /// # Errors
    /// Names what is wrong with the archive or with its `SKILL.md`.
    pub fn upload_skill(&self, cx: &Context, archive: &[u8]) -> Result<Skill, ServiceError> {
        let skill = unpack(archive).map_err(DomainError::Invalid)?;
        self.install(cx, &skill)
    }

    /// Writes one file of a skill. Of a skill in the program, an edited copy is served from then on.
    ///
    /// # Errors
    /// Names what is wrong with the path or with the `SKILL.md` that it would become.
    pub fn edit_skill_file(
        &self,
        cx: &Context,
        name: &str,
        path: &str,
        content: &str,
    ) -> Result<Skill, ServiceError> {
        let _changing = self.library.change();
        let Skill { mut files, is_built_in, .. } = self.find_skill(name)?;
        let mut fields = Fields::default();
        if !is_plain_path(path) {
            fields.push("path", PATH_RULE);
        }
        if content.len() as u64 > FILE_BYTES_MAX {
            fields.push("content", format!("must have at most {FILE_BYTES_MAX} bytes"));
        }
        if path == SKILL_FILE {
            for problem in check(name, content).err().unwrap_or_default() {
                fields.push("content", problem);
            }
        }
        files.retain(|file| file.path != path);
        files.push(SkillFile { path: path.to_owned(), bytes: Cow::Owned(content.into()) });
        check_size(&files).unwrap_or_else(|error| fields.push("content", error.message));
        fields.finish()?;
        let place = format!("{}/{path}", folder(name));
        if is_built_in {
            self.write_skill(name, &files)?;
        } else {
            self.write_content(&place, content.as_bytes())?;
        }
        self.tell_content_changed(cx, "written", &place)?;
        self.find_skill(name)
    }

    /// Deletes an uploaded or edited skill. Whether the program's own is in its place now.
    ///
    /// # Errors
    /// When there is none, or only the program's own.
    pub fn delete_skill(&self, cx: &Context, name: &str) -> Result<bool, ServiceError> {
        let _changing = self.library.change();
        let folder = folder(name);
        if self.find_skill(name)?.is_built_in {
            return Err(ServiceError::BuiltIn(folder));
        }
        self.delete_content(&folder)?;
        self.tell_content_changed(cx, "deleted", &folder)?;
        Ok(self.library.skill(name).is_some())
    }

    fn install(&self, cx: &Context, skill: &Skill) -> Result<Skill, ServiceError> {
        let _changing = self.library.change();
        if self.library.skill(&skill.name).is_some_and(|there| there.checksum == skill.checksum) {
            return self.find_skill(&skill.name);
        }
        self.write_skill(&skill.name, &skill.files)?;
        self.tell_content_changed(cx, "written", &folder(&skill.name))?;
        self.find_skill(&skill.name)
    }

    fn write_skill(&self, name: &str, files: &[SkillFile]) -> Result<(), ServiceError> {
        let folder = folder(name);
        let files = files.iter().map(|file| (file.path.as_str(), &*file.bytes));
        let written = self.library.replace_folder(&folder, files);
        written.map_err(crate::content::not_writable(&folder))
    }
}

/// What a file's path in a skill must be.
const PATH_RULE: &str = "must be a path such as references/CONFIG.md, of letters, digits, spaces \
                         and . _ -, without hidden parts";

fn check_size(files: &[SkillFile]) -> Result<(), FieldError> {
    let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
    if files.len() > FILES_MAX || bytes > BYTES_MAX {
        let rule =
            format!("a skill may have at most {FILES_MAX} files of together {BYTES_MAX} bytes");
        return Err(FieldError::new("archive", rule));
    }
    Ok(())
}
