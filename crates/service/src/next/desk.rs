//! What was handed out a moment ago, and whose turn it is: kept in memory, because nothing depends on
//! it. Whoever loses it hands the same out twice, and the steps themselves see to it that one wins.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openmoss_domain::{AgentId, TaskId, Timestamp};
use uuid::Uuid;

/// For how long what one agent was given to look at is not given to another, and nobody is called for
/// it: most models are done with a review or a plan in a part of it.
const HELD_FOR: Duration = Duration::from_mins(30);
/// For how long whoever was told of work may take to come for it, before another is told.
const CALLED_FOR: Duration = Duration::from_mins(2);
/// Most entries that are remembered; beyond that the outdated ones are forgotten, else all.
const ENTRIES_MAX: usize = 10_000;

/// Which task had its turn last.
#[derive(Default)]
pub(crate) struct Turns(Mutex<Option<TaskId>>);

impl Turns {
    pub(crate) fn last(&self) -> Option<TaskId> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn took(&self, task: TaskId) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }
}

/// Something that is handed out to be looked at, as it was then: once it changed, it is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) id: Uuid,
    pub(crate) version: (i64, u32),
}

#[derive(Debug, Clone, Copy)]
struct Handed {
    version: (i64, u32),
    to: AgentId,
    at: Timestamp,
}

#[derive(Default)]
struct Entries {
    items: HashMap<Uuid, Handed>,
    /// When each agent was last given something.
    agents: HashMap<AgentId, Timestamp>,
    /// When each agent was told that there is ready work.
    called: HashMap<AgentId, Timestamp>,
    /// Who was told of what is nobody's own, and has not come yet.
    promised: HashMap<AgentId, (Item, Timestamp)>,
}

impl Entries {
    /// What others were told of and may still come for.
    fn promised_to_others(&self, me: AgentId, now: Timestamp) -> impl Iterator<Item = Item> {
        let open = move |one: &(&AgentId, &(Item, Timestamp))| {
            *one.0 != me && one.1.1.until(now) < CALLED_FOR
        };
        self.promised.iter().filter(open).map(|(_, (item, _))| *item)
    }
}

/// What was handed out, and to whom.
#[derive(Default)]
pub(crate) struct Desk(Mutex<Entries>);

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody else is looking at it.
    pub(crate) fn is_with_another(&self, item: Item, me: AgentId, now: Timestamp) -> bool {
        self.handed(item).is_some_and(|one| one.to != me && one.at.until(now) < HELD_FOR)
    }

    /// Whether somebody looked at it a while ago, and it is as it was.
    pub(crate) fn was_left(&self, item: Item, now: Timestamp) -> bool {
        self.handed(item).is_some_and(|one| one.at.until(now) < HELD_FOR)
    }

    fn handed(&self, item: Item) -> Option<Handed> {
        let entries = self.lock();
        entries.items.get(&item.id).copied().filter(|one| one.version == item.version)
    }

    /// Whether somebody else was told of it a moment ago, and may be on the way.
    pub(crate) fn is_promised_to_another(&self, item: Item, me: AgentId, now: Timestamp) -> bool {
        self.lock().promised_to_others(me, now).any(|one| one == item)
    }

    /// Notes that `me` is told of it, and may come for it; whether it may: of two at once, one does.
    /// Whoever asks again without having come is told again, but keeps it from others no longer.
    pub(crate) fn promise(&self, item: Item, me: AgentId, now: Timestamp) -> bool {
        let mut entries = self.lock();
        if entries.promised_to_others(me, now).any(|one| one == item) {
            return false;
        }
        entries.promised.retain(|_, (_, at)| at.until(now) < HELD_FOR);
        let mine = entries.promised.entry(me).or_insert((item, now));
        if mine.0 != item {
            *mine = (item, now);
        }
        true
    }

    /// Notes that `me` looks at it from now on; whether it may: of two at once, one does.
    pub(crate) fn hand(&self, item: Item, me: AgentId, now: Timestamp) -> bool {
        let mut entries = self.lock();
        let known = entries.items.get(&item.id).filter(|one| one.version == item.version);
        if known.is_some_and(|one| one.to != me && one.at.until(now) < HELD_FOR) {
            return false;
        }
        if entries.items.len() >= ENTRIES_MAX {
            entries.items.retain(|_, one| one.at.until(now) < HELD_FOR);
        }
        if entries.items.len() >= ENTRIES_MAX {
            entries.items.clear();
        }
        entries.items.insert(item.id, Handed { version: item.version, to: me, at: now });
        true
    }

    /// Notes that whoever looked at it is done with it.
    pub(crate) fn put_back(&self, id: Uuid) {
        self.lock().items.remove(&id);
    }

    /// How many things others look at, or were told of.
    pub(crate) fn held_by_others(&self, me: AgentId, now: Timestamp) -> usize {
        let entries = self.lock();
        let held = |one: &&Handed| one.to != me && one.at.until(now) < HELD_FOR;
        entries.items.values().filter(held).count() + entries.promised_to_others(me, now).count()
    }

    /// Whether `me` is told of ready work, of which there are `ready` pieces: no more agents are told
    /// than there is work for, as long as those who were told may still come. Whoever asks again
    /// without having come is told again, but keeps none from others any longer.
    pub(crate) fn call(&self, me: AgentId, ready: i64, now: Timestamp) -> bool {
        let mut entries = self.lock();
        entries.called.retain(|_, at| at.until(now) < HELD_FOR);
        let on_the_way =
            |(one, at): &(&AgentId, &Timestamp)| **one != me && at.until(now) < CALLED_FOR;
        let others = entries.called.iter().filter(on_the_way).count();
        let is_called = i64::try_from(others).is_ok_and(|others| others < ready);
        if is_called {
            entries.called.entry(me).or_insert(now);
        }
        is_called
    }

    /// Notes that `me` came.
    pub(crate) fn came(&self, me: AgentId) {
        let mut entries = self.lock();
        entries.called.remove(&me);
        entries.promised.remove(&me);
    }

    /// When the agent was last given something.
    pub(crate) fn last_seen(&self, me: AgentId) -> Option<Timestamp> {
        self.lock().agents.get(&me).copied()
    }

    /// When the agent was given something before this time, which is noted.
    pub(crate) fn seen_before(&self, me: AgentId, now: Timestamp) -> Option<Timestamp> {
        let mut entries = self.lock();
        if entries.agents.len() >= ENTRIES_MAX {
            entries.agents.clear();
        }
        entries.agents.insert(me, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_looks_at_is_not_given_to_another_until_it_changes_or_time_passes() {
        let (desk, now) = (Desk::default(), Timestamp::from_micros(1_000_000));
        let agent = |n| AgentId::from_uuid(Uuid::from_u128(n));
        let item = Item { id: Uuid::from_u128(7), version: (3, 0) };
        let (ann, bob) = (agent(1), agent(2));
        assert!(desk.hand(item, ann, now) && desk.hand(item, ann, now));
        assert!(!desk.hand(item, bob, now) && desk.is_with_another(item, bob, now));
        assert!(desk.was_left(item, now) && !desk.is_with_another(item, ann, now));
        assert_eq!((desk.held_by_others(bob, now), desk.held_by_others(ann, now)), (1, 0));
        let changed = Item { version: (4, 0), ..item };
        assert!(!desk.is_with_another(changed, bob, now) && !desk.was_left(changed, now));
        let later = now.plus(HELD_FOR);
        assert!(!desk.was_left(item, later) && desk.hand(item, bob, later));
        assert!(desk.was_left(item, later));
    }

    #[test]
    fn what_one_was_told_of_calls_no_other_until_time_passes() {
        let (desk, now) = (Desk::default(), Timestamp::from_micros(1_000_000));
        let (ann, bob) =
            (AgentId::from_uuid(Uuid::from_u128(1)), AgentId::from_uuid(Uuid::from_u128(2)));
        let item = Item { id: Uuid::from_u128(7), version: (3, 0) };
        assert!(desk.promise(item, ann, now) && desk.promise(item, ann, now));
        assert!(!desk.promise(item, bob, now) && desk.is_promised_to_another(item, bob, now));
        assert!(!desk.is_promised_to_another(item, ann, now) && !desk.was_left(item, now));
        assert_eq!((desk.held_by_others(bob, now), desk.held_by_others(ann, now)), (1, 0));
        assert!(desk.promise(item, bob, now.plus(CALLED_FOR)), "ann did not come");
        desk.came(bob);
        assert!(desk.promise(item, ann, now.plus(CALLED_FOR)), "bob came, and left it");
    }
    #[test]
    fn who_asks_again_and_again_without_coming_keeps_nothing_from_others() {
        let (desk, now) = (Desk::default(), Timestamp::from_micros(1_000_000));
        let agent = |n| AgentId::from_uuid(Uuid::from_u128(n));
        let (broken, other) = (agent(1), agent(2));
        let item = Item { id: Uuid::from_u128(7), version: (3, 0) };
        for minute in 0..2 {
            let now = now.plus(Duration::from_mins(minute));
            assert!(desk.promise(item, broken, now) && desk.call(broken, 1, now));
            assert!(!desk.promise(item, other, now) && !desk.call(other, 1, now));
        }
        let later = now.plus(CALLED_FOR);
        assert!(
            desk.promise(item, broken, later) && desk.call(broken, 1, later),
            "it may still come"
        );
        assert!(desk.promise(item, other, later) && desk.call(other, 1, later));
    }
}
