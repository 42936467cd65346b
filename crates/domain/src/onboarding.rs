//! Onboarding: what one command on an agent's machine needs to connect it, and how long it may.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::FieldError;
use crate::id::AgentId;
use crate::prompt::Language;
use crate::time::Timestamp;
use crate::token::token_enum;

/// How long a command may be run after it was made.
pub const VALID_FOR: Duration = Duration::from_hours(1);
/// How often a timer may ask, in minutes.
pub const EVERY_MINUTES: std::ops::RangeInclusive<u32> = 1..=1440;

token_enum! {
    /// What an agent lives in.
    Runtime {
        /// OpenClaw.
        OpenClaw = "openclaw",
        /// Claude Code.
        ClaudeCode = "claude_code",
        /// Codex.
        Codex = "codex",
        /// A program of the operator's own, started by a shell script.
        Shell = "shell",
    }
}

token_enum! {
    /// What wakes an agent.
    WakeBy {
        /// A timer on its machine, which asks the server first whether there is work.
        Timer = "timer",
        /// Whoever starts it by hand.
        Nobody = "nobody",
    }
}

token_enum! {
    /// What became of a command.
    OnboardingStatus {
        /// It can be run.
        Open = "open",
        /// It was run.
        Used = "used",
        /// Nobody ran it in time.
        Expired = "expired",
    }
}

/// How an agent shall be set up on its machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrangement {
    /// What it lives in.
    pub runtime: Runtime,
    /// What wakes it.
    pub wake_by: WakeBy,
    /// How often its timer asks; says nothing without one.
    pub every_minutes: u32,
    /// In which language its prompt is.
    pub language: Language,
}

impl Arrangement {
    /// Checks what types cannot say.
    ///
    /// # Errors
    /// Names the field and the rule it breaks.
    pub fn check(&self) -> Result<(), FieldError> {
        if !EVERY_MINUTES.contains(&self.every_minutes) {
            let (least, most) = (EVERY_MINUTES.start(), EVERY_MINUTES.end());
            return Err(FieldError::new("every_minutes", format!("must be {least} to {most}")));
        }
        Ok(())
    }
}

/// A command that was made for an agent; each has one at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Onboarding {
    /// Whom it connects.
    pub agent_id: AgentId,
    /// SHA-256 of its token.
    pub token_hash: String,
    /// How.
    pub arrangement: Arrangement,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was run.
    pub used_at: Option<Timestamp>,
}

impl Onboarding {
    /// Until when it may be run.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.created_at.plus(VALID_FOR)
    }

    /// What became of it by `now`.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> OnboardingStatus {
        match self.used_at {
            Some(_) => OnboardingStatus::Used,
            None if now < self.expires_at() => OnboardingStatus::Open,
            None => OnboardingStatus::Expired,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn arrangement(runtime: Runtime, wake_by: WakeBy, every_minutes: u32) -> Arrangement {
        Arrangement { runtime, wake_by, every_minutes, language: Language::English }
    }

    #[test]
    fn a_command_is_open_for_an_hour_and_until_it_is_run() {
        let made = Onboarding {
            agent_id: AgentId::from_uuid(Uuid::nil()),
            token_hash: String::new(),
            arrangement: arrangement(Runtime::Shell, WakeBy::Timer, 10),
            created_at: NOW,
            used_at: None,
        };
        assert_eq!(made.status(NOW), OnboardingStatus::Open);
        let last = NOW.plus(VALID_FOR).minus(Duration::from_micros(1));
        assert_eq!(made.status(last), OnboardingStatus::Open);
        assert_eq!(made.status(NOW.plus(VALID_FOR)), OnboardingStatus::Expired);
        let used = Onboarding { used_at: Some(NOW), ..made };
        assert_eq!(used.status(NOW), OnboardingStatus::Used);
        assert_eq!(used.status(NOW.plus(VALID_FOR)), OnboardingStatus::Used);
    }

    #[test]
    fn a_timer_has_bounds() {
        let field = |arrangement: Arrangement| arrangement.check().err().map(|error| error.field);
        for minutes in [1, 10, 1440] {
            assert_eq!(field(arrangement(Runtime::Codex, WakeBy::Timer, minutes)), None);
        }
        for minutes in [0, 1441] {
            let wrong = field(arrangement(Runtime::Codex, WakeBy::Timer, minutes));
            assert_eq!(wrong.as_deref(), Some("every_minutes"));
        }
    }
}
