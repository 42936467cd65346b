//! Texts that agents download: the client, the role skills, the example rule. A file below
//! `content.root` wins; what is missing there comes from the program itself.

pub(crate) mod front_matter;
pub(crate) mod library;

use std::io;

use openmoss_domain::{Event, EventKind, Role};

use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;
use crate::skill::role_skill;
use crate::step::append;
pub use library::{FILE_BYTES_MAX, FILES_MAX, Found, Library};

const CLIENT: &str = "skills/task-cli.py";
const GLOBAL_RULE: &str = "rules/global-rule-example.md";
/// What the agent's key replaces in a skill (part of the contract, section 7).
const KEY_PLACEHOLDER: &str = "<注册后填入>";

/// The client script, ready to run against one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The script.
    pub text: String,
    /// Its version.
    pub version: Option<i64>,
}

impl Service {
    pub(crate) fn content(&self, path: &str) -> Result<String, ServiceError> {
        let found = self.library.find(path);
        let found = found.ok_or_else(|| ServiceError::Internal(format!("there is no {path}")))?;
        Ok(found.text().into_owned())
    }

    /// The client script with `base_url` as the address that it talks to.
    ///
    /// # Errors
    /// When the script has no line to put the address into.
    pub fn client(&self, base_url: &str) -> Result<Client, ServiceError> {
        let text = self.content(CLIENT)?;
        let value_of = |name: &str| {
            text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_prefix('='))
        };
        let version = value_of("CLI_VERSION").and_then(|value| value.trim().parse().ok());
        let line = text.lines().find(|line| line.starts_with("BASE_URL = "));
        let line = line.ok_or_else(|| {
            ServiceError::Internal("skills/task-cli.py has no BASE_URL line".to_owned())
        })?;
        // A JSON string is a Python string, so no address can break out of the quotes.
        let replaced = format!("BASE_URL = {}", serde_json::Value::from(base_url));
        Ok(Client { text: text.replacen(line, &replaced, 1), version })
    }

    /// The skill of a role, with the agent's key filled in.
    ///
    /// # Errors
    /// When the program was built without it.
    pub fn skill(&self, role: Role, key: &str) -> Result<String, ServiceError> {
        let path = format!("skills/{}/SKILL.md", role_skill(role));
        Ok(self.content(&path)?.replace(KEY_PLACEHOLDER, key))
    }

    /// The text that becomes the global rule at the first start.
    pub(crate) fn global_rule_example(&self) -> Result<String, ServiceError> {
        self.content(GLOBAL_RULE)
    }

    pub(crate) fn write_content(&self, path: &str, bytes: &[u8]) -> Result<(), ServiceError> {
        self.library.write(path, bytes).map_err(not_writable(path))
    }

    pub(crate) fn delete_content(&self, path: &str) -> Result<(), ServiceError> {
        self.library.delete(path).map_err(not_writable(path))
    }

    /// Writes a file under a new name and removes the old one. The new one is there first, so that
    /// nothing is lost between the two.
    ///
    /// # Errors
    /// When the new name is taken, or the old file is the program's own.
    pub(crate) fn move_content(
        &self,
        cx: &Context,
        from: &str,
        to: &str,
        bytes: &[u8],
    ) -> Result<(), ServiceError> {
        if self.library.find(to).is_some() {
            return Err(ServiceError::AlreadyExists(format!("there is a file {to} already")));
        }
        if Library::built_in(from).is_some() {
            return Err(ServiceError::BuiltIn(from.to_owned()));
        }
        self.write_content(to, bytes)?;
        self.delete_content(from)?;
        self.tell_content_changed(cx, "written", to)?;
        self.tell_content_changed(cx, "deleted", from)
    }

    /// Notes in the event log who changed which file, after it is done: a file is no part of a
    /// transaction.
    pub(crate) fn tell_content_changed(
        &self,
        cx: &Context,
        change: &'static str,
        path: &str,
    ) -> Result<(), ServiceError> {
        let event = Event::new(EventKind::ContentChanged, cx.actor, self.now())
            .with("change", change)
            .with("path", path);
        self.store.write(move |writer| append(writer, &event))
    }
}

pub(crate) fn not_writable(path: &str) -> impl FnOnce(io::Error) -> ServiceError {
    move |error| {
        tracing::warn!(%error, path, "a file cannot be written");
        // The system's own words may hold a path of this machine; ours do not.
        let is_ours = error.kind() == io::ErrorKind::InvalidInput;
        let reason = if is_ours { error.to_string() } else { error.kind().to_string() };
        ServiceError::NotWritable { path: path.to_owned(), reason }
    }
}
