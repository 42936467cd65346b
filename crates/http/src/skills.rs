//! Skills over HTTP, for agents and the admin: what there is, one with its files, one as a `.zip`.

use actix_web::{get, web};
use openmoss_domain::Role;
use openmoss_service::Service;
use openmoss_service::skill::{Skill, SkillFile, pack};
use serde::Serialize;
use utoipa::ToSchema;

use crate::call::{Answer, Call};
use crate::problem::Problem;
use crate::versioned::Versioned;
use crate::vocabulary;

/// A skill, without its files' contents.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SkillItem)]
pub(crate) struct ItemView {
    name: String,
    /// What it is for, and when to use it.
    description: String,
    /// Another content is another version.
    version: String,
    /// SHA-256 over names and contents of its files.
    checksum: String,
    /// Whether it is the one in the program, unchanged.
    is_built_in: bool,
    /// What keeps runtimes from taking it; empty: nothing.
    problems: Vec<String>,
    /// The roles whose agents get it.
    #[schema(value_type = Vec<vocabulary::Role>)]
    roles: Vec<Role>,
    /// The paths of its files.
    files: Vec<String>,
}

/// A skill.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Skill)]
pub(crate) struct SkillView {
    name: String,
    /// What it is for, and when to use it.
    description: String,
    /// Another content is another version.
    version: String,
    /// SHA-256 over names and contents of its files.
    checksum: String,
    /// Whether it is the one in the program, unchanged.
    is_built_in: bool,
    /// What keeps runtimes from taking it; empty: nothing.
    problems: Vec<String>,
    /// The roles whose agents get it.
    #[schema(value_type = Vec<vocabulary::Role>)]
    roles: Vec<Role>,
    files: Vec<FileView>,
}

/// A file of a skill.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SkillFile)]
struct FileView {
    /// From the skill's folder.
    path: String,
    bytes: usize,
    /// Null when it is no text.
    content: Option<String>,
}

impl ItemView {
    fn of(service: &Service, one: Skill) -> Self {
        Self {
            roles: service.roles_with_skill(&one.name),
            name: one.name,
            description: one.description,
            version: one.version,
            checksum: one.checksum,
            is_built_in: one.is_built_in,
            problems: one.problems,
            files: one.files.into_iter().map(|file| file.path).collect(),
        }
    }
}

impl SkillView {
    pub(crate) fn of(service: &Service, one: Skill) -> Self {
        Self {
            roles: service.roles_with_skill(&one.name),
            name: one.name,
            description: one.description,
            version: one.version,
            checksum: one.checksum,
            is_built_in: one.is_built_in,
            problems: one.problems,
            files: one.files.into_iter().map(FileView::from).collect(),
        }
    }
}

impl SkillView {
    /// Another content, or other roles, are another answer.
    fn tag(&self) -> String {
        let roles: Vec<&str> = self.roles.iter().map(|role| role.as_str()).collect();
        [&[self.checksum.as_str()], roles.as_slice()].concat().join("-")
    }
}

impl From<SkillFile> for FileView {
    fn from(one: SkillFile) -> Self {
        let bytes = one.bytes.len();
        Self { path: one.path, bytes, content: String::from_utf8(one.bytes.into_owned()).ok() }
    }
}

/// Every skill, by name. Files that are edited on the server's disk count at once.
#[utoipa::path(tag = "Skills", responses((status = 200, body = Vec<ItemView>)))]
#[get("/api/skills")]
async fn list_skills(call: Call) -> Answer<Vec<ItemView>> {
    call.actor(|known| {
        let skills = known.service.list_skills().into_iter();
        Ok(skills.map(|one| ItemView::of(known.service, one)).collect())
    })
    .await
}

/// A skill with its files.
#[utoipa::path(tag = "Skills", params(("name" = String, Path)), responses((status = 200, body = SkillView), (status = 304, description = "The caller has this version.")))]
#[get("/api/skills/{name}")]
async fn find_skill(call: Call, name: web::Path<String>) -> Result<Versioned, Problem> {
    let found = call.actor(move |known| {
        let view = SkillView::of(known.service, known.service.find_skill(&name)?);
        Versioned::json(view.tag(), &view).map_err(|error| Problem::internal(&error))
    });
    Ok(found.await?.into_inner())
}

/// A skill as a `.zip` for a runtime's skills folder. The same files make the same bytes.
#[utoipa::path(tag = "Skills", params(("name" = String, Path)), responses((status = 200, body = Vec<u8>, content_type = "application/zip"), (status = 304, description = "The caller has this version.")))]
#[get("/api/skills/{name}/zip")]
async fn pack_skill(call: Call, name: web::Path<String>) -> Result<Versioned, Problem> {
    let packed = call.actor(move |known| {
        let skill = known.service.find_skill(&name)?;
        let (tag, filename) = (format!("{}-zip", skill.checksum), format!("{}.zip", skill.name));
        Ok(Versioned::file(tag, "application/zip", filename, pack(&skill)?))
    });
    Ok(packed.await?.into_inner())
}

pub(crate) fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(list_skills).service(find_skill).service(pack_skill);
}
