import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { en } from '../../locales/en'
import { changesOf, durationText, randomToken, sectionsOf, sourceOf, type Setting } from './settings'

function setting(key: string, value: unknown): Setting {
  return { key, value, source: 'default', is_editable: true }
}

test('sections come in the order of use, unknown ones last, and what nobody needs is left out', () => {
  const listed = [setting('zeppelin.height', 9), setting('setup.initialized', true), setting('webui.auto_update', false)]
  const sections = sectionsOf([...listed, setting('server.port', 6565), setting('project.name', 'A')])
  expect(sections.map(({ name, settings }) => [name, settings.map(({ key }) => key)])).toEqual([
    ['project', ['project.name']],
    ['server', ['server.port']],
    ['zeppelin', ['zeppelin.height']],
  ])
})

test('only what differs is sent, a list without its empty lines', () => {
  const settings = [
    setting('notification.enabled', false),
    setting('notification.channels', ['chat:a']),
    setting('notification.events', ['all_done']),
    setting('policy.lease_seconds', 7200),
  ]
  const drafts = {
    'notification.enabled': true,
    'notification.channels': 'chat:a\n\n  user:b ',
    'notification.events': 'all_done',
    'policy.lease_seconds': '60',
    'project.name': 'of another section',
  }
  expect(changesOf(settings, drafts)).toEqual({ enabled: true, channels: ['chat:a', 'user:b'], lease_seconds: '60' })
  expect(changesOf(settings, {})).toEqual({})
})

test.each([
  ['default', { kind: 'default', name: '' }],
  ['database', { kind: 'database', name: '' }],
  ['environment OPENMOSS_SERVER__HOST', { kind: 'environment', name: 'OPENMOSS_SERVER__HOST' }],
  ['flag --port', { kind: 'flag', name: '--port' }],
  ['config.yaml', { kind: 'file', name: 'config.yaml' }],
  ['/etc/our moss/database', { kind: 'file', name: '/etc/our moss/database' }],
])('the source "%s"', (source, read) => {
  expect(sourceOf(source)).toEqual(read)
})

test.each([
  [7200, '2 hours'],
  [5400, '1.5 hours'],
  [90, undefined],
  [600, '10 minutes'],
  [601, undefined],
  [2_592_000, '30 days'],
])('%i seconds are %s', (seconds, text) => {
  expect(durationText(seconds, 'en')).toBe(text)
})

test('tokens are long and never the same', () => {
  expect(randomToken()).toMatch(/^[0-9a-f]{32}$/)
  expect(randomToken()).not.toBe(randomToken())
})

test('each setting of the server has a name and an explanation here', () => {
  const lines = readFileSync('../config.example.yaml', 'utf8').split('\n')
  let section = ''
  const keys = lines.flatMap((line) => {
    const [, indent, name] = /^( {2})?(\w+):/.exec(line) ?? []
    if (name === undefined) return []
    if (indent !== undefined) return [`${section}.${name}`]
    section = name
    return []
  })
  const shown = sectionsOf(keys.map((key) => setting(key, '')))
  expect(shown.length).toBeGreaterThan(9)
  for (const { name, settings } of shown) {
    expect(Object.keys(en.settings.section)).toContain(name)
    for (const texts of [en.settings.key, en.settings.hint] as Record<string, Record<string, string>>[]) {
      expect(Object.keys(texts[name] ?? {})).toEqual(expect.arrayContaining(settings.map(({ key }) => key.slice(name.length + 1))))
    }
  }
})
