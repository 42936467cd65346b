// Drives the real program in a real browser: every page of the dashboard, and Swagger UI.
// Run with `npm run browser` after `cargo build --release`; screenshots go to target/screenshots.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { chromium } from 'playwright-core'
import { call, PASSWORD, post, seed, startServer } from './server.mjs'

const SCREENSHOTS = '../target/screenshots'
const CHROMIUM = {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
}
const WIDTHS = [390, 1440]
const SCHEMES = ['light', 'dark']
const SCRIPT_BYTES_MAX = 250_000
const LOCALES = ['en-US', 'zh-CN']
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

mkdirSync(SCREENSHOTS, { recursive: true })
const server = await startServer()
const browser = await chromium.launch(CHROMIUM)
test.after(async () => {
  await browser.close()
  server.stop()
})

/** A page that remembers everything that went wrong on it. */
async function openPage(options = {}) {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const wrong = []
  page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()))
  page.on('pageerror', (error) => wrong.push(error.message))
  return { page, wrong }
}

const known = {}

/** Puts the session into the browser, as the login does. */
async function openSignedIn(options = {}) {
  const opened = await openPage(options)
  await opened.page.context().addInitScript((token) => localStorage.setItem('openmoss.admin-token', token), known.token)
  return opened
}

/** Waits until nothing is loading any more. */
async function settle(page) {
  await page.locator('h1').first().waitFor()
  await page.locator('.animate-pulse').first().waitFor({ state: 'detached' })
  await page.waitForTimeout(300)
}

async function check(page, name) {
  await page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, fullPage: true })
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  assert.ok(overflow <= 0, `the page is ${overflow} px too wide`)
  await page.evaluate(AXE)
  const violations = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] })
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join(' | ')}`)
  })
  assert.deepEqual(violations, [])
}

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

const pages = () => ({
  dashboard: '/dashboard',
  tasks: '/tasks',
  'task-list': `/tasks/${known.task}`,
  'task-board': `/tasks/${known.task}?view=board`,
  'task-graph': `/tasks/${known.task}?view=graph`,
  'sub-task': `/tasks/${known.task}?sub=${known.done}`,
  'sub-task-results': `/tasks/${known.task}?sub=${known.done}&part=results`,
  'sub-task-history': `/tasks/${known.task}?sub=${known.blocked}&part=history`,
  agents: '/agents',
  agent: `/agents/${known.agent}`,
  'sub-task-notes': `/tasks/${known.task}?sub=${known.blocked}&part=notes`,
  feed: '/feed',
  'feed-interactions': '/feed?view=interactions',
  reviews: '/reviews',
  review: `/reviews?review=${known.review}`,
  scores: '/scores',
  'score-changes': '/scores?view=changes',
  logs: '/logs',
  'logs-requests': '/logs?view=requests',
  'logs-of-agent': `/logs?view=requests&agent=${known.agent}`,
  patrol: '/patrol',
  'patrol-record': `/patrol?record=${known.record}`,
  'agent-wake': `/agents/${known.agent}?part=wake`,
  'agent-new': '/agents/new',
  'agent-connect': `/agents/new?agent=${known.agent}`,
  notifications: '/notifications',
  settings: '/settings',
  access: '/settings?part=access',
  prompts: '/prompts',
  'prompt-templates': '/prompts?part=templates',
  'prompt-rules': '/prompts?part=rules',
  prompt: '/prompts/agents/executor-ada',
  'prompt-whole': '/prompts/agents/executor-ada?part=whole',
  'prompt-template': '/prompts/templates/executor',
  'prompt-rule': '/prompts/rules/global',
  skills: '/skills',
  skill: '/skills/wordpress-skill',
  'skill-script': '/skills/wordpress-skill?file=wordpress.py',
  about: '/about',
  usage: '/usage',
  'usage-budgets': '/usage?view=budgets',
  'not-found': '/no-such-page',
})

// The short form has each pair of width, scheme and language once: half of the combinations.
const isWanted = (...choices) =>
  !process.env.BROWSER_SHORT || choices.filter((choice) => choice > 0).length % 2 === 0

for (const width of WIDTHS) {
  for (const colorScheme of SCHEMES) {
    for (const locale of LOCALES) {
      const choices = [WIDTHS.indexOf(width), SCHEMES.indexOf(colorScheme), LOCALES.indexOf(locale)]
      if (!isWanted(...choices)) continue
      test(`every page at ${width} px, ${colorScheme}, ${locale}`, async () => {
        const { page, wrong } = await openSignedIn({ colorScheme, locale, viewport: { width, height: 900 } })
        for (const [name, path] of Object.entries(pages())) {
          await page.goto(server.address + path)
          await settle(page)
          await check(page, `${name}-${width}-${colorScheme}-${locale}`)
          assert.deepEqual(wrong, [], path)
        }
        assert.equal(await page.evaluate(() => window.harmed), undefined)
      })
    }
  }
}

test('the feed opens without a session only while it is public, and shows nothing that was written', async () => {
  const { page: stranger } = await openPage()
  await stranger.goto(`${server.address}/feed`)
  await stranger.waitForURL(/login\?next=\/feed/)
  await call('PUT', server.address, '/api/admin/config', { webui: { public_feed: true } }, known.admin)
  for (const width of WIDTHS) {
    for (const colorScheme of SCHEMES) {
      const { page, wrong } = await openPage({ colorScheme, viewport: { width, height: 900 } })
      await page.goto(`${server.address}/feed`)
      await settle(page)
      await page.getByText('handed in work').first().waitFor()
      await check(page, `feed-public-${width}-${colorScheme}`)
      assert.equal(await page.getByText(/Which year|Some bold text/).count(), 0)
      assert.deepEqual(wrong, [])
    }
  }
  await call('PUT', server.address, '/api/admin/config', { webui: { public_feed: false } }, known.admin)
})

test('a finding is resolved from its drawer', async () => {
  const { page, wrong } = await openSignedIn()
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
  const { page, wrong } = await openSignedIn()
  await page.goto(`${server.address}/scores`)
  await page.getByRole('button', { name: 'Adjust the score of eli' }).click()
  const dialog = page.getByRole('dialog', { name: 'Adjust a score' })
  await dialog.getByLabel('Change').fill('+40')
  await dialog.getByLabel('Reason').fill('A good idea')
  await dialog.getByRole('button', { name: 'Adjust a score' }).click()
  await page.getByRole('row', { name: /eli/ }).getByText('42', { exact: true }).waitFor()
  assert.deepEqual(wrong, [])
})

test('a budget is set, and shows that it is used up', async () => {
  const { page, wrong } = await openSignedIn()
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
  const { page, wrong } = await openSignedIn()
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

test('a note is added, and the feed shows it as it happens', async () => {
  const { page, wrong } = await openSignedIn()
  const { page: feed, wrong: wrongThere } = await openSignedIn()
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
  const { page, wrong } = await openSignedIn()
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
  const { page, wrong } = await openSignedIn()
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
  const { page, wrong } = await openSignedIn({ viewport: { width: 2600, height: 1000 } })
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

/** Runs a command as its reader would, in a home of its own. */
function runAtHome(command, home) {
  const env = { PATH: process.env.PATH, HOME: home, OPENMOSS_NO_TIMER: '1' }
  return execFileSync('sh', ['-c', command], { cwd: home, env, encoding: 'utf8' })
}

for (const [runtime, files] of Object.entries({
  'Plain shell': ['openmoss/NAME/.openmoss/env', 'openmoss/NAME/skills/task-executor-skill/task-cli.py'],
  'Claude Code': ['openmoss/NAME/CLAUDE.md', 'openmoss/NAME/.claude/skills/task-executor-skill/SKILL.md'],
  OpenClaw: ['.openclaw/openclaw.json', '.openclaw/workspace/skills/task-executor-skill/SKILL.md'],
})) {
  test(`an agent for ${runtime} is added by one command, and the wizard sees its first call`, async () => {
    const { page, wrong } = await openSignedIn()
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

test('login and dashboard together load little JavaScript', async () => {
  const sizes = new Map()
  for (const [path, open] of Object.entries({ '/login': openPage, '/dashboard': openSignedIn })) {
    const { page } = await open()
    page.on('requestfinished', async (request) => {
      if (request.resourceType() === 'script') sizes.set(request.url(), (await request.sizes()).responseBodySize)
    })
    await page.goto(server.address + path, { waitUntil: 'load' })
    await settle(page)
  }
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  assert.ok(sizes.size > 5 && total < SCRIPT_BYTES_MAX, `${sizes.size} scripts, ${total} bytes`)
})

test('the palette finds work by its name', async () => {
  const { page, wrong } = await openSignedIn()
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

/** Opens an operation, changes its body if one is given, executes it, and returns the status. */
async function execute(page, operation, body) {
  const block = page.locator(`[id$="-${operation}"]`)
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
  await page.getByText('list_tasks').or(page.locator('[id$="-list_tasks"]')).first().waitFor()
  await authorize(page, 'agent ', known.key)
  assert.equal(await execute(page, 'list_tasks'), '200')
  await authorize(page, 'X-Admin-Token', known.token)
  assert.equal(await execute(page, 'overview'), '200')
  await authorize(page, 'X-Registration-Token', known.registration)
  const agent = { name: 'swagger', role: 'executor', description: '' }
  assert.equal(await execute(page, 'register_agent', agent), '200')
  await page.screenshot({ path: `${SCREENSHOTS}/docs.png` })
  assert.deepEqual(wrong, [])
})
