import type { Translation } from '../../i18n'
import type { dashboard as original } from '../en/dashboard'

export const dashboard: Translation<typeof original> = {
  title: '仪表盘',
  updated: '更新于',
  total: '共 {count} 个',
  tasks: '任务状态',
  subTasks: '子任务状态',
  agentStatus: '智能体状态',
  agentRole: '智能体角色',
  card: {
    open_task_count: '未完成任务',
    active_sub_task_count: '进行中的子任务',
    review_queue_count: '待审查',
    blocked_sub_task_count: '已阻塞',
    active_agent_count: '活跃智能体',
    today_completed_sub_task_count: '今日完成',
    reviewedToday: '今日 {count} 次，退回 {rejected} 次',
    disabledAgents: '停用 {count} 个',
    scoreToday: '积分 {delta}',
  },
}
