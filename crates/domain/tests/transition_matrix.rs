//! Every status × action × actor × ownership, against one text table that is reviewed: a change
//! of a rule is a readable diff of `transition_matrix.txt`.

#[path = "support/blessed.rs"]
mod blessed;
#[path = "support/team.rs"]
mod team;

use openmoss_domain::sub_task::{Status, Transition};
use openmoss_domain::{Action, Actor, Command, DomainError, Policy, Role, SubTask};

use team::{START, agent, id, new_sub_task, typical};

const LEGEND: &str = "\
The sub-task's state machine: what each actor gets for each action in each status.
Written by `BLESS=1 cargo test -p openmoss-domain --test transition_matrix`; never by hand.

A status is where the step leads; `same` is one's own last step repeated: nothing is written.
!role   role_not_allowed      the action is never open to this kind of actor
!from   not_allowed_from      not in this status
!owner  not_owner             somebody else owns it, or the named attempt is over
!own    own_work              nobody judges what they did themselves
!held   task_held             the task does not hand out work now
!open   prerequisites_open    other sub-tasks must be done first
-       no such case          nobody owns it in this status
.       as in the first table

`executor*` owns the sub-task, `executor` does not. Only executors are given work, but the rows of
an existing database may name other owners; hence the other columns with a star.
";

/// Who acts.
#[derive(Clone, Copy)]
enum Column {
    Owner(Role),
    NotOwner(Role),
    Admin,
    System,
}

impl Column {
    fn all() -> Vec<Self> {
        let agents = Role::ALL.iter().flat_map(|role| [Self::NotOwner(*role), Self::Owner(*role)]);
        agents.chain([Self::Admin, Self::System]).collect()
    }

    fn title(self) -> String {
        match self {
            Self::Owner(role) => format!("{role}*"),
            Self::NotOwner(role) => role.to_string(),
            Self::Admin => "admin".to_owned(),
            Self::System => "system".to_owned(),
        }
    }

    fn actor(self) -> Actor {
        match self {
            Self::Owner(role) | Self::NotOwner(role) => agent(role, 1),
            Self::Admin => Actor::Admin,
            Self::System => Actor::System,
        }
    }

    fn owner(self) -> Actor {
        match self {
            Self::Owner(role) => agent(role, 1),
            Self::NotOwner(_) | Self::Admin | Self::System => agent(Role::Executor, 2),
        }
    }
}

/// What differs from the plain case.
#[derive(Clone, Copy)]
enum Variant {
    Plain,
    Held,
    OpenPrerequisite,
    OlderAttempt,
    NewSession,
}

impl Variant {
    const ALL: [Self; 5] =
        [Self::Plain, Self::Held, Self::OpenPrerequisite, Self::OlderAttempt, Self::NewSession];

    const fn title(self) -> &'static str {
        match self {
            Self::Plain => "The table",
            Self::Held => "The task holds its work back",
            Self::OpenPrerequisite => "A prerequisite is open",
            Self::OlderAttempt => "The caller names an older attempt",
            Self::NewSession => "The caller names a new session",
        }
    }

    fn sub_task(self, mut sub_task: SubTask) -> SubTask {
        // Both fields follow from rows around the sub-task: no command sets them.
        match self {
            Self::Held => sub_task.held = true,
            Self::OpenPrerequisite => {
                sub_task.prerequisites = 1;
                sub_task = sub_task.with_open_prerequisites(1, START);
            }
            Self::Plain | Self::OlderAttempt | Self::NewSession => {}
        }
        sub_task
    }

    fn command(self, action: Action, sub_task: &SubTask) -> Command {
        let mut command = typical(action, id(3));
        match (self, &mut command) {
            (
                Self::OlderAttempt,
                Command::Start { attempt, .. }
                | Command::Submit { attempt }
                | Command::Heartbeat { attempt, .. },
            ) => *attempt = sub_task.attempt.checked_sub(1),
            (Self::NewSession, Command::Claim { session } | Command::Start { session, .. }) => {
                *session = Some("new".to_owned());
            }
            _ => {}
        }
        command
    }
}

/// A sub-task in `status`, reached as in real life.
fn reach(status: Status, owner: Actor) -> Result<SubTask, DomainError> {
    let path: &[(Actor, Action)] = match status {
        Status::Pending => &[],
        Status::Assigned => &[(Actor::Admin, Action::Assign)],
        Status::InProgress => &[(Actor::Admin, Action::Assign), (owner, Action::Start)],
        Status::Review => {
            &[(Actor::Admin, Action::Assign), (owner, Action::Start), (owner, Action::Submit)]
        }
        Status::Rework => &[
            (Actor::Admin, Action::Assign),
            (owner, Action::Start),
            (owner, Action::Submit),
            (Actor::Admin, Action::Reject),
        ],
        Status::Blocked => &[
            (Actor::Admin, Action::Assign),
            (owner, Action::Start),
            (Actor::System, Action::Block),
        ],
        Status::Done => &[
            (Actor::Admin, Action::Assign),
            (owner, Action::Start),
            (owner, Action::Submit),
            (Actor::Admin, Action::Approve),
        ],
        Status::Cancelled => &[
            (Actor::Admin, Action::Assign),
            (owner, Action::Start),
            (Actor::Admin, Action::Cancel),
        ],
    };
    let mut sub_task = new_sub_task();
    for (actor, action) in path {
        let to = owner.agent_id().unwrap_or_else(|| id(2));
        match sub_task.apply(&typical(*action, to), *actor, START, &Policy::default())? {
            Transition::Changed { next, .. } => sub_task = *next,
            Transition::Unchanged => {}
        }
    }
    assert_eq!(sub_task.status, status, "the path leads elsewhere");
    Ok(sub_task)
}

const fn refusal(error: &DomainError) -> &'static str {
    match error {
        DomainError::RoleNotAllowed { .. } => "!role",
        DomainError::NotAllowedFrom { .. } => "!from",
        DomainError::NotOwner { .. } => "!owner",
        DomainError::OwnWork => "!own",
        DomainError::TaskHeld => "!held",
        DomainError::PrerequisitesOpen { .. } => "!open",
        DomainError::TaskNotAllowedFrom { .. }
        | DomainError::TaskRoleNotAllowed { .. }
        | DomainError::AlreadyDelivered
        | DomainError::OwnScore
        | DomainError::NoteNotAllowed
        | DomainError::PatrolRoleNotAllowed { .. }
        | DomainError::PatrolNotAllowedFrom { .. }
        | DomainError::PrerequisiteCancelled { .. }
        | DomainError::ApprovedAlready { .. }
        | DomainError::BudgetReached { .. }
        | DomainError::TaskStopped
        | DomainError::CapabilitiesMissing { .. }
        | DomainError::OpenWorkLimit { .. }
        | DomainError::Invalid(_) => "!not of a sub-task",
    }
}

fn outcome(variant: Variant, status: Status, action: Action, column: Column) -> &'static str {
    let sub_task = match reach(status, column.owner()) {
        Ok(sub_task) => variant.sub_task(sub_task),
        Err(error) => return refusal(&error),
    };
    if matches!(column, Column::Owner(_)) && !sub_task.is_owned_by(column.actor()) {
        return "-";
    }
    let command = variant.command(action, &sub_task);
    match sub_task.apply(&command, column.actor(), START, &Policy::default()) {
        Ok(Transition::Unchanged) => "same",
        Ok(Transition::Changed { next, .. }) => next.status.as_str(),
        Err(error) => refusal(&error),
    }
}

fn row(variant: Variant, status: Status, action: Action) -> Vec<&'static str> {
    Column::all().into_iter().map(|column| outcome(variant, status, action, column)).collect()
}

fn line(status: &str, action: &str, cells: &[String]) -> String {
    let cells: Vec<_> = cells.iter().map(|cell| format!("{cell:<12}")).collect();
    format!("{status:<12}{action:<11}{}", cells.concat()).trim_end().to_owned() + "\n"
}

/// The rows of one status; of a variant, only those that differ, and in them only what differs.
fn block(variant: Variant, status: Status) -> String {
    let rows = Action::ALL.iter().filter_map(|&action| {
        let plain = row(Variant::Plain, status, action);
        let cells = row(variant, status, action);
        if matches!(variant, Variant::Plain) {
            let cells: Vec<_> = cells.iter().map(|cell| (*cell).to_owned()).collect();
            return Some(line(status.as_str(), action.as_str(), &cells));
        }
        let differs =
            |(cell, plain): (&&str, &&str)| if cell == plain { "." } else { *cell }.to_owned();
        let differing: Vec<_> = cells.iter().zip(&plain).map(differs).collect();
        (cells != plain).then(|| line(status.as_str(), action.as_str(), &differing))
    });
    rows.collect()
}

fn render() -> String {
    let titles: Vec<_> = Column::all().into_iter().map(Column::title).collect();
    let tables = Variant::ALL.map(|variant| {
        let blocks = Status::ALL.iter().map(|status| block(variant, *status));
        let blocks: Vec<_> = blocks.filter(|block| !block.is_empty()).collect();
        let separator = if matches!(variant, Variant::Plain) { "\n" } else { "" };
        let head = line("status", "action", &titles);
        format!("\n== {} ==\n{head}{separator}{}", variant.title(), blocks.join(separator))
    });
    LEGEND.to_owned() + &tables.concat()
}

#[test]
fn every_cell_is_as_reviewed() {
    blessed::compare(&blessed::file("tests/transition_matrix.txt"), &render());
}
