//! Changing skills: upload a `.zip`, edit a file, delete.

use actix_web::{delete, post, put, web};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call::{Answer, Call};
use crate::skills::SkillView;
use crate::tools::MessageView;

/// A file of a skill.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SkillFileEdit)]
#[serde(deny_unknown_fields)]
struct FileBody {
    /// From the skill's folder, such as `references/CONFIG.md`.
    path: String,
    /// The whole file.
    content: String,
}

/// Puts the skill in a `.zip` file in place of the one that has its name. The archive holds a
/// `SKILL.md` at its top or in its one folder; a repeat changes nothing.
#[utoipa::path(tag = "Skills", request_body(content = Vec<u8>, content_type = "application/zip"), responses((status = 200, body = SkillView)), security(("admin" = [])))]
#[post("/api/admin/skills")]
async fn upload_skill(call: Call) -> Answer<SkillView> {
    call.admin(|known| {
        let skill = known.service.upload_skill(&known.cx, &known.request.body)?;
        Ok(SkillView::of(known.service, skill))
    })
    .await
}

/// Writes one file of a skill; the new version is served at once.
#[utoipa::path(tag = "Skills", params(("name" = String, Path)), request_body = FileBody, responses((status = 200, body = SkillView)), security(("admin" = [])))]
#[put("/api/admin/skills/{name}/files")]
async fn edit_skill_file(call: Call, name: web::Path<String>) -> Answer<SkillView> {
    call.admin(move |known| {
        let FileBody { path, content } = known.request.json()?;
        let skill = known.service.edit_skill_file(&known.cx, &name, &path, &content)?;
        Ok(SkillView::of(known.service, skill))
    })
    .await
}

/// Deletes an uploaded or edited skill. Those in the program stay.
#[utoipa::path(tag = "Skills", params(("name" = String, Path)), responses((status = 200, body = MessageView)), security(("admin" = [])))]
#[delete("/api/admin/skills/{name}")]
async fn delete_skill(call: Call, name: web::Path<String>) -> Answer<MessageView> {
    call.admin(move |known| {
        let is_back = known.service.delete_skill(&known.cx, &name)?;
        Ok(MessageView::new(if is_back {
            "The skill is deleted; the program's own is in its place again."
        } else {
            "The skill is deleted."
        }))
    })
    .await
}

pub(crate) fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(upload_skill).service(edit_skill_file).service(delete_skill);
}
