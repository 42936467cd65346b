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
  deliveryStatus: {
    pending: '发送中',
    delivered: '已送达',
    dead: '已放弃',
  },
  severity: {
    critical: '严重',
    warning: '警告',
    info: '提示',
  },
  patrolStatus: {
    open: '未处理',
    ignored: '已忽略',
    resolved: '已解决',
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
  waitingKind: {
    prerequisites: '等待其他 {count} 个子任务',
    task_status: '所属任务暂不放行',
    budget: '预算已用尽',
    no_executor: '没有能做它的活跃执行者',
    claim: '等待执行者领取',
    owner_start: '等待执行者开始',
    owner: '执行者正在处理',
    owner_silent: '执行者长时间无响应',
    review: '等待审查',
    no_reviewer: '没有活跃的审查者',
    owner_rework: '等待执行者修改',
    unblock: '等待解除阻塞',
  },
}
