//! What is stored comes back as it was.

use std::collections::HashMap;

use openmoss_domain::event::Payload;
use openmoss_domain::log::{LogAction, LogEntry};
use openmoss_domain::notification::{Delivery, NotificationKind};
use openmoss_domain::onboarding::{Arrangement, Onboarding, Runtime, WakeBy};
use openmoss_domain::outbox::{DeliveryStatus, Outcome, Sending};
use openmoss_domain::prompt::Language;
use openmoss_domain::recurrence::{CatchUp, Overlap, Recurrence};
use openmoss_domain::requirements::OwnRequirements;
use openmoss_domain::score::ScoreChange;
use openmoss_domain::series::{Rounds, Template};
use openmoss_domain::sub_task::{Draft, Priority, Status, WorkKind};
use openmoss_domain::usage::{Cost, OwnCap, Sums, Usage};
use openmoss_domain::{
    Achievement, Actor, ActorKind, Agent, AgentId, AgentStatus, Artifact, ArtifactKind, Command,
    Deed, Deliverable, DeliveryId, Event, EventId, EventKind, LogId, Module, ModuleId, Note,
    NoteId, PatrolRecord, PatrolRecordId, PatrolStatus, Persona, Review, ReviewId, ReviewResult,
    Role, Rule, RuleId, RuleScope, ScoreLogId, Series, SeriesId, SessionId, Severity, SubTask,
    SubTaskId, Submission, SubmissionId, Task, TaskId, TaskStatus, Timestamp, TrackRecord,
};
use openmoss_storage::idempotency::Remembered;
use openmoss_storage::partner::{Partner, Together};
use openmoss_storage::session::Session;
use openmoss_storage::usage::{BudgetOf, SumOf};
use openmoss_storage::{
    StorageError, Swap, Window, agent, delivery, event, idempotency, log, module, note, onboarding,
    partner, patrol, prerequisite, review, rule, score, series, session, setting, sub_task,
    submission, task, task_policy, track_record, usage,
};
use openmoss_testkit::{START, TestDb, draft};
use uuid::Uuid;

use crate::rows::{
    ALL, at, brought, new_sub_task, stepped, stored_agent, stored_sub_task, stored_task, write,
};

/// What trips careless code: quotes, a placeholder, a line break, other scripts, two-unit letters.
const TEXT: &str = "it's \"so\" $1 ? %_\\\n\t报告 🦀 \u{301}é";

fn long_text() -> String {
    "🦀".repeat(openmoss_domain::text::TEXT_BYTES_MAX / 4)
}

fn tasks(db: &TestDb) {
    let store = db.store();
    for (i, status) in TaskStatus::ALL.iter().enumerate() {
        let id = TaskId::from_uuid(Uuid::new_v4());
        let mut new = Task::create(id, TEXT.to_owned(), long_text(), WorkKind::Recurring, START);
        let row = new.clone();
        write(&store, move |writer| task::insert(writer, &row));
        assert_eq!(store.read(|reader| task::find(reader, id)).unwrap(), Some(new.clone()));

        let before = new.clone();
        new.status = *status;
        new.name = format!("{i}");
        new.version = new.version.next();
        new.updated_at = at(1);
        let next = new.clone();
        let swap = write(&store, move |writer| task::compare_and_set(writer, &before, &next));
        assert_eq!(swap, Swap::Swapped);
        assert_eq!(store.read(|reader| task::find(reader, id)).unwrap(), Some(new.clone()));
        let page = store.read(|reader| task::list(reader, Some(*status), ALL)).unwrap();
        assert_eq!((page.items, page.total), (vec![new], 1));
        let ids = store.read(|reader| task::ids_in_status(reader, *status)).unwrap();
        assert_eq!(ids, [id]);
    }
    let unknown = TaskId::from_uuid(Uuid::new_v4());
    assert_eq!(store.read(|reader| task::find(reader, unknown)).unwrap(), None);
}

fn modules(db: &TestDb) {
    let store = db.store();
    let task_id = stored_task(&store).id;
    let new = |seconds| Module {
        id: ModuleId::from_uuid(Uuid::new_v4()),
        task_id,
        name: TEXT.to_owned(),
        description: long_text(),
        created_at: at(seconds),
    };
    let (second, first) = (new(2), new(1));
    for row in [second.clone(), first.clone()] {
        write(&store, move |writer| module::insert(writer, &row));
    }
    let found = store.read(|reader| module::find(reader, first.id)).unwrap();
    assert_eq!(found, Some(first.clone()));
    let listed = store.read(|reader| module::list(reader, task_id)).unwrap();
    assert_eq!(listed, [first.clone(), second.clone()]);
    let edited = Module { name: "Other".to_owned(), description: TEXT.to_owned(), ..first };
    let row = edited.clone();
    write(&store, move |writer| module::set_texts(writer, &row));
    let listed = store.read(|reader| module::list(reader, task_id)).unwrap();
    assert_eq!(listed, [edited, second]);
}

fn agents(db: &TestDb) {
    let store = db.store();
    let new = stored_agent(&store, Role::Reviewer);
    let hash = new.id.to_string();
    assert_eq!(store.read(|reader| agent::find(reader, new.id)).unwrap(), Some(new.clone()));
    assert_eq!(store.read(|reader| agent::find_by_key(reader, &hash)).unwrap(), Some(new.clone()));
    let found = store.read(|reader| agent::find_by_name(reader, &new.name)).unwrap();
    assert_eq!(found, Some(new.clone()));

    let twin = new.clone();
    let twin = openmoss_domain::Agent { id: AgentId::from_uuid(Uuid::new_v4()), ..twin };
    let taken = store.write(move |writer| agent::insert(writer, &twin, "another hash"));
    let Err(StorageError::Unique(index)) = taken else { panic!("{taken:?}") };
    assert!(index.contains("name"), "{index}");

    let before = new.clone();
    let swap =
        write(&store, move |writer| agent::set_status(writer, &before, AgentStatus::Disabled));
    assert_eq!(swap, Swap::Swapped);
    let before = new.clone();
    let swap =
        write(&store, move |writer| agent::set_status(writer, &before, AgentStatus::Disabled));
    assert_eq!(swap, Swap::Lost, "it is disabled already");
    let id = new.id;
    write(&store, move |writer| agent::set_key(writer, id, "new hash"));
    assert_eq!(store.read(|reader| agent::find_by_key(reader, &hash)).unwrap(), None);
    let found = store.read(|reader| agent::find_by_key(reader, "new hash")).unwrap().unwrap();
    assert_eq!(found.status, AgentStatus::Disabled);
    let list = |role, status| store.read(|reader| agent::list(reader, role, status)).unwrap();
    assert_eq!(list(Some(Role::Reviewer), Some(AgentStatus::Disabled)), [found]);
    assert_eq!(list(Some(Role::Planner), None), []);

    let persona = Persona {
        avatar: Some("👩🏽‍🔬".to_owned()),
        signature: "it's \"so\" $1 ? %_\\ 报告 🦀".to_owned(),
        work_style: vec!["two words".to_owned(), "细心".to_owned(), "a, b".to_owned()],
    };
    for shown in [persona, Persona::default()] {
        let before = store.read(|reader| agent::find(reader, id)).unwrap().unwrap();
        let after = Agent { persona: shown, ..before.clone() };
        let (stale, next) = (before.clone(), after.clone());
        let swap = write(&store, move |writer| agent::compare_and_set(writer, &stale, &next));
        assert_eq!(swap, Swap::Swapped);
        assert_eq!(store.read(|reader| agent::find(reader, id)).unwrap(), Some(after.clone()));
        let swap = write(&store, move |writer| agent::compare_and_set(writer, &before, &after));
        assert_eq!(swap, Swap::Lost, "its persona is another one");
    }
}

fn track_records_are_what_the_domain_makes_of_the_deeds(db: &TestDb) {
    let store = db.store();
    let (agent, other) =
        (stored_agent(&store, Role::Executor), stored_agent(&store, Role::Executor));
    let find = |id| store.read(|reader| track_record::find(reader, id)).unwrap();
    let approved =
        |score, was_sent_back, is_new_goal| Deed::Approved { score, was_sent_back, is_new_goal };
    let mut expected = TrackRecord::default();
    for deed in [
        Deed::SentBack,
        approved(5, true, true),
        approved(4, false, false),
        Deed::Judged,
        Deed::TookTheLead,
        approved(5, false, true),
        Deed::SentBack,
        Deed::Delivered,
        Deed::Found,
        approved(1, false, false),
    ] {
        expected = expected.with(deed);
        let id = agent.id;
        assert_eq!(write(&store, move |writer| track_record::add(writer, id, deed)), expected);
        assert_eq!(find(agent.id), expected);
    }
    assert_eq!(find(other.id), TrackRecord::default());

    let (id, task) = (agent.id, stored_task(&store));
    let note_goal = || write(&store, move |writer| track_record::note_goal(writer, id, task.id));
    assert_eq!([note_goal(), note_goal()], [true, false]);
    for &kind in Achievement::ALL {
        let earn = |second| {
            write(&store, move |writer| track_record::note_earned(writer, id, kind, at(second)))
        };
        assert_eq!([earn(1), earn(2)], [true, false], "it is earned once");
    }
    let earned = |id| store.read(|reader| track_record::list_earned(reader, id)).unwrap();
    assert_eq!(earned(id).len(), Achievement::ALL.len());
    assert!(earned(id).iter().all(|(_, when)| *when == at(1)));
    assert_eq!(earned(other.id), []);
}

fn who_leads(db: &TestDb) {
    let store = db.store();
    let (agent, other) =
        (stored_agent(&store, Role::Executor), stored_agent(&store, Role::Executor));
    let leads = |id, points| store.read(|reader| score::leads(reader, id, points)).unwrap();
    let change = |agent_id, delta| {
        let change = ScoreChange {
            id: ScoreLogId::from_uuid(Uuid::new_v4()),
            agent_id,
            sub_task_id: None,
            reason: String::new(),
            delta,
            created_at: at(1),
        };
        write(&store, move |writer| score::append(writer, &change));
    };
    assert!(!leads(agent.id, 0), "nobody is ahead");
    change(agent.id, 10);
    assert!(leads(agent.id, 10) && !leads(agent.id, 11) && !leads(other.id, 0));
    change(other.id, 10);
    assert!(!leads(agent.id, 0) && !leads(other.id, 0), "both are at the top");
    change(other.id, 1);
    assert!(leads(other.id, 0));
}

fn partners(db: &TestDb) {
    let store = db.store();
    let [ann, bob, cid] =
        [Role::Executor, Role::Reviewer, Role::Planner].map(|role| stored_agent(&store, role));
    let list = |id, window| store.read(|reader| partner::list(reader, id, window)).unwrap();
    assert_eq!(list(ann.id, ALL).total, 0);
    let note = |one: AgentId, other: AgentId, what, second| {
        write(&store, move |writer| partner::note(writer, one, other, what, at(second)));
    };
    note(ann.id, bob.id, Together::Review, 1);
    note(bob.id, ann.id, Together::Review, 2);
    note(cid.id, ann.id, Together::HandOver, 3);
    note(ann.id, ann.id, Together::HandOver, 4);
    let with = |agent: &Agent, reviews, hand_overs, second| Partner {
        agent_id: agent.id,
        reviews,
        hand_overs,
        last_at: at(second),
    };
    let of_ann = list(ann.id, ALL);
    assert_eq!((of_ann.items, of_ann.total), (vec![with(&bob, 2, 0, 2), with(&cid, 0, 1, 3)], 2));
    assert_eq!(list(bob.id, ALL).items, [with(&ann, 2, 0, 2)]);
    let second = list(ann.id, Window { offset: 1, limit: 1 });
    assert_eq!((second.items, second.total), (vec![with(&cid, 0, 1, 3)], 2));

    let gone = ann.clone();
    write(&store, move |writer| track_record::add(writer, gone.id, Deed::Judged).map(drop));
    write(&store, move |writer| agent::delete(writer, &ann));
    assert_eq!((list(bob.id, ALL).total, list(cid.id, ALL).total), (0, 0));
}

fn sub_tasks_in_every_status(db: &TestDb) {
    let store = db.store();
    let task = stored_task(&store);
    let owner = stored_agent(&store, Role::Executor);
    let module = Module {
        id: ModuleId::from_uuid(Uuid::new_v4()),
        task_id: task.id,
        name: "Part".to_owned(),
        description: String::new(),
        created_at: START,
    };
    let row = module.clone();
    write(&store, move |writer| module::insert(writer, &row));
    for status in Status::ALL {
        let mut new = new_sub_task(&task, START);
        new.module_id = Some(module.id);
        new.name = TEXT.to_owned();
        new.description = long_text();
        new.priority = Priority::Low;
        let row = new.clone();
        write(&store, move |writer| sub_task::insert(writer, &row));
        let mut before = new.clone();
        let mut next = brought(&new, *status, &owner);
        if next.version == before.version {
            next = before.with_open_prerequisites(0, at(2));
        }
        // Each step is written by itself, as the owners that it brings are noted by itself.
        for version in before.version.get()..next.version.get() {
            let step = if version + 1 == next.version.get() {
                next.clone()
            } else {
                SubTask { version: before.version.next(), ..next.clone() }
            };
            let (from, to) = (before.clone(), step.clone());
            let swap = write(&store, move |writer| sub_task::compare_and_set(writer, &from, &to));
            assert_eq!(swap, Swap::Swapped, "{status}");
            before = step;
        }
        let found = store.read(|reader| sub_task::find(reader, next.id)).unwrap();
        assert_eq!(found, Some(next.clone()), "{status}");
        let many = store.read(|reader| sub_task::find_many(reader, &[next.id, next.id])).unwrap();
        assert_eq!(many, [next], "{status}");
    }
}

fn a_sub_task_with_every_field_set(db: &TestDb) {
    let store = db.store();
    let task = stored_task(&store);
    let owner = stored_agent(&store, Role::Executor);
    let new = stored_sub_task(&store, &task);
    let mut next = brought(&new, Status::InProgress, &owner);
    let heartbeat = Command::Heartbeat {
        progress: Some(TEXT.to_owned()),
        percent: Some(100),
        attempt: Some(1),
    };
    next = stepped(&next, &heartbeat, owner.actor());
    next.prerequisites = 7;
    next.open_prerequisites = 3;
    next.rework_count = 2;
    next.held = true;
    next.completed_at = Some(Timestamp::from_micros(i64::MAX));
    let (from, to) = (new, next.clone());
    let swap = write(&store, move |writer| sub_task::compare_and_set(writer, &from, &to));
    assert_eq!(swap, Swap::Swapped);
    assert_eq!(store.read(|reader| sub_task::find(reader, next.id)).unwrap(), Some(next.clone()));

    // What an edit changes is written too.
    let mut edited = next.clone();
    edited.name = "Other".to_owned();
    edited.acceptance = "Less.".to_owned();
    edited.priority = Priority::High;
    edited.version = next.version.next();
    let (from, to) = (next, edited.clone());
    let swap = write(&store, move |writer| sub_task::compare_and_set(writer, &from, &to));
    assert_eq!(swap, Swap::Swapped);
    assert_eq!(store.read(|reader| sub_task::find(reader, edited.id)).unwrap(), Some(edited));
}

fn prerequisites(db: &TestDb) {
    let store = db.store();
    let task = stored_task(&store);
    let made: Vec<SubTaskId> = (0..4).map(|_| stored_sub_task(&store, &task).id).collect();
    let (first, rest) = (made[0], made[1..].to_vec());
    let needed = rest.clone();
    write(&store, move |writer| prerequisite::insert(writer, first, &needed));
    let found = store.read(|reader| prerequisite::find_all(reader, &made)).unwrap();
    let mut needed = found[&first].clone();
    needed.sort();
    let mut expected = rest.clone();
    expected.sort();
    assert_eq!((found.len(), needed), (1, expected));
    assert_eq!(store.read(|reader| prerequisite::dependents(reader, rest[0])).unwrap(), [first]);
    write(&store, move |writer| prerequisite::delete_all(writer, first));
    let found = store.read(|reader| prerequisite::find_all(reader, &made)).unwrap();
    assert_eq!(found, HashMap::new());
}

fn submissions(db: &TestDb) {
    let store = db.store();
    let sub_task_id = stored_sub_task(&store, &stored_task(&store)).id;
    let artifact = |kind| Artifact { kind, value: TEXT.to_owned(), title: "t".to_owned() };
    let new = |seconds, is_late| Submission {
        id: SubmissionId::from_uuid(Uuid::new_v4()),
        sub_task_id,
        agent_id: AgentId::from_uuid(Uuid::new_v4()),
        attempt: 3,
        is_late,
        deliverable: Deliverable {
            summary: TEXT.to_owned(),
            artifacts: ArtifactKind::ALL.iter().copied().map(artifact).collect(),
        },
        created_at: at(seconds),
    };
    let (old, late) = (new(1, false), new(2, true));
    for row in [old.clone(), late.clone()] {
        write(&store, move |writer| submission::insert(writer, &row));
    }
    let latest = store.read(|reader| submission::find_latest(reader, sub_task_id)).unwrap();
    assert_eq!(latest, Some(late.clone()));
    let page = store.read(|reader| submission::list(reader, sub_task_id, ALL)).unwrap();
    assert_eq!((page.items, page.total), (vec![late, old], 2));
}

fn reviews(db: &TestDb) {
    let store = db.store();
    let sub_task_id = stored_sub_task(&store, &stored_task(&store)).id;
    let new = |round, result, agent: Option<AgentId>| Review {
        id: ReviewId::from_uuid(Uuid::new_v4()),
        sub_task_id,
        reviewer: agent,
        round,
        result,
        score: 5,
        issues: TEXT.to_owned(),
        comment: long_text(),
        rework_agent: agent,
        created_at: at(round.into()),
    };
    let somebody = Some(AgentId::from_uuid(Uuid::new_v4()));
    let first = new(1, ReviewResult::Rejected, None);
    let second = new(2, ReviewResult::Approved, somebody);
    for row in [first.clone(), second.clone()] {
        write(&store, move |writer| review::insert(writer, &row));
    }
    let found = store.read(|reader| review::find(reader, first.id)).unwrap();
    assert_eq!(found, Some(first.clone()));
    assert_eq!(store.read(|reader| review::count_of(reader, sub_task_id)).unwrap(), 2);
    for filter in [None, Some(sub_task_id)] {
        let page = store.read(|reader| review::list(reader, filter, ALL)).unwrap();
        assert_eq!((page.items, page.total), (vec![second.clone(), first.clone()], 2));
    }
    let twin = Review { id: ReviewId::from_uuid(Uuid::new_v4()), ..second };
    let refused = store.write(move |writer| review::insert(writer, &twin));
    assert!(matches!(refused, Err(StorageError::Unique(_))), "a round is reviewed once");
}

fn scores(db: &TestDb) {
    let store = db.store();
    let agent = stored_agent(&store, Role::Executor);
    let other = stored_agent(&store, Role::Executor);
    let mut changes = Vec::new();
    for (i, delta) in [5, -5, 1_000_000, -1].into_iter().enumerate() {
        let change = ScoreChange {
            id: ScoreLogId::from_uuid(Uuid::new_v4()),
            agent_id: agent.id,
            sub_task_id: (i == 0).then(|| SubTaskId::from_uuid(Uuid::new_v4())),
            reason: TEXT.to_owned(),
            delta,
            created_at: at(i as u64),
        };
        changes.insert(0, change.clone());
        write(&store, move |writer| score::append(writer, &change));
    }
    let page = store.read(|reader| score::list(reader, agent.id, ALL)).unwrap();
    assert_eq!((page.items, page.total), (changes, 4));
    assert_eq!(store.read(|reader| score::sum_of_log(reader, agent.id)).unwrap(), 999_999);
    let standing = store.read(|reader| score::standing(reader, other.id)).unwrap().unwrap();
    assert_eq!((standing.total, standing.rank, standing.agents), (0, 2, 2));
    let standing = store.read(|reader| score::standing(reader, agent.id)).unwrap().unwrap();
    assert_eq!((standing.total, standing.rank), (999_999, 1));
    assert_eq!((standing.rewards, standing.penalties), (2, 2));
    let ranked = store.read(agent::list_by_score).unwrap();
    let ranked: Vec<_> = ranked.iter().map(|agent| (agent.id, agent.total_score)).collect();
    assert_eq!(ranked, [(agent.id, 999_999), (other.id, 0)]);
}

fn log_entries(db: &TestDb) {
    let store = db.store();
    let agent_id = stored_agent(&store, Role::Executor).id;
    let sub_task_id = Some(SubTaskId::from_uuid(Uuid::new_v4()));
    let mut entries = Vec::new();
    for (i, action) in LogAction::ALL.iter().enumerate() {
        let entry = LogEntry {
            id: LogId::from_uuid(Uuid::new_v4()),
            agent_id,
            sub_task_id: sub_task_id.filter(|_| i % 2 == 0),
            action: *action,
            summary: TEXT.to_owned(),
            session_id: (i % 3 == 0).then(|| "s".to_owned()),
            created_at: at(i as u64),
        };
        entries.insert(0, entry.clone());
        write(&store, move |writer| log::append(writer, &entry));
    }
    let all = log::Filter { sub_task_id: None, agent_id: None, action: None, since: START };
    let list = |filter| store.read(|reader| log::list(reader, filter, 100)).unwrap();
    assert_eq!(list(all), entries);
    assert_eq!(list(log::Filter { since: at(6), ..all }), entries[..1]);
    assert_eq!(list(log::Filter { agent_id: Some(agent_id), ..all }), entries);
    let about = list(log::Filter { sub_task_id, ..all });
    assert_eq!(about.len(), 4);
    let of_kind = list(log::Filter { action: Some(LogAction::Plan), sub_task_id, ..all });
    assert_eq!(of_kind.len(), 1);
}

fn rules(db: &TestDb) {
    let store = db.store();
    let task_id = Some(TaskId::from_uuid(Uuid::new_v4()));
    let sub_task_id = Some(SubTaskId::from_uuid(Uuid::new_v4()));
    let new = |scope, seconds| Rule {
        id: RuleId::from_uuid(Uuid::new_v4()),
        scope,
        task_id: task_id.filter(|_| scope == RuleScope::Task),
        sub_task_id: sub_task_id.filter(|_| scope == RuleScope::SubTask),
        content: TEXT.to_owned(),
        created_at: at(seconds),
        updated_at: at(seconds),
    };
    let rules: Vec<Rule> =
        RuleScope::ALL.iter().zip(0..).map(|(scope, seconds)| new(*scope, seconds)).collect();
    for row in rules.clone() {
        write(&store, move |writer| rule::insert(writer, &row));
    }
    let another = new(RuleScope::Global, 9);
    let refused = store.write(move |writer| rule::insert(writer, &another));
    assert!(matches!(refused, Err(StorageError::Unique(_))), "there is one global rule");
    let list = |scope, task| store.read(|reader| rule::list(reader, scope, task)).unwrap();
    assert_eq!(list(None, None), rules);
    assert_eq!(list(Some(RuleScope::SubTask), None), rules[2..]);
    assert_eq!(list(None, task_id), rules[1..2]);
    let apply = |task, sub_task| {
        let mut found = store.read(|reader| rule::list_applicable(reader, task, sub_task)).unwrap();
        found.sort_by_key(|rule| rule.created_at);
        found
    };
    assert_eq!(apply(None, None), rules[..1]);
    assert_eq!(apply(task_id, None), rules[..2]);
    assert_eq!(apply(task_id, sub_task_id), rules);
    assert_eq!(apply(None, sub_task_id), [rules[0].clone(), rules[2].clone()]);
    let id = rules[1].id;
    write(&store, move |writer| rule::set_content(writer, id, "new", at(5)));
    let found = store.read(|reader| rule::find(reader, id)).unwrap().unwrap();
    assert_eq!((found.content.as_str(), found.updated_at), ("new", at(5)));
    write(&store, move |writer| rule::delete(writer, id));
    assert_eq!(store.read(|reader| rule::find(reader, id)).unwrap(), None);
}

fn events_of_every_kind(db: &TestDb) {
    let store = db.store();
    let actor = Actor::Agent { id: AgentId::from_uuid(Uuid::new_v4()), role: Role::Executor };
    let task_id = TaskId::from_uuid(Uuid::new_v4());
    let sub_task_id = SubTaskId::from_uuid(Uuid::new_v4());
    for (i, kind) in EventKind::ALL.iter().enumerate() {
        let id = EventId::from_uuid(Uuid::new_v4());
        let event = Event {
            kind: *kind,
            at: at(i as u64),
            actor: if i % 2 == 0 { actor } else { Actor::System },
            task_id: Some(task_id),
            sub_task_id: (i % 2 == 0).then_some(sub_task_id),
            agent_id: actor.agent_id(),
            payload: Payload::default().with("text", TEXT).with("n", 7).with("none", None::<i64>),
        };
        let row = event.clone();
        write(&store, move |writer| event::append(writer, id, &row));
        let after = i64::try_from(i).unwrap();
        let all = event::Filter::default();
        let found = store.read(|reader| event::list_after(reader, all, after, 10)).unwrap();
        let [found] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((found.seq, found.id, found.kind, found.at), (after + 1, id, *kind, event.at));
        assert_eq!(found.actor_kind, event.actor.kind());
        assert_eq!(found.actor_id, event.actor.agent_id());
        assert_eq!(found.task_id, event.task_id);
        assert_eq!(found.sub_task_id, event.sub_task_id);
        assert_eq!(found.agent_id, event.agent_id);
        assert_eq!(found.payload, event.payload);
    }
    let list = |filter, after| {
        store.read(|reader| event::list_after(reader, filter, after, 100)).unwrap().len()
    };
    let all = EventKind::ALL.len();
    let of_task = event::Filter { task_id: Some(task_id), ..event::Filter::default() };
    assert_eq!(list(of_task, 0), all);
    let about = event::Filter { sub_task_id: Some(sub_task_id), ..of_task };
    assert_eq!(list(about, 0), all.div_ceil(2));
    assert_eq!(list(about, 2), all.div_ceil(2) - 1);
}

fn onboardings(db: &TestDb) {
    let store = db.store();
    let agent = stored_agent(&store, Role::Executor);
    for (i, runtime) in Runtime::ALL.iter().enumerate() {
        let seconds = u64::try_from(i).unwrap();
        let new = Onboarding {
            agent_id: agent.id,
            token_hash: format!("hash {i}"),
            arrangement: Arrangement {
                runtime: *runtime,
                wake_by: WakeBy::ALL[i % WakeBy::ALL.len()],
                every_minutes: 10,
                language: Language::ALL[i % Language::ALL.len()],
            },
            created_at: at(seconds),
            used_at: None,
        };
        let row = new.clone();
        write(&store, move |writer| onboarding::replace(writer, &row));
        let find = || store.read(|reader| onboarding::find(reader, agent.id)).unwrap();
        assert_eq!(find(), Some(new.clone()), "a new one takes the place of the one before");
        let hash = new.token_hash.clone();
        let swap = write(&store, move |writer| onboarding::use_up(writer, &hash, at(9)));
        assert_eq!(swap, Swap::Swapped);
        assert_eq!(find(), Some(Onboarding { used_at: Some(at(9)), ..new.clone() }));
        let hash = new.token_hash.clone();
        let swap = write(&store, move |writer| onboarding::use_up(writer, &hash, at(10)));
        assert_eq!(swap, Swap::Lost, "it can be used once");
    }
    let by_token =
        |hash: &str| store.read(|reader| onboarding::find_by_token(reader, hash)).unwrap();
    assert!(by_token("hash 0").is_none() && by_token("hash 3").is_some());
    write(&store, move |writer| onboarding::delete(writer, agent.id));
    assert!(by_token("hash 3").is_none());
}

fn new_session(name: &str, created: u64, ends: u64) -> Session {
    Session {
        id: SessionId::from_uuid(Uuid::new_v4()),
        token_hash: format!("hash {name}"),
        created_at: at(created),
        expires_at: at(ends),
        last_used_at: at(created),
        address: Some("2001:db8::1".to_owned()),
    }
}

fn sessions(db: &TestDb) {
    let store = db.store();
    let (a, b) = (new_session("a", 0, 10), Session { address: None, ..new_session("b", 0, 20) });
    for row in [a.clone(), b.clone()] {
        write(&store, move |writer| session::insert(writer, &row));
    }
    let find = |hash| store.read(|reader| session::find(reader, hash)).unwrap();
    assert_eq!((find("hash a"), find("hash c")), (Some(a.clone()), None));
    let live = |now| store.read(|reader| session::list(reader, now, ALL)).unwrap();
    assert_eq!((live(at(5)).items, live(at(5)).total), (vec![b.clone(), a.clone()], 2));
    assert_eq!(live(at(10)).items, [b], "the moment of its end is over it");

    write(&store, |writer| session::touch(writer, "hash a", at(4), at(30)));
    let used = Session { last_used_at: at(4), expires_at: at(30), ..a };
    assert_eq!(find("hash a"), Some(used.clone()));
    assert_eq!(write(&store, |writer| session::delete_expired(writer, at(25))), 1);
    assert_eq!((find("hash a"), find("hash b")), (Some(used.clone()), None));

    let id = used.id;
    assert!(write(&store, move |writer| session::delete_by_id(writer, id)));
    assert!(!write(&store, move |writer| session::delete_by_id(writer, id)));
    for name in ["c", "d", "e"] {
        let row = new_session(name, 0, 10);
        write(&store, move |writer| session::insert(writer, &row));
    }
    write(&store, |writer| session::delete(writer, "hash e"));
    assert_eq!(write(&store, |writer| session::delete_others(writer, Some("hash d"))), 1);
    assert!(find("hash d").is_some() && find("hash c").is_none());
    assert_eq!(write(&store, |writer| session::delete_others(writer, None)), 1);
}

fn of_too_many_sessions_those_that_end_next_end_now(db: &TestDb) {
    let store = db.store();
    for n in 0..session::SESSIONS_MAX + 2 {
        let n = u64::try_from(n).unwrap();
        let row = new_session(&n.to_string(), 0, 1_000 - n);
        write(&store, move |writer| session::insert(writer, &row));
    }
    let left = store.read(|reader| session::list(reader, at(0), ALL)).unwrap();
    assert_eq!(left.total, session::SESSIONS_MAX);
    assert_eq!(left.items[0].token_hash, "hash 0", "the one that lasts longest");
}

fn notes(db: &TestDb) {
    let store = db.store();
    let task = stored_task(&store);
    let (about, other) = (stored_sub_task(&store, &task), stored_sub_task(&store, &task));
    let new = |seconds, author: Option<AgentId>| Note {
        id: NoteId::from_uuid(Uuid::new_v4()),
        sub_task_id: about.id,
        author_kind: if author.is_some() { ActorKind::Reviewer } else { ActorKind::Admin },
        author_id: author,
        text: TEXT.to_owned(),
        created_at: at(seconds),
    };
    let somebody = Some(AgentId::from_uuid(Uuid::new_v4()));
    let made = [new(1, None), new(2, somebody), new(3, None)];
    for row in made.clone() {
        write(&store, move |writer| note::insert(writer, &row));
    }
    let list = |window| store.read(|reader| note::list(reader, about.id, window)).unwrap();
    assert_eq!(list(ALL), made);
    assert_eq!(list(Window { offset: 1, limit: 1 }), made[1..2]);
    let newest = store.read(|reader| note::list_newest(reader, about.id, 2)).unwrap();
    assert_eq!(newest, made[1..]);
    // It is counted beside the version: whoever read the sub-task before can still write it.
    let found = store.read(|reader| sub_task::find(reader, about.id)).unwrap().unwrap();
    assert_eq!(found, SubTask { notes: 3, ..about.clone() });
    let next = about.with_open_prerequisites(0, at(9));
    let before = about.clone();
    let swap = write(&store, move |writer| sub_task::compare_and_set(writer, &before, &next));
    assert_eq!(swap, Swap::Swapped);
    let found = store.read(|reader| sub_task::find(reader, about.id)).unwrap().unwrap();
    assert_eq!(found.notes, 3);
    let found = store.read(|reader| sub_task::find(reader, other.id)).unwrap().unwrap();
    assert_eq!(found.notes, 0);
}

fn new_record(seconds: u64, severity: Severity, key: Option<&str>) -> PatrolRecord {
    PatrolRecord {
        id: PatrolRecordId::from_uuid(Uuid::new_v4()),
        kind: "silent_owner".to_owned(),
        severity,
        task_id: Some(TaskId::from_uuid(Uuid::new_v4())),
        sub_task_id: Some(SubTaskId::from_uuid(Uuid::new_v4())),
        agent_id: None,
        description: TEXT.to_owned(),
        action_taken: long_text(),
        status: PatrolStatus::Open,
        dedup_key: key.map(str::to_owned),
        opened_by_kind: ActorKind::Patrol,
        opened_by: Some(AgentId::from_uuid(Uuid::new_v4())),
        created_at: at(seconds),
        resolved_at: None,
    }
}

fn patrol_records(db: &TestDb) {
    let store = db.store();
    let insert = |row: &PatrolRecord| {
        let row = row.clone();
        write(&store, move |writer| patrol::insert(writer, &row))
    };
    let find = |id| store.read(|reader| patrol::find(reader, id)).unwrap();
    let by_key = |key| store.read(|reader| patrol::find_by_key(reader, key)).unwrap();
    let swap = |before: &PatrolRecord, next: &PatrolRecord| {
        let (before, next) = (before.clone(), next.clone());
        write(&store, move |writer| patrol::compare_and_set(writer, &before, &next))
    };
    let first = new_record(1, Severity::Critical, Some("silent"));
    let twin = new_record(2, Severity::Critical, Some("silent"));
    let plain = new_record(3, Severity::Warning, None);
    assert!(insert(&first) && !insert(&twin) && insert(&plain), "one for each condition");
    assert!(insert(&new_record(4, Severity::Warning, None)), "without a key each is its own");
    assert_eq!((find(first.id), find(twin.id)), (Some(first.clone()), None));
    assert_eq!((by_key("silent"), by_key("loud")), (Some(first.clone()), None));

    // What is ignored is still there; only the end of the condition makes room.
    let ignored = PatrolRecord { status: PatrolStatus::Ignored, ..first.clone() };
    assert_eq!(swap(&first, &ignored), Swap::Swapped);
    assert_eq!(swap(&first, &ignored), Swap::Lost);
    assert!(!insert(&twin));
    let resolved = PatrolRecord {
        status: PatrolStatus::Resolved,
        resolved_at: Some(at(9)),
        action_taken: "Asked.".to_owned(),
        ..ignored.clone()
    };
    assert_eq!(swap(&ignored, &resolved), Swap::Swapped);
    assert_eq!(find(first.id), Some(resolved.clone()));
    assert_eq!(by_key("silent"), None);
    assert!(insert(&twin));
    let again = store.write(move |writer| patrol::compare_and_set(writer, &resolved, &first));
    assert!(matches!(again, Err(StorageError::Unique(_))), "{again:?}");
    assert_eq!(openmoss_testkit::differences(db), [""; 0]);
}

fn new_delivery(event: &Event) -> Delivery {
    let (id, event_id) = (Uuid::new_v4(), EventId::from_uuid(Uuid::new_v4()));
    let told = (NotificationKind::SubTaskBlocked, event_id, event);
    Delivery::new(DeliveryId::from_uuid(id), TEXT.to_owned(), told)
}

fn deliveries(db: &TestDb) {
    let store = db.store();
    let event = Event::new(EventKind::SubTaskBlocked, Actor::System, at(5))
        .sub_task(TaskId::from_uuid(Uuid::new_v4()), SubTaskId::from_uuid(Uuid::new_v4()))
        .agent(AgentId::from_uuid(Uuid::new_v4()))
        .with("detail", TEXT);
    let made: Vec<Delivery> = (0..3).map(|_| new_delivery(&event)).collect();
    let new = made.clone();
    write(&store, move |writer| delivery::insert_all(writer, &new));
    let find = |id| store.read(|reader| delivery::find(reader, id)).unwrap();
    let due = |second| store.read(|reader| delivery::list_due(reader, at(second), 2)).unwrap();
    let swap = |before: &Delivery, next: &Sending| {
        let (before, next) = (before.clone(), next.clone());
        write(&store, move |writer| delivery::compare_and_set(writer, &before, &next))
    };
    let with =
        |one: &Delivery, sending: &Sending| Delivery { sending: sending.clone(), ..one.clone() };
    assert_eq!(find(made[1].id), Some(made[1].clone()));
    assert_eq!((due(4).len(), due(5).len()), (0, 2), "when it is time, and not all at once");

    // Whoever takes one first has it, and it is not due while it is being tried.
    let taken = made[0].sending.taken(at(6));
    assert_eq!(swap(&made[0], &taken), Swap::Swapped);
    assert_eq!(swap(&made[0], &taken), Swap::Lost);
    assert!(due(7).iter().all(|one| one.id != made[0].id));
    let over = taken.settled(Outcome::Taken, at(8), 9, 0);
    assert_eq!(swap(&with(&made[0], &taken), &over), Swap::Swapped);
    let dead = made[1].sending.settled(Outcome::Never(TEXT.to_owned()), at(9), 9, 0);
    assert_eq!(swap(&made[1], &dead), Swap::Swapped);
    let dead = with(&made[1], &dead);
    assert_eq!(find(dead.id), Some(dead.clone()));

    let list = |status| {
        let page = store.read(|reader| delivery::list(reader, status, ALL)).unwrap();
        assert_eq!(page.total, i64::try_from(page.items.len()).unwrap());
        page.items.iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(list(Some(DeliveryStatus::Pending)), [made[2].id]);
    assert_eq!(list(Some(DeliveryStatus::Dead)), [dead.id]);
    assert_eq!(list(None).len(), 3);
    assert_eq!(openmoss_testkit::differences(db), [""; 0]);

    let forget =
        |second| write(&store, move |writer| delivery::delete_before(writer, at(second), 9));
    assert_eq!((forget(8), forget(9), forget(1_000)), (0, 1, 1), "what waits is not forgotten");
    assert_eq!(list(None), [made[2].id]);
    assert_eq!(openmoss_testkit::differences(db), [""; 0]);
}

fn patrol_records_by_every_filter(db: &TestDb) {
    let store = db.store();
    let agent = AgentId::from_uuid(Uuid::new_v4());
    let mut made = vec![
        new_record(3, Severity::Warning, None),
        new_record(2, Severity::Critical, None),
        new_record(1, Severity::Info, None),
    ];
    made[0].status = PatrolStatus::Ignored;
    made[1].kind = "overdue".to_owned();
    made[2].agent_id = Some(agent);
    for row in made.clone() {
        write(&store, move |writer| patrol::insert(writer, &row));
    }
    let list = |filter: patrol::Filter| {
        let page = store.read(|reader| patrol::list(reader, &filter, ALL)).unwrap();
        assert_eq!(page.total, i64::try_from(page.items.len()).unwrap(), "{filter:?}");
        page.items
    };
    let any = patrol::Filter::default;
    assert_eq!(list(any()), made);
    let open = patrol::Filter { status: Some(PatrolStatus::Open), ..any() };
    assert_eq!(list(open.clone()), made[1..]);
    let severity = |severity| patrol::Filter { severity: Some(severity), ..any() };
    assert_eq!(list(severity(Severity::Warning)), made[..1]);
    let both = patrol::Filter { severity: Some(Severity::Warning), ..open.clone() };
    assert_eq!(list(both), []);
    assert_eq!(list(patrol::Filter { kind: Some("overdue".to_owned()), ..open }), made[1..2]);
    assert_eq!(list(patrol::Filter { task_id: made[0].task_id, ..any() }), made[..1]);
    assert_eq!(list(patrol::Filter { sub_task_id: made[1].sub_task_id, ..any() }), made[1..2]);
    assert_eq!(list(patrol::Filter { agent_id: Some(agent), ..any() }), made[2..]);
}

fn series_and_their_rounds(db: &TestDb) {
    let store = db.store();
    let task = stored_task(&store);
    let sub_task = stored_sub_task(&store, &task);
    let template = Template {
        draft: Draft { name: TEXT.to_owned(), description: long_text(), ..draft("x") },
        module_id: Some(ModuleId::from_uuid(Uuid::new_v4())),
        assigned_agent: Some(AgentId::from_uuid(Uuid::new_v4())),
    };
    let recurrence = Recurrence {
        cron: "0 9 * * *".to_owned(),
        timezone: "Asia/Shanghai".to_owned(),
        overlap: Overlap::Queue,
        catch_up: CatchUp::None,
        until: Some(at(90_000)),
    };
    let id = SeriesId::from_uuid(Uuid::new_v4());
    let rounds = Rounds::SubTasks { task_id: task.id, template: Box::new(template) };
    let new = Series::begin(id, rounds, recurrence.clone(), START);
    let of_tasks = SeriesId::from_uuid(Uuid::new_v4());
    let of_tasks = Series::begin(of_tasks, Rounds::Tasks, recurrence, START);
    let has_pending = || store.read(|reader| series::has_pending(reader, task.id)).unwrap();
    assert!(!has_pending());
    for row in [new.clone(), of_tasks.clone()] {
        write(&store, move |writer| series::insert(writer, &row));
    }
    let find = |id| store.read(|reader| series::find(reader, id)).unwrap();
    assert_eq!(find(id), Some(new.clone()));
    assert_eq!(find(of_tasks.id), Some(of_tasks));
    assert!(has_pending() && store.read(|reader| series::has_any(reader, task.id)).unwrap());

    let due = new.pending.next_due.unwrap();
    let list_due = |now| store.read(|reader| series::list_due(reader, now, 10)).unwrap();
    assert_eq!(list_due(due.minus(std::time::Duration::from_secs(1))), []);
    assert_eq!(list_due(due).len(), 2);
    let round = series::Round {
        series_id: id,
        number: 1,
        task_id: task.id,
        sub_task_id: Some(sub_task.id),
        due,
    };
    write(&store, move |writer| series::insert_round(writer, &round));
    let twin = store.write(move |writer| series::insert_round(writer, &round));
    assert!(matches!(twin, Err(StorageError::Unique(_))), "{twin:?}");
    assert_eq!(store.read(|reader| series::find_round(reader, id, 1)).unwrap(), Some(round));
    let found = store.read(|reader| series::find_rounds(reader, &[sub_task.id])).unwrap();
    assert_eq!(found.get(&sub_task.id), Some(&round));
    let of_task = |id| store.read(|reader| series::find_round_of_task(reader, id)).unwrap();
    assert_eq!(of_task(task.id), None, "it is a round's task, and no round");
    let page = store.read(|reader| series::list_rounds(reader, &new, ALL)).unwrap();
    assert_eq!((page.items, page.total), (vec![round], 1));

    // What waits is due when the last round is over.
    let mut waiting = new.clone();
    waiting.version = new.version.next();
    waiting.pending.next_due = None;
    waiting.pending.queued = Some(due);
    waiting.is_paused = true;
    let (before, next) = (new.clone(), waiting.clone());
    let swap = write(&store, move |writer| series::compare_and_set(writer, &before, &next));
    assert_eq!((swap, find(id)), (Swap::Swapped, Some(waiting.clone())));
    let (before, next) = (new, waiting);
    let swap = write(&store, move |writer| series::compare_and_set(writer, &before, &next));
    assert_eq!(swap, Swap::Lost);
    assert!(has_pending());
    assert_eq!(list_due(START), []);
    let done = brought(&sub_task, Status::Done, &stored_agent(&store, Role::Executor));
    let swap = write(&store, move |writer| sub_task::compare_and_set(writer, &sub_task, &done));
    assert_eq!((swap, list_due(START)), (Swap::Swapped, vec![id]));
}

fn usage_adds_up_and_caps_are_kept(db: &TestDb) {
    let store = db.store();
    let (agent, task) = (stored_agent(&store, Role::Executor).id, stored_task(&store).id);
    let one = Usage {
        model: TEXT.to_owned(),
        input_tokens: 70,
        output_tokens: 30,
        cost: Cost::from_micros(12_500),
    };
    let day = "2026-09-21";
    let kinds =
        [SumOf::Day(day), SumOf::Agent(agent, day), SumOf::Task(task, day), SumOf::WholeTask(task)];
    for of in kinds {
        let find = || store.read(|reader| usage::find(reader, of)).unwrap();
        assert_eq!(find(), Sums::default());
        let used = one.clone();
        assert_eq!(write(&store, move |writer| usage::add(writer, of, &used)), one.sums());
        let used = one.clone();
        let both = write(&store, move |writer| usage::add(writer, of, &used));
        assert_eq!(both, one.sums().plus(&one.sums()));
        assert_eq!((find(), both.before(&one)), (both, one.sums()));
    }
    let both = one.sums().plus(&one.sums());
    let days = store.read(|reader| usage::list_days(reader, day, 9)).unwrap();
    assert_eq!(days, [(day.to_owned(), both)]);
    let agents = store.read(|reader| usage::list_agents(reader, day, ALL)).unwrap();
    assert_eq!((agents.items, agents.total), (vec![(agent, both)], 1));
    let tasks = store.read(|reader| usage::list_tasks(reader, "2026-09-22", ALL)).unwrap();
    assert_eq!((tasks.items, tasks.total), (vec![], 0));
    let beyond = |tokens, cost| {
        let cost = Cost::from_micros(cost);
        store.read(|reader| usage::tasks_beyond(reader, tokens, cost)).unwrap()
    };
    assert_eq!((beyond(0, 0), beyond(201, 25_001)), (vec![], vec![]));
    assert_eq!((beyond(200, 0), beyond(0, 25_000)), (vec![task], vec![task]));

    let own = OwnCap { tokens: None, cost: Some(Cost::from_micros(1)) };
    for of in [BudgetOf::Agent(agent), BudgetOf::Task(task)] {
        write(&store, move |writer| usage::set_cap(writer, of, own, at(1)));
        assert_eq!(store.read(|reader| usage::find_cap(reader, of)).unwrap(), own);
    }
    let listed = store.read(|reader| usage::list_caps(reader, ALL)).unwrap();
    let expected = vec![(BudgetOf::Agent(agent), own), (BudgetOf::Task(task), own)];
    assert_eq!((listed.items, listed.total), (expected, 2));
    assert_eq!(store.read(usage::agent_caps).unwrap(), [(agent, own)]);
    let none = OwnCap::default();
    write(&store, move |writer| usage::set_cap(writer, BudgetOf::Agent(agent), none, at(2)));
    assert_eq!(store.read(usage::agent_caps).unwrap(), []);
}

fn what_a_task_has_of_its_own(db: &TestDb) {
    let store = db.store();
    let task = stored_task(&store);
    let find = || store.read(|reader| task_policy::find(reader, task.id)).unwrap();
    assert_eq!(find(), OwnRequirements::default());
    let own = OwnRequirements {
        module: Some(true),
        description: Some(false),
        approvals: Some(3),
        ..OwnRequirements::default()
    };
    let id = task.id;
    for set in [own, OwnRequirements::default(), own] {
        write(&store, move |writer| task_policy::set(writer, id, set, at(1)));
        assert_eq!(find(), set);
    }
    let stopped = || store.read(task::ids_stopped).unwrap();
    assert_eq!(stopped(), []);
    let next = Task { is_stopped: true, version: task.version.next(), ..task.clone() };
    let swap = write(&store, move |writer| task::compare_and_set(writer, &task, &next));
    assert_eq!((swap, stopped()), (Swap::Swapped, vec![id]));
}

fn settings(db: &TestDb) {
    let store = db.store();
    for value in ["\"a\"", "\"b\""] {
        write(&store, move |writer| setting::set(writer, "project.name", value, at(0)));
    }
    write(&store, |writer| setting::set(writer, "agent.allow_registration", "true", at(0)));
    let listed = store.read(setting::list).unwrap();
    let expected = [("agent.allow_registration", "true"), ("project.name", "\"b\"")];
    assert_eq!(listed, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
}

fn remembered_answers(db: &TestDb) {
    let store = db.store();
    let new = Remembered { fingerprint: "f".to_owned(), answer: long_text() };
    let row = new.clone();
    write(&store, move |writer| idempotency::insert(writer, "token", &row, at(0)));
    assert_eq!(store.read(|reader| idempotency::find(reader, "token")).unwrap(), Some(new.clone()));
    let again = store.write(move |writer| idempotency::insert(writer, "token", &new, at(1)));
    assert!(matches!(again, Err(StorageError::Unique(_))), "{again:?}");
    assert_eq!(write(&store, |writer| idempotency::delete_before(writer, at(0))), 0);
    assert_eq!(write(&store, |writer| idempotency::delete_before(writer, at(1))), 1);
    assert_eq!(store.read(|reader| idempotency::find(reader, "token")).unwrap(), None);
}

openmoss_testkit::on_each_backend! {
    tasks,
    modules,
    agents,
    track_records_are_what_the_domain_makes_of_the_deeds,
    who_leads,
    partners,
    sub_tasks_in_every_status,
    a_sub_task_with_every_field_set,
    prerequisites,
    submissions,
    reviews,
    scores,
    log_entries,
    rules,
    events_of_every_kind,
    onboardings,
    sessions,
    of_too_many_sessions_those_that_end_next_end_now,
    notes,
    patrol_records,
    deliveries,
    patrol_records_by_every_filter,
    series_and_their_rounds,
    usage_adds_up_and_caps_are_kept,
    what_a_task_has_of_its_own,
    settings,
    remembered_answers,
}
