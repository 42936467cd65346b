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

export async function call(method, address, path, body, headers = {}) {
  const response = await fetch(address + path, {
    method,
    headers: { 'Content-Type': 'application/json', ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(`${path}: ${response.status} ${answer.detail}`)
  return answer
}

export function post(address, path, body, headers) {
  return call('POST', address, path, body, headers)
}

/** What the wizard does. */
export async function setUp(address) {
  const answers = { admin_password: PASSWORD, project_name: 'Browser test', workspace_root: '/srv/work', external_url: '' }
  await post(address, '/api/setup/initialize', answers)
}

/** A team with a goal whose work is in every status that the pages show differently. */
export async function seed(address) {
  const { token } = await post(address, '/api/admin/login', { password: PASSWORD })
  const admin = { 'X-Admin-Token': token }
  const join = async (name, role) => {
    const agent = await post(address, '/api/admin/agents', { name, role, description: `The **${role}**` }, admin)
    return { id: agent.id, key: agent.api_key, as: { Authorization: `Bearer ${agent.api_key}` } }
  }
  const planner = await join('pia', 'planner')
  const executor = await join('eli', 'executor')
  const reviewer = await join('rui', 'reviewer')
  const goal = { name: 'A price comparison', description: HARMFUL }
  const task = await post(address, '/api/tasks', goal, planner.as)
  const work = (ref, name, depends_on = []) => ({ ref, name, depends_on, description: HARMFUL, acceptance: 'Sources' })
  await post(
    address,
    `/api/tasks/${task.id}/plan`,
    {
      modules: [{ ref: 'm', name: 'Research', sub_tasks: [work('a', 'Collect'), work('b', 'Ask'), work('c', 'Compare', ['a'])] }],
      sub_tasks: [work('d', 'Write', ['c']), work('e', 'Draw'), work('f', 'Publish', ['d'])],
    },
    planner.as,
  )
  await call('PUT', address, `/api/tasks/${task.id}/status`, { status: 'active' }, planner.as)
  const begin = async () => {
    const { sub_task } = await post(address, '/api/sub-tasks/claim-next', {}, executor.as)
    await post(address, `/api/sub-tasks/${sub_task.id}/start`, {}, executor.as)
    return sub_task.id
  }
  const handIn = async () => {
    const id = await begin()
    const artifacts = [{ kind: 'url', value: 'https://example.com' }, { kind: 'text', value: '# Notes' }]
    await post(address, `/api/sub-tasks/${id}/submit`, { summary: 'Done: **all** of it', artifacts }, executor.as)
    return id
  }
  const done = await handIn()
  const review = await post(address, '/api/review-records', { sub_task_id: done, result: 'approved', score: 5 }, reviewer.as)
  const inReview = await handIn()
  const blocked = await begin()
  await post(address, `/api/sub-tasks/${blocked}/block`, { kind: 'needs_input', detail: 'Which year?' }, executor.as)
  await post(address, `/api/sub-tasks/${blocked}/notes`, { text: HARMFUL }, admin)
  await post(address, '/api/logs', { action: 'reflection', sub_task_id: done, summary: HARMFUL }, executor.as)
  await post(address, '/api/admin/scores/adjust', { agent_id: executor.id, score_delta: -3, reason: 'Late' }, admin)
  const persona = { avatar: 'face-3', signature: 'Measure twice, cut once.', work_style: ['careful', '细心'] }
  await call('PUT', address, '/api/agents/me/persona', persona, executor.as)
  const usage = { sub_task_id: done, model: 'a-model', input_tokens: 52_000, output_tokens: 1800, cost: '0.5' }
  await post(address, '/api/usage', usage, executor.as)
  await call('PUT', address, `/api/admin/budgets/tasks/${task.id}`, { cost: '20' }, admin)
  const finding = { type: 'blocked_long', severity: 'critical', description: HARMFUL, sub_task_id: blocked, agent_id: executor.id }
  const { record } = await post(address, '/api/patrol-records', finding, admin)
  const daily = { cron: '0 9 * * 1-5', timezone: 'Asia/Shanghai' }
  const recurring = await post(address, '/api/sub-tasks', { task_id: task.id, name: 'Report', recurrence: daily }, planner.as)
  const team = { planner: planner.as, executor: executor.as, reviewer: reviewer.as }
  return { token, admin, team, key: planner.key, recurring: recurring.id, task: task.id, agent: executor.id, done, inReview, blocked, record: record.id, review: review.id }
}

/** What a hostile agent might write: nothing of it may come to life. */
const HARMFUL = [
  '# Heading',
  'Some **bold** text',
  '<script>window.harmed = 1</script><img src=x onerror="window.harmed = 2">',
  '[link](javascript:window.harmed=3) <a href="javascript:window.harmed=4" onclick="window.harmed = 5">x</a>',
  '<style>body { display: none }</style><iframe src="/docs"></iframe><form action="/x"><input name="y"></form>',
].join('\n\n')
