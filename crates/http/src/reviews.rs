//! Reviews over HTTP.

use actix_web::{get, post, web};
use openmoss_domain::review::Verdict;
use openmoss_domain::{AgentId, Review, ReviewId, ReviewResult, SubTaskId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::call::{Answer, Call};
use crate::input::{FilterValue, id, lenient_integer, optional_id, text_or_empty};
use crate::page::{PageQuery, PageView};
use crate::problem::Problem;
use crate::vocabulary;

/// A review.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Review)]
pub(crate) struct ReviewView {
    #[schema(value_type = uuid::Uuid)]
    id: ReviewId,
    #[schema(value_type = uuid::Uuid)]
    sub_task_id: SubTaskId,
    /// The reviewer; null if an admin decided.
    #[schema(value_type = Option<uuid::Uuid>)]
    reviewer_agent: Option<AgentId>,
    /// 1 for the first review of a sub-task.
    round: u32,
    #[schema(value_type = vocabulary::ReviewResult)]
    result: ReviewResult,
    score: u8,
    issues: String,
    comment: String,
    #[schema(value_type = Option<uuid::Uuid>)]
    rework_agent: Option<AgentId>,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
}

impl From<Review> for ReviewView {
    fn from(one: Review) -> Self {
        Self {
            id: one.id,
            sub_task_id: one.sub_task_id,
            reviewer_agent: one.reviewer,
            round: one.round,
            result: one.result,
            score: one.score,
            issues: one.issues,
            comment: one.comment,
            rework_agent: one.rework_agent,
            created_at: one.created_at,
        }
    }
}

type ReviewPage = PageView<ReviewView>;

/// What a reviewer says.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ReviewCreate)]
pub(crate) struct CreateBody {
    #[schema(format = Uuid)]
    sub_task_id: String,
    #[schema(value_type = vocabulary::ReviewResult)]
    result: ReviewResult,
    #[serde(deserialize_with = "lenient_integer")]
    #[schema(minimum = 1, maximum = 5)]
    score: i64,
    /// What to mend; required with `rejected`.
    #[serde(default, deserialize_with = "text_or_empty")]
    #[schema(value_type = Option<String>, max_length = 65_536)]
    issues: String,
    #[serde(default, deserialize_with = "text_or_empty")]
    #[schema(value_type = Option<String>, max_length = 65_536)]
    comment: String,
    /// Who shall mend it, if not the owner.
    #[schema(format = Uuid)]
    rework_agent: Option<String>,
}

impl CreateBody {
    pub(crate) fn into_verdict(self) -> Result<(SubTaskId, Verdict), Problem> {
        let rework_agent = optional_id("agent", self.rework_agent.as_deref())?;
        let verdict =
            Verdict::checked(self.result, self.score, &self.issues, &self.comment, rework_agent)?;
        Ok((id("sub_task", &self.sub_task_id)?, verdict))
    }
}

/// Of which sub-task.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ReviewQuery {
    /// Of this sub-task.
    sub_task_id: Option<String>,
}

/// Records a review and moves the sub-task, in one transaction.
#[utoipa::path(tag = "Reviews", request_body = CreateBody, responses((status = 200, body = ReviewView)))]
#[post("/api/review-records")]
async fn review_sub_task(call: Call) -> Answer<ReviewView> {
    call.actor(|known| {
        let (id, verdict) = known.request.json::<CreateBody>()?.into_verdict()?;
        Ok(known.service.review_sub_task(&known.cx, id, &verdict)?.into())
    })
    .await
}

/// Reviews, newest first.
#[utoipa::path(tag = "Reviews", params(ReviewQuery, PageQuery), responses((status = 200, body = ReviewPage)))]
#[get("/api/review-records")]
async fn list_reviews(call: Call) -> Answer<ReviewPage> {
    call.actor(|known| {
        let page: PageQuery = known.request.query()?;
        let asked: ReviewQuery = known.request.query()?;
        let Ok(sub_task) = FilterValue::parse(asked.sub_task_id.as_deref()).optional() else {
            return Ok(page.answer_nothing());
        };
        page.answer(|window| Ok(known.service.list_reviews(sub_task, window)?))
    })
    .await
}

/// One review.
#[utoipa::path(tag = "Reviews", params(("review_id" = String, Path)), responses((status = 200, body = ReviewView)))]
#[get("/api/review-records/{review_id}")]
async fn find_review(call: Call, path: web::Path<String>) -> Answer<ReviewView> {
    call.actor(move |known| Ok(known.service.find_review(id("review", &path)?)?.into())).await
}

pub(crate) fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(review_sub_task).service(list_reviews).service(find_review);
}
