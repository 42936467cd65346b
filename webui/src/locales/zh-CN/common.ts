import type { Translation } from '../../i18n'
import type { common as original } from '../en/common'

export const common: Translation<typeof original> = {
  common: {
    close: '关闭',
    cancel: '取消',
    save: '保存',
    discard: '放弃更改',
    back: '上一步',
    next: '下一步',
    copy: '复制',
    copied: '已复制',
    justNow: '刚刚',
    optional: '选填',
    showMore: '展开',
    showLess: '收起',
    anyAgent: '全部智能体',
    anyTime: '全部时间',
    lastDays: '最近 24 小时 | 最近 {count} 天',
    range: '时间范围',
    time: '时间',
    actions: '操作',
    nothingFound: '没有找到',
  },
  unsaved: {
    title: '不保存就离开？',
    text: '您在此处的更改尚未保存，离开后将会丢失。',
    leave: '离开',
  },
  markdown: {
    view: '文本视图',
    write: '编辑',
    both: '并排',
    preview: '预览',
    size: '{characters} 个字符，Markdown',
  },
  origin: {
    builtIn: '程序自带',
    own: '在此修改过',
  },
  password: {
    hint: '至少 6 个字符；几个词语的组合好记又难猜。',
    show: '显示',
    hide: '隐藏',
    strength: {
      weak: '弱',
      fair: '一般',
      good: '良好',
      strong: '强',
    },
  },
  table: {
    pages: '列表分页',
    range: '第 {from}–{to} 条，共 {total} 条',
    previous: '上一页',
    next: '下一页',
  },
  error: {
    unreachable: '无法连接服务器。',
    unreadable: '服务器的响应无法解析。',
    signed_out: '会话已结束。',
    status: '服务器拒绝了请求，状态码 {status}。',
    retry: '重试',
  },
}
