import { mount } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { ApiError, type Failure } from '../api/problem'
import { surroundings } from '../testing/mount'
import ErrorNotice from './ErrorNotice.vue'

test.each<{ failure: Failure; text: string }>([
  { failure: { kind: 'unreachable' }, text: 'The server cannot be reached.' },
  { failure: { kind: 'unreadable' }, text: 'The server sent an answer that the dashboard cannot read.' },
  {
    failure: { kind: 'refused', problem: { status: 503, detail: 'Too much to do.', code: undefined, fields: [] } },
    text: 'Too much to do.',
  },
  {
    failure: { kind: 'refused', problem: { status: 502, detail: undefined, code: undefined, fields: [] } },
    text: 'The server refused with status 502.',
  },
])('$failure reads "$text"', ({ failure, text }) => {
  const notice = mount(ErrorNotice, { props: { error: new ApiError(failure) }, global: surroundings() })
  expect(notice.get('[role=alert]').text()).toBe(text)
  expect(notice.find('button').exists()).toBe(false)
})

test('offers a retry where one makes sense', async () => {
  const notice = mount(ErrorNotice, {
    props: { error: new ApiError({ kind: 'unreachable' }), canRetry: true },
    global: surroundings('zh-CN'),
  })
  await notice.get('button').trigger('click')
  expect(notice.get('button').text()).toBe('重试')
  expect(notice.emitted('retry')).toHaveLength(1)
})
