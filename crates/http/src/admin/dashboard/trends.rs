//! What happened on each of the last days, on the dashboard.

use actix_web::get;
use openmoss_domain::{Fields, Timestamp};
use openmoss_service::dashboard::{Day, Happened, Trends};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::call::{Answer, Call};
use crate::input::in_range;
use crate::problem::Problem;
use crate::vocabulary;

/// Days, unless asked otherwise.
const DAYS: u32 = 7;
const DAYS_MAX: u32 = 30;

/// How many days.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TrendsQuery {
    /// How many days, today included.
    #[param(default = 7, minimum = 1, maximum = 30)]
    days: Option<i64>,
}

/// What happened on each of the last days of the configured time zone, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DashboardTrends)]
pub(super) struct TrendsView {
    #[schema(value_type = vocabulary::Time)]
    generated_at: Timestamp,
    days: usize,
    /// The first day, such as `2026-11-19`.
    start_date: String,
    /// Today.
    end_date: String,
    sub_task_created_trend: Vec<CountView>,
    sub_task_completed_trend: Vec<CountView>,
    review_trend: Vec<ReviewsView>,
    score_delta_trend: Vec<ScoresView>,
    /// From the request log, as far back as it is kept.
    request_trend: Vec<CountView>,
    activity_trend: Vec<CountView>,
}

/// How many on a day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DayCount)]
struct CountView {
    date: String,
    count: i64,
}

/// Reviews of a day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DayReviews)]
struct ReviewsView {
    date: String,
    total: i64,
    approved: i64,
    rejected: i64,
}

/// Score changes of a day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DayScores)]
struct ScoresView {
    date: String,
    positive_score_delta: i64,
    negative_score_delta: i64,
    net_score_delta: i64,
}

impl From<Trends> for TrendsView {
    fn from(seen: Trends) -> Self {
        let days = seen.days;
        let date = |day: Option<&Day>| day.map(|day| day.date.to_string()).unwrap_or_default();
        let counts = |of: fn(&Happened) -> i64| {
            let count = |day: &Day| CountView { date: date(Some(day)), count: of(&day.happened) };
            days.iter().map(count).collect()
        };
        let reviews = |day: &Day| ReviewsView {
            date: date(Some(day)),
            total: day.happened.approved + day.happened.rejected,
            approved: day.happened.approved,
            rejected: day.happened.rejected,
        };
        let scores = |day: &Day| ScoresView {
            date: date(Some(day)),
            positive_score_delta: day.happened.gained,
            negative_score_delta: day.happened.lost,
            net_score_delta: day.happened.gained + day.happened.lost,
        };
        Self {
            generated_at: seen.generated_at,
            days: days.len(),
            start_date: date(days.first()),
            end_date: date(days.last()),
            sub_task_created_trend: counts(|happened| happened.created),
            sub_task_completed_trend: counts(|happened| happened.completed),
            review_trend: days.iter().map(reviews).collect(),
            score_delta_trend: days.iter().map(scores).collect(),
            request_trend: counts(|happened| happened.requests),
            activity_trend: counts(|happened| happened.entries),
        }
    }
}

/// What happened on each of the last days.
#[utoipa::path(tag = "Admin", params(TrendsQuery), responses((status = 200, body = TrendsView)), security(("admin" = [])))]
#[get("/api/admin/dashboard/trends")]
pub(super) async fn trends(call: Call) -> Answer<TrendsView> {
    call.admin(|known| {
        let asked: TrendsQuery = known.request.query()?;
        let mut fields = Fields::default();
        let days = in_range(&mut fields, "days", asked.days.unwrap_or(DAYS.into()), DAYS_MAX);
        fields.finish().map_err(Problem::from)?;
        Ok(known.service.trends(days)?.into())
    })
    .await
}
