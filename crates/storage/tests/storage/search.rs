//! What a search finds is what looking at every row finds, in the same order, on every page.

use std::cmp::Ordering;

use openmoss_domain::sub_task::{Place, Priority, Status, WorkKind};
use openmoss_domain::{
    Agent, Keyword, Module, ModuleId, Role, SortOrder, SubTask, SubTaskId, SubTaskSort, Task,
};
use openmoss_storage::sub_task::{Filter, Search, search};
use openmoss_storage::{StorageError, Store, Window, module, sub_task};
use openmoss_testkit::{TestDb, draft};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

use crate::rows::{at, brought, stored_agent, stored_task, write};

const SUB_TASKS: u64 = 120;
const SEARCHES: usize = 400;

struct World {
    tasks: Vec<Task>,
    modules: Vec<Module>,
    agents: Vec<Agent>,
    sub_tasks: Vec<SubTask>,
}

fn keyword(text: &str) -> Keyword {
    Keyword::checked("keyword", text).unwrap().unwrap()
}

fn stored_module(store: &Store, task: &Task) -> Module {
    let id = ModuleId::from_uuid(Uuid::new_v4());
    let (name, description) = ("Part".to_owned(), String::new());
    let new = Module { id, task_id: task.id, name, description, created_at: at(0) };
    let row = new.clone();
    write(store, move |writer| module::insert(writer, &row));
    new
}

impl World {
    fn make(store: &Store, random: &mut StdRng) -> Self {
        let tasks: Vec<_> = (0..3).map(|_| stored_task(store)).collect();
        let modules: Vec<_> = tasks.iter().map(|task| stored_module(store, task)).collect();
        let agents: Vec<_> = (0..3).map(|_| stored_agent(store, Role::Executor)).collect();
        let mut world = Self { tasks, modules, agents, sub_tasks: Vec::new() };
        for number in 0..SUB_TASKS {
            let new = world.sub_task(random, number);
            world.sub_tasks.push(new.clone());
            write(store, move |writer| sub_task::insert(writer, &new));
        }
        world
    }

    fn sub_task(&self, random: &mut StdRng, number: u64) -> SubTask {
        let names = ["Write the REPORT", "100% done", "snake_case", "a\\b", "Über uns", "plain"];
        let at_home = self.tasks.choose(random).unwrap();
        let module = self.modules.iter().find(|module| module.task_id == at_home.id).unwrap();
        let place = Place {
            task_id: at_home.id,
            module_id: random.random_bool(0.5).then_some(module.id),
            held: false,
            prerequisites: 0,
            open_prerequisites: 0,
        };
        let mut new = draft(names.choose(random).unwrap());
        (*names.choose(random).unwrap()).clone_into(&mut new.description);
        new.priority = *Priority::ALL.choose(random).unwrap();
        new.kind = if random.random_bool(0.1) { WorkKind::Recurring } else { WorkKind::Once };
        // Several at the same moment: their ids decide.
        let id = SubTaskId::from_uuid(Uuid::new_v4());
        let new = SubTask::create(id, new, place, at(number / 3));
        let status = *Status::ALL.choose(random).unwrap();
        let mut brought = brought(&new, status, self.agents.choose(random).unwrap());
        brought.updated_at = at(random.random_range(0..50));
        brought.rework_count = random.random_range(0..3);
        brought
    }

    /// The rows that a search should find, in its order.
    fn expected(&self, wanted: &Search) -> Vec<SubTaskId> {
        let mut found: Vec<_> =
            self.sub_tasks.iter().filter(|one| is_wanted(one, wanted)).collect();
        found.sort_by(|a, b| {
            let order = compare(a, b, wanted.sort);
            if wanted.order.is_descending() { order.reverse() } else { order }
        });
        found.into_iter().map(|one| one.id).collect()
    }

    fn random_search(&self, random: &mut StdRng) -> Search {
        let texts = ["report", "%", "_", "\\", "\u{fc}ber", "ÜBER", "100% D", "nowhere", "e"];
        let mut maybe = |chance: f64| random.random_bool(chance);
        let (of_task, of_module, of_owner) = (maybe(0.3), maybe(0.2), maybe(0.3));
        let (in_status, of_priority, of_kind) = (maybe(0.4), maybe(0.3), maybe(0.2));
        let with_keyword = maybe(0.3);
        Search {
            filter: Filter {
                task_id: of_task.then(|| self.tasks.choose(random).unwrap().id),
                module_id: of_module.then(|| self.modules.choose(random).unwrap().id),
                owner: of_owner.then(|| self.agents.choose(random).unwrap().id),
                status: in_status.then(|| *Status::ALL.choose(random).unwrap()),
            },
            priority: of_priority.then(|| *Priority::ALL.choose(random).unwrap()),
            kind: of_kind.then(|| *WorkKind::ALL.choose(random).unwrap()),
            keyword: with_keyword.then(|| keyword(texts.choose(random).unwrap())),
            sort: *SubTaskSort::ALL.choose(random).unwrap(),
            order: *SortOrder::ALL.choose(random).unwrap(),
        }
    }
}

fn is_wanted(one: &SubTask, wanted: &Search) -> bool {
    let Filter { task_id, module_id, owner, status } = wanted.filter;
    let has = |text: &str, keyword: &Keyword| {
        text.to_ascii_lowercase().contains(&keyword.as_str().to_ascii_lowercase())
    };
    task_id.is_none_or(|id| one.task_id == id)
        && module_id.is_none_or(|id| one.module_id == Some(id))
        && owner.is_none_or(|id| one.owner == Some(id))
        && status.is_none_or(|status| one.status == status)
        && wanted.priority.is_none_or(|priority| one.priority == priority)
        && wanted.kind.is_none_or(|kind| one.kind == kind)
        && wanted
            .keyword
            .as_ref()
            .is_none_or(|keyword| has(&one.name, keyword) || has(&one.description, keyword))
}

fn compare(a: &SubTask, b: &SubTask, sort: SubTaskSort) -> Ordering {
    let first = match sort {
        SubTaskSort::CreatedAt => Ordering::Equal,
        SubTaskSort::UpdatedAt => return a.updated_at.cmp(&b.updated_at).then(a.id.cmp(&b.id)),
        SubTaskSort::Priority => a.priority.cmp(&b.priority),
        SubTaskSort::Status => a.status.cmp(&b.status),
        SubTaskSort::ReworkCount => a.rework_count.cmp(&b.rework_count),
    };
    first.then(a.created_at.cmp(&b.created_at)).then(a.id.cmp(&b.id))
}

fn a_search_finds_what_looking_at_every_row_finds(db: &TestDb) {
    let store = db.store();
    let mut random = StdRng::seed_from_u64(7);
    let world = World::make(&store, &mut random);
    let mut found_any = 0;
    for _ in 0..SEARCHES {
        let wanted = world.random_search(&mut random);
        let expected = world.expected(&wanted);
        let offset = random.random_range(0..30);
        let window = Window { offset, limit: random.random_range(1..40) };
        let page =
            store.read(|reader| -> Result<_, StorageError> { search(reader, &wanted, window) });
        let page = page.unwrap();
        let shown = expected.iter().skip(offset.try_into().unwrap());
        let shown: Vec<_> = shown.take(window.limit.try_into().unwrap()).copied().collect();
        let found: Vec<_> = page.items.iter().map(|one| one.id).collect();
        assert_eq!(found, shown, "{wanted:?} {window:?}");
        assert_eq!(page.total, i64::try_from(expected.len()).unwrap(), "{wanted:?}");
        found_any += usize::from(!shown.is_empty());
    }
    assert!(found_any > SEARCHES / 4, "most searches found nothing: {found_any}");
}

openmoss_testkit::on_each_backend!(a_search_finds_what_looking_at_every_row_finds);
