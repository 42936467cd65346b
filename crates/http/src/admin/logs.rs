//! The activity log for the admin.

use actix_web::get;
use openmoss_domain::log::{LogAction, LogEntry};
use openmoss_domain::{Agent, AgentId, Keyword, LogId, Role, SortOrder, SubTaskId, Timestamp};
use openmoss_service::log::LogSearch;
use openmoss_service::{ByTime, Page};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::{Answer, Call};
use crate::input::{FilterValue, days, keyword};
use crate::page::{AdminPageQuery, PageView};
use crate::vocabulary;

/// An entry and who wrote it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LogItem)]
struct EntryView {
    #[schema(value_type = uuid::Uuid)]
    id: LogId,
    #[schema(value_type = uuid::Uuid)]
    agent_id: AgentId,
    agent_name: String,
    #[schema(value_type = Option<vocabulary::Role>)]
    agent_role: Option<Role>,
    #[schema(value_type = Option<uuid::Uuid>)]
    sub_task_id: Option<SubTaskId>,
    #[schema(value_type = vocabulary::LogAction)]
    action: LogAction,
    summary: String,
    session_id: Option<String>,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
}

impl From<(LogEntry, Option<Agent>)> for EntryView {
    fn from((one, agent): (LogEntry, Option<Agent>)) -> Self {
        Self {
            id: one.id,
            agent_id: one.agent_id,
            agent_role: agent.as_ref().map(|agent| agent.role),
            agent_name: agent.map(|agent| agent.name).unwrap_or_default(),
            sub_task_id: one.sub_task_id,
            action: one.action,
            summary: one.summary,
            session_id: one.session_id,
            created_at: one.created_at,
        }
    }
}

type LogItemPage = PageView<EntryView>;

/// Which entries, in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EntryParams {
    /// By this agent.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    agent_id: FilterValue<AgentId>,
    /// Of this kind.
    #[param(inline, required = false, value_type = vocabulary::LogAction)]
    action: Option<LogAction>,
    /// About this sub-task.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    sub_task_id: FilterValue<SubTaskId>,
    /// With this in their summary, ASCII letters in any case.
    #[serde(default, deserialize_with = "keyword")]
    #[param(value_type = Option<String>, max_length = 500)]
    keyword: Option<Keyword>,
    /// Of so many last days; more than 60 count as 60.
    #[serde(default, deserialize_with = "days")]
    #[param(value_type = Option<i64>, minimum = 1)]
    days: Option<u32>,
    /// Which end of time comes first, the newest unless said otherwise.
    #[param(inline, required = false, value_type = vocabulary::SortOrder)]
    sort_order: Option<SortOrder>,
}

impl EntryParams {
    /// `Err(())` when nothing can match.
    fn into_search(self) -> Result<LogSearch, ()> {
        Ok(LogSearch {
            agent_id: self.agent_id.optional()?,
            sub_task_id: self.sub_task_id.optional()?,
            action: self.action,
            days: self.days,
            keyword: self.keyword,
        })
    }
}

/// Everybody's entries of the activity log.
#[utoipa::path(tag = "Admin", params(AdminPageQuery, EntryParams), responses((status = 200, body = LogItemPage)), security(("admin" = [])))]
#[get("/api/admin/logs")]
async fn search_logs(call: Call) -> Answer<LogItemPage> {
    call.admin(|known| {
        let (page, asked): (AdminPageQuery, EntryParams) = known.request.list_query()?;
        let order = ByTime::both(asked.sort_order.unwrap_or(SortOrder::Desc));
        let search = asked.into_search();
        page.answer(|window| {
            let Ok(search) = search else {
                return Ok(Page::empty());
            };
            Ok(known.service.search_logs(search, order, window)?)
        })
    })
    .await
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(search_logs);
}
