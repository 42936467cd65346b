// Works with the dashboard as a person does, against the real program: from the wizard to delivered work, and Swagger UI.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { call, PASSWORD, post, seed } from './server.mjs'
import { check, openPage, openSignedIn, screenshot, server, settle } from './stage.mjs'

const SCRIPT_BYTES_MAX = 250_000
/** A phone asks for each over a slow network. */
const SCRIPTS_MAX = 20
/** What executors get beside their own, once somebody switched it on. */
const GIVEN_SKILL = 'wordpress-skill'
const known = {}

test('the wizard sets the server up and leads to the dashboard', async () => {
  const { page, wrong } = await openPage()
  await page.goto(`${server.address}/tasks`)
  await page.getByLabel('Project name').fill('Browser test')
  await check(page, 'setup')
  await page.getByRole('button', { name: 'Next' }).click()
  await page.getByLabel('Admin password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Next' }).click()
  await page.getByRole('button', { name: 'Finish the setup' }).click()
  await page.getByRole('heading', { name: 'The server is ready' }).waitFor()
  known.registration = await page.getByLabel('Registration token').textContent()
  await page.getByRole('button', { name: 'To the dashboard' }).click()
  await page.getByRole('heading', { name: 'Dashboard' }).waitFor()
  await settle(page)
  await check(page, 'dashboard-empty')
  assert.deepEqual(wrong, [])
})

test('a team works', async () => {
  Object.assign(known, await seed(server.address))
})

test('a goal is stated, agents work, blocked work is unblocked, and it is delivered while one looks on', async () => {
  const { planner, executor, reviewer } = known.team
  const { page, wrong } = await openSignedIn(known.token)
  await page.goto(`${server.address}/tasks`)
  await page.getByRole('button', { name: 'New goal' }).click()
  await page.getByRole('dialog').getByLabel('Goal', { exact: true }).fill('A timetable')
  await page.getByRole('dialog').getByRole('button', { name: 'State the goal' }).click()
  await page.getByText('Not planned yet').waitFor()
  const task = new URL(page.url()).pathname.split('/').at(-1)
  const ask = (path, body, as) => post(server.address, path, body, as)

  const { sub_tasks } = await ask(`/api/tasks/${task}/plan`, { sub_tasks: [{ ref: 'a', name: 'Ask the ferry lines', acceptance: 'All' }] }, planner)
  await call('PUT', server.address, `/api/tasks/${task}/status`, { status: 'active' }, planner)
  const work = `/api/sub-tasks/${sub_tasks[0].id}`
  await page.getByText('Ask the ferry lines').waitFor()
  await ask(`${work}/claim`, {}, executor)
  await ask(`${work}/start`, {}, executor)
  await ask(`${work}/block`, { kind: 'needs_input', detail: 'Which season?' }, executor)
  await page.getByText('Blocked', { exact: true }).waitFor()
  await page.getByText('Ask the ferry lines').click()
  await page.getByRole('dialog').getByRole('button', { name: 'Unblock' }).click()
  await page.getByRole('dialog').last().getByRole('button', { name: 'Unblock' }).click()
  await page.getByRole('dialog').getByText('Pending').first().waitFor()

  await ask(`${work}/claim`, {}, executor)
  await ask(`${work}/start`, {}, executor)
  await ask(`${work}/submit`, { summary: 'All of them answered.' }, executor)
  await page.getByRole('dialog').getByText('In review').first().waitFor()
  await ask('/api/review-records', { sub_task_id: sub_tasks[0].id, result: 'approved', score: 5 }, reviewer)
  await page.getByRole('dialog').getByText('Done').first().waitFor()
  await page.keyboard.press('Escape')
  await page.getByText('1 of 1 done').first().waitFor()
  await call('PUT', server.address, `/api/tasks/${task}/status`, { status: 'completed' }, planner)
  await page.getByText('Completed', { exact: true }).waitFor()
  assert.deepEqual(wrong, [])
})

test('a finding is resolved from its drawer', async () => {
  const { page, wrong } = await openSignedIn(known.token)
  await page.goto(`${server.address}/patrol?record=${known.record}`)
  await page.getByRole('dialog').getByRole('button', { name: 'Resolve' }).click()
  const question = page.getByRole('dialog', { name: 'Resolve' })
  await question.getByLabel('What was done').fill('The year is in the notes now.')
  await question.getByRole('button', { name: 'Resolve' }).click()
  await page.getByRole('dialog').getByText('The year is in the notes now.').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('heading', { name: 'Patrol' }).waitFor()
  await page.getByText('Nothing is wrong').waitFor()
  assert.deepEqual(wrong, [])
})

test('a score is adjusted, and the leaderboard follows', async () => {
  const { page, wrong } = await openSignedIn(known.token)
  await page.goto(`${server.address}/scores`)
  await page.getByRole('button', { name: 'Adjust the score of eli' }).click()
  const dialog = page.getByRole('dialog', { name: 'Adjust a score' })
  await dialog.getByLabel('Change').fill('+40')
  await dialog.getByLabel('Reason').fill('A good idea')
  await dialog.getByRole('button', { name: 'Adjust a score' }).click()
  await page.getByRole('row', { name: /eli/ }).getByText('47', { exact: true }).waitFor()
  assert.deepEqual(wrong, [])
})

test('a budget is set, and shows that it is used up', async () => {
  const { page, wrong } = await openSignedIn(known.token)
  await page.goto(`${server.address}/usage`)
  await page.getByRole('button', { name: 'Budget of eli' }).click()
  const dialog = page.getByRole('dialog', { name: 'Budget' })
  await dialog.getByLabel('Cost').fill('0.25')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('tab', { name: 'Budgets' }).click()
  const row = page.getByRole('row', { name: /eli/ })
  await row.getByText('0.50 of 0.25').waitFor()
  await row.getByText('Used up').waitFor()
  assert.deepEqual(wrong, [])
})

test('a goal is stated on a schedule, which is paused and resumed', async () => {
  const { page, wrong } = await openSignedIn(known.token)
  await page.goto(`${server.address}/tasks`)
  await page.getByRole('button', { name: 'New goal' }).click()
  const dialog = page.getByRole('dialog', { name: 'New goal' })
  await dialog.getByLabel('Goal', { exact: true }).fill('A report each working day')
  await dialog.getByLabel('How often').selectOption('recurring')
  await dialog.getByText('The next times, here').waitFor()
  await dialog.getByRole('button', { name: 'State the goal' }).click()
  await page.getByText('Every working day at 9:00').waitFor()
  await settle(page)
  await check(page, 'task-schedule')
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByText('Paused').waitFor()
  await page.getByRole('button', { name: 'Resume' }).click()
  await page.getByText('Next round').waitFor()
  assert.deepEqual(wrong, [])
})

test('the schedule of a sub-task is paused and changed in its drawer', async () => {
  const { page, wrong } = await openSignedIn(known.token)
  await page.goto(`${server.address}/tasks/${known.task}?sub=${known.recurring}`)
  const drawer = page.getByRole('dialog', { name: 'Report' })
  await drawer.getByText('Every working day at 9:00').waitFor()
  await drawer.getByRole('button', { name: 'Pause' }).click()
  await drawer.getByText('Paused').waitFor()
  await drawer.getByRole('button', { name: 'Resume' }).click()
  await drawer.getByText('Next round').waitFor()
  await drawer.getByRole('button', { name: 'Change' }).click()
  const dialog = page.getByRole('dialog', { name: 'Schedule' })
  await dialog.getByLabel('When', { exact: true }).selectOption('daily')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await drawer.getByText('Every day at 9:00').waitFor()
  assert.deepEqual(wrong, [])
})

test('a task is given rules of its own', async () => {
  const { page, wrong } = await openSignedIn(known.token)
  await page.goto(`${server.address}/tasks/${known.task}`)
  await page.getByRole('button', { name: 'Edit', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Edit the goal' })
  await dialog.getByLabel('Acceptance criteria').selectOption('true')
  await check(page, 'task-rules')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.waitFor({ state: 'detached' })
  const policy = await call('GET', server.address, `/api/tasks/${known.task}/policy`, undefined, known.admin)
  assert.deepEqual([policy.own.require_acceptance, policy.own.require_module], [true, null])
  assert.deepEqual(wrong, [])
})

test('a note is added, and the feed shows it as it happens', async () => {
  const { page, wrong } = await openSignedIn(known.token)
  const { page: feed, wrong: wrongThere } = await openSignedIn(known.token)
  await feed.goto(`${server.address}/feed`)
  await settle(feed)
  await page.goto(`${server.address}/tasks/${known.task}?sub=${known.inReview}&part=notes`)
  await page.getByLabel('New note').fill('Look at the second table, too.')
  await page.getByRole('button', { name: 'Add the note' }).click()
  await page.getByRole('listitem').getByText('Look at the second table, too.').waitFor()
  await feed.getByText('Look at the second table, too.').waitFor()
  assert.deepEqual([...wrong, ...wrongThere], [])
})

test('what agents write does no harm', async () => {
  const { page, wrong } = await openSignedIn(known.token)
  await page.goto(`${server.address}/tasks/${known.task}`)
  await page.locator('.prose-text strong').first().waitFor()
  const found = await page.locator('.prose-text').first().evaluate((element) => ({
    harmful: element.querySelectorAll('script, img, style, iframe, form, input, [onclick], [onerror], a[href^=javascript]').length,
    text: element.textContent,
  }))
  assert.equal(found.harmful, 0)
  assert.match(found.text, /<script>/)
  assert.equal(await page.evaluate(() => window.harmed), undefined)
  assert.deepEqual(wrong, [])
})

test('blocked work is unblocked from its drawer, and the page follows', async () => {
  const { page, wrong } = await openSignedIn(known.token)
  await page.goto(`${server.address}/tasks/${known.task}?sub=${known.blocked}`)
  const drawer = page.getByRole('dialog')
  await drawer.getByText('Which year?').first().waitFor()
  await drawer.getByRole('button', { name: 'Unblock' }).click()
  await page.getByRole('dialog').last().getByRole('button', { name: 'Unblock' }).click()
  await drawer.getByText('Pending').first().waitFor()
  assert.deepEqual(wrong, [])
})

/** As a hand does it: Playwright's own would scroll the board in the middle of it. */
async function drag(page, card, column) {
  await column.scrollIntoViewIfNeeded()
  await card.scrollIntoViewIfNeeded()
  const from = await card.boundingBox()
  const to = await column.boundingBox()
  const [x, y] = [from.x + from.width / 2, from.y + from.height / 2]
  await page.mouse.move(x, y)
  await page.mouse.down()
  await page.mouse.move(x + 10, y + 10, { steps: 3 })
  await page.mouse.move(to.x + to.width / 2, y, { steps: 10 })
  await page.mouse.up()
}

test('the board refuses a move with the reason, and makes one that is allowed', async () => {
  const { page, wrong } = await openSignedIn(known.token, { viewport: { width: 2600, height: 1000 } })
  await page.goto(`${server.address}/tasks/${known.task}?view=board`)
  const column = (name) => page.locator('section', { has: page.getByRole('heading', { name, exact: true }) })
  const card = column('In review').locator('article').first()
  await drag(page, card, column('In progress'))
  await page.getByText('Only its executor can start it.').first().waitFor()
  await drag(page, card, column('Done'))
  await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click()
  await column('In review').locator('article').first().waitFor({ state: 'detached' })
  assert.deepEqual(wrong, [])
})

test('a skill is given to the executors, and taken from the reviewers again', async () => {
  const { page, wrong } = await openSignedIn(known.token)
  await page.goto(`${server.address}/skills/${GIVEN_SKILL}`)
  for (const [role, said] of [
    ['Executor', 'Given to the role Executor.'],
    ['Reviewer', 'Given to the role Reviewer.'],
    ['Reviewer', 'No longer given to the role Reviewer; who has it keeps it.'],
  ]) {
    await page.getByRole('switch', { name: role }).click()
    await page.getByText(said, { exact: true }).waitFor()
  }
  await page.reload()
  await page.getByRole('switch', { name: 'Executor', checked: true }).waitFor()
  await page.getByRole('switch', { name: 'Reviewer', checked: false }).waitFor()
  assert.deepEqual(wrong, [])
})

/** Runs a command as its reader would, in a home of its own. */
function runAtHome(command, home) {
  const env = { PATH: process.env.PATH, HOME: home, OPENMOSS_NO_TIMER: '1' }
  return execFileSync('sh', ['-c', command], { cwd: home, env, encoding: 'utf8' })
}

for (const [runtime, files] of Object.entries({
  'Plain shell': [
    'openmoss/NAME/.openmoss/env',
    'openmoss/NAME/skills/task-executor-skill/task-cli.py',
    `openmoss/NAME/skills/${GIVEN_SKILL}/SKILL.md`,
  ],
  'Claude Code': ['openmoss/NAME/CLAUDE.md', 'openmoss/NAME/.claude/skills/task-executor-skill/SKILL.md'],
  OpenClaw: ['.openclaw/openclaw.json', '.openclaw/workspace/skills/task-executor-skill/SKILL.md'],
})) {
  test(`an agent for ${runtime} is added by one command, and the wizard sees its first call`, async () => {
    const { page, wrong } = await openSignedIn(known.token)
    const name = `ida-${runtime.replace(' ', '-').toLowerCase()}`
    await page.goto(`${server.address}/agents`)
    await page.getByRole('link', { name: 'Add an agent' }).click()
    await page.waitForURL('**/agents/new*')
    await page.getByLabel('Name', { exact: true }).fill(name)
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByLabel(runtime).check()
    await page.getByRole('button', { name: 'Make the command' }).click()
    const command = await page.getByRole('region', { name: 'Command' }).textContent()
    await check(page, `agent-command-${name}`)
    const home = mkdtempSync(join(tmpdir(), 'openmoss-home-'))
    runAtHome(command, home)
    for (const file of files) assert.ok(existsSync(join(home, file.replace('NAME', name))), file)
    await page.getByRole('region', { name: 'Command' }).waitFor({ state: 'detached' })
    await check(page, `agent-connected-${name}`)
    await page.getByRole('link', { name: 'To the agent' }).click()
    await page.getByRole('heading', { name }).waitFor()
    assert.throws(() => runAtHome(command, home), /run already/)
    rmSync(home, { recursive: true })
    assert.deepEqual(wrong, [])
  })
}

test('the wizard sets where the server wakes an agent, and wakes it', async () => {
  const calls = []
  const gateway = createServer((request, response) => {
    calls.push([request.url, request.headers.authorization])
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"ok":true}')
  })
  await new Promise((listening) => gateway.listen(0, '127.0.0.1', listening))
  const { page, wrong } = await openSignedIn(known.token)
  await page.goto(`${server.address}/agents/new`)
  await page.getByLabel('Name', { exact: true }).fill('una')
  await page.getByRole('button', { name: 'Next' }).click()
  await page.getByLabel('OpenClaw').check()
  await page.getByLabel('The server, when there is work').check()
  await page.getByRole('button', { name: 'Make the command' }).click()
  await page.getByLabel('Address').fill(`http://127.0.0.1:${gateway.address().port}`)
  await page.getByLabel('Token of its hooks').fill('hooks-token')
  await page.getByLabel('Mapped hook').fill('openmoss-una')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('button', { name: 'Wake it now' }).click()
  await page.getByText('The runtime took the wake-up.').waitFor()
  await check(page, 'agent-wake-wizard')
  assert.deepEqual(calls[0], ['/hooks/openmoss-una', 'Bearer hooks-token'])
  gateway.close()
  assert.deepEqual(wrong, [])
})

test('a goal that is being written outlives the session', async () => {
  const { page } = await openPage()
  await page.goto(`${server.address}/tasks`)
  await page.waitForURL(/login\?next=/)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByLabel('Password').press('Enter')
  await page.getByRole('heading', { name: 'Tasks' }).waitFor()
  await page.getByRole('button', { name: 'New goal' }).click()
  await page.getByLabel('Goal', { exact: true }).fill('Stated after a break')
  const token = await page.evaluate(() => localStorage.getItem('openmoss.admin-token'))
  await post(server.address, '/api/admin/logout', undefined, { 'X-Admin-Token': token })
  await page.getByRole('button', { name: 'State the goal' }).click()
  const login = page.getByRole('dialog', { name: 'Your session is over' })
  await login.getByLabel('Password').fill(PASSWORD)
  await login.getByLabel('Password').press('Enter')
  await page.getByRole('heading', { name: 'Stated after a break' }).waitFor()
})

test('login and dashboard together load little JavaScript, in few files', async () => {
  const sizes = new Map()
  for (const [path, open] of Object.entries({ '/login': openPage, '/dashboard': () => openSignedIn(known.token) })) {
    const { page } = await open()
    page.on('requestfinished', async (request) => {
      if (request.resourceType() === 'script') sizes.set(request.url(), (await request.sizes()).responseBodySize)
    })
    await page.goto(server.address + path, { waitUntil: 'load' })
    await settle(page)
  }
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  assert.ok(sizes.size > 5 && sizes.size < SCRIPTS_MAX && total < SCRIPT_BYTES_MAX, `${sizes.size} scripts, ${total} bytes`)
})

test('the palette finds work by its name', async () => {
  const { page, wrong } = await openSignedIn(known.token)
  await page.goto(`${server.address}/dashboard`)
  await settle(page)
  await page.keyboard.press('Control+k')
  await page.getByPlaceholder(/A page/).fill('Publish')
  await page.getByRole('option', { name: /Publish/ }).click()
  await page.getByRole('dialog', { name: 'Publish' }).waitFor()
  assert.deepEqual(wrong, [])
})

/** Puts a credential into Swagger UI's dialog under the scheme of this name. */
async function authorize(page, scheme, value) {
  await page.locator('.auth-wrapper .authorize').first().click()
  const box = page.locator('.auth-container', { hasText: scheme }).first()
  await box.locator('input').fill(value)
  await box.getByRole('button', { name: /apply|authorize/i }).click()
  await page.locator('.btn-done').first().click()
}

/** Opens an operation below its tag, changes its body if one is given, executes it, and returns the status. */
async function execute(page, tag, operation, body) {
  const block = page.locator(`[id$="-${operation}"]`)
  await page.locator(`.opblock-tag[data-tag="${tag}"]`).click()
  await block.locator('.opblock-summary-control').first().click()
  if (body) await block.locator('textarea.body-param__text').fill(JSON.stringify(body))
  await block.getByRole('button', { name: 'Execute' }).click()
  const status = block.locator('.live-responses-table .response-col_status').nth(1)
  await status.waitFor()
  return (await status.textContent()).trim().slice(0, 3)
}

test('Swagger UI makes one call with each kind of credential', async () => {
  const { page, wrong } = await openPage({ viewport: { width: 1440, height: 1000 } })
  await page.goto(`${server.address}/docs/`)
  await authorize(page, 'agent ', known.key)
  assert.equal(await execute(page, 'Tasks', 'list_tasks'), '200')
  await authorize(page, 'X-Admin-Token', known.token)
  assert.equal(await execute(page, 'Admin', 'overview'), '200')
  await authorize(page, 'X-Registration-Token', known.registration)
  const agent = { name: 'swagger', role: 'executor', description: '' }
  assert.equal(await execute(page, 'Agents', 'register_agent', agent), '200')
  await screenshot(page, 'docs')
  assert.deepEqual(wrong, [])
})
