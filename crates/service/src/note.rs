//! Notes on sub-tasks: what an admin or an agent says to whoever works on one.

use openmoss_domain::note::{check_author, checked_text};
use openmoss_domain::{DomainError, Event, EventKind, Note, NoteId, SubTaskId};
use openmoss_storage::{Page, Window, note, sub_task};

use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;
use crate::id::fresh;
use crate::step::append;

impl Service {
    /// Writes a note. Nothing else about the sub-task changes: talk is no sign of progress.
    pub fn add_note(
        &self,
        cx: &Context,
        sub_task_id: SubTaskId,
        text: &str,
    ) -> Result<Note, ServiceError> {
        let text = checked_text(text).map_err(DomainError::from)?;
        let stepper = self.stepper(cx);
        let new = Note {
            id: NoteId::from_uuid(fresh()),
            sub_task_id,
            author_kind: stepper.actor.kind(),
            author_id: stepper.actor.agent_id(),
            text,
            created_at: stepper.now,
        };
        self.write(cx, move |writer| {
            let about =
                sub_task::find(writer, sub_task_id)?.ok_or(ServiceError::not_found("sub_task"))?;
            check_author(&about, stepper.actor)?;
            note::insert(writer, &new)?;
            let event = Event::new(EventKind::NoteAdded, stepper.actor, stepper.now)
                .sub_task(about.task_id, sub_task_id)
                .with("note_id", new.id.to_string())
                .with("text", new.text.as_str());
            append(writer, &Event { agent_id: about.owner, ..event })?;
            Ok(new.clone())
        })
    }

    /// A page of the notes on a sub-task, oldest first.
    pub fn list_notes(&self, id: SubTaskId, window: Window) -> Result<Page<Note>, ServiceError> {
        self.read(|reader| {
            let about = sub_task::find(reader, id)?.ok_or(ServiceError::not_found("sub_task"))?;
            Ok(Page { items: note::list(reader, id, window)?, total: about.notes.into() })
        })
    }
}
