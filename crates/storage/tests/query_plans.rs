//! No query that runs often reads a whole table or sorts what it read: the statements that the
//! public functions really run are recorded, and each is explained by the database.
#![cfg(test)]

use std::collections::BTreeSet;

use openmoss_domain::WakeUpId;
use openmoss_domain::log::LogAction;
use openmoss_domain::next::NextAction;
use openmoss_domain::notification::{Delivery, NotificationKind};
use openmoss_domain::outbox::DeliveryStatus;
use openmoss_domain::recurrence::{CatchUp, Overlap, Recurrence};
use openmoss_domain::request::{RequestEntry, RequestMethod};
use openmoss_domain::score::ScoreSign;
use openmoss_domain::series::Rounds;
use openmoss_domain::sub_task::{Draft, Place, Priority, Status, WorkKind};
use openmoss_domain::usage::{Cost, OwnCap, Usage};
use openmoss_domain::wake::{WakeKind, WakeTarget};
use openmoss_domain::{
    Actor, Agent, AgentId, AgentStatus, Capabilities, Command, DeliveryId, Event, EventId,
    EventKind, Keyword, Module, ModuleId, ModuleSort, PatrolStatus, Persona, Policy, RequestId,
    Review, ReviewId, ReviewResult, Role, RuleScope, Series, SeriesId, Severity, SortOrder,
    SubTask, SubTaskId, SubTaskSort, Task, TaskId, TaskSort, TaskStatus, Transition,
};
use openmoss_storage::agent::listed::{self, OrderBy};
use openmoss_storage::sub_task::Search;
use openmoss_storage::usage::{BudgetOf, SumOf};
use openmoss_storage::wake;
use openmoss_storage::{
    ByTime, StorageError, Store, Swap, Window, Writer, agent, counter, dashboard, delivery, event,
    idempotency, log, module, next, note, onboarding, partner, patrol, prerequisite, request,
    review, rule, score, series, session, sub_task, submission, task, task_policy, track_record,
    usage,
};
use openmoss_testkit::{START, TestDb, draft, record_statements};
use uuid::Uuid;

/// How many sub-tasks PostgreSQL is told of: with few, it would not bother to use an index.
#[cfg(feature = "postgres")]
const ROWS: u32 = 20_000;

const SECOND: std::time::Duration = std::time::Duration::from_secs(1);
const PAGE: Window = Window { offset: 0, limit: 20 };

/// A store with one of everything, so that no function ends early.
struct World {
    store: Store,
    task: TaskId,
    module: ModuleId,
    agent: AgentId,
    sub_task: SubTaskId,
    delivery: DeliveryId,
    series: SeriesId,
}

impl World {
    fn make(db: &TestDb) -> Self {
        let store = db.store();
        let (task, module) =
            (TaskId::from_uuid(Uuid::new_v4()), ModuleId::from_uuid(Uuid::new_v4()));
        let (agent, sub_task) =
            (AgentId::from_uuid(Uuid::new_v4()), SubTaskId::from_uuid(Uuid::new_v4()));
        let (name, description) = ("One".to_owned(), String::new());
        let new_task =
            Task::create(task, name.clone(), description.clone(), WorkKind::Recurring, START);
        let new_module = Module {
            id: module,
            task_id: task,
            name: name.clone(),
            description: description.clone(),
            created_at: START,
        };
        let new_agent = Agent {
            id: agent,
            name,
            role: Role::Executor,
            description,
            status: AgentStatus::Active,
            capabilities: Capabilities::default(),
            persona: Persona::default(),
            total_score: 0,
            created_at: START,
        };
        let place = Place {
            task_id: task,
            module_id: Some(module),
            held: false,
            prerequisites: 0,
            open_prerequisites: 0,
        };
        // The rarest of everything, so that every search finds something.
        let rare = Draft { priority: Priority::High, kind: WorkKind::Recurring, ..draft("One") };
        let new = SubTask::create(sub_task, rare, place, START);
        let free = SubTask { id: SubTaskId::from_uuid(Uuid::new_v4()), ..new.clone() };
        let claim = Command::Claim { session: None };
        let claimed = match new.apply(&claim, new_agent.actor(), START, &Policy::default()) {
            Ok(Transition::Changed { next, .. }) => *next,
            other => panic!("{other:?}"),
        };
        let new_review = Review {
            id: ReviewId::from_uuid(Uuid::new_v4()),
            sub_task_id: sub_task,
            reviewer: Some(agent),
            round: 1,
            result: ReviewResult::Approved,
            score: 5,
            issues: String::new(),
            comment: String::new(),
            rework_agent: None,
            created_at: START,
        };
        let recurrence = Recurrence {
            cron: "0 * * * *".to_owned(),
            timezone: "UTC".to_owned(),
            overlap: Overlap::Skip,
            catch_up: CatchUp::One,
            until: None,
        };
        let series = SeriesId::from_uuid(Uuid::new_v4());
        let new_series = Series::begin(series, Rounds::Tasks, recurrence, START);
        let new_round = series::Round {
            series_id: series,
            number: 1,
            task_id: task,
            sub_task_id: None,
            due: START,
        };
        let delivery = DeliveryId::from_uuid(Uuid::new_v4());
        let event = Event::new(EventKind::TaskAllDone, Actor::System, START);
        let told = (NotificationKind::AllDone, EventId::from_uuid(Uuid::new_v4()), &event);
        let new_delivery = Delivery::new(delivery, "email:a@example.com".to_owned(), told);
        let new_target = WakeTarget {
            agent_id: agent,
            kind: WakeKind::Webhook,
            url: "https://example.com".to_owned(),
            secret: String::new(),
            runtime_agent: None,
            hook: None,
        };
        let write = move |writer: &mut Writer| -> Result<(), StorageError> {
            task::insert(writer, &new_task)?;
            module::insert(writer, &new_module)?;
            agent::insert(writer, &new_agent, "hash")?;
            sub_task::insert(writer, &free)?;
            sub_task::insert(writer, &new)?;
            assert_eq!(sub_task::compare_and_set(writer, &new, &claimed)?, Swap::Swapped);
            review::insert(writer, &new_review)?;
            series::insert(writer, &new_series)?;
            series::insert_round(writer, &new_round)?;
            wake::set_target(writer, &new_target)?;
            delivery::insert_all(writer, std::slice::from_ref(&new_delivery))
        };
        store.write(write).unwrap();
        #[cfg(feature = "postgres")]
        if db.is_postgres() {
            fill(db);
        }
        Self { store, task, module, agent, sub_task, delivery, series }
    }

    fn read<T>(&self, query: impl FnMut(&mut openmoss_storage::Reader) -> Result<T, StorageError>) {
        self.store.read(query).unwrap();
    }

    fn write(
        &self,
        transaction: impl Fn(&mut Writer) -> Result<(), StorageError> + Send + 'static,
    ) {
        self.store.write(transaction).unwrap();
    }
}

/// Many rows past all rules, so that PostgreSQL plans as it would in a big installation, where
/// most work is done.
#[cfg(feature = "postgres")]
fn fill(db: &TestDb) {
    let mut raw = db.raw();
    let id = |table: &str, of: &str| format!("md5('{table}' || ({of}))::uuid::text");
    let (task, agent, sub_task) =
        (id("task", "i % 500"), id("agent", "i % 200"), id("sub_task", "i"));
    let module = id("module", "i % 1000");
    raw.run(&format!(
        "INSERT INTO task SELECT {}, 'n', '', 'once', 'active', 1, i, i
            FROM generate_series(0, 499) i;
        INSERT INTO module SELECT {}, {task}, 'n', '', i FROM generate_series(0, 999) i;
        INSERT INTO agent SELECT {}, 'n' || i, 'executor', '', 'active', 'h' || i, i, 0, 0, i
            FROM generate_series(0, 199) i;
        INSERT INTO sub_task (id, task_id, module_id, name, description, deliverable, acceptance,
                kind, priority, status, assigned_agent, attempt, version, rework_count,
                prerequisites, open_prerequisites, held, created_at, updated_at, completed_at)
            SELECT {sub_task}, {task}, {module}, 'n', '', '', '',
                coalesce((ARRAY['recurring'])[i % 100], 'once'),
                coalesce((ARRAY['high', 'low'])[i % 20], 'medium'),
                coalesce((ARRAY['pending', 'assigned', 'in_progress', 'review', 'rework', 'blocked',
                    'cancelled'])[i % 200], 'done'),
                {agent}, 1, 1, 0, 0, i % 2, false, i, i, i FROM generate_series(1, {ROWS}) i;
        INSERT INTO prerequisite SELECT {sub_task}, {} FROM generate_series(2, {ROWS}) i;
        INSERT INTO ownership SELECT {sub_task}, 1, {agent}, i FROM generate_series(1, {ROWS}) i;
        INSERT INTO submission SELECT {sub_task}, {sub_task}, {agent}, 1, false, '', '[]', i
            FROM generate_series(1, {ROWS}) i;
        INSERT INTO review_record SELECT {sub_task}, {sub_task}, {agent}, 1, 'approved', 5, '', '',
                NULL, i FROM generate_series(1, {ROWS}) i;
        INSERT INTO score_log SELECT {sub_task}, {agent}, {sub_task}, '', 5, i
            FROM generate_series(1, {ROWS}) i;
        INSERT INTO activity_log SELECT {sub_task}, {agent}, {sub_task}, 'coding', '', NULL, i
            FROM generate_series(1, {ROWS}) i;
        INSERT INTO rule SELECT {sub_task}, coalesce((ARRAY['task'])[i % 200], 'sub_task'), {task},
                {sub_task}, '', i, i FROM generate_series(1, {ROWS}) i;
        INSERT INTO event (id, at, kind, actor_kind, task_id, sub_task_id, payload)
            SELECT {sub_task}, i, 'sub_task_created', 'system', {task}, {sub_task}, '{{}}'
            FROM generate_series(1, {ROWS}) i;
        INSERT INTO counter SELECT 'task:' || i, 'done', 0, 1 FROM generate_series(1, {ROWS}) i;
        INSERT INTO admin_session SELECT 'n' || i, 'h' || i, i, i FROM generate_series(1, 1000) i;
        INSERT INTO request_log SELECT {sub_task}, {agent}, 'GET', '/api/tasks', NULL, 200, 1, i
            FROM generate_series(1, {ROWS}) i;
        INSERT INTO request_day SELECT {agent}, 'd' || i, 1, 0, 0
            FROM generate_series(1, {ROWS}) i;
        INSERT INTO note SELECT {sub_task}, {sub_task}, 'admin', NULL, '', i
            FROM generate_series(1, {ROWS}) i;
        INSERT INTO patrol_record SELECT {sub_task}, 'k' || i % 20,
                coalesce((ARRAY['critical', 'warning'])[i % 200], 'info'), {task}, {sub_task}, {agent}, '', '',
                coalesce((ARRAY['open', 'ignored'])[i % 200], 'resolved'), 'k' || i, 'system', NULL,
                i, i FROM generate_series(1, {ROWS}) i;
        INSERT INTO series SELECT {sub_task}, {task}, '{{}}', '* * * * *', 'UTC', 'skip', 'one', NULL,
                (ARRAY[i])[i % 200], (ARRAY[i])[i % 300], 1, false, 1, i, i
            FROM generate_series(1, {ROWS}) i;
        INSERT INTO usage_sum SELECT (ARRAY['day', 'agent', 'task', 'whole_task'])[1 + i % 4], 'd' || i,
                {sub_task}, 1, i, i, i, i FROM generate_series(1, {ROWS}) i;
        INSERT INTO budget SELECT 'agent', {sub_task}, i, i, i FROM generate_series(1, {ROWS}) i;
        INSERT INTO task_policy SELECT {}, true, true, true, true, 1, i FROM generate_series(0, 499) i;
        INSERT INTO track_record SELECT {}, 1, 1, 1, 1, 1, 1, 1, 1, 1 FROM generate_series(0, 199) i;
        INSERT INTO contribution SELECT {agent}, {task} FROM generate_series(1, {ROWS}) i
            ON CONFLICT DO NOTHING;
        INSERT INTO achievement SELECT {}, 'leader', i FROM generate_series(0, 199) i;
        INSERT INTO partner SELECT {agent}, {}, 1, 1, i FROM generate_series(1, {ROWS}) i
            ON CONFLICT DO NOTHING;
        INSERT INTO series_round SELECT {sub_task}, 1, {task}, {sub_task}, i
            FROM generate_series(1, {ROWS}) i;
        INSERT INTO delivery SELECT {sub_task}, 'c', 'all_done', {sub_task}, {task}, NULL, NULL,
                '{{}}', coalesce((ARRAY['pending', 'dead'])[i % 200], 'delivered'), 1, i, NULL,
                i, i FROM generate_series(1, {ROWS}) i;
        INSERT INTO wake_up SELECT {sub_task}, {agent}, 'claim', NULL,
                coalesce((ARRAY['pending', 'dead'])[i % 200], 'delivered'), 1, i, NULL, i, i, i
            FROM generate_series(1, {ROWS}) i;
        INSERT INTO idempotency SELECT 't' || i, '', '', i FROM generate_series(1, {ROWS}) i;
        ANALYZE",
        id("task", "i"),
        id("module", "i"),
        id("agent", "i"),
        id("sub_task", "i - 1"),
        id("task", "i"),
        id("agent", "i"),
        id("agent", "i"),
        id("agent", "i / 200 % 200"),
    ));
}

/// How much of a table a query may look at.
#[derive(Clone, Copy)]
enum Reach {
    /// What its filter finds in an index.
    Found,
    /// This index from one end, as far as its limit.
    Along(&'static str),
    /// What its filter finds in an index, or all of this one, sorted: it is short.
    FoundAndSorted(&'static str),
    /// The same for what belongs to names of agents and tasks, which are few and looked through.
    FoundByNames,
}

const FEW: [&str; 2] = ["agent", "task"];

struct Case {
    name: String,
    reach: Reach,
    call: Box<dyn Fn(&World)>,
}

fn case(name: impl Into<String>, reach: Reach, call: impl Fn(&World) + 'static) -> Case {
    Case { name: name.into(), reach, call: Box::new(call) }
}

fn found(name: impl Into<String>, call: impl Fn(&World) + 'static) -> Case {
    case(name, Reach::Found, call)
}

fn along(index: &'static str, name: &str, call: impl Fn(&World) + 'static) -> Case {
    case(name, Reach::Along(index), call)
}

/// What an agent can do that finds more than what asks for nothing.
fn able() -> Capabilities {
    Capabilities::from_text("css python")
}

fn wanted(
    able: &Capabilities,
    task_id: Option<TaskId>,
    after: Option<TaskId>,
) -> sub_task::Wanted<'_> {
    sub_task::Wanted { able, task_id, after }
}

fn sub_task_cases() -> Vec<Case> {
    let has = |combination: u32, bit: u32| combination & (1 << bit) != 0;
    let lists = (0..16).map(|combination| {
        let name = format!(
            "sub_task::list by {:?}",
            ["task", "module", "owner", "status"]
                .iter()
                .zip(0..)
                .filter(|(_, bit)| has(combination, *bit))
                .map(|(name, _)| *name)
                .collect::<Vec<_>>()
        );
        let reach = if combination == 0 { Reach::Along("sub_task_by_time") } else { Reach::Found };
        case(name, reach, move |w| {
            let filter = sub_task::Filter {
                task_id: has(combination, 0).then_some(w.task),
                module_id: has(combination, 1).then_some(w.module),
                owner: has(combination, 2).then_some(w.agent),
                status: has(combination, 3).then_some(Status::Assigned),
            };
            w.read(|reader| sub_task::list(reader, filter, PAGE));
        })
    });
    let others = vec![
        found("sub_task::find", |w| w.read(|reader| sub_task::find(reader, w.sub_task))),
        found("sub_task::find_many", |w| {
            w.read(|reader| sub_task::find_many(reader, &[w.sub_task, w.sub_task]));
        }),
        along("sub_task_claimable", "sub_task::list_claimable", |w| {
            w.read(|reader| sub_task::list_claimable(reader, PAGE));
        }),
        along("sub_task_claimable", "sub_task::list_claimable_by", |w| {
            w.read(|reader| sub_task::list_claimable_by(reader, &able(), PAGE));
        }),
        found("sub_task::ready_needs", |w| {
            w.read(|reader| sub_task::ready_needs(reader, &able()));
        }),
        found("sub_task::in_hand", |w| {
            for status in [Status::Rework, Status::InProgress, Status::Assigned] {
                w.read(|reader| sub_task::in_hand(reader, w.agent, status));
            }
        }),
        found("sub_task::next_claimable", |w| {
            w.write(|writer| {
                sub_task::next_claimable(writer, wanted(&able(), None, None)).map(drop)
            });
        }),
        found("sub_task::next_claimable after a task", |w| {
            let task = w.task;
            w.write(move |writer| {
                sub_task::next_claimable(writer, wanted(&able(), None, Some(task))).map(drop)
            });
        }),
        found("sub_task::next_claimable of a task", |w| {
            let task = w.task;
            w.write(move |writer| {
                sub_task::next_claimable(writer, wanted(&able(), Some(task), None)).map(drop)
            });
        }),
        found("sub_task::find_latest", |w| {
            w.read(|reader| sub_task::find_latest(reader, w.agent, w.task));
        }),
        found("sub_task::has_open", |w| w.read(|reader| sub_task::has_open(reader, w.task))),
        found("sub_task::last_attempt_of", |w| {
            w.read(|reader| sub_task::last_attempt_of(reader, w.sub_task, w.agent));
        }),
        found("sub_task::set_held", |w| {
            let task = w.task;
            w.write(move |writer| sub_task::set_held(writer, task, false, START).map(drop));
        }),
        found("sub_task::compare_and_set", |w| {
            let id = w.sub_task;
            w.write(move |writer| {
                let now = sub_task::find(writer, id)?.unwrap();
                let next = now.with_open_prerequisites(0, START);
                let edited =
                    SubTask { name: "n".to_owned(), version: next.version.next(), ..next.clone() };
                assert_eq!(sub_task::compare_and_set(writer, &now, &next)?, Swap::Swapped);
                assert_eq!(sub_task::compare_and_set(writer, &next, &edited)?, Swap::Swapped);
                Ok(())
            });
        }),
        found("sub_task::list_first", |w| {
            w.read(|reader| sub_task::list_first(reader, w.task, 20));
        }),
    ];
    lists.chain(others).collect()
}

/// What surrounds a sub-task, and what an agent is told to do next.
fn surrounding_cases() -> Vec<Case> {
    vec![
        found("prerequisite::dependents", |w| {
            w.read(|reader| prerequisite::dependents(reader, w.sub_task));
        }),
        found("prerequisite::find_all", |w| {
            w.read(|reader| prerequisite::find_all(reader, &[w.sub_task]));
        }),
        found("prerequisite::delete_all", |w| {
            let id = w.sub_task;
            w.write(move |writer| prerequisite::delete_all(writer, id));
        }),
        found("submission::list", |w| {
            w.read(|reader| submission::list(reader, w.sub_task, PAGE));
        }),
        case("submission::latest_of_each", Reach::FoundAndSorted(""), |w| {
            w.read(|reader| submission::latest_of_each(reader, &[w.sub_task, w.sub_task]));
        }),
        found("next::list_in_review and list_blocked", |w| {
            w.read(|reader| next::list_in_review(reader, w.agent, 20));
            w.read(|reader| next::list_blocked(reader, 20));
        }),
        found("next::count_in_hand", |w| {
            w.read(|reader| next::count_in_hand(reader, w.agent, 3));
        }),
        case("next::list_unplanned and list_all_done", Reach::FoundAndSorted("newest"), |w| {
            for status in [TaskStatus::Planning, TaskStatus::Active, TaskStatus::InProgress] {
                w.read(|reader| next::list_unplanned(reader, status, 5));
                w.read(|reader| next::list_all_done(reader, status, 5));
            }
        }),
        found("submission::find_latest", |w| {
            w.read(|reader| submission::find_latest(reader, w.sub_task));
        }),
    ]
}

fn series_and_usage_cases() -> Vec<Case> {
    vec![
        found("series::find and compare_and_set", |w| {
            let id = w.series;
            w.write(move |writer| {
                let before = series::find(writer, id)?.unwrap();
                let next = before.pause(START).unwrap();
                assert_eq!(series::compare_and_set(writer, &before, &next)?, Swap::Swapped);
                Ok(())
            });
        }),
        case("series::list_due", Reach::FoundAndSorted(""), |w| {
            w.read(|reader| series::list_due(reader, START, 20));
        }),
        found("series::has_pending and has_any", |w| {
            w.read(|reader| series::has_pending(reader, w.task));
            w.read(|reader| series::has_any(reader, w.task));
        }),
        found("series::find_round and find_rounds", |w| {
            w.read(|reader| series::find_round(reader, w.series, 1));
            w.read(|reader| series::find_round_of_task(reader, w.task));
            w.read(|reader| series::find_rounds(reader, &[w.sub_task]));
        }),
        found("usage::add and find", |w| {
            let agent = w.agent;
            w.write(move |writer| {
                usage::add(writer, SumOf::Agent(agent, "2026-09-21"), &Usage::default()).map(drop)
            });
            w.read(|reader| usage::find(reader, SumOf::Agent(w.agent, "2026-09-21")).map(drop));
        }),
        found("usage::list_days", |w| {
            w.read(|reader| usage::list_days(reader, "2026-09-21", 20).map(drop));
        }),
        found("usage::tasks_beyond", |w| {
            w.read(|reader| usage::tasks_beyond(reader, 1_000_000, Cost::from_units(1)).map(drop));
        }),
        along("task_stopped", "task::ids_stopped", |w| {
            w.read(|reader| task::ids_stopped(reader).map(drop));
        }),
        found("usage::find_cap and set_cap", |w| {
            let of = BudgetOf::Agent(w.agent);
            w.read(|reader| usage::find_cap(reader, of).map(drop));
            w.write(move |writer| usage::set_cap(writer, of, OwnCap::default(), START));
        }),
        found("task_policy::find", |w| {
            w.read(|reader| task_policy::find(reader, w.task).map(drop));
        }),
        found("review::list_approvers and submission::last_in_time", |w| {
            w.read(|reader| review::list_approvers(reader, w.sub_task, Some(START)).map(drop));
            w.read(|reader| submission::last_in_time(reader, w.sub_task).map(drop));
        }),
        found("series::list_rounds", |w| {
            w.read(|reader| {
                let series = series::find(reader, w.series)?.unwrap();
                series::list_rounds(reader, &series, PAGE)
            });
        }),
    ]
}

/// The admin's lists of tasks, modules and reviews. A list of tasks that is filtered is sorted.
fn admin_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for &sort in TaskSort::ALL {
        for (status, kind) in [(false, false), (true, false), (false, true), (true, true)] {
            let reach = match (status || kind, sort) {
                (true, _) => Reach::FoundAndSorted("task_recurring"),
                (false, TaskSort::CreatedAt) => Reach::Along("task_by_time"),
                (false, TaskSort::UpdatedAt) => Reach::Along("task_by_change"),
                (false, TaskSort::Name) => Reach::Along("task_by_name"),
                // All of them, which are few.
                (false, TaskSort::Status) => continue,
            };
            cases.push(case(format!("task::search {status} {kind} by {sort}"), reach, move |w| {
                let search = task::Search {
                    status: status.then_some(TaskStatus::Planning),
                    kind: kind.then_some(WorkKind::Recurring),
                    keyword: None,
                    sort,
                    order: SortOrder::Desc,
                };
                w.read(|reader| task::search(reader, &search, PAGE));
            }));
        }
    }
    for &sort in ModuleSort::ALL {
        let reach = Reach::FoundAndSorted("");
        cases.push(case(format!("module::search by {sort}"), reach, move |w| {
            let order = (sort, SortOrder::Asc);
            w.read(|reader| module::search(reader, w.task, order, PAGE));
        }));
    }
    let has = |combination: u32, bit: u32| combination & (1 << bit) != 0;
    let keyword = || Keyword::checked("keyword", "one").unwrap();
    for combination in 0..64 {
        let reach = match combination {
            0 => Reach::Along("review_by_time"),
            _ if has(combination, 5) => Reach::FoundByNames,
            _ => Reach::FoundAndSorted(""),
        };
        cases.push(case(format!("review::search {combination:06b}"), reach, move |w| {
            let search = review::Search {
                task_id: has(combination, 0).then_some(w.task),
                sub_task_id: has(combination, 1).then_some(w.sub_task),
                reviewer: has(combination, 2).then_some(w.agent),
                result: has(combination, 3).then_some(ReviewResult::Approved),
                since: has(combination, 4).then_some(START),
                keyword: keyword().filter(|_| has(combination, 5)),
                order: SortOrder::Desc,
            };
            w.read(|reader| review::search(reader, &search, PAGE));
        }));
    }
    cases
}

/// Each filter with each sort of the admin's lists of sub-tasks. A short list is sorted after its
/// filter found it; SQLite then says so.
fn search_cases() -> Vec<Case> {
    let has = |combination: u32, bit: u32| combination & (1 << bit) != 0;
    let mut cases = Vec::new();
    for combination in 0..64 {
        for &sort in SubTaskSort::ALL {
            let named = ["task", "module", "owner", "status", "priority", "recurring"];
            let named: Vec<_> =
                named.iter().zip(0..).filter(|(_, bit)| has(combination, *bit)).collect();
            let name = format!("sub_task::search by {named:?} sorted by {sort}");
            let reach = match (combination, sort) {
                (0, SubTaskSort::CreatedAt) => Reach::Along("sub_task_by_time"),
                (0, SubTaskSort::UpdatedAt) => Reach::Along("sub_task_by_change"),
                (0, SubTaskSort::Priority) => Reach::Along("sub_task_by_priority"),
                (0, SubTaskSort::ReworkCount) => Reach::Along("sub_task_by_rework"),
                (0, SubTaskSort::Status) => Reach::Found,
                _ if has(combination, 5) => Reach::FoundAndSorted("sub_task_recurring"),
                _ => Reach::FoundAndSorted(""),
            };
            cases.push(case(name, reach, move |w| {
                let search = Search {
                    filter: sub_task::Filter {
                        task_id: has(combination, 0).then_some(w.task),
                        module_id: has(combination, 1).then_some(w.module),
                        owner: has(combination, 2).then_some(w.agent),
                        status: has(combination, 3).then_some(Status::Assigned),
                    },
                    priority: has(combination, 4).then_some(Priority::High),
                    kind: has(combination, 5).then_some(WorkKind::Recurring),
                    keyword: None,
                    sort,
                    order: SortOrder::Desc,
                };
                w.read(|reader| sub_task::search(reader, &search, PAGE));
            }));
        }
    }
    cases
}

fn list_cases() -> Vec<Case> {
    let has = |combination: u32, bit: u32| combination & (1 << bit) != 0;
    let logs = (0..8).map(|combination| {
        found(format!("log::list {combination:03b}"), move |w| {
            let filter = log::Filter {
                sub_task_id: has(combination, 0).then_some(w.sub_task),
                agent_id: has(combination, 1).then_some(w.agent),
                action: has(combination, 2).then_some(LogAction::Coding),
                since: START,
            };
            w.read(|reader| log::list(reader, filter, 20));
        })
    });
    let events = (0..8).map(|combination| {
        let is_back = has(combination, 2);
        let name = if is_back { "list_before" } else { "list_after" };
        found(format!("event::{name} {combination:03b}"), move |w| {
            let filter = event::Filter {
                task_id: has(combination, 0).then_some(w.task),
                sub_task_id: has(combination, 1).then_some(w.sub_task),
            };
            if is_back {
                w.read(|reader| event::list_before(reader, filter, i64::MAX, 20));
            } else {
                w.read(|reader| event::list_after(reader, filter, 0, 20));
            }
        })
    });
    logs.chain(events).chain(other_cases()).collect()
}

fn other_cases() -> Vec<Case> {
    vec![
        along("task_by_time", "task::list", |w| w.read(|reader| task::list(reader, None, PAGE))),
        found("task::list by status", |w| {
            w.read(|reader| task::list(reader, Some(TaskStatus::Planning), PAGE));
        }),
        found("task::find", |w| w.read(|reader| task::find(reader, w.task))),
        found("event::all_done_at", |w| {
            w.read(|reader| event::all_done_at(reader, w.task));
        }),
        found("task::ids_in_status", |w| {
            w.read(|reader| task::ids_in_status(reader, TaskStatus::Planning));
        }),
        found("task::find_locked and compare_and_set", |w| {
            let id = w.task;
            w.write(move |writer| {
                task::find_locked(writer, id, task::Lock::Shared)?;
                let now = task::find_locked(writer, id, task::Lock::Exclusive)?.unwrap();
                let next = Task { version: now.version.next(), ..now.clone() };
                task::compare_and_set(writer, &now, &next).map(|_| ())
            });
        }),
        found("task::names, module::names and agent::names", |w| {
            w.read(|reader| task::names(reader, &BTreeSet::from([w.task])));
            w.read(|reader| module::names(reader, &BTreeSet::from([w.module])));
            w.read(|reader| agent::names(reader, &BTreeSet::from([w.agent])));
        }),
        found("module::count_of_each", |w| {
            w.read(|reader| module::count_of_each(reader, &[w.task, w.task]));
        }),
        found("counter::counts_of_each", |w| {
            let scopes = [counter::Scope::Task(w.task), counter::Scope::Module(w.module)];
            w.read(|reader| counter::counts_of_each(reader, &scopes));
        }),
        found("module::list", |w| w.read(|reader| module::list(reader, w.task))),
        found("module::find", |w| w.read(|reader| module::find(reader, w.module))),
        found("score::list", |w| {
            w.read(|reader| score::list(reader, w.agent, PAGE));
        }),
        along("review_by_time", "review::list", |w| {
            w.read(|reader| review::list(reader, None, PAGE));
        }),
        found("review::list of a sub-task", |w| {
            w.read(|reader| review::list(reader, Some(w.sub_task), PAGE));
        }),
        along("rule_by_time", "rule::list", |w| w.read(|reader| rule::list(reader, None, None))),
        found("rule::list by scope", |w| {
            w.read(|reader| rule::list(reader, Some(RuleScope::Task), None));
        }),
        found("rule::list by task", |w| {
            w.read(|reader| rule::list(reader, None, Some(w.task)));
        }),
        found("rule::list by both", |w| {
            w.read(|reader| rule::list(reader, Some(RuleScope::Task), Some(w.task)));
        }),
        along("rule_global_unique", "rule::list_applicable", |w| {
            w.read(|reader| rule::list_applicable(reader, None, None));
            w.read(|reader| rule::list_applicable(reader, Some(w.task), None));
            w.read(|reader| rule::list_applicable(reader, None, Some(w.sub_task)));
            w.read(|reader| rule::list_applicable(reader, Some(w.task), Some(w.sub_task)));
        }),
        found("agent::find", |w| w.read(|reader| agent::find(reader, w.agent))),
        found("agent::find_by_key", |w| w.read(|reader| agent::find_by_key(reader, "hash"))),
        found("agent::find_by_name", |w| w.read(|reader| agent::find_by_name(reader, "One"))),
        along("agent_by_score", "agent::list_by_score", |w| w.read(agent::list_by_score)),
        found("session::find and touch", |w| {
            w.read(|reader| session::find(reader, "hash"));
            w.write(|writer| session::touch(writer, "hash", START, START));
        }),
        found("onboarding::find, find_by_token, use_up and delete", |w| {
            w.read(|reader| onboarding::find(reader, w.agent));
            w.read(|reader| onboarding::find_by_token(reader, "hash"));
            w.write(|writer| onboarding::use_up(writer, "hash", START).map(drop));
            let agent = w.agent;
            w.write(move |writer| onboarding::delete(writer, agent));
        }),
        found("session::list", |w| w.read(|reader| session::list(reader, START, PAGE))),
        found("note::list", |w| {
            w.read(|reader| note::list(reader, w.sub_task, PAGE));
            w.read(|reader| note::list_newest(reader, w.sub_task, 10));
        }),
        found("patrol::find_by_key", |w| w.read(|reader| patrol::find_by_key(reader, "k"))),
        found("session::delete_expired", |w| {
            w.write(|writer| session::delete_expired(writer, START).map(drop));
        }),
        found("idempotency::find", |w| w.read(|reader| idempotency::find(reader, "t"))),
        found("idempotency::delete_before", |w| {
            w.write(|writer| idempotency::delete_before(writer, START).map(drop));
        }),
        found("counter::counts", |w| {
            w.read(|reader| counter::counts(reader, counter::Scope::Task(w.task)));
        }),
        found("dashboard", |w| {
            w.read(|reader| dashboard::completed_since(reader, START));
            w.read(|reader| dashboard::reviews_since(reader, ReviewResult::Approved, START));
            w.read(|reader| dashboard::score_since(reader, START));
        }),
    ]
}

/// Every combination of two filters, and none.
fn patrol_cases() -> Vec<Case> {
    const FILTERS: [&str; 6] = ["status", "severity", "kind", "task", "sub_task", "agent"];
    let list = |w: &World, asked: [usize; 2]| {
        let has = |filter: usize| asked.contains(&filter);
        let filter = patrol::Filter {
            status: has(0).then_some(PatrolStatus::Open),
            severity: has(1).then_some(Severity::Critical),
            kind: has(2).then(|| "silent_owner".to_owned()),
            task_id: has(3).then_some(w.task),
            sub_task_id: has(4).then_some(w.sub_task),
            agent_id: has(5).then_some(w.agent),
        };
        w.read(|reader| patrol::list(reader, &filter, PAGE));
    };
    let pairs = (0..6).flat_map(|a| (a..6).map(move |b| [a, b]));
    let mut cases: Vec<_> = pairs
        .map(|[a, b]| {
            let name = format!("patrol::list by {} and {}", FILTERS[a], FILTERS[b]);
            found(name, move |w| list(w, [a, b]))
        })
        .collect();
    cases.push(along("patrol_by_time", "patrol::list", move |w| list(w, [6, 6])));
    cases
}

fn delivery_cases() -> Vec<Case> {
    let list = |w: &World, status| w.read(|reader| delivery::list(reader, status, PAGE));
    vec![
        found("delivery::list by status", move |w| list(w, Some(DeliveryStatus::Dead))),
        along("delivery_by_time", "delivery::list", move |w| list(w, None)),
        found("delivery::find and compare_and_set", |w| {
            let id = w.delivery;
            w.write(move |writer| {
                let before = delivery::find(writer, id)?.unwrap();
                let next = before.sending.taken(START);
                assert_eq!(delivery::compare_and_set(writer, &before, &next)?, Swap::Swapped);
                Ok(())
            });
        }),
        found("delivery::list_due", |w| w.read(|reader| delivery::list_due(reader, START, 8))),
        found("delivery::delete_before", |w| {
            w.write(|writer| delivery::delete_before(writer, START, 8).map(drop));
        }),
    ]
}

fn wake_cases() -> Vec<Case> {
    vec![
        found("wake::find_target and compare_and_set_state", |w| {
            let id = w.agent;
            w.write(move |writer| {
                let (_, before) = wake::find_target(writer, id)?.unwrap();
                let wake_up = WakeUpId::from_uuid(Uuid::new_v4());
                let next = before.woken(wake_up, NextAction::Claim, START);
                let swap = wake::compare_and_set_state(writer, id, &before, &next)?;
                assert_eq!(swap, Swap::Swapped);
                wake::set_answered(writer, wake_up, START)?;
                wake::find(writer, wake_up).map(drop)
            });
        }),
        along("wake_target_by_turn", "wake::list_sleepers", |w| {
            w.read(wake::list_sleepers);
        }),
        found("wake::list_due", |w| w.read(|reader| wake::list_due(reader, START, 8))),
        found("wake::list", |w| w.read(|reader| wake::list(reader, w.agent, PAGE))),
        found("wake::delete_before", |w| {
            w.write(|writer| wake::delete_before(writer, START, 8).map(drop));
        }),
    ]
}

fn request_cases() -> Vec<Case> {
    let has = |combination: u32, bit: u32| combination & (1 << bit) != 0;
    let lists = (0..8).map(|combination| {
        found(format!("request::list {combination:03b}"), move |w| {
            let filter = request::Filter {
                agent_id: w.agent,
                since: has(combination, 0).then_some(START),
                method: has(combination, 1).then_some(RequestMethod::Get),
                path_keyword: Keyword::checked("keyword", "tasks")
                    .unwrap()
                    .filter(|_| has(combination, 2)),
            };
            w.read(|reader| request::list(reader, &filter, PAGE));
        })
    });
    let others = vec![
        along("request_log_by_time", "request::list_latest", |w| {
            w.read(|reader| request::list_latest(reader, None, None, 20));
        }),
        found("request::list_latest after a time", |w| {
            w.read(|reader| request::list_latest(reader, Some(START), None, 20));
        }),
        found("request::list_latest of an agent", |w| {
            w.read(|reader| request::list_latest(reader, Some(START), Some(w.agent), 20));
        }),
        found("request::recent_of_each", |w| {
            w.read(|reader| request::recent_of_each(reader).map(drop));
        }),
        found("sub_task::at_work", |w| w.read(|reader| sub_task::at_work(reader).map(drop))),
        found("request::append", |w| {
            let entry = RequestEntry {
                id: RequestId::from_uuid(Uuid::new_v4()),
                agent_id: w.agent,
                method: "GET".to_owned(),
                path: "/api/tasks".to_owned(),
                sent: None,
                status: 200,
                duration_ms: 1,
                created_at: START,
            };
            w.write(move |writer| {
                request::append(writer, std::slice::from_ref(&entry), |_| "2026-09-21".to_owned())
            });
        }),
        found("request::delete_before", |w| {
            w.write(|writer| request::delete_before(writer, START.plus(SECOND), 10).map(drop));
        }),
        found("request::delete_days_before", |w| {
            w.write(|writer| request::delete_days_before(writer, "2026-09-21").map(drop));
        }),
        found("request::tallies", |w| {
            w.read(|reader| request::tallies(reader, "2026-09-21").map(drop));
        }),
    ];
    lists.chain(others).collect()
}

fn agent_cases() -> Vec<Case> {
    let has = |combination: u32, bit: u32| combination & (1 << bit) != 0;
    let keyword = || Keyword::checked("keyword", "one").unwrap();
    let filter = move |combination: u32| listed::Filter {
        role: has(combination, 0).then_some(Role::Executor),
        status: has(combination, 1).then_some(AgentStatus::Active),
        keyword: keyword().filter(|_| has(combination, 2)),
        requested_since: has(combination, 3).then_some(START),
        active_since: has(combination, 3).then_some(START),
        score_min: has(combination, 4).then_some(0),
        score_max: has(combination, 4).then_some(9),
    };
    let sorts = [
        (OrderBy::CreatedAt, "agent_by_time"),
        (OrderBy::Name, "agent_name_unique"),
        (OrderBy::TotalScore, "agent_by_score"),
        (OrderBy::LastRequestAt, "agent_by_last_request"),
        (OrderBy::LastActivityAt, "agent_by_last_activity"),
        (OrderBy::LastScoreAt, "agent_by_last_score"),
    ];
    let lists = sorts.into_iter().flat_map(move |(by, index)| {
        (0..32).map(move |combination| {
            let order = if has(combination, 0) { SortOrder::Asc } else { SortOrder::Desc };
            along(index, &format!("agent list by {by:?} {combination:05b}"), move |w| {
                let filter = filter(combination);
                w.read(|reader| listed::list(reader, &filter, by, order, PAGE).map(drop));
            })
        })
    });
    let others = vec![
        found("agent find with all beside it", |w| {
            w.read(|reader| listed::find(reader, w.agent).map(drop));
        }),
        found("agent ranks", |w| w.read(|reader| listed::ranks(reader, &[0, 5]).map(drop))),
        found("agent::find_many", |w| {
            w.read(|reader| agent::find_many(reader, &[w.agent].into()).map(drop));
        }),
        found("track_record::find and list_earned", |w| {
            w.read(|reader| track_record::find(reader, w.agent).map(drop));
            w.read(|reader| track_record::list_earned(reader, w.agent).map(drop));
        }),
        along("agent_by_score", "score::leads", |w| {
            w.read(|reader| score::leads(reader, w.agent, 25).map(drop));
        }),
        case("partner::list", Reach::FoundAndSorted(""), |w| {
            w.read(|reader| partner::list(reader, w.agent, PAGE).map(drop));
        }),
        case("agent::list_able", Reach::FoundAndSorted(""), |w| {
            w.read(|reader| agent::list_able(reader).map(drop));
        }),
        found("agent::related", |w| w.read(|reader| agent::related(reader, w.agent).map(drop))),
        found("agent::compare_and_set", |w| {
            let id = w.agent;
            w.write(move |writer| {
                agent::lock(writer, id)?;
                let before = agent::find(writer, id)?.unwrap();
                agent::compare_and_set(writer, &before, &before).map(|_| ())
            });
        }),
        along("agent_by_score", "score::summary, the highest", |w| {
            w.read(|reader| score::highest(reader).map(drop));
        }),
        along("score_log_by_time", "score::summary, the newest", |w| {
            w.read(|reader| score::last_change_at(reader).map(drop));
        }),
    ];
    lists.chain(others).collect()
}

fn log_cases() -> Vec<Case> {
    let has = |combination: u32, bit: u32| combination & (1 << bit) != 0;
    let keyword = || Keyword::checked("keyword", "one").unwrap();
    let scores = (0..16).map(move |combination| {
        let reach = match combination & 0b1011 {
            0b0000 => Reach::Along("score_log_by_time"),
            0b1000 => Reach::FoundAndSorted(""),
            _ => Reach::Found,
        };
        case(format!("score::search {combination:04b}"), reach, move |w| {
            let filter = score::Filter {
                agent_id: has(combination, 0).then_some(w.agent),
                sub_task_id: has(combination, 1).then_some(w.sub_task),
                sign: has(combination, 2).then_some(ScoreSign::Negative),
                keyword: keyword().filter(|_| has(combination, 3)),
            };
            for order in [ByTime::both(SortOrder::Asc), ByTime::ids_ascending(SortOrder::Desc)] {
                w.read(|reader| score::search(reader, &filter, order, PAGE));
            }
        })
    });
    let logs = (0..32_u32).map(move |combination| {
        let is_with_keyword_alone = combination & 0b10011 == 0b10000;
        let reach = match combination {
            0 => Reach::Along("activity_by_time"),
            _ if is_with_keyword_alone => Reach::FoundAndSorted(""),
            _ => Reach::Found,
        };
        case(format!("log::search {combination:05b}"), reach, move |w| {
            let search = log::Search {
                agent_id: has(combination, 0).then_some(w.agent),
                sub_task_id: has(combination, 1).then_some(w.sub_task),
                action: has(combination, 2).then_some(LogAction::Plan),
                since: has(combination, 3).then_some(START),
                keyword: keyword().filter(|_| has(combination, 4)),
            };
            for order in [ByTime::both(SortOrder::Asc), ByTime::ids_ascending(SortOrder::Desc)] {
                w.read(|reader| log::search(reader, &search, order, PAGE));
            }
        })
    });
    scores.chain(logs).collect()
}

/// Statements that look for rows of our own tables. One that counts the agents, to rank one of
/// them, looks at all: they are few.
fn is_query(sql: &str) -> bool {
    let is_one = ["SELECT", "UPDATE", "DELETE"].iter().any(|verb| sql.starts_with(verb));
    let is_apart = ["pg_", "COMMIT"].iter().any(|part| sql.contains(part))
        || sql.contains("COUNT(*) FROM \"agent\"");
    is_one && !is_apart
}

fn placeholders(sql: &str) -> usize {
    let highest = (1..100).rev().find(|n| sql.contains(&format!("${n}")));
    highest.unwrap_or_else(|| sql.matches('?').count())
}

fn is_right_on_sqlite(plan: &[String], reach: Reach) -> bool {
    plan.iter().all(|step| {
        // A constant, a list that came with the statement, and what another found are no tables.
        let is_apart = ["SCAN CONSTANT ROW", "SCAN json_each", "SCAN found"];
        // A full-text search is one for what MATCH says.
        let is_match = step.contains("_text VIRTUAL TABLE INDEX 0:M");
        let is_apart = is_match || is_apart.iter().any(|one| step.starts_with(one));
        let is_walk = step.starts_with("SCAN") && !is_apart;
        let may_walk = match reach {
            Reach::Found => false,
            Reach::Along(index) => step.ends_with(index),
            Reach::FoundAndSorted(index) => !index.is_empty() && step.ends_with(index),
            Reach::FoundByNames => step.split(' ').nth(1).is_some_and(|table| FEW.contains(&table)),
        };
        let may_sort = matches!(reach, Reach::FoundAndSorted(_) | Reach::FoundByNames);
        // Equal keys are put into the order of their ids as they come; nothing else is sorted.
        let is_sort = step.contains("TEMP B-TREE") && !step.ends_with("LAST TERM OF ORDER BY");
        (may_sort || !is_sort) && (!is_walk || may_walk)
    })
}

fn is_right_on_postgres(plan: &[String], reach: Reach) -> bool {
    let has = |what: &str| plan.iter().any(|step| step.contains(what));
    let is_along = match reach {
        Reach::Found | Reach::FoundByNames => has("Index Cond"),
        Reach::Along(index) => has(&format!("using {index} on")),
        Reach::FoundAndSorted(index) => has("Index Cond") || (!index.is_empty() && has(index)),
    };
    let is_sort = |step: &String| step.contains("Sort") && !step.contains("Incremental Sort");
    // The keys of a sort are named below it, and below one in steps as well.
    let is_sorted = plan.iter().any(|step| is_sort(step) && !step.contains(" Key: "));
    let may_sort = matches!(reach, Reach::FoundAndSorted(_) | Reach::FoundByNames);
    let is_few = |step: &String| {
        let table = step.split("Seq Scan on ").nth(1).and_then(|rest| rest.split(' ').next());
        matches!(reach, Reach::FoundByNames) && table.is_some_and(|table| FEW.contains(&table))
    };
    let is_walk = plan.iter().any(|step| step.contains("Seq Scan") && !is_few(step));
    is_along && !is_walk && (may_sort || !is_sorted)
}

fn every_query_uses_an_index(db: &TestDb) {
    let cases: Vec<Case> = sub_task_cases()
        .into_iter()
        .chain(surrounding_cases())
        .chain(series_and_usage_cases())
        .chain(search_cases())
        .chain(admin_cases())
        .chain(list_cases())
        .chain(request_cases())
        .chain(patrol_cases())
        .chain(delivery_cases())
        .chain(wake_cases())
        .chain(agent_cases())
        .chain(log_cases())
        .collect();
    let calls: Vec<&dyn Fn(&World)> = cases.iter().map(|case| case.call.as_ref()).collect();
    let recorded = record_statements(|| World::make(db), &calls);
    let mut raw = db.raw();
    if db.is_postgres() {
        raw.run("SET enable_seqscan = off; SET enable_sort = off");
    }
    let mut wrong = Vec::new();
    for (case, statements) in cases.iter().zip(recorded) {
        // SQLite's names come in backquotes.
        let statements = statements.iter().map(|sql| sql.trim().replace('`', "\""));
        let queries: Vec<String> = statements.filter(|sql| is_query(sql)).collect();
        assert!(!queries.is_empty(), "{} ran no query", case.name);
        for sql in &queries {
            let plan = raw.plan(sql, placeholders(sql));
            let is_right = if db.is_postgres() { is_right_on_postgres } else { is_right_on_sqlite };
            if !is_right(&plan, Reach::Found) && !is_right(&plan, case.reach) {
                wrong.push(format!("{}\n  {sql}\n    {}", case.name, plan.join("\n    ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} plans are wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// An update rewrites the index entries of every column that it names.
fn an_update_names_what_changed_and_nothing_else(db: &TestDb) {
    let call = |w: &World| {
        let id = w.sub_task;
        w.write(move |writer| {
            let now = sub_task::find(writer, id)?.unwrap();
            let version = now.version.next();
            let next = SubTask { lease_expires_at: Some(START), version, ..now.clone() };
            assert_eq!(sub_task::compare_and_set(writer, &now, &next)?, Swap::Swapped);
            Ok(())
        });
    };
    let recorded = record_statements(|| World::make(db), &[&call]);
    let updates: Vec<&String> =
        recorded.iter().flatten().filter(|sql| sql.contains("UPDATE")).collect();
    let [update] = updates.as_slice() else { panic!("{updates:?}") };
    let set = update.split(" SET ").nth(1).unwrap().split(" WHERE ").next().unwrap();
    let columns: Vec<&str> = set
        .split(", ")
        .map(|part| part.split(" = ").next().unwrap().trim_matches(['"', '`']))
        .collect();
    assert_eq!(columns, ["lease_expires_at", "version"]);
}

openmoss_testkit::on_each_backend! {
    every_query_uses_an_index,
    an_update_names_what_changed_and_nothing_else,
}
