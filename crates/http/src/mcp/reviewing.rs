//! Tools of whoever judges work.

use openmoss_domain::{ReviewResult, Role};

use super::arguments::Arguments;
use super::catalog::{Effect, Tool};
use super::working::NEXT;
use super::{Told, Turn, schema};
use crate::reviews::CreateBody;
use crate::sub_tasks::notes::NoteBody;

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        name: "review_work",
        title: "Review work",
        description: "Review a submitted sub-task: approve it, or reject it with issues to mend; score 1 to 5",
        roles: &[Role::Reviewer],
        effect: Effect::Adds,
        arguments: schema::of::<CreateBody>,
        run: review_work,
    },
    Tool {
        name: "add_note",
        title: "Add a note",
        description: "Add a note to a sub-task for whoever works on it",
        roles: &[Role::Reviewer],
        effect: Effect::Adds,
        arguments: || schema::with_id::<NoteBody>("sub_task_id", "Which sub-task."),
        run: add_note,
    },
];

fn review_work(turn: &Turn<'_>, arguments: Arguments) -> Told {
    let (id, verdict) = arguments.body::<CreateBody>()?.into_verdict()?;
    let review = turn.service.review_sub_task(&turn.cx, id, &verdict)?;
    let became = match review.result {
        ReviewResult::Approved => "Approved",
        ReviewResult::Rejected => "Sent back with your issues",
    };
    Ok(format!("{became}, score {} (round {}). {NEXT}", review.score, review.round))
}

fn add_note(turn: &Turn<'_>, mut arguments: Arguments) -> Told {
    let id = arguments.id("sub_task")?;
    let body: NoteBody = arguments.body()?;
    turn.service.add_note(&turn.cx, id, &body.text)?;
    Ok("The note is on the sub-task; whoever reads it sees the note.".to_owned())
}
