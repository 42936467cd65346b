//! Notes on sub-tasks over HTTP.

use actix_web::{get, post, web};
use openmoss_domain::{ActorKind, AgentId, Note, NoteId, SubTaskId, Timestamp};
use openmoss_service::Page;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call::{Answer, Call};
use crate::page::{PageQuery, PageView};
use crate::problem::Problem;
use crate::sub_tasks::sub_task_id;
use crate::vocabulary;

/// What somebody says about a sub-task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Note)]
pub(super) struct NoteView {
    #[schema(value_type = uuid::Uuid)]
    id: NoteId,
    #[schema(value_type = uuid::Uuid)]
    sub_task_id: SubTaskId,
    /// As what the author wrote it.
    #[schema(value_type = vocabulary::ActorKind)]
    author_kind: ActorKind,
    /// The agent that wrote it; null if an admin did.
    #[schema(value_type = Option<uuid::Uuid>)]
    author_id: Option<AgentId>,
    text: String,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
}

impl From<Note> for NoteView {
    fn from(one: Note) -> Self {
        Self {
            id: one.id,
            sub_task_id: one.sub_task_id,
            author_kind: one.author_kind,
            author_id: one.author_id,
            text: one.text,
            created_at: one.created_at,
        }
    }
}

pub(super) type NotePage = PageView<NoteView>;

/// A new note.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NoteCreate)]
pub(crate) struct NoteBody {
    /// At most 4096 bytes.
    #[schema(min_length = 1, max_length = 4096)]
    pub(crate) text: String,
}

/// Writes a note for whoever works on the sub-task: for an admin, a planner, a reviewer, its owner.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path)), request_body = NoteBody, responses((status = 200, body = NoteView)))]
#[post("/api/sub-tasks/{sub_task_id}/notes")]
pub(super) async fn add_note(call: Call, path: web::Path<String>) -> Answer<NoteView> {
    call.actor(move |known| {
        let body: NoteBody = known.request.json()?;
        Ok(known.service.add_note(&known.cx, sub_task_id(&path)?, &body.text)?.into())
    })
    .await
}

/// The notes on a sub-task, oldest first.
#[utoipa::path(tag = "Sub-tasks", params(("sub_task_id" = String, Path), PageQuery), responses((status = 200, body = NotePage)))]
#[get("/api/sub-tasks/{sub_task_id}/notes")]
pub(super) async fn list_notes(call: Call, path: web::Path<String>) -> Answer<NotePage> {
    call.actor(move |known| {
        let page: PageQuery = known.request.query()?;
        let id = sub_task_id(&path)?;
        page.answer(|window| -> Result<Page<Note>, Problem> {
            Ok(known.service.list_notes(id, window)?)
        })
    })
    .await
}
