//! What the dashboard's first page shows. Nothing here counts a table.

mod highlights;
mod trends;

use chrono::{NaiveDate, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use openmoss_domain::sub_task::Status;
use openmoss_domain::{AgentStatus, ReviewResult, Role, TaskStatus, Timestamp};
use openmoss_storage::counter::{Counts, Scope, counts};
use openmoss_storage::sub_task::Facets;
use openmoss_storage::{agent, dashboard, task};

use crate::Service;
use crate::error::ServiceError;

pub use highlights::Highlights;
pub use openmoss_storage::dashboard::{AgentAtWork, Happened};
pub(crate) use trends::PastDays;
pub use trends::{Day, Trends};

/// How far back the distribution of review results looks.
const REVIEW_WINDOW: std::time::Duration = std::time::Duration::from_hours(7 * 24);

/// Counts by status, role and result (the contract, section 11).
#[derive(Debug, Clone)]
pub struct Overview {
    /// When it was made.
    pub generated_at: Timestamp,
    tasks: Counts,
    sub_tasks: Counts,
    agents: Vec<(Role, AgentStatus, i64)>,
    /// Sub-tasks approved since local midnight.
    pub completed_today: i64,
    /// Reviews since local midnight that approved.
    pub approved_today: i64,
    /// Reviews since local midnight that rejected.
    pub rejected_today: i64,
    /// Sum of score changes since local midnight.
    pub score_today: i64,
    /// Reviews of the last seven days that approved.
    pub approved_recently: i64,
    /// Reviews of the last seven days that rejected.
    pub rejected_recently: i64,
}

impl Overview {
    /// Tasks in a status.
    #[must_use]
    pub fn tasks(&self, status: TaskStatus) -> i64 {
        task::count(&self.tasks, Some(status), None)
    }

    /// Sub-tasks in a status.
    #[must_use]
    pub fn sub_tasks(&self, status: Status) -> i64 {
        Facets { status: Some(status), ..Facets::default() }.count(&self.sub_tasks)
    }

    /// Agents of a role, whatever their status.
    #[must_use]
    pub fn agents_of(&self, role: Role) -> i64 {
        self.agents.iter().filter(|row| row.0 == role).map(|row| row.2).sum()
    }

    /// Agents in a status, whatever their role.
    #[must_use]
    pub fn agents_in(&self, status: AgentStatus) -> i64 {
        self.agents.iter().filter(|row| row.1 == status).map(|row| row.2).sum()
    }
}

impl Service {
    /// The numbers of the dashboard's first page.
    pub fn overview(&self) -> Result<Overview, ServiceError> {
        let now = self.now();
        let midnight = self.midnight(now);
        let recent = now.minus(REVIEW_WINDOW);
        self.read(|reader| {
            let count = agent::count_by_role(reader)?;
            let roles = Role::ALL.iter().flat_map(|role| {
                AgentStatus::ALL.iter().map(|status| (*role, *status, count(*role, *status)))
            });
            let agents = roles.collect();
            let mut reviews = |result, since| dashboard::reviews_since(reader, result, since);
            let approved_today = reviews(ReviewResult::Approved, midnight)?;
            let rejected_today = reviews(ReviewResult::Rejected, midnight)?;
            let approved_recently = reviews(ReviewResult::Approved, recent)?;
            let rejected_recently = reviews(ReviewResult::Rejected, recent)?;
            Ok(Overview {
                generated_at: now,
                tasks: counts(reader, Scope::Tasks)?,
                sub_tasks: counts(reader, Scope::SubTasks)?,
                agents,
                completed_today: dashboard::completed_since(reader, midnight)?,
                approved_today,
                rejected_today,
                score_today: dashboard::score_since(reader, midnight)?,
                approved_recently,
                rejected_recently,
            })
        })
    }

    /// The last midnight in the configured zone.
    fn midnight(&self, now: Timestamp) -> Timestamp {
        let zone = self.zone();
        begin_of(today(now, zone), zone, now)
    }
}

/// The day that it is in a zone.
fn today(now: Timestamp, zone: Tz) -> NaiveDate {
    now.to_datetime().with_timezone(&zone).date_naive()
}

/// When a day begins in a zone; `otherwise` if it never does.
fn begin_of(day: NaiveDate, zone: Tz, otherwise: Timestamp) -> Timestamp {
    // Where clocks jump over midnight, the day begins later; no jump is longer than this.
    let begins = (0..24 * 60).step_by(15).find_map(|minutes| {
        let time = day.and_time(NaiveTime::MIN) + TimeDelta::minutes(minutes);
        zone.from_local_datetime(&time).earliest()
    });
    begins.map_or(otherwise, |begins| begins.with_timezone(&chrono::Utc).into())
}
