//! What models cost, over HTTP: agents report it, admins see the sums and set budgets.

use actix_web::{get, post, put, web};
use openmoss_domain::usage::{Cap, Cost, Measure, OwnCap, Stop, Sums, Usage};
use openmoss_domain::{AgentId, Fields, TaskId};
use openmoss_service::usage::{Budget, BudgetOf, DAYS_MAX, NamedBudget, Report, Reported};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::call::{Answer, Call, Known};
use crate::input::{id, in_range, optional_id, text_or_empty};
use crate::page::{AdminPageQuery, PageView};
use crate::problem::Problem;
use crate::vocabulary;

/// What a model used. Tokens that are absent count as none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UsageOfModel)]
pub(crate) struct UsageBody {
    /// The model's name.
    #[serde(default, deserialize_with = "text_or_empty")]
    #[schema(value_type = Option<String>, max_length = 200)]
    model: String,
    /// Tokens that it read.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    input_tokens: i64,
    /// Tokens that it wrote.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    output_tokens: i64,
    /// What it cost, as a decimal such as `"0.0125"`, in the currency that the budgets are in.
    #[serde(default, deserialize_with = "amount")]
    #[schema(schema_with = amount_schema)]
    cost: Option<String>,
}

/// What was used, and for what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UsageReport)]
struct ReportBody {
    /// For this sub-task; its task counts too.
    #[schema(format = Uuid)]
    sub_task_id: Option<String>,
    /// For this task, where it is no sub-task's.
    #[schema(format = Uuid)]
    task_id: Option<String>,
    /// The model's name.
    #[serde(default, deserialize_with = "text_or_empty")]
    #[schema(value_type = Option<String>, max_length = 200)]
    model: String,
    /// Tokens that it read.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    input_tokens: i64,
    /// Tokens that it wrote.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    output_tokens: i64,
    /// What it cost, as a decimal such as `"0.0125"`, in the currency that the budgets are in.
    #[serde(default, deserialize_with = "amount")]
    #[schema(schema_with = amount_schema)]
    cost: Option<String>,
}

/// A decimal as a text or as a number: models write either.
fn amount<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(reader)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err(D::Error::custom("must be an amount such as \"0.0125\""))
        }
    }
}

fn amount_schema() -> Object {
    let kinds = SchemaType::from_iter([Type::String, Type::Number, Type::Null]);
    ObjectBuilder::new().schema_type(kinds).examples(["0.0125"]).build()
}

fn cost(text: Option<&str>, place: &str, fields: &mut Fields) -> Cost {
    text.map(|text| fields.keep(Cost::checked(&format!("{place}cost"), text))).unwrap_or_default()
}

impl UsageBody {
    /// The usage, and what is wrong with its cost, below `place`.
    pub(crate) fn into_usage(self, place: &str) -> Result<Usage, Problem> {
        let mut fields = Fields::default();
        let usage = Usage {
            cost: cost(self.cost.as_deref(), place, &mut fields),
            model: self.model,
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
        };
        let usage = usage.checked(place, &mut fields);
        fields.finish()?;
        Ok(usage)
    }
}

impl ReportBody {
    fn into_report(self) -> Result<Report, Problem> {
        let usage = UsageBody {
            model: self.model,
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            cost: self.cost,
        };
        Ok(Report {
            sub_task_id: optional_id("sub_task", self.sub_task_id.as_deref())?,
            task_id: optional_id("task", self.task_id.as_deref())?,
            usage: usage.into_usage("")?,
        })
    }
}

/// What was used in all.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsageSums)]
struct SumsView {
    /// How often it was reported.
    reports: i64,
    input_tokens: i64,
    output_tokens: i64,
    /// As a decimal.
    #[schema(example = "0.0125")]
    cost: String,
}

impl From<Sums> for SumsView {
    fn from(sums: Sums) -> Self {
        Self {
            reports: sums.reports,
            input_tokens: sums.input_tokens,
            output_tokens: sums.output_tokens,
            cost: sums.cost.to_string(),
        }
    }
}

/// Why no new work is handed out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BudgetStop)]
struct StopView {
    #[schema(value_type = vocabulary::BudgetScope)]
    scope: openmoss_domain::usage::BudgetScope,
    #[schema(value_type = vocabulary::BudgetMeasure)]
    measure: Measure,
    /// How much may be used.
    limit: String,
    /// How much was used.
    used: String,
    /// In words.
    detail: String,
}

impl From<Stop> for StopView {
    fn from(stop: Stop) -> Self {
        Self {
            scope: stop.scope,
            measure: stop.measure,
            limit: stop.limit_text(),
            used: stop.used_text(),
            detail: stop.to_string(),
        }
    }
}

/// How a report leaves its sender.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsageReported)]
struct ReportedView {
    /// What the caller used today.
    today: SumsView,
    /// Why it gets no new work from now on; null if it does.
    #[schema(value_type = Option<StopView>)]
    stop: Option<StopView>,
}

impl From<Reported> for ReportedView {
    fn from(one: Reported) -> Self {
        Self { today: one.today.into(), stop: one.stop.map(StopView::from) }
    }
}

/// How many days back.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DaysQuery {
    /// How many days, today included; 7 unless said otherwise.
    #[param(minimum = 1, maximum = 92)]
    days: Option<i64>,
}

fn days(asked: Option<i64>, fields: &mut Fields) -> u32 {
    asked.map_or(7, |days| in_range(fields, "days", days, DAYS_MAX))
}

/// A day and what was used on it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsageOfDay)]
struct DayView {
    /// Of the configured time zone.
    #[schema(example = "2026-11-25")]
    day: String,
    used: SumsView,
}

/// What was used lately.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsageSummary)]
struct SummaryView {
    /// On all these days together.
    total: SumsView,
    /// Newest first; days without a report are left out.
    days: Vec<DayView>,
}

/// An agent or a task and what it used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsageOfOne)]
struct OneView {
    id: Uuid,
    /// Null if it is gone.
    name: Option<String>,
    used: SumsView,
}

impl From<(AgentId, Option<String>, Sums)> for OneView {
    fn from((id, name, used): (AgentId, Option<String>, Sums)) -> Self {
        Self { id: id.as_uuid(), name, used: used.into() }
    }
}

impl From<(TaskId, Option<String>, Sums)> for OneView {
    fn from((id, name, used): (TaskId, Option<String>, Sums)) -> Self {
        Self { id: id.as_uuid(), name, used: used.into() }
    }
}

type OnePage = PageView<OneView>;

/// A limit; what is null is left to the settings, 0 is no limit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BudgetSet)]
struct BudgetBody {
    /// Tokens read and written.
    #[schema(minimum = 0, maximum = 1_000_000_000_000_000_i64)]
    tokens: Option<i64>,
    /// Money, as a decimal such as `"5.50"`.
    #[serde(default, deserialize_with = "amount")]
    #[schema(schema_with = amount_schema)]
    cost: Option<String>,
}

impl BudgetBody {
    fn into_cap(self) -> Result<OwnCap, Problem> {
        let mut fields = Fields::default();
        let amount = self.cost.as_deref().map(|text| cost(Some(text), "", &mut fields));
        let own = OwnCap { tokens: self.tokens, cost: amount };
        own.check(&mut fields);
        fields.finish()?;
        Ok(own)
    }
}

/// How much may be used: null is no limit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BudgetLimit)]
struct LimitView {
    tokens: Option<i64>,
    cost: Option<String>,
}

impl From<Cap> for LimitView {
    fn from(cap: Cap) -> Self {
        let cost = Some(cap.cost).filter(|cost| cost.as_micros() > 0);
        Self {
            tokens: Some(cap.tokens).filter(|tokens| *tokens > 0),
            cost: cost.map(|cost| cost.to_string()),
        }
    }
}

/// A budget's own numbers: null is left to the settings, 0 is no limit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BudgetOwn)]
struct OwnView {
    tokens: Option<i64>,
    cost: Option<String>,
}

/// A budget and how far it is used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Budget)]
struct BudgetView {
    own: OwnView,
    /// What holds.
    limit: LimitView,
    /// Of an agent today, of a task in all.
    used: SumsView,
    used_up: bool,
}

impl From<Budget> for BudgetView {
    fn from(one: Budget) -> Self {
        let used_up = one.is_used_up();
        let own =
            OwnView { tokens: one.own.tokens, cost: one.own.cost.map(|cost| cost.to_string()) };
        Self { own, limit: one.cap.into(), used: one.used.into(), used_up }
    }
}

/// An agent or a task with a budget of its own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NamedBudget)]
struct NamedBudgetView {
    #[schema(value_type = vocabulary::BudgetScope)]
    scope: openmoss_domain::usage::BudgetScope,
    id: Uuid,
    /// Null if it is gone.
    name: Option<String>,
    budget: BudgetView,
}

impl From<NamedBudget> for NamedBudgetView {
    fn from(one: NamedBudget) -> Self {
        use openmoss_domain::usage::BudgetScope;
        let (scope, id) = match one.of {
            BudgetOf::Agent(id) => (BudgetScope::Agent, id.as_uuid()),
            BudgetOf::Task(id) => (BudgetScope::Task, id.as_uuid()),
        };
        Self { scope, id, name: one.name, budget: one.budget.into() }
    }
}

type NamedBudgetPage = PageView<NamedBudgetView>;

/// Tells what the caller's model used. The answer says whether it still gets new work.
#[utoipa::path(tag = "Usage", request_body = ReportBody, responses((status = 200, body = ReportedView)), security(("agent" = []), ("agent_key" = [])))]
#[post("/api/usage")]
async fn report_usage(call: Call) -> Answer<ReportedView> {
    call.agent(|known, agent| {
        let report = known.request.json::<ReportBody>()?.into_report()?;
        Ok(known.service.report_usage(&known.cx, agent.id, &report)?.into())
    })
    .await
}

/// What was used on the last days.
#[utoipa::path(tag = "Usage", params(DaysQuery), responses((status = 200, body = SummaryView)), security(("admin" = [])))]
#[get("/api/admin/usage")]
async fn summarise_usage(call: Call) -> Answer<SummaryView> {
    call.admin(|known| {
        let asked: DaysQuery = known.request.query()?;
        let mut fields = Fields::default();
        let days = days(asked.days, &mut fields);
        fields.finish()?;
        let (total, days) = known.service.list_usage_by_day(days)?;
        let days = days.into_iter().map(|(day, used)| DayView { day, used: used.into() });
        Ok(SummaryView { total: total.into(), days: days.collect() })
    })
    .await
}

/// A page of the last days, by whatever `list` adds up.
fn answer<T>(
    known: &Known<'_>,
    list: impl FnOnce(u32, openmoss_service::Window) -> Result<openmoss_service::Page<T>, Problem>,
) -> Result<OnePage, Problem>
where
    OneView: From<T>,
{
    let (page, asked): (AdminPageQuery, DaysQuery) = known.request.list_query()?;
    let mut fields = Fields::default();
    let days = days(asked.days, &mut fields);
    fields.finish()?;
    page.answer(|window| list(days, window))
}

/// What each agent used on the last days, the dearest first.
#[utoipa::path(tag = "Usage", params(DaysQuery, AdminPageQuery), responses((status = 200, body = OnePage)), security(("admin" = [])))]
#[get("/api/admin/usage/agents")]
async fn list_usage_of_agents(call: Call) -> Answer<OnePage> {
    call.admin(|known| {
        answer(known, |days, window| Ok(known.service.list_usage_by_agent(days, window)?))
    })
    .await
}

/// What each task used on the last days, the dearest first.
#[utoipa::path(tag = "Usage", params(DaysQuery, AdminPageQuery), responses((status = 200, body = OnePage)), security(("admin" = [])))]
#[get("/api/admin/usage/tasks")]
async fn list_usage_of_tasks(call: Call) -> Answer<OnePage> {
    call.admin(|known| {
        answer(known, |days, window| Ok(known.service.list_usage_by_task(days, window)?))
    })
    .await
}

/// The agents and tasks with a budget of their own. Those of all others are in the settings, below
/// `budget`.
#[utoipa::path(tag = "Usage", params(AdminPageQuery), responses((status = 200, body = NamedBudgetPage)), security(("admin" = [])))]
#[get("/api/admin/budgets")]
async fn list_budgets(call: Call) -> Answer<NamedBudgetPage> {
    call.admin(|known| {
        let (page, _): (AdminPageQuery, NoQuery) = known.request.list_query()?;
        page.answer(|window| Ok(known.service.list_budgets(window)?))
    })
    .await
}

/// Nothing but the page.
#[derive(Debug, Deserialize)]
struct NoQuery {}

/// Everybody's budget for today.
#[utoipa::path(tag = "Usage", responses((status = 200, body = BudgetView)), security(("admin" = [])))]
#[get("/api/admin/budgets/day")]
async fn find_day_budget(call: Call) -> Answer<BudgetView> {
    call.admin(|known| Ok(known.service.find_day_budget()?.into())).await
}

fn agent(path: &web::Path<String>) -> Result<BudgetOf, Problem> {
    id::<AgentId>("agent", path).map(BudgetOf::Agent)
}

fn task(path: &web::Path<String>) -> Result<BudgetOf, Problem> {
    id::<TaskId>("task", path).map(BudgetOf::Task)
}

fn set(known: &Known<'_>, of: BudgetOf) -> Result<BudgetView, Problem> {
    let own = known.request.json::<BudgetBody>()?.into_cap()?;
    Ok(known.service.set_budget(&known.cx, of, own)?.into())
}

/// An agent's budget for a day.
#[utoipa::path(tag = "Usage", params(("agent_id" = String, Path)), responses((status = 200, body = BudgetView)), security(("admin" = [])))]
#[get("/api/admin/budgets/agents/{agent_id}")]
async fn find_agent_budget(call: Call, path: web::Path<String>) -> Answer<BudgetView> {
    call.admin(move |known| Ok(known.service.find_budget(agent(&path)?)?.into())).await
}

/// Gives an agent a budget of its own for each day; without numbers it is forgotten.
#[utoipa::path(tag = "Usage", params(("agent_id" = String, Path)), request_body = BudgetBody, responses((status = 200, body = BudgetView)), security(("admin" = [])))]
#[put("/api/admin/budgets/agents/{agent_id}")]
async fn set_agent_budget(call: Call, path: web::Path<String>) -> Answer<BudgetView> {
    call.admin(move |known| set(known, agent(&path)?)).await
}

/// A task's budget from its beginning to its end.
#[utoipa::path(tag = "Usage", params(("task_id" = String, Path)), responses((status = 200, body = BudgetView)), security(("admin" = [])))]
#[get("/api/admin/budgets/tasks/{task_id}")]
async fn find_task_budget(call: Call, path: web::Path<String>) -> Answer<BudgetView> {
    call.admin(move |known| Ok(known.service.find_budget(task(&path)?)?.into())).await
}

/// Gives a task a budget of its own; without numbers it is forgotten. Its work is held or handed
/// out again at once.
#[utoipa::path(tag = "Usage", params(("task_id" = String, Path)), request_body = BudgetBody, responses((status = 200, body = BudgetView)), security(("admin" = [])))]
#[put("/api/admin/budgets/tasks/{task_id}")]
async fn set_task_budget(call: Call, path: web::Path<String>) -> Answer<BudgetView> {
    call.admin(move |known| set(known, task(&path)?)).await
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(report_usage)
        .service(summarise_usage)
        .service(list_usage_of_agents)
        .service(list_usage_of_tasks)
        .service(list_budgets)
        .service(find_day_budget)
        .service(find_agent_budget)
        .service(set_agent_budget)
        .service(find_task_budget)
        .service(set_task_budget);
}
