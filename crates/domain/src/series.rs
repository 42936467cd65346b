//! A series: work that comes round again, what its rounds are made of, and how far it is.

use serde::{Deserialize, Serialize};

use crate::error::{DomainError, FieldError, Fields};
use crate::id::{AgentId, ModuleId, SeriesId, TaskId};
use crate::recurrence::{Decision, Overlap, Pending, Recurrence};
use crate::sub_task::{Draft, Priority};
use crate::text;
use crate::time::Timestamp;
use crate::token::token_enum;
use crate::version::Version;

/// Times that an answer foretells.
pub const PREVIEW_TIMES: usize = 5;

token_enum! {
    /// Why a round that was due was not opened.
    SkipReason {
        /// The last round still runs.
        StillRunning = "still_running",
        /// It was due while the server was away.
        Missed = "missed",
        /// The goal that it would belong to is over.
        TaskOver = "task_over",
    }
}

/// What every round of a sub-task's series is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Its texts; without a recurrence of its own.
    pub draft: Draft,
    /// The part of the goal.
    pub module_id: Option<ModuleId>,
    /// The executor that each round is given to.
    pub assigned_agent: Option<AgentId>,
}

/// What the rounds of a series are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rounds {
    /// Sub-tasks of one task, all made of one template.
    SubTasks {
        /// The goal.
        task_id: TaskId,
        /// What each is made of.
        template: Box<Template>,
    },
    /// Whole tasks, each made like the one before.
    Tasks,
}

/// Work that comes round again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// Its id.
    pub id: SeriesId,
    /// What its rounds are.
    pub rounds: Rounds,
    /// When they are due.
    pub recurrence: Recurrence,
    /// What is still to come.
    pub pending: Pending,
    /// The number of the last round; the first has 1.
    pub round: u32,
    /// Whether somebody paused it: nothing is pending then.
    pub is_paused: bool,
    /// Grows by one with every write.
    pub version: Version,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What is known of the last round and of the goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Around {
    /// Whether the last round is not over.
    pub is_running: bool,
    /// Whether the goal that a round would belong to is over.
    pub is_task_over: bool,
}

/// What a look at a series leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The series after that.
    pub next: Series,
    /// Open the round with the new number, which was due then.
    pub opens: Option<Timestamp>,
    /// A round was due then and is left out, and why.
    pub skips: Option<(Timestamp, SkipReason)>,
}

/// A change of a series; `None` keeps what is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeriesEdit {
    /// The schedule as a whole.
    pub recurrence: Option<Recurrence>,
    /// One line, for the rounds to come.
    pub name: Option<String>,
    /// What to do.
    pub description: Option<String>,
    /// What to hand in.
    pub deliverable: Option<String>,
    /// How it will be judged.
    pub acceptance: Option<String>,
    /// How soon.
    pub priority: Option<Priority>,
}

impl SeriesEdit {
    /// The same with checked texts.
    ///
    /// # Errors
    /// [`DomainError::Invalid`] with every wrong field.
    pub fn checked(&self) -> Result<Self, DomainError> {
        let mut fields = Fields::default();
        let mut keep = |field: &str, raw: &Option<String>| {
            raw.as_deref().map(|raw| fields.keep(text::text(field, raw)))
        };
        let description = keep("description", &self.description);
        let deliverable = keep("deliverable", &self.deliverable);
        let acceptance = keep("acceptance", &self.acceptance);
        let name = self.name.as_deref().map(|raw| fields.keep(text::name("name", raw)));
        let recurrence = self.recurrence.as_ref();
        let recurrence = recurrence.map(|one| one.checked_at("recurrence.", &mut fields));
        fields.finish()?;
        let priority = self.priority;
        Ok(Self { recurrence, name, description, deliverable, acceptance, priority })
    }

    fn has_texts(&self) -> bool {
        let texts = [&self.name, &self.description, &self.deliverable, &self.acceptance];
        texts.iter().any(|text| text.is_some()) || self.priority.is_some()
    }
}

impl Series {
    /// A series whose first round has just been made. The recurrence must have been checked.
    #[must_use]
    pub fn begin(id: SeriesId, rounds: Rounds, recurrence: Recurrence, now: Timestamp) -> Self {
        Self {
            id,
            rounds,
            pending: recurrence.begin(now),
            recurrence,
            round: 1,
            is_paused: false,
            version: Version::FIRST,
            created_at: now,
            updated_at: now,
        }
    }

    /// The goal whose sub-tasks its rounds are.
    #[must_use]
    pub const fn task_id(&self) -> Option<TaskId> {
        match self.rounds {
            Rounds::SubTasks { task_id, .. } => Some(task_id),
            Rounds::Tasks => None,
        }
    }

    /// When rounds are due next, [`PREVIEW_TIMES`] at most; none while it is paused.
    #[must_use]
    pub fn next_times(&self) -> Vec<Timestamp> {
        let Some(first) = self.pending.next_due else {
            return Vec::new();
        };
        let mut times = vec![first];
        times.extend(self.recurrence.preview(first, PREVIEW_TIMES - 1));
        times
    }

    /// What is to be done now; `None` when nothing is.
    #[must_use]
    pub fn turn(&self, now: Timestamp, around: Around) -> Option<Turn> {
        let due = self.pending.next_due.filter(|due| *due <= now);
        let mut decision = self.recurrence.decide(self.pending, now, around.is_running);
        if around.is_task_over {
            // What is over gets no rounds, and does not catch up if it is taken up again.
            let pending = Pending { queued: None, ..decision.pending };
            decision = Decision { open: None, pending };
        }
        if decision.open.is_none() && decision.pending == self.pending {
            return None;
        }
        let is_left_out = decision.open.is_none() && decision.pending.queued.is_none();
        let skips = due.filter(|_| is_left_out).map(|due| (due, self.skip_reason(around)));
        let mut next = self.changed(now);
        next.pending = decision.pending;
        if decision.open.is_some() {
            next.round += 1;
        }
        Some(Turn { next, opens: decision.open, skips })
    }

    fn skip_reason(&self, around: Around) -> SkipReason {
        if around.is_task_over {
            SkipReason::TaskOver
        } else if around.is_running && self.recurrence.overlap == Overlap::Skip {
            SkipReason::StillRunning
        } else {
            SkipReason::Missed
        }
    }

    /// Opens no round until it is resumed; `None` when it is paused already.
    #[must_use]
    pub fn pause(&self, now: Timestamp) -> Option<Self> {
        let paused = || Self { is_paused: true, pending: Pending::default(), ..self.changed(now) };
        (!self.is_paused).then(paused)
    }

    /// Opens rounds again, from the next time on; `None` when it is not paused.
    #[must_use]
    pub fn resume(&self, now: Timestamp) -> Option<Self> {
        let resumed =
            || Self { is_paused: false, pending: self.recurrence.begin(now), ..self.changed(now) };
        self.is_paused.then(resumed)
    }

    /// Opens no round any more; `None` when none would come anyway. A new schedule takes it up.
    #[must_use]
    pub fn end(&self, now: Timestamp) -> Option<Self> {
        let is_over = !self.is_paused && !self.pending.is_any();
        let recurrence = Recurrence { until: Some(now), ..self.recurrence.clone() };
        let pending = Pending::default();
        let ended = || Self { is_paused: false, pending, recurrence, ..self.changed(now) };
        (!is_over).then(ended)
    }

    /// Another schedule, other texts for the rounds to come; `None` when nothing would change.
    ///
    /// # Errors
    /// [`DomainError::Invalid`] for texts of a series of tasks, which has none of its own, and for
    /// a schedule with no time left.
    pub fn edit(&self, edit: &SeriesEdit, now: Timestamp) -> Result<Option<Self>, DomainError> {
        let mut next = self.clone();
        if let Some(recurrence) = &edit.recurrence
            && *recurrence != self.recurrence
        {
            check_left(recurrence, "recurrence.", now).map_err(DomainError::from)?;
            next.recurrence = recurrence.clone();
            if !self.is_paused {
                next.pending = Pending { queued: self.pending.queued, ..recurrence.begin(now) };
            }
        }
        match &mut next.rounds {
            Rounds::SubTasks { template, .. } => rewrite(&mut template.draft, edit),
            Rounds::Tasks if edit.has_texts() => {
                let message = "belongs to the task: each round is made like the one before";
                return Err(DomainError::field("name", message));
            }
            Rounds::Tasks => {}
        }
        if next == *self {
            return Ok(None);
        }
        next.version = self.version.next();
        next.updated_at = now;
        Ok(Some(next))
    }

    fn changed(&self, now: Timestamp) -> Self {
        Self { version: self.version.next(), updated_at: now, ..self.clone() }
    }
}

fn rewrite(draft: &mut Draft, edit: &SeriesEdit) {
    let replace = |field: &mut String, value: &Option<String>| {
        if let Some(value) = value {
            field.clone_from(value);
        }
    };
    replace(&mut draft.name, &edit.name);
    replace(&mut draft.description, &edit.description);
    replace(&mut draft.deliverable, &edit.deliverable);
    replace(&mut draft.acceptance, &edit.acceptance);
    if let Some(priority) = edit.priority {
        draft.priority = priority;
    }
}

/// That a round is still to come of a schedule; the error names the field below `place`.
///
/// # Errors
/// When no round would ever be due.
pub fn check_left(recurrence: &Recurrence, place: &str, now: Timestamp) -> Result<(), FieldError> {
    if recurrence.next_after(now).is_some() {
        return Ok(());
    }
    let message = "names no time that is still to come before the end of the series";
    Err(FieldError::new(format!("{place}cron"), message))
}
