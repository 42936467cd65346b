import type { Schemas } from '../../api/client'

export type Budget = Schemas['Budget']

/** How much of a limit is used, in percent; nothing where there is no limit. */
export interface Share {
  measure: 'tokens' | 'cost'
  used: number
  limit: number
  percent: number
}

export function sharesOf({ limit, used }: Budget): Share[] {
  const tokens = share('tokens', used.input_tokens + used.output_tokens, limit.tokens)
  const cost = share('cost', Number(used.cost), limit.cost === null ? null : Number(limit.cost))
  return [tokens, cost].flatMap((one) => one ?? [])
}

function share(measure: Share['measure'], used: number, limit: number | null): Share | undefined {
  return limit === null || limit === 0 ? undefined : { measure, used, limit, percent: (used / limit) * 100 }
}

export interface Draft {
  tokens: string
  cost: string
}

/** What is written in the fields: empty leaves it to the settings. */
export function draftOf({ own }: Budget): Draft {
  return { tokens: own.tokens === null ? '' : String(own.tokens), cost: own.cost ?? '' }
}

/** What the fields mean; undefined where they mean nothing. The server says more about amounts that are too large. */
export function readDraft({ tokens, cost }: Draft): { tokens: number | null; cost: string | null } | undefined {
  const [count, amount] = [tokens.trim(), cost.trim()]
  if (count !== '' && !/^\d{1,15}$/.test(count)) return undefined
  if (amount !== '' && !/^\d{1,12}(\.\d{1,6})?$/.test(amount)) return undefined
  return { tokens: count === '' ? null : Number(count), cost: amount === '' ? null : amount }
}
