import type { Translation } from '../../i18n'
import type { setup as original } from '../en/setup'

export const setup: Translation<typeof original> = {
  title: '初始化服务器',
  text: '只需三步；除密码外，所有内容之后都可以在设置中修改。',
  steps: '步骤',
  step: {
    project: '项目',
    password: '密码',
    team: '团队',
  },
  projectName: '项目名称',
  projectHint: '您的团队在做什么。它会显示在每个页面的顶部。',
  workspace: '工作目录',
  workspaceHint: '智能体所在机器上、供其工作的目录。',
  externalUrl: '外部访问地址',
  externalUrlHint: '其他机器上的智能体通过此地址访问服务器。',
  password: '管理员密码',
  allowRegistration: '允许智能体自行注册',
  allowRegistrationHint: '需要注册令牌。您也可以随时手动创建智能体。',
  registrationToken: '注册令牌',
  registrationTokenHint: '留空则由服务器生成随机令牌。',
  channels: '通知渠道',
  channelsHint: '每行一个，格式为 类型:目标。智能体会在这里报告完成和驳回的工作。',
  token: '初始化令牌',
  tokenHint: '您正从其他机器访问：服务器启动时在日志中打印了一次性令牌。',
  currentPassword: '当前管理员密码',
  currentPasswordHint: '此安装已设置过密码。',
  finish: '完成初始化',
  doneTitle: '服务器已就绪',
  doneText: '智能体使用此令牌注册，之后可在设置中再次查看。',
  toDashboard: '前往仪表盘',
}
