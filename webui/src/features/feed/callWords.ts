import type { MessageKey } from '../../i18n'

interface Call {
  method: string
  path: string
}

const CHANGES: [path: RegExp, word: MessageKey][] = [
  [/\/claim(-next)?$/, 'call.claim'],
  [/\/start$/, 'call.start'],
  [/\/heartbeat$/, 'call.heartbeat'],
  [/\/submit$/, 'call.submit'],
  [/\/block$/, 'call.block'],
  [/\/release$/, 'call.release'],
  [/\/notes$/, 'call.note'],
  [/\/review-records$/, 'call.review'],
  [/\/patrol-records(\/|$)/, 'call.patrol'],
  [/\/logs$/, 'call.log'],
  [/\/plan$/, 'call.plan'],
  [/\/(modules|sub-tasks)(\/|$)/, 'call.plan'],
  [/\/tasks(\/|$)/, 'call.task'],
]

/** What an agent did with a call, in a few words. */
export function callWord({ method, path }: Call): MessageKey {
  if (isLook({ method })) return 'call.look'
  return CHANGES.find(([pattern]) => pattern.test(path))?.[1] ?? 'call.other'
}

/** Agents ask for work all the time; what they do stands between. */
export function isLook({ method }: Pick<Call, 'method'>): boolean {
  return method === 'GET' || method === 'HEAD'
}
