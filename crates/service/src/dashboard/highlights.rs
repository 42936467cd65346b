//! What needs somebody's attention.

use std::cmp::Reverse;
use std::time::Duration;

use openmoss_domain::sub_task::Status;
use openmoss_domain::{AgentStatus, SortOrder, SubTaskSort, Timestamp};
use openmoss_storage::dashboard::{AgentAtWork, agents_at_work};
use openmoss_storage::sub_task::{Filter, Search};
use openmoss_storage::{Reader, Window, review, sub_task};

use crate::Service;
use crate::error::ServiceError;
use crate::review::ListedReview;
use crate::review::listed::named as named_reviews;
use crate::sub_task::ListedSubTask;
use crate::sub_task::listed::named as named_sub_tasks;

/// Short lists of what needs attention (the contract, section 11).
#[derive(Debug, Clone)]
pub struct Highlights {
    /// When it was made.
    pub generated_at: Timestamp,
    /// Blocked work, changed last first.
    pub blocked: Vec<ListedSubTask>,
    /// Work that waits for a reviewer, changed last first.
    pub in_review: Vec<ListedSubTask>,
    /// Agents with the most work in hand.
    pub busy: Vec<AgentAtWork>,
    /// Agents that were not heard of for long, never before longest ago.
    pub silent: Vec<AgentAtWork>,
    /// The newest reviews.
    pub reviews: Vec<ListedReview>,
}

impl Service {
    /// At most `limit` of each that needs attention; an agent does when it was not heard of for
    /// `silence`.
    pub fn highlights(&self, limit: u32, silence: Duration) -> Result<Highlights, ServiceError> {
        let now = self.now();
        let window = Window { offset: 0, limit: limit.into() };
        self.read(|reader| {
            let agents = agents_at_work(reader)?;
            let newest = review::list(reader, None, window)?.items;
            Ok(Highlights {
                generated_at: now,
                blocked: latest(reader, Status::Blocked, window)?,
                in_review: latest(reader, Status::Review, window)?,
                busy: first(limit, busy(&agents)),
                silent: first(limit, silent(&agents, now.minus(silence))),
                reviews: named_reviews(reader, newest)?,
            })
        })
    }
}

fn latest(
    reader: &mut Reader,
    status: Status,
    window: Window,
) -> Result<Vec<ListedSubTask>, ServiceError> {
    let search = Search {
        filter: Filter { status: Some(status), ..Filter::default() },
        priority: None,
        kind: None,
        keyword: None,
        sort: SubTaskSort::UpdatedAt,
        order: SortOrder::Desc,
    };
    let found = sub_task::search(reader, &search, window)?;
    named_sub_tasks(reader, found.items)
}

fn first(limit: u32, agents: Vec<&AgentAtWork>) -> Vec<AgentAtWork> {
    agents.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect()
}

/// Those with work in hand: most first, disabled last, then whoever was heard of last. They come
/// oldest first, and the sort keeps that among equals.
fn busy(agents: &[AgentAtWork]) -> Vec<&AgentAtWork> {
    let mut busy: Vec<_> = agents.iter().filter(|agent| agent.in_hand > 0).collect();
    busy.sort_by_key(|agent| {
        let is_disabled = agent.status == AgentStatus::Disabled;
        let heard = (Reverse(agent.last_request_at), Reverse(agent.last_activity_at));
        (Reverse(agent.in_hand), is_disabled, heard)
    });
    busy
}

/// Those not heard of since `cutoff`: never first, then longest ago.
fn silent(agents: &[AgentAtWork], cutoff: Timestamp) -> Vec<&AgentAtWork> {
    let is_silent = |agent: &&AgentAtWork| agent.last_seen().is_none_or(|seen| seen < cutoff);
    let mut silent: Vec<_> = agents.iter().filter(is_silent).collect();
    silent.sort_by_key(|agent| agent.last_seen());
    silent
}
