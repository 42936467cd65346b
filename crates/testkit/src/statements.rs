//! The statements that a piece of code really runs.

use std::sync::{Mutex, PoisonError};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

/// What is recorded now; `None` while nobody records.
static RECORDING: Mutex<Option<Vec<String>>> = Mutex::new(None);
/// One recording at a time.
static RECORDER: Mutex<()> = Mutex::new(());

struct Recorder;

impl Instrumentation for Recorder {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event
            && let Some(statements) =
                RECORDING.lock().unwrap_or_else(PoisonError::into_inner).as_mut()
        {
            let shown = query.to_string();
            let sql = shown.split(" -- binds:").next().unwrap_or_default();
            statements.push(sql.to_owned());
        }
    }
}

fn set(recording: Option<Vec<String>>) -> Option<Vec<String>> {
    std::mem::replace(&mut RECORDING.lock().unwrap_or_else(PoisonError::into_inner), recording)
}

/// Runs `prepare`, which must open the connections, and then each of `calls` on what it made;
/// returns the SQL of every statement that each call ran.
pub fn record_statements<T>(
    prepare: impl FnOnce() -> T,
    calls: &[&dyn Fn(&T)],
) -> Vec<Vec<String>> {
    let _one = RECORDER.lock().unwrap_or_else(PoisonError::into_inner);
    set_default_instrumentation(|| Some(Box::new(Recorder))).expect("an instrumentation");
    let prepared = prepare();
    let record = |call: &&dyn Fn(&T)| {
        set(Some(Vec::new()));
        call(&prepared);
        set(None).unwrap_or_default()
    };
    calls.iter().map(record).collect()
}
