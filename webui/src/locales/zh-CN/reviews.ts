import type { Translation } from '../../i18n'
import type { reviews as original } from '../en/reviews'

export const reviews: Translation<typeof original> = {
  title: '审查',
  one: '审查',
  text: '提交了什么，以及审查者的意见。',
  search: '搜索内容与名称',
  result: '结果',
  anyResult: '全部结果',
  round: '轮次',
  nothingFoundText: '没有符合筛选条件的审查。',
  showAll: '显示全部审查',
  empty: '还没有审查记录',
  emptyText: '执行者提交子任务后，审查者会通过或退回。您也可以亲自审查。',
  toTasks: '前往任务',
  noWords: '审查者没有留下意见。',
  mendedBy: '修改者',
  reviewed: '审查对象',
  toSubTask: '打开子任务',
}
