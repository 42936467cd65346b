//! The generated parts of the documentation are what the tables say.

#[path = "support/blessed.rs"]
mod blessed;

use std::fs;

use openmoss_domain::sub_task::rules;
use openmoss_domain::{import, task};

/// The page with `content` between the markers called `name`; `None` if they are not there.
fn filled(page: &str, name: &str, content: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- begin {name} -->"), format!("<!-- end {name} -->"));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{content}\n{end}{after}"))
}

#[track_caller]
fn compare(page: &str, parts: &[(&str, String)]) {
    let path = blessed::file(page);
    let mut page = fs::read_to_string(&path).unwrap();
    for (name, content) in parts {
        page = filled(&page, name, content).unwrap();
    }
    blessed::compare(&path, &page);
}

#[test]
fn the_page_shows_the_tables_of_the_code() {
    let parts = [
        ("sub-task diagram", format!("```mermaid\n{}```", rules::to_mermaid())),
        ("sub-task table", rules::to_markdown().trim_end().to_owned()),
        ("task table", task::to_markdown().trim_end().to_owned()),
    ];
    compare("../../docs/state-machine.md", &parts);
}

#[test]
fn the_page_on_moving_over_shows_the_tables_of_the_code() {
    let parts = [("findings", import::to_markdown().trim_end().to_owned())];
    compare("../../docs/migration.md", &parts);
}
