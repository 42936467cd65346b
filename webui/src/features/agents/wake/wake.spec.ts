import { expect, test } from 'vitest'
import { bodyOf, draftOf, gatewayConfig } from './wake'

const target = { has_secret: true, is_outstanding: false, unanswered: 0, woken_at: null, runtime_agent: null, hook: null }

test('the masked address of a webhook is not sent back, that of a gateway stays', () => {
  expect(draftOf({ ...target, kind: 'webhook', url: 'https://example.com/***' }, 'openclaw').url).toBe('')
  expect(draftOf({ ...target, kind: 'openclaw', url: 'http://10.0.0.7:18789', hook: 'h' }, 'webhook')).toMatchObject({
    kind: 'openclaw',
    url: 'http://10.0.0.7:18789',
    hook: 'h',
  })
  expect(draftOf({ ...target, kind: null, url: null }, 'webhook').kind).toBe('webhook')
})

test('only what is filled in is sent, and what belongs to the kind', () => {
  const draft = { kind: 'openclaw' as const, url: ' http://a ', secret: '', runtimeAgent: 'ada ', hook: '' }
  expect(bodyOf(draft)).toEqual({ kind: 'openclaw', url: 'http://a', runtime_agent: 'ada' })
  expect(bodyOf({ ...draft, kind: 'webhook', secret: 's' })).toEqual({ kind: 'webhook', url: 'http://a', secret: 's' })
})

test('the gateway is told which agent may be started, and by which hook', () => {
  const draft = draftOf({ ...target, kind: null, url: null }, 'openclaw')
  expect(gatewayConfig(draft)).toContain('allowedAgentIds: ["main"]')
  const mapped = gatewayConfig({ ...draft, runtimeAgent: 'ada', hook: 'openmoss-ada' })
  expect(mapped).toContain('match: { path: "openmoss-ada" }, action: "agent", agentId: "ada"')
})
