//! How to report back: the exact command of the client, and the same over HTTP.

use openmoss_domain::{NextAction, SubTaskId, SubmissionId, TaskId};
use serde_json::{Value, json};

use super::answer::Report;

fn report(
    purpose: &'static str,
    command: String,
    (method, path): (&'static str, String),
    body: Value,
) -> Report {
    Report { purpose, command, method, path, body }
}

fn post(path: String) -> (&'static str, String) {
    ("POST", path)
}

/// For whoever has the work in hand. What is not begun has to be, before it can be handed in.
pub(super) fn on_work(id: SubTaskId, attempt: u32, is_begun: bool) -> Vec<Report> {
    let path = |step: &str| post(format!("/api/sub-tasks/{id}/{step}"));
    let start = report(
        "begin",
        format!("task-cli.py st start {id}"),
        path("start"),
        json!({"attempt": attempt}),
    );
    let submit = report(
        "hand in",
        format!(
            "task-cli.py st submit {id} --attempt {attempt} --summary \"WHAT YOU MADE AND CHECKED\" --path FILE"
        ),
        path("submit"),
        json!({
            "attempt": attempt,
            "summary": "what you made and checked",
            "artifacts": [{"kind": "path", "value": "FILE", "title": ""}],
        }),
    );
    let heartbeat = report(
        "show progress in long work",
        format!("task-cli.py st heartbeat {id} --progress \"WHAT IS DONE\" --percent 50"),
        path("heartbeat"),
        json!({"attempt": attempt, "progress": "what is done", "percent": 50}),
    );
    let block = report(
        "say that you cannot go on",
        format!(
            "task-cli.py st block {id} --kind needs_input --detail \"WHAT IS MISSING, FROM WHOM\""
        ),
        path("block"),
        json!({"kind": "needs_input", "detail": "what is missing, from whom"}),
    );
    let start = (!is_begun).then_some(start);
    start.into_iter().chain([submit, heartbeat, block]).collect()
}

/// For whoever only looked.
pub(super) fn to_claim() -> Vec<Report> {
    vec![report(
        "take work and begin",
        "task-cli.py next".to_owned(),
        post("/api/agents/me/next".to_owned()),
        Value::Null,
    )]
}

pub(super) fn on_review(id: SubTaskId) -> Vec<Report> {
    let path = || post("/api/review-records".to_owned());
    vec![
        report(
            "approve, with a score of 1 to 5",
            format!("task-cli.py review create {id} approved 5 --comment \"WHAT YOU CHECKED\""),
            path(),
            json!({
                "sub_task_id": id.to_string(), "result": "approved", "score": 5,
                "comment": "what you checked",
            }),
        ),
        report(
            "send back, with what to mend",
            format!(
                "task-cli.py review create {id} rejected 2 --issues \"CRITERION, WHERE, SEEN, EXPECTED\""
            ),
            path(),
            json!({
                "sub_task_id": id.to_string(), "result": "rejected", "score": 2,
                "issues": "criterion, where, seen, expected",
            }),
        ),
    ]
}

fn to_status(purpose: &'static str, id: TaskId, status: &str) -> Report {
    report(
        purpose,
        format!("task-cli.py task status {id} {status}"),
        ("PUT", format!("/api/tasks/{id}/status")),
        json!({"status": status}),
    )
}

pub(super) fn on_task(action: NextAction, id: TaskId) -> Vec<Report> {
    if action == NextAction::Deliver {
        return vec![
            to_status("deliver: the parts meet the goal", id, "completed"),
            report(
                "say where the result is",
                "task-cli.py log create delivery \"WHERE THE RESULT IS\"".to_owned(),
                post("/api/logs".to_owned()),
                json!({"action": "delivery", "summary": "where the result is"}),
            ),
            plan("plan more, if something is missing", id),
        ];
    }
    vec![
        plan("send the whole plan, all or nothing", id),
        to_status("let the work begin", id, "active"),
    ]
}

fn plan(purpose: &'static str, id: TaskId) -> Report {
    report(
        purpose,
        format!("task-cli.py task plan {id} plan.json"),
        post(format!("/api/tasks/{id}/plan")),
        json!({"modules": [{"name": "part", "sub_tasks": [{
            "ref": "a", "name": "one unit of work", "description": "what to do",
            "deliverable": "what exists where", "acceptance": "how a stranger checks it",
            "priority": "medium", "depends_on": [],
        }]}]}),
    )
}

/// For whoever decides about blocked work, for which something may have come late.
pub(super) fn on_blocked(id: SubTaskId, late: Option<SubmissionId>) -> Vec<Report> {
    let path = |step: &str| post(format!("/api/sub-tasks/{id}/{step}"));
    let adopt = late.map(|late| {
        report(
            "put what came late into review",
            format!("task-cli.py st adopt {id} {late}"),
            path("adopt"),
            json!({"submission_id": late.to_string()}),
        )
    });
    let others = [
        report(
            "say what was missing",
            format!("task-cli.py st edit {id} --desc \"THE NEW DESCRIPTION, ALL OF IT\""),
            ("PUT", format!("/api/sub-tasks/{id}")),
            json!({"description": "the new description, all of it"}),
        ),
        report(
            "put it back into the queue",
            format!("task-cli.py st requeue {id}"),
            path("requeue"),
            Value::Null,
        ),
        report(
            "give it to one executor",
            format!("task-cli.py st reassign {id} AGENT_ID"),
            path("reassign"),
            json!({"agent_id": "AGENT_ID"}),
        ),
        report("give it up", format!("task-cli.py st cancel {id}"), path("cancel"), Value::Null),
    ];
    adopt.into_iter().chain(others).collect()
}

pub(super) fn on_patrol() -> Vec<Report> {
    vec![
        report(
            "take work from an owner who cannot go on",
            "task-cli.py st block SUB_TASK_ID --kind technical --detail \"EVIDENCE\"".to_owned(),
            post("/api/sub-tasks/SUB_TASK_ID/block".to_owned()),
            json!({"kind": "technical", "detail": "evidence"}),
        ),
        report(
            "say that it is over",
            "task-cli.py patrol resolve RECORD_ID --action-taken \"WHAT WAS DONE\"".to_owned(),
            post("/api/patrol-records/RECORD_ID/resolve".to_owned()),
            json!({"action_taken": "what was done"}),
        ),
        report(
            "leave it as it is",
            "task-cli.py patrol ignore RECORD_ID --action-taken \"WHY\"".to_owned(),
            post("/api/patrol-records/RECORD_ID/ignore".to_owned()),
            json!({"action_taken": "why"}),
        ),
    ]
}
