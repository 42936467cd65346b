//! What a notification says: gathered when it is sent, so that it names things as they are called
//! then.

use openmoss_domain::event::Payload;
use openmoss_domain::notification::{Delivery, NotificationKind};
use openmoss_domain::prompt::Language;
use openmoss_domain::{PatrolRecordId, Timestamp};
use openmoss_storage::{agent, patrol, sub_task, task};
use serde::Serialize;

use super::wording;
use crate::Service;
use crate::error::ServiceError;
use crate::settings::Settings;

/// Longest text that is quoted, in characters.
const QUOTED_CHARS_MAX: usize = 1_000;

/// Something that has a name.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Named {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// A notification, whole. Serialised it is the body of a `webhook:` channel.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Message {
    /// The same in every try.
    pub(crate) id: String,
    /// Of what kind; `test` for one that was sent to try a channel.
    pub(crate) event: &'static str,
    /// When it happened.
    pub(crate) at: Timestamp,
    /// The project's name.
    pub(crate) project: String,
    /// In one line.
    pub(crate) title: String,
    /// More lines, if there is more to say.
    pub(crate) text: String,
    /// Where the dashboard shows it, if the server knows its own address.
    pub(crate) link: Option<String>,
    pub(crate) task: Option<Named>,
    pub(crate) sub_task: Option<Named>,
    pub(crate) agent: Option<Named>,
    /// The event's details.
    pub(crate) details: Payload,
}

/// What a message is made of.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) task: Option<Named>,
    pub(super) sub_task: Option<Named>,
    pub(super) agent: Option<Named>,
    /// What somebody wrote about it.
    pub(super) said: String,
    /// How bad it is, or why it is blocked: a token.
    pub(super) degree: String,
}

impl Message {
    /// One that says that messages arrive.
    pub(super) fn test(settings: &Settings, now: Timestamp) -> Self {
        let (title, text) = wording::test(language(settings));
        Self {
            id: crate::id::fresh().to_string(),
            event: "test",
            at: now,
            project: settings.project.name.clone(),
            title: title.to_owned(),
            text: text.to_owned(),
            link: link(settings, "/dashboard"),
            task: None,
            sub_task: None,
            agent: None,
            details: Payload::default(),
        }
    }

    /// Everything that it says, in lines of plain text.
    pub(super) fn lines(&self) -> String {
        let heading = format!("[{}] {}", self.project, self.title);
        let parts = [Some(heading.as_str()), Some(self.text.as_str()), self.link.as_deref()];
        let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join("\n")
    }
}

impl Service {
    pub(super) fn message_of(&self, one: &Delivery) -> Result<Message, ServiceError> {
        let settings = self.settings();
        let facts = self.facts_of(one)?;
        let (title, text) = wording::of(language(&settings), one.kind, &facts);
        let path = match (one.task_id, one.kind) {
            (Some(task), _) => format!("/tasks/{task}"),
            (None, _) => "/dashboard".to_owned(),
        };
        Ok(Message {
            id: one.id.to_string(),
            event: one.kind.as_str(),
            at: one.created_at,
            project: settings.project.name.clone(),
            title,
            text,
            link: link(&settings, &path),
            task: facts.task,
            sub_task: facts.sub_task,
            agent: facts.agent,
            details: one.payload.clone(),
        })
    }

    /// Looks up what the event names. What is gone by now has no name.
    fn facts_of(&self, one: &Delivery) -> Result<Facts, ServiceError> {
        let text = |key: &str| {
            let value = one.payload.0.get(key).and_then(|value| value.as_str());
            value.unwrap_or_default().to_owned()
        };
        let is_patrol =
            matches!(one.kind, NotificationKind::PatrolAlert | NotificationKind::AgentSilent);
        let record: Option<PatrolRecordId> = text("record_id").parse().ok().filter(|_| is_patrol);
        self.read(|reader| {
            let task = one.task_id.map(|id| task::find(reader, id)).transpose()?.flatten();
            let sub_task =
                one.sub_task_id.map(|id| sub_task::find(reader, id)).transpose()?.flatten();
            let agent = one.agent_id.map(|id| agent::find(reader, id)).transpose()?.flatten();
            let record = record.map(|id| patrol::find(reader, id)).transpose()?.flatten();
            let said = record.map_or_else(|| text("detail"), |record| record.description);
            Ok(Facts {
                task: task.map(|one| Named { id: one.id.to_string(), name: one.name }),
                sub_task: sub_task.map(|one| Named { id: one.id.to_string(), name: one.name }),
                agent: agent.map(|one| Named { id: one.id.to_string(), name: one.name }),
                said: quoted(&said),
                degree: if is_patrol { text("severity") } else { text("cause") },
            })
        })
    }
}

fn language(settings: &Settings) -> Language {
    settings.delivery.language.parse().unwrap_or(Language::English)
}

fn link(settings: &Settings, path: &str) -> Option<String> {
    let base = &settings.server.external_url;
    (!base.is_empty()).then(|| format!("{base}{path}"))
}

fn quoted(text: &str) -> String {
    if text.chars().count() <= QUOTED_CHARS_MAX {
        return text.to_owned();
    }
    text.chars().take(QUOTED_CHARS_MAX).chain(['…']).collect()
}
