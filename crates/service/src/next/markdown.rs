//! The answer as Markdown, for a model that reads it in a shell.

use std::fmt::Write as _;

use openmoss_domain::NextAction;
use openmoss_domain::sub_task::{BlockedCause, Progress};

use super::{Delivered, NextWork, PatrolBrief, ReviewBrief, TaskBrief, WorkBrief};

impl NextWork {
    /// The answer as Markdown.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut page = Page::default();
        page.heading(1, &format!("{}: {}", self.action, self.sentence()));
        if self.is_idle() {
            return page.text;
        }
        if let Some(sub_task) = &self.sub_task {
            page.sub_task(sub_task);
        }
        page.list("Notes", &self.notes, |page, note| {
            page.item(&format!("{} ({}): {}", note.author, note.created_at, note.text));
        });
        page.list("Reviews", &self.reviews, Page::review);
        page.list("Handed in", &self.submissions, Page::delivered);
        page.list("What the prerequisites delivered", &self.prerequisites, Page::delivered);
        page.list("What the parts delivered", &self.deliverables, Page::delivered);
        page.list("Open patrol records", &self.patrol_records, Page::record);
        if let Some(task) = &self.task {
            page.task(task);
        }
        if let Some(score) = &self.score {
            page.heading(2, &format!("Your score: {}", score.total));
            for change in &score.changes {
                page.item(&format!("{:+}: {}", change.delta, change.reason));
            }
        }
        if let Some(rules) = &self.rules {
            page.heading(2, "Rules");
            page.paragraph(rules);
        }
        page.list("Report back", &self.report, |page, one| {
            page.item(&format!("{}: `{}`", one.purpose, one.command));
        });
        if let Some(etag) = &self.rules_etag {
            page.paragraph(&format!("rules_etag: {etag}"));
        }
        page.text
    }

    fn sentence(&self) -> String {
        let name = self.sub_task.as_ref().map_or("", |one| one.name.as_str());
        let task = self.task.as_ref().map_or("", |one| one.name.as_str());
        match self.action {
            NextAction::Rework => format!("mend {name:?}; the last review says what"),
            NextAction::Continue => format!("go on with {name:?}"),
            NextAction::Start => format!("do {name:?}, which was assigned to you"),
            NextAction::Claim if self.sub_task.is_none() => "there is work to take".to_owned(),
            NextAction::Claim => format!("do {name:?}, which is yours now"),
            NextAction::Review => format!("judge what was handed in for {name:?}"),
            NextAction::Plan => format!("break the goal {task:?} into sub-tasks"),
            NextAction::Unblock => format!("clear the way for {name:?}"),
            NextAction::Deliver => format!("all parts of {task:?} are done; check and deliver"),
            NextAction::Patrol => "look at what is wrong".to_owned(),
            NextAction::Idle => {
                let reason = self.reason.as_deref().unwrap_or("nothing to do");
                let seconds = self.next_check_seconds.unwrap_or_default();
                format!("{reason}. Ask again in {seconds} seconds.")
            }
        }
    }
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn heading(&mut self, level: usize, text: &str) {
        let before = if self.text.is_empty() { "" } else { "\n" };
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{before}{} {text}", "#".repeat(level));
    }

    fn paragraph(&mut self, text: &str) {
        let _ = write!(self.text, "\n{}\n", text.trim_end());
    }

    /// An entry of a list; further lines are indented, so that they belong to it.
    fn item(&mut self, text: &str) {
        let text = text.trim_end().replace('\n', "\n  ");
        let _ = writeln!(self.text, "- {text}");
    }

    fn list<T>(&mut self, heading: &str, items: &[T], write: impl Fn(&mut Self, &T)) {
        if items.is_empty() {
            return;
        }
        self.heading(2, heading);
        for item in items {
            write(self, item);
        }
    }

    fn part(&mut self, heading: &str, text: &str) {
        if !text.trim().is_empty() {
            self.heading(2, heading);
            self.paragraph(text);
        }
    }

    fn sub_task(&mut self, one: &WorkBrief) {
        self.item(&format!("sub-task: {}", one.id));
        self.item(&format!(
            "status: {}, priority: {}, attempt: {}, sent back: {}",
            one.status, one.priority, one.attempt, one.rework_count
        ));
        if let Some(module) = &one.module {
            self.item(&format!("module: {module}"));
        }
        if let Some(lease) = one.lease_expires_at {
            self.item(&format!("yours until {lease} without a sign of life"));
        }
        if !one.required_capabilities.is_empty() {
            self.item(&format!("needs: {}", one.required_capabilities.join(", ")));
        }
        if let Some(Progress { text, percent }) = &one.progress {
            let percent = percent.map(|percent| format!(" ({percent} %)")).unwrap_or_default();
            self.item(&format!("last progress{percent}: {text}"));
        }
        if let Some(BlockedCause { kind, detail, waits_for, .. }) = &one.blocked_cause {
            let waits_for = waits_for.as_ref().map(|what| format!("; waits for {what}"));
            self.item(&format!("blocked: {kind}: {detail}{}", waits_for.unwrap_or_default()));
        }
        self.part("Description", &one.description);
        self.part("Deliverable", &one.deliverable);
        self.part("Acceptance", &one.acceptance);
    }

    fn task(&mut self, one: &TaskBrief) {
        self.heading(2, &format!("Task: {} ({}, {})", one.name, one.id, one.status));
        if !one.description.is_empty() {
            self.paragraph(&one.description);
        }
    }

    fn review(&mut self, one: &ReviewBrief) {
        let mut text = format!("round {}: {}, score {}", one.round, one.result, one.score);
        for (label, part) in [("issues", &one.issues), ("comment", &one.comment)] {
            if !part.is_empty() {
                let _ = write!(text, "\n{label}: {part}");
            }
        }
        self.item(&text);
    }

    fn delivered(&mut self, one: &Delivered) {
        let late = one
            .submission_id
            .map(|id| format!(" (late, from a former owner: submission {id})"))
            .unwrap_or_default();
        let attempt = one.attempt.map(|attempt| format!(", attempt {attempt}"));
        let mut text =
            format!("{} ({}{}){late}", one.name, one.sub_task_id, attempt.unwrap_or_default());
        if !one.summary.is_empty() {
            let _ = write!(text, ": {}", one.summary);
        }
        for artifact in &one.artifacts {
            let title = if artifact.title.is_empty() { "" } else { " " };
            let _ =
                write!(text, "\n{}{title}{}: {}", artifact.kind, artifact.title, artifact.value);
        }
        if one.cut {
            let _ = write!(
                text,
                "\n(cut; all of it: `task-cli.py st submissions {}`)",
                one.sub_task_id
            );
        }
        self.item(&text);
    }

    fn record(&mut self, one: &PatrolBrief) {
        let about = one.sub_task_id.map(|id| format!(", sub-task {id}")).unwrap_or_default();
        let agent = one.agent_id.map(|id| format!(", agent {id}")).unwrap_or_default();
        let since = one.created_at;
        self.item(&format!(
            "{} {} ({}{about}{agent}) since {since}: {}",
            one.severity, one.kind, one.id, one.description
        ));
    }
}
