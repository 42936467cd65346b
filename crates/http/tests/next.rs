//! What an agent should do next, over HTTP, and agents that wait for it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use openmoss_domain::EventKind;
use serde_json::{Value, json};

use crate::support::{Agent, Reply, TestServer, text};

fn ask(agent: &Agent, body: &Value) -> Value {
    agent.post("/api/agents/me/next", body).ok()
}

/// Asks, and waits for work.
fn wait(agent: &Agent, seconds: u64) -> Value {
    ask(agent, &json!({"wait_seconds": seconds}))
}

/// Runs `event` when all `agents` wait; what each of them was told, and after how long.
fn while_waiting(agents: &[Agent], seconds: u64, event: impl FnOnce()) -> Vec<(Value, Duration)> {
    thread::scope(|scope| {
        let waiting: Vec<_> = agents
            .iter()
            .map(|agent| {
                scope.spawn(move || {
                    let began = Instant::now();
                    (wait(agent, seconds), began.elapsed())
                })
            })
            .collect();
        // Long enough for all to have looked and to stand in the line.
        thread::sleep(Duration::from_millis(700));
        event();
        waiting.into_iter().map(|waiting| waiting.join().unwrap()).collect()
    })
}

#[test]
fn a_sub_task_is_done_with_two_calls_and_two_calls() {
    let server = TestServer::start();
    let (executor, reviewer) = (server.executor(), server.reviewer());
    let id = server.work();
    let next = ask(&executor, &json!({"session_id": "s1"}));
    assert_eq!((&next["action"], &next["sub_task"]["id"]), (&json!("claim"), &json!(id)));
    let submit = next["report"].as_array().unwrap();
    let submit = submit.iter().find(|one| one["purpose"] == "hand in").unwrap();
    // The example is what the server takes.
    executor.post(&text(&submit["path"]), &submit["body"]).ok();
    let next = ask(&reviewer, &json!({}));
    assert_eq!((&next["action"], &next["sub_task"]["id"]), (&json!("review"), &json!(id)));
    let approve = &next["report"][0];
    reviewer.post(&text(&approve["path"]), &approve["body"]).ok();
    assert_eq!(server.look(&id)["status"], "done");
}

#[test]
fn the_answer_is_a_text_for_who_asks_for_one() {
    let server = TestServer::start();
    let executor = server.executor();
    let id = server.work();
    let call = executor.call("POST", "/api/agents/me/next").header("Accept", "text/markdown");
    let reply = call.json(&json!({})).send();
    assert_eq!(reply.header("content-type"), "text/markdown; charset=utf-8");
    let page = reply.text();
    assert!(page.starts_with("# claim: "), "{page}");
    assert!(page.contains(&format!("task-cli.py st submit {id}")), "{page}");
}

#[test]
fn an_idle_answer_is_short_and_so_is_the_question_whether_there_is_work() {
    let server = TestServer::start();
    let executor = server.executor();
    let reply = executor.post("/api/agents/me/next", &json!({}));
    assert!(reply.body.len() < 200, "{}", reply.text());
    let idle = reply.ok();
    assert_eq!((&idle["action"], &idle["next_check_seconds"]), (&json!("idle"), &json!(60)));
    let has_work = |agent: &Agent| -> Reply {
        let reply = agent.get("/api/agents/me/has-work");
        assert!(reply.body.len() < 100, "{}", reply.text());
        reply
    };
    assert_eq!(has_work(&executor).ok(), json!({"has_work": false, "next_check_seconds": 60}));
    let id = server.work_in_review(&executor);
    let expected = json!({"has_work": true, "action": "review", "next_check_seconds": 0});
    assert_eq!(has_work(&server.reviewer()).ok(), expected);
    assert_eq!(server.look(&id)["status"], "review");
    server.anyone().get("/api/agents/me/has-work").refused(401, "unauthenticated");
    server.anyone().post("/api/agents/me/next", &json!({})).refused(401, "unauthenticated");
}

#[test]
fn what_is_asked_wrongly_is_refused() {
    let server = TestServer::start();
    let executor = server.executor();
    let id = server.work();
    let ask = |body: Value| executor.post("/api/agents/me/next", &body);
    for seconds in [-1, 61] {
        ask(json!({"wait_seconds": seconds})).wrong_fields(&["wait_seconds"]);
    }
    ask(json!({"start": "yes"})).wrong_fields(&["start"]);
    ask(json!({"wait": 5})).wrong_fields(&["wait"]);
    ask(json!({"session_id": "x".repeat(201)})).wrong_fields(&["session_id"]);
    ask(json!({"rules_etag": "x".repeat(65)})).wrong_fields(&["rules_etag"]);
    assert_eq!(server.look(&id)["status"], "pending");
}

#[test]
fn of_many_who_wait_one_gets_the_new_sub_task_at_once() {
    let server = TestServer::start();
    let agents: Vec<_> = (0..8).map(|_| server.executor()).collect();
    let task = server.task();
    let answers = while_waiting(&agents, 5, || drop(server.sub_task(&task)));
    let (taken, idle): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|(next, _)| next["action"] != "idle");
    assert_eq!((taken.len(), idle.len()), (1, 7));
    assert!(taken[0].1 < Duration::from_secs(3), "{:?}", taken[0].1);
    assert!(idle.iter().all(|(_, waited)| *waited >= Duration::from_secs(5)));
}

#[test]
fn as_many_are_woken_as_there_is_work() {
    let server = TestServer::start();
    let (agents, planner) =
        ((0..6).map(|_| server.executor()).collect::<Vec<_>>(), server.planner());
    let task = server.task();
    let path = format!("/api/tasks/{task}/plan");
    let work: Vec<_> = (0..6).map(|i| json!({"name": format!("w{i}")})).collect();
    let answers = while_waiting(&agents, 20, || {
        planner.post(&path, &json!({"sub_tasks": work})).ok();
    });
    let mut ids: Vec<_> = answers.iter().map(|(next, _)| text(&next["sub_task"]["id"])).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6, "{answers:?}");
    assert!(answers.iter().all(|(_, waited)| *waited < Duration::from_secs(10)));
}

/// A team that waits while the work comes in, in pieces, and hands in what it gets.
#[test]
fn sixteen_who_wait_get_each_of_a_thousand_sub_tasks_once() {
    const AGENTS: usize = 16;
    const PLANS: usize = 20;
    const WORK: usize = 50;
    let server = TestServer::start();
    let (agents, planner): (Vec<_>, _) =
        ((0..AGENTS).map(|_| server.executor()).collect(), server.planner());
    let done = AtomicUsize::new(0);
    let mut handed: Vec<String> = thread::scope(|scope| {
        let working: Vec<_> = agents
            .iter()
            .map(|agent| {
                let done = &done;
                scope.spawn(move || {
                    let mut mine = Vec::new();
                    while done.load(Ordering::SeqCst) < PLANS * WORK {
                        let next = wait(agent, 2);
                        if next["action"] == "idle" {
                            continue;
                        }
                        assert_eq!(next["action"], "claim", "{next}");
                        let id = text(&next["sub_task"]["id"]);
                        agent.step_with(&id, "submit", &json!({"summary": "Done."})).ok();
                        mine.push(id);
                        done.fetch_add(1, Ordering::SeqCst);
                    }
                    mine
                })
            })
            .collect();
        for plan in 0..PLANS {
            let work: Vec<_> = (0..WORK).map(|i| json!({"name": format!("{plan}.{i}")})).collect();
            let path = format!("/api/tasks/{}/plan", server.task());
            planner.post(&path, &json!({"sub_tasks": work})).ok();
        }
        working.into_iter().flat_map(|working| working.join().unwrap()).collect()
    });
    handed.sort();
    handed.dedup();
    assert_eq!(handed.len(), PLANS * WORK);
    // Nobody was handed what somebody else had: each was claimed once.
    let filter = openmoss_service::event::Filter::default();
    let (mut after, mut claims) = (0, 0);
    loop {
        let page = server.service.list_events(filter, after, 500).unwrap();
        let Some(last) = page.last() else { break };
        after = last.seq;
        claims += page.iter().filter(|one| one.kind == EventKind::SubTaskClaimed).count();
    }
    assert_eq!(claims, PLANS * WORK);
}

#[test]
fn whoever_is_meant_is_woken() {
    let server = TestServer::start();
    let (first, second) = (server.executor(), server.executor());
    let id = server.work();
    // Held by nobody who waits, so that neither takes it.
    server.executor().step(&id, "claim").ok();
    let agents = [first, second];
    let body = json!({"agent_id": agents[1].id});
    let answers = while_waiting(&agents, 3, || {
        server.admin().step_with(&id, "reassign", &body).ok();
    });
    assert_eq!(answers[0].0["action"], "idle");
    assert_eq!(answers[1].0["action"], "start");
    assert!(answers[1].1 < Duration::from_secs(2));
}

#[test]
fn whoever_cannot_take_it_calls_the_next() {
    let server = TestServer::start();
    let agents: Vec<_> = (0..4).map(|_| server.executor()).collect();
    let able = &agents[3];
    let path = format!("/api/admin/agents/{}", able.id);
    server.admin().put(&path, &json!({"capabilities": ["python"]})).ok();
    let body = json!({
        "task_id": server.task(), "name": "x", "required_capabilities": ["Python"],
    });
    let answers = while_waiting(&agents, 3, || {
        server.planner().post("/api/sub-tasks", &body).ok();
    });
    let actions: Vec<_> = answers.iter().map(|(next, _)| text(&next["action"])).collect();
    assert_eq!(actions, ["idle", "idle", "idle", "claim"]);
    assert!(answers[3].1 < Duration::from_secs(2), "{:?}", answers[3].1);
}

#[test]
fn a_reviewer_and_a_planner_are_woken_too() {
    let server = TestServer::start();
    let (executor, agents) = (server.executor(), [server.reviewer(), server.planner()]);
    let task = server.task();
    let id = server.sub_task(&task);
    for step in ["claim", "start"] {
        executor.step(&id, step).ok();
    }
    let answers = while_waiting(&agents, 20, || {
        executor.step(&id, "submit").ok();
        server.admin().post("/api/tasks", &json!({"name": "Another goal"})).ok();
    });
    assert_eq!(answers[0].0["action"], "review");
    assert_eq!(answers[1].0["action"], "plan");
}

#[test]
fn a_waiter_that_is_gone_takes_no_call_with_it() {
    let server = TestServer::start();
    let gone = server.executor();
    let agents = [server.executor()];
    {
        use std::io::Write as _;
        let mut connection = server.connect();
        let body = r#"{"wait_seconds":30}"#;
        let head = format!(
            "POST /api/agents/me/next HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            gone.key,
            body.len()
        );
        connection.write_all(head.as_bytes()).unwrap();
        thread::sleep(Duration::from_millis(300));
    }
    let task = server.task();
    let answers = while_waiting(&agents, 10, || drop(server.sub_task(&task)));
    // The server may not have noticed yet that the first is gone; then the work is its own.
    let is_taken = answers[0].0["action"] == "claim";
    let owner = server.admin().get(&format!("/api/sub-tasks?task_id={task}")).ok();
    let owner = owner["items"][0]["assigned_agent"].clone();
    assert!(is_taken || owner == json!(gone.id), "{answers:?}");
}

#[test]
fn who_waits_does_not_hold_up_a_stop() {
    let mut server = TestServer::start();
    let agent = server.executor();
    let began = Instant::now();
    let waiting = thread::spawn(move || wait(&agent, 60));
    thread::sleep(Duration::from_millis(700));
    server.stop();
    assert_eq!(waiting.join().unwrap()["action"], "idle");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[test]
fn whoever_is_disabled_waits_for_nothing() {
    let server = TestServer::start();
    let agents = [server.executor()];
    let task = server.task();
    let path = format!("/api/agents/{}/status", agents[0].id);
    thread::scope(|scope| {
        let waiting =
            scope.spawn(|| agents[0].post("/api/agents/me/next", &json!({"wait_seconds": 20})));
        thread::sleep(Duration::from_millis(700));
        server.admin().put(&path, &json!({"status": "disabled"})).ok();
        let id = server.sub_task(&task);
        waiting.join().unwrap().refused(403, "agent.disabled");
        assert_eq!(server.look(&id)["status"], "pending");
    });
}

#[test]
fn capabilities_are_set_and_seen() {
    let server = TestServer::start();
    let admin = server.admin();
    let new = json!({"name": "Ada", "role": "executor", "capabilities": ["Python", "css"]});
    let made = admin.post("/api/admin/agents", &new).ok();
    let path = format!("/api/admin/agents/{}", text(&made["id"]));
    assert_eq!(admin.get(&path).ok()["capabilities"], json!(["css", "python"]));
    admin.put(&path, &json!({"description": "x"})).ok();
    assert_eq!(admin.get(&path).ok()["capabilities"], json!(["css", "python"]));
    admin.put(&path, &json!({"capabilities": []})).ok();
    assert_eq!(admin.get(&path).ok()["capabilities"], json!([]));
    let wrong = json!({"capabilities": ["a b", "ok", ""]});
    admin.put(&path, &wrong).wrong_fields(&["capabilities[0]", "capabilities[2]"]);

    let task = server.task();
    let plan = json!({"sub_tasks": [{"name": "x", "required_capabilities": ["sql", "two words"]}]});
    let planner = server.planner();
    let reply = planner.post(&format!("/api/tasks/{task}/plan"), &plan);
    reply.wrong_fields(&["sub_tasks[0].required_capabilities[1]"]);
    let new = json!({"task_id": task, "name": "x", "required_capabilities": ["sql"]});
    let id = text(&planner.post("/api/sub-tasks", &new).ok()["id"]);
    let executor = server.executor();
    let problem = executor.step(&id, "claim").refused(409, "sub_task.capabilities_missing");
    assert_eq!(problem["context"]["missing"], json!(["sql"]));
    assert!(executor.get("/api/sub-tasks/available").ok()["items"].as_array().unwrap().is_empty());
    let edited =
        planner.put(&format!("/api/sub-tasks/{id}"), &json!({"required_capabilities": []}));
    assert_eq!(edited.ok()["required_capabilities"], json!([]));
    executor.step(&id, "claim").ok();
}
