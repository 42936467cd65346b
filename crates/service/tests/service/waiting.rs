//! Every open sub-task says what it waits for, and who may do what with it.

use std::time::Duration;

use openmoss_domain::sub_task::Status;
use openmoss_domain::waiting::WaitingKind;
use openmoss_domain::{Action, Actor, AgentStatus, Role, SubTaskId, TaskStatus};
use openmoss_service::Window;
use openmoss_service::sub_task::{Filter, SubTaskView};
use openmoss_testkit::{START, TestDb, TestService, by};

/// What a sub-task waits for, in words.
#[track_caller]
fn waits(service: &TestService, id: SubTaskId) -> (WaitingKind, String) {
    let waiting = service.find_sub_task(Actor::Admin, id).unwrap().waiting_for.unwrap();
    (waiting.kind, waiting.detail)
}

#[track_caller]
fn says(service: &TestService, id: SubTaskId, kind: WaitingKind, sentence: &str) {
    assert_eq!(waits(service, id), (kind, sentence.to_owned()));
}

fn an_open_sub_task_says_what_it_waits_for(db: &TestDb) {
    let service = TestService::open(db);
    let task = service.task();
    let first = service.work(task.id).create();
    let next = service.work(task.id).after(&[&first]).create();
    let id = first.id;
    let sentence = "no active executor exists; register or enable one";
    says(&service, id, WaitingKind::NoExecutor, sentence);
    let owner = service.agent(Role::Executor);
    says(&service, id, WaitingKind::Claim, "an executor must claim it");
    says(&service, next.id, WaitingKind::Prerequisites, "1 prerequisite is not done yet");
    let admin = service.admin();
    service.set_agent_status(&admin, owner.id, AgentStatus::Disabled).unwrap();
    says(&service, id, WaitingKind::NoExecutor, sentence);
    service.set_agent_status(&admin, owner.id, AgentStatus::Active).unwrap();

    service.claim_sub_task(&by(&owner), id, None).unwrap();
    says(&service, id, WaitingKind::OwnerStart, "the owner has not started yet");
    service.start_sub_task(&by(&owner), id, None, None).unwrap();
    says(&service, id, WaitingKind::Owner, "the owner works on it");
    service.clock.advance(Duration::from_hours(2));
    let sentence = "the owner's lease ran out without a sign of life";
    says(&service, id, WaitingKind::OwnerSilent, sentence);
    let since = service.find_sub_task(Actor::Admin, id).unwrap().waiting_for.unwrap().since;
    assert_eq!(since, START, "when it was last heard of");
    service.heartbeat_sub_task(&by(&owner), id, None, None, None).unwrap();
    says(&service, id, WaitingKind::Owner, "the owner works on it");

    service
        .submit_sub_task(&by(&owner), id, &openmoss_domain::Deliverable::default(), None)
        .unwrap();
    let sentence = "no active reviewer exists; register or enable one";
    says(&service, id, WaitingKind::NoReviewer, sentence);
    let reviewer = by(&service.agent(Role::Reviewer));
    says(&service, id, WaitingKind::Review, "a reviewer must look at it");
    service.rework_sub_task(&reviewer, id, None).unwrap();
    let sentence = "the owner must mend it and submit again";
    says(&service, id, WaitingKind::OwnerRework, sentence);
    service.move_task(&admin, task.id, TaskStatus::Cancelled).unwrap();
    let sentence = "its task does not hand out work; set the task to active";
    says(&service, id, WaitingKind::TaskStatus, sentence);
    service.move_task(&admin, task.id, TaskStatus::Active).unwrap();
    service.cancel_sub_task(&admin, id).unwrap();
    let view = service.find_sub_task(Actor::Admin, id).unwrap();
    assert_eq!(view.waiting_for, None, "it is over");
    let (kind, sentence) = waits(&service, next.id);
    assert_eq!(kind, WaitingKind::Unblock);
    let expected =
        format!("dependency: the prerequisite {:?} was cancelled; waits for {id}", first.name);
    assert_eq!(sentence, expected);
}

fn an_actor_sees_what_it_may_do(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, other) = (service.agent(Role::Executor), service.agent(Role::Executor));
    let reviewer = service.agent(Role::Reviewer);
    let task = service.task();
    let free = service.work(task.id).create();
    let held_up = service.work(task.id).after(&[&free]).create();
    let mine = service.brought(&service.work(task.id).create(), Status::InProgress, &owner);
    let actions = |actor, id| service.find_sub_task(actor, id).unwrap().allowed_actions;
    assert_eq!(actions(other.actor(), free.id), [Action::Claim]);
    assert_eq!(actions(other.actor(), held_up.id), []);
    let of_owner = [Action::Submit, Action::Block, Action::Heartbeat, Action::Session];
    assert_eq!(actions(owner.actor(), mine.id), of_owner);
    assert_eq!(actions(other.actor(), mine.id), []);
    assert_eq!(actions(reviewer.actor(), mine.id), []);
    let id = service.brought(&free, Status::Review, &owner).id;
    assert_eq!(actions(reviewer.actor(), id), [Action::Approve, Action::Reject]);
    // What is allowed in a list is what is allowed in the answer of a step.
    let view = service.view_sub_task(reviewer.actor(), service.found(id)).unwrap();
    assert_eq!(view.allowed_actions, [Action::Approve, Action::Reject]);
}

fn lists_show_the_same_as_single_answers(db: &TestDb) {
    let service = TestService::open(db);
    let owner = service.agent(Role::Executor);
    let task = service.task();
    let first = service.work(task.id).create();
    let _ = service.work(task.id).after(&[&first]).create();
    let mine = service.brought(&service.work(task.id).create(), Status::Assigned, &owner);
    let window = Window { offset: 0, limit: 10 };
    let of_task = Filter { task_id: Some(task.id), ..Filter::default() };
    let page = service.list_sub_tasks(owner.actor(), of_task, window).unwrap();
    assert_eq!(page.total, 3);
    for view in page.items {
        // The notes of each would be a query each, so a list leaves them out.
        let alone = service.find_sub_task(owner.actor(), view.sub_task.id).unwrap();
        assert_eq!(view, SubTaskView { notes: None, ..alone });
    }
    let page = service.list_claimable_sub_tasks(owner.actor(), window).unwrap();
    assert_eq!(page.total, 1);
    assert_eq!(page.items[0].sub_task, first);
    let latest = service.find_latest_sub_task(Actor::Admin, owner.id, task.id).unwrap();
    assert_eq!(latest.sub_task, mine);
    let nothing = service.find_latest_sub_task(Actor::Admin, owner.id, service.task().id);
    assert_eq!(crate::refusal::not_found(nothing), "sub_task");
}

openmoss_testkit::on_each_backend! {
    an_open_sub_task_says_what_it_waits_for,
    an_actor_sees_what_it_may_do,
    lists_show_the_same_as_single_answers,
}
