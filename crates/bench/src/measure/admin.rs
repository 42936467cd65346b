//! (f) What the admin looks at: every page, the first and a deep one, by one client and by sixteen.

use anyhow::Result;
use tempfile::TempDir;

use crate::client::Client;
use crate::fill::installation::{self, Installation, Size};
use crate::measure::Bench;
use crate::measure::postgres;
use crate::report::Row;
use crate::server::Server;
use crate::wrk::Questions;

/// What the issue asks of each page at the median, in milliseconds.
const MEDIAN_AIM: f64 = 50.0;
const DATABASE_URL: &str = "TEST_DATABASE_URL";
const FULL: Size =
    Size { sub_tasks: 100_000, reviews: 100_000, entries: 300_000, requests: 300_000 };
const QUICK: Size = Size { sub_tasks: 2_000, reviews: 2_000, entries: 3_000, requests: 3_000 };

pub(crate) fn run(bench: &Bench) -> Result<Vec<Row>> {
    let size = if bench.is_quick { QUICK } else { FULL };
    let scratch = TempDir::new_in(&bench.dir)?;
    let path = scratch.path().join("installation.db").display().to_string();
    let mut rows = on(bench, "SQLite", &path, size)?;
    let Some(url) = std::env::var(DATABASE_URL).ok().filter(|url| !url.is_empty()) else {
        let why = format!("skipped: {DATABASE_URL} is not set");
        rows.push(Row::skipped('f', "admin pages on PostgreSQL", why));
        return Ok(rows);
    };
    let database = postgres::Database::create(&url)?;
    match on(bench, "PostgreSQL", &database.url, size) {
        Ok(measured) => rows.extend(measured),
        // A program without PostgreSQL is a choice of its builder, not a failure.
        Err(error) => {
            let why = format!("skipped: {error:#}");
            rows.push(Row::skipped('f', "admin pages on PostgreSQL", why));
        }
    }
    Ok(rows)
}

fn on(bench: &Bench, backend: &str, database: &str, size: Size) -> Result<Vec<Row>> {
    eprintln!("  filling {backend} …");
    let filled = installation::fill(database, size)?;
    let server = bench.serve(database)?;
    let mut rows = Vec::new();
    for (title, path) in pages(&filled, size) {
        let what = format!("{backend}: {title}");
        let status = look(&server, &filled.token, &path)?;
        if status != 200 {
            rows.push(Row::skipped('f', what, format!("answers {status}")).errors(1));
            continue;
        }
        for clients in [1, 16] {
            let questions = Questions {
                paths: std::slice::from_ref(&path),
                header: Some(("X-Admin-Token", filled.token.clone())),
                connections: clients,
            };
            let load = bench.ask_for(&server, &questions)?;
            let what = format!("{what}, {clients} at once");
            rows.push(Row::load('f', what, "pages/s", load).median_at_most(MEDIAN_AIM));
        }
    }
    server.stop()?;
    Ok(rows)
}

fn look(server: &Server, token: &str, path: &str) -> Result<u16> {
    let mut client = Client::connect(&server.address)?;
    client.send("GET", path, &format!("X-Admin-Token: {token}\r\n"), "")?;
    Ok(client.receive()?.status)
}

/// Every page, by what it shows and its address.
fn pages(of: &Installation, size: Size) -> Vec<(String, String)> {
    let Installation { task, module, sub_task, owner, reviewer, review, token: _ } = of;
    let deep = size.sub_tasks / 20 / 2;
    let deep_of_done = deep / 2;
    let pages = [
        ("overview", "dashboard/overview".to_owned()),
        ("highlights", "dashboard/highlights?limit=50".to_owned()),
        ("trends of 30 days", "dashboard/trends?days=30".to_owned()),
        ("tasks", "tasks".to_owned()),
        ("100 tasks by name", "tasks?page_size=100&sort_by=name&sort_order=asc".to_owned()),
        ("tasks in a status by change", "tasks?status=active&sort_by=updated_at".to_owned()),
        ("tasks by status, deep", "tasks?sort_by=status&page=25".to_owned()),
        ("recurring tasks", "tasks?type=recurring".to_owned()),
        ("tasks with a keyword", "tasks?keyword=1a3".to_owned()),
        ("a task", format!("tasks/{task}")),
        ("modules of a task", format!("tasks/{task}/modules?sort_by=name")),
        ("a module", format!("modules/{module}")),
        ("sub-tasks of a task", format!("tasks/{task}/sub-tasks?sort_by=priority")),
        ("sub-tasks of a task and a status", format!("tasks/{task}/sub-tasks?status=done")),
        ("sub-tasks of a module", format!("modules/{module}/sub-tasks?sort_by=updated_at")),
        ("sub-tasks of a task with a keyword", format!("tasks/{task}/sub-tasks?keyword=note")),
        ("sub-tasks", "sub-tasks".to_owned()),
        ("sub-tasks, deep", format!("sub-tasks?page={deep}")),
        ("100 sub-tasks by change", "sub-tasks?sort_by=updated_at&page_size=100".to_owned()),
        ("sub-tasks by change, deep", format!("sub-tasks?sort_by=updated_at&page={deep}")),
        ("sub-tasks by priority, deep", format!("sub-tasks?sort_by=priority&page={deep}")),
        ("sub-tasks by status, deep", format!("sub-tasks?sort_by=status&page={deep}")),
        ("sub-tasks by rework", "sub-tasks?sort_by=rework_count".to_owned()),
        (
            "done sub-tasks by change, deep",
            format!("sub-tasks?status=done&sort_by=updated_at&page={deep_of_done}"),
        ),
        ("done sub-tasks by priority", "sub-tasks?status=done&sort_by=priority".to_owned()),
        ("blocked sub-tasks by rework", "sub-tasks?status=blocked&sort_by=rework_count".to_owned()),
        ("urgent sub-tasks by change", "sub-tasks?priority=high&sort_by=updated_at".to_owned()),
        (
            "urgent pending sub-tasks, oldest first",
            "sub-tasks?priority=high&status=pending&sort_order=asc".to_owned(),
        ),
        ("recurring sub-tasks", "sub-tasks?type=recurring".to_owned()),
        (
            "an agent's sub-tasks by change",
            format!("sub-tasks?assigned_agent={owner}&sort_by=updated_at"),
        ),
        ("sub-tasks with a rare keyword", "sub-tasks?keyword=1a2b".to_owned()),
        ("sub-tasks with a common keyword", "sub-tasks?keyword=summary".to_owned()),
        ("pending sub-tasks with a keyword", "sub-tasks?keyword=1a2b&status=pending".to_owned()),
        ("a sub-task", format!("sub-tasks/{sub_task}")),
        ("reviews", "review-records".to_owned()),
        ("reviews, deep", format!("review-records?page={deep}")),
        ("rejections, oldest first", "review-records?result=rejected&sort_order=asc".to_owned()),
        ("reviews of a task", format!("review-records?task_id={task}")),
        (
            "a reviewer's rejections",
            format!("review-records?reviewer_agent={reviewer}&result=rejected"),
        ),
        ("reviews of 7 days", "review-records?days=7".to_owned()),
        ("reviews with a keyword", "review-records?keyword=1a2b".to_owned()),
        ("a review", format!("review-records/{review}")),
        ("agents", "agents".to_owned()),
        ("agents by last request, deep", "agents?sort_by=last_request_at&page=25".to_owned()),
        ("agents with a keyword", "agents?keyword=executor-9".to_owned()),
        ("an agent", format!("agents/{owner}")),
        ("an agent's related rows", format!("agents/{owner}/related-counts")),
        ("an agent's score log", format!("agents/{owner}/score-logs")),
        ("an agent's activity log", format!("agents/{owner}/activity-logs?days=30")),
        ("an agent's request log", format!("agents/{owner}/request-logs?days=7")),
        ("score summary", "scores/summary".to_owned()),
        ("leaderboard, deep", "scores/leaderboard?page=25".to_owned()),
        ("score log", "scores/logs".to_owned()),
        ("score log, losses", "scores/logs?score_sign=negative&page=100".to_owned()),
        ("activity log", "logs".to_owned()),
        ("activity log, one kind of 7 days", "logs?action=coding&days=7".to_owned()),
        ("activity log with a keyword", "logs?keyword=1a2b".to_owned()),
    ];
    pages.map(|(title, path)| (title.to_owned(), format!("/api/admin/{path}"))).into()
}
