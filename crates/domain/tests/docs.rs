//! The generated parts of `docs/state-machine.md` are what the tables say.

#[path = "support/blessed.rs"]
mod blessed;

use std::fs;

use openmoss_domain::sub_task::rules;
use openmoss_domain::task;

const PAGE: &str = "../../docs/state-machine.md";

/// The page with `content` between the markers called `name`; `None` if they are not there.
fn filled(page: &str, name: &str, content: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- begin {name} -->"), format!("<!-- end {name} -->"));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{content}\n{end}{after}"))
}

#[test]
fn the_page_shows_the_tables_of_the_code() {
    let path = blessed::file(PAGE);
    let mut page = fs::read_to_string(&path).unwrap();
    let parts = [
        ("sub-task diagram", format!("```mermaid\n{}```", rules::to_mermaid())),
        ("sub-task table", rules::to_markdown().trim_end().to_owned()),
        ("task table", task::to_markdown().trim_end().to_owned()),
    ];
    for (name, content) in parts {
        page = filled(&page, name, &content).unwrap();
    }
    blessed::compare(&path, &page);
}
