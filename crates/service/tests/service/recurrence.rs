//! Work that comes round again: rounds are opened when they are due, each once, whatever happens.

use std::sync::Arc;
use std::time::Duration;

use openmoss_domain::recurrence::{CatchUp, Overlap, Recurrence};
use openmoss_domain::series::SeriesEdit;
use openmoss_domain::sub_task::{Status, WorkKind};
use openmoss_domain::{
    Actor, Agent, EventKind, Role, RuleScope, SubTask, Task, TaskId, TaskStatus, Timestamp,
};
use openmoss_service::event::Filter;
use openmoss_service::rule::NewRule;
use openmoss_service::series::RoundId;
use openmoss_service::sub_task::{NewSubTask, SubTaskView};
use openmoss_service::{ServiceError, Window};
use openmoss_testkit::{TestDb, TestService, at_once, by, differences, draft};

use crate::refusal::{domain, fields};

const ALL: Window = Window { offset: 0, limit: 1_000 };
const HOUR: Duration = Duration::from_hours(1);

fn every(cron: &str, timezone: &str) -> Recurrence {
    Recurrence {
        cron: cron.to_owned(),
        timezone: timezone.to_owned(),
        overlap: Overlap::Skip,
        catch_up: CatchUp::One,
        until: None,
    }
}

fn at(text: &str) -> Timestamp {
    serde_json::from_value(text.into()).unwrap()
}

fn new(task: TaskId, recurrence: Recurrence) -> NewSubTask {
    let mut draft = draft("Daily report");
    draft.recurrence = Some(recurrence);
    NewSubTask { task_id: task, module_id: None, draft, assigned_agent: None, depends_on: vec![] }
}

fn begin(service: &TestService, task: TaskId, recurrence: Recurrence) -> SubTask {
    service.create_sub_task(&service.admin(), &new(task, recurrence)).unwrap()
}

/// The rounds of a series, oldest first.
fn rounds(service: &TestService, of: &SubTask) -> Vec<SubTaskView> {
    let page = service.list_rounds_of_sub_task(Actor::Admin, of.id, ALL).unwrap();
    assert_eq!(page.total, i64::try_from(page.items.len()).unwrap());
    let mut rounds = page.items;
    rounds.reverse();
    let numbers: Vec<_> = rounds.iter().map(|one| one.round.unwrap().number).collect();
    assert_eq!(numbers, (1..=u32::try_from(rounds.len()).unwrap()).collect::<Vec<_>>());
    rounds
}

fn look(service: &TestService, time: &str) {
    service.clock.set(at(time));
    service.open_due_rounds().unwrap();
}

fn finish(service: &TestService, round: &SubTask, owner: &Agent) {
    let _ = service.brought(round, Status::Done, owner);
}

fn about_task(id: TaskId) -> Filter {
    Filter { task_id: Some(id), ..Filter::default() }
}

fn count(service: &TestService, task: TaskId, kind: EventKind) -> usize {
    service.kinds(about_task(task)).iter().filter(|found| **found == kind).count()
}

fn reasons(service: &TestService, task: TaskId) -> Vec<String> {
    let skipped = service.events(about_task(task));
    let skipped = skipped.iter().filter(|event| event.kind == EventKind::RoundSkipped);
    skipped.map(|event| event.payload.0["reason"].as_str().unwrap().to_owned()).collect()
}

fn a_round_is_opened_when_it_is_due_like_the_one_before(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, task) = (service.agent(Role::Executor), service.task());
    let first = begin(&service, task.id, every("0 9 * * *", "Asia/Shanghai"));
    assert_eq!((first.kind, first.status), (WorkKind::Recurring, Status::Pending));
    let rule = NewRule {
        scope: RuleScope::SubTask,
        task_id: Some(task.id),
        sub_task_id: Some(first.id),
        content: "In euros.".to_owned(),
    };
    service.create_rule(&service.admin(), &rule).unwrap();
    let seen = service.find_sub_task(Actor::Admin, first.id).unwrap();
    let series = seen.series.unwrap();
    assert_eq!(series.next_times()[..2], [at("2026-09-22T01:00:00Z"), at("2026-09-23T01:00:00Z")]);
    assert_eq!(series.next_times().len(), 5);
    finish(&service, &first, &owner);

    look(&service, "2026-09-22T00:59:59Z");
    assert_eq!(rounds(&service, &first).len(), 1, "not before it is due");
    look(&service, "2026-09-22T01:00:04Z");
    service.open_due_rounds().unwrap();
    let found = rounds(&service, &first);
    assert_eq!(found.len(), 2, "once, however often one looks");
    let second = &found[1].sub_task;
    assert_eq!(found[1].round.unwrap().due, at("2026-09-22T01:00:00Z"));
    assert_eq!(second.draft(), first.draft());
    assert!(second.is_claimable() && second.id != first.id);
    let rules = service.merged_rules(None, Some(second.id)).unwrap();
    assert!(rules.contains("In euros."), "{rules}");
    let opened = service.kinds(TestService::about(second.id));
    assert_eq!(opened, [EventKind::SubTaskCreated, EventKind::RoundOpened]);
    finish(&service, second, &owner);
    look(&service, "2026-09-23T01:00:04Z");
    assert_eq!(rounds(&service, second).len(), 3, "any round names the series");
    assert_eq!(differences(db), [""; 0]);
}

fn work_of_type_recurring_without_a_schedule_is_as_it_always_was(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, task) = (service.agent(Role::Executor), service.task());
    let mut plain = new(task.id, every("* * * * *", "UTC"));
    (plain.draft.recurrence, plain.draft.kind) = (None, WorkKind::Recurring);
    let first = service.create_sub_task(&service.admin(), &plain).unwrap();
    finish(&service, &first, &owner);
    service.clock.advance(HOUR * 48);
    service.open_due_rounds().unwrap();
    let all = openmoss_service::sub_task::Filter { task_id: Some(task.id), ..Default::default() };
    assert_eq!(service.list_sub_tasks(Actor::Admin, all, ALL).unwrap().total, 1);
    assert_eq!(count(&service, task.id, EventKind::TaskAllDone), 1);
    let none = service.list_rounds_of_sub_task(Actor::Admin, first.id, ALL).unwrap_err();
    assert!(matches!(none, ServiceError::NotFound { kind: "recurrence" }), "{none:?}");
    // The planner may give it a schedule later.
    let edit = SeriesEdit { recurrence: Some(every("0 0 * * *", "UTC")), ..Default::default() };
    service.set_recurrence(&service.admin(), RoundId::SubTask(first.id), &edit).unwrap();
    look(&service, "2026-09-24T00:00:01Z");
    assert_eq!(rounds(&service, &first).len(), 2);
}

fn a_round_that_comes_while_the_last_one_runs_is_left_out_or_waits(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, task) = (service.agent(Role::Executor), service.task());
    let hourly = every("0 * * * *", "UTC");
    let skipping = begin(&service, task.id, hourly.clone());
    let queueing = begin(&service, task.id, Recurrence { overlap: Overlap::Queue, ..hourly });
    look(&service, "2026-09-21T15:00:02Z");
    look(&service, "2026-09-21T16:00:02Z");
    assert_eq!(rounds(&service, &skipping).len(), 1);
    assert_eq!(rounds(&service, &queueing).len(), 1);
    assert_eq!(reasons(&service, task.id), ["still_running"; 2]);
    finish(&service, &skipping, &owner);
    finish(&service, &queueing, &owner);
    service.clock.advance(Duration::from_mins(10));
    service.open_due_rounds().unwrap();
    assert_eq!(rounds(&service, &skipping).len(), 1, "the next is opened when it is due");
    let waited = rounds(&service, &queueing);
    assert_eq!(waited.len(), 2, "however many were due, one waited");
    assert_eq!(waited[1].round.unwrap().due, at("2026-09-21T16:00:00Z"));
    look(&service, "2026-09-21T17:00:00Z");
    assert_eq!(rounds(&service, &skipping).len(), 2);
    assert_eq!(differences(db), [""; 0]);
}

fn after_a_server_was_away_one_round_is_caught_up_or_none(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, task) = (service.agent(Role::Executor), service.task());
    let daily = every("0 0 * * *", "UTC");
    let caught_up = begin(&service, task.id, daily.clone());
    let strict = begin(&service, task.id, Recurrence { catch_up: CatchUp::None, ..daily });
    finish(&service, &caught_up, &owner);
    finish(&service, &strict, &owner);
    let clock = Arc::clone(&service.clock);
    drop(service);
    clock.set(at("2026-09-29T13:00:00Z"));
    let service = TestService::open_at(db, clock, |_| {});
    service.open_due_rounds().unwrap();
    let found = rounds(&service, &caught_up);
    assert_eq!(found.len(), 2, "one for all seven");
    assert_eq!(found[1].round.unwrap().due, at("2026-09-29T00:00:00Z"));
    assert_eq!(rounds(&service, &strict).len(), 1);
    assert_eq!(reasons(&service, task.id), ["missed"]);
    look(&service, "2026-09-30T00:00:03Z");
    assert_eq!(rounds(&service, &strict).len(), 2);
}

fn clocks_that_change_and_short_months_move_no_round(db: &TestDb) {
    let service = TestService::open(db);
    let task = service.task();
    let berlin = begin(&service, task.id, every("0 9 * * *", "Europe/Berlin"));
    let month = begin(&service, task.id, every("30 23 L * *", "Asia/Kathmandu"));
    let mut time = service.now();
    // A look every few hours from 21 September to 5 March, past the end of October and February.
    let end = at("2027-03-05T00:00:00Z");
    while time < end {
        time = time.plus(Duration::from_mins(15));
        service.clock.set(time);
        let open =
            [&berlin, &month].into_iter().flat_map(|one| rounds_in(&service, one, Status::Pending));
        for round in open.collect::<Vec<_>>() {
            service.cancel_sub_task(&service.admin(), round.id).unwrap();
        }
        service.open_due_rounds().unwrap();
        time = time.plus(Duration::from_hours(5));
    }
    let days = |of: &SubTask| -> Vec<String> {
        let due = |view: &SubTaskView| view.round.unwrap().due.to_string();
        rounds(&service, of).iter().skip(1).map(due).collect()
    };
    let berlin = days(&berlin);
    assert_eq!(berlin.len(), 164, "one a day");
    let hour = |day: &str| {
        let found = berlin.iter().find(|due| due.starts_with(day));
        let found = found.and_then(|due| due.get(11..16));
        found.unwrap_or_else(|| panic!("no round on {day}")).to_owned()
    };
    assert_eq!([hour("2026-10-24"), hour("2026-10-25")], ["07:00", "08:00"]);
    let month = days(&month);
    let dates: Vec<_> = month.iter().filter_map(|due| due.get(..10)).collect();
    let ends = ["2026-09-30", "2026-10-31", "2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28"];
    assert_eq!(dates, ends);
}

fn rounds_in(service: &TestService, of: &SubTask, status: Status) -> Vec<SubTask> {
    let rounds =
        service.list_rounds_of_sub_task(Actor::Admin, of.id, Window { offset: 0, limit: 1 });
    let rounds = rounds.unwrap().items.into_iter().map(|view| view.sub_task);
    rounds.filter(|one| one.status == status).collect()
}

fn a_series_that_is_paused_opens_nothing_and_catches_nothing_up(db: &TestDb) {
    let service = TestService::open(db);
    let (planner, owner) = (by(&service.agent(Role::Planner)), service.agent(Role::Executor));
    let task = service.task();
    let first = begin(&service, task.id, every("0 * * * *", "UTC"));
    let of = RoundId::SubTask(first.id);
    let refused = domain(service.pause_series(&by(&owner), of)).to_string();
    assert!(refused.contains("leave that to a planner or an admin"), "{refused}");
    let paused = service.pause_series(&planner, of).unwrap();
    assert!(paused.is_paused && paused.next_times().is_empty());
    assert_eq!(service.pause_series(&planner, of).unwrap(), paused, "twice is once");
    assert_eq!(count(&service, task.id, EventKind::TaskAllDone), 0);
    finish(&service, &first, &owner);
    assert_eq!(count(&service, task.id, EventKind::TaskAllDone), 1, "nothing is to come");
    look(&service, "2026-09-21T18:30:00Z");
    assert_eq!(rounds(&service, &first).len(), 1);
    let resumed = service.resume_series(&planner, of).unwrap();
    assert_eq!(resumed.next_times()[0], at("2026-09-21T19:00:00Z"));
    service.open_due_rounds().unwrap();
    assert_eq!(rounds(&service, &first).len(), 1);
    look(&service, "2026-09-21T19:00:01Z");
    assert_eq!(rounds(&service, &first).len(), 2);
    let kinds =
        [EventKind::RecurrenceSet, EventKind::RecurrencePaused, EventKind::RecurrenceResumed];
    assert_eq!(kinds.map(|kind| count(&service, task.id, kind)), [1; 3]);
}

fn a_task_is_not_done_while_rounds_are_to_come(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, task) = (service.agent(Role::Executor), service.task());
    let until = Some(at("2026-09-21T16:30:00Z"));
    let series = begin(&service, task.id, Recurrence { until, ..every("0 * * * *", "UTC") });
    let once = service.work(task.id).create();
    finish(&service, &once, &owner);
    finish(&service, &series, &owner);
    assert_eq!(count(&service, task.id, EventKind::TaskAllDone), 0, "two rounds are to come");
    look(&service, "2026-09-21T15:00:01Z");
    finish(&service, &rounds(&service, &series)[1].sub_task, &owner);
    assert_eq!(count(&service, task.id, EventKind::TaskAllDone), 0);
    look(&service, "2026-09-21T16:00:01Z");
    finish(&service, &rounds(&service, &series)[2].sub_task, &owner);
    assert_eq!(count(&service, task.id, EventKind::TaskAllDone), 1, "that was the last");
    look(&service, "2026-09-25T16:00:01Z");
    assert_eq!(rounds(&service, &series).len(), 3);

    // Where the last one is left out, or somebody ends the series, nothing else would say so.
    let strict = Recurrence { catch_up: CatchUp::None, ..every("0 0 26 9 *", "UTC") };
    let missed =
        begin(&service, task.id, Recurrence { until: Some(at("2026-09-26T00:00:00Z")), ..strict });
    finish(&service, &missed, &owner);
    assert_eq!(count(&service, task.id, EventKind::TaskAllDone), 1);
    look(&service, "2026-09-26T12:00:00Z");
    assert_eq!(count(&service, task.id, EventKind::TaskAllDone), 2);
    let ended = begin(&service, task.id, every("0 * * * *", "UTC"));
    finish(&service, &ended, &owner);
    let end = || service.end_series(&service.admin(), RoundId::SubTask(ended.id)).unwrap();
    assert_eq!(end().next_times(), []);
    let _ = end();
    assert_eq!(count(&service, task.id, EventKind::TaskAllDone), 3);
    assert_eq!(count(&service, task.id, EventKind::RecurrenceEnded), 1);
}

fn a_task_that_is_over_gets_no_rounds(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, task) = (service.agent(Role::Executor), service.task());
    let first = begin(&service, task.id, every("0 * * * *", "UTC"));
    finish(&service, &first, &owner);
    service.move_task(&service.admin(), task.id, TaskStatus::Completed).unwrap();
    look(&service, "2026-09-21T15:00:01Z");
    assert_eq!(rounds(&service, &first).len(), 1);
    assert_eq!(reasons(&service, task.id), ["task_over"]);
    service.move_task(&service.admin(), task.id, TaskStatus::Active).unwrap();
    service.open_due_rounds().unwrap();
    assert_eq!(rounds(&service, &first).len(), 1, "nothing is caught up");
    look(&service, "2026-09-21T16:00:01Z");
    assert_eq!(rounds(&service, &first).len(), 2);
}

fn the_rounds_to_come_get_other_texts_and_times(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, task) = (service.agent(Role::Executor), service.task());
    let mut given = new(task.id, every("0 * * * *", "UTC"));
    given.assigned_agent = Some(owner.id);
    let first = service.create_sub_task(&service.admin(), &given).unwrap();
    let of = RoundId::SubTask(first.id);
    let edit = SeriesEdit {
        recurrence: Some(every("30 6 * * *", "Asia/Shanghai")),
        acceptance: Some("With a chart.".to_owned()),
        ..SeriesEdit::default()
    };
    let changed = service.set_recurrence(&service.admin(), of, &edit).unwrap();
    assert_eq!(changed.next_times()[0], at("2026-09-21T22:30:00Z"));
    let same = service.set_recurrence(&service.admin(), of, &edit).unwrap();
    assert_eq!(same, changed);
    service.start_sub_task(&by(&owner), first.id, None, None).unwrap();
    service
        .submit_sub_task(&by(&owner), first.id, &openmoss_domain::Deliverable::default(), None)
        .unwrap();
    service.complete_sub_task(&service.admin(), first.id).unwrap();
    look(&service, "2026-09-21T22:30:00Z");
    let second = rounds(&service, &first)[1].sub_task.clone();
    assert_eq!((second.status, second.owner), (Status::Assigned, Some(owner.id)));
    assert_eq!(second.acceptance, "With a chart.");
    assert_eq!(service.found(first.id).acceptance, first.acceptance, "what is done stays");
    // An executor that is gone gets nothing; the round is open to all.
    service.cancel_sub_task(&service.admin(), second.id).unwrap();
    service
        .set_agent_status(&service.admin(), owner.id, openmoss_domain::AgentStatus::Disabled)
        .unwrap();
    look(&service, "2026-09-22T22:30:00Z");
    assert!(rounds(&service, &first)[2].sub_task.is_claimable());
}

fn what_cannot_come_round_is_refused_with_its_field(db: &TestDb) {
    let service = TestService::open(db);
    let (admin, task) = (service.admin(), service.task());
    let named = |recurrence: Recurrence| {
        let refused = service.create_sub_task(&admin, &new(task.id, recurrence));
        fields(refused).into_iter().map(|error| error.field).collect::<Vec<_>>()
    };
    assert_eq!(named(every("x", "Mars")), ["recurrence.cron", "recurrence.timezone"]);
    assert_eq!(named(every("0 0 30 2 *", "UTC")), ["recurrence.cron"], "it never comes");
    let past = Some(at("2026-01-01T00:00:00Z"));
    assert_eq!(named(Recurrence { until: past, ..every("* * * * *", "UTC") }), ["recurrence.cron"]);
    assert_eq!(service.events(about_task(task.id)).len(), 2, "nothing was written");
    let once = service.work(task.id).create();
    let edit = SeriesEdit { recurrence: Some(every("0 0 * * *", "")), ..Default::default() };
    let wrong = fields(service.set_recurrence(&admin, RoundId::SubTask(once.id), &edit));
    assert!(wrong[0].message.contains("type recurring"), "{wrong:?}");
    assert_eq!(service.preview_recurrence(&every("0 0 * * *", "")).unwrap().len(), 5);
}

fn two_replicas_open_each_round_once(db: &TestDb) {
    let service = TestService::open(db);
    let (owner, task) = (service.agent(Role::Executor), service.task());
    let firsts: Vec<_> =
        (0..6).map(|_| begin(&service, task.id, every("0 * * * *", "UTC"))).collect();
    for first in &firsts {
        finish(&service, first, &owner);
    }
    let others: Vec<_> =
        (0..4).map(|_| TestService::open_at(db, Arc::clone(&service.clock), |_| {})).collect();
    service.clock.set(at("2026-09-21T15:00:00Z"));
    at_once(4, |replica| others[replica].open_due_rounds().unwrap());
    for first in &firsts {
        assert_eq!(rounds(&service, first).len(), 2);
    }
    assert_eq!(differences(db), [""; 0]);
}

fn recurring_task(service: &TestService, recurrence: Recurrence) -> Task {
    let kind = WorkKind::Once;
    let admin = service.admin();
    service.create_recurring_task(&admin, "Monthly close", "", kind, Some(recurrence)).unwrap()
}

fn a_whole_task_comes_round_with_its_modules_and_order(db: &TestDb) {
    let service = TestService::open(db);
    let (admin, owner) = (service.admin(), service.agent(Role::Executor));
    let task = recurring_task(&service, every("0 0 1 * *", "UTC"));
    assert_eq!(task.kind, WorkKind::Recurring);
    let rule = NewRule {
        scope: RuleScope::Task,
        task_id: Some(task.id),
        sub_task_id: None,
        content: "In euros.".to_owned(),
    };
    service.create_rule(&admin, &rule).unwrap();
    let module = service.create_module(&admin, task.id, "Books", "").unwrap();
    let collect = service.work(task.id).module(module.id).create();
    let close = service.work(task.id).after(&[&collect]).create();
    let dropped = service.work(task.id).create();
    service.cancel_sub_task(&admin, dropped.id).unwrap();
    look(&service, "2026-10-01T00:00:02Z");
    let list = |of: TaskId| service.list_rounds_of_task(of, ALL).unwrap().items;
    assert_eq!(list(task.id).len(), 1, "the first still runs");
    for one in [&collect, &close] {
        finish(&service, one, &owner);
    }
    service.move_task(&admin, task.id, TaskStatus::Completed).unwrap();
    look(&service, "2026-11-01T00:00:02Z");
    let found = list(task.id);
    let (round, second) = &found[0];
    assert_eq!((found.len(), round.number, second.status), (2, 2, TaskStatus::Active));
    assert_eq!(second.name, task.name);
    assert_eq!(service.list_modules(second.id).unwrap()[0].name, "Books");
    let all = openmoss_service::sub_task::Filter { task_id: Some(second.id), ..Default::default() };
    let work = service.list_sub_tasks(Actor::Admin, all, ALL).unwrap().items;
    let by_name = |name: &str| work.iter().find(|view| view.sub_task.name == name).unwrap();
    assert_eq!(work.len(), 2);
    assert!(by_name(&collect.name).sub_task.is_claimable());
    assert!(by_name(&collect.name).sub_task.module_id.is_some_and(|id| id != module.id));
    assert_eq!(by_name(&close.name).depends_on, [by_name(&collect.name).sub_task.id]);
    assert!(service.merged_rules(Some(second.id), None).unwrap().contains("In euros."));
    assert_eq!(differences(db), [""; 0]);

    // A round within a round would be nobody's wish.
    let wrong = fields(service.create_sub_task(&admin, &new(second.id, every("0 0 * * *", "UTC"))));
    assert!(wrong[0].message.contains("the task itself comes round again"), "{wrong:?}");
    let texts = SeriesEdit { name: Some("Other".to_owned()), ..SeriesEdit::default() };
    let of = RoundId::Task(task.id);
    assert_eq!(fields(service.set_recurrence(&admin, of, &texts))[0].field, "name");
    service.pause_series(&admin, of).unwrap();
    look(&service, "2026-12-01T00:00:02Z");
    assert_eq!(list(second.id).len(), 2);
}

fn a_task_without_work_comes_round_to_be_planned(db: &TestDb) {
    let service = TestService::open(db);
    let queue = Recurrence { overlap: Overlap::Queue, ..every("0 0 * * *", "UTC") };
    let task = recurring_task(&service, queue);
    look(&service, "2026-09-22T00:00:01Z");
    let list = || service.list_rounds_of_task(task.id, ALL).unwrap().items;
    assert_eq!(list().len(), 1);
    service.move_task(&service.admin(), task.id, TaskStatus::Completed).unwrap();
    service.open_due_rounds().unwrap();
    assert_eq!(list()[0].1.status, TaskStatus::Planning);
    assert_eq!(list().len(), 2, "it waited for the first to be over");
}

openmoss_testkit::on_each_backend! {
    a_round_is_opened_when_it_is_due_like_the_one_before,
    work_of_type_recurring_without_a_schedule_is_as_it_always_was,
    a_round_that_comes_while_the_last_one_runs_is_left_out_or_waits,
    after_a_server_was_away_one_round_is_caught_up_or_none,
    clocks_that_change_and_short_months_move_no_round,
    a_series_that_is_paused_opens_nothing_and_catches_nothing_up,
    a_task_is_not_done_while_rounds_are_to_come,
    a_task_that_is_over_gets_no_rounds,
    the_rounds_to_come_get_other_texts_and_times,
    what_cannot_come_round_is_refused_with_its_field,
    two_replicas_open_each_round_once,
    a_whole_task_comes_round_with_its_modules_and_order,
    a_task_without_work_comes_round_to_be_planned,
}
