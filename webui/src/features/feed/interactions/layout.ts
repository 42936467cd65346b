export const NODE_WIDTH = 170
export const NODE_HEIGHT = 60
const COLUMN_GAP = 130
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

/** Parties of a step stand under each other, the next step to the right; each column is in the middle. */
export function placesOf(parties: readonly Party[]): Map<string, Place> {
  const steps = [...new Set(parties.map(({ step }) => step))].sort((a, b) => a - b)
  const columns = steps.map((step) => parties.filter((one) => one.step === step))
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

function heightOf(column: readonly Party[]): number {
  return column.length * NODE_HEIGHT + Math.max(0, column.length - 1) * ROW_GAP
}
