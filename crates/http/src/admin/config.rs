//! The settings over HTTP: what is in force, where it comes from, changing it, the password.

use std::borrow::Cow;

use actix_web::{get, put};
use openmoss_service::Service;
use openmoss_service::settings::keys::{self, Kind};
use openmoss_service::settings::{SECTIONS, Sourced};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, Object, ObjectBuilder, Schema, SchemaType, Type,
};
use utoipa::{PartialSchema, ToSchema};

use crate::call::{Answer, Call};
use crate::tools::MessageView;

/// The settings in force. Its schema is made from the settings themselves.
#[derive(Serialize)]
#[serde(transparent)]
struct ConfigView(Value);

impl PartialSchema for ConfigView {
    fn schema() -> RefOr<Schema> {
        let sections = keys::defaults().as_object().into_iter().flatten();
        let shown = sections.filter(|(name, _)| *name != "setup");
        let whole = shown.fold(ObjectBuilder::new(), |whole, (name, values)| {
            whole.property(name, section(name, values)).required(name)
        });
        whole.description(Some("The settings in force, by section; secrets are masked.")).into()
    }
}

fn section(name: &str, values: &Value) -> Object {
    let values = values.as_object().into_iter().flatten();
    let kinds = values.filter_map(|(key, _)| Some((key, keys::find(&format!("{name}.{key}"))?.1)));
    let whole = kinds.fold(ObjectBuilder::new(), |whole, (key, kind)| {
        whole.property(key, value(kind)).required(key)
    });
    whole.build()
}

fn value(kind: Kind) -> RefOr<Schema> {
    let of = |kind| ObjectBuilder::new().schema_type(kind);
    match kind {
        Kind::Text => of(Type::String).into(),
        Kind::Bool => of(Type::Boolean).into(),
        Kind::Number => of(Type::Integer).into(),
        Kind::List => ArrayBuilder::new().items(of(Type::String)).into(),
    }
}

impl ToSchema for ConfigView {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Config")
    }
}

/// The settings to change, by section. What is not named stays.
#[derive(Deserialize)]
#[serde(transparent)]
struct EditBody(Map<String, Value>);

impl PartialSchema for EditBody {
    fn schema() -> RefOr<Schema> {
        let section = || {
            let any = AdditionalProperties::FreeForm(true);
            let kinds = SchemaType::from_iter([Type::Object, Type::Null]);
            ObjectBuilder::new().schema_type(kinds).additional_properties(Some(any))
        };
        let whole = SECTIONS
            .iter()
            .fold(ObjectBuilder::new(), |whole, name| whole.property(*name, section()));
        whole
            .description(Some("The settings to change, by section. What is not named stays."))
            .into()
    }
}

impl ToSchema for EditBody {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ConfigEdit")
    }
}

/// What was changed.
#[derive(Serialize, ToSchema)]
#[schema(as = ConfigEdited)]
struct EditedView {
    message: String,
    /// The sections that held a known setting.
    updated_keys: Vec<String>,
}

/// A setting and where it comes from.
#[derive(Serialize, ToSchema)]
#[schema(as = ConfigSource)]
struct SourceView {
    /// `section.key`
    key: String,
    /// The value in force; `***` for a secret that is set.
    value: Value,
    /// `default`, the file's path, `database`, `environment NAME` or `flag --NAME`. What comes from
    /// the last two cannot be changed here.
    source: String,
    /// Whether `PUT /api/admin/config` may change it.
    is_editable: bool,
}

impl SourceView {
    fn of(service: &Service, one: Sourced) -> Self {
        let is_editable = service.is_setting_editable(&one.key);
        Self { key: one.key, value: one.value, source: one.source, is_editable }
    }
}

/// The old and the new password.
#[derive(Deserialize, ToSchema)]
#[schema(as = PasswordChange)]
struct PasswordBody {
    #[schema(format = Password)]
    old_password: String,
    #[schema(min_length = 6, max_length = 72, format = Password)]
    new_password: String,
}

/// The settings in force, without the setup flag. The password is masked.
#[utoipa::path(tag = "Admin", responses((status = 200, body = ConfigView)), security(("admin" = [])))]
#[get("/api/admin/config")]
async fn find_config(call: Call) -> Answer<ConfigView> {
    call.admin(|known| Ok(ConfigView(known.service.find_config()?))).await
}

/// Every setting in force and where it comes from.
#[utoipa::path(tag = "Admin", responses((status = 200, body = Vec<SourceView>)), security(("admin" = [])))]
#[get("/api/admin/config/sources")]
async fn list_config_sources(call: Call) -> Answer<Vec<SourceView>> {
    call.admin(|known| {
        let sources = known.service.list_setting_sources()?;
        Ok(sources.into_iter().map(|one| SourceView::of(known.service, one)).collect())
    })
    .await
}

/// Changes settings: all or nothing, in force at once, stored in the database. What the environment
/// or a flag sets cannot be changed here.
#[utoipa::path(tag = "Admin", request_body = EditBody, responses((status = 200, body = EditedView)), security(("admin" = [])))]
#[put("/api/admin/config")]
async fn edit_config(call: Call) -> Answer<EditedView> {
    call.admin(|known| {
        let EditBody(sections) = known.request.json()?;
        let updated_keys = known.service.edit_config(&known.cx, &sections)?;
        Ok(EditedView { message: "The settings are in force.".to_owned(), updated_keys })
    })
    .await
}

/// Changes the admin password and ends every other session.
#[utoipa::path(tag = "Admin", request_body = PasswordBody, responses((status = 200, body = MessageView)), security(("admin" = [])))]
#[put("/api/admin/config/password")]
async fn change_password(call: Call) -> Answer<MessageView> {
    call.admin(|known| {
        let body: PasswordBody = known.request.json()?;
        let (old, new) = (&body.old_password, &body.new_password);
        known.service.change_admin_password(&known.cx, known.request.address, old, new)?;
        Ok(MessageView::new("The password is changed, and every other session is over."))
    })
    .await
}

pub(crate) fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(find_config)
        .service(list_config_sources)
        .service(edit_config)
        .service(change_password);
}
