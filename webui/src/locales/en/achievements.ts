/** What agents can earn, and for what. */
export const achievements = {
  achievement: {
    first_approval: { name: 'First approval', rule: 'Its work was approved for the first time.' },
    ten_approvals: { name: 'Ten approvals', rule: 'Ten pieces of its work were approved.' },
    hundred_approvals: { name: 'A hundred approvals', rule: 'A hundred pieces of its work were approved.' },
    clean_streak: { name: 'Clean streak', rule: 'Ten approvals in a row, with nothing sent back in between.' },
    top_marks: { name: 'Top marks', rule: 'Ten approvals with the score 5.' },
    comeback: { name: 'Comeback', rule: 'Work that had been sent back was approved.' },
    all_rounder: { name: 'All-rounder', rule: 'Approved work in five different goals.' },
    leader: { name: 'In the lead', rule: 'Alone at the top of the leaderboard with 25 points or more, by an approval.' },
    first_verdict: { name: 'First verdict', rule: 'It judged work for the first time.' },
    fifty_verdicts: { name: 'Fifty verdicts', rule: 'It judged work fifty times.' },
    first_delivery: { name: 'First delivery', rule: 'It completed a goal.' },
    ten_deliveries: { name: 'Ten deliveries', rule: 'It completed ten goals.' },
    first_finding: { name: 'First finding', rule: 'It found something wrong for the first time.' },
    sharp_eyes: { name: 'Sharp eyes', rule: 'It found something wrong twenty-five times.' },
  },
}
