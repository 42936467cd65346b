//! One look at everything that could stand still.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use openmoss_domain::sub_task::Status;
use openmoss_domain::watch::{Away, Condition, Crew, Sighting, Signs, Thresholds, Watch};
use openmoss_domain::{
    AgentId, AgentStatus, PatrolRecord, PatrolStatus, Policy, Role, SubTask, SubTaskId, TaskId,
    Timestamp,
};
use openmoss_storage::sub_task::{self as stored, Facets};
use openmoss_storage::{Reader, agent, counter, turn, watch};

use super::JOB;
use crate::Service;
use crate::error::ServiceError;

/// How much is read at once of what has no other bound.
const CHUNK: i64 = 500;
/// How many that wait in one place are told one by one; behind them the place is the trouble.
const TOLD_MAX: i64 = 20;
/// How many of those that were sent back last are looked at.
const SENT_BACK_MAX: i64 = 100;

/// What was seen.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) now: Timestamp,
    pub(crate) away: Option<Away>,
    pub(crate) thresholds: Thresholds,
    pub(crate) policy: Policy,
    /// Every condition, each once.
    pub(crate) sightings: Vec<Sighting>,
    /// The server's own records that are not resolved.
    pub(crate) records: Vec<PatrolRecord>,
    /// Open tasks of which all work is over.
    pub(crate) finished: Vec<TaskId>,
}

impl Look {
    pub(crate) const fn watch(&self) -> Watch<'_> {
        Watch { now: self.now, away: self.away, thresholds: &self.thresholds, policy: &self.policy }
    }

    fn sub_tasks(&mut self, reader: &mut Reader) -> Result<(), ServiceError> {
        let mut suspects = suspects(reader, self)?;
        let named = self.records.iter().filter_map(|record| record.sub_task_id);
        let missing: Vec<_> = named.filter(|id| !suspects.contains_key(id)).collect();
        suspects.extend(stored::find_many(reader, &missing)?.into_iter().map(|one| (one.id, one)));
        let owners: BTreeSet<_> = suspects.values().filter_map(|one| one.owner).collect();
        let called_at = called_at(reader, &owners)?;
        let since = self.now.minus(self.thresholds.unchanged);
        let at_work = watch::owners_at_work(reader, since)?;
        let worked_at = worked_at(reader)?;
        let seen = suspects.values().flat_map(|sub_task| {
            let signs = Signs {
                owner_called_at: sub_task.owner.and_then(|id| called_at.get(&id).copied()),
                is_owner_at_work: sub_task.owner.is_some_and(|id| at_work.contains(&id)),
                worked_at,
            };
            self.watch().inspect(sub_task, &signs)
        });
        let seen: Vec<_> = seen.collect();
        self.sightings.extend(seen);
        Ok(())
    }

    fn scores(&mut self, reader: &mut Reader) -> Result<(), ServiceError> {
        let kind = Condition::MarkedDown.as_str();
        let named = self.records.iter().filter(|record| record.kind == kind);
        let mut agents: BTreeSet<_> = named.filter_map(|record| record.agent_id).collect();
        agents.extend(watch::list_marked_down(reader)?);
        for id in agents {
            let row = i64::from(self.thresholds.penalties);
            let latest = watch::latest_deltas(reader, id, row)?;
            let seen = self.watch().inspect_scores(id, &latest);
            self.sightings.extend(seen);
        }
        Ok(())
    }

    fn crews(&mut self, reader: &mut Reader) -> Result<(), ServiceError> {
        let counts = counter::counts(reader, counter::Scope::SubTasks)?;
        let in_status =
            |status| Facets { status: Some(status), ..Facets::default() }.count(&counts);
        let finished = i64::try_from(self.finished.len()).unwrap_or(i64::MAX);
        let unplanned = watch::count_unplanned_tasks(reader)?;
        let agents = agent::count_by_role(reader)?;
        for (role, waiting) in [
            (Role::Executor, counts.get(counter::CLAIMABLE)),
            (Role::Reviewer, in_status(Status::Review)),
            (Role::Planner, in_status(Status::Blocked) + finished + unplanned),
        ] {
            let active = agents(role, AgentStatus::Active);
            let last_call = watch::last_call_of(reader, role)?;
            let seen = self.watch().inspect_crew(&Crew { role, waiting, active, last_call });
            self.sightings.extend(seen);
        }
        Ok(())
    }
}

impl Service {
    pub(super) fn see(&self, now: Timestamp) -> Result<Look, ServiceError> {
        let (policy, settings) = (self.policy(), self.settings());
        self.read(|reader| {
            let mut look = Look {
                now,
                away: turn::away(reader, JOB)?,
                thresholds: (&settings.patrol).into(),
                policy,
                sightings: Vec::new(),
                records: own_records(reader)?,
                finished: watch::list_finished_tasks(reader)?,
            };
            look.sub_tasks(reader)?;
            look.scores(reader)?;
            look.crews(reader)?;
            Ok(look)
        })
    }
}

/// When these agents last called.
pub(super) fn called_at(
    reader: &mut Reader,
    owners: &BTreeSet<AgentId>,
) -> Result<HashMap<AgentId, Timestamp>, ServiceError> {
    let (mut called, owners) = (HashMap::new(), owners.iter().copied().collect::<Vec<_>>());
    for chunk in owners.chunks(500) {
        called.extend(watch::called_at(reader, &chunk.iter().copied().collect())?);
    }
    Ok(called)
}

/// When an executor last moved anything.
fn worked_at(reader: &mut Reader) -> Result<Option<Timestamp>, ServiceError> {
    let mut last = None;
    for status in [Status::InProgress, Status::Review] {
        let changed = watch::list_last_changed(reader, status, 1)?;
        last = last.max(changed.first().map(|one| one.updated_at));
    }
    Ok(last)
}

/// What could stand still, by how long it has not changed.
fn suspects(
    reader: &mut Reader,
    look: &Look,
) -> Result<BTreeMap<SubTaskId, SubTask>, ServiceError> {
    let Thresholds { silent, unchanged, .. } = look.thresholds;
    let mut found = Vec::new();
    // Whoever fell silent is looked for everywhere: its work shall go on.
    for (status, limit) in
        [(Status::InProgress, silent), (Status::Assigned, unchanged), (Status::Rework, unchanged)]
    {
        found.extend(all_unchanged(reader, status, look.now, limit.min(look.policy.lease))?);
    }
    let mut oldest = |status, since: Duration| {
        watch::list_unchanged(reader, status, look.now.minus(since), None, TOLD_MAX)
    };
    found.extend(oldest(Status::Review, unchanged)?);
    found.extend(oldest(Status::Blocked, Duration::ZERO)?);
    found.extend(watch::list_oldest_claimable(reader, TOLD_MAX)?);
    found.extend(watch::list_last_changed(reader, Status::Rework, SENT_BACK_MAX)?);
    Ok(found.into_iter().map(|one| (one.id, one)).collect())
}

fn all_unchanged(
    reader: &mut Reader,
    status: Status,
    now: Timestamp,
    since: Duration,
) -> Result<Vec<SubTask>, ServiceError> {
    let mut found: Vec<SubTask> = Vec::new();
    loop {
        let after = found.last().map(|last| (last.updated_at, last.id));
        let page = watch::list_unchanged(reader, status, now.minus(since), after, CHUNK)?;
        let is_last = page.is_empty();
        found.extend(page);
        if is_last {
            return Ok(found);
        }
    }
}

fn own_records(reader: &mut Reader) -> Result<Vec<PatrolRecord>, ServiceError> {
    let mut found: Vec<PatrolRecord> = Vec::new();
    for status in [PatrolStatus::Open, PatrolStatus::Ignored] {
        let mut last = None;
        loop {
            let page = watch::list_own_records(reader, status, last.as_ref(), CHUNK)?;
            let Some(end) = page.last() else { break };
            last = Some(end.clone());
            found.extend(page);
        }
    }
    Ok(found)
}
