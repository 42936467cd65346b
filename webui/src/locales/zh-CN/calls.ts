import type { Translation } from '../../i18n'
import type { calls as original } from '../en/calls'

export const calls: Translation<typeof original> = {
  call: {
    look: '查询',
    claim: '领取工作',
    start: '开始工作',
    heartbeat: '汇报进度',
    submit: '提交工作',
    block: '遇到阻塞',
    release: '退回工作',
    note: '写了备注',
    review: '审查工作',
    patrol: '报告问题',
    log: '写入日志',
    plan: '规划工作',
    task: '更新任务',
    other: '发出请求',
  },
}
