//! The whole wake-up in one call.

use std::time::Duration;

use openmoss_domain::patrol::Finding;
use openmoss_domain::sub_task::{BlockedKind, Priority, Status, WorkKind};
use openmoss_domain::{
    Agent, Artifact, ArtifactKind, Deliverable, DomainError, EventKind, NextAction, ReviewResult,
    Role, RuleScope, Severity, SubTask, SubTaskId, TaskStatus,
};
use openmoss_service::agent::admin::AgentEdit;
use openmoss_service::event::Filter;
use openmoss_service::next::{NextAsk, NextWork};
use openmoss_service::rule::NewRule;
use openmoss_service::sub_task::{NextClaim, Obstacle};
use openmoss_service::{Context, Idempotency, ServiceError, Window};
use openmoss_testkit::{TestDb, TestService, by, differences};

use crate::refusal::{domain, fields};

const ALL: Window = Window { offset: 0, limit: 100 };
const MINUTE: Duration = Duration::from_mins(1);

fn next(service: &TestService, agent: &Agent) -> NextWork {
    service.next_work(&by(agent), &NextAsk::default()).unwrap()
}

fn only_look() -> NextAsk {
    NextAsk { claim: false, ..NextAsk::default() }
}

/// What is to be done, and with which sub-task.
fn gist(next: &NextWork) -> (NextAction, Option<SubTaskId>) {
    (next.action, next.sub_task.as_ref().map(|one| one.id))
}

fn reason(next: &NextWork) -> &str {
    assert_eq!(next.action, NextAction::Idle, "{next:?}");
    next.reason.as_deref().unwrap()
}

fn delivered(text: &str) -> Deliverable {
    let value = format!("/w/{text}.md");
    let artifact = Artifact { kind: ArtifactKind::Path, value, title: String::new() };
    Deliverable { summary: text.to_owned(), artifacts: vec![artifact] }
}

fn able(service: &TestService, agent: &Agent, tags: &[&str]) {
    let capabilities = tags.iter().map(|tag| (*tag).to_owned()).collect();
    let edit = AgentEdit { capabilities: Some(capabilities), ..AgentEdit::default() };
    service.edit_agent(&service.admin(), agent.id, &edit).unwrap();
}

fn needing(service: &TestService, of: &SubTask, tags: &[&str]) {
    let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    let edit = openmoss_domain::sub_task::Edit {
        required_capabilities: Some(tags),
        ..openmoss_domain::sub_task::Edit::default()
    };
    service.edit_sub_task(&service.admin(), of.id, &edit, None).unwrap();
}

fn two_calls_and_two_calls_are_a_whole_sub_task(db: &TestDb) {
    let service = TestService::open(db);
    let (executor, reviewer) = (service.agent(Role::Executor), service.agent(Role::Reviewer));
    let task = service.task();
    let work = service.work(task.id).create();
    let mine = next(&service, &executor);
    assert_eq!(gist(&mine), (NextAction::Claim, Some(work.id)));
    // Taken and begun, and the task with it.
    let found = service.found(work.id);
    assert_eq!((found.status, found.owner), (Status::InProgress, Some(executor.id)));
    assert_eq!(service.find_task(task.id).unwrap().status, TaskStatus::InProgress);
    let attempt = mine.sub_task.as_ref().unwrap().attempt;
    service.submit_sub_task(&by(&executor), work.id, &delivered("done"), Some(attempt)).unwrap();
    let judged = next(&service, &reviewer);
    assert_eq!(gist(&judged), (NextAction::Review, Some(work.id)));
    assert_eq!(judged.submissions[0].summary, "done");
    let verdict = TestService::verdict(ReviewResult::Approved, 5);
    service.review_sub_task(&by(&reviewer), work.id, &verdict).unwrap();
    assert_eq!(service.found(work.id).status, Status::Done);
    assert_eq!(differences(db), [""; 0]);
}

fn own_work_comes_first_and_what_was_sent_back_before_all(db: &TestDb) {
    let service = TestService::open(db);
    let me = service.agent(Role::Executor);
    let task = service.task();
    let new = service.work(task.id).priority(Priority::High).create();
    let assigned = service.work(task.id).given_to(me.id).create();
    let begun = service.brought(&service.work(task.id).create(), Status::InProgress, &me);
    let rework = service.brought(&service.work(task.id).create(), Status::Rework, &me);
    let hand_in = |id| service.submit_sub_task(&by(&me), id, &delivered("x"), None).unwrap();
    for (action, one) in [
        (NextAction::Rework, &rework),
        (NextAction::Continue, &begun),
        (NextAction::Start, &assigned),
        (NextAction::Claim, &new),
    ] {
        let mine = next(&service, &me);
        assert_eq!(gist(&mine), (action, Some(one.id)));
        assert_eq!(service.found(one.id).status, Status::InProgress);
        let again = next(&service, &me);
        assert_eq!(gist(&again), (NextAction::Continue, gist(&again).1), "what is begun goes on");
        // Of two in progress the more urgent, then the older one goes on; here both are handed in.
        hand_in(one.id);
    }
    assert_eq!(reason(&next(&service, &me)), "no sub-task is pending");
}

fn to_go_on_is_a_sign_of_life_and_binds_the_session(db: &TestDb) {
    let service = TestService::open(db);
    let me = service.agent(Role::Executor);
    let work = service.work(service.task().id).create();
    let ask = |session: &str| NextAsk { session: Some(session.to_owned()), ..NextAsk::default() };
    service.next_work(&by(&me), &ask("s1")).unwrap();
    let first = service.found(work.id);
    service.clock.advance(MINUTE);
    service.next_work(&by(&me), &ask("s1")).unwrap();
    let second = service.found(work.id);
    assert!(second.lease_expires_at > first.lease_expires_at);
    assert_eq!(second.session_id.as_deref(), Some("s1"));
    service.next_work(&by(&me), &ask("s2")).unwrap();
    assert_eq!(service.found(work.id).session_id.as_deref(), Some("s2"));
    let long = NextAsk { session: Some("x".repeat(201)), ..NextAsk::default() };
    assert_eq!(fields(service.next_work(&by(&me), &long))[0].field, "session_id");
}

fn a_look_writes_nothing(db: &TestDb) {
    let service = TestService::open(db);
    let (me, reviewer) = (service.agent(Role::Executor), service.agent(Role::Reviewer));
    let task = service.task();
    let work = service.work(task.id).create();
    let before = service.events(Filter::default()).len();
    let look = |agent: &Agent| service.next_work(&by(agent), &only_look()).unwrap();
    assert_eq!(gist(&look(&me)), (NextAction::Claim, None));
    assert_eq!(service.has_work(me.actor()).unwrap().action, Some(NextAction::Claim));
    service.claim_sub_task(&by(&me), work.id, None).unwrap();
    assert_eq!(gist(&look(&me)), (NextAction::Start, Some(work.id)));
    let version = service.found(work.id).version;
    assert_eq!(service.has_work(me.actor()).unwrap().action, Some(NextAction::Start));
    assert_eq!(service.found(work.id).version, version);
    let after = service.events(Filter::default()).len();
    assert_eq!(after, before + 1, "only the claim was written");
    // What one only looked at, another may be given.
    let work = service.brought(&work, Status::Review, &me);
    let other = service.agent(Role::Reviewer);
    assert_eq!(gist(&look(&reviewer)), (NextAction::Review, Some(work.id)));
    assert_eq!(gist(&next(&service, &other)), (NextAction::Review, Some(work.id)));
}

fn no_more_are_called_than_there_is_work_for(db: &TestDb) {
    let service = TestService::open(db);
    let agents = service.agents(Role::Executor, 3);
    let task = service.task();
    let _ = service.work(task.id).create();
    let is_called = |n: usize| service.has_work(agents[n].actor()).unwrap().action.is_some();
    assert_eq!((is_called(0), is_called(1), is_called(0)), (true, false, true));
    let _ = service.work(task.id).create();
    assert_eq!((is_called(1), is_called(2)), (true, false));
    // Whoever came makes room, and so does who does not come.
    let _ = next(&service, &agents[0]);
    assert!(!is_called(2), "the other one is still to come for what is left");
    service.clock.advance(Duration::from_mins(2));
    assert!(is_called(2));
    // It is a call and no lock.
    assert_eq!(next(&service, &agents[1]).action, NextAction::Claim);
}

fn what_is_not_to_be_begun_is_only_taken(db: &TestDb) {
    let service = TestService::open(db);
    let me = service.agent(Role::Executor);
    let work = service.work(service.task().id).create();
    let ask = NextAsk { start: false, ..NextAsk::default() };
    let taken = service.next_work(&by(&me), &ask).unwrap();
    assert_eq!(gist(&taken), (NextAction::Claim, Some(work.id)));
    assert_eq!(service.found(work.id).status, Status::Assigned);
    assert_eq!(taken.report[0].purpose, "begin");
    assert_eq!(gist(&service.next_work(&by(&me), &ask).unwrap()).0, NextAction::Start);
    assert_eq!(service.found(work.id).status, Status::Assigned);
}

fn whoever_has_nothing_to_do_hears_why(db: &TestDb) {
    let service = TestService::open_with(db, |settings| settings.policy.max_open_per_agent = 1);
    let me = service.agent(Role::Executor);
    let (planner, reviewer) = (service.agent(Role::Planner), service.agent(Role::Reviewer));
    assert_eq!(reason(&next(&service, &me)), "no sub-task is pending");
    assert_eq!(reason(&next(&service, &reviewer)), "nothing is in review");
    assert_eq!(reason(&next(&service, &planner)), "nothing to plan, unblock or deliver");
    assert_eq!(reason(&next(&service, &service.agent(Role::Patrol))), "no patrol record is open");

    let task = service.task();
    let first = service.work(task.id).create();
    let other = service.agent(Role::Executor);
    let _ = service.brought(&first, Status::InProgress, &other);
    for _ in 0..3 {
        let _ = service.work(task.id).after(&[&first]).create();
    }
    let waiting = "no ready sub-task; 3 wait for prerequisites or their task";
    assert_eq!(reason(&next(&service, &me)), waiting);
    let assigned = service.work(task.id).after(&[&first]).given_to(me.id).create();
    let limit = "your limit of 1 open sub-tasks is reached";
    assert_eq!(reason(&next(&service, &me)), limit);
    service.release_sub_task(&service.admin(), assigned.id).unwrap();

    let special = service.work(task.id).create();
    needing(&service, &special, &["wordpress"]);
    let lacking = "1 ready, but each needs capabilities that you do not have";
    assert_eq!(reason(&next(&service, &me)), lacking);
    let page = serde_json::to_string(&next(&service, &me)).unwrap();
    assert!(page.len() < 200, "{} bytes: {page}", page.len());
    let idle = service.has_work(me.actor()).unwrap();
    assert_eq!((idle.action, idle.next_check_seconds), (None, 60));
    let nobody = service.next_work(&service.admin(), &NextAsk::default());
    assert!(matches!(nobody, Err(ServiceError::Forbidden(_))), "{nobody:?}");
}

fn two_reviewers_are_given_different_submissions(db: &TestDb) {
    let service = TestService::open(db);
    let owner = service.agent(Role::Executor);
    let reviewers = service.agents(Role::Reviewer, 3);
    let task = service.task();
    let submitted: Vec<_> = (0..2)
        .map(|_| {
            service.clock.advance(MINUTE);
            service.brought(&service.work(task.id).create(), Status::Review, &owner).id
        })
        .collect();
    let ask = |n: usize| gist(&next(&service, &reviewers[n]));
    // Of two submissions two are told, however many timers ring at once; a third may come unasked for.
    let told = |n: usize| service.has_work(reviewers[n].actor()).unwrap().action;
    assert_eq!(
        [told(0), told(1), told(2)],
        [Some(NextAction::Review), Some(NextAction::Review), None]
    );
    assert_eq!(told(0), Some(NextAction::Review), "who was told is told again");
    assert_eq!(ask(0), (NextAction::Review, Some(submitted[0])));
    assert_eq!(ask(1), (NextAction::Review, Some(submitted[1])));
    assert_eq!(ask(0), (NextAction::Review, Some(submitted[0])), "the same again");
    let idle = next(&service, &reviewers[2]);
    assert_eq!(reason(&idle), "2 in review; other reviewers are at them");
    assert_eq!(service.has_work(reviewers[2].actor()).unwrap().action, None);
    // It is a courtesy and no lock: whoever decides first decides.
    let verdict = TestService::verdict(ReviewResult::Rejected, 2);
    service.review_sub_task(&by(&reviewers[2]), submitted[0], &verdict).unwrap();
    assert_eq!(ask(0), (NextAction::Idle, None));
    // A reviewer that does not come back keeps nothing from the others.
    service.clock.advance(Duration::from_mins(30));
    assert_eq!(ask(2), (NextAction::Review, Some(submitted[1])));
    // Handed in again it is another submission, for whoever asks first.
    let mended = gist(&next(&service, &owner));
    assert_eq!(mended, (NextAction::Rework, Some(submitted[0])));
    service.submit_sub_task(&by(&owner), submitted[0], &delivered("better"), None).unwrap();
    assert_eq!(ask(0), (NextAction::Review, Some(submitted[0])));
}

fn who_approved_leaves_the_next_approval_to_others(db: &TestDb) {
    let service = TestService::open_with(db, |settings| settings.policy.approvals = 2);
    let owner = service.agent(Role::Executor);
    let reviewers = service.agents(Role::Reviewer, 2);
    let task = service.task();
    let work = service.brought(&service.work(task.id).create(), Status::Review, &owner);
    let ask = |n: usize| gist(&next(&service, &reviewers[n]));
    let approve = |n: usize| {
        let verdict = TestService::verdict(ReviewResult::Approved, 5);
        service.review_sub_task(&by(&reviewers[n]), work.id, &verdict).unwrap();
    };
    assert_eq!(ask(0), (NextAction::Review, Some(work.id)));
    approve(0);
    assert_eq!(service.found(work.id).status, Status::Review);
    assert_eq!(ask(0), (NextAction::Idle, None));
    assert_eq!(ask(1), (NextAction::Review, Some(work.id)), "at once");
    approve(1);
    assert_eq!(service.found(work.id).status, Status::Done);
}

fn a_planner_plans_delivers_and_unblocks(db: &TestDb) {
    let service = TestService::open(db);
    let (planner, second) = (service.agent(Role::Planner), service.agent(Role::Planner));
    let owner = service.agent(Role::Executor);
    let goal = service.create_task(&service.admin(), "Goal", "Why", WorkKind::Once).unwrap();
    let done = service.task();
    let _ = service.brought(&service.work(done.id).create(), Status::Done, &owner);
    let busy = service.task();
    let blocked = service.brought(&service.work(busy.id).create(), Status::Blocked, &owner);

    let plan = next(&service, &planner);
    assert_eq!((plan.action, plan.task.as_ref().unwrap().id), (NextAction::Plan, goal.id));
    assert_eq!(plan.task.as_ref().unwrap().description, "Why");
    // Another planner does not make a second plan of the same goal.
    let deliver = next(&service, &second);
    assert_eq!((deliver.action, deliver.task.as_ref().unwrap().id), (NextAction::Deliver, done.id));
    assert_eq!(deliver.deliverables.len(), 1);
    let _ = service.work(goal.id).create();
    service.move_task(&by(&second), done.id, TaskStatus::Completed).unwrap();

    let unblock = next(&service, &planner);
    assert_eq!(gist(&unblock), (NextAction::Unblock, Some(blocked.id)));
    let cause = unblock.sub_task.as_ref().unwrap().blocked_cause.clone().unwrap();
    assert_eq!(cause.detail, "Which currency?");
    // Nobody is called again for what was left as it is; who asks by itself is shown it.
    assert_eq!(service.has_work(planner.actor()).unwrap().action, None);
    assert_eq!(gist(&next(&service, &planner)), (NextAction::Unblock, Some(blocked.id)));
    assert_eq!(reason(&next(&service, &second)), "1 blocked; another planner is at them");
    service.add_note(&service.admin(), blocked.id, "Euro.").unwrap();
    assert_eq!(service.has_work(planner.actor()).unwrap().action, Some(NextAction::Unblock));
    let answered = next(&service, &planner);
    assert_eq!(answered.notes[0].text, "Euro.");
    service.requeue_sub_task(&by(&planner), blocked.id).unwrap();
    let idle = next(&service, &planner);
    assert_eq!(reason(&idle), "nothing to plan, unblock or deliver");
}

fn a_patrol_is_called_once_for_each_record(db: &TestDb) {
    let service = TestService::open(db);
    let patrol = service.agent(Role::Patrol);
    let finding = |key: &str| Finding {
        kind: "silent_owner".to_owned(),
        severity: Severity::Warning,
        task_id: None,
        sub_task_id: None,
        agent_id: None,
        description: "Nothing heard.".to_owned(),
        action_taken: String::new(),
        dedup_key: Some(key.to_owned()),
    };
    let has_work = || service.has_work(patrol.actor()).unwrap().action;
    assert_eq!(has_work(), None);
    let first = service.open_patrol_record(&service.admin(), &finding("a")).unwrap().record;
    assert_eq!(has_work(), Some(NextAction::Patrol));
    let seen = next(&service, &patrol);
    assert_eq!((seen.action, seen.patrol_records[0].id), (NextAction::Patrol, first.id));
    assert_eq!(has_work(), None, "it has seen it");
    assert_eq!(next(&service, &patrol).patrol_records.len(), 1);
    service.clock.advance(MINUTE);
    service.open_patrol_record(&service.admin(), &finding("b")).unwrap();
    assert_eq!(has_work(), Some(NextAction::Patrol));
    assert_eq!(next(&service, &patrol).patrol_records.len(), 2);
}

fn a_planner_is_offered_what_came_late(db: &TestDb) {
    let service = TestService::open(db);
    let (me, former) = (service.agent(Role::Executor), service.agent(Role::Executor));
    let planner = service.agent(Role::Planner);
    let id = service.work(service.task().id).create().id;
    service.claim_sub_task(&by(&former), id, None).unwrap();
    service.reassign_sub_task(&service.admin(), id, me.id).unwrap();
    drop(service.submit_sub_task(&by(&former), id, &delivered("too late"), None));
    let obstacle = Obstacle {
        kind: BlockedKind::NeedsInput,
        detail: "Which currency?".to_owned(),
        waits_for: None,
    };
    service.block_sub_task(&by(&me), id, &obstacle).unwrap();

    let unblock = next(&service, &planner);
    assert_eq!(gist(&unblock), (NextAction::Unblock, Some(id)));
    let late = unblock.submissions[0].submission_id.unwrap();
    let offer = &unblock.report[0];
    assert_eq!(offer.path, format!("/api/sub-tasks/{id}/adopt"));
    assert_eq!(offer.body["submission_id"], late.to_string());
    assert!(unblock.to_markdown().contains(&format!("task-cli.py st adopt {id} {late}")));
    let adopted = service.adopt_submission(&by(&planner), id, late).unwrap();
    assert_eq!((adopted.status, adopted.owner), (Status::Review, Some(former.id)));
}

fn the_answer_holds_all_that_the_work_needs(db: &TestDb) {
    let service = TestService::open(db);
    let (me, former) = (service.agent(Role::Executor), service.agent(Role::Executor));
    let reviewer = service.agent(Role::Reviewer);
    let task = service.task();
    let needed = service.work(task.id).create();
    service.claim_sub_task(&by(&former), needed.id, None).unwrap();
    service.start_sub_task(&by(&former), needed.id, None, None).unwrap();
    service.submit_sub_task(&by(&former), needed.id, &delivered("schema"), None).unwrap();
    service.complete_sub_task(&service.admin(), needed.id).unwrap();
    let work = service.work(task.id).after(&[&service.found(needed.id)]).create();
    // A former owner lost it, and handed in too late.
    service.claim_sub_task(&by(&former), work.id, None).unwrap();
    service.reassign_sub_task(&service.admin(), work.id, me.id).unwrap();
    drop(service.submit_sub_task(&by(&former), work.id, &delivered("too late"), None));
    service.add_note(&service.admin(), work.id, "Mind the units.").unwrap();

    let first = next(&service, &me);
    assert_eq!(gist(&first), (NextAction::Start, Some(work.id)));
    let brief = first.sub_task.as_ref().unwrap();
    assert_eq!((brief.acceptance.as_str(), brief.attempt), ("No open question.", 2));
    assert_eq!(first.task.as_ref().unwrap().id, task.id);
    assert_eq!(first.prerequisites[0].summary, "schema");
    assert_eq!(first.prerequisites[0].artifacts[0].value, "/w/schema.md");
    assert_eq!(first.notes[0].text, "Mind the units.");
    assert!(first.submissions[0].late && first.submissions[0].summary == "too late");
    assert!(first.report.iter().any(|one| one.path.ends_with("/submit")));

    service.submit_sub_task(&by(&me), work.id, &delivered("mine"), None).unwrap();
    service.clock.advance(MINUTE);
    let verdict = TestService::verdict(ReviewResult::Rejected, 2);
    service.review_sub_task(&by(&reviewer), work.id, &verdict).unwrap();
    let back = next(&service, &me);
    assert_eq!(gist(&back), (NextAction::Rework, Some(work.id)));
    assert_eq!(back.reviews[0].issues, "The table is missing.");
    let score = back.score.as_ref().unwrap();
    assert_eq!((score.total, score.changes[0].delta, score.changes.len()), (-5, -5, 1));

    let page = back.to_markdown();
    for part in ["# rework: ", "The table is missing.", "Mind the units.", "too late", "schema"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(page.contains(&format!("task-cli.py st submit {} --attempt 2", work.id)), "{page}");
}

fn what_others_delivered_is_bounded(db: &TestDb) {
    let service = TestService::open(db);
    let (me, former) = (service.agent(Role::Executor), service.agent(Role::Executor));
    let task = service.task();
    let long = "ü".repeat(30_000);
    let artifact = |kind| Artifact { kind, value: long.clone(), title: String::new() };
    let text =
        Deliverable { summary: long.clone(), artifacts: vec![artifact(ArtifactKind::Text); 2] };
    let needed: Vec<SubTask> = (0..30)
        .map(|_| {
            let work = service.work(task.id).create();
            service.claim_sub_task(&by(&former), work.id, None).unwrap();
            service.start_sub_task(&by(&former), work.id, None, None).unwrap();
            service.submit_sub_task(&by(&former), work.id, &text, None).unwrap();
            service.complete_sub_task(&service.admin(), work.id).unwrap()
        })
        .collect();
    let refs: Vec<&SubTask> = needed.iter().collect();
    let _ = service.work(task.id).after(&refs).create();
    let answer = next(&service, &me);
    assert_eq!(answer.prerequisites.len(), 20);
    assert!(answer.prerequisites.iter().all(|one| one.cut));
    let page = serde_json::to_string(&answer).unwrap();
    assert!(page.len() < 60_000, "{} bytes", page.len());
}

fn known_rules_are_left_out(db: &TestDb) {
    let service = TestService::open(db);
    let me = service.agent(Role::Executor);
    let work = service.work(service.task().id).create();
    let first = next(&service, &me);
    assert!(first.rules.is_some());
    let ask = NextAsk { rules_etag: first.rules_etag.clone(), ..NextAsk::default() };
    let again = service.next_work(&by(&me), &ask).unwrap();
    assert_eq!((again.rules, &again.rules_etag), (None, &first.rules_etag));
    let rule = NewRule {
        scope: RuleScope::SubTask,
        task_id: None,
        sub_task_id: Some(work.id),
        content: "Cite every source.".to_owned(),
    };
    service.create_rule(&service.admin(), &rule).unwrap();
    let changed = service.next_work(&by(&me), &ask).unwrap();
    assert!(changed.rules.unwrap().contains("Cite every source."));
    assert_ne!(changed.rules_etag, first.rules_etag);
}

fn a_limit_and_capabilities_hold_for_every_way_to_take_work(db: &TestDb) {
    let service = TestService::open_with(db, |settings| settings.policy.max_open_per_agent = 2);
    let me = service.agent(Role::Executor);
    let task = service.task();
    let works: Vec<_> = (0..4).map(|_| service.work(task.id).create()).collect();
    needing(&service, &works[3], &["python", "css"]);
    let refused = domain(service.claim_sub_task(&by(&me), works[3].id, None));
    let DomainError::CapabilitiesMissing { missing } = refused else { panic!("{refused:?}") };
    assert_eq!(missing.to_string(), "css, python");
    able(&service, &me, &["css"]);
    let refused = domain(service.claim_sub_task(&by(&me), works[3].id, None));
    assert!(matches!(&refused, DomainError::CapabilitiesMissing { missing } if missing.len() == 1));
    let listed = service.list_claimable_sub_tasks(me.actor(), ALL).unwrap();
    assert_eq!((listed.items.len(), listed.total), (3, 3));
    let waiting = service.find_sub_task(me.actor(), works[3].id).unwrap().waiting_for.unwrap();
    assert_eq!(waiting.kind.as_str(), "no_executor");
    assert!(waiting.detail.contains("css, python"), "{}", waiting.detail);

    // Whoever assigns decides for itself.
    service.assign_sub_task(&service.admin(), works[3].id, me.id).unwrap();
    service.claim_sub_task(&by(&me), works[0].id, None).unwrap();
    let again = service.claim_sub_task(&by(&me), works[0].id, None);
    assert!(again.is_ok(), "one's own claim again is harmless: {again:?}");
    let full = DomainError::OpenWorkLimit { limit: 2 };
    assert_eq!(domain(service.claim_sub_task(&by(&me), works[1].id, None)), full);
    assert_eq!(domain(service.claim_next(&by(&me), None, None)), full);
    let free = service.agent(Role::Executor);
    assert!(matches!(service.claim_next(&by(&free), None, None), Ok(NextClaim::Claimed(_))));
    for _ in 0..2 {
        let mine = gist(&next(&service, &me)).1.unwrap();
        service.submit_sub_task(&by(&me), mine, &delivered("x"), None).unwrap();
    }
    assert_eq!(gist(&next(&service, &me)).0, NextAction::Claim);
}

fn a_repeat_with_its_key_gets_the_same_work(db: &TestDb) {
    let service = TestService::open(db);
    let me = service.agent(Role::Executor);
    let cx = Context { idempotency: Some(Idempotency::new("caller", "k", b"next")), ..by(&me) };
    let ask = NextAsk::default();
    // That there was nothing is not remembered: whoever waits asks again with the same key.
    assert_eq!(service.next_work(&cx, &ask).unwrap().action, NextAction::Idle);
    let task = service.task();
    let work = service.work(task.id).create();
    let _ = service.work(task.id).create();
    let first = service.next_work(&cx, &ask).unwrap();
    assert_eq!(gist(&first), (NextAction::Claim, Some(work.id)));
    let again = service.next_work(&cx, &ask).unwrap();
    assert_eq!(gist(&again), gist(&first));
    let claims = service.kinds(Filter::default());
    let claims = claims.iter().filter(|kind| **kind == EventKind::SubTaskClaimed).count();
    assert_eq!(claims, 1);
}

openmoss_testkit::on_each_backend! {
    two_calls_and_two_calls_are_a_whole_sub_task,
    own_work_comes_first_and_what_was_sent_back_before_all,
    to_go_on_is_a_sign_of_life_and_binds_the_session,
    a_look_writes_nothing,
    no_more_are_called_than_there_is_work_for,
    what_is_not_to_be_begun_is_only_taken,
    whoever_has_nothing_to_do_hears_why,
    two_reviewers_are_given_different_submissions,
    who_approved_leaves_the_next_approval_to_others,
    a_planner_plans_delivers_and_unblocks,
    a_planner_is_offered_what_came_late,
    a_patrol_is_called_once_for_each_record,
    the_answer_holds_all_that_the_work_needs,
    what_others_delivered_is_bounded,
    known_rules_are_left_out,
    a_limit_and_capabilities_hold_for_every_way_to_take_work,
    a_repeat_with_its_key_gets_the_same_work,
}
