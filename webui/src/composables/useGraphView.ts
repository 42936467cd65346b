import { getRectOfNodes, useVueFlow } from '@vue-flow/core'

const MARGIN_PX = 16
const PADDING = 0.08

/** What part of a graph is shown: all of it, or, where nobody could read that any more, its beginning. */
export function useGraphView(minZoom: number) {
  const { fitView, setViewport, viewport, dimensions, nodes: all, zoomIn, zoomOut } = useVueFlow()

  async function begin(): Promise<void> {
    await fitView({ padding: PADDING, minZoom, maxZoom: 1 })
    const { x, y, zoom } = viewport.value
    // Those out of sight are not drawn, and count all the same.
    const nodes = getRectOfNodes(all.value)
    const isTooWide = nodes.width * zoom + 2 * MARGIN_PX > dimensions.value.width
    const isTooHigh = nodes.height * zoom + 2 * MARGIN_PX > dimensions.value.height
    await setViewport({
      x: isTooWide ? MARGIN_PX - nodes.x * zoom : x,
      y: isTooHigh ? MARGIN_PX - nodes.y * zoom : y,
      zoom,
    })
  }

  return { begin, fitAll: () => fitView({ padding: PADDING, maxZoom: 1 }), zoomIn, zoomOut }
}
