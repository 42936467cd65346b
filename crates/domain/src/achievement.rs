//! Achievements: what an agent earned once and keeps, by what its record says.

use serde::{Deserialize, Serialize};

use crate::actor::Role;
use crate::token::token_enum;

/// Who stands alone at the top needs so many points for it: the first reward of a new team is no feat.
pub const LEAD_POINTS_MIN: i64 = 25;
/// The score of a review that counts as a top mark.
const TOP_MARK: u8 = 5;

token_enum! {
    /// What an agent can earn. The order is the one in which they are shown.
    Achievement {
        /// The first approval.
        FirstApproval = "first_approval",
        /// Ten approvals.
        TenApprovals = "ten_approvals",
        /// A hundred approvals.
        HundredApprovals = "hundred_approvals",
        /// Ten approvals in a row, with nothing sent back in between.
        CleanStreak = "clean_streak",
        /// Ten approvals with the best score.
        TopMarks = "top_marks",
        /// An approval of work that had been sent back.
        Comeback = "comeback",
        /// Approved work in five different goals.
        AllRounder = "all_rounder",
        /// Alone at the top of the leaderboard, by an approval.
        Leader = "leader",
        /// The first verdict.
        FirstVerdict = "first_verdict",
        /// Fifty verdicts.
        FiftyVerdicts = "fifty_verdicts",
        /// The first goal that it completed.
        FirstDelivery = "first_delivery",
        /// Ten goals that it completed.
        TenDeliveries = "ten_deliveries",
        /// The first finding.
        FirstFinding = "first_finding",
        /// Twenty-five findings.
        SharpEyes = "sharp_eyes",
    }
}

/// What an agent did, in numbers that only grow, but for the streak.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackRecord {
    /// Approvals of its work.
    pub approvals: i64,
    /// Approvals since something was last sent back.
    pub streak: i64,
    /// Approvals with the best score.
    pub top_marks: i64,
    /// Approvals of what had been sent back.
    pub comebacks: i64,
    /// Different goals in which work of its was approved.
    pub goals: i64,
    /// How often an approval put it alone at the top.
    pub leads: i64,
    /// Verdicts that it gave.
    pub verdicts: i64,
    /// Goals that it completed.
    pub deliveries: i64,
    /// What it found as a patrol.
    pub findings: i64,
}

/// What goes into a track record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Its work was approved.
    Approved {
        /// With this score, 1 to 5.
        score: u8,
        /// Whether it had been sent back before.
        was_sent_back: bool,
        /// Whether nothing of its in this goal was approved before.
        is_new_goal: bool,
    },
    /// Its work was sent back.
    SentBack,
    /// An approval put it alone at the top of the leaderboard.
    TookTheLead,
    /// It judged work.
    Judged,
    /// It completed a goal.
    Delivered,
    /// It found something wrong.
    Found,
}

impl Deed {
    /// What it adds to each number.
    #[must_use]
    pub fn adds(self) -> TrackRecord {
        let none = TrackRecord::default();
        match self {
            Self::Approved { score, was_sent_back, is_new_goal } => TrackRecord {
                approvals: 1,
                streak: 1,
                top_marks: i64::from(score == TOP_MARK),
                comebacks: i64::from(was_sent_back),
                goals: i64::from(is_new_goal),
                ..none
            },
            Self::SentBack => none,
            Self::TookTheLead => TrackRecord { leads: 1, ..none },
            Self::Judged => TrackRecord { verdicts: 1, ..none },
            Self::Delivered => TrackRecord { deliveries: 1, ..none },
            Self::Found => TrackRecord { findings: 1, ..none },
        }
    }

    /// Whether a streak ends with it.
    #[must_use]
    pub const fn ends_streak(self) -> bool {
        matches!(self, Self::SentBack)
    }
}

impl TrackRecord {
    /// The record after a deed.
    #[must_use]
    pub fn with(self, deed: Deed) -> Self {
        let adds = deed.adds();
        let streak = if deed.ends_streak() { 0 } else { self.streak };
        Self {
            approvals: self.approvals + adds.approvals,
            streak: streak + adds.streak,
            top_marks: self.top_marks + adds.top_marks,
            comebacks: self.comebacks + adds.comebacks,
            goals: self.goals + adds.goals,
            leads: self.leads + adds.leads,
            verdicts: self.verdicts + adds.verdicts,
            deliveries: self.deliveries + adds.deliveries,
            findings: self.findings + adds.findings,
        }
    }
}

impl Achievement {
    /// Agents of which role earn it.
    #[must_use]
    pub const fn role(self) -> Role {
        match self {
            Self::FirstApproval
            | Self::TenApprovals
            | Self::HundredApprovals
            | Self::CleanStreak
            | Self::TopMarks
            | Self::Comeback
            | Self::AllRounder
            | Self::Leader => Role::Executor,
            Self::FirstVerdict | Self::FiftyVerdicts => Role::Reviewer,
            Self::FirstDelivery | Self::TenDeliveries => Role::Planner,
            Self::FirstFinding | Self::SharpEyes => Role::Patrol,
        }
    }

    /// How much of [`Achievement::measure`] it takes.
    #[must_use]
    pub const fn goal(self) -> i64 {
        match self {
            Self::FirstApproval
            | Self::Comeback
            | Self::Leader
            | Self::FirstVerdict
            | Self::FirstDelivery
            | Self::FirstFinding => 1,
            Self::AllRounder => 5,
            Self::TenApprovals | Self::CleanStreak | Self::TopMarks | Self::TenDeliveries => 10,
            Self::SharpEyes => 25,
            Self::FiftyVerdicts => 50,
            Self::HundredApprovals => 100,
        }
    }

    /// The number of a record that counts for it.
    #[must_use]
    pub const fn measure(self, record: &TrackRecord) -> i64 {
        match self {
            Self::FirstApproval | Self::TenApprovals | Self::HundredApprovals => record.approvals,
            Self::CleanStreak => record.streak,
            Self::TopMarks => record.top_marks,
            Self::Comeback => record.comebacks,
            Self::AllRounder => record.goals,
            Self::Leader => record.leads,
            Self::FirstVerdict | Self::FiftyVerdicts => record.verdicts,
            Self::FirstDelivery | Self::TenDeliveries => record.deliveries,
            Self::FirstFinding | Self::SharpEyes => record.findings,
        }
    }

    /// Whether a record is enough for it.
    #[must_use]
    pub const fn is_reached(self, record: &TrackRecord) -> bool {
        self.measure(record) >= self.goal()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(deeds: &[Deed]) -> Vec<Achievement> {
        let record = deeds.iter().fold(TrackRecord::default(), |record, deed| record.with(*deed));
        Achievement::ALL.iter().copied().filter(|one| one.is_reached(&record)).collect()
    }

    fn approved(score: u8) -> Deed {
        Deed::Approved { score, was_sent_back: false, is_new_goal: false }
    }

    #[test]
    fn nothing_is_earned_by_doing_nothing() {
        assert_eq!(reached(&[]), []);
        assert_eq!(reached(&[Deed::SentBack; 200]), []);
    }

    #[test]
    fn each_is_earned_by_the_deed_that_completes_it_and_not_before() {
        use Achievement as A;
        let back = Deed::Approved { score: 3, was_sent_back: true, is_new_goal: false };
        let new = Deed::Approved { score: 3, was_sent_back: false, is_new_goal: true };
        for (achievement, deed, times) in [
            (A::FirstApproval, approved(3), 1),
            (A::TenApprovals, approved(3), 10),
            (A::HundredApprovals, approved(3), 100),
            (A::CleanStreak, approved(3), 10),
            (A::TopMarks, approved(5), 10),
            (A::Comeback, back, 1),
            (A::AllRounder, new, 5),
            (A::Leader, Deed::TookTheLead, 1),
            (A::FirstVerdict, Deed::Judged, 1),
            (A::FiftyVerdicts, Deed::Judged, 50),
            (A::FirstDelivery, Deed::Delivered, 1),
            (A::TenDeliveries, Deed::Delivered, 10),
            (A::FirstFinding, Deed::Found, 1),
            (A::SharpEyes, Deed::Found, 25),
        ] {
            assert!(reached(&vec![deed; times]).contains(&achievement), "{achievement}");
            assert!(!reached(&vec![deed; times - 1]).contains(&achievement), "{achievement}");
        }
    }

    #[test]
    fn a_streak_ends_with_what_is_sent_back_and_good_marks_are_no_top_marks() {
        let mut deeds = vec![approved(4); 9];
        deeds.push(Deed::SentBack);
        deeds.extend([approved(4); 9]);
        assert!(!reached(&deeds).contains(&Achievement::CleanStreak));
        assert!(!reached(&deeds).contains(&Achievement::TopMarks));
        // A reviewer's verdicts do not touch the streak of its own work of before.
        deeds.extend([Deed::Judged, approved(4)]);
        assert!(reached(&deeds).contains(&Achievement::CleanStreak));
    }

    #[test]
    fn every_role_has_something_to_earn() {
        for role in Role::ALL {
            assert!(Achievement::ALL.iter().any(|one| one.role() == *role), "{role}");
        }
    }
}
