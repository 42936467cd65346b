import type { Schemas } from '../../../api/client'
import type { MessageKey } from '../../../i18n'
import { keysOf } from '../../../lib/keys'

export interface ScheduleDraft {
  cron: string
  timezone: string
  overlap: string
  catchUp: string
}

export type Preset = 'daily' | 'workdays' | 'weekly' | 'monthly' | 'hourly'

export const PRESET: Record<Preset, { label: MessageKey; cron: string }> = {
  daily: { label: 'schedule.preset.daily', cron: '0 9 * * *' },
  workdays: { label: 'schedule.preset.workdays', cron: '0 9 * * 1-5' },
  weekly: { label: 'schedule.preset.weekly', cron: '0 9 * * 1' },
  monthly: { label: 'schedule.preset.monthly', cron: '0 9 1 * *' },
  hourly: { label: 'schedule.preset.hourly', cron: '0 * * * *' },
}

/** Which preset a schedule is, if it is one. */
export function presetOf(cron: string): Preset | undefined {
  const plain = cron.trim().replace(/\s+/g, ' ')
  return keysOf(PRESET).find((key) => PRESET[key].cron === plain)
}

/** Whether it may be a schedule; what its fields may be, the server knows. */
export function isSchedule(cron: string): boolean {
  return cron.trim().split(/\s+/).length === 5
}

/** Every working day at nine, where the browser is. */
export function newDraft(): ScheduleDraft {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
  return { cron: PRESET.workdays.cron, timezone: timeZone, overlap: 'skip', catchUp: 'one' }
}

export function draftOf({ cron, timezone, overlap, catch_up }: Schemas['Series']): ScheduleDraft {
  return { cron, timezone, overlap, catchUp: catch_up }
}

export function bodyOf({ cron, timezone, overlap, catchUp }: ScheduleDraft): Schemas['RecurrenceSet'] {
  return {
    cron: cron.trim(),
    timezone: timezone.trim(),
    overlap: overlap === 'queue' ? 'queue' : 'skip',
    catch_up: catchUp === 'none' ? 'none' : 'one',
  }
}
