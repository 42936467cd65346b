/** One message of an event stream. */
export interface Message {
  id: string | undefined
  data: string
}

/**
 * Reads a `text/event-stream` as it comes. (The browser's own EventSource cannot send the header that
 * the session's token goes in.)
 */
export async function* readStream(body: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
  const decoder = new TextDecoder()
  const reader = body.getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const blocks = (rest + decoder.decode(value, { stream: true })).split(/\r?\n\r?\n/)
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const message = parse(block)
        if (message !== undefined) yield message
      }
    }
  } finally {
    reader.releaseLock()
  }
}

/** Nothing for a block without data, such as a heartbeat. */
function parse(block: string): Message | undefined {
  const fields = block.split(/\r?\n/).map((line) => {
    const colon = line.indexOf(':')
    return colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')]
  })
  const data = fields.flatMap(([name, value]) => (name === 'data' ? [value ?? ''] : []))
  if (data.length === 0) return undefined
  return { id: fields.find(([name]) => name === 'id')?.[1], data: data.join('\n') }
}
