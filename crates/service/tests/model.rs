//! Random histories by several threads at once, and then what must hold after any history
//! whatever, told by the event log and the stored rows.
//!
//! Each thread's choices are seeded, how they interleave is not; `OPENMOSS_RACE_ROUNDS` looks
//! further.
#![cfg(test)]

use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;
use std::time::Duration;

use openmoss_domain::patrol::Finding;
use openmoss_domain::sub_task::{BlockedKind, Edit, Status};
use openmoss_domain::{
    Achievement, Agent, AgentId, Deliverable, EventKind, PatrolStatus, ReviewResult, Role,
    Severity, SubTask, SubTaskId, TaskId, TaskStatus,
};
use openmoss_service::event::Filter;
use openmoss_service::patrol::Filter as PatrolFilter;
use openmoss_service::sub_task::{Filter as ListFilter, NewSubTask, Obstacle};
use openmoss_service::{Recorded, ServiceError, Window};
use openmoss_testkit::{TestDb, TestService, at_once, by, differences, draft, rounds};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

const THREADS: usize = 6;
const STEPS: usize = 120;
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

    /// Gives up all that is left, everybody at once: each task ends, and the planner hears of it.
    fn end_everything(&self) {
        let planner = by(&self.planner);
        let open: Vec<_> =
            self.sub_tasks().into_iter().filter(|one| !one.status.is_terminal()).collect();
        at_once(THREADS, |i| {
            for one in open.iter().skip(i).step_by(THREADS) {
                self.service.cancel_sub_task(&planner, one.id).unwrap();
            }
        });
        assert!(self.sub_tasks().iter().all(|one| one.status.is_terminal()));
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
        let sub_tasks = self.world.sub_tasks();
        match self.random.random_range(0..28) {
            0..16 => self.go_on(&sub_tasks),
            16..26 => self.interfere(&sub_tasks),
            26 => self.create(&sub_tasks),
            _ => self.edit(&sub_tasks),
        }
        self.world.service.clock.advance(Duration::from_millis(1));
    }

    /// A sub-task, more often than not one in one of these statuses.
    fn one_in(&mut self, sub_tasks: &[SubTask], statuses: &[Status]) -> SubTask {
        let fitting: Vec<_> =
            sub_tasks.iter().filter(|one| statuses.contains(&one.status)).collect();
        let is_fitting = self.random.random_bool(0.9);
        let fitting = fitting.choose(&mut self.random).copied().filter(|_| is_fitting);
        fitting.or(sub_tasks.choose(&mut self.random)).unwrap().clone()
    }

    /// Its owner, more often than not.
    fn owner_of(&mut self, one: &SubTask) -> Agent {
        let executors = &self.world.executors;
        let owner = executors.iter().find(|agent| Some(agent.id) == one.owner);
        let is_owner = self.random.random_bool(0.9);
        owner.filter(|_| is_owner).or(executors.choose(&mut self.random)).unwrap().clone()
    }

    /// What brings work to its end.
    fn go_on(&mut self, sub_tasks: &[SubTask]) {
        let service = &self.world.service;
        let executor = by(self.world.executors.choose(&mut self.random).unwrap());
        match self.random.random_range(0..8) {
            0 => drop(lived(service.claim_next(&executor, None, None))),
            1 => {
                let one = self.one_in(sub_tasks, &[Status::Pending]);
                lived(service.claim_sub_task(&executor, one.id, None));
            }
            2 | 3 => {
                let one = self.one_in(sub_tasks, &[Status::Assigned, Status::Rework]);
                lived(service.start_sub_task(&by(&self.owner_of(&one)), one.id, None, None));
            }
            4 | 5 => {
                let one = self.one_in(sub_tasks, &[Status::InProgress]);
                self.submit(&one);
            }
            _ => {
                let one = self.one_in(sub_tasks, &[Status::Review]);
                self.review(&one);
            }
        }
    }

    /// What stops, turns or watches it.
    fn interfere(&mut self, sub_tasks: &[SubTask]) {
        let service = &self.world.service;
        let (admin, planner) = (service.admin(), by(&self.world.planner));
        let held = [Status::Assigned, Status::InProgress, Status::Rework];
        let agent = self.world.executors.choose(&mut self.random).unwrap().id;
        match self.random.random_range(0..12) {
            9 => {
                let one = self.one_in(sub_tasks, Status::ALL);
                let owner = by(&self.owner_of(&one));
                lived(service.add_note(&admin, one.id, "Look at page 2."));
                lived(service.add_note(&owner, one.id, "Done so."));
            }
            10 => {
                let one = self.one_in(sub_tasks, &[Status::Pending]);
                lived(service.assign_sub_task(&admin, one.id, agent));
            }
            11 => self.patrol(sub_tasks),
            0 => {
                let one = self.one_in(sub_tasks, &held);
                lived(service.reassign_sub_task(&planner, one.id, agent));
            }
            1 => {
                let one = self.one_in(sub_tasks, &[Status::Assigned]);
                lived(service.release_sub_task(&by(&self.owner_of(&one)), one.id));
            }
            2 => {
                let one = self.one_in(sub_tasks, &held);
                let detail = "silent".to_owned();
                let obstacle = Obstacle { kind: BlockedKind::Timeout, detail, waits_for: None };
                lived(service.block_sub_task(&planner, one.id, &obstacle));
            }
            3 | 4 => {
                let one = self.one_in(sub_tasks, &[Status::Blocked]);
                lived(service.requeue_sub_task(&planner, one.id));
            }
            5 => {
                let one = self.one_in(sub_tasks, Status::ALL);
                lived(service.cancel_sub_task(&planner, one.id));
            }
            6 => {
                let one = self.one_in(sub_tasks, &[Status::Done, Status::Cancelled]);
                lived(service.reopen_sub_task(&planner, one.id));
            }
            7 => {
                let one = self.one_in(sub_tasks, &[Status::InProgress]);
                let owner = by(&self.owner_of(&one));
                lived(service.heartbeat_sub_task(&owner, one.id, Some("x"), None, None));
                lived(service.adjust_score(&admin, agent, 3, "by hand", None));
            }
            _ => {
                // What is over does not stay so for long, or nothing else would happen.
                let task = *self.world.tasks.choose(&mut self.random).unwrap();
                let over = [TaskStatus::Completed, TaskStatus::Cancelled];
                let over = *over.choose(&mut self.random).unwrap();
                lived(service.move_task(&admin, task, over));
                lived(service.claim_next(&by(&self.world.executors[0]), Some(task), None));
                lived(service.move_task(&admin, task, TaskStatus::Active));
            }
        }
    }

    /// Finds one of a few conditions, or says that one is over.
    fn patrol(&mut self, sub_tasks: &[SubTask]) {
        let service = &self.world.service;
        let one = sub_tasks.choose(&mut self.random).unwrap();
        let finding = Finding {
            kind: "silent_owner".to_owned(),
            severity: *Severity::ALL.choose(&mut self.random).unwrap(),
            task_id: None,
            sub_task_id: Some(one.id),
            agent_id: None,
            description: "Nothing heard.".to_owned(),
            action_taken: String::new(),
            dedup_key: Some(self.random.random_range(0..3).to_string()),
        };
        let found = lived(service.open_patrol_record(&service.admin(), &finding));
        let Some(found) = found.filter(|_| self.random.random_bool(0.5)) else { return };
        let (admin, id) = (service.admin(), found.record.id);
        lived(service.ignore_patrol_record(&admin, id, ""));
        lived(service.resolve_patrol_record(&admin, id, "Asked."));
        if self.random.random_bool(0.2) {
            // Somebody may have found the same again meanwhile.
            match service.reopen_patrol_record(&admin, id) {
                Err(ServiceError::AlreadyExists(_)) => {}
                other => drop(lived(other)),
            }
        }
    }

    fn submit(&mut self, one: &SubTask) {
        let owner = by(&self.owner_of(one));
        let summary = uuid::Uuid::new_v4().to_string();
        let deliverable = Deliverable { summary: summary.clone(), artifacts: Vec::new() };
        let result = self.world.service.submit_sub_task(&owner, one.id, &deliverable, None);
        if matches!(result, Ok(_) | Err(ServiceError::LateSubmission { .. })) {
            self.handed_in.push(summary);
        }
        lived(result);
    }

    fn review(&mut self, one: &SubTask) {
        let reviewer = by(self.world.reviewers.choose(&mut self.random).unwrap());
        if self.random.random_bool(0.3) {
            lived(self.world.service.complete_sub_task(&reviewer, one.id));
            return;
        }
        let result = *ReviewResult::ALL.choose(&mut self.random).unwrap();
        let verdict = TestService::verdict(result, self.random.random_range(1..=5));
        lived(self.world.service.review_sub_task(&reviewer, one.id, &verdict));
    }

    fn some_of(&mut self, sub_tasks: &[SubTask]) -> Vec<SubTaskId> {
        let n = self.random.random_range(0..2);
        sub_tasks.choose_multiple(&mut self.random, n).map(|one| one.id).collect()
    }

    fn create(&mut self, sub_tasks: &[SubTask]) {
        let task_id = *self.world.tasks.choose(&mut self.random).unwrap();
        let siblings: Vec<_> =
            sub_tasks.iter().filter(|one| one.task_id == task_id).cloned().collect();
        // A task that only grows never ends.
        if siblings.iter().filter(|one| !one.status.is_terminal()).count() > 3 {
            return;
        }
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
        let mine = of_kind(EventKind::SubTaskApproved).filter(|e| e.agent_id == Some(agent.id));
        let standings = service.list_achievements(agent.id).unwrap();
        let of = |kind| standings.iter().find(|one| one.kind == kind).unwrap().progress;
        let approvals = i64::try_from(mine.count()).unwrap();
        assert_eq!(of(Achievement::HundredApprovals), approvals.min(100), "each approval counts");
    }
    let patrolled = service.list_patrol_records(&PatrolFilter::default(), ALL).unwrap();
    let opened = of_kind(EventKind::PatrolRecordOpened).count();
    assert_eq!((patrolled.items.len(), patrolled.total), (opened, opened.try_into().unwrap()));
    let held: Vec<_> = patrolled
        .items
        .iter()
        .filter(|record| record.status != PatrolStatus::Resolved)
        .map(|record| record.dedup_key.clone())
        .collect();
    let distinct: BTreeSet<_> = held.iter().collect();
    assert_eq!(distinct.len(), held.len(), "one record for each condition");
    let notes: usize = sub_tasks.iter().map(|one| one.notes as usize).sum();
    assert_eq!(of_kind(EventKind::NoteAdded).count(), notes);
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
        world.end_everything();
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
        EventKind::TaskAllDone,
    ] {
        assert!(kinds.contains(&kind), "{kind}");
    }
}

openmoss_testkit::on_each_backend!(any_history_leaves_everything_in_order);
