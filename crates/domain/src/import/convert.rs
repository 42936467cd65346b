//! Rows of the existing system as values of ours.

use std::collections::{HashMap, HashSet};

use uuid::Builder;

use crate::agent::AGENT_NAME_CHARS_MAX;
use crate::id::{AgentId, ModuleId, RuleId, ScoreLogId, SubTaskId, TaskId};
use crate::import::finding::{Effect, Finding, Note};
use crate::import::raw::Raw;
use crate::import::reading::{Place, Reading, limited};
use crate::log::LogEntry;
use crate::policy::Policy;
use crate::request::{PATH_CHARS_MAX, RequestEntry, Sent, kept_method, kept_path};
use crate::review::{NEUTRAL_SCORE, Review};
use crate::rule::{self, Rule};
use crate::score::ScoreChange;
use crate::sub_task::{BlockedCause, BlockedKind, Priority, Status, SubTask, WorkKind};
use crate::task::{Task, TaskStatus};
use crate::text::{LINE_CHARS_MAX, NAME_CHARS_MAX};
use crate::time::Timestamp;
use crate::version::Version;
use crate::{Agent, AgentStatus, Module, Role};

/// A bigger change of a score is a mistake in the file.
const SCORE_DELTA_MAX: i64 = 1_000_000_000;
/// Changes an agent's id into that of the row which makes up for its log.
const CORRECTION: [u8; 16] = *b"openmoss-import!";

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

/// An agent as it is brought over.
#[derive(Clone, PartialEq, Eq)]
pub struct ImportedAgent {
    /// The agent, its total the old one.
    pub agent: Agent,
    /// Its key in clear, to be hashed; none if it has none.
    pub key: Option<String>,
    /// How many changes of its score are above 0.
    pub rewards: i64,
    /// How many are below 0.
    pub penalties: i64,
    /// The row that makes its log add up to its total.
    pub correction: Option<ScoreChange>,
}

/// A sub-task as it is brought over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedSubTask {
    /// The sub-task.
    pub sub_task: SubTask,
    /// Who owns its first attempt, or did so until it was brought over.
    pub first_owner: Option<AgentId>,
}

/// What the score log adds up to, for each agent.
#[derive(Debug, Clone, Default)]
pub struct Sums(HashMap<AgentId, Sum>);

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    total: i64,
    rewards: i64,
    penalties: i64,
    last: Option<Timestamp>,
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

    /// An agent, whose log adds up to what `sums` says.
    pub fn agent(&mut self, raw: &Raw, sums: &Sums) -> Converted<ImportedAgent> {
        let mut reading = Reading::of(raw);
        let value = self.read_agent(&mut reading, sums);
        if let Some(ImportedAgent { agent, .. }) = &value {
            self.agents.insert(agent.id, agent.can_own_work());
            self.names.insert(agent.name.clone());
        }
        Converted { value, notes: reading.notes }
    }

    fn read_agent(&mut self, reading: &mut Reading<'_>, sums: &Sums) -> Option<ImportedAgent> {
        let id = reading.id()?;
        if self.agents.contains_key(&id) {
            reading.note(Finding::DuplicateId, "id");
            return None;
        }
        let role = reading.word("role");
        let mut status = reading.word("status").unwrap_or(AgentStatus::Disabled);
        if role.is_none() {
            reading.note(Finding::UnknownRole, "role");
            status = AgentStatus::Disabled;
        }
        let key = reading.raw.get("api_key").filter(|key| !key.trim().is_empty());
        if key.is_none() {
            reading.note(Finding::NoKey, "api_key");
        }
        let created_at = self.time(reading, "created_at");
        let mut imported = ImportedAgent {
            agent: Agent {
                id,
                name: self.free_name(reading),
                role: role.unwrap_or(Role::Executor),
                description: reading.text("description"),
                status,
                total_score: 0,
                created_at,
            },
            key: key.map(str::to_owned),
            rewards: 0,
            penalties: 0,
            correction: None,
        };
        set_score(&mut imported, reading, sums.0.get(&id).copied().unwrap_or_default());
        Some(imported)
    }

    fn free_name(&self, reading: &mut Reading<'_>) -> String {
        let name = reading.name("agent", AGENT_NAME_CHARS_MAX);
        if !self.names.contains(&name) {
            return name;
        }
        let numbered = |number: usize| {
            let suffix = format!(" ({number})");
            let room = AGENT_NAME_CHARS_MAX - suffix.len();
            name.chars().take(room).chain(suffix.chars()).collect::<String>()
        };
        // One of so many is free.
        let mut candidates = (2..self.names.len() + 3).map(numbered);
        let free = candidates.find(|name| !self.names.contains(name)).unwrap_or_default();
        reading.notes.push(Note::new(Finding::DuplicateName, "name").became(free.clone()));
        free
    }

    /// A unit of work.
    pub fn sub_task(&mut self, raw: &Raw) -> Converted<ImportedSubTask> {
        let mut reading = Reading::of(raw);
        let value = self.read_sub_task(&mut reading);
        if let Some(ImportedSubTask { sub_task, .. }) = &value {
            self.sub_tasks.insert(sub_task.id);
        }
        Converted { value, notes: reading.notes }
    }

    fn read_sub_task(&mut self, reading: &mut Reading<'_>) -> Option<ImportedSubTask> {
        let id = reading.id()?;
        if self.sub_tasks.contains(&id) {
            reading.note(Finding::DuplicateId, "id");
            return None;
        }
        let task_id = reading.parent("task_id", |id| self.tasks.contains_key(id))?;
        let held = self.tasks.get(&task_id).is_some_and(|status| status.holds_work(&self.policy));
        let (created_at, updated_at) = self.times(reading);
        let first_owner = reading.link("assigned_agent", |id| self.agents.contains_key(id));
        let (status, blocked) = self.status(reading, first_owner);
        let owner = first_owner.filter(|_| status != Status::Pending);
        let session_id = reading.session("current_session_id");
        if !matches!(reading.raw.get("recurring_config").map(str::trim), None | Some("" | "null")) {
            reading.note(Finding::Schedule, "recurring_config");
        }
        let sub_task = SubTask {
            id,
            task_id,
            module_id: self.module_of(reading, task_id),
            name: reading.name("sub-task", NAME_CHARS_MAX),
            description: reading.text("description"),
            deliverable: reading.text("deliverable"),
            acceptance: reading.text("acceptance"),
            kind: reading.word("type").unwrap_or(WorkKind::Once),
            priority: reading.word("priority").unwrap_or(Priority::Medium),
            status,
            owner,
            session_id: session_id.filter(|_| keeps_session(status)),
            attempt: u32::from(first_owner.is_some()),
            version: Version::FIRST,
            rework_count: small(reading.number("rework_count", 0, i64::from(i32::MAX), 0)),
            lease_expires_at: has_lease(status).then(|| self.now.plus(self.policy.lease)),
            blocked,
            progress: None,
            prerequisites: 0,
            open_prerequisites: 0,
            held,
            notes: 0,
            created_at,
            updated_at,
            completed_at: self.completed_at(reading, status, updated_at),
        };
        Some(ImportedSubTask { sub_task, first_owner })
    }

    fn module_of(&self, reading: &mut Reading<'_>, task_id: TaskId) -> Option<ModuleId> {
        let module = reading.link("module_id", |id| self.modules.contains_key(id))?;
        if self.modules.get(&module) != Some(&task_id) {
            reading.note(Finding::ForeignModule, "module_id");
            return None;
        }
        Some(module)
    }

    /// Where the sub-task stands, and why if it is blocked. Work in hand must have an owner who can
    /// do it; else it is in the queue again.
    fn status(
        &self,
        reading: &mut Reading<'_>,
        owner: Option<AgentId>,
    ) -> (Status, Option<BlockedCause>) {
        let from = if owner.is_some() { Status::Assigned } else { Status::Pending };
        let cause = |kind, detail| Some(BlockedCause { kind, detail, waits_for: None, from });
        let Some(status) = reading.word("status") else {
            reading.note(Finding::UnknownStatus, "status");
            let word: String =
                reading.raw.get("status").unwrap_or_default().chars().take(50).collect();
            let detail = format!("its status was {word:?} in the system that it comes from");
            return (Status::Blocked, cause(BlockedKind::NeedsInput, detail));
        };
        let obstacle = match status {
            Status::Pending => owner.map(|_| Finding::NeedlessOwner),
            Status::Assigned | Status::InProgress | Status::Rework => {
                match owner.map(|owner| self.agents.get(&owner)) {
                    None => Some(Finding::NoOwner),
                    Some(Some(true)) => None,
                    Some(_) => Some(Finding::IdleOwner),
                }
            }
            Status::Blocked => {
                let detail = "blocked in the system that it comes from, which kept no reason";
                return (status, cause(BlockedKind::Other, detail.to_owned()));
            }
            Status::Review | Status::Done | Status::Cancelled => None,
        };
        if let Some(finding) = obstacle {
            let is_status = finding != Finding::NeedlessOwner;
            reading.note(finding, if is_status { "status" } else { "assigned_agent" });
            return (Status::Pending, None);
        }
        (status, None)
    }

    fn completed_at(
        &self,
        reading: &mut Reading<'_>,
        status: Status,
        updated_at: Timestamp,
    ) -> Option<Timestamp> {
        let given = reading.time("completed_at", &self.place);
        let is_done = status == Status::Done;
        if given.is_some() != is_done {
            reading.note(Finding::Completion, "completed_at");
        }
        is_done.then(|| given.unwrap_or(updated_at))
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

    /// Adds a row of the score log to `sums`, if it is one that [`Converter::score_change`] keeps.
    /// To be called for each of them before the first agent.
    pub fn add_to_sums(&self, raw: &Raw, sums: &mut Sums) {
        let Some((agent, delta)) = agent_and_delta(&mut Reading::of(raw)) else { return };
        let sum = sums.0.entry(agent).or_default();
        sum.total += delta;
        sum.rewards += i64::from(delta > 0);
        sum.penalties += i64::from(delta < 0);
        sum.last = sum.last.max(Reading::of(raw).time("created_at", &self.place));
    }

    /// A change of a score.
    pub fn score_change(&mut self, raw: &Raw) -> Converted<ScoreChange> {
        let mut reading = Reading::of(raw);
        let value = self.read_score_change(&mut reading);
        Converted { value, notes: reading.notes }
    }

    fn read_score_change(&mut self, reading: &mut Reading<'_>) -> Option<ScoreChange> {
        let (agent_id, delta) = agent_and_delta(reading)?;
        if !self.agents.contains_key(&agent_id) {
            reading.note(Finding::NoParent, "agent_id");
            return None;
        }
        Some(ScoreChange {
            id: reading.raw.get("id")?.parse().ok()?,
            agent_id,
            sub_task_id: reading.link("sub_task_id", |id| self.sub_tasks.contains(id)),
            reason: reading.line("reason", LINE_CHARS_MAX),
            delta,
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

    /// All rules at once: several for everything become one.
    pub fn rules(&mut self, raws: &[Raw]) -> Vec<Converted<Rule>> {
        let mut converted: Vec<_> = raws.iter().map(|raw| self.rule(raw)).collect();
        merge_global(&mut converted);
        converted
    }

    fn rule(&mut self, raw: &Raw) -> Converted<Rule> {
        let mut reading = Reading::of(raw);
        let value = self.read_rule(&mut reading);
        Converted { value, notes: reading.notes }
    }

    fn read_rule(&mut self, reading: &mut Reading<'_>) -> Option<Rule> {
        let id: RuleId = reading.id()?;
        let Some(scope) = reading.word("scope") else {
            reading.note(Finding::SenselessWord, "scope");
            return None;
        };
        let is_task = |id: &TaskId| self.tasks.contains_key(id);
        let is_sub_task = |id: &SubTaskId| self.sub_tasks.contains(id);
        let (task_id, sub_task_id) = match scope {
            rule::RuleScope::Global => (None, None),
            rule::RuleScope::Task => (Some(reading.parent("task_id", is_task)?), None),
            rule::RuleScope::SubTask => (
                reading.link("task_id", is_task),
                Some(reading.parent("sub_task_id", is_sub_task)?),
            ),
        };
        let (created_at, updated_at) = self.times(reading);
        let content = reading.text("content");
        Some(Rule { id, scope, task_id, sub_task_id, content, created_at, updated_at })
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

fn set_score(imported: &mut ImportedAgent, reading: &mut Reading<'_>, sum: Sum) {
    let given = reading.raw.get("total_score").and_then(|text| text.trim().parse::<i64>().ok());
    let given = given.filter(|total| total.checked_sub(sum.total).is_some());
    let total = given.unwrap_or(sum.total);
    if given.is_none() {
        let note = Note::new(Finding::BadNumber, "total_score");
        reading.notes.push(note.became(total.to_string()));
    }
    let delta = total - sum.total;
    imported.agent.total_score = total;
    imported.rewards = sum.rewards + i64::from(delta > 0);
    imported.penalties = sum.penalties + i64::from(delta < 0);
    if delta == 0 {
        return;
    }
    reading.note(Finding::ScoreTotal, "total_score");
    imported.correction = Some(ScoreChange {
        id: correction_id(imported.agent.id),
        agent_id: imported.agent.id,
        sub_task_id: None,
        reason: format!("brought over: the total was {total}, the log said {}", sum.total),
        delta,
        created_at: sum.last.unwrap_or(imported.agent.created_at),
    });
}

/// Always the same for an agent, so that a second run makes no second row.
fn correction_id(agent: AgentId) -> ScoreLogId {
    let mut bytes = agent.as_uuid().into_bytes();
    for (byte, label) in bytes.iter_mut().zip(CORRECTION) {
        *byte ^= label;
    }
    ScoreLogId::from_uuid(Builder::from_custom_bytes(bytes).into_uuid())
}

fn agent_and_delta(reading: &mut Reading<'_>) -> Option<(AgentId, i64)> {
    let _: ScoreLogId = reading.id()?;
    let agent = reading.parent("agent_id", |_| true)?;
    let delta = reading.raw.get("score_delta").and_then(|text| text.trim().parse::<i64>().ok());
    let is_change =
        |delta: &i64| *delta != 0 && (-SCORE_DELTA_MAX..=SCORE_DELTA_MAX).contains(delta);
    let delta = delta.filter(is_change);
    if delta.is_none() {
        reading.note(Finding::NoChange, "score_delta");
    }
    Some((agent, delta?))
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

/// Leaves one rule for everything, with the texts of all, oldest first.
fn merge_global(rules: &mut [Converted<Rule>]) {
    let is_global = |rule: &Converted<Rule>| {
        rule.value.as_ref().is_some_and(|rule| rule.scope == rule::RuleScope::Global)
    };
    let mut global: Vec<Rule> =
        rules.iter().filter(|rule| is_global(rule)).filter_map(|rule| rule.value.clone()).collect();
    if global.len() < 2 {
        return;
    }
    global.sort_by_key(|rule| rule.created_at);
    let texts: Vec<_> = global.iter().map(|rule| rule.content.as_str()).collect();
    let content = limited(texts.join(rule::SEPARATOR));
    let Some(first) = global.first() else { return };
    for converted in rules.iter_mut().filter(|rule| is_global(rule)) {
        let note = Note::new(Finding::GlobalRule, "scope");
        converted.notes.push(note.became(format!("a part of rule {}", first.id)));
        converted.value = converted.value.take().filter(|rule| rule.id == first.id);
        if let Some(rule) = &mut converted.value {
            rule.content.clone_from(&content);
        }
    }
}

/// As after the steps that lead there.
const fn keeps_session(status: Status) -> bool {
    match status {
        Status::Assigned | Status::InProgress | Status::Review | Status::Rework | Status::Done => {
            true
        }
        Status::Pending | Status::Blocked | Status::Cancelled => false,
    }
}

/// As after the steps that lead there.
const fn has_lease(status: Status) -> bool {
    match status {
        Status::Assigned | Status::InProgress => true,
        Status::Pending
        | Status::Review
        | Status::Rework
        | Status::Blocked
        | Status::Done
        | Status::Cancelled => false,
    }
}

fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(0)
}
