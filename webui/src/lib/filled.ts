type Filled<T> = { [K in keyof T]?: Exclude<T[K], '' | undefined> }

/** The parameters that say something: an empty filter is not asked for. */
export function filled<T extends Record<string, unknown>>(values: T): Filled<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== '' && value !== undefined)) as Filled<T>
}
