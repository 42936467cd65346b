//! No query that runs often reads a whole table or sorts what it read: the statements that the
//! public functions really run are recorded, and each is explained by the database.
#![cfg(test)]

use openmoss_domain::log::LogAction;
use openmoss_domain::request::{RequestEntry, RequestMethod};
use openmoss_domain::sub_task::{Place, Status, WorkKind};
use openmoss_domain::{
    Agent, AgentId, AgentStatus, Command, Module, ModuleId, Policy, RequestId, ReviewResult, Role,
    RuleScope, SubTask, SubTaskId, Task, TaskId, TaskStatus, Transition,
};
use openmoss_storage::{
    StorageError, Store, Swap, Window, Writer, agent, counter, dashboard, event, idempotency, log,
    module, prerequisite, request, review, rule, score, session, sub_task, submission, task,
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
}

impl World {
    fn make(db: &TestDb) -> Self {
        let store = db.store();
        let (task, module) =
            (TaskId::from_uuid(Uuid::new_v4()), ModuleId::from_uuid(Uuid::new_v4()));
        let (agent, sub_task) =
            (AgentId::from_uuid(Uuid::new_v4()), SubTaskId::from_uuid(Uuid::new_v4()));
        let (name, description) = ("One".to_owned(), String::new());
        let new_task = Task::create(task, name.clone(), description.clone(), WorkKind::Once, START);
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
        let new = SubTask::create(sub_task, draft("One"), place, START);
        let free = SubTask { id: SubTaskId::from_uuid(Uuid::new_v4()), ..new.clone() };
        let claim = Command::Claim { session: None };
        let claimed = match new.apply(&claim, new_agent.actor(), START, &Policy::default()) {
            Ok(Transition::Changed { next, .. }) => *next,
            other => panic!("{other:?}"),
        };
        let write = move |writer: &mut Writer| -> Result<(), StorageError> {
            task::insert(writer, &new_task)?;
            module::insert(writer, &new_module)?;
            agent::insert(writer, &new_agent, "hash")?;
            sub_task::insert(writer, &free)?;
            sub_task::insert(writer, &new)?;
            assert_eq!(sub_task::compare_and_set(writer, &new, &claimed)?, Swap::Swapped);
            Ok(())
        };
        store.write(write).unwrap();
        #[cfg(feature = "postgres")]
        if db.is_postgres() {
            fill(db);
        }
        Self { store, task, module, agent, sub_task }
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
            SELECT {sub_task}, {task}, {module}, 'n', '', '', '', 'once', 'medium',
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
        INSERT INTO idempotency SELECT 't' || i, '', '', i FROM generate_series(1, {ROWS}) i;
        ANALYZE",
        id("task", "i"),
        id("module", "i"),
        id("agent", "i"),
        id("sub_task", "i - 1"),
    ));
}

/// How much of a table a query may look at.
#[derive(Clone, Copy)]
enum Reach {
    /// What its filter finds in an index.
    Found,
    /// This index from one end, as far as its limit.
    Along(&'static str),
}

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
        along("sub_task_queue", "sub_task::next_claimable", |w| {
            w.write(|writer| sub_task::next_claimable(writer, None).map(drop));
        }),
        found("sub_task::next_claimable of a task", |w| {
            let task = w.task;
            w.write(move |writer| sub_task::next_claimable(writer, Some(task)).map(drop));
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
        found("submission::find_latest", |w| {
            w.read(|reader| submission::find_latest(reader, w.sub_task));
        }),
    ];
    lists.chain(others).collect()
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
    let others = vec![
        along("task_by_time", "task::list", |w| w.read(|reader| task::list(reader, None, PAGE))),
        found("task::list by status", |w| {
            w.read(|reader| task::list(reader, Some(TaskStatus::Planning), PAGE));
        }),
        found("task::find", |w| w.read(|reader| task::find(reader, w.task))),
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
        found("session::find_expiry", |w| {
            w.read(|reader| session::find_expiry(reader, "hash"));
        }),
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
    ];
    logs.chain(events).chain(others).collect()
}

fn request_cases() -> Vec<Case> {
    let has = |combination: u32, bit: u32| combination & (1 << bit) != 0;
    let lists = (0..8).map(|combination| {
        found(format!("request::list {combination:03b}"), move |w| {
            let filter = request::Filter {
                agent_id: w.agent,
                since: has(combination, 0).then_some(START),
                method: has(combination, 1).then_some(RequestMethod::Get),
                path_keyword: has(combination, 2).then(|| "tasks".to_owned()),
            };
            w.read(|reader| request::list(reader, &filter, PAGE));
        })
    });
    let others = vec![
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

/// Statements that look for rows of our own tables. One that counts the agents, to rank one of
/// them, looks at all: they are few.
fn is_query(sql: &str) -> bool {
    let is_one = ["SELECT", "UPDATE", "DELETE"].iter().any(|verb| sql.starts_with(verb));
    let is_apart = ["pg_", "COMMIT"].iter().any(|part| sql.contains(part))
        || sql.ends_with("COUNT(*) FROM \"agent\"");
    is_one && !is_apart
}

fn placeholders(sql: &str) -> usize {
    let highest = (1..100).rev().find(|n| sql.contains(&format!("${n}")));
    highest.unwrap_or_else(|| sql.matches('?').count())
}

fn is_right_on_sqlite(plan: &[String], reach: Reach) -> bool {
    plan.iter().all(|step| {
        // Neither a constant nor a list that came with the statement is a table.
        let is_apart = ["SCAN CONSTANT ROW", "SCAN json_each"];
        let is_walk = step.starts_with("SCAN") && !is_apart.iter().any(|one| step.starts_with(one));
        let may_walk = match reach {
            Reach::Found => false,
            Reach::Along(index) => step.ends_with(index),
        };
        // Equal keys are put into the order of their ids as they come; nothing else is sorted.
        let is_sort = step.contains("TEMP B-TREE") && !step.ends_with("LAST TERM OF ORDER BY");
        !is_sort && (!is_walk || may_walk)
    })
}

fn is_right_on_postgres(plan: &[String], reach: Reach) -> bool {
    let has = |what: &str| plan.iter().any(|step| step.contains(what));
    let is_along = match reach {
        Reach::Found => has("Index Cond"),
        Reach::Along(index) => has(&format!("using {index} on")),
    };
    let is_sort = |step: &String| step.contains("Sort") && !step.contains("Incremental Sort");
    // The keys of a sort are named below it, and below one in steps as well.
    let is_sorted = plan.iter().any(|step| is_sort(step) && !step.contains(" Key: "));
    is_along && !has("Seq Scan") && !is_sorted
}

fn every_query_uses_an_index(db: &TestDb) {
    let cases: Vec<Case> =
        sub_task_cases().into_iter().chain(list_cases()).chain(request_cases()).collect();
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
