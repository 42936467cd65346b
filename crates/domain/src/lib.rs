//! The rules of the coordination server, as pure functions of (state, command, actor, now).
//!
//! A *task* is a goal; it is split into *modules* and *sub-tasks*; a sub-task is one unit
//! that one agent can finish alone. Agents have one [`Role`]; whoever acts is an [`Actor`].
//! What may happen to a sub-task stands in one table, [`sub_task::RULES`].
//!
//! Deliberately absent: I/O, clock, randomness, async, SQL, HTTP. Time, ids and limits come in
//! as arguments, so that every decision can be repeated and tested.

mod token;

pub mod achievement;
pub mod actor;
pub mod agent;
pub mod capability;
pub mod dependency;
pub mod diagnosis;
pub mod error;
pub mod event;
pub mod id;
pub mod import;
pub mod log;
pub mod module;
pub mod next;
pub mod note;
pub mod notification;
pub mod onboarding;
pub mod outbox;
pub mod page;
pub mod patrol;
pub mod persona;
pub mod plan;
pub mod policy;
pub mod prompt;
pub mod recurrence;
pub mod request;
pub mod requirements;
pub mod review;
pub mod rule;
pub mod score;
pub mod series;
pub mod sub_task;
pub mod submission;
pub mod task;
pub mod text;
pub mod time;
pub mod usage;
pub mod version;
pub mod waiting;
pub mod wake;
pub mod watch;

pub use achievement::{Achievement, Deed, TrackRecord};
pub use actor::{Actor, ActorKind, Role};
pub use agent::{Agent, AgentStatus};
pub use capability::Capabilities;
pub use error::{DomainError, FieldError, Fields};
pub use event::{Event, EventKind};
pub use id::{
    AgentId, DeliveryId, EventId, LogId, ModuleId, NoteId, PatrolRecordId, RequestId, ReviewId,
    RuleId, ScoreLogId, SeriesId, SessionId, SubTaskId, SubmissionId, TaskId, WakeUpId,
};
pub use module::Module;
pub use next::NextAction;
pub use note::Note;
pub use page::{Keyword, ModuleSort, SortOrder, SubTaskSort, TaskSort};
pub use patrol::{PatrolRecord, PatrolStatus, Severity};
pub use persona::{Persona, PersonaEdit};
pub use policy::Policy;
pub use recurrence::Recurrence;
pub use review::{Review, ReviewResult};
pub use rule::{Rule, RuleScope};
pub use series::Series;
pub use sub_task::{Action, Command, SubTask, Transition};
pub use submission::{Artifact, ArtifactKind, Deliverable, Submission};
pub use task::{Task, TaskStatus};
pub use time::Timestamp;
pub use version::Version;
