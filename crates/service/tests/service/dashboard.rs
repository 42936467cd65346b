//! The numbers of the dashboard, and where its day begins.

use std::time::Duration;

use openmoss_domain::sub_task::Status;
use openmoss_domain::{AgentStatus, ReviewResult, Role, TaskStatus, Timestamp};
use openmoss_testkit::{TestDb, TestService, by};

/// Microseconds of a moment in UTC.
fn moment(text: &str) -> Timestamp {
    let json = format!("\"{text}\"");
    serde_json::from_str(&json).unwrap()
}

fn the_overview_counts_what_there_is(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, reviewer) = (service.agent(Role::Executor), by(&service.agent(Role::Reviewer)));
    let idle = service.agent(Role::Executor);
    service.set_agent_status(&service.admin(), idle.id, AgentStatus::Disabled).unwrap();
    let task = service.task();
    service.move_task(&service.admin(), service.task().id, TaskStatus::Cancelled).unwrap();
    for status in Status::ALL {
        let _ = service.brought(&service.work(task.id).create(), *status, &owner);
    }
    let work = service.brought(&service.work(task.id).create(), Status::Review, &owner);
    let verdict = TestService::verdict(ReviewResult::Approved, 5);
    service.review_sub_task(&reviewer, work.id, &verdict).unwrap();
    let overview = service.overview().unwrap();
    for status in Status::ALL {
        let expected = if *status == Status::Done { 2 } else { 1 };
        assert_eq!(overview.sub_tasks(*status), expected, "{status}");
    }
    let tasks = |status| overview.tasks(status);
    assert_eq!((tasks(TaskStatus::InProgress), tasks(TaskStatus::Cancelled)), (1, 1));
    assert_eq!(tasks(TaskStatus::Planning), 0);
    assert_eq!((overview.agents_of(Role::Executor), overview.agents_of(Role::Planner)), (2, 0));
    assert_eq!(overview.agents_in(AgentStatus::Active), 2);
    assert_eq!(overview.agents_in(AgentStatus::Disabled), 1);
    assert_eq!((overview.completed_today, overview.score_today), (2, 5));
    assert_eq!((overview.approved_today, overview.rejected_today), (2, 1));
    assert_eq!((overview.approved_recently, overview.rejected_recently), (2, 1));
}

/// How many were completed "today" at `now`, of one that is done at each of `times`.
fn completed_today(db: &TestDb, zone: &str, times: &[&str], now: &str) -> i64 {
    let service =
        TestService::open_with(db, |settings| zone.clone_into(&mut settings.server.timezone));
    let owner = service.agent(Role::Executor);
    let task = service.task();
    for time in times {
        service.clock.set(moment(time));
        let _ = service.brought(&service.work(task.id).create(), Status::Done, &owner);
    }
    service.clock.set(moment(now));
    service.overview().unwrap().completed_today
}

/// A database for each case.
fn today(zone: &str, times: &[&str], now: &str) -> i64 {
    completed_today(&TestDb::sqlite(), zone, times, now)
}

#[test]
fn today_begins_at_midnight_of_the_configured_zone() {
    let times = ["2026-09-21T15:59:59Z", "2026-09-21T16:00:00Z", "2026-09-21T23:59:59Z"];
    // In Shanghai the 22nd begins at 16:00 UTC of the 21st.
    assert_eq!(today("Asia/Shanghai", &times, "2026-09-22T01:00:00Z"), 2);
    assert_eq!(today("Asia/Shanghai", &times, "2026-09-22T16:00:00Z"), 0);
    assert_eq!(today("UTC", &times, "2026-09-21T23:59:59Z"), 3);
    assert_eq!(today("UTC", &times, "2026-09-22T00:00:00Z"), 0);
    assert_eq!(today("America/New_York", &times, "2026-09-22T03:00:00Z"), 3);
}

#[test]
fn today_is_right_on_days_on_which_clocks_change() {
    // In Cairo the clocks jump from 00:00 to 01:00 on the 24th: the day begins at 22:00 UTC.
    let times = ["2026-04-23T21:59:59Z", "2026-04-23T22:00:00Z", "2026-04-24T00:30:00Z"];
    assert_eq!(today("Africa/Cairo", &times, "2026-04-24T12:00:00Z"), 2);
    // In Havana 00:00 to 01:00 comes twice on the 1st of November: the day begins with the first.
    let times = ["2026-11-01T03:59:59Z", "2026-11-01T04:00:00Z", "2026-11-01T05:00:00Z"];
    assert_eq!(today("America/Havana", &times, "2026-11-01T12:00:00Z"), 2);
    // And where the hour that is lost or comes twice is not midnight, nothing is special.
    let times = ["2026-03-28T22:59:59Z", "2026-03-28T23:00:00Z"];
    assert_eq!(today("Europe/Berlin", &times, "2026-03-29T12:00:00Z"), 1);
}

fn recently_is_seven_days(db: &TestDb) {
    let service = TestService::open(db);
    let owner = service.agent(Role::Executor);
    let task = service.task();
    let _ = service.brought(&service.work(task.id).create(), Status::Done, &owner);
    service.clock.advance(Duration::from_hours(7 * 24));
    assert_eq!(service.overview().unwrap().approved_recently, 1);
    service.clock.advance(Duration::from_micros(1));
    assert_eq!(service.overview().unwrap().approved_recently, 0);
}

openmoss_testkit::on_each_backend!(the_overview_counts_what_there_is, recently_is_seven_days);
