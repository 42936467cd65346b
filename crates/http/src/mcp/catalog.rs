//! The table of tools: which there are, for whom, and what clients are told of them.

use std::sync::{Arc, LazyLock};

use openmoss_domain::{FieldError, Role};
use rmcp::model::{JsonObject, Tool as Described, ToolAnnotations};

use super::arguments::Arguments;
use super::{Told, Turn, next, planning, reading, reviewing, watching, working};
use crate::problem::Problem;

/// One tool.
pub(super) struct Tool {
    /// What a model calls it by.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// One line, by which a search among many tools finds it.
    pub(super) description: &'static str,
    pub(super) roles: &'static [Role],
    pub(super) effect: Effect,
    pub(super) arguments: fn() -> JsonObject,
    pub(super) run: fn(&Turn<'_>, Arguments) -> Told,
}

/// What a call does to the world. None of ours loses anything, and none leaves this server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    Reads,
    /// The same again changes nothing more.
    Sets,
    /// The same again adds once more.
    Adds,
}

const TABLES: &[&[Tool]] = &[
    next::TOOLS,
    reading::TOOLS,
    working::TOOLS,
    reviewing::TOOLS,
    planning::TOOLS,
    watching::TOOLS,
];

/// Built once: each description with its tool.
static DESCRIBED: LazyLock<Vec<(&'static Tool, Described)>> = LazyLock::new(|| {
    let tools = TABLES.iter().flat_map(|table| table.iter());
    tools.map(|tool| (tool, tool.described())).collect()
});

/// What a client is told of the tools of `role`.
pub(super) fn listed(role: Role) -> Vec<&'static Described> {
    let own = DESCRIBED.iter().filter(|(tool, _)| tool.roles.contains(&role));
    own.map(|(_, described)| described).collect()
}

/// The tool of this name, whosever it is.
pub(super) fn find(name: &str) -> Option<&'static Tool> {
    DESCRIBED.iter().find(|(tool, _)| tool.name == name).map(|(tool, _)| *tool)
}

impl Tool {
    fn described(&self) -> Described {
        let annotations = ToolAnnotations::new()
            .read_only(self.effect == Effect::Reads)
            .destructive(false)
            .idempotent(self.effect != Effect::Adds)
            .open_world(false);
        Described::new(self.name, self.description, Arc::new((self.arguments)()))
            .with_title(self.title)
            .with_annotations(annotations)
    }

    /// Does it, for whoever may.
    pub(super) fn call(&self, turn: &Turn<'_>, arguments: Arguments) -> Told {
        let role = turn.agent.role;
        if !self.roles.contains(&role) {
            let whose: Vec<_> = self.roles.iter().map(|role| role.as_str()).collect();
            let yours: Vec<_> = listed(role).iter().map(|tool| tool.name.as_ref()).collect();
            let (whose, yours) = (whose.join(" or "), yours.join(", "));
            let name = self.name;
            let detail =
                format!("{name} is for the role {whose}, and yours is {role}; use {yours}");
            return Err(Problem::new("role_not_allowed", detail));
        }
        self.check_names(&arguments)?;
        (self.run)(turn, arguments)
    }

    /// A misspelt argument is told, whatever the body would make of it: a model that is not told
    /// believes that it was heard.
    fn check_names(&self, Arguments(given): &Arguments) -> Result<(), Problem> {
        let described = DESCRIBED.iter().find(|(tool, _)| tool.name == self.name);
        let known = described.and_then(|(_, one)| one.input_schema.get("properties")?.as_object());
        let is_known = |name: &str| known.is_some_and(|known| known.contains_key(name));
        let unknown = given.keys().filter(|name| !is_known(name));
        let errors: Vec<_> =
            unknown.map(|name| FieldError::new(name, "is not a known argument")).collect();
        if errors.is_empty() { Ok(()) } else { Err(Problem::invalid(errors)) }
    }
}
