//! Random histories by several threads at once, and then what must hold after any history
//! whatever, told by the event log and the stored rows.
//!
//! Each thread's choices are seeded, how they interleave is not; `OPENMOSS_RACE_ROUNDS` looks
//! further.
#![cfg(test)]

use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;
use std::time::Duration;

use openmoss_domain::sub_task::{BlockedKind, Edit, Status};
use openmoss_domain::{
    Agent, AgentId, Deliverable, EventKind, ReviewResult, Role, SubTask, SubTaskId, TaskId,
    TaskStatus,
};
use openmoss_service::event::Filter;
use openmoss_service::sub_task::{Filter as ListFilter, NewSubTask, NextClaim, Obstacle};
use openmoss_service::{Recorded, ServiceError, Window};
use openmoss_testkit::{TestDb, TestService, at_once, by, differences, draft, rounds};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

const THREADS: usize = 6;
const STEPS: usize = 80;
const ALL: Window = Window { offset: 0, limit: 10_000 };

/// Who and what a history is about.
struct World {
    service: TestService,
    tasks: Vec<TaskId>,
    executors: Vec<Agent>,
    reviewers: Vec<Agent>,
    planner: Agent,
}

/// One thread of a history.
struct Thread<'a> {
    world: &'a World,
    random: StdRng,
    /// What was handed in and taken, in time or late.
    handed_in: Vec<String>,
}

impl World {
    fn make(db: &TestDb) -> Self {
        let service = TestService::open(db);
        let tasks: Vec<_> = (0..2).map(|_| service.task().id).collect();
        for task in &tasks {
            let first = service.work(*task).create();
            let _ = service.work(*task).after(&[&first]).create();
        }
        Self {
            tasks,
            executors: service.agents(Role::Executor, 4),
            reviewers: service.agents(Role::Reviewer, 2),
            planner: service.agent(Role::Planner),
            service,
        }
    }

    fn sub_tasks(&self) -> Vec<SubTask> {
        let admin = openmoss_domain::Actor::Admin;
        let page = self.service.list_sub_tasks(admin, ListFilter::default(), ALL).unwrap();
        page.items.into_iter().map(|view| view.sub_task).collect()
    }
}

/// A rule that says no, or a race that was lost, is part of life; anything else is a fault.
#[track_caller]
fn lived<T>(result: Result<T, ServiceError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(
            ServiceError::Domain(_)
            | ServiceError::NotFound { .. }
            | ServiceError::LateSubmission { .. },
        ) => None,
        Err(other) => panic!("{other:?}"),
    }
}

impl Thread<'_> {
    fn act(&mut self) {
        let service = &self.world.service;
        let (admin, planner) = (service.admin(), by(&self.world.planner));
        let random = &mut self.random;
        let owner = self.world.executors.choose(random).unwrap();
        let executor = by(owner);
        let reviewer = by(self.world.reviewers.choose(random).unwrap());
        let sub_tasks = self.world.sub_tasks();
        let one = sub_tasks.choose(random).unwrap();
        // Work goes on more often when somebody who may is asked.
        let mine = sub_tasks.iter().filter(|one| one.owner == Some(owner.id)).collect::<Vec<_>>();
        let id = mine.choose(random).map_or(one.id, |mine| mine.id);
        match random.random_range(0..24) {
            0..=2 => drop(
                lived(service.claim_next(&executor, None, None))
                    .is_some_and(|next| matches!(next, NextClaim::Claimed(_))),
            ),
            3 => drop(lived(service.claim_sub_task(&executor, one.id, None))),
            4..=6 => drop(lived(service.start_sub_task(&executor, id, None, None))),
            7..=10 => self.submit(owner, id),
            11 | 12 => self.review(one.id),
            13 => drop(lived(service.complete_sub_task(&reviewer, one.id))),
            14 => drop(lived(service.reassign_sub_task(&planner, one.id, owner.id))),
            15 => drop(lived(service.release_sub_task(&executor, id))),
            16 => {
                let detail = "silent".to_owned();
                let obstacle = Obstacle { kind: BlockedKind::Timeout, detail, waits_for: None };
                drop(lived(service.block_sub_task(&planner, one.id, &obstacle)));
            }
            17 => drop(lived(service.requeue_sub_task(&planner, one.id))),
            18 if random.random_bool(0.5) => {
                drop(lived(service.cancel_sub_task(&planner, one.id)));
            }
            18 => drop(lived(service.reopen_sub_task(&planner, one.id))),
            19 => self.create(&sub_tasks),
            20 => self.edit(&sub_tasks),
            21 => drop(lived(service.heartbeat_sub_task(&executor, id, Some("x"), None, None))),
            22 => drop(lived(service.adjust_score(&admin, owner.id, 3, "by hand", None))),
            _ => {
                let task = *self.world.tasks.choose(random).unwrap();
                let status = *[
                    TaskStatus::Active,
                    TaskStatus::Active,
                    TaskStatus::Completed,
                    TaskStatus::Cancelled,
                ]
                .choose(random)
                .unwrap();
                drop(lived(service.move_task(&admin, task, status)));
            }
        }
        service.clock.advance(Duration::from_millis(1));
    }

    fn submit(&mut self, owner: &Agent, id: SubTaskId) {
        let summary = uuid::Uuid::new_v4().to_string();
        let deliverable = Deliverable { summary: summary.clone(), artifacts: Vec::new() };
        let result = self.world.service.submit_sub_task(&by(owner), id, &deliverable, None);
        if matches!(result, Ok(_) | Err(ServiceError::LateSubmission { .. })) {
            self.handed_in.push(summary);
        }
        lived(result);
    }

    fn review(&mut self, id: SubTaskId) {
        let reviewer = by(self.world.reviewers.choose(&mut self.random).unwrap());
        let result = *ReviewResult::ALL.choose(&mut self.random).unwrap();
        let verdict = TestService::verdict(result, self.random.random_range(1..=5));
        lived(self.world.service.review_sub_task(&reviewer, id, &verdict));
    }

    fn some_of(&mut self, sub_tasks: &[SubTask]) -> Vec<SubTaskId> {
        let n = self.random.random_range(0..3);
        sub_tasks.choose_multiple(&mut self.random, n).map(|one| one.id).collect()
    }

    fn create(&mut self, sub_tasks: &[SubTask]) {
        let task_id = *self.world.tasks.choose(&mut self.random).unwrap();
        let siblings: Vec<_> =
            sub_tasks.iter().filter(|one| one.task_id == task_id).cloned().collect();
        let new = NewSubTask {
            task_id,
            module_id: None,
            draft: draft("More"),
            assigned_agent: None,
            depends_on: self.some_of(&siblings),
        };
        lived(self.world.service.create_sub_task(&by(&self.world.planner), &new));
    }

    fn edit(&mut self, sub_tasks: &[SubTask]) {
        let one = sub_tasks.choose(&mut self.random).unwrap();
        let siblings: Vec<_> =
            sub_tasks.iter().filter(|other| other.task_id == one.task_id).cloned().collect();
        let needed = Some(self.some_of(&siblings));
        let planner = by(&self.world.planner);
        lived(self.world.service.edit_sub_task(&planner, one.id, &Edit::default(), needed));
    }
}

/// What the log says about a sub-task so far.
#[derive(Debug, Clone, Default, PartialEq)]
struct Told {
    status: Option<Status>,
    owner: Option<AgentId>,
    attempt: u64,
}

fn text<'a>(event: &'a Recorded, key: &str) -> Option<&'a str> {
    event.payload.0.get(key)?.as_str()
}

/// Replays the log: each step begins where the last one ended, one owner at a time.
fn replay(events: &[Recorded]) -> HashMap<SubTaskId, Told> {
    let mut told: HashMap<SubTaskId, Told> = HashMap::new();
    for event in events {
        let Some(id) = event.sub_task_id else { continue };
        let one = told.entry(id).or_default();
        if event.kind == EventKind::SubTaskCreated {
            assert_eq!(*one, Told::default(), "created once: {event:?}");
            one.status = Some(Status::Pending);
        }
        let (Some(from), Some(to)) = (text(event, "from"), text(event, "to")) else { continue };
        assert_eq!(one.status.map(Status::as_str), Some(from), "{event:?}");
        let attempt = event.payload.0.get("attempt").and_then(serde_json::Value::as_u64).unwrap();
        let is_given = matches!(
            event.kind,
            EventKind::SubTaskClaimed
                | EventKind::SubTaskAssigned
                | EventKind::SubTaskReassigned
                | EventKind::SubTaskRejected
        );
        if event.kind == EventKind::SubTaskClaimed {
            assert_eq!(one.owner, None, "claimed from nobody: {event:?}");
        }
        if matches!(event.kind, EventKind::SubTaskStarted | EventKind::SubTaskSubmitted) {
            assert_eq!(event.actor_id, one.owner, "by its owner: {event:?}");
        }
        let grows = is_given && event.agent_id != one.owner;
        assert_eq!(attempt, one.attempt + u64::from(grows), "{event:?} after {one:?}");
        one.attempt = attempt;
        one.status = Some(Status::from_str(to).unwrap());
        if is_given {
            one.owner = event.agent_id;
        } else if to == "pending" && event.kind != EventKind::SubTaskEdited {
            one.owner = None;
        }
    }
    told
}

/// How often the last open sub-task of a task came to its end.
fn ends(events: &[Recorded]) -> usize {
    let mut open = BTreeSet::new();
    let mut ends = 0;
    for event in events {
        let Some(id) = event.sub_task_id else { continue };
        let is_terminal = |status: &str| Status::from_str(status).unwrap().is_terminal();
        match (event.kind, text(event, "to")) {
            (EventKind::SubTaskCreated, _) => drop(open.insert(id)),
            (_, Some(to)) if is_terminal(to) => {
                open.remove(&id);
                ends += usize::from(open.is_empty());
            }
            (_, Some(_)) => drop(open.insert(id)),
            _ => {}
        }
    }
    ends
}

fn check(db: &TestDb, world: &World, handed_in: &[String]) {
    let service = &world.service;
    assert_eq!(differences(db), [""; 0]);
    let events = service.events(Filter::default());
    let told = replay(&events);
    let sub_tasks = world.sub_tasks();
    assert_eq!(told.len(), sub_tasks.len());
    let mut kept = BTreeSet::new();
    let mut reviews = 0;
    for one in &sub_tasks {
        let stored =
            Told { status: Some(one.status), owner: one.owner, attempt: one.attempt.into() };
        assert_eq!(told[&one.id], stored);
        for submission in service.list_submissions(one.id, ALL).unwrap().items {
            assert!(kept.insert(submission.deliverable.summary), "kept twice");
        }
        reviews += service.list_reviews(Some(one.id), ALL).unwrap().items.len();
    }
    assert_eq!(kept, handed_in.iter().cloned().collect(), "nothing that was taken is lost");

    let of_kind = |kind| events.iter().filter(move |event| event.kind == kind);
    let judged = of_kind(EventKind::SubTaskApproved).chain(of_kind(EventKind::SubTaskRejected));
    assert_eq!(judged.count(), reviews);
    for agent in &world.executors {
        let deltas = of_kind(EventKind::ScoreChanged).filter(|e| e.agent_id == Some(agent.id));
        let deltas = deltas.map(|event| event.payload.0["delta"].as_i64().unwrap());
        assert_eq!(deltas.sum::<i64>(), service.find_agent(agent.id).unwrap().total_score);
    }
    for task in &world.tasks {
        let of_task: Vec<_> =
            events.iter().filter(|event| event.task_id == Some(*task)).cloned().collect();
        let told = of_task.iter().filter(|event| event.kind == EventKind::TaskAllDone).count();
        assert_eq!(told, ends(&of_task), "the planner is told of each end, once");
    }
}

fn any_history_leaves_everything_in_order(db: &TestDb) {
    let world = World::make(db);
    let mut handed_in = Vec::new();
    for round in 0..rounds(db, 3, 2) {
        let taken = at_once(THREADS, |i| {
            let seed = (round * THREADS + i) as u64;
            let random = StdRng::seed_from_u64(seed);
            let mut thread = Thread { world: &world, random, handed_in: Vec::new() };
            for _ in 0..STEPS {
                thread.act();
            }
            thread.handed_in
        });
        handed_in.extend(taken.into_iter().flatten());
        check(db, &world, &handed_in);
    }
    // The history was not all refusals.
    let kinds = world.service.kinds(Filter::default());
    for kind in [
        EventKind::SubTaskClaimed,
        EventKind::SubTaskSubmitted,
        EventKind::SubTaskApproved,
        EventKind::SubTaskRejected,
        EventKind::SubTaskBlocked,
        EventKind::SubTaskCancelled,
        EventKind::SubTaskReopened,
    ] {
        assert!(kinds.contains(&kind), "{kind}");
    }
}

openmoss_testkit::on_each_backend!(any_history_leaves_everything_in_order);
