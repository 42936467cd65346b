//! The form of skills and prompts, and what must not stand in any text.

use openmoss_domain::Role;
use regex::Regex;

use crate::text::Text;

/// What the strictest runtime lets into a skill's front matter.
const SKILL_KEYS: &[&str] = &[
    "name",
    "description",
    "homepage",
    "license",
    "allowed-tools",
    "user-invocable",
    "disable-model-invocation",
    "command-dispatch",
    "command-tool",
    "command-arg-mode",
    "metadata",
];
const DESCRIPTION_CHARS_MAX: usize = 1024;
const SKILL_LINES_MAX: usize = 150;
/// The key goes here in the skill of a role, and only there (contract, section 7).
const KEY_PLACEHOLDER: &str = "<注册后填入>";
/// A prompt with this marker is not joined with anything (contract, section 8).
const ONBOARDING_MARKER: &str = "## 🔧 平台对接";
const PROMPT_KEYS: &[&str] = &["created_at", "description", "example", "name", "role", "template"];
const VARIABLES: &[&str] = &[
    "workspace_root",
    "project_name",
    "base_url",
    "api_key",
    "registration_token",
    "role",
    "agent_name",
];

pub(crate) fn skill_problems(text: &Text) -> Vec<String> {
    let Some((pairs, body)) = text.front_matter() else {
        return vec![format!("{}: no front matter of `key: value` lines", text.path)];
    };
    let value = |key| pairs.iter().find(|(known, _)| *known == key).map_or("", |(_, value)| *value);
    let folder = text.path.rsplit('/').nth(1).unwrap_or_default();
    let name = Regex::new("^[a-z0-9-]{1,64}$").expect("a pattern");
    let description = value("description");
    let is_role = Role::ALL.iter().any(|role| folder == format!("task-{role}-skill"));
    let placeholders = text.content.matches(KEY_PLACEHOLDER).count();
    let mut problems = Vec::new();
    let mut hold = |holds: bool, what: &str| {
        if !holds {
            problems.push(format!("{}: {what}", text.path));
        }
    };
    hold(pairs.iter().all(|(key, _)| SKILL_KEYS.contains(key)), "a key that a runtime refuses");
    hold(name.is_match(value("name")) && value("name") == folder, "name is the folder's");
    hold(!description.is_empty(), "a description is needed");
    hold(description.chars().count() <= DESCRIPTION_CHARS_MAX, "the description is too long");
    hold(!description.contains(['<', '>']), "the description must not hold < or >");
    hold(is_plain(description), "the description is not plain YAML");
    hold(body.lines().count() < SKILL_LINES_MAX, "the body is too long");
    hold(
        placeholders == usize::from(is_role),
        "the placeholder of the key stands once in a role's skill",
    );
    problems
}

pub(crate) fn prompt_problems(text: &Text) -> Vec<String> {
    let Some((pairs, body)) = text.front_matter() else {
        return vec![format!("{}: no front matter of `key: value` lines", text.path)];
    };
    let value = |key| pairs.iter().find(|(known, _)| *known == key).map_or("", |(_, value)| *value);
    let slug = text.path.rsplit('/').next().and_then(|name| name.strip_suffix(".md"));
    let slug = slug.unwrap_or_default();
    let slugs = Regex::new("^[a-z0-9][a-z0-9-]*$").expect("a pattern");
    let date = Regex::new(r"^\d{4}-\d{2}-\d{2}$").expect("a pattern");
    let mut problems = Vec::new();
    let mut hold = |holds: bool, what: &str| {
        if !holds {
            problems.push(format!("{}: {what}", text.path));
        }
    };
    hold(
        pairs.iter().map(|(key, _)| *key).eq(PROMPT_KEYS.iter().copied()),
        "other or unsorted keys",
    );
    hold(value("role").parse::<Role>().is_ok(), "an unknown role");
    hold(
        slug == format!("{}-{}", value("role"), value("name")),
        "the file is not <role>-<name>.md",
    );
    hold(slugs.is_match(slug), "the file's name is not a slug");
    hold(date.is_match(value("created_at")), "created_at is not a date");
    hold(value("example") == "true", "what is shipped is an example");
    hold(value("template") == "true", "a short prompt needs its role's template");
    hold(!value("description").is_empty() && is_plain(value("description")), "description");
    hold(!body.trim().is_empty(), "nothing is said");
    hold(!text.content.contains(ONBOARDING_MARKER), "the marker would keep the template away");
    problems
}

/// Whether YAML reads the value as the text that it looks like.
fn is_plain(value: &str) -> bool {
    !value.contains(": ")
        && !value.contains(" #")
        && !value.starts_with(['"', '\'', '[', '{', '&', '*', '!', '|', '>', '%', '@', '`'])
}

/// What looks like a key: a long run of letters and digits, mixed as only chance mixes them.
pub(crate) fn keys(text: &Text) -> Vec<String> {
    let run = Regex::new("[A-Za-z0-9_]{24,}").expect("a pattern");
    let runs = run.find_iter(&text.content).map(|found| found.as_str());
    let secret = runs.filter(|run| run.chars().filter(char::is_ascii_digit).count() >= 4);
    secret.map(|run| format!("{}: {run} looks like a key", text.path)).collect()
}

pub(crate) fn variables(text: &Text) -> Vec<&str> {
    text.content.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()).collect()
}

pub(crate) fn unknown_variables(text: &Text) -> Vec<String> {
    let unknown = variables(text).into_iter().filter(|name| !VARIABLES.contains(name));
    unknown.map(|name| format!("{}: no variable {{{{{name}}}}}", text.path)).collect()
}

#[test]
fn every_mistake_in_a_skill_is_found() {
    let skill = |head: &str, body: &str| Text {
        path: "skills/task-patrol-skill/SKILL.md".to_owned(),
        content: format!("---\n{head}\n---\n{body}"),
    };
    let key = format!("key: {KEY_PLACEHOLDER}");
    let good = "name: task-patrol-skill\ndescription: Works.";
    assert_eq!(skill_problems(&skill(good, &key)), Vec::<String>::new());
    let long = format!("name: task-patrol-skill\ndescription: {}", "x".repeat(1025));
    let bad = [
        ("name: task-patrol-skill\ndescription: |\n  Works.", key.clone()),
        ("name: task-patrol-skill\ndescription: Works: well.", key.clone()),
        ("name: task-patrol-skill\ndescription: <b>", key.clone()),
        ("name: task-patrol-skill\ndescription: Works.\nversion: 1", key.clone()),
        ("name: Task Patrol\ndescription: Works.", key.clone()),
        ("name: task-planner-skill\ndescription: Works.", key.clone()),
        (&long, key.clone()),
        (good, String::new()),
        (good, format!("{key}\n{}", "line\n".repeat(150))),
    ];
    for (head, body) in bad {
        assert_eq!(skill_problems(&skill(head, &body)).len(), 1, "{head}");
    }
}

#[test]
fn every_mistake_in_a_prompt_is_found() {
    let good = "created_at: 2026-11-25\ndescription: Works\nexample: true\nname: ada\n\
                role: executor\ntemplate: true";
    let prompt = |head: &str| Text {
        path: "prompts/agents/executor-ada.md".to_owned(),
        content: format!("---\n{head}\n---\nWork.\n"),
    };
    assert_eq!(prompt_problems(&prompt(good)), Vec::<String>::new());
    for (from, to) in [
        ("role: executor", "role: worker"),
        ("name: ada", "name: lin"),
        ("2026-11-25", "today"),
        ("description: Works", "description: It works: well"),
        ("example: true", "example: yes"),
        ("example: true\n", ""),
        ("template: true", "template: false"),
        ("Work", "## 🔧 平台对接"),
    ] {
        let bad = Text { content: prompt(good).content.replace(from, to), ..prompt(good) };
        assert!(!prompt_problems(&bad).is_empty(), "{to}");
    }
}

#[test]
fn keys_and_unknown_variables_are_found() {
    let text = |content: &str| Text { path: "x.md".to_owned(), content: content.to_owned() };
    let key = format!("ak_{}", "0123456789abcdef".repeat(2));
    assert_eq!(keys(&text(&key)).len(), 1);
    assert_eq!(keys(&text("0f5bd9c8-6a0f-4b5b-9c4f-3d2a3e1c7f10 and openmoss_testkit")).len(), 0);
    assert_eq!(unknown_variables(&text("{{role}} {{key}} {{ role }}")).len(), 2);
}
