//! The file of an agent's prompt: what its front matter says, and what is wrong with it.

use openmoss_domain::Role;
use openmoss_domain::error::UnknownToken;
use openmoss_domain::prompt::{Language, PromptStatus, is_slug, role_of_slug};
use serde_json::{Map, Value};

use super::AgentPrompt;
use crate::content::{Found, front_matter};

/// What the front matter says.
#[derive(Debug, Clone, Default)]
pub(super) struct Head {
    pub(super) name: String,
    pub(super) role: Option<Role>,
    pub(super) description: String,
    pub(super) created_at: String,
    pub(super) is_example: bool,
    pub(super) has_template: bool,
    /// What is not ours to know, and is kept.
    pub(super) rest: Map<String, Value>,
}

/// A file as it was found.
#[derive(Debug, Clone)]
pub(super) struct AgentFile {
    slug: String,
    pub(super) head: Head,
    has_front_matter: bool,
    problem: Option<String>,
    content: String,
}

impl Head {
    /// # Errors
    /// Why it cannot be understood.
    fn read(head: &str) -> Result<Self, String> {
        let mut rest = front_matter::read(head)?;
        let role = text(&mut rest, "role")?;
        let role = match role.as_str() {
            "" => None,
            role => Some(role.parse().map_err(|UnknownToken { expected }| {
                format!("its role must be one of: {expected}, not {role:?}")
            })?),
        };
        Ok(Self {
            role,
            name: text(&mut rest, "name")?,
            description: text(&mut rest, "description")?,
            created_at: text(&mut rest, "created_at")?,
            is_example: rest.remove("example").is_some_and(|value| value == true),
            has_template: rest.remove("template").is_some_and(|value| value == true),
            rest,
        })
    }

    /// The whole file, its keys in order (the contract, section 8).
    pub(super) fn file(&self, content: &str) -> String {
        let mut head = self.rest.clone();
        let mut set = |key: &str, value: Value| head.insert(key.to_owned(), value);
        set("name", self.name.as_str().into());
        set("role", self.role.map_or("", Role::as_str).into());
        set("description", self.description.as_str().into());
        set("created_at", self.created_at.as_str().into());
        set("example", self.is_example.into());
        if self.has_template {
            set("template", true.into());
        }
        front_matter::join(&head, content)
    }
}

/// The text of a key, which may look like a number; absent is empty.
fn text(head: &mut Map<String, Value>, key: &str) -> Result<String, String> {
    match head.remove(key) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.trim().to_owned()),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string()),
        Some(Value::Array(_) | Value::Object(_)) => Err(format!("its {key} must be a text")),
    }
}

impl AgentFile {
    pub(super) fn of(slug: &str, found: &Found) -> Self {
        let whole = found.text().into_owned();
        let parts = front_matter::split(&whole);
        let mut head = parts.map_or_else(|| Ok(Head::default()), |(head, _)| Head::read(head));
        if std::str::from_utf8(&found.bytes).is_err() {
            head = Err("it is not UTF-8 text".to_owned());
        } else if !is_slug(slug) {
            head = Err("its name must be of a-z, 0-9 and -: rename the file".to_owned());
        }
        let (head, problem) = match head {
            Ok(head) => (head, None),
            Err(problem) => (Head::default(), Some(problem)),
        };
        let body = parts.filter(|_| problem.is_none()).map_or(whole.as_str(), |(_, body)| body);
        Self {
            slug: slug.to_owned(),
            has_front_matter: parts.is_some(),
            problem,
            content: body.trim().to_owned(),
            head,
        }
    }

    pub(super) fn prompt(self, language: Language, is_built_in: bool) -> AgentPrompt {
        let status = self.status();
        let role = self.head.role.or_else(|| role_of_slug(&self.slug));
        let name = if self.head.name.is_empty() { self.slug.clone() } else { self.head.name };
        AgentPrompt {
            slug: self.slug,
            name,
            role,
            description: self.head.description,
            created_at: self.head.created_at,
            is_example: self.head.is_example,
            has_template: self.head.has_template,
            has_front_matter: self.has_front_matter,
            status,
            problem: self.problem,
            content: self.content,
            language,
            is_built_in,
        }
    }

    fn status(&self) -> PromptStatus {
        if self.problem.is_some() {
            PromptStatus::Unreadable
        } else if !self.has_front_matter {
            PromptStatus::Unconfigured
        } else if self.head.role.is_some_and(|role| role_of_slug(&self.slug) != Some(role)) {
            PromptStatus::RenameSuggested
        } else {
            PromptStatus::Ok
        }
    }
}
