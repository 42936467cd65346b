//! The store, and what belongs into every transaction: whoever is to be told of an event is written
//! down with it, so that no crash can come in between.

use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock};

use openmoss_storage::{Failure, Store, Writer};

use crate::notification::Routes;
use crate::settings::Settings;

/// The store, as the use cases write to it.
pub(crate) struct Ledger {
    store: Store,
    routes: RwLock<Arc<Routes>>,
}

/// Everything but writing goes straight to the store.
impl Deref for Ledger {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl Ledger {
    pub(crate) fn new(store: Store, settings: &Settings) -> Self {
        Self { store, routes: RwLock::new(Arc::new(Routes::of(settings))) }
    }

    /// Takes other settings into account from the next transaction on.
    pub(crate) fn follow(&self, settings: &Settings) {
        let routes = Arc::new(Routes::of(settings));
        *self.routes.write().unwrap_or_else(PoisonError::into_inner) = routes;
    }

    /// As [`Store::write`]. When nobody is to be told of anything, it costs nothing.
    pub(crate) fn write<T, E, F>(&self, transaction: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
        F: Fn(&mut Writer) -> Result<T, E> + Send + 'static,
    {
        let routes = Arc::clone(&self.routes.read().unwrap_or_else(PoisonError::into_inner));
        if routes.lead_nowhere() {
            return self.store.write(transaction);
        }
        self.store.write(move |writer| {
            writer.note_events();
            let value = transaction(writer)?;
            let events = writer.noted_events();
            routes.post(writer, &events)?;
            Ok(value)
        })
    }
}

#[cfg(test)]
mod tests {
    use openmoss_domain::{Actor, Event, EventKind};
    use openmoss_storage::event::{Filter, list_after};
    use openmoss_storage::{Window, delivery};
    use openmoss_testkit::{START, TestDb};

    use super::*;
    use crate::error::ServiceError;
    use crate::step::append;

    fn settings(channels: &[&str]) -> Settings {
        let mut settings = Settings::default();
        settings.notification.enabled = true;
        settings.notification.channels = channels.iter().map(|one| (*one).to_owned()).collect();
        settings.notification.events = vec!["all_done".to_owned(), "of_the_future".to_owned()];
        settings
    }

    /// How many events there are, and to which channels they are told.
    fn kept(ledger: &Ledger) -> (usize, Vec<String>) {
        let window = Window { offset: 0, limit: 100 };
        let read = |reader: &mut openmoss_storage::Reader| -> Result<_, ServiceError> {
            let events = list_after(reader, Filter::default(), 0, 100)?;
            let outbox = delivery::list(reader, None, window)?;
            Ok((events.len(), outbox.items.into_iter().map(|one| one.channel).collect()))
        };
        let (events, mut channels): (usize, Vec<String>) = ledger.read(read).unwrap();
        channels.sort();
        (events, channels)
    }

    fn write(ledger: &Ledger, kind: EventKind, is_kept: bool) {
        let written = ledger.write(move |writer| {
            append(writer, &Event::new(kind, Actor::System, START))?;
            if is_kept { Ok(()) } else { Err(ServiceError::ConcurrentChange) }
        });
        assert_eq!(written.is_ok(), is_kept);
    }

    fn an_event_and_its_messages_are_kept_together_or_not_at_all(db: &TestDb) {
        let channels = ["email:a@example.com", "chat:oc_1", "slack:https://example.com/s3cret"];
        let ledger = Ledger::new(db.store(), &settings(&channels));
        write(&ledger, EventKind::TaskAllDone, false);
        assert_eq!(kept(&ledger), (0, vec![]));
        write(&ledger, EventKind::TaskCreated, true);
        assert_eq!(kept(&ledger), (1, vec![]));
        write(&ledger, EventKind::TaskAllDone, true);
        let (events, told) = kept(&ledger);
        assert_eq!((events, told.len(), told[0].as_str()), (2, 2, "email:a@example.com"));
        assert!(told[1].starts_with("slack:https://example.com/***"), "{told:?}");
        assert_eq!(openmoss_testkit::counter_differences(db), [""; 0]);

        // Nothing is told of what a refused transaction noted.
        write(&ledger, EventKind::TaskAllDone, false);
        write(&ledger, EventKind::TaskCreated, true);
        assert_eq!((kept(&ledger).0, kept(&ledger).1.len()), (3, 2));
        ledger.follow(&Settings::default());
        write(&ledger, EventKind::TaskAllDone, true);
        assert_eq!((kept(&ledger).0, kept(&ledger).1.len()), (4, 2), "nobody is told any more");
    }

    openmoss_testkit::on_each_backend! {
        an_event_and_its_messages_are_kept_together_or_not_at_all,
    }
}
