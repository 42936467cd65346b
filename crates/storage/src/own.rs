//! A reading connection that belongs to one thread, for threads that must not wait for another.

use std::cell::RefCell;

use crate::connection::AnyConnection;

thread_local! {
    static OWN: RefCell<Option<Own>> = const { RefCell::new(None) };
}

struct Own {
    /// Of which store.
    store: u64,
    connection: AnyConnection,
}

/// Whether this thread has one to `store`.
pub(crate) fn is_here(store: u64) -> bool {
    OWN.with_borrow(|own| own.as_ref().is_some_and(|own| own.store == store))
}

/// Gives this thread a connection to `store`, in place of any that it had.
pub(crate) fn put(store: u64, connection: AnyConnection) {
    OWN.set(Some(Own { store, connection }));
}

/// Takes it for a read. Whoever takes it puts it back, unless it is broken.
pub(crate) fn take(store: u64) -> Option<AnyConnection> {
    OWN.with_borrow_mut(|own| own.take_if(|own| own.store == store)).map(|own| own.connection)
}
