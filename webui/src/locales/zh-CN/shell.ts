import type { Translation } from '../../i18n'
import type { shell as original } from '../en/shell'

export const shell: Translation<typeof original> = {
  app: {
    skip: '跳到正文',
    language: '语言',
    preferences: '语言与主题',
  },
  theme: {
    title: '主题',
    system: '跟随系统',
    light: '浅色',
    dark: '深色',
  },
  nav: {
    title: '导航',
    work: '工作',
    record: '记录',
    manage: '管理',
    more: '更多',
  },
  connection: {
    connecting: '连接中…',
    live: '实时',
    lost: '连接已断开',
  },
  palette: {
    title: '搜索与跳转',
    short: '搜索…',
    placeholder: '页面、任务、子任务或智能体',
    pages: '页面',
    tasks: '任务',
    subTasks: '子任务',
    agents: '智能体',
    nothing: '没有找到',
  },
  toast: {
    title: '消息',
  },
  confirm: {
    type: '请输入“{text}”以继续',
  },
  session: {
    title: '登录',
    text: '请使用本服务器的管理员密码。',
    user: '用户',
    password: '密码',
    missing: '请输入密码。',
    keep: '在此设备上保持登录',
    signIn: '登录',
    signOut: '退出登录',
    overTitle: '会话已结束',
    overText: '请重新登录以继续当前操作，您已填写的内容不会丢失。',
  },
  notFound: {
    title: '页面不存在',
    text: '此地址下没有内容。它可能已被删除，或者地址不完整。',
    home: '前往仪表盘',
  },
}
