import type { Event } from '../../../api/events'
import type { MessageKey } from '../../../i18n'

export type HandoffKind = 'goal' | 'work' | 'handIn' | 'approval' | 'rejection' | 'takeover' | 'help' | 'note' | 'finding'

export const HANDOFF_KIND: Record<HandoffKind, MessageKey> = {
  goal: 'feed.handoff.goal',
  work: 'feed.handoff.work',
  handIn: 'feed.handoff.handIn',
  approval: 'feed.handoff.approval',
  rejection: 'feed.handoff.rejection',
  takeover: 'feed.handoff.takeover',
  help: 'feed.handoff.help',
  note: 'feed.handoff.note',
  finding: 'feed.handoff.finding',
}

/** Who is no agent: the admin, the server, and the queue when it is not known who filled it. */
export const NO_AGENT = ['admin', 'system', 'queue'] as const

/** What went from one to another. A party is an agent's id or one of `NO_AGENT`. */
export interface Handoff {
  id: string
  from: string
  to: string
  counts: Partial<Record<HandoffKind, number>>
  total: number
  last: string
}

/** Who handed what to whom, the most first. The events are in the order in which they happened. */
export function handoffs(events: readonly Event[]): Handoff[] {
  const found = new Map<string, Handoff>()
  const memory = new Memory()

  for (const event of events) {
    for (const [kind, from, to] of stepsOf(event, memory)) {
      if (from === undefined || to === undefined || from === to) continue
      const id = `${from}>${to}`
      const one = found.get(id) ?? { id, from, to, counts: {}, total: 0, last: event.at }
      one.counts[kind] = (one.counts[kind] ?? 0) + 1
      one.total += 1
      one.last = event.at
      found.set(id, one)
    }
  }
  return [...found.values()].sort((a, b) => b.total - a.total || b.last.localeCompare(a.last))
}

/** Each party once. */
export function partiesOf(all: readonly Handoff[]): string[] {
  return [...new Set(all.flatMap(({ from, to }) => [from, to]))]
}

type Step = [kind: HandoffKind, from: string | undefined, to: string | undefined]

/** What earlier events say about later ones. */
class Memory {
  /** Who stated a goal that no planner has taken up yet. */
  readonly goals = new Map<string, string>()
  /** Who planned the work of a task, and a sub-task of it. */
  readonly planners = new Map<string, string>()
  /** Who said that a sub-task cannot go on. */
  readonly blockers = new Map<string, string>()
}

function stepsOf(event: Event, memory: Memory): Step[] {
  const me = event.actor.id ?? event.actor.kind
  const { task_id: task, sub_task_id: subTask, agent_id } = event
  const agent = agent_id ?? undefined
  const previous = textOf(event.payload['previous_owner'])

  switch (event.kind) {
    case 'task_created':
      if (task !== null) memory.goals.set(task, me)
      return []
    case 'module_created':
    case 'sub_task_created':
      return planned(event, me, memory)
    case 'sub_task_claimed':
      return [['work', plannerOf(event, memory) ?? 'queue', me]]
    case 'sub_task_assigned':
      return [['work', me, agent]]
    case 'sub_task_reassigned':
      return [previous === undefined ? ['work', me, agent] : ['takeover', previous, agent]]
    case 'sub_task_approved':
    case 'sub_task_approval_given':
      return [['handIn', agent, me], ['approval', me, agent]]
    case 'sub_task_rejected':
      // Another than who handed it in may have to mend it.
      return [['handIn', previous ?? agent, me], ['rejection', me, agent]]
    case 'sub_task_blocked':
      if (subTask !== null) memory.blockers.set(subTask, me)
      return []
    case 'sub_task_requeued':
      return [['help', me, (subTask === null ? undefined : memory.blockers.get(subTask)) ?? previous]]
    case 'note_added':
      return [['note', me, agent]]
    case 'patrol_record_opened':
      return [['finding', me, agent]]
    default:
      return []
  }
}

function planned({ task_id: task, sub_task_id: subTask }: Event, me: string, memory: Memory): Step[] {
  if (task === null) return []
  const stated = memory.goals.get(task)
  memory.goals.delete(task)
  memory.planners.set(task, me)
  if (subTask !== null) memory.planners.set(subTask, me)
  return [['goal', stated, me]]
}

function plannerOf({ task_id: task, sub_task_id: subTask }: Event, { planners }: Memory): string | undefined {
  return planners.get(subTask ?? '') ?? planners.get(task ?? '')
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
