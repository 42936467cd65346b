import { keysOf } from '../../lib/keys'
import type { Presentation } from '../../vocabulary'

export interface Slice extends Presentation {
  key: string
  count: number
}

/** The counts in the order of the vocabulary, with how to show them; a count that is not there is 0. */
export function slices<K extends string>(
  vocabulary: Record<K, Presentation>,
  counts: Partial<Record<K, number>> | undefined,
): Slice[] {
  return keysOf(vocabulary).map((key) => ({ key, ...vocabulary[key], count: counts?.[key] ?? 0 }))
}

export function total(all: readonly Slice[]): number {
  return all.reduce((sum, slice) => sum + slice.count, 0)
}
