//! Agents and their scores.

use std::collections::HashMap;

use uuid::Builder;

use super::{Converted, Converter};
use crate::agent::AGENT_NAME_CHARS_MAX;
use crate::capability::Capabilities;
use crate::id::{AgentId, ScoreLogId};
use crate::import::finding::{Finding, Note};
use crate::import::raw::Raw;
use crate::import::reading::Reading;
use crate::score::ScoreChange;
use crate::text::LINE_CHARS_MAX;
use crate::time::Timestamp;
use crate::{Agent, AgentStatus, Persona, Role};

/// A bigger change of a score is a mistake in the file.
const SCORE_DELTA_MAX: i64 = 1_000_000_000;
/// Changes an agent's id into that of the row which makes up for its log.
const CORRECTION: [u8; 16] = *b"openmoss-import!";

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

impl Converter {
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
                capabilities: Capabilities::default(),
                persona: Persona::default(),
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
