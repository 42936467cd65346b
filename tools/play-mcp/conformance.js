// The protocol's conformance suite against the server.
//
// The suite knows no keys, so it talks to a door that adds one and passes everything else on as it
// came, `Host` and `Origin` too. The suite's other scenarios want tools of its own.

import { spawn } from 'node:child_process'
import { createServer, request } from 'node:http'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SUITE = fileURLToPath(
  new URL('node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url),
)
const SCENARIOS = ['server-initialize', 'ping', 'tools-list', 'dns-rebinding-protection']

/** Fails unless every scenario passes. */
export async function conform(server, key) {
  const door = createServer((asked, answer) => {
    const headers = { ...asked.headers, authorization: `Bearer ${key}` }
    const { method, url: path } = asked
    const passed = request(new URL(path, server.url), { method, headers }, (answered) => {
      answer.writeHead(answered.statusCode, answered.headers)
      answered.pipe(answer)
    })
    passed.on('error', (error) => answer.destroy(error))
    asked.pipe(passed)
  })
  door.listen(0, '127.0.0.1')
  await once(door, 'listening')
  const url = `http://127.0.0.1:${door.address().port}/mcp`
  const place = await mkdtemp(join(tmpdir(), 'openmoss-conformance-'))
  try {
    for (const scenario of SCENARIOS) {
      await run(url, scenario, place)
      console.log(`conformance: ${scenario} passed`)
    }
  } finally {
    door.closeAllConnections()
    door.close()
    await rm(place, { recursive: true, force: true })
  }
}

async function run(url, scenario, place) {
  const args = [SUITE, 'server', '--url', url, '--scenario', scenario]
  const child = spawn(process.execPath, args, { cwd: place })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => (said += data))
  }
  const [code] = await once(child, 'close')
  const failed = Number(/(\d+) failed/.exec(said)?.[1] ?? 0)
  const passed = Number(/Passed: (\d+)\//.exec(said)?.[1] ?? 0)
  if (code !== 0 || failed > 0 || passed === 0) {
    throw new Error(`conformance: ${scenario} failed:\n${said}`)
  }
}
