//! Reviews and scores.

use openmoss_domain::review::Verdict;
use openmoss_domain::sub_task::Status;
use openmoss_domain::{
    Action, Actor, ActorKind, Agent, DomainError, EventKind, ReviewResult, Role, SubTask,
};
use openmoss_service::event::Filter;
use openmoss_service::{Context, Window};
use openmoss_testkit::{TestDb, TestService, by, differences};

use crate::refusal::{domain, fields, not_found};

const ALL: Window = Window { offset: 0, limit: 100 };

fn handed_in(service: &TestService, owner: &Agent) -> SubTask {
    service.brought(&service.work(service.task().id).create(), Status::Review, owner)
}

fn a_review_pays_costs_or_does_neither(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, reviewer) = (service.agent(Role::Executor), by(&service.agent(Role::Reviewer)));
    let total = || service.find_agent(owner.id).unwrap().total_score;
    let mut expected = 0;
    for (result, score, delta) in [
        (ReviewResult::Approved, 5, 5),
        (ReviewResult::Approved, 4, 5),
        (ReviewResult::Approved, 3, 0),
        (ReviewResult::Rejected, 2, -5),
        (ReviewResult::Rejected, 1, -5),
        (ReviewResult::Approved, 1, 0),
        (ReviewResult::Rejected, 5, 0),
    ] {
        let work = handed_in(&service, &owner);
        let verdict = TestService::verdict(result, score);
        let review = service.review_sub_task(&reviewer, work.id, &verdict).unwrap();
        assert_eq!(service.find_review(review.id).unwrap(), review);
        expected += delta;
        assert_eq!(total(), expected, "{result} {score}");
    }
    let changes = service.list_score_changes(owner.id, ALL).unwrap();
    assert_eq!(changes.total, 4, "a change of 0 is none");
    assert_eq!(changes.items.iter().map(|change| change.delta).sum::<i64>(), expected);
    let (_, standing) = service.find_standing(owner.id).unwrap();
    assert_eq!((standing.rewards, standing.penalties), (2, 2));
    assert_eq!(service.list_reviews(None, ALL).unwrap().total, 7);
    assert_eq!(differences(db), [""; 0]);
}

fn an_unscored_decision_is_a_review_that_changes_no_score(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, other) = (service.agent(Role::Executor), service.agent(Role::Executor));
    let reviewer = by(&service.agent(Role::Reviewer));
    let work = handed_in(&service, &owner);
    let mended = service.rework_sub_task(&reviewer, work.id, Some(other.id)).unwrap();
    assert_eq!((mended.status, mended.owner, mended.attempt), (Status::Rework, Some(other.id), 2));
    service.start_sub_task(&by(&other), work.id, None, None).unwrap();
    let deliverable = openmoss_domain::Deliverable::default();
    service.submit_sub_task(&by(&other), work.id, &deliverable, None).unwrap();
    let done = service.complete_sub_task(&reviewer, work.id).unwrap();
    assert_eq!(done.status, Status::Done);
    let page = service.list_reviews(Some(work.id), ALL).unwrap();
    let rounds: Vec<_> = page.items.iter().map(|review| (review.round, review.result)).collect();
    assert_eq!(rounds.len(), 2);
    assert!(rounds.contains(&(1, ReviewResult::Rejected)));
    assert!(rounds.contains(&(2, ReviewResult::Approved)));
    assert_eq!(service.list_score_changes(owner.id, ALL).unwrap().total, 0);
    let wrong = service.rework_sub_task(
        &reviewer,
        handed_in(&service, &owner).id,
        reviewer.actor.agent_id(),
    );
    assert_eq!(fields(wrong)[0].field, "rework_agent");
    assert_eq!(differences(db), [""; 0]);
}

fn the_score_goes_to_who_did_the_work(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, other) = (service.agent(Role::Executor), service.agent(Role::Executor));
    let reviewer = by(&service.agent(Role::Reviewer));
    let work = handed_in(&service, &owner);
    let (result, rework_agent) = (ReviewResult::Rejected, Some(other.id));
    let verdict = Verdict::checked(result, 1, "All of it.", "", rework_agent).unwrap();
    service.review_sub_task(&reviewer, work.id, &verdict).unwrap();
    let score = |agent: &Agent| service.find_agent(agent.id).unwrap().total_score;
    assert_eq!((score(&owner), score(&other)), (-5, 0));
    assert_eq!(service.found(work.id).owner, Some(other.id));
    let former = service.start_sub_task(&by(&owner), work.id, None, None);
    let former = domain(former);
    assert_eq!(former, DomainError::NotOwner { owner: Some(other.id), attempt: 2 });
}

/// A reviewer never owns work by the rules; rows of an older database may say otherwise.
fn nobody_judges_their_own_work(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, reviewer) = (service.agent(Role::Executor), service.agent(Role::Reviewer));
    let work = handed_in(&service, &owner);
    db.raw().run(&format!(
        "UPDATE sub_task SET assigned_agent = '{}' WHERE id = '{}'",
        reviewer.id, work.id
    ));
    let verdict = TestService::verdict(ReviewResult::Approved, 5);
    let refused = domain(service.review_sub_task(&by(&reviewer), work.id, &verdict));
    assert_eq!(refused, DomainError::OwnWork);
    // An executor may not review at all.
    let refused = domain(service.review_sub_task(&by(&owner), work.id, &verdict));
    let (actor, action) = (ActorKind::Executor, Action::Approve);
    assert_eq!(refused, DomainError::RoleNotAllowed { actor, action });
    assert_eq!(service.list_reviews(None, ALL).unwrap().total, 0);
}

fn a_second_verdict_is_refused_with_the_truth(db: &TestDb) {
    let service = TestService::open(db);
    let owner = service.agent(Role::Executor);
    let work = handed_in(&service, &owner);
    let verdict = TestService::verdict(ReviewResult::Approved, 5);
    for is_first in [true, false] {
        let reviewer = by(&service.agent(Role::Reviewer));
        let result = service.review_sub_task(&reviewer, work.id, &verdict);
        if is_first {
            result.unwrap();
        } else {
            let refused = domain(result);
            assert!(matches!(refused, DomainError::NotAllowedFrom { status: Status::Done, .. }));
        }
    }
    assert_eq!(service.find_agent(owner.id).unwrap().total_score, 5);
}

fn a_score_is_adjusted_by_hand_but_not_ones_own(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, reviewer) = (service.agent(Role::Executor), service.agent(Role::Reviewer));
    let admin = service.admin();
    let (change, total) = service.adjust_score(&admin, owner.id, 7, " early ", None).unwrap();
    assert_eq!((change.delta, total), (7, 7));
    assert_eq!(change.reason, "manual: early");
    let (_, total) = service.adjust_score(&by(&reviewer), owner.id, -10, "late", None).unwrap();
    assert_eq!(total, -3);
    let refused = domain(service.adjust_score(&by(&reviewer), reviewer.id, 1, "me", None));
    assert_eq!(refused, DomainError::OwnScore);
    for (delta, reason) in [(0, "x"), (1_000_001, "x"), (i64::MIN, "x"), (1, "")] {
        let wrong = fields(service.adjust_score(&admin, owner.id, delta, reason, None));
        assert_eq!(wrong.len(), 1, "{delta} {reason:?}");
    }
    let nobody = openmoss_domain::AgentId::from_uuid(uuid::Uuid::new_v4());
    assert_eq!(not_found(service.adjust_score(&admin, nobody, 1, "x", None)), "agent");
    let work = Some(openmoss_domain::SubTaskId::from_uuid(uuid::Uuid::new_v4()));
    assert_eq!(not_found(service.adjust_score(&admin, owner.id, 1, "x", work)), "sub_task");
    let ranked: Vec<_> = service.list_leaderboard().unwrap().iter().map(|agent| agent.id).collect();
    assert_eq!(ranked, [reviewer.id, owner.id]);
    let (_, standing) = service.find_standing(owner.id).unwrap();
    assert_eq!((standing.rank, standing.agents), (2, 2));
    let events = service.events(Filter::default());
    let changes = events.iter().filter(|event| event.kind == EventKind::ScoreChanged);
    assert!(changes.clone().all(|event| event.agent_id == Some(owner.id)));
    assert_eq!(changes.count(), 2);
    assert_eq!(differences(db), [""; 0]);
}

fn an_admin_decides_without_being_a_reviewer(db: &TestDb) {
    let service = TestService::open(db);
    let work = handed_in(&service, &service.agent(Role::Executor));
    let admin = Context::of(Actor::Admin);
    let verdict = TestService::verdict(ReviewResult::Approved, 5);
    let review = service.review_sub_task(&admin, work.id, &verdict).unwrap();
    assert_eq!((review.reviewer, review.round), (None, 1));
}

openmoss_testkit::on_each_backend! {
    a_review_pays_costs_or_does_neither,
    an_unscored_decision_is_a_review_that_changes_no_score,
    the_score_goes_to_who_did_the_work,
    nobody_judges_their_own_work,
    a_second_verdict_is_refused_with_the_truth,
    a_score_is_adjusted_by_hand_but_not_ones_own,
    an_admin_decides_without_being_a_reviewer,
}
