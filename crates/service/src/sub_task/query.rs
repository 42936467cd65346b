//! Reading sub-tasks: what an actor sees of them.

use std::collections::BTreeSet;

use openmoss_domain::note::NOTES_SHOWN;
use openmoss_domain::sub_task::WorkKind;
use openmoss_domain::waiting::{Surroundings, WaitingFor, behind_budget, waiting_for};
use openmoss_domain::{
    Action, Actor, AgentId, Note, Policy, Role, Series, SubTask, SubTaskId, Submission, TaskId,
    Timestamp,
};
use openmoss_storage::series::Round;
use openmoss_storage::sub_task::{self as stored, Filter};
use openmoss_storage::{Page, Reader, Window, note, prerequisite, series, submission, task};

use crate::Service;
use crate::error::ServiceError;
use crate::sub_task::find_able;

/// A sub-task as an actor sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubTaskView {
    /// The sub-task.
    pub sub_task: SubTask,
    /// What must be done before it.
    pub depends_on: Vec<SubTaskId>,
    /// Why it does not move; none when it is over.
    pub waiting_for: Option<WaitingFor>,
    /// What the actor can do with it now.
    pub allowed_actions: Vec<Action>,
    /// The newest notes on it, oldest of them first; none in a list.
    pub notes: Option<Vec<Note>>,
    /// Which round of a series it is, if it is one.
    pub round: Option<Round>,
    /// The series; none in a list.
    pub series: Option<Series>,
}

/// What is needed to see a sub-task with an actor's eyes.
#[derive(Clone)]
struct Viewer {
    actor: Actor,
    now: Timestamp,
    policy: Policy,
    around: Surroundings,
    is_day_used_up: bool,
}

impl Viewer {
    fn view(
        &self,
        reader: &mut Reader,
        sub_tasks: Vec<SubTask>,
    ) -> Result<Vec<SubTaskView>, ServiceError> {
        let dependent: Vec<_> =
            sub_tasks.iter().filter(|one| one.prerequisites > 0).map(|one| one.id).collect();
        let mut edges = prerequisite::find_all(reader, &dependent)?;
        let mut depends_on = |id| edges.remove(&id).unwrap_or_default();
        let is_recurring = |one: &&SubTask| one.kind == WorkKind::Recurring;
        let recurring: Vec<_> = sub_tasks.iter().filter(is_recurring).map(|one| one.id).collect();
        let rounds = series::find_rounds(reader, &recurring)?;
        let held: BTreeSet<_> =
            sub_tasks.iter().filter(|one| one.held).map(|one| one.task_id).collect();
        let held = task::find_many(reader, &held.into_iter().collect::<Vec<_>>())?;
        let see = |one: SubTask| {
            let round = rounds.get(&one.id).copied();
            let task = held.get(&one.task_id);
            let is_stopped = task.is_some_and(|task| task.is_stopped && task.status.is_open());
            SubTaskView { round, ..self.see(one, is_stopped, &mut depends_on) }
        };
        Ok(sub_tasks.into_iter().map(see).collect())
    }

    fn see(
        &self,
        sub_task: SubTask,
        is_task_stopped: bool,
        mut depends_on: impl FnMut(SubTaskId) -> Vec<SubTaskId>,
    ) -> SubTaskView {
        let waiting = waiting_for(&sub_task, &self.around, self.now, &self.policy);
        let is_day_used_up = self.is_day_used_up;
        SubTaskView {
            depends_on: depends_on(sub_task.id),
            waiting_for: waiting.map(|one| behind_budget(one, is_task_stopped, is_day_used_up)),
            allowed_actions: sub_task.allowed_actions(self.actor),
            notes: None,
            round: None,
            series: None,
            sub_task,
        }
    }

    /// One sub-task, with its notes.
    fn view_one(
        &self,
        reader: &mut Reader,
        sub_task: SubTask,
    ) -> Result<SubTaskView, ServiceError> {
        let (id, has_notes) = (sub_task.id, sub_task.notes > 0);
        let views = self.view(reader, vec![sub_task])?;
        let view = views.into_iter().next().ok_or(ServiceError::not_found("sub_task"))?;
        let notes =
            if has_notes { note::list_newest(reader, id, NOTES_SHOWN)? } else { Vec::new() };
        let series = match view.round {
            Some(round) => series::find(reader, round.series_id)?,
            None => None,
        };
        Ok(SubTaskView { notes: Some(notes), series, ..view })
    }

    fn view_page(
        &self,
        reader: &mut Reader,
        page: Page<SubTask>,
    ) -> Result<Page<SubTaskView>, ServiceError> {
        Ok(Page { items: self.view(reader, page.items)?, total: page.total })
    }
}

impl Service {
    fn viewer(&self, actor: Actor) -> Result<Viewer, ServiceError> {
        let around = self.directory.surroundings(&self.store)?;
        let (policy, is_day_used_up) = (self.policy(), self.is_day_used_up()?);
        Ok(Viewer { actor, now: self.now(), policy, around, is_day_used_up })
    }

    /// One sub-task with `actor`'s eyes, such as one that a use case just answered.
    pub fn view_sub_task(
        &self,
        actor: Actor,
        sub_task: SubTask,
    ) -> Result<SubTaskView, ServiceError> {
        let viewer = self.viewer(actor)?;
        let is_alone = sub_task.prerequisites == 0 && sub_task.kind == WorkKind::Once;
        if is_alone && sub_task.notes == 0 && !sub_task.held {
            let view = viewer.see(sub_task, false, |_| Vec::new());
            return Ok(SubTaskView { notes: Some(Vec::new()), ..view });
        }
        self.read(|reader| viewer.view_one(reader, sub_task.clone()))
    }

    /// These sub-tasks, in this order; those that do not exist are left out.
    pub(crate) fn view_sub_tasks(
        &self,
        actor: Actor,
        ids: &[SubTaskId],
    ) -> Result<Vec<SubTaskView>, ServiceError> {
        let viewer = self.viewer(actor)?;
        self.read(|reader| {
            let mut found = stored::find_many(reader, ids)?;
            found.sort_by_key(|one| ids.iter().position(|id| *id == one.id));
            viewer.view(reader, found)
        })
    }

    /// The sub-task with this id.
    pub fn find_sub_task(&self, actor: Actor, id: SubTaskId) -> Result<SubTaskView, ServiceError> {
        let viewer = self.viewer(actor)?;
        self.read(|reader| {
            let found = stored::find(reader, id)?.ok_or(ServiceError::not_found("sub_task"))?;
            self.note_sign(actor, id, found.owner);
            viewer.view_one(reader, found)
        })
    }

    /// A page of sub-tasks, newest first.
    pub fn list_sub_tasks(
        &self,
        actor: Actor,
        filter: Filter,
        window: Window,
    ) -> Result<Page<SubTaskView>, ServiceError> {
        let viewer = self.viewer(actor)?;
        self.read(|reader| {
            let page = stored::list(reader, filter, window)?;
            viewer.view_page(reader, page)
        })
    }

    /// A page of sub-tasks that can be claimed right now, newest first; an executor sees those that
    /// it can do.
    pub fn list_claimable_sub_tasks(
        &self,
        actor: Actor,
        window: Window,
    ) -> Result<Page<SubTaskView>, ServiceError> {
        let viewer = self.viewer(actor)?;
        self.read(|reader| {
            let page = match actor {
                Actor::Agent { id, role: Role::Executor } => {
                    let able = find_able(reader, id)?;
                    stored::list_claimable_by(reader, &able, window)?
                }
                Actor::Agent { .. } | Actor::Admin | Actor::System => {
                    stored::list_claimable(reader, window)?
                }
            };
            viewer.view_page(reader, page)
        })
    }

    /// The owner's most recently changed sub-task of a task.
    pub fn find_latest_sub_task(
        &self,
        actor: Actor,
        owner: AgentId,
        task_id: TaskId,
    ) -> Result<SubTaskView, ServiceError> {
        let viewer = self.viewer(actor)?;
        self.read(|reader| {
            let found = stored::find_latest(reader, owner, task_id)?
                .ok_or(ServiceError::not_found("sub_task"))?;
            viewer.view_one(reader, found)
        })
    }

    /// A page of what was handed in for a sub-task, newest first.
    pub fn list_submissions(
        &self,
        id: SubTaskId,
        window: Window,
    ) -> Result<Page<Submission>, ServiceError> {
        self.read(|reader| {
            stored::find(reader, id)?.ok_or(ServiceError::not_found("sub_task"))?;
            Ok(submission::list(reader, id, window)?)
        })
    }
}
