import type { Translation } from '../../i18n'
import type { about as original } from '../en/about'

export const about: Translation<typeof original> = {
  title: '关于',
  text: '这里运行的是什么，以及在哪里了解更多。',
  version: '版本',
  contract: '兼容现有客户端的 API',
  database: '数据库',
  timezone: '时区',
  ready: '就绪',
  notReady: '未就绪：数据库没有响应',
  docs: 'API 文档',
  docsText: '所有操作均可阅读，并可用您自己的密钥或会话试用。',
  openapi: 'OpenAPI 文档',
  openapiText: '用来生成您自己的客户端。',
  newTab: '在新标签页中打开',
  report: '用于提问或报告问题',
  reportText: '只说明所用的程序和浏览器，不含其他内容。',
}
