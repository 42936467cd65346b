// Plays a goal from plan to delivery through /mcp, with the TypeScript SDK of the protocol as the
// client, and then the protocol's conformance suite.
//
//     node tools/play-mcp/play.js target/release/openmoss [postgres://…]
//
// The program is started on a fresh database in a temporary folder, and stopped.

import assert from 'node:assert/strict'

import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

import { conform } from './conformance.js'
import { start } from './server.js'

const ROLES = ['planner', 'executor', 'reviewer', 'patrol']
const TOOLS_MAX = 10

/** An agent of `role`: the library's client with the agent's key. */
async function join(server, role) {
  const key = await server.register(role)
  const transport = new StreamableHTTPClientTransport(new URL('/mcp', server.url), {
    requestInit: { headers: { Authorization: `Bearer ${key}` } },
  })
  const client = new Client({ name: `play-${role}`, version: '1.0.0' })
  await client.connect(transport)
  const call = async (name, args = {}) => {
    const result = await client.callTool({ name, arguments: args })
    const [{ text }] = result.content
    return { text, isError: result.isError === true }
  }
  const tool = async (name, args) => {
    const { text, isError } = await call(name, args)
    assert.ok(!isError, `${name}: ${text}`)
    return text
  }
  return { client, key, call, tool }
}

/** Each role sees its own tools, and each of them is annotated. */
async function look(team) {
  for (const role of ROLES) {
    const { tools } = await team[role].client.listTools()
    assert.ok(tools.length > 1 && tools.length <= TOOLS_MAX, `${role} has ${tools.length} tools`)
    for (const { name, annotations } of tools) {
      assert.equal(annotations.destructiveHint, false, name)
      assert.equal(annotations.openWorldHint, false, name)
    }
    await team[role].client.ping()
  }
  const { text, isError } = await team.executor.call('review_work', {})
  assert.ok(isError && text.includes('reviewer'), text)
}

/** The id of the sub-task that a tool speaks of. */
function subTaskId(text) {
  const found = /sub[-_]task(?:_id)?[ :]*([0-9a-f-]{36})/.exec(text)
  assert.ok(found, `no sub-task in: ${text}`)
  return found[1]
}

/** The next sub-task of an executor, handed in. */
async function work(executor, name) {
  const next = await executor.tool('next_work')
  assert.ok(next.includes(name), next)
  const id = subTaskId(next)
  await executor.tool('report_progress', { sub_task_id: id, progress: 'Half of it.', percent: 50 })
  await executor.tool('submit_work', {
    sub_task_id: id,
    summary: `${name} is done.`,
    artifacts: [{ kind: 'text', value: `The text of ${name}.`, title: name }],
  })
  return id
}

/** The next review, with this verdict. */
async function judge(reviewer, id, verdict) {
  const next = await reviewer.tool('next_work')
  assert.equal(subTaskId(next), id)
  assert.ok(next.includes('The text of'), 'the reviewer sees what was handed in')
  await reviewer.tool('review_work', { sub_task_id: id, ...verdict })
}

/** A goal with two sub-tasks, one behind the other, the first of them sent back once. */
async function deliver(server, { planner, executor, reviewer }) {
  const made = await planner.tool('create_task', { name: 'A small site', description: 'Two pages.' })
  const task = /[0-9a-f-]{36}/.exec(made)[0]
  await planner.tool('create_plan', {
    task_id: task,
    sub_tasks: [
      { ref: 'draft', name: 'Draft', description: 'Write it.', acceptance: 'It is short.' },
      { name: 'Print', description: 'Print it.', depends_on: ['draft'] },
    ],
  })
  await planner.tool('set_task_status', { task_id: task, status: 'active' })

  const draft = await work(executor, 'Draft')
  await judge(reviewer, draft, { result: 'rejected', score: 2, issues: 'It is too long.' })
  assert.equal(await work(executor, 'Draft'), draft, 'rework comes first, to its owner')
  await judge(reviewer, draft, { result: 'approved', score: 5 })
  const print = await work(executor, 'Print')
  await judge(reviewer, print, { result: 'approved', score: 4 })
  await planner.tool('set_task_status', { task_id: task, status: 'completed' })

  for (const id of [draft, print]) {
    const { status } = await server.get(`/api/sub-tasks/${id}`)
    assert.equal(status, 'done')
  }
  const { status } = await server.get(`/api/tasks/${task}`)
  assert.equal(status, 'completed')
}

/** A client without a key hears so at once, and is led nowhere else. */
async function stranger(server) {
  const client = new Client({ name: 'stranger', version: '1.0.0' })
  const transport = new StreamableHTTPClientTransport(new URL('/mcp', server.url))
  await assert.rejects(client.connect(transport), (error) => error.code === 401)
}

const [program, database] = process.argv.slice(2)
assert.ok(program, 'usage: node tools/play-mcp/play.js PROGRAM [DATABASE]')
const server = await start(program, database)
try {
  await stranger(server)
  const team = {}
  for (const role of ROLES) {
    team[role] = await join(server, role)
  }
  await look(team)
  await deliver(server, team)
  console.log('a goal was planned, worked, judged and delivered through /mcp')
  await conform(server, team.executor.key)
  for (const role of ROLES) {
    await team[role].client.close()
  }
} finally {
  await server.stop()
}
