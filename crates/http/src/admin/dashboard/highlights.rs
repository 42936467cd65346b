//! What needs attention, on the dashboard.

use std::time::Duration;

use actix_web::get;
use openmoss_domain::sub_task::Status;
use openmoss_domain::{
    AgentId, AgentStatus, Fields, ReviewId, ReviewResult, Role, SubTaskId, TaskId, Timestamp,
};
use openmoss_service::dashboard::{AgentAtWork, Highlights};
use openmoss_service::review::ListedReview;
use openmoss_service::sub_task::ListedSubTask;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::call::{Answer, Call};
use crate::input::in_range;
use crate::problem::Problem;
use crate::vocabulary;

/// Rows of each list, unless asked otherwise.
const LIMIT: u32 = 5;
const LIMIT_MAX: u32 = 50;
/// After how many hours an agent counts as silent, unless asked otherwise.
const INACTIVE_HOURS: u32 = 24;
const INACTIVE_HOURS_MAX: u32 = 720;

/// How many of each.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct HighlightsQuery {
    /// Rows of each list.
    #[param(default = 5, minimum = 1, maximum = 50)]
    limit: Option<i64>,
    /// After how many hours without a request or an entry an agent counts as silent.
    #[param(default = 24, minimum = 1, maximum = 720)]
    inactive_hours: Option<i64>,
}

/// Short lists of what needs attention.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DashboardHighlights)]
pub(super) struct HighlightsView {
    #[schema(value_type = vocabulary::Time)]
    generated_at: Timestamp,
    limit: u32,
    inactive_hours: u32,
    /// Changed last first.
    blocked_sub_tasks: Vec<SubTaskView>,
    /// Changed last first.
    pending_review_sub_tasks: Vec<SubTaskView>,
    /// Most work in hand first.
    busy_agents: Vec<AgentView>,
    /// Never heard of first, then longest ago.
    low_activity_agents: Vec<AgentView>,
    /// Newest first.
    recent_reviews: Vec<ReviewView>,
}

/// A sub-task that needs attention.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HighlightedSubTask)]
struct SubTaskView {
    #[schema(value_type = uuid::Uuid)]
    id: SubTaskId,
    #[schema(value_type = uuid::Uuid)]
    task_id: TaskId,
    task_name: String,
    name: String,
    #[schema(value_type = vocabulary::SubTaskStatus)]
    status: Status,
    /// The owner.
    #[schema(value_type = Option<uuid::Uuid>)]
    assigned_agent: Option<AgentId>,
    assigned_agent_name: Option<String>,
    #[schema(value_type = vocabulary::Time)]
    updated_at: Timestamp,
    rework_count: u32,
}

impl From<ListedSubTask> for SubTaskView {
    fn from(listed: ListedSubTask) -> Self {
        let one = listed.sub_task;
        Self {
            id: one.id,
            task_id: one.task_id,
            task_name: listed.task_name,
            name: one.name,
            status: one.status,
            assigned_agent: one.owner,
            assigned_agent_name: listed.owner_name,
            updated_at: one.updated_at,
            rework_count: one.rework_count,
        }
    }
}

/// An agent that needs attention.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HighlightedAgent)]
struct AgentView {
    #[schema(value_type = uuid::Uuid)]
    id: AgentId,
    name: String,
    #[schema(value_type = vocabulary::Role)]
    role: Role,
    #[schema(value_type = vocabulary::AgentStatus)]
    status: AgentStatus,
    total_score: i64,
    /// Work in hand: assigned, in progress, in review, in rework or blocked.
    open_sub_task_count: i64,
    #[schema(value_type = Option<vocabulary::Time>)]
    last_request_at: Option<Timestamp>,
    #[schema(value_type = Option<vocabulary::Time>)]
    last_activity_at: Option<Timestamp>,
}

impl From<AgentAtWork> for AgentView {
    fn from(one: AgentAtWork) -> Self {
        Self {
            id: one.id,
            name: one.name,
            role: one.role,
            status: one.status,
            total_score: one.total_score,
            open_sub_task_count: one.in_hand,
            last_request_at: one.last_request_at,
            last_activity_at: one.last_activity_at,
        }
    }
}

/// A review that was made lately.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HighlightedReview)]
struct ReviewView {
    #[schema(value_type = uuid::Uuid)]
    id: ReviewId,
    #[schema(value_type = uuid::Uuid)]
    task_id: TaskId,
    task_name: String,
    #[schema(value_type = uuid::Uuid)]
    sub_task_id: SubTaskId,
    sub_task_name: String,
    /// The reviewer; null if an admin decided.
    #[schema(value_type = Option<uuid::Uuid>)]
    reviewer_agent: Option<AgentId>,
    reviewer_agent_name: Option<String>,
    #[schema(value_type = vocabulary::ReviewResult)]
    result: ReviewResult,
    score: u8,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
}

impl From<ListedReview> for ReviewView {
    fn from(listed: ListedReview) -> Self {
        let one = listed.review;
        Self {
            id: one.id,
            task_id: listed.sub_task.task_id,
            task_name: listed.task_name,
            sub_task_id: one.sub_task_id,
            sub_task_name: listed.sub_task.name,
            reviewer_agent: one.reviewer,
            reviewer_agent_name: listed.reviewer_name,
            result: one.result,
            score: one.score,
            created_at: one.created_at,
        }
    }
}

fn rows<T, V: From<T>>(found: Vec<T>) -> Vec<V> {
    found.into_iter().map(V::from).collect()
}

impl HighlightsView {
    fn new(seen: Highlights, limit: u32, inactive_hours: u32) -> Self {
        Self {
            generated_at: seen.generated_at,
            limit,
            inactive_hours,
            blocked_sub_tasks: rows(seen.blocked),
            pending_review_sub_tasks: rows(seen.in_review),
            busy_agents: rows(seen.busy),
            low_activity_agents: rows(seen.silent),
            recent_reviews: rows(seen.reviews),
        }
    }
}

/// Blocked work, work in review, busy and silent agents, the newest reviews.
#[utoipa::path(tag = "Admin", params(HighlightsQuery), responses((status = 200, body = HighlightsView)), security(("admin" = [])))]
#[get("/api/admin/dashboard/highlights")]
pub(super) async fn highlights(call: Call) -> Answer<HighlightsView> {
    call.admin(|known| {
        let asked: HighlightsQuery = known.request.query()?;
        let mut fields = Fields::default();
        let limit = in_range(&mut fields, "limit", asked.limit.unwrap_or(LIMIT.into()), LIMIT_MAX);
        let hours = asked.inactive_hours.unwrap_or(INACTIVE_HOURS.into());
        let hours = in_range(&mut fields, "inactive_hours", hours, INACTIVE_HOURS_MAX);
        fields.finish().map_err(Problem::from)?;
        let silence = Duration::from_hours(u64::from(hours));
        Ok(HighlightsView::new(known.service.highlights(limit, silence)?, limit, hours))
    })
    .await
}
