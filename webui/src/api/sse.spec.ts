import { expect, test } from 'vitest'
import { readStream, type Message } from './sse'

async function read(...pieces: string[]): Promise<Message[]> {
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(encoder.encode(piece))
      controller.close()
    },
  })
  const messages: Message[] = []
  for await (const message of readStream(body)) messages.push(message)
  return messages
}

test('messages come out whole, wherever the network cuts them', async () => {
  expect(await read('retry: 2000\n\nid: 7\nda', 'ta: {"a":1}\n', '\nid: 8\ndata: b\n\n')).toEqual([
    { id: '7', data: '{"a":1}' },
    { id: '8', data: 'b' },
  ])
})

test('heartbeats and what is cut off at the end are no messages', async () => {
  expect(await read(': beat\n\n', 'id: 9\n\n', 'data: lost')).toEqual([])
})

test('several lines of data are one text', async () => {
  expect(await read('data: a\ndata: b\r\n\r\n')).toEqual([{ id: undefined, data: 'a\nb' }])
})
