export interface Column {
  /** The name of the slot that shows the cell. */
  key: string
  label: string
  /** What the server sorts by when this column's heading is pressed; none where it cannot. */
  sort?: string
  /** Numbers stand at the end of their cell. */
  isNumber?: boolean
  /** Takes the room that is left. */
  isWide?: boolean
}

export interface Sort {
  by: string
  order: 'asc' | 'desc'
}

/** The order after a press on the heading: first falling, then rising. */
export function nextSort(now: Sort, by: string): Sort {
  return { by, order: now.by === by && now.order === 'desc' ? 'asc' : 'desc' }
}
