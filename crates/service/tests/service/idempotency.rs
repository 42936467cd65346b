//! A request that is repeated with its key has one effect, and one answer.

use openmoss_domain::sub_task::{Status, WorkKind};
use openmoss_domain::{Actor, Deliverable, DomainError, EventKind, ReviewResult, Role};
use openmoss_service::agent::NewAgent;
use openmoss_service::event::Filter;
use openmoss_service::sub_task::NextClaim;
use openmoss_service::{Context, Idempotency, ServiceError, Window};
use openmoss_testkit::{START, TestDb, TestService, at_once, by, differences, rounds};

use crate::refusal::domain;

const ALL: Window = Window { offset: 0, limit: 100 };

fn keyed(actor: Actor, key: &str, request: &str) -> Context {
    let idempotency = Some(Idempotency::new("caller", key, request.as_bytes()));
    Context { idempotency, ..Context::of(actor) }
}

fn a_repeat_gets_the_first_answer_and_has_no_effect(db: &TestDb) {
    let service = TestService::open(db);
    let cx = keyed(Actor::Admin, "k", "create goal");
    let create = || service.create_task(&cx, "Goal", "", WorkKind::Once).unwrap();
    let first = create();
    // The answer is that of then, whatever happened since.
    service.move_task(&service.admin(), first.id, openmoss_domain::TaskStatus::Active).unwrap();
    assert_eq!(create(), first);
    assert_eq!(service.list_tasks(None, ALL).unwrap().total, 1);

    let owner = service.agent(Role::Executor);
    let work = service.work(first.id).create();
    let claim = keyed(owner.actor(), "claim", "claim");
    let claimed = service.claim_sub_task(&claim, work.id, None).unwrap();
    service.release_sub_task(&by(&owner), work.id).unwrap();
    assert_eq!(service.claim_sub_task(&claim, work.id, None).unwrap(), claimed);
    assert_eq!(service.found(work.id).status, Status::Pending, "it is not claimed again");
}

fn a_key_is_for_one_request_and_one_caller(db: &TestDb) {
    let service = TestService::open(db);
    let create = |cx: &Context| service.create_task(cx, "Goal", "", WorkKind::Once);
    let first = create(&keyed(Actor::Admin, "k", "one")).unwrap();
    let reused = create(&keyed(Actor::Admin, "k", "two"));
    assert!(matches!(reused, Err(ServiceError::IdempotencyKeyReused)), "{reused:?}");
    let other = Idempotency::new("another caller", "k", b"one");
    let other = Context { idempotency: Some(other), ..Context::of(Actor::Admin) };
    assert_ne!(create(&other).unwrap().id, first.id);
    assert_eq!(service.list_tasks(None, ALL).unwrap().total, 2);
}

fn a_failure_is_not_remembered(db: &TestDb) {
    let service = TestService::open(db);
    let owner = service.agent(Role::Executor);
    let task = service.task();
    let first = service.work(task.id).create();
    let next = service.work(task.id).after(&[&first]).create();
    let cx = keyed(owner.actor(), "k", "claim");
    let refused = domain(service.claim_sub_task(&cx, next.id, None));
    assert_eq!(refused, DomainError::PrerequisitesOpen { open: 1 });
    let _ = service.brought(&first, Status::Done, &owner);
    service.claim_sub_task(&cx, next.id, None).unwrap();
}

fn a_late_submission_is_remembered(db: &TestDb) {
    let service = TestService::open(db);
    let owner = service.agent(Role::Executor);
    let work =
        service.brought(&service.work(service.task().id).create(), Status::InProgress, &owner);
    service.cancel_sub_task(&service.admin(), work.id).unwrap();
    let cx = keyed(owner.actor(), "k", "submit");
    let deliverable = Deliverable { summary: "x".to_owned(), artifacts: Vec::new() };
    let late = || match service.submit_sub_task(&cx, work.id, &deliverable, None) {
        Err(ServiceError::LateSubmission { submission, .. }) => submission,
        other => panic!("{other:?}"),
    };
    assert_eq!(late(), late());
    assert_eq!(service.list_submissions(work.id, ALL).unwrap().total, 1);
}

fn an_answer_is_forgotten_after_a_day(db: &TestDb) {
    let service = TestService::open(db);
    let cx = keyed(Actor::Admin, "k", "create");
    let create = || service.create_task(&cx, "Goal", "", WorkKind::Once).unwrap().id;
    let first = create();
    service.clock.advance(std::time::Duration::from_hours(23));
    service.tidy_up().unwrap();
    assert_eq!(create(), first);
    service.clock.advance(std::time::Duration::from_hours(2));
    service.tidy_up().unwrap();
    assert_ne!(create(), first);
}

fn a_repeated_registration_gets_a_fresh_key_for_the_same_agent(db: &TestDb) {
    let service = TestService::open(db);
    let cx = keyed(Actor::Admin, "k", "register");
    let new = NewAgent {
        name: "Ann".to_owned(),
        role: Role::Executor,
        description: String::new(),
        capabilities: Vec::new(),
    };
    let (first, again) =
        (service.create_agent(&cx, &new).unwrap(), service.create_agent(&cx, &new).unwrap());
    assert_eq!(first.agent.id, again.agent.id);
    assert_ne!(first.key.expose(), again.key.expose());
    assert_eq!(service.authenticate_agent(again.key.expose()).unwrap().id, first.agent.id);
    let old = service.authenticate_agent(first.key.expose());
    assert!(matches!(old, Err(ServiceError::Unauthenticated(_))), "{old:?}");
    assert_eq!(service.list_agents(None, None).unwrap().len(), 1);
    // Without the key it is another request.
    let taken = service.create_agent(&service.admin(), &new);
    assert!(matches!(taken, Err(ServiceError::AlreadyExists(_))), "{taken:?}");
}

fn twins_at_once_have_one_effect_and_one_answer(db: &TestDb) {
    const TWINS: usize = 6;
    let service = TestService::open(db);
    let (owner, reviewer) = (service.agent(Role::Executor), service.agent(Role::Reviewer));
    let task = service.task();
    let rounds = rounds(db, 20, 20);
    for round in 0..rounds {
        let cx = |actor, request: &str| keyed(actor, &format!("{request} {round}"), request);
        let is_one = |answers: &[String]| answers.iter().all(|answer| *answer == answers[0]);

        let create = cx(Actor::Admin, "create");
        let made = at_once(TWINS, |_| {
            service.create_task(&create, "Goal", "", WorkKind::Once).unwrap().id.to_string()
        });
        assert!(is_one(&made), "round {round}: {made:?}");

        let register = cx(Actor::Admin, "register");
        let new = NewAgent {
            name: format!("Ann {round}"),
            role: Role::Patrol,
            description: String::new(),
            capabilities: Vec::new(),
        };
        let registered =
            at_once(TWINS, |_| service.create_agent(&register, &new).unwrap().agent.id.to_string());
        assert!(is_one(&registered), "round {round}: {registered:?}");

        let review = cx(reviewer.actor(), "review");
        let work = service.brought(&service.work(task.id).create(), Status::Review, &owner);
        let verdict = TestService::verdict(ReviewResult::Approved, 5);
        let reviews = at_once(TWINS, |_| {
            service.review_sub_task(&review, work.id, &verdict).unwrap().id.to_string()
        });
        assert!(is_one(&reviews), "round {round}: {reviews:?}");

        let claim = cx(owner.actor(), "next");
        let _ = (service.work(task.id).create(), service.work(task.id).create());
        let claims = at_once(TWINS, |_| {
            let NextClaim::Claimed(claimed) = service.claim_next(&claim, None, None).unwrap()
            else {
                panic!("there are two")
            };
            claimed.id.to_string()
        });
        assert!(is_one(&claims), "round {round}: {claims:?}");
    }
    let kinds = service.kinds(Filter::default());
    let count = |kind| kinds.iter().filter(|found| **found == kind).count();
    assert_eq!(count(EventKind::TaskCreated), rounds + 1);
    assert_eq!(count(EventKind::AgentRegistered), rounds + 2);
    assert_eq!(count(EventKind::SubTaskApproved), rounds);
    assert_eq!(count(EventKind::SubTaskClaimed), 2 * rounds);
    assert_eq!(differences(db), [""; 0]);
}

fn an_answer_survives_a_restart(db: &TestDb) {
    let cx = keyed(Actor::Admin, "k", "create");
    let create = || {
        let service = TestService::open(db);
        let task = service.create_task(&cx, "Goal", "", WorkKind::Once).unwrap();
        assert_eq!(task.created_at, START);
        task.id
    };
    assert_eq!(create(), create());
}

openmoss_testkit::on_each_backend! {
    a_repeat_gets_the_first_answer_and_has_no_effect,
    a_key_is_for_one_request_and_one_caller,
    a_failure_is_not_remembered,
    a_late_submission_is_remembered,
    an_answer_is_forgotten_after_a_day,
    a_repeated_registration_gets_a_fresh_key_for_the_same_agent,
    twins_at_once_have_one_effect_and_one_answer,
    an_answer_survives_a_restart,
}
