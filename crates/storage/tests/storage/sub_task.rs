//! How sub-tasks change, and which ones a list or the queue shows.

use openmoss_domain::sub_task::{Priority, Status};
use openmoss_domain::{AgentId, Capabilities, Module, ModuleId, Role, SubTask, SubTaskId, TaskId};
use openmoss_storage::sub_task::Filter;
use openmoss_storage::{Store, Swap, Window, module, sub_task};
use openmoss_testkit::{START, TestDb, at_once, counter_differences};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

use crate::rows::{
    ALL, at, brought, new_sub_task, stored_agent, stored_sub_task, stored_task, write,
};

fn swap(store: &Store, before: &SubTask, next: &SubTask) -> Swap {
    let (before, next) = (before.clone(), next.clone());
    write(store, move |writer| sub_task::compare_and_set(writer, &before, &next))
}

fn find(store: &Store, sub_task: &SubTask) -> SubTask {
    store.read(|reader| sub_task::find(reader, sub_task.id)).unwrap().unwrap()
}

fn a_second_change_of_the_same_version_is_lost(db: &TestDb) {
    let store = db.store();
    let new = stored_sub_task(&store, &stored_task(&store));
    let (first, second) =
        (stored_agent(&store, Role::Executor), stored_agent(&store, Role::Executor));
    let winner = brought(&new, Status::Assigned, &first);
    let loser = brought(&new, Status::Assigned, &second);
    assert_eq!(swap(&store, &new, &winner), Swap::Swapped);
    assert_eq!(swap(&store, &new, &loser), Swap::Lost);
    assert_eq!(find(&store, &new), winner);
    let attempt = |agent| store.read(|reader| sub_task::last_attempt_of(reader, new.id, agent));
    assert_eq!(attempt(first.id).unwrap(), Some(1));
    assert_eq!(attempt(second.id).unwrap(), None);
    assert_eq!(counter_differences(db), [""; 0]);
}

fn of_many_changes_at_once_one_wins(db: &TestDb) {
    let store = db.store();
    let task = stored_task(&store);
    let agents: Vec<_> = (0..8).map(|_| stored_agent(&store, Role::Executor)).collect();
    for _ in 0..20 {
        let new = stored_sub_task(&store, &task);
        let claims: Vec<_> =
            agents.iter().map(|agent| brought(&new, Status::Assigned, agent)).collect();
        let swaps = at_once(claims.len(), |i| swap(&store, &new, &claims[i]));
        let won: Vec<_> = swaps.iter().zip(&claims).filter(|(s, _)| **s == Swap::Swapped).collect();
        assert_eq!(won.len(), 1);
        assert_eq!(find(&store, &new), *won[0].1);
    }
    assert_eq!(counter_differences(db), [""; 0]);
}

fn the_column_claimable_says_what_the_domain_says(db: &TestDb) {
    let store = db.store();
    let task = stored_task(&store);
    let owner = stored_agent(&store, Role::Executor);
    let mut expected = Vec::new();
    for status in Status::ALL {
        for open in [0, 1, 2] {
            for held in [false, true] {
                let mut new = brought(&new_sub_task(&task, START), *status, &owner);
                new.prerequisites = 2;
                new.open_prerequisites = open;
                new.held = held;
                let row = new.clone();
                write(&store, move |writer| sub_task::insert(writer, &row));
                if new.is_claimable() {
                    expected.push(new.id.to_string());
                }
            }
        }
    }
    let found = db.raw().texts("SELECT id AS text FROM sub_task WHERE claimable");
    assert_eq!((found, expected.len()), (expected, 1));
    assert_eq!(counter_differences(db), [""; 0]);
}

fn the_queue_goes_by_priority_then_task_by_task_and_by_age(db: &TestDb) {
    let store = db.store();
    let (task, other) = (stored_task(&store), stored_task(&store));
    let owner = stored_agent(&store, Role::Executor);
    let mut made = Vec::new();
    for (i, priority) in [Priority::Low, Priority::Medium, Priority::High].iter().enumerate() {
        for (seconds, task) in [(20, &task), (10, &other), (30, &other)] {
            let mut new = new_sub_task(task, at(seconds));
            new.priority = *priority;
            let row = new.clone();
            write(&store, move |writer| sub_task::insert(writer, &row));
            made.push((2 - i, new.task_id.to_string(), seconds, new));
        }
    }
    made.sort_by_key(|(rank, task, seconds, _)| (*rank, task.clone(), *seconds));
    let next = |task: Option<TaskId>| {
        next_of(&store, &Capabilities::default(), task, None).map(|found| found.id)
    };
    for (_, _, _, expected) in &made {
        let of_task = made
            .iter()
            .find(|(_, _, _, one)| one.task_id == other.id && find(&store, one).is_claimable());
        assert_eq!(next(Some(other.id)), of_task.map(|(_, _, _, one)| one.id));
        assert_eq!(next(None), Some(expected.id));
        let claimed = brought(expected, Status::Assigned, &owner);
        assert_eq!(swap(&store, expected, &claimed), Swap::Swapped);
    }
    assert_eq!((next(None), next(Some(other.id))), (None, None));
}

/// What would be claimed next.
fn next_of(
    store: &Store,
    able: &Capabilities,
    task_id: Option<TaskId>,
    after: Option<TaskId>,
) -> Option<SubTask> {
    let able = able.clone();
    write(store, move |writer| {
        sub_task::next_claimable(writer, sub_task::Wanted { able: &able, task_id, after })
    })
}

fn tasks_take_turns(db: &TestDb) {
    let store = db.store();
    let owner = stored_agent(&store, Role::Executor);
    let mut tasks: Vec<_> = (0..3).map(|_| stored_task(&store)).collect();
    tasks.sort_by_key(|task| task.id.to_string());
    for task in &tasks {
        for _ in 0..2 {
            drop(stored_sub_task(&store, task));
        }
    }
    let (mut after, mut turns) = (None, Vec::new());
    while let Some(found) = next_of(&store, &Capabilities::default(), None, after) {
        after = Some(found.task_id);
        turns.push(found.task_id);
        let claimed = brought(&found, Status::Assigned, &owner);
        assert_eq!(swap(&store, &found, &claimed), Swap::Swapped);
    }
    let round: Vec<_> = tasks.iter().map(|task| task.id).collect();
    assert_eq!(turns, [round.clone(), round].concat());
}

fn work_is_for_those_who_can_do_it(db: &TestDb) {
    let store = db.store();
    let task = stored_task(&store);
    let needing = |needs: &str, priority| {
        let mut new = new_sub_task(&task, START);
        new.required_capabilities = Capabilities::from_text(needs);
        new.priority = priority;
        let row = new.clone();
        write(&store, move |writer| sub_task::insert(writer, &row));
        new.id
    };
    let plain = needing("", Priority::Medium);
    let python = needing("python", Priority::Medium);
    let both = needing("css python", Priority::Medium);
    let rare = needing("cobol", Priority::High);
    let low = needing("css", Priority::Low);
    let next = |able: &str, task_id| {
        next_of(&store, &Capabilities::from_text(able), task_id, None).map(|found| found.id)
    };
    for task_id in [None, Some(task.id)] {
        assert_eq!(next("", task_id), Some(plain));
        // Of equal priority, what fewer can do comes first.
        assert_eq!(next("python", task_id), Some(python));
        assert_eq!(next("css python", task_id), Some(both));
        assert_eq!(next("cobol python", task_id), Some(rare));
        assert_eq!(next("css", task_id), Some(plain));
    }
    let listed = |able: &str| {
        let able = Capabilities::from_text(able);
        let page = store.read(|reader| sub_task::list_claimable_by(reader, &able, ALL)).unwrap();
        let mut ids: Vec<_> = page.items.iter().map(|one| one.id).collect();
        ids.sort();
        assert_eq!(page.total, i64::try_from(ids.len()).unwrap());
        ids
    };
    let sorted = |mut ids: Vec<SubTaskId>| {
        ids.sort();
        ids
    };
    assert_eq!(listed(""), [plain]);
    assert_eq!(listed("css java"), sorted(vec![plain, low]));
    assert_eq!(listed("css python"), sorted(vec![plain, low, python, both]));
}

fn holding_a_task_holds_its_work_and_counts_it(db: &TestDb) {
    let store = db.store();
    let (task, other) = (stored_task(&store), stored_task(&store));
    let owner = stored_agent(&store, Role::Executor);
    for status in Status::ALL {
        for open in [0, 1] {
            let mut new = brought(&new_sub_task(&task, START), *status, &owner);
            new.open_prerequisites = open;
            write(&store, move |writer| sub_task::insert(writer, &new));
        }
    }
    let free = stored_sub_task(&store, &other);
    let hold = |held| {
        let id = task.id;
        write(&store, move |writer| sub_task::set_held(writer, id, held, at(5)))
    };
    let claimable = || store.read(|reader| sub_task::list_claimable(reader, ALL)).unwrap();
    assert_eq!((claimable().total, claimable().items.len()), (2, 2));
    assert_eq!((hold(true), hold(true)), (16, 0));
    let page = claimable();
    assert_eq!((page.items, page.total), (vec![free], 1));
    assert_eq!(counter_differences(db), [""; 0]);
    assert_eq!(hold(false), 16);
    assert_eq!(claimable().total, 2);
    assert_eq!(counter_differences(db), [""; 0]);
}

fn holding_and_claiming_at_once_keeps_the_count(db: &TestDb) {
    let store = db.store();
    let task = stored_task(&store);
    let owner = stored_agent(&store, Role::Executor);
    let made: Vec<_> = (0..40).map(|_| stored_sub_task(&store, &task)).collect();
    at_once(5, |thread| {
        if thread == 0 {
            for held in [true, false].repeat(10) {
                let id = task.id;
                write(&store, move |writer| sub_task::set_held(writer, id, held, at(5)));
            }
        } else {
            for new in made.iter().skip(thread - 1).step_by(4) {
                let claimed = |one: &SubTask| SubTask {
                    held: one.held,
                    ..brought(one, Status::Assigned, &owner)
                };
                // Against the current state, again and again: the version moves with each hold.
                while let now = find(&store, new)
                    && swap(&store, &now, &claimed(&SubTask { held: false, ..now.clone() }))
                        == Swap::Lost
                {}
            }
        }
    });
    assert_eq!(counter_differences(db), [""; 0]);
}

fn the_latest_is_the_one_changed_last(db: &TestDb) {
    let store = db.store();
    let (task, other) = (stored_task(&store), stored_task(&store));
    let (mine, theirs) =
        (stored_agent(&store, Role::Executor), stored_agent(&store, Role::Executor));
    let latest = |agent: AgentId, task: TaskId| {
        store.read(|reader| sub_task::find_latest(reader, agent, task)).unwrap().map(|one| one.id)
    };
    assert_eq!(latest(mine.id, task.id), None);
    let mut newest = None;
    for (seconds, task, owner) in
        [(30, &task, &mine), (90, &other, &mine), (95, &task, &theirs), (20, &task, &mine)]
    {
        let mut new = brought(&new_sub_task(task, START), Status::Assigned, owner);
        new.updated_at = at(seconds);
        let row = new.clone();
        write(&store, move |writer| sub_task::insert(writer, &row));
        if seconds == 30 {
            newest = Some(new.id);
        }
    }
    assert_eq!(latest(mine.id, task.id), newest);
}

/// What a filter should show of `rows`, newest first.
fn expected(rows: &[SubTask], filter: Filter) -> Vec<&SubTask> {
    let mut shown: Vec<_> = rows
        .iter()
        .filter(|row| filter.task_id.is_none_or(|id| row.task_id == id))
        .filter(|row| filter.module_id.is_none_or(|id| row.module_id == Some(id)))
        .filter(|row| filter.owner.is_none_or(|id| row.owner == Some(id)))
        .filter(|row| filter.status.is_none_or(|status| row.status == status))
        .collect();
    shown.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.id)));
    shown
}

fn every_filter_shows_what_it_should(db: &TestDb) {
    let mut random = rand::rngs::StdRng::seed_from_u64(2026);
    let store = db.store();
    let tasks: Vec<_> = (0..3).map(|_| stored_task(&store)).collect();
    let owners: Vec<_> = (0..3).map(|_| stored_agent(&store, Role::Executor)).collect();
    let modules: Vec<_> = tasks
        .iter()
        .map(|task| {
            let id = ModuleId::from_uuid(Uuid::new_v4());
            let (name, description) = ("Part".to_owned(), String::new());
            let new = Module { id, task_id: task.id, name, description, created_at: START };
            write(&store, move |writer| module::insert(writer, &new));
            id
        })
        .collect();
    let rows: Vec<SubTask> = (0..120)
        .map(|_| {
            let place = random.random_range(0..3);
            let status = *Status::ALL.choose(&mut random).unwrap();
            let owner = owners.choose(&mut random).unwrap();
            // Several of one moment, so that the id decides.
            let mut new = new_sub_task(&tasks[place], at(random.random_range(0..10)));
            new.module_id = random.random_bool(0.5).then(|| modules[place]);
            new = brought(&new, status, owner);
            let row = new.clone();
            write(&store, move |writer| sub_task::insert(writer, &row));
            new
        })
        .collect();
    let maybe = |yes: u32, bit: u32| yes & (1 << bit) != 0;
    for combination in 0..16 {
        let filter = Filter {
            task_id: maybe(combination, 0).then_some(tasks[0].id),
            module_id: maybe(combination, 1).then_some(modules[0]),
            owner: maybe(combination, 2).then_some(owners[0].id),
            status: maybe(combination, 3).then_some(Status::Review),
        };
        let list = |window| store.read(|reader| sub_task::list(reader, filter, window)).unwrap();
        let expected = expected(&rows, filter);
        let page = list(ALL);
        assert_eq!(page.items.iter().collect::<Vec<_>>(), expected, "{filter:?}");
        assert_eq!(page.total, i64::try_from(expected.len()).unwrap(), "{filter:?}");
        let page = list(Window { offset: 2, limit: 3 });
        let part: Vec<_> = expected.iter().copied().skip(2).take(3).collect();
        assert_eq!(page.items.iter().collect::<Vec<_>>(), part, "{filter:?}");
    }
    for task in &tasks {
        let has_open = rows.iter().any(|row| row.task_id == task.id && !row.status.is_terminal());
        let found = store.read(|reader| sub_task::has_open(reader, task.id)).unwrap();
        assert_eq!(found, has_open);
    }
}

fn a_task_without_open_work_has_none(db: &TestDb) {
    let store = db.store();
    let task = stored_task(&store);
    let owner = stored_agent(&store, Role::Executor);
    let has_open = || store.read(|reader| sub_task::has_open(reader, task.id)).unwrap();
    for status in Status::ALL.iter().filter(|status| status.is_terminal()) {
        let new = brought(&new_sub_task(&task, START), *status, &owner);
        write(&store, move |writer| sub_task::insert(writer, &new));
        assert!(!has_open(), "{status}");
    }
    for status in Status::ALL.iter().filter(|status| !status.is_terminal()) {
        let task = stored_task(&store);
        let new = brought(&new_sub_task(&task, START), *status, &owner);
        write(&store, move |writer| sub_task::insert(writer, &new));
        assert!(store.read(|reader| sub_task::has_open(reader, task.id)).unwrap(), "{status}");
    }
}

openmoss_testkit::on_each_backend! {
    a_second_change_of_the_same_version_is_lost,
    of_many_changes_at_once_one_wins,
    the_column_claimable_says_what_the_domain_says,
    the_queue_goes_by_priority_then_task_by_task_and_by_age,
    tasks_take_turns,
    work_is_for_those_who_can_do_it,
    holding_a_task_holds_its_work_and_counts_it,
    holding_and_claiming_at_once_keeps_the_count,
    the_latest_is_the_one_changed_last,
    every_filter_shows_what_it_should,
    a_task_without_open_work_has_none,
}
