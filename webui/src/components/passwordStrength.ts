export const LEVELS = ['weak', 'fair', 'good', 'strong'] as const

export type Level = (typeof LEVELS)[number]

/** Bits of guessing from which on a password is fair, good and strong. */
const BITS = [36, 55, 75] as const

/** Alphabets, with how many signs each adds to what a guesser must try. */
const ALPHABETS: [RegExp, number][] = [
  [/[a-z]/, 26],
  [/[A-Z]/, 26],
  [/[0-9]/, 10],
  [/[ -/:-@[-`{-~]/, 33],
  [/[^ -~]/, 100],
]

const COMMON = /pass|admin|qwer|asdf|letmein|welcome|openmoss|1234|abcd/gi

/**
 * A rough guess at how hard a password is to guess. Signs that repeat or follow the one before,
 * and words that everybody uses, count for almost nothing.
 */
export function strength(password: string): Level {
  const pool = ALPHABETS.reduce((sum, [alphabet, size]) => (alphabet.test(password) ? sum + size : sum), 0)
  const bits = surprising(password.replace(COMMON, '.')) * Math.log2(Math.max(pool, 1))
  const index = BITS.filter((limit) => bits >= limit).length
  return LEVELS[index] ?? 'weak'
}

function surprising(text: string): number {
  const codes = [...text].map((sign) => sign.codePointAt(0) ?? 0)
  const fresh = codes.filter((code, index) => Math.abs(code - (codes[index - 1] ?? -9)) > 1)
  return Math.min(fresh.length, new Set(codes).size * 2)
}
