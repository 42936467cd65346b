//! Pages of lists, to the letter of the contract.

use serde_json::{Value, json};

use crate::support::{Client, TestServer, text};

/// A planner and a task with this many sub-tasks.
fn with_rows(server: &TestServer, rows: usize) -> (Client, String) {
    let task = server.task();
    let names: Vec<_> = (0..rows).map(|i| json!({"name": format!("s{i}")})).collect();
    server.admin().post(&format!("/api/tasks/{task}/plan"), &json!({"sub_tasks": names})).ok();
    ((*server.planner()).clone(), task)
}

fn page(client: &Client, path: &str) -> Value {
    let mut page = client.get(path).ok();
    page["items"] = json!(page["items"].as_array().unwrap().len());
    page
}

fn envelope(items: i64, total: i64, page: i64, page_size: i64, total_pages: i64) -> Value {
    json!({
        "items": items, "total": total, "page": page, "page_size": page_size,
        "total_pages": total_pages, "has_more": page < total_pages,
    })
}

#[test]
fn pages_are_counted_and_taken_into_range_as_the_contract_says() {
    let server = TestServer::start();
    let (client, _) = with_rows(&server, 23);
    let at = |query: &str| page(&client, &format!("/api/sub-tasks{query}"));
    for all in [
        "",
        "?page_size=0",
        "?page_size=-1",
        "?page=1",
        "?page=7",
        "?page=0&page_size=-9223372036854775808",
    ] {
        assert_eq!(at(all), envelope(23, 23, 1, 0, 1), "{all}");
    }
    assert_eq!(at("?page_size=10"), envelope(10, 23, 1, 10, 3));
    assert_eq!(at("?page_size=10&page=2"), envelope(10, 23, 2, 10, 3));
    assert_eq!(at("?page_size=10&page=3"), envelope(3, 23, 3, 10, 3));
    assert_eq!(at("?page_size=10&page=4"), envelope(0, 23, 4, 10, 3));
    assert_eq!(at("?page_size=23"), envelope(23, 23, 1, 23, 1));
    assert_eq!(at("?page_size=1"), envelope(1, 23, 1, 1, 23));
    assert_eq!(at("?page_size=101"), envelope(23, 23, 1, 100, 1));
    assert_eq!(at("?page_size=9223372036854775807"), envelope(23, 23, 1, 100, 1));
    for first in ["page=0", "page=-1", "page=-9223372036854775808"] {
        assert_eq!(at(&format!("?page_size=10&{first}")), envelope(10, 23, 1, 10, 3), "{first}");
    }
    let far = at("?page_size=10&page=9223372036854775807");
    assert_eq!(
        (&far["items"], &far["total"], &far["has_more"]),
        (&json!(0), &json!(23), &json!(false))
    );
    for wrong in [
        "page=99999999999999999999",
        "page=x",
        "page=",
        "page=1.5",
        "page_size=1e2",
        "page_size=99999999999999999999",
    ] {
        let field = wrong.split('=').next().unwrap();
        client.get(&format!("/api/sub-tasks?{wrong}")).wrong_fields(&[field]);
    }
    client.get("/api/sub-tasks?page=1&page=2").wrong_fields(&["page"]);
    assert_eq!(at("?status=nonsense"), envelope(0, 0, 1, 0, 1));
    assert_eq!(at("?status=nonsense&page=3&page_size=10"), at("?status=done&page=3&page_size=10"));
}

#[test]
fn everything_on_one_page_ends_at_two_hundred_rows() {
    let server = TestServer::start();
    let (client, task) = with_rows(&server, 205);
    let list = format!("/api/sub-tasks?task_id={task}");
    assert_eq!(page(&client, &list), envelope(200, 205, 1, 0, 2));
    assert_eq!(page(&client, &format!("{list}&page=2")), envelope(5, 205, 2, 0, 2));
    assert_eq!(page(&client, &format!("{list}&page=3")), envelope(0, 205, 3, 0, 2));
    let mut ids: Vec<String> = Vec::new();
    for number in 1..=2 {
        let rows = client.get(&format!("{list}&page={number}")).ok();
        ids.extend(rows["items"].as_array().unwrap().iter().map(|row| text(&row["id"])));
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 205, "each row is on one page");
    assert_eq!(page(&client, "/api/sub-tasks/available"), envelope(200, 205, 1, 0, 2));
}

#[test]
fn every_list_of_the_agents_has_the_same_envelope() {
    let server = TestServer::start();
    let executor = server.executor();
    let id = server.work_in_review(&executor);
    for path in [
        "/api/tasks".to_owned(),
        "/api/sub-tasks".to_owned(),
        "/api/sub-tasks/mine".to_owned(),
        "/api/sub-tasks/available".to_owned(),
        format!("/api/sub-tasks/{id}/submissions"),
        "/api/review-records".to_owned(),
        "/api/scores/me/logs".to_owned(),
        format!("/api/scores/{}/logs", executor.id),
    ] {
        let whole = page(&executor, &path);
        let total = whole["total"].as_i64().unwrap();
        assert_eq!(whole, envelope(total, total, 1, 0, 1), "{path}");
        let second = page(&executor, &format!("{path}?page=2&page_size=5"));
        assert_eq!(second, envelope(0, total, 2, 5, 1), "{path}");
        executor.get(&format!("{path}?page=x")).wrong_fields(&["page"]);
    }
}
