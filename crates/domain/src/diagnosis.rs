//! Why a task does not move, in a sentence or a few.

use crate::sub_task::Status;
use crate::task::Task;
use crate::waiting::Surroundings;

/// How many sub-tasks of a task are where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing<C> {
    /// How many are in a status.
    pub in_status: C,
    /// How many can be claimed right now.
    pub claimable: i64,
    /// How many owners have been silent for longer than their lease.
    pub silent: i64,
}

/// What keeps `task` from being finished; the worst first.
#[must_use]
pub fn diagnose<C: Fn(Status) -> i64>(
    task: &Task,
    standing: &Standing<C>,
    around: &Surroundings,
) -> String {
    let count = |status: &Status| (standing.in_status)(*status);
    let total: i64 = Status::ALL.iter().map(count).sum();
    let open: i64 = Status::ALL.iter().filter(|one| !one.is_terminal()).map(count).sum();
    if !task.status.is_open() {
        let kept = if open > 0 { format!("; {open} open sub-tasks rest") } else { String::new() };
        return format!("The task is {}{kept}.", task.status);
    }
    if total == 0 {
        return "Nobody has planned it yet: a planner must create sub-tasks.".to_owned();
    }
    if open == 0 {
        return "All work is over: the planner must deliver.".to_owned();
    }
    let wanted = total - count(&Status::Cancelled);
    let done = format!("{} of {wanted} sub-tasks done", count(&Status::Done));
    let groups = groups(&count, standing, around);
    let groups = groups.iter().filter(|(n, _)| *n > 0).map(|(n, words)| format!("{n} {words}"));
    let parts: Vec<_> = std::iter::once(done).chain(groups).collect();
    format!("{}.", parts.join("; "))
}

fn groups<C>(
    count: &impl Fn(&Status) -> i64,
    standing: &Standing<C>,
    around: &Surroundings,
) -> [(i64, &'static str); 8] {
    let (silent, claimable) = (standing.silent, standing.claimable);
    let in_review = match around.active_reviewers {
        0 => "in review, and no active reviewer exists",
        _ => "in review",
    };
    let can_be_claimed = match around.active_executors {
        0 => "claimable, and no active executor exists",
        _ => "claimable",
    };
    [
        (count(&Status::Blocked), "blocked: the planner must decide"),
        (silent, "with an owner that fell silent"),
        (count(&Status::Review), in_review),
        (count(&Status::Rework), "to be mended by the owner"),
        (count(&Status::Assigned), "given to an owner and not begun"),
        (count(&Status::InProgress) - silent, "at work"),
        (claimable, can_be_claimed),
        (count(&Status::Pending) - claimable, "not ready yet"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TaskId;
    use crate::sub_task::WorkKind;
    use crate::task::TaskStatus;
    use crate::time::Timestamp;

    fn said(status: TaskStatus, counts: &[(Status, i64)], claimable: i64, silent: i64) -> String {
        let id = TaskId::from_uuid(uuid::Uuid::nil());
        let now = Timestamp::from_micros(0);
        let new = Task::create(id, "Goal".to_owned(), String::new(), WorkKind::Once, now);
        let in_status = |wanted| {
            counts.iter().find(|(status, _)| *status == wanted).map_or(0, |(_, count)| *count)
        };
        let around = Surroundings { active_executors: 1, ..Surroundings::default() };
        diagnose(&Task { status, ..new }, &Standing { in_status, claimable, silent }, &around)
    }

    #[test]
    fn a_task_says_what_it_waits_for() {
        let counts = [
            (Status::Done, 3),
            (Status::Cancelled, 1),
            (Status::Blocked, 1),
            (Status::InProgress, 2),
            (Status::Review, 2),
            (Status::Pending, 5),
        ];
        assert_eq!(
            said(TaskStatus::InProgress, &counts, 4, 1),
            "3 of 13 sub-tasks done; 1 blocked: the planner must decide; 1 with an owner that fell \
             silent; 2 in review, and no active reviewer exists; 1 at work; 4 claimable; 1 not \
             ready yet."
        );
        assert_eq!(
            said(TaskStatus::Planning, &[], 0, 0),
            "Nobody has planned it yet: a planner must create sub-tasks."
        );
        assert_eq!(
            said(TaskStatus::Active, &[(Status::Done, 1)], 0, 0),
            "All work is over: the planner must deliver."
        );
        assert_eq!(
            said(TaskStatus::Cancelled, &[(Status::Pending, 2)], 0, 0),
            "The task is cancelled; 2 open sub-tasks rest."
        );
    }
}
