//! Adding an agent: the admin makes a command, and whoever runs it on the agent's machine within
//! the hour gets the agent's key, once. The script that the command runs is the same for
//! everybody and holds no secret; what is particular comes with the token.

use std::net::IpAddr;

use openmoss_domain::onboarding::{Arrangement, Onboarding, OnboardingStatus};
use openmoss_domain::text::{self, LINE_CHARS_MAX};
use openmoss_domain::{Actor, Agent, AgentId, Event, EventKind, Fields, Timestamp};
use openmoss_storage::{Reader, Swap, agent, onboarding};

use crate::Service;
use crate::credential::{hash, new_api_key, new_onboarding_token};
use crate::error::ServiceError;
use crate::settings::Secret;
use crate::step::append;

const SCRIPT: &str = include_str!("onboarding/onboard.sh");
/// Where the script's own address belongs in it.
const BASE_URL: &str = "@BASE_URL@";

/// A command that was just made. It is shown this once.
#[derive(Debug)]
pub struct MadeCommand {
    /// What to run.
    pub command: Secret,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What a command will do, before it is run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Whom it connects.
    pub agent: Agent,
    /// How.
    pub arrangement: Arrangement,
    /// The skills that it gets beside the one of its role.
    pub more_skills: Vec<String>,
}

/// What a command gets.
#[derive(Debug)]
pub struct Connected {
    /// Whom it connected.
    pub agent: Agent,
    /// The agent's new key.
    pub key: Secret,
    /// What the agent is told.
    pub prompt: String,
}

impl Service {
    /// Makes the command that connects an agent; one that was made for it before is void, so a
    /// repeat whose first answer was lost does no harm. The agent's key stays as it is until the
    /// command is run.
    ///
    /// # Errors
    /// Names each wrong field; no such agent.
    pub fn make_onboarding(
        &self,
        id: AgentId,
        arrangement: Arrangement,
        directory: Option<&str>,
        base_url: &str,
    ) -> Result<MadeCommand, ServiceError> {
        let mut fields = Fields::default();
        if let Err(wrong) = arrangement.check() {
            fields.push(wrong.field, wrong.message);
        }
        let directory = directory.map(str::trim).filter(|directory| !directory.is_empty());
        let directory = directory
            .map(|directory| fields.keep(text::line("directory", directory, LINE_CHARS_MAX)));
        fields.finish()?;
        let token = new_onboarding_token();
        let made = Onboarding {
            agent_id: id,
            token_hash: hash(token.expose().as_bytes()),
            arrangement,
            created_at: self.now(),
            used_at: None,
        };
        let expires_at = made.expires_at();
        self.store.write(move |writer| -> Result<(), ServiceError> {
            agent::lock(writer, id)?;
            agent::find(writer, id)?.ok_or(ServiceError::not_found("agent"))?;
            Ok(onboarding::replace(writer, &made)?)
        })?;
        let command = command(base_url, &token, directory.as_deref());
        Ok(MadeCommand { command, expires_at })
    }

    /// The command that was made for an agent.
    ///
    /// # Errors
    /// When none was made.
    pub fn find_onboarding(&self, id: AgentId) -> Result<Onboarding, ServiceError> {
        let found = self.read(|reader| Ok(onboarding::find(reader, id)?))?;
        found.ok_or(ServiceError::not_found("onboarding"))
    }

    /// What the command with this token will do. Changes nothing.
    ///
    /// # Errors
    /// When the token is unknown, used or too old.
    pub fn plan_onboarding(
        &self,
        token: &str,
        address: Option<IpAddr>,
    ) -> Result<Plan, ServiceError> {
        let (hash, now) = (hash(token.as_bytes()), self.now());
        let found = self.throttled(address, self.read(|reader| planned(reader, &hash, now)))?;
        let (agent, arrangement) = found;
        let more_skills = self.more_skills(agent.role);
        Ok(Plan { agent, arrangement, more_skills })
    }

    /// Runs the command with this token: the agent gets a new key, its old one is refused from now
    /// on, and the token is void.
    ///
    /// # Errors
    /// When the token is unknown, used or too old.
    pub fn run_onboarding(
        &self,
        token: &str,
        address: Option<IpAddr>,
        base_url: &str,
    ) -> Result<Connected, ServiceError> {
        let (token_hash, now) = (hash(token.as_bytes()), self.now());
        let key = new_api_key();
        let key_hash = hash(key.expose().as_bytes());
        let written =
            self.store.write(move |writer| -> Result<(Agent, Arrangement), ServiceError> {
                let (agent, arrangement) = planned(writer, &token_hash, now)?;
                if onboarding::use_up(writer, &token_hash, now)? == Swap::Lost {
                    return Err(USED);
                }
                agent::set_key(writer, agent.id, &key_hash)?;
                let event = Event::new(EventKind::AgentKeyReset, Actor::System, now)
                    .agent(agent.id)
                    .with("by", "onboarding");
                append(writer, &event)?;
                Ok((agent, arrangement))
            });
        let (agent, arrangement) = self.throttled(address, written)?;
        self.directory.forget();
        self.live.ring();
        let prompt = self.prompt_of_agent(&agent, arrangement.language, base_url)?;
        Ok(Connected { agent, key, prompt })
    }

    /// Lets a stranger try only so many tokens.
    fn throttled<T>(
        &self,
        address: Option<IpAddr>,
        result: Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        if matches!(result, Err(ServiceError::Forbidden(_))) {
            drop(self.throttle.attempt(address)?);
        }
        result
    }
}

/// The script that commands run, for a server at this address.
#[must_use]
pub fn script(base_url: &str) -> String {
    SCRIPT.replace(BASE_URL, &shell_word(base_url))
}

const UNKNOWN: ServiceError = ServiceError::Forbidden(
    "this onboarding token is not known; copy the whole command, or make a new one in the dashboard",
);
const USED: ServiceError =
    ServiceError::Forbidden("this command was run already; make a new one in the dashboard");
const EXPIRED: ServiceError =
    ServiceError::Forbidden("this command is older than an hour; make a new one in the dashboard");

/// Whom the command with this token connects, and how.
fn planned(
    reader: &mut Reader,
    token_hash: &str,
    now: Timestamp,
) -> Result<(Agent, Arrangement), ServiceError> {
    let found = onboarding::find_by_token(reader, token_hash)?.ok_or(UNKNOWN)?;
    match found.status(now) {
        OnboardingStatus::Open => {}
        OnboardingStatus::Used => return Err(USED),
        OnboardingStatus::Expired => return Err(EXPIRED),
    }
    let agent = agent::find(reader, found.agent_id)?.ok_or(UNKNOWN)?;
    Ok((agent, found.arrangement))
}

/// The token goes through the environment: an argument could be seen by other users of the machine.
fn command(base_url: &str, token: &Secret, directory: Option<&str>) -> Secret {
    let script = shell_word(&format!("{base_url}/onboard.sh"));
    let directory = directory.map(shell_word).map(|word| format!(" OPENMOSS_DIR={word}"));
    let token = token.expose();
    let directory = directory.unwrap_or_default();
    Secret::new(format!("curl -fsS {script} | OPENMOSS_ONBOARDING_TOKEN={token}{directory} sh"))
}

/// The text as one word of a shell, whatever is in it.
fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_a_shell_stays_one_word() {
        for (text, word) in [
            ("http://127.0.0.1:6565/onboard.sh", "http://127.0.0.1:6565/onboard.sh"),
            ("~/ada", "'~/ada'"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's; rm -rf $HOME", r"'it'\''s; rm -rf $HOME'"),
        ] {
            assert_eq!(shell_word(text), word);
            let echoed = std::process::Command::new("sh")
                .args(["-c", &format!("printf %s {word}")])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(echoed.stdout).unwrap(), text);
        }
    }

    #[test]
    fn the_script_knows_its_server_and_is_what_sh_reads() {
        let script = script("http://moss.example:6565");
        assert!(script.contains("http://moss.example:6565") && !script.contains(BASE_URL));
        let file = std::env::temp_dir().join(format!("onboard-{}.sh", std::process::id()));
        std::fs::write(&file, &script).unwrap();
        let checked = std::process::Command::new("sh").arg("-n").arg(&file).output().unwrap();
        std::fs::remove_file(&file).unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    }
}
