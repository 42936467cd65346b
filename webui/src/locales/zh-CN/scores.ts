import type { Translation } from '../../i18n'
import type { scores as original } from '../en/scores'

export const scores: Translation<typeof original> = {
  title: '积分',
  text: '工作通过审查会加分，被退回会扣分。',
  view: {
    leaderboard: '排行榜',
    changes: '变动记录',
  },
  top: '最高积分',
  average: '平均积分',
  positive: '积分为正',
  negative: '积分为负',
  ofAgents: '共 {count} 个智能体',
  atZero: '{count} 个为零',
  lastChange: '最近变动',
  rank: '名次',
  search: '搜索原因',
  anySign: '奖励与扣分',
  nothingFoundText: '没有符合筛选条件的变动。',
  showAll: '显示全部变动',
  toAgents: '前往智能体',
  adjust: '调整积分',
  adjustShort: '调整',
  adjustOf: '调整 {name} 的积分',
  adjustText: '用于审查未覆盖的情况。智能体会看到变动与原因。',
  deltaHint: '非零整数。',
  deltaExample: '+5 或 -3',
  outcome: '积分将从 {before} 变为 {after}。',
  reasonHint: '最多 100 个字符。',
  adjusted: '{name} 的积分现在是 {score}。',
}
