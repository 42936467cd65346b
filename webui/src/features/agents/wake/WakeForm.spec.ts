import { flushPromises, mount } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { surroundings } from '../../../testing/mount'
import { json, serve } from '../../../testing/server'
import WakeForm from './WakeForm.vue'

const WAKE = '/api/admin/agents/a/wake'
const TARGET = { kind: 'webhook', url: 'https://example.com/***', has_secret: true, runtime_agent: null, hook: null, is_outstanding: false, woken_at: null, unanswered: 0 }

async function shown() {
  const form = mount(WakeForm, { props: { agentId: 'a', firstKind: 'openclaw' }, global: surroundings() })
  await flushPromises()
  return form
}

test('a masked address is shown beside the field, and nothing is saved until it is written whole', async () => {
  const requests = serve({ [`GET ${WAKE}`]: () => json(TARGET), [`PUT ${WAKE}`]: () => json(TARGET) })
  const form = await shown()
  expect(form.text()).toContain('https://example.com/***')
  const save = form.get('button[type=submit]')
  expect(save.attributes()).toHaveProperty('disabled')
  await form.get('input').setValue('https://example.com/hook')
  expect(save.attributes()).not.toHaveProperty('disabled')
  await form.get('form').trigger('submit')
  await flushPromises()
  expect(requests.find(({ route }) => route.startsWith('PUT'))?.body).toEqual({ kind: 'webhook', url: 'https://example.com/hook' })
})

test('what came of a wake-up is said', async () => {
  serve({
    [`GET ${WAKE}`]: () => json(TARGET),
    [`POST ${WAKE}/test`]: () => json({ is_delivered: false, detail: 'Not delivered: refused.' }),
  })
  const form = await shown()
  const wake = form.findAll('button').find((one) => one.text() === 'Wake it now')
  await wake?.trigger('click')
  await flushPromises()
  expect(form.get('[role=status]').text()).toBe('Not delivered: refused.')
})
