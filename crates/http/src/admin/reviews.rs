//! Reviews as an admin reads them.

use std::time::Duration;

use actix_web::{get, web};
use openmoss_domain::{
    AgentId, Keyword, ModuleId, ReviewId, ReviewResult, SortOrder, SubTaskId, TaskId, Timestamp,
};
use openmoss_service::Page;
use openmoss_service::review::{ListedReview, Search};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::{Answer, Call};
use crate::input::{FilterValue, days, id, keyword, token_or_empty};
use crate::page::{AdminPageQuery, PageView};
use crate::vocabulary;

/// A review in an admin's list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminReview)]
struct ListedView {
    #[schema(value_type = uuid::Uuid)]
    id: ReviewId,
    #[schema(value_type = uuid::Uuid)]
    task_id: TaskId,
    task_name: String,
    #[schema(value_type = Option<uuid::Uuid>)]
    module_id: Option<ModuleId>,
    module_name: Option<String>,
    #[schema(value_type = uuid::Uuid)]
    sub_task_id: SubTaskId,
    sub_task_name: String,
    /// The reviewer; null if an admin decided.
    #[schema(value_type = Option<uuid::Uuid>)]
    reviewer_agent: Option<AgentId>,
    reviewer_agent_name: Option<String>,
    /// 1 for the first review of a sub-task.
    round: u32,
    #[schema(value_type = vocabulary::ReviewResult)]
    result: ReviewResult,
    score: u8,
    issues: String,
    comment: String,
    #[schema(value_type = Option<uuid::Uuid>)]
    rework_agent: Option<AgentId>,
    rework_agent_name: Option<String>,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
}

impl From<ListedReview> for ListedView {
    fn from(listed: ListedReview) -> Self {
        let one = listed.review;
        Self {
            id: one.id,
            task_id: listed.sub_task.task_id,
            task_name: listed.task_name,
            module_id: listed.sub_task.module_id,
            module_name: listed.module_name,
            sub_task_id: one.sub_task_id,
            sub_task_name: listed.sub_task.name,
            reviewer_agent: one.reviewer,
            reviewer_agent_name: listed.reviewer_name,
            round: one.round,
            result: one.result,
            score: one.score,
            issues: one.issues,
            comment: one.comment,
            rework_agent: one.rework_agent,
            rework_agent_name: listed.rework_agent_name,
            created_at: one.created_at,
        }
    }
}

type ListedPage = PageView<ListedView>;

/// A review, and the texts of what was reviewed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminReviewDetail)]
struct WholeView {
    #[schema(value_type = uuid::Uuid)]
    id: ReviewId,
    #[schema(value_type = uuid::Uuid)]
    task_id: TaskId,
    task_name: String,
    #[schema(value_type = Option<uuid::Uuid>)]
    module_id: Option<ModuleId>,
    module_name: Option<String>,
    #[schema(value_type = uuid::Uuid)]
    sub_task_id: SubTaskId,
    sub_task_name: String,
    sub_task_description: String,
    sub_task_deliverable: String,
    sub_task_acceptance: String,
    /// The reviewer; null if an admin decided.
    #[schema(value_type = Option<uuid::Uuid>)]
    reviewer_agent: Option<AgentId>,
    reviewer_agent_name: Option<String>,
    /// 1 for the first review of a sub-task.
    round: u32,
    #[schema(value_type = vocabulary::ReviewResult)]
    result: ReviewResult,
    score: u8,
    issues: String,
    comment: String,
    #[schema(value_type = Option<uuid::Uuid>)]
    rework_agent: Option<AgentId>,
    rework_agent_name: Option<String>,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
}

impl From<ListedReview> for WholeView {
    fn from(listed: ListedReview) -> Self {
        let (one, of) = (listed.review, listed.sub_task);
        Self {
            id: one.id,
            task_id: of.task_id,
            task_name: listed.task_name,
            module_id: of.module_id,
            module_name: listed.module_name,
            sub_task_id: one.sub_task_id,
            sub_task_name: of.name,
            sub_task_description: of.description,
            sub_task_deliverable: of.deliverable,
            sub_task_acceptance: of.acceptance,
            reviewer_agent: one.reviewer,
            reviewer_agent_name: listed.reviewer_name,
            round: one.round,
            result: one.result,
            score: one.score,
            issues: one.issues,
            comment: one.comment,
            rework_agent: one.rework_agent,
            rework_agent_name: listed.rework_agent_name,
            created_at: one.created_at,
        }
    }
}

/// Which reviews, in which order of time.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ReviewQuery {
    /// Of sub-tasks of this task.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    task_id: FilterValue<TaskId>,
    /// Of this sub-task.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    sub_task_id: FilterValue<SubTaskId>,
    /// By this reviewer.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    reviewer_agent: FilterValue<AgentId>,
    /// That say this.
    #[serde(default, deserialize_with = "token_or_empty")]
    #[param(inline, required = false, value_type = vocabulary::ReviewResult)]
    result: Option<ReviewResult>,
    /// With this in issues, comment, or the name of task, sub-task, reviewer or rework agent.
    #[serde(default, deserialize_with = "keyword")]
    #[param(value_type = Option<String>, max_length = 500)]
    keyword: Option<Keyword>,
    /// Of the last so many times 24 hours.
    #[serde(default, deserialize_with = "days")]
    #[param(value_type = Option<i64>, minimum = 1)]
    days: Option<u32>,
    /// Which end comes first; the largest or newest unless said otherwise.
    #[param(inline, required = false, value_type = vocabulary::SortOrder)]
    sort_order: Option<SortOrder>,
}

impl ReviewQuery {
    /// None if an id is that of nothing.
    fn search(self, now: Timestamp) -> Result<Search, ()> {
        let ago = |days: u32| now.minus(Duration::from_hours(u64::from(days) * 24));
        Ok(Search {
            task_id: self.task_id.optional()?,
            sub_task_id: self.sub_task_id.optional()?,
            reviewer: self.reviewer_agent.optional()?,
            result: self.result,
            keyword: self.keyword,
            since: self.days.map(ago),
            order: self.sort_order.unwrap_or(SortOrder::Desc),
        })
    }
}

/// Reviews, with the names that belong to them.
#[utoipa::path(tag = "Admin", params(ReviewQuery, AdminPageQuery), responses((status = 200, body = ListedPage)), security(("admin" = [])))]
#[get("/api/admin/review-records")]
async fn search_reviews(call: Call) -> Answer<ListedPage> {
    call.admin(|known| {
        let (page, asked): (AdminPageQuery, ReviewQuery) = known.request.list_query()?;
        let search = asked.search(known.service.now());
        page.answer(|window| match &search {
            Ok(search) => Ok(known.service.search_reviews(search, window)?),
            Err(()) => Ok(Page::empty()),
        })
    })
    .await
}

/// One review, and the texts of what was reviewed.
#[utoipa::path(tag = "Admin", params(("review_id" = String, Path)), responses((status = 200, body = WholeView)), security(("admin" = [])))]
#[get("/api/admin/review-records/{review_id}")]
async fn find_listed_review(call: Call, path: web::Path<String>) -> Answer<WholeView> {
    call.admin(move |known| Ok(known.service.find_listed_review(id("review", &path)?)?.into()))
        .await
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(search_reviews).service(find_listed_review);
}
