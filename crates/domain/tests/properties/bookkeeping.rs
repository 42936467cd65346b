//! What surrounds a sub-task, as a small model of the service: what was handed in, and who
//! earned what. The domain decides; the model only writes down.

use std::collections::BTreeMap;

use openmoss_domain::review::Verdict as ReviewVerdict;
use openmoss_domain::score::{ADJUSTMENT_MAX, ScoreChange, review_delta};
use openmoss_domain::{
    Action, Actor, AgentId, Command, Deliverable, ReviewResult, ScoreLogId, Submission,
    SubmissionId, Transition,
};
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use crate::history::{Asked, Step, World, step, team};
use crate::{Verdict, always};

/// Most entries of one history.
const ENTRIES_MAX: usize = 60;

#[derive(Debug, Clone)]
enum Entry {
    /// Something happens to the sub-task. A submit hands in the text, a review gives the score.
    Asked { step: Step, text: u8, score: i64 },
    /// Somebody changes a score by hand.
    Adjusted { agent: AgentId, delta: i64 },
}

#[derive(Debug, Clone, Copy)]
struct Reviewed {
    agent: AgentId,
    attempt: u32,
    result: ReviewResult,
    score: u8,
}

/// The tables beside the sub-task's.
#[derive(Debug, Default)]
struct Books {
    submissions: Vec<Submission>,
    changes: Vec<ScoreChange>,
    totals: BTreeMap<AgentId, i64>,
    reviews: Vec<Reviewed>,
    /// The last attempt of everybody who ever owned the sub-task.
    attempts: BTreeMap<AgentId, u32>,
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let agents: Vec<_> = team().into_iter().filter_map(Actor::agent_id).collect();
    let entry = prop_oneof![
        9 => (step(), 0_u8..4, 1_i64..=5)
            .prop_map(|(step, text, score)| Entry::Asked { step, text, score }),
        1 => (select(agents), -ADJUSTMENT_MAX..=ADJUSTMENT_MAX)
            .prop_map(|(agent, delta)| Entry::Adjusted { agent, delta }),
    ];
    prop::collection::vec(entry, 1..ENTRIES_MAX)
}

#[test]
fn no_submission_is_lost_and_totals_equal_their_log() {
    always(&entries(), |entries| {
        let mut world = World::new();
        let mut books = Books::default();
        let mut handed_in = Vec::new();
        let mut adjusted: BTreeMap<AgentId, i64> = BTreeMap::new();
        for entry in &entries {
            match entry {
                Entry::Adjusted { agent, delta } => {
                    books.score(*agent, *delta, "by hand", &world);
                    *adjusted.entry(*agent).or_default() += delta;
                }
                Entry::Asked { step, text, score } => {
                    let Some(asked) = world.step(step, 1) else { continue };
                    let deliverable = Deliverable {
                        summary: format!("Result {text}."),
                        ..Deliverable::default()
                    };
                    let is_submit = matches!(asked.command, Command::Submit { .. });
                    if let (true, Some(agent)) = (is_submit, asked.actor.agent_id())
                        && books.attempts.contains_key(&agent)
                    {
                        handed_in.push((agent, deliverable.clone()));
                    }
                    books.keep(&asked, deliverable);
                    books.review(&asked, *score, &world)?;
                }
            }
            if let Some(owner) = world.sub_task.owner {
                books.attempts.insert(owner, world.sub_task.attempt);
            }
        }
        books.every_submission_is_there(&handed_in)?;
        books.reviews_are_of_submissions(world.sub_task.rework_count)?;
        books.totals_equal_their_log(&adjusted)
    });
}

impl Books {
    /// Keeps what was handed in, whatever the answer to the submit is, as long as it comes from
    /// somebody who worked on it at some time.
    fn keep(&mut self, asked: &Asked, deliverable: Deliverable) {
        if let (Command::Adopt { from }, Ok(Transition::Changed { next, .. })) =
            (&asked.command, &asked.outcome)
        {
            self.add(*from, next.attempt, false, deliverable, asked);
            return;
        }
        let (Command::Submit { .. }, Some(agent)) = (&asked.command, asked.actor.agent_id()) else {
            return;
        };
        let is_late = match &asked.outcome {
            Ok(Transition::Changed { .. }) => false,
            Ok(Transition::Unchanged) => {
                if self.has(agent, &deliverable) {
                    return;
                }
                false
            }
            Err(_) => true,
        };
        let Some(attempt) = self.attempts.get(&agent) else { return };
        self.add(agent, *attempt, is_late, deliverable, asked);
    }

    fn add(
        &mut self,
        agent_id: AgentId,
        attempt: u32,
        is_late: bool,
        deliverable: Deliverable,
        asked: &Asked,
    ) {
        self.submissions.push(Submission {
            id: SubmissionId::from_uuid(Uuid::from_u128(self.submissions.len() as u128)),
            sub_task_id: asked.before.id,
            agent_id,
            attempt,
            is_late,
            deliverable,
            created_at: asked.now,
        });
    }

    fn review(&mut self, asked: &Asked, score: i64, world: &World) -> Verdict {
        let results =
            [(Action::Approve, ReviewResult::Approved), (Action::Reject, ReviewResult::Rejected)];
        let action = asked.command.action();
        let result = results.iter().find(|(of, _)| *of == action).map(|(_, result)| *result);
        let (Some(result), Ok(Transition::Changed { .. })) = (result, &asked.outcome) else {
            return Ok(());
        };
        let verdict = ReviewVerdict::checked(result, score, "Page 2 is missing.", "", None);
        prop_assert!(verdict.is_ok(), "{:?}", verdict);
        let Some(agent) = asked.before.owner else { return Ok(()) };
        prop_assert_ne!(asked.actor.agent_id(), Some(agent), "judged its own work");
        if let Ok(verdict) = verdict {
            let attempt = asked.before.attempt;
            self.reviews.push(Reviewed { agent, attempt, result, score: verdict.score });
            self.score(agent, review_delta(result, verdict.score), "review", world);
        }
        Ok(())
    }

    fn score(&mut self, agent_id: AgentId, delta: i64, reason: &str, world: &World) {
        if delta == 0 {
            return;
        }
        self.changes.push(ScoreChange {
            id: ScoreLogId::from_uuid(Uuid::from_u128(self.changes.len() as u128)),
            agent_id,
            sub_task_id: Some(world.sub_task.id),
            reason: reason.to_owned(),
            delta,
            created_at: world.now,
        });
        *self.totals.entry(agent_id).or_default() += delta;
    }

    fn has(&self, agent: AgentId, deliverable: &Deliverable) -> bool {
        self.submissions
            .iter()
            .any(|stored| stored.agent_id == agent && stored.deliverable == *deliverable)
    }

    fn every_submission_is_there(&self, handed_in: &[(AgentId, Deliverable)]) -> Verdict {
        for (agent, deliverable) in handed_in {
            prop_assert!(self.has(*agent, deliverable), "lost {:?} of {}", deliverable, agent);
        }
        let in_time = self.submissions.iter().filter(|stored| !stored.is_late);
        let attempts: Vec<_> = in_time.map(|stored| stored.attempt).collect();
        prop_assert!(attempts.is_sorted(), "a former owner was in time: {:?}", attempts);
        Ok(())
    }

    /// Whoever is reviewed handed something in, in the same attempt and in time.
    fn reviews_are_of_submissions(&self, rework_count: u32) -> Verdict {
        for review in &self.reviews {
            let is_of = |stored: &&Submission| {
                !stored.is_late
                    && (stored.agent_id, stored.attempt) == (review.agent, review.attempt)
            };
            prop_assert!(self.submissions.iter().any(|stored| is_of(&stored)), "{:?}", review);
        }
        let is_rejection = |review: &&Reviewed| review.result == ReviewResult::Rejected;
        let rejections = self.reviews.iter().filter(is_rejection).count();
        prop_assert_eq!(u32::try_from(rejections), Ok(rework_count));
        Ok(())
    }

    fn totals_equal_their_log(&self, adjusted: &BTreeMap<AgentId, i64>) -> Verdict {
        prop_assert!(self.changes.iter().all(|change| change.delta != 0));
        for agent in team().into_iter().filter_map(Actor::agent_id) {
            let total = self.totals.get(&agent).copied().unwrap_or_default();
            let own = self.changes.iter().filter(|change| change.agent_id == agent);
            prop_assert_eq!(total, own.map(|change| change.delta).sum::<i64>());

            let count = |is_counted: fn(&Reviewed) -> bool| {
                let own = self.reviews.iter().filter(|review| review.agent == agent);
                own.filter(|review| is_counted(review)).fold(0_i64, |count, _| count + 1)
            };
            let good = count(|review| review.result == ReviewResult::Approved && review.score >= 4);
            let bad = count(|review| review.result == ReviewResult::Rejected && review.score <= 2);
            let by_hand = adjusted.get(&agent).copied().unwrap_or_default();
            prop_assert_eq!(total, 5 * good - 5 * bad + by_hand);
        }
        Ok(())
    }
}
