import { about } from './about'
import { achievements } from './achievements'
import { actions } from './actions'
import { agents } from './agents'
import { calls } from './calls'
import { common } from './common'
import { connect } from './connect'
import { dashboard } from './dashboard'
import { feed } from './feed'
import { logs } from './logs'
import { notifications } from './notifications'
import { patrol } from './patrol'
import { policy } from './policy'
import { prompts } from './prompts'
import { reviews } from './reviews'
import { schedule } from './schedule'
import { scores } from './scores'
import { settings } from './settings'
import { setup } from './setup'
import { shell } from './shell'
import { skills } from './skills'
import { tasks } from './tasks'
import { usage } from './usage'
import { vocabulary } from './vocabulary'
import { wake } from './wake'

export const en = {
  ...{ ...shell, ...common, ...vocabulary, ...actions, ...achievements, ...calls },
  about,
  agents,
  connect,
  dashboard,
  feed,
  logs,
  notifications,
  patrol,
  policy,
  prompts,
  reviews,
  schedule,
  scores,
  settings,
  setup,
  skills,
  tasks,
  usage,
  wake,
}
