//! Agents, score changes and the activity log as an admin looks through them.

use std::collections::BTreeSet;

use openmoss_domain::log::{LogAction, LogEntry};
use openmoss_domain::score::{ScoreChange, ScoreSign};
use openmoss_domain::{Agent, AgentStatus, Keyword, LogId, Role, ScoreLogId, SortOrder};
use openmoss_storage::agent::listed::{self, Filter, OrderBy};
use openmoss_storage::{ByTime, Store, Swap, Window, agent, log, score};
use openmoss_testkit::{TestDb, counter_differences};
use uuid::Uuid;

use crate::rows::{ALL, at, stored_agent, write};

fn scored(store: &Store, agent: &Agent, delta: i64, reason: &str, seconds: u64) {
    let change = ScoreChange {
        id: ScoreLogId::from_uuid(Uuid::now_v7()),
        agent_id: agent.id,
        sub_task_id: None,
        reason: reason.to_owned(),
        delta,
        created_at: at(seconds),
    };
    write(store, move |writer| score::append(writer, &change));
}

fn wrote(store: &Store, agent: &Agent, action: LogAction, seconds: u64) {
    let entry = LogEntry {
        id: LogId::from_uuid(Uuid::now_v7()),
        agent_id: agent.id,
        sub_task_id: None,
        action,
        summary: String::new(),
        session_id: None,
        created_at: at(seconds),
    };
    write(store, move |writer| log::append(writer, &entry));
}

fn every_sort_has_both_directions_and_never_is_at_one_end(db: &TestDb) {
    let store = db.store();
    let agents: Vec<_> = (0..4).map(|_| stored_agent(&store, Role::Executor)).collect();
    // The last one never wrote anything, and no score of its own ever changed.
    for (index, agent) in agents.iter().take(3).enumerate() {
        wrote(&store, agent, LogAction::Plan, index as u64 + 1);
        scored(
            &store,
            agent,
            i64::try_from(index).unwrap() - 1 + i64::from(index != 1) * 2,
            "x",
            index as u64 + 1,
        );
    }
    for by in [
        OrderBy::CreatedAt,
        OrderBy::Name,
        OrderBy::TotalScore,
        OrderBy::LastRequestAt,
        OrderBy::LastActivityAt,
        OrderBy::LastScoreAt,
    ] {
        for order in [SortOrder::Asc, SortOrder::Desc] {
            let page = store
                .read(|reader| listed::list(reader, &Filter::default(), by, order, ALL))
                .unwrap();
            let key = |one: &listed::Listed| match by {
                OrderBy::CreatedAt => (Some(one.agent.created_at), 0, String::new()),
                OrderBy::Name => (None, 0, one.agent.name.clone()),
                OrderBy::TotalScore => (None, one.agent.total_score, String::new()),
                OrderBy::LastRequestAt => (one.last_request_at, 0, String::new()),
                OrderBy::LastActivityAt => (one.last_activity_at, 0, String::new()),
                OrderBy::LastScoreAt => (one.last_score_at, 0, String::new()),
            };
            let mut expected = page.items.clone();
            expected.sort_by(|a, b| {
                let by_key = key(a).cmp(&key(b));
                let by_key = if order == SortOrder::Asc { by_key } else { by_key.reverse() };
                by_key.then(a.agent.id.to_string().cmp(&b.agent.id.to_string()))
            });
            assert_eq!(page.items, expected, "{by:?} {order}");
            assert_eq!((page.items.len(), page.total), (4, 4));
        }
    }
    let found = store.read(|reader| listed::find(reader, agents[3].id)).unwrap().unwrap();
    assert_eq!((found.last_activity_at, found.last_score_at), (None, None));
    let found = store.read(|reader| listed::find(reader, agents[2].id)).unwrap().unwrap();
    assert_eq!((found.last_activity_at, found.last_score_at), (Some(at(3)), Some(at(3))));
}

fn ranks_are_dense(db: &TestDb) {
    let store = db.store();
    for score in [5, 5, 0, 0, 0, -5] {
        let agent = stored_agent(&store, Role::Executor);
        if score != 0 {
            scored(&store, &agent, score, "x", 1);
        }
    }
    let ranks = |scores: &[i64]| {
        let found = store.read(|reader| listed::ranks(reader, scores)).unwrap();
        found.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(ranks(&[0, 5]), [(0, 2), (5, 1)]);
    assert_eq!(ranks(&[-5]), [(-5, 3)]);
    assert_eq!(ranks(&[]), []);
}

fn totals_agree_with_what_is_listed(db: &TestDb) {
    let store = db.store();
    let agents = [
        stored_agent(&store, Role::Executor),
        stored_agent(&store, Role::Planner),
        stored_agent(&store, Role::Executor),
    ];
    let off = agents[2].clone();
    write(&store, move |writer| agent::set_status(writer, &off, AgentStatus::Disabled).map(drop));
    scored(&store, &agents[0], 5, "Good_work", 1);
    scored(&store, &agents[0], -2, "bad", 2);
    scored(&store, &agents[1], -1, "good", 3);
    wrote(&store, &agents[0], LogAction::Plan, 1);
    wrote(&store, &agents[1], LogAction::Plan, 2);
    wrote(&store, &agents[1], LogAction::Coding, 3);
    let word = |text: &str| Keyword::checked("keyword", text).unwrap();
    for (filter, total) in [
        (Filter::default(), 3),
        (Filter { role: Some(Role::Executor), ..Filter::default() }, 2),
        (Filter { status: Some(AgentStatus::Active), ..Filter::default() }, 2),
        (Filter { keyword: word("EXECUTOR"), ..Filter::default() }, 2),
        (Filter { keyword: word("%"), ..Filter::default() }, 0),
        (Filter { active_since: Some(at(2)), ..Filter::default() }, 1),
        (Filter { score_min: Some(0), score_max: Some(3), ..Filter::default() }, 2),
    ] {
        let page = store
            .read(|reader| listed::list(reader, &filter, OrderBy::Name, SortOrder::Asc, ALL))
            .unwrap();
        assert_eq!(
            (i64::try_from(page.items.len()).unwrap(), page.total),
            (total, total),
            "{filter:?}"
        );
    }
    let one = Some(agents[0].id);
    for (filter, total) in [
        (score::Filter::default(), 3),
        (score::Filter { sign: Some(ScoreSign::Negative), ..Default::default() }, 2),
        (score::Filter { agent_id: one, ..Default::default() }, 2),
        (score::Filter { agent_id: one, sign: Some(ScoreSign::Positive), ..Default::default() }, 1),
        (score::Filter { keyword: word("GOOD"), ..Default::default() }, 2),
        (score::Filter { keyword: word("d_w"), ..Default::default() }, 1),
    ] {
        let order = ByTime::both(SortOrder::Desc);
        let page = store.read(|reader| score::search(reader, &filter, order, ALL)).unwrap();
        assert_eq!(
            (i64::try_from(page.items.len()).unwrap(), page.total),
            (total, total),
            "{filter:?}"
        );
        assert!(page.items.is_sorted_by_key(|change| std::cmp::Reverse(change.created_at)));
    }
    for (search, total) in [
        (log::Search::default(), 3),
        (log::Search { action: Some(LogAction::Plan), ..Default::default() }, 2),
        (log::Search { agent_id: one, ..Default::default() }, 1),
        (log::Search { since: Some(at(2)), ..Default::default() }, 2),
        (log::Search { agent_id: one, action: Some(LogAction::Coding), ..Default::default() }, 0),
    ] {
        let order = ByTime::ids_ascending(SortOrder::Asc);
        let page = store.read(|reader| log::search(reader, &search, order, ALL)).unwrap();
        assert_eq!(
            (i64::try_from(page.items.len()).unwrap(), page.total),
            (total, total),
            "{search:?}"
        );
        assert!(page.items.is_sorted_by_key(|entry| entry.created_at));
    }
    let window = Window { offset: 2, limit: 5 };
    let order = ByTime::both(SortOrder::Asc);
    let page =
        store.read(|reader| log::search(reader, &log::Search::default(), order, window)).unwrap();
    assert_eq!((page.items.len(), page.total), (1, 3));
    let summary = store.read(score::summary).unwrap();
    assert_eq!((summary.above, summary.below, summary.sum), (1, 1, 2));
    assert_eq!((summary.top, summary.last_at), (Some(3), Some(at(3))));
    assert_eq!(counter_differences(db), [""; 0]);
}

fn a_deleted_agent_leaves_no_number_behind(db: &TestDb) {
    let store = db.store();
    let (gone, other) = (stored_agent(&store, Role::Patrol), stored_agent(&store, Role::Patrol));
    scored(&store, &gone, 5, "x", 1);
    scored(&store, &gone, -1, "x", 1);
    scored(&store, &other, -1, "x", 1);
    wrote(&store, &gone, LogAction::Plan, 1);
    wrote(&store, &other, LogAction::Plan, 1);
    let related = store.read(|reader| agent::related(reader, gone.id)).unwrap();
    assert_eq!((related.score_changes, related.activities, related.requests), (2, 1, 0));
    let id = gone.id;
    write(&store, move |writer| {
        agent::lock(writer, id)?;
        let found = agent::find(writer, id)?.unwrap();
        agent::delete(writer, &found)
    });
    assert_eq!(counter_differences(db), [""; 0]);
    assert_eq!(store.read(|reader| agent::find(reader, id)).unwrap(), None);
    let ids = BTreeSet::from([gone.id, other.id]);
    let found = store.read(|reader| agent::find_many(reader, &ids)).unwrap();
    assert_eq!(found.into_keys().collect::<Vec<_>>(), [other.id]);
}

fn an_agent_is_changed_only_as_it_was_read(db: &TestDb) {
    let store = db.store();
    let before = stored_agent(&store, Role::Patrol);
    let other = stored_agent(&store, Role::Patrol);
    let set = |before: &Agent, after: &Agent| {
        let (before, after) = (before.clone(), after.clone());
        store.write(move |writer| agent::compare_and_set(writer, &before, &after))
    };
    let after = Agent { name: "Ann".to_owned(), role: Role::Planner, ..before.clone() };
    assert_eq!(set(&before, &after).unwrap(), Swap::Swapped);
    assert_eq!(set(&before, &after).unwrap(), Swap::Lost);
    let stale = before.clone();
    let swap =
        write(&store, move |writer| agent::set_status(writer, &stale, AgentStatus::Disabled));
    assert_eq!(swap, Swap::Lost, "its role is another one now");
    let taken = Agent { name: other.name, ..after.clone() };
    assert!(set(&after, &taken).unwrap_err().to_string().contains("unique"));
    assert_eq!(counter_differences(db), [""; 0]);
}

openmoss_testkit::on_each_backend! {
    every_sort_has_both_directions_and_never_is_at_one_end,
    ranks_are_dense,
    totals_agree_with_what_is_listed,
    a_deleted_agent_leaves_no_number_behind,
    an_agent_is_changed_only_as_it_was_read,
}
