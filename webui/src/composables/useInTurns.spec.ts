import { effectScope, nextTick, ref } from 'vue'
import { expect, test, vi } from 'vitest'
import { useInTurns } from './useInTurns'

function upTo(number: number): number[] {
  return Array.from({ length: number }, (_, index) => index)
}

test('a list is drawn in turns until it is whole, and what is added follows', async () => {
  vi.useFakeTimers()
  const scope = effectScope()
  const rows = ref<number[]>()
  const drawn = scope.run(() => useInTurns(() => rows.value))
  if (drawn === undefined) throw new Error('no scope')
  expect(drawn.value).toBeUndefined()

  rows.value = upTo(20)
  await nextTick()
  expect(drawn.value).toEqual(upTo(8))
  await vi.runAllTimersAsync()
  expect(drawn.value).toEqual(upTo(20))

  rows.value = upTo(30)
  await nextTick()
  await vi.runAllTimersAsync()
  expect(drawn.value).toEqual(upTo(30))

  rows.value = upTo(3)
  await nextTick()
  expect(drawn.value).toEqual(upTo(3))
  rows.value = upTo(30)
  await nextTick()
  expect(drawn.value).toEqual(upTo(30))
  scope.stop()
  vi.useRealTimers()
})
