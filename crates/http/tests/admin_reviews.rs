//! Reviews as an admin reads them: every filter, both orders, every error.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Agent, NOBODY, TestServer, text};

const ALL: &str = "/api/admin/review-records";

/// Three reviews: two of one sub-task, the last of another a day later by the admin.
struct World {
    server: TestServer,
    reviewer: Agent,
    first: String,
    second: String,
}

impl World {
    fn make() -> Self {
        let server = TestServer::start();
        let (executor, reviewer) = (server.executor(), server.reviewer());
        let (first, second) = (server.work_in_review(&executor), server.work_in_review(&executor));
        let verdict = |id: &str, result: &str, score: i64, issues: &str| json!({"sub_task_id": id, "result": result, "score": score, "issues": issues, "comment": format!("c{score}")});
        reviewer
            .post("/api/review-records", &verdict(&first, "rejected", 2, "50% are MISSING"))
            .ok();
        server.clock.advance(Duration::from_secs(1));
        for step in ["start", "submit"] {
            executor.step(&first, step).ok();
        }
        reviewer.post("/api/review-records", &verdict(&first, "approved", 4, "")).ok();
        server.clock.advance(Duration::from_hours(30));
        server.admin().post("/api/review-records", &verdict(&second, "approved", 5, "")).ok();
        Self { server, reviewer, first, second }
    }

    fn get(&self, path: &str) -> Value {
        self.server.admin().get(path).ok()
    }

    /// The scores on a page: each review has its own.
    fn scores(&self, query: &str) -> Vec<i64> {
        let page = self.get(&format!("{ALL}?{query}"));
        let items = page["items"].as_array().unwrap();
        assert_eq!(page["total"], items.len(), "{query}: {page}");
        items.iter().map(|one| one["score"].as_i64().unwrap()).collect()
    }
}

#[test]
fn each_filter_of_reviews_finds_what_it_says() {
    let world = World::make();
    let (first, reviewer) = (&world.first, &world.reviewer);
    let task = text(&world.server.look(first)["task_id"]);
    let name = text(&world.server.look(&world.second)["name"]).replace(' ', "%20");
    let goal = text(&world.get(&format!("{ALL}?task_id={task}"))["items"][0]["task_name"]);
    let goal = goal.replace(' ', "%20");
    let cases = [
        (String::new(), vec![5, 4, 2]),
        (format!("task_id={task}"), vec![4, 2]),
        (format!("sub_task_id={first}"), vec![4, 2]),
        (format!("sub_task_id={first}&task_id={task}&result=approved"), vec![4]),
        (format!("reviewer_agent={}", reviewer.id), vec![4, 2]),
        (format!("reviewer_agent={}&result=rejected", reviewer.id), vec![2]),
        ("result=approved".to_owned(), vec![5, 4]),
        ("result=".to_owned(), vec![5, 4, 2]),
        ("days=1".to_owned(), vec![5]),
        ("days=2&result=rejected".to_owned(), vec![2]),
        ("days=900000000000000000".to_owned(), vec![5, 4, 2]),
        ("keyword=missing".to_owned(), vec![2]),
        ("keyword=%25".to_owned(), vec![2]),
        ("keyword=C4".to_owned(), vec![4]),
        (format!("keyword={name}"), vec![5]),
        (format!("keyword={goal}"), vec![4, 2]),
        (format!("keyword={}", reviewer.name.replace(' ', "%20")), vec![4, 2]),
        (format!("keyword=c&task_id={task}"), vec![4, 2]),
        ("keyword=nowhere".to_owned(), vec![]),
        (format!("task_id={NOBODY}"), vec![]),
        ("sub_task_id=nonsense".to_owned(), vec![]),
        ("task_id=&sub_task_id=&reviewer_agent=&keyword=%20".to_owned(), vec![5, 4, 2]),
    ];
    for (query, expected) in cases {
        assert_eq!(world.scores(&query), expected, "{query}");
        let mut reversed = expected;
        reversed.reverse();
        assert_eq!(world.scores(&format!("{query}&sort_order=asc")), reversed, "{query}");
    }
}

#[test]
fn a_review_has_the_names_and_texts_that_belong_to_it() {
    let world = World::make();
    let page = world.get(&format!("{ALL}?page=3&page_size=1"));
    assert_eq!((&page["total_pages"], &page["has_more"]), (&json!(3), &json!(false)));
    let row = &page["items"][0];
    assert_eq!(
        (&row["score"], &row["round"], &row["result"]),
        (&json!(2), &json!(1), &json!("rejected"))
    );
    assert_eq!(row["reviewer_agent_name"], world.reviewer.name);
    let whole = world.get(&format!("{ALL}/{}", text(&row["id"])));
    for (key, value) in row.as_object().unwrap() {
        assert_eq!(whole[key], *value, "{key}");
    }
    assert_eq!(whole["sub_task_deliverable"], "");
    let of_admin = &world.get(ALL)["items"][0];
    assert_eq!(
        (&of_admin["reviewer_agent"], &of_admin["reviewer_agent_name"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn what_is_wrong_is_named_and_what_is_unknown_is_404() {
    let server = TestServer::start();
    let admin = server.admin();
    let wrong = |query: &str, fields: &[&str]| {
        admin.get(&format!("{ALL}?{query}")).wrong_fields(fields);
    };
    wrong(
        "page_size=0&result=maybe&days=0&sort_order=",
        &["page_size", "result", "days", "sort_order"],
    );
    wrong("days=-1", &["days"]);
    wrong("days=1.5", &["days"]);
    wrong("days=", &["days"]);
    for unknown in [NOBODY, "nonsense"] {
        admin.get(&format!("{ALL}/{unknown}")).refused(404, "review.not_found");
    }
    server.anyone().get(ALL).refused(403, "admin.no_session");
}
