export interface Point {
  x: number
  y: number
}

/** How far a line between two of a column stands out. */
const BULGE = 70

/** A line that has to pass others in its way goes around them. */
const DETOUR = 75

/**
 * A line that leaves and arrives level: its path, and the point at `share` of the way, where its label stands.
 * `passed` is how many columns lie between.
 */
export function curve(from: Point, to: Point, share: number, passed = 0): { path: string; label: Point } {
  const [first, second] = bends(from, to, passed)
  const path = `M${from.x},${from.y} C${first.x},${first.y} ${second.x},${second.y} ${to.x},${to.y}`
  const at = (key: 'x' | 'y') => cubic(from[key], first[key], second[key], to[key], share)
  return { path, label: { x: at('x'), y: at('y') } }
}

function bends(from: Point, to: Point, passed: number): [Point, Point] {
  const half = (to.x - from.x) / 2
  const bend = Math.abs(half) < 1 ? [BULGE, BULGE] : [half, -half]
  // What goes on passes above, what comes back below.
  const detour = Math.sign(half) * passed * DETOUR
  return [
    { x: from.x + (bend[0] ?? 0), y: from.y - detour },
    { x: to.x + (bend[1] ?? 0), y: to.y - detour },
  ]
}

function cubic(a: number, b: number, c: number, d: number, t: number): number {
  const u = 1 - t
  return u * u * u * a + 3 * u * u * t * b + 3 * u * t * t * c + t * t * t * d
}
