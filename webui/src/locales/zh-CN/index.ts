import type { Translation } from '../../i18n'
import { actions } from './actions'
import { agents } from './agents'
import { calls } from './calls'
import { common } from './common'
import { dashboard } from './dashboard'
import { feed } from './feed'
import { logs } from './logs'
import { patrol } from './patrol'
import { reviews } from './reviews'
import { scores } from './scores'
import { setup } from './setup'
import { shell } from './shell'
import { tasks } from './tasks'
import { vocabulary } from './vocabulary'

export const zhCN: Translation = {
  ...{ ...shell, ...common, ...vocabulary, ...actions, ...calls },
  agents,
  dashboard,
  feed,
  logs,
  patrol,
  reviews,
  scores,
  setup,
  tasks,
}
