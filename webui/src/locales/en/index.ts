import { common } from './common'
import { dashboard } from './dashboard'
import { setup } from './setup'
import { shell } from './shell'
import { vocabulary } from './vocabulary'

export const en = { ...shell, ...common, ...vocabulary, dashboard, setup }
