//! Rules over HTTP: merged for agents, each by itself for the admin.

use actix_web::{delete, get, post, put, web};
use openmoss_domain::{Rule, RuleId, RuleScope, SubTaskId, TaskId, Timestamp};
use openmoss_service::rule::NewRule;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::call::{Answer, Call, Known};
use crate::input::{FilterValue, id, optional_id};
use crate::problem::Problem;
use crate::tools::MessageView;
use crate::vocabulary;

/// A rule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rule)]
struct RuleView {
    #[schema(value_type = uuid::Uuid)]
    id: RuleId,
    #[schema(value_type = vocabulary::RuleScope)]
    scope: RuleScope,
    #[schema(value_type = Option<uuid::Uuid>)]
    task_id: Option<TaskId>,
    #[schema(value_type = Option<uuid::Uuid>)]
    sub_task_id: Option<SubTaskId>,
    content: String,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
    #[schema(value_type = vocabulary::Time)]
    updated_at: Timestamp,
}

impl From<Rule> for RuleView {
    fn from(one: Rule) -> Self {
        Self {
            id: one.id,
            scope: one.scope,
            task_id: one.task_id,
            sub_task_id: one.sub_task_id,
            content: one.content,
            created_at: one.created_at,
            updated_at: one.updated_at,
        }
    }
}

/// All rules that apply, as one text, and whether the client is old.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MergedRules)]
struct MergedView {
    /// Markdown.
    content: String,
    message: String,
    /// Whether a newer client can be downloaded.
    update_available: bool,
    latest_version: Option<i64>,
    update_instructions: String,
}

/// What applies to what.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct MergedQuery {
    /// With the rules of this task.
    task_id: Option<String>,
    /// With the rules of this sub-task.
    sub_task_id: Option<String>,
    /// The version of the caller's client.
    cli_version: Option<i64>,
}

/// Which rules.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RuleQuery {
    /// Of this scope.
    scope: Option<String>,
    /// Of this task.
    task_id: Option<String>,
}

/// A new rule.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RuleCreate)]
struct CreateBody {
    #[schema(value_type = vocabulary::RuleScope)]
    scope: RuleScope,
    #[schema(max_length = 65_536)]
    content: String,
    /// Needed for scope `task`.
    #[schema(format = Uuid)]
    task_id: Option<String>,
    /// Needed for scope `sub_task`.
    #[schema(format = Uuid)]
    sub_task_id: Option<String>,
}

/// The new text.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RuleEdit)]
struct EditBody {
    #[schema(max_length = 65_536)]
    content: String,
}

fn rule_id(path: &web::Path<String>) -> Result<RuleId, Problem> {
    id("rule", path)
}

/// The rules that apply to the caller, merged, with a notice when its client is old.
#[utoipa::path(tag = "Rules", params(MergedQuery), responses((status = 200, body = MergedView)), security(("agent" = []), ("agent_key" = [])))]
#[get("/api/rules")]
async fn merged_rules(call: Call) -> Answer<MergedView> {
    call.agent(|known, _| {
        let asked: MergedQuery = known.request.query()?;
        // An unknown task has no rules: the answer is the global ones.
        let task = FilterValue::parse(asked.task_id.as_deref()).optional().unwrap_or(None);
        let sub_task = FilterValue::parse(asked.sub_task_id.as_deref()).optional().unwrap_or(None);
        let content = known.service.merged_rules(task, sub_task)?;
        with_update_notice(known, content, asked.cli_version)
    })
    .await
}

/// The notice of the contract, section 7: very old clients read it in the text itself.
fn with_update_notice(
    known: &Known<'_>,
    mut content: String,
    cli_version: Option<i64>,
) -> Result<MergedView, Problem> {
    let base = &known.request.base_url;
    let latest = known.service.client(base)?.version;
    let is_old = latest.is_some_and(|latest| cli_version.is_none_or(|version| version < latest));
    let instructions = format!(
        "A newer client is available. Run `python task-cli.py update`, or download {base}/api/tools/cli \
         as task-cli.py and {base}/api/agents/me/skill as SKILL.md."
    );
    if cli_version.is_none() && is_old {
        content.push_str("\n\n---\n\n");
        content.push_str(&instructions);
    }
    Ok(MergedView {
        content,
        message: "Follow these rules.".to_owned(),
        update_available: is_old,
        latest_version: latest.filter(|_| is_old),
        update_instructions: if is_old { instructions } else { String::new() },
    })
}

/// Rules, oldest first.
#[utoipa::path(tag = "Rules", params(RuleQuery), responses((status = 200, body = Vec<RuleView>)), security(("admin" = [])))]
#[get("/api/rules/list")]
async fn list_rules(call: Call) -> Answer<Vec<RuleView>> {
    call.admin(|known| {
        let asked: RuleQuery = known.request.query()?;
        let scope = FilterValue::parse(asked.scope.as_deref()).optional();
        let task = FilterValue::parse(asked.task_id.as_deref()).optional();
        let (Ok(scope), Ok(task)) = (scope, task) else {
            return Ok(Vec::new());
        };
        Ok(known.service.list_rules(scope, task)?.into_iter().map(RuleView::from).collect())
    })
    .await
}

/// One rule.
#[utoipa::path(tag = "Rules", params(("rule_id" = String, Path)), responses((status = 200, body = RuleView)), security(("admin" = [])))]
#[get("/api/rules/{rule_id}")]
async fn find_rule(call: Call, path: web::Path<String>) -> Answer<RuleView> {
    call.admin(move |known| Ok(known.service.find_rule(rule_id(&path)?)?.into())).await
}

/// Creates a rule; there is one global rule at most.
#[utoipa::path(tag = "Rules", request_body = CreateBody, responses((status = 200, body = RuleView)), security(("admin" = [])))]
#[post("/api/rules")]
async fn create_rule(call: Call) -> Answer<RuleView> {
    call.admin(|known| {
        let body: CreateBody = known.request.json()?;
        let new = NewRule {
            scope: body.scope,
            task_id: optional_id("task", body.task_id.as_deref())?,
            sub_task_id: optional_id("sub_task", body.sub_task_id.as_deref())?,
            content: body.content,
        };
        Ok(known.service.create_rule(&known.cx, &new)?.into())
    })
    .await
}

/// Replaces a rule's text.
#[utoipa::path(tag = "Rules", params(("rule_id" = String, Path)), request_body = EditBody, responses((status = 200, body = RuleView)), security(("admin" = [])))]
#[put("/api/rules/{rule_id}")]
async fn edit_rule(call: Call, path: web::Path<String>) -> Answer<RuleView> {
    call.admin(move |known| {
        let body: EditBody = known.request.json()?;
        Ok(known.service.edit_rule(&known.cx, rule_id(&path)?, &body.content)?.into())
    })
    .await
}

/// Deletes a rule.
#[utoipa::path(tag = "Rules", params(("rule_id" = String, Path)), responses((status = 200, body = MessageView)), security(("admin" = [])))]
#[delete("/api/rules/{rule_id}")]
async fn delete_rule(call: Call, path: web::Path<String>) -> Answer<MessageView> {
    call.admin(move |known| {
        known.service.delete_rule(&known.cx, rule_id(&path)?)?;
        Ok(MessageView::new("The rule is deleted."))
    })
    .await
}

pub(crate) fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(merged_rules)
        .service(list_rules)
        .service(find_rule)
        .service(create_rule)
        .service(edit_rule)
        .service(delete_rule);
}
