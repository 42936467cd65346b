import { expect, test } from 'vitest'
import { channelOf } from './channels'

test.each([
  ['slack:https://hooks.slack.com/***', 'slack', 'https://hooks.slack.com/***', true],
  ['email:ops@example.com', 'email', 'ops@example.com', true],
  ['chat:oc_1', 'chat', 'oc_1', false],
  ['me@example.com', '', 'me@example.com', false],
])('%s', (entry, kind, target, isOfServer) => {
  expect(channelOf(entry)).toEqual({ entry, kind, target, isOfServer })
})
