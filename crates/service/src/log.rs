//! The activity log.

use std::time::Duration;

use crate::id::fresh;
use openmoss_domain::log::{LogAction, LogEntry};
use openmoss_domain::{
    Agent, AgentId, DomainError, Fields, Keyword, LogId, SortOrder, SubTaskId, text,
};
use openmoss_storage::log::{Filter, Search, append, list, search};
use openmoss_storage::{ByTime, Page, Window, agent, sub_task};

use crate::Service;
use crate::context::Context;
use crate::error::ServiceError;

/// Longest look back, in days (the contract's limit).
const DAYS_MAX: i64 = 60;
/// Most entries in an answer, and how many without a wish (the contract's numbers).
const LIMIT_MAX: i64 = 500;
const LIMIT_DEFAULT: i64 = 20;

/// A new entry, as it came in.
#[derive(Debug, Clone)]
pub struct NewLogEntry {
    /// About which sub-task.
    pub sub_task_id: Option<SubTaskId>,
    /// What it is about.
    pub action: LogAction,
    /// In words.
    pub summary: String,
    /// The writer's runtime session.
    pub session_id: Option<String>,
}

/// Which entries are wanted, as it came in.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogQuery {
    /// About this sub-task.
    pub sub_task_id: Option<SubTaskId>,
    /// By this agent.
    pub agent_id: Option<AgentId>,
    /// Of this kind.
    pub action: Option<LogAction>,
    /// How many days back; taken into 1 to 60.
    pub days: i64,
    /// How many at most; taken into 1 to 500, and 0 means 20.
    pub limit: i64,
}

/// Which entries an admin looks for, as it came in.
#[derive(Debug, Clone, Default)]
pub struct LogSearch {
    /// By this agent.
    pub agent_id: Option<AgentId>,
    /// About this sub-task.
    pub sub_task_id: Option<SubTaskId>,
    /// Of this kind.
    pub action: Option<LogAction>,
    /// How many days back; more than 60 count as 60.
    pub days: Option<u32>,
    /// With this in their summary.
    pub keyword: Option<Keyword>,
}

impl LogSearch {
    fn at(self, service: &Service) -> Search {
        let days_max = u32::try_from(DAYS_MAX).unwrap_or(u32::MAX);
        Search {
            agent_id: self.agent_id,
            sub_task_id: self.sub_task_id,
            action: self.action,
            since: self.days.map(|days| service.days_ago(days.min(days_max))),
            keyword: self.keyword,
        }
    }
}

impl Service {
    /// Writes an entry. When the writer owns the sub-task, it counts as a sign of life.
    pub fn append_log(&self, cx: &Context, new: &NewLogEntry) -> Result<LogEntry, ServiceError> {
        let mut fields = Fields::default();
        let summary = fields.keep(text::text("summary", &new.summary));
        let session_id = fields.keep(text::session("session_id", new.session_id.as_deref()));
        fields.finish()?;
        let agent_id = cx
            .actor
            .agent_id()
            .ok_or(ServiceError::Forbidden("only an agent writes the activity log"))?;
        let stepper = self.stepper(cx);
        let entry = LogEntry {
            id: LogId::from_uuid(fresh()),
            agent_id,
            sub_task_id: new.sub_task_id,
            action: new.action,
            summary,
            session_id,
            created_at: stepper.now,
        };
        self.write(cx, move |writer| {
            if let Some(id) = entry.sub_task_id {
                if sub_task::find(writer, id)?.is_none() {
                    let message = "names a sub-task that does not exist";
                    return Err(DomainError::field("sub_task_id", message).into());
                }
                Self::renew_lease(writer, stepper, id)?;
            }
            append(writer, &entry)?;
            Ok(entry.clone())
        })
    }

    /// Entries, newest first.
    pub fn list_logs(&self, query: LogQuery) -> Result<Vec<LogEntry>, ServiceError> {
        let days = u64::try_from(query.days.clamp(1, DAYS_MAX)).unwrap_or(1);
        let limit = if query.limit == 0 { LIMIT_DEFAULT } else { query.limit.clamp(1, LIMIT_MAX) };
        let filter = Filter {
            sub_task_id: query.sub_task_id,
            agent_id: query.agent_id,
            action: query.action,
            since: self.now().minus(Duration::from_hours(24 * days)),
        };
        self.read(|reader| Ok(list(reader, filter, limit)?))
    }

    /// A page of everybody's entries, each with who wrote it.
    pub fn search_logs(
        &self,
        asked: LogSearch,
        order: ByTime,
        window: Window,
    ) -> Result<Page<(LogEntry, Option<Agent>)>, ServiceError> {
        let asked = asked.at(self);
        self.read(|reader| {
            let page = search(reader, &asked, order, window)?;
            let ids = page.items.iter().map(|entry| entry.agent_id).collect();
            let agents = agent::find_many(reader, &ids)?;
            let items = page.items.into_iter().map(|entry| {
                let agent = agents.get(&entry.agent_id).cloned();
                (entry, agent)
            });
            Ok(Page { items: items.collect(), total: page.total })
        })
    }

    /// A page of entries, newest first.
    pub fn list_found_logs(
        &self,
        asked: LogSearch,
        window: Window,
    ) -> Result<Page<LogEntry>, ServiceError> {
        let asked = asked.at(self);
        let order = ByTime::ids_ascending(SortOrder::Desc);
        self.read(|reader| Ok(search(reader, &asked, order, window)?))
    }
}
