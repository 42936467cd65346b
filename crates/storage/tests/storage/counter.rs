//! Kept counts are what a real count gives, whatever happens at once and whatever fails.

use openmoss_domain::score::ScoreChange;
use openmoss_domain::sub_task::Status;
use openmoss_domain::{
    Agent, AgentStatus, Review, ReviewId, ReviewResult, Role, ScoreLogId, SubTask, Task, TaskStatus,
};
use openmoss_storage::{StorageError, Store, Swap, agent, review, score, sub_task, task};
use openmoss_testkit::{START, TestDb, at_once, counter_differences};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

use crate::rows::{at, brought, new_sub_task, stored_agent, stored_task};

const THREADS: usize = 4;
const STEPS: usize = 60;

/// What the random writes are about.
struct World {
    tasks: Vec<Task>,
    agents: Vec<Agent>,
}

/// Does one random thing in a transaction that may fail at its end.
fn act(store: &Store, world: &World, random: &mut StdRng) {
    let fails = random.random_bool(0.3);
    let task = world.tasks.choose(random).unwrap().clone();
    let agent = world.agents.choose(random).unwrap().clone();
    let status = *Status::ALL.choose(random).unwrap();
    let task_status = *TaskStatus::ALL.choose(random).unwrap();
    let agent_status = *AgentStatus::ALL.choose(random).unwrap();
    let held = random.random();
    let delta = if random.random() { 5 } else { -5 };
    let what = random.random_range(0..6);
    let result = store.write(move |writer| {
        match what {
            0 | 1 => {
                let new = new_sub_task(&task, START);
                sub_task::insert(writer, &new)?;
                let mut next = brought(&new, status, &agent);
                next.attempt = next.attempt.min(1);
                let swap = sub_task::compare_and_set(writer, &new, &next)?;
                assert_eq!(swap, Swap::Swapped);
            }
            2 => {
                let id = task.id;
                sub_task::set_held(writer, id, held, at(9))?;
            }
            3 => {
                let now = task::find(writer, task.id)?.unwrap();
                let version = now.version.next();
                let next = Task { status: task_status, version, ..now.clone() };
                let _: Swap = task::compare_and_set(writer, &now, &next)?;
            }
            4 => {
                let now = agent::find(writer, agent.id)?.unwrap();
                let _: Swap = agent::set_status(writer, &now, agent_status)?;
            }
            _ => {
                let new: SubTask = new_sub_task(&task, START);
                sub_task::insert(writer, &new)?;
                review::insert(writer, &new_review(&new))?;
                score::append(writer, &new_change(&agent, delta))?;
            }
        }
        if fails { Err(StorageError::Foreign("on purpose".to_owned())) } else { Ok(()) }
    });
    assert!(matches!(result, Ok(()) | Err(StorageError::Foreign(_))), "{result:?}");
}

fn new_review(sub_task: &SubTask) -> Review {
    Review {
        id: ReviewId::from_uuid(Uuid::new_v4()),
        sub_task_id: sub_task.id,
        reviewer: None,
        round: 1,
        result: ReviewResult::Approved,
        score: 5,
        issues: String::new(),
        comment: String::new(),
        rework_agent: None,
        created_at: START,
    }
}

fn new_change(agent: &Agent, delta: i64) -> ScoreChange {
    ScoreChange {
        id: ScoreLogId::from_uuid(Uuid::new_v4()),
        agent_id: agent.id,
        sub_task_id: None,
        reason: String::new(),
        delta,
        created_at: START,
    }
}

fn counts_are_exact_after_anything(db: &TestDb) {
    let store = db.store();
    let world = World {
        tasks: (0..3).map(|_| stored_task(&store)).collect(),
        agents: (0..4).map(|_| stored_agent(&store, Role::Executor)).collect(),
    };
    at_once(THREADS, |thread| {
        let mut random = StdRng::seed_from_u64(thread as u64);
        for _ in 0..STEPS {
            act(&store, &world, &mut random);
        }
    });
    assert_eq!(counter_differences(db), [""; 0]);
    drop(store);
    // A start tidies the counters up.
    drop(db.store());
    assert_eq!(counter_differences(db), [""; 0]);
}

/// Spread over many rows by writers, folded beside them again and again, the sums stay exact; when
/// all is quiet, one row is left for each.
#[cfg(feature = "postgres")]
#[test]
fn postgres_counters_are_folded_beside_writers() {
    let Some(db) = TestDb::postgres() else { return };
    let store = db.store();
    let world = World {
        tasks: (0..3).map(|_| stored_task(&store)).collect(),
        agents: (0..4).map(|_| stored_agent(&store, Role::Executor)).collect(),
    };
    at_once(THREADS, |thread| {
        let mut random = StdRng::seed_from_u64(thread as u64);
        for _ in 0..STEPS {
            if thread == 0 {
                store.compact_counters().unwrap();
            } else {
                act(&store, &world, &mut random);
            }
        }
    });
    assert_eq!(counter_differences(&db), [""; 0]);
    let rows = |sql: &str| db.raw().number(&format!("SELECT COUNT(*) AS n FROM {sql}"));
    store.compact_counters().unwrap();
    assert_eq!(counter_differences(&db), [""; 0]);
    assert_eq!(rows("counter"), rows("(SELECT DISTINCT scope, key FROM counter) AS numbers"));
    assert_eq!(rows("counter WHERE n = 0"), 0);
}

/// More rows than one transaction folds, so that its pieces end within numbers.
#[cfg(feature = "postgres")]
#[test]
fn postgres_counters_are_folded_wherever_a_piece_ends() {
    let Some(db) = TestDb::postgres() else { return };
    let store = db.store();
    db.raw().run(
        "INSERT INTO counter (scope, key, shard, n) SELECT 'test', 'k' || key, shard, 1
            FROM generate_series(1, 99) key, generate_series(0, 14) shard",
    );
    store.compact_counters().unwrap();
    let rows = |sql: &str| db.raw().number(&format!("SELECT COUNT(*) AS n FROM {sql}"));
    assert_eq!(rows("counter WHERE scope = 'test' AND n = 15"), 99);
    assert_eq!(rows("counter WHERE scope = 'test'"), 99);
}

openmoss_testkit::on_each_backend!(counts_are_exact_after_anything);
