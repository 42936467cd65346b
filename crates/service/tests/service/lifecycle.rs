//! The life of a sub-task, from plan to delivery, and every way out of it.

use std::time::Duration;

use openmoss_domain::sub_task::{BlockedKind, Edit, Priority, Status};
use openmoss_domain::{
    Action, Actor, ActorKind, AgentStatus, Deliverable, DomainError, EventKind, ReviewResult, Role,
    SubTask, TaskStatus,
};
use openmoss_service::event::Filter;
use openmoss_service::sub_task::{NewSubTask, NextClaim, Obstacle};
use openmoss_service::{Context, Window};
use openmoss_testkit::{START, TestDb, TestService, by, differences, draft};

use crate::refusal::{domain, fields, not_found};

const HOUR: Duration = Duration::from_hours(1);

fn deliverable(summary: &str) -> Deliverable {
    Deliverable { summary: summary.to_owned(), artifacts: Vec::new() }
}

fn from_plan_to_delivery(db: &TestDb) {
    let service = TestService::open(db);
    let (planner, owner, reviewer) = (
        by(&service.agent(Role::Planner)),
        service.agent(Role::Executor),
        by(&service.agent(Role::Reviewer)),
    );
    let executor = by(&owner);
    let task = service.task();
    let new = NewSubTask {
        task_id: task.id,
        module_id: None,
        draft: draft("Report"),
        assigned_agent: None,
        depends_on: Vec::new(),
    };
    let id = service.create_sub_task(&planner, &new).unwrap().id;

    let claimed = service.claim_sub_task(&executor, id, Some("s-1")).unwrap();
    assert_eq!((claimed.status, claimed.owner), (Status::Assigned, Some(owner.id)));
    assert_eq!((claimed.attempt, claimed.session_id.as_deref()), (1, Some("s-1")));
    assert_eq!(service.find_task(task.id).unwrap().status, TaskStatus::Active);
    service.clock.advance(HOUR);
    let started = service.start_sub_task(&executor, id, None, Some(1)).unwrap();
    assert_eq!(started.status, Status::InProgress);
    assert_eq!(started.lease_expires_at, Some(START.plus(3 * HOUR)));
    assert_eq!(service.find_task(task.id).unwrap().status, TaskStatus::InProgress);
    service.clock.advance(HOUR);
    let alive = service.heartbeat_sub_task(&executor, id, Some("half"), Some(50), Some(1)).unwrap();
    assert_eq!(alive.lease_expires_at, Some(START.plus(4 * HOUR)));
    assert_eq!(alive.progress.unwrap().percent, Some(50));
    let submitted = service.submit_sub_task(&executor, id, &deliverable("first"), Some(1)).unwrap();
    assert_eq!((submitted.status, submitted.lease_expires_at), (Status::Review, None));

    let verdict = TestService::verdict(ReviewResult::Rejected, 2);
    let review = service.review_sub_task(&reviewer, id, &verdict).unwrap();
    assert_eq!((review.round, review.result), (1, ReviewResult::Rejected));
    let rework = service.found(id);
    assert_eq!((rework.status, rework.rework_count, rework.attempt), (Status::Rework, 1, 1));
    service.start_sub_task(&executor, id, None, None).unwrap();
    service.submit_sub_task(&executor, id, &deliverable("second"), None).unwrap();
    service.clock.advance(HOUR);
    let verdict = TestService::verdict(ReviewResult::Approved, 5);
    assert_eq!(service.review_sub_task(&reviewer, id, &verdict).unwrap().round, 2);
    let done = service.found(id);
    assert_eq!((done.status, done.completed_at), (Status::Done, Some(START.plus(3 * HOUR))));
    assert_eq!(done.owner, Some(owner.id), "who did it stays on record");
    assert_eq!(service.find_agent(owner.id).unwrap().total_score, 0, "-5 and +5");

    assert_eq!(
        service.kinds(Filter { task_id: Some(task.id), ..Filter::default() }),
        [
            EventKind::TaskCreated,
            EventKind::TaskStatusChanged,
            EventKind::SubTaskCreated,
            EventKind::SubTaskClaimed,
            EventKind::SubTaskStarted,
            EventKind::TaskStatusChanged,
            EventKind::SubTaskProgress,
            EventKind::SubTaskSubmitted,
            EventKind::SubTaskRejected,
            EventKind::SubTaskStarted,
            EventKind::SubTaskSubmitted,
            EventKind::SubTaskApproved,
            EventKind::TaskAllDone,
        ]
    );
    let scores = service.kinds(Filter::default());
    assert_eq!(scores.iter().filter(|kind| **kind == EventKind::ScoreChanged).count(), 2);
    let task = service.move_task(&planner, task.id, TaskStatus::Completed).unwrap();
    assert_eq!(task.status, TaskStatus::Completed);
    assert_eq!(differences(db), [""; 0]);
}

fn all_done_comes_with_the_last_and_again_after_more_work(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, task) = (service.agent(Role::Executor), service.task());
    let (first, second) = (service.work(task.id).create(), service.work(task.id).create());
    let all_done = || {
        let of_task = Filter { task_id: Some(task.id), ..Filter::default() };
        service.kinds(of_task).iter().filter(|kind| **kind == EventKind::TaskAllDone).count()
    };
    let _ = service.brought(&first, Status::Done, &owner);
    assert_eq!(all_done(), 0);
    let _ = service.brought(&second, Status::Cancelled, &owner);
    assert_eq!(all_done(), 1);
    service.reopen_sub_task(&service.admin(), first.id).unwrap();
    assert_eq!(all_done(), 1);
    let _ = service.brought(&first, Status::Done, &owner);
    assert_eq!(all_done(), 2);
}

fn ones_own_step_repeated_changes_nothing(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, other) = (service.agent(Role::Executor), service.agent(Role::Executor));
    let id = service.work(service.task().id).create().id;
    let same = |first: SubTask, again: SubTask| {
        assert_eq!(first, again);
        assert_eq!(service.found(id), first);
    };
    let cx = by(&owner);
    let claim = || service.claim_sub_task(&cx, id, Some("s-1")).unwrap();
    same(claim(), claim());
    let refused = domain(service.claim_sub_task(&by(&other), id, None));
    assert!(matches!(refused, DomainError::NotAllowedFrom { status: Status::Assigned, .. }));
    let start = || service.start_sub_task(&cx, id, None, Some(1)).unwrap();
    same(start(), start());
    let submit = || service.submit_sub_task(&cx, id, &deliverable("x"), Some(1)).unwrap();
    same(submit(), submit());
    assert_eq!(service.kinds(TestService::about(id)).len(), 4);
    let page = service.list_submissions(id, Window { offset: 0, limit: 9 }).unwrap();
    assert_eq!(page.total, 1, "the same deliverable is kept once");
    // A repeat that says something new is kept, too.
    service.submit_sub_task(&cx, id, &deliverable("y"), None).unwrap();
    let page = service.list_submissions(id, Window { offset: 0, limit: 9 }).unwrap();
    assert_eq!(page.total, 2);
    assert!(page.items.iter().all(|kept| !kept.is_late));
}

fn a_new_session_is_bound_by_claim_start_or_by_itself(db: &TestDb) {
    let service = TestService::open(db);
    let owner = service.agent(Role::Executor);
    let cx = by(&owner);
    let id = service.work(service.task().id).create().id;
    service.claim_sub_task(&cx, id, Some("s-1")).unwrap();
    let rebound = service.claim_sub_task(&cx, id, Some("s-2")).unwrap();
    assert_eq!((rebound.session_id.as_deref(), rebound.attempt), (Some("s-2"), 1));
    service.start_sub_task(&cx, id, Some("s-3"), None).unwrap();
    let bound = service.bind_session(&cx, id, "s-4").unwrap();
    assert_eq!((bound.session_id.as_deref(), bound.attempt), (Some("s-4"), 1));
    assert_eq!(fields(service.bind_session(&cx, id, " "))[0].field, "session_id");
}

fn the_queue_hands_out_by_priority(db: &TestDb) {
    let service = TestService::open(db);
    let cx = by(&service.agent(Role::Executor));
    let (task, other) = (service.task(), service.task());
    let low = service.work(task.id).priority(Priority::Low).create();
    service.clock.advance(HOUR);
    let high = service.work(task.id).priority(Priority::High).create();
    let elsewhere = service.work(other.id).create();
    let next = |task| match service.claim_next(&cx, task, None).unwrap() {
        NextClaim::Claimed(claimed) => Some(claimed.id),
        NextClaim::Nothing => None,
    };
    let ids = [next(Some(other.id)), next(Some(other.id)), next(None), next(None), next(None)];
    assert_eq!(ids, [Some(elsewhere.id), None, Some(high.id), Some(low.id), None]);
    let planner = by(&service.agent(Role::Planner));
    let refused = domain(service.claim_next(&planner, None, None));
    let (actor, action) = (ActorKind::Planner, Action::Claim);
    assert_eq!(refused, DomainError::RoleNotAllowed { actor, action });
}

fn work_moves_between_agents(db: &TestDb) {
    let service = TestService::open(db);
    let (first, second) = (service.agent(Role::Executor), service.agent(Role::Executor));
    let planner = by(&service.agent(Role::Planner));
    let task = service.task();
    let given = service.work(task.id).given_to(first.id).create();
    assert_eq!((given.status, given.owner, given.attempt), (Status::Assigned, Some(first.id), 1));
    assert_eq!(given.lease_expires_at, None, "whoever was given work has not shown itself yet");
    service.start_sub_task(&by(&first), given.id, None, None).unwrap();

    let obstacle = Obstacle {
        kind: BlockedKind::NeedsInput,
        detail: "Which currency?".to_owned(),
        waits_for: Some("Ann".to_owned()),
    };
    let blocked = service.block_sub_task(&by(&first), given.id, &obstacle).unwrap();
    let cause = blocked.blocked.unwrap();
    assert_eq!((cause.kind, cause.from), (BlockedKind::NeedsInput, Status::InProgress));
    let moved = service.reassign_sub_task(&planner, given.id, second.id).unwrap();
    assert_eq!((moved.owner, moved.attempt, moved.blocked), (Some(second.id), 2, None));
    let last = service.events(TestService::about(given.id)).pop().unwrap();
    assert_eq!((last.kind, last.agent_id), (EventKind::SubTaskReassigned, Some(second.id)));

    let refused = domain(service.start_sub_task(&by(&first), given.id, None, None));
    assert_eq!(refused, DomainError::NotOwner { owner: Some(second.id), attempt: 2 });
    let released = service.release_sub_task(&by(&second), given.id).unwrap();
    assert_eq!((released.status, released.owner), (Status::Pending, None));
    let again = service.claim_sub_task(&by(&second), given.id, None).unwrap();
    assert_eq!(again.attempt, 3, "the queue was in between");
    service.block_sub_task(&by(&second), given.id, &obstacle).unwrap();
    let requeued = service.requeue_sub_task(&planner, given.id).unwrap();
    assert_eq!((requeued.status, requeued.owner), (Status::Pending, None));
    assert_eq!(differences(db), [""; 0]);
}

fn only_an_active_executor_is_given_work(db: &TestDb) {
    let service = TestService::open(db);
    let admin = service.admin();
    let (planner, idle) = (service.agent(Role::Planner), service.agent(Role::Executor));
    service.set_agent_status(&admin, idle.id, AgentStatus::Disabled).unwrap();
    let task = service.task();
    let made = service.work(task.id).create();
    for agent in [&planner, &idle] {
        let wrong = fields(service.reassign_sub_task(&admin, made.id, agent.id));
        assert_eq!(wrong[0].field, "agent_id");
        let new = NewSubTask {
            task_id: task.id,
            module_id: None,
            draft: draft("Given"),
            assigned_agent: Some(agent.id),
            depends_on: Vec::new(),
        };
        assert_eq!(fields(service.create_sub_task(&admin, &new))[0].field, "assigned_agent");
    }
    assert_eq!(service.found(made.id), made);
    let nobody = openmoss_domain::AgentId::from_uuid(uuid::Uuid::new_v4());
    assert_eq!(not_found(service.reassign_sub_task(&admin, made.id, nobody)), "agent");
    // An agent that may not reassign does not learn who exists.
    let refused = domain(service.reassign_sub_task(&by(&idle), made.id, nobody));
    assert!(matches!(refused, DomainError::RoleNotAllowed { .. }), "{refused:?}");
    let count = service.overview().unwrap().sub_tasks(Status::Pending);
    assert_eq!(count, 1, "what was refused left nothing behind");
}

fn wrong_texts_are_all_named(db: &TestDb) {
    let service = TestService::open(db);
    let mut bad = draft(" ");
    bad.description = "\u{0}".to_owned();
    bad.acceptance = "x".repeat(openmoss_domain::text::TEXT_BYTES_MAX + 1);
    let new = NewSubTask {
        task_id: service.task().id,
        module_id: None,
        draft: bad,
        assigned_agent: None,
        depends_on: Vec::new(),
    };
    let wrong = fields(service.create_sub_task(&service.admin(), &new));
    let names: Vec<_> = wrong.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(names, ["name", "description", "acceptance"]);
}

fn an_edit_changes_what_it_names(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, task) = (service.agent(Role::Executor), service.task());
    let made = service.work(task.id).create();
    let edit = Edit {
        name: Some("  New  ".to_owned()),
        priority: Some(Priority::High),
        // Not for a caller to say.
        prerequisites: Some((9, 9)),
        ..Edit::default()
    };
    let edited = service.edit_sub_task(&service.admin(), made.id, &edit, None).unwrap();
    assert_eq!((edited.name.as_str(), edited.priority), ("New", Priority::High));
    assert_eq!((edited.prerequisites, edited.open_prerequisites), (0, 0));
    assert_eq!(edited.description, made.description);
    let _ = service.brought(&made, Status::InProgress, &owner);
    let refused = domain(service.edit_sub_task(&service.admin(), made.id, &edit, None));
    assert!(matches!(refused, DomainError::NotAllowedFrom { status: Status::InProgress, .. }));
    assert_eq!(differences(db), [""; 0]);
}

fn what_does_not_exist_is_not_found(db: &TestDb) {
    let service = TestService::open(db);
    let cx = by(&service.agent(Role::Executor));
    let id = openmoss_domain::SubTaskId::from_uuid(uuid::Uuid::new_v4());
    assert_eq!(not_found(service.claim_sub_task(&cx, id, None)), "sub_task");
    assert_eq!(not_found(service.submit_sub_task(&cx, id, &deliverable("x"), None)), "sub_task");
    assert_eq!(not_found(service.cancel_sub_task(&Context::of(Actor::Admin), id)), "sub_task");
    assert_eq!(not_found(service.find_sub_task(Actor::Admin, id)), "sub_task");
    assert_eq!(not_found(service.requeue_sub_task(&service.admin(), id)), "sub_task");
}

openmoss_testkit::on_each_backend! {
    from_plan_to_delivery,
    all_done_comes_with_the_last_and_again_after_more_work,
    ones_own_step_repeated_changes_nothing,
    a_new_session_is_bound_by_claim_start_or_by_itself,
    the_queue_hands_out_by_priority,
    work_moves_between_agents,
    only_an_active_executor_is_given_work,
    wrong_texts_are_all_named,
    an_edit_changes_what_it_names,
    what_does_not_exist_is_not_found,
}
