//! An existing installation comes over: what fits as it is, what does not repaired or set aside.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use openmoss_domain::import::{FINDINGS, Finding, UpstreamTable};
use openmoss_domain::sub_task::{BlockedKind, Status};
use openmoss_domain::{
    Achievement, Actor, AgentStatus, Deliverable, EventKind, Policy, ReviewResult, Role, SubTaskId,
    TaskId,
};
use openmoss_service::event::Filter;
use openmoss_service::import::{Import, Progress, Report};
use openmoss_service::{ServiceError, StorageError, Window};
use openmoss_testkit::{OldInstallation, START, TestDb, TestService, by, differences};

const ZONE: &str = "Europe/Berlin";

/// Counts what it hears.
#[derive(Default)]
struct Heard {
    rows: AtomicU64,
    read: AtomicU64,
}

impl Progress for Heard {
    fn begin(&self, rows: u64) {
        self.rows.store(rows, Ordering::Relaxed);
        self.read.store(0, Ordering::Relaxed);
    }

    fn advance(&self, rows: u64) {
        self.read.fetch_add(rows, Ordering::Relaxed);
    }
}

fn of(old: &OldInstallation) -> Import {
    Import::new(old.path(), ZONE).unwrap()
}

fn run(service: &TestService, old: &OldInstallation) -> Result<Report, ServiceError> {
    let progress = Arc::new(Heard::default());
    let cx = service.admin();
    let report = service.import(&cx, &of(old), old.folder().to_owned(), progress.clone());
    let heard = |n: &AtomicU64| n.load(Ordering::Relaxed);
    assert!(report.is_err() || heard(&progress.read) == heard(&progress.rows));
    report
}

fn sub_task(number: u32) -> SubTaskId {
    format!("b0000000-0000-4000-8000-{number:012}").parse().unwrap()
}

/// How often each thing was found in a table.
fn findings(report: &Report, table: UpstreamTable) -> BTreeMap<Finding, u64> {
    let of_table = report.findings.iter().filter(|found| found.table == table);
    of_table.map(|found| (found.finding, found.count)).collect()
}

/// Rows, new, repaired and set aside of each table.
fn counts(report: &Report) -> Vec<(&'static str, u64, u64, u64, u64)> {
    let counts = report.tables.iter();
    counts.map(|t| (t.table.as_str(), t.rows, t.new, t.repaired, t.set_aside)).collect()
}

fn every_awkward_row_is_accounted_for(db: &TestDb) {
    let (service, old) = (TestService::open(db), OldInstallation::awkward());
    let planned = service.plan_import(&of(&old), &Heard::default()).unwrap();
    assert_eq!(db.raw().number("SELECT COUNT(*) AS n FROM task"), 0, "a plan writes nothing");
    assert!(old.remarks().is_empty(), "not even the file");
    let shipped = service.list_rules(None, None).unwrap();
    assert_eq!(shipped.len(), 1, "the server's own, which gives way");
    let into_nothing = of(&old).plan(Policy::default(), START, &Heard::default()).unwrap();
    assert_eq!(planned, into_nothing);

    let report = run(&service, &old).unwrap();
    assert_eq!(counts(&report), counts(&planned));
    assert_eq!(report.findings, planned.findings);
    for (table, rows, _, repaired, set_aside) in counts(&report) {
        let there = old.raw().number(&format!("SELECT COUNT(*) AS n FROM {table}"));
        assert_eq!(i64::try_from(rows), Ok(there), "{table}");
        assert!(repaired + set_aside <= rows, "{table}");
    }
    let table = |name: &str| {
        let (_, _, new, repaired, aside) =
            counts(&report).into_iter().find(|table| table.0 == name).unwrap();
        (new, repaired, aside)
    };
    assert_eq!(table("task"), (4, 3, 1));
    assert_eq!(table("module"), (2, 1, 1));
    assert_eq!(table("agent"), (9, 8, 0));
    assert_eq!(table("sub_task"), (25, 16, 2));
    assert_eq!(table("review_record"), (4, 2, 2));
    // Two of the new rows make up for totals that no log explained.
    assert_eq!(table("reward_log"), (6, 2, 2));
    assert_eq!(table("activity_log"), (2, 1, 1));
    assert_eq!(table("rule"), (3, 4, 2));
    assert_eq!(table("request_log"), (3, 1, 1));

    let seen: Vec<Finding> = report.findings.iter().map(|found| found.finding).collect();
    let unseen: Vec<_> =
        FINDINGS.iter().map(|rule| rule.finding).filter(|found| !seen.contains(found)).collect();
    assert_eq!(unseen, [Finding::DuplicateId], "the fixture has one of every kind");
    assert_eq!(differences(db), [""; 0]);
}

fn what_was_not_taken_as_it_is_can_be_read_in_the_file(db: &TestDb) {
    let (service, old) = (TestService::open(db), OldInstallation::awkward());
    let report = run(&service, &old).unwrap();
    let file = report.file.clone().unwrap();
    assert_eq!(old.remarks(), std::slice::from_ref(&file));
    let text = std::fs::read_to_string(file).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let not_as_it_is: u64 = report.tables.iter().map(|t| t.repaired + t.set_aside).sum();
    assert_eq!(u64::try_from(lines.len()), Ok(not_as_it_is));
    let long = lines.iter().find(|line| line["row"]["id"] == sub_task(24).to_string()).unwrap();
    assert_eq!(long["row"]["description"].as_str().unwrap().chars().count(), 80_003);
    assert_eq!(long["effect"], "repaired");
    assert!(!text.contains("ak_0000"), "no key is written anywhere");
    assert!(text.contains("\"api_key\":\"***\""));
}

fn a_second_run_changes_nothing(db: &TestDb) {
    let (service, old) = (TestService::open(db), OldInstallation::awkward());
    let first = run(&service, &old).unwrap();
    let events = service.events(Filter::default());
    assert_eq!(events.last().unwrap().kind, EventKind::Imported);
    assert_eq!(events.last().unwrap().payload.0["sub_task"], 25);
    let rows = |db: &TestDb| {
        db.raw()
            .texts("SELECT id || status || CAST(version AS TEXT) AS text FROM sub_task ORDER BY id")
    };
    let before = rows(db);

    service.clock.advance(std::time::Duration::from_hours(5));
    let second = run(&service, &old).unwrap();
    for (first, second) in first.tables.iter().zip(&second.tables) {
        assert_eq!((second.new, second.same), (0, first.new), "{}", first.table);
    }
    assert!(!second.is_any_new() && second.file.is_none());
    assert_eq!(rows(db), before);
    assert_eq!(service.events(Filter::default()).len(), events.len());
    assert_eq!(differences(db), [""; 0]);
}

fn states_are_possible_ones(db: &TestDb) {
    let (service, old) = (TestService::open(db), OldInstallation::awkward());
    run(&service, &old).unwrap();
    let found = |number| service.found(sub_task(number));
    let statuses: Vec<_> = (1..=15).map(|n| found(n).status.as_str()).collect();
    assert_eq!(
        statuses,
        [
            "pending",
            "assigned",
            "in_progress",
            "review",
            "rework",
            "blocked",
            "done",
            "cancelled",
            "pending",
            "pending",
            "pending",
            "pending",
            "blocked",
            "pending",
            "pending"
        ]
    );
    let working = found(3);
    assert_eq!((working.attempt, working.version.get()), (1, 1));
    assert_eq!(working.session_id.as_deref(), Some("session-3"));
    assert_eq!(working.lease_expires_at, Some(START.plus(Policy::default().lease)));
    assert_eq!(found(5).lease_expires_at, None);
    assert_eq!((found(5).rework_count, found(26).rework_count), (3, 0));
    // Who lost it can still hand in what it has.
    let former = found(12);
    assert_eq!((former.owner, former.attempt, former.session_id), (None, 1, None));
    let zombie = found(13).blocked.unwrap();
    assert_eq!(zombie.kind, BlockedKind::NeedsInput);
    assert!(zombie.detail.contains("zombie"), "{}", zombie.detail);
    assert_eq!(found(6).blocked.unwrap().kind, BlockedKind::Other);
    assert_eq!(found(19).completed_at, Some(found(19).updated_at));
    assert_eq!((found(20).completed_at, found(20).owner), (None, None));
    assert_eq!((found(17).module_id, found(18).module_id), (None, None));
    assert!(found(1).module_id.is_some() && found(25).held);
    assert!(found(24).name.ends_with('…') && found(24).description.contains("80010 bytes"));
    assert_eq!(found(22).created_at.to_string(), "2026-03-29T01:30:00.000000Z");
    assert_eq!(found(23).created_at.to_string(), "2026-10-25T00:30:00.000000Z");
    // The row before it in the file.
    assert_eq!(found(21).created_at, found(20).created_at);
    assert_eq!(found(1).created_at.to_string(), "2026-02-02T09:00:00.000000Z");
}

fn scores_reviews_rules_and_logs_add_up(db: &TestDb) {
    let (service, old) = (TestService::open(db), OldInstallation::awkward());
    let report = run(&service, &old).unwrap();
    let agents = service.list_agents(None, None).unwrap();
    let named = |name: &str| agents.iter().find(|agent| agent.name == name).unwrap();
    assert_eq!(named("worker").total_score, 10);
    let second = named("worker (2)");
    let standing = service.find_standing(second.id).unwrap().1;
    assert_eq!((standing.total, standing.rewards, standing.penalties), (12, 2, 0));
    let log = service.list_score_changes(second.id, Window { offset: 0, limit: 9 }).unwrap();
    assert_eq!(log.total, 2);
    let made_up = log.items.iter().find(|change| change.delta == 7).unwrap();
    assert!(made_up.reason.contains("the total was 12"), "{}", made_up.reason);
    assert_eq!(
        (named("chief").role, named("chief").status),
        (Role::Executor, AgentStatus::Disabled)
    );
    assert_eq!(named("judge").role, Role::Reviewer);
    assert_eq!(named("watch").status, AgentStatus::Disabled);
    assert_eq!(named("agent a0000000").total_score, -3);

    let reviews = service.list_reviews(Some(sub_task(5)), Window { offset: 0, limit: 9 }).unwrap();
    let rounds: Vec<_> = reviews.items.iter().map(|r| (r.round, r.score, r.result)).collect();
    let rejected = ReviewResult::Rejected;
    assert_eq!(rounds, [(3, 3, rejected), (2, 5, rejected), (1, 2, rejected)]);
    assert_eq!(reviews.total, 3);
    let kept = findings(&report, UpstreamTable::ReviewRecord);
    assert_eq!(kept[&Finding::FormerAgent], 2, "a reviewer, and one who should have mended it");

    let number = |sql: &str| db.raw().number(sql);
    assert_eq!(number("SELECT CAST(SUM(request_count) AS BIGINT) AS n FROM request_day"), 3);
    assert_eq!(number("SELECT CAST(SUM(submit_count) AS BIGINT) AS n FROM request_day"), 1);
    for (column, log) in [
        ("last_request_at", "request_log"),
        ("last_activity_at", "activity_log"),
        ("last_score_at", "score_log"),
    ] {
        let wrong = format!(
            "SELECT COUNT(*) AS n FROM agent WHERE {column} <> COALESCE(
                (SELECT MAX(created_at) FROM {log} WHERE agent_id = agent.id), 0)"
        );
        assert_eq!(number(&wrong), 0, "{column}");
    }

    let rules = service.list_rules(None, None).unwrap();
    assert_eq!(rules[0].content, "First.\n\n---\n\nSecond.");
    assert_eq!(rules.len(), 3);
    let overview = service.overview().unwrap();
    assert_eq!(overview.sub_tasks(Status::Pending), 16);
    assert_eq!(overview.sub_tasks(Status::Done), 2);
    assert_eq!(overview.agents_in(AgentStatus::Active), 5);
}

fn agents_go_on_with_their_old_keys(db: &TestDb) {
    let (service, old) = (TestService::open(db), OldInstallation::awkward());
    run(&service, &old).unwrap();
    let agent = |number| service.authenticate_agent(&OldInstallation::key(number));
    let (worker, judge) = (agent(2).unwrap(), agent(4).unwrap());
    assert!(matches!(agent(7), Err(ServiceError::AgentDisabled)));
    assert!(matches!(service.authenticate_agent(""), Err(ServiceError::Unauthenticated(_))));
    let none = "none:a0000000-0000-4000-8000-000000000008";
    assert!(matches!(service.authenticate_agent(none), Err(ServiceError::Unauthenticated(_))));

    let id = sub_task(1);
    service.claim_sub_task(&by(&worker), id, None).unwrap();
    service.start_sub_task(&by(&worker), id, None, None).unwrap();
    service.submit_sub_task(&by(&worker), id, &Deliverable::default(), None).unwrap();
    let verdict = TestService::verdict(ReviewResult::Approved, 5);
    service.review_sub_task(&by(&judge), id, &verdict).unwrap();
    assert_eq!(service.find_agent(worker.id).unwrap().total_score, 15);
    // Work in hand goes on, too.
    service.submit_sub_task(&by(&worker), sub_task(3), &Deliverable::default(), None).unwrap();
    service.start_sub_task(&by(&worker), sub_task(5), None, None).unwrap();
    let verdict = TestService::verdict(ReviewResult::Approved, 3);
    let review = service.review_sub_task(&by(&judge), sub_task(4), &verdict).unwrap();
    assert_eq!(review.round, 1);
    assert_eq!(differences(db), [""; 0]);
}

fn what_clashes_is_named_and_nothing_is_written(db: &TestDb) {
    let (service, old) = (TestService::open(db), OldInstallation::awkward());
    run(&service, &old).unwrap();
    let worker = service.authenticate_agent(&OldInstallation::key(2)).unwrap();
    service.claim_sub_task(&by(&worker), sub_task(1), None).unwrap();
    old.raw()
        .run("INSERT INTO task (id, name) VALUES ('c0000000-0000-4000-8000-00000000000b', 'New')");
    let Err(ServiceError::AlreadyExists(sentence)) = run(&service, &old) else { panic!() };
    assert!(sentence.contains(&sub_task(1).to_string()), "{sentence}");
    let new: TaskId = "c0000000-0000-4000-8000-00000000000b".parse().unwrap();
    assert!(service.find_task(new).is_err(), "all or nothing");
    let plan = service.plan_import(&of(&old), &Heard::default()).unwrap();
    assert!(plan.clash().unwrap().contains(&sub_task(1).to_string()));
    assert_eq!(differences(db), [""; 0]);
}

fn a_database_with_other_content_takes_it_in(db: &TestDb) {
    let (service, old) = (TestService::open(db), OldInstallation::awkward());
    let cx = service.admin();
    let new = openmoss_service::agent::NewAgent {
        name: "plan".to_owned(),
        role: Role::Planner,
        description: String::new(),
        capabilities: Vec::new(),
    };
    let there = service.create_agent(&cx, &new).unwrap().agent;
    let task = service.task();
    let work = service.work(task.id).create();
    run(&service, &old).unwrap();
    let planner = service.authenticate_agent(&OldInstallation::key(1)).unwrap();
    assert_eq!((planner.name.as_str(), there.name.as_str()), ("plan (2)", "plan"));
    assert!(!run(&service, &old).unwrap().is_any_new(), "and again, the same");
    assert_eq!(service.found(work.id), work);
    assert_eq!(differences(db), [""; 0]);
}

fn agents_keep_the_record_of_what_they_did(db: &TestDb) {
    let (service, old) = (TestService::open(db), OldInstallation::awkward());
    run(&service, &old).unwrap();
    let mut done = 0;
    for agent in service.list_agents(Some(Role::Executor), None).unwrap() {
        let (seen, _) = service.look_at_agent(agent.id).unwrap();
        let standings = service.list_achievements(agent.id).unwrap();
        let approvals = standings.iter().find(|one| one.kind == Achievement::HundredApprovals);
        assert_eq!(approvals.unwrap().progress, seen.work(Status::Done).min(100));
        assert!(standings.iter().all(|one| one.earned_at.is_none()), "nobody saw the moment");
        done += seen.work(Status::Done);
    }
    assert!(done > 0);
    let counted = |table: &str| db.raw().number(&format!("SELECT COUNT(*) AS n FROM {table}"));
    let tables = ["track_record", "contribution", "partner"];
    let before = tables.map(counted);
    run(&service, &old).unwrap();
    assert_eq!(tables.map(counted), before, "and again, the same");
}

#[test]
fn files_that_cannot_be_brought_over_say_why() {
    let old = OldInstallation::empty();
    let plan = || of(&old).plan(Policy::default(), START, &Heard::default());
    let refused = || match plan() {
        Err(ServiceError::Storage(StorageError::Foreign(sentence))) => sentence,
        other => panic!("{other:?}"),
    };
    assert!(!plan().unwrap().is_any_new(), "an empty one is none of those");
    let beside = |suffix: &str| old.folder().join(format!("tasks.db{suffix}"));
    for suffix in ["-journal", "-wal"] {
        std::fs::write(beside(suffix), "x").unwrap();
        assert!(refused().contains("still runs"), "{}", refused());
        std::fs::remove_file(beside(suffix)).unwrap();
    }
    let mut writing = old.raw();
    writing.run("BEGIN EXCLUSIVE");
    assert!(refused().contains("is locked"), "{}", refused());
    writing.run("ROLLBACK");
    old.raw().run("DROP TABLE review_record");
    assert!(refused().contains("no table review_record"), "{}", refused());
    std::fs::write(old.path(), "x".repeat(9_000)).unwrap();
    assert!(refused().contains("not a SQLite database"), "{}", refused());
    std::fs::remove_file(old.path()).unwrap();
    assert!(refused().contains("no database file"), "{}", refused());
    let zone = Import::new(old.path(), "Berlin").unwrap_err().to_string();
    assert!(zone.contains("timezone") && zone.contains("Asia/Shanghai"), "{zone}");
}

#[test]
fn a_database_of_this_program_is_not_an_old_one() {
    let db = TestDb::sqlite();
    drop(TestService::open(&db));
    let import = Import::new(db.url().into(), ZONE).unwrap();
    let refused = import.plan(Policy::default(), START, &Heard::default()).unwrap_err();
    assert!(refused.to_string().contains("of this program already"), "{refused}");
}

#[test]
fn the_old_file_is_never_written() {
    let (db, old) = (TestDb::sqlite(), OldInstallation::awkward());
    let before = std::fs::read(old.path()).unwrap();
    let service = TestService::open(&db);
    run(&service, &old).unwrap();
    assert_eq!(std::fs::read(old.path()).unwrap(), before);
    assert!(service.find_sub_task(Actor::Admin, sub_task(1)).is_ok());
}

openmoss_testkit::on_each_backend! {
    every_awkward_row_is_accounted_for,
    what_was_not_taken_as_it_is_can_be_read_in_the_file,
    a_second_run_changes_nothing,
    states_are_possible_ones,
    scores_reviews_rules_and_logs_add_up,
    agents_go_on_with_their_old_keys,
    agents_keep_the_record_of_what_they_did,
    what_clashes_is_named_and_nothing_is_written,
    a_database_with_other_content_takes_it_in,
}
