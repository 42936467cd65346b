//! A keyword finds what looking at every text finds, whatever characters they have, and counts as
//! far as a list is counted.

use openmoss_domain::log::{LogAction, LogEntry};
use openmoss_domain::score::ScoreChange;
use openmoss_domain::{
    Agent, Keyword, LogId, Review, ReviewId, ReviewResult, Role, ScoreLogId, SortOrder, SubTask,
    SubTaskSort, Task,
};
use openmoss_storage::page::COUNTED_MAX;
use openmoss_storage::{ByTime, Page, Store, Window, agent, log, review, score, sub_task};
use openmoss_testkit::TestDb;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

use crate::rows::{ALL, at, new_sub_task, stored_agent, stored_sub_task, stored_task, write};

const ROWS: u64 = 60;
const KEYWORDS: usize = 300;
/// What texts are made of: letters in both cases, with and without accents, characters of three and
/// four bytes, and all that means something in a pattern or in a full-text query.
const PARTS: &[&str] = &[
    "a",
    "b",
    "A",
    "B",
    "ab",
    "é",
    "É",
    "ü",
    "数",
    "据",
    "数据",
    "🦀",
    "e\u{301}",
    "ß",
    "İ",
    " ",
    "\u{10ffff}",
    "%",
    "_",
    "\\",
    "\"",
    "'",
    "*",
    "^",
    "-",
    ":",
    "(",
    ")",
    "AND",
    "or",
    "NEAR",
    "\n",
];

struct World {
    task: Task,
    reviewer: Agent,
    sub_tasks: Vec<SubTask>,
    reviews: Vec<Review>,
    entries: Vec<LogEntry>,
    changes: Vec<ScoreChange>,
}

fn text(random: &mut StdRng) -> String {
    let length = random.random_range(0..12);
    (0..length).map(|_| *PARTS.choose(random).unwrap()).collect()
}

impl World {
    fn make(store: &Store, random: &mut StdRng) -> Self {
        let (task, reviewer) = (stored_task(store), stored_agent(store, Role::Reviewer));
        let (sub_tasks, reviews, entries, changes) = (vec![], vec![], vec![], vec![]);
        let mut world = Self { task, reviewer, sub_tasks, reviews, entries, changes };
        for number in 0..ROWS {
            world.add(store, random, number);
        }
        world
    }

    fn add(&mut self, store: &Store, random: &mut StdRng, number: u64) {
        let created_at = at(number / 3);
        let mut work = new_sub_task(&self.task, created_at);
        (work.name, work.description) = (text(random), text(random));
        let review = Review {
            id: ReviewId::from_uuid(Uuid::new_v4()),
            sub_task_id: work.id,
            reviewer: Some(self.reviewer.id),
            round: 1,
            result: *[ReviewResult::Approved, ReviewResult::Rejected].choose(random).unwrap(),
            score: 3,
            issues: text(random),
            comment: text(random),
            rework_agent: None,
            created_at,
        };
        let entry = LogEntry {
            id: LogId::from_uuid(Uuid::new_v4()),
            agent_id: self.reviewer.id,
            sub_task_id: None,
            action: LogAction::Plan,
            summary: text(random),
            session_id: None,
            created_at,
        };
        let change = ScoreChange {
            id: ScoreLogId::from_uuid(Uuid::new_v4()),
            agent_id: self.reviewer.id,
            sub_task_id: None,
            reason: text(random),
            delta: 1,
            created_at,
        };
        let rows = (work.clone(), review.clone(), entry.clone(), change.clone());
        write(store, move |writer| {
            sub_task::insert(writer, &rows.0)?;
            review::insert(writer, &rows.1)?;
            log::append(writer, &rows.2)?;
            score::append(writer, &rows.3)
        });
        self.sub_tasks.push(work);
        self.reviews.push(review);
        self.entries.push(entry);
        self.changes.push(change);
    }

    /// Gives a third of the sub-tasks other texts.
    fn edit(&mut self, store: &Store, random: &mut StdRng) {
        for one in self.sub_tasks.iter_mut().step_by(3) {
            let before = one.clone();
            (one.name, one.description) = (text(random), text(random));
            one.version = before.version.next();
            let next = one.clone();
            write(store, move |writer| sub_task::compare_and_set(writer, &before, &next).map(drop));
        }
    }

    /// A piece of a text, its letters in either case, or characters that may be nowhere.
    fn keyword(&self, random: &mut StdRng) -> Option<Keyword> {
        let of_work = self.sub_tasks.choose(random).unwrap();
        let texts = [
            of_work.name.as_str(),
            &of_work.description,
            &self.reviews.choose(random).unwrap().issues,
            &self.entries.choose(random).unwrap().summary,
            &self.changes.choose(random).unwrap().reason,
        ];
        let whole = if random.random_bool(0.9) {
            (*texts.choose(random).unwrap()).to_owned()
        } else {
            text(random)
        };
        let start = random.random_range(0..=whole.chars().count());
        let length = random.random_range(1..9);
        let piece: String = whole.chars().skip(start).take(length).collect();
        let piece = if random.random_bool(0.5) { piece.to_ascii_uppercase() } else { piece };
        Keyword::checked("keyword", &piece).ok().flatten()
    }
}

fn has(text: &str, keyword: &Keyword) -> bool {
    text.to_ascii_lowercase().contains(&keyword.as_str().to_ascii_lowercase())
}

fn of_sub_tasks(keyword: Keyword, sort: SubTaskSort) -> sub_task::Search {
    let filter = sub_task::Filter::default();
    let (keyword, order) = (Some(keyword), SortOrder::Desc);
    sub_task::Search { filter, priority: None, kind: None, keyword, sort, order }
}

fn of_reviews(keyword: Keyword, order: SortOrder) -> review::Search {
    review::Search {
        task_id: None,
        sub_task_id: None,
        reviewer: None,
        result: None,
        keyword: Some(keyword),
        since: None,
        order,
    }
}

/// The ids of what has the keyword, in order of time and id.
fn expected<T, Id: Ord + Copy>(
    rows: &[T],
    has: impl Fn(&T) -> bool,
    key: impl Fn(&T) -> (openmoss_domain::Timestamp, Id),
) -> Vec<Id> {
    let mut found: Vec<_> = rows.iter().filter(|row| has(row)).map(key).collect();
    found.sort_unstable();
    found.into_iter().map(|(_, id)| id).collect()
}

fn a_keyword_finds_what_looking_at_every_text_finds(db: &TestDb) {
    let store = db.store();
    let mut random = StdRng::seed_from_u64(11);
    let mut world = World::make(&store, &mut random);
    world.edit(&store, &mut random);
    let mut found_any = 0;
    for number in 0..KEYWORDS {
        if db.is_postgres() && number == KEYWORDS / 2 {
            // As on a server that does not have it.
            db.raw().run("DROP EXTENSION pg_trgm CASCADE");
        }
        let Some(keyword) = world.keyword(&mut random) else { continue };
        let of_work = expected(
            &world.sub_tasks,
            |one| has(&one.name, &keyword) || has(&one.description, &keyword),
            |one| (one.created_at, one.id),
        );
        let search = of_sub_tasks(keyword.clone(), SubTaskSort::CreatedAt);
        let page = store.read(|reader| sub_task::search(reader, &search, ALL)).unwrap();
        let found: Vec<_> = page.items.iter().rev().map(|one| one.id).collect();
        assert_eq!(found, of_work, "{keyword:?}");

        let name = |one: &Review| {
            let work = world.sub_tasks.iter().find(|work| work.id == one.sub_task_id).unwrap();
            [&work.name, &world.task.name, &world.reviewer.name].map(|name| has(name, &keyword))
        };
        let reviews = expected(
            &world.reviews,
            |one| {
                has(&one.issues, &keyword)
                    || has(&one.comment, &keyword)
                    || name(one).contains(&true)
            },
            |one| (one.created_at, one.id),
        );
        let search = of_reviews(keyword.clone(), SortOrder::Asc);
        let window = Window { offset: 2, limit: 20 };
        let page = store.read(|reader| review::search(reader, &search, window)).unwrap();
        let found: Vec<_> = page.items.iter().map(|one| one.id).collect();
        let shown: Vec<_> = reviews.iter().skip(2).take(20).copied().collect();
        assert_eq!(found, shown, "{keyword:?}");
        assert_eq!(page.total, i64::try_from(reviews.len()).unwrap(), "{keyword:?}");

        let entries = expected(
            &world.entries,
            |one| has(&one.summary, &keyword),
            |one| (one.created_at, one.id),
        );
        let search = log::Search { keyword: Some(keyword.clone()), ..log::Search::default() };
        let order = ByTime::both(SortOrder::Asc);
        let page = store.read(|reader| log::search(reader, &search, order, ALL)).unwrap();
        let found: Vec<_> = page.items.iter().map(|one| one.id).collect();
        assert_eq!(found, entries, "{keyword:?}");

        let changes = expected(
            &world.changes,
            |one| has(&one.reason, &keyword),
            |one| (one.created_at, one.id),
        );
        let filter = score::Filter { keyword: Some(keyword.clone()), ..score::Filter::default() };
        let page = store.read(|reader| score::search(reader, &filter, order, ALL)).unwrap();
        let found: Vec<_> = page.items.iter().map(|one| one.id).collect();
        assert_eq!(found, changes, "{keyword:?}");
        let is_found = [of_work.len(), reviews.len(), entries.len(), changes.len()];
        found_any += usize::from(is_found.iter().all(|number| *number > 0));
    }
    assert!(found_any > 20, "few keywords were in every list: {found_any}");
}

/// More rows than a list is counted, without a transaction for each.
fn make_many(db: &TestDb, agent: &Agent, work: &SubTask, number: i64) {
    let numbers = format!(
        "WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {number})"
    );
    let id = "'00000000-0000-4000-8000-' || (100000000000 + i)";
    let (agent, work) = (agent.id, work.id);
    db.raw().run(&format!(
        "INSERT INTO activity_log (id, agent_id, action, summary, created_at) {numbers} \
         SELECT {id}, '{agent}', 'plan', 'Report ' || i, i FROM numbers; \
         INSERT INTO review_record (id, sub_task_id, reviewer_agent, round, result, score, issues, \
             comment, created_at) {numbers} \
         SELECT {id}, '{work}', '{agent}', i, 'approved', 5, 'Report ' || i, '', i FROM numbers"
    ));
}

fn a_keyword_that_very_many_have_is_counted_up_to_a_limit(db: &TestDb) {
    let store = db.store();
    let (agent, task) = (stored_agent(&store, Role::Reviewer), stored_task(&store));
    let work = stored_sub_task(&store, &task);
    let number = COUNTED_MAX + 50;
    make_many(db, &agent, &work, number);
    let newest: Vec<_> =
        (number - 2..number).rev().map(|number| format!("Report {number}")).collect();
    let window = Window { offset: 1, limit: 2 };

    let logged = |keyword: &str| {
        let keyword = Keyword::checked("keyword", keyword).unwrap();
        let search = log::Search { keyword, ..log::Search::default() };
        let order = ByTime::both(SortOrder::Desc);
        store.read(|reader| log::search(reader, &search, order, window)).unwrap()
    };
    let texts = |page: Page<LogEntry>| -> Vec<_> {
        page.items.into_iter().map(|entry| entry.summary).collect()
    };
    for common in ["REPORT", "t", "ort 1"] {
        let page = logged(common);
        assert!(page.total <= COUNTED_MAX, "{common}");
        assert!(page.total == COUNTED_MAX || common == "ort 1", "{common}");
        assert_eq!(texts(page).len(), 2, "{common}");
    }
    assert_eq!(texts(logged("report")), newest);
    assert_eq!(logged("rt 1000").total, 11, "1000 and 10000 to 10009");

    let reviewed = |keyword: &str| {
        let keyword = Keyword::checked("keyword", keyword).unwrap().unwrap();
        let search = of_reviews(keyword, SortOrder::Desc);
        store.read(|reader| review::search(reader, &search, window)).unwrap()
    };
    let page = reviewed("report");
    assert_eq!(page.total, COUNTED_MAX);
    assert_eq!(page.items.into_iter().map(|one| one.issues).collect::<Vec<_>>(), newest);
    assert_eq!(reviewed("rt 1000").total, 11);
    assert_eq!(reviewed(&agent.name).total, COUNTED_MAX, "all are by that reviewer");

    write(&store, move |writer| agent::delete(writer, &agent));
    assert_eq!(logged("report").total, 0);
    if !db.is_postgres() {
        let kept = db.raw().number("SELECT COUNT(*) AS n FROM activity_text_row");
        assert_eq!(kept, 0, "what is deleted leaves the index");
    }
}

fn a_review_that_is_found_in_two_ways_counts_once(db: &TestDb) {
    let store = db.store();
    let (agent, task) = (stored_agent(&store, Role::Reviewer), stored_task(&store));
    let work = stored_sub_task(&store, &task);
    let number = COUNTED_MAX / 2 + 500;
    make_many(db, &agent, &work, number);
    let keyword = Keyword::checked("keyword", "re").unwrap().unwrap();
    let search = of_reviews(keyword, SortOrder::Asc);
    let window = Window { offset: number - 1, limit: 5 };
    let page = store.read(|reader| review::search(reader, &search, window)).unwrap();
    assert_eq!((page.total, page.items.len()), (number, 1), "\"Report\", by a \"reviewer\"");
}

openmoss_testkit::on_each_backend!(
    a_review_that_is_found_in_two_ways_counts_once,
    a_keyword_finds_what_looking_at_every_text_finds,
    a_keyword_that_very_many_have_is_counted_up_to_a_limit,
);
