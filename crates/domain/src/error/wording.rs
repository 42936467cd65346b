//! The words of the refusals: each says what is wrong, and after a semicolon what to do.

use crate::actor::ActorKind;
use crate::error::FieldError;
use crate::id::AgentId;
use crate::sub_task::Action;
use crate::sub_task::rules::{self, Permit};
use crate::task::{TASK_RULES, TaskAction, TaskStatus};

pub(super) fn allowed(allowed: &[Action]) -> String {
    if allowed.is_empty() {
        return "there is nothing for you to do with it now, so leave it".to_owned();
    }
    let names: Vec<_> = allowed.iter().map(|action| action.as_str()).collect();
    format!("you can now: {}", names.join(", "))
}

pub(super) fn not_owner(owner: Option<AgentId>, attempt: u32) -> String {
    owner.map_or_else(
        || {
            format!(
                "this sub-task has no owner now (attempt {attempt}); stop working on it; while it \
                 is pending, an executor can claim it"
            )
        },
        |owner| {
            format!("agent {owner} owns this sub-task now (attempt {attempt}); stop working on it")
        },
    )
}

pub(super) fn fields(errors: &[FieldError]) -> String {
    let parts: Vec<_> =
        errors.iter().map(|error| format!("{} {}", error.field, error.message)).collect();
    parts.join("; ")
}

/// The action as a verb whose object is a sub-task.
pub(super) const fn verb(action: Action) -> &'static str {
    match action {
        Action::Heartbeat => "send a heartbeat for",
        Action::Session => "bind a session to",
        Action::Adopt => "adopt a late submission of",
        Action::Claim
        | Action::Assign
        | Action::Release
        | Action::Start
        | Action::Submit
        | Action::Approve
        | Action::Reject
        | Action::Block
        | Action::Reassign
        | Action::Requeue
        | Action::Cancel
        | Action::Reopen
        | Action::Edit => action.as_str(),
    }
}

/// The action as a verb whose object is a task.
pub(super) const fn task_verb(action: TaskAction) -> &'static str {
    match action {
        TaskAction::Extend => "add work to",
        TaskAction::Edit
        | TaskAction::Plan
        | TaskAction::Activate
        | TaskAction::Begin
        | TaskAction::Complete
        | TaskAction::Archive
        | TaskAction::Cancel => action.as_str(),
    }
}

pub(super) const fn task_advice(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Archived | TaskStatus::Cancelled => "; an admin can activate it first",
        TaskStatus::Completed => "; activate it first",
        TaskStatus::Planning | TaskStatus::Active | TaskStatus::InProgress => "",
    }
}

pub(super) const fn who(kind: ActorKind) -> &'static str {
    match kind {
        ActorKind::Planner => "a planner",
        ActorKind::Executor => "an executor",
        ActorKind::Reviewer => "a reviewer",
        ActorKind::Patrol => "a patrol agent",
        ActorKind::Admin => "an admin",
        ActorKind::System => "the server",
    }
}

/// Who may take the action.
pub(super) fn permitted(action: Action) -> String {
    either(rules::permits(action).map(holder))
}

const fn holder(by: Permit) -> &'static str {
    match by {
        Permit::Owner => "its owner",
        Permit::Executor => who(ActorKind::Executor),
        Permit::Planner => who(ActorKind::Planner),
        Permit::Reviewer => who(ActorKind::Reviewer),
        Permit::Patrol => who(ActorKind::Patrol),
        Permit::Admin => who(ActorKind::Admin),
        Permit::System => who(ActorKind::System),
    }
}

/// Who may take the action.
pub(super) fn task_permitted(action: TaskAction) -> String {
    let rules = TASK_RULES.iter().filter(|rule| rule.action == action);
    either(rules.flat_map(|rule| rule.by).map(|kind| who(*kind)))
}

/// Each name once, joined as an alternative: `a, b or c`.
fn either(names: impl Iterator<Item = &'static str>) -> String {
    let mut distinct = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    match distinct.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, first)) => format!("{} or {last}", first.join(", ")),
        None => "nobody".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::error::{DomainError, Fields};
    use crate::sub_task::Status;

    fn says(error: &DomainError, sentence: &str) {
        assert_eq!(error.to_string(), sentence);
    }

    #[test]
    fn a_wrong_status_is_named_with_what_can_be_done_instead() {
        let error = |action, status, allowed: &[Action]| DomainError::NotAllowedFrom {
            status,
            action,
            allowed: allowed.to_vec(),
        };
        says(
            &error(Action::Submit, Status::Rework, &[Action::Start, Action::Block]),
            "cannot submit a sub-task whose status is rework; you can now: start, block",
        );
        says(
            &error(Action::Heartbeat, Status::Done, &[]),
            "cannot send a heartbeat for a sub-task whose status is done; there is nothing for you \
             to do with it now, so leave it",
        );
    }

    #[test]
    fn a_wrong_role_is_told_whose_step_it_is() {
        let error = |actor, action| DomainError::RoleNotAllowed { actor, action };
        says(
            &error(ActorKind::Executor, Action::Approve),
            "an executor may not approve a sub-task; leave that to a reviewer or an admin",
        );
        says(
            &error(ActorKind::Planner, Action::Session),
            "a planner may not bind a session to a sub-task; leave that to its owner",
        );
        says(
            &error(ActorKind::Reviewer, Action::Release),
            "a reviewer may not release a sub-task; leave that to its owner, a planner, an admin \
             or the server",
        );
        says(
            &DomainError::TaskRoleNotAllowed {
                actor: ActorKind::Patrol,
                action: TaskAction::Extend,
            },
            "a patrol agent may not add work to a task; leave that to a planner, an admin or the \
             server",
        );
    }

    #[test]
    fn a_former_owner_is_told_to_stop() {
        let agent = AgentId::from_uuid(Uuid::nil());
        says(
            &DomainError::NotOwner { owner: Some(agent), attempt: 2 },
            "agent 00000000-0000-0000-0000-000000000000 owns this sub-task now (attempt 2); stop \
             working on it",
        );
        says(
            &DomainError::NotOwner { owner: None, attempt: 2 },
            "this sub-task has no owner now (attempt 2); stop working on it; while it is pending, \
             an executor can claim it",
        );
    }

    #[test]
    fn a_condition_is_told_with_a_way_out() {
        says(
            &DomainError::PrerequisitesOpen { open: 1 },
            "1 prerequisite is not done yet; take another sub-task until then",
        );
        says(
            &DomainError::PrerequisitesOpen { open: 3 },
            "3 prerequisites are not done yet; take another sub-task until then",
        );
        says(
            &DomainError::TaskHeld,
            "the task of this sub-task does not hand out work now; take a sub-task of another task",
        );
        says(
            &DomainError::OwnWork,
            "a reviewer may not review its own work; leave it to another reviewer",
        );
        says(&DomainError::OwnScore, "an agent may not change its own score; ask an admin");
    }

    #[test]
    fn a_task_that_is_over_is_told_with_the_way_back() {
        let error = |action, status| DomainError::TaskNotAllowedFrom { status, action };
        says(
            &error(TaskAction::Edit, TaskStatus::Completed),
            "cannot edit a task whose status is completed; activate it first",
        );
        says(
            &error(TaskAction::Extend, TaskStatus::Cancelled),
            "cannot add work to a task whose status is cancelled; an admin can activate it first",
        );
    }

    #[test]
    fn every_wrong_field_is_named_with_what_would_be_right() {
        let mut fields = Fields::default();
        fields.push("name", "must not be empty");
        fields.push("score", "must be 1, 2, 3, 4 or 5");
        let error = fields.finish().unwrap_err();
        says(&error, "name must not be empty; score must be 1, 2, 3, 4 or 5");
        says(&DomainError::field("name", "must be unique"), "name must be unique");
    }

    #[test]
    fn every_sentence_has_a_second_part_that_says_what_to_do() {
        let by_role = ActorKind::ALL.iter().flat_map(|&actor| {
            let sub_task = move |&action| DomainError::RoleNotAllowed { actor, action };
            let task = move |&action| DomainError::TaskRoleNotAllowed { actor, action };
            Action::ALL.iter().map(sub_task).chain(TaskAction::ALL.iter().map(task))
        });
        let by_status = Status::ALL.iter().flat_map(|&status| {
            Action::ALL.iter().map(move |&action| DomainError::NotAllowedFrom {
                status,
                action,
                allowed: Vec::new(),
            })
        });
        for error in by_role.chain(by_status) {
            let sentence = error.to_string();
            let (what, advice) = sentence.split_once("; ").unwrap();
            assert!(what.contains(" a sub-task") || what.contains(" a task"), "{sentence}");
            assert!(advice.contains("leave"), "{sentence}");
            assert!(!sentence.contains("nobody"), "{sentence}");
        }
    }
}
