//! A whole plan in one request: all of it, or nothing.

use openmoss_domain::plan::{Plan, PlannedModule, PlannedSubTask};
use openmoss_domain::sub_task::Status;
use openmoss_domain::{AgentId, EventKind, Role, SubTaskId, TaskStatus};
use openmoss_service::event::Filter;
use openmoss_service::sub_task::NewSubTask;
use openmoss_service::{Context, Window};
use openmoss_testkit::{TestDb, TestService, by, differences, draft};

use crate::refusal::{domain, fields, not_found};

fn planned(place: &str, reference: &str, depends_on: &[&str]) -> PlannedSubTask {
    PlannedSubTask {
        place: place.to_owned(),
        reference: reference.to_owned(),
        module: None,
        draft: draft(&format!("Work {reference}")),
        assigned_agent: None,
        depends_on: depends_on.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn module(reference: &str) -> PlannedModule {
    PlannedModule {
        reference: reference.to_owned(),
        name: format!("Part {reference}"),
        description: String::new(),
    }
}

fn a_plan_becomes_modules_and_sub_tasks_with_prerequisites(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, planner) = (service.agent(Role::Executor), by(&service.agent(Role::Planner)));
    let task = service.task();
    let done = service.work(task.id).create();
    let _ = service.brought(&done, Status::Done, &owner);
    // Named before what they refer to, and given to somebody at once.
    let mut last = planned("sub_tasks[0]", "last", &["a", "b", &done.id.to_string()]);
    last.assigned_agent = Some(owner.id);
    let mut a = planned("modules[0].sub_tasks[0]", "a", &[]);
    a.module = Some(0);
    let mut b = planned("modules[1].sub_tasks[0]", "b", &["a"]);
    b.module = Some(1);
    let plan = Plan { modules: vec![module("m"), module("n")], sub_tasks: vec![last, a, b] };
    let made = service.create_plan(&planner, task.id, &plan).unwrap();

    let references: Vec<_> = made.sub_tasks.iter().map(|one| one.reference.as_str()).collect();
    assert_eq!(references, ["last", "a", "b"]);
    let [last, a, b] = made.sub_tasks.as_slice() else { panic!() };
    assert_eq!(last.depends_on, [a.sub_task.id, b.sub_task.id, done.id]);
    assert_eq!((last.sub_task.prerequisites, last.sub_task.open_prerequisites), (3, 2));
    assert_eq!((last.sub_task.status, last.sub_task.owner), (Status::Assigned, Some(owner.id)));
    assert_eq!(a.sub_task.module_id, Some(made.modules[0].1.id));
    assert_eq!(b.sub_task.module_id, Some(made.modules[1].1.id));
    assert!(a.sub_task.is_claimable() && !b.sub_task.is_claimable());
    for one in &made.sub_tasks {
        assert_eq!(service.found(one.sub_task.id), one.sub_task);
    }
    assert_eq!(service.list_modules(task.id).unwrap().len(), 2);
    assert_eq!(differences(db), [""; 0]);
}

fn every_error_of_a_plan_is_named_with_its_place_and_nothing_is_made(db: &TestDb) {
    let service = TestService::open(db);
    let planner = by(&service.agent(Role::Planner));
    let (task, other) = (service.task(), service.task());
    let stranger = service.work(other.id).create();
    let before = service.events(Filter::default()).len();

    // What can be seen without looking at stored data comes first, all of it.
    let mut bad = planned("sub_tasks[1]", "x", &["nowhere"]);
    bad.draft.name = String::new();
    bad.module = Some(7);
    let plan = Plan {
        modules: vec![PlannedModule { name: "\n".to_owned(), ..module("m") }, module("m")],
        sub_tasks: vec![planned("sub_tasks[0]", "x", &["x"]), bad],
    };
    let wrong = fields(service.create_plan(&planner, task.id, &plan));
    let places: Vec<_> = wrong.iter().map(|error| error.field.as_str()).collect();
    let expected = [
        "modules[0].name",
        "modules[1].ref",
        "sub_tasks[1].ref",
        "sub_tasks[1].name",
        "sub_tasks[1].depends_on",
        "sub_tasks[1].module",
        "sub_tasks[0].depends_on",
    ];
    assert_eq!(places, expected, "{wrong:?}");

    // Then what only the database knows, all of it too.
    let nobody = SubTaskId::from_uuid(uuid::Uuid::new_v4());
    let mut to_nobody = planned("sub_tasks[0]", "a", &[&nobody.to_string()]);
    to_nobody.assigned_agent = Some(AgentId::from_uuid(uuid::Uuid::new_v4()));
    let mut to_planner = planned("modules[0].sub_tasks[0]", "b", &["a", &stranger.id.to_string()]);
    to_planner.assigned_agent = planner.actor.agent_id();
    to_planner.module = Some(0);
    let plan = Plan { modules: vec![module("m")], sub_tasks: vec![to_nobody, to_planner] };
    let wrong = fields(service.create_plan(&planner, task.id, &plan));
    let places: Vec<_> = wrong.iter().map(|error| error.field.as_str()).collect();
    let expected = [
        "sub_tasks[0].depends_on",
        "sub_tasks[0].assigned_agent",
        "modules[0].sub_tasks[0].depends_on",
        "modules[0].sub_tasks[0].assigned_agent",
    ];
    assert_eq!(places, expected, "{wrong:?}");

    assert_eq!(service.events(Filter::default()).len(), before);
    assert_eq!(service.list_modules(task.id).unwrap(), []);
    assert_eq!(differences(db), [""; 0]);
}

fn a_plan_is_for_a_task_that_takes_work(db: &TestDb) {
    let service = TestService::open(db);
    let task = service.task();
    let plan = Plan { modules: Vec::new(), sub_tasks: vec![planned("sub_tasks[0]", "a", &[])] };
    let executor = by(&service.agent(Role::Executor));
    domain(service.create_plan(&executor, task.id, &plan));
    let nowhere = openmoss_domain::TaskId::from_uuid(uuid::Uuid::new_v4());
    assert_eq!(not_found(service.create_plan(&service.admin(), nowhere, &plan)), "task");
    service.move_task(&service.admin(), task.id, TaskStatus::Cancelled).unwrap();
    domain(service.create_plan(&service.admin(), task.id, &plan));

    // Late additions to a completed task open it again.
    let task = service.task();
    service.move_task(&service.admin(), task.id, TaskStatus::Completed).unwrap();
    let made = service.create_plan(&service.admin(), task.id, &plan).unwrap();
    assert_eq!(service.find_task(task.id).unwrap().status, TaskStatus::InProgress);
    assert!(service.found(made.sub_tasks[0].sub_task.id).is_claimable());
    assert_eq!(differences(db), [""; 0]);
}

fn a_big_plan_is_one_chain(db: &TestDb) {
    const LENGTH: usize = 300;
    let service = TestService::open(db);
    let task = service.task();
    let reference = |i: usize| format!("s{i}");
    let sub_tasks = (0..LENGTH)
        .rev()
        .map(|i| {
            let needs = if i == 0 { vec![] } else { vec![reference(i - 1)] };
            let needs: Vec<&str> = needs.iter().map(String::as_str).collect();
            planned(&format!("sub_tasks[{}]", LENGTH - 1 - i), &reference(i), &needs)
        })
        .collect();
    let plan = Plan { modules: Vec::new(), sub_tasks };
    let made = service.create_plan(&service.admin(), task.id, &plan).unwrap();
    assert_eq!(made.sub_tasks.len(), LENGTH);
    let page = service
        .list_claimable_sub_tasks(openmoss_domain::Actor::Admin, Window { offset: 0, limit: 10 });
    assert_eq!(page.unwrap().total, 1);
    let created = service.kinds(Filter { task_id: Some(task.id), ..Filter::default() });
    let created = created.iter().filter(|kind| **kind == EventKind::SubTaskCreated).count();
    assert_eq!(created, LENGTH);
    assert_eq!(differences(db), [""; 0]);
}

fn a_module_is_of_the_same_task(db: &TestDb) {
    let service = TestService::open(db);
    let cx: Context = service.admin();
    let (task, other) = (service.task(), service.task());
    let module = service.create_module(&cx, task.id, " Part ", "").unwrap();
    assert_eq!(module.name, "Part");
    let made = service.work(task.id).module(module.id).create();
    assert_eq!(made.module_id, Some(module.id));
    let new = |module_id| NewSubTask {
        task_id: other.id,
        module_id: Some(module_id),
        draft: draft("Work"),
        assigned_agent: None,
        depends_on: Vec::new(),
    };
    assert_eq!(fields(service.create_sub_task(&cx, &new(module.id)))[0].field, "module_id");
    let nowhere = openmoss_domain::ModuleId::from_uuid(uuid::Uuid::new_v4());
    assert_eq!(not_found(service.create_sub_task(&cx, &new(nowhere))), "module");
    assert_eq!(fields(service.create_module(&cx, task.id, "", ""))[0].field, "name");
}

openmoss_testkit::on_each_backend! {
    a_plan_becomes_modules_and_sub_tasks_with_prerequisites,
    every_error_of_a_plan_is_named_with_its_place_and_nothing_is_made,
    a_plan_is_for_a_task_that_takes_work,
    a_big_plan_is_one_chain,
    a_module_is_of_the_same_task,
}
