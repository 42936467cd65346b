//! What there is to do, for each role in its order. Reads only.

use openmoss_domain::sub_task::Status;
use openmoss_domain::{
    AgentId, NextAction, PatrolRecord, PatrolStatus, Policy, Role, SubTask, TaskId, TaskStatus,
    Timestamp,
};
use openmoss_storage::counter::{CLAIMABLE, Scope, count};
use openmoss_storage::{Reader, Window, next, patrol, sub_task};

use super::Seeker;
use super::desk::Item;
use crate::Service;
use crate::error::ServiceError;
use crate::sub_task::find_able;

/// What an agent that asks gets first.
const OWN: [(NextAction, Status); 3] = [
    (NextAction::Rework, Status::Rework),
    (NextAction::Continue, Status::InProgress),
    (NextAction::Start, Status::Assigned),
];
/// Tasks that are not over.
const OPEN_TASKS: [TaskStatus; 3] =
    [TaskStatus::InProgress, TaskStatus::Active, TaskStatus::Planning];
/// How far past what others look at one looks.
const PAST_OTHERS_MAX: usize = 100;
/// How many blocked sub-tasks are looked at, longest blocked first.
const BLOCKED_MAX: i64 = 50;
/// Most patrol records in an answer.
const RECORDS_MAX: i64 = 20;

/// What a look found.
pub(super) enum Look {
    /// What is the agent's own.
    Own(NextAction, Box<SubTask>),
    /// Work that can be claimed.
    Queue,
    /// What is nobody's own.
    Lead(Lead),
    /// Nothing.
    Nothing,
}

impl Look {
    pub(super) fn action(&self) -> Option<NextAction> {
        match self {
            Self::Own(action, _) => Some(*action),
            Self::Queue => Some(NextAction::Claim),
            Self::Lead(lead) => Some(lead.action()),
            Self::Nothing => None,
        }
    }
}

/// Something that nobody owns, and somebody should see to.
#[derive(Debug, Clone)]
pub(super) enum Lead {
    /// A submission to judge.
    Review(Box<SubTask>),
    /// A goal without a plan.
    Plan(TaskId),
    /// A task whose work is done.
    Deliver(TaskId),
    /// Blocked work.
    Unblock(Box<SubTask>),
    /// What is wrong.
    Patrol(Vec<PatrolRecord>),
}

impl Lead {
    pub(super) fn action(&self) -> NextAction {
        match self {
            Self::Review(_) => NextAction::Review,
            Self::Plan(_) => NextAction::Plan,
            Self::Deliver(_) => NextAction::Deliver,
            Self::Unblock(_) => NextAction::Unblock,
            Self::Patrol(_) => NextAction::Patrol,
        }
    }

    /// What is handed out with it to one agent at a time.
    pub(super) fn item(&self) -> Option<Item> {
        match self {
            Self::Review(one) | Self::Unblock(one) => Some(item_of(one)),
            Self::Plan(id) => Some(Item { id: id.as_uuid(), version: (0, 0) }),
            Self::Deliver(id) => Some(Item { id: id.as_uuid(), version: (1, 0) }),
            // What several watch they may watch together.
            Self::Patrol(_) => None,
        }
    }
}

/// A note changes what can be said about a sub-task, but not its version.
fn item_of(sub_task: &SubTask) -> Item {
    Item { id: sub_task.id.as_uuid(), version: (sub_task.version.get(), sub_task.notes) }
}

/// The most urgent of what is the agent's own.
pub(super) fn own(
    reader: &mut Reader,
    me: AgentId,
) -> Result<Option<(NextAction, SubTask)>, ServiceError> {
    for (action, status) in OWN {
        if let Some(found) = sub_task::in_hand(reader, me, status)? {
            return Ok(Some((action, found)));
        }
    }
    Ok(None)
}

/// Whether the agent may take one more.
pub(super) fn has_room(
    reader: &mut Reader,
    me: AgentId,
    policy: Policy,
) -> Result<bool, ServiceError> {
    let limit = policy.max_open_per_agent;
    Ok(limit == 0 || next::count_in_hand(reader, me, limit)? < limit)
}

impl Service {
    /// What `me` should do next. An agent that asks by itself is shown what was left as it is, too.
    pub(super) fn look(&self, me: Seeker, is_asked: bool) -> Result<Look, ServiceError> {
        let is_stopped = me.role == Role::Executor && self.budget_stop(me.id)?.is_some();
        self.read(|reader| {
            let lead = match me.role {
                Role::Executor => return self.look_for_work(reader, me, is_stopped),
                Role::Reviewer => self.look_for_review(reader, me, is_asked),
                Role::Planner => self.look_for_plan(reader, me, is_asked),
                Role::Patrol => self.look_for_records(reader, me, is_asked),
            };
            Ok(lead?.map_or(Look::Nothing, Look::Lead))
        })
    }

    fn look_for_work(
        &self,
        reader: &mut Reader,
        me: Seeker,
        is_stopped: bool,
    ) -> Result<Look, ServiceError> {
        if let Some((action, found)) = own(reader, me.id)? {
            return Ok(Look::Own(action, Box::new(found)));
        }
        if is_stopped || !has_room(reader, me.id, self.policy())? {
            return Ok(Look::Nothing);
        }
        let able = find_able(reader, me.id)?;
        let is_empty = sub_task::ready_needs(reader, &able)?.is_empty();
        Ok(if is_empty { Look::Nothing } else { Look::Queue })
    }

    pub(super) fn count_ready(&self) -> Result<i64, ServiceError> {
        self.read(|reader| Ok(count(reader, Scope::SubTasks, CLAIMABLE)?))
    }

    fn look_for_review(
        &self,
        reader: &mut Reader,
        me: Seeker,
        is_asked: bool,
    ) -> Result<Option<Lead>, ServiceError> {
        let waiting = next::list_in_review(reader, me.id, self.past_others(me))?;
        Ok(self.first_free(waiting, me, is_asked).map(|one| Lead::Review(Box::new(one))))
    }

    fn look_for_plan(
        &self,
        reader: &mut Reader,
        me: Seeker,
        is_asked: bool,
    ) -> Result<Option<Lead>, ServiceError> {
        let limit = self.past_others(me);
        for status in [TaskStatus::Planning, TaskStatus::Active] {
            let goals = next::list_unplanned(reader, status, limit)?.into_iter().map(Lead::Plan);
            if let Some(lead) = self.first_lead(goals, me, is_asked) {
                return Ok(Some(lead));
            }
        }
        for status in OPEN_TASKS {
            let tasks = next::list_all_done(reader, status, limit)?.into_iter().map(Lead::Deliver);
            if let Some(lead) = self.first_lead(tasks, me, is_asked) {
                return Ok(Some(lead));
            }
        }
        let blocked = next::list_blocked(reader, BLOCKED_MAX)?;
        let is_new = |one: &&SubTask| {
            let item = item_of(one);
            !self.desk.was_left(item, me.now) && self.is_free(item, me, is_asked)
        };
        let lead = blocked.iter().find(is_new).cloned();
        let left = || self.first_free(blocked.clone(), me, true).filter(|_| is_asked);
        Ok(lead.or_else(left).map(|one| Lead::Unblock(Box::new(one))))
    }

    /// Open records. Nobody is called for what it saw already.
    fn look_for_records(
        &self,
        reader: &mut Reader,
        me: Seeker,
        is_asked: bool,
    ) -> Result<Option<Lead>, ServiceError> {
        let filter =
            patrol::Filter { status: Some(PatrolStatus::Open), ..patrol::Filter::default() };
        let window = Window { offset: 0, limit: RECORDS_MAX };
        let records = patrol::list(reader, &filter, window)?.items;
        let seen: Option<Timestamp> = self.desk.last_seen(me.id);
        let is_new = |one: &PatrolRecord| seen.is_none_or(|seen| one.created_at > seen);
        let is_worth = if is_asked { !records.is_empty() } else { records.iter().any(is_new) };
        Ok(is_worth.then_some(Lead::Patrol(records)))
    }

    /// Notes that `me` looks at it; whether nobody else began to a moment ago.
    pub(super) fn keep(&self, me: Seeker, lead: &Lead) -> bool {
        lead.item().is_none_or(|item| self.desk.hand(item, me.id, me.now))
    }

    /// Whether nobody else is at it. Who comes unasked for does not wait for whoever was told of it.
    fn is_free(&self, item: Item, me: Seeker, is_asked: bool) -> bool {
        let (id, now) = (me.id, me.now);
        !self.desk.is_with_another(item, id, now)
            && (is_asked || !self.desk.is_promised_to_another(item, id, now))
    }

    fn first_free(&self, found: Vec<SubTask>, me: Seeker, is_asked: bool) -> Option<SubTask> {
        found.into_iter().find(|one| self.is_free(item_of(one), me, is_asked))
    }

    fn first_lead(
        &self,
        mut leads: impl Iterator<Item = Lead>,
        me: Seeker,
        is_asked: bool,
    ) -> Option<Lead> {
        leads.find(|lead| lead.item().is_none_or(|item| self.is_free(item, me, is_asked)))
    }

    /// How many have to be read so that one is among them at which nobody looks.
    fn past_others(&self, me: Seeker) -> i64 {
        let held = self.desk.held_by_others(me.id, me.now).min(PAST_OTHERS_MAX);
        i64::try_from(held).unwrap_or(0) + 1
    }
}
