import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope, ref, type EffectScope } from 'vue'
import { ApiError } from '../api/problem'
import { useQuery, type QueryOptions } from './useQuery'

const unreachable = new ApiError({ kind: 'unreachable' })
let scope: EffectScope

beforeEach(() => {
  vi.useFakeTimers()
  scope = effectScope()
})

afterEach(() => {
  scope.stop()
  setHidden(false)
  vi.useRealTimers()
})

test('asks at once and again after each interval', async () => {
  const load = counter()
  const { data } = poll(load)
  await settle()
  expect(data.value).toBe(1)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(data.value).toBe(3)
})

test('waits for an answer before it asks again', async () => {
  const load = vi.fn(() => new Promise<number>(() => undefined))
  const { isLoading } = poll(load)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(load).toHaveBeenCalledTimes(1)
  expect(isLoading.value).toBe(true)
})

test('keeps the last answer while calls fail, and goes on asking', async () => {
  const load = vi.fn(async () => 1)
  const { data, error } = poll(load)
  await settle()
  load.mockRejectedValueOnce(unreachable)
  await vi.advanceTimersByTimeAsync(1_000)
  expect([data.value, error.value]).toEqual([1, unreachable])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(error.value).toBeUndefined()
})

test('rests while the page is hidden and asks when it is seen again', async () => {
  const load = counter()
  poll(load)
  await settle()
  setHidden(true)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(load).toHaveBeenCalledTimes(1)
  setHidden(false)
  await settle()
  expect(load).toHaveBeenCalledTimes(2)
})

test('rests while it is not enabled', async () => {
  const load = counter()
  const isEnabled = ref(false)
  poll(load, { isEnabled: () => isEnabled.value })
  await vi.advanceTimersByTimeAsync(5_000)
  expect(load).not.toHaveBeenCalled()
  isEnabled.value = true
  await settle()
  expect(load).toHaveBeenCalledTimes(1)
})

test('never shows the answer to a call that a newer one replaced', async () => {
  const answers: ((value: string) => void)[] = []
  const { data, refresh } = poll(() => new Promise<string>((resolve) => answers.push(resolve)))
  void refresh()
  answers[1]?.('new')
  await settle()
  answers[0]?.('old')
  await settle()
  expect(data.value).toBe('new')
})

test('many wishes become one call', async () => {
  const load = counter()
  const { refreshSoon } = poll(load, { intervalMs: 60_000 })
  await settle()
  for (let wish = 0; wish < 5; wish += 1) refreshSoon()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(load).toHaveBeenCalledTimes(2)
})

test('wishes that never end do not put it off for ever', async () => {
  const load = counter()
  const { refreshSoon } = poll(load, { intervalMs: 60_000 })
  await wish(refreshSoon, 4_000)
  expect(load.mock.calls.length).toBeGreaterThan(8)
})

test('a wish does not give up the call that is under way', async () => {
  const signals: AbortSignal[] = []
  const load = (signal: AbortSignal) => {
    signals.push(signal)
    return new Promise<void>((resolve) => setTimeout(resolve, 1_000))
  }
  const { refreshSoon } = poll(load, { intervalMs: 60_000 })
  await wish(refreshSoon, 4_000)
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false])
})

test('stops with its scope', async () => {
  const load = vi.fn(async (signal: AbortSignal) => signal)
  const { data } = poll(load)
  await settle()
  scope.stop()
  await vi.advanceTimersByTimeAsync(5_000)
  expect(load).toHaveBeenCalledTimes(1)
  expect(data.value?.aborted).toBe(false)
})

test('gives up the call that is under way when its scope stops', () => {
  let seen: AbortSignal | undefined
  poll((signal) => {
    seen = signal
    return new Promise(() => undefined)
  })
  scope.stop()
  expect(seen?.aborted).toBe(true)
})

function poll<T>(load: (signal: AbortSignal) => Promise<T>, options: Partial<QueryOptions> = {}) {
  const query = scope.run(() => useQuery(load, { intervalMs: 1_000, ...options }))
  if (query === undefined) throw new Error('the scope has stopped')
  return query
}

/** As events do in a team that never rests. */
async function wish(refreshSoon: () => void, forMs: number): Promise<void> {
  for (let passed = 0; passed < forMs; passed += 100) {
    refreshSoon()
    await vi.advanceTimersByTimeAsync(100)
  }
}

function counter() {
  let count = 0
  return vi.fn(async () => ++count)
}

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0)
}

function setHidden(hidden: boolean): void {
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(hidden)
  document.dispatchEvent(new Event('visibilitychange'))
}
