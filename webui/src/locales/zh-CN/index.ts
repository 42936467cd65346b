import type { Translation } from '../../i18n'
import { common } from './common'
import { dashboard } from './dashboard'
import { setup } from './setup'
import { shell } from './shell'
import { vocabulary } from './vocabulary'

export const zhCN: Translation = { ...shell, ...common, ...vocabulary, dashboard, setup }
