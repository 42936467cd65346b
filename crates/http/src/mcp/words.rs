//! What tools say of things: short, with the ids that the next call needs.

use std::fmt::Write as _;

use openmoss_domain::{
    Agent, Artifact, ArtifactKind, Note, PatrolRecord, Review, Submission, Task,
};
use openmoss_service::Page;
use openmoss_service::sub_task::SubTaskView;

/// Longest name that is repeated to whoever sent it.
const ECHO_CHARS_MAX: usize = 100;
/// How much is shown of what was handed in before the last time.
const OLD_SUBMISSION_CHARS_MAX: usize = 2_000;

/// A text of a client's, for an answer to it.
pub(super) fn shortened(text: &str) -> String {
    cut(text, ECHO_CHARS_MAX)
}

fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A list, and how to get the rest of it.
pub(super) fn page<T>(
    page: u32,
    found: &Page<T>,
    limit: i64,
    line: impl Fn(&T) -> String,
) -> String {
    if found.items.is_empty() {
        return "None.".to_owned();
    }
    let lines: Vec<_> = found.items.iter().map(line).collect();
    let mut text = lines.join("\n");
    let seen = i64::from(page) * limit;
    if found.total > seen {
        let (more, next) = (found.total - seen, i64::from(page) + 1);
        said(&mut text, format_args!("\n{more} more; ask with page={next}."));
    }
    text
}

/// Writing to a String cannot fail.
fn said(text: &mut String, more: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(more);
}

pub(super) fn task(one: &Task) -> String {
    format!("- {} [{}] {}", one.id, one.status, one.name)
}

pub(super) fn agent(one: &Agent) -> String {
    let mut text = format!("- {} [{}, {}] {}", one.id, one.role, one.status, one.name);
    if !one.description.is_empty() {
        said(&mut text, format_args!(": {}", shortened(&one.description)));
    }
    text
}

pub(super) fn finding(one: &PatrolRecord) -> String {
    let mut text = format!("- {} [{}, {}] {}", one.id, one.status, one.severity, one.kind);
    if let Some(id) = one.sub_task_id {
        said(&mut text, format_args!(" of sub-task {id}"));
    }
    said(&mut text, format_args!(": {}", shortened(&one.description)));
    text
}

pub(super) fn sub_task(one: &SubTaskView) -> String {
    let it = &one.sub_task;
    let mut text = format!("- {} [{}, {}] {}", it.id, it.status, it.priority, it.name);
    if let Some(waiting) = &one.waiting_for {
        said(&mut text, format_args!(" ({})", waiting.detail));
    }
    text
}

/// Everything about a sub-task, as Markdown.
pub(super) fn whole_sub_task(one: &SubTaskView, around: &Around) -> String {
    let it = &one.sub_task;
    let mut text = format!(
        "# {}\n\nsub_task_id {}, task_id {}, {}, priority {}, attempt {}",
        it.name, it.id, it.task_id, it.status, it.priority, it.attempt
    );
    if let Some(owner) = it.owner {
        said(&mut text, format_args!(", owner {owner}"));
    }
    if let Some(waiting) = &one.waiting_for {
        said(&mut text, format_args!("\nWaits: {}.", waiting.detail));
    }
    let actions: Vec<_> = one.allowed_actions.iter().map(|action| action.as_str()).collect();
    if !actions.is_empty() {
        said(&mut text, format_args!("\nYou can: {}.", actions.join(", ")));
    }
    let parts = [
        ("Description", &it.description),
        ("Deliverable", &it.deliverable),
        ("Acceptance", &it.acceptance),
    ];
    for (title, part) in parts.into_iter().filter(|(_, part)| !part.is_empty()) {
        said(&mut text, format_args!("\n\n## {title}\n\n{part}"));
    }
    let needed: Vec<_> = one.depends_on.iter().map(ToString::to_string).collect();
    list(&mut text, "Prerequisites", &needed);
    list(
        &mut text,
        "Reviews, newest first",
        &around.reviews.iter().map(review).collect::<Vec<_>>(),
    );
    let submissions = around.submissions.iter().map(submission).enumerate();
    let submissions: Vec<_> = submissions
        .map(|(n, text)| if n == 0 { text } else { cut(&text, OLD_SUBMISSION_CHARS_MAX) })
        .collect();
    list(&mut text, "Handed in, newest first", &submissions);
    list(&mut text, "Notes", &one.notes.iter().flatten().map(note).collect::<Vec<_>>());
    text
}

/// What belongs to a sub-task and lies elsewhere.
pub(super) struct Around {
    pub(super) reviews: Vec<Review>,
    pub(super) submissions: Vec<Submission>,
}

fn list(text: &mut String, title: &str, entries: &[String]) {
    if !entries.is_empty() {
        said(text, format_args!("\n\n## {title}\n\n- {}", entries.join("\n- ")));
    }
}

fn review(one: &Review) -> String {
    let mut text = format!("round {}: {}, score {}", one.round, one.result, one.score);
    for (title, part) in [("Issues", &one.issues), ("Comment", &one.comment)] {
        if !part.is_empty() {
            said(&mut text, format_args!("\n  {title}: {part}"));
        }
    }
    text
}

fn submission(one: &Submission) -> String {
    let late = if one.is_late { ", late" } else { "" };
    let mut text = format!("attempt {}{late}: {}", one.attempt, one.deliverable.summary);
    for artifact in &one.deliverable.artifacts {
        said(&mut text, format_args!("\n  - {}", shown(artifact)));
    }
    text
}

fn shown(one: &Artifact) -> String {
    let title = if one.title.is_empty() { String::new() } else { format!("{}: ", one.title) };
    match one.kind {
        ArtifactKind::Path | ArtifactKind::Url => format!("{title}{}", one.value),
        ArtifactKind::Text => format!("{title}\n{}", one.value),
    }
}

fn note(one: &Note) -> String {
    format!("{}: {}", one.author_kind, one.text)
}
