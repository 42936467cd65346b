//! Prompts: files that an admin reads, writes and puts together.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{REGISTRATION_TOKEN, Reply, TestServer, text};

const TEMPLATES: &str = "/api/admin/prompts/templates";
const AGENTS: &str = "/api/admin/prompts/agents";
const MARKER: &str = "## 🔧 平台对接";

/// A server with a folder of content of its own.
struct Place {
    server: TestServer,
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().display().to_string();
        let server = TestServer::start_with(|settings| {
            settings.content.root = root;
            "Apollo".clone_into(&mut settings.project.name);
            "/srv/work".clone_into(&mut settings.workspace.root);
        });
        Self { server, folder }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("prompts").join(path)
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn get(&self, path: &str) -> Reply {
        self.server.admin().get(path)
    }

    fn row(&self, slug: &str) -> Value {
        let list = self.get(AGENTS).ok();
        let row = list.as_array().unwrap().iter().find(|row| row["slug"] == slug).cloned();
        row.unwrap_or_else(|| panic!("no {slug}: {list}"))
    }

    fn create(&self, body: &Value) -> Reply {
        self.server.admin().post(AGENTS, body)
    }

    fn compose(&self, slug: &str) -> String {
        text(&self.get(&format!("/api/admin/prompts/compose/{slug}")).ok()["prompt"])
    }
}

fn new(slug: &str) -> Value {
    json!({"slug": slug, "name": "Ada", "role": "executor", "content": "\n You write.\n\n"})
}

fn with(field: &str, value: Value) -> Value {
    let mut body = new("eve");
    body[field] = value;
    body
}

#[test]
fn every_role_has_a_template_that_can_be_replaced_while_the_server_runs() {
    let place = Place::new();
    let roles = || -> Vec<String> {
        let list = place.get(TEMPLATES).ok();
        list.as_array().unwrap().iter().map(|one| text(&one["role"])).collect()
    };
    assert_eq!(roles(), ["executor", "patrol", "planner", "reviewer"]);
    let path = format!("{TEMPLATES}/planner");
    let built_in = place.get(&path).ok();
    assert_eq!(
        (&built_in["filename"], &built_in["is_built_in"]),
        (&json!("planner.md"), &json!(true))
    );

    let written = place.server.admin().put(&path, &json!({"content": "Plan."})).ok();
    assert_eq!(written, json!({"role": "planner", "filename": "planner.md"}));
    let mine = place.get(&path).ok();
    assert_eq!((&mine["content"], &mine["is_built_in"]), (&json!("Plan."), &json!(false)));
    place.write("templates/planner.md", "Plan better.");
    assert_eq!(place.get(&path).ok()["content"], "Plan better.");
    fs::remove_file(place.path("templates/planner.md")).unwrap();
    assert_eq!(place.get(&path).ok(), built_in);
}

#[test]
fn an_old_template_counts_and_its_role_is_listed_once() {
    let place = Place::new();
    place.write("templates/task-planner.md", "old");
    let found = |path: &str| {
        let one = place.get(path).ok();
        (text(&one["filename"]), text(&one["content"]))
    };
    let path = format!("{TEMPLATES}/planner");
    assert_eq!(found(&path), ("task-planner.md".to_owned(), "old".to_owned()));
    place.server.admin().put(&path, &json!({"content": "new"})).ok();
    assert_eq!(found(&path), ("planner.md".to_owned(), "new".to_owned()));
    let list = place.get(TEMPLATES).ok();
    let planners = list.as_array().unwrap().iter().filter(|one| one["role"] == "planner");
    assert_eq!(planners.count(), 1);
}

#[test]
fn there_are_four_roles_and_no_other_template() {
    let place = Place::new();
    place.get(&format!("{TEMPLATES}/boss")).refused(404, "prompt.not_found");
    place.get(&format!("{TEMPLATES}/..%2f..%2fsecret")).refused(404, "prompt.not_found");
    let put =
        |path: &str, body: &Value| place.server.admin().put(&format!("{TEMPLATES}/{path}"), body);
    put("boss", &json!({"content": "x"})).wrong_fields(&["role"]);
    put("planner", &json!({})).wrong_fields(&["content"]);
    put("planner", &json!({"content": "x".repeat(256 * 1024 + 1)})).wrong_fields(&["content"]);
    place.server.executor().get(TEMPLATES).refused(403, "admin.no_session");
}

#[test]
fn a_prompt_is_created_read_edited_renamed_and_deleted() {
    let place = Place::new();
    let made = place.create(&new("eve"));
    assert_eq!(made.status, 201);
    assert_eq!(made.json(), json!({"slug": "executor-eve", "filename": "executor-eve.md"}));
    let one = place.get(&format!("{AGENTS}/executor-eve")).ok();
    assert_eq!(one["content"], "You write.");
    assert_eq!((&one["name"], &one["role"]), (&json!("Ada"), &json!("executor")));
    assert_eq!((&one["status"], &one["has_frontmatter"]), (&json!("ok"), &json!(true)));
    assert!(text(&one["created_at"]).len() == 10 && one["example"] == false, "{one}");
    let file = fs::read_to_string(place.path("agents/executor-eve.md")).unwrap();
    let keys: Vec<&str> = file.lines().filter_map(|line| Some(line.split_once(": ")?.0)).collect();
    assert_eq!(keys, ["created_at", "description", "example", "name", "role"], "{file}");

    let edit =
        |slug: &str, body: &Value| place.server.admin().put(&format!("{AGENTS}/{slug}"), body);
    let kept = edit("executor-eve", &json!({"description": "Writes", "role": null})).ok();
    assert_eq!(kept["slug"], "executor-eve");
    assert_eq!(place.row("executor-eve")["description"], "Writes");
    let moved = edit("executor-eve", &json!({"role": "reviewer", "content": "You check."})).ok();
    assert_eq!(moved, json!({"slug": "reviewer-eve", "filename": "reviewer-eve.md"}));
    place.get(&format!("{AGENTS}/executor-eve")).refused(404, "prompt.not_found");
    let one = place.get(&format!("{AGENTS}/reviewer-eve")).ok();
    assert_eq!((&one["content"], &one["description"]), (&json!("You check."), &json!("Writes")));

    let delete = || place.server.admin().delete(&format!("{AGENTS}/reviewer-eve"));
    delete().ok();
    delete().refused(404, "prompt.not_found");
    assert!(!place.path("agents/reviewer-eve.md").exists());
}

#[test]
fn a_prompt_has_one_place() {
    let place = Place::new();
    assert_eq!(place.create(&new("eve")).status, 201);
    place.create(&new("executor-eve")).refused(409, "already_exists");
    let mut other = new("eve");
    other["role"] = json!("planner");
    assert_eq!(place.create(&other).status, 201);
    let edit =
        place.server.admin().put(&format!("{AGENTS}/planner-eve"), &json!({"role": "executor"}));
    edit.refused(409, "already_exists");
    assert_eq!(place.row("planner-eve")["role"], "planner");
}

#[test]
fn wrong_prompts_are_refused_and_write_nothing() {
    let place = Place::new();
    for slug in ["n\n", "../x", "a/b", "A", "", "-x", "x.md", "é", &"x".repeat(101)] {
        place.create(&with("slug", json!(slug))).wrong_fields(&["slug"]);
    }
    place.create(&with("role", json!("boss"))).wrong_fields(&["role"]);
    place.create(&with("name", json!(" "))).wrong_fields(&["name"]);
    place.create(&with("content", json!("a\0b"))).wrong_fields(&["content"]);
    place
        .create(&json!({"slug": "../x", "name": "", "role": "planner", "content": ""}))
        .wrong_fields(&["slug", "name"]);
    place.create(&json!({})).wrong_fields(&["slug"]);
    assert!(!place.path("").exists(), "nothing was written");
    for slug in ["none", "..%2fx", "a%0a", "A"] {
        place.get(&format!("{AGENTS}/{slug}")).refused(404, "prompt.not_found");
        place.server.admin().delete(&format!("{AGENTS}/{slug}")).refused(404, "prompt.not_found");
    }
}

#[test]
fn the_state_of_a_file_is_told_and_a_broken_one_does_not_hide_the_others() {
    let place = Place::new();
    place.write("agents/executor-bare.md", "Only text.");
    place.write(
        "agents/writer.md",
        "---\nname: W\nrole: executor\ncreated_at: 2026-02-01\n---\nText",
    );
    place.write("agents/executor-broken.md", "---\nname: [\n---\nText");
    place.write("agents/executor-boss.md", "---\nrole: boss\n---\nText");
    place.write("agents/My Prompt.md", "Text");
    place.write("agents/executor-ok.md", "---\nrole: executor\nexample: true\n---\nText");
    let state = |slug: &str| {
        let row = place.row(slug);
        (text(&row["status"]), row["problem"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(state("executor-ok").0, "ok");
    assert_eq!(state("executor-bare").0, "unconfigured");
    assert_eq!(state("writer").0, "rename_suggested");
    for (slug, reason) in [
        ("executor-broken", "not valid YAML"),
        ("executor-boss", "role must be one of"),
        ("My Prompt", "rename the file"),
    ] {
        let (status, problem) = state(slug);
        assert!(status == "unreadable" && problem.contains(reason), "{slug}: {problem}");
    }
    assert_eq!(place.row("writer")["created_at"], "2026-02-01");
    assert_eq!(place.row("executor-ok")["example"], true);

    // It can be looked at and put right.
    let broken = format!("{AGENTS}/executor-broken");
    assert_eq!(place.get(&broken).ok()["content"], "---\nname: [\n---\nText");
    place.get("/api/admin/prompts/compose/executor-broken").refused(409, "content.unreadable");
    let edit = |body: &Value| place.server.admin().put(&broken, body);
    edit(&json!({"name": "B"})).wrong_fields(&["content"]);
    edit(&json!({"name": "B", "content": "Text"})).ok();
    assert_eq!(state("executor-broken").0, "ok");
    // Any edit gives a file the name that its role asks for.
    let writer = format!("{AGENTS}/writer");
    let moved = place.server.admin().put(&writer, &json!({"description": "x"})).ok();
    assert_eq!(moved["slug"], "executor-writer");
    assert!(!place.path("agents/writer.md").exists());
}

#[cfg(unix)]
#[test]
fn no_link_shows_a_file_from_elsewhere() {
    let place = Place::new();
    place.write("agents/executor-a.md", "Text");
    let secret = place.folder.path().join("config.yaml");
    fs::write(&secret, "s3cret").unwrap();
    std::os::unix::fs::symlink(&secret, place.path("agents/executor-leak.md")).unwrap();
    place.get(&format!("{AGENTS}/executor-leak")).refused(404, "prompt.not_found");
    assert!(!place.get(AGENTS).text().contains("leak"));
}

#[test]
fn a_whole_prompt_is_the_text_and_how_to_connect() {
    let place = Place::new();
    let content = "{{agent_name}} of {{project_name}} works in {{workspace_root}} as {{role}}, asks \
                   {{base_url}} with {{api_key}}. {{other}} {{ role }}";
    place.create(&with("content", json!(content)));
    let prompt = place.compose("executor-eve");
    let (own, connection) = prompt.split_once("\n\n---\n\n").unwrap();
    let base = place.server.base();
    assert_eq!(
        own,
        format!(
            "Ada of Apollo works in /srv/work as executor, asks {base} with <your API key>. \
             {{{{other}}}} {{{{ role }}}}"
        )
    );
    assert!(connection.starts_with(MARKER), "{connection}");
    for part in [
        &format!("\"{base}/api/agents/register\""),
        &format!("X-Registration-Token: {REGISTRATION_TOKEN}"),
        "\"name\": \"Ada\", \"role\": \"executor\"",
        &format!("{base}/api/tools/cli"),
        &format!("{base}/api/agents/me/skill"),
        "python3 task-cli.py score me",
    ] {
        assert!(connection.contains(part), "{part}: {connection}");
    }
    assert!(!connection.contains("{{") && !prompt.contains("ak_"), "{prompt}");
    place.get("/api/admin/prompts/compose/none").refused(404, "prompt.not_found");
}

#[test]
fn the_template_comes_first_when_the_prompt_wants_it() {
    let place = Place::new();
    place.write("templates/executor.md", "Role of {{project_name}}.\n");
    place.create(&with("template", json!(true)));
    assert!(
        place.compose("executor-eve").starts_with("Role of Apollo.\n\n---\n\nYou write.\n\n---")
    );
    let path = format!("{AGENTS}/executor-eve");
    place.server.admin().put(&path, &json!({"template": false})).ok();
    assert!(place.compose("executor-eve").starts_with("You write.\n\n---\n\n"));
}

#[test]
fn a_prompt_that_tells_how_to_connect_stays_alone() {
    let place = Place::new();
    place.create(&with("content", json!(format!("Mine.\n\n{MARKER}\n\nMy way."))));
    assert_eq!(place.compose("executor-eve"), format!("Mine.\n\n{MARKER}\n\nMy way."));
}

#[test]
fn the_onboarding_text_has_the_address_that_is_true() {
    let place = Place::new();
    let path = "/api/admin/prompts/onboarding/reviewer";
    let content = text(&place.get(path).ok()["content"]);
    assert!(content.contains("task-reviewer-skill") && content.contains(place.server.base()));
    let named = place.server.admin().with("Host", "moss.example:8080").get(path).ok();
    assert!(text(&named["content"]).contains("http://moss.example:8080/api/agents/register"));
    let change = json!({"server": {"external_url": "https://moss.example"},
                        "agent": {"allow_registration": false}});
    place.server.admin().put("/api/admin/config", &change).ok();
    let content = text(&place.get(path).ok()["content"]);
    assert!(content.contains("https://moss.example/api/tools/cli"), "{content}");
    assert!(!content.contains(REGISTRATION_TOKEN) && content.contains("self-registration is off"));
    place.get("/api/admin/prompts/onboarding/boss").wrong_fields(&["role"]);
    place.server.executor().get(path).refused(403, "admin.no_session");
}

#[test]
fn texts_come_in_chinese_where_there_are_some() {
    let place = Place::new();
    let chinese = |path: &str| place.get(&format!("{path}?lang=zh-CN"));
    let onboarding = "/api/admin/prompts/onboarding/planner";
    assert!(text(&chinese(onboarding).ok()["content"]).contains("步骤"));
    assert!(!text(&place.get(onboarding).ok()["content"]).contains("步骤"));

    place.write("templates/planner.md", "English");
    let path = format!("{TEMPLATES}/planner");
    let put = |lang: &str, content: &str| {
        let path = format!("{path}?lang={lang}");
        place.server.admin().put(&path, &json!({"content": content})).ok()
    };
    put("zh-CN", "中文");
    assert!(place.path("zh-CN/templates/planner.md").exists());
    let (found, english) = (chinese(&path).ok(), place.get(&path).ok());
    assert_eq!((&found["content"], &found["language"]), (&json!("中文"), &json!("zh-CN")));
    assert_eq!((&english["content"], &english["language"]), (&json!("English"), &json!("en")));

    place.create(&new("eve"));
    assert_eq!(chinese(&format!("{AGENTS}/executor-eve")).ok()["language"], "en");
    place.get(&format!("{AGENTS}?lang=tlh")).wrong_fields(&["lang"]);
}

#[test]
fn what_is_in_the_program_cannot_be_deleted_but_replaced() {
    let place = Place::new();
    let list = place.get(AGENTS).ok();
    for row in list.as_array().unwrap().iter().filter(|row| row["is_built_in"] == true) {
        let path = format!("{AGENTS}/{}", row["slug"].as_str().unwrap());
        place.server.admin().delete(&path).refused(409, "content.built_in");
        let other = if row["role"] == "planner" { "patrol" } else { "planner" };
        let moved = place.server.admin().put(&path, &json!({"role": other}));
        moved.refused(409, "content.built_in");
        place.server.admin().put(&path, &json!({"content": "Mine."})).ok();
        assert_eq!(place.get(&path).ok()["content"], "Mine.");
        let deleted = place.server.admin().delete(&path).ok();
        assert!(text(&deleted["message"]).contains("in its place again"), "{deleted}");
        assert_eq!(place.get(&path).ok()["is_built_in"], true);
    }
}

#[test]
fn who_changed_which_file_is_in_the_event_log() {
    let place = Place::new();
    place.create(&new("eve"));
    let events = place.get("/api/events").ok();
    let event = events["items"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&event["kind"], &event["actor"]["kind"]),
        (&json!("content_changed"), &json!("admin"))
    );
    assert_eq!(
        event["payload"],
        json!({"change": "written", "path": "prompts/agents/executor-eve.md"})
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    let folder = tempfile::tempdir().unwrap();
    // A file where the folder should be stops even those who may do everything.
    fs::write(folder.path().join("prompts"), "").unwrap();
    let root = folder.path().display().to_string();
    let server = TestServer::start_with(|settings| settings.content.root = root);
    let problem = server.admin().post(AGENTS, &new("eve")).refused(409, "content.not_writable");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("content.root") && !detail.contains("/tmp"), "{detail}");
    let path = format!("{TEMPLATES}/planner");
    assert_eq!(server.admin().get(&path).ok()["is_built_in"], true);
}
