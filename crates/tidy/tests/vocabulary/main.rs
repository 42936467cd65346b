//! What the texts for agents and people name exists: each command of the client, each status,
//! action, role, event, field and endpoint; and the texts have the form that their readers need.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot look has failed"
)]

mod client;
mod form;
mod languages;
mod text;
mod words;

use text::Text;

/// Texts that a model reads: every word in them counts.
const FOR_AGENTS: &[&str] = &["prompts", "rules", "skills"];
/// Skills that do not speak of this server begin otherwise.
const ROLE_SKILLS: &str = "skills/task-";
/// Pages about agents and the rules, held as strictly.
const ABOUT_AGENTS: &[&str] =
    &["docs/agents.md", "docs/service-skills.md", "docs/state-machine.md"];
/// A page about `openmoss` itself, whose commands are named like the client's.
const OWN_COMMAND_LINE: &str = "docs/cli.md";

fn texts_for_agents() -> Vec<Text> {
    FOR_AGENTS.iter().flat_map(|folder| Text::below(folder)).collect()
}

fn texts_about_agents() -> Vec<Text> {
    ABOUT_AGENTS.iter().map(|path| Text::read(path)).collect()
}

fn documents() -> Vec<Text> {
    let mut documents = Text::below("docs");
    documents.retain(|text| !text.path.starts_with("docs/decisions/"));
    documents.push(Text::read("README.md"));
    documents
}

fn none(problems: &[String]) {
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_command_of_the_client_exists() {
    let mut texts = texts_for_agents();
    texts.extend(documents().into_iter().filter(|text| text.path != OWN_COMMAND_LINE));
    let named: Vec<_> = texts.iter().flat_map(client::named).collect();
    assert!(named.len() > 100, "only {} commands were found", named.len());
    none(&client::problems(&named));
}

#[test]
fn every_endpoint_exists() {
    let api = words::Api::read();
    let texts: Vec<_> = texts_for_agents().into_iter().chain(documents()).collect();
    assert!(texts.iter().any(|text| text.content.contains("/api/")), "no endpoint was found");
    none(&texts.iter().flat_map(|text| api.unknown_endpoints(text)).collect::<Vec<_>>());
}

#[test]
fn every_word_of_the_vocabulary_exists() {
    let api = words::Api::read();
    let mut texts = texts_for_agents();
    texts.retain(|text| !text.path.starts_with("skills/") || text.path.starts_with(ROLE_SKILLS));
    texts.extend(texts_about_agents());
    none(&texts.iter().flat_map(|text| api.unknown_words(text)).collect::<Vec<_>>());
    none(&documents().iter().flat_map(|text| api.unknown_records(text)).collect::<Vec<_>>());
}

#[test]
fn skills_have_the_form_that_every_runtime_takes() {
    let texts = Text::below("skills");
    let skills: Vec<_> = texts.iter().filter(|text| text.path.ends_with("/SKILL.md")).collect();
    assert_eq!(skills.len(), 8, "four roles and four services");
    none(&skills.into_iter().flat_map(form::skill_problems).collect::<Vec<_>>());
}

#[test]
fn agent_prompts_have_the_form_that_the_dashboard_reads() {
    let texts = texts_for_agents();
    let prompts: Vec<_> = texts.iter().filter(|text| text.path.contains("/agents/")).collect();
    assert!(prompts.len() >= 10, "only {} prompts were found", prompts.len());
    none(&prompts.into_iter().flat_map(form::prompt_problems).collect::<Vec<_>>());
}

#[test]
fn no_text_holds_a_key_or_an_unknown_variable() {
    let texts: Vec<_> = texts_for_agents().into_iter().chain(documents()).collect();
    none(&texts.iter().flat_map(form::keys).collect::<Vec<_>>());
    none(&texts_for_agents().iter().flat_map(form::unknown_variables).collect::<Vec<_>>());
}

#[test]
fn english_and_chinese_say_the_same() {
    let prompts = languages::problems(&Text::below("prompts"), "prompts");
    let rules = languages::problems(&Text::below("rules"), "rules");
    none(&[prompts, rules].concat());
}
