//! Building the answer: everything about what was found, each part bounded.

use openmoss_domain::note::NOTES_SHOWN;
use openmoss_domain::sub_task::Status;
use openmoss_domain::{
    Artifact, ArtifactKind, NextAction, SubTask, SubTaskId, Submission, Task, TaskId,
};
use openmoss_storage::{
    Reader, Window, module, note, prerequisite, review, score, sub_task, submission, task,
};

use super::answer::{Delivered, ScoreNews, ScoreStep, TaskBrief, WorkBrief};
use super::look::Lead;
use super::{NextAsk, NextWork, Seeker, report};
use crate::Service;
use crate::credential::hash;
use crate::error::ServiceError;

/// Most bytes of a goal's description where it is only the background.
const BACKGROUND_BYTES_MAX: usize = 2_000;
/// Most bytes of one summary or text in what others delivered.
const PART_BYTES_MAX: usize = 2_000;
/// Most bytes of all that others delivered.
const DELIVERED_BYTES_MAX: usize = 24_000;
/// Most sub-tasks whose deliverables are shown.
const DELIVERED_MAX: usize = 20;
/// Most submissions of one sub-task, reviews, and score changes.
const SUBMISSIONS_MAX: i64 = 5;
const REVIEWS_MAX: i64 = 3;
const SCORES_MAX: i64 = 5;
/// How much of the rules' hash tells two of them apart.
const ETAG_LENGTH: usize = 16;

impl Service {
    /// An executor's own work.
    pub(super) fn brief_work(
        &self,
        me: Seeker,
        ask: &NextAsk,
        action: NextAction,
        mine: &SubTask,
    ) -> Result<NextWork, ServiceError> {
        let (id, attempt) = (mine.id, mine.attempt);
        let is_begun = mine.status == Status::InProgress;
        let mut next = NextWork::of(action);
        self.read(|reader| {
            if mine.attempt > 1 || mine.rework_count > 0 {
                next.reviews = last_reviews(reader, id)?;
                next.submissions = submissions(reader, mine)?;
            }
            next.prerequisites = of_prerequisites(reader, mine)?;
            put_work(reader, &mut next, mine.clone())
        })?;
        next.report = report::on_work(id, attempt, is_begun);
        self.put_rules_and_score(me, ask, &mut next)?;
        Ok(next)
    }

    /// What the caller would get.
    pub(super) fn brief_queue(&self, me: Seeker, ask: &NextAsk) -> Result<NextWork, ServiceError> {
        let mut next = NextWork::of(NextAction::Claim);
        next.report = report::to_claim();
        self.put_rules_and_score(me, ask, &mut next)?;
        Ok(next)
    }

    /// What somebody looks at without owning it.
    pub(super) fn brief_lead(
        &self,
        me: Seeker,
        ask: &NextAsk,
        lead: &Lead,
    ) -> Result<NextWork, ServiceError> {
        let action = lead.action();
        let mut next = NextWork::of(action);
        self.read(|reader| match lead {
            Lead::Review(one) | Lead::Unblock(one) => {
                next.submissions = submissions(reader, one)?;
                next.reviews = last_reviews(reader, one.id)?;
                let late = next.submissions.iter().find_map(|one| one.submission_id);
                next.report = if action == NextAction::Review {
                    report::on_review(one.id)
                } else {
                    report::on_blocked(one.id, late)
                };
                put_work(reader, &mut next, one.as_ref().clone())
            }
            Lead::Plan(id) | Lead::Deliver(id) => {
                let found = task::find(reader, *id)?.ok_or(ServiceError::not_found("task"))?;
                next.task = Some(whole(found));
                next.report = report::on_task(action, *id);
                if action == NextAction::Deliver {
                    next.deliverables = of_task(reader, *id)?;
                }
                Ok(())
            }
            Lead::Patrol(records) => {
                next.patrol_records = records.iter().cloned().map(Into::into).collect();
                next.report = report::on_patrol();
                Ok(())
            }
        })?;
        self.put_rules_and_score(me, ask, &mut next)?;
        Ok(next)
    }

    fn put_rules_and_score(
        &self,
        me: Seeker,
        ask: &NextAsk,
        next: &mut NextWork,
    ) -> Result<(), ServiceError> {
        let task_id = next.task.as_ref().map(|task| task.id);
        let rules = self.merged_rules(task_id, next.sub_task.as_ref().map(|one| one.id))?;
        let etag: String = hash(rules.as_bytes()).chars().take(ETAG_LENGTH).collect();
        let is_known = ask.rules_etag.as_ref() == Some(&etag);
        next.rules = Some(rules).filter(|rules| !is_known && !rules.is_empty());
        next.rules_etag = Some(etag);
        if !ask.claim {
            return Ok(());
        }
        let Some(seen) = self.desk.seen_before(me.id, me.now) else {
            return Ok(());
        };
        next.score = self.read(|reader| {
            let window = Window { offset: 0, limit: SCORES_MAX };
            let mut changes = score::list(reader, me.id, window)?.items;
            changes.retain(|change| change.created_at > seen);
            if changes.is_empty() {
                return Ok(None);
            }
            let total = score::standing(reader, me.id)?.map_or(0, |standing| standing.total);
            let step = |change: openmoss_domain::score::ScoreChange| ScoreStep {
                delta: change.delta,
                reason: change.reason,
            };
            Ok(Some(ScoreNews { total, changes: changes.into_iter().map(step).collect() }))
        })?;
        Ok(())
    }
}

/// The sub-task, its task and its notes.
fn put_work(
    reader: &mut Reader,
    next: &mut NextWork,
    sub_task: SubTask,
) -> Result<(), ServiceError> {
    next.task = task::find(reader, sub_task.task_id)?.map(background);
    if sub_task.notes > 0 {
        let notes = note::list_newest(reader, sub_task.id, NOTES_SHOWN)?;
        next.notes = notes.into_iter().map(Into::into).collect();
    }
    let module = match sub_task.module_id {
        Some(id) => module::find(reader, id)?.map(|module| module.name),
        None => None,
    };
    next.sub_task = Some(WorkBrief::of(sub_task, module));
    Ok(())
}

fn whole(task: Task) -> TaskBrief {
    let Task { id, name, description, status, .. } = task;
    TaskBrief { id, name, description, status }
}

fn background(task: Task) -> TaskBrief {
    let brief = whole(task);
    TaskBrief { description: cut(&brief.description, BACKGROUND_BYTES_MAX).to_owned(), ..brief }
}

fn last_reviews(
    reader: &mut Reader,
    id: SubTaskId,
) -> Result<Vec<super::ReviewBrief>, ServiceError> {
    let window = Window { offset: 0, limit: REVIEWS_MAX };
    let found = review::list(reader, Some(id), window)?.items;
    Ok(found.into_iter().map(Into::into).collect())
}

/// What was handed in for it, in time or late, newest first.
fn submissions(reader: &mut Reader, of: &SubTask) -> Result<Vec<Delivered>, ServiceError> {
    let window = Window { offset: 0, limit: SUBMISSIONS_MAX };
    let mut left = DELIVERED_BYTES_MAX;
    let found = submission::list(reader, of.id, window)?.items;
    Ok(found.into_iter().map(|one| delivered(&of.name, one, &mut left)).collect())
}

fn of_prerequisites(reader: &mut Reader, of: &SubTask) -> Result<Vec<Delivered>, ServiceError> {
    if of.prerequisites == 0 {
        return Ok(Vec::new());
    }
    let mut ids = prerequisite::find_all(reader, &[of.id])?.remove(&of.id).unwrap_or_default();
    ids.truncate(DELIVERED_MAX);
    let needed = sub_task::find_many(reader, &ids)?;
    of_each(reader, needed)
}

/// What the done sub-tasks of a task delivered, the newest of them.
fn of_task(reader: &mut Reader, id: TaskId) -> Result<Vec<Delivered>, ServiceError> {
    let filter = sub_task::Filter {
        task_id: Some(id),
        status: Some(Status::Done),
        ..sub_task::Filter::default()
    };
    let limit = i64::try_from(DELIVERED_MAX).unwrap_or(i64::MAX);
    let done = sub_task::list(reader, filter, Window { offset: 0, limit })?.items;
    of_each(reader, done)
}

/// The last submission of each, oldest sub-task first.
fn of_each(
    reader: &mut Reader,
    mut sub_tasks: Vec<SubTask>,
) -> Result<Vec<Delivered>, ServiceError> {
    sub_tasks.sort_by_key(|one| (one.created_at, one.id));
    let ids: Vec<SubTaskId> = sub_tasks.iter().map(|one| one.id).collect();
    let mut latest = submission::latest_of_each(reader, &ids)?;
    let mut left = DELIVERED_BYTES_MAX;
    let each = sub_tasks.into_iter().map(|one| match latest.remove(&one.id) {
        Some(found) => delivered(&one.name, found, &mut left),
        None => Delivered {
            sub_task_id: one.id,
            name: one.name,
            agent_id: None,
            attempt: None,
            late: false,
            submission_id: None,
            summary: String::new(),
            artifacts: Vec::new(),
            cut: false,
        },
    });
    Ok(each.collect())
}

/// A submission, with as much of its texts as there is room for.
fn delivered(name: &str, one: Submission, left: &mut usize) -> Delivered {
    let mut is_cut = false;
    let mut shorten = |text: &str| {
        let kept = cut(text, PART_BYTES_MAX.min(*left)).to_owned();
        *left -= kept.len();
        is_cut |= kept.len() < text.len();
        kept
    };
    let summary = shorten(&one.deliverable.summary);
    let mut artifacts = Vec::new();
    for artifact in one.deliverable.artifacts {
        let value = shorten(&artifact.value);
        // Part of a path or an address leads nowhere.
        let is_usable = artifact.kind == ArtifactKind::Text || value == artifact.value;
        if is_usable && !value.is_empty() {
            artifacts.push(Artifact { value, ..artifact });
        }
    }
    Delivered {
        sub_task_id: one.sub_task_id,
        name: name.to_owned(),
        agent_id: Some(one.agent_id),
        attempt: Some(one.attempt),
        late: one.is_late,
        submission_id: one.is_late.then_some(one.id),
        summary,
        artifacts,
        cut: is_cut,
    }
}

/// The beginning of a text, `most` bytes of whole characters.
fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}
