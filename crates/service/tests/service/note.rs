//! Notes on sub-tasks.

use openmoss_domain::note::{NOTE_BYTES_MAX, NOTES_SHOWN};
use openmoss_domain::sub_task::Status;
use openmoss_domain::{ActorKind, DomainError, EventKind, Role};
use openmoss_service::Window;
use openmoss_testkit::{TestDb, TestService, by, differences};

use crate::refusal::{domain, fields};

const ALL: Window = Window { offset: 0, limit: 100 };

fn a_note_is_for_everybody_who_sees_the_work_and_changes_nothing_else(db: &TestDb) {
    let service = TestService::open(db);
    let owner = service.agent(Role::Executor);
    let work = service.work(service.task().id).create();
    let work = service.brought(&work, Status::InProgress, &owner);
    let said = service.add_note(&service.admin(), work.id, "Use the second table.").unwrap();
    assert_eq!((said.author_kind, said.author_id), (ActorKind::Admin, None));
    let answer = service.add_note(&by(&owner), work.id, "Done so.\nAnd the third?").unwrap();
    assert_eq!((answer.author_kind, answer.author_id), (ActorKind::Executor, Some(owner.id)));

    let page = service.list_notes(work.id, ALL).unwrap();
    assert_eq!((page.items, page.total), (vec![said.clone(), answer.clone()], 2));
    let seen = service.find_sub_task(owner.actor(), work.id).unwrap();
    assert_eq!(seen.notes, Some(vec![said, answer.clone()]));
    let listed = service
        .list_sub_tasks(owner.actor(), openmoss_service::sub_task::Filter::default(), ALL)
        .unwrap();
    assert_eq!((listed.items[0].sub_task.notes, &listed.items[0].notes), (2, &None));
    // Talk is no sign of progress, and makes no edit fail.
    let now = service.found(work.id);
    assert_eq!((now.version, now.updated_at), (work.version, work.updated_at));
    let event = service.events(TestService::about(work.id)).pop().unwrap();
    assert_eq!((event.kind, event.agent_id), (EventKind::NoteAdded, Some(owner.id)));
    assert_eq!(event.payload.0["note_id"], answer.id.to_string());
    assert_eq!(differences(db), [""; 0]);
}

fn whoever_has_no_say_writes_no_note(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, other) = (service.agent(Role::Executor), service.agent(Role::Executor));
    let work = service.work(service.task().id).given_to(owner.id).create();
    for agent in [&other, &service.agent(Role::Patrol)] {
        let refused = domain(service.add_note(&by(agent), work.id, "Hello."));
        assert_eq!(refused, DomainError::NoteNotAllowed);
    }
    for role in [Role::Planner, Role::Reviewer] {
        service.add_note(&by(&service.agent(role)), work.id, "Hello.").unwrap();
    }
    // A former owner has no say any more.
    service.reassign_sub_task(&service.admin(), work.id, other.id).unwrap();
    assert_eq!(domain(service.add_note(&by(&owner), work.id, "x")), DomainError::NoteNotAllowed);
    assert_eq!(service.found(work.id).notes, 2);
}

fn a_note_is_short_and_of_many_the_newest_are_shown(db: &TestDb) {
    let service = TestService::open(db);
    let work = service.work(service.task().id).create();
    for bad in ["", "  \n ", "a\u{0}b", &"x".repeat(NOTE_BYTES_MAX + 1)] {
        assert_eq!(fields(service.add_note(&service.admin(), work.id, bad))[0].field, "text");
    }
    assert_eq!(service.found(work.id).notes, 0);
    for n in 0..=NOTES_SHOWN {
        service.add_note(&service.admin(), work.id, &n.to_string()).unwrap();
    }
    let seen = service.find_sub_task(openmoss_domain::Actor::Admin, work.id).unwrap();
    let texts: Vec<_> = seen.notes.unwrap().into_iter().map(|note| note.text).collect();
    assert_eq!(texts, (1..=NOTES_SHOWN).map(|n| n.to_string()).collect::<Vec<_>>());
}

openmoss_testkit::on_each_backend! {
    a_note_is_for_everybody_who_sees_the_work_and_changes_nothing_else,
    whoever_has_no_say_writes_no_note,
    a_note_is_short_and_of_many_the_newest_are_shown,
}
