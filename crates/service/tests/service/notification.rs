//! Notifications, sent to receivers that are really there, and that misbehave.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use openmoss_domain::notification::{Delivery, TRIES_MAX};
use openmoss_domain::outbox::{DeliveryStatus, Sending};
use openmoss_domain::sub_task::Status;
use openmoss_domain::{DomainError, Role, SubTask};
use openmoss_service::Window;
use openmoss_service::settings::{Secret, Settings};
use openmoss_testkit::{
    MailServer, Manner, Received, Receiver, TestDb, TestService, at_once, differences,
};
use serde_json::json;

use crate::refusal::{domain, fields, not_found};

const ALL: Window = Window { offset: 0, limit: 100 };

/// A service that tells `channels` of everything.
fn telling(db: &TestDb, channels: &[String]) -> TestService {
    TestService::open_with(db, |settings| tell(settings, channels))
}

fn tell(settings: &mut Settings, channels: &[String]) {
    settings.notification.enabled = true;
    settings.notification.channels = channels.to_vec();
    settings.notification.events =
        ["task_completed", "review_rejected", "sub_task_blocked"].map(str::to_owned).to_vec();
    settings.delivery.allow_private = true;
    settings.delivery.timeout_seconds = 1;
    settings.delivery.webhook_secret = Secret::new("s3cret");
    settings.server.external_url = "https://moss.example.com".to_owned();
}

/// Something to tell: a sub-task that was blocked.
fn blocked(service: &TestService) -> SubTask {
    let owner = service.agent(Role::Executor);
    service.brought(&service.work(service.task().id).create(), Status::Blocked, &owner)
}

fn outbox(service: &TestService) -> Vec<Delivery> {
    service.list_notifications(None, ALL).unwrap().items
}

fn only(service: &TestService) -> Sending {
    let [one] = outbox(service).try_into().unwrap();
    one.sending
}

/// Waits until the next try is due, and lets it be made.
fn next_try(service: &TestService) -> Sending {
    service.clock.set(only(service).next_try_at);
    service.deliver_notifications().unwrap();
    only(service)
}

pub(crate) fn is_signed(request: &Received, secret: &str) -> bool {
    let at = request.header("x-openmoss-timestamp");
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{at}.{}", request.body).as_bytes());
    let expected = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    request.header("x-openmoss-signature") == expected
}

fn a_webhook_gets_what_happened_and_can_tell_from_whom(db: &TestDb) {
    let (receiver, own) =
        (Receiver::start(&[Manner::Answer(200)]), Receiver::start(&[Manner::Answer(204)]));
    let channels =
        [format!("webhook:{}", receiver.url("/hook")), format!("webhook:{}#other", own.url("/"))];
    let service = telling(db, &channels);
    let work = blocked(&service);
    assert_eq!(receiver.received().len(), 0, "nothing is sent by whoever writes");
    service.deliver_notifications().unwrap();

    let [request] = receiver.received().try_into().unwrap();
    assert_eq!(request.line, "POST /hook");
    assert!(is_signed(&request, "s3cret") && !is_signed(&request, "other"));
    assert!(is_signed(&own.received()[0], "other"), "a channel's own secret is behind its #");
    let (body, owner) = (request.json(), service.find_agent(work.owner.unwrap()).unwrap());
    assert_eq!(body["event"], "sub_task_blocked");
    assert_eq!(request.header("x-openmoss-event"), "sub_task_blocked");
    assert_eq!(body["id"], request.header("x-openmoss-delivery"));
    assert_eq!(body["sub_task"], json!({"id": work.id.to_string(), "name": work.name}));
    assert_eq!(body["agent"]["name"], owner.name.as_str());
    assert_eq!(body["title"], format!("Blocked: {}", work.name));
    assert!(body["text"].as_str().unwrap().ends_with("Cause: needs_input\nWhich currency?"));
    assert_eq!(body["link"], format!("https://moss.example.com/tasks/{}", work.task_id));
    assert_eq!(body["details"]["cause"], "needs_input");

    let told = outbox(&service);
    assert!(
        told.iter()
            .all(|one| (one.sending.status, one.sending.tries) == (DeliveryStatus::Delivered, 1))
    );
    service.clock.advance(Duration::from_hours(24));
    service.deliver_notifications().unwrap();
    assert_eq!(receiver.received().len(), 1, "once");
    assert_eq!(differences(db), [""; 0]);
}

fn a_receiver_that_fails_is_asked_again_later(db: &TestDb) {
    let asked = ("Retry-After", "900".to_owned());
    let manners = [
        Manner::Answer(500),
        Manner::Hang,
        Manner::Close,
        Manner::Say(429, asked, ""),
        Manner::Answer(200),
    ];
    let receiver = Receiver::start(&manners);
    let service = telling(db, &[format!("webhook:{}", receiver.url("/"))]);
    let _ = blocked(&service);
    for (n, reason) in
        [(1, "answered 500"), (2, "no answer within 1 seconds"), (3, "the connection failed")]
    {
        let one = next_try(&service);
        assert_eq!((one.status, one.tries), (DeliveryStatus::Pending, n));
        assert!(one.last_error.clone().unwrap().starts_with(reason), "{one:?}");
        service.deliver_notifications().unwrap();
        assert_eq!(only(&service).tries, n, "not before it is due");
    }
    let one = next_try(&service);
    let wait = service.now().until(one.next_try_at);
    assert_eq!(wait, Duration::from_mins(15), "as it asked to be left alone");
    let one = next_try(&service);
    assert_eq!((one.status, one.tries, one.last_error), (DeliveryStatus::Delivered, 5, None));
    let received = receiver.received();
    let first = received[0].header("x-openmoss-delivery");
    assert!(received.iter().all(|one| one.header("x-openmoss-delivery") == first));
}

fn what_cannot_be_delivered_is_given_up_and_can_be_tried_again(db: &TestDb) {
    let receiver = Receiver::start(&[Manner::Answer(404), Manner::Answer(200)]);
    let service = telling(db, &[format!("webhook:{}", receiver.url("/"))]);
    let _ = blocked(&service);
    let dead = next_try(&service);
    assert_eq!(
        (dead.status, dead.last_error.as_deref()),
        (DeliveryStatus::Dead, Some("answered 404"))
    );
    let listed = service.list_notifications(Some(DeliveryStatus::Dead), ALL).unwrap();
    assert_eq!((listed.total, listed.items.len()), (1, 1));
    let id = listed.items[0].id;

    let revived = service.retry_notification(&service.admin(), id).unwrap();
    assert_eq!((revived.sending.status, revived.sending.tries), (DeliveryStatus::Pending, 0));
    assert_eq!(service.retry_notification(&service.admin(), id).unwrap(), revived);
    assert_eq!(next_try(&service).status, DeliveryStatus::Delivered);
    let refused = domain(service.retry_notification(&service.admin(), id));
    assert_eq!(refused, DomainError::AlreadyDelivered);
    let nobody = openmoss_domain::DeliveryId::from_uuid(uuid::Uuid::nil());
    assert_eq!(not_found(service.retry_notification(&service.admin(), nobody)), "delivery");
}

fn nobody_listening_is_given_up_in_the_end(db: &TestDb) {
    let closed = Receiver::start(&[]).url("/");
    let service = telling(db, &[format!("webhook:{closed}")]);
    let _ = blocked(&service);
    let start = service.now();
    let mut one = only(&service);
    while one.status == DeliveryStatus::Pending {
        one = next_try(&service);
    }
    assert_eq!((one.status, one.tries), (DeliveryStatus::Dead, TRIES_MAX));
    let hours = start.until(service.now()).as_secs_f64() / 3_600.0;
    assert!((1.0..4.0).contains(&hours), "{hours}");
}

fn private_addresses_are_called_only_if_that_is_meant(db: &TestDb) {
    let receiver = Receiver::start(&[Manner::Answer(200)]);
    let port = receiver.url("").rsplit(':').next().unwrap().to_owned();
    let mail = MailServer::start("250 ok");
    let channels = [
        format!("webhook:{}", receiver.url("/")),
        format!("webhook:http://localhost:{port}/"),
        format!("webhook:http://[::ffff:127.0.0.1]:{port}/"),
        format!("webhook:http://2130706433:{port}/"),
        "email:ops@example.com".to_owned(),
    ];
    let service = TestService::open_with(db, |settings| {
        tell(settings, &channels);
        settings.smtp.host = "localhost".to_owned();
        settings.smtp.from = "moss@example.com".to_owned();
        settings.smtp.port = mail.port();
        settings.delivery.allow_private = false;
    });
    let _ = blocked(&service);
    service.deliver_notifications().unwrap();
    for Delivery { sending: one, .. } in outbox(&service) {
        assert_eq!(one.status, DeliveryStatus::Dead, "{one:?}");
        assert!(one.last_error.as_deref().unwrap().contains("allow_private"), "{one:?}");
    }
    assert_eq!((receiver.received().len(), mail.mails().len()), (0, 0));
}

fn redirects_are_not_followed(db: &TestDb) {
    let secret = Receiver::start(&[Manner::Answer(200)]);
    let location = ("Location", secret.url("/latest/meta-data"));
    let receiver =
        Receiver::start(&[Manner::Say(302, location.clone(), ""), Manner::Say(307, location, "")]);
    let channel = format!("webhook:{}", receiver.url("/"));
    let service = telling(db, std::slice::from_ref(&channel));
    let _ = blocked(&service);
    let one = next_try(&service);
    assert_eq!(one.status, DeliveryStatus::Dead);
    assert!(one.last_error.unwrap().contains("redirects are not followed"));
    assert!(!service.try_channel(&channel).unwrap().is_delivered);
    assert_eq!(secret.received().len(), 0);
}

fn of_several_servers_one_sends(db: &TestDb) {
    let receiver = Receiver::start(&[Manner::Answer(200)]);
    let channels = [format!("webhook:{}", receiver.url("/"))];
    let one = telling(db, &channels);
    let other = TestService::open_at(db, one.clock.clone(), |settings| tell(settings, &channels));
    for _ in 0..6 {
        let _ = blocked(&one);
    }
    at_once(8, |n| {
        let service = if n % 2 == 0 { &one } else { &other };
        service.deliver_notifications().unwrap();
    });
    let mut ids: Vec<String> = receiver
        .received()
        .iter()
        .map(|request| request.header("x-openmoss-delivery").to_owned())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), receiver.received().len()), (6, 6));
    assert_eq!(differences(db), [""; 0]);
}

/// A server is killed between the receiver's answer and writing it down: the next one sends again.
fn a_message_that_was_being_sent_is_not_lost(db: &TestDb) {
    let receiver = Receiver::start(&[Manner::Answer(200)]);
    let service = telling(db, &[format!("webhook:{}", receiver.url("/"))]);
    let _ = blocked(&service);
    let taken = only(&service).taken(service.now());
    db.raw().run(&format!(
        "UPDATE delivery SET tries = 1, next_try_at = {}",
        taken.next_try_at.as_micros()
    ));
    service.deliver_notifications().unwrap();
    assert_eq!(receiver.received().len(), 0, "somebody is at it");
    let one = next_try(&service);
    assert_eq!((one.status, one.tries), (DeliveryStatus::Delivered, 2));
}

fn chats_get_their_own_form_and_nobody_is_called_by_a_name(db: &TestDb) {
    let says = |body| Receiver::start(&[Manner::Say(200, ("X", String::new()), body)]);
    let (slack, discord, feishu) = (says("ok"), says(""), says(r#"{"code":0,"msg":"success"}"#));
    let refusing = says(r#"{"code":19021,"msg":"sign match fail"}"#);
    let channels = [
        format!("slack:{}", slack.url("/services/x")),
        format!("discord:{}", discord.url("/api/webhooks/x")),
        format!("feishu:{}#k3y", feishu.url("/hook/x")),
        format!("lark:{}", refusing.url("/hook/x")),
    ];
    let service = TestService::open_with(db, |settings| {
        tell(settings, &channels);
        settings.delivery.language = "zh-CN".to_owned();
    });
    let owner = service.agent(Role::Executor);
    let mut new = service.work(service.task().id);
    new = new.named("<!channel> & <at user_id=\"all\">");
    let work = service.brought(&new.create(), Status::Blocked, &owner);
    service.deliver_notifications().unwrap();

    let text = slack.received()[0].json()["text"].as_str().unwrap().to_owned();
    assert!(text.starts_with("[OpenMOSS] 已阻塞：&lt;!channel&gt; &amp; "), "{text}");
    assert!(text.ends_with(&format!("https://moss.example.com/tasks/{}", work.task_id)), "{text}");
    let body = discord.received()[0].json();
    assert!(body["content"].as_str().unwrap().contains("原因：needs_input"));
    assert_eq!(body["allowed_mentions"], json!({"parse": []}));
    let body = feishu.received()[0].json();
    assert!(!body["content"]["text"].as_str().unwrap().contains('<'), "{body}");
    let seconds = body["timestamp"].as_str().unwrap();
    assert_eq!(seconds, (service.now().as_micros() / 1_000_000).to_string());
    let mac = Hmac::<sha2::Sha256>::new_from_slice(format!("{seconds}\nk3y").as_bytes()).unwrap();
    let expected = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        mac.finalize().into_bytes(),
    );
    assert_eq!(body["sign"], expected.as_str());
    let refused = outbox(&service).into_iter().filter(|one| one.channel.starts_with("lark:"));
    let [refused] = refused.collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(refused.sending.last_error.as_deref(), Some("answered with code 19021"));
}

fn mails_go_by_the_mail_server(db: &TestDb) {
    let mail = MailServer::start("250 ok");
    let service = TestService::open_with(db, |settings| {
        tell(settings, &["email:ops@example.com".to_owned()]);
        settings.delivery.language = "zh-CN".to_owned();
        settings.smtp.host = "localhost".to_owned();
        settings.smtp.port = mail.port();
        settings.smtp.tls = "none".to_owned();
        settings.smtp.user = "moss".to_owned();
        settings.smtp.password = Secret::new("p4ss");
        settings.smtp.from = "OpenMOSS <moss@example.com>".to_owned();
    });
    let work = blocked(&service);
    assert_eq!(next_try(&service).status, DeliveryStatus::Delivered);
    let [taken] = mail.mails().try_into().unwrap();
    let says = |start: &str| taken.said.iter().any(|line| line.starts_with(start));
    assert!(says("MAIL FROM:<moss@example.com>") && says("RCPT TO:<ops@example.com>"));
    let login = "AUTH PLAIN AG1vc3MAcDRzcw==";
    assert!(says(login), "{:?}", taken.said);
    assert!(taken.text.contains("\r\nTo: ops@example.com\r\n"), "{}", taken.text);
    assert!(taken.text.contains("\r\nSubject: [OpenMOSS] =?utf-8?b?"), "{}", taken.text);
    assert!(taken.text.contains(&format!("https://moss.example.com/tasks/{}", work.task_id)));
}

fn a_mail_server_that_refuses_is_told(db: &TestDb) {
    let (never, greylisting) = (MailServer::start("550 no such"), MailServer::start("451 later"));
    let service = TestService::open_with(db, |settings| {
        tell(settings, &["email:ops@example.com".to_owned()]);
        settings.smtp.host = "127.0.0.1".to_owned();
        settings.smtp.from = "moss@example.com".to_owned();
    });
    for (port, tls, is_pending, reason) in [
        (never.port(), "none", false, "the mail server answered 550"),
        (greylisting.port(), "none", true, "the mail server answered 451"),
        (never.port(), "starttls", true, "the mail server does not offer"),
        (never.port(), "tls", true, "mail server: the TLS connection failed"),
        (1, "none", true, "mail server: the connection failed: Connection refused"),
    ] {
        let smtp = json!({"smtp": {"port": port, "tls": tls}});
        service.edit_config(&service.admin(), smtp.as_object().unwrap()).unwrap();
        let _ = blocked(&service);
        service.deliver_notifications().unwrap();
        let one = outbox(&service).remove(0).sending;
        let is_right = one.last_error.as_deref().unwrap().starts_with(reason);
        assert!(is_right && (one.status == DeliveryStatus::Pending) == is_pending, "{one:?}");
    }
    assert_eq!((never.mails().len(), greylisting.mails().len()), (0, 0));
}

fn a_channel_can_be_tried_at_once(db: &TestDb) {
    let receiver = Receiver::start(&[Manner::Answer(200), Manner::Answer(403)]);
    let channel = format!("slack:{}", receiver.url("/services/s3cret-path"));
    let service = telling(db, std::slice::from_ref(&channel));
    let tried = service.try_channel(&channel).unwrap();
    assert!(tried.is_delivered, "{tried:?}");
    let shown = openmoss_service::settings::masked(&channel);
    let tried = service.try_channel(&shown).unwrap();
    assert_eq!(
        (tried.is_delivered, tried.detail.as_str()),
        (false, "Not delivered: answered 403.")
    );
    assert!(receiver.received()[1].body.contains("Test message"));
    for wrong in ["chat:oc_1", "slack:hooks/x", "email:a@b@c", "", "slack:http://x/***0a0a0a0a"] {
        let wrong = fields(service.try_channel(wrong));
        assert_eq!((wrong.len(), wrong[0].field.as_str()), (1, "channel"));
        assert!(!wrong[0].message.contains("hooks"), "{wrong:?}");
    }
    assert_eq!(outbox(&service), [], "a try is no notification");
}

fn a_channel_that_is_gone_gets_nothing(db: &TestDb) {
    let receiver = Receiver::start(&[Manner::Answer(200)]);
    let service = telling(db, &[format!("webhook:{}", receiver.url("/"))]);
    let _ = blocked(&service);
    let other = TestService::open_at(db, service.clock.clone(), |_| {});
    other.deliver_notifications().unwrap();
    let one = only(&service);
    assert_eq!((one.status, receiver.received().len()), (DeliveryStatus::Dead, 0));
    assert!(one.last_error.unwrap().contains("not in notification.channels"));
}

openmoss_testkit::on_each_backend! {
    a_webhook_gets_what_happened_and_can_tell_from_whom,
    a_receiver_that_fails_is_asked_again_later,
    what_cannot_be_delivered_is_given_up_and_can_be_tried_again,
    nobody_listening_is_given_up_in_the_end,
    private_addresses_are_called_only_if_that_is_meant,
    redirects_are_not_followed,
    of_several_servers_one_sends,
    a_message_that_was_being_sent_is_not_lost,
    chats_get_their_own_form_and_nobody_is_called_by_a_name,
    mails_go_by_the_mail_server,
    a_mail_server_that_refuses_is_told,
    a_channel_can_be_tried_at_once,
    a_channel_that_is_gone_gets_nothing,
}
