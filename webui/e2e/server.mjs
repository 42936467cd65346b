// Starts the real program on a fresh folder and database, and sets it up over its own API.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const PROGRAM = resolve(process.env.OPENMOSS_PROGRAM ?? '../target/release/openmoss')
export const PASSWORD = 'browser-test-password'

/** Resolves with the address from the one line that the program prints when it is ready. */
function readyAddress(child) {
  return new Promise((found, failed) => {
    let printed = ''
    child.stdout.on('data', (chunk) => {
      printed += chunk
      const address = /http:\/\/\S+/.exec(printed)?.[0]
      if (address) found(address)
    })
    child.on('exit', (code) => failed(new Error(`the server ended with code ${code}`)))
    child.on('error', failed)
  })
}

export async function startServer() {
  const folder = mkdtempSync(join(tmpdir(), 'openmoss-browser-'))
  const child = spawn(PROGRAM, ['serve', '--host', '127.0.0.1', '--port', '0'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, RUST_LOG: 'warn' },
  })
  const address = await readyAddress(child)
  const stop = () => {
    child.kill('SIGTERM')
    rmSync(folder, { recursive: true, force: true })
  }
  return { address, stop }
}

export async function post(address, path, body, headers = {}) {
  const response = await fetch(address + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(`${path}: ${response.status} ${answer.detail}`)
  return answer
}

/** Runs the wizard, and creates a planner with a task in the database. */
export async function setUp(address) {
  const setup = await post(address, '/api/setup/initialize', {
    admin_password: PASSWORD,
    project_name: 'Browser test',
    workspace_root: '/workspace',
  })
  const { token } = await post(address, '/api/admin/login', { password: PASSWORD })
  const admin = { 'X-Admin-Token': token }
  const planner = await post(address, '/api/admin/agents', { name: 'pia', role: 'planner' }, admin)
  const agent = { Authorization: `Bearer ${planner.api_key}` }
  const task = await post(address, '/api/tasks', { name: 'A goal' }, agent)
  const plan = { sub_tasks: [{ name: 'One' }, { name: 'Two' }] }
  await post(address, `/api/tasks/${task.id}/plan`, plan, agent)
  return { token, key: planner.api_key, registration: setup.registration_token }
}
