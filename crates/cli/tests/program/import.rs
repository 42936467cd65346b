//! An existing installation moves over, and its agents go on.

use std::path::PathBuf;
use std::process::Command;

use openmoss_testkit::OldInstallation;
use serde_json::{Value, json};

use crate::support::{Client, Place, finish, text, write_files};

const PENDING: &str = "b0000000-0000-4000-8000-000000000001";
const WORKING: &str = "b0000000-0000-4000-8000-000000000003";

/// An old installation with a configuration.
fn old() -> OldInstallation {
    let old = OldInstallation::awkward();
    let hash = bcrypt::hash("the old password", 4).unwrap();
    let config = format!(
        "project:\n  name: Old team\nadmin:\n  password: bcrypt:{hash}\nagent:\n  \
         registration_token: old-token\n  allow_registration: false\nserver:\n  port: 7000\n  \
         external_url: http://old.example\nworkspace:\n  root: /old\nwebui:\n  public_feed: true\n"
    );
    write_files(old.folder(), &[("config.yaml", config.as_str())]);
    old
}

fn import<'a>(old: &'a OldInstallation, more: &[&'a str]) -> Vec<String> {
    let path = |name: &str| old.folder().join(name).display().to_string();
    let mut args =
        vec!["db".to_owned(), "import".to_owned(), "--from".to_owned(), path("tasks.db")];
    args.extend(["--config".to_owned(), path("config.yaml")]);
    args.extend(more.iter().map(|arg| (*arg).to_owned()));
    args
}

fn run(place: &Place, args: &[String]) -> crate::support::Said {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    finish(place.command(&args).env_remove("TZ"))
}

#[test]
fn an_installation_moves_over_and_its_agents_go_on() {
    let (place, old) = (Place::new(), old());
    let zone = ["--timezone", "Europe/Berlin"];
    let dry = run(&place, &import(&old, &[&zone[..], &["--dry-run"]].concat())).with_code(0);
    assert!(dry.stdout.contains("dry run: nothing was written"), "{}", dry.stdout);
    assert!(dry.stdout.contains("unknown_role in agent"), "{}", dry.stdout);
    assert!(!place.path("data").exists(), "not even a database");

    let said = run(&place, &import(&old, &[&zone[..], &["--json"]].concat())).with_code(0).json();
    assert_eq!(said["import"]["tables"][0]["table"], "task");
    assert_eq!(said["import"]["tables"][0]["new"], 4);
    assert!(text(&said["import"]["file"]).contains("import-"));
    let remarks = said["remarks"].to_string();
    assert!(remarks.contains("server.port is 7000"), "{remarks}");

    let running = place.serve(&[]);
    let stranger = Client::new(&running.url);
    assert_eq!(stranger.get("/api/health").ok()["service"], "Old team");
    let login = stranger.post("/api/admin/login", &json!({"password": "the old password"}));
    assert!(login.ok()["token"].is_string());
    let worker = Client::agent(&running.url, &OldInstallation::key(2));
    let judge = Client::agent(&running.url, &OldInstallation::key(4));
    let step = |step: &str| worker.post(&format!("/api/sub-tasks/{PENDING}/{step}"), &json!({}));
    for name in ["claim", "start", "submit"] {
        step(name).ok();
    }
    let review = json!({"sub_task_id": PENDING, "result": "approved", "score": 5});
    judge.post("/api/review-records", &review).ok();
    assert_eq!(worker.get("/api/scores/me").ok()["total_score"], 15);
    let done = worker.get(&format!("/api/sub-tasks/{PENDING}")).ok();
    assert_eq!((&done["status"], &done["name"]), (&json!("done"), &json!("Pending")));
    let working = worker.get(&format!("/api/sub-tasks/{WORKING}")).ok();
    assert_eq!(working["current_session_id"], "session-3");
}

/// The client script with an imported key, as an agent of the old installation runs it.
#[test]
fn the_client_script_works_with_an_imported_key() {
    let (place, old) = (Place::new(), old());
    run(&place, &import(&old, &["--timezone", "Europe/Berlin"])).with_code(0);
    let running = place.serve(&[]);
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../skills/task-cli.py");
    let client = |args: &[&str]| -> Value {
        let said = finish(
            Command::new("python3")
                .arg(&script)
                .args(["--json", "--base-url", &running.url])
                .args(["--key", &OldInstallation::key(2)])
                .args(args),
        );
        said.with_code(0).json()
    };
    assert_eq!(client(&["st", "claim", PENDING])["status"], "assigned");
    assert_eq!(client(&["st", "start", PENDING])["status"], "in_progress");
    assert_eq!(client(&["st", "submit", PENDING])["status"], "review");
}

#[test]
fn what_cannot_be_imported_is_said_with_its_exit_code() {
    let (place, old) = (Place::new(), old());
    let said = run(&place, &import(&old, &[])).with_code(2);
    assert!(said.stderr.contains("--timezone Asia/Shanghai"), "{}", said.stderr);
    let said = run(&place, &import(&old, &["--timezone", "Mars"])).with_code(2);
    assert!(said.stderr.contains("IANA"), "{}", said.stderr);
    let itself = old.path().display().to_string();
    let said = run(&place, &import(&old, &["--timezone", "UTC", "--database", &itself]));
    assert!(said.with_code(2).stderr.contains("never changed"));
    place.run(&["db", "import", "--from", "nothing.db", "--timezone", "UTC"]).with_code(4);
    write_files(&place.path("."), &[("notes.txt", "x")]);
    let said = place.run(&["db", "import", "--from", "notes.txt"]).with_code(1);
    assert!(said.stderr.contains("not the header of an export"), "{}", said.stderr);
    assert!(!place.path("data").exists());

    run(&place, &import(&old, &["--timezone", "UTC"])).with_code(0);
    let again = run(&place, &import(&old, &["--timezone", "UTC"])).with_code(0);
    assert!(again.stdout.contains("everything was there already"), "{}", again.stdout);
    let elsewhen = run(&place, &import(&old, &["--timezone", "Asia/Tokyo"])).with_code(5);
    assert!(elsewhen.stderr.contains("nothing was imported"), "{}", elsewhen.stderr);
    let planned = run(&place, &import(&old, &["--timezone", "Asia/Tokyo", "--dry-run"]));
    assert!(planned.with_code(5).stdout.contains("c0000000-0000-4000-8000-000000000001"));
}

#[test]
fn content_is_exported_and_comes_back() {
    let (place, old) = (Place::new(), old());
    run(&place, &import(&old, &["--timezone", "Europe/Berlin"])).with_code(0);
    let said = place.run(&["db", "export", "--out", "all.jsonl"]).with_code(0);
    assert!(said.stdout.contains("all.jsonl"), "{}", said.stdout);
    place.run(&["db", "export", "--out", "all.jsonl"]).with_code(5);
    let copy = ["--database", "copy.db"];
    let import = |more: &[&str]| {
        let args: Vec<&str> = ["db", "import", "--from", "all.jsonl"]
            .iter()
            .chain(&copy)
            .chain(more)
            .copied()
            .collect();
        place.run(&args)
    };
    assert!(import(&["--dry-run"]).with_code(0).stdout.contains("nothing was written"));
    assert!(!place.path("copy.db").exists());
    import(&["--timezone", "UTC"]).with_code(2);
    import(&[]).with_code(0);
    let exported = place.run(&["db", "export", "--database", "copy.db"]).with_code(0).stdout;
    assert_eq!(exported, std::fs::read_to_string(place.path("all.jsonl")).unwrap());
    place.run(&["db", "check", "--database", "copy.db"]).with_code(0);
}
