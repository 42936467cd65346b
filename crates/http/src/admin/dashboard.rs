//! The dashboard's numbers.

mod highlights;
mod trends;

use actix_web::get;
use openmoss_domain::sub_task::Status;
use openmoss_domain::{AgentStatus, Role, TaskStatus, Timestamp};
use openmoss_service::dashboard::Overview;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::{Answer, Call};
use crate::vocabulary;

/// The numbers of the dashboard's first page.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DashboardOverview)]
struct OverviewView {
    #[schema(value_type = vocabulary::Time)]
    generated_at: Timestamp,
    review_window_days: i64,
    core_cards: CoreCards,
    secondary_cards: SecondaryCards,
    distributions: Distributions,
}

/// What matters most.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the contract's names")]
struct CoreCards {
    open_task_count: i64,
    active_sub_task_count: i64,
    review_queue_count: i64,
    blocked_sub_task_count: i64,
    active_agent_count: i64,
    today_completed_sub_task_count: i64,
}

/// What matters too.
#[derive(Debug, Serialize, ToSchema)]
struct SecondaryCards {
    disabled_agent_count: i64,
    today_review_count: i64,
    today_rejected_review_count: i64,
    today_reject_rate: f64,
    today_net_score_delta: i64,
}

/// How many of each.
#[derive(Debug, Serialize, ToSchema)]
struct Distributions {
    task_status_distribution: TaskCounts,
    sub_task_status_distribution: SubTaskCounts,
    agent_status_distribution: AgentStatusCounts,
    agent_role_distribution: AgentRoleCounts,
    review_result_distribution_7d: ReviewCounts,
}

/// Tasks by status.
#[derive(Debug, Serialize, ToSchema)]
struct TaskCounts {
    planning: i64,
    active: i64,
    in_progress: i64,
    completed: i64,
    archived: i64,
    cancelled: i64,
}

/// Sub-tasks by status.
#[derive(Debug, Serialize, ToSchema)]
struct SubTaskCounts {
    pending: i64,
    assigned: i64,
    in_progress: i64,
    review: i64,
    rework: i64,
    blocked: i64,
    done: i64,
    cancelled: i64,
}

/// Agents by status.
#[derive(Debug, Serialize, ToSchema)]
struct AgentStatusCounts {
    active: i64,
    disabled: i64,
}

/// Agents by role.
#[derive(Debug, Serialize, ToSchema)]
struct AgentRoleCounts {
    planner: i64,
    executor: i64,
    reviewer: i64,
    patrol: i64,
}

/// Reviews by result.
#[derive(Debug, Serialize, ToSchema)]
struct ReviewCounts {
    approved: i64,
    rejected: i64,
}

impl From<Overview> for OverviewView {
    fn from(seen: Overview) -> Self {
        Self {
            generated_at: seen.generated_at,
            review_window_days: 7,
            core_cards: CoreCards::from(&seen),
            secondary_cards: SecondaryCards::from(&seen),
            distributions: Distributions::from(&seen),
        }
    }
}

impl From<&Overview> for CoreCards {
    fn from(seen: &Overview) -> Self {
        let open = [TaskStatus::Planning, TaskStatus::Active, TaskStatus::InProgress];
        let at_work =
            [Status::Assigned, Status::InProgress, Status::Review, Status::Rework, Status::Blocked];
        Self {
            open_task_count: open.iter().map(|status| seen.tasks(*status)).sum(),
            active_sub_task_count: at_work.iter().map(|status| seen.sub_tasks(*status)).sum(),
            review_queue_count: seen.sub_tasks(Status::Review),
            blocked_sub_task_count: seen.sub_tasks(Status::Blocked),
            active_agent_count: seen.agents_in(AgentStatus::Active),
            today_completed_sub_task_count: seen.completed_today,
        }
    }
}

impl From<&Overview> for SecondaryCards {
    fn from(seen: &Overview) -> Self {
        let reviews = seen.approved_today + seen.rejected_today;
        Self {
            disabled_agent_count: seen.agents_in(AgentStatus::Disabled),
            today_review_count: reviews,
            today_rejected_review_count: seen.rejected_today,
            today_reject_rate: percent(seen.rejected_today, reviews),
            today_net_score_delta: seen.score_today,
        }
    }
}

/// `part` of `whole` in percent with two decimals; 0 of nothing.
#[expect(clippy::cast_precision_loss, reason = "counts of a day are far below 2^52")]
fn percent(part: i64, whole: i64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    (part as f64 / whole as f64 * 10_000.0).round() / 100.0
}

impl From<&Overview> for Distributions {
    fn from(seen: &Overview) -> Self {
        Self {
            task_status_distribution: TaskCounts {
                planning: seen.tasks(TaskStatus::Planning),
                active: seen.tasks(TaskStatus::Active),
                in_progress: seen.tasks(TaskStatus::InProgress),
                completed: seen.tasks(TaskStatus::Completed),
                archived: seen.tasks(TaskStatus::Archived),
                cancelled: seen.tasks(TaskStatus::Cancelled),
            },
            sub_task_status_distribution: SubTaskCounts {
                pending: seen.sub_tasks(Status::Pending),
                assigned: seen.sub_tasks(Status::Assigned),
                in_progress: seen.sub_tasks(Status::InProgress),
                review: seen.sub_tasks(Status::Review),
                rework: seen.sub_tasks(Status::Rework),
                blocked: seen.sub_tasks(Status::Blocked),
                done: seen.sub_tasks(Status::Done),
                cancelled: seen.sub_tasks(Status::Cancelled),
            },
            agent_status_distribution: AgentStatusCounts {
                active: seen.agents_in(AgentStatus::Active),
                disabled: seen.agents_in(AgentStatus::Disabled),
            },
            agent_role_distribution: AgentRoleCounts {
                planner: seen.agents_of(Role::Planner),
                executor: seen.agents_of(Role::Executor),
                reviewer: seen.agents_of(Role::Reviewer),
                patrol: seen.agents_of(Role::Patrol),
            },
            review_result_distribution_7d: ReviewCounts {
                approved: seen.approved_recently,
                rejected: seen.rejected_recently,
            },
        }
    }
}

/// Counts by status, role and result.
#[utoipa::path(tag = "Admin", responses((status = 200, body = OverviewView)), security(("admin" = [])))]
#[get("/api/admin/dashboard/overview")]
async fn overview(call: Call) -> Answer<OverviewView> {
    call.admin(|known| Ok(known.service.overview()?.into())).await
}

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(overview).service(highlights::highlights).service(trends::trends);
}
