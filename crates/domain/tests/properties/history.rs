//! Random histories of one sub-task, and who acts in them.

use std::time::Duration;

use openmoss_domain::sub_task::{BlockedKind, Edit};
use openmoss_domain::{
    Action, Actor, AgentId, Command, DomainError, Policy, Role, SubTask, Timestamp, Transition,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::team::{START, agent, id, new_sub_task, typical};

/// Most steps of one history.
const STEPS_MAX: usize = 40;

const ONWARD: [Action; 7] = [
    Action::Claim,
    Action::Start,
    Action::Submit,
    Action::Approve,
    Action::Reject,
    Action::Requeue,
    Action::Reopen,
];

/// Everybody who acts: agents of all roles, a human, the server.
pub(crate) fn team() -> Vec<Actor> {
    vec![
        agent(Role::Executor, 1),
        agent(Role::Executor, 2),
        agent(Role::Executor, 3),
        agent(Role::Planner, 4),
        agent(Role::Reviewer, 5),
        agent(Role::Reviewer, 6),
        agent(Role::Patrol, 7),
        Actor::Admin,
        Actor::System,
    ]
}

/// The attempt that a caller names, as seen from the one of now.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Named {
    Nothing,
    Now,
    Older(u32),
    Newer(u32),
}

/// What else a caller says.
#[derive(Debug, Clone)]
pub(crate) struct Details {
    to: AgentId,
    session: Option<String>,
    named: Named,
    percent: Option<u8>,
    prerequisites: Option<(u32, u32)>,
}

/// One thing that happens.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// A step that the sub-task itself lists as allowed now.
    Allowed(Index, Details),
    /// The same, of those that bring work to its end or back into it.
    Onward(Index, Details),
    /// Anything by anybody.
    Any(Actor, Action, Details),
    /// The task's status changes what it hands out.
    Held(bool),
    /// Prerequisites are done, or reopened.
    OpenPrerequisites(u32),
}

/// What was asked, by whom, when, and what came of it.
pub(crate) struct Asked {
    pub(crate) before: SubTask,
    pub(crate) command: Command,
    pub(crate) actor: Actor,
    pub(crate) now: Timestamp,
    pub(crate) outcome: Result<Transition, DomainError>,
}

/// A sub-task and the time.
pub(crate) struct World {
    pub(crate) sub_task: SubTask,
    pub(crate) now: Timestamp,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { sub_task: new_sub_task(), now: START }
    }

    /// Lets one thing happen; `None` if nobody asked the sub-task for anything.
    pub(crate) fn step(&mut self, step: &Step, minutes: u64) -> Option<Asked> {
        self.now = self.now.plus(Duration::from_mins(minutes));
        let (actor, action, details) = match step {
            Step::Allowed(index, details) => {
                let (actor, action) = *index.get(&self.allowed());
                (actor, action, details)
            }
            Step::Onward(index, details) => {
                let mut onward = self.allowed();
                onward.retain(|(_, action)| ONWARD.contains(action));
                if onward.is_empty() {
                    return None;
                }
                let (actor, action) = *index.get(&onward);
                (actor, action, details)
            }
            Step::Any(actor, action, details) => (*actor, *action, details),
            // Both follow from rows around the sub-task: no command sets them.
            Step::Held(held) => {
                self.sub_task.held = *held;
                return None;
            }
            Step::OpenPrerequisites(open) => {
                let open = (*open).min(self.sub_task.prerequisites);
                self.sub_task = self.sub_task.with_open_prerequisites(open, self.now);
                return None;
            }
        };
        let before = self.sub_task.clone();
        let command = details.fill(typical(action, details.to), &before);
        let outcome = before.apply(&command, actor, self.now, &Policy::default());
        if let Ok(Transition::Changed { next, .. }) = &outcome {
            self.sub_task = (**next).clone();
        }
        Some(Asked { before, command, actor, now: self.now, outcome })
    }

    /// Never empty: in every status a planner can do something.
    fn allowed(&self) -> Vec<(Actor, Action)> {
        let allowed = team().into_iter().flat_map(|actor| {
            let actions = self.sub_task.allowed_actions(actor);
            actions.into_iter().map(move |action| (actor, action))
        });
        allowed.collect()
    }
}

impl Details {
    fn fill(&self, mut command: Command, sub_task: &SubTask) -> Command {
        let named = match self.named {
            Named::Nothing => None,
            Named::Now => Some(sub_task.attempt),
            Named::Older(by) => sub_task.attempt.checked_sub(by),
            Named::Newer(by) => Some(sub_task.attempt + by),
        };
        match &mut command {
            Command::Claim { session } => session.clone_from(&self.session),
            Command::Start { session, attempt } => {
                session.clone_from(&self.session);
                *attempt = named;
            }
            Command::Submit { attempt } => *attempt = named,
            Command::Heartbeat { progress, percent, attempt } => {
                progress.clone_from(&self.session);
                *percent = self.percent;
                *attempt = named;
            }
            Command::Reject { rework_agent } => {
                *rework_agent = self.session.is_some().then_some(self.to);
            }
            Command::Session { session } => {
                if let Some(id) = &self.session {
                    session.clone_from(id);
                }
            }
            Command::Block { kind, .. } if self.percent.is_some() => *kind = BlockedKind::Timeout,
            Command::Edit(edit) => {
                *edit = Edit { prerequisites: self.prerequisites, ..edit.clone() };
            }
            Command::Block { .. }
            | Command::Assign { .. }
            | Command::Release
            | Command::Approve
            | Command::Reassign { .. }
            | Command::Requeue
            | Command::Cancel
            | Command::Reopen
            | Command::Adopt { .. } => {}
        }
        command
    }
}

/// Agents that may be given work: executors mostly, others as in an existing database.
fn receivers() -> impl Strategy<Value = AgentId> {
    prop_oneof![4 => 1_u128..=3, 1 => 4_u128..=7].prop_map(id)
}

fn details() -> impl Strategy<Value = Details> {
    let session = prop::option::of(select(vec!["s1".to_owned(), "s2".to_owned()]));
    let named = prop_oneof![
        3 => Just(Named::Nothing),
        2 => Just(Named::Now),
        2 => (1_u32..3).prop_map(Named::Older),
        1 => (1_u32..3).prop_map(Named::Newer),
    ];
    let percent = prop::option::of(0_u8..=100);
    let prerequisites = prop::option::weighted(
        0.3,
        (0_u32..4).prop_flat_map(|all| (Just(all), prop_oneof![2 => Just(0), 1 => 0..=all])),
    );
    (receivers(), session, named, percent, prerequisites).prop_map(
        |(to, session, named, percent, prerequisites)| Details {
            to,
            session,
            named,
            percent,
            prerequisites,
        },
    )
}

/// One thing that happens; most of what is asked is allowed, so that histories get far.
pub(crate) fn step() -> impl Strategy<Value = Step> {
    let asked = || (any::<Index>(), details());
    let anything = (select(team()), select(Action::ALL), details());
    prop_oneof![
        10 => asked().prop_map(|(index, details)| Step::Onward(index, details)),
        4 => asked().prop_map(|(index, details)| Step::Allowed(index, details)),
        8 => anything.prop_map(|(actor, action, details)| Step::Any(actor, action, details)),
        1 => prop::bool::weighted(0.2).prop_map(Step::Held),
        2 => prop_oneof![2 => Just(0), 1 => 0_u32..4].prop_map(Step::OpenPrerequisites),
    ]
}

/// A whole history: what happens, and how many minutes after what happened before.
pub(crate) fn history() -> impl Strategy<Value = Vec<(Step, u64)>> {
    prop::collection::vec((step(), 0_u64..90), 1..STEPS_MAX)
}
