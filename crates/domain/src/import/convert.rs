//! Rows of the existing system as values of ours.

mod agent;
mod rule;
mod sub_task;

use std::collections::{HashMap, HashSet};

pub use self::agent::{ImportedAgent, Sums};
pub use self::sub_task::ImportedSubTask;
use crate::Module;
use crate::id::{AgentId, ModuleId, SubTaskId, TaskId};
use crate::import::finding::{Effect, Finding, Note};
use crate::import::raw::Raw;
use crate::import::reading::{Place, Reading, limited};
use crate::log::LogEntry;
use crate::policy::Policy;
use crate::request::{PATH_CHARS_MAX, RequestEntry, Sent, kept_method, kept_path};
use crate::review::{NEUTRAL_SCORE, Review};
use crate::sub_task::WorkKind;
use crate::task::{Task, TaskStatus};
use crate::text::{LINE_CHARS_MAX, NAME_CHARS_MAX};
use crate::time::Timestamp;
use crate::version::Version;

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted<T> {
    /// The value, unless the row is set aside or part of another.
    pub value: Option<T>,
    /// Everything that was wrong with it.
    pub notes: Vec<Note>,
}

impl<T> Converted<T> {
    /// The worst that happened to the row; none if all was well.
    #[must_use]
    pub fn effect(&self) -> Option<Effect> {
        self.notes.iter().map(|note| note.finding.rule().effect).max()
    }
}

/// Makes our values of rows. Tables must come in the order of
/// [`UpstreamTable`](super::UpstreamTable).
pub struct Converter {
    policy: Policy,
    now: Timestamp,
    place: Box<Place>,
    tasks: HashMap<TaskId, TaskStatus>,
    modules: HashMap<ModuleId, TaskId>,
    agents: HashMap<AgentId, bool>,
    names: HashSet<String>,
    sub_tasks: HashSet<SubTaskId>,
    rounds: HashMap<SubTaskId, u32>,
    /// The time of the row before, for rows without one.
    last: Timestamp,
}

impl Converter {
    /// `place` says when the old server's clocks showed a time; `now` is when the leases of work in
    /// hand begin.
    #[must_use]
    pub fn new(policy: Policy, now: Timestamp, place: Box<Place>) -> Self {
        Self {
            policy,
            now,
            place,
            tasks: HashMap::new(),
            modules: HashMap::new(),
            agents: HashMap::new(),
            names: HashSet::new(),
            sub_tasks: HashSet::new(),
            rounds: HashMap::new(),
            last: Timestamp::from_micros(0),
        }
    }

    /// Keeps a name for an agent that is not in the file.
    pub fn reserve_name(&mut self, name: String) {
        self.names.insert(name);
    }

    /// A goal.
    pub fn task(&mut self, raw: &Raw) -> Converted<Task> {
        let mut reading = Reading::of(raw);
        let value = self.read_task(&mut reading);
        if let Some(task) = &value {
            self.tasks.insert(task.id, task.status);
        }
        Converted { value, notes: reading.notes }
    }

    fn read_task(&mut self, reading: &mut Reading<'_>) -> Option<Task> {
        let id = reading.id()?;
        if self.tasks.contains_key(&id) {
            reading.note(Finding::DuplicateId, "id");
            return None;
        }
        let (created_at, updated_at) = self.times(reading);
        Some(Task {
            id,
            name: reading.name("task", NAME_CHARS_MAX),
            description: reading.text("description"),
            kind: reading.word("type").unwrap_or(WorkKind::Once),
            status: reading.word("status").unwrap_or(TaskStatus::Planning),
            is_stopped: false,
            version: Version::FIRST,
            created_at,
            updated_at,
        })
    }

    /// A part of a goal.
    pub fn module(&mut self, raw: &Raw) -> Converted<Module> {
        let mut reading = Reading::of(raw);
        let value = self.read_module(&mut reading);
        if let Some(module) = &value {
            self.modules.insert(module.id, module.task_id);
        }
        Converted { value, notes: reading.notes }
    }

    fn read_module(&mut self, reading: &mut Reading<'_>) -> Option<Module> {
        let id = reading.id()?;
        if self.modules.contains_key(&id) {
            reading.note(Finding::DuplicateId, "id");
            return None;
        }
        let task_id = reading.parent("task_id", |id| self.tasks.contains_key(id))?;
        Some(Module {
            id,
            task_id,
            name: reading.name("module", NAME_CHARS_MAX),
            description: reading.text("description"),
            created_at: self.time(reading, "created_at"),
        })
    }

    /// A review.
    pub fn review(&mut self, raw: &Raw) -> Converted<Review> {
        let mut reading = Reading::of(raw);
        let value = self.read_review(&mut reading);
        Converted { value, notes: reading.notes }
    }

    fn read_review(&mut self, reading: &mut Reading<'_>) -> Option<Review> {
        let id = reading.id()?;
        let sub_task_id = reading.parent("sub_task_id", |id| self.sub_tasks.contains(id))?;
        let Some(result) = reading.word("result") else {
            reading.note(Finding::SenselessWord, "result");
            return None;
        };
        let round = self.rounds.entry(sub_task_id).or_default();
        *round += 1;
        let round = *round;
        if reading.raw.get("round").and_then(|text| text.parse().ok()) != Some(round) {
            let note = Note::new(Finding::Round, "round");
            reading.notes.push(note.became(round.to_string()));
        }
        let score = reading.number("score", 1, 5, i64::from(NEUTRAL_SCORE));
        let is_agent = |id: &AgentId| self.agents.contains_key(id);
        Some(Review {
            id,
            sub_task_id,
            reviewer: reading.former("reviewer_agent", is_agent),
            round,
            result,
            score: u8::try_from(score).unwrap_or(NEUTRAL_SCORE),
            issues: reading.text("issues"),
            comment: reading.text("comment"),
            rework_agent: reading.former("rework_agent", is_agent),
            created_at: self.time(reading, "created_at"),
        })
    }

    /// An entry of the activity log.
    pub fn log_entry(&mut self, raw: &Raw) -> Converted<LogEntry> {
        let mut reading = Reading::of(raw);
        let value = self.read_log_entry(&mut reading);
        Converted { value, notes: reading.notes }
    }

    fn read_log_entry(&mut self, reading: &mut Reading<'_>) -> Option<LogEntry> {
        let id = reading.id()?;
        let agent_id = reading.parent("agent_id", |id| self.agents.contains_key(id))?;
        let action = reading.word("action")?;
        let mut summary = reading.text("summary");
        if reading.notes.iter().any(|note| note.finding == Finding::UnknownWord) {
            let old: String =
                reading.raw.get("action").unwrap_or_default().chars().take(50).collect();
            summary = limited(format!("[{}] {summary}", old.escape_debug()));
        }
        Some(LogEntry {
            id,
            agent_id,
            sub_task_id: reading.link("sub_task_id", |id| self.sub_tasks.contains(id)),
            action,
            summary,
            session_id: reading.session("session_id"),
            created_at: self.time(reading, "created_at"),
        })
    }

    /// A request of an agent.
    pub fn request(&mut self, raw: &Raw) -> Converted<RequestEntry> {
        let mut reading = Reading::of(raw);
        let value = self.read_request(&mut reading);
        Converted { value, notes: reading.notes }
    }

    fn read_request(&mut self, reading: &mut Reading<'_>) -> Option<RequestEntry> {
        let id = reading.id()?;
        let agent_id = reading.parent("agent_id", |id| self.agents.contains_key(id))?;
        let status = reading.number("response_status", 100, 599, 0);
        Some(RequestEntry {
            id,
            agent_id,
            method: kept_method(&reading.line("method", LINE_CHARS_MAX)),
            path: kept_path(&reading.line("path", PATH_CHARS_MAX), &[]),
            sent: sent(reading),
            status: u16::try_from(status).unwrap_or(0),
            duration_ms: 0,
            created_at: self.time(reading, "timestamp"),
        })
    }

    /// When it was created and when it last changed; each stands for the other.
    fn times(&mut self, reading: &mut Reading<'_>) -> (Timestamp, Timestamp) {
        let created = reading.time("created_at", &self.place);
        let updated = reading.time("updated_at", &self.place);
        let created_at = created.or(updated).unwrap_or(self.last);
        let updated_at = updated.unwrap_or(created_at);
        reading.note_no_time("created_at", created_at);
        reading.note_no_time("updated_at", updated_at);
        self.last = created_at;
        (created_at, updated_at)
    }

    /// When it was created.
    fn time(&mut self, reading: &mut Reading<'_>, column: &'static str) -> Timestamp {
        let at = reading.time(column, &self.place).unwrap_or(self.last);
        reading.note_no_time(column, at);
        self.last = at;
        at
    }
}

/// What the request log keeps of a body or query: nothing secret, and nothing that is not JSON.
fn sent(reading: &mut Reading<'_>) -> Option<String> {
    let given = reading.raw.get("request_body")?;
    let kept = Sent::Body(given.as_bytes().to_vec()).kept(&[])?;
    let as_it_is = serde_json::from_str(given).map(|value: serde_json::Value| value.to_string());
    if as_it_is.ok().as_deref() != Some(kept.as_str()) {
        reading.note(Finding::HiddenBody, "request_body");
    }
    Some(kept)
}
