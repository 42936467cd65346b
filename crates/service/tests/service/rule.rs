//! Rules: which apply, and in which order they are merged.

use openmoss_domain::{EventKind, Role, Rule, RuleId, RuleScope, SubTaskId, TaskId};
use openmoss_service::ServiceError;
use openmoss_service::event::Filter;
use openmoss_service::rule::NewRule;
use openmoss_testkit::{TestDb, TestService};

use crate::refusal::{fields, not_found};

fn new(scope: RuleScope, about: Option<(TaskId, SubTaskId)>, content: &str) -> NewRule {
    NewRule {
        scope,
        task_id: about.map(|(task, _)| task).filter(|_| scope == RuleScope::Task),
        sub_task_id: about.map(|(_, sub_task)| sub_task).filter(|_| scope == RuleScope::SubTask),
        content: content.to_owned(),
    }
}

/// The rule that the first start made of the example.
fn global(service: &TestService) -> Rule {
    service.list_rules(Some(RuleScope::Global), None).unwrap().remove(0)
}

fn rules_are_merged_from_the_general_to_the_special(db: &TestDb) {
    let service = TestService::open_with(db, |settings| {
        settings.project.name = "Moon".to_owned();
        settings.workspace.root = "/work".to_owned();
    });
    let cx = service.admin();
    let task = service.task();
    let work = service.work(task.id).create();
    let about = Some((task.id, work.id));
    for (scope, content) in [
        (RuleScope::SubTask, "one"),
        (RuleScope::Task, "{{project_name}}"),
        (RuleScope::Task, "second"),
    ] {
        service.clock.advance(std::time::Duration::from_secs(1));
        service.create_rule(&cx, &new(scope, about, content)).unwrap();
    }
    service.edit_rule(&cx, global(&service).id, "all in {{workspace_root}}").unwrap();
    let merged = |task, sub_task| service.merged_rules(task, sub_task).unwrap();
    let between = "\n\n---\n\n";
    assert_eq!(merged(None, None), "all in /work");
    let of_task = ["all in /work", "Moon", "second"].join(between);
    assert_eq!(merged(Some(task.id), None), of_task);
    assert_eq!(merged(Some(task.id), Some(work.id)), format!("{of_task}{between}one"));
    let other = TaskId::from_uuid(uuid::Uuid::new_v4());
    assert_eq!(merged(Some(other), None), "all in /work");
}

fn there_is_one_global_rule_and_it_begins_as_the_example(db: &TestDb) {
    let service = TestService::open(db);
    let example = global(&service);
    assert!(!example.content.trim().is_empty());
    let second = service.create_rule(&service.admin(), &new(RuleScope::Global, None, "x"));
    assert!(matches!(second, Err(ServiceError::AlreadyExists(_))), "{second:?}");
    drop(service);
    let service = TestService::open(db);
    assert_eq!(
        service.list_rules(None, None).unwrap(),
        std::slice::from_ref(&example),
        "not twice"
    );
    // What an admin deletes from a running team stays deleted.
    let _ = service.agent(Role::Executor);
    service.delete_rule(&service.admin(), example.id).unwrap();
    drop(service);
    let service = TestService::open(db);
    assert_eq!(service.list_rules(None, None).unwrap(), []);
    service.create_rule(&service.admin(), &new(RuleScope::Global, None, "x")).unwrap();
    assert_eq!(global(&service).content, "x");
}

fn rules_are_created_edited_found_and_deleted(db: &TestDb) {
    let service = TestService::open(db);
    let cx = service.admin();
    let about = Some((service.task().id, SubTaskId::from_uuid(uuid::Uuid::new_v4())));
    let made = service.create_rule(&cx, &new(RuleScope::Task, about, "x")).unwrap();
    assert_eq!(service.find_rule(made.id).unwrap(), made);
    assert_eq!(service.list_rules(None, made.task_id).unwrap(), std::slice::from_ref(&made));
    service.clock.advance(std::time::Duration::from_secs(1));
    let edited = service.edit_rule(&cx, made.id, "y").unwrap();
    assert_eq!(service.find_rule(made.id).unwrap(), edited);
    assert!(edited.updated_at > made.updated_at && edited.created_at == made.created_at);
    service.delete_rule(&cx, made.id).unwrap();
    assert_eq!(not_found(service.find_rule(made.id)), "rule");
    assert_eq!(not_found(service.delete_rule(&cx, made.id)), "rule");
    let nowhere = RuleId::from_uuid(uuid::Uuid::new_v4());
    assert_eq!(not_found(service.edit_rule(&cx, nowhere, "x")), "rule");
    for (scope, field) in [(RuleScope::Task, "task_id"), (RuleScope::SubTask, "sub_task_id")] {
        let wrong = fields(service.create_rule(&cx, &new(scope, None, "\u{0}")));
        let names: Vec<_> = wrong.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(names, [field, "content"]);
    }
    let kinds = service.kinds(Filter { task_id: made.task_id, ..Filter::default() });
    let changes = kinds.iter().filter(|kind| **kind == EventKind::RuleChanged).count();
    assert_eq!(changes, 3, "created, edited, deleted");
}

openmoss_testkit::on_each_backend! {
    rules_are_merged_from_the_general_to_the_special,
    there_is_one_global_rule_and_it_begins_as_the_example,
    rules_are_created_edited_found_and_deleted,
}
