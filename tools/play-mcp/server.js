// Starts the program on a fresh database, and stops it.

import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { openSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

const PASSWORD = 'the password of the play'
const START_MILLISECONDS_MAX = 60_000

/** A server that is set up, with what its admin can do. */
export async function start(program, database) {
  const place = await mkdtemp(join(tmpdir(), 'openmoss-mcp-'))
  const config = {
    admin: { password: PASSWORD },
    setup: { initialized: true },
    server: { host: '127.0.0.1', port: 0 },
    database: { path: join(place, 'tasks.db') },
    content: { root: place },
  }
  // JSON is YAML, too.
  await writeFile(join(place, 'config.yaml'), JSON.stringify(config))
  const log = join(place, 'log')
  const args = ['--config', join(place, 'config.yaml'), ...(database ? ['--database', database] : [])]
  const child = spawn(resolve(program), args, {
    cwd: place,
    stdio: ['ignore', 'pipe', openSync(log, 'w')],
  })
  const exited = new Promise((done) => child.once('close', done))
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
    await rm(place, { recursive: true, force: true })
  }
  const url = await address(child)
  if (url === undefined) {
    const said = await readFile(log, 'utf8')
    await stop()
    throw new Error(`the server did not start:\n${said.slice(-4000)}`)
  }
  try {
    return { url, stop, ...(await admin(url)) }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Where it listens; nothing when it ended, or took too long. */
async function address(child) {
  const late = setTimeout(() => child.kill('SIGKILL'), START_MILLISECONDS_MAX)
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const ready = /ready at (http:\/\/\S+)/.exec(line)
      if (ready) {
        // What it prints later must not fill the pipe.
        child.stdout.resume()
        return ready[1]
      }
    }
  } finally {
    clearTimeout(late)
  }
}

async function admin(url) {
  const ask = async (path, headers, body) => {
    const response = await fetch(new URL(path, url), {
      method: body ? 'POST' : 'GET',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: body && JSON.stringify(body),
    })
    const text = await response.text()
    if (!response.ok) {
      throw new Error(`${path}: ${response.status} ${text}`)
    }
    return JSON.parse(text)
  }
  const { token } = await ask('/api/admin/login', {}, { password: PASSWORD })
  const headers = { 'X-Admin-Token': token }
  return {
    get: (path) => ask(path, headers),
    register: async (role) => {
      const made = await ask('/api/agents', headers, { name: `play ${role}`, role })
      return made.api_key
    },
  }
}
