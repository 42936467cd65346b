import { keysOf } from '../../lib/keys'
import { ROLE, type Role } from '../../vocabulary'

/** The role whose agents are given this skill when they ask for theirs. */
export function roleOfSkill(name: string): Role | undefined {
  return keysOf(ROLE).find((role) => name === `task-${role}-skill`)
}

/** A file whose text is Markdown. */
export function isMarkdown(path: string): boolean {
  return /\.(md|markdown)$/i.test(path)
}

/** `SKILL.md` first, then by folder. */
export function inOrder<F extends { path: string }>(files: readonly F[]): F[] {
  return [...files].sort((a, b) => rank(a.path) - rank(b.path) || a.path.localeCompare(b.path, 'en'))
}

function rank(path: string): number {
  return path === 'SKILL.md' ? 0 : 1
}

const UNITS = [
  [1024 * 1024, 'megabyte'],
  [1024, 'kilobyte'],
  [1, 'byte'],
] as const

/** How long a file is, in the unit that fits. */
export function sizeText(bytes: number, locale: string): string {
  const [size, unit] = UNITS.find(([least]) => bytes >= least) ?? [1, 'byte']
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 }).format(bytes / size)
}
