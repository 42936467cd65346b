// Drives the real program in a real browser: every page of the dashboard, and Swagger UI.
// Run with `npm run browser` after `cargo build --release`; screenshots go to target/screenshots.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
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
