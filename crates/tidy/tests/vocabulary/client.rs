//! The commands of `task-cli.py`: the client itself is asked whether it takes them.

use std::io::Write;
use std::process::{Command, Stdio};

use openmoss_domain::Role;
use openmoss_domain::agent::AgentStatus;
use openmoss_domain::log::LogAction;
use openmoss_domain::sub_task::Status;
use openmoss_domain::task::TaskStatus;
use serde_json::{Value, json};

use crate::text::{Text, root};

/// A place that names a command.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    path: String,
    text: String,
    /// A command as it is typed, or a usage line with placeholders.
    is_typed: bool,
}

/// Every command that a text names: typed ones in code, usage in inline code.
pub(crate) fn named(text: &Text) -> Vec<Named> {
    let typed = |line: &String| line.contains("cli ") || line.contains("task-cli.py ");
    let make = |text_: String, is_typed| Named { path: text.path.clone(), text: text_, is_typed };
    let lines = text.code_lines().into_iter().filter(typed).map(|line| make(line, true));
    let spans = text.spans().into_iter().map(|span| {
        let is_typed = span.starts_with("cli ") || span.starts_with("python3 task-cli.py ");
        make(span, is_typed)
    });
    lines.chain(spans).collect()
}

/// What the client does not take, each with its place.
pub(crate) fn problems(named: &[Named]) -> Vec<String> {
    let Some(answers) = ask(named) else { return Vec::new() };
    let mut problems = Vec::new();
    for (place, answer) in named.iter().zip(answers) {
        let mut say =
            |what: &str| problems.push(format!("{}: `{}`: {what}", place.path, place.text));
        answer["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .for_each(&mut say);
        for (field, value) in values(&answer) {
            if !is_known(&field, &value) {
                say(&format!("no {field} is called {value}"));
            }
        }
    }
    problems
}

/// The values that a typed command gives for what has a closed list on the server.
fn values(answer: &Value) -> Vec<(String, String)> {
    let fields = answer["values"].as_array().into_iter().flatten();
    let pair = |value: &Value| Some((value[0].as_str()?.to_owned(), value[1].as_str()?.to_owned()));
    let pairs = fields.filter_map(pair);
    let single = pairs.flat_map(|(field, value)| {
        value.split(',').map(|one| (field.clone(), one.trim().to_owned())).collect::<Vec<_>>()
    });
    single.filter(|(_, value)| value.chars().any(|letter| letter.is_ascii_lowercase())).collect()
}

fn is_known(field: &str, value: &str) -> bool {
    match field {
        "sub-task status" => value.parse::<Status>().is_ok(),
        "task status" => value.parse::<TaskStatus>().is_ok(),
        "agent status" => value.parse::<AgentStatus>().is_ok(),
        "log action" => value.parse::<LogAction>().is_ok(),
        "role" => value.parse::<Role>().is_ok(),
        other => unreachable!("client.py knows no field {other}"),
    }
}

/// One answer for each place; `None` on a machine without Python, which CI is not.
fn ask(named: &[Named]) -> Option<Vec<Value>> {
    let script = root().join("crates/tidy/tests/vocabulary/client.py");
    let child = Command::new("python3")
        .arg(script)
        .arg(root().join("skills/task-cli.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    if child.is_err() && std::env::var_os("CI").is_none() {
        return None;
    }
    let mut child = child.expect("python3 runs");
    let places: Vec<_> =
        named.iter().map(|place| json!({"text": place.text, "typed": place.is_typed})).collect();
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(json!(places).to_string().as_bytes()).expect("a script that reads");
    drop(stdin);
    let output = child.wait_with_output().expect("the script ends");
    assert!(output.status.success(), "the script failed");
    let answers: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answers.len(), named.len(), "one answer for each place");
    Some(answers)
}

#[test]
fn what_the_client_does_not_have_is_found() {
    let cases = [
        ("cli st next", true, "invalid choice"),
        ("cli st submit ID --artefact x", true, "unrecognized arguments"),
        ("{ cli st mine; cli st avail; } | grep x", true, "invalid choice"),
        ("python3 skills/task-cli.py st get", true, "required: id"),
        ("cli st list --status review,reviewing", true, "no sub-task status is called reviewing"),
        ("cli task status ID done", true, "no task status is called done"),
        ("cli log create note 'x'", true, "no log action is called note"),
        ("cli agents --role boss", true, "no role is called boss"),
        ("cli st submit ID --summary \"x", true, "No closing quotation"),
        ("st finish S", false, "no such command"),
        ("task done T", false, "no such command"),
        ("st block S --because D", false, "no option --because"),
    ];
    for (text, is_typed, expected) in cases {
        let place = Named { path: "x.md".to_owned(), text: text.to_owned(), is_typed };
        let found = problems(&[place]).join("\n");
        assert!(found.contains(expected) || ask(&[]).is_none(), "{text}: {found:?}");
    }
    let fine =
        ["st block S --kind K --detail D", "review create S approved|rejected SCORE", "done"];
    let usage =
        fine.map(|text| Named { path: String::new(), text: text.to_owned(), is_typed: false });
    assert_eq!(problems(&usage), Vec::<String>::new());
}
