import type { Translation } from '../../i18n'
import type { vocabulary as original } from '../en/vocabulary'

export const vocabulary: Translation<typeof original> = {
  taskStatus: {
    planning: '规划中',
    active: '已激活',
    in_progress: '进行中',
    completed: '已完成',
    archived: '已归档',
    cancelled: '已取消',
  },
  subTaskStatus: {
    pending: '待领取',
    assigned: '已分配',
    in_progress: '执行中',
    review: '审查中',
    rework: '返工',
    blocked: '已阻塞',
    done: '已完成',
    cancelled: '已取消',
  },
  agentStatus: {
    active: '活跃',
    disabled: '停用',
  },
  role: {
    planner: '规划者',
    executor: '执行者',
    reviewer: '审查者',
    patrol: '巡查者',
  },
  priority: {
    high: '高',
    medium: '中',
    low: '低',
  },
  reviewResult: {
    approved: '通过',
    rejected: '驳回',
  },
  logAction: {
    plan: '计划',
    coding: '工作',
    delivery: '交付',
    review: '审查',
    reflection: '反思',
    blocked: '阻塞',
    patrol: '巡查',
  },
}
