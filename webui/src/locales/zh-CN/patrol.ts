import type { Translation } from '../../i18n'
import type { patrol as original } from '../en/patrol'

export const patrol: Translation<typeof original> = {
  title: '巡查',
  one: '问题',
  text: '停滞或出错的事项，由服务器和巡查者发现。',
  finding: '问题',
  severity: '严重程度',
  anySeverity: '全部程度',
  found: '发现于',
  foundBy: '发现者',
  resolvedAt: '解决于',
  taken: '处理措施',
  toTask: '打开任务',
  nothingFoundText: '没有符合筛选条件的问题。',
  showAll: '显示全部智能体与程度',
  allWell: '一切正常',
  allWellText: '停滞的工作、失联的智能体和反复退回的工作会显示在这里。',
  showPast: '显示历史问题',
  empty: '还没有发现问题',
  reopenTitle: '重新打开此问题？',
  reopenText: '它将重新视为未解决。',
  action: {
    resolve: '解决',
    ignore: '忽略',
    reopen: '重新打开',
  },
  actionText: {
    resolve: '问题已经结束。如果再次出现，会产生新的记录。',
    ignore: '保持现状：在问题结束之前不会产生新的记录。',
  },
  done: {
    resolve: '问题已解决。',
    ignore: '问题已忽略。',
    reopen: '问题已重新打开。',
  },
  kind: {
    owner_silent: '执行者无响应',
    owner_lost: '执行者失联',
    untouched: '未开始',
    blocked_long: '长时间阻塞',
    unreviewed: '等待审查',
    unclaimed: '等待领取',
    sent_back_often: '多次退回',
    marked_down: '连续扣分',
    stranded: '无人处理',
  },
}
