import { Graph, layout } from '@dagrejs/dagre'
import type { SubTask } from '../board'

export const NODE_WIDTH = 220
export const NODE_HEIGHT = 68

export interface Place {
  x: number
  y: number
}

/** Where each sub-task stands: what it depends on to its left. */
export function placesOf(subTasks: readonly SubTask[]): Map<string, Place> {
  const graph = new Graph()
  graph.setGraph({ rankdir: 'LR', nodesep: 20, ranksep: 60 })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const { id } of subTasks) graph.setNode(id, { width: NODE_WIDTH, height: NODE_HEIGHT })
  for (const { id, depends_on } of subTasks) {
    for (const before of depends_on) if (graph.hasNode(before)) graph.setEdge(before, id)
  }
  layout(graph)
  return new Map(
    subTasks.map(({ id }) => {
      const { x = 0, y = 0 } = graph.node(id) as Partial<Place>
      return [id, { x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 }]
    }),
  )
}
