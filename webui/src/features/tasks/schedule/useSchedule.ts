import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Schemas } from '../../../api/client'
import { useAction } from '../../../composables/useAction'
import { useConfirm } from '../../../composables/useConfirm'
import { useQuery } from '../../../composables/useQuery'
import { useEvents } from '../../../stores/live'
import { PRESET, presetOf } from './schedule'
import { seriesOfSubTask, seriesOfTask } from './series'

export type Work = { kind: 'task' | 'sub_task'; id: string }

/** The schedule of recurring work and its rounds, kept true by the events, and what can be done about it. */
export function useSchedule(work: () => Work) {
  const { t } = useI18n()
  const { confirm } = useConfirm()
  const calls = computed(() => (work().kind === 'task' ? seriesOfTask : seriesOfSubTask)(work().id))

  const series = useQuery((signal) => calls.value.find(signal), { watch: work, isKept: false })
  const rounds = useQuery((signal) => calls.value.rounds(signal), { watch: work, isKept: false })
  useEvents((events) => {
    if (!events.some(({ kind }) => kind.startsWith('recurrence_') || kind.startsWith('round_'))) return
    series.refreshSoon()
    rounds.refreshSoon()
  })

  const what = computed(() => {
    const cron = series.data.value?.cron ?? ''
    const preset = presetOf(cron)
    return preset === undefined ? cron : t(PRESET[preset].label)
  })
  /** Recurring work need not have a schedule yet: then the server knows of no series. */
  const hasNone = computed(() => series.error.value?.status === 404)
  const others = computed(() => rounds.data.value?.filter(({ id }) => id !== work().id) ?? [])

  async function refresh(): Promise<void> {
    await Promise.all([series.refresh(), rounds.refresh()])
  }

  const saving = useAction(async (recurrence: Schemas['RecurrenceSet']) => {
    await calls.value.set(recurrence)
    await refresh()
    return true
  })
  const acting = useAction(async (step: 'pause' | 'resume' | 'end') => {
    await calls.value[step]()
    await refresh()
  })

  async function end(): Promise<void> {
    const question = { title: t('schedule.endTitle'), text: t('schedule.endText'), action: t('schedule.end'), isDangerous: true }
    if (await confirm(question)) await acting.run('end')
  }

  return { series, what, hasNone, others, saving, acting, end }
}
