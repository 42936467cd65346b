import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Option } from '../components/ui/select'
import type { MessageKey } from '../i18n'
import { keysOf } from '../lib/keys'
import type { Presentation } from '../vocabulary'

const DAYS = ['1', '7', '30']

/** What a list to choose from offers, in the reader's language. */
export function useOptions() {
  const { t } = useI18n()

  /** The words of a vocabulary; `any` is the choice of none of them. */
  function optionsOf<K extends string>(vocabulary: Record<K, Presentation | MessageKey>, any?: MessageKey): Option[] {
    const words = keysOf(vocabulary).map((value) => {
      const word: Presentation | MessageKey = vocabulary[value]
      return { value, label: t(typeof word === 'string' ? word : word.label) }
    })
    return any === undefined ? words : [{ value: '', label: t(any) }, ...words]
  }

  /** How far back a list goes. */
  const dayRanges = computed<Option[]>(() => [
    { value: '', label: t('common.anyTime') },
    ...DAYS.map((value) => ({ value, label: t('common.lastDays', { count: value }, Number(value)) })),
  ])

  return { optionsOf, dayRanges }
}
