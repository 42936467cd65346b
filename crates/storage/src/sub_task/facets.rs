//! By what all sub-tasks are counted: status, priority and kind together, so that every list that
//! is filtered by any of them has its length from the counters. It costs a step no more than
//! counting by status would: one number grows, and one shrinks.

use std::collections::HashMap;
use std::sync::LazyLock;

use openmoss_domain::SubTask;
use openmoss_domain::sub_task::{Priority, Status, WorkKind};

use crate::counter::Counts;

/// Some of a sub-task's properties; those that are `None` may be any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facets {
    /// Where it stands.
    pub status: Option<Status>,
    /// How soon.
    pub priority: Option<Priority>,
    /// Once or recurring.
    pub kind: Option<WorkKind>,
}

static KEYS: LazyLock<HashMap<(Status, Priority, WorkKind), String>> = LazyLock::new(|| {
    let mut keys = HashMap::new();
    for &status in Status::ALL {
        for &priority in Priority::ALL {
            for &kind in WorkKind::ALL {
                keys.insert((status, priority, kind), format!("{status}:{priority}:{kind}"));
            }
        }
    }
    keys
});

/// The key under which a sub-task is counted among all.
pub(super) fn key(of: &SubTask) -> &'static str {
    KEYS.get(&(of.status, of.priority, of.kind)).map_or("", String::as_str)
}

impl Facets {
    /// How many of all sub-tasks have these properties, from [`crate::counter::Scope::SubTasks`].
    #[must_use]
    pub fn count(self, counts: &Counts) -> i64 {
        let is_meant = |(status, priority, kind): &(Status, Priority, WorkKind)| {
            self.status.is_none_or(|wanted| wanted == *status)
                && self.priority.is_none_or(|wanted| wanted == *priority)
                && self.kind.is_none_or(|wanted| wanted == *kind)
        };
        KEYS.iter().filter(|(facets, _)| is_meant(facets)).map(|(_, key)| counts.get(key)).sum()
    }
}
