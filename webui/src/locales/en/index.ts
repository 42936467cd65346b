import { actions } from './actions'
import { common } from './common'
import { dashboard } from './dashboard'
import { setup } from './setup'
import { shell } from './shell'
import { tasks } from './tasks'
import { vocabulary } from './vocabulary'

export const en = { ...shell, ...common, ...vocabulary, ...actions, dashboard, setup, tasks }
