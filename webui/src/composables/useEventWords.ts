import { useI18n } from 'vue-i18n'
import type { Event } from '../api/events'

/** Where the words of who acted stand in an event. */
const WORDS = ['progress', 'reason', 'detail', 'text', 'name', 'description', 'signature']

/** What an event says, in the reader's language where it is ours to say. */
export function useEventWords(agentNames: () => ReadonlyMap<string, string>) {
  const { t, te } = useI18n()

  /** What happened. A newer server may know of more than this dashboard. */
  function label({ kind }: Event): string {
    const key = `event.${kind}`
    return te(key) ? t(key) : kind
  }

  function actor({ actor: { kind, id } }: Event): string {
    return (id === null ? undefined : agentNames().get(id)) ?? t(`actor.${kind}`)
  }

  /** What the event says beyond its kind, in the words of who wrote it. */
  function details({ payload }: Event): string {
    const achievement = `achievement.${String(payload['achievement'])}.name`
    const words = [te(achievement) ? t(achievement) : undefined, ...WORDS.map((key) => payload[key])]
    return words.filter((word) => typeof word === 'string' && word !== '').join(' · ')
  }

  return { label, actor, details }
}
