//! What an agent should do next, and which events may give somebody something to do.

use crate::actor::Role;
use crate::event::EventKind;
use crate::token::token_enum;

token_enum! {
    /// What an agent should do next.
    NextAction {
        /// Mend what a reviewer sent back.
        Rework = "rework",
        /// Go on with what is in progress.
        Continue = "continue",
        /// Begin what was assigned to it.
        Start = "start",
        /// Do what it just took from the queue, or could take.
        Claim = "claim",
        /// Judge a submission.
        Review = "review",
        /// Break a goal into sub-tasks.
        Plan = "plan",
        /// Clear what keeps a sub-task from going on.
        Unblock = "unblock",
        /// Put the parts together and complete the task.
        Deliver = "deliver",
        /// Look at what is wrong.
        Patrol = "patrol",
        /// Nothing.
        Idle = "idle",
    }
}

/// Agents of which roles may have something to do after an event of this kind that they had not
/// before it.
#[must_use]
pub const fn stirs(kind: EventKind) -> &'static [Role] {
    use EventKind as Kind;
    match kind {
        Kind::SubTaskCreated
        | Kind::SubTaskAssigned
        | Kind::SubTaskReleased
        | Kind::SubTaskRejected
        | Kind::SubTaskReassigned
        | Kind::SubTaskRequeued
        | Kind::SubTaskReopened
        | Kind::SubTaskEdited
        | Kind::SubTaskReady
        | Kind::AgentEdited => &[Role::Executor],
        // An approval that is not the last one is the next reviewer's turn.
        Kind::SubTaskSubmitted | Kind::SubTaskAdopted | Kind::SubTaskApprovalGiven => {
            &[Role::Reviewer]
        }
        // A note may be what a blocked sub-task waits for.
        Kind::TaskCreated | Kind::TaskAllDone | Kind::NoteAdded => &[Role::Planner],
        // An end of work may be the end of a limit, and a blocked one waits for the planner.
        Kind::SubTaskBlocked | Kind::SubTaskCancelled | Kind::TaskStatusChanged => {
            &[Role::Planner, Role::Executor]
        }
        Kind::PatrolRecordOpened | Kind::PatrolRecordReopened => &[Role::Patrol],
        // A budget that is set anew may be one that is not used up.
        Kind::SettingsChanged | Kind::Imported | Kind::BudgetSet => Role::ALL,
        Kind::RoundOpened => &[Role::Planner, Role::Executor],
        Kind::TaskEdited
        | Kind::ModuleCreated
        | Kind::ModuleEdited
        | Kind::SubTaskClaimed
        | Kind::SubTaskStarted
        | Kind::SubTaskProgress
        | Kind::SubTaskSession
        | Kind::SubTaskSubmittedLate
        | Kind::SubTaskApproved
        | Kind::TaskPolicySet
        | Kind::RecurrenceSet
        | Kind::RecurrencePaused
        | Kind::RecurrenceResumed
        | Kind::RecurrenceEnded
        | Kind::RoundSkipped
        | Kind::UsageReported
        | Kind::BudgetReached
        | Kind::PatrolRecordResolved
        | Kind::PatrolRecordIgnored
        | Kind::AgentRegistered
        | Kind::AgentStatusChanged
        | Kind::AgentPersonaSet
        | Kind::AchievementEarned
        | Kind::AgentDeleted
        | Kind::AgentKeyReset
        | Kind::ScoreChanged
        | Kind::RuleChanged
        | Kind::AdminSessionsEnded
        | Kind::ContentChanged => &[],
    }
}
