//! The event log: everything that happened, in order, a page at a time.

use serde_json::{Value, json};

use crate::support::{Client, TestServer, text};

fn kinds(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|event| text(&event["kind"])).collect()
}

fn walk(client: &Client, query: &str) -> Vec<Value> {
    let mut events = Vec::new();
    let mut after = 0;
    loop {
        let page = client.get(&format!("/api/events?after={after}{query}")).ok();
        events.extend(page["items"].as_array().unwrap().clone());
        after = page["next_after"].as_i64().unwrap();
        if page["has_more"] == false {
            return events;
        }
    }
}

#[test]
fn the_life_of_a_sub_task_can_be_read_from_its_events() {
    let server = TestServer::start();
    let executor = server.executor();
    let id = server.work_in_review(&executor);
    server.work_in_review(&executor);
    let page = server.admin().get(&format!("/api/events?sub_task_id={id}")).ok();
    assert_eq!(
        kinds(&page),
        ["sub_task_created", "sub_task_claimed", "sub_task_started", "sub_task_submitted"]
    );
    assert_eq!(page["has_more"], false);
    let claimed = &page["items"][1];
    assert_eq!(claimed["actor"], json!({"kind": "executor", "id": executor.id}));
    assert_eq!((&claimed["sub_task_id"], &claimed["agent_id"]), (&json!(id), &json!(executor.id)));
    assert_eq!(
        (&claimed["payload"]["from"], &claimed["payload"]["to"]),
        (&json!("pending"), &json!("assigned"))
    );
    assert_eq!(page["items"][0]["actor"], json!({"kind": "admin", "id": null}));
    let task = text(&claimed["task_id"]);
    let of_task = executor.get(&format!("/api/events?task_id={task}")).ok();
    assert_eq!(kinds(&of_task)[0], "task_created");
    assert_eq!(of_task["items"].as_array().unwrap().len(), 5);
}

#[test]
fn backwards_the_last_event_comes_first_and_next_after_leads_on_from_it() {
    let server = TestServer::start();
    let executor = server.executor();
    server.work_in_review(&executor);
    let mut all = walk(server.admin(), "");
    all.reverse();
    let mut back = Vec::new();
    let mut before = 0;
    loop {
        let page = server.admin().get(&format!("/api/events?before={before}&limit=3")).ok();
        let items = page["items"].as_array().unwrap();
        assert_eq!(page["next_after"], items[0]["seq"]);
        back.extend(items.clone());
        before = items.last().unwrap()["seq"].as_i64().unwrap();
        if page["has_more"] == false {
            break;
        }
    }
    assert_eq!(back, all);
    let after = all[0]["seq"].as_i64().unwrap();
    server.work_in_review(&executor);
    let later = server.admin().get(&format!("/api/events?after={after}")).ok();
    assert_eq!(kinds(&later)[0], "task_created");
}

#[test]
fn whoever_asks_on_with_next_after_misses_none_and_sees_none_twice() {
    let server = TestServer::start();
    let executor = server.executor();
    for _ in 0..5 {
        server.work_in_review(&executor);
    }
    let all = walk(server.admin(), "&limit=500");
    assert!(all.len() > 25, "{}", all.len());
    for limit in [1, 2, 7, 1000] {
        assert_eq!(walk(server.admin(), &format!("&limit={limit}")), all, "{limit}");
    }
    let seqs: Vec<_> = all.iter().map(|event| event["seq"].as_i64().unwrap()).collect();
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
    let last = seqs.last().unwrap();
    let end = server.admin().get(&format!("/api/events?after={last}")).ok();
    assert_eq!(end, json!({"items": [], "next_after": last, "has_more": false}));
}

#[test]
fn limits_are_taken_into_range() {
    let server = TestServer::start();
    server.work();
    for (limit, rows) in [("0", 1), ("-5", 1), ("1", 1), ("9223372036854775807", 3)] {
        let page = server.admin().get(&format!("/api/events?limit={limit}")).ok();
        assert_eq!(page["items"].as_array().unwrap().len(), rows, "{limit}");
    }
    let page = server.admin().get("/api/events?after=-9223372036854775808").ok();
    assert_eq!(kinds(&page).len(), 3);
    for wrong in ["after=99999999999999999999", "after=x", "limit=1.5", "limit="] {
        let field = wrong.split('=').next().unwrap();
        server.admin().get(&format!("/api/events?{wrong}")).wrong_fields(&[field]);
    }
}

#[test]
fn a_filter_that_nothing_can_match_gives_nothing() {
    let server = TestServer::start();
    server.work();
    for filter in
        ["task_id=x", "sub_task_id=%25", "task_id=' OR 1=1 --".replace(' ', "%20").as_str()]
    {
        let page = server.admin().get(&format!("/api/events?after=2&{filter}")).ok();
        assert_eq!(page, json!({"items": [], "next_after": 2, "has_more": false}), "{filter}");
    }
    let all = server.admin().get("/api/events?task_id=&sub_task_id=").ok();
    assert_eq!(all["items"].as_array().unwrap().len(), 3);
}

#[test]
fn events_are_for_agents_and_admin_and_hold_no_secrets() {
    let server = TestServer::start();
    server.anyone().get("/api/events").refused(401, "unauthenticated");
    let executor = server.executor();
    server.admin().post(&format!("/api/admin/agents/{}/reset-key", executor.id), &json!({})).ok();
    let page = server.admin().get("/api/events").text();
    assert!(page.contains("agent_registered") && page.contains("agent_key_reset"), "{page}");
    assert!(!page.contains("ak_") && !page.contains(&executor.key), "{page}");
}
