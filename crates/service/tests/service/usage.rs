//! What models cost, and the budgets that stop the handing out of work.

use std::time::Duration;

use openmoss_domain::sub_task::Status;
use openmoss_domain::usage::{BudgetScope, Cost, Measure, OwnCap, Usage};
use openmoss_domain::waiting::WaitingKind;
use openmoss_domain::{
    Actor, Agent, AgentId, Deliverable, DomainError, EventKind, Role, SubTaskId, TaskId,
};
use openmoss_service::event::Filter;
use openmoss_service::sub_task::NextClaim;
use openmoss_service::usage::{BudgetOf, Report, Reported};
use openmoss_service::{Idempotency, ServiceError, Window};
use openmoss_testkit::{TestDb, TestService, at_once, by, differences};
use serde_json::json;

use crate::refusal::{domain, fields, not_found};

const ALL: Window = Window { offset: 0, limit: 100 };
const DAY: Duration = Duration::from_hours(24);

fn used(tokens: i64, cost: &str) -> Usage {
    Usage {
        model: "some-model".to_owned(),
        input_tokens: tokens,
        output_tokens: 0,
        cost: cost.parse().unwrap(),
    }
}

fn report(
    service: &TestService,
    from: &Agent,
    sub_task_id: Option<SubTaskId>,
    usage: Usage,
) -> Result<Reported, ServiceError> {
    service.report_usage(&by(from), from.id, &Report { sub_task_id, task_id: None, usage })
}

fn reached(service: &TestService) -> Vec<serde_json::Value> {
    let events = service.events(Filter::default()).into_iter();
    let events = events.filter(|event| event.kind == EventKind::BudgetReached);
    events.map(|event| json!(event.payload.0)).collect()
}

fn claim_next(service: &TestService, executor: &Agent) -> Result<Option<SubTaskId>, ServiceError> {
    Ok(match service.claim_next(&by(executor), None, None)? {
        NextClaim::Claimed(sub_task) => Some(sub_task.id),
        NextClaim::Nothing => None,
    })
}

fn set(service: &TestService, of: BudgetOf, tokens: Option<i64>, cost: Option<&str>) {
    let cost = cost.map(|text| text.parse::<Cost>().unwrap());
    service.set_budget(&service.admin(), of, OwnCap { tokens, cost }).unwrap();
}

fn what_is_reported_adds_up_by_day_agent_and_task(db: &TestDb) {
    let service = TestService::open(db);
    let (ann, bob) = (service.agent(Role::Executor), service.agent(Role::Reviewer));
    let (first, second) = (service.task(), service.task());
    let work = service.work(first.id).create();
    report(&service, &ann, Some(work.id), used(100, "0.25")).unwrap();
    let report_of_task =
        Report { sub_task_id: None, task_id: Some(second.id), usage: used(5, "0.5") };
    service.report_usage(&by(&bob), bob.id, &report_of_task).unwrap();
    service.clock.advance(DAY);
    let reported = report(&service, &ann, None, used(7, "0.1")).unwrap();
    assert_eq!((reported.today.tokens(), reported.today.reports), (7, 1));
    assert_eq!(reported.stop, None);

    let (total, days) = service.list_usage_by_day(7).unwrap();
    assert_eq!(
        (total.reports, total.tokens(), total.cost.to_string()),
        (3, 112, "0.85".to_owned())
    );
    let by_day: Vec<_> = days.iter().map(|(day, sums)| (day.as_str(), sums.tokens())).collect();
    assert_eq!(by_day, [("2026-09-22", 7), ("2026-09-21", 105)]);
    let agents = service.list_usage_by_agent(7, ALL).unwrap();
    let by_agent: Vec<_> = agents
        .items
        .iter()
        .map(|(id, name, sums)| (*id, name.clone(), sums.cost.to_string()))
        .collect();
    let expected = [
        (bob.id, Some(bob.name.clone()), "0.5".to_owned()),
        (ann.id, Some(ann.name.clone()), "0.35".to_owned()),
    ];
    assert_eq!((by_agent, agents.total), (expected.to_vec(), 2), "the dearest first");
    assert_eq!(service.list_usage_by_agent(1, ALL).unwrap().total, 1, "today alone");
    let tasks = service.list_usage_by_task(7, Window { offset: 1, limit: 1 }).unwrap();
    assert_eq!((tasks.items[0].0, tasks.total), (first.id, 2));
    let event = service.events(TestService::about(work.id)).pop().unwrap();
    assert_eq!(event.kind, EventKind::UsageReported);
    assert_eq!((event.task_id, event.agent_id), (Some(first.id), Some(ann.id)));
    assert_eq!(event.payload.0["cost"], "0.25");
}

fn a_repeated_report_counts_once(db: &TestDb) {
    let service = TestService::open(db);
    let ann = service.agent(Role::Executor);
    let mut cx = by(&ann);
    cx.idempotency = Some(Idempotency::new("ann", "key", b"usage"));
    let usage = Report { usage: used(100, "1"), ..Report::default() };
    let first = service.report_usage(&cx, ann.id, &usage).unwrap();
    assert_eq!(service.report_usage(&cx, ann.id, &usage).unwrap(), first);
    assert_eq!(service.list_usage_by_day(1).unwrap().0.reports, 1);
    let wrong = Report {
        usage: Usage { input_tokens: -1, model: "a\nb".to_owned(), ..used(0, "0") },
        ..Report::default()
    };
    let wrong = fields(service.report_usage(&by(&ann), ann.id, &wrong));
    let named: Vec<_> = wrong.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(named, ["input_tokens", "model"]);
    let nowhere = SubTaskId::from_uuid(uuid::Uuid::nil());
    assert_eq!(not_found(report(&service, &ann, Some(nowhere), used(1, "0"))), "sub_task");
    assert_eq!(service.list_usage_by_day(1).unwrap().0.reports, 1, "nothing was written");
}

fn an_agents_budget_stops_it_until_tomorrow(db: &TestDb) {
    let service = TestService::open_with(db, |settings| settings.budget.agent_day_tokens = 1_000);
    let (ann, bob, task) =
        (service.agent(Role::Executor), service.agent(Role::Executor), service.task());
    let work: Vec<_> = (0..4).map(|_| service.work(task.id).create()).collect();
    assert_eq!(claim_next(&service, &ann).unwrap(), Some(work[0].id));
    let reported = report(&service, &ann, Some(work[0].id), used(999, "0")).unwrap();
    assert_eq!((reported.stop, reached(&service).len()), (None, 0));
    let stop = report(&service, &ann, None, used(1, "0")).unwrap().stop.unwrap();
    assert_eq!((stop.scope, stop.measure), (BudgetScope::Agent, Measure::Tokens));
    report(&service, &ann, None, used(500, "0")).unwrap();
    let told = json!({"scope": "agent", "measure": "tokens", "limit": "1000", "used": "1000"});
    assert_eq!(reached(&service), [told], "once, with the report that used it up");
    let refused = domain(claim_next(&service, &ann));
    assert!(matches!(refused, DomainError::BudgetReached { .. }), "{refused:?}");
    assert!(refused.to_string().contains("until tomorrow"), "{refused}");
    let refused = domain(service.claim_sub_task(&by(&ann), work[1].id, None));
    assert!(matches!(refused, DomainError::BudgetReached { .. }), "{refused:?}");
    // What is in hand goes on, and others are not touched.
    service.claim_sub_task(&by(&ann), work[0].id, None).unwrap();
    service.start_sub_task(&by(&ann), work[0].id, None, None).unwrap();
    service.submit_sub_task(&by(&ann), work[0].id, &Deliverable::default(), None).unwrap();
    assert_eq!(claim_next(&service, &bob).unwrap(), Some(work[1].id));
    // An admin may raise it, for her alone.
    set(&service, BudgetOf::Agent(ann.id), Some(2_000), None);
    assert_eq!(claim_next(&service, &ann).unwrap(), Some(work[2].id));
    set(&service, BudgetOf::Agent(ann.id), None, None);
    assert!(claim_next(&service, &ann).is_err());
    service.clock.advance(DAY);
    assert_eq!(claim_next(&service, &ann).unwrap(), Some(work[3].id));
}

fn a_days_budget_stops_everybody_and_says_so(db: &TestDb) {
    let service = TestService::open_with(db, |settings| settings.budget.day_cost = 2);
    let (ann, bob, task) =
        (service.agent(Role::Executor), service.agent(Role::Executor), service.task());
    let work = service.work(task.id).create();
    report(&service, &ann, None, used(0, "1.999999")).unwrap();
    let waiting = || service.find_sub_task(Actor::Admin, work.id).unwrap().waiting_for.unwrap();
    assert_eq!(waiting().kind, WaitingKind::Claim);
    report(&service, &bob, None, used(0, "0.000001")).unwrap();
    assert_eq!(waiting().kind, WaitingKind::Budget);
    for executor in [&ann, &bob] {
        let refused = domain(claim_next(&service, executor)).to_string();
        assert!(refused.contains("everybody's budget for today is used up (2 of 2)"), "{refused}");
    }
    let told = json!({"scope": "day", "measure": "cost", "limit": "2", "used": "2"});
    assert_eq!(reached(&service), [told]);
    assert!(service.find_day_budget().unwrap().is_used_up());
    service.clock.advance(DAY);
    assert_eq!(waiting().kind, WaitingKind::Claim);
    assert!(claim_next(&service, &ann).unwrap().is_some());
}

fn a_tasks_budget_holds_its_work_and_no_other(db: &TestDb) {
    let service = TestService::open(db);
    let (ann, reviewer) = (service.agent(Role::Executor), service.agent(Role::Reviewer));
    let (dear, other) = (service.task(), service.task());
    let work: Vec<_> = (0..3).map(|_| service.work(dear.id).create()).collect();
    let elsewhere = service.work(other.id).create();
    set(&service, BudgetOf::Task(dear.id), None, Some("1.50"));
    service.claim_sub_task(&by(&ann), work[0].id, None).unwrap();
    service.start_sub_task(&by(&ann), work[0].id, None, None).unwrap();
    let usage = Some(used(10, "1.50"));
    service
        .submit_with_usage(&by(&ann), work[0].id, &Deliverable::default(), None, usage.clone())
        .unwrap();
    // A repeat hands in nothing new, and costs nothing.
    service.submit_with_usage(&by(&ann), work[0].id, &Deliverable::default(), None, usage).unwrap();
    let budget = service.find_budget(BudgetOf::Task(dear.id)).unwrap();
    assert_eq!((budget.used.reports, budget.is_used_up()), (1, true));
    let told = json!({"scope": "task", "measure": "cost", "limit": "1.5", "used": "1.5"});
    assert_eq!(reached(&service), [told]);
    assert_eq!(claim_next(&service, &ann).unwrap(), Some(elsewhere.id), "other work goes on");
    assert_eq!(claim_next(&service, &ann).unwrap(), None);
    let refused = domain(service.claim_sub_task(&by(&ann), work[1].id, None));
    assert_eq!(refused, DomainError::TaskStopped);
    let late = service.work(dear.id).create();
    for waits in [work[1].id, late.id] {
        let waiting = service.find_sub_task(Actor::Admin, waits).unwrap().waiting_for.unwrap();
        assert_eq!(waiting.kind, WaitingKind::Budget);
    }
    // What was handed in is judged, and what is in hand is not stopped.
    service.complete_sub_task(&by(&reviewer), work[0].id).unwrap();
    assert_eq!(service.stop_reason(&service.found(work[1].id)).unwrap(), None);
    assert_eq!(differences(db), [""; 0]);

    // A second start changes nothing; an admin who raises it sets the work free.
    let _second = TestService::open_at(db, std::sync::Arc::clone(&service.clock), |_| {});
    assert!(!service.found(work[1].id).is_claimable());
    set(&service, BudgetOf::Task(dear.id), None, Some("9"));
    assert!(service.found(work[1].id).is_claimable() && service.found(late.id).is_claimable());
    assert_eq!(differences(db), [""; 0]);
    let listed = service.list_budgets(ALL).unwrap();
    assert_eq!((listed.total, listed.items[0].of), (1, BudgetOf::Task(dear.id)));
    assert_eq!(listed.items[0].name, Some(dear.name.clone()));
    set(&service, BudgetOf::Task(dear.id), None, None);
    assert_eq!(service.list_budgets(ALL).unwrap().total, 0);
    assert_eq!(
        not_found(service.find_budget(BudgetOf::Task(TaskId::from_uuid(uuid::Uuid::nil())))),
        "task"
    );
    assert_eq!(
        not_found(service.find_budget(BudgetOf::Agent(AgentId::from_uuid(uuid::Uuid::nil())))),
        "agent"
    );
}

fn another_default_holds_for_tasks_at_once(db: &TestDb) {
    let service = TestService::open(db);
    let (ann, task) = (service.agent(Role::Executor), service.task());
    let work = service.work(task.id).create();
    report(&service, &ann, Some(work.id), used(500, "0")).unwrap();
    let put = |tokens: u32| {
        let sections = json!({"budget": {"task_tokens": tokens}});
        service.edit_config(&service.admin(), sections.as_object().unwrap()).unwrap();
    };
    assert!(service.found(work.id).is_claimable());
    put(500);
    assert!(!service.found(work.id).is_claimable());
    assert_eq!(reached(&service).len(), 1);
    put(501);
    assert!(service.found(work.id).is_claimable());
    put(0);
    assert!(service.found(work.id).is_claimable());
    assert_eq!(differences(db), [""; 0]);
}

fn reports_at_once_use_a_budget_up_once(db: &TestDb) {
    let service = TestService::open_with(db, |settings| {
        (settings.budget.day_tokens, settings.budget.task_tokens) = (40, 40);
    });
    let (task, agents) = (service.task(), service.agents(Role::Executor, 8));
    let work = service.work(task.id).create();
    at_once(8, |thread| {
        for _ in 0..10 {
            report(&service, &agents[thread], Some(work.id), used(1, "0.000001")).unwrap();
        }
    });
    assert_eq!(service.list_usage_by_day(1).unwrap().0.tokens(), 80);
    let mut scopes: Vec<_> =
        reached(&service).iter().map(|told| told["scope"].to_string()).collect();
    scopes.sort();
    assert_eq!(scopes, ["\"day\"", "\"task\""]);
    assert_eq!(service.brought(&work, Status::Pending, &agents[0]).status, Status::Pending);
    assert_eq!(differences(db), [""; 0]);
}

openmoss_testkit::on_each_backend! {
    what_is_reported_adds_up_by_day_agent_and_task,
    a_repeated_report_counts_once,
    an_agents_budget_stops_it_until_tomorrow,
    a_days_budget_stops_everybody_and_says_so,
    a_tasks_budget_holds_its_work_and_no_other,
    another_default_holds_for_tasks_at_once,
    reports_at_once_use_a_budget_up_once,
}
