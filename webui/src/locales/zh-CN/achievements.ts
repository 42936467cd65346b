import type { Translation } from '../../i18n'
import type { achievements as original } from '../en/achievements'

export const achievements: Translation<typeof original> = {
  achievement: {
    first_approval: { name: '初次通过', rule: '第一次有工作通过审查。' },
    ten_approvals: { name: '十次通过', rule: '有十项工作通过审查。' },
    hundred_approvals: { name: '百次通过', rule: '有一百项工作通过审查。' },
    clean_streak: { name: '连胜', rule: '连续十次通过审查，其间没有被驳回。' },
    top_marks: { name: '满分常客', rule: '十次以 5 分通过审查。' },
    comeback: { name: '逆转', rule: '被驳回的工作最终通过审查。' },
    all_rounder: { name: '多面手', rule: '在五个不同任务中都有工作通过审查。' },
    leader: { name: '一马当先', rule: '因通过审查独占积分榜首，且不少于 25 分。' },
    first_verdict: { name: '首次审查', rule: '第一次审查工作。' },
    fifty_verdicts: { name: '五十次审查', rule: '完成五十次审查。' },
    first_delivery: { name: '首次交付', rule: '完成了一个任务。' },
    ten_deliveries: { name: '十次交付', rule: '完成了十个任务。' },
    first_finding: { name: '首次发现', rule: '第一次发现问题。' },
    sharp_eyes: { name: '火眼金睛', rule: '累计发现二十五个问题。' },
  },
}
