import type { Translation } from '../../i18n'
import type { policy as original } from '../en/policy'

export const policy: Translation<typeof original> = {
  title: '此任务的规则',
  text: '适用于新的子任务，以及此后提交的成果。',
  asSet: '与设置一致',
  required: '必填',
  free: '非必填',
  now: '当前：{what}',
  require_module: '模块',
  require_description: '描述',
  require_deliverable: '交付物',
  require_acceptance: '验收标准',
  approvals: '需要通过的审查者人数',
}
