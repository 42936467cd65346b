import { actions } from './actions'
import { agents } from './agents'
import { common } from './common'
import { dashboard } from './dashboard'
import { setup } from './setup'
import { shell } from './shell'
import { tasks } from './tasks'
import { vocabulary } from './vocabulary'

export const en = { ...shell, ...common, ...vocabulary, ...actions, agents, dashboard, setup, tasks }
