//! The patrol agent: looks on, and says at the end what it saw.

use std::time::Duration;

use super::client::{Client, SubTask};
use super::team::{Team, Trouble};

/// How often it looks.
const ROUND: Duration = Duration::from_secs(1);

/// The patrol agent.
pub(super) struct Patrol<'a> {
    pub(super) client: &'a Client,
    pub(super) team: &'a Team<'a>,
}

impl Patrol<'_> {
    /// Looks on until the end.
    pub(super) fn work(&self) -> Result<(), Trouble> {
        let mut rounds = 0;
        let mut blocked_at_most = 0;
        loop {
            let blocked: Vec<SubTask> = self.client.get_all("/api/sub-tasks?status=blocked")?;
            rounds += 1;
            blocked_at_most = blocked_at_most.max(blocked.len());
            if self.team.is_over() {
                break;
            }
            self.team.pause(ROUND);
        }
        let summary = format!("Looked {rounds} times; blocked at most: {blocked_at_most}.");
        Ok(self.client.log("patrol", None, &summary)?)
    }
}
