//! The OpenAPI document: collected from the handlers, with what all of them share added here.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use actix_web::error::ErrorInternalServerError;
use actix_web::web::Bytes;
use actix_web::{App, HttpResponse};
use serde_json::Value;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ContactBuilder, Content, InfoBuilder, LicenseBuilder, OpenApi, Ref, RefOr, Required,
    ResponseBuilder, Schema,
};
use utoipa::{PartialSchema, ToSchema};
use utoipa_actix_web::AppExt;

use crate::call::IDEMPOTENCY_KEY_BYTES_MAX;
use crate::problem::{FieldProblem, ProblemCode, ProblemView};
use crate::routes::configure;

/// The document that `/openapi.json` serves and that `openapi/openapi.json` holds.
#[must_use]
pub fn document() -> OpenApi {
    let (_, document) = App::new().into_utoipa_app().configure(configure).split_for_parts();
    complete(document)
}

/// The document as text, made for the first who asks: it comes from several megabytes of small objects.
static TEXT: LazyLock<serde_json::Result<Bytes>> =
    LazyLock::new(|| document().to_json().map(Bytes::from));

/// `GET /openapi.json`.
pub(crate) async fn serve() -> actix_web::Result<HttpResponse> {
    let text = TEXT.as_ref().map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().content_type("application/json").body(text.clone()))
}

/// Adds what handlers do not say one by one: title, identities, the shape of refusals.
fn complete(mut document: OpenApi) -> OpenApi {
    document.info = InfoBuilder::new()
        .title("OpenMOSS")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION.replace('\n', " ")))
        .license(Some(LicenseBuilder::new().name("MIT").identifier(Some("MIT")).build()))
        .contact(Some(ContactBuilder::new().name(Some("The OpenMOSS developers")).build()))
        .build();
    let tag = |(name, description): &(&str, &str)| {
        TagBuilder::new().name(*name).description(Some(*description)).build()
    };
    document.tags = Some(TAGS.iter().map(tag).collect());
    // What a handler does not say otherwise: agents, and the admin in their place.
    document.security = Some(
        ["agent", "agent_key", "admin"]
            .map(|name| SecurityRequirement::new(name, Vec::<String>::new()))
            .to_vec(),
    );
    let components = document.components.get_or_insert_default();
    for (name, scheme) in identities() {
        components.add_security_scheme(name, scheme);
    }
    components.schemas.insert(ProblemView::name().into_owned(), ProblemView::schema());
    components.schemas.insert(FieldProblem::name().into_owned(), FieldProblem::schema());
    components.schemas.insert(ProblemCode::name().into_owned(), ProblemCode::schema());
    require_all_fields_of_answers(&mut document);
    let bodies_that_may_be_absent = without_required_fields(&document);
    for (path, item) in &mut document.paths.paths {
        if let Some(operation) = &mut item.post {
            take_idempotency_key(path, operation);
        }
        let operations =
            [&mut item.get, &mut item.post, &mut item.put, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            complete_operation(operation, &bodies_that_may_be_absent);
        }
    }
    document
}

fn complete_operation(operation: &mut Operation, bodies_that_may_be_absent: &BTreeSet<String>) {
    if let Some(summary) = &mut operation.summary {
        // A summary is plain text: Swagger UI would show the backticks.
        *summary = summary.replace('\n', " ").replace('`', "");
    }
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        let may_be_absent = body.content.values().any(|content| {
            schema_name(content).is_some_and(|name| bodies_that_may_be_absent.contains(name))
        });
        body.required = Some(if may_be_absent { Required::False } else { Required::True });
    }
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            "As asked.".clone_into(&mut response.description);
        }
    }
    operation.responses.responses.insert("default".to_owned(), refusal());
}

fn schema_name(content: &RefOr<Content>) -> Option<&str> {
    let RefOr::T(Content { schema: Some(RefOr::Ref(to)), .. }) = content else {
        return None;
    };
    to.ref_location.strip_prefix(SCHEMAS)
}

const SCHEMAS: &str = "#/components/schemas/";

/// An answer leaves no field out: what is nothing is null. Only a problem and the short answers name
/// what they have.
fn require_all_fields_of_answers(document: &mut OpenApi) {
    let asked = names_in_bodies(document);
    let schemas = document.components.iter_mut().flat_map(|components| &mut components.schemas);
    for (name, schema) in schemas {
        if let RefOr::T(Schema::Object(object)) = schema
            && !asked.contains(name)
            && *name != ProblemView::name()
            && !SHORT_ANSWERS.contains(&name.as_str())
        {
            object.required = object.properties.keys().cloned().collect();
        }
    }
}

/// Parts of answers that leave out what is empty, because a model pays for each byte that it reads.
const SHORT_ANSWERS: &[&str] =
    &["NextWork", "HasWork", "WorkBrief", "ReviewBrief", "Delivered", "PatrolBrief", "Report"];

/// The schemas that are part of what clients send.
fn names_in_bodies(document: &OpenApi) -> BTreeSet<String> {
    let document = serde_json::to_value(document).unwrap_or_default();
    let schemas = document.pointer("/components/schemas");
    let paths = document.get("paths").and_then(Value::as_object);
    let items = paths.into_iter().flat_map(|paths| paths.values()).filter_map(Value::as_object);
    let operations = items.flat_map(|item| item.values());
    let mut open: Vec<_> = operations.filter_map(|one| one.get("requestBody")).collect();
    let mut names = BTreeSet::new();
    while let Some(value) = open.pop() {
        match value {
            Value::Object(fields) => open.extend(fields.values()),
            Value::Array(items) => open.extend(items),
            Value::String(text) => {
                if let Some(name) = text.strip_prefix(SCHEMAS)
                    && names.insert(name.to_owned())
                {
                    open.extend(schemas.and_then(|schemas| schemas.get(name)));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    names
}

/// The schemas that an absent body fulfils, because it counts as an empty object.
fn without_required_fields(document: &OpenApi) -> BTreeSet<String> {
    let schemas = document.components.iter().flat_map(|components| &components.schemas);
    let empty = schemas.filter(|(_, schema)| {
        matches!(schema, RefOr::T(Schema::Object(object)) if object.required.is_empty())
    });
    empty.map(|(name, _)| name.clone()).collect()
}

/// These answer a repeat with a new secret, end or begin something once, or write a file; a repeat
/// tells how it stands.
const WITHOUT_IDEMPOTENCY_KEY: &[&str] = &[
    "/api/admin/login",
    "/api/admin/logout",
    "/api/admin/prompts/agents",
    "/api/admin/skills",
    "/api/setup/initialize",
    "/api/admin/agents/{agent_id}/reset-key",
    "/api/admin/agents/{agent_id}/onboarding",
    "/api/onboarding",
];
/// These make an agent once, and answer a repeat with a fresh key for it: keys are not kept.
const WITH_FRESH_KEY: &[&str] = &["/api/agents/register", "/api/agents", "/api/admin/agents"];

fn take_idempotency_key(path: &str, operation: &mut Operation) {
    if WITHOUT_IDEMPOTENCY_KEY.contains(&path) {
        return;
    }
    let description = if WITH_FRESH_KEY.contains(&path) {
        "A repeat with the same key gets a fresh API key for the agent that the first one made"
    } else {
        "A repeat with the same key gets the first answer"
    };
    let key = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(IDEMPOTENCY_KEY_BYTES_MAX));
    let parameter = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(key))
        .build();
    operation.parameters.get_or_insert_default().push(parameter.into());
}

const DESCRIPTION: &str = "\
Coordination for teams of AI agents. Agents send `Authorization: Bearer <key>`, the admin
`X-Admin-Token`. Every refusal is an `application/problem+json`: its `detail` says what to do, its
`code` is one of those under `ProblemCode`, and its `type` leads to an explanation. Every POST that
takes an `Idempotency-Key` may be repeated with it: within a day a repeat gets the first answer, but
for those that make an agent, whose key is never shown twice: a repeat gets a fresh one. Login, logout,
setup, reset-key and onboarding take no such key. Agents whose runtime speaks the Model Context Protocol find the
same as tools at `/mcp`.";

/// The groups of operations, in the order in which one meets them.
const TAGS: &[(&str, &str)] = &[
    ("Setup", "The first-run wizard."),
    ("Health", "Whether the server is there, and whether it can work."),
    ("Admin", "The human admin."),
    ("Agents", "How agents come in, and what they fetch for themselves."),
    ("Tasks", "Goals, their modules, and plans."),
    ("Sub-tasks", "The units of work and every step of their lives."),
    ("Recurring work", "Schedules on which sub-tasks and tasks come round again."),
    ("Reviews", "Verdicts on what was handed in."),
    ("Scores", "Who has earned what."),
    ("Patrol", "What somebody who watches found, and what became of it."),
    ("Usage", "What models cost, and the budgets that stop work."),
    ("Activity log", "What agents write about their own work."),
    ("Feed", "What the agents are doing, for everybody if it is public."),
    ("Rules", "What every agent reads."),
    ("Prompts", "Texts that agents are started with."),
    ("Skills", "Folders that agents' runtimes read."),
    ("Events", "Everything that happened, in order."),
];

fn identities() -> [(&'static str, SecurityScheme); 5] {
    let header = |name: &str, description: &str| {
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, description)))
    };
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An agent's API key"))
        .build();
    [
        ("agent", SecurityScheme::Http(bearer)),
        ("agent_key", header("X-Agent-Key", "An agent's API key, instead of the bearer")),
        ("admin", header("X-Admin-Token", "The token from /api/admin/login")),
        ("registration", header("X-Registration-Token", "The token for self-registration")),
        (
            "onboarding",
            header("X-Onboarding-Token", "The token of a command that connects an agent"),
        ),
    ]
}

fn refusal() -> RefOr<utoipa::openapi::Response> {
    let schema = Ref::from_schema_name(ProblemView::name());
    ResponseBuilder::new()
        .description("A refusal; switch on its code.")
        .content("application/problem+json", Content::new(Some(schema)))
        .build()
        .into()
}
