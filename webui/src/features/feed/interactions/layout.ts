export const NODE_WIDTH = 150
export const NODE_HEIGHT = 56
const COLUMN_GAP = 110
const ROW_GAP = 36

export interface Party {
  id: string
  name: string
  /** Which way the work goes: from a lower step to a higher one. */
  step: number
}

export interface Place {
  x: number
  y: number
  column: number
}

/** Something between two parties. */
export interface Link {
  from: string
  to: string
}

/** Parties of a step stand under each other, the next step to the right; each column is in the middle. */
export function placesOf(parties: readonly Party[], links: readonly Link[]): Map<string, Place> {
  const columns = columnsOf(parties, links)
  const tallest = Math.max(0, ...columns.map(heightOf))
  return new Map(
    columns.flatMap((column, index) =>
      column.map(({ id }, row): [string, Place] => {
        const top = (tallest - heightOf(column)) / 2
        return [id, { x: index * (NODE_WIDTH + COLUMN_GAP), y: top + row * (NODE_HEIGHT + ROW_GAP), column: index }]
      }),
    ),
  )
}

/** Each column is in the order of those that it is linked to in the columns before, so that fewer lines cross. */
function columnsOf(parties: readonly Party[], links: readonly Link[]): Party[][] {
  const steps = [...new Set(parties.map(({ step }) => step))].sort((a, b) => a - b)
  const rows = new Map<string, number>()
  return steps.map((step) => {
    const column = parties.filter((one) => one.step === step)
    const wanted = new Map(column.map(({ id }, index) => [id, meanRow(id, links, rows) ?? index / column.length]))
    const sorted = column.toSorted((a, b) => (wanted.get(a.id) ?? 0) - (wanted.get(b.id) ?? 0))
    sorted.forEach(({ id }, index) => rows.set(id, index / sorted.length))
    return sorted
  })
}

/** Where in their columns, from 0 to 1, those stand on average that it is linked to. */
function meanRow(id: string, links: readonly Link[], rows: ReadonlyMap<string, number>): number | undefined {
  const others = links.flatMap(({ from, to }) => (from === id ? [to] : to === id ? [from] : []))
  const known = others.flatMap((other) => rows.get(other) ?? [])
  return known.length === 0 ? undefined : known.reduce((sum, row) => sum + row, 0) / known.length
}

function heightOf(column: readonly Party[]): number {
  return column.length * NODE_HEIGHT + Math.max(0, column.length - 1) * ROW_GAP
}
