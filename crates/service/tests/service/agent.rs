//! Agents: how they come in, how they show who they are, how they are shut out.

use std::net::IpAddr;

use openmoss_domain::{ActorKind, AgentStatus, EventKind, PersonaEdit, Role};
use openmoss_service::ServiceError;
use openmoss_service::agent::admin::AgentEdit;
use openmoss_service::agent::{NewAgent, REGISTRANT};
use openmoss_service::event::Filter;
use openmoss_service::settings::Secret;
use openmoss_service::{Context, StorageError};
use openmoss_testkit::{TestDb, TestService, by, differences};

use crate::refusal::{fields, not_found};

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

fn open(db: &TestDb) -> TestService {
    TestService::open_with(db, |settings| {
        settings.agent.registration_token = Secret::new("let me in");
    })
}

fn named(name: &str) -> NewAgent {
    NewAgent {
        name: name.to_owned(),
        role: Role::Executor,
        description: "Writes.".to_owned(),
        capabilities: Vec::new(),
    }
}

fn register(
    service: &TestService,
    token: &str,
    name: &str,
) -> Result<openmoss_service::agent::Registered, ServiceError> {
    service.register_agent(&Context::of(REGISTRANT), token, Some(HERE), &named(name))
}

fn an_agent_registers_with_the_token_and_is_known_by_its_key(db: &TestDb) {
    let service = open(db);
    let ann = register(&service, "let me in", " Ann ").unwrap();
    assert_eq!((ann.agent.name.as_str(), ann.agent.role), ("Ann", Role::Executor));
    let key = ann.key.expose();
    let random = key.strip_prefix("ak_").unwrap();
    assert_eq!(random.len(), 32, "the form that existing agents know");
    assert_eq!(service.authenticate_agent(key).unwrap(), ann.agent);
    assert_eq!(service.find_agent(ann.agent.id).unwrap(), ann.agent);
    assert_eq!(service.find_agent_by_name("Ann").unwrap(), ann.agent);
    // Only a hash of it is kept.
    let hashes = db.raw().texts("SELECT key_hash AS text FROM agent");
    assert!(hashes.len() == 1 && !hashes[0].contains(random), "{hashes:?}");
    assert!(!format!("{ann:?}").contains(key));
    let registered = service.events(Filter::default()).pop().unwrap();
    assert_eq!(registered.kind, EventKind::AgentRegistered);
    assert_eq!(registered.agent_id, Some(ann.agent.id));
    assert!(matches!(
        register(&service, "let me in", "Ann"),
        Err(ServiceError::AlreadyExists(text)) if text.contains("\"Ann\"")
    ));
    assert_eq!(
        fields(register(&service, "let me in", "")),
        fields(register(&service, "let me in", " "))
    );
    assert_eq!(differences(db), [""; 0]);
}

fn a_wrong_token_is_refused_and_soon_throttled(db: &TestDb) {
    let service = open(db);
    let mut throttled = 0;
    for _ in 0..12 {
        let refused = register(&service, "let me out", "Ann").unwrap_err();
        if let ServiceError::Throttled { retry_after } = refused {
            assert!((1..=7).contains(&retry_after.as_secs()), "{retry_after:?}");
            throttled += 1;
        } else {
            let text = refused.to_string();
            assert!(text.contains("registration token is wrong"), "{text}");
        }
    }
    assert_eq!(throttled, 2, "ten tries are free");
    // Whoever has the token is not made to wait for a neighbour who has not.
    for i in 0..20 {
        register(&service, "let me in", &format!("Ann {i}")).unwrap();
    }
}

fn registration_can_be_switched_off(db: &TestDb) {
    let closed = TestService::open_with(db, |settings| {
        settings.agent.registration_token = Secret::new("let me in");
        settings.agent.allow_registration = false;
    });
    assert!(matches!(register(&closed, "let me in", "Ann"), Err(ServiceError::Forbidden(_))));
    drop(closed);
    // An empty token lets nobody in, not everybody.
    let empty = TestService::open(db);
    assert!(matches!(register(&empty, "", "Ann"), Err(ServiceError::Forbidden(_))));
}

fn a_disabled_agent_is_shut_out_until_it_is_enabled(db: &TestDb) {
    let service = open(db);
    let ann = register(&service, "let me in", "Ann").unwrap();
    let set = |status| service.set_agent_status(&service.admin(), ann.agent.id, status).unwrap();
    service.authenticate_agent(ann.key.expose()).unwrap();
    assert_eq!(set(AgentStatus::Disabled).status, AgentStatus::Disabled);
    let refused = service.authenticate_agent(ann.key.expose());
    assert!(matches!(refused, Err(ServiceError::AgentDisabled)), "{refused:?}");
    set(AgentStatus::Disabled);
    set(AgentStatus::Active);
    service.authenticate_agent(ann.key.expose()).unwrap();
    let kinds = service.kinds(Filter::default());
    let changes = kinds.iter().filter(|kind| **kind == EventKind::AgentStatusChanged).count();
    assert_eq!(changes, 2, "what is so already is no change");
    assert_eq!(differences(db), [""; 0]);
}

fn a_new_key_replaces_the_old_one(db: &TestDb) {
    let service = open(db);
    let ann = register(&service, "let me in", "Ann").unwrap();
    service.authenticate_agent(ann.key.expose()).unwrap();
    let new = service.reset_agent_key(&service.admin(), ann.agent.id).unwrap();
    let refused = service.authenticate_agent(ann.key.expose());
    assert!(matches!(refused, Err(ServiceError::Unauthenticated(_))), "{refused:?}");
    assert_eq!(service.authenticate_agent(new.key.expose()).unwrap().id, ann.agent.id);
    let nobody = openmoss_domain::AgentId::from_uuid(uuid::Uuid::new_v4());
    assert_eq!(not_found(service.reset_agent_key(&service.admin(), nobody)), "agent");
    assert_eq!(not_found(service.find_agent(nobody)), "agent");
    let set = service.set_agent_status(&service.admin(), nobody, AgentStatus::Disabled);
    assert_eq!(not_found(set), "agent");
}

/// A second replica, or the command line beside a running server, changes an agent.
fn a_change_by_another_process_is_seen_soon(db: &TestDb) {
    let (here, there) = (open(db), open(db));
    let ann = register(&here, "let me in", "Ann").unwrap();
    here.authenticate_agent(ann.key.expose()).unwrap();
    there.set_agent_status(&there.admin(), ann.agent.id, AgentStatus::Disabled).unwrap();
    let began = std::time::Instant::now();
    while here.authenticate_agent(ann.key.expose()).is_ok() {
        assert!(began.elapsed().as_secs() < 5, "it is still let in");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

fn agents_are_listed_by_role_and_status(db: &TestDb) {
    let service = TestService::open(db);
    let (a, b) = (service.agent(Role::Executor), service.agent(Role::Planner));
    service.set_agent_status(&service.admin(), b.id, AgentStatus::Disabled).unwrap();
    let list = |role, status| -> Vec<_> {
        service.list_agents(role, status).unwrap().iter().map(|agent| agent.id).collect()
    };
    assert_eq!(list(None, None).len(), 2);
    assert_eq!(list(Some(Role::Executor), None), [a.id]);
    assert_eq!(list(None, Some(AgentStatus::Disabled)), [b.id]);
    assert_eq!(list(Some(Role::Executor), Some(AgentStatus::Disabled)), []);
}

fn a_persona_is_changed_in_part_and_the_log_says_by_whom(db: &TestDb) {
    let service = TestService::open(db);
    let ann = service.agent(Role::Executor);
    let edit = PersonaEdit {
        avatar: Some("🦉".to_owned()),
        signature: Some(" Slow is smooth. ".to_owned()),
        work_style: Some(vec!["careful".to_owned(), "细心".to_owned()]),
    };
    let edited = service.edit_persona(&by(&ann), ann.id, &edit).unwrap();
    assert_eq!(edited.persona.avatar.as_deref(), Some("🦉"));
    assert_eq!(edited.persona.signature, "Slow is smooth.");
    assert_eq!(service.find_agent(ann.id).unwrap(), edited);
    service.edit_persona(&by(&ann), ann.id, &edit).unwrap();
    let by_admin = AgentEdit {
        persona: PersonaEdit { avatar: Some(String::new()), ..PersonaEdit::default() },
        ..AgentEdit::default()
    };
    let cleared = service.edit_agent(&service.admin(), ann.id, &by_admin).unwrap();
    assert_eq!((cleared.persona.avatar, cleared.persona.work_style.len()), (None, 2));
    let events = service.events(Filter::default());
    let set: Vec<_> =
        events.iter().filter(|event| event.kind == EventKind::AgentPersonaSet).collect();
    assert_eq!(set.len(), 2, "what is so already is no change");
    assert_eq!((set[0].actor_id, set[0].payload.0["avatar"].as_str()), (Some(ann.id), Some("🦉")));
    assert_eq!((set[1].actor_kind, set[1].agent_id), (ActorKind::Admin, Some(ann.id)));
    // What there is to do for it is the same as before, so nobody is stirred.
    assert!(events.iter().all(|event| event.kind != EventKind::AgentEdited));

    let wrong = AgentEdit {
        name: Some(" ".to_owned()),
        persona: PersonaEdit {
            avatar: Some("crab".to_owned()),
            signature: Some("a\nb".to_owned()),
            work_style: Some(vec!["x".repeat(25)]),
        },
        ..AgentEdit::default()
    };
    let named = fields(service.edit_agent(&service.admin(), ann.id, &wrong));
    let named: Vec<_> = named.into_iter().map(|error| error.field).collect();
    assert_eq!(named, ["name", "avatar", "signature", "work_style[0]"]);
    assert_eq!(service.events(Filter::default()).len(), events.len(), "nothing was written");
}

/// The server goes on when the database refuses work; nothing is half done.
fn a_storage_failure_is_passed_on_as_it_is(db: &TestDb) {
    let service = TestService::open(db);
    let work = service.work(service.task().id).create();
    db.raw().run(&format!("UPDATE sub_task SET priority = 'urgent' WHERE id = '{}'", work.id));
    let failed = service.find_sub_task(openmoss_domain::Actor::Admin, work.id).unwrap_err();
    let ServiceError::Storage(StorageError::Corrupt { table, id, .. }) = failed else {
        panic!("{failed:?}")
    };
    assert_eq!((table, id), ("sub_task", work.id.to_string()));
}

openmoss_testkit::on_each_backend! {
    an_agent_registers_with_the_token_and_is_known_by_its_key,
    a_wrong_token_is_refused_and_soon_throttled,
    registration_can_be_switched_off,
    a_disabled_agent_is_shut_out_until_it_is_enabled,
    a_new_key_replaces_the_old_one,
    a_change_by_another_process_is_seen_soon,
    agents_are_listed_by_role_and_status,
    a_persona_is_changed_in_part_and_the_log_says_by_whom,
    a_storage_failure_is_passed_on_as_it_is,
}
