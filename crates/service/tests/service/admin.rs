//! The human admin: login, sessions, the password.

use std::net::IpAddr;
use std::time::Duration;

use openmoss_domain::Actor;
use openmoss_service::settings::Secret;
use openmoss_service::{Context, OwnSession, Service, ServiceError, Window};
use openmoss_testkit::{TestDb, TestService};

use crate::refusal::fields;
use crate::setup::HASH;

const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 9));
const DAY: Duration = Duration::from_hours(24);

fn open(db: &TestDb) -> TestService {
    TestService::open_with(db, |settings| settings.admin.password = Secret::new(HASH))
}

fn is_in(service: &Service, token: &Secret) -> bool {
    match service.authenticate_admin(token.expose()) {
        Ok(actor) => actor == Actor::Admin,
        Err(ServiceError::NoAdminSession) => false,
        Err(other) => panic!("{other:?}"),
    }
}

fn the_password_opens_a_session_whose_token_is_kept_as_a_hash(db: &TestDb) {
    let service = open(db);
    let token = service.log_in("secret-1", Some(ELSEWHERE)).unwrap();
    assert!(token.expose().len() == 64 && is_in(&service, &token));
    let kept = db.raw().texts("SELECT token_hash AS text FROM admin_session");
    assert!(kept.len() == 1 && kept[0] != token.expose());
    let refused = service.log_in("secret-2", Some(ELSEWHERE)).unwrap_err();
    assert!(matches!(refused, ServiceError::Forbidden("the admin password is wrong")));
    assert!(!is_in(&service, &Secret::new("")));
    assert!(!is_in(&service, &Secret::new(kept[0].clone())), "the hash opens nothing");
    // It survives a restart.
    drop(service);
    assert!(is_in(&open(db), &token));
}

fn without_a_password_nobody_logs_in(db: &TestDb) {
    let service = TestService::open(db);
    for password in ["", "admin123"] {
        let refused = service.log_in(password, None).unwrap_err().to_string();
        assert!(refused.contains("setup wizard"), "{refused}");
    }
}

fn guessing_is_throttled_by_address(db: &TestDb) {
    let service = open(db);
    for _ in 0..10 {
        let refused = service.log_in("guess", Some(ELSEWHERE));
        assert!(matches!(refused, Err(ServiceError::Forbidden(_))), "{refused:?}");
    }
    let refused = service.log_in("secret-1", Some(ELSEWHERE));
    assert!(matches!(refused, Err(ServiceError::Throttled { .. })), "even the right one");
    // Neither another address nor the command line has to wait.
    service.log_in("secret-1", Some(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST))).unwrap();
    service.log_in("secret-1", None).unwrap();
}

fn a_session_in_use_lives_on_and_an_unused_one_ends(db: &TestDb) {
    let service = open(db);
    let (used, unused) =
        (service.log_in("secret-1", None).unwrap(), service.log_in("secret-1", None).unwrap());
    let expiry = |token: &Secret| {
        service.authenticate_admin(token.expose()).unwrap();
        db.raw().number("SELECT MAX(expires_at) AS n FROM admin_session")
    };
    let first = expiry(&used);
    service.clock.advance(3 * DAY);
    assert_eq!(expiry(&used), first, "less than half of it has passed: no write");
    service.clock.advance(DAY);
    assert!(expiry(&used) > first);
    service.clock.advance(4 * DAY);
    assert!(is_in(&service, &used));
    assert!(!is_in(&service, &unused), "a week without use");
    service.clock.advance(6 * DAY);
    assert!(is_in(&service, &used));
    service.clock.advance(7 * DAY);
    assert!(!is_in(&service, &used), "the moment of its end is over it");
    service.tidy_up().unwrap();
    let left = db.raw().number("SELECT COUNT(*) AS n FROM admin_session");
    assert!(left <= 1, "what is over is forgotten");
}

fn right_passwords_are_never_throttled(db: &TestDb) {
    let service = open(db);
    for _ in 0..25 {
        service.log_in("secret-1", Some(ELSEWHERE)).unwrap();
    }
    for _ in 0..10 {
        service.log_in("guess", Some(ELSEWHERE)).unwrap_err();
    }
    let refused = service.log_in("secret-1", Some(ELSEWHERE));
    assert!(matches!(refused, Err(ServiceError::Throttled { .. })), "{refused:?}");
}

fn sessions_are_seen_and_ended_one_by_one_or_all_but_ones_own(db: &TestDb) {
    let service = open(db);
    let tokens: Vec<_> =
        (0..4).map(|_| service.log_in("secret-1", Some(ELSEWHERE)).unwrap()).collect();
    let mine =
        Context { session: Some(OwnSession::of(tokens[0].expose())), ..Context::of(Actor::Admin) };
    let all = Window { offset: 0, limit: 10 };
    service.clock.advance(Duration::from_secs(90));
    assert!(is_in(&service, &tokens[0]));
    let seen = service.list_sessions(&mine, all).unwrap();
    assert_eq!((seen.items.len(), seen.total), (4, 4));
    let own: Vec<_> = seen.items.iter().filter(|one| one.is_own).collect();
    assert_eq!(own.len(), 1);
    assert_eq!(own[0].session.last_used_at, service.now());
    assert_eq!(own[0].session.address.as_deref(), Some("10.0.0.9"));
    let other = seen.items.iter().find(|one| !one.is_own).unwrap();
    assert!(other.session.last_used_at < service.now());

    service.revoke_session(&mine, other.session.id).unwrap();
    let gone = service.revoke_session(&mine, other.session.id);
    assert!(matches!(gone, Err(ServiceError::NotFound { kind: "session" })), "{gone:?}");
    assert_eq!(tokens.iter().filter(|token| is_in(&service, token)).count(), 3);
    assert_eq!(service.revoke_other_sessions(&mine).unwrap(), 2);
    assert_eq!(service.revoke_other_sessions(&mine).unwrap(), 0, "nothing more happens");
    assert!(is_in(&service, &tokens[0]));
    let ended = service.kinds(openmoss_service::event::Filter::default());
    let ended =
        ended.iter().filter(|kind| **kind == openmoss_domain::EventKind::AdminSessionsEnded);
    assert_eq!(ended.count(), 2);

    // A new password ends every session but the one through which it came.
    let other = service.log_in("secret-1", None).unwrap();
    service.set_admin_password(&mine, "secret-2").unwrap();
    assert!(is_in(&service, &tokens[0]) && !is_in(&service, &other));
}

fn logging_out_ends_one_session(db: &TestDb) {
    let service = open(db);
    let (here, there) =
        (service.log_in("secret-1", None).unwrap(), service.log_in("secret-1", None).unwrap());
    service.log_out(here.expose()).unwrap();
    service.log_out(here.expose()).unwrap();
    assert!(!is_in(&service, &here) && is_in(&service, &there));
}

fn a_new_password_is_in_force_at_once_and_ends_every_session(db: &TestDb) {
    let service = open(db);
    let old = service.log_in("secret-1", None).unwrap();
    service.set_admin_password(&service.admin(), "secret-2").unwrap();
    assert!(!is_in(&service, &old));
    assert!(matches!(service.log_in("secret-1", None), Err(ServiceError::Forbidden(_))));
    let new = service.log_in("secret-2", None).unwrap();
    assert!(is_in(&service, &new));
    for bad in ["", "12345", &"x".repeat(73)] {
        let wrong = fields(service.set_admin_password(&service.admin(), bad));
        assert_eq!(wrong[0].field, "password");
    }
    assert!(is_in(&service, &new), "what was refused changed nothing");
    service.set_admin_password(&service.admin(), &"x".repeat(72)).unwrap();
    service.log_in(&"x".repeat(72), None).unwrap();
}

openmoss_testkit::on_each_backend! {
    the_password_opens_a_session_whose_token_is_kept_as_a_hash,
    without_a_password_nobody_logs_in,
    guessing_is_throttled_by_address,
    right_passwords_are_never_throttled,
    sessions_are_seen_and_ended_one_by_one_or_all_but_ones_own,
    a_session_in_use_lives_on_and_an_unused_one_ends,
    logging_out_ends_one_session,
    a_new_password_is_in_force_at_once_and_ends_every_session,
}
