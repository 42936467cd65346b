/** A change that somebody typed, such as "+5" or "−3"; nothing where it is no whole number or changes nothing. */
export function readDelta(text: string): number | undefined {
  const plain = text.trim().replace('−', '-')
  if (!/^[+-]?\d{1,7}$/.test(plain)) return undefined
  const delta = Number(plain)
  return delta === 0 ? undefined : delta
}
