//! The whole content goes out as JSON lines, comes in elsewhere, and is the same.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use openmoss_domain::recurrence::{CatchUp, Overlap, Recurrence};
use openmoss_domain::requirements::OwnRequirements;
use openmoss_domain::sub_task::{Status, WorkKind};
use openmoss_domain::usage::{Cost, OwnCap, Usage};
use openmoss_domain::{AgentStatus, Deliverable, PersonaEdit, Role};
use openmoss_service::import::{Import, Progress};
use openmoss_service::settings::Secret;
use openmoss_service::sub_task::NewSubTask;
use openmoss_service::usage::{BudgetOf, Report};
use openmoss_service::{ServiceError, Window, transfer};
use openmoss_testkit::{OldInstallation, TestDb, TestService, by, differences, draft};

struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _: u64) {}
    fn advance(&self, _: u64) {}
}

fn exported(service: &TestService) -> String {
    let mut out = Vec::new();
    service.export(&mut out, &Quiet).unwrap();
    String::from_utf8(out).unwrap()
}

fn file(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("export.jsonl");
    std::fs::write(&path, text).unwrap();
    path
}

/// A service that holds something in most tables; the key of one of its agents.
fn filled(db: &TestDb) -> (TestService, Secret) {
    let (service, old) = (TestService::open(db), OldInstallation::awkward());
    let import = Import::new(old.path(), "Europe/Berlin").unwrap();
    let folder = old.folder().to_owned();
    service.import(&service.admin(), &import, folder, Arc::new(Quiet)).unwrap();
    let (task, owner) = (service.task(), service.agent(Role::Executor));
    let first = service.work(task.id).create();
    let _ = service.work(task.id).after(&[&first]).create();
    for status in Status::ALL {
        let _ = service.brought(&service.work(task.id).create(), *status, &owner);
    }
    let hourly = Recurrence {
        cron: "0 * * * *".to_owned(),
        timezone: "UTC".to_owned(),
        overlap: Overlap::Queue,
        catch_up: CatchUp::None,
        until: None,
    };
    let mut draft = draft("Hourly");
    draft.recurrence = Some(hourly.clone());
    let (admin, kind) = (service.admin(), WorkKind::Recurring);
    let new = NewSubTask {
        task_id: task.id,
        module_id: None,
        draft,
        assigned_agent: None,
        depends_on: vec![],
    };
    service.create_sub_task(&admin, &new).unwrap();
    let cap = OwnCap { tokens: Some(9), cost: Some(Cost::from_units(9)) };
    service.set_budget(&admin, BudgetOf::Agent(owner.id), cap).unwrap();
    let usage = Usage { input_tokens: 1, ..Usage::default() };
    let report = Report { task_id: Some(task.id), usage, ..Report::default() };
    service.report_usage(&by(&owner), owner.id, &report).unwrap();
    let own = OwnRequirements { acceptance: Some(false), approvals: Some(2), ..Default::default() };
    service.set_task_policy(&admin, task.id, own).unwrap();
    let persona = PersonaEdit {
        avatar: Some("🦉".to_owned()),
        signature: Some("Slow is smooth.".to_owned()),
        work_style: Some(vec!["careful".to_owned(), "细心".to_owned()]),
    };
    service.edit_persona(&by(&owner), owner.id, &persona).unwrap();
    let (planner, reviewer) = (service.agent(Role::Planner), service.agent(Role::Reviewer));
    let given = service.work(task.id).create();
    service.assign_sub_task(&by(&planner), given.id, owner.id).unwrap();
    let judged = service.brought(&service.work(task.id).create(), Status::Review, &owner);
    service.rework_sub_task(&by(&reviewer), judged.id, None).unwrap();
    service.create_recurring_task(&admin, "Again", "", kind, Some(hourly)).unwrap();
    service.set_admin_password(&service.admin(), "correct horse").unwrap();
    let key = service.reset_agent_key(&service.admin(), owner.id).unwrap().key;
    (service, key)
}

fn content_comes_back_byte_for_byte(db: &TestDb) {
    // From SQLite to whichever backend, and from there back.
    let (first_db, last_db) = (TestDb::sqlite(), TestDb::sqlite());
    let (first, key) = filled(&first_db);
    let folder = tempfile_of(&first_db);
    let text = exported(&first);
    let path = file(&folder, &text);

    let second = TestService::attach(db);
    let planned = second.plan_import_export(&path, &Quiet).unwrap();
    let report = second.import_export(path.clone(), Arc::new(Quiet)).unwrap();
    assert_eq!(report, planned);
    assert!(report.iter().all(|table| table.new == table.rows));
    assert_eq!(exported(&second), text);
    assert_eq!(differences(db), [""; 0]);

    let again = second.import_export(path, Arc::new(Quiet)).unwrap();
    assert!(again.iter().all(|table| table.new == 0), "a second time changes nothing");
    let last = TestService::attach(&last_db);
    let path = file(&folder, &exported(&second));
    last.import_export(path, Arc::new(Quiet)).unwrap();
    assert_eq!(exported(&last), text);

    // And it lives: keys are known, and numbers go on after those that came.
    let worker = second.authenticate_agent(key.expose()).unwrap();
    let events = second.list_events(openmoss_service::event::Filter::default(), 0, 500).unwrap();
    let id = "b0000000-0000-4000-8000-000000000001".parse().unwrap();
    second.claim_sub_task(&by(&worker), id, None).unwrap();
    second.start_sub_task(&by(&worker), id, None, None).unwrap();
    second.submit_sub_task(&by(&worker), id, &Deliverable::default(), None).unwrap();
    let last = events.last().unwrap().seq;
    let after = second.list_events(openmoss_service::event::Filter::default(), last, 500).unwrap();
    assert_eq!(after.len(), 4, "and the first start moved the task");
    assert_eq!(differences(db), [""; 0]);
}

fn tempfile_of(db: &TestDb) -> PathBuf {
    db.folder().to_owned()
}

fn secrets_stay_where_they_are(db: &TestDb) {
    let (service, key) = filled(db);
    let text = exported(&service);
    assert!(!text.contains(key.expose()) && !text.contains("ak_"), "no key");
    assert!(text.contains("bcrypt:"), "a hash is none");
    assert!(!text.contains("registration_token\""), "no token");
    let sessions = db.raw().number("SELECT COUNT(*) AS n FROM admin_session");
    assert_eq!(sessions, 0);
}

fn a_database_that_holds_something_else_is_left_alone(db: &TestDb) {
    let from = TestDb::sqlite();
    let (first, _) = filled(&from);
    let path = file(&tempfile_of(&from), &exported(&first));
    let there = TestService::open(db);
    let agent = there.agent(Role::Planner);
    let refused = there.import_export(path, Arc::new(Quiet));
    assert!(matches!(refused, Err(ServiceError::AlreadyExists(_))), "{refused:?}");
    let agents = there.list_agents(None, Some(AgentStatus::Active)).unwrap();
    assert_eq!(agents, [agent]);
    let tasks = there.list_tasks(None, Window { offset: 0, limit: 9 }).unwrap();
    assert_eq!(tasks.total, 0);
}

fn a_file_that_is_not_whole_is_refused_with_its_line(db: &TestDb) {
    let from = TestDb::sqlite();
    let (first, _) = filled(&from);
    let text = exported(&first);
    let lines: Vec<&str> = text.lines().collect();
    let without = |n: usize| {
        let kept = lines.iter().enumerate().filter(|(i, _)| *i != n).map(|(_, line)| *line);
        kept.collect::<Vec<_>>().join("\n")
    };
    let service = TestService::attach(db);
    let refused = |text: &str| {
        let path = file(&tempfile_of(&from), text);
        let refused = service.import_export(path.clone(), Arc::new(Quiet)).unwrap_err().to_string();
        assert!(service.list_agents(None, None).unwrap().is_empty(), "nothing is written");
        assert!(refused.contains("export.jsonl:"), "{refused}");
        refused
    };
    assert!(refused(&without(lines.len() - 1)).contains("cut short"));
    assert!(refused(&without(lines.len() - 2)).contains("last line"), "a row is missing");
    assert!(refused(&without(0)).contains("header"));
    assert!(refused("").contains("cut short"));
    assert!(refused(&text.replacen("\"version\":1,", "\"version\":2,", 1)).contains("format"));
    assert!(refused(&text.replacen("\"module\"", "\"modern\"", 1)).contains("newer"));
    assert!(refused(&text.replacen("\"priority\",", "", 1)).contains("older version"));
    assert!(refused(&text.replacen("\"priority\"", "\"urgency\"", 1)).contains("sub_task"));
    assert!(refused(&text.replacen("\"held\":false", "\"held\":\"no\"", 1)).contains("not a row"));
    assert!(refused(&text.replacen("\"attempt\":1", "\"attempt\":\"1\"", 1)).contains("not a row"));
    let path = file(&tempfile_of(&from), &text);
    assert!(transfer::check(&path, &Quiet).is_ok());
}

openmoss_testkit::on_each_backend! {
    content_comes_back_byte_for_byte,
    secrets_stay_where_they_are,
    a_database_that_holds_something_else_is_left_alone,
    a_file_that_is_not_whole_is_refused_with_its_line,
}
