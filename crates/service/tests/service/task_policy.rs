//! What new sub-tasks must have, and how often their work must be approved.

use openmoss_domain::plan::{Plan, PlannedModule, PlannedSubTask};
use openmoss_domain::requirements::OwnRequirements;
use openmoss_domain::sub_task::{Draft, Edit, Status};
use openmoss_domain::{Agent, DomainError, EventKind, ReviewResult, Role, SubTask, TaskId};
use openmoss_service::sub_task::NewSubTask;
use openmoss_testkit::{TestDb, TestService, at_once, by, differences, draft};

use crate::refusal::{domain, fields};

fn bare() -> Draft {
    let (description, deliverable, acceptance) = Default::default();
    Draft { description, deliverable, acceptance, ..draft("Bare") }
}

fn new(task_id: TaskId, draft: Draft) -> NewSubTask {
    NewSubTask { task_id, module_id: None, draft, assigned_agent: None, depends_on: vec![] }
}

fn named<T: std::fmt::Debug>(refused: Result<T, openmoss_service::ServiceError>) -> Vec<String> {
    fields(refused).into_iter().map(|error| error.field).collect()
}

fn what_the_policy_requires_is_named_at_once(db: &TestDb) {
    let service = TestService::open_with(db, |settings| settings.policy.strict = true);
    let (admin, task) = (service.admin(), service.task());
    let refused = service.create_sub_task(&admin, &new(task.id, bare()));
    assert_eq!(named(refused), ["module_id", "description", "deliverable", "acceptance"]);
    let planned = |place: &str, module, draft| PlannedSubTask {
        place: place.to_owned(),
        reference: String::new(),
        module,
        draft,
        assigned_agent: None,
        depends_on: vec![],
    };
    let module = PlannedModule {
        reference: String::new(),
        name: "Core".to_owned(),
        description: String::new(),
    };
    let plan = Plan {
        modules: vec![module],
        sub_tasks: vec![
            planned("modules[0].sub_tasks[0]", Some(0), draft("Whole")),
            planned(
                "modules[0].sub_tasks[1]",
                Some(0),
                Draft { acceptance: " ".to_owned(), ..draft("Half") },
            ),
            planned("sub_tasks[0]", None, draft("Alone")),
        ],
    };
    let refused = service.create_plan(&admin, task.id, &plan);
    assert_eq!(named(refused), ["modules[0].sub_tasks[1].acceptance", "sub_tasks[0]"]);
    assert!(service.list_modules(task.id).unwrap().is_empty(), "nothing was created");

    // An admin makes an exception for this task.
    let own = OwnRequirements {
        module: Some(false),
        acceptance: Some(false),
        ..OwnRequirements::default()
    };
    let policy = service.set_task_policy(&admin, task.id, own).unwrap();
    assert!(policy.in_force.description && !policy.in_force.module);
    assert_eq!(service.find_task_policy(task.id).unwrap(), policy);
    let made = service.create_plan(&admin, task.id, &plan).unwrap();
    let half = made.sub_tasks[1].sub_task.id;
    let edit =
        |description: &str| Edit { description: Some(description.to_owned()), ..Edit::default() };
    assert_eq!(named(service.edit_sub_task(&admin, half, &edit(" "), None)), ["description"]);
    service.edit_sub_task(&admin, half, &edit("Two pages."), None).unwrap();
    let kinds = service.kinds(openmoss_service::event::Filter::default());
    assert_eq!(kinds.iter().filter(|kind| **kind == EventKind::TaskPolicySet).count(), 1);
    let wrong = OwnRequirements { approvals: Some(0), ..own };
    assert_eq!(named(service.set_task_policy(&admin, task.id, wrong)), ["approvals"]);
}

fn without_a_policy_a_bare_sub_task_is_fine(db: &TestDb) {
    let service = TestService::open(db);
    let task = service.task();
    service.create_sub_task(&service.admin(), &new(task.id, bare())).unwrap();
}

fn in_review(service: &TestService, owner: &Agent) -> SubTask {
    let work = service.work(service.task().id).create();
    service.brought(&work, Status::Review, owner)
}

fn so_many_different_reviewers_approve(db: &TestDb) {
    let service = TestService::open_with(db, |settings| settings.policy.approvals = 2);
    let owner = service.agent(Role::Executor);
    let (ann, bob) = (service.agent(Role::Reviewer), service.agent(Role::Reviewer));
    let work = in_review(&service, &owner);
    let judge = |reviewer: &Agent, result, score| {
        service.review_sub_task(&by(reviewer), work.id, &TestService::verdict(result, score))
    };
    let (yes, no) = (ReviewResult::Approved, ReviewResult::Rejected);
    judge(&ann, yes, 5).unwrap();
    assert_eq!(service.found(work.id).status, Status::Review);
    assert_eq!(service.find_agent(owner.id).unwrap().total_score, 0);
    let refused = domain(judge(&ann, yes, 5));
    assert_eq!(refused, DomainError::ApprovedAlready { missing: 1 });
    // Sent back: what is handed in next begins anew.
    judge(&bob, no, 2).unwrap();
    service.start_sub_task(&by(&owner), work.id, None, None).unwrap();
    service
        .submit_sub_task(&by(&owner), work.id, &openmoss_domain::Deliverable::default(), None)
        .unwrap();
    service.clock.advance(std::time::Duration::from_secs(1));
    judge(&bob, yes, 4).unwrap();
    assert_eq!(service.found(work.id).status, Status::Review);
    let refused = domain(service.complete_sub_task(&by(&bob), work.id));
    assert_eq!(refused, DomainError::ApprovedAlready { missing: 1 });
    service.complete_sub_task(&by(&ann), work.id).unwrap();
    assert_eq!(service.found(work.id).status, Status::Done);
    let rounds =
        service.list_reviews(Some(work.id), openmoss_service::Window { offset: 0, limit: 9 });
    assert_eq!(rounds.unwrap().total, 4);
    let given = service.kinds(TestService::about(work.id));
    assert_eq!(given.iter().filter(|kind| **kind == EventKind::SubTaskApprovalGiven).count(), 2);
    // Who may not approve hears the same as ever, and an admin decides alone.
    let other = in_review(&service, &owner);
    assert!(matches!(
        domain(service.complete_sub_task(&by(&owner), other.id)),
        DomainError::RoleNotAllowed { .. }
    ));
    assert_eq!(service.complete_sub_task(&service.admin(), other.id).unwrap().status, Status::Done);
    assert_eq!(differences(db), [""; 0]);
}

fn approvals_at_once_are_each_counted(db: &TestDb) {
    let service = TestService::open_with(db, |settings| settings.policy.approvals = 3);
    let (owner, reviewers) = (service.agent(Role::Executor), service.agents(Role::Reviewer, 3));
    for _ in 0..5 {
        let work = in_review(&service, &owner);
        at_once(3, |thread| service.complete_sub_task(&by(&reviewers[thread]), work.id).unwrap());
        assert_eq!(service.found(work.id).status, Status::Done);
    }
    assert_eq!(differences(db), [""; 0]);
}

openmoss_testkit::on_each_backend! {
    what_the_policy_requires_is_named_at_once,
    without_a_policy_a_bare_sub_task_is_fine,
    so_many_different_reviewers_approve,
    approvals_at_once_are_each_counted,
}
