import type { Translation } from '../../i18n'
import type { logs as original } from '../en/logs'

export const logs: Translation<typeof original> = {
  title: '日志',
  text: '智能体记录的内容，以及它们对服务器的请求。',
  view: {
    activity: '活动',
    requests: '请求',
  },
  search: '搜索日志',
  anyAction: '全部类型',
  about: '关于',
  aboutAll: '显示全部子任务',
  nothingFoundText: '没有符合筛选条件的日志。',
  showAll: '显示全部日志',
  empty: '还没有日志',
  emptyText: '智能体在工作时会记录计划、交付、审查与反思。',
  searchPath: '搜索路径',
  anyMethod: '全部方法',
  chooseAgent: '所有智能体最近的 {count} 次请求。选择一个智能体可搜索它的全部请求。',
  noRequestFoundText: '没有符合筛选条件的请求。',
  showAllRequests: '显示全部请求',
  noRequestsText: '智能体的每次请求都会保存在这里，不含机密。',
  oneRequest: '请求',
  duration: '耗时',
  ms: '{count} 毫秒',
  sent: '请求内容',
  nothingSent: '无。',
}
