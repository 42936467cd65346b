//! Typed ids: UUIDs that cannot be mixed up.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id_types {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that somebody else made: the domain has no randomness.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self { Self(uuid) }

            /// The UUID inside.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid { self.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self)
            }
        }
    )+};
}

id_types! {
    /// A goal.
    TaskId,
    /// A part of a goal.
    ModuleId,
    /// One unit of work.
    SubTaskId,
    /// An agent.
    AgentId,
    /// One review of one submission.
    ReviewId,
    /// One row of the score log.
    ScoreLogId,
    /// One row of the activity log.
    LogId,
    /// One rule text.
    RuleId,
    /// One handed-in deliverable.
    SubmissionId,
    /// One event of the event log.
    EventId,
    /// One admin session.
    SessionId,
    /// One row of the request log.
    RequestId,
    /// One note on a sub-task.
    NoteId,
    /// One finding of a patrol.
    PatrolRecordId,
    /// Work that comes round again.
    SeriesId,
    /// One message to one channel.
    DeliveryId,
    /// One waking of one agent.
    WakeUpId,
}
