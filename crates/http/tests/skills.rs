//! Skills: served to agents while they are edited, packed, uploaded, deleted.

use std::fs;
use std::io::Read as _;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Client, Reply, TestServer, text};

const SKILLS: &str = "/api/skills";
const ADMIN: &str = "/api/admin/skills";
const EXECUTOR: &str = "task-executor-skill";

/// A server with a folder of content of its own.
struct Place {
    server: TestServer,
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().display().to_string();
        let server = TestServer::start_with(|settings| settings.content.root = root);
        Self { server, folder }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("skills").join(path)
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn find(&self, name: &str) -> Value {
        self.server.admin().get(&format!("{SKILLS}/{name}")).ok()
    }

    fn zip(&self, name: &str) -> Vec<u8> {
        let reply = self.server.admin().get(&format!("{SKILLS}/{name}/zip"));
        assert_eq!(reply.status, 200, "{reply}");
        reply.body
    }

    fn upload(&self, archive: Vec<u8>) -> Reply {
        let call = self.server.admin().call("POST", ADMIN);
        call.header("Content-Type", "application/zip").body(archive).send()
    }

    fn edit(&self, name: &str, path: &str, content: &str) -> Reply {
        let body = json!({"path": path, "content": content});
        self.server.admin().put(&format!("{ADMIN}/{name}/files"), &body)
    }

    fn delete(&self, name: &str) -> Reply {
        self.server.admin().delete(&format!("{ADMIN}/{name}"))
    }
}

fn skill(name: &str, description: &str) -> String {
    format!("---\nname: {name}\ndescription: {description}\n---\n\n# Do it\n")
}

/// The files of a `.zip` that is not compressed, by name, read without the library that made it.
fn unzipped(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut rest = archive;
    let number =
        |bytes: &[u8]| bytes.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    while rest.starts_with(b"PK\x03\x04") {
        assert_eq!(number(&rest[8..10]), 0, "stored as it is");
        let (size, name, extra) =
            (number(&rest[18..22]), number(&rest[26..28]), number(&rest[28..30]));
        let mut head = [0; 30];
        rest.read_exact(&mut head).unwrap();
        let (path, after) = rest.split_at(name);
        let (content, after) = after[extra..].split_at(size);
        files.push((String::from_utf8(path.to_vec()).unwrap(), content.to_vec()));
        rest = after;
    }
    files
}

#[test]
fn the_skills_of_every_role_are_there_for_agents_and_the_admin() {
    let place = Place::new();
    let executor = place.server.executor();
    let list = executor.get(SKILLS).ok();
    for role in ["planner", "executor", "reviewer", "patrol"] {
        let name = format!("task-{role}-skill");
        let item = list.as_array().unwrap().iter().find(|item| item["name"] == name).unwrap();
        assert_eq!((&item["problems"], &item["is_built_in"]), (&json!([]), &json!(true)), "{item}");
        assert!(!text(&item["description"]).is_empty());
        assert!(item["files"].as_array().unwrap().contains(&json!("SKILL.md")));
    }
    assert_eq!(place.server.admin().get(SKILLS).ok(), list);
    place.server.anyone().get(SKILLS).refused(401, "unauthenticated");
    executor.get(&format!("{SKILLS}/none")).refused(404, "skill.not_found");
    for name in ["..", "%2e%2e%2fsecret", "A", "a%0a"] {
        executor.get(&format!("{SKILLS}/{name}/zip")).refused(404, "skill.not_found");
    }
}

#[test]
fn an_edited_folder_is_served_at_once_with_another_version() {
    let place = Place::new();
    let before = place.find(EXECUTOR);
    place.write("task-executor-skill/SKILL.md", &skill(EXECUTOR, "Mine"));
    let edited = place.find(EXECUTOR);
    assert_eq!((&edited["description"], &edited["is_built_in"]), (&json!("Mine"), &json!(false)));
    assert_ne!(edited["version"], before["version"]);
    assert!(text(&edited["checksum"]).starts_with(&text(&edited["version"])));
    place.write("task-executor-skill/references/MORE.md", "more");
    let more = place.find(EXECUTOR);
    assert_ne!(more["version"], edited["version"]);
    assert_eq!(
        more["files"][1],
        json!({"path": "references/MORE.md", "bytes": 4, "content": "more"})
    );

    // What existing clients download is the same file, with the key filled in.
    place.write("task-executor-skill/SKILL.md", "key: <注册后填入>");
    let executor = place.server.executor();
    assert_eq!(executor.get("/api/agents/me/skill").text(), format!("key: {}", executor.key));

    place.write("new-skill/SKILL.md", &skill("new-skill", "New"));
    let list = place.server.admin().get(SKILLS).ok();
    assert!(list.as_array().unwrap().iter().any(|item| item["name"] == "new-skill"));
    fs::remove_dir_all(place.path(EXECUTOR)).unwrap();
    assert_eq!(place.find(EXECUTOR), before);
}

#[test]
fn what_runtimes_would_refuse_is_told() {
    let place = Place::new();
    place.write("odd-skill/SKILL.md", "---\nname: other\n---\nText");
    let odd = place.find("odd-skill");
    let problems = odd["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(text(&problems[0]).contains("description"));
}

#[test]
fn who_has_the_version_is_not_sent_it_again() {
    let place = Place::new();
    let executor = place.server.executor();
    let ask = |path: &str, tag: &str| {
        let client = Client::with(&executor, "If-None-Match", tag);
        client.get(&format!("{SKILLS}/{EXECUTOR}{path}"))
    };
    for path in ["", "/zip"] {
        let first = executor.get(&format!("{SKILLS}/{EXECUTOR}{path}"));
        let tag = first.header("etag").to_owned();
        let again = ask(path, &tag);
        assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, tag.as_str()));
        assert_eq!(ask(path, "\"other\"").status, 200);
        place.write(&format!("{EXECUTOR}/SKILL.md"), &skill(EXECUTOR, &format!("x{}", path.len())));
        assert_eq!(ask(path, &tag).status, 200);
    }
}

#[test]
fn a_zip_is_the_folder_and_always_the_same() {
    let place = Place::new();
    let reply = place.server.admin().get(&format!("{SKILLS}/{EXECUTOR}/zip"));
    assert_eq!(reply.header("content-type"), "application/zip");
    assert_eq!(
        reply.header("content-disposition"),
        "attachment; filename=\"task-executor-skill.zip\""
    );
    let files = unzipped(&reply.body);
    let found = place.find(EXECUTOR);
    let expected: Vec<_> = found["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| {
            (format!("{EXECUTOR}/{}", text(&file["path"])), text(&file["content"]).into_bytes())
        })
        .collect();
    assert_eq!(files, expected);
    assert_eq!(place.zip(EXECUTOR), reply.body);
}

#[test]
fn a_skill_is_uploaded_replaced_and_deleted() {
    let place = Place::new();
    place.write("own-skill/SKILL.md", &skill("own-skill", "First"));
    place.write("own-skill/references/OLD.md", "old");
    let first = place.zip("own-skill");
    fs::remove_dir_all(place.path("own-skill")).unwrap();
    let made = place.upload(first.clone()).ok();
    assert_eq!((&made["name"], &made["description"]), (&json!("own-skill"), &json!("First")));
    assert_eq!(place.zip("own-skill"), first);
    let events = place.server.admin().get("/api/events").ok();
    place.upload(first).ok();
    assert_eq!(place.server.admin().get("/api/events").ok(), events, "a repeat changes nothing");

    let other = Place::new();
    other.write("own-skill/SKILL.md", &skill("own-skill", "Second"));
    place.upload(other.zip("own-skill")).ok();
    let second = place.find("own-skill");
    assert_eq!(
        (&second["description"], second["files"].as_array().unwrap().len()),
        (&json!("Second"), 1)
    );
    let names: Vec<_> =
        fs::read_dir(place.path("")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["own-skill"], "nothing is left over");

    place.delete("own-skill").ok();
    place.delete("own-skill").refused(404, "skill.not_found");
    place.server.executor().call("POST", ADMIN).send().refused(403, "admin.no_session");
}

#[test]
fn what_is_no_skill_is_refused_and_writes_nothing() {
    let place = Place::new();
    place.upload(b"no zip".to_vec()).wrong_fields(&["archive"]);
    place.upload(Vec::new()).wrong_fields(&["archive"]);
    place.write("odd-skill/SKILL.md", "---\nname: odd-skill\n---\nText");
    let odd = place.zip("odd-skill");
    fs::remove_dir_all(place.path("")).unwrap();
    place.upload(odd).wrong_fields(&["SKILL.md"]);
    assert!(!place.path("").exists());
    // As `zip` writes a name that climbs.
    let climbing = place.zip(EXECUTOR);
    let (from, to) = (EXECUTOR.as_bytes(), b"../../../../../evil");
    assert_eq!(from.len(), to.len());
    let mut bytes = climbing;
    for start in 0..bytes.len() - from.len() {
        if bytes[start..].starts_with(from) && bytes.get(start + from.len()) == Some(&b'/') {
            bytes[start..start + to.len()].copy_from_slice(to);
        }
    }
    place.upload(bytes).wrong_fields(&["archive"]);
    assert!(!place.path("").exists());
    let large = place.server.admin().call("POST", ADMIN).body(vec![0; (1 << 20) + 1]).send();
    large.refused(413, "body_too_large");
}

#[test]
fn one_file_is_edited_and_the_rest_of_the_skill_stays() {
    let place = Place::new();
    let before = place.find(EXECUTOR);
    let edited = place.edit(EXECUTOR, "references/OURS.md", "ours").ok();
    assert_eq!(edited["is_built_in"], false);
    let count = before["files"].as_array().unwrap().len();
    assert_eq!(edited["files"].as_array().unwrap().len(), count + 1);
    assert_eq!(edited["description"], before["description"]);
    let content = skill(EXECUTOR, "Edited");
    assert_eq!(place.edit(EXECUTOR, "SKILL.md", &content).ok()["description"], "Edited");
    assert_eq!(fs::read_to_string(place.path("task-executor-skill/SKILL.md")).unwrap(), content);

    place.edit(EXECUTOR, "SKILL.md", "no front matter").wrong_fields(&["content"]);
    for path in ["../x", "/etc/x", ".env", "a/../b", "", "a\0", "a\\b"] {
        place.edit(EXECUTOR, path, "x").wrong_fields(&["path"]);
    }
    let body = json!({"path": "x.md", "content": "x", "mode": 1});
    let path = format!("{ADMIN}/{EXECUTOR}/files");
    place.server.admin().put(&path, &body).wrong_fields(&["mode"]);
    place.edit("none", "x.md", "x").refused(404, "skill.not_found");

    let deleted = place.delete(EXECUTOR).ok();
    assert!(text(&deleted["message"]).contains("in its place again"));
    assert_eq!(place.find(EXECUTOR), before);
    place.delete(EXECUTOR).refused(409, "content.built_in");
}

#[test]
fn a_skill_is_given_to_roles_by_settings() {
    let server = TestServer::start();
    let roles = |name: &str| server.admin().get(&format!("{SKILLS}/{name}")).ok()["roles"].clone();
    assert_eq!(roles(EXECUTOR), json!(["executor"]));
    assert_eq!(roles("wordpress-skill"), json!([]));
    let give = |names: Value| {
        server.admin().put("/api/admin/config", &json!({"skills": {"reviewer": names}}))
    };
    give(json!([
        "wordpress-skill",
        EXECUTOR,
        "gone-skill",
        "wordpress-skill",
        "task-reviewer-skill"
    ]))
    .ok();
    assert_eq!(roles("wordpress-skill"), json!(["reviewer"]));
    assert_eq!(roles(EXECUTOR), json!(["executor", "reviewer"]));
    let listed = server.admin().get(SKILLS).ok();
    let listed = listed.as_array().unwrap().iter().find(|one| one["name"] == EXECUTOR).unwrap();
    assert_eq!(listed["roles"], json!(["executor", "reviewer"]));
    let given = server.service.more_skills(openmoss_domain::Role::Reviewer);
    assert_eq!(given, ["wordpress-skill", EXECUTOR], "what is there, and not its own");
    give(json!(["../secrets"])).wrong_fields(&["skills.reviewer"]);
    assert_eq!(roles("wordpress-skill"), json!(["reviewer"]), "a wrong list changes nothing");
}
