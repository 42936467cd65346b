/** Which pages of a list that begins with the oldest have the newest ones; an empty list has one page, too. */
export function lastPages(count: number, pageSize: number, wanted: number): number[] {
  const last = Math.max(1, Math.ceil(count / pageSize))
  const first = Math.max(1, last - wanted + 1)
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}
