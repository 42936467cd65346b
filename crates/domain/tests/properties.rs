//! What must hold after any history whatever.
//!
//! The seed is fixed, so that a run in CI can be repeated; `PROPTEST_RNG_SEED` and
//! `PROPTEST_CASES` look further.

#[path = "properties/bookkeeping.rs"]
mod bookkeeping;
#[path = "properties/history.rs"]
mod history;
#[path = "properties/patrol.rs"]
mod patrol;
#[path = "properties/plan.rs"]
mod plan;
#[path = "properties/sub_task.rs"]
mod sub_task;
#[path = "properties/task.rs"]
mod task;
#[path = "support/team.rs"]
mod team;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};

/// What a property says of one case.
type Verdict = Result<(), TestCaseError>;

fn runner() -> TestRunner {
    let default = Config::default();
    let rng_seed = match default.rng_seed {
        RngSeed::Random => RngSeed::Fixed(2026),
        RngSeed::Fixed(seed) => RngSeed::Fixed(seed),
    };
    TestRunner::new(Config {
        rng_seed,
        failure_persistence: None,
        max_shrink_time: 10_000,
        ..default
    })
}

/// Fails with the smallest case found for which `property` does not hold.
#[track_caller]
fn always<S: Strategy>(cases: &S, property: impl Fn(S::Value) -> Verdict) {
    let found = runner().run(cases, property);
    assert!(found.is_ok(), "{}", found.err().map_or_else(String::new, |error| error.to_string()));
}
