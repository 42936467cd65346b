//! Whatever an old database holds: what comes of it is what we could have made ourselves.

use std::collections::{HashMap, HashSet};

use chrono::Utc;
use openmoss_domain::agent::AGENT_NAME_CHARS_MAX;
use openmoss_domain::import::{Converted, Converter, Effect, Raw, Sums, UpstreamTable, place};
use openmoss_domain::sub_task::Status;
use openmoss_domain::{Policy, SubTask, SubTaskId, Timestamp, text};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

/// A value as it could stand in any column: ids of few things, so that they meet; words, numbers
/// and times, right and wrong; and texts of all lengths.
fn value() -> impl Strategy<Value = Option<String>> {
    let some = |text: &str| Just(Some(text.to_owned()));
    prop_oneof![
        3 => Just(None),
        6 => (0..6_u32).prop_map(|n| Some(id(n))),
        1 => some(""),
        1 => some("  "),
        2 => proptest::sample::select(vec![
            "pending", "assigned", "in_progress", "review", "rework", "blocked", "done",
            "cancelled", "Busy", "active", "executor", "reviewer", "once", "high", "approved",
            "rejected", "coding", "global", "task", "sub_task", "zombie",
        ]).prop_map(|word| Some(word.to_owned())),
        2 => (-7..9_i64).prop_map(|n| Some(n.to_string())),
        1 => Just(Some(i64::MIN.to_string())),
        2 => (0..59_u32).prop_map(|n| Some(format!("2026-02-02 10:{n:02}:00.5"))),
        1 => any::<String>().prop_map(Some),
        1 => "[a-z\u{1}\n🦀]{0,400}".prop_map(Some),
        1 => (65_530..65_600_usize).prop_map(|n| Some("é".repeat(n / 2))),
    ]
}

fn id(n: u32) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

/// Rows of a table; most with an id of their own, and with what makes them useful.
fn rows(table: UpstreamTable) -> impl Strategy<Value = Vec<Raw>> {
    let columns = table.columns().len();
    let row = proptest::collection::vec(value(), columns);
    proptest::collection::vec((row, 0..8_u32), 0..7).prop_map(move |rows| {
        let numbered = rows.into_iter().enumerate();
        numbered
            .map(|(n, (mut values, fate))| {
                if fate > 0 {
                    values[0] = Some(id(u32::try_from(n).unwrap()));
                }
                Raw { table, values }
            })
            .collect()
    })
}

fn database() -> impl Strategy<Value = HashMap<UpstreamTable, Vec<Raw>>> {
    let tables: Vec<_> = UpstreamTable::ALL.iter().map(|table| rows(*table)).collect();
    tables.prop_map(|rows| UpstreamTable::ALL.iter().copied().zip(rows).collect())
}

fn converter() -> Converter {
    Converter::new(Policy::default(), NOW, Box::new(|local| place(&Utc, local)))
}

/// What came of the rows; each that is missing has a reason.
fn values<T>(converted: Vec<Converted<T>>) -> Vec<T> {
    let mut values = Vec::new();
    for Converted { value, notes } in converted {
        let worst = notes.iter().map(|note| note.finding.rule().effect).max();
        match value {
            Some(value) => {
                assert_ne!(worst, Some(Effect::SetAside));
                values.push(value);
            }
            None => assert!(worst.is_some(), "no row vanishes without a word"),
        }
    }
    values
}

fn is_text(given: &str) -> bool {
    text::text("text", given).is_ok()
}

fn is_name(given: &str, chars_max: usize) -> bool {
    text::line("name", given, chars_max).as_deref() == Ok(given)
}

fn check_sub_task(of: &SubTask) {
    assert!(is_name(&of.name, text::NAME_CHARS_MAX), "{:?}", of.name);
    for given in [&of.description, &of.deliverable, &of.acceptance] {
        assert!(is_text(given));
    }
    let needs_owner = matches!(of.status, Status::Assigned | Status::InProgress | Status::Rework);
    assert!(of.owner.is_some() || !needs_owner, "{of:?}");
    assert!(of.owner.is_none() || of.status != Status::Pending, "{of:?}");
    assert!(of.owner.is_none() || of.attempt == 1, "{of:?}");
    assert_eq!(of.blocked.is_some(), of.status == Status::Blocked);
    assert_eq!(of.completed_at.is_some(), of.status == Status::Done);
    let has_lease = matches!(of.status, Status::Assigned | Status::InProgress);
    assert_eq!(of.lease_expires_at.is_some(), has_lease);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_brought_over_is_possible_here(database in database()) {
        let of = |table: UpstreamTable| database[&table].iter();
        let mut to = converter();
        let tasks = values(of(UpstreamTable::Task).map(|raw| to.task(raw)).collect());
        let modules = values(of(UpstreamTable::Module).map(|raw| to.module(raw)).collect());
        let mut sums = Sums::default();
        of(UpstreamTable::RewardLog).for_each(|raw| to.add_to_sums(raw, &mut sums));
        let agents = values(of(UpstreamTable::Agent).map(|raw| to.agent(raw, &sums)).collect());
        let sub_tasks = values(of(UpstreamTable::SubTask).map(|raw| to.sub_task(raw)).collect());
        let reviews = values(of(UpstreamTable::ReviewRecord).map(|raw| to.review(raw)).collect());
        let scores = values(of(UpstreamTable::RewardLog).map(|raw| to.score_change(raw)).collect());
        let logs = values(of(UpstreamTable::ActivityLog).map(|raw| to.log_entry(raw)).collect());
        let rules = values(to.rules(&database[&UpstreamTable::Rule]));
        values(of(UpstreamTable::RequestLog).map(|raw| to.request(raw)).collect());

        let task_ids: HashSet<_> = tasks.iter().map(|task| task.id).collect();
        prop_assert_eq!(task_ids.len(), tasks.len());
        for task in &tasks {
            prop_assert!(is_name(&task.name, text::NAME_CHARS_MAX) && is_text(&task.description));
        }
        for module in &modules {
            prop_assert!(task_ids.contains(&module.task_id));
        }
        let names: HashSet<_> = agents.iter().map(|new| new.agent.name.as_str()).collect();
        prop_assert_eq!(names.len(), agents.len());
        for new in &agents {
            prop_assert!(is_name(&new.agent.name, AGENT_NAME_CHARS_MAX));
            let log = scores.iter().chain(&new.correction).filter(|row| row.agent_id == new.agent.id);
            let deltas: Vec<i64> = log.map(|row| row.delta).collect();
            prop_assert_eq!(deltas.iter().sum::<i64>(), new.agent.total_score);
            let rewards = deltas.iter().filter(|delta| **delta > 0).count();
            prop_assert_eq!(i64::try_from(rewards).unwrap(), new.rewards);
            prop_assert_eq!(deltas.len() - rewards, usize::try_from(new.penalties).unwrap());
        }
        let mut rounds: HashMap<SubTaskId, u32> = HashMap::new();
        for new in &sub_tasks {
            check_sub_task(&new.sub_task);
            prop_assert!(task_ids.contains(&new.sub_task.task_id));
            let module = new.sub_task.module_id.map(|id| modules.iter().find(|m| m.id == id));
            let is_own = |m: &openmoss_domain::Module| m.task_id == new.sub_task.task_id;
            prop_assert!(module.is_none_or(|module| module.is_some_and(is_own)));
            prop_assert_eq!(new.first_owner.is_some(), new.sub_task.attempt == 1);
            rounds.insert(new.sub_task.id, 0);
        }
        for review in &reviews {
            let round = rounds.get_mut(&review.sub_task_id).unwrap();
            *round += 1;
            prop_assert_eq!(review.round, *round);
            prop_assert!((1..=5).contains(&review.score));
        }
        prop_assert!(logs.iter().all(|entry| is_text(&entry.summary)));
        let global = rules.iter().filter(|rule| rule.scope == openmoss_domain::RuleScope::Global);
        prop_assert!(global.count() <= 1);
    }
}
