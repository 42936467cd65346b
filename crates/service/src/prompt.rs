//! Prompts: files below `prompts/` that agents are started with. An edited file is served at once.
//!
//! `prompts/templates/` has one text for each role, `prompts/agents/` one for each agent, with
//! YAML front matter. `prompts/zh-CN/` mirrors both; what is not there is the English one.

mod file;

use chrono_tz::Tz;
use openmoss_domain::prompt::{
    Language, PromptStatus, compose, fill, is_slug, slug_for, slug_moved_to,
};
use openmoss_domain::{Agent, Fields, Role, text};

use self::file::{AgentFile, Head};
use crate::Service;
use crate::content::Found;
use crate::context::Context;
use crate::error::ServiceError;

/// Longest prompt, in bytes.
pub const PROMPT_BYTES_MAX: usize = 256 * 1024;
/// What existing files may have before the role in a template's name.
const OLD_PREFIX: &str = "task-";
/// What stands in a prompt where an agent's key belongs.
const KEY: &str = "<your API key>";
/// What stands in a text where the agent has no name yet.
const NAME: &str = "<your name>";
/// What stands for the token while no agent may register itself.
const NO_REGISTRATION: &str = "<self-registration is off: ask the admin for a key>";

/// What stands for the token in the prompt of an agent that has its key already.
const CONNECTED: &str = "<not needed: you are registered>";

/// The text that a role begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The role; for other files in the folder, their name.
    pub role: String,
    /// The file's name.
    pub filename: String,
    /// Markdown.
    pub content: String,
    /// In which language.
    pub language: Language,
    /// Whether it is the one in the program.
    pub is_built_in: bool,
}

/// The prompt of one agent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "what a file says, each by itself")]
pub struct AgentPrompt {
    /// The file's name without its ending.
    pub slug: String,
    /// The agent's name.
    pub name: String,
    /// Its role, if the file says one that exists.
    pub role: Option<Role>,
    /// In words.
    pub description: String,
    /// The day when it was written, as `YYYY-MM-DD`; empty: unknown.
    pub created_at: String,
    /// Whether it is an example.
    pub is_example: bool,
    /// Whether the role's template comes before it when it is composed.
    pub has_template: bool,
    /// Whether the file has front matter.
    pub has_front_matter: bool,
    /// How the file is.
    pub status: PromptStatus,
    /// Why it cannot be read.
    pub problem: Option<String>,
    /// Markdown; the whole file when it cannot be read.
    pub content: String,
    /// In which language.
    pub language: Language,
    /// Whether it is the one in the program.
    pub is_built_in: bool,
}

/// A new prompt, as it came in.
#[derive(Debug, Clone)]
pub struct NewPrompt {
    /// Its slug; the role is put before it.
    pub slug: String,
    /// The agent's name.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// In words.
    pub description: String,
    /// Markdown.
    pub content: String,
    /// Whether the role's template comes before it when it is composed.
    pub has_template: bool,
}

/// What is to change of a prompt; `None` keeps.
#[derive(Debug, Clone, Default)]
pub struct PromptEdit {
    /// The agent's name.
    pub name: Option<String>,
    /// Its role; the file gets a new name.
    pub role: Option<Role>,
    /// In words.
    pub description: Option<String>,
    /// Markdown.
    pub content: Option<String>,
    /// Whether the role's template comes before it.
    pub has_template: Option<bool>,
}

fn not_found() -> ServiceError {
    ServiceError::not_found("prompt")
}

/// The folder of one kind of prompts in one language.
fn folder(language: Language, kind: &str) -> String {
    match language {
        Language::English => format!("prompts/{kind}"),
        Language::Chinese => format!("prompts/{language}/{kind}"),
    }
}

/// Where a text in this language is looked for, the best place first.
fn languages(wanted: Language) -> &'static [Language] {
    match wanted {
        Language::English => &[Language::English],
        Language::Chinese => &[Language::Chinese, Language::English],
    }
}

fn agent_path(language: Language, slug: &str) -> String {
    format!("{}/{slug}.md", folder(language, "agents"))
}

impl Service {
    /// One template for each role, by file name; other files of the folder too.
    #[must_use]
    pub fn list_templates(&self, language: Language) -> Vec<Template> {
        let mut names: Vec<String> = self
            .prompt_names(language, "templates")
            .iter()
            .map(|stem| stem.strip_prefix(OLD_PREFIX).unwrap_or(stem).to_owned())
            .collect();
        names.sort();
        names.dedup();
        let mut found: Vec<_> =
            names.iter().filter_map(|name| self.template(name, language)).collect();
        found.sort_by(|a, b| a.filename.cmp(&b.filename));
        found
    }

    /// The template of a role.
    ///
    /// # Errors
    /// When there is none.
    pub fn find_template(&self, role: &str, language: Language) -> Result<Template, ServiceError> {
        self.template(role, language).ok_or_else(not_found)
    }

    /// What lies on disk wins over the program, whichever of its two names it has.
    fn template(&self, role: &str, language: Language) -> Option<Template> {
        let read = |language, name: String, look: &dyn Fn(&str) -> Option<Found>| {
            let found = look(&format!("{}/{name}", folder(language, "templates")))?;
            Some(Template {
                role: role.to_owned(),
                filename: name,
                content: found.text().into_owned(),
                language,
                is_built_in: found.is_built_in,
            })
        };
        if !is_slug(role) {
            return None;
        }
        languages(language).iter().find_map(|&language| {
            let on_disk = |path: &str| self.library.on_disk(path);
            read(language, format!("{role}.md"), &on_disk)
                .or_else(|| read(language, format!("{OLD_PREFIX}{role}.md"), &on_disk))
                .or_else(|| {
                    read(language, format!("{role}.md"), &crate::content::Library::built_in)
                })
        })
    }

    /// Writes the template of a role. Returns its file's name.
    ///
    /// # Errors
    /// When the text is too long or the file cannot be written.
    pub fn set_template(
        &self,
        cx: &Context,
        role: Role,
        language: Language,
        content: &str,
    ) -> Result<String, ServiceError> {
        let mut fields = Fields::default();
        check_content(&mut fields, content);
        fields.finish()?;
        let filename = format!("{role}.md");
        let path = format!("{}/{filename}", folder(language, "templates"));
        let _changing = self.library.change();
        self.write_content(&path, content.as_bytes())?;
        self.tell_content_changed(cx, "written", &path)?;
        Ok(filename)
    }

    /// Every agent's prompt, by file name. Those that cannot be read say why.
    #[must_use]
    pub fn list_agent_prompts(&self, language: Language) -> Vec<AgentPrompt> {
        let names = self.prompt_names(language, "agents");
        names.iter().filter_map(|slug| self.agent_prompt(slug, language)).collect()
    }

    /// One agent's prompt.
    ///
    /// # Errors
    /// When there is none.
    pub fn find_agent_prompt(
        &self,
        slug: &str,
        language: Language,
    ) -> Result<AgentPrompt, ServiceError> {
        if !is_slug(slug) {
            return Err(not_found());
        }
        self.agent_prompt(slug, language).ok_or_else(not_found)
    }

    fn agent_prompt(&self, slug: &str, language: Language) -> Option<AgentPrompt> {
        languages(language).iter().find_map(|&language| {
            let found = self.library.find(&agent_path(language, slug))?;
            Some(AgentFile::of(slug, &found).prompt(language, found.is_built_in))
        })
    }

    /// Writes the prompt of a new agent. Returns its slug.
    ///
    /// # Errors
    /// Names each wrong field; a slug that is taken; a file that cannot be written.
    pub fn create_agent_prompt(
        &self,
        cx: &Context,
        language: Language,
        new: &NewPrompt,
    ) -> Result<String, ServiceError> {
        let mut fields = Fields::default();
        let slug = fields.keep(slug_for(new.role, new.slug.trim_matches(' ')));
        let head = Head {
            name: fields.keep(text::name("name", &new.name)),
            role: Some(new.role),
            description: fields.keep(text::text("description", new.description.trim())),
            created_at: self.today(),
            has_template: new.has_template,
            ..Head::default()
        };
        check_content(&mut fields, &new.content);
        fields.finish()?;
        let path = agent_path(language, &slug);
        let _changing = self.library.change();
        if self.library.find(&path).is_some() {
            return Err(ServiceError::AlreadyExists(format!("there is a prompt {slug} already")));
        }
        self.write_content(&path, head.file(&new.content).as_bytes())?;
        self.tell_content_changed(cx, "written", &path)?;
        Ok(slug)
    }

    /// Changes an agent's prompt. A file whose name does not begin with its role gets a new name.
    /// Returns its slug afterwards.
    ///
    /// # Errors
    /// Names each wrong field; no such prompt; a new name that is taken or impossible.
    pub fn edit_agent_prompt(
        &self,
        cx: &Context,
        slug: &str,
        language: Language,
        edit: &PromptEdit,
    ) -> Result<String, ServiceError> {
        let _changing = self.library.change();
        let before = self.find_agent_prompt(slug, language)?;
        let path = agent_path(before.language, slug);
        let found = self.library.find(&path).ok_or_else(not_found)?;
        let mut file = AgentFile::of(slug, &found);
        let mut fields = Fields::default();
        let role = edit.role.or(before.role);
        if role.is_none() {
            fields.push("role", "is required: the file does not say one");
        }
        let head = &mut file.head;
        head.role = role;
        if let Some(name) = &edit.name {
            head.name = fields.keep(text::name("name", name));
        }
        if let Some(description) = &edit.description {
            head.description = fields.keep(text::text("description", description.trim()));
        }
        if let Some(has_template) = edit.has_template {
            head.has_template = has_template;
        }
        let content = edit.content.as_ref().unwrap_or(&before.content);
        if before.status == PromptStatus::Unreadable && edit.content.is_none() {
            fields.push("content", "is required: the file cannot be read");
        }
        check_content(&mut fields, content);
        let moved = fields.keep(role.map_or(Ok(slug.to_owned()), |role| slug_moved_to(role, slug)));
        fields.finish()?;
        if file.head.created_at.is_empty() {
            file.head.created_at = self.today();
        }
        let text = file.head.file(content);
        if moved == slug {
            self.write_content(&path, text.as_bytes())?;
            self.tell_content_changed(cx, "written", &path)?;
            return Ok(moved);
        }
        self.move_content(cx, &path, &agent_path(before.language, &moved), text.as_bytes())?;
        Ok(moved)
    }

    /// Deletes an agent's prompt. Whether the program's own one is there in its place now.
    ///
    /// # Errors
    /// When there is none, or only the program's own.
    pub fn delete_agent_prompt(
        &self,
        cx: &Context,
        slug: &str,
        language: Language,
    ) -> Result<bool, ServiceError> {
        let _changing = self.library.change();
        let prompt = self.find_agent_prompt(slug, language)?;
        let path = agent_path(prompt.language, slug);
        if prompt.is_built_in {
            return Err(ServiceError::BuiltIn(path));
        }
        self.delete_content(&path)?;
        self.tell_content_changed(cx, "deleted", &path)?;
        Ok(self.library.find(&path).is_some())
    }

    /// An agent's whole prompt: its role's template if it wants that, its own text, and how to
    /// connect, with all names filled in.
    ///
    /// # Errors
    /// When there is no such prompt, or its file cannot be read.
    pub fn compose_prompt(
        &self,
        slug: &str,
        language: Language,
        base_url: &str,
    ) -> Result<String, ServiceError> {
        let prompt = self.find_agent_prompt(slug, language)?;
        if let Some(reason) = prompt.problem {
            return Err(ServiceError::Unreadable {
                path: agent_path(prompt.language, slug),
                reason,
            });
        }
        let role = prompt.role;
        let template = role
            .filter(|_| prompt.has_template)
            .and_then(|role| self.template(role.as_str(), language));
        let connection = self.content(&self.connection_path(language))?;
        let whole = compose(
            template.as_ref().map(|template| template.content.as_str()),
            &prompt.content,
            &connection,
        );
        let role = role.map_or("<role>", Role::as_str);
        Ok(self.fill_prompt(&whole, role, &prompt.name, base_url))
    }

    /// How an agent of this role connects, with the registration token: for the admin only.
    ///
    /// # Errors
    /// When the program was built without the text.
    pub fn onboarding(
        &self,
        role: Role,
        language: Language,
        base_url: &str,
    ) -> Result<String, ServiceError> {
        let connection = self.content(&self.connection_path(language))?;
        Ok(self.fill_prompt(connection.trim(), role.as_str(), NAME, base_url))
    }

    fn connection_path(&self, language: Language) -> String {
        let path = |language| match language {
            Language::English => "prompts/onboarding.md".to_owned(),
            Language::Chinese => format!("prompts/{language}/onboarding.md"),
        };
        let mut paths = languages(language).iter().map(|language| path(*language));
        let there = paths.find(|path| self.library.find(path).is_some());
        there.unwrap_or_else(|| path(Language::English))
    }

    /// What an agent is told that has its key already: the prompt of its name, or else its role's
    /// template and its description. Without how to connect, and without the registration token.
    ///
    /// # Errors
    /// When the program was built without the template.
    pub(crate) fn prompt_of_agent(
        &self,
        agent: &Agent,
        language: Language,
        base_url: &str,
    ) -> Result<String, ServiceError> {
        let is_own = |prompt: &AgentPrompt| {
            prompt.name == agent.name && prompt.role == Some(agent.role) && prompt.problem.is_none()
        };
        let own = self.list_agent_prompts(language).into_iter().find(is_own);
        let has_template = own.as_ref().is_none_or(|own| own.has_template);
        let template = if has_template {
            Some(self.find_template(agent.role.as_str(), language)?.content)
        } else {
            None
        };
        let text = own.map_or_else(|| agent.description.clone(), |own| own.content);
        let whole = compose(template.as_deref(), &text, "");
        Ok(self.fill(&whole, agent.role.as_str(), &agent.name, base_url, CONNECTED))
    }

    fn fill_prompt(&self, text: &str, role: &str, name: &str, base_url: &str) -> String {
        let settings = self.settings();
        let agent = &settings.agent;
        let token = agent.registration_token.expose();
        let is_open = agent.allow_registration && !token.is_empty();
        self.fill(text, role, name, base_url, if is_open { token } else { NO_REGISTRATION })
    }

    fn fill(&self, text: &str, role: &str, name: &str, base_url: &str, token: &str) -> String {
        let settings = self.settings();
        fill(
            text,
            &[
                ("workspace_root", &settings.workspace.root),
                ("project_name", &settings.project.name),
                ("base_url", base_url),
                ("api_key", KEY),
                ("role", role),
                ("agent_name", name),
                ("registration_token", token),
            ],
        )
    }

    /// The names, without their ending, of the Markdown files in a folder, in every language that
    /// is looked into. Folders below it are none of them.
    fn prompt_names(&self, language: Language, kind: &str) -> Vec<String> {
        let files = languages(language)
            .iter()
            .flat_map(|language| self.library.files(&folder(*language, kind)));
        let mut stems: Vec<String> = files
            .filter(|file| !file.contains('/'))
            .filter_map(|file| file.strip_suffix(".md").map(str::to_owned))
            .collect();
        stems.sort();
        stems.dedup();
        stems
    }

    /// The day in the configured zone, as `YYYY-MM-DD`.
    fn today(&self) -> String {
        let zone: Tz = self.settings().server.timezone.parse().unwrap_or(Tz::UTC);
        self.now().to_datetime().with_timezone(&zone).date_naive().to_string()
    }
}

fn check_content(fields: &mut Fields, content: &str) {
    if content.len() > PROMPT_BYTES_MAX {
        fields.push("content", format!("must have at most {PROMPT_BYTES_MAX} bytes"));
    }
    if content.contains('\0') {
        fields.push("content", "must not contain null characters");
    }
}
