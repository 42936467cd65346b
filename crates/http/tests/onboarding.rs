//! Adding an agent: the command, its token, and the script that it runs, for real.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Agent, Client, NOBODY, TestServer, text};

/// Its texts are those in the program, whatever lies in the folder of the other tests.
fn server() -> TestServer {
    TestServer::start_with(|settings| {
        "/nonexistent/onboarding".clone_into(&mut settings.content.root);
    })
}

fn path(agent: &Agent) -> String {
    format!("/api/admin/agents/{}/onboarding", agent.id)
}

/// The command that the admin gets for `agent`, and the token in it.
fn made(server: &TestServer, agent: &Agent, body: &Value) -> (String, String) {
    let command = text(&server.admin().post(&path(agent), body).ok()["command"]);
    let (_, rest) = command.split_once("OPENMOSS_ONBOARDING_TOKEN=").unwrap();
    let token = rest.split(' ').next().unwrap().to_owned();
    (command, token)
}

fn with_token(server: &TestServer, token: &str) -> Client {
    server.anyone().with("X-Onboarding-Token", token)
}

fn shell() -> Value {
    json!({"runtime": "shell", "wake_by": "timer"})
}

#[test]
fn a_command_gives_the_agent_a_key_once() {
    let server = server();
    let agent = server.executor();
    let (command, token) = made(&server, &agent, &shell());
    let base = server.base();
    let expected = format!("curl -fsS {base}/onboard.sh | OPENMOSS_ONBOARDING_TOKEN={token} sh");
    assert_eq!(command, expected);
    assert_eq!(server.admin().get(&path(&agent)).ok()["status"], "open");
    agent.get("/api/scores/me").ok();

    let stranger = with_token(&server, &token);
    let plan = stranger.get("/api/onboarding").ok();
    assert_eq!(plan["agent"], json!({"id": agent.id, "name": agent.name, "role": "executor"}));
    assert_eq!(
        (&plan["skill"], &plan["every_minutes"]),
        (&json!("task-executor-skill"), &json!(10))
    );
    agent.get("/api/scores/me").ok();

    let done = stranger.post("/api/onboarding", &json!({})).ok();
    let key = text(&done["api_key"]);
    assert!(text(&done["prompt"]).contains("Executor"), "{done}");
    agent.get("/api/scores/me").refused(401, "unauthenticated");
    let renewed = server.anyone().with("Authorization", &format!("Bearer {key}"));
    assert_eq!(renewed.get("/api/scores/me").ok()["agent_id"], json!(agent.id));
    let seen = server.admin().get(&path(&agent)).ok();
    assert_eq!((&seen["status"], &seen["runtime"]), (&json!("used"), &json!("shell")));
    assert!(seen["used_at"].is_string());
    for again in [stranger.get("/api/onboarding"), stranger.post("/api/onboarding", &json!({}))] {
        again.refused(403, "forbidden");
    }
    renewed.get("/api/scores/me").ok();
    let events = server.admin().get(&format!("/api/events?agent_id={}", agent.id)).ok();
    assert!(!events.to_string().contains(&token) && !events.to_string().contains(&key));
    let last = events["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["kind"], &last["payload"]["by"]),
        (&json!("agent_key_reset"), &json!("onboarding"))
    );
}

#[test]
fn a_command_is_void_after_an_hour_and_when_there_is_a_newer_one() {
    let server = server();
    let agent = server.executor();
    let (_, first) = made(&server, &agent, &shell());
    let (_, second) = made(&server, &agent, &shell());
    with_token(&server, &first).get("/api/onboarding").refused(403, "forbidden");
    with_token(&server, &second).get("/api/onboarding").ok();
    server.clock.advance(Duration::from_hours(1));
    with_token(&server, &second).post("/api/onboarding", &json!({})).refused(403, "forbidden");
    agent.get("/api/scores/me").ok();
    server.anyone().get("/api/onboarding").refused(401, "unauthenticated");
    let stranger = with_token(&server, "ot_guessed");
    for _ in 0..10 {
        stranger.get("/api/onboarding");
    }
    stranger.get("/api/onboarding").refused(429, "too_many_tries");
}

#[test]
fn what_cannot_be_is_refused_and_leaves_no_command() {
    let server = server();
    let (admin, agent) = (server.admin(), server.executor());
    let wrong = |body: Value, fields: &[&str]| {
        admin.post(&path(&agent), &body).wrong_fields(fields);
    };
    wrong(json!({"runtime": "abacus", "wake_by": "timer"}), &["runtime"]);
    wrong(json!({"runtime": "shell", "wake_by": "rooster"}), &["wake_by"]);
    wrong(json!({"runtime": "shell", "wake_by": "timer", "every_minutes": 0}), &["every_minutes"]);
    wrong(json!({"runtime": "shell", "wake_by": "timer", "directory": "a\nb"}), &["directory"]);
    admin.get(&path(&agent)).refused(404, "onboarding.not_found");
    let nobody = format!("/api/admin/agents/{NOBODY}/onboarding");
    admin.post(&nobody, &shell()).refused(404, "agent.not_found");
    agent.post(&path(&agent), &shell()).refused(403, "admin.no_session");
    // Deleting the agent takes its command with it.
    let (_, token) = made(&server, &agent, &shell());
    let delete = admin.call("DELETE", &format!("/api/admin/agents/{}", agent.id));
    delete.json(&json!({"confirm_name": agent.name})).send().ok();
    with_token(&server, &token).get("/api/onboarding").refused(403, "forbidden");
}

/// A home of its own, with a `crontab` that keeps what it is given in a file.
struct Host {
    home: tempfile::TempDir,
}

impl Host {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let bin = home.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        let crontab = "#!/bin/sh\nif [ \"$1\" = -l ]; then cat \"$HOME/crontab\"; else cat >\"$HOME/crontab\"; fi\n";
        std::fs::write(bin.join("crontab"), crontab).unwrap();
        make_executable(&bin.join("crontab"));
        Self { home }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.home.path().join(path)
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.at(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Runs the command as its reader would.
    fn run(&self, command: &str) -> Output {
        let path = format!("{}:{}", self.at("bin").display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).env("HOME", self.home.path()).env("PATH", path);
        shell.env_remove("OPENMOSS_URL").env_remove("OPENMOSS_KEY").current_dir(self.home.path());
        shell.output().unwrap()
    }

    fn succeeds(&self, command: &str) -> String {
        let output = self.run(command);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }

    fn fails(&self, command: &str) -> String {
        let output = self.run(command);
        assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

#[cfg(unix)]
fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_script_connects_an_agent_of_a_plain_shell_and_again_after_a_new_command() {
    let server = server();
    let (host, agent) = (Host::new(), server.executor());
    std::fs::write(host.at("crontab"), "0 5 * * * backup\n").unwrap();
    let given = json!({"skills": {"executor": ["wordpress-skill"]}});
    server.admin().put("/api/admin/config", &given).ok();
    let (command, token) = made(&server, &agent, &shell());
    let said = host.succeeds(&command);
    let folder = format!("openmoss/{}", agent.name.replace(' ', "-"));
    let env = host.read(&format!("{folder}/.openmoss/env"));
    let key = env.lines().find_map(|line| line.strip_prefix("OPENMOSS_KEY=")).unwrap().to_owned();
    assert!(env.contains(&format!("OPENMOSS_URL={}\n", server.base())));
    assert!(!said.contains(&key) && !said.contains(&token), "{said}");
    assert_eq!(mode(&host.at(&format!("{folder}/.openmoss/env"))), 0o600);
    let renewed = server.anyone().with("Authorization", &format!("Bearer {key}"));
    renewed.get("/api/scores/me").ok();
    assert!(host.read(&format!("{folder}/OPENMOSS.md")).contains("Executor"));
    assert!(host.at(&format!("{folder}/skills/task-executor-skill/SKILL.md")).is_file());
    assert!(host.at(&format!("{folder}/skills/wordpress-skill/references/CONFIG.md")).is_file());
    let cron = host.read("crontab");
    assert!(cron.starts_with("0 5 * * * backup\n*/10 * * * * python3 "), "{cron}");

    // What is the operator's stays; what is ours is renewed, and the timer is there once.
    std::fs::write(host.at(&format!("{folder}/.openmoss/run.sh")), "mine\n").unwrap();
    host.fails(&command);
    let body = json!({"runtime": "shell", "wake_by": "timer", "every_minutes": 120});
    host.succeeds(&made(&server, &agent, &body).0);
    assert_eq!(host.read(&format!("{folder}/.openmoss/run.sh")), "mine\n");
    renewed.get("/api/scores/me").refused(401, "unauthenticated");
    let cron = host.read("crontab");
    assert_eq!(cron.lines().count(), 2, "{cron}");
    assert!(cron.contains("\n0 */2 * * * python3 "), "{cron}");
    let by_hand = json!({"runtime": "shell", "wake_by": "nobody"});
    host.succeeds(&made(&server, &agent, &by_hand).0);
    assert_eq!(host.read("crontab"), "0 5 * * * backup\n");
}

#[test]
fn the_script_overwrites_nothing_of_others_and_keeps_the_token_for_another_try() {
    let server = server();
    let (host, agent) = (Host::new(), server.planner());
    std::fs::create_dir_all(host.at("my team")).unwrap();
    std::fs::write(host.at("my team/OPENMOSS.md"), "mine").unwrap();
    let body = json!({"runtime": "claude_code", "wake_by": "nobody", "directory": "~/my team"});
    let (command, _) = made(&server, &agent, &body);
    let said = host.fails(&command);
    assert!(said.contains("my team/OPENMOSS.md"), "{said}");
    assert_eq!(std::fs::read_dir(host.at("my team")).unwrap().count(), 1, "nothing was written");
    agent.get("/api/scores/me").ok();

    std::fs::remove_file(host.at("my team/OPENMOSS.md")).unwrap();
    std::fs::write(host.at("my team/CLAUDE.md"), "My own.\n").unwrap();
    let said = host.succeeds(&command);
    assert!(said.contains("note: ") && said.contains("CLAUDE.md"), "{said}");
    assert_eq!(host.read("my team/CLAUDE.md"), "My own.\n");
    assert!(host.at("my team/.claude/skills/task-planner-skill/task-cli.py").is_file());

    // The folder of one agent is not another's.
    let other = server.executor();
    let said = host.fails(&made(&server, &other, &body).0);
    assert!(said.contains("belongs to another agent"), "{said}");
    other.get("/api/scores/me").ok();
}

#[test]
fn the_script_adds_to_the_configuration_of_openclaw_and_takes_nothing_away() {
    let server = server();
    let (host, agent) = (Host::new(), server.reviewer());
    std::fs::create_dir_all(host.at(".openclaw/workspace")).unwrap();
    let before = json!({
        "gateway": {"port": 18789},
        "skills": {"entries": {"weather": {"enabled": false}}},
        "agents": {"list": [{"id": "rui", "workspace": "~/.openclaw/workspace"}]},
    });
    std::fs::write(host.at(".openclaw/openclaw.json"), before.to_string()).unwrap();
    let body = json!({"runtime": "openclaw", "wake_by": "timer"});
    host.succeeds(&made(&server, &agent, &body).0);
    let after: Value = serde_json::from_str(&host.read(".openclaw/openclaw.json")).unwrap();
    assert_eq!(after["gateway"], before["gateway"]);
    assert_eq!(after["skills"]["entries"]["weather"], json!({"enabled": false}));
    let env = &after["skills"]["entries"]["task-reviewer-skill"]["env"];
    assert_eq!(env["OPENMOSS_URL"], server.base());
    let renewed =
        server.anyone().with("Authorization", &format!("Bearer {}", text(&env["OPENMOSS_KEY"])));
    renewed.get("/api/scores/me").ok();
    assert_eq!(mode(&host.at(".openclaw/openclaw.json")), 0o600);
    assert!(host.at(".openclaw/workspace/skills/task-reviewer-skill/SKILL.md").is_file());
    let run = host.read(".openclaw/workspace/.openmoss/run.sh");
    assert!(run.contains("openclaw agent --agent rui "), "{run}");
    host.succeeds(&made(&server, &agent, &body).0);

    // What cannot be read is left alone, and said.
    std::fs::write(host.at(".openclaw/openclaw.json"), "{ // mine\n}").unwrap();
    let said = host.succeeds(&made(&server, &agent, &body).0);
    assert!(said.contains("add by hand") && !said.contains("ak_"), "{said}");
    assert_eq!(host.read(".openclaw/openclaw.json"), "{ // mine\n}");
}
