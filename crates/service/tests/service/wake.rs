//! Waking agents, at runtimes that are really there, and that misbehave.

use std::time::Duration;

use openmoss_domain::outbox::DeliveryStatus;
use openmoss_domain::sub_task::Status;
use openmoss_domain::wake::{WakeKind, WakeUp};
use openmoss_domain::{Agent, AgentId, AgentStatus, Role};
use openmoss_service::Window;
use openmoss_service::request::Answered;
use openmoss_service::settings::Secret;
use openmoss_service::wake::NewTarget;
use openmoss_testkit::{Manner, Receiver, TestDb, TestService, at_once};
use serde_json::Value;

use crate::refusal::{fields, not_found};

const ALL: Window = Window { offset: 0, limit: 100 };
const MINUTE: Duration = Duration::from_mins(1);

fn gateway(url: &str) -> NewTarget {
    NewTarget {
        kind: WakeKind::Openclaw,
        url: url.to_owned(),
        secret: Some(Secret::new("t0ken")),
        runtime_agent: Some("ada".to_owned()),
        hook: None,
    }
}

/// A new agent that is woken at `receiver`.
fn woken_at(service: &TestService, role: Role, receiver: &Receiver) -> Agent {
    let agent = service.agent(role);
    service.set_wake_target(&service.admin(), agent.id, &gateway(&receiver.url(""))).unwrap();
    agent
}

fn round(service: &TestService) {
    service.wake_agents().unwrap();
    service.send_wake_ups().unwrap();
}

fn wake_ups(service: &TestService, agent: &Agent) -> Vec<WakeUp> {
    service.list_wake_ups(agent.id, ALL).unwrap().items
}

/// The agent asks for something, whatever it is.
fn calls(service: &TestService, agent: AgentId) {
    service.clock.advance(Duration::from_millis(1));
    service.note_request(Answered {
        agent_id: agent,
        key: Secret::new("ak_x"),
        method: "GET".to_owned(),
        path: "/api/tasks".to_owned(),
        sent: None,
        status: 200,
        duration: Duration::ZERO,
    });
    service.write_requests().unwrap();
}

fn an_owner_is_woken_once_and_again_when_it_has_called(db: &TestDb) {
    let receiver = Receiver::start(&[Manner::Answer(200)]);
    let service = TestService::open(db);
    let owner = woken_at(&service, Role::Executor, &receiver);
    round(&service);
    assert_eq!(receiver.received().len(), 0, "nobody is woken for nothing");

    let task = service.task();
    let work = service.work(task.id).given_to(owner.id).create();
    round(&service);
    let [request] = receiver.received().try_into().unwrap();
    assert_eq!(request.line, "POST /hooks/agent");
    assert_eq!(request.header("authorization"), "Bearer t0ken");
    let body = request.json();
    assert_eq!((&body["agentId"], &body["deliver"]), (&"ada".into(), &Value::Bool(false)));
    let message = body["message"].as_str().unwrap();
    assert!(message.ends_with("next") && !message.contains('\n'), "{message}");
    let [made] = wake_ups(&service, &owner).try_into().unwrap();
    assert_eq!(made.sub_task_id, Some(work.id));
    assert_eq!(made.sending.status, DeliveryStatus::Delivered);
    assert_eq!(request.header("idempotency-key"), made.id.to_string());

    // More work makes no second wake-up, nor does a restart.
    let _ = service.work(task.id).given_to(owner.id).create();
    service.clock.advance(5 * MINUTE);
    round(&service);
    let again = TestService::open_at(db, service.clock.clone(), |_| {});
    round(&again);
    assert_eq!(receiver.received().len(), 1);
    assert!(service.find_wake_target(owner.id).unwrap().unwrap().is_outstanding);

    calls(&service, owner.id);
    round(&service);
    let seen = service.find_wake_target(owner.id).unwrap().unwrap();
    assert_eq!((seen.is_outstanding, seen.unanswered), (false, 0));
    assert!(wake_ups(&service, &owner)[0].answered_at.is_some());
    assert_eq!(receiver.received().len(), 1, "it is awake");
    service.clock.advance(3 * MINUTE);
    round(&service);
    assert_eq!(receiver.received().len(), 2, "it fell asleep over its work");
}

fn who_does_not_come_is_woken_less_and_less_often(db: &TestDb) {
    let receiver = Receiver::start(&[Manner::Answer(202)]);
    let service = TestService::open(db);
    let owner = woken_at(&service, Role::Executor, &receiver);
    let _ = service.work(service.task().id).given_to(owner.id).create();
    let mut at = Vec::new();
    for minute in 0..80_u64 {
        let before = receiver.received().len();
        round(&service);
        if receiver.received().len() > before {
            at.push(minute);
        }
        service.clock.advance(MINUTE);
    }
    assert_eq!(at, [0, 10, 30, 70]);
    let mut keys: Vec<_> = wake_ups(&service, &owner).iter().map(|one| one.id).collect();
    keys.dedup();
    assert_eq!(keys.len(), 4);
}

fn of_idle_executors_as_many_are_woken_as_there_is_work(db: &TestDb) {
    let receiver = Receiver::start(&[Manner::Answer(200)]);
    let service = TestService::open(db);
    let team: Vec<Agent> = (0..4).map(|_| woken_at(&service, Role::Executor, &receiver)).collect();
    service.set_agent_status(&service.admin(), team[3].id, AgentStatus::Disabled).unwrap();
    let woken = |service: &TestService| -> Vec<usize> {
        team.iter().map(|agent| wake_ups(service, agent).len()).collect()
    };
    let task = service.task();
    let one = service.work(task.id).create();
    round(&service);
    round(&service);
    assert_eq!(woken(&service).iter().sum::<usize>(), 1, "{:?}", woken(&service));
    let _ = service.work(task.id).create();
    round(&service);
    assert_eq!(woken(&service).iter().sum::<usize>(), 2, "one more for one more");

    // Everybody does its work and goes to sleep; the next work wakes who was not woken yet.
    for agent in team.iter().filter(|agent| !wake_ups(&service, agent).is_empty()) {
        calls(&service, agent.id);
    }
    round(&service);
    let _done = service.brought(&one, Status::Done, &team[0]);
    service.clock.advance(10 * MINUTE);
    round(&service);
    assert_eq!(woken(&service), [1, 1, 1, 0]);
}

fn each_role_is_woken_for_what_is_its_own(db: &TestDb) {
    let receiver = Receiver::start(&[Manner::Answer(200)]);
    let service = TestService::open(db);
    let [reviewer, planner, patrol] = [Role::Reviewer, Role::Planner, Role::Patrol]
        .map(|role| woken_at(&service, role, &receiver));
    let owner = service.agent(Role::Executor);
    let actions = |agent: &Agent| -> Vec<String> {
        wake_ups(&service, agent).iter().map(|one| one.action.to_string()).collect()
    };
    let task = service.task();
    let work = service.work(task.id).create();
    let _handed_in = service.brought(&work, Status::Review, &owner);
    round(&service);
    assert_eq!(actions(&reviewer), ["review"]);
    assert_eq!((actions(&planner).len(), actions(&patrol).len()), (0, 0));
    service.complete_sub_task(&service.admin(), work.id).unwrap();
    round(&service);
    assert_eq!(actions(&planner), ["deliver"]);
    let finding = openmoss_domain::patrol::Finding {
        kind: "owner_lost".to_owned(),
        severity: openmoss_domain::Severity::Critical,
        task_id: None,
        sub_task_id: None,
        agent_id: None,
        description: "Nobody comes.".to_owned(),
        action_taken: String::new(),
        dedup_key: None,
    };
    service.open_patrol_record(&service.admin(), &finding).unwrap();
    round(&service);
    assert_eq!(actions(&patrol), ["patrol"]);
    assert_eq!(actions(&reviewer), ["review"], "its work is gone");
}

fn who_is_at_work_is_left_alone(db: &TestDb) {
    let receiver = Receiver::start(&[Manner::Answer(200)]);
    let service = TestService::open(db);
    let owner = woken_at(&service, Role::Executor, &receiver);
    let work = service.work(service.task().id).create();
    let _begun = service.brought(&work, Status::InProgress, &owner);
    calls(&service, owner.id);
    service.clock.advance(29 * MINUTE);
    round(&service);
    assert_eq!(receiver.received().len(), 0);
    service.clock.advance(2 * MINUTE);
    round(&service);
    assert_eq!(wake_ups(&service, &owner)[0].action.as_str(), "continue");
}

fn of_several_servers_one_wakes(db: &TestDb) {
    let receiver = Receiver::start(&[Manner::Answer(200)]);
    let one = TestService::open(db);
    let other = TestService::open_at(db, one.clock.clone(), |_| {});
    let team: Vec<Agent> = (0..5).map(|_| woken_at(&one, Role::Executor, &receiver)).collect();
    let task = one.task();
    for agent in &team {
        let _ = one.work(task.id).given_to(agent.id).create();
    }
    at_once(6, |n| round(if n % 2 == 0 { &one } else { &other }));
    round(&one);
    assert!(team.iter().all(|agent| wake_ups(&one, agent).len() == 1));
    assert_eq!(receiver.received().len(), 5);
}

fn what_the_gateway_answers_decides(db: &TestDb) {
    for (status, is_final, hint) in [
        (400, true, "does not know the agent"),
        (401, true, "hooks.token"),
        (404, true, "no such hook"),
        (405, true, "not the address of a gateway"),
        (429, false, "answered 429"),
        (503, false, "answered 503"),
    ] {
        let receiver = Receiver::start(&[Manner::Answer(status), Manner::Answer(200)]);
        let service = TestService::open_at(db, std::sync::Arc::default(), |_| {});
        let owner = woken_at(&service, Role::Executor, &receiver);
        let _ = service.work(service.task().id).given_to(owner.id).create();
        round(&service);
        let [made] = wake_ups(&service, &owner).try_into().unwrap();
        assert_eq!(made.sending.status == DeliveryStatus::Dead, is_final, "{status}");
        let reason = made.sending.last_error.clone().unwrap();
        assert!(reason.contains(hint) && !reason.contains("t0ken"), "{reason}");
        service.clock.set(made.sending.next_try_at);
        service.send_wake_ups().unwrap();
        let expected = if is_final { 1 } else { 2 };
        let keys: Vec<String> = receiver
            .received()
            .iter()
            .map(|one| one.header("idempotency-key").to_owned())
            .collect();
        assert_eq!(keys, vec![made.id.to_string(); expected]);
        service.delete_agent(&service.admin(), owner.id, &owner.name).unwrap();
    }
}

fn a_wake_up_that_is_not_needed_any_more_is_not_sent(db: &TestDb) {
    let receiver = Receiver::start(&[Manner::Answer(500), Manner::Answer(200)]);
    let service = TestService::open(db);
    let owner = woken_at(&service, Role::Executor, &receiver);
    let _ = service.work(service.task().id).given_to(owner.id).create();
    round(&service);
    calls(&service, owner.id);
    service.clock.advance(MINUTE);
    round(&service);
    let [made] = wake_ups(&service, &owner).try_into().unwrap();
    assert_eq!(made.sending.status, DeliveryStatus::Dead);
    assert_eq!(made.sending.last_error.as_deref(), Some("the agent called by itself"));
    assert_eq!(receiver.received().len(), 1);
}

fn a_mapped_hook_and_a_webhook_get_what_a_template_needs(db: &TestDb) {
    let receiver = Receiver::start(&[Manner::Answer(200)]);
    let service = TestService::open(db);
    let (admin, owner) = (service.admin(), service.agent(Role::Executor));
    let hook = Some("openmoss-ada".to_owned());
    let target = NewTarget { hook, runtime_agent: None, ..gateway(&receiver.url("/")) };
    service.set_wake_target(&admin, owner.id, &target).unwrap();
    let work = service.work(service.task().id).given_to(owner.id).create();
    round(&service);
    assert_eq!(receiver.received()[0].line, "POST /hooks/openmoss-ada");
    let expects = |body: Value| {
        assert_eq!(body["sub_task_id"], work.id.to_string());
        assert_eq!((&body["action"], &body["role"]), (&"start".into(), &"executor".into()));
        assert_eq!(body["agent_name"], owner.name.as_str());
    };
    expects(receiver.received()[0].json());

    let secret = Some(Secret::new("s1gn"));
    let url = receiver.url("/wake?key=s3cret");
    let target =
        NewTarget { kind: WakeKind::Webhook, url, secret, runtime_agent: None, hook: None };
    let seen = service.set_wake_target(&admin, owner.id, &target).unwrap();
    assert_eq!(seen.url, receiver.url("/***"));
    round(&service);
    let request = receiver.received().pop().unwrap();
    assert_eq!(request.line, "POST /wake?key=s3cret");
    assert!(crate::notification::is_signed(&request, "s1gn"));
    expects(request.json());
    let tried = service.try_wake_target(owner.id).unwrap();
    assert!(tried.is_delivered && wake_ups(&service, &owner).len() == 2, "{tried:?}");
}

fn a_secret_stays_where_it_is(db: &TestDb) {
    let service = TestService::open(db);
    let (admin, agent) = (service.admin(), service.agent(Role::Executor));
    assert!(service.find_wake_target(agent.id).unwrap().is_none());
    assert_eq!(not_found(service.try_wake_target(agent.id)), "wake_target");
    let set = |target: &NewTarget| service.set_wake_target(&admin, agent.id, target);
    let wrong = |target: NewTarget| -> Vec<String> {
        fields(set(&target)).into_iter().map(|error| error.field).collect()
    };
    let good = gateway("http://127.0.0.1:18789/");
    let none = || NewTarget { secret: None, ..good.clone() };
    assert_eq!(wrong(none()), ["secret"], "a gateway wants its token");
    assert!(set(&good).unwrap().has_secret);
    let seen = set(&NewTarget { hook: Some("x".to_owned()), ..none() }).unwrap();
    assert!(seen.has_secret && seen.url == "http://127.0.0.1:18789", "{seen:?}");
    assert!(!format!("{seen:?}").contains("t0ken"));
    for url in ["http://127.0.0.1:18790", "https://127.0.0.1:18789", "http://evil.example"] {
        assert_eq!(wrong(NewTarget { url: url.to_owned(), ..none() }), ["secret"]);
    }
    let (hook, runtime_agent) = (Some("a/../b".to_owned()), Some("x y".to_owned()));
    let bad = NewTarget { hook, runtime_agent, url: "ftp://x".to_owned(), ..good.clone() };
    assert_eq!(wrong(bad), ["runtime_agent", "hook", "url"]);
    let secret = Some(Secret::new("a\r\nX-Evil: 1"));
    assert_eq!(wrong(NewTarget { secret, ..good.clone() }), ["secret"]);
    service.delete_wake_target(&admin, agent.id).unwrap();
    assert!(service.find_wake_target(agent.id).unwrap().is_none());

    let nobody = AgentId::from_uuid(uuid::Uuid::nil());
    assert_eq!(not_found(service.set_wake_target(&admin, nobody, &good)), "agent");
    set(&good).unwrap();
    let _ = service.work(service.task().id).given_to(agent.id).create();
    service.wake_agents().unwrap();
    service.delete_agent(&admin, agent.id, &agent.name).unwrap();
    for table in ["wake_target", "wake_up"] {
        assert_eq!(db.raw().number(&format!("SELECT COUNT(*) AS n FROM {table}")), 0);
    }
}

fn private_runtimes_can_be_ruled_out(db: &TestDb) {
    let receiver = Receiver::start(&[Manner::Answer(200)]);
    let service = TestService::open_with(db, |settings| {
        settings.delivery.allow_private_wake = false;
    });
    let owner = woken_at(&service, Role::Executor, &receiver);
    assert!(!service.try_wake_target(owner.id).unwrap().is_delivered);
    assert_eq!(receiver.received().len(), 0);
    let open = TestService::open_at(db, service.clock.clone(), |_| {});
    assert!(open.try_wake_target(owner.id).unwrap().is_delivered);
    let target = gateway("http://169.254.169.254");
    open.set_wake_target(&open.admin(), owner.id, &target).unwrap();
    let tried = open.try_wake_target(owner.id).unwrap();
    assert!(!tried.is_delivered && tried.detail.contains("private"), "{tried:?}");
}

openmoss_testkit::on_each_backend! {
    an_owner_is_woken_once_and_again_when_it_has_called,
    who_does_not_come_is_woken_less_and_less_often,
    of_idle_executors_as_many_are_woken_as_there_is_work,
    each_role_is_woken_for_what_is_its_own,
    who_is_at_work_is_left_alone,
    of_several_servers_one_wakes,
    what_the_gateway_answers_decides,
    a_wake_up_that_is_not_needed_any_more_is_not_sent,
    a_mapped_hook_and_a_webhook_get_what_a_template_needs,
    a_secret_stays_where_it_is,
    private_runtimes_can_be_ruled_out,
}
