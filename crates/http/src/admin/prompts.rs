//! Prompts over HTTP: the roles' templates, the agents' prompts, and both put together.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, Responder, delete, get, post, put, web};
use openmoss_domain::Role;
use openmoss_domain::prompt::{Language, PromptStatus};
use openmoss_service::prompt::{AgentPrompt, NewPrompt, PromptEdit, Template};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::call::{Answer, Call, Known};
use crate::problem::Problem;
use crate::tools::MessageView;
use crate::vocabulary;

/// In which language.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LanguageQuery {
    /// What there is not in it comes in English.
    #[param(value_type = Option<vocabulary::Language>, default = "en")]
    lang: Option<Language>,
}

fn language(known: &Known<'_>) -> Result<Language, Problem> {
    let query: LanguageQuery = known.request.query()?;
    Ok(query.lang.unwrap_or(Language::English))
}

/// The text that a role begins with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PromptTemplate)]
struct TemplateView {
    role: String,
    filename: String,
    content: String,
    #[schema(value_type = vocabulary::Language)]
    language: Language,
    /// Whether it is the one in the program.
    is_built_in: bool,
}

impl From<Template> for TemplateView {
    fn from(one: Template) -> Self {
        Self {
            role: one.role,
            filename: one.filename,
            content: one.content,
            language: one.language,
            is_built_in: one.is_built_in,
        }
    }
}

/// The new text.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = PromptTemplateEdit)]
struct TemplateBody {
    #[schema(max_length = 262_144)]
    content: String,
}

/// A template that was written.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PromptTemplateEdited)]
struct TemplateWrittenView {
    role: String,
    filename: String,
}

/// An agent's prompt, without its text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PromptItem)]
#[expect(clippy::struct_excessive_bools, reason = "the contract's names")]
struct ItemView {
    slug: String,
    filename: String,
    name: String,
    /// Empty when the file says none that exists.
    role: String,
    description: String,
    /// A day, `YYYY-MM-DD`; empty when the file says none.
    created_at: String,
    example: bool,
    has_frontmatter: bool,
    #[schema(value_type = vocabulary::PromptStatus)]
    status: PromptStatus,
    /// Why the file cannot be read.
    problem: Option<String>,
    /// Whether the role's template comes before it when it is composed.
    template: bool,
    #[schema(value_type = vocabulary::Language)]
    language: Language,
    /// Whether it is the one in the program.
    is_built_in: bool,
}

/// An agent's prompt.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Prompt)]
#[expect(clippy::struct_excessive_bools, reason = "the contract's names")]
struct PromptView {
    slug: String,
    filename: String,
    name: String,
    /// Empty when the file says none that exists.
    role: String,
    description: String,
    /// A day, `YYYY-MM-DD`; empty when the file says none.
    created_at: String,
    example: bool,
    has_frontmatter: bool,
    #[schema(value_type = vocabulary::PromptStatus)]
    status: PromptStatus,
    /// Why the file cannot be read; then the content is the whole file.
    problem: Option<String>,
    /// Whether the role's template comes before it when it is composed.
    template: bool,
    #[schema(value_type = vocabulary::Language)]
    language: Language,
    /// Whether it is the one in the program.
    is_built_in: bool,
    content: String,
}

impl From<AgentPrompt> for ItemView {
    fn from(one: AgentPrompt) -> Self {
        let PromptView {
            slug,
            filename,
            name,
            role,
            description,
            created_at,
            example,
            has_frontmatter,
            status,
            problem,
            template,
            language,
            is_built_in,
            content: _,
        } = one.into();
        Self {
            slug,
            filename,
            name,
            role,
            description,
            created_at,
            example,
            has_frontmatter,
            status,
            problem,
            template,
            language,
            is_built_in,
        }
    }
}

impl From<AgentPrompt> for PromptView {
    fn from(one: AgentPrompt) -> Self {
        Self {
            filename: filename(&one.slug),
            slug: one.slug,
            name: one.name,
            role: one.role.map_or_else(String::new, |role| role.to_string()),
            description: one.description,
            created_at: one.created_at,
            example: one.is_example,
            has_frontmatter: one.has_front_matter,
            status: one.status,
            problem: one.problem,
            template: one.has_template,
            language: one.language,
            is_built_in: one.is_built_in,
            content: one.content,
        }
    }
}

fn filename(slug: &str) -> String {
    format!("{slug}.md")
}

/// A new prompt.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = PromptCreate)]
struct CreateBody {
    /// Of `a-z`, `0-9` and `-`; the role is put before it.
    slug: String,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    #[schema(value_type = vocabulary::Role)]
    role: Role,
    #[serde(default)]
    description: String,
    #[schema(max_length = 262_144)]
    content: String,
    /// Whether the role's template comes before it when it is composed.
    #[serde(default)]
    template: bool,
}

impl From<CreateBody> for NewPrompt {
    fn from(body: CreateBody) -> Self {
        Self {
            slug: body.slug,
            name: body.name,
            role: body.role,
            description: body.description,
            content: body.content,
            has_template: body.template,
        }
    }
}

/// What is to change; what is null or absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = PromptEdit)]
struct EditBody {
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Another role renames the file.
    #[schema(value_type = Option<vocabulary::Role>)]
    role: Option<Role>,
    description: Option<String>,
    #[schema(max_length = 262_144)]
    content: Option<String>,
    /// Whether the role's template comes before it when it is composed.
    template: Option<bool>,
}

impl From<EditBody> for PromptEdit {
    fn from(body: EditBody) -> Self {
        Self {
            name: body.name,
            role: body.role,
            description: body.description,
            content: body.content,
            has_template: body.template,
        }
    }
}

/// Where a prompt is now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PromptWritten)]
struct WrittenView {
    slug: String,
    filename: String,
}

impl WrittenView {
    fn new(slug: String) -> Self {
        Self { filename: filename(&slug), slug }
    }
}

/// The one creation that the contract answers with 201.
struct Created(WrittenView);

impl Responder for Created {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut response = web::Json(self.0).respond_to(request).map_into_boxed_body();
        *response.status_mut() = StatusCode::CREATED;
        response
    }
}

/// A whole prompt.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ComposedPrompt)]
struct ComposedView {
    slug: String,
    prompt: String,
}

/// How an agent connects.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Onboarding)]
struct OnboardingView {
    role: String,
    content: String,
}

/// The roles' templates, one for each.
#[utoipa::path(tag = "Prompts", params(LanguageQuery), responses((status = 200, body = Vec<TemplateView>)), security(("admin" = [])))]
#[get("/api/admin/prompts/templates")]
async fn list_prompt_templates(call: Call) -> Answer<Vec<TemplateView>> {
    call.admin(|known| {
        let templates = known.service.list_templates(language(known)?);
        Ok(templates.into_iter().map(TemplateView::from).collect())
    })
    .await
}

/// A role's template.
#[utoipa::path(tag = "Prompts", params(("role" = String, Path), LanguageQuery), responses((status = 200, body = TemplateView)), security(("admin" = [])))]
#[get("/api/admin/prompts/templates/{role}")]
async fn find_prompt_template(call: Call, role: web::Path<String>) -> Answer<TemplateView> {
    call.admin(move |known| Ok(known.service.find_template(&role, language(known)?)?.into())).await
}

/// Writes a role's template; it is served at once.
#[utoipa::path(tag = "Prompts", params(("role" = vocabulary::Role, Path), LanguageQuery), request_body = TemplateBody, responses((status = 200, body = TemplateWrittenView)), security(("admin" = [])))]
#[put("/api/admin/prompts/templates/{role}")]
async fn edit_prompt_template(call: Call, role: web::Path<String>) -> Answer<TemplateWrittenView> {
    call.admin(move |known| {
        let TemplateBody { content } = known.request.json()?;
        let (role, language) = (known_role(&role)?, language(known)?);
        let filename = known.service.set_template(&known.cx, role, language, &content)?;
        Ok(TemplateWrittenView { role: role.to_string(), filename })
    })
    .await
}

fn known_role(text: &str) -> Result<Role, Problem> {
    text.parse().map_err(|error: openmoss_domain::error::UnknownToken| {
        Problem::field("role", error.to_string())
    })
}

/// The agents' prompts, by file name, without their texts.
#[utoipa::path(tag = "Prompts", params(LanguageQuery), responses((status = 200, body = Vec<ItemView>)), security(("admin" = [])))]
#[get("/api/admin/prompts/agents")]
async fn list_agent_prompts(call: Call) -> Answer<Vec<ItemView>> {
    call.admin(|known| {
        let prompts = known.service.list_agent_prompts(language(known)?);
        Ok(prompts.into_iter().map(ItemView::from).collect())
    })
    .await
}

/// An agent's prompt. A file that cannot be read comes whole, with the reason.
#[utoipa::path(tag = "Prompts", params(("slug" = String, Path), LanguageQuery), responses((status = 200, body = PromptView)), security(("admin" = [])))]
#[get("/api/admin/prompts/agents/{slug}")]
async fn find_agent_prompt(call: Call, slug: web::Path<String>) -> Answer<PromptView> {
    call.admin(move |known| Ok(known.service.find_agent_prompt(&slug, language(known)?)?.into()))
        .await
}

/// Writes the prompt of a new agent.
#[utoipa::path(tag = "Prompts", params(LanguageQuery), request_body = CreateBody, responses((status = 201, body = WrittenView)), security(("admin" = [])))]
#[post("/api/admin/prompts/agents")]
async fn create_agent_prompt(call: Call) -> Result<Created, Problem> {
    let written = call.admin(|known| {
        let body: CreateBody = known.request.json()?;
        let language = language(known)?;
        let slug = known.service.create_agent_prompt(&known.cx, language, &body.into())?;
        Ok(WrittenView::new(slug))
    });
    Ok(Created(written.await?.into_inner()))
}

/// Changes an agent's prompt; another role renames its file.
#[utoipa::path(tag = "Prompts", params(("slug" = String, Path), LanguageQuery), request_body = EditBody, responses((status = 200, body = WrittenView)), security(("admin" = [])))]
#[put("/api/admin/prompts/agents/{slug}")]
async fn edit_agent_prompt(call: Call, slug: web::Path<String>) -> Answer<WrittenView> {
    call.admin(move |known| {
        let body: EditBody = known.request.json()?;
        let (cx, language) = (&known.cx, language(known)?);
        let slug = known.service.edit_agent_prompt(cx, &slug, language, &body.into())?;
        Ok(WrittenView::new(slug))
    })
    .await
}

/// Deletes an agent's prompt. Those in the program stay.
#[utoipa::path(tag = "Prompts", params(("slug" = String, Path), LanguageQuery), responses((status = 200, body = MessageView)), security(("admin" = [])))]
#[delete("/api/admin/prompts/agents/{slug}")]
async fn delete_agent_prompt(call: Call, slug: web::Path<String>) -> Answer<MessageView> {
    call.admin(move |known| {
        let language = language(known)?;
        let is_back = known.service.delete_agent_prompt(&known.cx, &slug, language)?;
        Ok(MessageView::new(if is_back {
            "The prompt is deleted; the program's own is in its place again."
        } else {
            "The prompt is deleted."
        }))
    })
    .await
}

/// An agent's whole prompt: template, own text, and how to connect, with all names filled in.
#[utoipa::path(tag = "Prompts", params(("slug" = String, Path), LanguageQuery), responses((status = 200, body = ComposedView)), security(("admin" = [])))]
#[get("/api/admin/prompts/compose/{slug}")]
async fn compose_prompt(call: Call, slug: web::Path<String>) -> Answer<ComposedView> {
    call.admin(move |known| {
        let (base, language) = (&known.request.base_url, language(known)?);
        let prompt = known.service.compose_prompt(&slug, language, base)?;
        Ok(ComposedView { slug: slug.into_inner(), prompt })
    })
    .await
}

/// How an agent of a role connects, with the registration token.
#[utoipa::path(tag = "Prompts", params(("role" = vocabulary::Role, Path), LanguageQuery), responses((status = 200, body = OnboardingView)), security(("admin" = [])))]
#[get("/api/admin/prompts/onboarding/{role}")]
async fn find_onboarding(call: Call, role: web::Path<String>) -> Answer<OnboardingView> {
    call.admin(move |known| {
        let (role, language) = (known_role(&role)?, language(known)?);
        let content = known.service.onboarding(role, language, &known.request.base_url)?;
        Ok(OnboardingView { role: role.to_string(), content })
    })
    .await
}

pub(crate) fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(list_prompt_templates)
        .service(find_prompt_template)
        .service(edit_prompt_template)
        .service(list_agent_prompts)
        .service(find_agent_prompt)
        .service(create_agent_prompt)
        .service(edit_agent_prompt)
        .service(delete_agent_prompt)
        .service(compose_prompt)
        .service(find_onboarding);
}
