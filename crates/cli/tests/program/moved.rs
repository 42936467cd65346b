//! An installation of the Python system that moves over: its `config.yaml`, as that system writes
//! it (keys sorted, no comments), goes on working.

use serde_json::{Value, json};

use crate::support::{Answer, Client, PASSWORD, Place, Running, finish};

/// As the Python system leaves it after its wizard and a visit to its settings. The hash is of
/// [`PASSWORD`], with the lowest cost.
const CONFIG: &str = "\
admin:
  password: bcrypt:$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e
agent:
  allow_registration: true
  registration_token: 6f1d2c3b4a59687706152433f0e1d2c3
database:
  path: ./data/moved.db
  type: sqlite
notification:
  channels:
  - chat:oc_0123456789abcdef
  enabled: true
  events:
  - task_completed
  - review_rejected
  - all_done
  - patrol_alert
project:
  name: 小队
server:
  external_url: https://moss.example.com
  host: 0.0.0.0
  port: 6565
setup:
  initialized: true
webui:
  auto_update: true
  feed_retention_days: 7
  github_repo: uluckyXH/OpenMOSS
  public_feed: false
workspace:
  root: /workspace
";

fn moved(config: &str) -> Place {
    let place = Place::new();
    std::fs::write(place.path("config.yaml"), config).unwrap();
    place
}

fn log_in(running: &Running, password: &str) -> Answer {
    Client::new(&running.url).post("/api/admin/login", &json!({"password": password}))
}

fn register(running: &Running, token: &str, name: &str) -> Answer {
    let client = Client::with(&running.url, "X-Registration-Token", token);
    client.post("/api/agents/register", &json!({"name": name, "role": "executor"}))
}

fn sources(place: &Place) -> Vec<Value> {
    let shown = place.run(&["config", "show", "--json"]).with_code(0).json();
    shown.as_array().unwrap().clone()
}

fn row<'a>(rows: &'a [Value], key: &str) -> &'a Value {
    rows.iter().find(|row| row["key"] == key).unwrap_or_else(|| panic!("no {key}"))
}

#[test]
fn its_file_loads_unchanged_and_its_password_and_token_go_on_working() {
    let place = moved(CONFIG);
    place.run(&["config", "check"]).with_code(0);
    let running = place.serve(&[]);
    log_in(&running, PASSWORD).ok();
    assert!(matches!(log_in(&running, "admin123"), Answer::Status(403, _)));
    register(&running, "6f1d2c3b4a59687706152433f0e1d2c3", "old friend").ok();
    let health = Client::new(&running.url).get("/api/health").ok();
    assert_eq!(health["service"], "小队");
    let status = Client::new(&running.url).get("/api/setup/status").ok();
    assert_eq!(status, json!({"initialized": true, "has_external_url": true}));
    drop(running);
    assert_eq!(std::fs::read_to_string(place.path("config.yaml")).unwrap(), CONFIG);
}

#[test]
fn numbers_as_password_and_token_are_texts() {
    let config = CONFIG
        .replace("bcrypt:$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e", "20240101")
        .replace("6f1d2c3b4a59687706152433f0e1d2c3", "00123456");
    let place = moved(&config);
    let running = place.serve(&[]);
    log_in(&running, "20240101").ok();
    register(&running, "00123456", "scout").ok();
    drop(running);
    let after = std::fs::read_to_string(place.path("config.yaml")).unwrap();
    assert!(after.contains("bcrypt:$2") && !after.contains("20240101"), "{after}");
}

#[test]
fn an_md5_password_stops_the_start_and_says_the_way_out_which_works() {
    let config = CONFIG.replace(
        "bcrypt:$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
        "md5:0192023a7bbd73250516f069df18b500",
    );
    let place = moved(&config);
    let said = place.run(&["serve", "--port", "0"]).with_code(3);
    assert!(said.stderr.contains("config.yaml:2: admin.password is of the old md5: form"));
    assert!(said.stderr.contains("openmoss admin set-password"), "{}", said.stderr);
    // No server ever ran here, so there is no database yet.
    crate::commands::set_password(&place, "another horse").with_code(0);
    let running = place.serve(&[]);
    log_in(&running, "another horse").ok();
    assert!(matches!(log_in(&running, "admin123"), Answer::Status(403, _)));
    assert!(std::fs::read_to_string(place.path("config.yaml")).unwrap().contains("md5:"));
}

#[test]
fn a_value_that_the_python_system_choked_on_is_named_with_its_line() {
    let place = moved(&CONFIG.replace("feed_retention_days: 7", "feed_retention_days: abc"));
    let said = place.run(&["serve", "--port", "0"]).with_code(3);
    assert!(said.stderr.contains("config.yaml:28: webui.feed_retention_days"), "{}", said.stderr);
    let place = moved(&CONFIG.replace("port: 6565", "port: 65650"));
    let said = place.run(&["config", "check"]).with_code(3);
    assert!(said.stderr.contains("server.port must be a whole number from 0 to 65535"), "{said:?}");
}

#[test]
fn what_the_dashboard_changes_is_in_force_survives_and_is_told_from_the_file() {
    let place = moved(CONFIG);
    let running = place.serve(&[]);
    let admin = running.log_in();
    let change = json!({"project": {"name": "Apollo"}, "webui": {"feed_retention_days": 30}});
    assert_eq!(
        admin.put("/api/admin/config", &change).ok()["updated_keys"],
        json!(["project", "webui"])
    );
    assert_eq!(Client::new(&running.url).get("/api/health").ok()["service"], "Apollo");
    running.kill();

    let running = place.serve(&[]);
    let admin = running.log_in();
    let config = admin.get("/api/admin/config").ok();
    assert_eq!(config["project"]["name"], "Apollo");
    assert_eq!(config["webui"]["feed_retention_days"], 30);
    let seen = admin.get("/api/admin/config/sources").ok();
    let rows = sources(&place);
    for (key, source) in [
        ("project.name", "database"),
        ("webui.feed_retention_days", "database"),
        ("webui.public_feed", "config.yaml"),
        ("policy.lease_seconds", "default"),
    ] {
        assert_eq!(row(&rows, key)["source"], source, "{key}");
        assert_eq!(row(seen.as_array().unwrap(), key)["source"], source, "{key}");
    }
    assert_eq!(row(seen.as_array().unwrap(), "server.port")["source"], "flag --port");
    assert_eq!(std::fs::read_to_string(place.path("config.yaml")).unwrap(), CONFIG);
}

#[test]
fn what_the_environment_sets_cannot_be_changed_in_vain() {
    let place = moved(CONFIG);
    let mut command = place.command(&["serve", "--host", "127.0.0.1", "--port", "0"]);
    let command =
        command.env("OPENMOSS_PROJECT__NAME", "Fixed").env("OPENMOSS_ADMIN__PASSWORD", PASSWORD);
    let running = Running::start(command);
    let admin = running.log_in();
    let change = |name: &str| json!({"project": {"name": name}, "workspace": {"root": "/srv"}});
    let Answer::Status(422, problem) = admin.put("/api/admin/config", &change("Apollo")) else {
        panic!("refused")
    };
    assert_eq!(problem["errors"][0]["field"], "project.name");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("environment OPENMOSS_PROJECT__NAME"), "{detail}");
    assert_eq!(admin.get("/api/admin/config").ok()["workspace"]["root"], "/workspace");
    let listed = admin.get("/api/admin/config/sources").ok();
    let is_editable = |key| row(listed.as_array().unwrap(), key)["is_editable"].clone();
    assert_eq!([is_editable("project.name"), is_editable("workspace.root")], [false, true]);
    // To say again what is in force does no harm.
    admin.put("/api/admin/config", &change("Fixed")).ok();
    assert_eq!(admin.get("/api/admin/config").ok()["workspace"]["root"], "/srv");

    let new = json!({"old_password": PASSWORD, "new_password": "another horse"});
    let Answer::Status(422, problem) = admin.put("/api/admin/config/password", &new) else {
        panic!("refused")
    };
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("environment OPENMOSS_ADMIN__PASSWORD"), "{problem}");
    log_in(&running, PASSWORD).ok();
    let mut command = place.command(&["config", "show", "--json"]);
    let said = finish(command.env("OPENMOSS_PROJECT__NAME", "Fixed")).with_code(0).json();
    let rows = said.as_array().unwrap();
    assert_eq!(row(rows, "project.name")["source"], "environment OPENMOSS_PROJECT__NAME");
    assert_eq!(row(rows, "workspace.root")["source"], "database");
}
