//! Texts that agents download: the client, the role skills, the example rule. A file below
//! `content.root` wins; what is missing there comes from the program itself.

use std::path::Path;

use openmoss_domain::Role;

use crate::Service;
use crate::error::ServiceError;

const CLIENT: (&str, &str) = ("skills/task-cli.py", include_str!("../../../skills/task-cli.py"));
const GLOBAL_RULE: (&str, &str) =
    ("rules/global-rule-example.md", include_str!("../../../rules/global-rule-example.md"));
/// What the agent's key replaces in a skill (part of the contract, section 7).
const KEY_PLACEHOLDER: &str = "<注册后填入>";

const fn skill(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::Planner => (
            "skills/task-planner-skill/SKILL.md",
            include_str!("../../../skills/task-planner-skill/SKILL.md"),
        ),
        Role::Executor => (
            "skills/task-executor-skill/SKILL.md",
            include_str!("../../../skills/task-executor-skill/SKILL.md"),
        ),
        Role::Reviewer => (
            "skills/task-reviewer-skill/SKILL.md",
            include_str!("../../../skills/task-reviewer-skill/SKILL.md"),
        ),
        Role::Patrol => (
            "skills/task-patrol-skill/SKILL.md",
            include_str!("../../../skills/task-patrol-skill/SKILL.md"),
        ),
    }
}

/// The client script, ready to run against one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The script.
    pub text: String,
    /// Its version.
    pub version: Option<i64>,
}

impl Service {
    fn content(&self, (path, embedded): (&str, &'static str)) -> String {
        let root = self.settings().content.root.clone();
        std::fs::read_to_string(Path::new(&root).join(path)).unwrap_or_else(|_| embedded.to_owned())
    }

    /// The client script with `base_url` as the address that it talks to.
    ///
    /// # Errors
    /// When the script has no line to put the address into.
    pub fn client(&self, base_url: &str) -> Result<Client, ServiceError> {
        let text = self.content(CLIENT);
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
    #[must_use]
    pub fn skill(&self, role: Role, key: &str) -> String {
        self.content(skill(role)).replace(KEY_PLACEHOLDER, key)
    }

    /// The text that becomes the global rule at the first start.
    pub(crate) fn global_rule_example(&self) -> String {
        self.content(GLOBAL_RULE)
    }
}
