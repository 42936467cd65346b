//! The outbox over HTTP, and who sees which channel.

use openmoss_service::settings::masked;
use openmoss_testkit::{Manner, Receiver};
use serde_json::{Value, json};

use crate::support::{NOBODY, TestServer, text};

/// A server that tells `channels` of work that is sent back.
fn telling(channels: &[&str]) -> TestServer {
    TestServer::start_with(|settings| {
        settings.notification.enabled = true;
        settings.notification.channels = channels.iter().map(|one| (*one).to_owned()).collect();
        settings.notification.events = vec!["review_rejected".to_owned()];
        settings.delivery.allow_private = true;
    })
}

fn send_something_back(server: &TestServer) -> String {
    let (executor, reviewer) = (server.executor(), server.reviewer());
    let work = server.work_in_review(&executor);
    let verdict = json!({"sub_task_id": work, "result": "rejected", "score": 2, "issues": "Thin."});
    reviewer.post("/api/review-records", &verdict).ok();
    work
}

#[test]
fn the_admin_sees_what_became_of_each_notification_and_can_try_again() {
    let receiver = Receiver::start(&[Manner::Answer(410), Manner::Answer(200)]);
    let channel = format!("slack:{}", receiver.url("/services/s3cret"));
    let server = telling(&[&channel, "chat:oc_1"]);
    let work = send_something_back(&server);
    let list = |query: &str| server.admin().get(&format!("/api/admin/notifications{query}")).ok();

    let page = list("?status=pending");
    assert_eq!((&page["total"], page["items"].as_array().unwrap().len()), (&json!(1), 1));
    let one = page["items"][0].clone();
    assert_eq!(one["kind"], "review_rejected");
    assert_eq!((&one["sub_task_id"], &one["tries"]), (&json!(work), &json!(0)));
    assert_eq!(one["channel"], masked(&channel));
    assert!(one["next_try_at"].is_string() && one["finished_at"].is_null());

    server.service.deliver_notifications().unwrap();
    assert_eq!(list("?status=pending")["total"], 0);
    let dead = list("?status=dead")["items"][0].clone();
    assert_eq!((&dead["last_error"], &dead["id"]), (&json!("answered 410"), &one["id"]));
    let retry = format!("/api/admin/notifications/{}/retry", text(&one["id"]));
    let again = server.admin().post(&retry, &json!({})).ok();
    assert_eq!((&again["status"], &again["tries"]), (&json!("pending"), &json!(0)));
    server.service.deliver_notifications().unwrap();
    let done = list("")["items"][0].clone();
    assert_eq!((&done["status"], &done["last_error"]), (&json!("delivered"), &Value::Null));
    server.admin().post(&retry, &json!({})).refused(409, "delivery.already_delivered");
    let retry = format!("/api/admin/notifications/{NOBODY}/retry");
    server.admin().post(&retry, &json!({})).refused(404, "delivery.not_found");
    server.admin().get("/api/admin/notifications?status=x").wrong_fields(&["status"]);
}

#[test]
fn a_channel_is_tried_and_the_answer_says_what_happened() {
    let receiver = Receiver::start(&[Manner::Answer(200), Manner::Answer(401)]);
    let channel = format!("webhook:{}", receiver.url("/s3cret"));
    let server = telling(&[&channel]);
    let test = |body: &Value| server.admin().post("/api/admin/notifications/test", body);
    assert_eq!(test(&json!({"channel": channel})).ok()["is_delivered"], true);
    assert_eq!(receiver.received()[0].json()["event"], "test");
    let tried = test(&json!({"channel": masked(&channel)})).ok();
    let expected = json!({"is_delivered": false, "detail": "Not delivered: answered 401."});
    assert_eq!(tried, expected);
    for (body, field) in [
        (json!({}), "channel"),
        (json!({"channel": "chat:oc_1"}), "channel"),
        (json!({"channel": "webhook:s3cret/x"}), "channel"),
        (json!({"channel": channel, "text": "x"}), "text"),
    ] {
        let problem = test(&body);
        problem.wrong_fields(&[field]);
        assert!(!problem.text().contains("s3cret"), "{}", problem.text());
    }
}

#[test]
fn channels_of_the_server_are_shown_masked_and_to_agents_not_at_all() {
    let secret = "slack:https://hooks.slack.example/services/s3cret-path";
    let server = telling(&[secret, "chat:oc_1", "me@example.com", "email:ops@example.com"]);
    let told = server.executor().get("/api/config/notification").ok();
    assert_eq!(told["channels"], json!(["chat:oc_1", "me@example.com"]));
    for path in ["/api/admin/config", "/api/admin/config/sources"] {
        let shown = server.admin().get(path).text();
        assert!(!shown.contains("s3cret-path") && shown.contains(&masked(secret)), "{shown}");
    }

    // A masked one that comes back is the one that is there.
    let admin = server.admin();
    let edit = |channels: Value| {
        admin.put("/api/admin/config", &json!({"notification": {"channels": channels}}))
    };
    edit(json!([masked(secret), "discord:https://discord.example/api/webhooks/1/t0ken"])).ok();
    let channels = &server.service.settings().notification.channels;
    assert_eq!(channels[0], secret);
    assert_eq!(channels[1], "discord:https://discord.example/api/webhooks/1/t0ken");
    let refused = edit(json!(["slack:https://hooks.slack.example/***00000000"]));
    refused.wrong_fields(&["notification.channels"]);
    let refused = edit(json!(["slack:hooks.slack.example/s3cret-path"]));
    refused.wrong_fields(&["notification.channels"]);
    assert!(!refused.text().contains("s3cret-path"), "{}", refused.text());
    assert!(!format!("{:?}", server.service.settings()).contains("s3cret-path"));
}

#[test]
fn a_secret_that_comes_back_masked_stays_and_an_empty_one_goes() {
    let server = TestServer::start();
    let edit = |body: &Value| server.admin().put("/api/admin/config", body);
    let smtp = json!({"host": "mail.example.com", "from": "a@example.com", "password": "p4ssw0rd"});
    edit(&json!({"smtp": smtp, "delivery": {"webhook_secret": "s1gn"}})).ok();
    let shown = server.admin().get("/api/admin/config").ok();
    assert_eq!(
        (&shown["smtp"]["password"], &shown["delivery"]["webhook_secret"]),
        (&json!("***"), &json!("***"))
    );
    edit(&json!({"smtp": shown["smtp"], "delivery": shown["delivery"]})).ok();
    assert_eq!(server.service.settings().smtp.password.expose(), "p4ssw0rd");
    edit(&json!({"smtp": {"password": ""}})).ok();
    assert!(server.service.settings().smtp.password.is_empty());
    for (section, key, wrong) in [
        ("delivery", "language", json!("fr")),
        ("delivery", "history_days", json!(0)),
        ("delivery", "timeout_seconds", json!(61)),
        ("smtp", "tls", json!("maybe")),
        ("smtp", "from", json!("nobody")),
    ] {
        edit(&json!({section: {key: wrong}})).wrong_fields(&[&format!("{section}.{key}")]);
    }
}
