//! The request log.

use openmoss_domain::request::{RequestEntry, RequestMethod};
use openmoss_domain::{AgentId, Keyword, RequestId, Role, Timestamp};
use openmoss_storage::request::{
    Filter, Tally, append, delete_before, delete_days_before, list, tallies,
};
use openmoss_storage::{Page, Store, Window};
use openmoss_testkit::TestDb;
use uuid::Uuid;

use crate::rows::{ALL, at, stored_agent, write};

/// What trips careless code.
const TEXT: &str = "it's \"so\" $1 ? %_\\\n\t报告 🦀";

fn entry(agent_id: AgentId, method: &str, path: &str, created_at: Timestamp) -> RequestEntry {
    RequestEntry {
        id: RequestId::from_uuid(Uuid::now_v7()),
        agent_id,
        method: method.to_owned(),
        path: path.to_owned(),
        sent: None,
        status: 200,
        duration_ms: 7,
        created_at,
    }
}

fn appended(store: &Store, entries: &[RequestEntry]) {
    let entries = entries.to_vec();
    // Half of the test's times lie in each day.
    let day = |time: Timestamp| if time < at(50) { "2026-09-21" } else { "2026-09-22" }.to_owned();
    write(store, move |writer| append(writer, &entries, day));
}

fn all_of(agent_id: AgentId) -> Filter {
    Filter { agent_id, since: None, method: None, path_keyword: None }
}

fn listed(store: &Store, filter: &Filter, window: Window) -> Page<RequestEntry> {
    store.read(|reader| list(reader, filter, window)).unwrap()
}

fn entries_come_back_as_they_were(db: &TestDb) {
    let store = db.store();
    let agent = stored_agent(&store, Role::Executor);
    let plain = entry(agent.id, "GET", "/api/tasks", at(1));
    let odd = RequestEntry {
        sent: Some(TEXT.to_owned()),
        status: 599,
        duration_ms: u32::MAX,
        ..entry(agent.id, "PROPPATCHE", TEXT, at(2))
    };
    appended(&store, &[plain.clone(), odd.clone()]);
    appended(&store, &[]);
    let page = listed(&store, &all_of(agent.id), ALL);
    assert_eq!((page.items, page.total), (vec![odd, plain], 2));
}

fn filters_and_pages_agree_with_their_totals(db: &TestDb) {
    let store = db.store();
    let (agent, other) = (stored_agent(&store, Role::Executor), stored_agent(&store, Role::Patrol));
    let entries: Vec<_> = (0..100)
        .map(|n| {
            let method = if n % 2 == 0 { "GET" } else { "POST" };
            let path = if n % 5 == 0 { "/api/Sub_Tasks/É" } else { "/api/logs" };
            entry(if n % 10 == 9 { other.id } else { agent.id }, method, path, at(n))
        })
        .collect();
    appended(&store, &entries);
    let count = |change: fn(&mut Filter)| {
        let mut filter = all_of(agent.id);
        change(&mut filter);
        let page = listed(&store, &filter, ALL);
        assert_eq!(i64::try_from(page.items.len()), Ok(page.total));
        page.total
    };
    assert_eq!(count(|_| {}), 90);
    assert_eq!(count(|filter| filter.since = Some(at(50))), 45);
    assert_eq!(count(|filter| filter.method = Some(RequestMethod::Post)), 40);
    assert_eq!(count(|filter| filter.method = Some(RequestMethod::Delete)), 0);
    for (keyword, n) in
        [("SUB_TASKS", 20), ("sub%", 0), ("_", 20), ("%", 0), ("s/É", 20), ("s/é", 0)]
    {
        let filter =
            Filter { path_keyword: Keyword::checked("", keyword).unwrap(), ..all_of(agent.id) };
        assert_eq!(listed(&store, &filter, ALL).total, n, "{keyword}");
    }
    let page = listed(&store, &all_of(agent.id), Window { offset: 89, limit: 5 });
    assert_eq!((page.items, page.total), (vec![entries[0].clone()], 90));
}

fn equal_times_are_in_the_order_of_their_ids(db: &TestDb) {
    let store = db.store();
    let agent = stored_agent(&store, Role::Executor);
    let mut entries: Vec<_> = (0..5).map(|_| entry(agent.id, "GET", "/", at(1))).collect();
    appended(&store, &entries);
    entries.sort_by_key(|entry| entry.id);
    assert_eq!(listed(&store, &all_of(agent.id), ALL).items, entries);
}

fn days_are_tallied_and_agents_seen(db: &TestDb) {
    let store = db.store();
    let (agent, other) = (stored_agent(&store, Role::Executor), stored_agent(&store, Role::Patrol));
    let submit = entry(agent.id, "POST", "/api/sub-tasks/x/submit", at(1));
    let late = RequestEntry { status: 409, ..submit.clone() };
    let late = RequestEntry { id: RequestId::from_uuid(Uuid::now_v7()), ..late };
    let review = entry(agent.id, "POST", "/api/review-records", at(9));
    let tomorrow = entry(agent.id, "GET", "/api/review-records", at(60));
    appended(&store, &[submit, late]);
    appended(&store, &[tomorrow, review, entry(other.id, "GET", "/", at(3))]);
    let of_day = |day: &str| store.read(|reader| tallies(reader, day)).unwrap();
    let first = of_day("2026-09-21");
    assert_eq!(first[&agent.id], Tally { requests: 3, submissions: 1, reviews: 1 });
    assert_eq!(first[&other.id], Tally { requests: 1, submissions: 0, reviews: 0 });
    let second = of_day("2026-09-22");
    assert_eq!(
        second.into_iter().collect::<Vec<_>>(),
        [(agent.id, Tally { requests: 1, submissions: 0, reviews: 0 })]
    );
    let seen = db
        .raw()
        .number(&format!("SELECT last_request_at AS n FROM agent WHERE id = '{}'", agent.id));
    assert_eq!(seen, at(60).as_micros());
    write(&store, |writer| delete_days_before(writer, "2026-09-22"));
    assert!(of_day("2026-09-21").is_empty() && !of_day("2026-09-22").is_empty());
}

fn entries_of_agents_that_are_gone_are_left_out(db: &TestDb) {
    let store = db.store();
    let agent = stored_agent(&store, Role::Executor);
    let gone = AgentId::from_uuid(Uuid::new_v4());
    appended(&store, &[entry(gone, "GET", "/", at(1)), entry(agent.id, "GET", "/", at(1))]);
    appended(&store, &[entry(gone, "GET", "/", at(1))]);
    assert_eq!(db.raw().number("SELECT COUNT(*) AS n FROM request_log"), 1);
    assert_eq!(db.raw().number("SELECT COUNT(*) AS n FROM request_day"), 1);
}

fn old_entries_go_in_portions_the_oldest_first(db: &TestDb) {
    let store = db.store();
    let agent = stored_agent(&store, Role::Executor);
    let entries: Vec<_> = (0..10).map(|n| entry(agent.id, "GET", "/", at(n))).collect();
    appended(&store, &entries);
    let deleted = |limit| write(&store, move |writer| delete_before(writer, at(5), limit));
    assert_eq!(deleted(3), 3);
    let left = listed(&store, &all_of(agent.id), ALL).items;
    assert_eq!(left.last(), Some(&entries[3]));
    assert_eq!((deleted(3), deleted(3)), (2, 0));
    assert_eq!(listed(&store, &all_of(agent.id), ALL).total, 5);
}

openmoss_testkit::on_each_backend! {
    entries_come_back_as_they_were,
    filters_and_pages_agree_with_their_totals,
    equal_times_are_in_the_order_of_their_ids,
    days_are_tallied_and_agents_seen,
    entries_of_agents_that_are_gone_are_left_out,
    old_entries_go_in_portions_the_oldest_first,
}
