import type { Schemas } from '../../api/client'

/** A setting as the server lists it; its value is a text, a number, a switch or a list of texts. */
export type Setting = Schemas['ConfigSource']

/** What stands in a field: a switch, or a text; a list has one entry a line. */
export type Draft = string | boolean

export interface Section {
  name: string
  settings: Setting[]
}

export interface Source {
  kind: 'default' | 'database' | 'environment' | 'flag' | 'file'
  /** The variable, the flag or the file. */
  name: string
}

/** What somebody changes often comes first; sections that a newer server adds come last. */
const ORDER = [
  ...['project', 'workspace', 'agent', 'policy', 'patrol', 'budget', 'skills', 'notification', 'delivery', 'smtp'],
  ...['webui', 'server', 'content', 'database', 'admin'],
]

/** Two that are read for older files' sake and do nothing, one that the wizard sets, one with a form of its own. */
const HIDDEN = ['webui.auto_update', 'webui.github_repo', 'setup.initialized', 'admin.password']

export function sectionsOf(settings: readonly Setting[]): Section[] {
  const sections = new Map<string, Setting[]>(ORDER.map((name) => [name, []]))
  for (const setting of settings) {
    if (HIDDEN.includes(setting.key)) continue
    const { section } = partsOf(setting.key)
    sections.set(section, [...(sections.get(section) ?? []), setting])
  }
  return [...sections].flatMap(([name, found]) => (found.length === 0 ? [] : [{ name, settings: found.sort(switchesFirst) }]))
}

/** What nobody should read over a shoulder. */
export function isSecret(key: string): boolean {
  return /(password|secret)$/.test(key)
}

/** A switch often decides whether the rest matters. */
function switchesFirst(a: Setting, b: Setting): number {
  return Number(typeof b.value === 'boolean') - Number(typeof a.value === 'boolean')
}

export function partsOf(key: string): { section: string; name: string } {
  const dot = key.indexOf('.')
  return { section: key.slice(0, dot), name: key.slice(dot + 1) }
}

export function draftOf(value: unknown): Draft {
  if (typeof value === 'boolean') return value
  return Array.isArray(value) ? value.join('\n') : String(value)
}

/** What is sent for a draft in place of `value`. Numbers go as they were typed: the server says what is wrong with them. */
export function valueOf(draft: Draft, value: unknown): unknown {
  if (typeof draft === 'boolean' || !Array.isArray(value)) return draft
  return draft.split('\n').flatMap((line) => line.trim() || [])
}

/** The drafts that differ from what is in force. */
export function changesOf(settings: readonly Setting[], drafts: Readonly<Record<string, Draft>>): Record<string, unknown> {
  const changes = settings.flatMap(({ key, value }): [string, unknown][] => {
    const draft = drafts[key]
    if (draft === undefined || draft === draftOf(value)) return []
    return [[partsOf(key).name, valueOf(draft, value)]]
  })
  return Object.fromEntries(changes)
}

export function sourceOf(source: string): Source {
  const [first = '', ...rest] = source.split(' ')
  const name = rest.join(' ')
  if (name === '' && (first === 'default' || first === 'database')) return { kind: first, name: '' }
  if (name !== '' && (first === 'environment' || first === 'flag')) return { kind: first, name }
  return { kind: 'file', name: source }
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const

/** Seconds in words, in the largest unit that leaves one digit after the point at most; nothing below two minutes. */
export function durationText(seconds: number, locale: string): string | undefined {
  const found = UNITS.find(([, size]) => seconds >= size && (seconds * 10) % size === 0)
  if (found === undefined || seconds < 120) return undefined
  const [unit, size] = found
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 1 }).format(seconds / size)
}

const TOKEN_BYTES = 16

/** A token that nobody can guess, as the server makes them. */
export function randomToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES))
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
