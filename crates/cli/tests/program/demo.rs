//! The demo, from the goal to the delivered index.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStderr, Stdio};

use openmoss_testkit::{TestDb, on_each_backend};
use serde_json::{Value, json};

use crate::support::{Place, send, write_files};

const FILES: [(&str, &str); 7] = [
    ("guide.md", "# The guide\n\nSee [the API](api/index.md) and [nothing](missing.md).\n"),
    ("notes.txt", "Notes\n\nfor nobody in particular\n"),
    ("api/index.md", "# API\n\n## Tasks\n\ntext\n\n## Agents\n\n![gone](gone.png)\n"),
    ("api/tasks.md", "---\ntitle: x\n---\n\nNo heading, `code` only\n"),
    ("api/deep/down (1).md", "# [Odd](../index.md) *title* ] [\n\ntext\n"),
    ("empty.md", ""),
    ("zh/指南.md", "# 指南\n\n任务和代理。\n"),
];

on_each_backend!(a_team_takes_a_folder_to_its_index);

fn a_team_takes_a_folder_to_its_index(db: &TestDb) {
    let place = Place::new();
    write_files(&place.path("texts"), &FILES);
    let args = ["demo", "--exit", "--json", "--speed", "20", "--dir", "texts", "--database"];
    let args: Vec<&str> = args.into_iter().chain([db.url()]).collect();
    let said = place.run(&args).with_code(0);

    let report = said.json();
    assert_eq!(report["problems"], json!([]));
    assert_eq!(report["files"], FILES.len());
    assert_eq!(report["sub_tasks"], FILES.len() + 1);
    assert_eq!(report["sub_tasks_done"], FILES.len() + 1);
    assert_eq!(report["approved"], FILES.len() + 1);
    assert!(report["rejected"].as_u64().unwrap() >= 1, "{report}");
    assert_eq!(report["rejected"], report["reworks"]);
    let scores = report["agents"].as_array().unwrap().iter().map(|agent| &agent["score"]);
    let total: i64 = scores.map(|score| score.as_i64().unwrap()).sum();
    let balance = |name: &str| 5 * report[name].as_i64().unwrap();
    assert_eq!(total, balance("approved") - balance("rejected"));

    let index = std::fs::read_to_string(report["index"].as_str().unwrap()).unwrap();
    std::fs::remove_dir_all(folder_of(&report)).unwrap();
    for link in ["guide.md", "notes.txt", "api/index.md", "api/tasks.md", "empty.md"] {
        assert_eq!(index.matches(&format!("]({link})")).count(), 1, "{link}: {index}");
    }
    for line in ["- [API](api/index.md): 5 words, 1 min", "- missing.md, in guide.md"] {
        assert!(index.contains(line), "{index}");
    }
    assert!(said.stderr.contains("sends back"), "{}", said.stderr);
    assert_eq!(openmoss_testkit::differences(db), [""; 0]);
}

fn folder_of(report: &Value) -> &Path {
    Path::new(report["index"].as_str().unwrap()).parent().unwrap()
}

#[test]
fn one_executor_with_one_file_is_sent_back_too() {
    let place = Place::new();
    write_files(&place.path("docs"), &[("a.md", "text")]);
    let args =
        ["demo", "--exit", "--json", "--speed", "20", "--executors", "1", "--data", "kept.db"];
    let report = place.run(&args).with_code(0).json();
    assert_eq!((&report["sub_tasks"], &report["rejected"]), (&json!(2), &json!(1)));
    std::fs::remove_dir_all(folder_of(&report)).unwrap();

    let tasks = place.run(&["task", "list", "--json", "--database", "kept.db"]).with_code(0);
    assert_eq!(tasks.json()["items"][0]["status"], "completed");
    let again = place.run(&["demo", "--exit", "--data", "kept.db"]).with_code(1);
    assert!(again.stderr.contains("in use"), "{}", again.stderr);
}

/// Starts the demo slowly in `place`; gives it back when the work has begun.
fn begin_slowly(place: &Place) -> (Child, BufReader<ChildStderr>) {
    write_files(&place.path("docs"), &FILES);
    let mut command = place.command(&["demo", "--exit", "--speed", "0.05", "--executors", "1"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("planner: ") {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "the demo ended before it began");
    }
    (child, stderr)
}

fn end_of((mut child, mut stderr): (Child, BufReader<ChildStderr>)) -> (Option<i32>, String) {
    let mut text = String::new();
    stderr.read_to_string(&mut text).unwrap();
    (child.wait().unwrap().code(), text)
}

#[test]
fn an_agent_that_cannot_go_on_ends_the_demo_and_says_why() {
    let place = Place::new();
    let demo = begin_slowly(&place);
    std::fs::remove_dir_all(place.path("docs")).unwrap();
    let (code, text) = end_of(demo);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("error: ") && text.contains("cannot read "), "{text}");
}

#[test]
fn a_signal_ends_the_demo() {
    let place = Place::new();
    let demo = begin_slowly(&place);
    send("INT", &demo.0);
    let (code, text) = end_of(demo);
    assert_eq!(code, Some(130), "{text}");
}

#[test]
fn without_texts_there_is_nothing_to_do() {
    let place = Place::new();
    write_files(&place.path("code"), &[("main.rs", "fn main() {}")]);
    for args in [&["demo", "--exit"][..], &["demo", "--exit", "--dir", "code"]] {
        let said = place.run(args).with_code(1);
        assert!(said.stderr.contains("no Markdown or text files"), "{}", said.stderr);
    }
    place.run(&["demo", "--exit", "--dir", "nowhere"]).with_code(1);
    place.run(&["demo", "--speed", "0"]).with_code(2);
}
