//! The OpenAPI document: collected from the handlers, with what all of them share added here.

use actix_web::App;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    ContactBuilder, Content, InfoBuilder, LicenseBuilder, OpenApi, Ref, RefOr, ResponseBuilder,
};
use utoipa::{PartialSchema, ToSchema};
use utoipa_actix_web::AppExt;

use crate::problem::{CODES, FieldProblem, Problem};
use crate::routes::configure;

/// The document that `/openapi.json` serves and that `openapi/openapi.json` holds.
#[must_use]
pub fn document() -> OpenApi {
    let (_, document) = App::new().into_utoipa_app().configure(configure).split_for_parts();
    complete(document)
}

/// Adds what handlers do not say one by one: title, identities, the shape of refusals.
pub(crate) fn complete(mut document: OpenApi) -> OpenApi {
    document.info = InfoBuilder::new()
        .title("OpenMOSS")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(description()))
        .license(Some(LicenseBuilder::new().name("MIT").identifier(Some("MIT")).build()))
        .contact(Some(ContactBuilder::new().name(Some("The OpenMOSS developers")).build()))
        .build();
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
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    components.schemas.insert(FieldProblem::name().into_owned(), FieldProblem::schema());
    for path in document.paths.paths.values_mut() {
        let operations =
            [&mut path.get, &mut path.post, &mut path.put, &mut path.delete, &mut path.patch];
        for operation in operations.into_iter().flatten() {
            operation.responses.responses.insert("default".to_owned(), refusal());
        }
    }
    document
}

fn description() -> String {
    let mut text = String::from(
        "Coordination for teams of AI agents. Agents send `Authorization: Bearer <key>`, the \
         admin `X-Admin-Token`. Every refusal is an `application/problem+json` whose `code` is \
         one of:\n\n| code | status | meaning |\n|---|---|---|\n",
    );
    for (code, status, meaning) in CODES {
        text.push_str(&format!("| `{code}` | {status} | {meaning} |\n"));
    }
    text.push_str(
        "\nEvery POST takes an `Idempotency-Key`: a repeat within a day gets the first answer.",
    );
    text
}

fn identities() -> [(&'static str, SecurityScheme); 4] {
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
    ]
}

fn refusal() -> RefOr<utoipa::openapi::Response> {
    let schema = Ref::from_schema_name(Problem::name());
    ResponseBuilder::new()
        .description("A refusal; switch on its code.")
        .content("application/problem+json", Content::new(Some(schema)))
        .build()
        .into()
}
